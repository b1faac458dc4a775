/* SPDX-License-Identifier: MIT */
/* The lines along the axis of [outer, axis, inner], for the reference. */
#ifndef SOMA_DEVICE_REFERENCE_LINE_H
#define SOMA_DEVICE_REFERENCE_LINE_H

#include "device/reference/reference.h"

/* The elements of one line along the axis: first, first + step, ... */
typedef struct line {
    size_t first, step, count;
} line;

/* Line number `index` of x [outer, axis, inner]; lines are numbered as the elements of [outer, inner]. */
static inline line line_of(const soma_view *x, size_t index) {
    size_t axis = x->shape[1], inner = x->shape[2];
    return (line){index / inner * axis * inner + index % inner, inner, axis};
}

static inline double line_get(const soma_view *x, line along, size_t i) {
    return soma_element_get(x, along.first + i * along.step);
}

/* NaN where an element is. */
static inline double line_extreme(const soma_view *x, line along, bool largest) {
    double extreme = largest ? -INFINITY : INFINITY;
    for (size_t i = 0; i < along.count; i++) {
        double value = line_get(x, along, i);
        if (isnan(value)) return value;
        if (largest ? value > extreme : value < extreme) extreme = value;
    }
    return extreme;
}

#endif
