/* SPDX-License-Identifier: MIT */
/* Stands in for everything that trains, in a soma that only runs models. */
#include "train/fit.h"
#include "train/step_build.h"

static soma_status unsupported(const char *function) {
    return soma_error(SOMA_UNSUPPORTED, "%s: %s", function, SOMA_WITHOUT_TRAINING);
}

/* ------------------------------------------------------------------------------------------------------- public */

soma_status soma_fit(soma_network *network, soma_dataset *dataset, const soma_fit_options *options,
                     soma_history *history) {
    (void)network, (void)dataset, (void)options;
    soma_history_clear(history);
    return unsupported("soma_fit");
}

soma_status soma_fit_metrics(soma_network *network, soma_metrics *metrics) {
    (void)network, (void)metrics;
    return unsupported("soma_fit_metrics");
}

/* No fit has allocated anything for it. */
void soma_history_clear(soma_history *history) {
    if (history) *history = (soma_history){0};
}

soma_status soma_train_on_batch(soma_network *network, const soma_array *inputs, const soma_array *targets,
                                soma_metrics *metrics) {
    (void)network, (void)inputs, (void)targets, (void)metrics;
    return unsupported("soma_train_on_batch");
}

soma_status soma_backward(soma_network *network, const soma_array *inputs, const soma_array *targets,
                          soma_metrics *metrics) {
    (void)network, (void)inputs, (void)targets, (void)metrics;
    return unsupported("soma_backward");
}

soma_status soma_apply_gradients(soma_network *network) {
    (void)network;
    return unsupported("soma_apply_gradients");
}

soma_status soma_get_gradient(soma_network *network, const soma_tensor *tensor, float *values, size_t count) {
    (void)network, (void)tensor, (void)values, (void)count;
    return unsupported("soma_get_gradient");
}

soma_status soma_set_learning_rate(soma_network *network, float learning_rate) {
    (void)network, (void)learning_rate;
    return unsupported("soma_set_learning_rate");
}

soma_status soma_find_learning_rate(soma_network *network, soma_dataset *dataset,
                                    const soma_rate_range_options *options, soma_rate_range *range) {
    (void)network, (void)dataset, (void)options;
    soma_rate_range_clear(range);
    return unsupported("soma_find_learning_rate");
}

/* No search has allocated anything for it. */
void soma_rate_range_clear(soma_rate_range *range) {
    if (range) *range = (soma_rate_range){0};
}

/* There is no step that would be made at one. */
float soma_get_learning_rate(const soma_network *network) {
    (void)network;
    return 0.0f;
}

/* It would time steps of training. */
soma_status soma_choose_device(soma_network *network, const soma_compile_options *options, size_t batch_size,
                               soma_choose_function *function, void *context, soma_device **device) {
    (void)network, (void)options, (void)batch_size, (void)function, (void)context;
    if (device) *device = NULL;
    return unsupported("soma_choose_device");
}

/* -------------------------------------------------------------------------------------------------------- inside */

soma_status soma_step_add_training(soma_step_builder *build) {
    (void)build;
    return unsupported("training");
}

/* Nothing was added, so nobody gets as far as to these. */
soma_status soma_step_augment(soma_step_builder *build) {
    (void)build;
    return SOMA_OK;
}

soma_status soma_step_fuse_training(soma_step_builder *build) {
    (void)build;
    return SOMA_OK;
}

soma_status soma_snapshot_open(soma_compiled *compiled, soma_snapshot_extent extent, soma_snapshot *snapshot) {
    (void)compiled, (void)extent, (void)snapshot;
    return unsupported("a copy of the training state");
}

void soma_snapshot_close(soma_snapshot *snapshot) {
    (void)snapshot;
}

soma_status soma_snapshot_take(soma_snapshot *snapshot) {
    (void)snapshot;
    return unsupported("a copy of the training state");
}

soma_status soma_snapshot_restore(const soma_snapshot *snapshot) {
    (void)snapshot;
    return unsupported("a copy of the training state");
}

float soma_rate_now(const soma_compiled *compiled, uint64_t first_step, uint64_t total_steps) {
    (void)compiled, (void)first_step, (void)total_steps;
    return 0.0f;
}
