/* SPDX-License-Identifier: MIT */
/* MIX: a task is a piece of the result. */
#include "device/cpu/kernels.h"

static void mix_floats(const float *x, const float *other, float share, size_t count, float *out) {
    const float others = 1.0f - share;
    SOMA_INDEPENDENT
    for (size_t i = 0; i < count; i++) out[i] = share * x[i] + others * other[i];
}

/* Behind the last row comes the first: the elements from `turn` on are mixed with those from the beginning on. */
static void mix_chunk(const soma_call *call, const soma_cpu_plan *plan, size_t task, uint32_t thread) {
    (void)plan, (void)thread;
    const soma_mix_params *params = &call->params.mix;
    const size_t count = soma_view_count(&call->view[1]), ahead = (size_t)params->ahead * call->view[1].shape[1];
    const soma_range range = soma_cpu_part(task, count, SOMA_CPU_CHUNK);
    const size_t turn = SOMA_MIN(SOMA_MAX(count - ahead, range.begin), range.end);
    const float *x = soma_cpu_floats(&call->view[0]);
    float *out = soma_cpu_floats(&call->view[1]);
    if (range.begin < turn)
        mix_floats(x + range.begin, x + range.begin + ahead, params->share, turn - range.begin, out + range.begin);
    if (turn < range.end) mix_floats(x + turn, x + turn + ahead - count, params->share, range.end - turn, out + turn);
}

static float row_of_class(int32_t number, size_t columns, size_t column) {
    if (number < 0 || (size_t)number >= columns) return NAN;
    return (size_t)number == column ? 1.0f : 0.0f;
}

static void mix_classes(const soma_call *call, const soma_cpu_plan *plan, size_t task, uint32_t thread) {
    (void)plan, (void)thread;
    const soma_mix_params *params = &call->params.mix;
    const size_t rows = call->view[1].shape[0], columns = call->view[1].shape[1];
    const soma_range range = soma_cpu_part(task, rows * columns, SOMA_CPU_CHUNK);
    const int32_t *x = soma_cpu_data(&call->view[0]);
    float *out = soma_cpu_floats(&call->view[1]);
    for (size_t i = range.begin; i < range.end; i++) {
        const size_t row = i / columns, column = i % columns, other = (row + (size_t)params->ahead) % rows;
        out[i] = params->share * row_of_class(x[row], columns, column) +
                 (1.0f - params->share) * row_of_class(x[other], columns, column);
    }
}

SOMA_CPU_PLANNER(mix) {
    if (call->view[1].dtype != SOMA_F32) return SOMA_UNSUPPORTED;
    const bool classes = call->view[0].dtype == SOMA_I32;
    const size_t count = soma_view_count(&call->view[1]);
    soma_cpu_add_phase(plan, classes ? mix_classes : mix_chunk, soma_cpu_parts(count, SOMA_CPU_CHUNK));
    plan->nanoseconds = (classes ? 4.0 : 0.5) * (double)count;
    return SOMA_OK;
}
