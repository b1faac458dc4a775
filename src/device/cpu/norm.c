/* SPDX-License-Identifier: MIT */
/* NORM: in float64, which holds the square of every float32. */
#include "kernels/norm.h"
#include "device/cpu/kernels.h"

/* Of a block of SOMA_CPU_CHUNK elements; they wait in the workspace. */
typedef struct figures {
    double squares;
    double largest; /* NaN is passed over: it is in the sum */
} figures;

/* Up to SOMA_PARTIALS elements; where the count is a constant, by vectors. */
SOMA_MATH void take(const float *x, size_t count, double *restrict squares, float *restrict largest) {
    for (size_t l = 0; l < count; l++) {
        float size = ABS(x[l]);
        squares[l] += (double)size * (double)size;
        largest[l] = size > largest[l] ? size : largest[l];
    }
}

static figures figures_of(const float *x, size_t count) {
    double squares[SOMA_PARTIALS] = {0.0};
    float largest[SOMA_PARTIALS] = {0.0f};
    size_t i = 0;
    for (; i + SOMA_PARTIALS <= count; i += SOMA_PARTIALS) take(x + i, SOMA_PARTIALS, squares, largest);
    take(x + i, count - i, squares, largest);
    for (int half = SOMA_PARTIALS / 2; half; half /= 2)
        for (int l = 0; l < half; l++) {
            squares[l] += squares[l + half];
            largest[l] = SOMA_MAX(largest[l], largest[l + half]);
        }
    return (figures){squares[0], (double)largest[0]};
}

static void norm_task(const soma_call *call, const soma_cpu_plan *plan, size_t task, uint32_t thread) {
    (void)plan, (void)thread;
    soma_range range = soma_cpu_part(task, soma_view_count(&call->view[0]), SOMA_CPU_CHUNK);
    ((figures *)soma_cpu_workspace(call))[task] =
        figures_of(soma_cpu_floats(&call->view[0]) + range.begin, range.end - range.begin);
}

static void join_task(const soma_call *call, const soma_cpu_plan *plan, size_t task, uint32_t thread) {
    (void)task, (void)thread;
    const figures *block = soma_cpu_workspace(call);
    figures all = {0.0, 0.0};
    for (size_t i = 0; i < plan->phase[0].tasks; i++) {
        all.squares += block[i].squares;
        all.largest = SOMA_MAX(all.largest, block[i].largest);
    }
    float factor = SOMA_NORM_FACTOR((float)all.largest), *norm = soma_cpu_floats(&call->view[1]);
    norm[0] = (float)(sqrt(all.squares) * (double)factor);
    norm[1] = factor;
}

SOMA_CPU_PLANNER(norm) {
    const soma_view *x = &call->view[0];
    if (x->dtype != SOMA_F32) return SOMA_UNSUPPORTED;
    size_t count = soma_view_count(x), blocks = SOMA_MAX((size_t)1, soma_cpu_parts(count, SOMA_CPU_CHUNK));
    soma_cpu_add_phase(plan, norm_task, blocks); /* no numbers have a norm too */
    soma_cpu_add_phase(plan, join_task, 1);
    plan->workspace = blocks * sizeof(figures);
    plan->nanoseconds = 0.1 * (double)count;
    return SOMA_OK;
}
