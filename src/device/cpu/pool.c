/* SPDX-License-Identifier: MIT */
/* POOL: the largest, or the mean, of windows, by vectors of channels. */
#include "device/cpu/pool.h"

/* The larger one; NaN where one is. */
SOMA_MATH soma_vector larger(soma_vector largest, soma_vector x) {
    return soma_vector_select((x > largest) | soma_vector_is_nan(x), x, largest);
}

/* Vectors of channels that a window is gone through for at once. */
#define VECTORS 4

/* `vectors` vectors of channels, of the last of which `lanes` count; the kind, too, is a constant. */
SOMA_MATH void pool_vectors(soma_pool_kind kind, const pool_plan *p, const window *w, const float *x, float *y,
                            int vectors, size_t lanes) {
    soma_vector result[VECTORS];
    SOMA_UNROLL
    for (int v = 0; v < vectors; v++) result[v] = soma_vector_of(kind == SOMA_POOL_MAX ? -__builtin_inff() : 0.0f);
    for (int32_t i = 0; i < w->count[0]; i++)
        for (int32_t j = 0; j < w->count[1]; j++) {
            const float *from = x + (size_t)i * p->step[0] + (size_t)j * p->step[1];
            for (int32_t k = 0; k < w->count[2]; k++, from += p->step[2]) {
                SOMA_UNROLL
                for (int v = 0; v < vectors; v++) {
                    soma_vector element = soma_load_lanes(from + v * SOMA_LANES, v + 1 < vectors ? SOMA_LANES : lanes);
                    if (kind == SOMA_POOL_MAX)
                        result[v] = larger(result[v], element);
                    else
                        result[v] += element;
                }
            }
        }
    SOMA_UNROLL
    for (int v = 0; v < vectors; v++) {
        if (kind == SOMA_POOL_AVERAGE) result[v] /= w->divisor;
        soma_store_lanes(y + v * SOMA_LANES, result[v], v + 1 < vectors ? SOMA_LANES : lanes);
    }
}

SOMA_MATH void pool_window(soma_pool_kind kind, const pool_plan *p, const window *w, const float *x, float *y) {
    size_t c = 0;
    for (; c + VECTORS * SOMA_LANES <= p->channels; c += VECTORS * SOMA_LANES)
        pool_vectors(kind, p, w, x + c, y + c, VECTORS, SOMA_LANES);
    for (; c + SOMA_LANES <= p->channels; c += SOMA_LANES) pool_vectors(kind, p, w, x + c, y + c, 1, SOMA_LANES);
    if (c < p->channels) pool_vectors(kind, p, w, x + c, y + c, 1, p->channels - c);
}

/* Tasks are groups of rows of y: [n, d', h'] of them. */
static void pool_rows(soma_pool_kind kind, const soma_call *call, const pool_plan *p, soma_range rows) {
    const soma_view *x = &call->view[0], *y = &call->view[1];
    for (size_t row = rows.begin; row < rows.end; row++) {
        size_t plane = row / (size_t)p->out[1];
        int32_t q1 = (int32_t)(row % (size_t)p->out[1]), q0 = (int32_t)(plane % (size_t)p->out[0]);
        const float *from = soma_cpu_floats(x) + plane / (size_t)p->out[0] * x->stride[0];
        float *to = soma_cpu_floats(y) + row * y->stride[2];
        for (int32_t q2 = 0; q2 < p->out[2]; q2++, to += p->channels) {
            window w = window_at(p, q0, q1, q2);
            pool_window(kind, p, &w, from + w.first, to);
        }
    }
}

static void pool_task(const soma_call *call, const soma_cpu_plan *plan, size_t task, uint32_t thread) {
    (void)thread;
    const pool_plan *p = plan->detail;
    const soma_view *y = &call->view[1];
    soma_range rows = soma_cpu_part(task, y->shape[0] * y->shape[1] * y->shape[2], p->part);
    if (call->params.pool.kind == SOMA_POOL_MAX)
        pool_rows(SOMA_POOL_MAX, call, p, rows);
    else
        pool_rows(SOMA_POOL_AVERAGE, call, p, rows);
}

SOMA_CPU_PLANNER(pool) {
    const soma_view *x = &call->view[0], *y = &call->view[1];
    const soma_pool_params *params = &call->params.pool;
    if ((unsigned)params->kind >= SOMA_POOL_KIND_COUNT || x->dtype != SOMA_F32) return SOMA_UNSUPPORTED;
    size_t rows = y->shape[0] * y->shape[1] * y->shape[2], positions = rows * y->shape[3];
    size_t count = positions * y->shape[4];
    if (!count) return SOMA_OK;
    pool_plan *p = pool_plan_of(params, x, y);
    if (!p) return SOMA_OUT_OF_MEMORY;
    plan->detail = p;
    double places = (double)params->size[0] * params->size[1] * params->size[2];
    plan->nanoseconds = 0.08 * places * (double)count + 3.0 * (double)positions;
    p->part = SOMA_MAX((size_t)1, SOMA_CPU_CHUNK / (y->shape[3] * y->shape[4]));
    p->part = SOMA_MIN(p->part, soma_cpu_parts(rows, soma_cpu_tasks(plan)));
    soma_cpu_add_phase(plan, pool_task, soma_cpu_parts(rows, p->part));
    return SOMA_OK;
}
