/* SPDX-License-Identifier: MIT */
/*
 * Categorical cross-entropy and its gradient, from probabilities or, with `logits`, from what softmax would be applied to. With `by_class`
 * the targets are class numbers, else rows. `weighted`, `class_weighted`: samples and classes have weights.
 */
#include "rows.h"
#include "losses.h"

typedef struct targets {
    uint by_class;
    const global int *number;  /* by_class */
    const global float *value; /* else */
} targets;

/* Elements j .. j + part - 1 of a row of targets; a class number c stands for the row with 1 at c. */
static real load_targets(targets of, ulong row, ulong columns, ulong j, ulong part) {
    if (!of.by_class) return load_row(of.value + row * columns + j, part, 0.0f);
    return ELEMENT_NUMBERS == (integers)((int)((long)of.number[row] - (long)j)) ? R(1.0) : R(0.0);
}

static bool is_outside(targets of, ulong row, ulong columns) {
    return of.by_class && (ulong)(long)of.number[row] >= columns;
}

/* The difference of two logits may overflow: without a share in the target it does not count. */
static real loss_of(uint logits, real value, real t, float top, float log_sum) {
    if (logits) return t == R(0.0) ? R(0.0) : t * ((top - value) + log_sum);
    return -t * log(SOMA_FLOORED(value));
}

/* Largest logit of a row, and the sum of e^(logit - largest); `power` is the last of these that the work-item has made. */
#define ROW_SUM_OF_POWERS(top, powers, power, p, columns)                                                              \
    float top = 0.0f, powers = 1.0f;                                                                                   \
    real power = R(0.0);                                                                                               \
    if (logits) {                                                                                                      \
        real largest = (real)(-INFINITY), total = R(0.0);                                                              \
        FOR_EACH_IN_ROW(j, part, columns) {                                                                            \
            const real value = load_row(p + j, part, -INFINITY);                                                      \
            largest = fmax(largest, value);                                                                          \
        }                                                                                                              \
        top = ROW_MAX(largest, shared);                                                                                \
        FOR_EACH_IN_ROW(j, part, columns) {                                                                            \
            power = exp(load_row(p + j, part, 0.0f) - top);                                                            \
            total += keep_part(power, part, 0.0f);                                                                     \
        }                                                                                                              \
        powers = ROW_SUM(total, shared);                                                                               \
    }

/* The weight of a sample: its own times that of its class, or the classes' weighted by the target row. NaN for a class that is none. */
#define ROW_WEIGHT(factor)                                                                                             \
    float factor = is_outside(wanted, row, columns) ? NAN : weighted ? weight[row] : 1.0f;                             \
    if (class_weighted && by_class) {                                                                                  \
        if (!is_outside(wanted, row, columns)) factor *= class_weight[target_class[row]];                              \
    } else if (class_weighted) {                                                                                       \
        real total = R(0.0);                                                                                           \
        FOR_EACH_IN_ROW(j, part, columns)                                                                              \
        total += load_targets(wanted, row, columns, j, part) * load_row(class_weight + j, part, 0.0f);                \
        factor *= ROW_SUM(total, shared);                                                                              \
    }

#define CROSSENTROPY_FORM                                                                                              \
    ulong rows, ulong rows_per_group, ulong columns, uint logits, uint by_class, uint weighted, uint class_weighted
#define CROSSENTROPY_VIEWS                                                                                             \
    const global float *prediction, const global int *target_class, const global float *target_row,                    \
        const global float *weight, const global float *class_weight

/* The loss of a row, without its weight; NaN for a class that is none. */
#define ROW_LOSS(result, p, top, powers)                                                                               \
    float result = NAN;                                                                                                \
    {                                                                                                                  \
        const float log_sum = FIRST_ELEMENT(log((real)(powers)));                                                      \
        if (!by_class) {                                                                                               \
            real total = R(0.0);                                                                                       \
            FOR_EACH_IN_ROW(j, part, columns) {                                                                        \
                const real value = load_row(p + j, part, 1.0f), t = load_targets(wanted, row, columns, j, part);       \
                total += keep_part(loss_of(logits, value, t, top, log_sum), part, 0.0f);                               \
            }                                                                                                          \
            result = ROW_SUM(total, shared);                                                                           \
        } else if (!is_outside(wanted, row, columns)) {                                                                \
            result = FIRST_ELEMENT(loss_of(logits, (real)(p[target_class[row]]), R(1.0), top, log_sum));               \
        }                                                                                                              \
    }

KERNEL(LANES, ROWS) void crossentropy(ARGUMENTS(CROSSENTROPY_FORM, CROSSENTROPY_VIEWS, global float *out)) {
    SHARED(shared);
    const targets wanted = {by_class, target_class, target_row};
    FOR_EACH_ROW(row, rows, rows_per_group) {
        const global float *p = prediction + row * columns;
        ROW_WEIGHT(factor)
        ROW_SUM_OF_POWERS(top, powers, power, p, columns)
        ROW_LOSS(result, p, top, powers)
        if (get_local_id(0) == 0) out[row] = factor == 0.0f ? 0.0f : factor * result;
    }
}

#ifdef TRAINING
/* With has_loss, which goes with logits, the losses too: both need the sum of powers. */
KERNEL(LANES, ROWS)
void crossentropy_grad(ARGUMENTS(CROSSENTROPY_FORM, uint has_loss, CROSSENTROPY_VIEWS, const global float *dloss, global float *out,
                                 global float *loss)) {
    SHARED(shared);
    const targets wanted = {by_class, target_class, target_row};
    FOR_EACH_ROW(row, rows, rows_per_group) {
        const global float *p = prediction + row * columns;
        ROW_WEIGHT(sample_weight)
        const float factor = dloss[row] * sample_weight;
        ROW_SUM_OF_POWERS(top, powers, power, p, columns)
        if (has_loss) {
            ROW_LOSS(result, p, top, powers)
            if (get_local_id(0) == 0) loss[row] = sample_weight == 0.0f ? 0.0f : sample_weight * result;
        }
        float target_sum = 1.0f;
        if (!by_class) {
            real total = R(0.0);
            FOR_EACH_IN_ROW(j, part, columns) total += load_targets(wanted, row, columns, j, part);
            target_sum = ROW_SUM(total, shared);
        }
        FOR_EACH_IN_ROW(j, part, columns) {
            const real value = load_row(p + j, part, 1.0f), t = load_targets(wanted, row, columns, j, part);
            /* A row of a single vector for each work-item has its powers already. */
            const real own_power = columns <= LANES * WIDTH ? power : exp(value - top);
            const real of_logits = own_power * (target_sum / powers) - t;
            const real of_probability = value < SOMA_PROBABILITY_FLOOR ? R(0.0) : -t / value;
            const real counted = by_class ? (t == R(0.0) ? R(0.0) : of_probability) : of_probability;
            store_row(factor == 0.0f ? R(0.0) : factor * (logits ? of_logits : counted), out + row * columns + j, part);
        }
    }
}
#endif /* TRAINING */

/* --------------------------------------------------------------------------------------------------------- focal */

#define FOCAL_FORM                                                                                                     \
    ulong rows, ulong rows_per_group, ulong columns, float gamma_of, float smoothing, uint by_class, uint weighted,    \
        uint class_weighted

/* A share of 0 does not count, whatever it would be of. */
static real focal_part(real l, real share, real focus) { return share == R(0.0) ? R(0.0) : share * SOMA_FOCAL_LOSS(l); }

KERNEL(LANES, ROWS) void focal(ARGUMENTS(FOCAL_FORM, CROSSENTROPY_VIEWS, global float *out)) {
    SHARED(shared);
    const targets wanted = {by_class, target_class, target_row};
    FOR_EACH_ROW(row, rows, rows_per_group) {
        const global float *p = prediction + row * columns;
        ROW_WEIGHT(factor)
        real total = R(0.0);
        FOR_EACH_IN_ROW(j, part, columns) {
            const real value = load_row(p + j, part, -1.0f), t = load_targets(wanted, row, columns, j, part);
            const real share = t + smoothing * (1.0f / columns - t);
            total += keep_part(focal_part(value, share, (real)(gamma_of)), part, 0.0f);
        }
        const float result = ROW_SUM(total, shared);
        if (get_local_id(0) == 0) out[row] = factor == 0.0f ? 0.0f : factor * result;
    }
}

#ifdef TRAINING
static real focal_slope(real l, real share, real focus) {
    return share == R(0.0) ? R(0.0) : share * SOMA_FOCAL_SLOPE(l);
}

KERNEL(LANES, ROWS) void focal_grad(ARGUMENTS(FOCAL_FORM, CROSSENTROPY_VIEWS, const global float *dloss, global float *out)) {
    SHARED(shared);
    const targets wanted = {by_class, target_class, target_row};
    FOR_EACH_ROW(row, rows, rows_per_group) {
        const global float *p = prediction + row * columns;
        ROW_WEIGHT(sample_weight)
        const float factor = dloss[row] * sample_weight;
        FOR_EACH_IN_ROW(j, part, columns) {
            const real value = load_row(p + j, part, -1.0f), t = load_targets(wanted, row, columns, j, part);
            const real share = t + smoothing * (1.0f / columns - t);
            store_row(factor == 0.0f ? R(0.0) : factor * focal_slope(value, share, (real)(gamma_of)), out + row * columns + j, part);
        }
    }
}
#endif /* TRAINING */
