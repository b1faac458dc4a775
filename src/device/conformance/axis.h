/* SPDX-License-Identifier: MIT */
/* Shapes [outer, axis, inner], and the lines along their axis. */
#ifndef SOMA_DEVICE_CONFORMANCE_AXIS_H
#define SOMA_DEVICE_CONFORMANCE_AXIS_H

#include "device/conformance/shapes.h"

static const size_t axis_shapes[][3] = {
    {1, 1, 1},    {1, 7, 1},    {5, 1, 3},    {7, 1, 1},     {3, 31, 1},   {2, 13, 5},   {1, 131, 13},
    {61, 2, 5},   {13, 3, 127}, {127, 10, 1}, {131, 61, 1},  {1, 1, 1000}, {2, 1000, 1}, {1, 128, 257},
    {257, 64, 1}, {1, 4099, 1}, {3, 1031, 2}, {1, 65537, 1}, {0, 3, 2},    {3, 0, 2},    {3, 2, 0},
};
#define AXIS_SHAPE_COUNT SOMA_COUNT_OF(axis_shapes)

/* The elements along the axis of line `index`, where lines are numbered as the elements of [outer, inner]. */
typedef struct line {
    size_t first, step, count;
} line;

static inline line line_of(const soma_view *x, size_t index) {
    size_t axis = x->shape[1], inner = x->shape[2];
    return (line){index / inner * axis * inner + index % inner, inner, axis};
}

static inline size_t line_count(const soma_view *x) {
    return x->shape[0] * x->shape[2];
}

#endif
