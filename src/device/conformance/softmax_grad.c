/* SPDX-License-Identifier: MIT */
/* Cases of SOFTMAX_GRAD. */
#include "device/conformance/axis.h"

static void softmax_grad_bound(const soma_call *before, soma_bounded *const *expected) {
    const soma_view *dy = &before->view[0], *y = &before->view[1];
    bool logarithm = before->params.softmax.log;
    size_t lines = line_count(dy);
    for (size_t i = 0; i < lines; i++) {
        line along = line_of(dy, i);
        soma_bounded_sum terms = {0};
        for (size_t j = 0; j < along.count; j++) {
            size_t at = along.first + j * along.step;
            soma_bounded slope = soma_given(dy, at);
            soma_bounded_sum_add(&terms, logarithm ? slope : soma_bounded_multiply(slope, soma_given(y, at)));
        }
        soma_bounded sum = soma_bounded_sum_result(&terms);
        for (size_t j = 0; j < along.count; j++) {
            size_t at = along.first + j * along.step;
            soma_bounded slope = soma_given(dy, at), value = soma_given(y, at);
            expected[2][at] = logarithm
                                  ? soma_bounded_subtract(slope, soma_bounded_multiply(soma_bounded_exp(value), sum))
                                  : soma_bounded_multiply(value, soma_bounded_subtract(slope, sum));
        }
    }
}

static void softmax_grad_case(soma_suite *suite, const size_t *shape, bool logarithm, uint32_t special_view,
                              const float *special) {
    soma_view view = soma_view_shaped(SOMA_F32, 3, shape);
    soma_call call = soma_call_softmax_grad(view, view, view, logarithm);
    soma_case c;
    soma_case_begin(suite, &c, &call, softmax_grad_bound);
    if (logarithm)
        soma_case_uniform(suite, &c, 1, -8.0, -0.1);
    else
        soma_case_uniform(suite, &c, 1, 0.0, 1.0);
    if (special) soma_case_sprinkle(suite, &c, special_view, (uint32_t)(3 * shape[1]), special, 2);
    c.garbage_is_finite = special != NULL;
    soma_case_describe(&c, ": %s of %s", logarithm ? "log softmax" : "softmax", SHAPE(&view));
    if (special)
        soma_case_describe(&c, ", with %g and %g in %s", (double)special[0], (double)special[1],
                           special_view ? "y" : "dy");
    soma_case_run(suite, &c);
}

void soma_softmax_grad_cases(soma_suite *suite) {
    static const size_t middle[] = {31, 13, 7}, row[] = {61, 10, 1};
    static const float specials[][2] = {{NAN, NAN}, {INFINITY, INFINITY}, {-INFINITY, INFINITY}};
    for (int logarithm = 0; logarithm < 2; logarithm++) {
        for (size_t i = 0; i < AXIS_SHAPE_COUNT; i++) softmax_grad_case(suite, axis_shapes[i], logarithm, 0, NULL);
        for (size_t i = 0; i < SOMA_COUNT_OF(specials); i++) {
            softmax_grad_case(suite, middle, logarithm, 0, specials[i]);
            softmax_grad_case(suite, row, logarithm, 0, specials[i]);
        }
        softmax_grad_case(suite, row, logarithm, 1,
                          specials[0]); /* y comes from softmax, which makes NaN but no infinity */
    }
}

void soma_softmax_grad_speeds(soma_suite *suite) {
    soma_view view = SOMA_F32_VIEW(SOMA_TIMED_ROWS, SOMA_TIMED_COLUMNS, 1);
    soma_call call = soma_call_softmax_grad(view, view, view, false);
    soma_case c;
    soma_case_begin(suite, &c, &call, softmax_grad_bound);
    soma_case_time(suite, &c, "softmax");
}
