/* SPDX-License-Identifier: MIT */
/*
 * What a batch adds to a metric. The build option METRIC names the metric; with CLASSES the targets are class numbers, else rows.
 * One group adds up the samples, in a fixed order; for large batches `metric_rows` has computed the samples' values before.
 */
#include "opencl.h"

#ifdef CLASSES
#define TARGET int
#else
#define TARGET float
#endif

static ulong first_largest(const global float *values, ulong count) {
    ulong best = 0;
    for (ulong j = 1; j < count; j++)
        if (values[j] > values[best]) best = j;
    return best;
}

/* A class number that is none becomes a number past every row. */
static ulong target_class(const global TARGET *target, ulong row, ulong columns) {
#ifdef CLASSES
    return (ulong)(long)target[row];
#else
    return first_largest(target + row * columns, columns);
#endif
}

#define METRIC_ARGUMENTS                                                                                               \
    ulong row, ulong columns, uint k, float threshold, const global float *prediction, const global TARGET *target
#define DEFINE_METRIC(name) static float metric_##name(METRIC_ARGUMENTS)

DEFINE_METRIC(SUM) { return prediction[row]; }

DEFINE_METRIC(CATEGORICAL_ACCURACY) {
    return first_largest(prediction + row * columns, columns) == target_class(target, row, columns) ? 1.0f : 0.0f;
}

DEFINE_METRIC(TOP_K_ACCURACY) {
    const global float *p = prediction + row * columns;
    const ulong wanted = target_class(target, row, columns);
    if (wanted >= columns) return 0.0f;
    uint greater = 0;
    for (ulong j = 0; j < columns; j++) greater += p[j] > p[wanted];
    return greater < k ? 1.0f : 0.0f;
}

DEFINE_METRIC(BINARY_ACCURACY) {
    uint right = 0;
    for (ulong j = row * columns; j < (row + 1) * columns; j++) right += (prediction[j] > threshold) == (target[j] > 0.5f);
    return right / (float)columns;
}

DEFINE_METRIC(ABSOLUTE_ERROR) {
    float total = 0.0f;
    for (ulong j = row * columns; j < (row + 1) * columns; j++) total += fabs(prediction[j] - target[j]);
    return total / columns;
}

/* The value of each sample. */
KERNEL(GROUP, 1)
void metric_rows(ulong count, ulong chunk, ulong columns, uint k, float threshold, const global float *prediction,
                 const global TARGET *target, global float *values) {
    const ulong end = min(count, ((ulong)get_group_id(0) + 1) * chunk);
    for (ulong i = (ulong)get_group_id(0) * chunk + get_local_id(0); i < end; i += GROUP)
        values[i] = PASTE(metric_, METRIC)(i, columns, k, threshold, prediction, target);
}

/* Adds the samples' values to the accumulator's row `slot`: the sum, and Kahan's compensation. One group. */
KERNEL(GROUP, 1)
void metric_add(ulong count, ulong columns, uint k, float threshold, uint slot, const global float *prediction,
                const global TARGET *target, global float *accumulator) {
    float total = 0.0f;
    for (ulong i = get_local_id(0); i < count; i += GROUP)
        total += PASTE(metric_, METRIC)(i, columns, k, threshold, prediction, target);
#if GROUP > 1
    local float shared[GROUP];
    const uint lane = get_local_id(0);
    shared[lane] = total;
    barrier(CLK_LOCAL_MEM_FENCE);
    for (uint step = GROUP / 2; step > 0; step /= 2) {
        if (lane < step) shared[lane] += shared[lane + step];
        barrier(CLK_LOCAL_MEM_FENCE);
    }
    if (lane > 0) return;
    total = shared[0];
#endif
    const float sum = accumulator[2 * slot], value = total - accumulator[2 * slot + 1];
    /* volatile: Mesa's compiler would take (sum + value) - sum for value, and the compensation for 0. */
    const volatile float next = sum + value;
    accumulator[2 * slot] = next;
    accumulator[2 * slot + 1] = (next - sum) - value;
}
