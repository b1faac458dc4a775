/* SPDX-License-Identifier: MIT */
/* The functions of one number, and numbers to apply them to. */
#ifndef SOMA_DEVICE_CONFORMANCE_UNARY_ROWS_H
#define SOMA_DEVICE_CONFORMANCE_UNARY_ROWS_H

#include "device/conformance/shapes.h"
#include "device/conformance/unary_bounds.h"
#include "device/functions.h"

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

#define FUNCTION_VARIANTS 3

/* Row number `variant` of a function: with its usual parameters and, where it takes some, with others. False: there is
 * no such row. */
static inline bool function_row_of(soma_function function, uint32_t variant, function_row *row) {
    const soma_function_row *of = soma_function_get(function);
    static const float factor[FUNCTION_VARIANTS] = {1, 1.7f, -1.1f}, shift[FUNCTION_VARIANTS] = {0, -0.3f, -0.1f};
    *row = (function_row){function, of->a * factor[variant], of->b + (of->parameters > 1 ? shift[variant] : 0)};
    return variant == 0 || (of->parameters > 0 && soma_function_fits(function, row->a, row->b));
}

/* Every function with every variant. */
#define FOR_EACH_FUNCTION_ROW(row)                                                                                     \
    for (uint32_t number_ = 0; number_ < SOMA_FUNCTION_COUNT * FUNCTION_VARIANTS; number_++)                           \
        if (function_row_of((soma_function)(number_ / FUNCTION_VARIANTS), number_ % FUNCTION_VARIANTS, &(row)))

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
