/* SPDX-License-Identifier: MIT */
/* Finds pictures in shapes, and their pixels in numbers. */
#include "picture.h"
#include <math.h>

static bool is_channels(size_t size) {
    return size == 1 || size == 3;
}

bool picture_from_shape(uint32_t rank, const size_t *shape, struct picture *picture) {
    if (rank == 2 || (rank == 3 && is_channels(shape[2]))) {
        size_t channels = rank == 3 ? shape[2] : 1;
        *picture = (struct picture){shape[0], shape[1], channels, shape[1] * channels, channels, 1};
        return true;
    }
    if (rank != 3 || !is_channels(shape[0])) return false;
    *picture = (struct picture){shape[1], shape[2], shape[0], shape[2], 1, shape[1] * shape[2]};
    return true;
}

static double at(const struct picture *picture, const float *values, size_t row, size_t column, size_t channel) {
    return (double)values[row * picture->row + column * picture->column + channel * picture->channel];
}

void picture_range(const struct picture *picture, const float *values, double *low, double *high) {
    *low = INFINITY, *high = -INFINITY;
    for (size_t i = 0; i < picture->height * picture->width * picture->channels; i++) {
        size_t place = i / picture->channels;
        double value = at(picture, values, place / picture->width, place % picture->width, i % picture->channels);
        if (!isfinite(value)) continue;
        if (value < *low) *low = value;
        if (value > *high) *high = value;
    }
}

double picture_mean(const struct picture *picture, const float *values, size_t row, size_t column, size_t channel,
                    size_t height, size_t width) {
    double sum = 0;
    size_t count = 0;
    for (size_t y = row; y < row + height && y < picture->height; y++)
        for (size_t x = column; x < column + width && x < picture->width; x++, count++)
            sum += at(picture, values, y, x, channel);
    return sum / (double)count;
}
