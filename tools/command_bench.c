/* SPDX-License-Identifier: MIT */
/* soma bench: how long a step takes, and its matrix products alone. */
#include "model.h"
#include "profile.h"
#include "report.h"
#include "session.h"
#include <math.h>
#include <stdlib.h>

/*
 * A measurement is of many steps, so that neither the clock's grain nor waiting for the device at the end counts, and
 * there are several, so that what else the machine does can be told apart from the step.
 */
#define LEAST_SECONDS 0.02 /* of a measurement */
enum { LEAST_MEASUREMENTS = 7, MOST_MEASUREMENTS = 21, MOST_STEPS = 10000000 };

struct timing {
    double median, least, most; /* microseconds of one step */
};

typedef soma_status measure_function(soma_network *network, size_t batch_size, bool training, size_t steps,
                                     double *microseconds);

static int ascending(const void *left, const void *right) {
    double a = *(const double *)left, b = *(const double *)right;
    return (a > b) - (a < b);
}

/* How many steps take `seconds`, found by making ever more of them; in *taken what so many took in fact. */
static soma_status steps_within(const struct settings *settings, soma_network *network, measure_function *function,
                                double seconds, size_t *steps, double *taken) {
    double microseconds;
    for (*steps = 1;;) {
        soma_status cause = function(network, settings->batch, settings->mode == MODE_TRAIN, *steps, &microseconds);
        *taken = microseconds * 1e-6 * (double)*steps;
        if (cause != SOMA_OK || *taken >= seconds || *steps == MOST_STEPS) return cause;
        /* A little more than seems to be needed, but no leap, since few steps may have been slow ones. */
        double growth = fmin(fmax(1.2 * seconds / fmax(*taken, 1e-9), 2), 50);
        *steps = (size_t)fmin((double)*steps * growth, MOST_STEPS);
    }
}

static soma_status measure(const struct settings *settings, soma_network *network, measure_function *function,
                           double seconds, struct timing *timing) {
    double times[MOST_MEASUREMENTS], taken;
    size_t steps, count = 0;
    soma_status cause =
        steps_within(settings, network, function, fmax(seconds / MOST_MEASUREMENTS, LEAST_SECONDS), &steps, &taken);
    double fitting = fmin(fmax(seconds / fmax(taken, 1e-9), LEAST_MEASUREMENTS), MOST_MEASUREMENTS);
    for (; count < (size_t)fitting && cause == SOMA_OK; count++)
        cause = function(network, settings->batch, settings->mode == MODE_TRAIN, steps, &times[count]);
    if (cause != SOMA_OK) return cause;
    qsort(times, count, sizeof *times, ascending);
    *timing = (struct timing){times[count / 2], times[0], times[count - 1]};
    return SOMA_OK;
}

/* --steps: the first step has been made; the rest follow. */
static soma_status measure_rest(const struct settings *settings, soma_network *network, double first,
                                struct timing *timing) {
    double microseconds = first;
    soma_status cause = SOMA_OK;
    if (settings->steps > 1) /* one of them goes before, untimed */
        cause = soma_bench_steps(network, settings->batch, settings->mode == MODE_TRAIN, settings->steps - 2,
                                 &microseconds);
    *timing = (struct timing){microseconds, microseconds, microseconds};
    return cause;
}

struct bench {
    double startup; /* seconds from the start of the process to the end of the first step */
    struct timing step, gemms;
    double flops;
    uint32_t calls;
    double peak; /* NaN where it was not asked for */
    struct profile profile;
};

static void say_bench(const struct settings *settings, const struct bench *bench) {
    say_result("startup    %10.1f ms, to the end of the first step\n", bench->startup * 1e3);
    say_result("step       %10.1f us", bench->step.median);
    if (!settings->steps) say_result(" (median; %.1f to %.1f)", bench->step.least, bench->step.most);
    say_result("\n");
    if (bench->gemms.median > 0)
        say_result("products   %10.1f us alone, %.0f %% of the step\n", bench->gemms.median,
                   100 * bench->gemms.median / bench->step.median);
    say_result("rate       %10.1f GFLOP/s, %.0f samples/s\n", bench->flops / bench->step.median * 1e-3,
               (double)settings->batch / bench->step.median * 1e6);
    say_result("calls      %10u a step\n", bench->calls);
    if (!isnan(bench->peak)) say_result("peak       %10.1f GFLOP/s\n", bench->peak);
}

static void report_bench(const struct settings *settings, soma_device *device, const struct bench *bench) {
    if (!settings->json) return;
    report *object = report_create();
    report_text(object, "device", soma_device_selector(device));
    report_text(object, "mode", settings->mode == MODE_TRAIN ? "train" : "infer");
    report_count(object, "batch", settings->batch);
    report_number(object, "step_us_median", bench->step.median);
    report_number(object, "step_us_min", bench->step.least);
    report_number(object, "step_us_max", bench->step.most);
    report_number(object, "gflops", bench->flops / bench->step.median * 1e-3);
    report_number(object, "gemm_floor_us", bench->gemms.median);
    report_count(object, "calls_per_step", bench->calls);
    report_number(object, "startup_ms", bench->startup * 1e3);
    if (!isnan(bench->peak)) report_number(object, "peak_gflops", bench->peak);
    profile_report(object, &bench->profile);
    report_print(object);
}

static exit_status bench(const struct settings *settings, soma_network *network, soma_device *device) {
    bool training = settings->mode == MODE_TRAIN;
    struct bench bench = {.peak = NAN};
    soma_network_figures figures;
    double first;
    soma_status cause = soma_bench_steps(network, settings->batch, training, 0, &first);
    bench.startup = clock_since_start();
    if (cause == SOMA_OK) cause = soma_network_get_figures(network, settings->batch, &figures);
    if (cause == SOMA_OK && settings->steps) {
        cause = measure_rest(settings, network, first, &bench.step);
        bench.gemms.median = NAN; /* they would be further steps */
    } else if (cause == SOMA_OK) {
        cause = measure(settings, network, soma_bench_steps, settings->seconds * 0.75, &bench.step);
        if (cause == SOMA_OK)
            cause = measure(settings, network, soma_bench_gemms, settings->seconds * 0.25, &bench.gemms);
    }
    if (cause == SOMA_OK && settings->peak) cause = soma_device_peak(device, &bench.peak);
    if (cause != SOMA_OK) return fail_from_library(cause, STATUS_USAGE, NULL);
    bench.flops = training ? figures.flops_per_step : figures.flops_per_inference;
    bench.calls = training ? figures.calls_per_step : figures.calls_per_inference;
    say_bench(settings, &bench);
    exit_status status = STATUS_DONE;
    if (settings->profile) status = profile_take(network, settings->batch, training, &bench.profile);
    if (status == STATUS_DONE) report_bench(settings, device, &bench);
    profile_release(&bench.profile);
    return status;
}

/* Inference where the network has no loss to be trained on, unless --mode says otherwise. */
static soma_status choose_mode(struct settings *settings, soma_network *network) {
    soma_network_figures figures;
    if (option_given(settings, mode)) return SOMA_OK;
    soma_status cause = soma_network_get_figures(network, settings->batch, &figures);
    if (cause == SOMA_OK && figures.calls_per_step == 0) settings->mode = MODE_INFER;
    return cause;
}

static exit_status bench_peak(const struct settings *settings) {
    soma_device *device = NULL;
    exit_status status = session_open(settings, &device);
    if (status != STATUS_DONE) return status;
    session_warn_of_several(device);
    double gflops;
    soma_status cause = soma_device_peak(device, &gflops);
    if (cause == SOMA_OK) {
        soma_device_info info;
        soma_device_get_info(device, &info);
        say_result("peak       %10.1f GFLOP/s, float32 multiply-adds on %s: %s\n", gflops, soma_device_selector(device),
                   info.name);
        if (settings->json) {
            report *object = report_create();
            report_text(object, "device", soma_device_selector(device));
            report_number(object, "peak_gflops", gflops);
            report_print(object);
        }
    } else
        status = fail_from_library(cause, STATUS_FAILED, NULL);
    soma_device_close(device);
    return status;
}

exit_status command_bench(const struct settings *given) {
    if (given->peak && !given->profile) return bench_peak(given);
    struct settings settings = *given;
    if (!settings.model && !settings.net) {
        settings.net = "dense 128 relu; dense 10 softmax";
        if (!settings.input_shapes) settings.input_shapes = "784";
    }
    soma_network *network = NULL;
    soma_device *device = NULL;
    exit_status status = model_open(&settings, true, &network, &device);
    if (status == STATUS_DONE) {
        soma_device_info info;
        soma_device_get_info(device, &info);
        say("%s, batch %llu, on %s: %s\n", settings.net ? settings.net : settings.model,
            (unsigned long long)settings.batch, soma_device_selector(device), info.name);
        soma_status cause = choose_mode(&settings, network);
        status = cause == SOMA_OK ? bench(&settings, network, device) : fail_from_library(cause, STATUS_USAGE, NULL);
    }
    soma_network_destroy(network);
    soma_device_close(device);
    return status;
}
