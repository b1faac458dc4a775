/* SPDX-License-Identifier: MIT */
/* Cases of SOFTMAX. */
#include "device/conformance/softmax.h"
#include "device/conformance/axis.h"

static void softmax_bound(const soma_call *before, soma_bounded *const *expected) {
    const soma_view *x = &before->view[0];
    size_t lines = line_count(x);
    for (size_t i = 0; i < lines; i++) {
        line along = line_of(x, i);
        soma_softmax_bound softmax = soma_softmax_bound_of(x, along.first, along.step, along.count);
        for (size_t j = 0; j < along.count; j++) {
            size_t at = along.first + j * along.step;
            expected[1][at] = before->params.softmax.log ? soma_softmax_bound_log(&softmax, soma_element_get(x, at))
                                                         : soma_softmax_bound_at(&softmax, soma_element_get(x, at));
        }
    }
}

static void softmax_case(soma_suite *suite, const size_t *shape, bool logarithm, double spread, double offset,
                         const float *special) {
    soma_view x = soma_view_shaped(SOMA_F32, 3, shape);
    soma_call call = soma_call_softmax(x, x, logarithm);
    soma_case c;
    soma_case_begin(suite, &c, &call, softmax_bound);
    soma_case_uniform(suite, &c, 0, offset - spread, offset + spread);
    if (special) soma_case_sprinkle(suite, &c, 0, (uint32_t)(2 * shape[1]), special, 2);
    c.garbage_is_finite = special != NULL;
    soma_case_describe(&c, ": %s of %s, %g +- %g", logarithm ? "log softmax" : "softmax", SHAPE(&x), offset, spread);
    if (special) soma_case_describe(&c, ", with %g and %g", (double)special[0], (double)special[1]);
    soma_case_run(suite, &c);
}

void soma_softmax_cases(soma_suite *suite) {
    static const size_t middle[] = {31, 13, 7}, row[] = {61, 10, 1}, long_row[] = {3, 4099, 1};
    static const float specials[][2] = {
        {NAN, NAN}, {INFINITY, INFINITY}, {-INFINITY, -INFINITY}, {INFINITY, -INFINITY}};
    for (int logarithm = 0; logarithm < 2; logarithm++) {
        for (size_t i = 0; i < AXIS_SHAPE_COUNT; i++) softmax_case(suite, axis_shapes[i], logarithm, 4.0, 0.0, NULL);
        for (size_t i = 0; i < SOMA_COUNT_OF(specials); i++) {
            softmax_case(suite, middle, logarithm, 4.0, 0.0, specials[i]);
            softmax_case(suite, row, logarithm, 4.0, 0.0, specials[i]);
        }
        softmax_case(suite, row, logarithm, 60.0, 0.0, NULL);   /* all but a few vanish */
        softmax_case(suite, row, logarithm, 2.0, 1000.0, NULL); /* e^x alone would overflow */
        softmax_case(suite, middle, logarithm, 2.0, -1000.0, NULL);
        softmax_case(suite, middle, logarithm, 0.0, 3.0, NULL);  /* all equal */
        softmax_case(suite, row, logarithm, FLT_MAX, 0.0, NULL); /* the difference to the maximum overflows */
        softmax_case(suite, middle, logarithm, FLT_MAX, 0.0, NULL);
        softmax_case(suite, long_row, logarithm, FLT_MAX, 0.0, NULL);
    }
}

void soma_softmax_speeds(soma_suite *suite) {
    soma_view x = SOMA_F32_VIEW(SOMA_TIMED_ROWS, SOMA_TIMED_COLUMNS, 1);
    soma_call call = soma_call_softmax(x, x, false);
    soma_case c;
    soma_case_begin(suite, &c, &call, softmax_bound);
    soma_case_time(suite, &c, "softmax");
}
