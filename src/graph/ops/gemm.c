/* SPDX-License-Identifier: MIT */
/* GEMM: matrix products. */
#include "graph/ops/op.h"

#include <string.h>

/* A matrix dimension: a number, or so many rows for each sample of the batch. */
typedef struct extent {
    bool batch;
    size_t size;
} extent;

static soma_status matrix_extents(const soma_tensor *tensor, const soma_tensor *x, bool transpose, extent out[2]) {
    char text[SOMA_SHAPE_TEXT];
    if (x->rank < 1 || (!x->batched && x->rank != 2))
        return soma_op_refuse(tensor, SOMA_INVALID_SHAPE, "a matrix product needs a matrix, or a batch of rows, got %s",
                              soma_tensor_shape_text(x, text));
    size_t columns_size = x->shape[x->rank - 1];
    extent rows = {x->batched, soma_tensor_count(x) / columns_size}, columns = {false, columns_size};
    out[0] = transpose ? columns : rows;
    out[1] = transpose ? rows : columns;
    return SOMA_OK;
}

static soma_status shape_gemm(soma_tensor *tensor) {
    const soma_gemm_params *params = &tensor->attributes.gemm;
    const soma_tensor *bias = tensor->input_count > 2 ? tensor->input[2] : NULL;
    extent a[2] = {{false, 0}}, b[2] = {{false, 0}};
    SOMA_TRY(matrix_extents(tensor, tensor->input[0], params->transpose_a, a));
    SOMA_TRY(matrix_extents(tensor, tensor->input[1], params->transpose_b, b));
    char text[2][SOMA_SHAPE_TEXT];
    if (a[1].batch != b[0].batch || a[1].size != b[0].size || b[1].batch)
        return soma_op_refuse(
            tensor, SOMA_INVALID_SHAPE, "cannot multiply %s%s by %s%s",
            soma_tensor_shape_text(tensor->input[0], text[0]), params->transpose_a ? " transposed" : "",
            soma_tensor_shape_text(tensor->input[1], text[1]), params->transpose_b ? " transposed" : "");
    if (bias && (bias->batched || bias->rank != 1 || bias->shape[0] != b[1].size))
        return soma_op_refuse(tensor, SOMA_INVALID_SHAPE, "the bias must be [%zu], got %s", b[1].size,
                              soma_tensor_shape_text(bias, text[0]));
    tensor->dtype = SOMA_F32;
    tensor->batched = a[0].batch;
    tensor->rank = a[0].batch ? tensor->input[0]->rank : 2;
    tensor->shape[0] = a[0].size;
    if (a[0].batch) memcpy(tensor->shape, tensor->input[0]->shape, sizeof tensor->shape);
    tensor->shape[tensor->rank - 1] = b[1].size;
    return SOMA_OK;
}

/* c = op(a) op(b) + bias:  d op(a) = dc op(b)^T,  d op(b) = op(a)^T dc,  d bias = the sum of dc's rows. */
static soma_status gradient_gemm(soma_graph *graph, soma_tensor *tensor, soma_tensor *dy, soma_tensor **gradient) {
    soma_tensor *a = tensor->input[0], *b = tensor->input[1];
    bool ta = tensor->attributes.gemm.transpose_a, tb = tensor->attributes.gemm.transpose_b;
    /* The gradient of a transposed operand is the transpose of the gradient: the factors change places. */
    if (!ta) SOMA_TRY(soma_graph_gemm(graph, dy, b, NULL, false, !tb, &gradient[0]));
    if (ta && !dy->batched) SOMA_TRY(soma_graph_gemm(graph, b, dy, NULL, tb, true, &gradient[0]));
    if (!tb) SOMA_TRY(soma_graph_gemm(graph, a, dy, NULL, !ta, false, &gradient[1]));
    if (tb) SOMA_TRY(soma_graph_gemm(graph, dy, a, NULL, true, ta, &gradient[1]));
    if (tensor->input_count > 2) SOMA_TRY(soma_op_sum_to(graph, dy, tensor->input[2], &gradient[2]));
    return SOMA_OK;
}

/* The matrix that a product sees: all dimensions but the last are rows. */
static soma_view matrix_view(const soma_lowering *lowering, const soma_tensor *tensor) {
    soma_view view = soma_lowering_view(lowering, tensor);
    size_t columns = view.shape[view.rank - 1], shape[2] = {soma_view_count(&view) / columns, columns};
    return soma_view_reshape(&view, 2, shape);
}

static soma_status lower_gemm(soma_lowering *lowering, const soma_tensor *tensor) {
    soma_view bias = tensor->input_count > 2 ? soma_lowering_view(lowering, tensor->input[2]) : soma_view_absent();
    return soma_lowering_push(lowering, tensor,
                              soma_call_gemm(matrix_view(lowering, tensor->input[0]),
                                             matrix_view(lowering, tensor->input[1]), bias,
                                             matrix_view(lowering, tensor), tensor->attributes.gemm));
}

SOMA_OP(gemm) = {2, 3, shape_gemm, SOMA_GRADIENT(gradient_gemm), lower_gemm};
