/* SPDX-License-Identifier: MIT */
/* soma_predict_sequences: the labels that an output says, decoded greedily with the loss CTC, else one for each step.
 */
#include "train/pass.h"

/* The first largest; a NaN is larger than nothing, but stays where it comes first. */
static int32_t best_of(const float *row, size_t classes) {
    size_t best = 0;
    for (size_t k = 1; k < classes; k++)
        if (row[k] > row[best]) best = k;
    return (int32_t)best;
}

/* blank: -1 where each step has a label, in the step's place. */
static void decode(const soma_tensor *output, const soma_column *mask, size_t row, const float *values, int32_t blank,
                   int32_t *labels) {
    int32_t last = blank;
    size_t count = 0;
    for (size_t t = 0; t < output->shape[0]; t++) {
        const bool is_there = !mask || soma_column_number(mask, row * mask->width + t) != 0;
        const int32_t best = is_there ? best_of(values + t * output->shape[1], output->shape[1]) : last;
        if (blank < 0)
            labels[count++] = is_there ? best : -1;
        else if (best != last && best != blank)
            labels[count++] = best;
        last = best;
    }
    while (count < output->shape[0]) labels[count++] = -1;
}

static soma_status decode_batches(soma_pass *pass, float *values, int32_t *labels) {
    const soma_tensor *output = pass->step->output[0];
    const soma_column *mask = soma_mask_column(pass->network, pass->dataset, 0);
    const size_t elements = soma_tensor_count(output);
    const int32_t blank = pass->network->compiled->is_ctc[0] ? (int32_t)soma_blank_of(output) : -1;
    for (size_t i = 0; i < soma_pass_batch_count(pass); i++) {
        const size_t first = soma_pass_batch_start(pass, i), count = soma_pass_batch_size(pass, i);
        SOMA_TRY(soma_pass_run(pass, i));
        SOMA_TRY(soma_plan_read(soma_pass_plan(pass, i), output, values, count * elements));
        for (size_t j = 0; j < count; j++)
            decode(output, mask, soma_dataset_row(pass->dataset, first + j), values + j * elements, blank,
                   labels + (first + j) * output->shape[0]);
    }
    return SOMA_OK;
}

enum { PREDICT_BATCH = 256 };

/* Each step has a row of classes. */
static bool tells_steps(const soma_network *network) {
    switch (network->options.loss[0]) {
    case SOMA_CATEGORICAL_CROSSENTROPY:
    case SOMA_CATEGORICAL_CROSSENTROPY_LOGITS:
    case SOMA_CATEGORICAL_FOCAL:
    case SOMA_CATEGORICAL_FOCAL_LOGITS:
        return soma_network_output(network, 0)->rank == 2;
    default:
        return false;
    }
}

soma_status soma_predict_sequences(soma_network *network, soma_dataset *dataset, size_t batch_size, int32_t *labels) {
    SOMA_TRY(soma_require_compiled(network, "soma_predict_sequences"));
    if (!labels) return soma_error(SOMA_INVALID_ARGUMENT, "soma_predict_sequences: labels is NULL");
    if (!network->compiled->is_ctc[0] && !tells_steps(network))
        return soma_error(SOMA_INVALID_STATE,
                          "output %s has no sequences of labels: its loss is %s; accepted: ctc, or for an output "
                          "[steps, classes] a categorical cross-entropy",
                          soma_tensor_name(soma_network_output(network, 0)),
                          soma_name(SOMA_NAMES_LOSS, (int)network->options.loss[0]));
    soma_batches_options options = {.batch = batch_size ? batch_size : PREDICT_BATCH, .epochs = 1};
    soma_pass pass;
    SOMA_TRY(soma_pass_open(network, dataset, SOMA_MODE_PREDICT, &options, &pass));
    const size_t count = pass.batch * soma_tensor_count(pass.step->output[0]);
    float *values = soma_realloc(NULL, count, sizeof *values);
    soma_status status = values ? decode_batches(&pass, values, labels)
                                : soma_out_of_memory(count * sizeof *values, "the outputs of a batch");
    soma_free(values);
    soma_pass_close(&pass);
    return status;
}
