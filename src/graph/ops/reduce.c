/* SPDX-License-Identifier: MIT */
/* REDUCE: sums, means and extremes along an axis. */
#include "graph/ops/op.h"

static soma_status shape_reduce(soma_tensor *tensor) {
    uint32_t axis = tensor->attributes.reduce.axis;
    SOMA_TRY(soma_op_check_axis(tensor, tensor->input[0], axis));
    SOMA_TRY(soma_shape_like_first(tensor));
    if (tensor->batched && axis == 0) {
        tensor->batched = false;
        return SOMA_OK;
    }
    uint32_t dimension = axis - (tensor->batched ? 1 : 0);
    for (uint32_t i = dimension; i + 1 < tensor->rank; i++) tensor->shape[i] = tensor->shape[i + 1];
    tensor->rank--;
    return SOMA_OK;
}

/* Maximum and minimum: the gradient is shared among the elements that are equal to the result. */
static soma_status gradient_extreme(soma_graph *graph, soma_tensor *tensor, soma_tensor *y, soma_tensor *dy,
                                    soma_tensor **dx) {
    soma_tensor *x = tensor->input[0], *mask, *count;
    bool maximum = tensor->attributes.reduce.op == SOMA_REDUCE_MAX;
    if (maximum)
        SOMA_TRY(soma_graph_binary(graph, x, y, SOMA_BINARY_GREATER_EQUAL, &mask));
    else {
        SOMA_TRY(soma_graph_copy(graph, y, x, 1, &y));
        SOMA_TRY(soma_graph_binary(graph, y, x, SOMA_BINARY_GREATER_EQUAL, &mask));
    }
    SOMA_TRY(soma_graph_reduce(graph, mask, SOMA_REDUCE_SUM, tensor->attributes.reduce.axis, &count));
    SOMA_TRY(soma_graph_reshape(graph, count, dy, &count));
    SOMA_TRY(soma_graph_binary(graph, dy, count, SOMA_BINARY_DIVIDE, &dy));
    return soma_graph_binary(graph, mask, dy, SOMA_BINARY_MULTIPLY, dx);
}

static soma_status gradient_reduce(soma_graph *graph, soma_tensor *tensor, soma_tensor *dy, soma_tensor **gradient) {
    soma_tensor *x = tensor->input[0], *y;
    uint32_t axis = tensor->attributes.reduce.axis;
    /* Put the reduced dimension back, with size 1, so that results broadcast along it. */
    soma_tensor kept = *x;
    bool over_batch = x->batched && axis == 0;
    size_t length = over_batch ? 0 : x->shape[axis - (x->batched ? 1 : 0)];
    if (over_batch)
        kept.batched = false;
    else
        kept.shape[axis - (x->batched ? 1 : 0)] = 1;
    SOMA_TRY(soma_graph_reshape(graph, dy, &kept, &dy));
    SOMA_TRY(soma_graph_reshape(graph, tensor, &kept, &y));
    switch (tensor->attributes.reduce.op) {
    case SOMA_REDUCE_SUM:
        return soma_graph_copy(graph, dy, x, 1, &gradient[0]);
    case SOMA_REDUCE_MEAN:
        if (over_batch) break;
        return soma_graph_copy(graph, dy, x, 1 / (float)length, &gradient[0]);
    case SOMA_REDUCE_SUM_SQUARES:
        SOMA_TRY(soma_graph_copy(graph, dy, dy, 2, &dy));
        return soma_graph_binary(graph, x, dy, SOMA_BINARY_MULTIPLY, &gradient[0]);
    default:
        return gradient_extreme(graph, tensor, y, dy, &gradient[0]);
    }
    char label[SOMA_SHAPE_TEXT];
    return soma_error(SOMA_NO_GRADIENT, "%s: the mean over the batch has no gradient; sum the samples instead",
                      soma_tensor_label(tensor, label));
}

static soma_status lower_reduce(soma_lowering *lowering, const soma_tensor *tensor) {
    soma_view x = soma_lowering_axis(lowering, tensor->input[0], tensor->attributes.reduce.axis),
              out = soma_lowering_view(lowering, tensor);
    size_t shape[2] = {x.shape[0], x.shape[2]};
    return soma_lowering_push(lowering, tensor,
                              soma_call_reduce(x, soma_view_reshape(&out, 2, shape), tensor->attributes.reduce.op));
}

SOMA_OP(reduce) = {1, 1, shape_reduce, SOMA_GRADIENT(gradient_reduce), lower_reduce};
