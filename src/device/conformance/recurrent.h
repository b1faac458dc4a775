/* SPDX-License-Identifier: MIT */
/* Sizes and kinds of recurrent layers, and which of their optional views are there. */
#ifndef SOMA_DEVICE_CONFORMANCE_RECURRENT_H
#define SOMA_DEVICE_CONFORMANCE_RECURRENT_H

#include "device/conformance/shapes.h"
#include "device/conformance/unary_bounds.h"
#include "kernels/recurrent_call.h"

/* One of everything; a step; a unit; odd sizes round the widths of vectors and tiles; none. */
static const soma_recurrent_size recurrent_sizes[] = {
    {1, 1, 1},  {1, 1, 7}, {1, 5, 1},  {3, 1, 13}, {2, 3, 5}, {7, 2, 17}, {1, 4, 33}, {13, 3, 3},
    {5, 2, 31}, {2, 7, 2}, {67, 2, 9}, {1, 2, 67}, {0, 3, 5}, {3, 0, 5},  {3, 2, 0},
};
#define RECURRENT_MOST_UNITS 128
#define RECURRENT_SIZE_COUNT SOMA_COUNT_OF(recurrent_sizes)

static const struct {
    const char *name;
    soma_recurrent_params params;
} recurrent_kinds[] = {
    {"RNN", {.kind = SOMA_RECURRENT_RNN, .function = SOMA_TANH}},
    {"RNN, relu", {.kind = SOMA_RECURRENT_RNN, .function = SOMA_RELU}},
    {"LSTM", {.kind = SOMA_RECURRENT_LSTM}},
    {"GRU", {.kind = SOMA_RECURRENT_GRU}},
    {"GRU, reset before", {.kind = SOMA_RECURRENT_GRU, .reset_before = true}},
};
enum { KIND_RNN, KIND_RELU, KIND_LSTM, KIND_GRU, KIND_GRU_BEFORE, RECURRENT_KINDS };

/* What a call has beside what it must have. */
enum { WITH_BIAS = 1, WITH_MASK = 2, WITH_STATE = 4, WITH_CELL = 8, WITH_GATES = 16, REVERSE = 32 };
static const unsigned recurrent_mixes[] = {
    0,
    WITH_BIAS | WITH_STATE | WITH_CELL | WITH_GATES,
    WITH_BIAS | WITH_MASK | WITH_GATES | REVERSE,
    WITH_MASK | WITH_STATE | WITH_GATES,
    WITH_CELL | WITH_GATES | REVERSE,
    WITH_BIAS | WITH_STATE | WITH_MASK | WITH_CELL | REVERSE,
};
#define RECURRENT_MIX_COUNT SOMA_COUNT_OF(recurrent_mixes)

static inline soma_view recurrent_view_if(bool present, soma_view view) {
    return present ? view : soma_view_absent();
}

/* The views that both calls have. */
typedef struct recurrent_shapes {
    soma_view sequence, columns, kept, weight, bias, mask, state;
} recurrent_shapes;

static inline recurrent_shapes recurrent_shapes_of(soma_recurrent_size s, soma_recurrent_kind kind) {
    const size_t columns = soma_recurrent_gates(kind) * s.units;
    return (recurrent_shapes){.sequence = SOMA_F32_VIEW(s.samples, s.steps, s.units),
                              .columns = SOMA_F32_VIEW(s.samples, s.steps, columns),
                              .kept = SOMA_F32_VIEW(s.samples, s.steps, soma_recurrent_kept(kind) * s.units),
                              .weight = SOMA_F32_VIEW(s.units, columns),
                              .bias = SOMA_F32_VIEW(columns),
                              .mask = SOMA_F32_VIEW(s.samples, s.steps),
                              .state = SOMA_F32_VIEW(s.samples, s.units)};
}

/* Weights as small as a layer has them, lest an error grows from step to step; a mask of 0 and 1. */
static inline void recurrent_contents(soma_suite *suite, soma_case *c, uint32_t weight, uint32_t mask, size_t units) {
    const double scale = 1.0 / sqrt((double)SOMA_MAX(units, (size_t)1));
    soma_case_uniform(suite, c, weight, -scale, scale);
    soma_case_whole(suite, c, mask, 0, 1);
}

static inline void recurrent_describe(soma_case *c, soma_recurrent_size s, size_t kind, unsigned mix) {
    soma_case_describe(c, ": %s, n %zu, steps %zu, units %zu%s%s%s%s%s%s", recurrent_kinds[kind].name, s.samples,
                       s.steps, s.units, mix & WITH_BIAS ? ", bias" : "", mix & WITH_MASK ? ", mask" : "",
                       mix & WITH_STATE ? ", state" : "", mix & WITH_CELL ? ", cell" : "",
                       mix & WITH_GATES ? ", gates" : "", mix & REVERSE ? ", reverse" : "");
}

/* An element of a contiguous view; 0 of one that is absent. */
static inline soma_bounded recurrent_given(const soma_view *view, size_t index) {
    return soma_view_present(view) ? soma_given(view, index) : soma_exact(0.0);
}

static inline soma_bounded recurrent_product(soma_bounded x, soma_bounded y, soma_bounded z) {
    return soma_bounded_multiply(soma_bounded_multiply(x, y), z);
}

/* x (1 - x), and 1 - x^2. */
static inline soma_bounded gate_slope(soma_bounded x) {
    return soma_bounded_multiply(x, soma_bounded_subtract(soma_exact(1.0), x));
}
static inline soma_bounded tanh_slope(soma_bounded x) {
    return soma_bounded_subtract(soma_exact(1.0), soma_bounded_multiply(x, x));
}

#endif
