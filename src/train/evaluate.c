/* SPDX-License-Identifier: MIT */
/* soma_evaluate: loss and metrics over a data set. */
#include "train/evaluate.h"

static soma_status run_batches(soma_pass *pass) {
    soma_throttle throttle;
    soma_throttle_start(&throttle, pass->network->compiled->device);
    for (size_t i = 0; i < soma_pass_batch_count(pass); i++) {
        SOMA_TRY(soma_pass_run(pass, i));
        SOMA_TRY(soma_throttle_step(&throttle));
    }
    return SOMA_OK;
}

static soma_status measure(soma_pass *pass, soma_metrics *metrics) {
    SOMA_TRY(soma_executor_clear_accumulators(pass->network->compiled->executor));
    SOMA_TRY(run_batches(pass));
    return soma_step_read_metrics(pass->network, pass->samples, metrics);
}

soma_status soma_evaluate_pass(soma_pass *pass, soma_metrics *metrics) {
    soma_compiled *compiled = pass->network->compiled;
    soma_executor *executor = compiled->executor;
    size_t bytes = SOMA_ACCUMULATOR_SLOTS * 2 * soma_executor_element(executor);
    void *kept = NULL; /* the running figures of a fit */
    if (compiled->fit) {
        SOMA_TRY(soma_device_alloc(compiled->device, bytes, "the figures of the epoch", &kept));
        soma_status copied = soma_device_copy(compiled->device, kept, 0, executor->accumulators, 0, bytes);
        if (copied != SOMA_OK) return soma_device_free(compiled->device, kept, bytes), copied;
    }
    soma_status status = soma_pass_attach(pass);
    if (status == SOMA_OK) status = measure(pass, metrics);
    soma_pass_detach(pass);
    if (kept) {
        soma_status restored = soma_device_copy(compiled->device, executor->accumulators, 0, kept, 0, bytes);
        if (status == SOMA_OK) status = restored;
        soma_device_free(compiled->device, kept, bytes);
    }
    return status;
}

soma_status soma_evaluate(soma_network *network, soma_dataset *dataset, size_t batch_size, soma_metrics *metrics) {
    SOMA_TRY(soma_require_compiled(network, "soma_evaluate"));
    if (!metrics) return soma_error(SOMA_INVALID_ARGUMENT, "soma_evaluate: metrics is NULL");
    soma_batches_options options = {.batch = batch_size ? batch_size : SOMA_EVALUATE_BATCH};
    soma_pass pass;
    SOMA_TRY(soma_pass_open(network, dataset, SOMA_MODE_EVALUATE, &options, &pass));
    soma_status status = soma_evaluate_pass(&pass, metrics);
    soma_pass_close(&pass);
    return status;
}
