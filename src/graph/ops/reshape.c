/* SPDX-License-Identifier: MIT */
/* RESHAPE: nothing is computed. */
#include "graph/ops/op.h"

static soma_status shape_reshape(soma_tensor *tensor) {
    const soma_tensor *x = tensor->input[0];
    SOMA_TRY(soma_shape_given(tensor));
    char text[2][SOMA_SHAPE_TEXT];
    if (x->batched != tensor->batched || soma_tensor_count(x) != soma_tensor_count(tensor))
        return soma_op_refuse(tensor, SOMA_INVALID_SHAPE, "%s has %zu elements per sample, %s has %zu",
                              soma_tensor_shape_text(x, text[0]), soma_tensor_count(x),
                              soma_tensor_shape_text(tensor, text[1]), soma_tensor_count(tensor));
    tensor->dtype = x->dtype;
    return SOMA_OK;
}

static soma_status gradient_reshape(soma_graph *graph, soma_tensor *tensor, soma_tensor *dy, soma_tensor **gradient) {
    return soma_graph_reshape(graph, dy, tensor->input[0], &gradient[0]);
}

SOMA_OP(reshape) = {1, 1, shape_reshape, SOMA_GRADIENT(gradient_reshape), NULL};
