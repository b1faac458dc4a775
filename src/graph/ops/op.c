/* SPDX-License-Identifier: MIT */
/* What the rules of several ops have in common. */
#include "graph/ops/op.h"

#include <stdio.h>
#include <string.h>

/* ---------------------------------------------------------------------------------------------------------- shapes */

soma_status soma_op_refuse(const soma_tensor *tensor, soma_status status, const char *format, ...) {
    char message[512], label[SOMA_SHAPE_TEXT];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    return soma_error(status, "%s: %s", soma_tensor_label(tensor, label), message);
}

soma_status soma_shape_like_first(soma_tensor *tensor) {
    const soma_tensor *x = tensor->input[0];
    tensor->dtype = x->dtype;
    tensor->batched = x->batched;
    tensor->rank = x->rank;
    memcpy(tensor->shape, x->shape, sizeof tensor->shape);
    return SOMA_OK;
}

/* INPUT, PARAMETER, FILL: the shape is given. */
soma_status soma_shape_given(soma_tensor *tensor) {
    if (soma_tensor_full_rank(tensor) > SOMA_MAX_RANK)
        return soma_op_refuse(tensor, SOMA_INVALID_SHAPE, "%u dimensions, at most %d are possible (the batch counts)",
                              soma_tensor_full_rank(tensor), SOMA_MAX_RANK);
    for (uint32_t i = 0; i < tensor->rank; i++)
        if (tensor->shape[i] == 0)
            return soma_op_refuse(tensor, SOMA_INVALID_SHAPE, "dimension %u is 0, it must be at least 1", i);
    return SOMA_OK;
}

soma_status soma_shape_of_equal_inputs(soma_tensor *tensor) {
    char text[2][SOMA_SHAPE_TEXT];
    if (!soma_tensor_same_shape(tensor->input[0], tensor->input[1]))
        return soma_op_refuse(tensor, SOMA_INVALID_SHAPE, "%s and %s should be equal",
                              soma_tensor_shape_text(tensor->input[0], text[0]),
                              soma_tensor_shape_text(tensor->input[1], text[1]));
    return soma_shape_like_first(tensor);
}

/* METRIC, NORM, OPTIMIZER have no value of their own. */
soma_status soma_shape_none(soma_tensor *tensor) {
    tensor->rank = 0;
    tensor->batched = false;
    return SOMA_OK;
}

soma_status soma_op_check_axis(const soma_tensor *tensor, const soma_tensor *x, uint32_t axis) {
    char text[SOMA_SHAPE_TEXT];
    uint32_t batch = x->batched ? 1 : 0;
    if (axis < x->rank + batch) return SOMA_OK;
    /* People count the dimensions of a sample. */
    return soma_op_refuse(tensor, SOMA_INVALID_SHAPE, "%s has no dimension %u per sample (the first is 0)",
                          soma_tensor_shape_text(x, text), axis - batch);
}

/* ------------------------------------------------------------------------------------------------------- gradients */

soma_status soma_op_add(soma_graph *graph, soma_op op, soma_tensor *const *input, uint32_t count,
                        soma_attributes attributes, soma_tensor **out) {
    soma_tensor_spec spec = {.op = op, .input_count = count, .input = input, .attributes = attributes};
    return soma_graph_add(graph, &spec, out);
}

soma_status soma_op_constant_like(soma_graph *graph, const soma_tensor *like, float value, soma_tensor **out) {
    soma_tensor_spec spec = {.op = SOMA_OP_FILL,
                             .attributes = {.fill = {value, false}},
                             .dtype = SOMA_F32,
                             .batched = like->batched,
                             .rank = like->rank};
    for (uint32_t i = 0; i < like->rank; i++) spec.shape[i] = like->shape[i];
    return soma_graph_add(graph, &spec, out);
}

/* The other way round from broadcasting: sums dy over the dimensions in which x was repeated, down to x's shape. */
soma_status soma_op_sum_to(soma_graph *graph, soma_tensor *dy, const soma_tensor *x, soma_tensor **out) {
    uint32_t batch = dy->batched ? 1 : 0, extra = dy->rank - x->rank, count = 0;
    bool repeated[SOMA_MAX_RANK] = {batch && !x->batched};
    for (uint32_t i = 0; i < dy->rank; i++)
        repeated[batch + i] = i < extra || (x->shape[i - extra] == 1 && dy->shape[i] != 1);
    for (uint32_t i = batch + dy->rank; i-- > 0;) { /* last first, so that the axes before stay where they are */
        count = repeated[i] ? count + 1 : 0;
        if (count && (i == 0 || !repeated[i - 1]))
            SOMA_TRY(soma_graph_reduce_axes(graph, dy, SOMA_REDUCE_SUM, i, count, &dy));
    }
    if (!soma_tensor_same_shape(dy, x)) SOMA_TRY(soma_graph_reshape(graph, dy, x, &dy));
    *out = dy;
    return SOMA_OK;
}

soma_status soma_gradient_none(soma_graph *graph, soma_tensor *tensor, soma_tensor *dy, soma_tensor **gradient) {
    (void)graph, (void)tensor, (void)dy, (void)gradient;
    return SOMA_OK;
}

/* ----------------------------------------------------------------------------------------------------- lowering */

/* x repeated to the shape of `out`: strides of 0 where it has 1 or nothing. */
soma_view soma_op_broadcast_view(const soma_lowering *lowering, const soma_tensor *x, const soma_tensor *out) {
    soma_view from = soma_lowering_view(lowering, x), to = soma_lowering_view(lowering, out);
    uint32_t batch = out->batched ? 1 : 0, shift = batch + out->rank - x->rank;
    for (uint32_t i = 0; i < to.rank; i++) to.stride[i] = 0;
    if (x->batched) to.stride[0] = from.stride[0];
    for (uint32_t i = 0; i < x->rank; i++)
        if (x->shape[i] != 1) to.stride[shift + i] = from.stride[i + (x->batched ? 1 : 0)];
    to.memory = from.memory;
    to.dtype = from.dtype;
    return to;
}

#ifndef SOMA_HAVE_TRAINING
soma_status soma_lower_absent(soma_lowering *lowering, const soma_tensor *tensor) {
    (void)lowering;
    return soma_error(SOMA_UNSUPPORTED, "%s: %s", soma_op_name(tensor->op), SOMA_WITHOUT_TRAINING);
}
#endif

soma_view soma_op_view5(const soma_lowering *lowering, const soma_tensor *tensor, uint32_t lead) {
    soma_view view = soma_lowering_view(lowering, tensor);
    size_t shape[5];
    uint32_t more = 5 - view.rank;
    for (uint32_t i = 0; i < 5; i++) shape[i] = i < lead ? view.shape[i] : i < lead + more ? 1 : view.shape[i - more];
    return soma_view_reshape(&view, 5, shape);
}

soma_view soma_op_last_rows(const soma_lowering *lowering, const soma_tensor *tensor) {
    soma_view view = soma_lowering_flat(lowering, tensor);
    const size_t columns = tensor->rank ? tensor->shape[tensor->rank - 1] : 1;
    return soma_view_reshape(&view, 2, (size_t[]){soma_view_count(&view) / columns, columns});
}
