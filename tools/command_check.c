/* SPDX-License-Identifier: MIT */
/* soma check: the conformance suite on a device, a line for each primitive. */
#include "options.h"
#include "report.h"
#include "session.h"

struct check {
    report *primitives; /* NULL without --json */
    uint32_t count, failed, fallbacks;
};

static void take_result(void *context, const soma_check_result *result) {
    struct check *check = context;
    check->count++;
    check->failed += !result->passed;
    check->fallbacks += !result->native;
    say("%-16s %-9s %6u cases  worst error %-10.3g bound %-10.3g %s\n", result->primitive,
        result->native ? "native" : "fallback", result->cases, result->worst_error, result->bound,
        result->passed ? "ok" : "FAILED");
    if (!result->passed)
        say_result("%s: %u of %u cases failed; the first: %s\n", result->primitive, result->failures, result->cases,
                   result->detail);
    report *item = report_append_object(check->primitives);
    report_text(item, "primitive", result->primitive);
    report_truth(item, "native", result->native);
    report_truth(item, "passed", result->passed);
    report_count(item, "cases", result->cases);
    report_count(item, "failures", result->failures);
    report_number(item, "worst_error", result->worst_error);
    report_number(item, "bound", result->bound);
    report_text(item, "detail", result->detail);
}

static exit_status check_device(const struct settings *settings, soma_device *device) {
    soma_device_info info;
    soma_device_get_info(device, &info);
    report *object = settings->json ? report_create() : NULL;
    report_text(object, "device", soma_device_selector(device));
    report_text(object, "device_name", info.name);
    struct check check = {.primitives = report_array(object, "primitives")};
    say("%s: %s, %s\n", soma_device_selector(device), info.name, info.platform);
    soma_status cause = soma_device_check(device, take_result, &check);
    bool ran = check.failed || cause == SOMA_OK; /* an error without a failure: the suite itself could not go on */
    if (!ran) {
        report_destroy(object);
        return fail_from_library(cause, STATUS_DEVICE, NULL);
    }
    say_result("%u of %u primitives agree with the reference, %u of them native\n", check.count - check.failed,
               check.count, check.count - check.fallbacks);
    report_truth(object, "passed", !check.failed);
    report_print(object);
    return check.failed ? STATUS_FAILED : STATUS_DONE;
}

exit_status command_check(const struct settings *settings) {
    soma_device *device;
    exit_status status = session_open(settings, &device);
    if (status != STATUS_DONE) return status;
    status = check_device(settings, device);
    soma_device_close(device);
    return status;
}
