/* SPDX-License-Identifier: MIT */
/* Labels without a step each: data against an output with the loss CTC. */
#include "train/ids.h"
#include "train/match.h"

/* How many steps of a sample there are; NULL: all. */
static size_t steps_of(const soma_column *mask, size_t row, size_t steps) {
    size_t count = 0;
    for (size_t t = 0; mask && t < mask->width; t++) count += soma_column_number(mask, row * mask->width + t) != 0;
    return mask ? count : steps;
}

static soma_status refuse_label(const soma_tensor *output, size_t sample, size_t place, float value) {
    char label[SOMA_SHAPE_TEXT];
    return soma_error(
        SOMA_INVALID_ARGUMENT,
        "label %zu of sample %zu is %.9g; output \"%s\" has %zu units, the last of them the blank: labels "
        "are 0 to %u, and -1 behind the last",
        place, sample, (double)value, soma_tensor_label(output, label), output->shape[1], soma_blank_of(output) - 1);
}

/* How many labels a sample has, and how many steps they need: two that are the same have a blank between them. */
static soma_status count_labels(const soma_tensor *output, const soma_column *column, size_t sample, size_t row,
                                size_t *labels, size_t *needed) {
    float before = -1;
    bool ended = false;
    *labels = *needed = 0;
    for (size_t j = 0; j < column->width; j++) {
        const float value = soma_column_number(column, row * column->width + j);
        if (value == -1) {
            ended = true;
            continue;
        }
        if (ended || !soma_is_row_number(value, soma_blank_of(output))) return refuse_label(output, sample, j, value);
        *needed += 1 + (*labels > 0 && value == before);
        before = value;
        ++*labels;
    }
    return SOMA_OK;
}

soma_status soma_match_labels(const soma_network *network, size_t i, const soma_dataset *dataset,
                              const soma_column *column, soma_signature *signature) {
    const soma_tensor *output = soma_network_output(network, i);
    const soma_column *mask = soma_mask_column(network, dataset, i);
    char label[SOMA_SHAPE_TEXT];
    size_t labels, needed, total = 0;
    if (column->rank > 1)
        return soma_error(
            SOMA_INVALID_SHAPE,
            "output \"%s\" has the loss ctc, whose targets are [labels] of each sample; those of the data "
            "set have %u dimensions",
            soma_tensor_label(output, label), column->rank);
    for (size_t sample = 0; sample < dataset->samples; sample++) {
        const size_t row = soma_dataset_row(dataset, sample), steps = steps_of(mask, row, output->shape[0]);
        SOMA_TRY(count_labels(output, column, sample, row, &labels, &needed));
        total += labels;
        if (needed <= steps) continue;
        return soma_error(SOMA_INVALID_ARGUMENT,
                          "the %zu labels of sample %zu need %zu steps, with a blank between two that are the same; "
                          "output \"%s\" has %zu%s",
                          labels, sample, needed, soma_tensor_label(output, label), steps,
                          mask ? " of this sample" : "");
    }
    signature->target[i] = SOMA_I32;
    signature->labels[i] = column->width;
    if (i == 0) signature->label_mean = (double)SOMA_MAX(total, (size_t)1) / (double)dataset->samples;
    return SOMA_OK;
}
