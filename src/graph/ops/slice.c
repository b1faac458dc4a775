/* SPDX-License-Identifier: MIT */
/* SLICE: a part of a dimension. */
#include "graph/ops/op.h"

static soma_status shape_slice(soma_tensor *tensor) {
    uint32_t axis = tensor->attributes.slice.axis;
    SOMA_TRY(soma_shape_like_first(tensor));
    SOMA_TRY(soma_op_check_axis(tensor, tensor, axis));
    if (tensor->batched && axis == 0) return soma_op_refuse(tensor, SOMA_INVALID_SHAPE, "the batch cannot be sliced");
    uint32_t dimension = axis - (tensor->batched ? 1 : 0);
    size_t start = tensor->attributes.slice.start, length = tensor->attributes.slice.length;
    size_t size = tensor->shape[dimension];
    if (length == 0 || start > size || length > size - start)
        return soma_op_refuse(tensor, SOMA_INVALID_SHAPE, "slice of %zu from %zu does not lie in a dimension of %zu",
                              length, start, size);
    tensor->shape[dimension] = length;
    return SOMA_OK;
}

/* Zeros on both sides of dy. */
static soma_status gradient_slice(soma_graph *graph, soma_tensor *tensor, soma_tensor *dy, soma_tensor **gradient) {
    const soma_tensor *x = tensor->input[0];
    uint32_t axis = tensor->attributes.slice.axis, dimension = axis - (x->batched ? 1 : 0), count = 0;
    size_t before = tensor->attributes.slice.start;
    size_t after = x->shape[dimension] - before - tensor->attributes.slice.length;
    soma_tensor *part[3], zeros = *x;
    if (before) {
        zeros.shape[dimension] = before;
        SOMA_TRY(soma_op_constant_like(graph, &zeros, 0, &part[count++]));
    }
    part[count++] = dy;
    if (after) {
        zeros.shape[dimension] = after;
        SOMA_TRY(soma_op_constant_like(graph, &zeros, 0, &part[count++]));
    }
    return soma_op_add(graph, SOMA_OP_CONCAT, part, count, (soma_attributes){.concat = {axis}}, &gradient[0]);
}

static soma_status lower_slice(soma_lowering *lowering, const soma_tensor *tensor) {
    uint32_t axis = tensor->attributes.slice.axis;
    soma_view from = soma_lowering_view(lowering, tensor->input[0]), to = soma_lowering_view(lowering, tensor);
    from.offset = tensor->attributes.slice.start * from.stride[axis] * soma_dtype_size(from.dtype);
    from.shape[axis] = to.shape[axis];
    return soma_lowering_push(lowering, tensor, soma_call_copy(from, to, 1, 0));
}

SOMA_OP(slice) = {1, 1, shape_slice, SOMA_GRADIENT(gradient_slice), lower_slice};
