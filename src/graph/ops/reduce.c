/* SPDX-License-Identifier: MIT */
/* REDUCE: sums, means and extremes along axes that follow each other. */
#include "graph/ops/op.h"

static soma_status shape_reduce(soma_tensor *tensor) {
    const soma_tensor *x = tensor->input[0];
    uint32_t axis = tensor->attributes.reduce.axis, batch = x->batched ? 1 : 0;
    if (tensor->attributes.reduce.count == 0) tensor->attributes.reduce.count = 1;
    uint32_t count = tensor->attributes.reduce.count;
    char text[SOMA_SHAPE_TEXT];
    SOMA_TRY(soma_op_check_axis(tensor, x, axis));
    if (count > x->rank + batch - axis)
        return soma_op_refuse(tensor, SOMA_INVALID_SHAPE,
                              "%s has no %u dimensions from number %u on (the batch counts)",
                              soma_tensor_shape_text(x, text), count, axis);
    SOMA_TRY(soma_shape_like_first(tensor));
    tensor->batched = x->batched && axis > 0;
    tensor->rank = 0;
    for (uint32_t i = 0; i < x->rank; i++)
        if (i + batch < axis || i + batch >= axis + count) tensor->shape[tensor->rank++] = x->shape[i];
    return SOMA_OK;
}

/* Maximum and minimum: the gradient is shared among the elements that are equal to the result. */
static soma_status gradient_extreme(soma_graph *graph, soma_tensor *tensor, soma_tensor *y, soma_tensor *dy,
                                    soma_tensor **dx) {
    soma_tensor *x = tensor->input[0], *mask, *count;
    bool maximum = tensor->attributes.reduce.op == SOMA_REDUCE_MAX;
    soma_attributes attributes = tensor->attributes;
    attributes.reduce.op = SOMA_REDUCE_SUM;
    if (maximum)
        SOMA_TRY(soma_graph_binary(graph, x, y, SOMA_BINARY_GREATER_EQUAL, &mask));
    else {
        SOMA_TRY(soma_graph_copy(graph, y, x, 1, &y));
        SOMA_TRY(soma_graph_binary(graph, y, x, SOMA_BINARY_GREATER_EQUAL, &mask));
    }
    SOMA_TRY(soma_op_add(graph, SOMA_OP_REDUCE, &mask, 1, attributes, &count));
    SOMA_TRY(soma_graph_reshape(graph, count, dy, &count));
    SOMA_TRY(soma_graph_binary(graph, dy, count, SOMA_BINARY_DIVIDE, &dy));
    return soma_graph_binary(graph, mask, dy, SOMA_BINARY_MULTIPLY, dx);
}

static soma_status gradient_reduce(soma_graph *graph, soma_tensor *tensor, soma_tensor *dy, soma_tensor **gradient) {
    soma_tensor *x = tensor->input[0], *y;
    uint32_t axis = tensor->attributes.reduce.axis, end = axis + tensor->attributes.reduce.count;
    uint32_t batch = x->batched ? 1 : 0;
    /* Put the reduced dimensions back, with size 1, so that results broadcast along them. */
    soma_tensor kept = *x;
    size_t length = 1;
    bool over_batch = x->batched && axis == 0;
    if (over_batch) kept.batched = false;
    for (uint32_t i = axis - SOMA_MIN(axis, batch); i < end - batch; i++) {
        length *= x->shape[i];
        kept.shape[i] = 1;
    }
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
    soma_view x = soma_lowering_axes(lowering, tensor->input[0], tensor->attributes.reduce.axis,
                                     tensor->attributes.reduce.count),
              out = soma_lowering_view(lowering, tensor);
    size_t shape[2] = {x.shape[0], x.shape[2]};
    return soma_lowering_push(lowering, tensor,
                              soma_call_reduce(x, soma_view_reshape(&out, 2, shape), tensor->attributes.reduce.op));
}

SOMA_OP(reduce) = {1, 1, shape_reduce, SOMA_GRADIENT(gradient_reduce), lower_reduce};
