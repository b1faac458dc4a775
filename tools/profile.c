/* SPDX-License-Identifier: MIT */
/* Collects the calls of a step with their times, and shows them. */
#include "profile.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

static void collect(void *context, const soma_profile_row *row) {
    struct profile *profile = context;
    if (profile->count == profile->capacity) {
        size_t capacity = 2 * profile->capacity + 32;
        struct profile_row *grown = realloc(profile->rows, capacity * sizeof *grown);
        if (!grown) {
            profile->out_of_memory = true;
            return;
        }
        profile->rows = grown;
        profile->capacity = capacity;
    }
    struct profile_row *kept = &profile->rows[profile->count++];
    snprintf(kept->primitive, sizeof kept->primitive, "%s", row->primitive);
    snprintf(kept->tensor, sizeof kept->tensor, "%s", row->tensor);
    snprintf(kept->shapes, sizeof kept->shapes, "%s", row->shapes);
    kept->native = row->native;
    kept->microseconds = row->microseconds;
    kept->gflops = row->flops > 0 ? row->flops / row->microseconds * 1e-3 : NAN;
    kept->gigabytes = row->bytes / row->microseconds * 1e-3;
    kept->flops = row->flops;
    kept->bytes = row->bytes;
    kept->of_peak = row->of_peak;
    kept->of_copy = row->of_copy;
    profile->microseconds += row->microseconds;
}

static double share_of(const struct profile *profile, const struct profile_row *row) {
    return row->microseconds / profile->microseconds;
}

/* Of what holds the call up: of two bounds the one that it comes nearer to. */
static void say_limit(const struct profile_row *row) {
    bool computes = isnan(row->of_copy) || row->of_peak > row->of_copy;
    double share = computes ? row->of_peak : row->of_copy;
    if (!isnan(share)) say_result("  %3.0f %% of %s", 100 * share, computes ? "peak" : "copy");
}

static void print_table(const struct profile *profile) {
    int primitive = 9, tensor = 6, shapes = 6; /* the words of the heading */
    for (size_t i = 0; i < profile->count; i++) {
        const struct profile_row *row = &profile->rows[i];
        primitive = (int)fmax(primitive, (double)strlen(row->primitive));
        tensor = (int)fmax(tensor, (double)strlen(row->tensor));
        shapes = (int)fmax(shapes, (double)strlen(row->shapes));
    }
    say_result("\n%-*s  %-*s  %-*s  %10s  %6s  %18s  %s\n", primitive, "primitive", tensor, "tensor", shapes, "shapes",
               "time", "share", "rate       ", "limit");
    for (size_t i = 0; i < profile->count; i++) {
        const struct profile_row *row = &profile->rows[i];
        bool product = !isnan(row->gflops);
        say_result("%-*s  %-*s  %-*s  %7.1f us  %4.1f %%  %10.2f %-7s", primitive, row->primitive, tensor, row->tensor,
                   shapes, row->shapes, row->microseconds, 100 * share_of(profile, row),
                   product ? row->gflops : row->gigabytes, product ? "GFLOP/s" : "GB/s");
        say_limit(row);
        say_result("%s\n", row->native ? "" : "  (fallback)");
    }
    say_result("%zu calls, without the gathers of the inputs: %.1f us, each timed alone\n", profile->count,
               profile->microseconds);
}

exit_status profile_take(soma_network *network, size_t batch, bool training, struct profile *profile) {
    say("Timing each call of a step\n");
    soma_status cause = soma_bench_profile(network, batch, training, collect, profile);
    if (cause != SOMA_OK) return fail_from_library(cause, STATUS_USAGE, "--profile");
    if (profile->out_of_memory) return fail(STATUS_FAILED, "--profile: out of memory");
    print_table(profile);
    return STATUS_DONE;
}

void profile_report(report *object, const struct profile *profile) {
    if (!profile->count) return;
    report *array = report_array(object, "profile");
    for (size_t i = 0; i < profile->count; i++) {
        const struct profile_row *row = &profile->rows[i];
        report *entry = report_append_object(array);
        report_text(entry, "primitive", row->primitive);
        report_text(entry, "tensor", row->tensor);
        report_text(entry, "shapes", row->shapes);
        report_truth(entry, "native", row->native);
        report_number(entry, "us", row->microseconds);
        report_number(entry, "share", share_of(profile, row));
        report_number(entry, "flops", row->flops);
        report_number(entry, "bytes", row->bytes);
        report_number(entry, "gflops", row->gflops);
        report_number(entry, "gb_per_second", row->gigabytes);
        report_number(entry, "share_of_peak", row->of_peak);
        report_number(entry, "share_of_copy", row->of_copy);
    }
}

void profile_release(struct profile *profile) {
    free(profile->rows);
    *profile = (struct profile){0};
}
