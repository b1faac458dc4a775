/* SPDX-License-Identifier: MIT */
/*
 * What the example that reads writing does with pixels: reads a picture, finds what hangs together, cuts boxes out; and
 * what it makes of a model's scores.
 */
#ifndef SOMA_EXAMPLES_PICTURE_H
#define SOMA_EXAMPLES_PICTURE_H

#include <math.h>
#include <soma/soma.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct picture {
    float *pixels; /* [height, width, 3] of 0 to 1; to be freed */
    size_t height, width;
} picture;
typedef struct box {
    double left, top, right, bottom;
} box;

static soma_status read_picture(const char *path, picture *read) {
    soma_dataset *file = NULL, *none = NULL;
    soma_dataset_info info;
    soma_status status = soma_dataset_from_images(path, NULL, &file, &none);
    if (status == SOMA_OK) {
        soma_dataset_get_info(file, &info);
        read->height = info.input_shape[0][0], read->width = info.input_shape[0][1];
        read->pixels = malloc(read->height * read->width * 3 * sizeof *read->pixels);
        status = read->pixels ? soma_dataset_read_input(file, 0, 0, 1, read->pixels) : SOMA_OUT_OF_MEMORY;
    }
    soma_dataset_destroy(file);
    soma_dataset_destroy(none);
    return status;
}

/* Between the four pixels around a place; beyond the edges the picture goes on as it is there. */
static double pixel_at(const picture *from, double y, double x, size_t channel) {
    const double top = y < 0 ? 0 : y > (double)from->height - 1 ? (double)from->height - 1 : y;
    const double left = x < 0 ? 0 : x > (double)from->width - 1 ? (double)from->width - 1 : x;
    const size_t i = (size_t)top, j = (size_t)left, below = i + 1 < from->height, right = j + 1 < from->width;
    const double v = top - (double)i, u = left - (double)j;
    const float *p = from->pixels + (i * from->width + j) * 3 + channel, *q = p + below * from->width * 3;
    return (1 - v) * ((1 - u) * p[0] + u * p[right * 3]) + v * ((1 - u) * q[0] + u * q[right * 3]);
}

/* How many times as wide as high the longest box is; 1 at least. */
static double longest_box(const box *boxes, size_t count) {
    double most = 1;
    for (size_t i = 0; i < count; i++)
        most = fmax(most, (boxes[i].right - boxes[i].left) / (boxes[i].bottom - boxes[i].top));
    return most;
}

/*
 * What is in each box, [count, 3, height, width] of -1 to 1, blue first, to be freed: stretched to the height, as wide
 * as that makes it and the width has room for, 0 behind it. turned[count, 2], if there is one: how likely a box stands
 * upright, and upside down; those that do the latter are turned.
 */
static float *cut_boxes(const picture *from, const box *boxes, size_t count, const float *turned, size_t height,
                        size_t width) {
    float *cut = calloc(count * 3 * height * width, sizeof *cut), *to = cut;
    for (size_t i = 0; i < count && cut; i++) {
        const box b = boxes[i];
        const bool turn = turned && turned[2 * i + 1] > 0.9F;
        const double h = b.bottom - b.top, w = b.right - b.left;
        const double columns = fmin(ceil((double)height * w / h), (double)width);
        for (size_t row = 0; row < 3 * height; row++, to += width)
            for (size_t x = 0; (double)x < columns; x++) {
                const double v = ((double)(row % height) + 0.5) / (double)height, u = ((double)x + 0.5) / columns;
                const double top = b.top + h * (turn ? 1 - v : v) - 0.5, left = b.left + w * (turn ? 1 - u : u) - 0.5;
                to[x] = (float)(2 * pixel_at(from, top, left, 2 - row / height) - 1);
            }
    }
    return cut;
}

/*
 * Boxes around what hangs together in map[height, width], where it is above 0.3, in the order of their tops; they are
 * wider by what such maps leave out of a line of writing. *boxes is to be freed; returns how many there are.
 */
static size_t find_boxes(float *map, size_t height, size_t width, box **boxes) {
    size_t count = 0, *stack = malloc(height * width * sizeof *stack);
    *boxes = NULL;
    for (size_t start = 0; start < height * width && stack; start++) {
        if (map[start] <= 0.3F) continue;
        box b = {(double)width, (double)height, 0, 0};
        size_t waiting = 0;
        for (map[stack[waiting++] = start] = 0; waiting;) {
            const size_t i = stack[--waiting], x = i % width, y = i / width;
            b = (box){fmin(b.left, (double)x), fmin(b.top, (double)y), fmax(b.right, (double)x + 1),
                      fmax(b.bottom, (double)y + 1)};
            const size_t next[] = {x ? i - 1 : i, x + 1 < width ? i + 1 : i, y ? i - width : i,
                                   y + 1 < height ? i + width : i};
            for (int k = 0; k < 4; k++)
                if (map[next[k]] > 0.3F) map[stack[waiting++] = next[k]] = 0;
        }
        const double w = b.right - b.left, h = b.bottom - b.top, more = 1.6 * w * h / (2 * (w + h));
        box *longer = w < 3 || h < 3 ? NULL : realloc(*boxes, (count + 1) * sizeof **boxes);
        if (!longer) continue;
        *boxes = longer;
        longer[count++] = (box){b.left - more, b.top - more, b.right + more, b.bottom + more};
    }
    free(stack);
    return count;
}

/* Of each step the likeliest character, once where it stays the same: 0 is none, 1 the first line of `characters`. */
static void print_line(const char *characters, const float *scores, const size_t said[]) {
    for (size_t step = 0, last = 0, best; step < said[0]; step++, scores += said[1], last = best) {
        const char *at = characters;
        best = 0;
        for (size_t i = 1; i < said[1]; i++) best = scores[i] > scores[best] ? i : best;
        for (size_t i = 1; i < best; i++) at += strcspn(at, "\n") + 1;
        if (best && best != last) printf("%.*s", (int)strcspn(at, "\n"), at);
    }
    printf("\n");
}

#endif
