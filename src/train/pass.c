/* SPDX-License-Identifier: MIT */
/* Running a network over a data set, batch by batch. */
#include "train/pass.h"

#include <string.h>

/* The plan for the own share of a batch, fed; NULL where that is empty. */
static soma_status attach(soma_pass *pass, size_t index, soma_plan **plan) {
    size_t size = soma_pass_own_size(pass, index);
    *plan = NULL;
    if (size == 0) return SOMA_OK;
    SOMA_TRY(soma_step_plan(pass->network, pass->step, size, plan));
    return soma_batches_attach(&pass->batches, *plan);
}

soma_status soma_pass_attach(soma_pass *pass) {
    size_t last = soma_pass_batch_count(pass) - 1;
    SOMA_TRY(attach(pass, 0, &pass->full));
    SOMA_TRY(attach(pass, last, &pass->last));
    size_t all = pass->samples / pass->batch, runs;
    if (pass->last && pass->last != pass->full) soma_plan_expect(pass->last, pass->epochs ? pass->epochs : SIZE_MAX);
    if (!pass->full) return SOMA_OK;
    soma_plan_expect(pass->full, pass->epochs && soma_multiply_size(all, pass->epochs, &runs) ? runs : SIZE_MAX);
    return SOMA_OK;
}

/* Plans outlive the pass, so they must forget its memory. Taking feeds away can't fail. */
void soma_pass_detach(soma_pass *pass) {
    if (pass->full) (void)soma_plan_set_feeds(pass->full, NULL, 0);
    if (pass->last) (void)soma_plan_set_feeds(pass->last, NULL, 0);
    pass->full = pass->last = NULL;
}

static soma_status make_plan(soma_pass *pass, size_t index) {
    size_t size = soma_pass_own_size(pass, index);
    soma_plan *plan;
    if (size == 0) return SOMA_OK;
    SOMA_TRY(soma_step_plan(pass->network, pass->step, size, &plan));
    return soma_plan_bind(plan);
}

static soma_status make_plans(soma_pass *pass) {
    if (pass->samples % pass->batch) SOMA_TRY(make_plan(pass, soma_pass_batch_count(pass) - 1));
    return make_plan(pass, 0);
}

soma_status soma_pass_plan_ahead(soma_network *network, const soma_dataset *dataset, soma_mode mode, size_t batch,
                                 const soma_team *team, soma_pass *pass) {
    memset(pass, 0, sizeof *pass);
    pass->team = team;
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

/* Shares differ by at most one sample, and follow each other in the order of the ranks. */
static size_t share_begins(const soma_pass *pass, size_t index, uint32_t rank) {
    uint64_t size = soma_pass_batch_size(pass, index); /* below 2^31 */
    return pass->team ? (size_t)(size * rank / pass->team->ranks) : rank * (size_t)size;
}

static uint32_t rank_of(const soma_pass *pass) {
    return pass->team ? pass->team->rank : 0;
}

size_t soma_pass_own_start(const soma_pass *pass, size_t index) {
    return soma_pass_batch_start(pass, index) + share_begins(pass, index, rank_of(pass));
}

size_t soma_pass_own_size(const soma_pass *pass, size_t index) {
    uint32_t rank = rank_of(pass);
    return share_begins(pass, index, rank + 1) - share_begins(pass, index, rank);
}

soma_plan *soma_pass_plan(const soma_pass *pass, size_t index) {
    return soma_pass_batch_size(pass, index) == pass->batch ? pass->full : pass->last;
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
        SOMA_TRY(soma_plan_run(plan, &values));
    }
    if (index + 1 == soma_pass_batch_count(pass) || !soma_pass_plan(pass, index + 1)) return SOMA_OK;
    return soma_batches_load_ahead(&pass->batches, soma_pass_own_start(pass, index + 1),
                                   soma_pass_own_size(pass, index + 1));
}

soma_status soma_pass_read_metrics(const soma_pass *pass, size_t samples, soma_metrics *metrics) {
    double totals[SOMA_ACCUMULATOR_SLOTS];
    SOMA_TRY(soma_executor_read_accumulators(pass->network->compiled->executor, totals));
    if (pass->team) SOMA_TRY(soma_team_add(pass->team, totals, SOMA_ACCUMULATOR_SLOTS));
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
