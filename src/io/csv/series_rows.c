/* SPDX-License-Identifier: MIT */
/* See series_rows.h. */
#include "io/csv/series_rows.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A gap in time is longer than so many of the steps that are usual, which are those of 95 of 100 rows: a week that ends
 * on Friday has none, and neither have months of 28 to 31 days. */
#define GAP   1.5
#define USUAL 0.95

typedef struct moment {
    double time;
    size_t row;
} moment;

static int compare_moments(const void *left, const void *right) {
    const moment *a = left, *b = right;
    if (a->time != b->time) return a->time < b->time ? -1 : 1;
    return a->row < b->row ? -1 : a->row > b->row;
}

static int compare_numbers(const void *left, const void *right) {
    const double a = *(const double *)left, b = *(const double *)right;
    return a < b ? -1 : a > b;
}

static soma_status check_times(const moment *moments, size_t count) {
    for (size_t i = 1; i < count; i++)
        if (moments[i].time == moments[i - 1].time)
            return soma_error(SOMA_INVALID_ARGUMENT,
                              "rows %zu and %zu, from 1, are of one time, %.17g; a series has one row for each time",
                              moments[i - 1].row + 1, moments[i].row + 1, moments[i].time);
    return SOMA_OK;
}

/* Which row comes when. */
static soma_status find_order(const soma_dataset *table, moment *moments, soma_series_rows *rows) {
    const double *times = table->storage->times;
    for (size_t i = 0; i < rows->count; i++)
        moments[i] = (moment){times ? times[soma_dataset_row(table, i)] : (double)i, i};
    for (size_t i = 1; i < rows->count; i++) rows->sorted |= moments[i].time < moments[i - 1].time;
    if (rows->sorted) qsort(moments, rows->count, sizeof *moments, compare_moments);
    SOMA_TRY(check_times(moments, rows->count));
    if (!times) return SOMA_OK;
    if (!(rows->times = soma_realloc(NULL, rows->count, sizeof *rows->times)))
        return soma_out_of_memory(rows->count * sizeof *rows->times, "the times of a series");
    for (size_t i = 0; i < rows->count; i++) rows->times[i] = moments[i].time;
    return SOMA_OK;
}

static soma_status read_values(const soma_dataset *table, const moment *moments, soma_series_rows *rows) {
    size_t bytes = SIZE_MAX;
    if (soma_multiply_size(rows->count * sizeof *rows->values, rows->width, &bytes)) rows->values = soma_malloc(bytes);
    if (!rows->values) return soma_out_of_memory(bytes, "the rows of a series");
    for (size_t i = 0; i < rows->count; i++)
        SOMA_TRY(soma_dataset_read_differences(table, 0, moments[i].row, 1, rows->values + i * rows->width));
    return SOMA_OK;
}

/* The step that is usual. */
static soma_status find_step(const soma_series_rows *rows, double *step) {
    const size_t count = rows->count - 1;
    double *steps = soma_realloc(NULL, SOMA_MAX(count, (size_t)1), sizeof *steps);
    if (!steps) return soma_out_of_memory(count * sizeof *steps, "the steps of a series");
    for (size_t i = 0; i < count; i++) steps[i] = rows->times[i + 1] - rows->times[i];
    qsort(steps, count, sizeof *steps, compare_numbers);
    *step = count ? steps[(size_t)((double)(count - 1) * USUAL)] : 1;
    soma_free(steps);
    return SOMA_OK;
}

static soma_status find_breaks(soma_series_rows *rows) {
    double usual = 1;
    if (rows->times) SOMA_TRY(find_step(rows, &usual));
    for (size_t i = 0; i < rows->count; i++) {
        const double step = rows->times && i ? (rows->times[i] - rows->times[i - 1]) / usual : 1;
        rows->breaks[i + 1] = rows->breaks[i] + (step > GAP);
        if (step <= GAP || step <= rows->longest) continue;
        rows->longest = step;
        rows->longest_at = i;
    }
    return SOMA_OK;
}

/* Values that are not there are those of the row before, but for what comes first behind a gap in time. */
static void fill(const soma_series *series, soma_series_rows *rows) {
    for (size_t i = 0; i < rows->count; i++) {
        float *values = rows->values + i * rows->width;
        bool absent = false, unknown = false;
        for (size_t j = 0; j < series->targets; j++) absent |= isnan(values[series->target[j]]);
        for (size_t j = 0; j < rows->width; j++) {
            if (isnan(values[j]) && i && rows->breaks[i + 1] == rows->breaks[i]) values[j] = values[j - rows->width];
            unknown |= isnan(values[j]);
        }
        rows->absent[i + 1] = rows->absent[i] + absent;
        rows->unknown[i + 1] = rows->unknown[i] + unknown;
    }
}

soma_status soma_series_rows_read(const soma_dataset *table, const soma_series *series, soma_series_rows *rows) {
    *rows = (soma_series_rows){.count = table->samples, .width = table->storage->input[0].width};
    size_t **const counts[] = {&rows->unknown, &rows->absent, &rows->breaks};
    moment *moments = soma_realloc(NULL, SOMA_MAX(rows->count, (size_t)1), sizeof *moments);
    soma_status status = moments ? SOMA_OK : soma_out_of_memory(rows->count * sizeof *moments, "the order of a series");
    for (size_t i = 0; status == SOMA_OK && i < SOMA_COUNT_OF(counts); i++)
        if (!(*counts[i] = soma_calloc(rows->count + 1, sizeof **counts[i])))
            status = soma_out_of_memory(rows->count * sizeof **counts[i], "the gaps of a series");
    if (status == SOMA_OK) status = find_order(table, moments, rows);
    if (status == SOMA_OK) status = read_values(table, moments, rows);
    if (status == SOMA_OK) status = find_breaks(rows);
    if (status == SOMA_OK) fill(series, rows);
    soma_free(moments);
    return status;
}

void soma_series_rows_clear(soma_series_rows *rows) {
    soma_free(rows->values);
    soma_free(rows->times);
    soma_free(rows->unknown);
    soma_free(rows->absent);
    soma_free(rows->breaks);
}
