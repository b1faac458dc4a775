/* SPDX-License-Identifier: MIT */
/* soma_device_check(): runs all rows of the suite and reports each. */
#include "device/conformance/suite.h"

#include <stdio.h>
#include <string.h>

static soma_case_table *const tables[SOMA_CHECK_COUNT] = {
#define X(NAME, name, views, when) [SOMA_PRIMITIVE_##NAME] = SOMA_WHEN_##when(soma_##name##_cases),
    SOMA_PRIMITIVE_LIST(X)
#undef X
        [SOMA_CHECK_MEMORY] = soma_memory_cases,
    [SOMA_CHECK_LIST] = soma_list_cases,
};

static soma_case_table *const speed_tables[SOMA_CHECK_COUNT] = {
#define X(NAME, name, views, when) [SOMA_PRIMITIVE_##NAME] = SOMA_WHEN_##when(soma_##name##_speeds),
    SOMA_PRIMITIVE_LIST(X)
#undef X
};

static const char *row_name(uint32_t row) {
    if (row == SOMA_CHECK_MEMORY) return "memory";
    if (row == SOMA_CHECK_LIST) return "list";
    return soma_primitive_name((soma_primitive)row);
}

void soma_suite_fail(soma_suite *suite, const char *text, const char *format, ...) {
    soma_check_result *result = &suite->result;
    result->passed = false;
    if (result->failures++) return;
    va_list arguments;
    va_start(arguments, format);
    char reason[sizeof result->detail];
    vsnprintf(reason, sizeof reason, format, arguments);
    va_end(arguments);
    snprintf(result->detail, sizeof result->detail, "%s: %.*s", text, (int)sizeof reason - 3, reason);
}

bool soma_suite_is_over(const soma_suite *suite) {
    return suite->status != SOMA_OK || (suite->first_failure_only && !suite->result.passed);
}

bool soma_suite_has(uint32_t row) {
    return tables[row] != NULL;
}

static soma_status go_through(soma_suite *suite, uint32_t row, soma_check_result *result) {
    suite->result.primitive = row_name(row);
    suite->result.native = suite->result.passed = true;
    suite->status = soma_neighbour_open(suite);
    if (suite->status == SOMA_OK) tables[row](suite);
    soma_neighbour_close(suite);
    *result = suite->result;
    return suite->status == SOMA_OK ? SOMA_OK : soma_error_prefix(suite->status, "checking %s: ", row_name(row));
}

soma_status soma_suite_check(soma_device *device, uint32_t row, bool first_failure_only, soma_check_result *result) {
    soma_suite suite = {.device = device, .first_failure_only = first_failure_only};
    return go_through(&suite, row, result);
}

soma_status soma_suite_prepare(soma_device *device, uint32_t row, soma_check_result *result) {
    soma_suite suite = {.device = device, .prepares_only = true};
    return go_through(&suite, row, result);
}

soma_status soma_suite_time(soma_device *device, uint32_t row, const soma_timing *timing) {
    soma_suite suite = {.device = device, .timing = *timing};
    suite.result.passed = true;
    if (speed_tables[row]) speed_tables[row](&suite);
    return suite.status == SOMA_OK ? SOMA_OK : soma_error_prefix(suite.status, "timing %s: ", row_name(row));
}

soma_status soma_device_check(soma_device *device, soma_check_function *function, void *context) {
    return soma_device_check_with(device, NULL, function, context);
}

soma_status soma_device_check_with(soma_device *device, const soma_check_options *options,
                                   soma_check_function *function, void *context) {
    if (!device) return soma_error(SOMA_INVALID_ARGUMENT, "soma_device_check: no device was given");
    if (options) SOMA_TRY(SOMA_CHECK_RESERVED(options, "soma_check_options"));
    soma_timing timing = {.on_speed = options ? options->on_speed : NULL, .context = context};
    if (timing.on_speed) SOMA_TRY(soma_device_peak_or_nan(device, &timing.peak));
    uint32_t failed = 0, count = 0;
    char first[sizeof((soma_check_result *)0)->detail + 32] = "";
    for (uint32_t row = 0; row < SOMA_CHECK_COUNT; row++) {
        soma_check_result result;
        if (!soma_suite_has(row)) continue;
        SOMA_TRY(soma_suite_check(device, row, false, &result));
        count++;
        if (function) function(context, &result);
        if (timing.on_speed) SOMA_TRY(soma_suite_time(device, row, &timing));
        if (result.passed) continue;
        if (!failed++) snprintf(first, sizeof first, "%s: %s", result.primitive, result.detail);
    }
    if (!failed) return SOMA_OK;
    return soma_error(SOMA_DEVICE_FAILED, "device %s (%s) fails %u of %u checks; the first: %s", device->selector,
                      device->info.name, failed, count, first);
}
