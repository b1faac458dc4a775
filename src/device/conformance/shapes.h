/* SPDX-License-Identifier: MIT */
/* Sizes and values that the tables of cases share. */
#ifndef SOMA_DEVICE_CONFORMANCE_SHAPES_H
#define SOMA_DEVICE_CONFORMANCE_SHAPES_H

#include "device/conformance/suite.h"

/* For primitives that treat each element by itself: nothing, one, primes below and above vector and work-group widths,
 * several ranks. */
static const struct soma_flat_shape {
    uint32_t rank;
    size_t shape[SOMA_MAX_RANK];
} soma_flat_shapes[] = {
    {1, {0}},    {1, {1}},       {1, {2}},       {1, {3}},          {1, {5}},          {1, {7}},
    {1, {13}},   {1, {31}},      {1, {61}},      {1, {127}},        {1, {131}},        {1, {256}},
    {1, {1000}}, {1, {4099}},    {1, {65537}},   {2, {31, 13}},     {2, {1, 7}},       {2, {7, 1}},
    {2, {0, 5}}, {3, {5, 7, 3}}, {3, {4, 0, 6}}, {4, {3, 2, 5, 4}}, {4, {1, 1, 1, 1}}, {5, {2, 3, 1, 5, 2}},
};
#define SOMA_FLAT_SHAPE_COUNT (sizeof soma_flat_shapes / sizeof *soma_flat_shapes)

static inline soma_view soma_flat_view(size_t index) {
    return soma_view_shaped(SOMA_F32, soma_flat_shapes[index].rank, soma_flat_shapes[index].shape);
}

static const float soma_specials[] = {NAN, INFINITY, -INFINITY};
#define SOMA_SPECIAL_COUNT 3

/* The element of a contiguous view, as a number that the device has exactly. */
static inline soma_bounded soma_given(const soma_view *view, size_t index) {
    return soma_exact(soma_element_get(view, index));
}

#endif
