/* SPDX-License-Identifier: MIT */
/* Outputs of a network: soma_predict, soma_predict_classes, soma_run. */
#include "train/ids.h"
#include "train/pass.h"

#include <math.h>

enum { PREDICT_BATCH = 256 };

/* Receives the outputs of a batch: values[count * elements], of samples first, first + 1, ... */
typedef void batch_receiver(void *context, const float *values, size_t first, size_t count);

static soma_status check_output(const soma_network *network, size_t output, const char *function) {
    if (output < soma_network_output_count(network)) return SOMA_OK;
    return soma_error(SOMA_INVALID_ARGUMENT, "%s: output %zu of a network that has %zu, numbered from 0", function,
                      output, soma_network_output_count(network));
}

/* Runs the pass and reads each batch into `values`, or, with a receiver, into `values` again and again. */
static soma_status read_outputs(soma_pass *pass, size_t output, float *values, batch_receiver *receive, void *context) {
    const soma_tensor *tensor = pass->step->output[output];
    size_t elements = soma_tensor_count(tensor);
    for (size_t i = 0; i < soma_pass_batch_count(pass); i++) {
        size_t first = soma_pass_batch_start(pass, i), count = soma_pass_batch_size(pass, i);
        SOMA_TRY(soma_pass_run(pass, i));
        float *target = receive ? values : values + first * elements;
        SOMA_TRY(soma_plan_read(soma_pass_plan(pass, i), tensor, target, count * elements));
        if (receive) receive(context, values, first, count);
    }
    return SOMA_OK;
}

soma_status soma_predict(soma_network *network, soma_dataset *dataset, size_t output, size_t batch_size,
                         float *values) {
    SOMA_TRY(soma_require_compiled(network, "soma_predict"));
    SOMA_TRY(check_output(network, output, "soma_predict"));
    if (!values) return soma_error(SOMA_INVALID_ARGUMENT, "soma_predict: values is NULL");
    soma_batches_options options = {.batch = batch_size ? batch_size : PREDICT_BATCH, .epochs = 1};
    soma_pass pass;
    SOMA_TRY(soma_pass_open(network, dataset, SOMA_MODE_PREDICT, &options, &pass));
    soma_status status = read_outputs(&pass, output, values, NULL, NULL);
    soma_pass_close(&pass);
    return status;
}

/* ----------------------------------------------------------------------------------------------------- classes */

typedef struct class_picker {
    int32_t *classes;
    size_t units;
    float threshold; /* of a single unit */
} class_picker;

/* The first largest of a row; a NaN is larger than nothing. */
static int32_t largest(const float *row, size_t units) {
    size_t best = 0;
    for (size_t j = 1; j < units; j++)
        if (row[j] > row[best] || (isnan(row[best]) && !isnan(row[j]))) best = j;
    return (int32_t)best;
}

static void pick_classes(void *context, const float *values, size_t first, size_t count) {
    const class_picker *picker = context;
    for (size_t i = 0; i < count; i++) {
        const float *row = values + i * picker->units;
        picker->classes[first + i] = picker->units > 1 ? largest(row, picker->units) : row[0] > picker->threshold;
    }
}

/* Runs all batches, each into one piece of memory, of which `receive` takes what it wants. */
static soma_status predict_and_pick(soma_network *network, soma_dataset *dataset, size_t batch_size, size_t units,
                                    batch_receiver *receive, void *context) {
    soma_batches_options options = {.batch = batch_size ? batch_size : PREDICT_BATCH, .epochs = 1};
    soma_pass pass;
    SOMA_TRY(soma_pass_open(network, dataset, SOMA_MODE_PREDICT, &options, &pass));
    float *values = soma_realloc(NULL, pass.batch * units, sizeof *values);
    soma_status status = values ? read_outputs(&pass, 0, values, receive, context)
                                : soma_out_of_memory(pass.batch * units * sizeof *values, "the outputs of a batch");
    soma_free(values);
    soma_pass_close(&pass);
    return status;
}

static bool tells_labels(const soma_network *network) {
    return network->compiled->trained_on[0] && soma_loss_is_binary(network->compiled->loss[0]);
}

soma_status soma_predict_classes(soma_network *network, soma_dataset *dataset, size_t batch_size, int32_t *classes) {
    SOMA_TRY(soma_require_compiled(network, "soma_predict_classes"));
    if (!classes) return soma_error(SOMA_INVALID_ARGUMENT, "soma_predict_classes: classes is NULL");
    const soma_tensor *output = soma_network_output(network, 0);
    if (output->rank != 1) {
        char label[SOMA_SHAPE_TEXT], shape[SOMA_SHAPE_TEXT];
        return soma_error(SOMA_INVALID_SHAPE,
                          "output \"%s\" is %s: classes are read off an output of one dimension per sample",
                          soma_tensor_label(output, label), soma_tensor_shape_text(output, shape));
    }
    bool logits = network->compiled->trained_on[0] && soma_loss_is_of_binary_logits(network->options.loss[0]);
    class_picker picker = {classes, soma_tensor_count(output), soma_threshold_of_unit(network, 0, logits)};
    if (tells_labels(network) && picker.units > 1)
        return soma_error(SOMA_INVALID_STATE,
                          "the %zu units of output %s are labels, of which any number may hold, since its loss is %s: "
                          "soma_predict_labels() says which; classes are of a categorical cross-entropy",
                          picker.units, soma_tensor_name(output),
                          soma_name(SOMA_NAMES_LOSS, (int)network->options.loss[0]));
    return predict_and_pick(network, dataset, batch_size, picker.units, pick_classes, &picker);
}

/* ------------------------------------------------------------------------------------------------------ labels */

typedef struct label_picker {
    const soma_network *network;
    uint8_t *labels;
    size_t units;
    bool logits;
} label_picker;

static void pick_labels(void *context, const float *values, size_t first, size_t count) {
    const label_picker *picker = context;
    for (size_t i = 0; i < count * picker->units; i++)
        picker->labels[first * picker->units + i] =
            values[i] > soma_threshold_of_unit(picker->network, i % picker->units, picker->logits);
}

soma_status soma_predict_labels(soma_network *network, soma_dataset *dataset, size_t batch_size, uint8_t *labels) {
    SOMA_TRY(soma_require_compiled(network, "soma_predict_labels"));
    if (!labels) return soma_error(SOMA_INVALID_ARGUMENT, "soma_predict_labels: labels is NULL");
    if (!tells_labels(network))
        return soma_error(SOMA_INVALID_STATE,
                          "output %s has no labels, since its loss is %s; those are of a binary cross-entropy",
                          soma_tensor_name(soma_network_output(network, 0)),
                          soma_name(SOMA_NAMES_LOSS, (int)network->options.loss[0]));
    label_picker picker = {network, labels, soma_tensor_count(soma_network_output(network, 0)),
                           soma_loss_is_of_binary_logits(network->options.loss[0])};
    return predict_and_pick(network, dataset, batch_size, picker.units, pick_labels, &picker);
}

/* ------------------------------------------------------------------------------------------- straight from memory */

soma_status soma_run(soma_network *network, const float *x, size_t batch, float *y) {
    SOMA_TRY(soma_require_compiled(network, "soma_run"));
    if (!x || !y) return soma_error(SOMA_INVALID_ARGUMENT, "soma_run: %s is NULL", x ? "y" : "x");
    if (batch == 0) return soma_error(SOMA_INVALID_ARGUMENT, "soma_run: a batch of 0 samples; it needs at least one");
    if (network->input_count != 1 || soma_network_output_count(network) != 1)
        return soma_error(SOMA_INVALID_STATE,
                          "soma_run: the network has %zu inputs and %zu outputs; soma_run is for one of each, "
                          "soma_predict for any",
                          network->input_count, soma_network_output_count(network));
    SOMA_TRY(soma_check_batch_ids(network, 0, batch, x));
    const soma_signature signature = {.mode = SOMA_MODE_PREDICT};
    network->compiled->last_plan = NULL; /* the memory of activations and input gradients is used anew */
    soma_step *step;
    soma_plan *plan;
    SOMA_TRY(soma_step_get(network, &signature, &step));
    SOMA_TRY(soma_step_plan(network, step, batch, &plan));
    SOMA_TRY(soma_plan_write_input(plan, 0, x, SOMA_F32, 1.0f, 0.0f));
    soma_step_values values = soma_step_values_now(network, 0);
    SOMA_TRY(soma_plan_run(plan, &values));
    return soma_plan_read(plan, step->output[0], y, batch * soma_tensor_count(step->output[0]));
}
