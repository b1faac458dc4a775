/* SPDX-License-Identifier: MIT */
/* A copy of a network as it is computed in inference. */
#include "graph/rewrites.h"

soma_tensor *soma_tensor_without_dropout(soma_tensor *tensor) {
    for (;;) {
        if (tensor->op == SOMA_OP_BINARY && tensor->attributes.binary.op == SOMA_BINARY_MULTIPLY) {
            const soma_tensor *mask = tensor->input[1];
            if (mask->op != SOMA_OP_FILL || mask->attributes.fill.value != 1 || mask->attributes.fill.per_batch)
                return tensor;
        } else if (tensor->op != SOMA_OP_DROPOUT)
            return tensor;
        tensor = tensor->input[0];
    }
}

static void remove_dropout(soma_graph *graph) {
    for (uint32_t i = 0; i < graph->count; i++)
        for (uint32_t j = 0; j < graph->tensor[i]->input_count; j++)
            graph->tensor[i]->input[j] = soma_tensor_without_dropout(graph->tensor[i]->input[j]);
}

static void give_running_figures(soma_graph *graph) {
    for (uint32_t i = 0; i < graph->count; i++) {
        soma_tensor *tensor = graph->tensor[i];
        if (tensor->op == SOMA_OP_NORMALIZE && tensor->attributes.normalize.running)
            tensor->attributes.normalize.params.given = true;
    }
}

void soma_graph_infer(soma_graph *graph) {
    remove_dropout(graph);
    give_running_figures(graph);
}
