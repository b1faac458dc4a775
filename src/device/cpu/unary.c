/* SPDX-License-Identifier: MIT */
/* UNARY: every row of soma/functions.h becomes a vectorised loop. */
#include "device/cpu/unary.h"
#include "device/cpu/gelu.h"

#define X(NAME, name, from_output, f, derivative, ...)                                                                 \
    static void apply_##NAME(const float *px, float *out, size_t count, float a, float b) {                            \
        (void)a, (void)b;                                                                                              \
        SOMA_INDEPENDENT                                                                                               \
        for (size_t i = 0; i < count; i++) {                                                                           \
            real x = px[i];                                                                                            \
            out[i] = f;                                                                                                \
        }                                                                                                              \
    }
SOMA_FUNCTION_TABLE(X)
#undef X

static soma_cpu_function *const functions[SOMA_FUNCTION_COUNT] = {
#define X(NAME, name, from_output, f, derivative, ...) [SOMA_##NAME] = apply_##NAME,
    SOMA_FUNCTION_TABLE(X)
#undef X
};

static void apply_gelu(const float *x, float *out, size_t count, float a, float b) {
    (void)a, (void)b;
    SOMA_INDEPENDENT
    for (size_t i = 0; i < count; i++) out[i] = gelu(x[i]);
}

soma_cpu_function *SOMA_FOR_ISA(soma_cpu_get_function)(soma_function function) {
    if (function == SOMA_GELU) return apply_gelu;
    return (unsigned)function < SOMA_FUNCTION_COUNT ? functions[function] : NULL;
}

static void unary_chunk(const soma_call *call, const soma_cpu_plan *plan, size_t task, uint32_t thread) {
    (void)plan, (void)thread;
    const soma_unary_params *params = &call->params.unary;
    soma_range range = soma_cpu_part(task, soma_view_count(&call->view[1]), SOMA_CPU_CHUNK);
    SOMA_FOR_ISA(soma_cpu_get_function)
    (params->function)(soma_cpu_floats(&call->view[0]) + range.begin, soma_cpu_floats(&call->view[1]) + range.begin,
                       range.end - range.begin, params->a, params->b);
}

SOMA_CPU_PLANNER(unary) {
    return plan_chunks(call, plan, unary_chunk, &call->view[1]);
}
