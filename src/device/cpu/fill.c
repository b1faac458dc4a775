/* SPDX-License-Identifier: MIT */
/* FILL. */
#include "device/cpu/kernels.h"

static void fill_chunk(const soma_call *call, const soma_cpu_plan *plan, size_t task, uint32_t thread) {
    (void)plan, (void)thread;
    soma_range range = soma_cpu_part(task, soma_view_count(&call->view[0]), SOMA_CPU_CHUNK);
    float value = call->params.fill.value;
    if (call->view[0].dtype == SOMA_F32) {
        float *out = soma_cpu_floats(&call->view[0]);
        for (size_t i = range.begin; i < range.end; i++) out[i] = value;
    } else if (call->view[0].dtype == SOMA_I32) {
        int32_t *out = soma_cpu_data(&call->view[0]);
        for (size_t i = range.begin; i < range.end; i++) out[i] = (int32_t)value;
    } else {
        uint8_t *out = soma_cpu_data(&call->view[0]);
        for (size_t i = range.begin; i < range.end; i++) out[i] = (uint8_t)value;
    }
}

SOMA_CPU_PLANNER(fill) {
    if (call->view[0].dtype == SOMA_F64) return SOMA_UNSUPPORTED;
    size_t count = soma_view_count(&call->view[0]);
    soma_cpu_add_phase(plan, fill_chunk, soma_cpu_parts(count, SOMA_CPU_CHUNK));
    plan->nanoseconds = 0.04 * (double)count;
    return SOMA_OK;
}
