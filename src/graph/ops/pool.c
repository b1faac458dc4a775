/* SPDX-License-Identifier: MIT */
/* POOL: the largest element, or the mean, of windows that move over the positions of [batch, positions..., channels].
 */
#include "graph/ops/op.h"

#include <string.h>

static soma_status check_numbers(const soma_tensor *tensor, uint32_t rank) {
    const soma_pool_params *params = &tensor->attributes.pool.params;
    const uint32_t most = SOMA_POOL_MOST_PLACES;
    if ((unsigned)params->kind >= SOMA_POOL_KIND_COUNT)
        return soma_op_refuse(tensor, SOMA_INVALID_ARGUMENT, "there is no pooling number %d", (int)params->kind);
    for (uint32_t i = 0; i < 3; i++) {
        uint32_t size = params->size[i], stride = params->stride[i], dilation = params->dilation[i];
        int32_t before = params->before[i], after = params->after[i];
        if (size < 1 || size >= most || stride < 1 || stride >= most || dilation < 1 || dilation >= most ||
            before < 0 || (uint32_t)before >= most || after < 0 || (uint32_t)after >= most)
            return soma_op_refuse(tensor, SOMA_INVALID_ARGUMENT,
                                  "a window of %u, stride %u, dilation %u, padding %d and %d; from 1 to %u is "
                                  "possible, and padding up to that",
                                  size, stride, dilation, before, after, most - 1);
        if (i + rank < 3 && (size != 1 || stride != 1 || dilation != 1 || before || after))
            return soma_op_refuse(tensor, SOMA_INVALID_SHAPE,
                                  "there is a size, stride, dilation or padding for more than the %u dimensions of "
                                  "the image",
                                  rank);
    }
    return SOMA_OK;
}

/* Where the first of a window's positions that is not in front of the image lies. */
static int64_t first_behind_padding(int64_t start, int64_t dilation) {
    return start < 0 ? (start % dilation + dilation) % dilation : start;
}

/* Whether one of the positions of a window that starts there lies on the image. */
static bool meets_image(int64_t start, int64_t window, int64_t dilation, int64_t size) {
    int64_t first = first_behind_padding(start, dilation);
    return first < size && (first - start) / dilation < window;
}

/*
 * The first of the windows that start in front of the image and step over it, or that at which nobody needs to look
 * further: a file can ask for a thousand million. From one to the next their first positions behind the padding move on
 * by `more` modulo the dilation, so those that lie on the image are left out up to the first that does not; and after
 * as many rounds as `more`, at most, they are where they have been before.
 */
static int64_t find_stepping_over(int64_t start, int64_t last, int64_t stride, int64_t dilation, int64_t size) {
    const int64_t more = stride % dilation;
    for (int64_t round = 0; round <= more && start < 0 && start < last; round++) {
        int64_t first = first_behind_padding(start, dilation);
        if (first >= size || more == 0) break;
        start += (size - first + more - 1) / more * stride;
    }
    return start;
}

/* What lies in the padding alone has no largest element; nor, where padding is not counted, a mean. */
static soma_status check_windows(const soma_tensor *tensor, uint32_t dimension, uint32_t at, size_t count) {
    const soma_tensor *x = tensor->input[0];
    const soma_pool_params *params = &tensor->attributes.pool.params;
    int64_t size = (int64_t)x->shape[dimension], stride = params->stride[at], start = -(int64_t)params->before[at];
    int64_t last = start + (int64_t)(count - 1) * stride, window = params->size[at], dilation = params->dilation[at];
    char text[SOMA_SHAPE_TEXT];
    if (params->kind == SOMA_POOL_AVERAGE && params->count_padding) return SOMA_OK;
    /* None has as many positions in front of the image as the first. */
    if (meets_image(start, window, dilation, size)) start = find_stepping_over(start, last, stride, dilation, size);
    if (start >= last || meets_image(start, window, dilation, size)) {
        if (meets_image(last, window, dilation, size)) return SOMA_OK;
        start = last; /* all that start on the image, between the two, meet it */
    }
    return soma_op_refuse(
        tensor, SOMA_INVALID_SHAPE,
        "along dimension %u a window of %u, dilation %u, that starts at position %lld meets none of the "
        "%lld positions of %s, with a padding of %d and %d; less padding or dilation does",
        dimension, params->size[at], params->dilation[at], (long long)start, (long long)size,
        soma_tensor_shape_text(x, text), params->before[at], params->after[at]);
}

/* How many windows there are along a dimension. */
static soma_status count_windows(const soma_tensor *tensor, uint32_t dimension, size_t *windows) {
    const soma_tensor *x = tensor->input[0];
    const soma_pool_params *params = &tensor->attributes.pool.params;
    uint32_t at = 3 - (x->rank - 1) + dimension;
    uint64_t size = x->shape[dimension], before = (uint64_t)params->before[at], stride = params->stride[at];
    uint64_t padded = size + before + (uint64_t)params->after[at];
    uint64_t reach = (uint64_t)params->dilation[at] * (params->size[at] - 1) + 1, end;
    char text[SOMA_SHAPE_TEXT];
    if (size >= SOMA_POOL_MOST_PLACES)
        return soma_op_refuse(tensor, SOMA_INVALID_SHAPE, "%s; sizes up to %d are possible",
                              soma_tensor_shape_text(x, text), SOMA_POOL_MOST_PLACES - 1);
    if (reach > padded)
        return soma_op_refuse(tensor, SOMA_INVALID_SHAPE,
                              "the window reaches over %llu positions of dimension %u, with its padding %s has %llu; a "
                              "smaller window or more padding fits",
                              (unsigned long long)reach, dimension, soma_tensor_shape_text(x, text),
                              (unsigned long long)padded);
    uint64_t count = (padded - reach) / stride + 1;
    if (tensor->attributes.pool.ceil && (padded - reach) % stride && count * stride < size + before) count++;
    end = (count - 1) * stride + reach;
    if (end > SOMA_POOL_MOST_PLACES)
        return soma_op_refuse(tensor, SOMA_INVALID_SHAPE,
                              "windows over dimension %u of %s end at position %llu, past padding and all; up to %d is "
                              "possible",
                              dimension, soma_tensor_shape_text(x, text), (unsigned long long)end,
                              SOMA_POOL_MOST_PLACES);
    *windows = (size_t)count;
    return check_windows(tensor, dimension, at, *windows);
}

static soma_status shape_pool(soma_tensor *tensor) {
    const soma_tensor *x = tensor->input[0];
    char text[SOMA_SHAPE_TEXT];
    if (!x->batched || x->rank < 2 || x->rank > 4)
        return soma_op_refuse(tensor, SOMA_INVALID_SHAPE,
                              "pooling takes one to three dimensions and, last, channels, got %s",
                              soma_tensor_shape_text(x, text));
    SOMA_TRY(check_numbers(tensor, x->rank - 1));
    SOMA_TRY(soma_shape_like_first(tensor));
    for (uint32_t i = 0; i + 1 < x->rank; i++) SOMA_TRY(count_windows(tensor, i, &tensor->shape[i]));
    return SOMA_OK;
}

static soma_status gradient_pool(soma_graph *graph, soma_tensor *tensor, soma_tensor *dy, soma_tensor **gradient) {
    soma_tensor *x = tensor->input[0], *input[] = {dy, x, tensor};
    soma_tensor_spec spec = {.op = SOMA_OP_POOL_GRAD,
                             .input_count = tensor->attributes.pool.params.kind == SOMA_POOL_MAX ? 3 : 1,
                             .input = input,
                             .attributes = tensor->attributes,
                             .dtype = x->dtype,
                             .batched = true,
                             .rank = x->rank};
    memcpy(spec.shape, x->shape, sizeof spec.shape);
    return soma_graph_add(graph, &spec, &gradient[0]);
}

static soma_status lower_pool(soma_lowering *lowering, const soma_tensor *tensor) {
    return soma_lowering_push(lowering, tensor,
                              soma_call_pool(soma_op_view5(lowering, tensor->input[0], 1),
                                             soma_op_view5(lowering, tensor, 1), tensor->attributes.pool.params));
}

SOMA_OP(pool) = {1, 1, shape_pool, SOMA_GRADIENT(gradient_pool), lower_pool};

static soma_status lower_pool_grad(soma_lowering *lowering, const soma_tensor *tensor) {
    bool largest = tensor->input_count == 3;
    soma_view absent = soma_view_absent();
    return soma_lowering_push(lowering, tensor,
                              soma_call_pool_grad(soma_op_view5(lowering, tensor->input[0], 1),
                                                  largest ? soma_op_view5(lowering, tensor->input[1], 1) : absent,
                                                  largest ? soma_op_view5(lowering, tensor->input[2], 1) : absent,
                                                  soma_op_view5(lowering, tensor, 1), tensor->attributes.pool.params));
}

SOMA_OP(pool_grad) = {1, 3, soma_shape_given, NULL, SOMA_TRAINING_CALL(lower_pool_grad)};
