/* SPDX-License-Identifier: MIT */
/* How the pixels of a picture lie among numbers: those of a sample, or of a filter. */
#ifndef SOMA_TOOLS_PICTURE_H
#define SOMA_TOOLS_PICTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct picture {
    size_t height, width, channels; /* 1: grey; 3: red, green, blue */
    size_t row, column, channel;    /* how far it is to the next of them */
};

#define PICTURE_SHAPES "HEIGHTxWIDTH, HEIGHTxWIDTHx1 or x3, or with the channels first"

/* False for what is no picture. */
bool picture_from_shape(uint32_t rank, const size_t *shape, struct picture *picture);

/* The range of its numbers that are finite; infinity to -infinity where none is. */
void picture_range(const struct picture *picture, const float *values, double *low, double *high);

/* The mean over a part of it, from a row and a column on; a part that reaches over the edge ends there. */
double picture_mean(const struct picture *picture, const float *values, size_t row, size_t column, size_t channel,
                    size_t height, size_t width);

#endif
