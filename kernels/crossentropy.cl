/* SPDX-License-Identifier: MIT */
/*
 * Categorical cross-entropy and its gradient, from probabilities or, with the build option LOGITS, from what softmax would be applied to. With CLASSES
 * the targets are class numbers, else rows. WEIGHT and CLASS_WEIGHT say that there are such.
 */
#include "rows.h"
#include "losses.h"

#ifdef CLASSES
#define TARGET int
#else
#define TARGET float
#endif

#ifdef WEIGHT
#define WEIGHT_ARGUMENT const global float *weight,
#define SAMPLE_WEIGHT(row) weight[row]
#else
#define WEIGHT_ARGUMENT
#define SAMPLE_WEIGHT(row) 1.0f
#endif

#ifdef CLASS_WEIGHT
#define CLASS_WEIGHT_ARGUMENT const global float *class_weight,
#else
#define CLASS_WEIGHT_ARGUMENT
#endif

/* Largest logit, and the sum of e^(logit - largest): what a row's cross-entropy from logits needs. */
#define ROW_SUM_OF_POWERS(top, powers)                                                                                      \
    float top, powers;                                                                                                 \
    {                                                                                                                  \
        real largest = (real)(-INFINITY), total = R(0.0);                                                              \
        FOR_EACH_IN_ROW(j, part, columns) {                                                                            \
            const real value = load_part(p + j, part, -INFINITY);                                                      \
            largest = LARGER(largest, value);                                                                          \
        }                                                                                                              \
        top = ROW_MAX(largest, shared);                                                                                \
        FOR_EACH_IN_ROW(j, part, columns)                                                                              \
        total += keep_part(exp(load_part(p + j, part, 0.0f) - top), part, 0.0f);                                       \
        powers = ROW_SUM(total, shared);                                                                               \
    }

/* The weight of a sample: its own times that of its class, or the classes' weighted by the target row. */
#ifndef CLASS_WEIGHT
#define ROW_WEIGHT(factor) const float factor = SAMPLE_WEIGHT(row)
#elif defined(CLASSES)
#define ROW_WEIGHT(factor)                                                                                             \
    const float factor = (ulong)(long)t[0] < columns ? SAMPLE_WEIGHT(row) * class_weight[t[0]] : NAN
#else
#define ROW_WEIGHT(factor)                                                                                             \
    float factor;                                                                                                      \
    {                                                                                                                  \
        real total = R(0.0);                                                                                           \
        FOR_EACH_IN_ROW(j, part, columns)                                                                              \
        total += load_part(t + j, part, 0.0f) * load_part(class_weight + j, part, 0.0f);                               \
        factor = SAMPLE_WEIGHT(row) * ROW_SUM(total, shared);                                                          \
    }
#endif

#ifdef CLASSES
#define TARGET_OF(row) target + row
#else
#define TARGET_OF(row) target + row *columns
#endif

KERNEL(LANES, ROWS)
void crossentropy(ulong rows, ulong rows_per_group, ulong columns, const global float *prediction,
                  const global TARGET *target, WEIGHT_ARGUMENT CLASS_WEIGHT_ARGUMENT global float *out) {
    SHARED(shared);
    FOR_EACH_ROW(row, rows, rows_per_group) {
        const global float *p = prediction + row * columns;
        const global TARGET *t = TARGET_OF(row);
        ROW_WEIGHT(factor);
#ifdef LOGITS
        ROW_SUM_OF_POWERS(top, powers);
        const float log_sum = log(powers);
#endif
#ifdef CLASSES
        float result = NAN;
        if ((ulong)(long)t[0] < columns) {
            const float value = p[t[0]];
#ifdef LOGITS
            result = (top - value) + log_sum;
#else
            result = -log(value < 1e-7f ? 1e-7f : value);
#endif
        }
#else
        real total = R(0.0);
        FOR_EACH_IN_ROW(j, part, columns) {
            const real value = load_part(p + j, part, 1.0f), wanted = load_part(t + j, part, 0.0f);
#ifdef LOGITS
            total += keep_part(wanted * ((top - value) + log_sum), part, 0.0f);
#else
            total += keep_part(-wanted * log(SOMA_FLOORED(value)), part, 0.0f);
#endif
        }
        const float result = ROW_SUM(total, shared);
#endif
        if (get_local_id(0) == 0) out[row] = factor * result;
    }
}

KERNEL(LANES, ROWS)
void crossentropy_grad(ulong rows, ulong rows_per_group, ulong columns, const global float *prediction,
                       const global TARGET *target, WEIGHT_ARGUMENT CLASS_WEIGHT_ARGUMENT const global float *dloss,
                       global float *out) {
    SHARED(shared);
    FOR_EACH_ROW(row, rows, rows_per_group) {
        const global float *p = prediction + row * columns;
        const global TARGET *t = TARGET_OF(row);
        ROW_WEIGHT(sample_weight);
#ifdef CLASSES
        const float factor = (ulong)(long)t[0] < columns ? dloss[row] * sample_weight : NAN;
        const float wanted_sum = 1.0f;
#else
        const float factor = dloss[row] * sample_weight;
#ifdef LOGITS
        real total = R(0.0);
        FOR_EACH_IN_ROW(j, part, columns) total += load_part(t + j, part, 0.0f);
        const float wanted_sum = ROW_SUM(total, shared);
#endif
#endif
#ifdef LOGITS
        ROW_SUM_OF_POWERS(top, powers);
#endif
        FOR_EACH_IN_ROW(j, part, columns) {
            const real value = load_part(p + j, part, 1.0f);
#ifdef CLASSES
            const real wanted = element_numbers() == (integers)((int)((long)t[0] - (long)j)) ? R(1.0) : R(0.0);
#else
            const real wanted = load_part(t + j, part, 0.0f);
#endif
#ifdef LOGITS
            const real slope = exp(value - top) / powers * wanted_sum - wanted;
#elif defined(CLASSES)
            /* The other classes' predictions do not matter, not even a NaN. */
            const real slope = wanted == R(0.0) || value < SOMA_PROBABILITY_FLOOR ? R(0.0) : -wanted / value;
#else
            const real slope = value < SOMA_PROBABILITY_FLOOR ? R(0.0) : -wanted / value;
#endif
            store_part(factor * slope, out + row * columns + j, part);
        }
    }
}
