/* SPDX-License-Identifier: MIT */
/* PRelu: x for x > 0, else slope x. (As nodes it is what it is made of here.) */
#include "io/onnx/family.h"

static soma_status import_prelu(soma_onnx_node *node) {
    const soma_onnx_shape *x_shape = &node->input[0]->shape, *slope_shape = &node->input[1]->shape;
    soma_tensor *x, *slope, *right, *left;
    soma_onnx_shape shape;
    SOMA_TRY(soma_onnx_tensor(node, node->input[0], &x));
    SOMA_TRY(soma_onnx_tensor(node, node->input[1], &slope));
    SOMA_TRY(soma_onnx_function(node, x, SOMA_RELU, 0, 0, &right));
    SOMA_TRY(soma_onnx_function(node, x, SOMA_LINEAR, -1, 0, &left));
    SOMA_TRY(soma_onnx_function(node, left, SOMA_RELU, 0, 0, &left));
    SOMA_TRY(soma_onnx_combine(node, left, x_shape, slope, slope_shape, SOMA_BINARY_MULTIPLY, &left, &shape));
    SOMA_TRY(soma_onnx_combine(node, right, x_shape, left, &shape, SOMA_BINARY_SUBTRACT, &right, &shape));
    if (shape.rank != x_shape->rank)
        return soma_error(SOMA_INVALID_FILE, "the slopes have %u dimensions, x has %u", slope_shape->rank,
                          x_shape->rank);
    return soma_onnx_give(node, right, &shape);
}

/* Until then the slopes belonged to the second dimension, and now are broadcast as NumPy does. */
SOMA_ONNX_OP(PRelu, 7, 2, 2, "", import_prelu, 0);
