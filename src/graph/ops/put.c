/* SPDX-License-Identifier: MIT */
/* PUT: rows at places of a table that are computed. */
#include "graph/ops/op.h"

static soma_status shape_put(soma_tensor *tensor) {
    const soma_tensor *table = tensor->input[0], *x = tensor->input[1], *index = tensor->input[2];
    char text[3][SOMA_SHAPE_TEXT];
    SOMA_TRY(soma_shape_like_first(tensor));
    if (table->batched == x->batched && table->batched == index->batched && table->rank == 2 && x->rank == 2 &&
        x->shape[1] == table->shape[1] && index->rank == 1 && index->dtype == SOMA_I32 &&
        index->shape[0] == x->shape[0])
        return SOMA_OK;
    return soma_op_refuse(tensor, SOMA_INVALID_SHAPE,
                          "rows [numbers, width] go into a table [rows, width] by an index [numbers], got %s, %s and "
                          "%s",
                          soma_tensor_shape_text(x, text[0]), soma_tensor_shape_text(table, text[1]),
                          soma_tensor_shape_text(index, text[2]));
}

/* The numbers that the index was made of, as those of rows of the tables of all samples. */
static soma_status index_of_all(soma_graph *graph, soma_tensor *tensor, soma_tensor *dy, soma_tensor **index) {
    soma_tensor *numbers = tensor->input[2]->input[0], *first;
    const soma_tensor_spec ordinal = {.op = SOMA_OP_ORDINAL, .input_count = 1, .input = &dy};
    const soma_tensor_spec whole = {.op = SOMA_OP_INDEX, .input_count = 1, .input = &numbers};
    if (!tensor->batched) return *index = tensor->input[2], SOMA_OK;
    SOMA_TRY(soma_graph_add(graph, &ordinal, &first));
    SOMA_TRY(soma_graph_copy(graph, first, first, (float)tensor->shape[0], &first));
    SOMA_TRY(soma_graph_binary(graph, numbers, first, SOMA_BINARY_ADD, &numbers));
    return soma_graph_add(graph, &whole, index);
}

/* Of sums. What takes the place of others has a gradient only where it is the last, which a gather does not tell. */
static soma_status gradient_put(soma_graph *graph, soma_tensor *tensor, soma_tensor *dy, soma_tensor **gradient) {
    soma_tensor *index;
    if (!tensor->attributes.put.combines || tensor->attributes.put.op != SOMA_BINARY_ADD)
        return soma_op_refuse(tensor, SOMA_UNSUPPORTED,
                              "only values that are added at computed places have a gradient; these replace, or are "
                              "multiplied or compared with, what is there");
    SOMA_TRY(index_of_all(graph, tensor, dy, &index));
    soma_tensor_spec spec = {.op = SOMA_OP_GATHER, .input_count = 2, .input = (soma_tensor *[]){dy, index}};
    SOMA_TRY(soma_graph_add(graph, &spec, &gradient[1]));
    gradient[0] = dy;
    return SOMA_OK;
}

/* As tables of samples, one where there is no batch. */
static soma_view tables(const soma_lowering *lowering, const soma_tensor *tensor) {
    const soma_view flat = soma_lowering_flat(lowering, tensor);
    const size_t samples = tensor->batched ? lowering->batch : 1;
    return soma_view_reshape(&flat, tensor->rank + 1, (size_t[]){samples, tensor->shape[0], tensor->shape[1]});
}

static soma_status lower_put(soma_lowering *lowering, const soma_tensor *tensor) {
    const soma_tensor *table = tensor->input[0];
    SOMA_TRY(soma_lowering_push(
        lowering, tensor,
        soma_call_copy(soma_lowering_flat(lowering, table), soma_lowering_flat(lowering, tensor), 1, 0)));
    return soma_lowering_push(lowering, tensor,
                              soma_call_put(tables(lowering, tensor->input[1]), tables(lowering, tensor->input[2]),
                                            tables(lowering, tensor), tensor->attributes.put));
}

SOMA_OP(put) = {3, 3, shape_put, SOMA_GRADIENT(gradient_put), lower_put};
