/* SPDX-License-Identifier: MIT */
/* CONCAT: values one after the other along a dimension. */
#include "graph/ops/op.h"

static soma_status shape_concat(soma_tensor *tensor) {
    uint32_t axis = tensor->attributes.concat.axis;
    SOMA_TRY(soma_shape_like_first(tensor));
    SOMA_TRY(soma_op_check_axis(tensor, tensor, axis));
    if (tensor->batched && axis == 0)
        return soma_op_refuse(tensor, SOMA_INVALID_SHAPE, "the batch cannot be joined along");
    uint32_t dimension = axis - (tensor->batched ? 1 : 0);
    for (uint32_t i = 1; i < tensor->input_count; i++) {
        const soma_tensor *x = tensor->input[i];
        bool fits = x->batched == tensor->batched && x->rank == tensor->rank;
        for (uint32_t j = 0; fits && j < x->rank; j++) fits = j == dimension || x->shape[j] == tensor->shape[j];
        char text[2][SOMA_SHAPE_TEXT];
        if (!fits)
            return soma_op_refuse(tensor, SOMA_INVALID_SHAPE, "%s and %s differ in more than dimension %u",
                                  soma_tensor_shape_text(tensor->input[0], text[0]), soma_tensor_shape_text(x, text[1]),
                                  dimension);
        tensor->shape[dimension] += x->shape[dimension];
    }
    return SOMA_OK;
}

static soma_status gradient_concat(soma_graph *graph, soma_tensor *tensor, soma_tensor *dy, soma_tensor **gradient) {
    uint32_t axis = tensor->attributes.concat.axis, dimension = axis - (tensor->batched ? 1 : 0);
    size_t start = 0;
    for (uint32_t i = 0; i < tensor->input_count; i++) {
        size_t length = tensor->input[i]->shape[dimension];
        soma_attributes attributes = {.slice = {axis, start, length}};
        SOMA_TRY(soma_op_add(graph, SOMA_OP_SLICE, &dy, 1, attributes, &gradient[i]));
        start += length;
    }
    return SOMA_OK;
}

static soma_status lower_concat(soma_lowering *lowering, const soma_tensor *tensor) {
    uint32_t axis = tensor->attributes.concat.axis;
    soma_view whole = soma_lowering_view(lowering, tensor);
    size_t start = 0, element = soma_dtype_size(whole.dtype);
    for (uint32_t i = 0; i < tensor->input_count; i++) {
        soma_view from = soma_lowering_view(lowering, tensor->input[i]), to = whole;
        to.shape[axis] = from.shape[axis];
        to.offset = start * whole.stride[axis] * element;
        start += from.shape[axis];
        SOMA_TRY(soma_lowering_push(lowering, tensor, soma_call_copy(from, to, 1, 0)));
    }
    return SOMA_OK;
}

SOMA_OP(concat) = {1, SOMA_MAX_INPUTS, shape_concat, SOMA_GRADIENT(gradient_concat), lower_concat};
