/* SPDX-License-Identifier: MIT */
/* The windows of pooling along each dimension, worked out when a call is planned. */
#ifndef SOMA_DEVICE_CPU_POOL_H
#define SOMA_DEVICE_CPU_POOL_H

#include "device/cpu/rows.h"
#include "kernels/window.h"

/* What lies inside x of a window along one dimension. */
typedef struct span {
    int32_t place;   /* the first place in x */
    int32_t count;   /* of places in x */
    int32_t divisor; /* this dimension's share of that of an average */
} span;

typedef struct pool_plan {
    size_t channels;
    int32_t in[3], out[3];
    size_t step[3];   /* in x, from a place of a window to the next one */
    size_t stride[3]; /* in x, from a place to its neighbour */
    size_t part;      /* of what a task does */
    const span *of[3];
    span spans[]; /* out[0] + out[1] + out[2] */
} pool_plan;

static inline void fill_spans(const soma_pool_params *params, int dimension, int32_t in, int32_t out, span *spans) {
    int32_t size = (int32_t)params->size[dimension], dilation = (int32_t)params->dilation[dimension];
    for (int32_t q = 0; q < out; q++) {
        int32_t start = q * (int32_t)params->stride[dimension] - params->before[dimension];
        int32_t first = soma_window_first(start, dilation), end = soma_window_end(start, dilation, size, in);
        int32_t count = SOMA_MAX(end - first, 0),
                padded = soma_window_end(start, dilation, size, in + params->after[dimension]);
        spans[q] = (span){start + first * dilation, count, params->count_padding ? padded : count};
    }
}

/* Of a call whose image and result are these views; NULL without memory. */
static inline pool_plan *pool_plan_of(const soma_pool_params *params, const soma_view *x, const soma_view *y) {
    size_t spans = y->shape[1] + y->shape[2] + y->shape[3], bytes = sizeof(pool_plan) + spans * sizeof(span);
    pool_plan *p = soma_malloc(bytes);
    if (!p) {
        soma_out_of_memory(bytes, "the plan of a pooling");
        return NULL;
    }
    p->channels = x->shape[4];
    span *next = p->spans;
    for (int i = 0; i < 3; i++) {
        p->in[i] = (int32_t)x->shape[1 + i];
        p->out[i] = (int32_t)y->shape[1 + i];
        p->stride[i] = x->stride[1 + i];
        p->step[i] = params->dilation[i] * x->stride[1 + i];
        fill_spans(params, i, p->in[i], p->out[i], next);
        p->of[i] = next;
        next += p->out[i];
    }
    return p;
}

/* A window, from its first place inside x on. */
typedef struct window {
    int32_t count[3];
    size_t first; /* that place's first channel, in a sample of x */
    float divisor;
} window;

SOMA_MATH window window_at(const pool_plan *p, int32_t q0, int32_t q1, int32_t q2) {
    const span *s[3] = {&p->of[0][q0], &p->of[1][q1], &p->of[2][q2]};
    window w = {.divisor = 1.0f};
    float divisor = 1.0f;
    bool any = true;
    for (int i = 0; i < 3; i++) {
        w.count[i] = s[i]->count;
        any = any && s[i]->count > 0;
        divisor *= (float)s[i]->divisor;
    }
    /* Without any place there is none to begin at. */
    for (int i = 0; any && i < 3; i++) w.first += (size_t)s[i]->place * p->stride[i];
    if (divisor > 0.0f) w.divisor = divisor;
    return w;
}

#endif
