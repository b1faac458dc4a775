/* SPDX-License-Identifier: MIT */
/* soma devices: the table of the devices there are, and what was passed over. */
#include "options.h"
#include "report.h"
#include "session.h"
#include "tuning.h"
#include <stdlib.h>
#include <string.h>

struct device_row {
    char selector[64];
    soma_device_info info;
    bool usable;
    char reason[256];
    soma_device *device; /* open, with --verbose */
};

struct device_table {
    struct device_row *rows;
    size_t count;
    bool failed; /* out of memory */
};

static void add_row(void *context, const char *selector, const soma_device_info *info, bool usable,
                    const char *reason) {
    struct device_table *table = context;
    struct device_row *grown = table->failed ? NULL : realloc(table->rows, (table->count + 1) * sizeof *grown);
    table->failed = !grown;
    if (!grown) return;
    table->rows = grown;
    struct device_row *row = &grown[table->count++];
    *row = (struct device_row){.info = *info, .usable = usable};
    snprintf(row->selector, sizeof row->selector, "%s", selector ? selector : "");
    snprintf(row->reason, sizeof row->reason, "%s", reason ? reason : "");
}

static const char *kind_name(soma_device_kind kind) {
    switch (kind) {
    case SOMA_DEVICE_CPU:
        return "cpu";
    case SOMA_DEVICE_GPU:
        return "gpu";
    case SOMA_DEVICE_ACCELERATOR:
        return "accelerator";
    case SOMA_DEVICE_OPENCL_CPU:
        return "opencl cpu";
    default:
        return "other";
    }
}

/* Who multiplies matrices is known for certain once a device is open; one that does not open is passed over. */
static void complete_row(struct device_row *row) {
    if (soma_device_open(row->selector, NULL, &row->device) == SOMA_OK) {
        soma_device_get_info(row->device, &row->info);
        return;
    }
    row->usable = false;
    snprintf(row->reason, sizeof row->reason, "%s", soma_last_error());
}

static void close_row(struct device_row *row) {
    soma_device_close(row->device);
    row->device = NULL;
}

/* ------------------------------------------------------------------------------------------------------- output */

static const char *memory_text(uint64_t bytes, char text[24]) {
    if (bytes)
        snprintf(text, 24, "%.1f GiB", (double)bytes / (1024.0 * 1024.0 * 1024.0));
    else
        snprintf(text, 24, "-");
    return text;
}

enum { COLUMNS = 9 };
static const char *const headings[COLUMNS] = {"device", "name",   "platform", "vendor", "driver",
                                              "kind",   "memory", "units",    "GEMM"};

/* The cells of a row; memory and units are written into `scratch`. */
static void fill_cells(const struct device_row *row, char scratch[2][24], const char *cells[COLUMNS]) {
    const soma_device_info *info = &row->info;
    snprintf(scratch[1], sizeof scratch[1], "%u", info->compute_units);
    const char *all[COLUMNS] = {row->selector,
                                info->name,
                                info->platform,
                                info->vendor,
                                info->driver,
                                kind_name(info->kind),
                                memory_text(info->memory, scratch[0]),
                                scratch[1],
                                info->gemm};
    for (size_t i = 0; i < COLUMNS; i++) cells[i] = *all[i] ? all[i] : "-";
}

static void print_cells(const char *const cells[COLUMNS], const int widths[COLUMNS]) {
    for (size_t i = 0; i < COLUMNS; i++) {
        if (i + 1 < COLUMNS)
            say_result("%-*s  ", widths[i], cells[i]);
        else
            say_result("%s\n", cells[i]);
    }
}

static void print_table(const struct device_table *table) {
    int widths[COLUMNS];
    char scratch[2][24];
    const char *cells[COLUMNS];
    size_t passed_over = 0;
    for (size_t i = 0; i < COLUMNS; i++) widths[i] = (int)strlen(headings[i]);
    for (size_t r = 0; r < table->count; r++) {
        if (!table->rows[r].usable) continue;
        fill_cells(&table->rows[r], scratch, cells);
        for (size_t i = 0; i < COLUMNS; i++)
            if ((int)strlen(cells[i]) > widths[i]) widths[i] = (int)strlen(cells[i]);
    }
    print_cells(headings, widths);
    for (size_t r = 0; r < table->count; r++) {
        passed_over += !table->rows[r].usable;
        if (!table->rows[r].usable) continue;
        fill_cells(&table->rows[r], scratch, cells);
        print_cells(cells, widths);
    }
    if (passed_over) say_result("\nPassed over\n");
    for (size_t r = 0; r < table->count; r++) {
        const struct device_row *row = &table->rows[r];
        if (row->usable) continue;
        const char *name = *row->info.name ? row->info.name : row->info.platform;
        say_result("  %s%s%s: %s\n", row->selector, *row->selector && *name ? ", " : "", name, row->reason);
    }
}

/* --verbose: which kernels multiply matrices. */
static void print_kernels(const struct device_table *table) {
    for (size_t r = 0; r < table->count; r++) {
        const struct device_row *row = &table->rows[r];
        soma_tuning tuning;
        if (!row->device) continue;
        say_result("\n%s, %s: matrix products\n", row->selector, row->info.name);
        if (soma_device_get_tuning(row->device, &tuning) == SOMA_OK)
            tuning_say_compact(&tuning);
        else
            say_result("  %s, the only kernel\n", row->info.gemm);
    }
}

static void report_table(const struct device_table *table) {
    report *object = report_create();
    report *devices = report_array(object, "devices"), *passed_over = report_array(object, "passed_over");
    for (size_t r = 0; r < table->count; r++) {
        const struct device_row *row = &table->rows[r];
        report *item = report_append_object(row->usable ? devices : passed_over);
        report_text(item, "device", row->selector);
        report_text(item, "name", row->info.name);
        report_text(item, "platform", row->info.platform);
        if (!row->usable) {
            report_text(item, "reason", row->reason);
            continue;
        }
        report_text(item, "vendor", row->info.vendor);
        report_text(item, "driver", row->info.driver);
        report_text(item, "kind", kind_name(row->info.kind));
        report_count(item, "memory_bytes", row->info.memory);
        report_count(item, "compute_units", row->info.compute_units);
        report_text(item, "gemm", row->info.gemm);
        soma_tuning tuning;
        if (row->device && soma_device_get_tuning(row->device, &tuning) == SOMA_OK) tuning_report(item, &tuning);
    }
    report_print(object);
}

/* What --device opens: one, or several by a list of their names, of which the first has the others open. */
static exit_status collect_named(const struct settings *settings, struct device_table *table) {
    soma_device *device;
    exit_status status = session_open(settings, &device);
    if (status != STATUS_DONE) return status;
    const char *at = soma_device_selector(device);
    for (uint32_t i = 0; soma_device_part(device, i) && !table->failed; i++) {
        char selector[sizeof table->rows[0].selector];
        soma_device_info info;
        soma_device_get_info(soma_device_part(device, i), &info);
        const size_t length = strcspn(at, ",");
        snprintf(selector, sizeof selector, "%.*s", (int)length, at);
        at += length + (at[length] == ',');
        add_row(table, selector, &info, true, NULL);
    }
    if (table->failed)
        soma_device_close(device);
    else
        table->rows[0].device = device;
    return STATUS_DONE;
}

/* Those, or all; they stay open with --verbose. */
static exit_status collect(const struct settings *settings, struct device_table *table) {
    if (option_given(settings, device)) {
        exit_status status = collect_named(settings, table);
        if (status != STATUS_DONE) return status;
    } else {
        soma_status cause = soma_device_list(add_row, table);
        if (cause != SOMA_OK) return fail_from_library(cause, STATUS_DEVICE, NULL);
    }
    for (size_t i = 0; i < table->count; i++) {
        struct device_row *row = &table->rows[i];
        if (row->usable && !row->device) complete_row(row);
        if (!settings->verbose) close_row(row);
    }
    return table->failed ? fail(STATUS_FAILED, "out of memory") : STATUS_DONE;
}

exit_status command_devices(const struct settings *settings) {
    struct device_table table = {0};
    exit_status status = collect(settings, &table);
    if (status == STATUS_DONE && settings->json)
        report_table(&table);
    else if (status == STATUS_DONE)
        print_table(&table);
    if (status == STATUS_DONE && !settings->json) print_kernels(&table);
    for (size_t i = 0; i < table.count; i++) close_row(&table.rows[i]);
    free(table.rows);
    return status;
}
