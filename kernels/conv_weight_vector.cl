/* SPDX-License-Identifier: MIT */
/*
 * The gradient with respect to a convolution's weights on processors: with packed windows as columns of the left operand and dy as the right one. A
 * group has one part of the window, a block of filters and a share of the results, of which it packs POSITIONS at a time. A part is at most
 * WINDOW elements.
 */
#include "conv_vector.cl"

#define WINDOW_PITCH (WINDOW + WIDTH)

#define TILE wide
#define TILE_ROWS WIDE_ROWS
#define TILE_VECTORS 2
#include "conv_weight_vector.h"

#define TILE narrow
#define TILE_ROWS NARROW_ROWS
#define TILE_VECTORS 1
#include "conv_weight_vector.h"
