/* SPDX-License-Identifier: MIT */
/* LRN: normalisation by the neighbouring channels. */
#include "io/onnx/family.h"
#include "io/onnx/window.h"

/* ---------------------------------------------------------------------------------------------------------- import */

/* The mean square of each channel and its neighbours, `size` in all: an average over a window along the channels, which
 * are read as positions; those that are not there count as 0. */
static soma_status mean_squares(const soma_onnx_image *image, int64_t size, soma_tensor **y) {
    soma_tensor *x = image->tensor, *square;
    size_t channels = x->shape[x->rank - 1];
    soma_tensor rows = {.batched = true, .rank = 3, .shape = {soma_tensor_count(x) / channels, channels, 1}};
    soma_tensor_spec spec = {.op = SOMA_OP_POOL, .input_count = 1, .input = &square};
    soma_pool_params *params = &spec.attributes.pool.params;
    params->kind = SOMA_POOL_AVERAGE;
    params->count_padding = true;
    for (uint32_t i = 0; i < SOMA_ONNX_IMAGE_RANK; i++) params->size[i] = params->stride[i] = params->dilation[i] = 1;
    params->size[SOMA_ONNX_IMAGE_RANK - 1] = (uint32_t)size;
    params->before[SOMA_ONNX_IMAGE_RANK - 1] = (int32_t)((size - 1) / 2);
    params->after[SOMA_ONNX_IMAGE_RANK - 1] = (int32_t)(size / 2);
    SOMA_TRY(soma_graph_unary(x->graph, x, (soma_unary_params){.function = SOMA_SQUARE}, &square));
    SOMA_TRY(soma_graph_reshape(x->graph, square, &rows, &square));
    SOMA_TRY(soma_graph_add(x->graph, &spec, y));
    return soma_graph_reshape(x->graph, *y, x, y);
}

/* x / (bias + alpha mean)^beta */
static soma_status import_lrn(soma_onnx_node *node) {
    soma_graph *graph = soma_onnx_graph(node);
    soma_onnx_image image;
    soma_tensor *y, *number;
    float alpha, beta, bias;
    int64_t size;
    SOMA_TRY(soma_onnx_get_float(node, "alpha", 1e-4f, &alpha));
    SOMA_TRY(soma_onnx_get_float(node, "beta", 0.75f, &beta));
    SOMA_TRY(soma_onnx_get_float(node, "bias", 1, &bias));
    SOMA_TRY(soma_onnx_get_integer(node, "size", 0, &size));
    if (size < 1 || size > INT32_MAX)
        return soma_error(SOMA_INVALID_FILE, "attribute size is %lld; it must be at least 1", (long long)size);
    SOMA_TRY(soma_onnx_get_image(node, &image));
    SOMA_TRY(mean_squares(&image, size, &y));
    SOMA_TRY(soma_onnx_function(node, y, SOMA_LINEAR, alpha, 0, &y));
    SOMA_TRY(soma_onnx_fill(node, bias, &number));
    SOMA_TRY(soma_graph_binary(graph, y, number, SOMA_BINARY_ADD, &y));
    SOMA_TRY(soma_onnx_fill(node, beta, &number));
    SOMA_TRY(soma_graph_binary(graph, y, number, SOMA_BINARY_POWER, &y));
    SOMA_TRY(soma_graph_binary(graph, image.tensor, y, SOMA_BINARY_DIVIDE, &y));
    return soma_onnx_give_image(node, &image, y);
}

SOMA_ONNX_OP(LRN, 1, 1, 1, "alpha beta bias size", import_lrn, 0);
