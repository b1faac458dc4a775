/* SPDX-License-Identifier: MIT */
/* Data sets from tables of numbers as comma-separated values. */
#include "io/csv/csv.h"
#include "base/number.h"
#include "data/dataset.h"
#include "io/csv/encode.h"
#include "io/csv/survey.h"
#include "io/csv/text.h"

#include <math.h>
#include <string.h>

typedef struct table {
    soma_csv_reader reader;
    soma_csv_layout layout;
    soma_csv_parts parts;
    soma_csv_use *use; /* [layout.columns] */
    soma_csv_survey survey;
    soma_csv_classes classes;
    soma_csv_steps steps;
    const soma_csv_roles *roles;                        /* not NULL */
    bool regression, classification, skip_label, known; /* the network's columns? */
} table;

static bool has_label(const table *into) {
    return into->layout.label != SOMA_CSV_NO_LABEL && !into->skip_label;
}

/* --------------------------------------------------------------------------------------------------------- rows */

static soma_csv_use use_of_feature(const soma_csv_layout *layout, size_t column) {
    switch (soma_csv_form(layout, column)) {
    case SOMA_FORM_CATEGORY:
    case SOMA_FORM_HASH:
    case SOMA_FORM_TRUTH:
        return SOMA_CSV_WORD;
    case SOMA_FORM_DATE:
    case SOMA_FORM_CYCLE:
        return SOMA_CSV_DATE;
    case SOMA_FORM_NUMBER:
        break;
    }
    return layout->missing == SOMA_MISSING_ERROR ? SOMA_CSV_NUMBER : SOMA_CSV_NUMBER_OR_GAP;
}

static soma_status choose_uses(table *into) {
    const soma_csv_layout *layout = &into->layout;
    soma_free(into->use);
    into->use = soma_calloc(layout->columns, sizeof *into->use);
    if (!into->use) return soma_out_of_memory(layout->columns * sizeof *into->use, into->reader.name);
    for (size_t column = 0; column < layout->columns; column++) {
        if (layout->role[column] == SOMA_COLUMN_LABEL) {
            if (has_label(into)) into->use[column] = into->regression ? SOMA_CSV_NUMBER : SOMA_CSV_LABEL;
        } else if (layout->place[column] != SOMA_CSV_NO_INPUT) {
            into->use[column] = use_of_feature(layout, column);
        }
    }
    return SOMA_OK;
}

/* Numbers of the columns that have an offset, again. */
static soma_status subtract_offsets(void *context, size_t index, soma_csv_reader *reader) {
    const table *into = context;
    const soma_csv_part *part = &into->parts.part[index];
    size_t line = reader->line, row = part->first_row + part->rows;
    float *features = into->survey.features + row * into->layout.features;
    if (part->rows == part->all_rows) return soma_csv_refuse_change(reader);
    for (size_t column = 0; column < into->layout.columns; column++) {
        const double offset = into->survey.offsets[column];
        soma_decimal number;
        if (offset == 0 || into->use[column] == SOMA_CSV_DATE) {
            SOMA_TRY(soma_csv_next(reader));
            SOMA_TRY(soma_csv_check_length(reader, &into->layout, line, column + 1));
            if (offset == 0) continue;
            SOMA_TRY(soma_csv_read_day(&into->layout, reader, &number));
            features[into->layout.place[column]] = soma_difference(number, offset);
            continue;
        }
        SOMA_TRY(soma_csv_read_number(reader, &into->layout, line, column + 1, into->use[column], &number));
        features[into->layout.place[column]] = soma_difference(number, offset);
    }
    return SOMA_OK;
}

static soma_status read_differences(table *into) {
    soma_csv_parts *parts = &into->parts;
    if (!into->survey.offsets) return SOMA_OK;
    size_t good = soma_csv_read_parts(parts, &into->reader, subtract_offsets, into);
    if (good < parts->count) return soma_csv_explain(parts, good, &into->reader, subtract_offsets, into);
    for (size_t i = 0; i < parts->count; i++)
        if (parts->part[i].rows < parts->part[i].all_rows) return soma_csv_refuse_change(&into->reader);
    return SOMA_OK;
}

/* More different labels than there can be classes, all of them numbers. */
static bool has_too_many_numbers(const table *into) {
    const soma_words *labels = &into->survey.labels;
    float value;
    bool numbers = !into->regression && !into->classification && labels->count >= SOMA_CSV_MAX_CLASSES;
    for (size_t i = 0; numbers && i < labels->count; i++)
        numbers = soma_number_parse(labels->words[i].text, into->layout.c_locale, &value);
    return numbers;
}

static soma_status look(table *into) {
    soma_csv_survey_clear(&into->survey);
    SOMA_TRY(choose_uses(into));
    return soma_csv_make_survey(&into->reader, &into->layout, into->use, &into->parts, &into->survey);
}

/* Where the columns are no numbers all of them, it looks for what they are, and looks again. */
static soma_status look_for_words(table *into) {
    bool any = false;
    if (into->known) SOMA_TRY(soma_csv_place_inputs(&into->reader, &into->layout));
    soma_status status = look(into);
    const soma_csv_roles *roles = into->roles;
    if (status != SOMA_INVALID_FILE || into->known || !(roles->max_categories || roles->dates)) return status;
    soma_status found = soma_csv_find_forms(&into->reader, roles, &into->layout, &any);
    if (found != SOMA_OK) return found;
    if (!any) return look(into); /* the same, with what is wrong in the message */
    SOMA_TRY(soma_csv_place_inputs(&into->reader, &into->layout));
    return look(into);
}

/* Now that it is known where there are gaps, it looks again, with an input more for each column that has some. */
static soma_status look_for_gaps(table *into) {
    soma_csv_layout *layout = &into->layout;
    bool any = false;
    SOMA_TRY(look_for_words(into));
    if (into->known || !into->roles->indicator || layout->missing == SOMA_MISSING_ERROR ||
        layout->missing == SOMA_MISSING_DROP)
        return SOMA_OK;
    for (size_t column = 0; column < layout->columns; column++) {
        if (!into->survey.gaps[column] || layout->place[column] == SOMA_CSV_NO_INPUT) continue;
        const size_t feature = layout->feature ? layout->feature[column] : layout->place[column];
        layout->kept.column[soma_columns_feature(&layout->kept, feature)].indicator = any = true;
    }
    if (!any) return SOMA_OK;
    SOMA_TRY(soma_csv_place_inputs(&into->reader, layout));
    return look(into);
}

static soma_status survey(table *into) {
    soma_status status = look_for_gaps(into);
    if (status != SOMA_INVALID_FILE || !has_too_many_numbers(into)) return status;
    soma_text_append(&into->layout.note,
                     "%s%s: the labels are taken for numbers to predict, as there are more different ones than the %d "
                     "that classes can be",
                     into->layout.note.data ? "\n" : "", into->reader.name, SOMA_CSV_MAX_CLASSES);
    into->regression = true;
    return look(into);
}

/* What is known of a column without any value is nothing; to a network that learnt of others, it may be a row of gaps.
 */
static soma_status check_gaps(table *into) {
    const size_t *gaps = into->survey.gaps;
    for (size_t column = 0; !into->known && column < into->layout.columns; column++)
        if (gaps[column] == into->survey.rows)
            return soma_error(
                SOMA_INVALID_FILE, "%s: column %zu%s has no value in any of the %zu rows; leave it out of the table",
                into->reader.name, column + 1, soma_csv_name_column(&into->layout, column).text, into->survey.rows);
    soma_csv_note_unseen(&into->reader, into->survey.unseen, &into->layout);
    soma_csv_note_gaps(&into->reader, gaps, into->known, &into->layout);
    return into->layout.note.failed ? soma_out_of_memory(into->layout.note.length, into->reader.name) : SOMA_OK;
}

static soma_status read_rows(table *into) {
    const soma_csv_layout *layout = &into->layout;
    SOMA_TRY(survey(into));
    if (into->survey.rows == 0)
        return soma_error(SOMA_INVALID_FILE, "%s: line %zu: names of columns, but no rows; at least one is wanted",
                          into->reader.name, into->reader.line);
    if (layout->promised && into->survey.rows != layout->promised_rows)
        return soma_error(SOMA_INVALID_FILE, "%s: line %zu promises %zu rows; there are %zu" SOMA_CSV_NO_PROMISE,
                          into->reader.name, layout->promise_line, layout->promised_rows, into->survey.rows);
    SOMA_TRY(soma_csv_check_header(&into->reader, layout,
                                   into->survey.labels.count ? into->survey.labels.words[0].text : NULL));
    SOMA_TRY(check_gaps(into));
    return read_differences(into);
}

/* ----------------------------------------------------------------------------------------------------- data set */

static void give_class_names(soma_csv_classes *from, soma_storage *storage) {
    storage->class_names = from->names;
    storage->class_name_count = from->count;
    *from = (soma_csv_classes){.count = 0};
}

static void give_numbers(float *values, size_t labels, soma_storage *storage) {
    soma_column_set(&storage->target[0], values, true, SOMA_F32, 1, &labels, 0);
}

/* Labels that have turned out to be numbers to predict, in the place of their numbers among the distinct ones. */
static soma_status numbers_of_labels(table *from) {
    size_t rows = from->survey.rows;
    float *values = from->survey.values = soma_malloc_aligned(SOMA_DATA_ALIGNMENT, rows * sizeof *values);
    if (!values) return soma_out_of_memory(rows * sizeof *values, from->reader.name);
    for (size_t row = 0; row < rows; row++)
        soma_number_parse(from->survey.labels.words[from->survey.labels_of_rows[row]].text, from->layout.c_locale,
                          &values[row]);
    return SOMA_OK;
}

static soma_status give_target(table *from, soma_storage *storage) {
    storage->target_count = has_label(from);
    if (!has_label(from)) return SOMA_OK;
    if (!from->regression) {
        SOMA_TRY(soma_csv_number_labels(from->reader.name, &from->layout, &from->survey.labels, from->classification,
                                        from->survey.labels_of_rows, from->survey.rows, &from->classes));
        if (from->classes.names) {
            soma_column_set(&storage->target[0], from->survey.labels_of_rows, true, SOMA_I32, 0, NULL,
                            from->classes.count);
            from->survey.labels_of_rows = NULL;
            give_class_names(&from->classes, storage);
            return SOMA_OK;
        }
        SOMA_TRY(numbers_of_labels(from));
    }
    give_numbers(from->survey.values, from->layout.labels, storage);
    from->survey.values = NULL;
    return SOMA_OK;
}

static void give_columns(soma_csv_layout *from, soma_storage *storage) {
    storage->columns = from->kept;
    from->kept = (soma_columns){.count = 0};
    storage->note = from->note.data;
    from->note = (soma_text){.length = 0};
}

/* Of the features alone, in their order. */
static soma_status give_offsets(const table *from, soma_storage *storage) {
    const double *offsets = from->survey.offsets;
    if (!offsets) return SOMA_OK;
    double *offset = storage->input[0].offset = soma_calloc(from->layout.features, sizeof *offset);
    if (!offset) return soma_out_of_memory(from->layout.features * sizeof *offset, from->reader.name);
    for (size_t column = 0; column < from->layout.columns; column++)
        if (from->use[column] != SOMA_CSV_WORD && from->layout.place[column] != SOMA_CSV_NO_INPUT)
            offset[from->layout.place[column]] = offsets[column];
    return SOMA_OK;
}

static soma_status make_dataset(table *from, soma_dataset **dataset) {
    soma_storage *storage = soma_storage_create();
    if (!storage) return soma_out_of_memory(sizeof *storage, "a data set");
    storage->rows = from->survey.rows;
    storage->input_count = 1;
    soma_column_set(&storage->input[0], from->survey.features, true, SOMA_F32, 1, &from->layout.features, 0);
    from->survey.features = NULL;
    const size_t position = from->reader.position, line = from->reader.line; /* of the first row */
    soma_status status = soma_csv_read_roles(&from->reader, &from->layout, !from->skip_label, &from->steps, storage);
    if (status == SOMA_OK) status = give_offsets(from, storage);
    if (status == SOMA_OK) status = give_target(from, storage);
    if (status == SOMA_OK) {
        give_columns(&from->layout, storage);
        SOMA_TRY(soma_dataset_make(storage, dataset));
        if (from->layout.missing == SOMA_MISSING_DROP) SOMA_TRY(soma_csv_drop_gaps(&from->reader, *dataset));
        if (!from->steps.sequence) return SOMA_OK;
        soma_csv_return(&from->reader, position, line);
        return soma_csv_join_steps(&from->reader, &from->layout, &from->steps, dataset);
    }
    soma_storage_release(storage);
    return status;
}

static void clear_table(table *from) {
    soma_csv_clear(&from->reader);
    soma_csv_layout_clear(&from->layout);
    soma_csv_parts_clear(&from->parts);
    soma_csv_survey_clear(&from->survey);
    soma_free(from->use);
    soma_csv_classes_clear(&from->classes);
    soma_csv_steps_clear(&from->steps);
}

soma_status soma_csv_parse(const char *name, const char *text, size_t size, const soma_csv_options *options,
                           soma_dataset **dataset) {
    static const soma_csv_options defaults;
    static const soma_csv_roles no_roles;
    if (!options) options = &defaults;
    *dataset = NULL;
    table read = {.regression = options->regression,
                  .classification = options->roles && options->roles->classification,
                  .skip_label = options->skip_label != 0,
                  .roles = options->roles ? options->roles : &no_roles,
                  .known = options->network && soma_network_column_count(options->network)};
    soma_status status = soma_csv_divide(name, text, size, &read.parts);
    if (status == SOMA_OK) status = soma_csv_begin(&read.reader, name, text, size, options->separator);
    if (status == SOMA_OK) status = soma_csv_find_layout(&read.reader, options, &read.layout);
    read.classification |= read.layout.steps_have_names;
    if (status == SOMA_OK && read.layout.labels > 1) { /* each is a number */
        read.layout.truths = !read.regression && read.classification;
        read.regression = true;
    }
    if (status == SOMA_OK) status = soma_csv_choose_missing(&read.reader, options, &read.layout);
    if (status == SOMA_OK) status = read_rows(&read);
    if (status == SOMA_OK) status = make_dataset(&read, dataset);
    if (status != SOMA_OK) {
        soma_dataset_destroy(*dataset);
        *dataset = NULL;
    }
    clear_table(&read);
    return status;
}

/* --------------------------------------------------------------------------------------------------------- file */

soma_status soma_dataset_from_csv(const char *path, const soma_csv_options *options, soma_dataset **dataset) {
    if (!path || !dataset)
        return soma_error(SOMA_INVALID_ARGUMENT, "soma_dataset_from_csv: %s is NULL", path ? "dataset" : "path");
    *dataset = NULL;
    if (options) SOMA_TRY(SOMA_CHECK_RESERVED(options, "soma_csv_options"));
    SOMA_TRY(soma_csv_check_roles(options ? options->roles : NULL));
    soma_csv_text text;
    soma_status status = soma_csv_open(path, &text);
    if (status == SOMA_OK) status = soma_csv_parse(path, text.data, text.size, options, dataset);
    soma_csv_close(&text);
    return status;
}
