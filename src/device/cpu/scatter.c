/* SPDX-License-Identifier: MIT */
/* SCATTER. A task has one sample. */
#include "device/cpu/kernels.h"

static void scatter_task(const soma_call *call, const soma_cpu_plan *plan, size_t task, uint32_t thread) {
    (void)plan, (void)thread;
    const soma_view *x = &call->view[0], *out = &call->view[2];
    const size_t steps = x->shape[1], rows = out->shape[1], width = x->shape[2];
    const int32_t *index = soma_cpu_data(&call->view[1]);
    const float *from = soma_cpu_floats(x) + task * steps * width;
    float *table = soma_cpu_floats(out) + task * rows * width;
    for (size_t step = 0; step < steps; step++) {
        /* A negative number becomes one that no table reaches, until the steps lead to 0. */
        const size_t row = (size_t)(ptrdiff_t)index[task] + step;
        if (row < rows) memcpy(table + row * width, from + step * width, width * sizeof *table);
    }
}

SOMA_CPU_PLANNER(scatter) {
    const soma_view *x = &call->view[0], *out = &call->view[2];
    if (x->dtype != SOMA_F32 || out->dtype != SOMA_F32) return SOMA_UNSUPPORTED;
    plan->nanoseconds = 0.1 * (double)soma_view_count(x) + 5.0 * (double)(x->shape[0] * x->shape[1]);
    if (soma_view_count(x)) soma_cpu_add_phase(plan, scatter_task, x->shape[0]);
    return SOMA_OK;
}
