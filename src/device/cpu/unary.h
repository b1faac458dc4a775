/* SPDX-License-Identifier: MIT */
/* What functions and their gradients share: each element by itself. */
#ifndef SOMA_DEVICE_CPU_UNARY_H
#define SOMA_DEVICE_CPU_UNARY_H

#include "device/cpu/kernels.h"

/* Of an element: 0.08 for relu, 0.45 for tanh. */
#define NANOSECONDS 0.3

static inline soma_status plan_chunks(const soma_call *call, soma_cpu_plan *plan, soma_cpu_task *run,
                                      const soma_view *out) { /* the last view */
    if ((unsigned)call->params.unary.function >= SOMA_FUNCTION_COUNT || out->dtype != SOMA_F32) return SOMA_UNSUPPORTED;
    size_t count = soma_view_count(out);
    soma_cpu_add_chunks(plan, run, count, (1u << call->view_count) - 1, 0);
    plan->nanoseconds = NANOSECONDS * (double)count;
    return SOMA_OK;
}

#endif
