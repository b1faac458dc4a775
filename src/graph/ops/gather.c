/* SPDX-License-Identifier: MIT */
/* GATHER: rows of a table, by numbers that an INDEX makes of what comes from outside, or is computed; and its gradient.
 */
#include "graph/ops/op.h"

/* Numbers come as float32, as all that data sets, files and programs give: up to 2^24 it holds whole numbers exactly.
 * What is none, or names no row, is refused on the host (train/ids.c); here it becomes some number. */
static soma_status shape_index(soma_tensor *tensor) {
    char text[SOMA_SHAPE_TEXT];
    if (tensor->input[0]->dtype != SOMA_F32)
        return soma_op_refuse(tensor, SOMA_INVALID_SHAPE, "the numbers of rows must be float32, got %s",
                              soma_tensor_shape_text(tensor->input[0], text));
    SOMA_TRY(soma_shape_like_first(tensor));
    tensor->dtype = SOMA_I32;
    return SOMA_OK;
}

static soma_status lower_index(soma_lowering *lowering, const soma_tensor *tensor) {
    return soma_lowering_push(
        lowering, tensor,
        soma_call_copy(soma_lowering_flat(lowering, tensor->input[0]), soma_lowering_flat(lowering, tensor), 1, 0));
}

SOMA_OP(index) = {1, 1, shape_index, SOMA_GRADIENT(soma_gradient_none), lower_index};

static soma_status shape_gather(soma_tensor *tensor) {
    const soma_tensor *table = tensor->input[0], *index = tensor->input[1];
    char text[2][SOMA_SHAPE_TEXT];
    if (table->rank != 2 || index->dtype != SOMA_I32 || (table->batched && !index->batched))
        return soma_op_refuse(tensor, SOMA_INVALID_SHAPE,
                              "rows of a table [rows, width] are gathered by an index, of samples if the table is, got "
                              "%s and %s",
                              soma_tensor_shape_text(table, text[0]), soma_tensor_shape_text(index, text[1]));
    if (tensor->attributes.gather.padded && tensor->attributes.gather.padding >= table->shape[0])
        return soma_op_refuse(tensor, SOMA_INVALID_ARGUMENT, "the padding is row %zu of a table of %zu",
                              tensor->attributes.gather.padding, table->shape[0]);
    if (soma_tensor_full_rank(index) >= SOMA_MAX_RANK)
        return soma_op_refuse(tensor, SOMA_INVALID_SHAPE, "%s and a row for each are more than %d dimensions",
                              soma_tensor_shape_text(index, text[0]), SOMA_MAX_RANK);
    tensor->dtype = SOMA_F32;
    tensor->batched = index->batched;
    tensor->rank = index->rank + 1;
    for (uint32_t i = 0; i < index->rank; i++) tensor->shape[i] = index->shape[i];
    tensor->shape[index->rank] = table->shape[1];
    tensor->is_sequence = index->batched && index->rank > 0 && !table->batched;
    return SOMA_OK;
}

static soma_status gradient_gather(soma_graph *graph, soma_tensor *tensor, soma_tensor *dy, soma_tensor **gradient) {
    const soma_tensor *table = tensor->input[0];
    soma_tensor_spec spec = {.op = SOMA_OP_GATHER_GRAD,
                             .input_count = 2,
                             .input = (soma_tensor *[]){dy, tensor->input[1]},
                             .attributes = tensor->attributes,
                             .batched = table->batched,
                             .rank = 2,
                             .shape = {table->shape[0], table->shape[1]}};
    return soma_graph_add(graph, &spec, &gradient[0]);
}

/* All dimensions but the last are rows. */
static soma_view matrix(const soma_lowering *lowering, const soma_tensor *tensor, size_t width) {
    soma_view flat = soma_lowering_flat(lowering, tensor);
    return soma_view_reshape(&flat, 2, (size_t[]){soma_view_count(&flat) / width, width});
}

/* Rows of all samples are counted in float32 before they are an index. */
static soma_status check_rows(const soma_lowering *lowering, const soma_tensor *table) {
    const size_t most = (size_t)1 << 24;
    if (!table->batched || lowering->batch <= most / table->shape[0]) return SOMA_OK;
    return soma_error(SOMA_UNSUPPORTED,
                      "%zu samples, each with a table of %zu rows; at most %zu samples of such are possible at a time",
                      lowering->batch, table->shape[0], most / table->shape[0]);
}

static soma_status lower_gather(soma_lowering *lowering, const soma_tensor *tensor) {
    const size_t width = tensor->input[0]->shape[1];
    SOMA_TRY(check_rows(lowering, tensor->input[0]));
    return soma_lowering_push(lowering, tensor,
                              soma_call_gather(matrix(lowering, tensor->input[0], width),
                                               soma_lowering_flat(lowering, tensor->input[1]),
                                               matrix(lowering, tensor, width), 0, 1, 0));
}

SOMA_OP(gather) = {2, 2, shape_gather, SOMA_GRADIENT(gradient_gather), lower_gather};

static soma_status lower_gather_grad(soma_lowering *lowering, const soma_tensor *tensor) {
    const size_t width = tensor->shape[1];
    const int64_t skip = tensor->attributes.gather.padded ? (int64_t)tensor->attributes.gather.padding : -1;
    return soma_lowering_push(lowering, tensor,
                              soma_call_gather_grad(matrix(lowering, tensor->input[0], width),
                                                    soma_lowering_flat(lowering, tensor->input[1]),
                                                    matrix(lowering, tensor, width), skip));
}

SOMA_OP(gather_grad) = {2, 2, soma_shape_given, NULL, SOMA_TRAINING_CALL(lower_gather_grad)};
