/* SPDX-License-Identifier: MIT */
/*
 * A product with rows of a table, as the first layer behind an embedding is one: f(x W + b) with x = table[index] is
 * f(table W + b)[index]. A row is multiplied once, however often it is named; the gradients of table, weights and bias
 * come from the sums over all places that name a row, by products as small.
 */
#include "graph/rewrites.h"

/* Elements of a product that stays in memory from run to run. */
#define MOST_SETTLED ((size_t)1 << 20)

/* Where parameters stay as they are, the product is none of a run's work; where they change, it has to be smaller than
 * that of a batch of two samples, of which each names `count` rows. */
static bool is_worth(const soma_tensor *product, bool settled) {
    const soma_tensor *rows = product->input[0];
    const size_t vocabulary = rows->input[0]->shape[0], columns = product->shape[product->rank - 1];
    return settled ? vocabulary <= MOST_SETTLED / columns : vocabulary <= 2 * soma_tensor_count(rows->input[1]);
}

/* With training, what pads has no gradient by the table, but has by weights and bias: those stay apart. */
static bool can_multiply_table(const soma_tensor *product, bool training) {
    const soma_tensor *rows = product->input[0];
    const soma_gemm_params *params = &product->attributes.gemm;
    return product->op == SOMA_OP_GEMM && product->batched && rows->op == SOMA_OP_GATHER && rows->batched &&
           !params->transpose_a && params->beta == 0 && !(training && rows->attributes.gather.padded);
}

static bool is_settled(const soma_tensor *product) {
    bool all = soma_tensor_is_settled(product->input[0]->input[0]);
    for (uint32_t i = 1; i < product->input_count; i++) all &= soma_tensor_is_settled(product->input[i]);
    return all;
}

static soma_status multiply_table(soma_graph *graph, uint32_t place, bool settled) {
    soma_tensor *product = graph->tensor[place], *input[3], *all;
    const soma_tensor *rows = product->input[0];
    for (uint32_t i = 0; i < product->input_count; i++) input[i] = product->input[i];
    input[0] = rows->input[0];
    soma_tensor_spec spec = {
        .op = SOMA_OP_GEMM, .input_count = product->input_count, .input = input, .attributes = product->attributes};
    SOMA_TRY(soma_graph_add(graph, &spec, &all));
    all->settled = settled;
    all->layer = product->layer;
    soma_graph_move(graph, all, place);
    SOMA_TRY(soma_tensor_set_inputs(product, (soma_tensor *[]){all, rows->input[1]}, 2));
    product->op = SOMA_OP_GATHER;
    product->attributes = rows->attributes;
    return SOMA_OK;
}

soma_status soma_graph_fuse_gather(soma_graph *graph, bool training) {
    for (uint32_t i = 0; i < graph->count; i++) {
        if (!can_multiply_table(graph->tensor[i], training)) continue;
        const bool settled = !training && is_settled(graph->tensor[i]);
        if (is_worth(graph->tensor[i], settled)) SOMA_TRY(multiply_table(graph, i++, settled));
    }
    for (uint32_t i = 0; i < graph->count; i++) graph->tensor[i]->id = i;
    return SOMA_OK;
}
