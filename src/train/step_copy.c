/* SPDX-License-Identifier: MIT */
/* The copy of a network that a step graph begins with, as it is computed in inference or in training. */
#include "graph/rewrites.h"
#include "train/step_build.h"

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
    return soma_mode_is_forward(build->step->signature.mode) ? soma_tensor_without_dropout(copy) : copy;
}

soma_status soma_step_copy_network(soma_step_builder *build) {
    SOMA_TRY(soma_graph_clone(&build->network->graph, build->graph));
    if (soma_mode_is_forward(build->step->signature.mode)) {
        soma_graph_infer(build->graph);
    } else {
        hold_frozen_figures(build);
    }
    return build->step->signature.synchronised ? synchronise(build) : SOMA_OK;
}
