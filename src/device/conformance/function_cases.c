/* SPDX-License-Identifier: MIT */
/* Cases of UNARY, UNARY_GRAD and BIAS_UNARY_GRAD: every function of one number, and its derivative. */
#include "device/conformance/functions.h"
#include "device/conformance/shapes.h"

/* ------------------------------------------------------------------------------------------------------- bounds */

static void unary_bound(const soma_call *before, soma_bounded *const *expected) {
    const soma_unary_params *params = &before->params.unary;
    size_t count = soma_view_count(&before->view[0]);
    for (size_t i = 0; i < count; i++)
        expected[1][i] = soma_bounded_function(params->function, soma_given(&before->view[0], i), (double)params->a,
                                               (double)params->b);
}

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

/* -------------------------------------------------------------------------------------------------------- tables */

/* Where formulas turn: zero of both signs, the pieces' edges, where exponentials vanish and overflow, and far out. */
static const float points[] = {0.0f,  -0.0f,  1.0f,   -1.0f,   0.5f,   -0.5f, 2.5f,   -2.5f,  1e-6f,  -1e-6f, 5.0f,
                               -5.0f, 10.0f,  -10.0f, 20.0f,   -20.0f, 50.0f, -50.0f, 80.0f,  -80.0f, 87.0f,  -87.0f,
                               90.0f, -90.0f, 100.0f, -100.0f, 1e4f,   -1e4f, 1e10f,  -1e10f, 1e30f,  -1e30f};
#define POINT_COUNT SOMA_COUNT_OF(points)

static const float points_and_specials[] = {NAN,  0.5f, INFINITY, -0.5f, -INFINITY, 0.0f, NAN,      -1.0f,
                                            1.0f, NAN,  -2.0f,    2.0f,  INFINITY,  3.0f, -INFINITY};
#define SPECIAL_POINT_COUNT SOMA_COUNT_OF(points_and_specials)

typedef struct function_row {
    soma_function function;
    float a, b;
} function_row;

/* Every function once, those with parameters also with others than the usual ones. */
static const function_row rows[] = {
    {SOMA_IDENTITY, 0, 0},
    {SOMA_LINEAR, 1, 0},
    {SOMA_LINEAR, -2.3f, 0},
    {SOMA_SIGMOID, 0, 0},
    {SOMA_TANH, 0, 0},
    {SOMA_STEP, 0, 0},
    {SOMA_RELU, 0, 0},
    {SOMA_LEAKY_RELU, 1, 0.01f},
    {SOMA_LEAKY_RELU, 0.7f, -0.3f},
    {SOMA_ELU, 1, 0},
    {SOMA_ELU, 1.7f, 0},
    {SOMA_SELU, 0, 0},
    {SOMA_SOFTPLUS, 0, 0},
    {SOMA_GELU, 0, 0},
    {SOMA_SILU, 0, 0},
    {SOMA_HARD_SIGMOID, 0.2f, 0.5f},
    {SOMA_HARD_SIGMOID, -1.1f, 0.4f},
    {SOMA_EXP, 0, 0},
    {SOMA_LOG, 0, 0},
    {SOMA_SQRT, 0, 0},
    {SOMA_ABS, 0, 0},
    {SOMA_SQUARE, 0, 0},
};

static void describe(soma_case *c, const function_row *row, bool special) {
    soma_case_describe(c, ": %s(%g, %g) on %s%s", soma_function_name(row->function), (double)row->a, (double)row->b,
                       SHAPE(&c->call.view[0]), special ? ", with NaN and infinities" : "");
}

/* Numbers to apply a function to. */
static void set_inputs(soma_suite *suite, soma_case *c, uint32_t view, bool special) {
    soma_case_uniform(suite, c, view, -8.0, 8.0);
    if (special)
        soma_case_points(c, view, points_and_specials, SPECIAL_POINT_COUNT);
    else
        soma_case_points(c, view, points, POINT_COUNT);
    c->garbage_is_finite = special;
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

static void unary_case(soma_suite *suite, const function_row *row, soma_view shape, bool special) {
    soma_call call = soma_call_unary(shape, shape, (soma_unary_params){row->function, row->a, row->b});
    soma_case c;
    soma_case_begin(suite, &c, &call, unary_bound);
    set_inputs(suite, &c, 0, special);
    describe(&c, row, special);
    soma_case_run(suite, &c);
}

void soma_unary_cases(soma_suite *suite) {
    static const function_row for_shapes[] = {{SOMA_RELU, 0, 0}, {SOMA_TANH, 0, 0}};
    for (size_t i = 0; i < SOMA_COUNT_OF(rows); i++) {
        unary_case(suite, &rows[i], SOMA_F32_VIEW(1031), false);
        unary_case(suite, &rows[i], SOMA_F32_VIEW(5, 7), true);
    }
    for (size_t i = 0; i < SOMA_FLAT_SHAPE_COUNT; i++)
        unary_case(suite, &for_shapes[i % SOMA_COUNT_OF(for_shapes)], soma_flat_view(i), false);
}

/* dy holds NaN and infinities at other places than x does. */
static void set_slopes(soma_suite *suite, soma_case *c, bool special) {
    if (!special) return;
    soma_case_sprinkle(suite, c, 0, 7, soma_specials, SOMA_SPECIAL_COUNT);
    for (size_t i = 0; i < SPECIAL_POINT_COUNT; i++) soma_case_poke(c, 0, i, 1.5);
}

static void set_grad_views(soma_suite *suite, soma_case *c, const function_row *row, bool special) {
    if (soma_function_grad_uses_output(row->function))
        set_outputs(suite, c, 1, row, special);
    else
        set_inputs(suite, c, 1, special);
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
    static const function_row for_shapes[] = {{SOMA_SIGMOID, 0, 0}, {SOMA_LEAKY_RELU, 1, 0.01f}};
    for (size_t i = 0; i < SOMA_COUNT_OF(rows); i++) {
        unary_grad_case(suite, &rows[i], SOMA_F32_VIEW(1031), false);
        unary_grad_case(suite, &rows[i], SOMA_F32_VIEW(5, 7), true);
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
    static const size_t shapes[][2] = {{0, 5},    {5, 0},    {1, 1},    {1, 131},  {131, 1},  {2, 3},
                                       {7, 5},    {31, 13},  {13, 61},  {61, 127}, {127, 10}, {128, 128},
                                       {257, 33}, {1000, 3}, {3, 1000}, {33, 512}};
    static const function_row for_shapes[] = {{SOMA_IDENTITY, 0, 0}, {SOMA_RELU, 0, 0}, {SOMA_SILU, 0, 0}};
    for (size_t i = 0; i < SOMA_COUNT_OF(rows); i++) {
        bias_unary_grad_case(suite, &rows[i], 33, 7, false);
        bias_unary_grad_case(suite, &rows[i], 5, 7, true);
    }
    for (size_t i = 0; i < SOMA_COUNT_OF(shapes); i++)
        for (size_t j = 0; j < SOMA_COUNT_OF(for_shapes); j++)
            bias_unary_grad_case(suite, &for_shapes[j], shapes[i][0], shapes[i][1], false);
}
