/* SPDX-License-Identifier: MIT */
/*
 * A product with rows of a table, as the first layer behind an embedding is one: table[index] W is (table W)[index]. A
 * row is multiplied once, however often it is named; the gradients of table and weights come from the sums over all
 * places that name a row, by products as small.
 *
 * A number that names no row has a row of 0, behind which a bias and a function are not 0. So these join the product
 * with the table only where no such number can come: in training, which looks at what is put in. Elsewhere the bias
 * goes to the recurrent layer behind, which adds one to the same sums.
 */
#include "device/reference/reference.h"
#include "graph/rewrites.h"

/* Smaller than the product of a batch of two samples, of which each names as many rows: so if parameters have changed
 * since the last run, too, and so what stays from run to run is as much as two samples' at most. */
static bool is_worth(const soma_tensor *product) {
    const soma_tensor *rows = product->input[0];
    return rows->input[0]->shape[0] <= 2 * soma_tensor_count(rows->input[1]);
}

/* With training, what pads has no gradient by the table, but has by weights and bias: those stay apart. */
static bool can_multiply_table(const soma_tensor *product, bool training) {
    if (product->op != SOMA_OP_GEMM || !product->batched) return false;
    const soma_tensor *rows = product->input[0];
    const soma_gemm_params *params = &product->attributes.gemm;
    return rows->op == SOMA_OP_GATHER && rows->batched && !rows->input[0]->batched && !params->transpose_a &&
           params->beta == 0 && !(training && rows->attributes.gather.padded);
}

/* What is put in is looked at before a step of training; what is computed is not. */
static bool names_rows(const soma_tensor *index, bool training) {
    index = soma_tensor_root(index);
    return training && index->op == SOMA_OP_INDEX && soma_tensor_root(index->input[0])->op == SOMA_OP_INPUT;
}

static bool keeps_zero(const soma_gemm_params *params) {
    return soma_reference_function(params->function, 0, params->a, params->b) == 0;
}

/* The only user of the product, if that is a recurrent layer that adds no bias yet, and adds one to what it is given.
 */
static soma_tensor *find_recurrence(const soma_graph *graph, const soma_tensor *product) {
    soma_tensor *user = NULL;
    uint32_t uses = product->kept;
    for (uint32_t i = 0; i < graph->count; i++)
        for (uint32_t j = 0; j < graph->tensor[i]->input_count; j++)
            if (graph->tensor[i]->input[j] == product) user = graph->tensor[i], uses++;
    if (uses != 1 || !user || user->op != SOMA_OP_RECURRENT || user->input[0] != product ||
        user->attributes.recurrent.biased ||
        (user->attributes.recurrent.params.kind == SOMA_RECURRENT_GRU &&
         !user->attributes.recurrent.params.reset_before))
        return NULL;
    return user;
}

static soma_status hand_bias_over(soma_tensor *product, soma_tensor *recurrence) {
    soma_tensor *input[6];
    uint32_t count = 0;
    for (uint32_t i = 0; i < recurrence->input_count; i++) {
        if (i == 2) input[count++] = product->input[2];
        input[count++] = recurrence->input[i];
    }
    if (recurrence->input_count == 2) input[count++] = product->input[2];
    SOMA_TRY(soma_tensor_set_inputs(recurrence, input, count));
    recurrence->attributes.recurrent.biased = true;
    return soma_tensor_set_inputs(product, (soma_tensor *[]){product->input[0], product->input[1]}, 2);
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

/* Whether 0 becomes 0, perhaps since the bias is gone. */
static soma_status free_of_bias(const soma_graph *graph, soma_tensor *product, bool *done) {
    soma_tensor *recurrence;
    *done = keeps_zero(&product->attributes.gemm);
    if (!*done || product->input_count < 3) return SOMA_OK;
    *done = product->attributes.gemm.function == SOMA_IDENTITY && (recurrence = find_recurrence(graph, product));
    return *done ? hand_bias_over(product, recurrence) : SOMA_OK;
}

soma_status soma_graph_fuse_gather(soma_graph *graph, bool training) {
    for (uint32_t i = 0; i < graph->count; i++) {
        soma_tensor *product = graph->tensor[i];
        if (!can_multiply_table(product, training) || !is_worth(product)) continue;
        bool is_same = names_rows(product->input[0]->input[1], training);
        if (!is_same) SOMA_TRY(free_of_bias(graph, product, &is_same));
        if (is_same) SOMA_TRY(multiply_table(graph, i++, !training && is_settled(product)));
    }
    for (uint32_t i = 0; i < graph->count; i++) graph->tensor[i]->id = i;
    return SOMA_OK;
}
