/* SPDX-License-Identifier: MIT */
/* A data set's columns against a network's inputs, outputs and losses. */
#include "train/match.h"
#include "train/ids.h"

#include <stdio.h>
#include <string.h>

/* "float32 [samples, 28, 28]" into text[SOMA_SHAPE_TEXT]; returns text. */
static const char *column_text(const soma_column *column, char *text) {
    int length = snprintf(text, SOMA_SHAPE_TEXT, "%s [samples", soma_dtype_name(column->dtype));
    for (uint32_t i = 0; i < column->rank; i++)
        length += snprintf(text + length, SOMA_SHAPE_TEXT - (size_t)length, ", %zu", column->shape[i]);
    snprintf(text + length, SOMA_SHAPE_TEXT - (size_t)length, "]");
    return text;
}

/* Dimensions of 1 at the end do not matter: a grey picture is [28, 28] or [28, 28, 1]. */
static bool same_shape(const soma_tensor *tensor, const soma_column *column) {
    uint32_t most = SOMA_MAX(tensor->rank, column->rank);
    for (uint32_t i = 0; i < most; i++)
        if ((i < tensor->rank ? tensor->shape[i] : 1) != (i < column->rank ? column->shape[i] : 1)) return false;
    return true;
}

static void add_source(soma_match *match, const soma_column *column) {
    match->source[match->source_count++] =
        (soma_source){column->data, column->dtype, column->width, column->scale, column->shift};
}

/* Bytes that name rows of a table are not fractions of 255. */
static void add_input(const soma_network *network, size_t i, const soma_column *column, soma_match *match) {
    add_source(match, column);
    if (!soma_table_of_input(network, i)) return;
    match->source[match->source_count - 1].scale = 1;
    match->source[match->source_count - 1].shift = 0;
}

static soma_status match_inputs(const soma_network *network, const soma_dataset *dataset, soma_match *match) {
    const soma_storage *storage = dataset->storage;
    char label[SOMA_SHAPE_TEXT], wanted[SOMA_SHAPE_TEXT], found[SOMA_SHAPE_TEXT];
    if (storage->input_count != network->input_count)
        return soma_error(SOMA_INVALID_SHAPE, "the network has %zu inputs, the data set %zu", network->input_count,
                          storage->input_count);
    for (size_t i = 0; i < network->input_count; i++) {
        const soma_tensor *tensor = network->inputs[i];
        const soma_column *column = &storage->input[i];
        if (!same_shape(tensor, column))
            return soma_error(SOMA_INVALID_SHAPE, "input \"%s\" of the network is %s, input %zu of the data set is %s",
                              soma_tensor_label(tensor, label), soma_tensor_shape_text(tensor, wanted), i + 1,
                              column_text(column, found));
        SOMA_TRY(soma_check_column_ids(network, i, dataset));
        add_input(network, i, column, match);
    }
    return SOMA_OK;
}

/* ----------------------------------------------------------------------------------------------------- targets */

/* Class numbers: as they are for the categorical losses, as 0 and 1 for a binary loss of one unit. */
static soma_status match_classes(const soma_network *network, size_t i, const soma_column *column, soma_dtype *as) {
    const soma_tensor *output = soma_network_output(network, i);
    const soma_loss_kind loss = network->compiled->loss[i];
    const char *name = soma_name(SOMA_NAMES_LOSS, (int)network->options.loss[i]); /* as it was asked for */
    char label[SOMA_SHAPE_TEXT], shape[SOMA_SHAPE_TEXT];
    size_t units = soma_tensor_count(output);
    if (soma_loss_is_categorical(loss)) {
        *as = SOMA_I32;
        if (output->rank != 1)
            return soma_error(SOMA_INVALID_SHAPE,
                              "output \"%s\" is %s: class numbers need an output of one dimension per sample",
                              soma_tensor_label(output, label), soma_tensor_shape_text(output, shape));
        if (column->classes <= units) return SOMA_OK;
        return soma_error(SOMA_INVALID_SHAPE,
                          "output \"%s\" has %zu units, but the data set has %zu classes (class numbers 0 to %zu): a "
                          "network needs a unit for each class",
                          soma_tensor_label(output, label), units, column->classes, column->classes - 1);
    }
    *as = SOMA_F32;
    if (soma_loss_is_binary(loss) && units == 1 && column->classes <= 2) return SOMA_OK;
    if (soma_loss_is_binary(loss) && units == 1)
        return soma_error(SOMA_INVALID_SHAPE,
                          "output \"%s\" tells two classes apart (%s of one unit), but the data set has %zu classes",
                          soma_tensor_label(output, label), name, column->classes);
    return soma_error(SOMA_INVALID_ARGUMENT,
                      "output \"%s\" has the loss %s, which takes float32 targets of shape %s, but the data set has "
                      "class numbers (%zu classes): a categorical cross-entropy takes those",
                      soma_tensor_label(output, label), name, soma_tensor_shape_text(output, shape), column->classes);
}

/* A whole number for each step. */
static bool is_of_steps(const soma_tensor *output, const soma_column *column) {
    soma_tensor steps = *output;
    if (steps.rank < 2) return false;
    steps.rank--;
    return same_shape(&steps, column);
}

static soma_status check_steps(const soma_tensor *output, const soma_dataset *dataset, const soma_column *column) {
    const size_t classes = output->shape[output->rank - 1];
    char label[SOMA_SHAPE_TEXT];
    for (size_t i = 0; i < dataset->samples; i++)
        for (size_t j = 0; j < column->width; j++) {
            float value = soma_column_number(column, soma_dataset_row(dataset, i) * column->width + j);
            if (soma_is_row_number(value, classes)) continue;
            return soma_error(
                SOMA_INVALID_ARGUMENT,
                "the target of sample %zu, step %zu is %.9g; output \"%s\" has %zu units: class numbers 0 "
                "to %zu are possible",
                i, j, (double)value, soma_tensor_label(output, label), classes, classes - 1);
        }
    return SOMA_OK;
}

static soma_status match_target(const soma_network *network, size_t i, const soma_dataset *dataset,
                                const soma_column *column, soma_dtype *as) {
    const soma_tensor *output = soma_network_output(network, i);
    char label[SOMA_SHAPE_TEXT], wanted[SOMA_SHAPE_TEXT], found[SOMA_SHAPE_TEXT], target[SOMA_SHAPE_TEXT];
    if (column->classes) return match_classes(network, i, column, as);
    if (soma_loss_is_categorical(network->compiled->loss[i]) && is_of_steps(output, column)) {
        *as = SOMA_I32;
        return check_steps(output, dataset, column);
    }
    *as = SOMA_F32;
    soma_tensor like = soma_target_like(network, i);
    if (same_shape(&like, column)) return SOMA_OK;
    if (soma_tensor_count(&like) < soma_tensor_count(output))
        return soma_error(SOMA_INVALID_SHAPE,
                          "output \"%s\" of the network is %s for %zu quantiles of a target %s, its target in the data "
                          "set is %s",
                          soma_tensor_label(output, label), soma_tensor_shape_text(output, wanted),
                          network->compiled->quantile_count, soma_tensor_shape_text(&like, target),
                          column_text(column, found));
    return soma_error(SOMA_INVALID_SHAPE, "output \"%s\" of the network is %s, its target in the data set is %s",
                      soma_tensor_label(output, label), soma_tensor_shape_text(output, wanted),
                      column_text(column, found));
}

/* Of a loss each step would count, also what a sequence is filled up with. */
static soma_status refuse_mask(const soma_network *network, size_t i) {
    const soma_tensor *output = soma_network_output(network, i);
    char label[SOMA_SHAPE_TEXT], shape[SOMA_SHAPE_TEXT];
    size_t input;
    if (!output->mask || soma_mask_of_output(network, i, &input)) return SOMA_OK;
    return soma_error(SOMA_UNSUPPORTED,
                      "output \"%s\" is %s and has a mask: the loss knows which steps there are only where that is an "
                      "input of the network, and the output is [steps, values]",
                      soma_tensor_label(output, label), soma_tensor_shape_text(output, shape));
}

static soma_status match_targets(const soma_network *network, const soma_dataset *dataset, soma_match *match) {
    const soma_storage *storage = dataset->storage;
    const soma_compiled *compiled = network->compiled;
    size_t trained = 0, outputs = soma_network_output_count(network);
    SOMA_TRY(soma_require_losses(network));
    for (size_t i = 0; i < outputs; i++) trained += compiled->trained_on[i];
    if (trained == 0)
        return soma_error(SOMA_INVALID_STATE, "the network was compiled without a loss; it can only predict");
    if (storage->target_count != trained)
        return soma_error(SOMA_INVALID_SHAPE, "the network has %zu outputs with a loss, the data set %zu targets",
                          trained, storage->target_count);
    const soma_column *column = storage->target;
    for (size_t i = 0; i < outputs; i++) {
        if (!compiled->trained_on[i]) continue;
        if (compiled->is_ctc[i])
            SOMA_TRY(soma_match_labels(network, i, dataset, column, &match->signature));
        else {
            SOMA_TRY(refuse_mask(network, i));
            SOMA_TRY(match_target(network, i, dataset, column, &match->signature.target[i]));
        }
        add_source(match, column++);
    }
    return SOMA_OK;
}

soma_status soma_match_dataset(const soma_network *network, const soma_dataset *dataset, soma_mode mode,
                               soma_match *match) {
    memset(match, 0, sizeof *match);
    match->signature.mode = mode;
    if (!dataset) return soma_error(SOMA_INVALID_ARGUMENT, "the data set is NULL");
    const soma_storage *storage = dataset->storage;
    if (dataset->samples == 0)
        return soma_error(SOMA_INVALID_ARGUMENT, "the data set has no samples; it needs at least one");
    SOMA_TRY(match_inputs(network, dataset, match));
    if (mode == SOMA_MODE_PREDICT) return SOMA_OK;
    SOMA_TRY(match_targets(network, dataset, match));
    match->signature.weighted = storage->weights != NULL;
    soma_column weights = {.data = storage->weights, .dtype = SOMA_F32, .width = 1, .scale = 1.0f};
    if (storage->weights) add_source(match, &weights);
    soma_add_step_weights(network, dataset, match);
    return SOMA_OK;
}
