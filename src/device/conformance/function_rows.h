/* SPDX-License-Identifier: MIT */
/* The functions of one number, and numbers to apply them to. */
#ifndef SOMA_DEVICE_CONFORMANCE_FUNCTION_ROWS_H
#define SOMA_DEVICE_CONFORMANCE_FUNCTION_ROWS_H

#include "device/conformance/functions.h"
#include "device/conformance/shapes.h"

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
static const function_row function_rows[] = {
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

/* One that costs next to nothing, and one that has to compute. */
static const soma_function timed_functions[] = {SOMA_RELU, SOMA_GELU};

static inline void describe(soma_case *c, const function_row *row, bool special) {
    soma_case_describe(c, ": %s(%g, %g) on %s%s", soma_function_name(row->function), (double)row->a, (double)row->b,
                       SHAPE(&c->call.view[0]), special ? ", with NaN and infinities" : "");
}

/* Numbers to apply a function to. */
static inline void set_inputs(soma_suite *suite, soma_case *c, uint32_t view, bool special) {
    soma_case_uniform(suite, c, view, -8.0, 8.0);
    if (special)
        soma_case_points(c, view, points_and_specials, SPECIAL_POINT_COUNT);
    else
        soma_case_points(c, view, points, POINT_COUNT);
    c->garbage_is_finite = special;
}

#endif
