/* SPDX-License-Identifier: MIT */
/* Cases of CTC: labels that fit and that do not, none at all, masks, blanks at either end. */
#include "device/conformance/ctc.h"

static void ctc_bound(const soma_call *before, soma_bounded *const *expected) {
    static _Thread_local ctc_path p;
    for (size_t i = 0; i < before->view[CTC_PREDICTION].shape[0]; i++) {
        ctc_path_of(before, i, &p);
        expected[3][i] = (soma_bounded){0.0 - log(p.total), p.error};
        if (p.total == 0.0) expected[3][i] = soma_exact(INFINITY);
        if (p.bad) expected[3][i] = soma_exact(NAN);
    }
}

void soma_ctc_contents(soma_suite *suite, soma_case *c, const ctc_form *form, int special) {
    const float end[] = {-1.0f}, none[] = {-INFINITY};
    const float outside[] = {(float)form->classes, (float)ctc_blank_of(form), (float)INT32_MAX / 2};
    soma_case_uniform(suite, c, CTC_PREDICTION, -6.0, -0.01);
    if (form->classes > 1)
        soma_case_whole(suite, c, CTC_TARGET, form->blank_first, (int32_t)form->classes - 2 + form->blank_first);
    soma_case_sprinkle(suite, c, CTC_TARGET, form->classes > 1 ? 7 : 1, end, 1);
    soma_case_whole(suite, c, CTC_MASK, 0, 1);
    if (special == 1) soma_case_sprinkle(suite, c, CTC_PREDICTION, 5, none, 1);
    if (special == 2) soma_case_sprinkle(suite, c, CTC_TARGET, 3, outside, SOMA_COUNT_OF(outside));
    c->garbage_is_finite = special == 2;
    soma_case_describe(c, ": %zu x %zu steps of %zu classes, up to %zu labels%s%s%s", form->n, form->steps,
                       form->classes, form->most, form->masked ? ", mask" : "",
                       form->blank_first ? ", blank first" : "",
                       special == 1   ? ", what cannot be"
                       : special == 2 ? ", labels that are none"
                                      : "");
}

void soma_ctc_forms(soma_suite *suite, void (*run)(soma_suite *suite, const ctc_form *form, int special)) {
    static const size_t sizes[][4] = {{0, 3, 4, 2},    {1, 1, 1, 1},  {1, 1, 2, 1},   {3, 2, 3, 1},
                                      {7, 5, 4, 2},    {5, 8, 2, 3},  {4, 13, 11, 6}, {3, 31, 5, 13},
                                      {2, 61, 29, 20}, {67, 7, 5, 3}, {2, 61, 3, 40}, {3, 4, 257, 3}};
    for (size_t i = 0; i < SOMA_COUNT_OF(sizes); i++)
        for (unsigned bits = 0; bits < 4; bits++) {
            const ctc_form form = {sizes[i][0], sizes[i][1], sizes[i][2], sizes[i][3], bits & 1, bits & 2};
            for (int special = 0; special < 3; special++)
                if (special == 0 || (i > 4 && bits)) run(suite, &form, special);
        }
}

static soma_call make_call(const ctc_form *form) {
    soma_view mask = form->masked ? SOMA_F32_VIEW(form->n, form->steps) : soma_view_absent();
    return soma_call_ctc(SOMA_F32_VIEW(form->n, form->steps, form->classes), SOMA_SHAPED(SOMA_I32, form->n, form->most),
                         mask, SOMA_F32_VIEW(form->n), ctc_blank_of(form));
}

static void ctc_case(soma_suite *suite, const ctc_form *form, int special) {
    soma_call call = make_call(form);
    soma_case c;
    soma_case_begin(suite, &c, &call, ctc_bound);
    soma_ctc_contents(suite, &c, form, special);
    soma_case_run(suite, &c);
}

void soma_ctc_cases(soma_suite *suite) {
    soma_ctc_forms(suite, ctc_case);
}

void soma_ctc_speeds(soma_suite *suite) {
    static const ctc_form form = {.n = 512, .steps = 48, .classes = 80, .most = 20};
    soma_call call = make_call(&form);
    soma_case c;
    soma_case_begin(suite, &c, &call, ctc_bound);
    soma_ctc_contents(suite, &c, &form, 0);
    soma_case_time(suite, &c, "CTC");
}
