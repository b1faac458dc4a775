/* SPDX-License-Identifier: MIT */
/* The convolutions of which CONV, CONV_ADD and both gradients have cases. */
#ifndef SOMA_DEVICE_CONFORMANCE_CONV_H
#define SOMA_DEVICE_CONFORMANCE_CONV_H

#include "device/conformance/shapes.h"
#include "device/conformance/unary_bounds.h"

/* Depth, height, width, in this order; 0 in stride, dilation and groups stands for 1. */
typedef struct conv_size {
    size_t images, x[3], channels, filters; /* channels of all groups */
    size_t kernel[3];
    uint32_t groups, stride[3], dilation[3];
    int32_t before[3];
    size_t y[3];
} conv_size;

static const conv_size conv_sizes[] = {
    /* one of everything; nothing of something */
    {1, {1, 1, 1}, 1, 1, {1, 1, 1}, .y = {1, 1, 1}},
    {0, {1, 4, 4}, 3, 2, {1, 3, 3}, .before = {0, 1, 1}, .y = {1, 4, 4}},
    {2, {1, 4, 4}, 0, 5, {1, 3, 3}, .before = {0, 1, 1}, .y = {1, 4, 4}},
    {2, {1, 4, 4}, 3, 0, {1, 3, 3}, .before = {0, 1, 1}, .y = {1, 4, 4}},
    {2, {1, 2, 2}, 3, 2, {1, 3, 3}, .y = {1, 0, 0}},
    {2, {1, 0, 3}, 3, 2, {1, 3, 3}, .before = {0, 1, 1}, .y = {1, 2, 3}},
    {2, {1, 3, 3}, 3, 2, {1, 0, 3}, .before = {0, 0, 1}, .y = {1, 3, 3}},
    /* of odd sizes: without padding, with it, on one side more than on the other */
    {2, {1, 5, 7}, 3, 5, {1, 3, 3}, .y = {1, 3, 5}},
    {2, {1, 5, 7}, 3, 5, {1, 3, 3}, .before = {0, 1, 1}, .y = {1, 5, 7}},
    {1, {1, 6, 5}, 2, 3, {1, 2, 4}, .before = {0, 0, 2}, .y = {1, 6, 5}},
    {3, {1, 9, 8}, 16, 16, {1, 3, 3}, .before = {0, 1, 1}, .y = {1, 9, 8}},
    {1, {1, 7, 7}, 32, 65, {1, 3, 3}, .before = {0, 1, 1}, .y = {1, 7, 7}},
    {1, {1, 5, 3}, 67, 131, {1, 3, 2}, .before = {0, 1, 0}, .y = {1, 5, 3}},
    {37, {1, 4, 4}, 8, 24, {1, 3, 3}, .before = {0, 1, 1}, .y = {1, 4, 4}},
    {2, {1, 1, 40}, 64, 33, {1, 1, 3}, .before = {0, 0, 1}, .y = {1, 1, 40}},
    {1, {1, 6, 7}, 5, 48, {1, 3, 3}, .before = {0, 1, 1}, .y = {1, 6, 7}},
    /* more channels, and more filters, than kernels take at a time */
    {1, {1, 5, 4}, 523, 3, {1, 2, 2}, .before = {0, 1, 0}, .y = {1, 5, 3}},
    {1, {1, 4, 3}, 2, 521, {1, 2, 3}, .stride = {1, 1, 2}, .before = {0, 0, 1}, .y = {1, 3, 2}},
    /* pictures: few channels in, few filters */
    {2, {1, 28, 28}, 1, 6, {1, 5, 5}, .before = {0, 2, 2}, .y = {1, 28, 28}},
    {1, {1, 21, 23}, 3, 17, {1, 7, 7}, .stride = {1, 2, 2}, .before = {0, 3, 3}, .y = {1, 11, 12}},
    {2, {1, 13, 11}, 4, 1, {1, 3, 3}, .before = {0, 1, 1}, .y = {1, 13, 11}},
    /* one place of the kernel alone: a matrix product, and what a stride leaves of it */
    {2, {1, 6, 7}, 19, 23, {1, 1, 1}, .y = {1, 6, 7}},
    {2, {1, 6, 7}, 9, 12, {1, 1, 1}, .stride = {1, 2, 2}, .y = {1, 3, 4}},
    {2, {1, 4, 4}, 3, 5, {1, 1, 1}, .before = {0, 1, 1}, .y = {1, 6, 6}},
    /* strides: that divide and that do not, over the edge, and larger than the kernel */
    {2, {1, 7, 8}, 3, 8, {1, 3, 3}, .stride = {1, 2, 2}, .before = {0, 1, 1}, .y = {1, 4, 4}},
    {1, {1, 16, 16}, 24, 40, {1, 3, 3}, .stride = {1, 2, 2}, .before = {0, 0, 0}, .y = {1, 8, 8}},
    {1, {1, 9, 10}, 2, 3, {1, 2, 2}, .stride = {1, 3, 4}, .y = {1, 3, 3}},
    {1, {1, 8, 9}, 5, 7, {1, 4, 4}, .stride = {1, 2, 3}, .before = {0, 1, 2}, .y = {1, 4, 3}},
    /* of a picture's numbers every second is one launch's, and there are two: between them lies what others write */
    {1, {1, 1, 4}, 3, 4, {1, 1, 2}, .stride = {1, 1, 2}, .y = {1, 1, 2}},
    {1, {1, 1, 4}, 5, 4, {1, 1, 2}, .stride = {1, 1, 2}, .y = {1, 1, 2}},
    {1, {1, 4, 1}, 11, 4, {1, 2, 1}, .stride = {1, 2, 1}, .y = {1, 2, 1}},
    {1, {1, 1, 4}, 11, 4, {1, 1, 2}, .stride = {1, 1, 2}, .y = {1, 1, 2}},
    /* dilation, alone and with strides */
    {1, {1, 9, 11}, 3, 6, {1, 3, 3}, .dilation = {1, 2, 2}, .before = {0, 2, 2}, .y = {1, 9, 11}},
    {2, {1, 10, 9}, 8, 9, {1, 3, 2}, .stride = {1, 2, 1}, .dilation = {1, 2, 3}, .before = {0, 1, 3}, .y = {1, 4, 9}},
    {1, {1, 12, 12}, 4, 4, {1, 2, 3}, .stride = {1, 3, 2}, .dilation = {1, 3, 2}, .before = {0, 1, 1}, .y = {1, 4, 5}},
    /* groups; a group for each channel, with one filter and with several */
    {2, {1, 5, 6}, 6, 4, {1, 3, 3}, .groups = 2, .before = {0, 1, 1}, .y = {1, 5, 6}},
    {1, {1, 7, 5}, 12, 48, {1, 3, 3}, .groups = 3, .stride = {1, 2, 2}, .before = {0, 1, 1}, .y = {1, 4, 3}},
    {2, {1, 9, 7}, 33, 33, {1, 3, 3}, .groups = 33, .before = {0, 1, 1}, .y = {1, 9, 7}},
    {1, {1, 9, 8}, 16, 16, {1, 5, 3}, .groups = 16, .stride = {1, 2, 2}, .before = {0, 2, 1}, .y = {1, 5, 4}},
    {2, {1, 6, 6}, 5, 15, {1, 3, 3}, .groups = 5, .before = {0, 1, 1}, .y = {1, 6, 6}},
    {1, {1, 8, 8}, 32, 64, {1, 3, 3}, .groups = 32, .dilation = {1, 2, 2}, .before = {0, 2, 2}, .y = {1, 8, 8}},
    {2, {1, 3, 5}, 32, 48, {1, 1, 1}, .groups = 4, .y = {1, 3, 5}},
    /* results that reach far outside, begin inside, and end early */
    {1, {1, 3, 3}, 2, 3, {1, 2, 2}, .before = {0, 4, 5}, .y = {1, 10, 12}},
    {1, {1, 8, 9}, 3, 4, {1, 3, 3}, .before = {0, -2, -3}, .y = {1, 4, 5}},
    {1, {1, 8, 9}, 3, 4, {1, 3, 3}, .before = {0, 1, 1}, .y = {1, 3, 2}},
    {1, {1, 2, 3}, 4, 3, {1, 5, 7}, .before = {0, 2, 3}, .y = {1, 2, 3}},
    {1, {1, 3, 4}, 3, 4, {1, 2, 2}, .stride = {1, 2, 2}, .before = {0, 7, 9}, .y = {1, 9, 11}},
    /* one dimension, and three */
    {2, {1, 1, 301}, 7, 9, {1, 1, 5}, .before = {0, 0, 2}, .y = {1, 1, 301}},
    {1, {1, 1, 64}, 1, 32, {1, 1, 16}, .stride = {1, 1, 4}, .y = {1, 1, 13}},
    {2, {4, 5, 3}, 4, 6, {2, 3, 3}, .before = {0, 1, 1}, .y = {3, 5, 3}},
    {1, {6, 5, 7}, 3, 8, {3, 3, 2}, .stride = {2, 2, 1}, .dilation = {1, 1, 2}, .before = {1, 1, 1}, .y = {3, 3, 7}},
    {1, {3, 4, 4}, 6, 6, {3, 3, 3}, .groups = 6, .before = {1, 1, 1}, .y = {3, 4, 4}},
};

/* Those that special values and functions are tried on: a plain one without padding. */
static const conv_size conv_plain = {2, {1, 6, 7}, 5, 9, {1, 3, 2}, .y = {1, 4, 6}};

/* What training has; `what` it is. */
static const struct {
    const char *what;
    conv_size size;
} conv_timed[] = {
    {"1 to 6, 5x5", {32, {1, 28, 28}, 1, 6, {1, 5, 5}, .before = {0, 2, 2}, .y = {1, 28, 28}}},
    {"16 to 16, 3x3", {16, {1, 32, 32}, 16, 16, {1, 3, 3}, .before = {0, 1, 1}, .y = {1, 32, 32}}},
    {"32 to 64, 3x3", {8, {1, 26, 26}, 32, 64, {1, 3, 3}, .y = {1, 24, 24}}},
    {"128 to 128, 3x3", {2, {1, 14, 14}, 128, 128, {1, 3, 3}, .before = {0, 1, 1}, .y = {1, 14, 14}}},
    {"64 to 128, 3x3/2",
     {4, {1, 16, 16}, 64, 128, {1, 3, 3}, .stride = {1, 2, 2}, .before = {0, 1, 1}, .y = {1, 8, 8}}},
    {"64 alone, 3x3", {8, {1, 32, 32}, 64, 64, {1, 3, 3}, .groups = 64, .before = {0, 1, 1}, .y = {1, 32, 32}}},
};

static inline soma_conv_params conv_params_of(const conv_size *size) {
    soma_conv_params params = {.groups = size->groups ? size->groups : 1, .alpha = 1.0f};
    for (int i = 0; i < 3; i++) {
        params.stride[i] = size->stride[i] ? size->stride[i] : 1;
        params.dilation[i] = size->dilation[i] ? size->dilation[i] : 1;
        params.before[i] = size->before[i];
    }
    return params;
}

static inline soma_view conv_x(const conv_size *size) {
    return SOMA_F32_VIEW(size->images, size->x[0], size->x[1], size->x[2], size->channels);
}

static inline soma_view conv_weight(const conv_size *size) {
    size_t groups = size->groups ? size->groups : 1;
    return SOMA_F32_VIEW(size->kernel[0], size->kernel[1], size->kernel[2], size->channels / groups, size->filters);
}

static inline soma_view conv_y(const conv_size *size) {
    return SOMA_F32_VIEW(size->images, size->y[0], size->y[1], size->y[2], size->filters);
}

static inline void conv_describe(soma_case *c, const conv_size *s, const char *more) {
    const soma_conv_params p = conv_params_of(s);
    soma_case_describe(c,
                       ": %zu of %zux%zux%zu, %zu to %zu channels, kernel %zux%zux%zu, to %zux%zux%zu, groups %u, "
                       "stride %u %u %u, dilation %u %u %u, before %d %d %d%s",
                       s->images, s->x[0], s->x[1], s->x[2], s->channels, s->filters, s->kernel[0], s->kernel[1],
                       s->kernel[2], s->y[0], s->y[1], s->y[2], p.groups, p.stride[0], p.stride[1], p.stride[2],
                       p.dilation[0], p.dilation[1], p.dilation[2], p.before[0], p.before[1], p.before[2], more);
}

/*
 * All products of a convolution, one after the other: x, weight and y are the views of the image, the weights and the
 * result, whichever of them a primitive makes. False at the end.
 */
typedef struct conv_walk {
    const soma_conv_params *params;
    const soma_view *x, *weight, *y;
    size_t counter, count;
    size_t x_at, weight_at, y_at; /* the elements that meet */
} conv_walk;

static inline conv_walk conv_walk_begin(const soma_conv_params *params, const soma_view *x, const soma_view *weight,
                                        const soma_view *y) {
    size_t taken = weight->shape[0] * weight->shape[1] * weight->shape[2] * weight->shape[3];
    return (conv_walk){.params = params, .x = x, .weight = weight, .y = y, .count = soma_view_count(y) * taken};
}

static inline bool conv_walk_next(conv_walk *walk) {
    const soma_view *x = walk->x, *weight = walk->weight, *y = walk->y;
    while (walk->counter < walk->count) {
        size_t left = walk->counter++, depth = weight->shape[3], k[3], q[3];
        size_t c = left % depth;
        left /= depth;
        for (int i = 3; i-- > 0; left /= weight->shape[i]) k[i] = left % weight->shape[i];
        walk->y_at = left;
        size_t o = left % y->shape[4], place = 0;
        left /= y->shape[4];
        for (int i = 3; i-- > 0; left /= y->shape[1 + i]) q[i] = left % y->shape[1 + i];
        bool inside = true;
        for (int i = 0; i < 3; i++) {
            int64_t p =
                (int64_t)(q[i] * walk->params->stride[i] + k[i] * walk->params->dilation[i]) - walk->params->before[i];
            inside &= p >= 0 && p < (int64_t)x->shape[1 + i];
            place = place * x->shape[1 + i] + (size_t)p;
        }
        if (!inside) continue;
        for (int i = 1; i < 4; i++) left *= x->shape[i];
        size_t group = o / (y->shape[4] / walk->params->groups);
        walk->x_at = (left + place) * x->shape[4] + group * depth + c;
        walk->weight_at = (((k[0] * weight->shape[1] + k[1]) * weight->shape[2] + k[2]) * depth + c) * y->shape[4] + o;
        return true;
    }
    return false;
}

/*
 * f(bias + sum) of all but CONV_WEIGHT_GRAD, whose sums are in sum[] with the sums of absolute terms in absolute[], at
 * most `terms` each. The rounding of each product, the additions and the bias: gamma_(terms + 2), in any order.
 */
static inline void conv_bound_finish(const soma_call *call, size_t terms, const soma_bounded *sums,
                                     soma_bounded *expected) {
    const soma_conv_params *params = &call->params.conv;
    const soma_view *bias = &call->view[2], *out = &call->view[call->view_count - 1];
    for (size_t i = 0; i < soma_view_count(out); i++) {
        double value = sums[i].value, absolute = sums[i].error;
        if (soma_view_present(bias)) {
            double added = soma_element_get(bias, i % out->shape[4]);
            value += added;
            absolute += fabs(added);
        }
        expected[i] =
            soma_bounded_function(params->function, soma_rounded(value, soma_gamma(terms + 2) * absolute, 0.0),
                                  (double)params->a, (double)params->b);
    }
}

#endif
