/* SPDX-License-Identifier: MIT */
/* soma tune: measures which kernels serve a device best, and says what was chosen; or goes back to the default. */
#include "bar.h"
#include "interrupt.h"
#include "session.h"
#include "tuning.h"
#include <stdlib.h>
#include <string.h>

struct tune {
    const struct settings *settings;
    size_t sizes[SOMA_TUNE_MAX_SIZES], size_count;
    struct bar bar;
    report *devices; /* NULL without --json */
};

/* ------------------------------------------------------------------------------------------------------- options */

static exit_status refuse_sizes(const char *text) {
    return fail(STATUS_USAGE, "--sizes: '%s' is no list of sizes; accepted: 1 to %d whole numbers from 1 to %d, as %s",
                text, SOMA_TUNE_MAX_SIZES, SOMA_TUNE_MAX_SIZE, "32,128,512");
}

static exit_status read_sizes(struct tune *tune) {
    const char *text = tune->settings->sizes;
    for (const char *at = text; at;) {
        size_t digits = strspn(at, "0123456789");
        if (digits == 0 || digits > 9 || (at[digits] && at[digits] != ',') || tune->size_count == SOMA_TUNE_MAX_SIZES)
            return refuse_sizes(text);
        size_t size = strtoul(at, NULL, 10);
        if (size < 1 || size > SOMA_TUNE_MAX_SIZE) return refuse_sizes(text);
        tune->sizes[tune->size_count++] = size;
        at = at[digits] ? at + digits + 1 : NULL;
    }
    return STATUS_DONE;
}

/* ----------------------------------------------------------------------------------------------------- one device */

static soma_status show_shape(void *context, size_t done, size_t total, const char *shape) {
    const struct tune *tune = context;
    char head[48];
    snprintf(head, sizeof head, "Tuning %zu/%zu ", done, total);
    char tail[64];
    snprintf(tail, sizeof tail, "  %.60s", shape);
    bar_draw(&tune->bar, head, (double)done / (double)total, tail);
    return interrupt_came() ? SOMA_STOPPED : SOMA_OK;
}

static report *start_item(const struct tune *tune, soma_device *device) {
    soma_device_info info;
    soma_device_get_info(device, &info);
    report *item = report_append_object(tune->devices);
    report_text(item, "device", soma_device_selector(device));
    report_text(item, "name", info.name);
    return item;
}

static void say_name(soma_device *device) {
    soma_device_info info;
    soma_device_get_info(device, &info);
    say_result("%s: %s, %s\n", soma_device_selector(device), info.name, info.platform);
}

static exit_status say_untunable(const struct tune *tune, soma_device *device) {
    say_result("%s: nothing to tune, one kernel serves all matrix products\n", soma_device_selector(device));
    report_truth(start_item(tune, device), "tuned", false);
    return STATUS_DONE;
}

static exit_status forget(const struct tune *tune, soma_device *device, const soma_tuning *tuning) {
    bool removed = false;
    char file[4096];
    snprintf(file, sizeof file, "%s", tuning->file ? tuning->file : "");
    soma_status cause = soma_device_forget_tuning(device, &removed);
    if (cause != SOMA_OK) return fail_from_library(cause, STATUS_FAILED, NULL);
    say_result("%s: %s%s\n", soma_device_selector(device), removed ? "removed " : "nothing was kept",
               removed ? file : "");
    report *item = start_item(tune, device);
    report_truth(item, "removed", removed);
    report_text(item, "file", *file ? file : NULL);
    return STATUS_DONE;
}

static exit_status measure(struct tune *tune, soma_device *device, soma_tuning *tuning) {
    soma_tune_options options = {.on_shape = show_shape, .context = tune};
    if (tune->size_count) {
        options.sizes = tune->sizes;
        options.size_count = tune->size_count;
    }
    const double began = clock_since_start();
    interrupt_watch();
    soma_status cause = soma_device_tune(device, &options);
    bar_clear(&tune->bar);
    if (cause == SOMA_UNSUPPORTED) return say_untunable(tune, device);
    if (cause != SOMA_OK) return fail_from_library(cause, STATUS_FAILED, NULL);
    cause = soma_device_get_tuning(device, tuning);
    if (cause != SOMA_OK) return fail_from_library(cause, STATUS_FAILED, NULL);
    const double seconds = clock_since_start() - began;
    say_name(device);
    tuning_say_table(tuning);
    say_result("measured in %.1f s; kept in %s\n", seconds, tuning->file);
    report *item = start_item(tune, device);
    report_truth(item, "tuned", true);
    report_number(item, "seconds", seconds);
    tuning_report(item, tuning);
    return STATUS_DONE;
}

static exit_status tune_device(struct tune *tune, soma_device *device) {
    soma_tuning tuning;
    soma_status cause = soma_device_get_tuning(device, &tuning);
    if (cause == SOMA_UNSUPPORTED) return say_untunable(tune, device);
    if (cause != SOMA_OK) return fail_from_library(cause, STATUS_FAILED, NULL);
    return tune->settings->reset ? forget(tune, device, &tuning) : measure(tune, device, &tuning);
}

/* ---------------------------------------------------------------------------------------------------- all devices */

struct selectors {
    char name[64][64];
    size_t count;
};

static void add_selector(void *context, const char *selector, const soma_device_info *info, bool usable,
                         const char *reason) {
    struct selectors *selectors = context;
    (void)info, (void)reason;
    if (!usable || selectors->count == sizeof selectors->name / sizeof selectors->name[0]) return;
    snprintf(selectors->name[selectors->count++], sizeof selectors->name[0], "%s", selector);
}

static exit_status tune_named(struct tune *tune, const char *name) {
    struct settings settings = *tune->settings;
    soma_device *device;
    settings.device = name;
    exit_status status = session_open(&settings, &device);
    if (status != STATUS_DONE) return status;
    session_warn_of_several(device);
    status = tune_device(tune, device);
    soma_device_close(device);
    return status;
}

static exit_status tune_all(struct tune *tune) {
    struct selectors selectors = {.count = 0};
    soma_status cause = soma_device_list(add_selector, &selectors);
    if (cause != SOMA_OK) return fail_from_library(cause, STATUS_DEVICE, NULL);
    exit_status status = STATUS_DONE;
    for (size_t i = 0; i < selectors.count && !interrupt_came();
         i++) { /* one that fails leaves the others to be tuned */
        exit_status one = tune_named(tune, selectors.name[i]);
        if (one != STATUS_DONE) status = one;
    }
    return status;
}

exit_status command_tune(const struct settings *settings) {
    struct tune tune = {.settings = settings, .bar = bar_start(stderr)};
    exit_status status = read_sizes(&tune);
    if (status != STATUS_DONE) return status;
    report *object = settings->json ? report_create() : NULL;
    tune.devices = report_array(object, "devices");
    status = settings->device ? tune_named(&tune, settings->device) : tune_all(&tune);
    if (status == STATUS_DONE || !settings->device) /* of all devices, those that did not fail */
        report_print(object);
    else
        report_destroy(object);
    return status;
}
