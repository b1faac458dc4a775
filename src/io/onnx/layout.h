/* SPDX-License-Identifier: MIT */
/*
 * In which order the elements of a value lie. ONNX has channels before positions, soma behind them; so that no
 * transposition stands between layers, a value is not turned back after each, but remembered to lie in another order,
 * through whatever does not care for it. A layout cuts the elements, in ONNX's order, into dimensions, and says which
 * of them is at each place of the tensor. It is of the elements, not of the value's shape: reshaping leaves it as it
 * is, and transposing a value changes the layout alone.
 */
#ifndef SOMA_IO_ONNX_LAYOUT_H
#define SOMA_IO_ONNX_LAYOUT_H

#include "base/base.h"

/* More dimensions at once than any network's tensor has; a layout of more is not kept. */
#define SOMA_ONNX_MAX_LAYOUT 6

/* Without dimensions of 1, and neighbours that stay neighbours are one: so that equal orders are equal layouts. */
typedef struct soma_onnx_layout {
    uint8_t rank; /* 0: as ONNX has them */
    uint8_t order[SOMA_ONNX_MAX_LAYOUT];
    size_t dim[SOMA_ONNX_MAX_LAYOUT];
} soma_onnx_layout;

/* Of dimensions and an order of them. False where it has too many dimensions. */
bool soma_onnx_layout_make(uint32_t rank, const size_t *dim, const uint32_t *order, soma_onnx_layout *layout);
bool soma_onnx_layout_same(const soma_onnx_layout *a, const soma_onnx_layout *b);

/* The order of these dimensions in a layout of as many elements: order[i] is the one at place i. False where the layout
 * does not keep each in one piece. */
bool soma_onnx_layout_order(const soma_onnx_layout *layout, uint32_t rank, const size_t *dim, uint32_t *order);

/* What the layout is when the value, which has these dimensions, is transposed: dimension i becomes what order[i] was.
 * False where the layout cuts across them. */
bool soma_onnx_layout_transpose(const soma_onnx_layout *layout, uint32_t rank, const size_t *dim, const uint32_t *order,
                                soma_onnx_layout *out);

/* How a tensor in one layout becomes one in another: it is of these dimensions, and they are transposed. */
typedef struct soma_onnx_turn {
    uint32_t rank; /* up to 1: nothing is to be done */
    size_t dim[2 * SOMA_ONNX_MAX_LAYOUT];
    uint32_t axis[2 * SOMA_ONNX_MAX_LAYOUT]; /* dimension i of the result is axis[i] of these */
} soma_onnx_turn;
/* False where it takes more than one transposition: by way of ONNX's order. */
bool soma_onnx_layout_turn(const soma_onnx_layout *from, const soma_onnx_layout *to, size_t count,
                           soma_onnx_turn *turn);

#endif
