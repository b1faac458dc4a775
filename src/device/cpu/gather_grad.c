/* SPDX-License-Identifier: MIT */
/* GATHER_GRAD. A task owns some rows of the table, and goes through all positions: so each row adds up what is its own
 * in one order, whatever the number of tasks. */
#include "device/cpu/kernels.h"

static void add_row(const float *from, size_t count, float *to) {
    SOMA_INDEPENDENT
    for (size_t j = 0; j < count; j++) to[j] += from[j];
}

static void gather_grad_task(const soma_call *call, const soma_cpu_plan *plan, size_t task, uint32_t thread) {
    (void)thread;
    const size_t positions = call->view[0].shape[0], width = call->view[0].shape[1];
    const float *dy = soma_cpu_floats(&call->view[0]);
    const int32_t *index = soma_cpu_data(&call->view[1]);
    float *dtable = soma_cpu_floats(&call->view[2]);
    const int64_t skip = call->params.gather_grad.skip;
    const soma_range rows = soma_cpu_even_part(task, call->view[2].shape[0], plan->phase[0].tasks);
    memset(dtable + rows.begin * width, 0, (rows.end - rows.begin) * width * sizeof *dtable);
    for (size_t i = 0; i < positions; i++) {
        const size_t row = (size_t)(ptrdiff_t)index[i]; /* a negative number becomes one that no table reaches */
        if (row >= rows.begin && row < rows.end && index[i] != skip)
            add_row(dy + i * width, width, dtable + row * width);
    }
}

SOMA_CPU_PLANNER(gather_grad) {
    const soma_view *dy = &call->view[0], *dtable = &call->view[2];
    if (dy->dtype != SOMA_F32 || dtable->dtype != SOMA_F32) return SOMA_UNSUPPORTED;
    plan->nanoseconds = 0.1 * (double)(soma_view_count(dy) + soma_view_count(dtable)) + 3.0 * (double)dy->shape[0];
    if (soma_view_count(dtable))
        soma_cpu_add_phase(plan, gather_grad_task, SOMA_MIN(soma_cpu_tasks(plan), dtable->shape[0]));
    return SOMA_OK;
}
