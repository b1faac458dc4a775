/* SPDX-License-Identifier: MIT */
/* Running a network over a data set, batch by batch. */
#include "train/pass.h"

#include <string.h>

static soma_status attach_plan(soma_pass *pass, size_t size, size_t runs) {
    soma_plan *plan;
    for (size_t i = 0; i < pass->plan_count; i++)
        if (soma_plan_batch(pass->plans[i]) == size) return SOMA_OK;
    SOMA_TRY(soma_step_plan(pass->network, pass->step, size, &plan));
    SOMA_TRY(soma_batches_attach(&pass->batches, plan));
    soma_plan_expect(plan, runs);
    pass->plans[pass->plan_count++] = plan;
    return SOMA_OK;
}

static soma_status bind_plan(soma_pass *pass, size_t size, size_t runs) {
    soma_plan *plan;
    (void)runs;
    SOMA_TRY(soma_step_plan(pass->network, pass->step, size, &plan));
    return soma_plan_bind(plan);
}

/* Calls the function for each part of batch number `index` that has samples. runs: of each; SIZE_MAX: nobody knows. */
static soma_status for_each_size(soma_pass *pass, size_t index, size_t runs,
                                 soma_status (*function)(soma_pass *pass, size_t size, size_t runs)) {
    for (pass->part = pass->parts.first; pass->part < pass->parts.end; pass->part++) {
        size_t size = soma_pass_own_size(pass, index);
        if (size) SOMA_TRY(function(pass, size, runs));
    }
    pass->part = pass->parts.first;
    return SOMA_OK;
}

soma_status soma_pass_attach(soma_pass *pass) {
    size_t all = pass->samples / pass->batch, runs;
    bool known = pass->epochs && pass->parts.end - pass->parts.first == 1;
    pass->plan_count = 0;
    SOMA_TRY(
        for_each_size(pass, 0, known && soma_multiply_size(all, pass->epochs, &runs) ? runs : SIZE_MAX, attach_plan));
    return for_each_size(pass, soma_pass_batch_count(pass) - 1, known ? pass->epochs : SIZE_MAX, attach_plan);
}

/* Plans outlive the pass, so they must forget its memory. Taking feeds away can't fail. */
void soma_pass_detach(soma_pass *pass) {
    for (size_t i = 0; i < pass->plan_count; i++) (void)soma_plan_set_feeds(pass->plans[i], NULL, 0);
    pass->plan_count = 0;
}

static soma_status make_plans(soma_pass *pass) {
    if (pass->samples % pass->batch)
        SOMA_TRY(for_each_size(pass, soma_pass_batch_count(pass) - 1, SIZE_MAX, bind_plan));
    return for_each_size(pass, 0, SIZE_MAX, bind_plan);
}

soma_status soma_pass_plan_ahead(soma_network *network, const soma_dataset *dataset, soma_mode mode, size_t batch,
                                 const soma_parts *parts, soma_pass *pass) {
    memset(pass, 0, sizeof *pass);
    pass->parts = parts ? *parts : (soma_parts){.count = 1, .end = 1};
    SOMA_TRY(soma_dataset_without_offsets(dataset, &pass->copy));
    if (pass->copy) dataset = pass->copy;
    if (mode != SOMA_MODE_PREDICT) {
        soma_dataset *cleared;
        SOMA_TRY(soma_clear_masked_targets(network, dataset, &cleared));
        if (cleared) {
            soma_dataset_destroy(pass->copy);
            dataset = pass->copy = cleared;
        }
    }
    SOMA_TRY(soma_match_dataset(network, dataset, mode, &pass->match));
    pass->match.signature.synchronised = pass->parts.synchronised && mode == SOMA_MODE_GRADIENTS;
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
    soma_status status = soma_pass_plan_ahead(network, dataset, mode, options->batch, NULL, pass);
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

static size_t part_begins(const soma_pass *pass, size_t index, uint32_t part) {
    uint64_t size = soma_pass_batch_size(pass, index); /* below 2^31 */
    return (size_t)(size * part / pass->parts.count);
}

size_t soma_pass_own_start(const soma_pass *pass, size_t index) {
    return soma_pass_batch_start(pass, index) + part_begins(pass, index, pass->part);
}

size_t soma_pass_own_size(const soma_pass *pass, size_t index) {
    return part_begins(pass, index, pass->part + 1) - part_begins(pass, index, pass->part);
}

soma_plan *soma_pass_plan(const soma_pass *pass, size_t index) {
    size_t size = soma_pass_own_size(pass, index);
    for (size_t i = 0; i < pass->plan_count; i++)
        if (soma_plan_batch(pass->plans[i]) == size) return pass->plans[i];
    return NULL;
}

soma_status soma_pass_load(soma_pass *pass, size_t index, soma_step_values *values) {
    size_t first, start = soma_pass_own_start(pass, index);
    SOMA_TRY(soma_batches_load(&pass->batches, soma_pass_plan(pass, index), start, &first));
    *values = soma_step_values_now(pass->network, first);
    values->first = start - soma_pass_batch_start(pass, index);
    return SOMA_OK;
}

soma_status soma_pass_run(soma_pass *pass, size_t index) {
    soma_plan *plan = soma_pass_plan(pass, index);
    soma_step_values values;
    if (plan) {
        SOMA_TRY(soma_pass_load(pass, index, &values));
        SOMA_TRY(soma_plan_run_in_parts(plan, &values, pass->pauses));
    }
    bool alone = pass->parts.end - pass->parts.first == 1; /* else another part comes before */
    if (!alone || index + 1 == soma_pass_batch_count(pass) || !soma_pass_plan(pass, index + 1)) return SOMA_OK;
    return soma_batches_load_ahead(&pass->batches, soma_pass_own_start(pass, index + 1),
                                   soma_pass_own_size(pass, index + 1));
}

soma_status soma_pass_read_metrics(const soma_pass *pass, size_t samples, soma_metrics *metrics) {
    double totals[SOMA_ACCUMULATOR_SLOTS];
    SOMA_TRY(soma_executor_read_accumulators(pass->network->compiled->executor, totals));
    if (pass->parts.team) SOMA_TRY(soma_team_add(pass->parts.team, totals, SOMA_ACCUMULATOR_SLOTS));
    soma_step_make_metrics(pass->network, &pass->match.signature, totals, samples, metrics);
    return SOMA_OK;
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
