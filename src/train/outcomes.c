/* SPDX-License-Identifier: MIT */
/* soma_evaluate_outcomes: what a network predicts for a data set, beside what is true, in one pass. */
#include "train/evaluate.h"

#include <math.h>
#include <string.h>

/* ------------------------------------------------------------------------------------------------------------ task */

static soma_status find_task(const soma_network *network, soma_task *task) {
    const soma_compiled *compiled = network->compiled;
    const soma_tensor *output = soma_network_output(network, 0);
    SOMA_TRY(soma_require_losses(network));
    if (!compiled->trained_on[0])
        return soma_error(SOMA_INVALID_STATE, "output %s has no loss, so it is not known what its targets are",
                          soma_tensor_name(output));
    if (compiled->is_ctc[0])
        return soma_error(SOMA_UNSUPPORTED,
                          "output %s has the loss ctc, and says any number of labels of a sample; scores are of one "
                          "answer for each",
                          soma_tensor_name(output));
    if (soma_loss_is_categorical(compiled->loss[0]) && output->rank > 1)
        return soma_error(SOMA_UNSUPPORTED,
                          "output %s has classes for each step; scores are of one answer for each sample",
                          soma_tensor_name(output));
    size_t mask;
    if (soma_mask_of_output(network, 0, &mask))
        return soma_error(SOMA_UNSUPPORTED,
                          "output %s has values for each step of sequences of different lengths; scores are of one "
                          "answer for each sample",
                          soma_tensor_name(output));
    if (soma_loss_is_categorical(compiled->loss[0]))
        *task = SOMA_TASK_CLASSES;
    else if (soma_loss_is_binary(compiled->loss[0]))
        *task = soma_tensor_count(output) > 1 ? SOMA_TASK_LABELS : SOMA_TASK_CLASSES;
    else
        *task = SOMA_TASK_NUMBERS;
    return SOMA_OK;
}

static void make_probabilities(float *row, size_t units, bool softmax) {
    double largest = -INFINITY, sum = 0;
    for (size_t j = 0; j < units; j++)
        if ((double)row[j] > largest) largest = (double)row[j];
    for (size_t j = 0; j < units; j++) sum += exp((double)row[j] - largest);
    for (size_t j = 0; j < units; j++)
        row[j] = (float)(softmax ? exp((double)row[j] - largest) / sum : 1 / (1 + exp(-(double)row[j])));
}

/* Of a loss that takes logits, the network's outputs are those. */
static void logits_to_probabilities(const soma_network *network, const soma_outcomes *outcomes, float *predictions) {
    soma_loss loss = network->options.loss[0];
    bool softmax = loss == SOMA_CATEGORICAL_CROSSENTROPY_LOGITS || loss == SOMA_CATEGORICAL_FOCAL_LOGITS;
    if (!softmax && !soma_loss_is_of_binary_logits(loss)) return;
    for (size_t i = 0; i < outcomes->samples; i++)
        make_probabilities(predictions + i * outcomes->units, outcomes->units, softmax);
}

/* --------------------------------------------------------------------------------------------------------- targets */

/* Where classes are told by rows of numbers: 1 for the class and 0 for the others; of one unit, 0 or 1. */
static soma_status class_of_row(const float *row, size_t units, size_t sample, int32_t *class_number) {
    size_t ones = 0, others = 0;
    for (size_t j = 0; j < units; j++) {
        if (row[j] == 1) *class_number = units == 1 ? 1 : (int32_t)j;
        ones += row[j] == 1;
        others += row[j] != 0 && row[j] != 1;
    }
    if (units == 1 && !ones) *class_number = 0;
    if (!others && (units == 1 || ones == 1)) return SOMA_OK;
    return soma_error(SOMA_INVALID_ARGUMENT,
                      "the target of sample %zu is no class; accepted: a class number, or a row of one 1 and else 0",
                      sample);
}

static soma_status read_classes(const soma_dataset *dataset, soma_outcomes *outcomes, int32_t *classes) {
    if (dataset->storage->target[0].classes) return soma_dataset_read_classes(dataset, 0, outcomes->samples, classes);
    float *row = soma_calloc(outcomes->units, sizeof *row);
    if (!row) return soma_out_of_memory(outcomes->units * sizeof *row, "a target");
    soma_status status = SOMA_OK;
    for (size_t i = 0; i < outcomes->samples && status == SOMA_OK; i++) {
        status = soma_dataset_read_target(dataset, 0, i, 1, row);
        if (status == SOMA_OK) status = class_of_row(row, outcomes->units, i, &classes[i]);
    }
    soma_free(row);
    return status;
}

static soma_status add_targets(const soma_dataset *dataset, soma_outcomes *outcomes) {
    size_t samples = outcomes->samples;
    if (outcomes->task == SOMA_TASK_CLASSES) {
        int32_t *classes = soma_calloc(samples, sizeof *classes);
        outcomes->classes = classes;
        if (!classes) return soma_out_of_memory(samples * sizeof *classes, "the classes of the samples");
        return read_classes(dataset, outcomes, classes);
    }
    float *targets = soma_calloc(samples * outcomes->units, sizeof *targets);
    outcomes->targets = targets;
    if (!targets) return soma_out_of_memory(samples * outcomes->units * sizeof *targets, "the targets");
    return soma_dataset_read_target(dataset, 0, 0, samples, targets);
}

static soma_status add_thresholds(const soma_network *network, soma_outcomes *outcomes) {
    if (!network->thresholds || outcomes->task == SOMA_TASK_NUMBERS) return SOMA_OK;
    float *thresholds = soma_calloc(outcomes->units, sizeof *thresholds);
    outcomes->thresholds = thresholds;
    if (!thresholds) return soma_out_of_memory(outcomes->units * sizeof *thresholds, "thresholds");
    memcpy(thresholds, network->thresholds, outcomes->units * sizeof *thresholds);
    return SOMA_OK;
}

static soma_status add_weights(const soma_dataset *dataset, soma_outcomes *outcomes) {
    if (!dataset->storage->weights) return SOMA_OK;
    float *weights = soma_calloc(outcomes->samples, sizeof *weights);
    outcomes->weights = weights;
    if (!weights) return soma_out_of_memory(outcomes->samples * sizeof *weights, "sample weights");
    for (size_t i = 0; i < outcomes->samples; i++) weights[i] = dataset->storage->weights[soma_dataset_row(dataset, i)];
    return SOMA_OK;
}

/* ------------------------------------------------------------------------------------------------------------ pass */

static soma_status predict_and_measure(soma_network *network, const soma_dataset *dataset, size_t batch_size,
                                       soma_metrics *metrics, float *predictions) {
    soma_batches_options options = {.batch = batch_size ? batch_size : SOMA_EVALUATE_BATCH, .epochs = 1};
    soma_pass pass;
    SOMA_TRY(soma_pass_open(network, dataset, SOMA_MODE_OUTCOMES, &options, &pass));
    pass.outputs = predictions;
    soma_status status = soma_evaluate_pass(&pass, metrics);
    soma_pass_close(&pass);
    return status;
}

static soma_status fill(soma_network *network, const soma_dataset *dataset, size_t batch_size, soma_metrics *metrics,
                        soma_outcomes *outcomes) {
    size_t count;
    if (!soma_multiply_size(outcomes->samples, outcomes->units, &count)) count = SIZE_MAX;
    float *predictions = soma_calloc(count, sizeof *predictions);
    outcomes->predictions = predictions;
    if (!predictions) return soma_out_of_memory(count, "predictions");
    SOMA_TRY(predict_and_measure(network, dataset, batch_size, metrics, predictions));
    logits_to_probabilities(network, outcomes, predictions);
    SOMA_TRY(add_targets(dataset, outcomes));
    SOMA_TRY(add_thresholds(network, outcomes));
    return add_weights(dataset, outcomes);
}

soma_status soma_evaluate_outcomes(soma_network *network, soma_dataset *dataset, size_t batch_size,
                                   soma_metrics *metrics, soma_outcomes *outcomes) {
    soma_metrics ignored;
    if (!outcomes) return soma_error(SOMA_INVALID_ARGUMENT, "soma_evaluate_outcomes: outcomes is NULL");
    memset(outcomes, 0, sizeof *outcomes);
    SOMA_TRY(soma_require_compiled(network, "soma_evaluate_outcomes"));
    if (!dataset) return soma_error(SOMA_INVALID_ARGUMENT, "soma_evaluate_outcomes: the data set is NULL");
    SOMA_TRY(find_task(network, &outcomes->task));
    outcomes->samples = dataset->samples;
    outcomes->units = soma_tensor_count(soma_network_output(network, 0));
    soma_status status = fill(network, dataset, batch_size, metrics ? metrics : &ignored, outcomes);
    if (status != SOMA_OK) soma_outcomes_clear(outcomes);
    return status;
}

void soma_outcomes_clear(soma_outcomes *outcomes) {
    if (!outcomes) return;
    soma_free((void *)outcomes->predictions);
    soma_free((void *)outcomes->classes);
    soma_free((void *)outcomes->targets);
    soma_free((void *)outcomes->weights);
    soma_free((void *)outcomes->thresholds);
    memset(outcomes, 0, sizeof *outcomes);
}
