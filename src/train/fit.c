/* SPDX-License-Identifier: MIT */
/* A fit, on one rank: options, data, epochs until the end or until enough, the best weights. */
#include "train/evaluate.h"
#include "train/fit_shards.h"
#include "train/fit_sum.h"
#include "train/fit_team.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

/* ----------------------------------------------------------------------------------------------------- options */

/* Of several ranks. */
static soma_status check_wire(const soma_fit_options *options) {
    if (options->wire > SOMA_WIRE_BF16)
        return soma_error(SOMA_INVALID_ARGUMENT, "soma_fit: there is no wire number %" PRIu32, options->wire);
    if (options->shards && (options->wire || options->sync_batchnorm))
        return soma_error(SOMA_INVALID_ARGUMENT,
                          "soma_fit: shards give the same bits by any number of ranks, with %s they would not",
                          options->wire ? "sums in bfloat16" : "batchnorm over all ranks");
    if (options->wire && options->communicator && !options->communicator->start_sum_bf16)
        return soma_error(SOMA_UNSUPPORTED, "soma_fit: this communicator does not add up bfloat16");
    return SOMA_OK;
}

static soma_status check_validation_epochs(const soma_fit_options *options) {
    const uint32_t *epochs = options->validation_epochs;
    if (!epochs && options->validation_epoch_count)
        return soma_error(SOMA_INVALID_ARGUMENT,
                          "soma_fit: validation_epochs is NULL, and there are to be %" PRIu64 " of them; NULL and 0 "
                          "validate after each epoch",
                          options->validation_epoch_count);
    for (uint64_t i = 0; epochs && i < options->validation_epoch_count; i++)
        if (epochs[i] == 0 || (i && epochs[i] <= epochs[i - 1]))
            return soma_error(SOMA_INVALID_ARGUMENT,
                              "soma_fit: validation_epochs has %" PRIu32 " as number %" PRIu64
                              "; from 1 on, each must be larger than the one before",
                              epochs[i], i);
    return SOMA_OK;
}

static soma_status check_options(const soma_network *network, const soma_fit_options *options) {
    SOMA_TRY(SOMA_CHECK_RESERVED(options, "soma_fit_options"));
    SOMA_TRY(check_validation_epochs(options));
    if (!(options->validation_split >= 0 && options->validation_split < 1))
        return soma_error(SOMA_INVALID_ARGUMENT, "soma_fit: validation_split is %g; it must be at least 0 and below 1",
                          options->validation_split);
    if (options->validation && options->validation_split > 0)
        return soma_error(SOMA_INVALID_ARGUMENT,
                          "soma_fit: both a validation set and a validation_split of %g are given; one is possible",
                          options->validation_split);
    if (options->shards > SOMA_MAX_SHARDS)
        return soma_error(SOMA_INVALID_ARGUMENT, "soma_fit: shards is %" PRIu64 "; at most %d are possible",
                          options->shards, SOMA_MAX_SHARDS);
    SOMA_TRY(check_wire(options));
    if (!(options->min_delta >= 0 && isfinite(options->min_delta)))
        return soma_error(SOMA_INVALID_ARGUMENT, "soma_fit: min_delta is %g; it must be finite and not negative",
                          (double)options->min_delta);
    if (options->monitor == SOMA_MONITOR_METRIC && network->compiled->metric_count == 0)
        return soma_error(SOMA_INVALID_STATE,
                          "soma_fit: the monitor is a metric, but the network was compiled without any");
    return SOMA_OK;
}

/* What a rank cannot know of a batch that it has a share of, and what the sum is not made for. */
static soma_status check_parts(const soma_network *network, const soma_team *team, uint64_t parts) {
    if (parts == 0) return SOMA_OK;
    if (team->ranks > parts)
        return soma_error(SOMA_INVALID_ARGUMENT,
                          "soma_fit: batches in %" PRIu64 " shards are for as many ranks at most; there are %" PRIu32,
                          parts, team->ranks);
    if (network->compiled->executor->real != SOMA_F32)
        return soma_error(SOMA_UNSUPPORTED, "gradients are summed in float32; this network was compiled in %s",
                          soma_dtype_name(network->compiled->executor->real));
    if (network->augment.mixup != 0.0f && parts > 1)
        return soma_error(SOMA_UNSUPPORTED, "mixup mixes each sample with another one of its batch, which may lie in "
                                            "another part of it; without it, several ranks can train, and in shards");
    return SOMA_OK;
}

static soma_status refuse_normalisation(const char *label, const soma_parts *parts, size_t batch) {
    if (parts->count == 1 || parts->synchronised)
        return soma_error(SOMA_INVALID_ARGUMENT,
                          "%s normalises each channel over the batch, and in batches of 1 there is one number of "
                          "each: nothing could be learnt from it; batches of 2 and more can be trained on",
                          label);
    return soma_error(SOMA_INVALID_ARGUMENT,
                      "%s normalises each channel over a share of the batch, and in batches of %zu some of the %" PRIu32
                      " shares have one number of each or none: nothing could be learnt from it; batches of %" PRIu64
                      " and more%s can be trained on",
                      label, batch, parts->count, 2 * (uint64_t)parts->count,
                      parts->team ? ", or sync_batchnorm," : "");
}

/* Each batch, or each part of it that is normalised by itself, would become 0, whatever is in it. A last one of a
 * single sample among others does no harm. */
static soma_status refuse_single_values(const soma_network *network, const soma_dataset *dataset,
                                        const soma_parts *parts, size_t batch) {
    const size_t all = dataset ? SOMA_MIN(batch, dataset->samples) : 0;
    if (all / (parts->synchronised ? 1 : parts->count) > 1) return SOMA_OK;
    char label[SOMA_SHAPE_TEXT];
    for (uint32_t i = 0; i < network->graph.count; i++) {
        const soma_tensor *tensor = network->graph.tensor[i];
        if (tensor->op != SOMA_OP_NORMALIZE || !tensor->attributes.normalize.running) continue;
        if (soma_normalize_is_frozen(network, tensor)) continue;
        if (soma_tensor_count(tensor) > tensor->shape[tensor->rank - 1]) continue;
        return refuse_normalisation(soma_tensor_label(tensor, label), parts, all);
    }
    return SOMA_OK;
}

/* Then there is no other sample to mix with. */
static soma_status refuse_lone_samples(const soma_network *network, const soma_dataset *dataset, size_t batch) {
    if (network->augment.mixup == 0.0f || !dataset || SOMA_MIN(batch, dataset->samples) > 1) return SOMA_OK;
    return soma_error(SOMA_INVALID_ARGUMENT,
                      "mixup mixes each sample with another one of its batch, and in batches of 1 there is none; "
                      "batches of 2 and more can be mixed");
}

static void start_watches(struct soma_fit *fit) {
    const soma_compiled *compiled = fit->network->compiled;
    fit->watch = (soma_watch){.monitor = fit->options.monitor, .min_delta = (double)fit->options.min_delta};
    fit->watch.rises = fit->options.monitor == SOMA_MONITOR_METRIC &&
                       compiled->metric[0].kind != SOMA_METRIC_ABSOLUTE_ERROR &&
                       (compiled->metric[0].kind != SOMA_METRIC_SUM || compiled->meaning[0] == SOMA_ACCURACY);
    fit->plateau = (soma_watch){.min_delta = (double)compiled->optimizer.schedule.min_delta};
}

/* ------------------------------------------------------------------------------------------------ open and close */

/* The data to train on and, or NULL, to validate on. */
static soma_status choose_data(struct soma_fit *fit, soma_dataset *dataset, soma_dataset **training,
                               soma_dataset **validation) {
    *training = dataset;
    *validation = fit->options.validation;
    if (fit->options.validation_split == 0) return SOMA_OK;
    if (!dataset) return soma_error(SOMA_INVALID_ARGUMENT, "soma_fit: the data set is NULL");
    SOMA_TRY(
        soma_dataset_split(dataset, fit->options.validation_split, fit->network->seed, &fit->kept_in, &fit->held_out));
    *training = fit->kept_in;
    *validation = fit->held_out;
    return SOMA_OK;
}

static soma_status open_passes(struct soma_fit *fit, soma_dataset *dataset) {
    const soma_batches_options training = {
        .batch = fit->options.batch_size, .epochs = fit->options.epochs, .shuffle = !fit->options.no_shuffle};
    const soma_batches_options validating = {.batch = SOMA_MAX(training.batch, (size_t)SOMA_EVALUATE_BATCH),
                                             .epochs = training.epochs,
                                             .shared = &fit->pass.batches};
    soma_dataset *train_on, *validate_on;
    SOMA_TRY(choose_data(fit, dataset, &train_on, &validate_on));
    const soma_team *team = &fit->team;
    const bool whole = !team->communicator && !fit->options.shards;
    const soma_parts ranks = {.count = team->ranks,
                              .first = team->rank,
                              .end = team->rank + 1,
                              .team = team,
                              .synchronised = fit->options.sync_batchnorm};
    const soma_parts parts = fit->options.shards ? soma_fit_own_shards(fit) : ranks;
    /* What is repeatable does not depend on who else is there: each rank looks at all of the validation. */
    const soma_parts *validated = team->communicator && !fit->options.shards ? &ranks : NULL;
    SOMA_TRY(check_parts(fit->network, team, whole ? 0 : parts.count));
    SOMA_TRY(refuse_single_values(fit->network, train_on, &parts, training.batch));
    SOMA_TRY(refuse_lone_samples(fit->network, train_on, training.batch));
    fit->validates = validate_on != NULL;
    SOMA_TRY(soma_pass_plan_ahead(fit->network, train_on, whole ? SOMA_MODE_TRAIN : SOMA_MODE_GRADIENTS, training.batch,
                                  whole ? NULL : &parts, &fit->pass));
    if (fit->validates) {
        soma_status status = soma_pass_plan_ahead(fit->network, validate_on, SOMA_MODE_EVALUATE, validating.batch,
                                                  validated, &fit->validation);
        if (status != SOMA_OK) return soma_error_prefix(status, "validation: ");
    }
    /* A rank without a sample of any batch has no plan that would have made them. */
    const soma_compiled *compiled = fit->network->compiled;
    if (team->communicator)
        SOMA_TRY(soma_executor_reserve_training(compiled->executor, soma_optimizer_states(compiled->optimizer.kind)));
    SOMA_TRY(soma_pass_bring_data(&fit->pass, &training));
    if (!fit->validates) return SOMA_OK;
    SOMA_TRY(soma_pass_bring_data(&fit->validation, &validating));
    soma_pass_detach(&fit->validation);
    return SOMA_OK;
}

static soma_status open_fit(struct soma_fit *fit, soma_dataset *dataset) {
    soma_compiled *compiled = fit->network->compiled;
    SOMA_TRY(open_passes(fit, dataset));
    SOMA_TRY(soma_snapshot_open(compiled, SOMA_SNAPSHOT_STATE, &fit->good));
    if (fit->options.restore_best) SOMA_TRY(soma_snapshot_open(compiled, SOMA_SNAPSHOT_PARAMETERS, &fit->best));
    size_t batches = soma_pass_batch_count(&fit->pass);
    fit->rates = soma_realloc(NULL, batches, sizeof *fit->rates);
    if (!fit->rates) return soma_out_of_memory(batches * sizeof *fit->rates, "the learning rates of an epoch");
    fit->first_step = compiled->step;
    fit->total_steps = (uint64_t)batches * fit->options.epochs;
    start_watches(fit);
    SOMA_TRY(soma_fit_open_shards(fit));
    SOMA_TRY(soma_fit_open_sum(fit));
    return soma_fit_open_checkpoints(fit);
}

static void close_fit(struct soma_fit *fit) {
    soma_pass_close(&fit->validation);
    soma_pass_close(&fit->pass);
    soma_snapshot_close(&fit->good);
    soma_snapshot_close(&fit->best);
    soma_snapshot_close(&fit->saved);
    soma_dataset_destroy(fit->kept_in);
    soma_dataset_destroy(fit->held_out);
    soma_free(fit->rates);
    soma_team_close(&fit->team);
    soma_fit_close_shards(fit);
    soma_fit_close_sum(fit);
}

/* ------------------------------------------------------------------------------------------------------- train */

/* As it was to, or as a callback wished. */
static bool has_ended(soma_status status) {
    return status == SOMA_OK || status == SOMA_STOPPED;
}

static soma_status run_epochs(struct soma_fit *fit) {
    soma_status status = SOMA_OK;
    while (fit->history->count < fit->options.epochs && status == SOMA_OK && !fit->enough) {
        fit->epoch = fit->history->count + 1;
        status = soma_fit_epoch(fit);
    }
    if (has_ended(status)) {
        soma_status written = soma_fit_checkpoint_end(fit);
        if (written != SOMA_OK) status = written;
    }
    /* A checkpoint that cannot be written ends training, too, and spoils nothing. */
    bool good = has_ended(status) || fit->history->checkpoint_failed;
    if (good && fit->options.restore_best && fit->watch.started) {
        SOMA_TRY(soma_snapshot_restore(&fit->best));
        fit->history->restored = 1;
    }
    return status;
}

static soma_status train(struct soma_fit *fit, soma_dataset *dataset) {
    soma_compiled *compiled = fit->network->compiled;
    fit->began = soma_seconds();
    compiled->fit = fit;
    compiled->last_backward = NULL; /* its gradients are about to be overwritten */
    compiled->last_plan = NULL;
    soma_status status = soma_fit_begin_team(fit, open_fit(fit, dataset));
    if (status == SOMA_OK) {
        soma_series_keep_bounds(&dataset->storage->series, &fit->network->series);
        status = run_epochs(fit);
    }
    if (has_ended(status)) {
        soma_status synced = soma_device_sync(compiled->device);
        if (synced != SOMA_OK) status = synced;
    }
    fit->history->steps = compiled->step - fit->first_step;
    if (fit->history->steps) fit->network->shards = fit->options.shards;
    fit->history->seconds = soma_seconds() - fit->began;
    close_fit(fit);
    compiled->fit = NULL;
    return status;
}

static soma_status check(const soma_network *network, const soma_fit_options *options) {
    SOMA_TRY(soma_require_compiled(network, "soma_fit"));
    SOMA_TRY(soma_require_no_fit(network, "soma_fit"));
    SOMA_TRY(soma_require_trained(network, "soma_fit"));
    return check_options(network, options);
}

soma_status soma_fit_as_rank(soma_network *network, soma_dataset *dataset, const soma_fit_options *options,
                             soma_history *history, const struct soma_fit_devices *devices) {
    soma_history unwanted = {0};
    if (history) memset(history, 0, sizeof *history);
    struct soma_fit fit = {.network = network, .history = history ? history : &unwanted, .devices = devices};
    if (options) fit.options = *options;
    if (fit.options.epochs == 0) fit.options.epochs = 1;
    if (fit.options.batch_size == 0) fit.options.batch_size = 32;
    SOMA_TRY(soma_team_open(fit.options.communicator, &fit.team));
    if (devices) fit.team.name = network->compiled->device->selector;
    soma_status status = check(network, &fit.options);
    status = status == SOMA_OK ? train(&fit, dataset) : soma_team_agree(&fit.team, status);
    soma_history_clear(&unwanted);
    return soma_team_leave(&fit.team, status);
}

soma_status soma_fit_metrics(soma_network *network, soma_metrics *metrics) {
    SOMA_TRY(soma_require_compiled(network, "soma_fit_metrics"));
    if (!metrics) return soma_error(SOMA_INVALID_ARGUMENT, "soma_fit_metrics: metrics is NULL");
    struct soma_fit *fit = network->compiled->fit;
    if (!fit || fit->samples_done == 0)
        return soma_error(SOMA_INVALID_STATE, "soma_fit_metrics is for the callbacks of soma_fit");
    /* The others may be elsewhere: these are the figures of this rank, but for shards, whose figures all ranks get. */
    bool own = fit->team.communicator && !fit->shards;
    SOMA_TRY(soma_fit_read_metrics(fit, own ? SOMA_MAX(fit->own_samples_done, 1) : fit->samples_done, metrics));
    if (isfinite(metrics->loss)) return SOMA_OK;
    if (fit->team.communicator)
        fit->team.wants[SOMA_TEAM_SUSPECT] = true;
    else
        fit->suspect = true;
    return SOMA_OK;
}
