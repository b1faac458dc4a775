/* SPDX-License-Identifier: MIT */
/* The windows of pooling, place by place. */
#ifndef SOMA_DEVICE_REFERENCE_POOL_H
#define SOMA_DEVICE_REFERENCE_POOL_H

#include "device/reference/reference.h"

/* A window: all channels of x at its places; they are numbered as the elements of [size0, size1, size2]. */
typedef struct window {
    const soma_pool_params *params;
    const soma_view *x; /* its shape alone counts */
    size_t sample;
    int64_t start[3]; /* its first place, which may lie in the padding */
    size_t places;
} window;

/* Window number `index` of those of all samples, in the order of y. */
static inline window window_of(const soma_pool_params *params, const soma_view *x, const soma_view *y, size_t index) {
    window w = {.params = params, .x = x, .places = 1};
    for (int i = 2; i >= 0; i--) {
        w.start[i] = (int64_t)(index % y->shape[1 + i]) * params->stride[i] - params->before[i];
        index /= y->shape[1 + i];
        w.places *= params->size[i];
    }
    w.sample = index;
    return w;
}

static inline size_t window_count(const soma_view *y) {
    return y->shape[0] * y->shape[1] * y->shape[2] * y->shape[3];
}

/* Whether place number k lies inside x, or, with `padded`, inside its padding too; then *first is its first channel. */
static inline bool window_place(const window *w, size_t k, bool padded, size_t *first) {
    bool inside = true;
    int64_t place[3];
    for (int i = 2; i >= 0; i--) {
        int64_t before = padded ? w->params->before[i] : 0, after = padded ? w->params->after[i] : 0;
        place[i] = w->start[i] + (int64_t)(k % w->params->size[i]) * w->params->dilation[i];
        inside = inside && place[i] >= -before && place[i] < (int64_t)w->x->shape[1 + i] + after;
        k /= w->params->size[i];
    }
    if (inside && !padded) {
        *first = w->sample;
        for (int i = 0; i < 3; i++) *first = *first * w->x->shape[1 + i] + (size_t)place[i];
        *first *= w->x->shape[4];
    }
    return inside;
}

/* By what the sum of an average is divided. */
static inline double window_divisor(const window *w) {
    size_t count = 0, first;
    for (size_t k = 0; k < w->places; k++) count += window_place(w, k, w->params->count_padding, &first);
    return (double)SOMA_MAX(count, 1u);
}

#endif
