/* SPDX-License-Identifier: MIT */
/*
 * The gradient with respect to a convolution's weights on processors: elements of the window are the rows of the left operand, its inner dimension
 * runs over the results of a band, at most POSITIONS, and dy is the right one; the two tables of conv_vector.cl change places. A group has one part
 * of the window, a block of filters and a share of the bands. A part is at most WINDOW elements.
 */
#include "conv_vector.cl"

#define TILE wide
#define TILE_ROWS WIDE_ROWS
#define TILE_VECTORS 2
#include "conv_weight_vector.h"

#define TILE narrow
#define TILE_ROWS NARROW_ROWS
#define TILE_VECTORS 1
#include "conv_weight_vector.h"
