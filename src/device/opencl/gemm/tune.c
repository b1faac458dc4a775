/* SPDX-License-Identifier: MIT */
/*
 * Measures which kernel multiplies matrices of which shape best. Shapes are those of a dense layer: forward (NN, with a
 * bias and a function, which cost some kernels a launch of their own), the gradient of the inputs (NT) and of the
 * weights (TN).
 */
#include "base/cache.h"
#include "device/opencl/gemm/choices.h"
#include "device/opencl/gemm/clblast.h"
#include "device/opencl/gemm/trial.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const size_t default_sizes[] = {32, 128, 512, 2048};

/* Nobody waits longer for one product; nor for all rounds of one, but for the least number of them. */
#define MOST_SECONDS        0.5
#define MOST_ROUNDS_SECONDS 0.5
/* What is measured beforehand, to know what a product takes about. */
#define FIRST_SIZE 512
/* A round is of as many products, so that neither the clock nor waiting at the end counts. */
#define ROUND_SECONDS 0.001
#define MOST_REPEATS  200
/* Rounds of all kernels in turn, so that what else the machine does meets all of them; the median counts. */
enum { LEAST_ROUNDS = 3, MOST_ROUNDS = 9 };
/* A kernel that takes so many times as long as the best is out after its first round; and one that would take so long
 * even at its best rate is not tried where that is long. */
#define HOPELESS      4
#define MERCY_SECONDS 0.05
/* The default stays where another is not quicker by this: not for a measurement's noise do last bits change. */
#define WORTH_IT 1.05

typedef struct gemm_contender {
    const soma_cl_gemm *gemm;
    bool out;     /* for good: it failed, or is wrong */
    bool in;      /* its product of this shape is prepared */
    bool hopeful; /* it takes part in the rounds */
    soma_call call;
    double seconds, rounds[MOST_ROUNDS]; /* of a product */
    size_t repeats;
    double rate; /* the most operations a second so far */
} gemm_contender;

typedef struct gemm_measurement {
    soma_cl_device *device;
    gemm_contender contenders[SOMA_CL_GEMM_COUNT];
    size_t count;
    double rate; /* of the quickest */
    bool default_is_wrong;
    soma_cl_tuning tuning;
} gemm_measurement;

/* ------------------------------------------------------------------------------------------------------- timing */

static soma_status time_round(const gemm_measurement *measurement, gemm_contender *contender, double *seconds) {
    const double began = soma_seconds();
    for (size_t i = 0; i < contender->repeats; i++) SOMA_TRY(soma_cl_run(measurement->device, &contender->call, 1));
    SOMA_TRY(soma_cl_check(soma_cl_finish(measurement->device), "waiting for %s", measurement->device->info.name));
    *seconds = (soma_seconds() - began) / (double)contender->repeats;
    return SOMA_OK;
}

static size_t repeats_of(double seconds) {
    return (size_t)SOMA_MIN(ROUND_SECONDS / SOMA_MAX(seconds, 1e-7) + 1, MOST_REPEATS);
}

/* After the first run, which compiled and warmed up: how long it takes about, and how many make a round. The better of
 * two, where that is not long, as one may have been held up. */
static soma_status time_first(const gemm_measurement *measurement, gemm_contender *contender) {
    double again;
    contender->repeats = 1;
    SOMA_TRY(time_round(measurement, contender, &contender->seconds));
    if (contender->seconds >= MERCY_SECONDS) return SOMA_OK;
    contender->repeats = repeats_of(contender->seconds);
    SOMA_TRY(time_round(measurement, contender, &again));
    contender->seconds = SOMA_MIN(contender->seconds, again);
    contender->repeats = repeats_of(contender->seconds);
    return SOMA_OK;
}

static int ascending(const void *left, const void *right) {
    const double a = *(const double *)left, b = *(const double *)right;
    return (a > b) - (a < b);
}

/* The quickest that is in; NULL: there is none. */
static gemm_contender *find_best(gemm_measurement *measurement) {
    gemm_contender *best = NULL;
    for (size_t i = 0; i < measurement->count; i++) {
        gemm_contender *each = &measurement->contenders[i];
        if (each->in && (!best || each->seconds < best->seconds)) best = each;
    }
    return best;
}

static bool is_default(const gemm_measurement *measurement, const gemm_contender *contender) {
    return contender->gemm == measurement->device->gemm;
}

/* Whether it takes part in the rounds; else its first time counts. The default does always, since all are compared with
 * it. */
static bool has_hope(const gemm_measurement *measurement, const gemm_contender *contender, double best) {
    return contender->in && (contender->seconds <= HOPELESS * best || is_default(measurement, contender));
}

/* Who takes part in the rounds, and how many of them fit into the time that there is. */
static size_t plan_rounds(gemm_measurement *measurement) {
    const double best = find_best(measurement)->seconds;
    double all = 0;
    for (size_t i = 0; i < measurement->count; i++) {
        gemm_contender *each = &measurement->contenders[i];
        each->hopeful = has_hope(measurement, each, best);
        if (each->hopeful) all += each->seconds * (double)each->repeats;
    }
    return (size_t)SOMA_MIN(SOMA_MAX(MOST_ROUNDS_SECONDS / all, LEAST_ROUNDS), MOST_ROUNDS);
}

static soma_status time_rounds(gemm_measurement *measurement) {
    const size_t rounds = plan_rounds(measurement);
    for (size_t round = 0; round < rounds; round++)
        for (size_t i = 0; i < measurement->count; i++) {
            gemm_contender *each = &measurement->contenders[i];
            if (each->hopeful) SOMA_TRY(time_round(measurement, each, &each->rounds[round]));
        }
    for (size_t i = 0; i < measurement->count; i++) {
        gemm_contender *each = &measurement->contenders[i];
        if (!each->hopeful) continue;
        qsort(each->rounds, rounds, sizeof *each->rounds, ascending);
        each->seconds = each->rounds[rounds / 2];
    }
    return SOMA_OK;
}

/* ------------------------------------------------------------------------------------------------- taking part */

/* Out for good, with a line in the log. */
static void leave_out(const gemm_measurement *measurement, gemm_contender *contender, const char *reason) {
    contender->out = true;
    soma_log(SOMA_LOG_WARNING, "%s: the kernel %s is left out: %s", measurement->device->info.name,
             contender->gemm->name, reason);
}

static double operations(const soma_cl_trial *trial) {
    return 2.0 * (double)trial->size.m * (double)trial->size.n * (double)trial->size.k;
}

static bool is_worth_trying(const gemm_measurement *measurement, const soma_cl_trial *trial,
                            const gemm_contender *contender) {
    const bool slow = contender->rate > 0 && contender->rate * HOPELESS < measurement->rate &&
                      operations(trial) / contender->rate > MERCY_SECONDS;
    return !contender->out && soma_cl_gemm_serves(measurement->device, contender->gemm, trial->size) &&
           (!slow || is_default(measurement, contender));
}

/* A kernel that was wrong once is not trusted with what was measured before: there the default is to serve. */
static void take_back(gemm_measurement *measurement, const gemm_contender *contender) {
    for (size_t i = 0; i < measurement->tuning.count; i++) {
        soma_gemm_choice *choice = &measurement->tuning.choices[i];
        if (choice->kernel != contender->gemm->name) continue;
        choice->kernel = measurement->device->gemm->name;
        choice->gflops = choice->default_gflops;
    }
}

/* Prepares it, holds its product against the expected one, and times it for the first time. What does not fit into
 * memory, or through loops, is left out of this shape alone. */
static void enter(gemm_measurement *measurement, const soma_cl_trial *trial, gemm_contender *contender) {
    contender->in = false;
    if (!is_worth_trying(measurement, trial, contender)) return;
    soma_status status = soma_cl_trial_prepare(trial, contender->gemm, &contender->call);
    if (status == SOMA_OUT_OF_DEVICE_MEMORY) return;
    if (status != SOMA_OK) {
        leave_out(measurement, contender, soma_last_error());
        return;
    }
    char reason[128];
    contender->in = true;
    status = soma_cl_trial_compute(trial, &contender->call, trial->found);
    if (status == SOMA_OK && !soma_cl_trial_agrees(trial)) {
        snprintf(reason, sizeof reason, "its product %s of %zu x %zu x %zu is wrong",
                 soma_cl_transposition_name(trial->params.transpose_a, trial->params.transpose_b), trial->size.m,
                 trial->size.n, trial->size.k);
        leave_out(measurement, contender, reason);
        take_back(measurement, contender);
        measurement->default_is_wrong |= is_default(measurement, contender);
    } else {
        if (status == SOMA_OK) status = time_first(measurement, contender);
        if (status != SOMA_OK) leave_out(measurement, contender, soma_last_error());
    }
    if (!contender->out) return;
    soma_cl_trial_release(trial, &contender->call);
    contender->in = false;
}

/* What the products are held against: by our own kernel. */
static soma_status expect(const gemm_measurement *measurement, const soma_cl_trial *trial) {
    soma_call call;
    SOMA_TRY(soma_cl_trial_prepare(trial, soma_cl_own_gemm(measurement->device), &call));
    soma_status status = soma_cl_trial_compute(trial, &call, trial->expected);
    soma_cl_trial_release(trial, &call);
    return status;
}

/* ----------------------------------------------------------------------------------------------------- one shape */

static void choose(gemm_measurement *measurement, const soma_cl_trial *trial) {
    const gemm_contender *best = find_best(measurement), *usual = NULL;
    const double count = operations(trial);
    measurement->rate = SOMA_MAX(measurement->rate, count / best->seconds);
    for (size_t i = 0; i < measurement->count; i++) {
        gemm_contender *each = &measurement->contenders[i];
        if (!each->in) continue;
        each->rate = SOMA_MAX(each->rate, count / each->seconds);
        if (is_default(measurement, each)) usual = each;
    }
    if (usual && usual->seconds < best->seconds * WORTH_IT) best = usual;
    measurement->tuning.choices[measurement->tuning.count++] =
        (soma_gemm_choice){.transpose_a = trial->params.transpose_a,
                           .transpose_b = trial->params.transpose_b,
                           .m = trial->size.m,
                           .n = trial->size.n,
                           .k = trial->size.k,
                           .kernel = best->gemm->name,
                           .gflops = count / best->seconds * 1e-9,
                           .default_gflops = usual ? count / usual->seconds * 1e-9 : 0};
}

static soma_status compare(gemm_measurement *measurement, soma_cl_trial *trial) {
    SOMA_TRY(soma_cl_trial_begin(trial));
    SOMA_TRY(expect(measurement, trial));
    soma_status status = SOMA_OK;
    for (size_t i = 0; i < measurement->count; i++) enter(measurement, trial, &measurement->contenders[i]);
    if (find_best(measurement)) {
        status = time_rounds(measurement);
        if (status == SOMA_OK) choose(measurement, trial);
    }
    for (size_t i = 0; i < measurement->count; i++) {
        gemm_contender *each = &measurement->contenders[i];
        if (each->in) soma_cl_trial_release(trial, &each->call);
        each->in = false;
    }
    return status;
}

static soma_status leave_shape_out(const gemm_measurement *measurement, const soma_cl_trial *trial, const char *why) {
    soma_log(SOMA_LOG_INFO, "%s: products %s of %zu x %zu x %zu are not measured: %s", measurement->device->info.name,
             soma_cl_transposition_name(trial->params.transpose_a, trial->params.transpose_b), trial->size.m,
             trial->size.n, trial->size.k, why);
    return SOMA_OK;
}

/* Leaves the shape out where it is too much for the device, or for the host. */
static soma_status measure(gemm_measurement *measurement, soma_cl_trial *trial) {
    const soma_cl_device *device = measurement->device;
    /* Beside the matrices there may be padded copies of them. */
    const uint64_t room = device->memory_limit - SOMA_MIN(device->memory_limit, device->memory_used);
    if (3 * soma_cl_trial_bytes(trial) > (double)room)
        return leave_shape_out(measurement, trial, "they need too much memory");
    if (measurement->rate > 0 && operations(trial) / measurement->rate > MOST_SECONDS)
        return leave_shape_out(measurement, trial, "they take too long");
    soma_status status = compare(measurement, trial);
    soma_cl_trial_end(trial);
    if (measurement->default_is_wrong)
        return soma_error(SOMA_DEVICE_FAILED,
                          "the kernel %s, the default on %s, is wrong, as the log says: nothing is chosen; "
                          "SOMA_OPENCL_GEMM=soma does without it",
                          device->gemm->name, device->info.name);
    if (status != SOMA_OUT_OF_DEVICE_MEMORY && status != SOMA_OUT_OF_MEMORY && status != SOMA_UNSUPPORTED)
        return status;
    return leave_shape_out(measurement, trial, soma_last_error());
}

/* ---------------------------------------------------------------------------------------------------- all shapes */

static soma_status tell(const soma_tune_options *options, const soma_cl_trial *trial, size_t done, size_t total) {
    char shape[96];
    if (!options->on_shape) return SOMA_OK;
    snprintf(shape, sizeof shape, "%s %zu x %zu x %zu",
             soma_cl_transposition_name(trial->params.transpose_a, trial->params.transpose_b), trial->size.m,
             trial->size.n, trial->size.k);
    soma_status status = options->on_shape(options->context, done, total, shape);
    return status == SOMA_OK ? SOMA_OK : soma_error(status, "tuning was stopped after %zu of %zu shapes", done, total);
}

/* Shape number `index`: k changes first, the transposition last. */
static soma_cl_trial trial_of(soma_cl_device *device, const soma_tune_options *options, size_t index) {
    const size_t count = options->size_count, kind = index / (count * count * count);
    soma_cl_trial trial = {.device = device, .has_bias = kind == 0};
    trial.params = (soma_gemm_params){.transpose_a = kind == 2,
                                      .transpose_b = kind == 1,
                                      .alpha = 1,
                                      .function = kind == 0 ? SOMA_RELU : SOMA_IDENTITY};
    trial.size = (soma_cl_gemm_size){options->sizes[index / (count * count) % count],
                                     options->sizes[index / count % count], options->sizes[index % count]};
    return trial;
}

/* By the default kernel: so that even the first shape can be found to take too long. */
static soma_status estimate_rate(gemm_measurement *measurement) {
    static const size_t size = FIRST_SIZE;
    const soma_tune_options alone = {.sizes = &size, .size_count = 1};
    soma_cl_trial trial = trial_of(measurement->device, &alone, 0);
    soma_status status = soma_cl_trial_begin(&trial);
    if (status == SOMA_OK) status = expect(measurement, &trial);
    for (size_t i = 0; status == SOMA_OK && i < measurement->count; i++) {
        gemm_contender *each = &measurement->contenders[i];
        if (!is_default(measurement, each)) continue;
        enter(measurement, &trial, each);
        if (!each->in) continue;
        measurement->rate = operations(&trial) / each->seconds;
        soma_cl_trial_release(&trial, &each->call);
        each->in = false;
    }
    soma_cl_trial_end(&trial);
    return status == SOMA_OUT_OF_DEVICE_MEMORY || status == SOMA_OUT_OF_MEMORY ? SOMA_OK : status;
}

static soma_status measure_all(gemm_measurement *measurement, const soma_tune_options *options) {
    const size_t total = 3 * options->size_count * options->size_count * options->size_count;
    measurement->tuning.choices = soma_calloc(total, sizeof *measurement->tuning.choices);
    if (!measurement->tuning.choices)
        return soma_out_of_memory(total * sizeof *measurement->tuning.choices, "choices of kernels");
    SOMA_TRY(estimate_rate(measurement));
    for (size_t i = 0; i < total; i++) {
        soma_cl_trial trial = trial_of(measurement->device, options, i);
        SOMA_TRY(tell(options, &trial, i, total));
        SOMA_TRY(measure(measurement, &trial));
    }
    if (measurement->tuning.count) return SOMA_OK;
    return soma_error(SOMA_DEVICE_FAILED,
                      "none of %zu shapes could be measured on %s: it has too little memory, or "
                      "the log says what fails",
                      total, measurement->device->info.name);
}

static soma_status nothing_to_tune(const soma_cl_device *device) {
    return soma_error(SOMA_UNSUPPORTED, "%s has one kernel for each matrix product; there is nothing to tune",
                      device->info.name);
}

/* Whether there may be several kernels: CLBlast may still turn out not to serve. */
static bool may_be_tuned(const soma_cl_device *device) {
    size_t own = 0;
    for (size_t i = 0; i < SOMA_CL_GEMM_COUNT; i++)
        own += !soma_cl_gemms[i].by_clblast && soma_cl_gemm_fits(device, &soma_cl_gemms[i]);
    return own > 1 || soma_cl_clblast_is_built_in();
}

/* CLBlast takes part where it is there and right. */
static soma_status find_contenders(soma_cl_device *device, gemm_measurement *measurement) {
    char reason[256];
    if (soma_cl_clblast_is_built_in() && !soma_cl_clblast_start(device, reason, sizeof reason))
        soma_log(SOMA_LOG_WARNING, "%s: the kernel %s is left out: %s", device->info.name, soma_cl_clblast_gemm()->name,
                 reason);
    for (size_t i = 0; i < SOMA_CL_GEMM_COUNT; i++)
        if (soma_cl_gemm_fits(device, &soma_cl_gemms[i]))
            measurement->contenders[measurement->count++].gemm = &soma_cl_gemms[i];
    return measurement->count > 1 ? SOMA_OK : nothing_to_tune(device);
}

static soma_status check_environment(const soma_cl_device *device) {
    if (device->gemm_is_fixed)
        return soma_error(SOMA_INVALID_STATE,
                          "SOMA_OPENCL_GEMM or SOMA_FAST=0 says who multiplies matrices on %s; "
                          "without them it can be tuned",
                          device->info.name);
    if (!device->tuning_file)
        return soma_error(SOMA_INVALID_STATE,
                          "the choices of kernels can't be kept: none of " SOMA_CACHE_VARIABLES " names a directory");
    return soma_cache_prepare(device->tuning_file);
}

soma_status soma_cl_tune(void *state, const soma_tune_options *options) {
    soma_cl_device *device = state;
    gemm_measurement measurement = {.device = device};
    soma_tune_options used = *options;
    if (!used.sizes) {
        used.sizes = default_sizes;
        used.size_count = SOMA_COUNT_OF(default_sizes);
    }
    if (!may_be_tuned(device)) return nothing_to_tune(device);
    SOMA_TRY(check_environment(device));
    SOMA_TRY(find_contenders(device, &measurement));
    soma_status status = measure_all(&measurement, &used);
    if (status == SOMA_OK) {
        struct tm now;
        const time_t seconds = time(NULL);
        strftime(measurement.tuning.date, sizeof measurement.tuning.date, "%Y-%m-%dT%H:%M:%SZ",
                 gmtime_r(&seconds, &now));
        status = soma_cl_keep_tuning(device, &measurement.tuning);
    }
    soma_cl_free_tuning(&measurement.tuning);
    return status;
}
