/* SPDX-License-Identifier: MIT */
/* soma check: the conformance suite on a device, a line for each primitive; --time: how quick it is, below. */
#include "options.h"
#include "report.h"
#include "session.h"
#include <math.h>

struct check {
    report *primitives; /* NULL without --json */
    report *speeds;     /* of the primitive at hand */
    bool timed;
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
    if (check->timed) check->speeds = report_array(item, "speeds");
}

static void take_speed(void *context, const soma_check_speed *speed) {
    struct check *check = context;
    bool computes = speed->flops > 0;
    double rate = (computes ? speed->flops : speed->bytes) / speed->microseconds * 1e-3;
    say("  %-24s %-36s %10.1f us %9.2f %-7s", speed->what, speed->shapes, speed->microseconds, rate,
        computes ? "GFLOP/s" : "GB/s");
    if (!isnan(speed->share)) say(" %4.0f %% of %s", 100 * speed->share, computes ? "the peak" : "a copy");
    say("%s\n", speed->native ? "" : " (fallback)");
    report *item = report_append_object(check->speeds);
    report_text(item, "what", speed->what);
    report_text(item, "shapes", speed->shapes);
    report_truth(item, "native", speed->native);
    report_number(item, "us", speed->microseconds);
    report_number(item, "gflops", computes ? rate : NAN);
    report_number(item, "gb_per_second", speed->bytes / speed->microseconds * 1e-3);
    report_number(item, "share_of_peak", computes ? speed->share : NAN);
    report_number(item, "share_of_copy", computes ? NAN : speed->share);
}

static exit_status check_device(const struct settings *settings, soma_device *device) {
    soma_device_info info;
    soma_device_get_info(device, &info);
    report *object = settings->json ? report_create() : NULL;
    report_text(object, "device", soma_device_selector(device));
    report_text(object, "device_name", info.name);
    struct check check = {.primitives = report_array(object, "primitives"), .timed = settings->time};
    say("%s: %s, %s\n", soma_device_selector(device), info.name, info.platform);
    const soma_check_options options = {.on_speed = settings->time ? take_speed : NULL};
    soma_status cause = soma_device_check_with(device, &options, take_result, &check);
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
    session_warn_of_several(device);
    status = check_device(settings, device);
    soma_device_close(device);
    return status;
}
