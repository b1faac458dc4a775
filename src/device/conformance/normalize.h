/* SPDX-License-Identifier: MIT */
/* Shapes [outer, inner, groups, c], and the elements of each (outer, group). */
#ifndef SOMA_DEVICE_CONFORMANCE_NORMALIZE_H
#define SOMA_DEVICE_CONFORMANCE_NORMALIZE_H

#include "device/conformance/shapes.h"

/* As batches, layers, groups and instances have them; one element, one row, none; odd, prime, wide, long. */
static const size_t normalize_shapes[][4] = {
    {1, 1, 1, 1},     {1, 2, 1, 1},     {1, 7, 3, 1},     {1, 1, 5, 1},     {1, 31, 13, 1},   {1, 131, 61, 1},
    {1, 1031, 7, 1},  {1, 300, 257, 1}, {1, 4099, 16, 1}, {1, 20011, 3, 1}, {1, 64, 1031, 1}, {1, 0, 5, 1},
    {1, 5, 0, 1},     {5, 1, 1, 7},     {61, 1, 1, 10},   {13, 1, 1, 131},  {3, 1, 1, 1031},  {257, 1, 1, 64},
    {2, 1, 1, 20011}, {4, 1, 1, 1},     {0, 1, 1, 5},     {3, 13, 4, 5},    {2, 31, 2, 16},   {5, 1, 3, 7},
    {2, 61, 8, 1},    {7, 49, 13, 1},   {3, 31, 1, 5},    {2, 100, 1, 64},  {2, 4099, 2, 3},  {3, 0, 2, 2},
    {2, 3, 4, 0},     {31, 4, 2, 3},    {1, 97, 96, 1},   {1, 97, 48, 1},   {2, 33, 10, 16},
};
#define NORMALIZE_SHAPE_COUNT SOMA_COUNT_OF(normalize_shapes)

typedef struct part {
    const size_t *shape;
    size_t index, outer, group, count;
} part;

static inline part part_of(const soma_view *x, size_t index) {
    const size_t *shape = x->shape;
    return (part){shape, index, index / shape[2], index % shape[2], shape[1] * shape[3]};
}

static inline size_t part_channel(const part *p, size_t i) {
    return p->group * p->shape[3] + i % p->shape[3];
}

static inline size_t part_position(const part *p, size_t i) {
    return ((p->outer * p->shape[1] + i / p->shape[3]) * p->shape[2] + p->group) * p->shape[3] + i % p->shape[3];
}

static inline soma_bounded given_or(const soma_view *view, size_t index, double otherwise) {
    return soma_view_present(view) ? soma_given(view, index) : soma_exact(otherwise);
}

static inline soma_view view_if(bool present, size_t count) {
    return present ? SOMA_F32_VIEW(count) : soma_view_absent();
}

#endif
