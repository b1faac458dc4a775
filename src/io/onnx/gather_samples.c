/* SPDX-License-Identifier: MIT */
/* Rows of a table that each sample has for itself, by numbers that are computed: for ops that take values from places
 * which the model finds. */
#include "io/onnx/compose.h"

soma_status soma_onnx_compose_rows(soma_onnx_node *node, soma_onnx_value *x, size_t rows, soma_onnx_value *table) {
    int64_t order[SOMA_ONNX_MAX_RANK] = {0};
    const int64_t shape[] = {0, (int64_t)rows, (int64_t)x->shape.dim[1]};
    for (uint32_t i = 2; i < x->shape.rank; i++) order[i - 1] = i;
    order[x->shape.rank - 1] = 1;
    SOMA_TRY(soma_onnx_compose_turned(node, x, order, table));
    return soma_onnx_compose_reshaped(node, table, shape, 3, table);
}

soma_status soma_onnx_keep_inside(soma_onnx_node *node, soma_onnx_value *numbers, size_t size, soma_onnx_value *out) {
    soma_onnx_value from, to, none; /* by what is greater, which NaN is in neither */
    SOMA_TRY(soma_onnx_compose_with(node, &soma_onnx_row_Greater, numbers, -0.5, &from));
    SOMA_TRY(soma_onnx_compose_with(node, &soma_onnx_row_Less, numbers, (double)size - 0.5, &to));
    SOMA_TRY(SOMA_ONNX_COMPOSE(node, And, NULL, &from, &from, &to));
    SOMA_TRY(soma_onnx_compose_number(node, SOMA_ONNX_NO_ROW, &none));
    return SOMA_ONNX_COMPOSE(node, Where, NULL, out, &from, numbers, &none);
}

/* Where the first dimension is no batch, what it counts have one table after the other. */
static soma_status count_through(soma_onnx_node *node, size_t samples, size_t rows, soma_onnx_value *numbers) {
    soma_onnx_value first;
    double *made = NULL;
    if (samples == 1) return SOMA_OK;
    SOMA_TRY(soma_onnx_make(node, samples, &made));
    for (size_t i = 0; i < samples; i++) made[i] = (double)(i * rows);
    SOMA_TRY(soma_onnx_compose_numbers(node, ".first", 2, (size_t[]){samples, 1}, made, &first));
    return SOMA_ONNX_COMPOSE(node, Add, NULL, numbers, numbers, &first);
}

/* The numbers of a sample's rows as those of the table of all samples: of [rows, width] for each. */
static soma_status index_of(soma_onnx_node *node, soma_tensor *numbers, soma_tensor *table, soma_tensor **index) {
    soma_graph *graph = soma_onnx_graph(node);
    soma_tensor *first, *sum;
    soma_tensor_spec ordinal = {.op = SOMA_OP_ORDINAL, .input_count = 1, .input = &table};
    soma_tensor_spec whole = {.op = SOMA_OP_INDEX, .input_count = 1, .input = &sum};
    SOMA_TRY(soma_graph_add(graph, &ordinal, &first));
    SOMA_TRY(soma_onnx_function(node, first, SOMA_LINEAR, (float)table->shape[0], 0, &first));
    SOMA_TRY(soma_graph_binary(graph, numbers, first, SOMA_BINARY_ADD, &sum));
    return soma_graph_add(graph, &whole, index);
}

soma_status soma_onnx_rows_of(soma_onnx_node *node, soma_onnx_value *table, const soma_onnx_value *numbers,
                              soma_onnx_value *rows) {
    const size_t count = numbers->shape.dim[1], height = table->shape.dim[1], width = table->shape.dim[2];
    const uint32_t kept = 1 - soma_onnx_first(node->importer, &table->shape);
    const size_t samples = kept ? table->shape.dim[0] : 1;
    soma_onnx_value places = *numbers;
    soma_tensor *x, *index, *y, like = {.rank = 2, .shape = {samples * height, width}};
    size_t all;
    if (!soma_multiply_size(samples, height, &all) || all > SOMA_ONNX_MOST_COUNTED)
        return soma_error(SOMA_UNSUPPORTED, "rows of %zu tables of %zu; at most %zu rows are counted", samples, height,
                          SOMA_ONNX_MOST_COUNTED);
    SOMA_TRY(soma_onnx_compose_reshaped(node, &places, (const int64_t[]){0, (int64_t)count}, 2, &places));
    SOMA_TRY(soma_onnx_keep_inside(node, &places, height, &places)); /* else they were rows of other samples */
    SOMA_TRY(count_through(node, samples, height, &places));
    SOMA_TRY(soma_onnx_tensor(node, table, &x));
    SOMA_TRY(soma_onnx_tensor(node, &places, &index));
    like.batched = x->batched;
    SOMA_TRY(soma_graph_reshape(x->graph, x, &like, &x));
    like = (soma_tensor){.batched = index->batched, .rank = 1, .shape = {samples * count}};
    SOMA_TRY(soma_graph_reshape(index->graph, index, &like, &index));
    SOMA_TRY(index_of(node, index, x, &index));
    soma_tensor_spec spec = {.op = SOMA_OP_GATHER, .input_count = 2, .input = (soma_tensor *[]){x, index}};
    SOMA_TRY(soma_graph_add(soma_onnx_graph(node), &spec, &y));
    *rows = (soma_onnx_value){.defined = true, .name = node->output.name};
    rows->shape = (soma_onnx_shape){.batched = true, .rank = 3, .dim = {table->shape.dim[0], count, width}};
    return soma_onnx_reshaped(node, y, &rows->shape, &rows->tensor);
}
