/* SPDX-License-Identifier: MIT */
/*
 * Series of numbers: a sample is a window of the rows of a table, its target what the next rows have in some of the
 * columns. A window lies in one stretch of time without gaps; what is held out is the end of the series.
 */
#include "base/utf8.h"
#include "io/csv/series_rows.h"
#include "io/csv/table.h"
#include "nn/network.h"

#include <math.h>
#include <string.h>

typedef struct cutting {
    const soma_series_options *options;
    soma_dataset *table; /* with the network's columns, where there is one */
    const double *offset;
    soma_series series;
    soma_series_rows rows;
    size_t gaps, lacking; /* windows that are left out, of all parts */
} cutting;

/* ------------------------------------------------------------------------------------------------------- targets */

static soma_status add_target(const soma_columns *columns, size_t input, soma_series *series) {
    const size_t at = soma_columns_of_input(columns, input);
    if (at < columns->count && !soma_table_column_has_value(&columns->column[at]))
        return soma_error(SOMA_INVALID_ARGUMENT, "column %s holds words; numbers can be forecast",
                          soma_quote(columns->column[at].name, strlen(columns->column[at].name)).text);
    size_t *target = soma_realloc(series->target, series->targets + 1, sizeof *target);
    if (!target) return soma_out_of_memory((series->targets + 1) * sizeof *target, "what is to be forecast");
    series->target = target;
    target[series->targets++] = input;
    return SOMA_OK;
}

/* Columns of a table, or, of data without names, its values. */
static soma_status choose(const soma_columns *columns, size_t width, const char *label, bool *chosen) {
    const size_t count = columns->count ? columns->count : width;
    const soma_csv_reader reader = {.name = "the series"};
    soma_csv_layout layout = {.columns = count};
    size_t number;
    soma_status status = SOMA_OK;
    for (size_t i = 0; status == SOMA_OK && columns->named && i < columns->count; i++)
        status = soma_words_add(&layout.header, columns->column[i].name, 1, &number);
    if (status == SOMA_OK) status = soma_csv_choose(&reader, &layout, "what is to be forecast", label, chosen);
    soma_words_clear(&layout.header);
    return status;
}

static soma_status take_chosen(const soma_columns *columns, size_t width, const bool *chosen, soma_series *series) {
    size_t input = 0;
    for (size_t i = 0; i < (columns->count ? columns->count : width); i++) {
        const soma_table_column *column = columns->count ? &columns->column[i] : NULL;
        const bool feature = !column || column->role == SOMA_COLUMN_FEATURE;
        if (chosen[i] && !feature)
            return soma_error(SOMA_INVALID_ARGUMENT,
                              "column %zu %s is to be forecast, but is none of the columns that the network sees",
                              i + 1, soma_quote(column->name, strlen(column->name)).text);
        if (chosen[i]) SOMA_TRY(add_target(columns, input, series));
        if (feature) input += column ? soma_table_column_width(column) : 1;
    }
    return SOMA_OK;
}

/* The last column of numbers. */
static soma_status take_last(const soma_columns *columns, size_t width, soma_series *series) {
    size_t input = 0, last = columns->count ? width : width - 1;
    for (size_t i = 0; i < columns->count; i++) {
        const soma_table_column *column = &columns->column[i];
        if (column->role != SOMA_COLUMN_FEATURE) continue;
        if (soma_table_column_has_value(column)) last = input;
        input += soma_table_column_width(column);
    }
    if (last < width) return add_target(columns, last, series);
    return soma_error(SOMA_INVALID_ARGUMENT, "the series has no column of numbers, and nothing to forecast");
}

static soma_status find_targets(cutting *at) {
    const soma_columns *columns = &at->table->storage->columns;
    const size_t width = at->table->storage->input[0].width;
    if (!at->options->label) return take_last(columns, width, &at->series);
    bool *chosen = soma_calloc(SOMA_MAX(columns->count, width), sizeof *chosen);
    if (!chosen) return soma_out_of_memory(width, "what is to be forecast");
    soma_status status = choose(columns, width, at->options->label, chosen);
    if (status == SOMA_OK) status = take_chosen(columns, width, chosen, &at->series);
    soma_free(chosen);
    return status;
}

/* ------------------------------------------------------------------------------------------------- what is wanted */

static soma_status refuse_other(const char *what, size_t said, size_t learnt) {
    return soma_error(SOMA_INVALID_ARGUMENT, "a %s of %zu steps is wanted; the network learnt one of %zu, which stands",
                      what, said, learnt);
}

static soma_status take_known(const soma_network *network, cutting *at) {
    const soma_series_options *options = at->options;
    const soma_series *known = &network->series;
    const size_t inputs = network->input_count ? soma_tensor_count(network->inputs[0]) : 0;
    if (options->window && options->window != known->window)
        return refuse_other("window", options->window, known->window);
    if (options->horizon && options->horizon != known->horizon)
        return refuse_other("horizon", options->horizon, known->horizon);
    SOMA_TRY(soma_dataset_match(at->table, network));
    const size_t width = at->table->storage->input[0].width;
    if (width * known->window != inputs)
        return soma_error(SOMA_INVALID_SHAPE, "a step of the series has %zu values, one of the network's %zu", width,
                          inputs / known->window);
    SOMA_TRY(soma_series_copy(known, &at->series));
    if (options->season) at->series.season = options->season;
    if (!options->label) return SOMA_OK;
    cutting said = {.options = options, .table = at->table};
    soma_status status = find_targets(&said);
    if (status == SOMA_OK && (said.series.targets != known->targets ||
                              memcmp(said.series.target, known->target, known->targets * sizeof *known->target) != 0))
        status = soma_error(SOMA_INVALID_ARGUMENT,
                            "other columns are to be forecast than the network learnt, which stand without saying it");
    soma_series_clear(&said.series);
    return status;
}

static soma_status take_options(cutting *at) {
    const soma_series_options *options = at->options;
    const soma_network *network = options->network;
    if (network && network->series.window) return take_known(network, at);
    if (network)
        return soma_error(SOMA_INVALID_ARGUMENT, "the network has learnt of no series, and has no window of one");
    if (!options->window)
        return soma_error(SOMA_INVALID_ARGUMENT, "the window of a series has 0 steps; at least one is wanted");
    at->series = (soma_series){
        .window = options->window, .horizon = SOMA_MAX(options->horizon, (size_t)1), .season = options->season};
    return find_targets(at);
}

/* Also of what a file says. A part that was held out may be without a window, and what is ahead may be far. */
static soma_status check_sizes(const cutting *at) {
    const soma_series *series = &at->series;
    const size_t rows = at->table->samples;
    if (series->season > INT32_MAX)
        return soma_error(SOMA_INVALID_ARGUMENT, "a season of %zu steps; accepted: 1 to %d", series->season, INT32_MAX);
    if (at->options->as_learnt || at->options->ahead) return SOMA_OK;
    if (series->window <= rows && series->horizon <= rows) return SOMA_OK;
    return soma_error(SOMA_INVALID_FILE, "a window of %zu steps and the %zu that follow it; the table has %zu rows",
                      series->window, series->horizon, rows);
}

/* ------------------------------------------------------------------------------------------------------- windows */

static bool is_whole(cutting *at, size_t begin) {
    const soma_series_rows *rows = &at->rows;
    const size_t first = begin - at->series.window, end = begin + (at->options->ahead ? 0 : at->series.horizon);
    const bool gap = rows->breaks[end] > rows->breaks[first + 1];
    const bool lacks = rows->unknown[begin] > rows->unknown[first] || rows->absent[end] > rows->absent[begin];
    at->gaps += gap;
    at->lacking += !gap && lacks;
    return !gap && !lacks;
}

/* Where the targets of rows from begin up to end begin: into places[], which may be NULL; returns how many. */
static size_t find_places(cutting *at, size_t begin, size_t end, size_t *places) {
    const size_t step = at->options->step ? at->options->step : 1;
    size_t count = 0;
    for (size_t i = SOMA_MAX(begin, at->series.window); i <= end && at->series.horizon <= end - i; i += step) {
        if (is_whole(at, i)) {
            if (places) places[count] = i;
            count++;
        }
        if (step > end - i) break;
    }
    return count;
}

static soma_status make_column(size_t rows, uint32_t rank, const size_t *shape, soma_column *column) {
    size_t bytes = SIZE_MAX;
    soma_column_set(column, NULL, true, SOMA_F32, rank, shape, 0);
    if (soma_column_bytes(column, rows, &bytes)) column->data = soma_malloc_aligned(SOMA_DATA_ALIGNMENT, bytes);
    return column->data ? SOMA_OK : soma_out_of_memory(bytes, "the windows of a series");
}

static soma_status make_offset(const cutting *at, soma_column *column) {
    if (!at->offset) return SOMA_OK;
    column->offset = soma_realloc(NULL, column->width, sizeof *column->offset);
    if (!column->offset) return soma_out_of_memory(column->width * sizeof *column->offset, "the windows of a series");
    for (size_t i = 0; i < column->width; i++) column->offset[i] = at->offset[i % at->rows.width];
    return SOMA_OK;
}

static float target_at(const cutting *at, size_t row, size_t target) {
    const size_t place = at->series.target[target];
    const float value = at->rows.values[row * at->rows.width + place];
    return at->offset ? (float)((double)value + at->offset[place]) : value;
}

static soma_status keep_past(const cutting *at, soma_storage *storage) {
    const size_t count = at->rows.count, targets = at->series.targets;
    storage->past = soma_realloc(NULL, count * targets, sizeof *storage->past);
    if (!storage->past) return soma_out_of_memory(count * targets * sizeof *storage->past, "a series");
    storage->past_breaks = soma_realloc(NULL, count + 1, sizeof *storage->past_breaks);
    if (!storage->past_breaks) return soma_out_of_memory((count + 1) * sizeof *storage->past_breaks, "a series");
    memcpy(storage->past_breaks, at->rows.breaks, (count + 1) * sizeof *storage->past_breaks);
    storage->past_rows = count;
    for (size_t row = 0; row < count; row++)
        for (size_t i = 0; i < targets; i++) storage->past[row * targets + i] = target_at(at, row, i);
    return SOMA_OK;
}

static void fill(const cutting *at, soma_storage *storage) {
    const soma_series *series = &at->series;
    const size_t width = at->rows.width;
    for (size_t i = 0; i < storage->rows; i++) {
        const size_t begin = storage->begin[i];
        memcpy((float *)storage->input[0].data + i * storage->input[0].width,
               at->rows.values + (begin - series->window) * width, series->window * width * sizeof(float));
        float *targets = (float *)storage->target[0].data + i * storage->target[0].width;
        for (size_t j = 0; storage->target_count && j < series->horizon * series->targets; j++)
            targets[j] = target_at(at, begin + j / series->targets, j % series->targets);
    }
}

static soma_status make_storage(const cutting *at, soma_storage *storage) {
    const size_t window[] = {at->series.window, at->rows.width}, ahead = at->series.horizon * at->series.targets;
    SOMA_TRY(soma_columns_copy(&at->table->storage->columns, &storage->columns));
    SOMA_TRY(soma_series_copy(&at->series, &storage->series));
    SOMA_TRY(keep_past(at, storage));
    SOMA_TRY(make_column(storage->rows, 2, window, &storage->input[storage->input_count++]));
    SOMA_TRY(make_offset(at, &storage->input[0]));
    if (!at->options->ahead) SOMA_TRY(make_column(storage->rows, 1, &ahead, &storage->target[storage->target_count++]));
    fill(at, storage);
    return SOMA_OK;
}

/* Takes over the places. */
static soma_status make_dataset(const cutting *at, size_t *places, size_t count, soma_dataset **dataset) {
    soma_storage *storage = soma_storage_create();
    if (!storage) {
        soma_free(places);
        return soma_out_of_memory(sizeof *storage, "a data set");
    }
    storage->rows = count;
    storage->begin = places;
    soma_status status = make_storage(at, storage);
    if (status == SOMA_OK) return soma_dataset_make(storage, dataset);
    soma_storage_release(storage);
    return status;
}

static soma_status make_part(cutting *at, const char *part, size_t begin, size_t end, soma_dataset **dataset) {
    const size_t count = find_places(at, begin, end, NULL);
    if (!count && at->options->as_learnt) return SOMA_OK;
    if (!count)
        return soma_error(SOMA_INVALID_FILE,
                          "%zu of the %zu rows %s: there is no window of %zu rows and the %zu that follow it in them, "
                          "without gaps",
                          end - begin, at->rows.count, part, at->series.window, at->series.horizon);
    at->gaps = at->lacking = 0;
    size_t *places = soma_realloc(NULL, count, sizeof *places);
    if (!places) return soma_out_of_memory(count * sizeof *places, "the windows of a series");
    find_places(at, begin, end, places);
    return make_dataset(at, places, count, dataset);
}

/* ------------------------------------------------------------------------------------------------------- division */

static size_t rows_until(const soma_series_rows *rows, bool timed, double time, size_t most) {
    size_t count = 0;
    if (!timed || !rows->times) return SOMA_MIN(most, rows->count);
    while (count < rows->count && rows->times[count] <= time) count++;
    return count;
}

/* Where what is validated and what is tested on begin. */
static void divide(cutting *at, size_t *validation, size_t *test) {
    const soma_series_options *options = at->options;
    const soma_series_rows *rows = &at->rows;
    soma_series *series = &at->series;
    if (options->as_learnt && options->network) {
        *validation = rows_until(rows, series->timed, series->train_time, series->train_rows);
        *test = rows_until(rows, series->timed, series->validation_time, series->validation_rows);
        return;
    }
    *test = rows->count - (size_t)round((double)rows->count * options->test);
    *validation = *test - (size_t)round((double)*test * options->validation);
    if (!*validation) return;
    series->train_rows = *validation;
    series->validation_rows = *test;
    series->timed = rows->times != NULL;
    series->train_time = series->timed ? rows->times[*validation - 1] : 0;
    series->validation_time = series->timed ? rows->times[*test - 1] : 0;
}

/* What was passed over or taken for granted. */
static soma_status make_note(const cutting *at, soma_storage *storage) {
    soma_text note = {.length = 0};
    const size_t gaps = at->rows.breaks[at->rows.count];
    if (at->rows.sorted) soma_text_append(&note, "the %zu rows are taken in the order of time", at->rows.count);
    if (gaps)
        soma_text_append(&note,
                         "%sgaps in time: %zu, the longest of %.6g steps before row %zu; windows across them are left "
                         "out",
                         note.data ? "\n" : "", gaps, at->rows.longest, at->rows.longest_at + 1);
    if (at->lacking)
        soma_text_append(&note, "%s%zu windows of the first part are left out: what is to be forecast is not there",
                         note.data ? "\n" : "", at->lacking);
    if (note.failed) return soma_out_of_memory(note.length, "a note");
    storage->note = note.data;
    return SOMA_OK;
}

static soma_status make_parts(cutting *at, soma_dataset **parts, bool validates, bool tests) {
    size_t validation, test;
    divide(at, &validation, &test);
    SOMA_TRY(make_part(at, "are to train on", 0, validation, &parts[0]));
    if (parts[0]) SOMA_TRY(make_note(at, parts[0]->storage));
    if (validates && validation < test)
        SOMA_TRY(make_part(at, "are held out for validation", validation, test, &parts[1]));
    if (tests && test < at->rows.count)
        SOMA_TRY(make_part(at, "are held out to test on", test, at->rows.count, &parts[2]));
    return SOMA_OK;
}

/* The rows at the end, behind which nothing is known. */
static soma_status make_ahead(cutting *at, soma_dataset **dataset) {
    const size_t count = at->rows.count;
    if (count < at->series.window || !is_whole(at, count))
        return soma_error(SOMA_INVALID_FILE,
                          "the %zu rows do not end in a window of %zu without gaps, of which there could be a forecast",
                          count, at->series.window);
    size_t *places = soma_realloc(NULL, 1, sizeof *places);
    if (!places) return soma_out_of_memory(sizeof *places, "the windows of a series");
    *places = count;
    SOMA_TRY(make_dataset(at, places, 1, dataset));
    return make_note(at, (*dataset)->storage);
}

static soma_status check(const soma_dataset *table, const soma_series_options *options, soma_dataset *const *train) {
    if (!table || !options || !train)
        return soma_error(SOMA_INVALID_ARGUMENT, "soma_dataset_from_series: %s is NULL",
                          !table    ? "the table"
                          : options ? "train"
                                    : "options");
    SOMA_TRY(SOMA_CHECK_RESERVED(options, "soma_series_options"));
    const soma_storage *storage = table->storage;
    if (storage->input_count != 1 || storage->input[0].rank != 1)
        return soma_error(SOMA_INVALID_SHAPE,
                          "a series is made of one input, of one row of values for each time; the data set has %zu "
                          "inputs, the first of %u dimensions",
                          storage->input_count, storage->input[0].rank);
    if (options->validation >= 0 && options->validation < 1 && options->test >= 0 && options->test < 1) return SOMA_OK;
    return soma_error(SOMA_INVALID_ARGUMENT, "%g of the series for validation, %g to test on; from 0 on, less than 1",
                      options->validation, options->test);
}

/* One over the same storage, that may be given another one. */
static soma_status view_table(const soma_dataset *table, soma_dataset **view) {
    int32_t *rows = NULL;
    if (table->rows) {
        if (!(rows = soma_realloc(NULL, table->samples, sizeof *rows)))
            return soma_out_of_memory(table->samples * sizeof *rows, "a series");
        memcpy(rows, table->rows, table->samples * sizeof *rows);
    }
    return soma_dataset_view(table->storage, rows, table->samples, view);
}

soma_status soma_dataset_from_series(const soma_dataset *table, const soma_series_options *options,
                                     soma_dataset **train, soma_dataset **validation, soma_dataset **test) {
    soma_dataset *parts[3] = {NULL}, **wanted[3] = {train, validation, test};
    for (size_t i = 0; i < 3; i++)
        if (wanted[i]) *wanted[i] = NULL;
    SOMA_TRY(check(table, options, train));
    cutting at = {.options = options};
    soma_status status = view_table(table, &at.table);
    if (status == SOMA_OK) status = take_options(&at);
    if (status == SOMA_OK) status = check_sizes(&at);
    if (status == SOMA_OK) at.offset = at.table->storage->input[0].offset;
    if (status == SOMA_OK) status = soma_series_rows_read(at.table, &at.series, &at.rows);
    if (status == SOMA_OK)
        status = options->ahead ? make_ahead(&at, &parts[0]) : make_parts(&at, parts, validation, test);
    soma_series_rows_clear(&at.rows);
    soma_series_clear(&at.series);
    soma_dataset_destroy(at.table);
    for (size_t i = 0; i < 3; i++) {
        if (status == SOMA_OK && wanted[i])
            *wanted[i] = parts[i];
        else
            soma_dataset_destroy(parts[i]);
    }
    return status;
}
