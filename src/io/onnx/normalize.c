/* SPDX-License-Identifier: MIT */
/* Normalisation of a batch, with the figures that it had in training. */
#include "io/onnx/family.h"

/* ---------------------------------------------------------------------------------------------------------- import */

/* Training takes the figures from the batch. Before opset 14 it was told by there being more outputs, or by an
 * attribute. */
static soma_status check_mode(const soma_onnx_node *node) {
    int64_t training, is_test, spatial;
    bool more = false;
    SOMA_TRY(soma_onnx_get_integer(node, "training_mode", 0, &training));
    SOMA_TRY(soma_onnx_get_integer(node, "is_test", node->opset < 7 ? 0 : 1, &is_test));
    SOMA_TRY(soma_onnx_get_integer(node, "spatial", 1, &spatial));
    for (size_t i = 1; i < node->proto->n_output; i++) more |= *node->proto->output[i] != 0;
    if (training || !is_test || more)
        return soma_error(SOMA_UNSUPPORTED, "normalises by the figures of the batch, as in training; soma reads it as "
                                            "it is used afterwards");
    return spatial ? SOMA_OK : soma_error(SOMA_UNSUPPORTED, "attribute spatial is 0: figures for each position");
}

/* A figure for each channel. */
static soma_status get_figure(soma_onnx_node *node, uint32_t input, soma_tensor **tensor) {
    soma_onnx_value *value = node->input[input];
    const soma_onnx_shape *x = &node->input[0]->shape;
    if (value->shape.batched)
        return soma_error(SOMA_UNSUPPORTED, "%s must be a constant; it is known only when the model runs", value->name);
    if (value->shape.rank != 1 || value->shape.dim[0] != x->dim[1])
        return soma_error(SOMA_INVALID_SHAPE, "%s must have one number for each of the %zu channels", value->name,
                          x->dim[1]);
    soma_onnx_weight(value);
    return soma_onnx_tensor(node, value, tensor);
}

/* y = x slope + shift: slope = scale / sqrt(variance + epsilon), shift = offset - mean slope. */
static soma_status get_line(soma_onnx_node *node, float epsilon, soma_tensor **slope, soma_tensor **shift) {
    soma_graph *graph = soma_onnx_graph(node);
    soma_tensor *scale, *offset, *mean, *variance;
    SOMA_TRY(get_figure(node, 1, &scale));
    SOMA_TRY(get_figure(node, 2, &offset));
    SOMA_TRY(get_figure(node, 3, &mean));
    SOMA_TRY(get_figure(node, 4, &variance));
    SOMA_TRY(soma_onnx_fill(node, epsilon, slope));
    SOMA_TRY(soma_graph_binary(graph, variance, *slope, SOMA_BINARY_ADD, slope));
    SOMA_TRY(soma_onnx_function(node, *slope, SOMA_SQRT, 0, 0, slope));
    SOMA_TRY(soma_graph_binary(graph, scale, *slope, SOMA_BINARY_DIVIDE, slope));
    SOMA_TRY(soma_graph_binary(graph, mean, *slope, SOMA_BINARY_MULTIPLY, shift));
    return soma_graph_binary(graph, offset, *shift, SOMA_BINARY_SUBTRACT, shift);
}

static soma_status import_batchnorm(soma_onnx_node *node) {
    soma_onnx_value *x = node->input[0], y, slope = {.name = node->output.name}, shift = slope;
    float epsilon;
    SOMA_TRY(check_mode(node));
    SOMA_TRY(soma_onnx_get_float(node, "epsilon", 1e-5f, &epsilon));
    if (x->shape.rank < 2)
        return soma_error(SOMA_INVALID_SHAPE, "%u dimensions; it takes a batch, and channels", x->shape.rank);
    SOMA_TRY(get_line(node, epsilon, &slope.tensor, &shift.tensor));
    slope.shape = (soma_onnx_shape){.rank = x->shape.rank - 1, .dim = {x->shape.dim[1]}};
    for (uint32_t i = 1; i < slope.shape.rank; i++) slope.shape.dim[i] = 1;
    shift.shape = slope.shape;
    SOMA_TRY(soma_onnx_combine(node, x, &x->shape, &slope, &slope.shape, SOMA_BINARY_MULTIPLY, &y));
    SOMA_TRY(soma_onnx_combine(node, &y, &y.shape, &shift, &shift.shape, SOMA_BINARY_ADD, &y));
    return soma_onnx_give_like(node, y.tensor, &y);
}

SOMA_ONNX_OP(BatchNormalization, 1, 5, 5, "epsilon momentum training_mode is_test spatial consumed_inputs",
             import_batchnorm, 0);
