/* SPDX-License-Identifier: MIT */
/* Cases of UNARY_GRAD and BIAS_UNARY_GRAD: the derivative of every function of one number. */
#include "device/conformance/unary_rows.h"

static void unary_grad_bound(const soma_call *before, soma_bounded *const *expected) {
    const soma_unary_params *params = &before->params.unary;
    size_t count = soma_view_count(&before->view[0]);
    for (size_t i = 0; i < count; i++) {
        soma_bounded slope = soma_bounded_derivative(params->function, soma_element_get(&before->view[1], i),
                                                     (double)params->a, (double)params->b);
        expected[2][i] = soma_bounded_multiply(soma_given(&before->view[0], i), slope);
    }
}

static void bias_unary_grad_bound(const soma_call *before, soma_bounded *const *expected) {
    size_t rows = before->view[0].shape[0], columns = before->view[0].shape[1];
    unary_grad_bound(before, expected);
    for (size_t j = 0; j < columns; j++) {
        soma_bounded_sum sum = {0};
        for (size_t i = 0; i < rows; i++) soma_bounded_sum_add(&sum, expected[2][i * columns + j]);
        expected[3][j] = soma_bounded_sum_result(&sum);
    }
}

/* What a function made of such numbers, in float32. */
static void set_outputs(soma_suite *suite, soma_case *c, uint32_t view, const function_row *row, bool special) {
    set_inputs(suite, c, view, special);
    for (size_t i = 0; c->data[view] && i < c->positions[view]; i++) {
        soma_bounded x = soma_exact((double)(float)c->data[view][i]);
        double y = soma_bounded_function(row->function, x, (double)row->a, (double)row->b).value;
        c->data[view][i] =
            fabs(y) < (double)FLT_MIN ? copysign(0.0, y) : y; /* devices may flush smaller numbers to 0 */
    }
}

/* dy holds NaN and infinities at other places than x does. */
static void set_slopes(soma_suite *suite, soma_case *c, bool special) {
    if (!special) return;
    soma_case_sprinkle(suite, c, 0, 7, soma_specials, SOMA_SPECIAL_COUNT);
    for (size_t i = 0; i < SPECIAL_POINT_COUNT; i++) soma_case_poke(c, 0, i, 1.5);
}

/* Where the derivative is too large for float32, dy may make it a number again in float64 alone. */
static void keep_slopes_finite(soma_case *c, uint32_t view, const function_row *row) {
    for (size_t i = 0; c->data[view] && i < c->positions[view]; i++) {
        double slope = soma_bounded_derivative(row->function, c->data[view][i], (double)row->a, (double)row->b).value;
        if (isfinite(slope) && fabs(slope) > (double)FLT_MAX) c->data[view][i] = 1.0;
    }
}

static void set_grad_views(soma_suite *suite, soma_case *c, const function_row *row, bool special) {
    if (soma_function_grad_uses_output(row->function))
        set_outputs(suite, c, 1, row, special);
    else
        set_inputs(suite, c, 1, special);
    keep_slopes_finite(c, 1, row);
    /* The step's derivative is 0 by definition, so that a compiler may well take it for 0 whatever dy is. */
    if (row->function != SOMA_STEP) set_slopes(suite, c, special);
}

static void unary_grad_case(soma_suite *suite, const function_row *row, soma_view shape, bool special) {
    soma_call call = soma_call_unary_grad(shape, shape, shape, (soma_unary_params){row->function, row->a, row->b});
    soma_case c;
    soma_case_begin(suite, &c, &call, unary_grad_bound);
    set_grad_views(suite, &c, row, special);
    describe(&c, row, special);
    soma_case_run(suite, &c);
}

void soma_unary_grad_cases(soma_suite *suite) {
    function_row row;
    static const function_row for_shapes[] = {{SOMA_SIGMOID, 0, 0}, {SOMA_LEAKY_RELU, 1, 0.01f}};
    FOR_EACH_FUNCTION_ROW(row) {
        unary_grad_case(suite, &row, SOMA_F32_VIEW(1031), false);
        unary_grad_case(suite, &row, SOMA_F32_VIEW(5, 7), true);
    }
    for (size_t i = 0; i < SOMA_FLAT_SHAPE_COUNT; i++)
        unary_grad_case(suite, &for_shapes[i % SOMA_COUNT_OF(for_shapes)], soma_flat_view(i), false);
}

static void bias_unary_grad_case(soma_suite *suite, const function_row *row, size_t count, size_t columns,
                                 bool special) {
    soma_view shape = SOMA_F32_VIEW(count, columns), dbias = SOMA_F32_VIEW(columns);
    soma_unary_params params = {row->function, row->a, row->b};
    soma_call call = soma_call_bias_unary_grad(shape, shape, shape, dbias, params);
    soma_case c;
    soma_case_begin(suite, &c, &call, bias_unary_grad_bound);
    set_grad_views(suite, &c, row, special);
    /* Numbers so large that their column has no finite bound say nothing about its sum. */
    for (size_t i = 0; !special && c.data[1] && i < c.positions[1]; i++)
        if (fabs(c.data[1][i]) > 1e10 || isnan(c.data[1][i])) c.data[1][i] = 1.0;
    describe(&c, row, special);
    soma_case_run(suite, &c);
}

void soma_bias_unary_grad_cases(soma_suite *suite) {
    function_row row;
    static const size_t shapes[][2] = {{0, 5},    {5, 0},    {1, 1},    {1, 131},  {131, 1},   {2, 3},    {7, 5},
                                       {31, 13},  {13, 61},  {61, 127}, {127, 10}, {128, 128}, {257, 33}, {1000, 3},
                                       {3, 1000}, {33, 512}, {96, 6},   {2048, 3}, {65, 96},   {65, 48}};
    static const function_row for_shapes[] = {{SOMA_IDENTITY, 0, 0}, {SOMA_RELU, 0, 0}, {SOMA_SILU, 0, 0}};
    FOR_EACH_FUNCTION_ROW(row) {
        bias_unary_grad_case(suite, &row, 33, 7, false);
        bias_unary_grad_case(suite, &row, 5, 7, true);
    }
    for (size_t i = 0; i < SOMA_COUNT_OF(shapes); i++)
        for (size_t j = 0; j < SOMA_COUNT_OF(for_shapes); j++)
            bias_unary_grad_case(suite, &for_shapes[j], shapes[i][0], shapes[i][1], false);
}

void soma_unary_grad_speeds(soma_suite *suite) {
    soma_view shape = SOMA_F32_VIEW(SOMA_TIMED_COUNT);
    for (size_t i = 0; i < SOMA_COUNT_OF(timed_functions); i++) {
        soma_call call = soma_call_unary_grad(shape, shape, shape, (soma_unary_params){timed_functions[i], 0, 0});
        soma_case c;
        soma_case_begin(suite, &c, &call, unary_grad_bound);
        soma_case_time(suite, &c, soma_function_name(timed_functions[i]));
    }
}

void soma_bias_unary_grad_speeds(soma_suite *suite) {
    soma_view shape = SOMA_F32_VIEW(SOMA_TIMED_ROWS, SOMA_TIMED_COLUMNS), dbias = SOMA_F32_VIEW(SOMA_TIMED_COLUMNS);
    for (size_t i = 0; i < SOMA_COUNT_OF(timed_functions); i++) {
        soma_call call =
            soma_call_bias_unary_grad(shape, shape, shape, dbias, (soma_unary_params){timed_functions[i], 0, 0});
        soma_case c;
        soma_case_begin(suite, &c, &call, bias_unary_grad_bound);
        soma_case_time(suite, &c, soma_function_name(timed_functions[i]));
    }
}
