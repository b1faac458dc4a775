/* SPDX-License-Identifier: MIT */
/* See gaps.h. */
#include "data/gaps.h"
#include "base/utf8.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* Values are gathered for so many columns at once: rows lie one after the other in memory. */
#define TOGETHER 16

/* A table's features, of sequences once for each step; NULL for other data, in which nothing is a gap. */
static const soma_column *table_input(const soma_dataset *dataset) {
    const soma_storage *storage = dataset->storage;
    const bool alone = storage->input_count == 1 || soma_columns_are_of_steps(&storage->columns);
    bool table = storage->columns.count > 0 && alone && storage->input[0].dtype == SOMA_F32;
    return table ? &storage->input[0] : NULL;
}

/* Steps of a sample, each of which has all features; 1 where a row is a sample. */
static size_t steps_of(const soma_storage *storage) {
    return soma_columns_are_of_steps(&storage->columns) ? storage->input[0].shape[0] : 1;
}

/* Of a row of the storage; what a sequence is filled up with is none. */
static bool has_step(const soma_storage *storage, size_t row, size_t steps, size_t step) {
    return !storage->masked || ((const float *)storage->input[1].data)[row * steps + step] > 0;
}

static bool is_filled(soma_missing missing) {
    return missing == SOMA_MISSING_MEDIAN || missing == SOMA_MISSING_MEAN || missing == SOMA_MISSING_ZERO;
}

/* Of the column that has this input. */
typedef struct feature_name {
    char text[96];
} feature_name;

static feature_name name_feature(const soma_columns *columns, size_t feature) {
    feature_name name;
    size_t at = soma_columns_of_input(columns, feature);
    const char *text = at < columns->count ? columns->column[at].name : "";
    if (*text)
        snprintf(name.text, sizeof name.text, "column %s", soma_quote(text, strlen(text)).text);
    else
        snprintf(name.text, sizeof name.text, "feature %zu", feature + 1);
    return name;
}

/* ------------------------------------------------------------------------------------------------------ figures */

/* Puts the value in its place that has `rank` values below it once they are in order; those below it come before. */
static float select_rank(float *values, size_t count, size_t rank) {
    size_t first = 0, last = count - 1;
    while (first < last) {
        const float pivot = values[first + (last - first) / 2];
        size_t low = first, high = last;
        for (;;) {
            while (values[low] < pivot) low++;
            while (values[high] > pivot) high--;
            if (low >= high) break;
            const float other = values[low];
            values[low++] = values[high];
            values[high--] = other;
        }
        /* Up to `high` none is greater than the pivot, behind it none smaller. */
        if (rank <= high)
            last = high;
        else
            first = high + 1;
    }
    return values[rank];
}

/* Of an even number of values, the middle between the two. `values` is reordered. */
static double median_of(float *values, size_t count) {
    const double upper = (double)select_rank(values, count, count / 2);
    if (count % 2) return upper;
    float lower = values[0];
    for (size_t i = 1; i < count / 2; i++) lower = fmaxf(lower, values[i]);
    return (double)lower + (upper - (double)lower) / 2;
}

static double mean_of(const float *values, size_t count) {
    double sum = 0;
    for (size_t i = 0; i < count; i++) sum += (double)values[i];
    return sum / (double)count;
}

/* column_of[width]: of each input, columns->count for none. */
static void list_columns(const soma_columns *columns, size_t width, size_t *column_of) {
    size_t input = 0;
    for (size_t i = 0; i < columns->count; i++)
        for (size_t j = 0; columns->column[i].role == SOMA_COLUMN_FEATURE &&
                           j < soma_table_column_width(&columns->column[i]) && input < width;
             j++)
            column_of[input++] = i;
    while (input < width) column_of[input++] = columns->count;
}

/* The values of features [first, first + width) that are there: values[width][samples * steps], counts[width]. */
static void gather(const soma_dataset *dataset, const soma_column *input, size_t first, size_t width, float *values,
                   size_t *counts) {
    const size_t steps = steps_of(dataset->storage), features = input->width / steps;
    const float *data = input->data;
    memset(counts, 0, width * sizeof *counts);
    for (size_t i = 0; i < dataset->samples * steps; i++) {
        const size_t at = soma_dataset_row(dataset, i / steps), step = i % steps;
        const float *row = data + at * input->width + step * features + first;
        if (!has_step(dataset->storage, at, steps, step)) continue;
        for (size_t j = 0; j < width; j++)
            if (!isnan(row[j])) values[j * dataset->samples * steps + counts[j]++] = row[j];
    }
}

static soma_status find_fill(const soma_columns *columns, size_t feature, float *values, size_t count, double offset,
                             soma_table_column *column) {
    if (count == 0)
        return soma_error(SOMA_INVALID_ARGUMENT,
                          "%s has no value in any of the training samples; leave it out of the table",
                          name_feature(columns, feature).text);
    column->fill = 0;
    if (column->missing == SOMA_MISSING_MEDIAN) column->fill = offset + median_of(values, count);
    if (column->missing == SOMA_MISSING_MEAN) column->fill = offset + mean_of(values, count);
    return SOMA_OK;
}

static soma_status find_fills(const soma_dataset *dataset, const soma_column *input, const size_t *column_of,
                              float *values, soma_columns *columns) {
    size_t counts[TOGETHER] = {0};
    const size_t steps = steps_of(dataset->storage), features = input->width / steps;
    for (size_t feature = 0; feature < features; feature++) {
        const size_t place = feature % TOGETHER;
        if (place == 0) gather(dataset, input, feature, SOMA_MIN(features - feature, TOGETHER), values, counts);
        size_t at = column_of[feature];
        const bool first = feature == 0 || column_of[feature - 1] != at;
        if (at < columns->count && first && is_filled(columns->column[at].missing) &&
            soma_table_column_has_value(&columns->column[at]))
            SOMA_TRY(find_fill(columns, feature, values + place * dataset->samples * steps, counts[place],
                               input->offset ? input->offset[feature] : 0, &columns->column[at]));
    }
    return SOMA_OK;
}

static bool fills_any(const soma_columns *columns) {
    for (size_t i = 0; i < columns->count; i++)
        if (columns->column[i].role == SOMA_COLUMN_FEATURE && is_filled(columns->column[i].missing)) return true;
    return false;
}

soma_status soma_gaps_find_fills(const soma_dataset *dataset, soma_columns *columns) {
    const soma_column *input = table_input(dataset);
    size_t bytes;
    if (!input || !fills_any(columns)) return SOMA_OK;
    const size_t steps = steps_of(dataset->storage), width = SOMA_MIN(input->width / steps, TOGETHER);
    float *values =
        soma_multiply_size(dataset->samples * sizeof *values, width * steps, &bytes) ? soma_malloc(bytes) : NULL;
    if (!values) return soma_out_of_memory(dataset->samples * width * steps * sizeof *values, "medians of columns");
    size_t *column_of = soma_realloc(NULL, input->width, sizeof *column_of);
    soma_status status =
        column_of ? SOMA_OK : soma_out_of_memory(input->width * sizeof *column_of, "medians of columns");
    if (status == SOMA_OK) {
        list_columns(columns, input->width, column_of);
        status = find_fills(dataset, input, column_of, values, columns);
    }
    soma_free(column_of);
    soma_free(values);
    return status;
}

/* ------------------------------------------------------------------------------------------------------ filling */

static bool has_gaps(const soma_dataset *dataset, const soma_column *input) {
    const float *data = input->data;
    bool gaps = false;
    for (size_t i = 0; !gaps && i < dataset->samples; i++) {
        const float *row = data + soma_dataset_row(dataset, i) * input->width;
        for (size_t j = 0; j < input->width; j++) gaps |= isnan(row[j]);
    }
    return gaps;
}

/* fills[width]: of each feature, NaN where there is none. */
static void list_fills(const soma_columns *columns, size_t width, double *fills) {
    size_t input = 0;
    for (size_t i = 0; i < columns->count; i++) {
        const soma_table_column *column = &columns->column[i];
        for (size_t j = 0; column->role == SOMA_COLUMN_FEATURE && j < soma_table_column_width(column) && input < width;
             j++)
            fills[input++] = is_filled(column->missing) ? column->fill : NAN;
    }
    while (input < width) fills[input++] = NAN;
}

static soma_status fill_rows(const soma_columns *columns, const double *fills, size_t rows, size_t features,
                             soma_column *input) {
    float *values = input->data;
    for (size_t row = 0; row < rows; row++)
        for (size_t j = 0; j < input->width; j++, values++) {
            const double fill = fills[j % features];
            if (!isnan(*values)) continue;
            if (isnan(fill))
                return soma_error(SOMA_NOT_FINITE,
                                  "sample %zu: %s has no value, and the network has learnt none to take in its place",
                                  row, name_feature(columns, j % features).text);
            *values = (float)(fill - (input->offset ? input->offset[j] : 0));
        }
    return SOMA_OK;
}

static soma_status fill_storage(const soma_columns *columns, soma_storage *own) {
    soma_column *input = &own->input[0];
    double *fills = soma_calloc(input->width, sizeof *fills);
    if (!fills) return soma_out_of_memory(input->width * sizeof *fills, "values for gaps");
    list_fills(columns, input->width, fills);
    soma_status status =
        fill_rows(columns->count ? columns : &own->columns, fills, own->rows, input->width / steps_of(own), input);
    soma_free(fills);
    return status;
}

/* NULL where there are no gaps. */
static soma_status filled_storage(const soma_dataset *dataset, const soma_columns *columns, soma_storage **own) {
    const soma_column *input = table_input(dataset);
    *own = NULL;
    if (!input || !has_gaps(dataset, input)) return SOMA_OK;
    SOMA_TRY(soma_dataset_copy_storage(dataset, false, own));
    soma_status status = fill_storage(columns, *own);
    if (status == SOMA_OK) return SOMA_OK;
    soma_storage_release(*own);
    *own = NULL;
    return status;
}

soma_status soma_gaps_fill(soma_dataset *dataset, const soma_columns *columns) {
    soma_storage *own;
    SOMA_TRY(filled_storage(dataset, columns, &own));
    if (own) soma_dataset_replace_storage(dataset, own);
    return SOMA_OK;
}

soma_status soma_gaps_filled_copy(const soma_dataset *dataset, const soma_columns *columns, soma_dataset **copy) {
    soma_storage *own;
    *copy = NULL;
    SOMA_TRY(filled_storage(dataset, columns, &own));
    return own ? soma_dataset_make(own, copy) : SOMA_OK;
}
