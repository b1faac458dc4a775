/* SPDX-License-Identifier: MIT */
/* Compiling: choosing losses and metrics, laying out the parameters on a device, and the way back. */
#include "train/fit.h"

#include <stdio.h>
#include <string.h>

/* ------------------------------------------------------------------------------------------------------------ losses
 */

static bool is_last_softmax(const soma_tensor *tensor) {
    return tensor->op == SOMA_OP_SOFTMAX && !tensor->attributes.softmax.log &&
           tensor->attributes.softmax.axis == tensor->rank;
}

static bool is_sigmoid(const soma_tensor *tensor) {
    return tensor->op == SOMA_OP_UNARY && tensor->attributes.unary.function == SOMA_SIGMOID;
}

/* The loss that is meant: DEFAULT stands for one that suits the output. */
static soma_loss resolve_loss(soma_loss loss, const soma_tensor *output) {
    if (loss != SOMA_LOSS_DEFAULT) return loss;
    if (is_last_softmax(output)) return SOMA_CATEGORICAL_CROSSENTROPY;
    return is_sigmoid(output) ? SOMA_BINARY_CROSSENTROPY : SOMA_MEAN_SQUARED_ERROR;
}

/* Public losses as the devices know them. */
static const soma_loss_kind loss_kinds[] = {
    [SOMA_CATEGORICAL_CROSSENTROPY] = SOMA_LOSS_CATEGORICAL_CROSSENTROPY,
    [SOMA_CATEGORICAL_CROSSENTROPY_LOGITS] = SOMA_LOSS_CATEGORICAL_CROSSENTROPY_LOGITS,
    [SOMA_BINARY_CROSSENTROPY] = SOMA_LOSS_BINARY_CROSSENTROPY,
    [SOMA_BINARY_CROSSENTROPY_LOGITS] = SOMA_LOSS_BINARY_CROSSENTROPY_LOGITS,
    [SOMA_MEAN_SQUARED_ERROR] = SOMA_LOSS_MEAN_SQUARED_ERROR,
    [SOMA_MEAN_ABSOLUTE_ERROR] = SOMA_LOSS_MEAN_ABSOLUTE_ERROR,
    [SOMA_HUBER] = SOMA_LOSS_HUBER,
};

bool soma_loss_is_categorical(soma_loss_kind kind) {
    return kind == SOMA_LOSS_CATEGORICAL_CROSSENTROPY || kind == SOMA_LOSS_CATEGORICAL_CROSSENTROPY_LOGITS;
}

static bool is_binary(soma_loss_kind kind) {
    return kind == SOMA_LOSS_BINARY_CROSSENTROPY || kind == SOMA_LOSS_BINARY_CROSSENTROPY_LOGITS;
}

static soma_status choose_loss(soma_compiled *compiled, const soma_tensor *output, size_t i,
                               const soma_compile_options *options) {
    soma_loss loss = resolve_loss(options->loss[i], output);
    char text[SOMA_SHAPE_TEXT];
    if ((unsigned)loss > SOMA_LOSS_NONE)
        return soma_error(SOMA_INVALID_ARGUMENT, "output %s: there is no loss number %d", soma_tensor_name(output),
                          (int)loss);
    compiled->trained_on[i] = loss != SOMA_LOSS_NONE;
    if (loss == SOMA_LOSS_NONE) return SOMA_OK;
    compiled->loss[i] = loss_kinds[loss];
    if ((loss == SOMA_CATEGORICAL_CROSSENTROPY && is_last_softmax(output)) ||
        (loss == SOMA_BINARY_CROSSENTROPY && is_sigmoid(output))) {
        compiled->from_input[i] = true;
        compiled->loss[i] = loss_kinds[loss + 1]; /* the LOGITS form follows */
    }
    compiled->loss_weight[i] = options->loss_weight[i] != 0 ? options->loss_weight[i] : 1;
    if (soma_loss_is_categorical(compiled->loss[i]) && (output->rank != 1 || output->shape[0] < 2))
        return soma_error(
            SOMA_INVALID_SHAPE,
            "output %s: categorical cross-entropy needs one dimension with a unit per class, at least 2, got %s%s",
            soma_tensor_name(output), soma_tensor_shape_text(output, text),
            output->rank == 1 ? " (for one unit use a sigmoid and binary cross-entropy)" : "");
    return SOMA_OK;
}

static soma_status choose_class_weights(const soma_network *network, soma_compiled *compiled,
                                        const soma_compile_options *options) {
    if (!options->class_weight || options->class_weight_count == 0) return SOMA_OK;
    const soma_tensor *output = soma_network_output(network, 0);
    size_t expected = soma_loss_is_categorical(compiled->loss[0]) ? output->shape[0]
                      : is_binary(compiled->loss[0])              ? 2
                                                                  : 0;
    if (!compiled->trained_on[0] || expected == 0)
        return soma_error(SOMA_INVALID_ARGUMENT, "class weights go with a cross-entropy; output %s has another loss",
                          soma_tensor_name(output));
    if (options->class_weight_count != expected)
        return soma_error(SOMA_INVALID_ARGUMENT, "output %s has %zu classes, got %zu class weights",
                          soma_tensor_name(output), expected, options->class_weight_count);
    for (size_t i = 0; i < expected; i++)
        if (!(options->class_weight[i] >= 0))
            return soma_error(SOMA_INVALID_ARGUMENT, "class weight %zu is %g, it must be at least 0", i,
                              (double)options->class_weight[i]);
    compiled->class_weight_count = expected;
    return SOMA_OK;
}

/* ----------------------------------------------------------------------------------------------------------- metrics
 */

static soma_metric default_metric(soma_loss_kind loss) {
    if (soma_loss_is_categorical(loss)) return SOMA_ACCURACY;
    return is_binary(loss) ? SOMA_BINARY_ACCURACY : SOMA_MAE;
}

static soma_status add_metric(const soma_network *network, soma_compiled *compiled, soma_metric metric,
                              uint32_t top_k) {
    const soma_tensor *output = soma_network_output(network, 0);
    soma_loss_kind loss = compiled->loss[0];
    bool categorical = soma_loss_is_categorical(loss);
    if (metric == SOMA_ACCURACY && !categorical) metric = SOMA_BINARY_ACCURACY;
    if (metric == SOMA_TOP_K && !categorical)
        return soma_error(SOMA_INVALID_ARGUMENT,
                          "top-k accuracy goes with categorical cross-entropy; output %s has another loss",
                          soma_tensor_name(output));
    if ((metric == SOMA_BINARY_ACCURACY || metric == SOMA_MAE) && categorical)
        return soma_error(SOMA_INVALID_ARGUMENT,
                          "output %s has class numbers as targets: its metrics are accuracy and top-k",
                          soma_tensor_name(output));
    static const soma_metric_kind kinds[] = {[SOMA_ACCURACY] = SOMA_METRIC_CATEGORICAL_ACCURACY,
                                             [SOMA_TOP_K] = SOMA_METRIC_TOP_K_ACCURACY,
                                             [SOMA_BINARY_ACCURACY] = SOMA_METRIC_BINARY_ACCURACY,
                                             [SOMA_MAE] = SOMA_METRIC_ABSOLUTE_ERROR};
    static const char *const names[] = {[SOMA_ACCURACY] = "accuracy",
                                        [SOMA_TOP_K] = "top_%u_accuracy",
                                        [SOMA_BINARY_ACCURACY] = "accuracy",
                                        [SOMA_MAE] = "mean_absolute_error"};
    if ((unsigned)metric >= SOMA_METRIC_NONE)
        return soma_error(SOMA_INVALID_ARGUMENT, "there is no metric number %d", (int)metric);
    uint32_t i = compiled->metric_count++;
    /* Half of the probability is where a logit is 0. */
    compiled->metric[i] = (soma_metric_params){.kind = kinds[metric],
                                               .slot = SOMA_SLOT_METRIC + i,
                                               .k = top_k ? top_k : 5,
                                               .threshold = loss == SOMA_LOSS_BINARY_CROSSENTROPY_LOGITS ? 0 : 0.5f};
    if (metric == SOMA_TOP_K)
        snprintf(compiled->metric_name[i], sizeof compiled->metric_name[i], "top_%u_accuracy", compiled->metric[i].k);
    else
        snprintf(compiled->metric_name[i], sizeof compiled->metric_name[i], "%s", names[metric]);
    return SOMA_OK;
}

static soma_status choose_metrics(const soma_network *network, soma_compiled *compiled,
                                  const soma_compile_options *options) {
    if (!compiled->trained_on[0]) return SOMA_OK;
    for (size_t i = 0; i < SOMA_MAX_METRICS; i++) {
        soma_metric metric = options->metrics[i];
        if (i == 0 && metric == SOMA_METRIC_DEFAULT) metric = default_metric(compiled->loss[0]);
        if (metric == SOMA_METRIC_DEFAULT || metric == SOMA_METRIC_NONE) continue;
        SOMA_TRY(add_metric(network, compiled, metric, options->top_k));
    }
    return SOMA_OK;
}

/* ------------------------------------------------------------------------------------------------------------- layout
 */

/* Weights first, since they decay; then biases; then the class weights. Each starts at the device's alignment. */
static void lay_out(soma_network *network, soma_compiled *compiled, soma_dtype real, size_t *total, size_t *decay) {
    size_t alignment = soma_executor_alignment(compiled->device, real), offset = 0;
    for (int biases = 0; biases < 2; biases++) {
        for (size_t i = 0; i < network->parameter_count; i++) {
            soma_parameter *parameter = &network->parameters[i];
            if (parameter->is_bias != (biases == 1)) continue;
            parameter->tensor->offset = offset;
            offset += soma_round_up(soma_tensor_count(parameter->tensor), alignment);
        }
        if (!biases) *decay = offset;
    }
    compiled->class_weight_offset = offset;
    *total = offset + soma_round_up(compiled->class_weight_count, alignment);
}

static soma_status initial_values(soma_network *network, size_t index) {
    soma_parameter *parameter = &network->parameters[index];
    size_t count = soma_tensor_count(parameter->tensor);
    if (parameter->values) return SOMA_OK;
    parameter->values = soma_calloc(count, sizeof *parameter->values);
    if (!parameter->values) return soma_out_of_memory(count * sizeof *parameter->values, "initial weights");
    return soma_parameter_initialize(network, index, parameter->values);
}

static soma_status upload(soma_network *network, soma_compiled *compiled, const float *class_weight) {
    soma_executor *executor = compiled->executor;
    for (size_t i = 0; i < network->parameter_count; i++) {
        const soma_parameter *parameter = &network->parameters[i];
        SOMA_TRY(initial_values(network, i));
        SOMA_TRY(soma_executor_write(executor, executor->parameters, parameter->tensor->offset, parameter->values,
                                     soma_tensor_count(parameter->tensor)));
    }
    return soma_executor_write(executor, executor->parameters, compiled->class_weight_offset, class_weight,
                               compiled->class_weight_count);
}

/* The device has the weights now. */
static void drop_host_values(soma_network *network) {
    for (size_t i = 0; i < network->parameter_count; i++) {
        soma_free(network->parameters[i].values);
        network->parameters[i].values = NULL;
    }
}

/* ------------------------------------------------------------------------------------------------------------ compile
 */

static soma_status check_network(soma_network *network) {
    SOMA_TRY(soma_network_status(network));
    if (network->input_count == 0)
        return soma_error(SOMA_INVALID_STATE, "the network has no input; begin with soma_input()");
    if (soma_network_output_count(network) == 0 || !soma_network_output(network, 0))
        return soma_error(SOMA_INVALID_STATE, "the network has no output");
    return SOMA_OK;
}

static soma_status choose(const soma_network *network, soma_compiled *compiled, const soma_compile_options *options) {
    SOMA_TRY(soma_optimizer_resolve(&options->optimizer, &compiled->optimizer));
    compiled->learning_rate = compiled->optimizer.learning_rate;
    compiled->plateau_factor = 1;
    compiled->huber_delta = options->huber_delta > 0 ? options->huber_delta : 1;
    compiled->fuse = !options->no_fusion;
    for (size_t i = 0; i < soma_network_output_count(network); i++)
        SOMA_TRY(choose_loss(compiled, soma_network_output(network, i), i, options));
    SOMA_TRY(choose_class_weights(network, compiled, options));
    return choose_metrics(network, compiled, options);
}

soma_signature soma_default_signature(const soma_network *network, soma_mode mode) {
    soma_signature signature = {.mode = mode};
    for (size_t i = 0; i < soma_network_output_count(network); i++)
        signature.target[i] = soma_loss_is_categorical(network->compiled->loss[i]) ? SOMA_I32 : SOMA_F32;
    return signature;
}

static bool has_loss(const soma_network *network) {
    for (size_t i = 0; i < soma_network_output_count(network); i++)
        if (network->compiled->trained_on[i]) return true;
    return false;
}

/* Builds the step graphs that will be wanted, so that what is wrong with the network comes out here. */
static soma_status build_steps(soma_network *network) {
    soma_step *step;
    soma_signature predict = soma_default_signature(network, SOMA_MODE_PREDICT);
    SOMA_TRY(soma_step_get(network, &predict, &step));
    soma_signature train = soma_default_signature(network, SOMA_MODE_TRAIN);
    return has_loss(network) ? soma_step_get(network, &train, &step) : SOMA_OK;
}

void soma_network_discard(soma_network *network) {
    soma_compiled *compiled = network->compiled;
    if (!compiled) return;
    soma_steps_clear(compiled);
    soma_executor_destroy(compiled->executor);
    soma_free(compiled);
    network->compiled = NULL;
}

static soma_status compile(soma_network *network, const soma_compile_options *options, soma_dtype real) {
    soma_compiled *compiled = network->compiled;
    size_t total = 0, decay = 0;
    SOMA_TRY(choose(network, compiled, options));
    lay_out(network, compiled, real, &total, &decay);
    SOMA_TRY(soma_executor_create(compiled->device, real, total, decay, &compiled->executor));
    SOMA_TRY(upload(network, compiled, options->class_weight));
    return build_steps(network);
}

soma_status soma_compile_as(soma_network *network, soma_device *device, const soma_compile_options *options,
                            soma_dtype real) {
    static const soma_compile_options defaults;
    if (!network || !device) return soma_error(SOMA_INVALID_ARGUMENT, "soma_compile needs a network and a device");
    if (!options) options = &defaults;
    if (network->compiled) SOMA_TRY(soma_require_no_fit(network, "soma_compile"));
    SOMA_TRY(check_network(network));
    SOMA_TRY(soma_network_decompile(network));
    network->compiled = soma_calloc(1, sizeof *network->compiled);
    if (!network->compiled) return soma_out_of_memory(sizeof *network->compiled, "compiling");
    network->compiled->device = device;
    soma_status status = compile(network, options, real);
    if (status != SOMA_OK) {
        soma_network_discard(network); /* the host still has the values */
        return status;
    }
    drop_host_values(network);
    network->options = *options;
    network->options.class_weight = NULL;
    for (size_t i = 0; i < soma_network_output_count(network); i++)
        network->options.loss[i] = resolve_loss(options->loss[i], soma_network_output(network, i));
    network->has_options = true;
    return SOMA_OK;
}

soma_status soma_compile(soma_network *network, soma_device *device, const soma_compile_options *options) {
    return soma_compile_as(network, device, options, SOMA_F32);
}

soma_status soma_network_get_compile_options(const soma_network *network, soma_compile_options *options) {
    *options = network->options;
    if (!network->has_options) return soma_error(SOMA_INVALID_STATE, "the network was not compiled yet");
    return SOMA_OK;
}

soma_status soma_network_decompile(soma_network *network) {
    soma_compiled *compiled = network->compiled;
    if (!compiled) return SOMA_OK;
    for (size_t i = 0; i < network->parameter_count; i++) {
        soma_parameter *parameter = &network->parameters[i];
        size_t count = soma_tensor_count(parameter->tensor);
        if (!parameter->values) parameter->values = soma_calloc(count, sizeof *parameter->values);
        if (!parameter->values) return soma_out_of_memory(count * sizeof *parameter->values, "the weights");
        soma_status status = soma_executor_read(compiled->executor, compiled->executor->parameters,
                                                parameter->tensor->offset, parameter->values, count);
        if (status != SOMA_OK) {
            drop_host_values(network); /* the device remains the one that has them */
            return status;
        }
    }
    soma_network_discard(network);
    return SOMA_OK;
}

void soma_network_destroy(soma_network *network) {
    if (!network) return;
    soma_network_discard(network);
    soma_network_free_forward(network);
}
