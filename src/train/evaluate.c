/* SPDX-License-Identifier: MIT */
/* soma_evaluate: loss and metrics over a data set. */
#include "train/evaluate.h"

/* Waits for the batch, too. */
static soma_status read_outputs(const soma_pass *pass, size_t index) {
    const soma_tensor *tensor = pass->step->output[0];
    size_t elements = soma_tensor_count(tensor), first = soma_pass_batch_start(pass, index);
    return soma_plan_read(soma_pass_plan(pass, index), tensor, pass->outputs + first * elements,
                          soma_pass_batch_size(pass, index) * elements);
}

static soma_status run_batches(soma_pass *pass) {
    soma_throttle throttle;
    soma_throttle_start(&throttle, pass->network->compiled->device);
    for (size_t i = 0; i < soma_pass_batch_count(pass); i++) {
        SOMA_TRY(soma_pass_run(pass, i));
        SOMA_TRY(pass->outputs ? read_outputs(pass, i) : soma_throttle_step(&throttle));
    }
    return SOMA_OK;
}

static soma_status measure(soma_pass *pass, soma_metrics *metrics) {
    SOMA_TRY(soma_executor_clear_accumulators(pass->network->compiled->executor));
    SOMA_TRY(run_batches(pass));
    return soma_pass_read_metrics(pass, pass->samples, metrics);
}

static soma_status attach_and_measure(soma_pass *pass, soma_metrics *metrics) {
    soma_status status = soma_pass_attach(pass);
    if (status == SOMA_OK) status = measure(pass, metrics);
    soma_pass_detach(pass);
    return status;
}

/* In a fit, the accumulators hold the figures of its running epoch: they are set aside meanwhile. */
soma_status soma_evaluate_pass(soma_pass *pass, soma_metrics *metrics) {
    const soma_compiled *compiled = pass->network->compiled;
    soma_device *device = compiled->device;
    void *accumulators = compiled->executor->accumulators, *aside;
    size_t bytes = SOMA_ACCUMULATOR_SLOTS * 2 * soma_executor_element(compiled->executor);
    if (!compiled->fit) return attach_and_measure(pass, metrics);
    SOMA_TRY(soma_device_alloc(device, bytes, "the figures of the epoch", &aside));
    soma_status status = soma_device_copy(device, aside, 0, accumulators, 0, bytes);
    if (status == SOMA_OK) status = attach_and_measure(pass, metrics);
    if (status == SOMA_OK) status = soma_device_copy(device, accumulators, 0, aside, 0, bytes);
    soma_device_free(device, aside, bytes);
    return status;
}

soma_status soma_evaluate(soma_network *network, soma_dataset *dataset, size_t batch_size, soma_metrics *metrics) {
    SOMA_TRY(soma_require_compiled(network, "soma_evaluate"));
    if (!metrics) return soma_error(SOMA_INVALID_ARGUMENT, "soma_evaluate: metrics is NULL");
    soma_batches_options options = {.batch = batch_size ? batch_size : SOMA_EVALUATE_BATCH, .epochs = 1};
    soma_pass pass;
    SOMA_TRY(soma_pass_open(network, dataset, SOMA_MODE_EVALUATE, &options, &pass));
    soma_status status = soma_evaluate_pass(&pass, metrics);
    soma_pass_close(&pass);
    return status;
}
