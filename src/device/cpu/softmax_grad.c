/* SPDX-License-Identifier: MIT */
/* SOFTMAX_GRAD over the axis of [outer, axis, inner]. */
#include "device/cpu/softmax.h"

static void softmax_grad_rows(const float *dy, const float *y, float *out, size_t rows, size_t axis, bool log) {
    for (size_t i = 0; i < rows; i++, dy += axis, y += axis, out += axis) {
        float sum = log ? soma_row_sum(dy, axis) : soma_row_dot(dy, y, axis);
        if (log) {
            SOMA_INDEPENDENT
            for (size_t j = 0; j < axis; j++) out[j] = dy[j] - EXP(y[j]) * sum;
        } else {
            SOMA_INDEPENDENT
            for (size_t j = 0; j < axis; j++) out[j] = y[j] * (dy[j] - sum);
        }
    }
}

static void softmax_grad_columns(const float *dy, const float *y, float *out, size_t axis, size_t inner, size_t width,
                                 bool log) {
    float sum[STRIP] = {0};
    for (size_t i = 0; i < axis; i++)
        for (size_t j = 0; j < width; j++) sum[j] += log ? dy[i * inner + j] : dy[i * inner + j] * y[i * inner + j];
    for (size_t i = 0; i < axis; i++) {
        const float *d = dy + i * inner, *v = y + i * inner;
        float *to = out + i * inner;
        SOMA_INDEPENDENT
        for (size_t j = 0; j < width; j++) to[j] = log ? d[j] - EXP(v[j]) * sum[j] : v[j] * (d[j] - sum[j]);
    }
}

static void softmax_grad_task(const soma_call *call, const soma_cpu_plan *plan, size_t task, uint32_t thread) {
    (void)plan, (void)thread;
    const soma_view *view = &call->view[2];
    size_t axis = view->shape[1], inner = view->shape[2], group = group_size(view);
    soma_range outer = soma_cpu_part(task / strips(view), view->shape[0], group),
               column = soma_cpu_part(task % strips(view), inner, STRIP);
    const float *dy = soma_cpu_floats(&call->view[0]), *y = soma_cpu_floats(&call->view[1]);
    float *out = soma_cpu_floats(view);
    bool log = call->params.softmax.log;
    if (inner == 1) {
        size_t at = outer.begin * axis;
        softmax_grad_rows(dy + at, y + at, out + at, outer.end - outer.begin, axis, log);
    } else
        for (size_t i = outer.begin; i < outer.end; i++) {
            size_t at = i * axis * inner + column.begin;
            softmax_grad_columns(dy + at, y + at, out + at, axis, inner, column.end - column.begin, log);
        }
}

SOMA_CPU_PLANNER(softmax_grad) {
    return plan_softmax(&call->view[2], plan, softmax_grad_task);
}
