/* SPDX-License-Identifier: MIT */
/* Pictures of one size out of pictures of any. */
#include "io/image/image.h"

#include <math.h>
#include <string.h>

/* A piece of a line of `whole` pixels, which may begin and end inside one, that becomes `pixels` pixels. */
typedef struct span {
    double start, length;
    size_t whole, pixels;
} span;

/* The pixels of the line that output pixel `at` is made of, with their weights; returns how many, from *first on. */
static size_t weigh(const span *along, size_t at, double *weight, size_t *first) {
    double scale = along->length / (double)along->pixels, radius = fmax(1.0, scale);
    double centre = along->start + ((double)at + 0.5) * scale;
    double begin = fmax(0.0, floor(centre - radius)), end = fmin((double)along->whole, ceil(centre + radius));
    size_t count = (size_t)(end - begin);
    double sum = 0.0;
    *first = (size_t)begin;
    for (size_t i = 0; i < count; i++) {
        double distance = fabs(begin + (double)i + 0.5 - centre) / radius;
        weight[i] = fmax(0.0, 1.0 - distance);
        sum += weight[i];
    }
    for (size_t i = 0; i < count; i++) weight[i] /= sum;
    return count;
}

static size_t most_weights(const span *along) {
    return (size_t)(2.0 * fmax(1.0, along->length / (double)along->pixels)) + 3;
}

/* Rows first: out[picture height, columns->pixels, channels]. */
static void scale_rows(const soma_picture *picture, const span *columns, double *weight, float *out) {
    size_t channels = picture->channels;
    for (size_t x = 0; x < columns->pixels; x++) {
        size_t first, count = weigh(columns, x, weight, &first);
        for (size_t y = 0; y < picture->height; y++) {
            const uint8_t *from = picture->pixels + (y * picture->width + first) * channels;
            float *to = out + (y * columns->pixels + x) * channels;
            for (size_t c = 0; c < channels; c++) {
                double sum = 0.0;
                for (size_t i = 0; i < count; i++) sum += weight[i] * from[i * channels + c];
                to[c] = (float)sum;
            }
        }
    }
}

/* `line`: elements of a row of `pixels`, which may have more than the part that is written. */
static void scale_columns(const float *rows, const span *lines, size_t width, double *weight, uint8_t *pixels,
                          size_t line) {
    for (size_t y = 0; y < lines->pixels; y++) {
        size_t first, count = weigh(lines, y, weight, &first);
        for (size_t j = 0; j < width; j++) {
            double sum = 0.0;
            for (size_t i = 0; i < count; i++) sum += weight[i] * (double)rows[(first + i) * width + j];
            pixels[y * line + j] = (uint8_t)lrint(fmin(255.0, fmax(0.0, sum)));
        }
    }
}

static soma_status scale(const soma_picture *picture, const span *lines, const span *columns, uint8_t *pixels,
                         size_t line) {
    size_t width = columns->pixels * picture->channels, count;
    float *rows = soma_multiply_size(picture->height, width, &count) ? soma_calloc(count, sizeof *rows) : NULL;
    double *weight = soma_calloc(SOMA_MAX(most_weights(lines), most_weights(columns)), sizeof *weight);
    if (rows && weight) {
        scale_rows(picture, columns, weight, rows);
        scale_columns(rows, lines, width, weight, pixels, line);
    }
    soma_status status =
        rows && weight ? SOMA_OK : soma_out_of_memory(picture->height * width * sizeof *rows, "scaling a picture");
    soma_free(rows);
    soma_free(weight);
    return status;
}

/* Of a picture whose proportions are not those wanted: `less` pixels of `whole` remain, from the middle. */
static span middle(size_t whole, double length, size_t pixels) {
    return (span){((double)whole - length) / 2.0, length, whole, pixels};
}

soma_status soma_picture_fit(const soma_picture *picture, soma_image_fit fit, size_t height, size_t width,
                             uint8_t *pixels) {
    size_t line = width * picture->channels;
    double tall = (double)picture->height, wide = (double)picture->width;
    span lines = {0.0, tall, picture->height, height}, columns = {0.0, wide, picture->width, width};
    if (picture->height == height && picture->width == width) {
        memcpy(pixels, picture->pixels, height * line);
        return SOMA_OK;
    }
    double by_height = (double)height / tall, by_width = (double)width / wide;
    if (fit == SOMA_FIT_CROP) {
        double factor = fmax(by_height, by_width);
        lines = middle(picture->height, fmin(tall, (double)height / factor), height);
        columns = middle(picture->width, fmin(wide, (double)width / factor), width);
    } else if (fit == SOMA_FIT_PAD) {
        double factor = fmin(by_height, by_width);
        lines.pixels = SOMA_MIN(height, SOMA_MAX((size_t)1, (size_t)lrint(tall * factor)));
        columns.pixels = SOMA_MIN(width, SOMA_MAX((size_t)1, (size_t)lrint(wide * factor)));
        memset(pixels, 0, height * line);
        pixels += (height - lines.pixels) / 2 * line + (width - columns.pixels) / 2 * picture->channels;
    }
    return scale(picture, &lines, &columns, pixels, line);
}
