/* SPDX-License-Identifier: MIT */
/* PUT. A task owns some rows of all tables together, and goes through the numbers of their samples: so what comes to a
 * row comes in one order, whatever the number of tasks. */
#include "device/cpu/kernels.h"

#define COMBINE(expression)                                                                                            \
    for (size_t j = 0; j < width; j++) {                                                                               \
        const float p = to[j], q = from[j];                                                                            \
        to[j] = (expression);                                                                                          \
    }                                                                                                                  \
    break

static void put_row(const soma_put_params *params, const float *from, size_t width, float *to) {
    if (!params->combines) {
        memcpy(to, from, width * sizeof *to);
        return;
    }
    switch (params->op) {
    case SOMA_BINARY_MULTIPLY:
        COMBINE(p * q);
    case SOMA_BINARY_MAXIMUM:
        COMBINE(p > q || p != p ? p : q);
    case SOMA_BINARY_MINIMUM:
        COMBINE(p < q || p != p ? p : q);
    default:
        COMBINE(p + q);
    }
}

static void put_task(const soma_call *call, const soma_cpu_plan *plan, size_t task, uint32_t thread) {
    (void)thread;
    const soma_view *x = &call->view[0], *out = &call->view[2];
    const size_t steps = x->shape[1], rows = out->shape[1], width = x->shape[2];
    const int32_t *index = soma_cpu_data(&call->view[1]);
    const float *from = soma_cpu_floats(x);
    float *table = soma_cpu_floats(out);
    const soma_range own = soma_cpu_even_part(task, out->shape[0] * rows, plan->phase[0].tasks);
    for (size_t sample = own.begin / rows; sample * rows < own.end; sample++) {
        const size_t before = sample * rows, begin = own.begin > before ? own.begin - before : 0,
                     end = SOMA_MIN(own.end - before, rows);
        for (size_t i = sample * steps; i < (sample + 1) * steps; i++) {
            const size_t row = (size_t)(ptrdiff_t)index[i]; /* a negative number becomes one that no table reaches */
            if (row >= begin && row < end)
                put_row(&call->params.put, from + i * width, width, table + (before + row) * width);
        }
    }
}

SOMA_CPU_PLANNER(put) {
    const soma_view *x = &call->view[0], *out = &call->view[2];
    if (x->dtype != SOMA_F32 || out->dtype != SOMA_F32) return SOMA_UNSUPPORTED;
    plan->nanoseconds = 0.2 * (double)soma_view_count(x) + 3.0 * (double)(x->shape[0] * x->shape[1]);
    if (soma_view_count(x) && soma_view_count(out))
        soma_cpu_add_phase(plan, put_task, SOMA_MIN(soma_cpu_tasks(plan), out->shape[0] * out->shape[1]));
    return SOMA_OK;
}
