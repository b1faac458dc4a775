/* SPDX-License-Identifier: MIT */
/* Compiling: laying out the parameters on a device, building the steps, and the way back. */
#include "base/pages.h"
#include "train/step.h"

#include <string.h>

/* ------------------------------------------------------------------------------------------------------------- layout
 */

/* Moves *offset behind a tensor of so many elements. */
static soma_status reserve_elements(size_t *offset, size_t count, size_t alignment) {
    if (count <= SIZE_MAX - alignment && soma_add_size(*offset, soma_round_up(count, alignment), offset))
        return SOMA_OK;
    return soma_error(SOMA_OUT_OF_DEVICE_MEMORY, "the parameters are more than any memory has bytes");
}

enum { PART_WEIGHTS, PART_BIASES, PART_FROZEN, PART_RUNNING, PARTS };

/* Where they end in the flat buffers, and where these do. */
typedef struct layout {
    size_t decay, trained, total;
} layout;

static int part_of(const soma_parameter *parameter) {
    if (parameter->is_running) return PART_RUNNING;
    if (parameter->is_frozen) return PART_FROZEN;
    return parameter->is_bias ? PART_BIASES : PART_WEIGHTS;
}

/* Weights first, since they decay; then biases; then what the optimizer leaves alone: what is frozen, running figures,
 * and the class weights. Each starts at the device's alignment. */
static soma_status lay_out(soma_network *network, soma_compiled *compiled, soma_dtype real, layout *found) {
    size_t alignment = soma_executor_alignment(compiled->device, real), offset = 0, end[PARTS];
    for (int part = 0; part < PARTS; part++) {
        for (size_t i = 0; i < network->parameter_count; i++) {
            soma_parameter *parameter = &network->parameters[i];
            if (part_of(parameter) != part) continue;
            parameter->tensor->offset = offset;
            SOMA_TRY(reserve_elements(&offset, soma_tensor_count(parameter->tensor), alignment));
        }
        end[part] = offset;
    }
    compiled->class_weight_offset = offset;
    SOMA_TRY(reserve_elements(&offset, compiled->class_weight_count, alignment));
    *found = (layout){.decay = end[PART_WEIGHTS], .trained = end[PART_BIASES], .total = offset};
    return SOMA_OK;
}

static soma_status initial_values(soma_network *network, size_t index) {
    soma_parameter *parameter = &network->parameters[index];
    size_t count = soma_tensor_count(parameter->tensor);
    if (parameter->values) return SOMA_OK;
    parameter->values = soma_calloc(count, sizeof *parameter->values);
    if (!parameter->values) return soma_out_of_memory(count * sizeof *parameter->values, "initial weights");
    return soma_parameter_initialize(network, index, parameter->values);
}

/* Elements that are given back to the system at a time, once the device has them: so large weights are never there
 * twice. They end where a large page may, which would else be divided into small ones before it is given back. */
static size_t piece_of(const float *values, size_t left) {
    return SOMA_MIN((SOMA_LARGE_PAGE - (uintptr_t)values % SOMA_LARGE_PAGE) / sizeof *values, left);
}

/* What lies behind `count` elements, up to the next alignment, is 0 as optimizers and norms want it. */
static soma_status fill_up(soma_executor *executor, size_t offset, size_t count) {
    const size_t element = soma_executor_element(executor);
    const size_t end = soma_round_up(count, soma_executor_alignment(executor->device, executor->real));
    if (end == count) return SOMA_OK;
    return soma_device_fill(executor->device, executor->parameters, (offset + count) * element, 0,
                            (end - count) * element);
}

/* *done: how many of them the device has; *given: something was given back, unless that is NULL. */
static soma_status upload_parameter(soma_executor *executor, const soma_parameter *parameter, size_t *done,
                                    bool *given) {
    const size_t count = soma_tensor_count(parameter->tensor), offset = parameter->tensor->offset;
    while (*done < count) {
        const size_t piece = piece_of(parameter->values + *done, count - *done);
        SOMA_TRY(soma_executor_write(executor, executor->parameters, offset + *done, parameter->values + *done, piece));
        if (given) *given |= soma_give_back_pages(parameter->values + *done, piece * sizeof *parameter->values);
        *done += piece;
    }
    return fill_up(executor, offset, count);
}

/* Compiling has failed: the first `count` parameters get their values again, and `done` elements of the next one. */
static soma_status take_back(soma_network *network, soma_executor *executor, size_t count, size_t done) {
    for (size_t i = 0; i < count || (i == count && done); i++) {
        const soma_parameter *parameter = &network->parameters[i];
        SOMA_TRY(soma_executor_read(executor, executor->parameters, parameter->tensor->offset, parameter->values,
                                    i < count ? soma_tensor_count(parameter->tensor) : done));
    }
    return SOMA_OK;
}

static soma_status upload(soma_network *network, soma_compiled *compiled, const float *class_weight) {
    soma_executor *executor = compiled->executor;
    size_t at = 0, done = 0, last = compiled->class_weight_offset;
    soma_status status = SOMA_OK;
    bool given = false;
    for (size_t i = 0; i < network->parameter_count; i++) SOMA_TRY(initial_values(network, i));
    for (; at < network->parameter_count && status == SOMA_OK; at += status == SOMA_OK) {
        done = 0;
        status = upload_parameter(executor, &network->parameters[at], &done, compiled->lent ? NULL : &given);
    }
    if (status == SOMA_OK) {
        done = 0;
        status = soma_executor_write(executor, executor->parameters, last, class_weight, compiled->class_weight_count);
    }
    if (status == SOMA_OK) status = fill_up(executor, last, compiled->class_weight_count);
    if (status == SOMA_OK || !given) return status;
    char *error = soma_strdup(soma_last_error());
    if (take_back(network, executor, at, done) == SOMA_OK)
        soma_error(status, "%s", error ? error : soma_status_text(status));
    else
        soma_network_fail(network, soma_error_prefix(status, "the weights are lost with the device: "));
    soma_free(error);
    return status;
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
    const soma_tensor *output = soma_network_output(network, 0);
    if (!output) return soma_error(SOMA_INVALID_STATE, "the network has no output");
    if (output->batched) return SOMA_OK;
    return soma_error(SOMA_INVALID_STATE, "output %s is the same for every sample; it must be computed from an input",
                      soma_tensor_name(output));
}

soma_signature soma_default_signature(const soma_network *network, soma_mode mode) {
    soma_signature signature = {.mode = mode};
    for (size_t i = 0; i < soma_network_output_count(network); i++)
        signature.target[i] =
            network->compiled->is_ctc[i] || soma_loss_is_categorical(network->compiled->loss[i]) ? SOMA_I32 : SOMA_F32;
    for (size_t i = 0; i < SOMA_MAX_ENDS; i++) signature.labels[i] = 1;
    return signature;
}

/* Losses for all that is trained on, and something is. */
static bool has_losses(const soma_network *network) {
    bool has_loss = false;
    for (size_t i = 0; i < soma_network_output_count(network); i++)
        if (network->compiled->lacks_loss[i]) return false;
    for (size_t i = 0; i < soma_network_output_count(network); i++) has_loss |= network->compiled->trained_on[i];
    return has_loss && SOMA_HAS_TRAINING;
}

static soma_status build_training(soma_network *network) {
    soma_step *step;
    const soma_signature train = soma_default_signature(network, SOMA_MODE_TRAIN);
    return soma_step_get(network, &train, &step);
}

bool soma_can_train(soma_network *network) {
    return has_losses(network) && build_training(network) != SOMA_NO_GRADIENT;
}

/* Who names a loss, or wants samples augmented, will train. */
static bool will_train(const soma_network *network, const soma_compile_options *options) {
    bool will = network->augmentation != NULL;
    for (size_t i = 0; i < soma_network_output_count(network) && i < SOMA_MAX_OUTPUTS; i++)
        will |= options->loss[i] != SOMA_LOSS_DEFAULT;
    return will;
}

/* Builds the step graphs that will be wanted, so that what is wrong with the network comes out here. Who names no loss
 * may want to run it alone, which is possible without a gradient, and without the time and memory that the step of
 * training takes: that one is built when it is first asked for. */
static soma_status build_steps(soma_network *network, const soma_compile_options *options) {
    const soma_signature predict = soma_default_signature(network, SOMA_MODE_PREDICT);
    SOMA_TRY(soma_step_get(network, &predict, &network->compiled->predict));
    return will_train(network, options) && has_losses(network) ? build_training(network) : SOMA_OK;
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
    layout found = {0};
    SOMA_TRY(SOMA_CHECK_RESERVED(options, "soma_compile_options"));
    SOMA_TRY(soma_optimizer_resolve(&options->optimizer, &compiled->optimizer));
    compiled->learning_rate = compiled->optimizer.learning_rate;
    compiled->plateau_factor = 1;
    compiled->fuse = !options->no_fusion && soma_fast_paths();
    SOMA_TRY(soma_choose_objective(network, compiled, options));
    SOMA_TRY(lay_out(network, compiled, real, &found));
    SOMA_TRY(soma_executor_create_blank(compiled->device, real, found.total, found.decay, &compiled->executor));
    compiled->executor->trained_count = found.trained;
    SOMA_TRY(build_steps(network, options));
    return upload(network, compiled, options->class_weight); /* last: the host's values go */
}

static soma_status compile_network(soma_network *network, soma_device *device, const soma_compile_options *options,
                                   soma_dtype real, bool lent) {
    static const soma_compile_options defaults;
    if (!network || !device) return soma_error(SOMA_INVALID_ARGUMENT, "soma_compile needs a network and a device");
    if (!options) options = &defaults;
    if (network->compiled) SOMA_TRY(soma_require_no_fit(network, "soma_compile"));
    SOMA_TRY(check_network(network));
    SOMA_TRY(soma_network_decompile(network));
    network->compiled = soma_calloc(1, sizeof *network->compiled);
    if (!network->compiled) return soma_out_of_memory(sizeof *network->compiled, "compiling");
    network->compiled->device = device;
    network->compiled->lent = lent;
    network->compiled->tensor_count = network->graph.count;
    network->compiled->parameter_count = network->parameter_count;
    network->compiled->output_count = network->output_count;
    soma_status status = compile(network, options, real);
    if (status != SOMA_OK) {
        soma_network_discard(network); /* the host still has the values */
        return status;
    }
    drop_host_values(network);
    network->options = *options;
    network->options.class_weight = NULL;
    network->options.class_weight_count = 0;
    for (size_t i = 0; i < soma_network_output_count(network) && i < SOMA_MAX_OUTPUTS; i++)
        network->options.loss[i] = soma_resolve_loss(options->loss[i], soma_network_output(network, i));
    network->has_options = true;
    return SOMA_OK;
}

soma_status soma_compile_as(soma_network *network, soma_device *device, const soma_compile_options *options,
                            soma_dtype real) {
    return compile_network(network, device, options, real, false);
}

soma_status soma_compile(soma_network *network, soma_device *device, const soma_compile_options *options) {
    return compile_network(network, device, options, SOMA_F32, false);
}

soma_status soma_compile_lent(soma_network *network, soma_device *device, const soma_compile_options *options) {
    return compile_network(network, device, options, SOMA_F32, true);
}

soma_status soma_network_get_compile_options(const soma_network *network, soma_compile_options *options) {
    *options = network->options;
    if (!network->has_options) return soma_error(SOMA_INVALID_STATE, "the network was not compiled yet");
    return SOMA_OK;
}

soma_status soma_network_decompile(soma_network *network) {
    soma_compiled *compiled = network->compiled;
    if (!compiled) return SOMA_OK;
    uint32_t users = atomic_load(&network->users) - 1;
    if (users)
        return soma_error(SOMA_INVALID_STATE,
                          "the network has %u session%s or generator%s on its weights, which must be destroyed before "
                          "it can be compiled again",
                          users, users == 1 ? "" : "s", users == 1 ? "" : "s");
    for (size_t i = 0; i < compiled->parameter_count; i++) {
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
    if (!network || atomic_fetch_sub(&network->users, 1) > 1) return; /* the last of them does it */
    soma_network_discard(network);
    soma_network_free_forward(network);
}
