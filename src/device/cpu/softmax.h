/* SPDX-License-Identifier: MIT */
/* How softmax and its gradient are cut into tasks. */
#ifndef SOMA_DEVICE_CPU_SOFTMAX_H
#define SOMA_DEVICE_CPU_SOFTMAX_H

#include "device/cpu/rows.h"

/* A task takes a group of outer; within it, rows where inner is 1, else strips of columns. */
#define STRIP 64

static inline size_t group_size(const soma_view *view) {
    return SOMA_MAX((size_t)1, SOMA_CPU_CHUNK / 4 / SOMA_MAX((size_t)1, view->shape[1] * view->shape[2]));
}
static inline size_t strips(const soma_view *view) {
    return soma_cpu_parts(view->shape[2], STRIP);
}

static inline soma_status plan_softmax(const soma_view *view, soma_cpu_plan *plan, soma_cpu_task *run) {
    if (view->dtype != SOMA_F32) return SOMA_UNSUPPORTED;
    size_t count = soma_view_count(view);
    if (count) soma_cpu_add_phase(plan, run, soma_cpu_parts(view->shape[0], group_size(view)) * strips(view));
    plan->nanoseconds = 0.5 * (double)count;
    return SOMA_OK;
}

#endif
