/* SPDX-License-Identifier: MIT */
/*
 * What is made of parameters alone is marked, so that plans make it once, and again when parameters have changed
 * (settled.c): weights that a model file turns, cuts, joins or scales before it uses them. For graphs that leave the
 * parameters alone.
 */
#include "graph/rewrites.h"

#include <string.h>

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

/* ----------------------------------------------------------------------------------------------------------- limits */

static size_t elements_of(const soma_tensor *tensor) {
    return soma_tensor_full_count(tensor, 1);
}

static size_t elements_of_parameters(const soma_graph *graph) {
    size_t count = 0;
    for (uint32_t i = 0; i < graph->count; i++)
        if (graph->tensor[i]->op == SOMA_OP_PARAMETER) count += elements_of(graph->tensor[i]);
    return count;
}

/* Tensors to look at in all, for each that there is: a graph that wants more settles nothing rather than taking the
 * square of its length. */
#define MOST_LOOKS 4096

/* Elements of the parameters that a settled tensor is made of, each counted once; 0 where there are no looks left.
 * made_of: by id, all false; so it is again. */
static size_t elements_made_of(const soma_graph *graph, const soma_tensor *settled, bool *made_of, size_t *looks) {
    size_t count = 0, pending = 1;
    made_of[settled->id] = true;
    for (uint32_t i = settled->id + 1; pending && i-- > 0;) {
        const soma_tensor *tensor = graph->tensor[i];
        if (*looks == 0) {
            memset(made_of, 0, graph->count * sizeof *made_of);
            return 0;
        }
        --*looks;
        if (!made_of[i]) continue;
        made_of[i] = false;
        pending--;
        if (tensor->op == SOMA_OP_PARAMETER) count += elements_of(tensor);
        for (uint32_t j = 0; j < tensor->input_count; j++) {
            const uint32_t input = tensor->input[j]->id;
            pending += !made_of[input];
            made_of[input] = true;
        }
    }
    return count;
}

/*
 * What a run reads stays for good: none has more elements than the parameters that it is made of, and all together have
 * at most as many as all parameters. What only others are made of shares its place; where one does not stay, they may.
 */
static void limit(soma_graph *graph, bool *is_read, bool *made_of, size_t *looks) {
    size_t left = elements_of_parameters(graph);
    memset(is_read, 0, graph->count * sizeof *is_read);
    *looks -= SOMA_MIN(*looks, (size_t)graph->count);
    for (uint32_t i = graph->count; i-- > 0;) {
        soma_tensor *tensor = graph->tensor[i];
        if (tensor->settled && is_read[i]) {
            const size_t count = elements_of(tensor);
            tensor->settled = count <= left && count <= elements_made_of(graph, tensor, made_of, looks);
            if (tensor->settled) left -= count;
        }
        for (uint32_t j = 0; !tensor->settled && tensor->op != SOMA_OP_RESHAPE && j < tensor->input_count; j++)
            is_read[soma_tensor_root(tensor->input[j])->id] = true;
    }
}

/* What is made of something that does not stay. */
static bool give_up_users(soma_graph *graph) {
    bool changed = false;
    for (uint32_t i = 0; i < graph->count; i++) {
        soma_tensor *tensor = graph->tensor[i];
        if (!tensor->settled || can_settle(tensor)) continue;
        tensor->settled = false;
        changed = true;
    }
    return changed;
}

static void settle(soma_graph *graph, bool *kept) {
    const size_t most = elements_of_parameters(graph);
    for (uint32_t i = 0; i < graph->count; i++)
        if (graph->tensor[i]->kept) kept[soma_tensor_root(graph->tensor[i])->id] = true;
    for (uint32_t i = 0; i < graph->count; i++)
        if (!kept[i] && can_settle(graph->tensor[i])) graph->tensor[i]->settled = elements_of(graph->tensor[i]) <= most;
}

soma_status soma_graph_settle(soma_graph *graph) {
    /* By id: what is wanted of each run, perhaps in memory that the caller has; what a run reads; what is made of. */
    bool *marks = soma_calloc(graph->count, 3 * sizeof *marks);
    if (!marks) return soma_out_of_memory(graph->count * 3 * sizeof *marks, "the rewrites");
    size_t looks = MOST_LOOKS * (size_t)graph->count;
    settle(graph, marks);
    do limit(graph, marks + graph->count, marks + 2 * (size_t)graph->count, &looks);
    while (give_up_users(graph));
    soma_free(marks);
    return SOMA_OK;
}
