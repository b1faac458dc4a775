/* SPDX-License-Identifier: MIT */
/* Elements of a view in host memory, of any dtype, as float64. */
#ifndef SOMA_DEVICE_ELEMENT_H
#define SOMA_DEVICE_ELEMENT_H

#include <math.h>
#include <soma/device.h>

/* An element's distance from the first one, counted in elements; `index` counts in row-major order. */
static inline size_t soma_element_position(const soma_view *view, size_t index) {
    size_t position = 0;
    for (uint32_t i = view->rank; i-- > 0;) {
        position += index % view->shape[i] * view->stride[i];
        index /= view->shape[i];
    }
    return position;
}

/* Positions from the first element to the last, gaps included; 0 for a view without elements. */
static inline size_t soma_view_positions(const soma_view *view) {
    if (soma_view_count(view) == 0) return 0;
    size_t last = 0;
    for (uint32_t i = 0; i < view->rank; i++) last += (view->shape[i] - 1) * view->stride[i];
    return last + 1;
}

/* Bytes that a view spans, gaps included; 0 for an absent or empty view. */
static inline size_t soma_view_span(const soma_view *view) {
    return soma_view_positions(view) * soma_dtype_size(view->dtype);
}

/* The element at a position of soma_element_position(); for contiguous views that is its index. */
static inline double soma_element_get(const soma_view *view, size_t position) {
    const void *first = (const char *)view->memory + view->offset;
    switch (view->dtype) {
    case SOMA_F32:
        return (double)((const float *)first)[position];
    case SOMA_F64:
        return ((const double *)first)[position];
    case SOMA_U8:
        return ((const uint8_t *)first)[position];
    case SOMA_I32:
        return ((const int32_t *)first)[position];
    default:
        return NAN;
    }
}

/* Truncates towards 0; what an integer can't hold becomes the nearest it can, NaN becomes 0. */
static inline double soma_truncate(double value, double least, double most) {
    if (isnan(value)) return 0.0;
    return value < least ? least : value > most ? most : trunc(value);
}

static inline void soma_element_set(const soma_view *view, size_t position, double value) {
    void *first = (char *)view->memory + view->offset;
    switch (view->dtype) {
    case SOMA_F32:
        ((float *)first)[position] = (float)value;
        break;
    case SOMA_F64:
        ((double *)first)[position] = value;
        break;
    case SOMA_U8:
        ((uint8_t *)first)[position] = (uint8_t)soma_truncate(value, 0.0, UINT8_MAX);
        break;
    case SOMA_I32:
        ((int32_t *)first)[position] = (int32_t)soma_truncate(value, INT32_MIN, INT32_MAX);
        break;
    default:
        break;
    }
}

#endif
