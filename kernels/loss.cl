/* SPDX-License-Identifier: MIT */
/*
 * Losses that are a mean over the elements of a row, and their gradients: the rows of losses.h. The build option LOSS names the row; WEIGHT
 * and CLASS_WEIGHT say that there are such (class weights only for the binary cross-entropies).
 */
#include "rows.h"
#include "losses.h"

#define LOSS_ROW(name, loss, derivative)                                                                               \
    static real loss_##name(real p, real t, real delta) { return loss; }                                               \
    static real slope_##name(real p, real t, real delta) { return derivative; }
SOMA_ELEMENT_LOSS_TABLE(LOSS_ROW)

#ifdef WEIGHT
#define WEIGHT_ARGUMENT const global float *weight,
#define SAMPLE_WEIGHT(row) weight[row]
#else
#define WEIGHT_ARGUMENT
#define SAMPLE_WEIGHT(row) 1.0f
#endif

#ifdef CLASS_WEIGHT
#define CLASS_WEIGHT_ARGUMENT const global float *class_weight,
#define WEIGHTED(value) (value) * (t * class_weight[1] + (R(1.0) - t) * class_weight[0])
#else
#define CLASS_WEIGHT_ARGUMENT
#define WEIGHTED(value) (value)
#endif

KERNEL(LANES, ROWS)
void loss(ulong rows, ulong rows_per_group, ulong columns, float delta, const global float *prediction,
          const global float *target, WEIGHT_ARGUMENT CLASS_WEIGHT_ARGUMENT global float *out) {
    SHARED(shared);
    FOR_EACH_ROW(row, rows, rows_per_group) {
        real total = R(0.0);
        FOR_EACH_IN_ROW(j, part, columns) {
            const real p = load_part(prediction + row * columns + j, part, 0.0f);
            const real t = load_part(target + row * columns + j, part, 0.0f);
            total += keep_part(WEIGHTED(PASTE(loss_, LOSS)(p, t, (real)(delta))), part, 0.0f);
        }
        const float sum = ROW_SUM(total, shared);
        if (get_local_id(0) == 0) out[row] = SAMPLE_WEIGHT(row) * (sum / columns);
    }
}

KERNEL(LANES, ROWS)
void loss_grad(ulong rows, ulong rows_per_group, ulong columns, float delta, const global float *prediction,
               const global float *target, WEIGHT_ARGUMENT CLASS_WEIGHT_ARGUMENT const global float *dloss,
               global float *out) {
    FOR_EACH_ROW(row, rows, rows_per_group) {
        const float factor = dloss[row] * SAMPLE_WEIGHT(row);
        FOR_EACH_IN_ROW(j, part, columns) {
            const real p = load_part(prediction + row * columns + j, part, 0.0f);
            const real t = load_part(target + row * columns + j, part, 0.0f);
            const real slope = WEIGHTED(PASTE(slope_, LOSS)(p, t, (real)(delta)));
            store_part(factor * slope / (float)columns, out + row * columns + j, part);
        }
    }
}
