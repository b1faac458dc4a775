/* SPDX-License-Identifier: MIT */
/* Running a network over a data set, batch by batch. */
#include "train/pass.h"

#include <string.h>

soma_status soma_pass_attach(soma_pass *pass) {
    size_t last = soma_pass_batch_size(pass, soma_pass_batch_count(pass) - 1);
    SOMA_TRY(soma_step_plan(pass->network, pass->step, pass->batch, &pass->full));
    SOMA_TRY(soma_step_plan(pass->network, pass->step, last, &pass->last));
    SOMA_TRY(soma_batches_attach(&pass->batches, pass->full));
    if (last != pass->batch) soma_plan_expect(pass->last, pass->epochs ? pass->epochs : SIZE_MAX);
    size_t all = pass->samples / pass->batch, runs;
    soma_plan_expect(pass->full, pass->epochs && soma_multiply_size(all, pass->epochs, &runs) ? runs : SIZE_MAX);
    return last == pass->batch ? SOMA_OK : soma_batches_attach(&pass->batches, pass->last);
}

/* Plans outlive the pass, so they must forget its memory. Taking feeds away can't fail. */
void soma_pass_detach(soma_pass *pass) {
    if (pass->full) (void)soma_plan_set_feeds(pass->full, NULL, 0);
    if (pass->last) (void)soma_plan_set_feeds(pass->last, NULL, 0);
    pass->full = pass->last = NULL;
}

static soma_status make_plans(soma_pass *pass) {
    size_t rest = pass->samples % pass->batch;
    soma_plan *plan;
    if (rest) {
        SOMA_TRY(soma_step_plan(pass->network, pass->step, rest, &plan));
        SOMA_TRY(soma_plan_bind(plan));
    }
    SOMA_TRY(soma_step_plan(pass->network, pass->step, pass->batch, &plan));
    return soma_plan_bind(plan);
}

soma_status soma_pass_plan_ahead(soma_network *network, const soma_dataset *dataset, soma_mode mode, size_t batch,
                                 soma_pass *pass) {
    memset(pass, 0, sizeof *pass);
    SOMA_TRY(soma_dataset_without_offsets(dataset, &pass->copy));
    if (pass->copy) dataset = pass->copy;
    SOMA_TRY(soma_match_dataset(network, dataset, mode, &pass->match));
    network->compiled->last_plan = NULL; /* the memory of activations and input gradients is used anew */
    pass->network = network;
    pass->dataset = dataset;
    pass->samples = dataset->samples;
    pass->batch = SOMA_MIN(batch, dataset->samples);
    SOMA_TRY(soma_step_get(network, &pass->match.signature, &pass->step));
    return make_plans(pass);
}

soma_status soma_pass_bring_data(soma_pass *pass, const soma_batches_options *options) {
    soma_device *device = pass->network->compiled->device;
    pass->epochs = options->epochs;
    SOMA_TRY(soma_batches_open(device, pass->dataset, &pass->match, options, &pass->batches));
    return soma_pass_attach(pass);
}

soma_status soma_pass_open(soma_network *network, const soma_dataset *dataset, soma_mode mode,
                           const soma_batches_options *options, soma_pass *pass) {
    soma_status status = soma_pass_plan_ahead(network, dataset, mode, options->batch, pass);
    if (status == SOMA_OK) status = soma_pass_bring_data(pass, options);
    if (status != SOMA_OK) soma_pass_close(pass);
    return status;
}

void soma_pass_close(soma_pass *pass) {
    soma_pass_detach(pass);
    soma_batches_close(&pass->batches);
    soma_dataset_destroy(pass->copy);
    memset(pass, 0, sizeof *pass);
}

size_t soma_pass_batch_count(const soma_pass *pass) {
    return (pass->samples + pass->batch - 1) / pass->batch;
}

size_t soma_pass_batch_start(const soma_pass *pass, size_t index) {
    return index * pass->batch;
}

size_t soma_pass_batch_size(const soma_pass *pass, size_t index) {
    return SOMA_MIN(pass->batch, pass->samples - soma_pass_batch_start(pass, index));
}

soma_plan *soma_pass_plan(const soma_pass *pass, size_t index) {
    return soma_pass_batch_size(pass, index) == pass->batch ? pass->full : pass->last;
}

soma_status soma_pass_run(soma_pass *pass, size_t index) {
    size_t first;
    soma_plan *plan = soma_pass_plan(pass, index);
    SOMA_TRY(soma_batches_load(&pass->batches, plan, soma_pass_batch_start(pass, index), &first));
    soma_step_values values = soma_step_values_now(pass->network, first);
    SOMA_TRY(soma_plan_run(plan, &values));
    if (index + 1 == soma_pass_batch_count(pass)) return SOMA_OK;
    return soma_batches_load_ahead(&pass->batches, soma_pass_batch_start(pass, index + 1),
                                   soma_pass_batch_size(pass, index + 1));
}

/* ----------------------------------------------------------------------------------------------------- throttle */

/* The host is this far ahead at most, in steps and in seconds of the device's work. */
#define MOST_STEPS   256
#define MOST_SECONDS 0.25

void soma_throttle_start(soma_throttle *throttle, soma_device *device) {
    *throttle = (soma_throttle){.device = device, .since = soma_seconds(), .interval = 8};
}

soma_status soma_throttle_step(soma_throttle *throttle) {
    if (++throttle->steps < throttle->interval) return SOMA_OK;
    SOMA_TRY(soma_device_sync(throttle->device));
    double now = soma_seconds(), seconds = now - throttle->since;
    double fitting = (double)throttle->steps * MOST_SECONDS / SOMA_MAX(seconds, 1e-9);
    throttle->interval = fitting < 1 ? 1 : (size_t)SOMA_MIN(fitting, (double)MOST_STEPS);
    throttle->since = now;
    throttle->steps = 0;
    return SOMA_OK;
}
