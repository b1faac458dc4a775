/* SPDX-License-Identifier: MIT */
/* Opens the device that --device names. */
#include "session.h"
#include <stdlib.h>
#include <string.h>
#include <strings.h>

exit_status session_load_plugins(void) {
    const char *at = getenv("SOMA_PLUGINS");
    while (at && *at) {
        char path[4096];
        size_t length = strcspn(at, ":");
        if (length >= sizeof path)
            return fail(STATUS_DEVICE, "SOMA_PLUGINS: a path of %zu characters is too long", length);
        memcpy(path, at, length);
        path[length] = '\0';
        if (length) {
            soma_status cause = soma_device_load(path);
            if (cause != SOMA_OK) return fail_from_library(cause, STATUS_DEVICE, "SOMA_PLUGINS");
        }
        at += length + (at[length] == ':');
    }
    return STATUS_DONE;
}

static soma_device_options device_options(const struct settings *settings) {
    return (soma_device_options){.threads = (uint32_t)settings->threads,
                                 .memory_limit = settings->memory_limit,
                                 .data_memory = settings->data_memory};
}

static exit_status open_named(const struct settings *settings, const char *name, soma_device **device) {
    soma_device_options options = device_options(settings);
    soma_status cause = soma_device_open(name, &options, device);
    return cause == SOMA_OK ? STATUS_DONE : fail_from_library(cause, STATUS_DEVICE, NULL);
}

exit_status session_open(const struct settings *settings, soma_device **device) {
    return open_named(settings, settings->device, device);
}

void session_warn_of_several(soma_device *device) {
    soma_device_info info;
    if (!soma_device_part(device, 1)) return;
    soma_device_get_info(device, &info);
    warn("of the devices %s only training uses all; the first is used here, %s (%s)", soma_device_selector(device),
         info.name, info.platform);
}

/* As the library understands it: of no weight are upper and lower case, and a variable that is empty. */
static bool is_auto(const char *name) {
    return strcasecmp(name, "auto") == 0;
}

static const char *wanted_name(const struct settings *settings) {
    const char *wanted = getenv("SOMA_DEVICE");
    return is_auto(settings->device) && wanted && *wanted ? wanted : settings->device;
}

static bool is_starred(const char *name) {
    const size_t length = strlen(name);
    return length > 1 && name[length - 1] == '*';
}

bool session_may_be_several(const struct settings *settings) {
    const char *name = wanted_name(settings);
    return is_starred(name) || strchr(name, ',');
}

bool session_is_several(const struct settings *settings, soma_device *device) {
    return is_starred(wanted_name(settings)) || soma_device_part(device, 1);
}

static void print_time(void *context, const char *selector, const soma_device_info *info, double step_us) {
    (void)context;
    if (step_us < 0)
        say("  %-12s %s: failed\n", selector, info->name);
    else
        say("  %-12s %s: %.0f us a step\n", selector, info->name, step_us);
}

exit_status session_choose(const struct settings *settings, soma_network *network, const soma_compile_options *options,
                           size_t batch, soma_device **device) {
    if (!is_auto(wanted_name(settings))) return session_open(settings, device);
    say("Timing this network on the devices there are\n");
    soma_status cause = soma_choose_device(network, options, batch, print_time, NULL, device);
    /* A library without training has no steps to time. */
    if (cause == SOMA_UNSUPPORTED) return session_open(settings, device);
    if (cause != SOMA_OK)
        return fail_from_library(cause, settings->model || settings->load ? STATUS_FILE : STATUS_USAGE, NULL);
    if (!option_given(settings, threads) && !option_given(settings, memory_limit) &&
        !option_given(settings, data_memory))
        return STATUS_DONE;
    /* The choice was made without these options: the chosen device is opened again with them. */
    char selector[64];
    snprintf(selector, sizeof selector, "%s", soma_device_selector(*device));
    soma_device_close(*device);
    *device = NULL;
    return open_named(settings, selector, device);
}
