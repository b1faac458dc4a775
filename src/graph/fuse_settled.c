/* SPDX-License-Identifier: MIT */
/*
 * What is made of parameters alone is marked, so that plans make it once, and again when parameters have changed
 * (settled.c): weights that a model file turns, cuts, joins or scales before it uses them. For graphs that leave the
 * parameters alone.
 */
#include "graph/rewrites.h"

bool soma_tensor_is_settled(const soma_tensor *tensor) {
    const soma_tensor *root = soma_tensor_root(tensor);
    return root->op == SOMA_OP_PARAMETER || root->settled;
}

/* Ops of which nothing but their inputs' values goes into their result, and that have no other result. */
static bool is_plain(soma_op op) {
    switch (op) {
    case SOMA_OP_BINARY:
    case SOMA_OP_CONCAT:
    case SOMA_OP_COPY:
    case SOMA_OP_GEMM:
    case SOMA_OP_MATMUL:
    case SOMA_OP_PAD:
    case SOMA_OP_REDUCE:
    case SOMA_OP_SLICE:
    case SOMA_OP_SOFTMAX:
    case SOMA_OP_TRANSPOSE:
    case SOMA_OP_UNARY:
        return true;
    default:
        return false;
    }
}

/* A constant that hangs on the size of the batch is another one in each plan. */
static bool is_constant(const soma_tensor *root) {
    return root->op == SOMA_OP_FILL && !root->attributes.fill.per_batch && !root->batched;
}

static bool can_settle(const soma_tensor *tensor) {
    bool of_parameters = false;
    if (!is_plain(tensor->op) || tensor->batched || tensor->place != SOMA_PLACE_ARENA) return false;
    for (uint32_t i = 0; i < tensor->input_count; i++) {
        const bool of_parameter = soma_tensor_is_settled(tensor->input[i]);
        if (!of_parameter && !is_constant(soma_tensor_root(tensor->input[i]))) return false;
        of_parameters |= of_parameter;
    }
    return of_parameters;
}

soma_status soma_graph_settle(soma_graph *graph) {
    /* By id: what is wanted of each run, perhaps in memory that the caller has. */
    bool *kept = soma_calloc(graph->count, sizeof *kept);
    if (!kept) return soma_out_of_memory(graph->count * sizeof *kept, "the rewrites");
    for (uint32_t i = 0; i < graph->count; i++)
        if (graph->tensor[i]->kept) kept[soma_tensor_root(graph->tensor[i])->id] = true;
    for (uint32_t i = 0; i < graph->count; i++)
        if (!kept[i] && can_settle(graph->tensor[i])) graph->tensor[i]->settled = true;
    soma_free(kept);
    return SOMA_OK;
}
