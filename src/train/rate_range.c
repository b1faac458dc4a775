/* SPDX-License-Identifier: MIT */
/*
 * Finding a learning rate (Smith 2017, "Cyclical Learning Rates for Training Neural Networks"): steps of training at
 * rates that rise from tiny to huge, and the loss over them. The network is left as it was.
 */
#include "train/fit.h"

#include <math.h>
#include <string.h>

enum { STEPS = 100, BATCH = 32 };
#define FROM      1e-7f
#define TO        10.0f
#define SMOOTHING 0.9f
/* Where the loss has become so many times its least, more says nothing. */
#define DIVERGED 4.0

static soma_status resolve(const soma_rate_range_options *given, soma_rate_range_options *options) {
    static const soma_rate_range_options none;
    *options = given ? *given : none;
    SOMA_TRY(SOMA_CHECK_RESERVED(options, "soma_rate_range_options"));
    if (options->from == 0) options->from = FROM;
    if (options->to == 0) options->to = TO;
    if (options->steps == 0) options->steps = STEPS;
    if (options->batch_size == 0) options->batch_size = BATCH;
    if (options->smoothing == 0) options->smoothing = SMOOTHING;
    if (!(options->from > 0 && isfinite(options->to) && options->from < options->to))
        return soma_error(SOMA_INVALID_ARGUMENT, "learning rates from %g to %g; they must rise, from more than 0",
                          (double)options->from, (double)options->to);
    if (options->steps < 10)
        return soma_error(SOMA_INVALID_ARGUMENT, "%u steps; at least 10 show how the loss falls", options->steps);
    if (!(options->smoothing < 1))
        return soma_error(SOMA_INVALID_ARGUMENT, "smoothing is %g, it must be less than 1 (0 means 0.9, negative 0)",
                          (double)options->smoothing);
    options->smoothing = SOMA_MAX(options->smoothing, 0.0f);
    return SOMA_OK;
}

/* One step at a rate, and the loss of its batch before it. */
static soma_status make_step(soma_pass *pass, size_t index, double rate, double *loss) {
    soma_compiled *compiled = pass->network->compiled;
    soma_metrics metrics;
    if (index == 0) SOMA_TRY(soma_batches_shuffle(&pass->batches, pass->network->seed, compiled->step));
    compiled->learning_rate = (float)rate;
    SOMA_TRY(soma_executor_clear_accumulators(compiled->executor));
    SOMA_TRY(soma_pass_run(pass, index));
    compiled->step++;
    SOMA_TRY(
        soma_step_read_metrics(pass->network, &pass->match.signature, soma_pass_batch_size(pass, index), &metrics));
    *loss = metrics.loss;
    return SOMA_OK;
}

/* Until all rates were tried, or the loss is far above its least, or no number. */
static soma_status sweep(soma_pass *pass, const soma_rate_range_options *options, soma_rate_range *range) {
    const double factor = log((double)options->to / (double)options->from) / (double)(options->steps - 1);
    const double kept = (double)options->smoothing;
    double mean = 0, least = INFINITY;
    for (uint32_t i = 0; i < options->steps && !range->diverged; i++) {
        soma_rate_range_point *point = &range->points[i];
        point->learning_rate = (double)options->from * exp(factor * i);
        SOMA_TRY(make_step(pass, i % soma_pass_batch_count(pass), point->learning_rate, &point->loss));
        mean = kept * mean + (1 - kept) * point->loss;
        point->smoothed = mean / (1 - pow(kept, i + 1)); /* as if there had been no 0 at the start */
        least = fmin(least, point->smoothed);
        range->diverged = !isfinite(point->smoothed) || point->smoothed > DIVERGED * least;
        if (isfinite(point->smoothed)) range->count = i + 1;
    }
    return SOMA_OK;
}

/*
 * Where the smoothed loss falls most steeply over the logarithm of the rate, before its least: there a rate makes most
 * of its steps. Over a tenth of the points, so that no single batch decides.
 */
static void suggest(soma_rate_range *range) {
    uint32_t least = 0, reach = SOMA_MAX(range->count / 20, 1);
    double steepest = 0;
    for (uint32_t i = 1; i < range->count; i++)
        if (range->points[i].smoothed < range->points[least].smoothed) least = i;
    for (uint32_t i = reach; i + reach < range->count && i <= least; i++) {
        double slope = range->points[i + reach].smoothed - range->points[i - reach].smoothed;
        if (!(slope < steepest)) continue;
        steepest = slope;
        range->suggestion = range->points[i].learning_rate;
    }
}

static soma_status run(soma_network *network, soma_dataset *dataset, const soma_rate_range_options *options,
                       soma_rate_range *range) {
    const soma_batches_options batches = {.batch = options->batch_size, .shuffle = true};
    soma_snapshot before = {.compiled = NULL};
    soma_pass pass;
    SOMA_TRY(soma_pass_open(network, dataset, SOMA_MODE_TRAIN, &batches, &pass));
    soma_status status = soma_snapshot_open(network->compiled, SOMA_SNAPSHOT_STATE, &before);
    if (status == SOMA_OK) status = soma_snapshot_take(&before);
    if (status == SOMA_OK) {
        status = sweep(&pass, options, range);
        soma_status restored = soma_snapshot_restore(&before);
        if (status == SOMA_OK) status = restored;
    }
    soma_snapshot_close(&before);
    soma_pass_close(&pass);
    return status;
}

soma_status soma_find_learning_rate(soma_network *network, soma_dataset *dataset, const soma_rate_range_options *given,
                                    soma_rate_range *range) {
    soma_rate_range_options options;
    if (!range) return soma_error(SOMA_INVALID_ARGUMENT, "soma_find_learning_rate: no place for the range was given");
    memset(range, 0, sizeof *range);
    SOMA_TRY(soma_require_compiled(network, "soma_find_learning_rate"));
    SOMA_TRY(soma_require_no_fit(network, "soma_find_learning_rate"));
    SOMA_TRY(soma_require_trained(network, "soma_find_learning_rate"));
    SOMA_TRY(resolve(given, &options));
    range->points = soma_calloc(options.steps, sizeof *range->points);
    if (!range->points) return soma_out_of_memory(options.steps * sizeof *range->points, "a range of learning rates");
    soma_status status = run(network, dataset, &options, range);
    if (status == SOMA_OK) suggest(range);
    if (status != SOMA_OK) soma_rate_range_clear(range);
    return status;
}

void soma_rate_range_clear(soma_rate_range *range) {
    if (!range) return;
    soma_free(range->points);
    memset(range, 0, sizeof *range);
}
