/* SPDX-License-Identifier: MIT */
/* One epoch of soma_fit: its steps, its figures, and what follows from them. */
#include "train/evaluate.h"
#include "train/fit_devices.h"
#include "train/fit_shards.h"
#include "train/fit_team.h"

#include <math.h>
#include <string.h>

/* ------------------------------------------------------------------------------------------------------- steps */

static soma_status begin_epoch(struct soma_fit *fit) {
    soma_compiled *compiled = fit->network->compiled;
    bool resumed = fit->epoch_resumed;
    fit->epoch_resumed = fit->suspect = false;
    fit->spoiled_at = SOMA_NEVER_SPOILED;
    if (!resumed) {
        fit->epoch_began = soma_seconds();
        fit->batches_done = fit->samples_done = fit->own_samples_done = fit->resumed_at = 0;
        SOMA_TRY(soma_snapshot_take(&fit->good));
        SOMA_TRY(soma_executor_clear_accumulators(compiled->executor));
        if (fit->shards) memset(soma_fit_totals_of_shards(fit), 0, SOMA_ACCUMULATOR_SLOTS * sizeof(double));
    }
    if (fit->options.no_shuffle) return SOMA_OK;
    /* Numbered by the steps made so far, so that a fit of two epochs shuffles as two fits of one do. */
    return soma_batches_shuffle(&fit->pass.batches, fit->network->seed, compiled->step - fit->batches_done);
}

static soma_status tell_batch(struct soma_fit *fit) {
    if (!fit->options.on_batch) return SOMA_OK;
    soma_progress progress = {.epoch = fit->epoch,
                              .epochs = fit->options.epochs,
                              .batch = fit->batches_done,
                              .batches = soma_pass_batch_count(&fit->pass),
                              .samples = fit->samples_done,
                              .samples_in_epoch = fit->pass.samples,
                              .seconds = soma_seconds() - fit->epoch_began,
                              .streamed = fit->pass.batches.way != SOMA_BATCHES_RESIDENT};
    soma_status status = fit->options.on_batch(fit->options.context, fit->network, &progress);
    if (status != SOMA_STOPPED || !fit->team.communicator) return status;
    fit->team.wants[SOMA_TEAM_STOP] = true; /* which the others hear with the next step */
    return SOMA_OK;
}

/* Until the epoch is done, a callback wants to stop, or figures that it read were not finite. */
static soma_status run_batches(struct soma_fit *fit) {
    const soma_compiled *compiled = fit->network->compiled;
    soma_throttle throttle;
    soma_throttle_start(&throttle, compiled->device);
    for (size_t i = fit->batches_done; i < soma_pass_batch_count(&fit->pass) && !fit->suspect && !fit->stops; i++) {
        fit->rates[i] = soma_rate_now(compiled, fit->first_step, fit->total_steps);
        SOMA_TRY(soma_fit_step(fit, i, fit->rates[i]));
        fit->batches_done++;
        fit->samples_done += soma_pass_batch_size(&fit->pass, i);
        fit->own_samples_done += soma_pass_own_size(&fit->pass, i);
        const uint64_t changes = compiled->executor->changes;
        SOMA_TRY(tell_batch(fit));
        if (fit->devices && fit->devices->tells_batches) SOMA_TRY(soma_fit_follow(fit, changes));
        SOMA_TRY(soma_fit_checkpoint_step(fit));
        SOMA_TRY(soma_throttle_step(&throttle));
    }
    return SOMA_OK;
}

/* ----------------------------------------------------------------------------------------------------- figures */

/* Whether the epoch at hand is one that is validated. */
static bool is_validated(const struct soma_fit *fit) {
    const uint32_t *epochs = fit->options.validation_epochs;
    size_t begin = 0, end = fit->options.validation_epoch_count;
    if (!fit->validates || !epochs) return fit->validates;
    while (begin < end) {
        const size_t middle = begin + (end - begin) / 2;
        if (epochs[middle] == fit->epoch) return true;
        if (epochs[middle] < fit->epoch)
            begin = middle + 1;
        else
            end = middle;
    }
    return false;
}

static soma_status measure_epoch(struct soma_fit *fit, soma_epoch *epoch) {
    *epoch = (soma_epoch){.epoch = fit->epoch, .has_validation = is_validated(fit)};
    epoch->learning_rate = (double)fit->network->compiled->learning_rate;
    SOMA_TRY(fit->shards ? soma_fit_read_metrics(fit, fit->samples_done, &epoch->train)
                         : soma_pass_read_metrics(&fit->pass, fit->samples_done, &epoch->train));
    if (epoch->has_validation) {
        SOMA_TRY(soma_evaluate_pass(&fit->validation, &epoch->validation));
        if (!isfinite(epoch->validation.loss)) return soma_fit_diagnose_validation(fit);
    }
    epoch->seconds = soma_seconds() - fit->epoch_began;
    return SOMA_OK;
}

/* Learning rate, best weights, early stopping. An epoch without the validation that others have counts for nothing. */
static soma_status draw_conclusions(struct soma_fit *fit, const soma_epoch *epoch) {
    if (fit->validates && !epoch->has_validation) return SOMA_OK;
    soma_compiled *compiled = fit->network->compiled;
    const soma_schedule *schedule = &compiled->optimizer.schedule;
    soma_watch_epoch(&fit->plateau, epoch);
    if (schedule->kind == SOMA_SCHEDULE_PLATEAU && fit->plateau.waited >= schedule->patience) {
        compiled->plateau_factor *= schedule->factor;
        fit->plateau.waited = 0;
    }
    if (soma_watch_epoch(&fit->watch, epoch)) {
        fit->history->best = fit->history->count - 1;
        if (fit->options.restore_best) SOMA_TRY(soma_snapshot_take(&fit->best));
    }
    fit->enough = fit->options.early_stopping && fit->watch.waited >= fit->options.early_stopping;
    return SOMA_OK;
}

soma_status soma_fit_epoch(struct soma_fit *fit) {
    SOMA_TRY(begin_epoch(fit));
    soma_status ended = run_batches(fit);
    if (ended != SOMA_OK && ended != SOMA_STOPPED) return ended;
    if (fit->team.wants[SOMA_TEAM_STOP]) ended = SOMA_STOPPED;
    ended = soma_team_agree(&fit->team, ended);
    if (ended != SOMA_OK && ended != SOMA_STOPPED) return ended;
    SOMA_TRY(soma_fit_align(fit));
    bool finite;
    SOMA_TRY(soma_fit_is_finite(fit, &finite));
    if (!finite) return soma_fit_diagnose(fit);
    if (fit->batches_done < soma_pass_batch_count(&fit->pass)) return SOMA_STOPPED;

    soma_epoch epoch;
    SOMA_TRY(measure_epoch(fit, &epoch));
    SOMA_TRY(soma_history_append(fit->history, &epoch));
    SOMA_TRY(draw_conclusions(fit, &epoch));
    const uint64_t changes = fit->network->compiled->executor->changes;
    soma_status told =
        fit->options.on_epoch ? fit->options.on_epoch(fit->options.context, fit->network, &epoch) : SOMA_OK;
    told = soma_team_agree(&fit->team, told);
    if (told == SOMA_OK || told == SOMA_STOPPED) SOMA_TRY(soma_fit_follow(fit, changes));
    /* With what the callback has changed: nobody calls it for this epoch again. */
    SOMA_TRY(soma_fit_checkpoint_epoch(fit));
    return told == SOMA_OK ? ended : told;
}
