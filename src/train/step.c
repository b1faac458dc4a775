/* SPDX-License-Identifier: MIT */
/* Step graphs: a copy of the network with targets, losses and metrics appended, and what training needs beside those
 * (step_training.c); and their plans. */
#include "train/step_build.h"

#include <string.h>

static bool is_forward(soma_mode mode) {
    return mode == SOMA_MODE_PREDICT || mode == SOMA_MODE_EVALUATE || mode == SOMA_MODE_OUTCOMES;
}

/* --------------------------------------------------------------------------------------------- inputs of the step */

static soma_status add_input(soma_step_builder *build, soma_dtype dtype, uint32_t rank, const size_t *shape,
                             const char *name, soma_tensor **out) {
    soma_tensor_spec spec = {.op = SOMA_OP_INPUT, .dtype = dtype, .batched = true, .rank = rank, .name = name};
    if (rank) memcpy(spec.shape, shape, rank * sizeof *shape);
    return soma_graph_add(build->graph, &spec, out);
}

static soma_status add_targets(soma_step_builder *build) {
    const soma_signature *signature = &build->step->signature;
    for (size_t i = 0; i < soma_network_output_count(build->network); i++) {
        const soma_tensor *output = soma_network_output(build->network, i);
        if (!build->compiled->trained_on[i]) continue;
        if (signature->target[i] == SOMA_I32)
            SOMA_TRY(add_input(build, SOMA_I32, 0, NULL, "target", &build->target[i]));
        else
            SOMA_TRY(add_input(build, SOMA_F32, output->rank, output->shape, "target", &build->target[i]));
    }
    if (signature->weighted) SOMA_TRY(add_input(build, SOMA_F32, 0, NULL, "sample weights", &build->weight));
    return SOMA_OK;
}

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

/* The copy of a tensor of the network in the step's graph. */
static soma_tensor *copy_of(const soma_step_builder *build, const soma_tensor *tensor) {
    soma_tensor *copy = build->graph->tensor[tensor->id];
    return is_forward(build->step->signature.mode) ? without_dropout(copy) : copy;
}

/* -------------------------------------------------------------------------------------------------- loss and metrics
 */

static bool has_class_weights(const soma_compiled *compiled, soma_mode mode) {
    return compiled->class_weight_count > 0 && !is_forward(mode);
}

bool soma_step_is_weighted(const soma_compiled *compiled, const soma_signature *signature) {
    return signature->weighted || has_class_weights(compiled, signature->mode);
}

/* A loss from logits stands before the output's own softmax or sigmoid. */
static soma_tensor *loss_prediction(const soma_step_builder *build, size_t output) {
    soma_tensor *prediction = copy_of(build, soma_network_output(build->network, output));
    return build->compiled->from_input[output] ? prediction->input[0] : prediction;
}

static soma_status class_weight_tensor(const soma_step_builder *build, soma_tensor **out) {
    const soma_compiled *compiled = build->compiled;
    soma_tensor_spec spec = {
        .op = SOMA_OP_PARAMETER, .rank = 1, .shape = {compiled->class_weight_count}, .name = "class weights"};
    SOMA_TRY(soma_graph_add(build->graph, &spec, out));
    (*out)->place = SOMA_PLACE_PARAMETER;
    (*out)->offset = compiled->class_weight_offset;
    return SOMA_OK;
}

static soma_status add_metric(soma_step_builder *build, soma_tensor *prediction, soma_tensor *target,
                              soma_metric_params params) {
    soma_tensor *ignored, *input[] = {prediction, target};
    soma_tensor_spec spec = {
        .op = SOMA_OP_METRIC, .input_count = target ? 2 : 1, .input = input, .attributes = {.metric = params}};
    return soma_graph_add(build->graph, &spec, &ignored);
}

/* What the loss is to see of a target or of weights, where samples are mixed: mixed alike. Class numbers become rows.
 */
static soma_status mixed(soma_step_builder *build, soma_tensor *given, size_t classes, soma_tensor **out) {
    *out = given;
    if (build->step->signature.mode != SOMA_MODE_TRAIN || build->network->augment.mixup == 0) return SOMA_OK;
    soma_tensor_spec spec = {.op = SOMA_OP_MIX,
                             .input_count = 1,
                             .input = &given,
                             .attributes = {.mix = {.classes = classes}},
                             .name = given->name};
    return soma_graph_add(build->graph, &spec, out);
}

static soma_status loss_of(soma_step_builder *build, size_t i, float delta, soma_tensor *prediction,
                           soma_tensor *target, soma_tensor **out) {
    const soma_compiled *compiled = build->compiled;
    soma_tensor *input[4] = {prediction, target};
    soma_attributes attributes = {
        .loss = {.params = {compiled->loss[i], delta},
                 .weighted = build->weight != NULL,
                 .class_weighted = i == 0 && has_class_weights(compiled, build->step->signature.mode)}};
    uint32_t count = 2;
    if (attributes.loss.weighted) SOMA_TRY(mixed(build, build->weight, 0, &input[count++]));
    if (attributes.loss.class_weighted) SOMA_TRY(class_weight_tensor(build, &input[count++]));
    soma_tensor_spec spec = {
        .op = SOMA_OP_LOSS, .input_count = count, .input = input, .attributes = attributes, .name = "loss"};
    return soma_graph_add(build->graph, &spec, out);
}

/* What is learnt of an output that is rescaled: x against (t - offset) / scale. */
static soma_status standard_loss(soma_step_builder *build, size_t i, soma_tensor *target) {
    soma_rescaling figures;
    soma_tensor *standard;
    if (!soma_output_is_rescaled(build->network, copy_of(build, soma_network_output(build->network, i)), &figures))
        return soma_error(SOMA_INVALID_STATE, "an output that was rescaled is so no more");
    SOMA_TRY(soma_graph_binary(build->graph, target, figures.offset, SOMA_BINARY_SUBTRACT, &standard));
    SOMA_TRY(soma_graph_binary(build->graph, standard, figures.scale, SOMA_BINARY_DIVIDE, &standard));
    return loss_of(build, i, build->compiled->standard_delta, figures.x, standard, &build->loss[i]);
}

static soma_status add_loss(soma_step_builder *build, size_t i) {
    soma_tensor *prediction = loss_prediction(build, i), *target, *loss;
    SOMA_TRY(mixed(build, build->target[i], soma_tensor_count(prediction), &target));
    SOMA_TRY(loss_of(build, i, build->compiled->huber_delta, prediction, target, &loss));
    build->loss[i] = loss;
    if (build->compiled->standardized[i] && !is_forward(build->step->signature.mode))
        SOMA_TRY(standard_loss(build, i, target));
    soma_metric_params sum = {.kind = SOMA_METRIC_SUM, .slot = SOMA_SLOT_LOSS + (uint32_t)i};
    return add_metric(build, loss, NULL, sum); /* told is the loss in the data's units */
}

/* Metrics of the first output. Those that only compare outputs take what the loss takes, so that no softmax is computed
 * for them. */
static soma_status add_metrics(soma_step_builder *build) {
    for (uint32_t i = 0; i < build->compiled->metric_count; i++) {
        const soma_metric_params *params = &build->compiled->metric[i];
        soma_tensor *prediction = params->kind == SOMA_METRIC_ABSOLUTE_ERROR
                                      ? copy_of(build, soma_network_output(build->network, 0))
                                      : loss_prediction(build, 0);
        SOMA_TRY(add_metric(build, prediction, build->target[0], *params));
    }
    return SOMA_OK;
}

static soma_status add_losses(soma_step_builder *build) {
    SOMA_TRY(add_targets(build));
    for (size_t i = 0; i < soma_network_output_count(build->network); i++)
        if (build->compiled->trained_on[i]) SOMA_TRY(add_loss(build, i));
    return add_metrics(build);
}

/* -------------------------------------------------------------------------------------------------------- the graphs
 */

static void keep_outputs(soma_step_builder *build) {
    for (size_t i = 0; i < soma_network_output_count(build->network); i++) {
        build->step->output[i] = copy_of(build, soma_network_output(build->network, i));
        build->step->output[i]->kept = true;
    }
}

static soma_status fuse(soma_step_builder *build) {
    bool forward = is_forward(build->step->signature.mode);
    SOMA_TRY(soma_graph_fuse(build->graph, forward ? SOMA_FUSE_ALL : SOMA_FUSE_ALL & ~(unsigned)SOMA_FUSE_FOLD));
    if (!forward) soma_step_fuse_training(build);
    return SOMA_OK;
}

static soma_status build_graph(soma_step_builder *build) {
    soma_mode mode = build->step->signature.mode;
    SOMA_TRY(soma_graph_clone(&build->network->graph, build->graph));
    if (is_forward(mode)) {
        remove_dropout(build->graph);
        give_running_figures(build->graph);
    } else
        hold_frozen_figures(build);
    if (mode == SOMA_MODE_PREDICT || mode == SOMA_MODE_OUTCOMES) keep_outputs(build);
    if (mode != SOMA_MODE_PREDICT && mode != SOMA_MODE_APPLY) SOMA_TRY(add_losses(build));
    if (!is_forward(mode)) SOMA_TRY(soma_step_add_training(build));
    soma_graph_prune(build->graph);
    if (mode == SOMA_MODE_TRAIN) SOMA_TRY(soma_step_augment(build));
    return build->compiled->fuse ? fuse(build) : SOMA_OK;
}

void soma_step_free(soma_step *step) {
    if (!step) return;
    for (size_t i = 0; i < step->plan_count; i++) soma_plan_destroy(step->plans[i]);
    soma_graph_clear(&step->graph);
    soma_free(step);
}

void soma_steps_clear(soma_compiled *compiled) {
    while (compiled->steps) {
        soma_step *next = compiled->steps->next;
        soma_step_free(compiled->steps);
        compiled->steps = next;
    }
    compiled->last_backward = NULL;
    compiled->last_plan = NULL;
}

static bool same_signature(const soma_network *network, const soma_signature *a, const soma_signature *b) {
    if (a->mode != b->mode) return false;
    if (a->mode == SOMA_MODE_PREDICT || a->mode == SOMA_MODE_APPLY) return true;
    if (a->weighted != b->weighted) return false;
    for (size_t i = 0; i < soma_network_output_count(network); i++)
        if (network->compiled->trained_on[i] && a->target[i] != b->target[i]) return false;
    return true;
}

soma_status soma_step_build(soma_network *network, const soma_signature *signature, soma_executor *executor,
                            soma_step **out) {
    soma_step *step = *out = soma_calloc(1, sizeof *step);
    if (!step) return soma_out_of_memory(sizeof *step, "a step");
    step->signature = *signature;
    step->executor = executor;
    soma_step_builder build = {.network = network, .compiled = network->compiled, .step = step, .graph = &step->graph};
    soma_status status = build_graph(&build);
    if (status == SOMA_OK) return SOMA_OK;
    soma_step_free(step);
    *out = NULL;
    return status;
}

soma_status soma_step_get(soma_network *network, const soma_signature *signature, soma_step **out) {
    soma_compiled *compiled = network->compiled;
    for (soma_step *step = compiled->steps; step; step = step->next)
        if (same_signature(network, &step->signature, signature)) {
            *out = step;
            return SOMA_OK;
        }
    SOMA_TRY(soma_step_build(network, signature, compiled->executor, out));
    (*out)->next = compiled->steps;
    compiled->steps = *out;
    return SOMA_OK;
}

/* ------------------------------------------------------------------------------------------------------------- plans
 */

static soma_status reserve(soma_compiled *compiled, soma_mode mode) {
    if (is_forward(mode)) return SOMA_OK;
    bool updates = mode != SOMA_MODE_BACKWARD;
    return soma_executor_reserve_training(compiled->executor,
                                          updates ? soma_optimizer_states(compiled->optimizer.kind) : 0);
}

soma_status soma_step_plan(soma_network *network, soma_step *step, size_t batch, soma_plan **out) {
    soma_compiled *compiled = network->compiled;
    size_t found = 0, capacity = SOMA_COUNT_OF(step->plans);
    while (found < step->plan_count && soma_plan_batch(step->plans[found]) != batch) found++;
    soma_plan *plan = found < step->plan_count ? step->plans[found] : NULL;
    if (!plan) {
        SOMA_TRY(reserve(compiled, step->signature.mode));
        SOMA_TRY(soma_plan_create(step->executor, &step->graph, batch, compiled->optimizer.kind, &plan));
        if (step->plan_count < capacity)
            step->plan_count++;
        else {
            if (step->executor == compiled->executor && compiled->last_plan == step->plans[capacity - 1])
                compiled->last_plan = NULL;
            soma_plan_destroy(step->plans[capacity - 1]);
        }
        found = step->plan_count - 1;
    }
    memmove(step->plans + 1, step->plans, found * sizeof *step->plans);
    step->plans[0] = plan;
    *out = plan;
    return SOMA_OK;
}

soma_step_values soma_step_values_now(const soma_network *network, size_t start) {
    const soma_compiled *compiled = network->compiled;
    const double base = (double)compiled->optimizer.learning_rate;
    return (soma_step_values){
        .start = start,
        .step = compiled->step,
        .mix = soma_network_mix_at(network, compiled->step),
        .optimizer = soma_optimizer_step(&compiled->optimizer, compiled->step + 1, compiled->learning_rate),
        .rate_share = base > 0 ? (double)compiled->learning_rate / base : 1};
}

soma_status soma_step_read_metrics(soma_network *network, const soma_signature *signature, size_t samples,
                                   soma_metrics *metrics) {
    const soma_compiled *compiled = network->compiled;
    double totals[SOMA_ACCUMULATOR_SLOTS];
    SOMA_TRY(soma_executor_read_accumulators(compiled->executor, totals));
    memset(metrics, 0, sizeof *metrics);
    for (size_t i = 0; i < soma_network_output_count(network); i++)
        if (compiled->trained_on[i])
            metrics->loss += (double)compiled->loss_weight[i] * totals[SOMA_SLOT_LOSS + i] / (double)samples;
    metrics->weighted = soma_step_is_weighted(compiled, signature);
    metrics->metric_count = compiled->metric_count;
    for (uint32_t i = 0; i < compiled->metric_count; i++) {
        metrics->metric[i] = totals[SOMA_SLOT_METRIC + i] / (double)samples;
        metrics->metric_name[i] = compiled->metric_name[i];
    }
    return SOMA_OK;
}

soma_status soma_require_compiled(const soma_network *network, const char *function) {
    const soma_compiled *compiled = network ? network->compiled : NULL;
    if (!compiled)
        return soma_error(SOMA_INVALID_STATE, "%s needs a compiled network; call soma_compile() first", function);
    if (compiled->tensor_count != network->graph.count || compiled->output_count != network->output_count)
        return soma_error(
            SOMA_INVALID_STATE,
            "%s: the network has got further layers or outputs since it was compiled; call soma_compile()", function);
    return SOMA_OK;
}

soma_status soma_require_no_fit(const soma_network *network, const char *function) {
    if (!network->compiled->fit) return SOMA_OK;
    return soma_error(SOMA_INVALID_STATE, "%s can't be called from a callback of soma_fit on the same network",
                      function);
}

soma_status soma_synchronize(soma_network *network) {
    SOMA_TRY(soma_require_compiled(network, "soma_synchronize"));
    return soma_device_sync(network->compiled->device);
}
