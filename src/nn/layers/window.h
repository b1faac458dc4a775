/* SPDX-License-Identifier: MIT */
/*
 * What layers over positions have in common: samples are positions in one to three dimensions and, last, channels; a
 * window moves over the positions.
 */
#ifndef SOMA_NN_LAYERS_WINDOW_H
#define SOMA_NN_LAYERS_WINDOW_H

#include "nn/layers/layer.h"

/* As people give it; sizes[rank], strides and dilations of 0 are 1. */
typedef struct soma_window {
    uint32_t rank;
    size_t size[3], stride[3], dilation[3];
    soma_padding padding;
    size_t before[3], after[3]; /* EXPLICIT */
} soma_window;

/* As ops have it: in the devices' three dimensions, of which the last `rank` are the window's; a first one that is not
 * there has size, stride and dilation 1 and no padding. */
typedef struct soma_window_place {
    uint32_t size[3], stride[3], dilation[3];
    int32_t before[3], after[3];
} soma_window_place;

/* How many sizes there are, and of what ("the kernel"); the other arrays have nothing for dimensions past them. */
soma_status soma_window_rank(const char *what, const size_t size[3], const size_t *const *others, size_t count,
                             uint32_t *rank);
/* Checks the numbers, and says where the window stands over x: positions and channels, as soma_layer_channels() makes
 * it. */
soma_status soma_window_resolve(const soma_window *window, const soma_tensor *x, soma_window_place *place);
/* From the first of a window's positions to the last, both counted. */
uint64_t soma_window_reach(const soma_window_place *place, uint32_t dimension);

/* x with channels behind `rank` dimensions of positions: where there are only those, with a channel dimension of 1. */
soma_status soma_layer_channels(soma_tensor *x, uint32_t rank, soma_tensor **out);

/* How many dimensions a layer of a text works over: as many as its word names, else as `sizes` (of which one stands for
 * all), else all but the channels, with a warning where that is a guess. *x gets a channel dimension if it has none. */
soma_status soma_positions_of_text(const soma_clause *clause, uint32_t sizes, soma_tensor **x, uint32_t *rank);
/* valid, same, or what soma_clause_sides() takes. */
soma_status soma_window_padding(const soma_clause *clause, soma_word text, soma_window *window);

#endif
