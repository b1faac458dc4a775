/* SPDX-License-Identifier: MIT */
/* A fit by several ranks: the same state at the start, one sum of gradients in each step, one decision after each
 * epoch. */
#include "train/fit_team.h"

#include "data/fingerprint.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* ------------------------------------------------------------------------------------------------------ the start */

/* What ranks must have in common. The version comes first, in a place that it keeps. */
typedef struct greeting {
    char version[24];
    uint64_t network, data, validation, options, step; /* fingerprints, but for the step */
    uint64_t samples, validation_samples;
    char device[64], hardware[192]; /* its selector; and what it is, wherever it is among others */
} greeting;

/* The options that all ranks must be given alike. What callbacks and files they have is their own business. */
static uint64_t fingerprint_options(const struct soma_fit *fit) {
    const soma_fit_options *options = &fit->options;
    const soma_compiled *compiled = fit->network->compiled;
    uint64_t numbers[21] = {fit->network->seed,           compiled->fuse,
                            compiled->class_weight_count, options->epochs,
                            options->batch_size,          options->no_shuffle,
                            options->early_stopping,      options->monitor,
                            options->restore_best,        options->checkpoint != NULL,
                            options->checkpoint_every,    options->resume != NULL};
    memcpy(&numbers[12], &options->validation_split, sizeof options->validation_split);
    memcpy(&numbers[13], &options->min_delta, sizeof options->min_delta);
    numbers[15] = options->shards;
    numbers[16] = options->bucket_bytes;
    numbers[17] = options->wire;
    numbers[18] = options->sync_batchnorm;
    numbers[19] = soma_fingerprint(options->validation_epochs,
                                   options->validation_epoch_count * sizeof *options->validation_epochs);
    numbers[20] = options->validation_epochs != NULL; /* there may be none of them */
    numbers[14] = soma_fingerprint((const float *)fit->good.buffer[0] + compiled->class_weight_offset,
                                   compiled->class_weight_count * sizeof(float));
    return soma_fingerprint(numbers, sizeof numbers);
}

static soma_status make_greeting(const struct soma_fit *fit, greeting *own) {
    memset(own, 0, sizeof *own);
    strncpy(own->version, soma_version(), sizeof own->version - 1);
    const soma_device *device = fit->network->compiled->device;
    snprintf(own->device, sizeof own->device, "%s", device->selector);
    snprintf(own->hardware, sizeof own->hardware, "%s, %s", device->info.name, device->info.vendor);
    SOMA_TRY(soma_network_fingerprint(fit->network, &own->network));
    /* Devices of one process read the same memory. */
    if (!fit->devices) own->data = soma_fingerprint_dataset(fit->pass.dataset);
    own->samples = fit->pass.samples;
    own->validation = fit->validates && !fit->devices ? soma_fingerprint_dataset(fit->validation.dataset) : 0;
    own->validation_samples = fit->validates ? fit->validation.samples : 0;
    own->options = fingerprint_options(fit);
    own->step = fit->network->compiled->step;
    return SOMA_OK;
}

static soma_status compare_data(uint32_t rank, const char *what, uint64_t samples, uint64_t data,
                                uint64_t other_samples, uint64_t other_data) {
    if (samples == other_samples && data == other_data) return SOMA_OK;
    return soma_error(SOMA_INVALID_ARGUMENT,
                      "rank %" PRIu32 " has other %s than rank 0: %" PRIu64 " samples with fingerprint %016" PRIx64
                      ", rank 0 has %" PRIu64 " with %016" PRIx64 "; all ranks must be given the same",
                      rank, what, other_samples, other_data, samples, data);
}

static soma_status compare(const greeting *first, const greeting *other, uint32_t rank, bool tells) {
    if (memcmp(first->version, other->version, sizeof first->version) != 0)
        return soma_error(SOMA_INVALID_ARGUMENT,
                          "rank %" PRIu32 " is soma %.23s, rank 0 is soma %.23s; all ranks must be of one version",
                          rank, other->version, first->version);
    if (first->network != other->network)
        return soma_error(
            SOMA_INVALID_ARGUMENT,
            "rank %" PRIu32
            " has another network than rank 0; layers, names, seed, preprocessing and what it is compiled with "
            "must be the same",
            rank);
    SOMA_TRY(compare_data(rank, "training data", first->samples, first->data, other->samples, other->data));
    SOMA_TRY(compare_data(rank, "validation data", first->validation_samples, first->validation,
                          other->validation_samples, other->validation));
    if (first->options != other->options)
        return soma_error(SOMA_INVALID_ARGUMENT,
                          "rank %" PRIu32
                          " is to train with other options than rank 0; seed, class weights, fusion and "
                          "soma_fit_options must be the same, but for callbacks and the names of files",
                          rank);
    if (first->step != other->step)
        return soma_error(SOMA_INVALID_ARGUMENT,
                          "rank %" PRIu32 " has made %" PRIu64 " steps already, rank 0 %" PRIu64
                          "; all must begin, or go on, together",
                          rank, other->step, first->step);
    if (tells && memcmp(first->hardware, other->hardware, sizeof first->hardware) != 0)
        soma_log(SOMA_LOG_WARNING,
                 "rank %" PRIu32 " computes on %.63s (%.191s), rank 0 on %.63s (%.191s): they round differently, and "
                 "the slower one sets the pace",
                 rank, other->device, other->hardware, first->device, first->hardware);
    return SOMA_OK;
}

/* All ranks compare all, and come to the same end. */
static soma_status greet(struct soma_fit *fit, const greeting *own) {
    soma_team *team = &fit->team;
    greeting *all = soma_calloc(team->ranks, sizeof *all);
    if (!all) return soma_out_of_memory(team->ranks * sizeof *all, "what all ranks say");
    soma_status status = soma_team_gather(team, own, sizeof *own, all);
    for (uint32_t i = 1; status == SOMA_OK && i < team->ranks; i++) {
        status = compare(&all[0], &all[i], i, team->rank == 0 || !fit->devices);
        team->alike = status != SOMA_OK;
    }
    soma_free(all);
    return status;
}

/* Parameters and the optimizer's states. */
static soma_status take_state_of_first(struct soma_fit *fit) {
    SOMA_TRY(soma_snapshot_take(&fit->good));
    for (uint32_t i = 0; i < fit->good.buffer_count; i++)
        SOMA_TRY(soma_team_broadcast(&fit->team, fit->good.buffer[i], fit->good.bytes[i], 0));
    return fit->team.rank == 0 ? SOMA_OK : soma_snapshot_restore(&fit->good);
}

soma_status soma_fit_begin_team(struct soma_fit *fit, soma_status opened) {
    const soma_executor *executor = fit->network->compiled->executor;
    greeting own;
    if (!fit->team.communicator) return opened;
    if (opened == SOMA_OK) opened = soma_snapshot_take(&fit->good); /* class weights are told by it */
    if (opened == SOMA_OK) opened = make_greeting(fit, &own);
    if (opened == SOMA_OK)
        opened = soma_team_reserve(&fit->team, fit->shards ? 0 : executor->trained_count, executor->parameter_count);
    SOMA_TRY(soma_team_agree(&fit->team, opened));
    SOMA_TRY(greet(fit, &own));
    return take_state_of_first(fit);
}

/* ------------------------------------------------------------------------------------------------------- the step */

soma_status soma_fit_apply(soma_network *network) {
    const soma_signature signature = {.mode = SOMA_MODE_APPLY};
    soma_step *step;
    soma_plan *plan;
    SOMA_TRY(soma_step_get(network, &signature, &step));
    SOMA_TRY(soma_step_plan(network, step, 1, &plan));
    soma_step_values values = soma_step_values_now(network, 0);
    return soma_plan_run(plan, &values);
}

void soma_fit_heed_flags(struct soma_fit *fit) {
    bool agreed[SOMA_TEAM_FLAGS];
    soma_team_read_flags(&fit->team, agreed);
    fit->suspect |= agreed[SOMA_TEAM_SUSPECT];
    fit->stops |= agreed[SOMA_TEAM_STOP];
}

/* ------------------------------------------------------------------------------------------------------ agreement */

/* Moved by each rank's own batches, unless by those of all. What is frozen stays. */
static soma_status average_running(struct soma_fit *fit, float *parameters) {
    for (size_t i = 0; i < fit->network->parameter_count; i++) {
        const soma_parameter *parameter = &fit->network->parameters[i];
        size_t count = soma_tensor_count(parameter->tensor);
        float *figures = parameters + parameter->tensor->offset;
        if (!parameter->is_running || parameter->is_frozen || fit->shards || fit->options.sync_batchnorm) continue;
        SOMA_TRY(soma_team_sum_values(&fit->team, figures, count));
        for (size_t j = 0; j < count; j++) figures[j] /= (float)fit->team.ranks;
    }
    return SOMA_OK;
}

/* All get them from rank 0; `average`: where they differ by rank, their mean. */
static soma_status spread(struct soma_fit *fit, bool average) {
    soma_executor *executor = fit->network->compiled->executor;
    float *values = fit->team.values;
    size_t count = executor->parameter_count;
    SOMA_TRY(soma_executor_read(executor, executor->parameters, 0, values, count));
    if (average) SOMA_TRY(average_running(fit, values));
    SOMA_TRY(soma_team_broadcast(&fit->team, values, count * sizeof *values, 0));
    return soma_executor_write(executor, executor->parameters, 0, values, count);
}

soma_status soma_fit_align(struct soma_fit *fit) {
    return fit->team.ranks == 1 ? SOMA_OK : spread(fit, true);
}

soma_status soma_fit_follow(struct soma_fit *fit, uint64_t since) {
    soma_compiled *compiled = fit->network->compiled;
    struct {
        float base_rate, learning_rate, plateau_factor, enough, changed;
    } said = {compiled->optimizer.learning_rate, compiled->learning_rate, compiled->plateau_factor,
              fit->enough ? 1.0f : 0.0f, compiled->executor->changes != since ? 1.0f : 0.0f};
    if (!fit->team.communicator) return SOMA_OK;
    SOMA_TRY(soma_team_broadcast(&fit->team, &said, sizeof said, 0));
    compiled->optimizer.learning_rate = said.base_rate;
    compiled->learning_rate = said.learning_rate;
    compiled->plateau_factor = said.plateau_factor;
    fit->enough = said.enough > 0;
    return fit->devices && said.changed > 0 ? spread(fit, false) : SOMA_OK;
}
