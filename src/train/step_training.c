/* SPDX-License-Identifier: MIT */
/* What training adds to a step graph: gradients and the optimizer. */
#include "train/step_build.h"

/* The objective is the mean over the batch of the weighted losses: d objective / d loss_i = weight / batch. */
static soma_status add_seed(soma_step_builder *build, size_t output, soma_tensor **seed) {
    soma_tensor_spec spec = {
        .op = SOMA_OP_FILL, .attributes = {.fill = {build->compiled->loss_weight[output], true}}, .batched = true};
    return soma_graph_add(build->graph, &spec, seed);
}

/* Parameter gradients go to the flat buffer. What has a place already, or none of its own, is copied there. */
static soma_status pin_gradient(soma_step_builder *build, const soma_tensor *parameter, soma_tensor *gradient) {
    if (gradient->place != SOMA_PLACE_ARENA || gradient->op == SOMA_OP_RESHAPE || gradient->op == SOMA_OP_INPUT ||
        gradient->op == SOMA_OP_FILL)
        SOMA_TRY(soma_graph_copy(build->graph, gradient, gradient, 1, &gradient));
    gradient->place = SOMA_PLACE_GRADIENT;
    gradient->offset = parameter->offset;
    return SOMA_OK;
}

/* gradient[]: first of the parameters, then of the inputs. */
static soma_status pin_gradients(soma_step_builder *build, soma_tensor **gradient) {
    const soma_network *network = build->network;
    for (size_t i = 0; i < network->parameter_count; i++)
        if (gradient[i]) SOMA_TRY(pin_gradient(build, network->parameters[i].tensor, gradient[i]));
    if (build->step->signature.mode != SOMA_MODE_BACKWARD) return SOMA_OK;
    for (size_t i = 0; i < network->input_count; i++) {
        soma_tensor *x = gradient[network->parameter_count + i];
        if (x) x->kept = true;
        build->step->input_gradient[i] = x;
    }
    return SOMA_OK;
}

static soma_status add_gradients(soma_step_builder *build) {
    const soma_network *network = build->network;
    bool inputs = build->step->signature.mode == SOMA_MODE_BACKWARD;
    size_t wanted_count = network->parameter_count + (inputs ? network->input_count : 0), roots = 0;
    soma_tensor *seed[SOMA_MAX_OUTPUTS], *root[SOMA_MAX_OUTPUTS];
    for (size_t i = 0; i < SOMA_MAX_OUTPUTS; i++) {
        if (!build->loss[i]) continue;
        root[roots] = build->loss[i];
        SOMA_TRY(add_seed(build, i, &seed[roots++]));
    }
    soma_tensor **wanted = soma_calloc(2 * wanted_count, sizeof *wanted);
    if (!wanted) return soma_out_of_memory(2 * wanted_count * sizeof *wanted, "the gradients");
    soma_tensor **gradient = wanted + wanted_count;
    for (size_t i = 0; i < wanted_count; i++) {
        const soma_tensor *tensor = i < network->parameter_count ? network->parameters[i].tensor
                                                                 : network->inputs[i - network->parameter_count];
        wanted[i] = build->graph->tensor[tensor->id];
    }
    soma_status status = soma_graph_differentiate(build->graph, root, seed, roots, wanted, wanted_count, gradient);
    if (status == SOMA_OK) status = pin_gradients(build, gradient);
    soma_free(wanted);
    return status;
}

static soma_status add_optimizer(soma_step_builder *build) {
    soma_tensor *norm = NULL, *ignored;
    if (build->compiled->optimizer.clip_norm > 0) {
        soma_tensor_spec spec = {.op = SOMA_OP_NORM};
        SOMA_TRY(soma_graph_add(build->graph, &spec, &norm));
    }
    soma_tensor_spec spec = {.op = SOMA_OP_OPTIMIZER, .input_count = norm ? 1 : 0, .input = &norm};
    return soma_graph_add(build->graph, &spec, &ignored);
}

static void set_dropout_seed(const soma_step_builder *build) {
    for (uint32_t i = 0; i < build->graph->count; i++)
        if (build->graph->tensor[i]->op == SOMA_OP_DROPOUT)
            build->graph->tensor[i]->attributes.dropout.seed = build->network->seed;
}

static bool updates_in_products(const soma_step_builder *build) {
    const soma_optimizer *optimizer = &build->compiled->optimizer;
    return build->step->signature.mode == SOMA_MODE_TRAIN && optimizer->kind == SOMA_SGD && optimizer->l2 == 0 &&
           optimizer->l1 == 0 && optimizer->clip_value == 0 && optimizer->clip_norm == 0;
}

void soma_step_fuse_training(soma_step_builder *build) {
    if (updates_in_products(build)) soma_graph_update_in_products(build->graph, build->compiled->executor->decay_count);
}

soma_status soma_step_add_training(soma_step_builder *build) {
    soma_mode mode = build->step->signature.mode;
    set_dropout_seed(build);
    if (mode == SOMA_MODE_TRAIN || mode == SOMA_MODE_BACKWARD) SOMA_TRY(add_gradients(build));
    return mode == SOMA_MODE_TRAIN || mode == SOMA_MODE_APPLY ? add_optimizer(build) : SOMA_OK;
}
