/* SPDX-License-Identifier: MIT */
/*
 * POOL_GRAD. A task owns a part of a sample of dx: it clears it, then goes through the windows that reach into it, in
 * their order, and adds what each has for its own places. Windows across the border between two tasks are gone through
 * by both.
 */
#include "device/cpu/pool.h"

#include <string.h>

/* The dimension of dx that is cut: the first that is longer than 1. */
static int cut_dimension(const pool_plan *p) {
    return p->in[0] > 1 ? 0 : 1;
}

/* A window, and which of its places along the dimension that is cut belong to the task. */
typedef struct give {
    const pool_plan *p;
    window w;
    int cut;
    int32_t own_begin, own_end;
} give;

/* One vector of channels, of which `lanes` count. dx and x are at the window's first place, dy and y at the window. */
SOMA_MATH void give_largest(const give *g, const float *dy, const float *x, const float *y, float *dx, size_t lanes) {
    const pool_plan *p = g->p;
    soma_vector slope = soma_load_lanes(dy, lanes), largest = soma_load_lanes(y, lanes);
    soma_mask largest_is_nan = soma_vector_is_nan(largest), open = ~(soma_mask){0}; /* lanes that have not met it yet */
    int32_t end[2] = {g->w.count[0], g->w.count[1]}, at[2];
    end[g->cut] = g->own_end;
    for (at[0] = 0; at[0] < end[0]; at[0]++)
        for (at[1] = 0; at[1] < end[1]; at[1]++) {
            size_t place = (size_t)at[0] * p->step[0] + (size_t)at[1] * p->step[1];
            bool own = at[g->cut] >= g->own_begin;
            for (int32_t k = 0; k < g->w.count[2]; k++, place += p->step[2]) {
                soma_vector element = soma_load_lanes(x + place, lanes);
                soma_mask met = open & ((element == largest) | (soma_vector_is_nan(element) & largest_is_nan));
                soma_vector given = (soma_vector)((soma_mask)slope & met);
                open &= ~met;
                if (own) soma_store_lanes(dx + place, soma_load_lanes(dx + place, lanes) + given, lanes);
            }
        }
}

SOMA_MATH void give_shares(const give *g, const float *dy, float *dx, size_t lanes) {
    const pool_plan *p = g->p;
    soma_vector part = soma_load_lanes(dy, lanes) / g->w.divisor;
    int32_t begin[2] = {0}, end[2] = {g->w.count[0], g->w.count[1]};
    begin[g->cut] = g->own_begin;
    end[g->cut] = g->own_end;
    for (int32_t i = begin[0]; i < end[0]; i++)
        for (int32_t j = begin[1]; j < end[1]; j++) {
            float *to = dx + (size_t)i * p->step[0] + (size_t)j * p->step[1];
            for (int32_t k = 0; k < g->w.count[2]; k++, to += p->step[2])
                soma_store_lanes(to, soma_load_lanes(to, lanes) + part, lanes);
        }
}

SOMA_MATH void give_lanes(soma_pool_kind kind, const give *g, const float *dy, const float *x, const float *y,
                          float *dx, size_t c, size_t lanes) {
    if (kind == SOMA_POOL_MAX)
        give_largest(g, dy + c, x + c, y + c, dx + c, lanes);
    else
        give_shares(g, dy + c, dx + c, lanes);
}

SOMA_MATH void give_window(soma_pool_kind kind, const give *g, const float *dy, const float *x, const float *y,
                           float *dx) {
    size_t c = 0, channels = g->p->channels;
    for (; c + SOMA_LANES <= channels; c += SOMA_LANES) give_lanes(kind, g, dy, x, y, dx, c, SOMA_LANES);
    if (c < channels) give_lanes(kind, g, dy, x, y, dx, c, channels - c);
}

/* ------------------------------------------------------------------------------------------------------------ tasks */

/* What a task owns: places [begin, end) along the dimension that is cut, all along the others, of a sample, at which
 * the pointers are. x and y are not read for an average. */
typedef struct share {
    int cut;
    int32_t begin, end;
    const float *dy, *x, *y;
    float *dx;
} share;

static share share_of(const soma_call *call, const pool_plan *p, size_t task) {
    const soma_view *dy = &call->view[0], *dx = &call->view[3];
    int cut = cut_dimension(p);
    size_t parts = soma_cpu_parts((size_t)p->in[cut], p->part), sample = task / parts;
    soma_range range = soma_cpu_part(task % parts, (size_t)p->in[cut], p->part);
    const float *x = soma_cpu_optional(&call->view[1]), *y = soma_cpu_optional(&call->view[2]);
    const float *from = soma_cpu_floats(dy) + sample * dy->stride[0];
    float *own = soma_cpu_floats(dx) + sample * dx->stride[0];
    return (share){cut,
                   (int32_t)range.begin,
                   (int32_t)range.end,
                   from,
                   x ? x + sample * dx->stride[0] : own,
                   y ? y + sample * dy->stride[0] : from,
                   own};
}

/* A row of windows, whose number in the sample is `row`. */
SOMA_MATH void give_row(const soma_pool_params *params, soma_pool_kind kind, const pool_plan *p, const share *s,
                        size_t row) {
    const int32_t q[2] = {(int32_t)(row / (size_t)p->out[1]), (int32_t)(row % (size_t)p->out[1])};
    const span *across = &p->of[s->cut][q[s->cut]];
    int32_t dilation = (int32_t)params->dilation[s->cut];
    give g = {.p = p, .cut = s->cut};
    g.own_begin = soma_window_first(across->place - s->begin, dilation);
    g.own_end = soma_window_end(across->place, dilation, across->count, s->end);
    if (g.own_begin >= g.own_end) return;
    size_t at = row * (size_t)p->out[2] * p->channels;
    for (int32_t q2 = 0; q2 < p->out[2]; q2++, at += p->channels) {
        g.w = window_at(p, q[0], q[1], q2);
        give_window(kind, &g, s->dy + at, s->x + g.w.first, s->y + at, s->dx + g.w.first);
    }
}

SOMA_MATH void give_share(const soma_pool_params *params, soma_pool_kind kind, const pool_plan *p, const share *s) {
    int cut = s->cut;
    int32_t reach = (int32_t)(params->size[cut] - 1) * (int32_t)params->dilation[cut];
    int32_t stride = (int32_t)params->stride[cut], begin[2] = {0}, end[2] = {p->out[0], p->out[1]};
    begin[cut] = soma_window_lowest(s->begin, params->before[cut], stride, reach);
    end[cut] = soma_window_highest(s->end, params->before[cut], stride, p->out[cut]) + 1;
    for (int32_t q0 = begin[0]; q0 < end[0]; q0++)
        for (int32_t q1 = begin[1]; q1 < end[1]; q1++)
            give_row(params, kind, p, s, (size_t)q0 * (size_t)p->out[1] + (size_t)q1);
}

static void pool_grad_task(const soma_call *call, const soma_cpu_plan *plan, size_t task, uint32_t thread) {
    (void)thread;
    const pool_plan *p = plan->detail;
    const soma_pool_params *params = &call->params.pool;
    share s = share_of(call, p, task);
    size_t slice = p->stride[s.cut];
    memset(s.dx + (size_t)s.begin * slice, 0, (size_t)(s.end - s.begin) * slice * sizeof(float));
    if (params->kind == SOMA_POOL_MAX)
        give_share(params, SOMA_POOL_MAX, p, &s);
    else
        give_share(params, SOMA_POOL_AVERAGE, p, &s);
}

SOMA_CPU_PLANNER(pool_grad) {
    const soma_view *dy = &call->view[0], *dx = &call->view[3];
    const soma_pool_params *params = &call->params.pool;
    if ((unsigned)params->kind >= SOMA_POOL_KIND_COUNT || dx->dtype != SOMA_F32) return SOMA_UNSUPPORTED;
    size_t count = soma_view_count(dx);
    if (!count) return SOMA_OK;
    pool_plan *p = pool_plan_of(params, dx, dy);
    if (!p) return SOMA_OUT_OF_MEMORY;
    plan->detail = p;
    int cut = cut_dimension(p);
    p->part = SOMA_MAX((size_t)1, SOMA_CPU_CHUNK / p->stride[cut]);
    soma_cpu_add_phase(plan, pool_grad_task, dx->shape[0] * soma_cpu_parts((size_t)p->in[cut], p->part));
    double places = (double)params->size[0] * params->size[1] * params->size[2];
    plan->nanoseconds = 0.1 * (double)count + 0.25 * places * (double)soma_view_count(dy);
    return SOMA_OK;
}
