/* SPDX-License-Identifier: MIT */
/*
 * Losses that are a mean over the elements of a row, and their gradients: the rows of losses.h, by number (LOSS_HUBER and the like); the build
 * option FIXED_LOSS makes the number a constant. `weighted`: samples have weights; `class_weighted`: the two classes of a
 * binary cross-entropy have.
 */
#include "rows.h"
#include "losses.h"

#ifdef FIXED_LOSS
#define LOSS FIXED_LOSS
#else
#define LOSS loss_kind
#endif

static real element_loss(uint kind, real p, real t, real delta, real focus, real smoothing, real when_one, real when_zero) {
    switch (kind) {
#define ROW(name, loss, derivative)                                                                                    \
    case LOSS_##name: return loss;
        SOMA_ELEMENT_LOSS_TABLE(ROW)
#undef ROW
    }
    return p;
}

#ifdef TRAINING
static real element_slope(uint kind, real p, real t, real delta, real focus, real smoothing, real when_one, real when_zero) {
    switch (kind) {
#define ROW(name, loss, derivative)                                                                                    \
    case LOSS_##name: return derivative;
        SOMA_ELEMENT_LOSS_TABLE(ROW)
#undef ROW
    }
    return p;
}
#endif /* TRAINING */

static real element_weight(real t, uint class_weighted, const global float *class_weight) {
    return class_weighted ? t * class_weight[1] + (R(1.0) - t) * class_weight[0] : R(1.0);
}

#define LOSS_ARGUMENTS                                                                                                 \
    ulong rows, ulong rows_per_group, ulong columns, uint loss_kind, float delta, float focus, float smoothing,             \
        float when_one, float when_zero, uint weighted, uint class_weighted,                                           \
        const global float *prediction, const global float *target, const global float *weight,                        \
        const global float *class_weight

KERNEL(LANES, ROWS) void loss(ARGUMENTS(LOSS_ARGUMENTS, global float *out)) {
    SHARED(shared);
    FOR_EACH_ROW(row, rows, rows_per_group) {
        real total = R(0.0);
        FOR_EACH_IN_ROW(j, part, columns) {
            const real p = load_row(prediction + row * columns + j, part, 0.0f);
            const real t = load_row(target + row * columns + j, part, 0.0f);
            const real value = element_loss(LOSS, p, t, (real)(delta), (real)(focus), (real)(smoothing), (real)(when_one), (real)(when_zero));
            total += keep_part(value * element_weight(t, class_weighted, class_weight), part, 0.0f);
        }
        const float sum = ROW_SUM(total, shared);
        const float factor = weighted ? weight[row] : 1.0f;
        if (get_local_id(0) == 0) out[row] = factor == 0.0f ? 0.0f : factor * (sum / columns);
    }
}

#ifdef TRAINING
KERNEL(LANES, ROWS) void loss_grad(ARGUMENTS(LOSS_ARGUMENTS, const global float *dloss, global float *out)) {
    FOR_EACH_ROW(row, rows, rows_per_group) {
        const float factor = weighted ? dloss[row] * weight[row] : dloss[row];
        FOR_EACH_IN_ROW(j, part, columns) {
            const real p = load_row(prediction + row * columns + j, part, 0.0f);
            const real t = load_row(target + row * columns + j, part, 0.0f);
            const real value = element_slope(LOSS, p, t, (real)(delta), (real)(focus), (real)(smoothing), (real)(when_one), (real)(when_zero));
            const real weights = element_weight(t, class_weighted, class_weight);
            store_row(factor == 0.0f ? R(0.0) : factor * (value * weights) / (float)columns, out + row * columns + j, part);
        }
    }
}
#endif /* TRAINING */
