/* SPDX-License-Identifier: MIT */
/* What training adds to a step graph: gradients and the optimizer. */
#include "graph/rewrites.h"
#include "train/ids.h"
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

/* What gradients are with respect to, of the network's graph: the parameters that are trained, then, for
 * soma_backward(), the inputs. Into wanted, which has room for all; returns how many. */
static size_t list_wanted(const soma_step_builder *build, soma_tensor **wanted) {
    const soma_network *network = build->network;
    size_t count = 0;
    for (size_t i = 0; i < network->parameter_count; i++)
        if (soma_parameter_is_trained(&network->parameters[i])) wanted[count++] = network->parameters[i].tensor;
    for (size_t i = 0; build->step->signature.mode == SOMA_MODE_BACKWARD && i < network->input_count; i++)
        wanted[count++] = network->inputs[i];
    return count;
}

/* gradient[i] is that of wanted[i], in the order of list_wanted(). */
static soma_status pin_gradients(soma_step_builder *build, soma_tensor *const *wanted, soma_tensor **gradient,
                                 size_t count) {
    size_t input = 0;
    for (size_t i = 0; i < count; i++) {
        if (wanted[i]->op == SOMA_OP_INPUT) {
            if (gradient[i]) gradient[i]->kept = true;
            build->step->input_gradient[input++] = gradient[i];
        } else if (gradient[i])
            SOMA_TRY(pin_gradient(build, wanted[i], gradient[i]));
    }
    return SOMA_OK;
}

/* One ATTENTION becomes one ATTENTION_GRAD. */
static bool combines_attention(const soma_step_builder *build) {
    soma_device *device = build->compiled->device;
    return build->compiled->fuse && soma_device_combines(device, SOMA_PRIMITIVE_ATTENTION) &&
           soma_device_combines(device, SOMA_PRIMITIVE_ATTENTION_GRAD);
}

static soma_status differentiate(soma_step_builder *build, soma_tensor **wanted, soma_tensor **gradient) {
    size_t roots = 0, count = list_wanted(build, wanted);
    soma_tensor *seed[SOMA_MAX_ENDS], *root[SOMA_MAX_ENDS];
    for (size_t i = 0; i < SOMA_MAX_ENDS; i++) {
        if (!build->loss[i]) continue;
        root[roots] = build->loss[i];
        SOMA_TRY(add_seed(build, i, &seed[roots++]));
    }
    for (size_t i = 0; i < count; i++) wanted[i] = soma_step_copy_of(build, wanted[i]);
    if (combines_attention(build)) SOMA_TRY(soma_graph_fuse_attention(build->graph, wanted, count));
    if (build->compiled->fuse) SOMA_TRY(soma_graph_fuse_gather(build->graph, true));
    SOMA_TRY(soma_graph_differentiate(build->graph, root, seed, roots, wanted, count, gradient));
    return pin_gradients(build, wanted, gradient, count);
}

static soma_status add_gradients(soma_step_builder *build) {
    size_t most = build->network->parameter_count + build->network->input_count;
    soma_tensor **wanted = soma_calloc(2 * most, sizeof *wanted);
    if (!wanted) return soma_out_of_memory(2 * most * sizeof *wanted, "the gradients");
    soma_status status = differentiate(build, wanted, wanted + most);
    soma_free(wanted);
    return status;
}

static bool decays_alike(soma_own_decay a, soma_own_decay b) {
    return a.is_given == b.is_given && (!a.is_given || a.value == b.value);
}

/* Whether one step serves both. What has decay of its own decays whole, which weights and biases do not together. */
static bool steps_alike(const soma_parameter *a, const soma_parameter *b) {
    if (a->rate != b->rate || !decays_alike(a->l2, b->l2) || !decays_alike(a->l1, b->l1)) return false;
    return a->is_bias == b->is_bias || !soma_parameter_decays_by_itself(a);
}

/* The step of what begins at an element, as far as one serves. */
static void describe_step(const soma_step_builder *build, size_t start, soma_attributes *attributes) {
    const soma_network *network = build->network;
    const soma_parameter *first = NULL;
    attributes->optimizer.start = start;
    attributes->optimizer.end = build->compiled->executor->trained_count;
    for (size_t i = 0; i < network->parameter_count; i++)
        if (network->parameters[i].tensor->offset == start) first = &network->parameters[i];
    if (!first) return;
    attributes->optimizer.rate = first->rate;
    attributes->optimizer.own_l2 = first->l2.is_given;
    attributes->optimizer.own_l1 = first->l1.is_given;
    attributes->optimizer.l2 = first->l2.value;
    attributes->optimizer.l1 = first->l1.value;
    for (size_t i = 0; i < network->parameter_count; i++) {
        const size_t offset = network->parameters[i].tensor->offset;
        if (offset > start && offset < attributes->optimizer.end && !steps_alike(first, &network->parameters[i]))
            attributes->optimizer.end = offset;
    }
}

static soma_status add_optimizer(soma_step_builder *build) {
    soma_tensor *norm = NULL, *ignored;
    if (build->compiled->optimizer.clip_norm > 0) {
        soma_tensor_spec spec = {.op = SOMA_OP_NORM};
        SOMA_TRY(soma_graph_add(build->graph, &spec, &norm));
    }
    for (size_t start = 0, trained = build->compiled->executor->trained_count; start < trained;) {
        soma_tensor_spec spec = {.op = SOMA_OP_OPTIMIZER, .input_count = norm ? 1 : 0, .input = &norm};
        describe_step(build, start, &spec.attributes);
        start = spec.attributes.optimizer.end;
        SOMA_TRY(soma_graph_add(build->graph, &spec, &ignored));
    }
    return SOMA_OK;
}

static void set_dropout_seed(const soma_step_builder *build) {
    for (uint32_t i = 0; i < build->graph->count; i++)
        if (build->graph->tensor[i]->op == SOMA_OP_DROPOUT)
            build->graph->tensor[i]->attributes.dropout.seed = build->network->seed;
}

static bool is_data(const soma_step_builder *build, const soma_tensor *tensor) {
    bool other = tensor == build->weight;
    for (size_t i = 0; i < SOMA_MAX_ENDS; i++) other |= tensor == build->target[i];
    return tensor->op == SOMA_OP_INPUT && !other;
}

static soma_status mix_inputs(soma_step_builder *build) {
    char label[SOMA_SHAPE_TEXT];
    for (size_t i = 0; i < build->network->input_count; i++)
        if (soma_table_of_input(build->network, i))
            return soma_error(SOMA_INVALID_ARGUMENT,
                              "mixup mixes numbers, but those of input \"%s\" name rows of a table",
                              soma_tensor_label(build->network->inputs[i], label));
    const soma_attributes attributes = {.mix = {.classes = 0}};
    for (uint32_t i = 0; i < build->graph->count; i++)
        if (is_data(build, build->graph->tensor[i]))
            SOMA_TRY(soma_graph_change_input(build->graph, build->graph->tensor[i], SOMA_OP_MIX, &attributes));
    return SOMA_OK;
}

/* At the end, when gradients take the first layer's input: what was augmented is what they are to see. Mixed last, so
 * first of the two that come between the input and the layer. */
soma_status soma_step_augment(soma_step_builder *build) {
    soma_attributes attributes = {.augment = build->network->augment.pictures};
    attributes.augment.seed = build->network->seed;
    soma_tensor *input = NULL;
    if (build->network->augment.mixup != 0) SOMA_TRY(mix_inputs(build));
    if (!soma_augmentation_has_pictures(&build->network->augment)) return SOMA_OK;
    for (uint32_t i = 0; !input && i < build->graph->count; i++)
        if (build->graph->tensor[i]->op == SOMA_OP_INPUT) input = build->graph->tensor[i];
    return soma_graph_change_input(build->graph, input, SOMA_OP_AUGMENT, &attributes);
}

static bool has_one_step(const soma_network *network) {
    for (size_t i = 0; i < network->parameter_count; i++) {
        const soma_parameter *parameter = &network->parameters[i];
        if (soma_parameter_is_trained(parameter) && (parameter->rate > 0 || soma_parameter_decays_by_itself(parameter)))
            return false;
    }
    return true;
}

bool soma_updates_in_products(const soma_network *network) {
    const soma_optimizer *optimizer = &network->compiled->optimizer;
    return network->compiled->fuse && optimizer->kind == SOMA_SGD && optimizer->l2 == 0 && optimizer->l1 == 0 &&
           optimizer->clip_value == 0 && optimizer->clip_norm == 0 && has_one_step(network);
}

/* A row without a gradient stays as it is, and no norm is of the gradients of all. */
static bool leaves_rows(const soma_compiled *compiled) {
    const soma_optimizer *optimizer = &compiled->optimizer;
    return (optimizer->kind == SOMA_SGD || optimizer->kind == SOMA_ADAGRAD) && optimizer->l2 == 0 &&
           optimizer->l1 == 0 && optimizer->clip_norm == 0 &&
           soma_device_combines(compiled->device, SOMA_PRIMITIVE_OPTIMIZER_ROWS);
}

soma_status soma_step_fuse_training(soma_step_builder *build) {
    if (build->step->signature.mode != SOMA_MODE_TRAIN) return SOMA_OK;
    if (soma_updates_in_products(build->network))
        soma_graph_update_in_products(build->graph, build->compiled->executor->decay_count);
    return leaves_rows(build->compiled) ? soma_graph_update_rows(build->graph) : SOMA_OK;
}

soma_status soma_step_add_training(soma_step_builder *build) {
    soma_mode mode = build->step->signature.mode;
    set_dropout_seed(build);
    if (mode != SOMA_MODE_APPLY) SOMA_TRY(add_gradients(build));
    return mode == SOMA_MODE_TRAIN || mode == SOMA_MODE_APPLY ? add_optimizer(build) : SOMA_OK;
}
