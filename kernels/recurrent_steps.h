/* SPDX-License-Identifier: MIT */
/*
 * What the kernels of recurrent layers share. A launch is one step (or a part of one, where the reset gate comes first): a work-item makes
 * WIDTH neighbouring units of SAMPLES samples, all of their gates. The step is told by `round`, which counts launches in the order of the
 * steps, and back for gradients.
 */
#ifndef SOMA_KERNELS_RECURRENT_STEPS_H
#define SOMA_KERNELS_RECURRENT_STEPS_H

#include "opencl.h"
#include "recurrent.h"

/* In a list one alone: those of more samples are not in one, and this is much to compile. */
#ifdef IN_LIST
#define SAMPLES 1
#else
#define SAMPLES 4
#endif

/* What `has` says, beside which memory is there. */
#define HAS_BIAS 1
#define HAS_MASK 2
#define HAS_STATE 4
#define HAS_CELL 8
#define HAS_GATES 16
#define HAS_DSTATE 32
#define HAS_DCELL 64
#define IS_RELU 128
#define IS_REVERSE 256
#define IS_RESET_BEFORE 512
#define HAS_CELLS 1024
#define IS_PACKED 2048

/* What every kernel takes first, and what it makes of that. */
#define SEQUENCE ulong samples, ulong steps, ulong units, ulong round, uint has
#define OWN_UNITS                                                                                                      \
    const ulong unit = (ulong)ITEM_ID * WIDTH, first = (ulong)GROUP_ID(1) * SAMPLES;                                   \
    if (unit >= units) return;                                                                                         \
    const ulong part = min((ulong)WIDTH, units - unit), own = min((ulong)SAMPLES, samples - first);

/* The samples that there are; unrolled, since sums are in registers only where no index of theirs is a variable. A processor's are in its nearest
 * cache else, and what is unrolled is much to compile. */
#if WIDTH == 1
#define FOR_OWN_SAMPLES(r) _Pragma("unroll") for (uint r = 0; r < SAMPLES; r++) if (r < own)
#else
#define FOR_OWN_SAMPLES(r) for (uint r = 0; r < own; r++)
#endif

static ulong step_of(ulong steps, ulong round, uint has) { return has & IS_REVERSE ? steps - 1 - round : round; }

/*
 * Where the weights of a work-item's units are: a gate's `gate` further than those of the gate before, and the next row's `row`. IS_PACKED: all that a
 * work-item reads lies together, row after row; what is read in a column of vectors has each of them in a page of its own.
 */
typedef struct weight_places {
    const global float *first;
    ulong gate, row;
} weight_places;

static weight_places weights_of(const global float *weight, ulong units, ulong unit, uint gates, uint has) {
    weight_places of = {weight + unit, units, gates * units};
    if (WIDTH > 1 && has & IS_PACKED) {
        of.first = weight + unit * gates * units;
        of.gate = WIDTH;
        of.row = (ulong)gates * WIDTH;
    }
    return of;
}

/*
 * sums[g SAMPLES + r] += sum_k left[r][k] weight[k, gate g], for `depth` rows of weights. The last sample stands for those that are not there.
 */
#define DEFINE_PRODUCTS(name, gates, rows)                                                                             \
    ON_LOCAL_ARRAYS void name(real *sums, const global float *const *left, const global float *weight, ulong gate_step, \
                     ulong columns, ulong depth, ulong part) {                                                         \
        real sum[rows][gates];                                                                                         \
        _Pragma("unroll") for (uint r = 0; r < rows; r++)                                                              \
            _Pragma("unroll") for (uint g = 0; g < gates; g++) sum[r][g] = sums[g * SAMPLES + r];                      \
        for (ulong k = 0; k < depth; k++, weight += columns) {                                                         \
            real right[gates];                                                                                         \
            _Pragma("unroll") for (uint g = 0; g < gates; g++) right[g] = load_part(weight + g * gate_step, part, 0.0f); \
            _Pragma("unroll") for (uint r = 0; r < rows; r++) {                                                        \
                const real factor = (real)(left[r][k]);                                                                \
                _Pragma("unroll") for (uint g = 0; g < gates; g++) sum[r][g] =                                         \
                    MULTIPLY_ADD(factor, right[g], sum[r][g]);                                                         \
            }                                                                                                          \
        }                                                                                                              \
        _Pragma("unroll") for (uint r = 0; r < rows; r++)                                                              \
            _Pragma("unroll") for (uint g = 0; g < gates; g++) sums[g * SAMPLES + r] = sum[r][g];                      \
    }

#define PRODUCTS_OF(weights, first_gate) (weights).first + (first_gate) * (weights).gate, (weights).gate, (weights).row
/* One sample alone does not pay for those that are not there. */
#define PRODUCTS(gates, sums, first_row, stride, weights, first_gate, depth)                                               \
    do {                                                                                                               \
        const global float *left[SAMPLES];                                                                             \
        _Pragma("unroll") for (uint r = 0; r < SAMPLES; r++) left[r] = (first_row) + min((ulong)r, own - 1) * (stride);                        \
        if (SAMPLES == 1 || own == 1) products_##gates##_single(sums, left, PRODUCTS_OF(weights, first_gate), depth, part); \
        else products_##gates(sums, left, PRODUCTS_OF(weights, first_gate), depth, part);                                        \
    } while (0)

DEFINE_PRODUCTS(products_1, 1, SAMPLES)
DEFINE_PRODUCTS(products_1_single, 1, 1)
DEFINE_PRODUCTS(products_2, 2, SAMPLES)
DEFINE_PRODUCTS(products_2_single, 2, 1)
DEFINE_PRODUCTS(products_3, 3, SAMPLES)
DEFINE_PRODUCTS(products_3_single, 3, 1)
DEFINE_PRODUCTS(products_4, 4, SAMPLES)
DEFINE_PRODUCTS(products_4_single, 4, 1)

#endif
