/* SPDX-License-Identifier: MIT */
/* SOFTMAX over the axis of [outer, axis, inner]. */
#include "device/cpu/softmax.h"

/* ------------------------------------------------------------------------------------------- rows (inner = 1) */

SOMA_ROW_SUM(exp_sum, const float *x, EXP(x[i]))

/* (x - max) - log_sum */
static void row_log_softmax(const float *x, float max, float log_sum, float *out, size_t count) {
    SOMA_INDEPENDENT
    for (size_t i = 0; i < count; i++) out[i] = (x[i] - max) - log_sum;
}

static void softmax_group(const float *x, float *out, size_t rows, size_t axis, bool log) {
    float max[SOMA_GROUP_ROWS], sum[SOMA_GROUP_ROWS], buffer[SOMA_GROUP_FLOATS];
    float *e = rows * axis <= SOMA_GROUP_FLOATS ? buffer : out;
    if (log && e == out) { /* a long row: x is needed once more, and may be out */
        float highest = soma_row_max(x, axis);
        soma_row_add(x, -highest, out, axis);
        soma_row_add(out, -LOG(exp_sum(out, axis)), out, axis);
        return;
    }
    soma_group_exp(x, rows, axis, max, e);
    for (size_t i = 0; i < rows; i++) sum[i] = soma_row_sum(e + i * axis, axis);
    if (log)
        for (size_t i = 0; i < rows; i++) row_log_softmax(x + i * axis, max[i], LOG(sum[i]), out + i * axis, axis);
    else
        for (size_t i = 0; i < rows; i++) soma_row_divide(e + i * axis, sum[i], out + i * axis, axis);
}

static void softmax_rows(const float *x, float *out, size_t rows, size_t axis, bool log) {
    size_t group = soma_group_size(axis);
    for (size_t i = 0; i < rows; i += group)
        softmax_group(x + i * axis, out + i * axis, SOMA_MIN(group, rows - i), axis, log);
}

/* ---------------------------------------------------------------------------------------- columns (inner > 1) */

/* Columns [0, width) of a matrix [axis, inner]. */
static void softmax_columns(const float *x, float *out, size_t axis, size_t inner, size_t width, bool log) {
    float max[STRIP], sum[STRIP] = {0};
    for (size_t j = 0; j < width; j++) max[j] = -__builtin_inff();
    for (size_t i = 0; i < axis; i++)
        for (size_t j = 0; j < width; j++)
            max[j] = x[i * inner + j] > max[j] || x[i * inner + j] != x[i * inner + j] ? x[i * inner + j] : max[j];
    for (size_t i = 0; i < axis; i++) {
        const float *from = x + i * inner;
        float *to = out + i * inner;
        SOMA_INDEPENDENT
        for (size_t j = 0; j < width; j++) {
            float shifted = from[j] - max[j], e = EXP(shifted);
            to[j] = log ? shifted : e;
            sum[j] += e;
        }
    }
    if (log)
        for (size_t j = 0; j < width; j++) sum[j] = LOG(sum[j]);
    for (size_t i = 0; i < axis; i++) {
        float *to = out + i * inner;
        for (size_t j = 0; j < width; j++) to[j] = log ? to[j] - sum[j] : to[j] / sum[j];
    }
}

/* ------------------------------------------------------------------------------------------------------- tasks */

static void softmax_task(const soma_call *call, const soma_cpu_plan *plan, size_t task, uint32_t thread) {
    (void)plan, (void)thread;
    const soma_view *view = &call->view[1];
    size_t axis = view->shape[1], inner = view->shape[2], group = group_size(view);
    soma_range outer = soma_cpu_part(task / strips(view), view->shape[0], group),
               column = soma_cpu_part(task % strips(view), inner, STRIP);
    const float *x = soma_cpu_floats(&call->view[0]);
    float *out = soma_cpu_floats(view);
    bool log = call->params.softmax.log;
    if (inner == 1)
        softmax_rows(x + outer.begin * axis, out + outer.begin * axis, outer.end - outer.begin, axis, log);
    else
        for (size_t i = outer.begin; i < outer.end; i++) {
            size_t at = i * axis * inner + column.begin;
            softmax_columns(x + at, out + at, axis, inner, column.end - column.begin, log);
        }
}

SOMA_CPU_PLANNER(softmax) {
    return plan_softmax(&call->view[1], plan, softmax_task);
}
