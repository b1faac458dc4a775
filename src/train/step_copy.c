/* SPDX-License-Identifier: MIT */
/* The copy of a network that a step graph begins with, as it is computed in inference or in training. */
#include "train/step_build.h"

/* What is computed in inference, where nothing is dropped: without dropout, and without a product with what is 1 then.
 */
static soma_tensor *without_dropout(soma_tensor *tensor) {
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
            graph->tensor[i]->input[j] = without_dropout(graph->tensor[i]->input[j]);
}

/* ... and batches are normalised by the running figures. */
static void give_running_figures(soma_graph *graph) {
    for (uint32_t i = 0; i < graph->count; i++) {
        soma_tensor *tensor = graph->tensor[i];
        if (tensor->op == SOMA_OP_NORMALIZE && tensor->attributes.normalize.running)
            tensor->attributes.normalize.params.given = true;
    }
}

/* So they are in training where they are frozen. */
static void hold_frozen_figures(const soma_step_builder *build) {
    for (uint32_t i = 0; i < build->graph->count; i++) {
        soma_tensor *tensor = build->graph->tensor[i];
        if (tensor->op == SOMA_OP_NORMALIZE && soma_normalize_is_frozen(build->network, tensor))
            tensor->attributes.normalize.params.given = true;
    }
}

/* ... and where several ranks train, by what all of them have, if that is wanted. */
static soma_status synchronise(soma_step_builder *build) {
    const uint32_t count = build->graph->count;
    build->stand_in = soma_calloc(count, sizeof(soma_tensor *));
    if (!build->stand_in) return soma_out_of_memory(count * sizeof(soma_tensor *), "a step");
    return soma_graph_synchronise(build->graph, build->stand_in);
}

soma_tensor *soma_step_copy_of(const soma_step_builder *build, const soma_tensor *tensor) {
    soma_tensor *copy = build->stand_in ? build->stand_in[tensor->id] : build->graph->tensor[tensor->id];
    return soma_mode_is_forward(build->step->signature.mode) ? without_dropout(copy) : copy;
}

soma_status soma_step_copy_network(soma_step_builder *build) {
    SOMA_TRY(soma_graph_clone(&build->network->graph, build->graph));
    if (soma_mode_is_forward(build->step->signature.mode)) {
        remove_dropout(build->graph);
        give_running_figures(build->graph);
    } else {
        hold_frozen_figures(build);
    }
    return build->step->signature.synchronised ? synchronise(build) : SOMA_OK;
}
