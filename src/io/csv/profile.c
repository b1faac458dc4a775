/* SPDX-License-Identifier: MIT */
/* Goes through a table for what is in it, before anything is trained on it. */
#include "io/csv/profile.h"
#include "base/date.h"
#include "base/floats.h"
#include "base/number.h"
#include "base/utf8.h"
#include "io/csv/fields.h"
#include "io/csv/near_numbers.h"
#include "io/csv/parts.h"
#include "io/csv/text.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* Different values that are counted: in one column, and in all together. */
#define MOST_VALUES ((size_t)65536)
#define ALL_VALUES  ((size_t)4194304)

/* One field of the row that is being read. */
typedef struct cell {
    soma_csv_sort sort;
    soma_decimal number; /* of dates, too */
    uint64_t key;        /* 0: a gap */
} cell;

typedef struct walk {
    soma_csv_reader reader;
    soma_table_profile *profile;
    cell *row; /* [columns] */
    soma_csv_rows rows;
    soma_words labels;
    int32_t *label_of; /* [labelled]: numbers of `labels` */
    size_t labelled, room;
    bool classes; /* are wanted of the labels */
} walk;

/* -------------------------------------------------------------------------------------------------------- a row */

static cell sort_field(const soma_csv_reader *reader) {
    const char *at = reader->field, *end = at + reader->length;
    cell one = {.sort = SOMA_SORT_WORD};
    bool truth;
    double seconds;
    if (soma_csv_is_gap(reader)) return (cell){.sort = SOMA_SORT_GAP};
    if (soma_decimal_scan(&at, end, &one.number) && at == end && isfinite(one.number.value) &&
        !soma_is_beyond_float(one.number.value)) {
        one.sort = SOMA_SORT_NUMBER;
        one.key = soma_csv_key_of_number(one.number);
        return one;
    }
    if (soma_date_parse(reader->field, &seconds)) {
        one.sort = SOMA_SORT_DATE;
        one.number = (soma_decimal){.value = seconds};
    } else if (soma_number_is_truth(reader->field, &truth)) {
        one.sort = SOMA_SORT_TRUTH;
    } else if (soma_csv_is_like_number(reader->field)) {
        one.sort = SOMA_SORT_NEAR;
    }
    one.key = soma_csv_key_of_text(reader->field, reader->length);
    return one;
}

static void count_field(const soma_csv_reader *reader, const cell *one, soma_csv_column_look *look) {
    struct soma_csv_first *first = &look->first[one->sort];
    if (look->fields[one->sort]++ == 0) {
        first->line = reader->field_line;
        snprintf(first->text, sizeof first->text, "%s", soma_quote(reader->field, reader->length).text);
    }
    if (one->sort == SOMA_SORT_DATE) soma_tally_add(&look->dates, one->number);
    if (one->sort != SOMA_SORT_NUMBER) return;
    look->fell |= look->numbers.numbers && one->number.value <= look->last;
    look->last = one->number.value;
    soma_tally_add(&look->numbers, one->number);
}

/* Sums that lose nothing where the numbers are far from 0 (Welford). */
static void relate(const cell *one, const cell *label, soma_csv_column_look *look) {
    const double count = (double)++look->pairs;
    const double before = one->number.value - look->mean, label_before = label->number.value - look->label_mean;
    look->mean += before / count;
    look->label_mean += label_before / count;
    look->squares += before * (one->number.value - look->mean);
    look->label_squares += label_before * (label->number.value - look->label_mean);
    look->products += before * (label->number.value - look->label_mean);
}

static soma_status take_row(const walk *of) {
    const soma_csv_layout *layout = &of->profile->layout;
    const cell *label = layout->labels != 1 ? NULL : &of->row[layout->label];
    for (size_t i = 0; i < layout->columns; i++) {
        const cell *one = &of->row[i];
        soma_csv_column_look *look = &of->profile->look[i];
        if (one->sort == SOMA_SORT_GAP) continue;
        bool numeric = one->sort == SOMA_SORT_NUMBER || one->sort == SOMA_SORT_DATE;
        SOMA_TRY(soma_csv_values_add(&look->values, one->key, label && label != one ? label->key : 0,
                                     numeric ? &one->number : NULL));
        if (label && label != one && one->sort == SOMA_SORT_NUMBER && label->sort == SOMA_SORT_NUMBER)
            relate(one, label, look);
    }
    return SOMA_OK;
}

/* A label that is one of too many is a number to predict, or no label at all. */
static soma_status take_label(walk *of) {
    size_t number;
    if (of->reader.length == 0) {
        of->profile->info.label_gaps++;
        return SOMA_OK;
    }
    if (!of->classes) return SOMA_OK;
    SOMA_TRY(soma_words_add(&of->labels, of->reader.field, of->reader.field_line, &number));
    if (number >= SOMA_CSV_MAX_CLASSES) of->classes = false;
    if (of->labelled == of->room) {
        size_t room = SOMA_MAX(2 * of->room, 256);
        int32_t *grown = soma_realloc(of->label_of, room, sizeof *grown);
        if (!grown) return soma_out_of_memory(room * sizeof *grown, of->reader.name);
        of->label_of = grown;
        of->room = room;
    }
    of->label_of[of->labelled++] = (int32_t)number;
    return SOMA_OK;
}

static soma_status read_row(walk *of) {
    soma_table_profile *profile = of->profile;
    const size_t begin = of->reader.position, line = of->reader.line;
    for (size_t column = 0; column < profile->layout.columns; column++) {
        SOMA_TRY(soma_csv_next(&of->reader));
        SOMA_TRY(soma_csv_check_length(&of->reader, &profile->layout, line, column + 1));
        of->row[column] = sort_field(&of->reader);
        count_field(&of->reader, &of->row[column], &profile->look[column]);
        if (column == profile->layout.label) SOMA_TRY(take_label(of));
    }
    profile->info.rows++;
    SOMA_TRY(soma_csv_rows_add(&of->rows, begin, of->reader.position));
    return take_row(of);
}

/* ------------------------------------------------------------------------------------------------------- classes */

/* Among numbers, "?" and the like are no labels; among words, they may be. */
static void leave_out_placeholders(walk *of) {
    const soma_csv_layout *layout = &of->profile->layout;
    size_t kept = 0, numbers = 0, words = 0;
    float value;
    for (size_t i = 0; i < of->labels.count; i++) {
        const char *text = of->labels.words[i].text;
        if (soma_number_parse(text, layout->c_locale, &value))
            numbers++;
        else
            words += !soma_number_is_placeholder(text);
    }
    if (!numbers || words) return;
    for (size_t i = 0; i < of->labelled; i++)
        if (!soma_number_is_placeholder(of->labels.words[of->label_of[i]].text)) of->label_of[kept++] = of->label_of[i];
    of->profile->info.label_gaps += of->labelled - kept;
    of->labelled = kept;
}

/* The labels that some row has, numbered anew in the same order. */
static soma_status list_labels(walk *of, soma_words *list) {
    for (size_t i = 0; i < of->labelled; i++) {
        const soma_word *word = &of->labels.words[of->label_of[i]];
        size_t number;
        SOMA_TRY(soma_words_add(list, word->text, word->line, &number));
        of->label_of[i] = (int32_t)number;
    }
    return SOMA_OK;
}

static soma_status count_classes(walk *of, const soma_csv_classes *classes) {
    soma_table_profile *profile = of->profile;
    profile->classes = soma_calloc(classes->count, sizeof *profile->classes);
    if (!profile->classes) return soma_out_of_memory(classes->count * sizeof *profile->classes, "classes of a table");
    profile->info.classes = classes->count;
    for (size_t i = 0; i < classes->count; i++) profile->classes[i].name = classes->names[i];
    for (size_t i = 0; i < of->labelled; i++) profile->classes[of->label_of[i]].rows++;
    return SOMA_OK;
}

static soma_status find_classes(walk *of, bool must) {
    soma_words list = {0};
    soma_csv_classes classes = {0};
    if (!of->classes || of->profile->layout.label == SOMA_CSV_NO_LABEL) return SOMA_OK;
    leave_out_placeholders(of);
    soma_status status = of->labelled ? list_labels(of, &list) : SOMA_OK;
    if (status == SOMA_OK && of->labelled)
        status = soma_csv_number_labels(of->reader.name, &of->profile->layout, &list, must, of->label_of, of->labelled,
                                        &classes);
    if (status == SOMA_OK && classes.names) status = count_classes(of, &classes);
    of->profile->class_names = classes.names;
    if (of->profile->info.classes == 0) soma_csv_classes_clear(&classes), of->profile->class_names = NULL;
    soma_words_clear(&list);
    return status;
}

/* --------------------------------------------------------------------------------------------------------- table */

static size_t line_at(const char *text, size_t position) {
    size_t line = 1;
    for (size_t i = 0; i < position; i++) line += text[i] == '\n';
    return line;
}

static void tell_of_rows(const walk *of) {
    soma_table_info *info = &of->profile->info;
    info->doubled = of->rows.doubled;
    if (!info->doubled) return;
    info->first_line = line_at(of->reader.text, of->rows.first);
    info->doubled_line = line_at(of->reader.text, of->rows.second);
}

static soma_status take_memory(walk *of) {
    soma_table_profile *profile = of->profile;
    const size_t columns = profile->layout.columns;
    profile->look = soma_calloc(columns, sizeof *profile->look);
    profile->columns = soma_calloc(columns, sizeof *profile->columns);
    of->row = soma_calloc(columns, sizeof *of->row);
    if (!profile->look || !profile->columns || !of->row)
        return soma_out_of_memory(columns * (sizeof *profile->look + sizeof *profile->columns), of->reader.name);
    for (size_t i = 0; i < columns; i++) profile->look[i].values.limit = SOMA_MIN(ALL_VALUES / columns, MOST_VALUES);
    return SOMA_OK;
}

static soma_status read_table(walk *of, const soma_csv_options *options) {
    soma_table_profile *profile = of->profile;
    soma_csv_layout *layout = &profile->layout;
    SOMA_TRY(soma_csv_find_layout(&of->reader, options, layout));
    of->classes &= layout->labels < 2;
    SOMA_TRY(take_memory(of));
    while (!soma_csv_at_end(&of->reader)) SOMA_TRY(read_row(of));
    if (profile->info.rows == 0)
        return soma_error(SOMA_INVALID_FILE, "%s: line %zu: names of columns, but no rows; at least one is wanted",
                          of->reader.name, of->reader.line);
    profile->info.columns = layout->columns;
    profile->info.header = layout->header.count > 0;
    profile->info.separator = of->reader.separator;
    profile->info.label = SOMA_MIN(layout->label, layout->columns);
    tell_of_rows(of);
    SOMA_TRY(find_classes(of, options->roles && options->roles->classification));
    return soma_csv_judge_columns(profile);
}

soma_status soma_csv_profile(const char *name, const char *text, size_t size, const soma_csv_options *options,
                             soma_table_profile **profile) {
    static const soma_csv_options defaults;
    if (!options) options = &defaults;
    *profile = NULL;
    soma_table_profile *made = soma_calloc(1, sizeof *made);
    if (!made) return soma_out_of_memory(sizeof *made, "what is in a table");
    soma_csv_parts parts;
    walk of = {.profile = made, .rows = {.text = text}, .classes = !options->regression};
    soma_status status = soma_csv_divide(name, text, size, &parts); /* checks the text, too */
    if (status == SOMA_OK) status = soma_csv_begin(&of.reader, name, text, size, options->separator);
    if (status == SOMA_OK) status = read_table(&of, options);
    soma_csv_parts_clear(&parts);
    soma_csv_clear(&of.reader);
    soma_csv_rows_clear(&of.rows);
    soma_words_clear(&of.labels);
    soma_free(of.label_of);
    soma_free(of.row);
    if (status == SOMA_OK)
        *profile = made;
    else
        soma_table_profile_destroy(made);
    return status;
}

soma_status soma_table_profile_csv(const char *path, const soma_csv_options *options, soma_table_profile **profile) {
    if (!path || !profile)
        return soma_error(SOMA_INVALID_ARGUMENT, "soma_table_profile_csv: %s is NULL", path ? "profile" : "path");
    *profile = NULL;
    if (options) SOMA_TRY(SOMA_CHECK_RESERVED(options, "soma_csv_options"));
    SOMA_TRY(soma_csv_check_roles(options ? options->roles : NULL));
    soma_csv_text text;
    soma_status status = soma_csv_open(path, &text);
    if (status == SOMA_OK) status = soma_csv_profile(path, text.data, text.size, options, profile);
    soma_csv_close(&text);
    return status;
}

void soma_table_profile_get_info(const soma_table_profile *profile, soma_table_info *info) {
    *info = profile->info;
}

soma_status soma_table_profile_column(const soma_table_profile *profile, size_t index, soma_column_profile *column) {
    if (index >= profile->info.columns)
        return soma_error(SOMA_INVALID_ARGUMENT, "column %zu of a table that has %zu", index, profile->info.columns);
    *column = profile->columns[index];
    return SOMA_OK;
}

soma_status soma_table_profile_class(const soma_table_profile *profile, size_t index, soma_class_profile *one) {
    if (index >= profile->info.classes)
        return soma_error(SOMA_INVALID_ARGUMENT, "class %zu of a table that has %zu", index,
                          (size_t)profile->info.classes);
    *one = profile->classes[index];
    return SOMA_OK;
}

void soma_table_profile_destroy(soma_table_profile *profile) {
    if (!profile) return;
    for (size_t i = 0; profile->look && i < profile->layout.columns; i++)
        soma_csv_values_clear(&profile->look[i].values);
    for (size_t i = 0; profile->class_names && i < profile->info.classes; i++) soma_free(profile->class_names[i]);
    soma_csv_layout_clear(&profile->layout);
    soma_free(profile->class_names);
    soma_free(profile->classes);
    soma_free(profile->look);
    soma_free(profile->columns);
    soma_free(profile);
}
