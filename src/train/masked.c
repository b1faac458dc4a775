/* SPDX-License-Identifier: MIT */
/* Sequences of different lengths in losses and metrics: only the steps count that there are. */
#include "train/match.h"

#include <string.h>

bool soma_mask_of_output(const soma_network *network, size_t output, size_t *input) {
    const soma_tensor *tensor = soma_network_output(network, output);
    if (!tensor->mask || tensor->rank != 2) return false;
    for (*input = 0; *input < network->input_count; ++*input)
        if (network->inputs[*input] == tensor->mask) return true;
    return false;
}

const soma_column *soma_mask_column(const soma_network *network, const soma_dataset *dataset, size_t output) {
    size_t input;
    if (!soma_mask_of_output(network, output, &input)) return NULL;
    return input < dataset->storage->input_count ? &dataset->storage->input[input] : NULL;
}

/* Of an output that has a target for each step. */
static const soma_column *mask_column(const soma_network *network, const soma_dataset *dataset, size_t output) {
    if (!network->compiled->trained_on[output] || network->compiled->is_ctc[output]) return NULL;
    return soma_mask_column(network, dataset, output);
}

static float mask_at(const soma_column *mask, size_t row, size_t step) {
    return soma_column_number(mask, row * mask->width + step);
}

/* ------------------------------------------------------------------------------------------------------- targets */

/* A part of the target for each step. */
static bool is_of_steps(const soma_column *target, const soma_column *mask) {
    return target->classes == 0 && target->rank >= 1 && target->shape[0] == mask->width;
}

/* Sets what a target has at steps that there are not to 0, or, without `clear`, tells whether it has anything else. */
static bool is_filled(const soma_dataset *dataset, soma_column *target, const soma_column *mask, bool clear) {
    const size_t step = target->width / mask->width * soma_dtype_size(target->dtype);
    for (size_t i = 0; i < dataset->samples; i++)
        for (size_t j = 0, row = soma_dataset_row(dataset, i); j < mask->width; j++) {
            char *at = (char *)target->data + (row * mask->width + j) * step;
            if (mask_at(mask, row, j) != 0) continue;
            if (clear) memset(at, 0, step);
            for (size_t k = 0; k < step; k++)
                if (at[k] != 0) return true;
        }
    return false;
}

static bool has_filled_target(const soma_network *network, const soma_dataset *dataset, bool clear) {
    size_t target = 0;
    for (size_t i = 0; i < soma_network_output_count(network); i++) {
        const soma_column *mask = mask_column(network, dataset, i);
        if (!network->compiled->trained_on[i]) continue;
        if (target == dataset->storage->target_count) return false;
        soma_column *column = &dataset->storage->target[target++];
        if (mask && is_of_steps(column, mask) && is_filled(dataset, column, mask, clear)) return true;
    }
    return false;
}

soma_status soma_clear_masked_targets(const soma_network *network, const soma_dataset *dataset, soma_dataset **copy) {
    *copy = NULL;
    if (!dataset || !has_filled_target(network, dataset, false)) return SOMA_OK;
    SOMA_TRY(soma_dataset_with_own_targets(dataset, copy));
    has_filled_target(network, *copy, true);
    return SOMA_OK;
}

/* ------------------------------------------------------------------------------------------------------- weights */

/* Of the data set's samples: what makes their mean 1, so that the mean over all is one over the steps that there are.
 */
static float share_of_steps(const soma_dataset *dataset, const soma_column *mask) {
    double sum = 0;
    for (size_t i = 0; i < dataset->samples; i++)
        for (size_t j = 0; j < mask->width; j++) sum += (double)mask_at(mask, soma_dataset_row(dataset, i), j);
    return sum > 0 ? (float)((double)dataset->samples * (double)mask->width / sum) : 0.0f;
}

void soma_add_step_weights(const soma_network *network, const soma_dataset *dataset, soma_match *match) {
    for (size_t i = 0; i < soma_network_output_count(network); i++) {
        const soma_column *mask = mask_column(network, dataset, i);
        if (!mask) continue;
        match->source[match->source_count++] =
            (soma_source){mask->data, mask->dtype, mask->width, share_of_steps(dataset, mask), 0};
    }
}
