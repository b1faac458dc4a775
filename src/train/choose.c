/* SPDX-License-Identifier: MIT */
/* soma_choose_device: the device on which this network trains quickest, by trying. */
#include "train/fit.h"
#include "train/measure.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* For each device: it is timed for about so long, after a first step that compiles what is missing. */
#define SECONDS_PER_DEVICE 0.3
#define SECONDS_PER_SAMPLE 0.01
enum { MOST_SAMPLES = 31 };

/* ------------------------------------------------------------------------------------------------- candidates */

typedef struct candidates {
    char (*selector)[64];
    size_t count;
    bool failed; /* out of memory */
} candidates;

static void note_candidate(void *context, const char *selector, const soma_device_info *info, bool usable,
                           const char *reason) {
    candidates *list = context;
    (void)info;
    (void)reason;
    if (!usable || list->failed) return;
    char(*grown)[64] = soma_realloc(list->selector, list->count + 1, sizeof *grown);
    list->failed = !grown;
    if (!grown) return;
    list->selector = grown;
    strncpy(grown[list->count], selector, sizeof *grown - 1);
    grown[list->count++][sizeof *grown - 1] = 0;
}

/* ----------------------------------------------------------------------------------------------------- weights */

/*
 * The weights stay on the host during the trials, and each device works on copies: then no trial, not even one that
 * fails midway, can touch them. An entry is NULL where the network has no values yet.
 */
static soma_status take_values(soma_network *network, float ***values) {
    *values = soma_calloc(network->parameter_count, sizeof **values);
    if (!*values) return soma_out_of_memory(network->parameter_count * sizeof **values, "the weights");
    for (size_t i = 0; i < network->parameter_count; i++) {
        (*values)[i] = network->parameters[i].values;
        network->parameters[i].values = NULL;
    }
    return SOMA_OK;
}

static void give_back_values(soma_network *network, float **values) {
    for (size_t i = 0; values && i < network->parameter_count; i++) {
        soma_free(network->parameters[i].values);
        network->parameters[i].values = values[i];
    }
    soma_free(values);
}

static soma_status lend_values(soma_network *network, float *const *values) {
    for (size_t i = 0; i < network->parameter_count; i++) {
        soma_parameter *parameter = &network->parameters[i];
        size_t bytes = soma_tensor_count(parameter->tensor) * sizeof(float);
        soma_free(parameter->values);
        parameter->values = values[i] ? soma_malloc(bytes) : NULL;
        if (!values[i]) continue;
        if (!parameter->values) return soma_out_of_memory(bytes, "the weights");
        memcpy(parameter->values, values[i], bytes);
    }
    return SOMA_OK;
}

/* ------------------------------------------------------------------------------------------------------- timing */

static int ascending(const void *left, const void *right) {
    double a = *(const double *)left, b = *(const double *)right;
    return (a > b) - (a < b);
}

/* Median over samples of several steps each, so that waiting for the device does not count. */
static soma_status time_steps(soma_bench *bench, double *step_us) {
    double seconds, samples[MOST_SAMPLES];
    SOMA_TRY(soma_bench_time(bench, 2, &seconds));
    SOMA_TRY(soma_bench_time(bench, 1, &seconds));
    double began = soma_seconds(), steps = SECONDS_PER_SAMPLE / SOMA_MAX(seconds, 1e-6);
    size_t count = 0, each = steps < 1 ? 1 : (size_t)steps;
    do {
        SOMA_TRY(soma_bench_time(bench, each, &seconds));
        samples[count++] = seconds / (double)each;
    } while (count < MOST_SAMPLES && soma_seconds() - began < SECONDS_PER_DEVICE);
    qsort(samples, count, sizeof *samples, ascending);
    *step_us = samples[count / 2] * 1e6;
    return SOMA_OK;
}

static soma_status time_device(soma_network *network, soma_device *device, const soma_compile_options *options,
                               size_t batch_size, double *step_us) {
    SOMA_TRY(soma_compile_lent(network, device, options));
    soma_bench bench;
    soma_status status = soma_bench_open(network, batch_size, soma_can_train(network), SIZE_MAX, &bench);
    if (status == SOMA_OK) {
        status = time_steps(&bench, step_us);
        soma_status closed = soma_bench_close(&bench);
        if (status == SOMA_OK) status = closed;
    }
    soma_network_discard(network);
    return status;
}

/* ------------------------------------------------------------------------------------------------------- choice */

typedef struct choice {
    soma_network *network;
    const soma_compile_options *options;
    size_t batch_size;
    soma_choose_function *function;
    void *context;
    float **values;
    soma_device *quickest; /* open */
    double quickest_us;
    soma_status failure; /* of the last device that failed, and why */
    char reason[1024];
} choice;

/* What no other device would take either. */
static bool is_of_network(soma_status status) {
    return status == SOMA_INVALID_ARGUMENT || status == SOMA_INVALID_SHAPE || status == SOMA_NO_GRADIENT;
}

static soma_status try_device(choice *chosen, const char *selector) {
    soma_device *device = NULL;
    soma_device_info info = {0};
    double step_us = -1;
    SOMA_TRY(lend_values(chosen->network, chosen->values));
    soma_status status = soma_device_open(selector, NULL, &device);
    if (status == SOMA_OK) {
        soma_device_get_info(device, &info);
        status = time_device(chosen->network, device, chosen->options, chosen->batch_size, &step_us);
        if (is_of_network(status)) {
            soma_device_close(device);
            return status;
        }
    }
    if (status != SOMA_OK) {
        chosen->failure = status;
        snprintf(chosen->reason, sizeof chosen->reason, "%s", soma_last_error());
        soma_log(SOMA_LOG_WARNING, "device %s is passed over: %s", selector, chosen->reason);
        step_us = -1;
    }
    if (chosen->function) chosen->function(chosen->context, selector, &info, step_us);
    if (!device) return SOMA_OK;
    bool quicker = step_us >= 0 && (!chosen->quickest || step_us < chosen->quickest_us);
    soma_device_close(quicker ? chosen->quickest : device);
    if (quicker) {
        chosen->quickest = device;
        chosen->quickest_us = step_us;
    }
    return SOMA_OK;
}

static soma_status try_devices(choice *chosen) {
    candidates list = {0};
    soma_status status = soma_device_list(note_candidate, &list);
    if (status == SOMA_OK && list.failed) status = soma_out_of_memory(sizeof *list.selector, "the list of devices");
    for (size_t i = 0; status == SOMA_OK && i < list.count; i++) status = try_device(chosen, list.selector[i]);
    soma_free(list.selector);
    if (status != SOMA_OK || chosen->quickest) return status;
    if (list.count == 0) return soma_error(SOMA_NO_DEVICE, "there is no device to choose from");
    return soma_error(chosen->failure, "no device can train this network: %s", chosen->reason);
}

/* The device that the environment names, if any. */
static const char *named_device(void) {
    const char *name = getenv("SOMA_DEVICE");
    return name && *name && strcasecmp(name, "auto") != 0 ? name : NULL;
}

soma_status soma_choose_device(soma_network *network, const soma_compile_options *options, size_t batch_size,
                               soma_choose_function *function, void *context, soma_device **device) {
    if (!network || !device)
        return soma_error(SOMA_INVALID_ARGUMENT, "soma_choose_device: %s is NULL", network ? "device" : "network");
    *device = NULL;
    if (named_device()) return soma_device_open(named_device(), NULL, device);
    if (network->compiled) SOMA_TRY(soma_require_no_fit(network, "soma_choose_device"));
    SOMA_TRY(soma_network_status(network));
    SOMA_TRY(soma_network_decompile(network));

    choice chosen = {.network = network, .options = options, .function = function, .context = context};
    chosen.batch_size = batch_size ? batch_size : 32;
    soma_compile_options kept = network->options;
    bool had_options = network->has_options;
    SOMA_TRY(take_values(network, &chosen.values));
    soma_status status = try_devices(&chosen);
    give_back_values(network, chosen.values);
    network->options = kept;
    network->has_options = had_options;
    if (status != SOMA_OK) {
        soma_device_close(chosen.quickest);
        return status;
    }
    *device = chosen.quickest;
    return SOMA_OK;
}
