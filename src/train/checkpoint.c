/* SPDX-License-Identifier: MIT */
/* Checkpoints of a running fit: when they are written, what goes into them, and going on from one. */
#include "train/checkpoint.h"

#include "data/fingerprint.h"
#include "train/fit_shards.h"
#include "train/fit_team.h"

#include <string.h>

static bool wanted(const struct soma_fit *fit) {
    return fit->options.checkpoint || fit->options.resume;
}

/* A file that cannot be written is no fault of the training, and the caller is told so beside the status. */
static soma_status note_failure(struct soma_fit *fit, soma_status status) {
    if (status != SOMA_OK) fit->history->checkpoint_failed = 1;
    return status;
}

/* ------------------------------------------------------------------------------------------------ what must fit */

/* Class weights lie behind the parameters in the flat buffer; a snapshot has them. */
static uint64_t class_weights_of(const soma_compiled *compiled, const soma_snapshot *snapshot) {
    if (!compiled->class_weight_count) return 0;
    return soma_fingerprint((const float *)snapshot->buffer[0] + compiled->class_weight_offset,
                            compiled->class_weight_count * sizeof(float));
}

static soma_checkpoint_run describe_run(const struct soma_fit *fit) {
    const soma_compiled *compiled = fit->network->compiled;
    const soma_schedule *schedule = &compiled->optimizer.schedule;
    bool over_fit = schedule->kind == SOMA_SCHEDULE_COSINE && schedule->period == 0;
    soma_checkpoint_run run = {
        .samples = fit->pass.samples,
        .batch_size = fit->options.batch_size,
        .data = soma_fingerprint_dataset(fit->pass.dataset),
        .class_weights = class_weights_of(compiled, &fit->good),
        .shuffle = !fit->options.no_shuffle,
        .restore_best = fit->options.restore_best,
        .monitors_metric = fit->options.monitor == SOMA_MONITOR_METRIC,
        .fusion = compiled->fuse,
        .epochs = over_fit ? fit->options.epochs : 0,
    };
    if (!fit->validates) return run;
    run.validation_samples = fit->validation.samples;
    run.validation_data = soma_fingerprint_dataset(fit->validation.dataset);
    return run;
}

/* A checkpoint of this fit whose buffers are a snapshot's and the best weights'. */
static soma_checkpoint checkpoint_of(const struct soma_fit *fit, const soma_snapshot *snapshot,
                                     float (*accumulators)[2]) {
    soma_checkpoint checkpoint = {
        .network = fit->network,
        .run = fit->run,
        .epoch_batches = soma_pass_batch_count(&fit->pass),
        .metric_count = fit->network->compiled->metric_count,
        .state_count = snapshot->buffer_count - 1,
        .parameters = snapshot->buffer[0],
        .optimizer_state = {snapshot->buffer[1], snapshot->buffer[2]},
        .best = fit->best.buffer[0],
        .accumulators = accumulators,
    };
    return checkpoint;
}

/* ------------------------------------------------------------------------------------------------------- resume */

/* What figures are called belongs to the network and the data. */
static void name_metrics(const soma_pass *pass, soma_metrics *metrics) {
    const soma_compiled *compiled = pass->network->compiled;
    metrics->weighted = soma_step_is_weighted(compiled, &pass->match.signature);
    metrics->metric_count = compiled->metric_count;
    for (uint32_t i = 0; i < compiled->metric_count; i++) metrics->metric_name[i] = compiled->metric_name[i];
}

static void take_over_history(struct soma_fit *fit, const soma_checkpoint *checkpoint) {
    fit->history->epochs = checkpoint->history.epochs;
    fit->history->count = checkpoint->history.count;
    fit->history->best = checkpoint->state.best_epoch;
    for (uint32_t i = 0; i < fit->history->count; i++) {
        soma_epoch *epoch = &fit->history->epochs[i];
        epoch->epoch = i + 1;
        name_metrics(&fit->pass, &epoch->train);
        if (epoch->has_validation) name_metrics(&fit->validation, &epoch->validation);
    }
}

/* What is watched, and what counts as improvement, the options say. */
static void take_over_watch(soma_watch *watch, const soma_watch *kept) {
    watch->started = kept->started;
    watch->best = kept->best;
    watch->reference = kept->reference;
    watch->waited = kept->waited;
}

static void take_over_state(struct soma_fit *fit, const soma_checkpoint_state *state) {
    fit->good.step = state->step;
    fit->good.base_rate = state->base_rate;
    fit->good.learning_rate = state->learning_rate;
    fit->good.plateau_factor = state->plateau_factor;
    fit->first_step = state->first_step;
    fit->began -= state->seconds;
    fit->epoch_began = soma_seconds() - state->epoch_seconds;
    fit->epoch_resumed = state->batches > 0;
    fit->batches_done = fit->resumed_at = state->batches;
    fit->samples_done = SOMA_MIN(state->batches * fit->pass.batch, fit->pass.samples);
    take_over_watch(&fit->watch, &state->watch);
    take_over_watch(&fit->plateau, &state->plateau);
    /* An epoch that was begun is finished in any case. */
    fit->enough =
        state->batches == 0 && fit->options.early_stopping && fit->watch.waited >= fit->options.early_stopping;
}

static soma_status check_length(const struct soma_fit *fit, const soma_checkpoint *checkpoint) {
    uint32_t begun = checkpoint->history.count + (checkpoint->state.batches > 0);
    if (begun <= fit->options.epochs) return SOMA_OK;
    return soma_error(SOMA_INVALID_ARGUMENT, "%s: is of epoch %u already; a training of %u epochs cannot go on from it",
                      fit->options.resume, begun, fit->options.epochs);
}

/*
 * Everything is read to the host before the device gets any of it: a file that turns out to be bad leaves the network
 * as it was.
 */
static soma_status resume(struct soma_fit *fit) {
    const soma_compiled *compiled = fit->network->compiled;
    float accumulators[SOMA_ACCUMULATOR_SLOTS][2];
    if (fit->options.restore_best) SOMA_TRY(soma_snapshot_take(&fit->best));
    soma_checkpoint checkpoint = checkpoint_of(fit, &fit->good, accumulators);
    SOMA_TRY(soma_checkpoint_read(fit->options.resume, &checkpoint));
    take_over_history(fit, &checkpoint); /* which is the caller's from now on, whatever happens */
    SOMA_TRY(check_length(fit, &checkpoint));
    take_over_state(fit, &checkpoint.state);
    SOMA_TRY(soma_snapshot_restore(&fit->good));
    for (size_t i = 0; fit->shards && i < SOMA_ACCUMULATOR_SLOTS; i++)
        soma_fit_totals_of_shards(fit)[i] = (double)accumulators[i][0] - (double)accumulators[i][1];
    if (fit->team.rank > 0) return soma_executor_clear_accumulators(compiled->executor); /* they are those of all */
    return soma_device_write(compiled->device, compiled->executor->accumulators, 0, accumulators, sizeof accumulators);
}

soma_status soma_fit_open_checkpoints(struct soma_fit *fit) {
    soma_compiled *compiled = fit->network->compiled;
    if (!wanted(fit)) return SOMA_OK;
    if (compiled->executor->real != SOMA_F32)
        return soma_error(SOMA_UNSUPPORTED, "checkpoints are of float32 weights; this network was compiled in %s",
                          soma_dtype_name(compiled->executor->real));
    SOMA_TRY(soma_snapshot_take(&fit->good));
    fit->run = describe_run(fit);
    if (fit->options.checkpoint && fit->team.rank == 0) {
        SOMA_TRY(note_failure(fit, soma_checkpoint_try(fit->options.checkpoint)));
        SOMA_TRY(soma_snapshot_open(compiled, SOMA_SNAPSHOT_STATE, &fit->saved));
    }
    return fit->options.resume ? resume(fit) : SOMA_OK;
}

/* -------------------------------------------------------------------------------------------------------- write */

static soma_checkpoint_state describe_state(const struct soma_fit *fit) {
    const soma_compiled *compiled = fit->network->compiled;
    bool within = fit->history->count < fit->epoch; /* else its epoch is finished */
    double now = soma_seconds();
    return (soma_checkpoint_state){
        .step = compiled->step,
        .first_step = fit->first_step,
        .batches = within ? fit->batches_done : 0,
        .base_rate = compiled->optimizer.learning_rate,
        .learning_rate = compiled->learning_rate,
        .plateau_factor = compiled->plateau_factor,
        .seconds = now - fit->began,
        .epoch_seconds = within ? now - fit->epoch_began : 0,
        .best_epoch = fit->history->best,
        .watch = fit->watch,
        .plateau = fit->plateau,
    };
}

/* Those of the epoch so far, of all ranks. */
static soma_status read_accumulators(struct soma_fit *fit, float (*accumulators)[2]) {
    const soma_compiled *compiled = fit->network->compiled;
    double totals[SOMA_ACCUMULATOR_SLOTS];
    if (!fit->team.communicator && !fit->shards)
        return soma_device_read(compiled->device, compiled->executor->accumulators, 0, accumulators,
                                SOMA_ACCUMULATOR_SLOTS * sizeof *accumulators);
    SOMA_TRY(soma_fit_read_totals(fit, totals));
    if (!fit->shards) SOMA_TRY(soma_team_add(&fit->team, totals, SOMA_ACCUMULATOR_SLOTS));
    for (size_t i = 0; i < SOMA_ACCUMULATOR_SLOTS; i++) {
        accumulators[i][0] = (float)totals[i];
        accumulators[i][1] = (float)((double)accumulators[i][0] - totals[i]);
    }
    return SOMA_OK;
}

static soma_status write_file(struct soma_fit *fit, float (*accumulators)[2]) {
    SOMA_TRY(soma_snapshot_take(&fit->saved));
    soma_checkpoint checkpoint = checkpoint_of(fit, &fit->saved, accumulators);
    checkpoint.state = describe_state(fit);
    checkpoint.history = *fit->history;
    return soma_checkpoint_write(fit->options.checkpoint, &checkpoint);
}

/* Not of a training that has gone wrong: the checkpoint before it is worth more. Then the epoch ends here. */
static soma_status write_checkpoint(struct soma_fit *fit) {
    float accumulators[SOMA_ACCUMULATOR_SLOTS][2];
    bool finite;
    SOMA_TRY(soma_fit_align(fit));
    SOMA_TRY(soma_fit_is_finite(fit, &finite));
    if (!finite) return fit->suspect = true, SOMA_OK;
    SOMA_TRY(read_accumulators(fit, accumulators));
    soma_status written = fit->team.rank == 0 ? write_file(fit, accumulators) : SOMA_OK;
    return note_failure(fit, soma_team_agree(&fit->team, written));
}

soma_status soma_fit_checkpoint_step(struct soma_fit *fit) {
    uint64_t every = fit->options.checkpoint_every;
    if (!fit->options.checkpoint || every == 0 || fit->network->compiled->step % every != 0) return SOMA_OK;
    return write_checkpoint(fit);
}

soma_status soma_fit_checkpoint_epoch(struct soma_fit *fit) {
    return fit->options.checkpoint && fit->options.checkpoint_every == 0 ? write_checkpoint(fit) : SOMA_OK;
}

soma_status soma_fit_checkpoint_end(struct soma_fit *fit) {
    return fit->options.checkpoint ? write_checkpoint(fit) : SOMA_OK;
}
