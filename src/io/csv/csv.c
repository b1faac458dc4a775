/* SPDX-License-Identifier: MIT */
/* Data sets from tables of numbers as comma-separated values. */
#include "io/csv/csv.h"
#include "base/number.h"
#include "base/utf8.h"
#include "data/dataset.h"
#include "io/csv/table.h"
#include "io/gzip.h"
#include "io/stream.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

typedef struct table {
    soma_csv_reader reader;
    soma_csv_layout layout;
    bool regression, skip_label;
    size_t start, start_line; /* of the first row */
    size_t rows, capacity;
    float *features; /* [capacity, layout.features] */
    int32_t *labels; /* [capacity], numbers of label_texts */
    float *values;   /* [capacity], instead of labels with regression */
    soma_words label_texts;
} table;

static bool has_label(const table *into) {
    return into->layout.label != SOMA_CSV_NO_LABEL && !into->skip_label;
}

/* --------------------------------------------------------------------------------------------------------- rows */

/*
 * Memory for all rows at once: there are not more than lines, and a row of n fields takes at least n bytes, so that it
 * is never more than a few times the text.
 */
static soma_status take_memory(table *into) {
    const soma_csv_reader *reader = &into->reader;
    size_t left = reader->size - reader->position, lines = 0;
    for (size_t i = reader->position; i < reader->size; i++) lines += reader->text[i] == '\n';
    into->capacity = SOMA_MIN(lines, left / into->layout.columns) + 1;
    size_t bytes = into->capacity * into->layout.features * sizeof *into->features;
    into->features = soma_malloc_aligned(SOMA_DATA_ALIGNMENT, bytes);
    void *targets =
        has_label(into) ? soma_malloc_aligned(SOMA_DATA_ALIGNMENT, into->capacity * sizeof *into->labels) : NULL;
    if (into->regression)
        into->values = targets;
    else
        into->labels = targets;
    if (!into->features || (has_label(into) && !targets)) return soma_out_of_memory(bytes, reader->name);
    return SOMA_OK;
}

/* Refuses the field that has just been read. */
static soma_status refuse_field(const table *into, const char *why) {
    const soma_csv_reader *reader = &into->reader;
    return soma_error(SOMA_INVALID_FILE, "%s: line %zu, column %zu%s: %s %s", reader->name, reader->field_line,
                      reader->column, soma_csv_name_column(&into->layout, reader->column - 1).text,
                      soma_quote(reader->field, reader->length).text, why);
}

static soma_status read_number(const table *into, float *value) {
    if (!soma_number_parse(into->reader.field, into->layout.c_locale, value))
        return refuse_field(into, "is no number; a decimal number with a point, such as -1.5e3, is wanted");
    if (!isfinite(*value)) return refuse_field(into, "is too large; numbers up to 3.4e38 are wanted");
    return SOMA_OK;
}

static soma_status read_label(table *into) {
    if (into->skip_label) return SOMA_OK;
    if (into->regression) return read_number(into, &into->values[into->rows]);
    if (into->reader.length == 0) return refuse_field(into, "is no label; every row needs one");
    size_t number;
    SOMA_TRY(soma_words_add(&into->label_texts, into->reader.field, into->reader.field_line, &number));
    if (number >= SOMA_CSV_MAX_CLASSES)
        return refuse_field(
            into, "is one label too many: 65536 are different already; another column, or regression, is wanted");
    into->labels[into->rows] = (int32_t)number;
    return SOMA_OK;
}

/* The number of fields, told while they are read. */
static soma_status check_row_length(const table *into, size_t line, size_t fields) {
    const soma_csv_reader *reader = &into->reader;
    size_t columns = into->layout.columns;
    if (reader->ends_record == (fields == columns)) return SOMA_OK;
    if (fields == 1 && reader->length == 0)
        return soma_error(SOMA_INVALID_FILE, "%s: line %zu: empty; rows of %zu fields are wanted", reader->name, line,
                          columns);
    return soma_error(SOMA_INVALID_FILE, "%s: line %zu: %s%zu fields; %zu are wanted, as in the lines before%s",
                      reader->name, line, fields == columns ? "more than " : "", fields, columns,
                      into->layout.promised ? SOMA_CSV_NO_PROMISE : "");
}

static soma_status read_row(table *into) {
    size_t line = into->reader.line, feature = 0;
    float *features = into->features + into->rows * into->layout.features;
    for (size_t column = 0; column < into->layout.columns; column++) {
        SOMA_TRY(soma_csv_next(&into->reader));
        SOMA_TRY(check_row_length(into, line, column + 1));
        if (column == into->layout.label)
            SOMA_TRY(read_label(into));
        else if (soma_csv_is_feature(&into->layout, column) && feature < into->layout.features)
            SOMA_TRY(read_number(into, &features[feature++]));
    }
    into->rows++;
    return SOMA_OK;
}

static soma_status read_rows(table *into) {
    SOMA_TRY(take_memory(into));
    while (!soma_csv_at_end(&into->reader)) SOMA_TRY(read_row(into));
    if (into->rows == 0)
        return soma_error(SOMA_INVALID_FILE, "%s: line %zu: names of columns, but no rows; at least one is wanted",
                          into->reader.name, into->reader.line);
    if (into->layout.promised && into->rows != into->layout.promised_rows)
        return soma_error(SOMA_INVALID_FILE, "%s: line %zu promises %zu rows; there are %zu" SOMA_CSV_NO_PROMISE,
                          into->reader.name, into->layout.promise_line, into->layout.promised_rows, into->rows);
    return SOMA_OK;
}

/* ----------------------------------------------------------------------------------------------------- data set */

/* Hands the texts of the words over to the storage. */
static soma_status give_class_names(soma_words *from, soma_storage *storage) {
    storage->class_names = soma_calloc(from->count, sizeof *storage->class_names);
    if (!storage->class_names) return soma_out_of_memory(from->count * sizeof *storage->class_names, "class names");
    storage->class_name_count = from->count;
    for (size_t i = 0; i < from->count; i++) {
        storage->class_names[i] = from->words[i].text;
        from->words[i].text = NULL;
    }
    return SOMA_OK;
}

static soma_status give_target(table *from, soma_storage *storage) {
    static const size_t one = 1;
    storage->target_count = has_label(from);
    if (!has_label(from)) return SOMA_OK;
    if (from->regression) {
        soma_column_set(&storage->target[0], from->values, true, SOMA_F32, 1, &one, 0);
        from->values = NULL;
        return SOMA_OK;
    }
    size_t classes;
    bool named;
    SOMA_TRY(soma_csv_number_labels(from->reader.name, &from->layout, &from->label_texts, from->labels, from->rows,
                                    &classes, &named));
    soma_column_set(&storage->target[0], from->labels, true, SOMA_I32, 0, NULL, classes);
    from->labels = NULL;
    return named ? give_class_names(from->layout.promised ? &from->layout.classes : &from->label_texts, storage)
                 : SOMA_OK;
}

static soma_status make_dataset(table *from, soma_dataset **dataset) {
    soma_storage *storage = soma_storage_create();
    if (!storage) return soma_out_of_memory(sizeof *storage, "a data set");
    storage->rows = from->rows;
    storage->input_count = 1;
    soma_column_set(&storage->input[0], from->features, true, SOMA_F32, 1, &from->layout.features, 0);
    from->features = NULL;
    soma_csv_return(&from->reader, from->start, from->start_line);
    soma_status status = soma_csv_read_roles(&from->reader, &from->layout, storage);
    if (status == SOMA_OK) status = give_target(from, storage);
    if (status == SOMA_OK) return soma_dataset_make(storage, dataset);
    soma_storage_release(storage);
    return status;
}

static void clear_table(table *from) {
    soma_csv_clear(&from->reader);
    soma_csv_layout_clear(&from->layout);
    soma_words_clear(&from->label_texts);
    soma_free_aligned(from->features);
    soma_free_aligned(from->labels);
    soma_free_aligned(from->values);
}

soma_status soma_csv_parse(const char *name, const char *text, size_t size, const soma_csv_options *options,
                           soma_dataset **dataset) {
    static const soma_csv_options defaults;
    if (!options) options = &defaults;
    *dataset = NULL;
    table read = {.regression = options->regression, .skip_label = options->skip_label != 0};
    soma_status status = soma_csv_begin(&read.reader, name, text, size, options->separator);
    if (status == SOMA_OK) status = soma_csv_find_layout(&read.reader, options, &read.layout);
    read.start = read.reader.position;
    read.start_line = read.reader.line;
    if (status == SOMA_OK) status = read_rows(&read);
    if (status == SOMA_OK) status = make_dataset(&read, dataset);
    clear_table(&read);
    return status;
}

/* --------------------------------------------------------------------------------------------------------- file */

/* A gzipped table is not inflated to more than this many times its size: tables of numbers stay far below it. */
#define MAX_RATIO 256

/* All of the stream in memory; free *text with soma_free(), also after a failure. */
static soma_status read_text(soma_stream *stream, char **text, size_t *size) {
    uint64_t limit = soma_stream_capacity(stream);
    size_t capacity = (size_t)limit + 1, got;
    if (soma_stream_gzipped(stream)) {
        limit = limit / SOMA_GZIP_MAX_RATIO * MAX_RATIO;
        capacity = 65536;
    }
    for (*size = 0;; capacity *= 2) {
        char *larger = soma_realloc(*text, capacity, 1);
        if (!larger) return soma_out_of_memory(capacity, soma_stream_name(stream));
        *text = larger;
        SOMA_TRY(soma_stream_read(stream, *text + *size, capacity - *size, &got));
        *size += got;
        if (*size < capacity) return SOMA_OK;
        if (*size > limit)
            return soma_error(SOMA_INVALID_FILE,
                              "%s: inflates to more than %d times its size; decompress it first if that is right",
                              soma_stream_name(stream), MAX_RATIO);
    }
}

soma_status soma_dataset_from_csv(const char *path, const soma_csv_options *options, soma_dataset **dataset) {
    if (!path || !dataset)
        return soma_error(SOMA_INVALID_ARGUMENT, "soma_dataset_from_csv: %s is NULL", path ? "dataset" : "path");
    *dataset = NULL;
    if (options) SOMA_TRY(SOMA_CHECK_RESERVED(options, "soma_csv_options"));
    if (options && options->roles) SOMA_TRY(SOMA_CHECK_RESERVED(options->roles, "soma_csv_roles"));
    soma_stream *stream;
    char *text = NULL;
    size_t size;
    SOMA_TRY(soma_stream_open(path, &stream));
    soma_status status = read_text(stream, &text, &size);
    soma_stream_close(stream);
    if (status == SOMA_OK) status = soma_csv_parse(path, text, size, options, dataset);
    soma_free(text);
    return status;
}
