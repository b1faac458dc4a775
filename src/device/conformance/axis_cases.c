/* SPDX-License-Identifier: MIT */
/* Cases of REDUCE, SOFTMAX and SOFTMAX_GRAD: what runs along an axis of [outer, axis, inner]. */
#include "device/conformance/shapes.h"
#include "device/conformance/softmax.h"

static const size_t shapes[][3] = {
    {1, 1, 1},    {1, 7, 1},    {5, 1, 3},    {7, 1, 1},     {3, 31, 1},   {2, 13, 5},   {1, 131, 13},
    {61, 2, 5},   {13, 3, 127}, {127, 10, 1}, {131, 61, 1},  {1, 1, 1000}, {2, 1000, 1}, {1, 128, 257},
    {257, 64, 1}, {1, 4099, 1}, {3, 1031, 2}, {1, 65537, 1}, {0, 3, 2},    {3, 0, 2},    {3, 2, 0},
};

/* The elements along the axis of line `index`, where lines are numbered as the elements of [outer, inner]. */
typedef struct line {
    size_t first, step, count;
} line;

static line line_of(const soma_view *x, size_t index) {
    size_t axis = x->shape[1], inner = x->shape[2];
    return (line){index / inner * axis * inner + index % inner, inner, axis};
}

static size_t line_count(const soma_view *x) {
    return x->shape[0] * x->shape[2];
}

/* ------------------------------------------------------------------------------------------------------- reduce */

static const char *const op_names[SOMA_REDUCTION_COUNT] = {
#define X(name) #name,
    SOMA_REDUCTION_LIST(X)
#undef X
};

static soma_bounded extreme(const soma_view *x, line along, bool largest) {
    double value = largest ? -INFINITY : INFINITY;
    for (size_t i = 0; i < along.count; i++) {
        double element = soma_element_get(x, along.first + i * along.step);
        if (isnan(element)) return soma_exact(element);
        value = largest ? fmax(value, element) : fmin(value, element);
    }
    return soma_exact(value);
}

static soma_bounded sum_of(const soma_view *x, line along, bool squares) {
    soma_bounded_sum sum = {0};
    for (size_t i = 0; i < along.count; i++) {
        soma_bounded element = soma_given(x, along.first + i * along.step);
        soma_bounded_sum_add(&sum, squares ? soma_bounded_multiply(element, element) : element);
    }
    return soma_bounded_sum_result(&sum);
}

static void reduce_bound(const soma_call *before, soma_bounded *const *expected) {
    const soma_view *x = &before->view[0];
    soma_reduction op = before->params.reduce.op;
    size_t lines = line_count(x);
    for (size_t i = 0; i < lines; i++) {
        line along = line_of(x, i);
        if (op == SOMA_REDUCE_MAX || op == SOMA_REDUCE_MIN)
            expected[1][i] = extreme(x, along, op == SOMA_REDUCE_MAX);
        else
            expected[1][i] = sum_of(x, along, op == SOMA_REDUCE_SUM_SQUARES);
        if (op == SOMA_REDUCE_MEAN)
            expected[1][i] = soma_bounded_divide(expected[1][i], soma_exact((double)along.count));
    }
}

static void reduce_case(soma_suite *suite, soma_reduction op, const size_t *shape, const float *special) {
    soma_view x = soma_view_shaped(SOMA_F32, 3, shape);
    soma_call call = soma_call_reduce(x, SOMA_F32_VIEW(shape[0], shape[2]), op);
    soma_case c;
    soma_case_begin(suite, &c, &call, reduce_bound);
    if (special) soma_case_sprinkle(suite, &c, 0, (uint32_t)(2 * shape[1]), special, 2);
    c.garbage_is_finite = special || shape[1] == 0;
    soma_case_describe(&c, ": %s of %s%s", op_names[op], SHAPE(&x), special ? ", with" : "");
    if (special) soma_case_describe(&c, " %g and %g", (double)special[0], (double)special[1]);
    soma_case_run(suite, &c);
}

void soma_reduce_cases(soma_suite *suite) {
    static const size_t special_shape[] = {31, 13, 7};
    static const float specials[][2] = {
        {NAN, NAN}, {INFINITY, INFINITY}, {-INFINITY, -INFINITY}, {INFINITY, -INFINITY}, {NAN, INFINITY}};
    for (int op = 0; op < SOMA_REDUCTION_COUNT; op++) {
        for (size_t i = 0; i < SOMA_COUNT_OF(shapes); i++) reduce_case(suite, (soma_reduction)op, shapes[i], NULL);
        for (size_t i = 0; i < SOMA_COUNT_OF(specials); i++)
            reduce_case(suite, (soma_reduction)op, special_shape, specials[i]);
    }
}

/* ------------------------------------------------------------------------------------------------------ softmax */

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
    static const size_t middle[] = {31, 13, 7}, row[] = {61, 10, 1};
    static const float specials[][2] = {
        {NAN, NAN}, {INFINITY, INFINITY}, {-INFINITY, -INFINITY}, {INFINITY, -INFINITY}};
    for (int logarithm = 0; logarithm < 2; logarithm++) {
        for (size_t i = 0; i < SOMA_COUNT_OF(shapes); i++) softmax_case(suite, shapes[i], logarithm, 4.0, 0.0, NULL);
        for (size_t i = 0; i < SOMA_COUNT_OF(specials); i++) {
            softmax_case(suite, middle, logarithm, 4.0, 0.0, specials[i]);
            softmax_case(suite, row, logarithm, 4.0, 0.0, specials[i]);
        }
        softmax_case(suite, row, logarithm, 60.0, 0.0, NULL);   /* all but a few vanish */
        softmax_case(suite, row, logarithm, 2.0, 1000.0, NULL); /* e^x alone would overflow */
        softmax_case(suite, middle, logarithm, 2.0, -1000.0, NULL);
        softmax_case(suite, middle, logarithm, 0.0, 3.0, NULL); /* all equal */
    }
}

/* ------------------------------------------------------------------------------------------------ softmax gradient */

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
        for (size_t i = 0; i < SOMA_COUNT_OF(shapes); i++) softmax_grad_case(suite, shapes[i], logarithm, 0, NULL);
        for (size_t i = 0; i < SOMA_COUNT_OF(specials); i++) {
            softmax_grad_case(suite, middle, logarithm, 0, specials[i]);
            softmax_grad_case(suite, row, logarithm, 0, specials[i]);
        }
        softmax_grad_case(suite, row, logarithm, 1,
                          specials[0]); /* y comes from softmax, which makes NaN but no infinity */
    }
}
