/* SPDX-License-Identifier: MIT */
/* Windows that move over images of up to three dimensions: the loops of convolution and pooling. */
#ifndef SOMA_IO_C_WINDOW_H
#define SOMA_IO_C_WINDOW_H

#include "io/c/writer.h"

/* In the devices' order: depth, height, width. */
typedef struct soma_c_window {
    size_t image[3], result[3], size[3];
    size_t stride[3], dilation[3];
    int64_t before[3];
} soma_c_window;

/* The loops over the result's positions; returns the depth inside. */
unsigned soma_c_put_positions(soma_c_writer *writer, const soma_c_window *window);
/* Those over the window's places, but for the last `joined` dimensions, with the places of the image that they meet;
 * those outside are passed over. */
unsigned soma_c_put_places(soma_c_writer *writer, const soma_c_window *window, unsigned depth, uint32_t joined);
/* The same where the image is spread over the result, as in a transposed convolution. */
unsigned soma_c_put_spread_places(soma_c_writer *writer, const soma_c_window *window, unsigned depth);
/* The number of the position in the result, of the place in the image, and in the window, where the last `joined`
 * dimensions begin: "(row * 8 + column)". */
soma_c_expression soma_c_position(const soma_c_window *window);
soma_c_expression soma_c_image_place(const soma_c_window *window);
soma_c_expression soma_c_window_place(const soma_c_window *window, uint32_t joined);
/* Whether some window reaches past the image along a dimension. */
bool soma_c_reaches_out(const soma_c_window *window, uint32_t dimension);

#endif
