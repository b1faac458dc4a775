/* SPDX-License-Identifier: MIT */
/* PRelu: x for x > 0, else slope x. (As nodes it is what it is made of here.) */
#include "io/onnx/family.h"

static soma_status import_prelu(soma_onnx_node *node) {
    const soma_onnx_shape *shape = &node->input[0]->shape, *slope_shape = &node->input[1]->shape;
    soma_onnx_shape of_channels = *slope_shape;
    soma_onnx_value left, right;
    soma_tensor *x;
    SOMA_TRY(soma_onnx_tensor_as_it_lies(node, node->input[0], &x));
    if (node->opset < 7 && slope_shape->rank == 1) { /* of the second dimension; since then broadcast as NumPy does */
        while (of_channels.rank + 1 < shape->rank) of_channels.dim[of_channels.rank++] = 1;
        slope_shape = &of_channels;
    }
    left = right = *node->input[0];
    left.constant = right.constant = false;
    left.plain = right.plain = NULL;
    SOMA_TRY(soma_onnx_function(node, x, SOMA_RELU, 0, 0, &right.tensor));
    SOMA_TRY(soma_onnx_function(node, x, SOMA_LINEAR, -1, 0, &left.tensor));
    SOMA_TRY(soma_onnx_function(node, left.tensor, SOMA_RELU, 0, 0, &left.tensor));
    SOMA_TRY(soma_onnx_combine(node, &left, shape, node->input[1], slope_shape, SOMA_BINARY_MULTIPLY, &left));
    SOMA_TRY(soma_onnx_combine(node, &right, shape, &left, &left.shape, SOMA_BINARY_SUBTRACT, &right));
    if (right.shape.rank != shape->rank)
        return soma_error(SOMA_INVALID_FILE, "the slopes have %u dimensions, x has %u", slope_shape->rank, shape->rank);
    return soma_onnx_give_like(node, right.tensor, &right);
}

SOMA_ONNX_OP(PRelu, 1, 2, 2, "consumed_inputs", import_prelu, 0);
