/* SPDX-License-Identifier: MIT */
/* Windows that POOL and its gradient are held to. */
#ifndef SOMA_DEVICE_CONFORMANCE_POOL_H
#define SOMA_DEVICE_CONFORMANCE_POOL_H

#include "device/conformance/shapes.h"

typedef struct pool_row {
    size_t samples, in[3], channels;
    uint32_t size[3], stride[3], dilation[3];
    int32_t before[3], after[3];
    bool ceil; /* a last window that begins in x ends past the padding */
} pool_row;

#define ONE                                                                                                            \
    { 1, 1, 1 }
static const pool_row pool_rows[] = {
    {1, ONE, 1, ONE, ONE, ONE, {0}, {0}, false},
    {2, {1, 4, 4}, 3, {1, 2, 2}, {1, 2, 2}, ONE, {0}, {0}, false},
    {1, {1, 28, 28}, 6, {1, 2, 2}, {1, 2, 2}, ONE, {0}, {0}, false},
    {3, {1, 7, 5}, 1, {1, 3, 3}, {1, 2, 2}, ONE, {0, 1, 1}, {0, 1, 1}, false},
    {2, {1, 13, 11}, 7, {1, 3, 3}, ONE, ONE, {0, 1, 1}, {0, 1, 1}, false},
    {1, {1, 1, 31}, 5, {1, 1, 5}, {1, 1, 2}, ONE, {0}, {0}, false},
    {61, {1, 5, 5}, 2, {1, 2, 3}, {1, 1, 2}, ONE, {0}, {0}, false},
    /* Strides past the window, so that places lie between windows, and a rest at the end. */
    {2, {1, 7, 8}, 4, {1, 2, 2}, {1, 3, 4}, ONE, {0}, {0}, false},
    {1, {1, 3, 9}, 19, ONE, {1, 5, 2}, ONE, {0, 0, 1}, {0}, false},
    {2, {1, 9, 11}, 3, {1, 3, 2}, {1, 1, 2}, {1, 2, 3}, {0, 2, 1}, {0, 1, 2}, false},
    {1, {1, 8, 8}, 17, {1, 2, 2}, {1, 1, 1}, {1, 3, 5}, {0, 3, 0}, {0, 0, 5}, false},
    {2, {1, 6, 7}, 5, {1, 3, 3}, {1, 2, 1}, ONE, {0, 0, 2}, {0, 2, 0}, false},
    /* A last window that ends past the padding. */
    {2, {1, 6, 8}, 3, {1, 3, 3}, {1, 2, 2}, ONE, {0}, {0}, true},
    {1, {1, 6, 9}, 33, {1, 3, 4}, {1, 2, 3}, ONE, {0, 1, 1}, {0, 0, 1}, true},
    {1, {1, 5, 7}, 2, {1, 2, 3}, {1, 2, 2}, {1, 2, 2}, {0, 1, 0}, {0, 1, 2}, true},
    {2, {5, 4, 7}, 5, {2, 3, 2}, {2, 1, 2}, ONE, {1, 1, 0}, {0, 1, 1}, false},
    {1, {9, 3, 3}, 2, {3, 1, 2}, {1, 1, 1}, {2, 1, 1}, {2, 0, 1}, {2, 0, 0}, false},
    /* Windows larger than x, and some in the padding alone. */
    {2, {1, 3, 3}, 4, {1, 5, 5}, ONE, ONE, {0, 2, 2}, {0, 2, 2}, false},
    {1, {1, 2, 2}, 3, ONE, ONE, ONE, {0, 3, 1}, {0, 2, 3}, false},
    {1, {1, 2, 3}, 9, {1, 2, 2}, ONE, {1, 4, 1}, {0, 3, 0}, {0, 3, 0}, false},
    {2, {1, 0, 4}, 3, {1, 2, 2}, ONE, ONE, {0, 1, 0}, {0, 1, 0}, false},
    {2, {1, 2, 2}, 3, {1, 3, 3}, ONE, ONE, {0}, {0}, false},
    {0, {1, 4, 4}, 3, {1, 2, 2}, {1, 2, 2}, ONE, {0}, {0}, false},
    {2, {1, 4, 4}, 0, {1, 2, 2}, {1, 2, 2}, ONE, {0}, {0}, false},
    /* More than one task, group and piece. */
    {2, {1, 33, 35}, 64, {1, 3, 3}, {1, 2, 2}, ONE, {0, 1, 1}, {0, 1, 1}, false},
    {1, {1, 129, 67}, 13, {1, 3, 2}, {1, 2, 1}, ONE, {0}, {0}, false},
    {1, {17, 13, 11}, 31, {3, 3, 3}, {2, 2, 2}, ONE, {1, 1, 1}, {1, 1, 1}, false},
    {3, {1, 7, 7}, 131, {1, 7, 7}, {1, 7, 7}, ONE, {0}, {0}, false},
};

static inline soma_pool_params pool_params_of(const pool_row *row, soma_pool_kind kind, bool count_padding) {
    soma_pool_params params = {.kind = kind, .count_padding = count_padding};
    for (int i = 0; i < 3; i++) {
        params.size[i] = row->size[i];
        params.stride[i] = row->stride[i];
        params.dilation[i] = row->dilation[i];
        params.before[i] = row->before[i];
        params.after[i] = row->after[i];
    }
    return params;
}

static inline soma_view pool_x_of(const pool_row *row) {
    return SOMA_F32_VIEW(row->samples, row->in[0], row->in[1], row->in[2], row->channels);
}

static inline soma_view pool_y_of(const pool_row *row) {
    size_t out[3];
    for (int i = 0; i < 3; i++) {
        size_t padded = row->in[i] + (size_t)row->before[i] + (size_t)row->after[i];
        size_t length = (size_t)(row->size[i] - 1) * row->dilation[i] + 1;
        size_t rest = row->ceil ? row->stride[i] - 1 : 0;
        out[i] = padded < length ? 0 : (padded - length + rest) / row->stride[i] + 1;
    }
    return SOMA_F32_VIEW(row->samples, out[0], out[1], out[2], row->channels);
}

/* The element of x [n, d, h, w, c] that place k of window q reads, in the three dimensions; false: it lies outside. */
static inline bool pool_element(const soma_pool_params *params, const soma_view *x, const size_t *q, const size_t *k,
                                size_t sample, size_t channel, size_t *index) {
    *index = sample;
    for (int i = 0; i < 3; i++) {
        size_t place = q[i] * params->stride[i] + k[i] * params->dilation[i];
        if (place < (size_t)params->before[i] || place - (size_t)params->before[i] >= x->shape[1 + i]) return false;
        *index = *index * x->shape[1 + i] + place - (size_t)params->before[i];
    }
    *index = *index * x->shape[4] + channel;
    return true;
}

#define FOR_EACH_PLACE(k, size)                                                                                        \
    for (k[0] = 0; k[0] < (size)[0]; k[0]++)                                                                           \
        for (k[1] = 0; k[1] < (size)[1]; k[1]++)                                                                       \
            for (k[2] = 0; k[2] < (size)[2]; k[2]++)

/* By what an average is divided: a product, since what counts is a box. */
static inline double pool_divisor(const soma_pool_params *params, const soma_view *x, const size_t *q) {
    double divisor = 1.0;
    for (int i = 0; i < 3; i++) {
        size_t before = params->count_padding ? 0 : (size_t)params->before[i], count = 0;
        size_t end =
            (size_t)params->before[i] + x->shape[1 + i] + (params->count_padding ? (size_t)params->after[i] : 0);
        for (size_t k = 0; k < params->size[i]; k++) {
            size_t place = q[i] * params->stride[i] + k * params->dilation[i];
            count += place >= before && place < end;
        }
        divisor *= (double)count;
    }
    return divisor > 0.0 ? divisor : 1.0;
}

static inline void pool_describe(soma_case *c, const pool_row *row, const soma_pool_params *params) {
    const uint32_t *size = row->size, *stride = row->stride;
    soma_view x = pool_x_of(row);
    soma_case_describe(c, ": %s%s by %ux%ux%u, stride %ux%ux%u of %s",
                       params->kind == SOMA_POOL_MAX ? "maximum" : "average",
                       params->count_padding ? " with padding" : "", size[0], size[1], size[2], stride[0], stride[1],
                       stride[2], SHAPE(&x));
    for (int i = 0; i < 3; i++)
        if (row->before[i] || row->after[i] || row->dilation[i] > 1)
            soma_case_describe(c, ", [%d]: padding %d and %d, dilation %u", i, row->before[i], row->after[i],
                               row->dilation[i]);
    if (row->ceil) soma_case_describe(c, ", past the end");
}

/* What is timed: a batch of images in the middle of a network. */
static const struct {
    const char *what;
    soma_pool_kind kind;
    pool_row row;
} timed_pools[] = {
    {"maximum, 2x2", SOMA_POOL_MAX, {16, {1, 32, 32}, 64, {1, 2, 2}, {1, 2, 2}, ONE, {0}, {0}, false}},
    {"maximum, 3x3 by 2", SOMA_POOL_MAX, {16, {1, 32, 32}, 64, {1, 3, 3}, {1, 2, 2}, ONE, {0, 1, 1}, {0, 1, 1}, false}},
    {"average, 2x2", SOMA_POOL_AVERAGE, {16, {1, 32, 32}, 64, {1, 2, 2}, {1, 2, 2}, ONE, {0}, {0}, false}},
};

#endif
