/* SPDX-License-Identifier: MIT */
/*
 * What a batch adds to a metric. The metric is a number, METRIC_SUM and the like; the build option FIXED_METRIC makes it a constant. With `by_class` the
 * targets are class numbers, else rows. One group adds up the samples, in a fixed order; for large batches `metric_rows` has
 * computed the samples' values before.
 */
#include "opencl.h"

#ifdef FIXED_METRIC
#define METRIC FIXED_METRIC
#else
#define METRIC metric
#endif

/* A batch: predictions and targets, `columns` to a sample. */
typedef struct batch {
    ulong columns;
    uint k;
    float threshold;
    uint by_class, weighted;
    const global float *prediction;
    const global int *target_class; /* by_class */
    const global float *target_row; /* else */
    const global float *weight;     /* weighted: of each row */
} batch;

static ulong first_largest(const global float *values, ulong count) {
    ulong best = 0;
    for (ulong j = 1; j < count; j++)
        if (values[j] > values[best]) best = j;
    return best;
}

/* A class number that is none becomes a number past every row. */
static ulong class_of(batch of, ulong row) {
    return of.by_class ? (ulong)(long)of.target_class[row] : first_largest(of.target_row + row * of.columns, of.columns);
}

/* Whether p[wanted] is the one that first_largest() finds: all are compared with it, one independent of the other. */
static bool is_first_largest(const global float *p, ulong count, ulong wanted) {
    if (wanted >= count) return wanted == 0;
    const float own = p[wanted];
    if (isnan(own) || isnan(p[0])) return wanted == 0;
    uint beaten = 0;
    for (ulong j = 0; j < wanted; j++) beaten |= p[j] >= own;
    for (ulong j = wanted + 1; j < count; j++) beaten |= p[j] > own;
    return !beaten;
}

static float is_right(batch of, ulong row) {
    return is_first_largest(of.prediction + row * of.columns, of.columns, class_of(of, row)) ? 1.0f : 0.0f;
}

static float is_among_first(batch of, ulong row) {
    const global float *p = of.prediction + row * of.columns;
    const ulong wanted = class_of(of, row);
    if (wanted >= of.columns) return 0.0f;
    uint greater = 0;
    for (ulong j = 0; j < of.columns; j++) greater += p[j] > p[wanted];
    return greater < of.k ? 1.0f : 0.0f;
}

static float right_share(batch of, ulong row) {
    uint right = 0;
    for (ulong j = row * of.columns; j < (row + 1) * of.columns; j++)
        right += (of.prediction[j] > of.threshold) == (of.target_row[j] > 0.5f);
    return right / (float)of.columns;
}

static float mean_error(batch of, ulong row) {
    float total = 0.0f;
    for (ulong j = row * of.columns; j < (row + 1) * of.columns; j++)
        total += fabs(of.prediction[j] - of.target_row[j]);
    return total / of.columns;
}

static float metric_of_row(uint metric, batch of, ulong row) {
    switch (metric) {
    case METRIC_CATEGORICAL_ACCURACY: return is_right(of, row);
    case METRIC_TOP_K_ACCURACY: return is_among_first(of, row);
    case METRIC_BINARY_ACCURACY: return right_share(of, row);
    case METRIC_ABSOLUTE_ERROR: return mean_error(of, row);
    default: return of.prediction[row];
    }
}

static float metric_of(uint metric, batch of, ulong row) {
    const float weight = of.weighted ? of.weight[row] : 1.0f;
    return weight == 0.0f ? 0.0f : weight * metric_of_row(metric, of, row);
}

#define BATCH_ARGUMENTS                                                                                                \
    uint metric, ulong columns, uint k, float threshold, uint by_class, uint weighted,                                 \
        const global float *prediction, const global int *target_class, const global float *target_row,                \
        const global float *weight
#define BATCH {columns, k, threshold, by_class, weighted, prediction, target_class, target_row, weight}

/* The value of each sample. */
KERNEL(GROUP, 1) void metric_rows(ARGUMENTS(ulong count, ulong chunk, BATCH_ARGUMENTS, global float *values)) {
    const batch of = BATCH;
    const ulong end = min(count, ((ulong)GROUP_ID(0) + 1) * chunk);
    for (ulong i = (ulong)GROUP_ID(0) * chunk + get_local_id(0); i < end; i += GROUP)
        values[i] = metric_of(METRIC, of, i);
}

/* Adds the samples' values to the accumulator's row `slot`: the sum, and Kahan's compensation. One group. */
KERNEL(GROUP, 1) void metric_add(ARGUMENTS(ulong count, uint slot, BATCH_ARGUMENTS, global float *accumulator)) {
    const batch of = BATCH;
    float total = 0.0f;
    for (ulong i = get_local_id(0); i < count; i += GROUP) total += metric_of(METRIC, of, i);
#if GROUP > 1
    local float shared[GROUP];
    const uint lane = get_local_id(0);
    shared[lane] = total;
    barrier(CLK_LOCAL_MEM_FENCE);
    for (uint distance = GROUP / 2; distance > 0; distance /= 2) {
        if (lane < distance) shared[lane] += shared[lane + distance];
        barrier(CLK_LOCAL_MEM_FENCE);
    }
    if (lane > 0) return;
    total = shared[0];
#endif
    const float sum = accumulator[2 * slot], value = total - accumulator[2 * slot + 1];
    const float next = sum + value, lost = (next - sum) - value;
    accumulator[2 * slot] = next;
    accumulator[2 * slot + 1] = fabs(lost) < INFINITY ? lost : 0.0f;
}
