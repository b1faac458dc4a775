/* SPDX-License-Identifier: MIT */
/* Cases of CTC_GRAD: those of CTC. */
#include "device/conformance/ctc.h"

#define DLOSS 3
#define OUT   4

/* The probability p of a state is e to the power of a sum of three logarithms; those of one class are added up. What is
 * below e^-87 may be 0. */
static void row_bound(const ctc_path *p, size_t step, double dloss, soma_bounded *out) {
    const double relative = expm1(3.0 * p->error + 4.0 * SOMA_ULP) + (double)(p->labels + 4) * SOMA_ULP;
    for (size_t i = 0; i < p->states; i++) {
        const double share = p->alpha[step][i] * p->beta[step][i] / p->total;
        soma_bounded *sum = &out[ctc_class_of(p, i)];
        sum->value -= dloss * share;
        sum->error += fabs(dloss) * (relative * share + 2e-38);
    }
}

static void ctc_grad_bound(const soma_call *before, soma_bounded *const *expected) {
    static _Thread_local ctc_path p;
    for (size_t i = 0; i < before->view[CTC_PREDICTION].shape[0]; i++) {
        ctc_path_of(before, i, &p);
        const double dloss = soma_element_get(&before->view[DLOSS], i);
        soma_bounded *rows = expected[OUT] + i * p.steps * p.classes;
        for (size_t j = 0; j < p.steps * p.classes; j++) rows[j] = soma_exact(p.bad ? NAN : 0.0);
        if (p.bad || p.total == 0.0 || dloss == 0.0) continue;
        for (size_t t = 0; t < p.there; t++) row_bound(&p, t, dloss, rows + p.at[t] * p.classes);
    }
}

static soma_call make_call(const ctc_form *form) {
    const soma_view prediction = SOMA_F32_VIEW(form->n, form->steps, form->classes);
    soma_view mask = form->masked ? SOMA_F32_VIEW(form->n, form->steps) : soma_view_absent();
    return soma_call_ctc_grad(prediction, SOMA_SHAPED(SOMA_I32, form->n, form->most), mask, SOMA_F32_VIEW(form->n),
                              prediction, ctc_blank_of(form));
}

static void ctc_grad_case(soma_suite *suite, const ctc_form *form, int special) {
    static const float nothing[] = {0.0f};
    soma_call call = make_call(form);
    soma_case c;
    soma_case_begin(suite, &c, &call, ctc_grad_bound);
    soma_ctc_contents(suite, &c, form, special);
    if (form->masked && special != 2) soma_case_sprinkle(suite, &c, DLOSS, 4, nothing, 1);
    soma_case_run(suite, &c);
}

void soma_ctc_grad_cases(soma_suite *suite) {
    soma_ctc_forms(suite, ctc_grad_case);
}

void soma_ctc_grad_speeds(soma_suite *suite) {
    static const ctc_form form = {.n = 512, .steps = 48, .classes = 80, .most = 20};
    soma_call call = make_call(&form);
    soma_case c;
    soma_case_begin(suite, &c, &call, ctc_grad_bound);
    soma_ctc_contents(suite, &c, &form, 0);
    soma_case_time(suite, &c, "gradient of CTC");
}
