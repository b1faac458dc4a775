/* SPDX-License-Identifier: MIT */
/* Cases of CTC_DISTANCE: whole numbers, which come out exactly. */
#include "device/conformance/ctc.h"

#define OUT 3

static size_t decode(const soma_call *call, size_t sample, size_t *decoded) {
    const soma_view *prediction = &call->view[CTC_PREDICTION], *mask = &call->view[CTC_MASK];
    const size_t steps = prediction->shape[1], classes = prediction->shape[2], blank = call->params.ctc.blank;
    size_t count = 0, last = blank;
    for (size_t t = 0; t < steps; t++) {
        size_t best = 0, row = (sample * steps + t) * classes;
        if (soma_view_present(mask) && soma_element_get(mask, sample * steps + t) == 0.0) continue;
        for (size_t k = 1; k < classes; k++)
            if (soma_element_get(prediction, row + k) > soma_element_get(prediction, row + best)) best = k;
        if (best != last && best != blank) decoded[count++] = best;
        last = best;
    }
    return count;
}

/* By the whole table, with a row for each label that was decoded. */
static double distance(const soma_call *call, size_t sample) {
    static _Thread_local size_t decoded[CTC_MOST_STEPS], edits[CTC_MOST_STEPS + 1][CTC_MOST_STATES];
    const soma_view *target = &call->view[CTC_TARGET];
    const size_t count = decode(call, sample, decoded);
    size_t labels = 0;
    for (size_t j = 0; j < target->shape[1]; j++) {
        if (soma_element_get(target, sample * target->shape[1] + j) < 0) break;
        labels++;
    }
    for (size_t i = 0; i <= count; i++)
        for (size_t j = 0; j <= labels; j++) {
            if (i == 0 || j == 0) {
                edits[i][j] = i + j;
                continue;
            }
            bool same = soma_element_get(target, sample * target->shape[1] + j - 1) == (double)decoded[i - 1];
            size_t least = edits[i - 1][j - 1] + !same;
            least = SOMA_MIN(least, edits[i - 1][j] + 1);
            edits[i][j] = SOMA_MIN(least, edits[i][j - 1] + 1);
        }
    return (double)edits[count][labels];
}

static void ctc_distance_bound(const soma_call *before, soma_bounded *const *expected) {
    for (size_t i = 0; i < before->view[CTC_PREDICTION].shape[0]; i++)
        expected[OUT][i] = soma_exact(distance(before, i));
}

static soma_call make_call(const ctc_form *form) {
    soma_view mask = form->masked ? SOMA_F32_VIEW(form->n, form->steps) : soma_view_absent();
    return soma_call_ctc_distance(SOMA_F32_VIEW(form->n, form->steps, form->classes),
                                  SOMA_SHAPED(SOMA_I32, form->n, form->most), mask, SOMA_F32_VIEW(form->n),
                                  ctc_blank_of(form));
}

/* Few different predictions, so that many are equal, and labels repeat; some so close that half precision takes them
 * for the same. */
static void ctc_distance_case(soma_suite *suite, const ctc_form *form, int special) {
    soma_call call = make_call(form);
    soma_case c;
    soma_case_begin(suite, &c, &call, ctc_distance_bound);
    soma_ctc_contents(suite, &c, form, special);
    static const float close[] = {-1.0f, -0.9999f, -0.9998f};
    soma_case_whole(suite, &c, CTC_PREDICTION, -3, 0);
    if (special == 1) soma_case_sprinkle(suite, &c, CTC_PREDICTION, 1, close, SOMA_COUNT_OF(close));
    soma_case_run(suite, &c);
}

void soma_ctc_distance_cases(soma_suite *suite) {
    soma_ctc_forms(suite, ctc_distance_case);
}

void soma_ctc_distance_speeds(soma_suite *suite) {
    static const ctc_form form = {.n = 512, .steps = 48, .classes = 80, .most = 20};
    soma_call call = make_call(&form);
    soma_case c;
    soma_case_begin(suite, &c, &call, ctc_distance_bound);
    soma_ctc_contents(suite, &c, &form, 0);
    soma_case_time(suite, &c, "labels");
}
