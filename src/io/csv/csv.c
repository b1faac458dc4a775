/* SPDX-License-Identifier: MIT */
/* Data sets from tables of numbers as comma-separated values. */
#include "io/csv/csv.h"
#include "data/dataset.h"
#include "io/csv/survey.h"
#include "io/csv/text.h"

typedef struct table {
    soma_csv_reader reader;
    soma_csv_layout layout;
    soma_csv_parts parts;
    soma_csv_use *use; /* [layout.columns] */
    soma_csv_survey survey;
    bool regression, skip_label;
    float *features; /* [survey.rows, layout.features] */
    int32_t *labels; /* [survey.rows], numbers of survey.labels */
    float *values;   /* [survey.rows], instead of labels with regression */
} table;

static bool has_label(const table *into) {
    return into->layout.label != SOMA_CSV_NO_LABEL && !into->skip_label;
}

/* --------------------------------------------------------------------------------------------------------- rows */

static soma_status choose_uses(table *into) {
    const soma_csv_layout *layout = &into->layout;
    size_t feature = 0;
    into->use = soma_calloc(layout->columns, sizeof *into->use);
    if (!into->use) return soma_out_of_memory(layout->columns * sizeof *into->use, into->reader.name);
    for (size_t column = 0; column < layout->columns; column++) {
        if (column == layout->label) {
            if (has_label(into)) into->use[column] = into->regression ? SOMA_CSV_NUMBER : SOMA_CSV_LABEL;
        } else if (soma_csv_is_feature(layout, column) && feature++ < layout->features)
            into->use[column] = SOMA_CSV_NUMBER;
    }
    return SOMA_OK;
}

static soma_status take_memory(table *into) {
    size_t bytes = 0, rows = into->survey.rows;
    bool fits = soma_multiply_size(rows * sizeof *into->features, into->layout.features, &bytes);
    into->features = fits ? soma_malloc_aligned(SOMA_DATA_ALIGNMENT, bytes) : NULL;
    void *targets = has_label(into) ? soma_malloc_aligned(SOMA_DATA_ALIGNMENT, rows * sizeof *into->labels) : NULL;
    if (into->regression)
        into->values = targets;
    else
        into->labels = targets;
    if (!into->features || (has_label(into) && !targets)) return soma_out_of_memory(bytes, into->reader.name);
    return SOMA_OK;
}

/* A mapped file may have been written to since it was looked at. */
static soma_status refuse_change(const soma_csv_reader *reader) {
    return soma_error(SOMA_INVALID_FILE, "%s: line %zu: has changed while it was read", reader->name, reader->line);
}

static soma_status fill_label(const table *into, size_t row, const soma_csv_reader *reader) {
    size_t number;
    if (!soma_words_find(&into->survey.labels, reader->field, &number)) return refuse_change(reader);
    into->labels[row] = (int32_t)number;
    return SOMA_OK;
}

static soma_status fill_record(void *context, size_t index, soma_csv_reader *reader) {
    const table *into = context;
    const soma_csv_part *part = &into->parts.part[index];
    size_t line = reader->line, row = part->first_row + part->rows;
    float *feature = into->features + row * into->layout.features;
    if (part->rows == part->all_rows) return refuse_change(reader);
    for (size_t column = 0; column < into->layout.columns; column++) {
        soma_decimal number;
        if (into->use[column] == SOMA_CSV_NUMBER) {
            SOMA_TRY(soma_csv_read_number(reader, &into->layout, line, column + 1, &number));
            if (column == into->layout.label)
                into->values[row] = (float)number.value;
            else
                *feature++ = soma_difference(number, into->survey.offsets ? into->survey.offsets[column] : 0);
            continue;
        }
        SOMA_TRY(soma_csv_next(reader));
        SOMA_TRY(soma_csv_check_length(reader, &into->layout, line, column + 1));
        if (into->use[column] == SOMA_CSV_LABEL) SOMA_TRY(fill_label(into, row, reader));
    }
    return SOMA_OK;
}

static soma_status fill(table *into) {
    soma_csv_parts *parts = &into->parts;
    SOMA_TRY(take_memory(into));
    size_t good = soma_csv_read_parts(parts, &into->reader, fill_record, into);
    if (good < parts->count) return soma_csv_explain(parts, good, &into->reader, fill_record, into);
    for (size_t i = 0; i < parts->count; i++)
        if (parts->part[i].rows < parts->part[i].all_rows) return refuse_change(&into->reader);
    return SOMA_OK;
}

static soma_status read_rows(table *into) {
    const soma_csv_layout *layout = &into->layout;
    SOMA_TRY(choose_uses(into));
    SOMA_TRY(soma_csv_make_survey(&into->reader, layout, into->use, &into->parts, &into->survey));
    if (into->survey.rows == 0)
        return soma_error(SOMA_INVALID_FILE, "%s: line %zu: names of columns, but no rows; at least one is wanted",
                          into->reader.name, into->reader.line);
    if (layout->promised && into->survey.rows != layout->promised_rows)
        return soma_error(SOMA_INVALID_FILE, "%s: line %zu promises %zu rows; there are %zu" SOMA_CSV_NO_PROMISE,
                          into->reader.name, layout->promise_line, layout->promised_rows, into->survey.rows);
    return fill(into);
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
    SOMA_TRY(soma_csv_number_labels(from->reader.name, &from->layout, &from->survey.labels, from->labels,
                                    from->survey.rows, &classes, &named));
    soma_column_set(&storage->target[0], from->labels, true, SOMA_I32, 0, NULL, classes);
    from->labels = NULL;
    return named ? give_class_names(from->layout.promised ? &from->layout.classes : &from->survey.labels, storage)
                 : SOMA_OK;
}

/* Of the features alone, in their order. */
static soma_status give_offsets(const table *from, soma_storage *storage) {
    const double *offsets = from->survey.offsets;
    if (!offsets) return SOMA_OK;
    double *offset = storage->input[0].offset = soma_calloc(from->layout.features, sizeof *offset);
    if (!offset) return soma_out_of_memory(from->layout.features * sizeof *offset, from->reader.name);
    for (size_t column = 0; column < from->layout.columns; column++)
        if (from->use[column] == SOMA_CSV_NUMBER && column != from->layout.label) *offset++ = offsets[column];
    return SOMA_OK;
}

static soma_status make_dataset(table *from, soma_dataset **dataset) {
    soma_storage *storage = soma_storage_create();
    if (!storage) return soma_out_of_memory(sizeof *storage, "a data set");
    storage->rows = from->survey.rows;
    storage->input_count = 1;
    soma_column_set(&storage->input[0], from->features, true, SOMA_F32, 1, &from->layout.features, 0);
    from->features = NULL;
    soma_status status = soma_csv_read_roles(&from->reader, &from->layout, storage);
    if (status == SOMA_OK) status = give_offsets(from, storage);
    if (status == SOMA_OK) status = give_target(from, storage);
    if (status == SOMA_OK) return soma_dataset_make(storage, dataset);
    soma_storage_release(storage);
    return status;
}

static void clear_table(table *from) {
    soma_csv_clear(&from->reader);
    soma_csv_layout_clear(&from->layout);
    soma_csv_parts_clear(&from->parts);
    soma_csv_survey_clear(&from->survey);
    soma_free(from->use);
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
    soma_status status = soma_csv_divide(name, text, size, &read.parts);
    if (status == SOMA_OK) status = soma_csv_begin(&read.reader, name, text, size, options->separator);
    if (status == SOMA_OK) status = soma_csv_find_layout(&read.reader, options, &read.layout);
    if (status == SOMA_OK) status = read_rows(&read);
    if (status == SOMA_OK) status = make_dataset(&read, dataset);
    clear_table(&read);
    return status;
}

/* --------------------------------------------------------------------------------------------------------- file */

soma_status soma_dataset_from_csv(const char *path, const soma_csv_options *options, soma_dataset **dataset) {
    if (!path || !dataset)
        return soma_error(SOMA_INVALID_ARGUMENT, "soma_dataset_from_csv: %s is NULL", path ? "dataset" : "path");
    *dataset = NULL;
    if (options) SOMA_TRY(SOMA_CHECK_RESERVED(options, "soma_csv_options"));
    if (options && options->roles) SOMA_TRY(SOMA_CHECK_RESERVED(options->roles, "soma_csv_roles"));
    soma_csv_text text;
    soma_status status = soma_csv_open(path, &text);
    if (status == SOMA_OK) status = soma_csv_parse(path, text.data, text.size, options, dataset);
    soma_csv_close(&text);
    return status;
}
