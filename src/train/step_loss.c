/* SPDX-License-Identifier: MIT */
/* What a step graph measures: targets and weights, losses, metrics. */
#include "train/step_build.h"

#include <math.h>
#include <string.h>

/* --------------------------------------------------------------------------------------------- inputs of the step */

static soma_status add_input(soma_step_builder *build, soma_dtype dtype, uint32_t rank, const size_t *shape,
                             const char *name, soma_tensor **out) {
    soma_tensor_spec spec = {.op = SOMA_OP_INPUT, .dtype = dtype, .batched = true, .rank = rank, .name = name};
    if (rank) memcpy(spec.shape, shape, rank * sizeof *shape);
    return soma_graph_add(build->graph, &spec, out);
}

static soma_status add_step_weights(soma_step_builder *build) {
    size_t input;
    for (size_t i = 0; i < soma_network_output_count(build->network); i++) {
        if (!build->compiled->trained_on[i] || build->compiled->is_ctc[i]) continue;
        if (!soma_mask_of_output(build->network, i, &input)) continue;
        const soma_tensor *output = soma_network_output(build->network, i);
        SOMA_TRY(add_input(build, SOMA_F32, 1, output->shape, "step weights", &build->step_weight[i]));
    }
    return SOMA_OK;
}

static soma_status add_targets(soma_step_builder *build) {
    const soma_signature *signature = &build->step->signature;
    for (size_t i = 0; i < soma_network_output_count(build->network); i++) {
        const soma_tensor target = soma_target_like(build->network, i);
        if (!build->compiled->trained_on[i]) continue;
        if (build->compiled->is_ctc[i])
            SOMA_TRY(add_input(build, SOMA_I32, 1, &signature->labels[i], "labels", &build->target[i]));
        else if (signature->target[i] == SOMA_I32) /* of each step, if there are several */
            SOMA_TRY(add_input(build, SOMA_I32, target.rank - 1, target.shape, "target", &build->target[i]));
        else
            SOMA_TRY(add_input(build, SOMA_F32, target.rank, target.shape, "target", &build->target[i]));
    }
    if (signature->weighted) SOMA_TRY(add_input(build, SOMA_F32, 0, NULL, "sample weights", &build->weight));
    return add_step_weights(build);
}

/* -------------------------------------------------------------------------------------------------- loss and metrics
 */

static bool has_class_weights(const soma_compiled *compiled, soma_mode mode) {
    return compiled->class_weight_count > 0 && !soma_mode_is_forward(mode);
}

bool soma_step_is_weighted(const soma_compiled *compiled, const soma_signature *signature) {
    return signature->weighted || has_class_weights(compiled, signature->mode);
}

/* A loss from logits stands before the output's own softmax or sigmoid. */
static soma_tensor *loss_prediction(const soma_step_builder *build, size_t output) {
    soma_tensor *prediction = soma_step_copy_of(build, soma_network_output(build->network, output));
    return build->compiled->from_input[output] ? prediction->input[0] : prediction;
}

/* Of a last dimension that is of so many parts of one size, that of this number. */
static soma_status slice_part(const soma_step_builder *build, soma_tensor *all, size_t number, size_t parts,
                              soma_tensor **out) {
    const size_t last = all->rank - 1;
    *out = all;
    if (parts == 1) return SOMA_OK;
    soma_tensor_spec spec = {.op = SOMA_OP_SLICE, .input_count = 1, .input = &all};
    spec.attributes.slice.axis = (uint32_t)last + all->batched; /* the batch counts */
    spec.attributes.slice.length = all->shape[last] / parts;
    spec.attributes.slice.start = number * spec.attributes.slice.length;
    return soma_graph_add(build->graph, &spec, out);
}

/* Of the values at all levels, those at one. */
static soma_status slice_quantile(const soma_step_builder *build, soma_tensor *all, size_t level, soma_tensor **out) {
    return slice_part(build, all, level, build->compiled->quantile_count, out);
}

/* What the loss takes: of classes, the logarithms of probabilities. */
static soma_status loss_operand(const soma_step_builder *build, size_t output, soma_tensor **out) {
    soma_tensor *prediction = *out = loss_prediction(build, output);
    if (build->compiled->loss[output] != SOMA_LOSS_CATEGORICAL_FOCAL && !build->compiled->is_ctc[output])
        return SOMA_OK;
    soma_tensor_spec spec = {.op = SOMA_OP_SOFTMAX,
                             .input_count = 1,
                             .input = &prediction,
                             .attributes = {.softmax = {true, prediction->rank}}};
    return soma_graph_add(build->graph, &spec, out);
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
                              soma_tensor *weight, soma_metric_params params) {
    soma_tensor *ignored, *input[] = {prediction, target, weight};
    soma_tensor_spec spec = {.op = SOMA_OP_METRIC,
                             .input_count = !target  ? 1
                                            : weight ? 3
                                                     : 2,
                             .input = input,
                             .attributes = {.metric = params}};
    return soma_graph_add(build->graph, &spec, &ignored);
}

/* What the loss is to see of a target or of weights, where samples are mixed: mixed alike. Class numbers become rows.
 */
static soma_status mixed(soma_step_builder *build, soma_tensor *given, size_t classes, soma_tensor **out) {
    *out = given;
    if (!soma_mode_is_of_fit(build->step->signature.mode) || build->network->augment.mixup == 0) return SOMA_OK;
    soma_tensor_spec spec = {.op = SOMA_OP_MIX,
                             .input_count = 1,
                             .input = &given,
                             .attributes = {.mix = {.classes = classes}},
                             .name = given->name};
    return soma_graph_add(build->graph, &spec, out);
}

static bool has_label_weights(const soma_step_builder *build, size_t i) {
    return i == 0 && build->compiled->label_weights && has_class_weights(build->compiled, build->step->signature.mode);
}

/* A loss knows one level, and one pair of weights: an output that has several is taken apart. */
static size_t parts_of_loss(const soma_step_builder *build, size_t i) {
    if (has_label_weights(build, i)) return build->compiled->class_weight_count / 2;
    return build->compiled->loss[i] == SOMA_LOSS_QUANTILE ? build->compiled->quantile_count : 1;
}

/* Prediction, target and weights of one label; the weight of a sample is that of all. */
static soma_status slice_label(const soma_step_builder *build, size_t label, soma_tensor **operands, uint32_t count) {
    for (uint32_t i = 0; i < count; i++)
        if (operands[i]->rank > 0)
            SOMA_TRY(slice_part(build, operands[i], label, parts_of_loss(build, 0), &operands[i]));
    return SOMA_OK;
}

/* In the place of the weights of samples, if there are any, those of steps, or none. */
static void exchange_weights(const soma_step_builder *build, soma_tensor *step_weight, soma_tensor **operands,
                             uint32_t *count) {
    const uint32_t behind = build->weight ? 3 : 2, next = step_weight ? 3 : 2;
    memmove(&operands[next], &operands[behind], (*count - behind) * sizeof *operands);
    if (step_weight) operands[2] = step_weight;
    *count = *count - behind + next;
}

/* The loss of an output, or of its values at one level, or of one label: of each sample, the mean over its steps. */
static soma_status add_part_of_loss(soma_step_builder *build, size_t i, soma_loss_params params, soma_tensor **input,
                                    uint32_t count, size_t part, soma_tensor **out) {
    const soma_compiled *compiled = build->compiled;
    soma_tensor *operands[4];
    memcpy(operands, input, count * sizeof *input);
    params.kind = compiled->loss[i];
    if (params.kind == SOMA_LOSS_QUANTILE) {
        params.delta = compiled->quantiles[part];
        SOMA_TRY(slice_quantile(build, input[0], part, &operands[0]));
    }
    if (has_label_weights(build, i)) SOMA_TRY(slice_label(build, part, operands, count));
    soma_tensor *step_weight = build->step_weight[i];
    const bool of_steps = step_weight || (soma_loss_is_categorical(params.kind) && input[0]->rank > 1);
    soma_attributes attributes = {
        .loss = {.params = params,
                 .weighted = of_steps ? step_weight != NULL : build->weight != NULL,
                 .class_weighted = i == 0 && has_class_weights(compiled, build->step->signature.mode),
                 .of_steps = of_steps}};
    if (of_steps) exchange_weights(build, step_weight, operands, &count); /* those of samples are the mean's */
    soma_tensor_spec spec = {
        .op = SOMA_OP_LOSS, .input_count = count, .input = operands, .attributes = attributes, .name = "loss"};
    SOMA_TRY(soma_graph_add(build->graph, &spec, out));
    if (!of_steps) return SOMA_OK;
    SOMA_TRY(soma_graph_reduce_axes(build->graph, *out, SOMA_REDUCE_MEAN, 1, (*out)->rank, out));
    if (!build->weight) return SOMA_OK;
    return soma_graph_binary(build->graph, *out, input[2], SOMA_BINARY_MULTIPLY, out);
}

/* The mean over the parts, where there are several. */
static soma_status loss_of(soma_step_builder *build, size_t i, soma_loss_params params, soma_tensor *prediction,
                           soma_tensor *target, soma_tensor **out) {
    const size_t parts = parts_of_loss(build, i);
    soma_tensor *input[4] = {prediction, target}, *sum = NULL, *part, *share;
    uint32_t count = 2;
    if (build->weight) SOMA_TRY(mixed(build, build->weight, 0, &input[count++]));
    if (i == 0 && has_class_weights(build->compiled, build->step->signature.mode))
        SOMA_TRY(class_weight_tensor(build, &input[count++]));
    for (size_t number = 0; number < parts; number++) {
        SOMA_TRY(add_part_of_loss(build, i, params, input, count, number, &part));
        if (sum) SOMA_TRY(soma_graph_binary(build->graph, sum, part, SOMA_BINARY_ADD, &part));
        sum = part;
    }
    *out = sum;
    if (parts == 1) return SOMA_OK;
    soma_tensor_spec spec = {.op = SOMA_OP_FILL, .attributes = {.fill = {1.0f / (float)parts, false}}, .batched = true};
    SOMA_TRY(soma_graph_add(build->graph, &spec, &share));
    return soma_graph_binary(build->graph, sum, share, SOMA_BINARY_MULTIPLY, out);
}

/* What is learnt of an output that is rescaled: x against (t - offset) / scale. Each level has the same figures. */
static soma_status standard_loss(soma_step_builder *build, size_t i, soma_tensor *target) {
    const soma_compiled *compiled = build->compiled;
    soma_loss_params params = compiled->loss_params[i];
    soma_rescaling figures;
    soma_tensor *standard, *offset, *scale;
    if (!soma_output_is_rescaled(build->network, soma_step_copy_of(build, soma_network_output(build->network, i)),
                                 &figures))
        return soma_error(SOMA_INVALID_STATE, "an output that was rescaled is so no more");
    const bool quantiles = compiled->loss[i] == SOMA_LOSS_QUANTILE;
    offset = figures.offset;
    scale = figures.scale;
    if (quantiles) SOMA_TRY(slice_quantile(build, offset, 0, &offset));
    if (quantiles) SOMA_TRY(slice_quantile(build, scale, 0, &scale));
    SOMA_TRY(soma_graph_binary(build->graph, target, offset, SOMA_BINARY_SUBTRACT, &standard));
    SOMA_TRY(soma_graph_binary(build->graph, standard, scale, SOMA_BINARY_DIVIDE, &standard));
    params.delta = compiled->standard_delta;
    return loss_of(build, i, params, figures.x, standard, &build->loss[i]);
}

/* Of labels: the loss of each sample, or the edits from what is decoded to them. */
static soma_status add_ctc(soma_step_builder *build, soma_op op, size_t i, soma_tensor *prediction, soma_tensor **out) {
    const soma_tensor *output = soma_network_output(build->network, i);
    soma_tensor *input[3] = {prediction, build->target[i], NULL};
    if (output->mask) input[2] = soma_step_copy_of(build, output->mask);
    soma_tensor_spec spec = {.op = op,
                             .input_count = output->mask ? 3 : 2,
                             .input = input,
                             .attributes = {.ctc = {soma_blank_of(output), output->mask != NULL}},
                             .name = op == SOMA_OP_CTC ? "loss" : NULL};
    SOMA_TRY(soma_graph_add(build->graph, &spec, out));
    if (op != SOMA_OP_CTC || !build->weight) return SOMA_OK;
    return soma_graph_binary(build->graph, *out, build->weight, SOMA_BINARY_MULTIPLY, out);
}

/* Counted are samples that are decoded without an edit, or edits. */
static soma_status add_label_metric(soma_step_builder *build, uint32_t number) {
    const bool whole = build->compiled->meaning[number] == SOMA_ACCURACY;
    soma_tensor *edits, *none;
    SOMA_TRY(add_ctc(build, SOMA_OP_CTC_DISTANCE, 0, loss_prediction(build, 0), &edits));
    soma_tensor_spec spec = {.op = SOMA_OP_FILL, .attributes = {.fill = {0, false}}, .batched = true};
    if (whole) SOMA_TRY(soma_graph_add(build->graph, &spec, &none));
    if (whole) SOMA_TRY(soma_graph_binary(build->graph, edits, none, SOMA_BINARY_EQUAL, &edits));
    return add_metric(build, edits, NULL, NULL, build->compiled->metric[number]);
}

static soma_status add_loss(soma_step_builder *build, size_t i) {
    soma_tensor *prediction, *target, *loss;
    SOMA_TRY(loss_operand(build, i, &prediction));
    if (build->compiled->is_ctc[i]) {
        soma_metric_params total = {.kind = SOMA_METRIC_SUM, .slot = SOMA_SLOT_LOSS + (uint32_t)i};
        SOMA_TRY(add_ctc(build, SOMA_OP_CTC, i, prediction, &build->loss[i]));
        return add_metric(build, build->loss[i], NULL, NULL, total);
    }
    SOMA_TRY(mixed(build, build->target[i], soma_tensor_count(prediction), &target));
    SOMA_TRY(loss_of(build, i, build->compiled->loss_params[i], prediction, target, &loss));
    build->loss[i] = loss;
    if (build->compiled->standardized[i] && !soma_mode_is_forward(build->step->signature.mode))
        SOMA_TRY(standard_loss(build, i, target));
    soma_metric_params sum = {.kind = SOMA_METRIC_SUM, .slot = SOMA_SLOT_LOSS + (uint32_t)i};
    return add_metric(build, loss, NULL, NULL, sum); /* told is the loss in the data's units */
}

/* The level nearest to the median, which an absolute error is of. */
static size_t middle_quantile(const soma_compiled *compiled) {
    size_t best = 0;
    for (size_t i = 1; i < compiled->quantile_count; i++)
        if (fabsf(compiled->quantiles[i] - 0.5f) < fabsf(compiled->quantiles[best] - 0.5f)) best = i;
    return best;
}

/* Metrics of the first output. Those that only compare outputs take what the loss takes, so that no softmax is computed
 * for them. */
static soma_status add_metrics(soma_step_builder *build) {
    for (uint32_t i = 0; i < build->compiled->metric_count; i++) {
        const soma_metric_params *params = &build->compiled->metric[i];
        if (build->compiled->is_ctc[0]) {
            SOMA_TRY(add_label_metric(build, i));
            continue;
        }
        if (params->kind == SOMA_METRIC_SUM) {
            SOMA_TRY(add_metric(build, build->loss[0], NULL, NULL, *params));
            continue;
        }
        soma_tensor *prediction = params->kind == SOMA_METRIC_ABSOLUTE_ERROR
                                      ? soma_step_copy_of(build, soma_network_output(build->network, 0))
                                      : loss_prediction(build, 0);
        if (build->compiled->loss[0] == SOMA_LOSS_QUANTILE)
            SOMA_TRY(slice_quantile(build, prediction, middle_quantile(build->compiled), &prediction));
        SOMA_TRY(add_metric(build, prediction, build->target[0], build->step_weight[0], *params));
    }
    return SOMA_OK;
}

/* Of two samples of different lengths mixed, nobody knows what the steps behind the shorter one's end are to be. */
static soma_status refuse_mixed_lengths(const soma_step_builder *build) {
    char label[SOMA_SHAPE_TEXT];
    if (!soma_mode_is_of_fit(build->step->signature.mode) || build->network->augment.mixup == 0) return SOMA_OK;
    for (size_t i = 0; i < SOMA_MAX_ENDS; i++)
        if (build->step_weight[i] || (build->compiled->trained_on[i] && build->compiled->is_ctc[i]))
            return soma_error(SOMA_UNSUPPORTED,
                              "mixup mixes whole samples; output \"%s\" has targets of different lengths",
                              soma_tensor_label(soma_network_output(build->network, i), label));
    return SOMA_OK;
}

soma_status soma_step_add_losses(soma_step_builder *build) {
    SOMA_TRY(add_targets(build));
    SOMA_TRY(refuse_mixed_lengths(build));
    for (size_t i = 0; i < soma_network_output_count(build->network); i++)
        if (build->compiled->trained_on[i]) SOMA_TRY(add_loss(build, i));
    return add_metrics(build);
}
