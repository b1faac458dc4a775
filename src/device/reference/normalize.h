/* SPDX-License-Identifier: MIT */
/* The elements [outer, inner, groups, c] over which NORMALIZE takes its figures. */
#ifndef SOMA_DEVICE_REFERENCE_NORMALIZE_H
#define SOMA_DEVICE_REFERENCE_NORMALIZE_H

#include "device/reference/reference.h"

/* What belongs to one (outer, group): `count` elements. */
typedef struct part {
    const size_t *shape; /* of x */
    size_t outer, group, count;
} part;

static inline part part_of(const soma_view *x, size_t index) {
    const size_t *shape = x->shape;
    return (part){shape, index / shape[2], index % shape[2], shape[1] * shape[3]};
}

/* The channel of element i of the part, of groups c. */
static inline size_t part_channel(const part *p, size_t i) {
    return p->group * p->shape[3] + i % p->shape[3];
}

/* Where element i lies in x. */
static inline size_t part_position(const part *p, size_t i) {
    size_t row = p->outer * p->shape[1] + i / p->shape[3];
    return row * p->shape[2] * p->shape[3] + part_channel(p, i);
}

static inline double part_get(const part *p, const soma_view *view, size_t i) {
    return soma_element_get(view, part_position(p, i));
}

/* An element of an optional view, or what stands for it. */
static inline double get_or(const soma_view *view, size_t index, double otherwise) {
    return soma_view_present(view) ? soma_element_get(view, index) : otherwise;
}

#endif
