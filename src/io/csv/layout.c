/* SPDX-License-Identifier: MIT */
/* What the first line of a table is: names of columns, a row, or the form "rows,features,class,class,..."; and where
 * the label is. */
#include "base/date.h"
#include "base/number.h"
#include "base/utf8.h"
#include "io/csv/table.h"
#include "nn/network.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define NO_HEADER "; if the first line is a row, say so by the option header (--no-header)"

/* The fields of one line. */
typedef struct record {
    char **fields;
    size_t count, capacity;
    size_t line;
} record;

static void clear_record(record *one) {
    for (size_t i = 0; i < one->count; i++) soma_free(one->fields[i]);
    soma_free(one->fields);
}

static soma_status read_record(soma_csv_reader *reader, record *one) {
    one->line = reader->line;
    do {
        SOMA_TRY(soma_csv_next(reader));
        if (one->count == one->capacity) {
            size_t capacity = one->capacity ? 2 * one->capacity : 16;
            char **fields = soma_realloc(one->fields, capacity, sizeof *fields);
            if (!fields) return soma_out_of_memory(capacity * sizeof *fields, reader->name);
            one->fields = fields;
            one->capacity = capacity;
        }
        char *copy = soma_strdup(reader->field);
        if (!copy) return soma_out_of_memory(reader->length + 1, reader->name);
        one->fields[one->count++] = copy;
    } while (!reader->ends_record);
    return SOMA_OK;
}

/* --------------------------------------------------------------------------------------------------- first line */

static bool is_number(const soma_csv_layout *layout, const char *field) {
    float value;
    return soma_number_parse(field, layout->c_locale, &value);
}

static bool is_word(const soma_csv_layout *layout, const char *field) {
    return !soma_number_is_placeholder(field) && !soma_gap_texts_have(&layout->gaps, field) &&
           !is_number(layout, field);
}

/* A whole number from 1 on, small enough to be exact. */
static bool read_count(const soma_csv_layout *layout, const char *field, size_t *count) {
    float value;
    if (!soma_number_parse(field, layout->c_locale, &value) || !soma_number_is_index(value, 16777216.0f) || value < 1)
        return false;
    *count = (size_t)value;
    return true;
}

/* "150,4,setosa,versicolor,virginica" above rows of 4 + 1 fields: at least two classes, at least one a word. */
static bool is_promise(soma_csv_layout *layout, const record *first, const record *second) {
    size_t features;
    if (first->count < 4 || !read_count(layout, first->fields[0], &layout->promised_rows) ||
        !read_count(layout, first->fields[1], &features) || second->count != features + 1)
        return false;
    for (size_t i = 2; i < first->count; i++)
        if (is_word(layout, first->fields[i])) return true;
    return false;
}

/*
 * Whether the first line can be a row like the second: a word is a class in the label's column, and no number stands
 * there below it.
 */
static bool can_be_row(const soma_csv_layout *layout, const soma_csv_options *options, const record *first,
                       const record *second) {
    if (first->count != second->count || (options->regression && !options->skip_label)) return false;
    for (size_t i = 0; i < first->count; i++)
        if (is_word(layout, first->fields[i]) && (i != layout->label || is_number(layout, second->fields[i])))
            return false;
    return true;
}

/* Whether the reader, behind the first line, has as many rows as that promises, with labels of as many classes. */
static soma_status keeps_promise(soma_csv_reader *reader, const soma_csv_options *options, const record *first,
                                 const soma_csv_layout *layout, bool *kept) {
    float value, classes = (float)(first->count - 2);
    size_t rows = 0;
    *kept = false;
    for (; rows <= layout->promised_rows && !soma_csv_at_end(reader); rows++) {
        do SOMA_TRY(soma_csv_next(reader));
        while (!reader->ends_record);
        bool absent = options->skip_label && soma_number_is_placeholder(reader->field);
        if (!absent &&
            !(soma_number_parse(reader->field, layout->c_locale, &value) && soma_number_is_index(value, classes)))
            return SOMA_OK;
    }
    *kept = rows == layout->promised_rows;
    return SOMA_OK;
}

/* A date above another one names nothing. */
static bool are_dates(const char *first, const char *second) {
    double seconds;
    return soma_date_parse(first, &seconds) && soma_date_parse(second, &seconds);
}

/* A word among the numbers; for label, groups and times, which may be words in every row, a word above a number. */
static bool looks_like_header(const soma_csv_layout *layout, const record *first, const record *second) {
    for (size_t i = 0; i < first->count; i++) {
        if (!is_word(layout, first->fields[i]) || (i < second->count && are_dates(first->fields[i], second->fields[i])))
            continue;
        if (layout->role[i] == SOMA_COLUMN_FEATURE) return true;
        if (i < second->count && is_number(layout, second->fields[i])) return true;
    }
    return false;
}

/* `way_out`: what the message says beside of the kind, of names that were only taken for such. */
static soma_status add_names(const soma_csv_reader *reader, const record *first, size_t start, const char *kind,
                             const char *way_out, soma_words *names) {
    for (size_t i = start; i < first->count; i++) {
        size_t number, before = names->count;
        SOMA_TRY(soma_words_add(names, first->fields[i], first->line, &number));
        if (names->count == before)
            return soma_error(SOMA_INVALID_FILE,
                              "%s: line %zu, column %zu: %s %s is named in column %zu already; names must differ%s",
                              reader->name, first->line, i + 1, kind,
                              soma_quote(first->fields[i], strlen(first->fields[i])).text, start + number + 1, way_out);
    }
    return SOMA_OK;
}

/* ------------------------------------------------------------------------------------------------------- layout */

static soma_status take_columns(const soma_csv_reader *reader, size_t columns, soma_csv_layout *layout) {
    layout->columns = columns;
    soma_free(layout->role);
    soma_free(layout->target);
    layout->role = soma_calloc(columns, sizeof *layout->role);
    layout->target = soma_calloc(columns, sizeof *layout->target);
    return layout->role && layout->target ? SOMA_OK
                                          : soma_out_of_memory(columns * sizeof *layout->target, reader->name);
}

/* What to do where a line that is one field is several of another separator. */
static const char *other_separator(const char *line) {
    return strpbrk(line, ",;|\t: ") ? "; if the fields are separated by something else, say so by the option separator "
                                      "(--separator)"
                                    : "";
}

static soma_status check_features(const soma_csv_reader *reader, const record *first, soma_csv_layout *layout) {
    layout->features = 0;
    for (size_t i = 0; i < layout->columns; i++) layout->features += layout->role[i] == SOMA_COLUMN_FEATURE;
    if (layout->features > 0) return SOMA_OK;
    if (layout->columns > 1)
        return soma_error(SOMA_INVALID_FILE,
                          "%s: line %zu: no column but the label is left; at least one feature is wanted beside it",
                          reader->name, first->line);
    const char *line = first->fields[0];
    return soma_error(SOMA_INVALID_FILE,
                      "%s: line %zu: %s: the label is the only column; at least one feature is wanted beside it%s",
                      reader->name, first->line, soma_quote(line, strlen(line)).text, other_separator(line));
}

/* Of the last column of a table that promises classes. */
static soma_column_role label_role(const soma_csv_layout *layout) {
    return layout->label == SOMA_CSV_NO_LABEL ? SOMA_COLUMN_IGNORED : SOMA_COLUMN_LABEL;
}

/* The form that promises rows, features and classes: the label is the last column, or not wanted. */
static soma_status use_promise(const soma_csv_reader *reader, const soma_csv_options *options, const record *first,
                               soma_csv_layout *layout) {
    layout->promised = true;
    layout->promise_line = first->line;
    SOMA_TRY(add_names(reader, first, 2, "class", SOMA_CSV_NO_PROMISE, &layout->classes));
    const char *label = options->label;
    if (layout->label != layout->columns - 1 && !(label && strcmp(label, "none") == 0))
        return soma_error(SOMA_INVALID_ARGUMENT,
                          "%s: label column %s; line %zu says rows, features and classes, so the label is the last "
                          "column" SOMA_CSV_NO_PROMISE,
                          reader->name, label ? soma_quote(label, strlen(label)).text : "as the network knows it",
                          first->line);
    layout->role[layout->columns - 1] = label_role(layout);
    return check_features(reader, first, layout);
}

/* A first line that has all names that the network knows of its inputs can be nothing else, even where they are
 * numbers. */
static bool has_known_names(const soma_columns *known, const record *first) {
    bool all = known && known->named;
    for (size_t i = 0; all && i < known->count; i++) {
        bool there = known->column[i].role != SOMA_COLUMN_FEATURE;
        for (size_t j = 0; !there && j < first->count; j++)
            there = strcmp(first->fields[j], known->column[i].name) == 0;
        all = there;
    }
    return all;
}

/* Every line a row, or the first one names the columns. */
static soma_status use_lines(const soma_csv_reader *reader, const soma_csv_options *options, const record *first,
                             const record *second, soma_csv_layout *layout) {
    const char *name = soma_csv_first_name(options);
    const soma_columns *known = options->network ? &options->network->columns : NULL;
    SOMA_TRY(take_columns(reader, first->count, layout));
    if (name && options->header < 0)
        return soma_error(
            SOMA_INVALID_ARGUMENT,
            "%s: %s %s is a name, but the table is said to have no header; a number from 1 to %zu is wanted",
            reader->name, name == options->label ? "label column" : "column", soma_quote(name, strlen(name)).text,
            first->count);
    if (!name) SOMA_TRY(soma_csv_find_roles(reader, options, false, layout));
    bool known_names = options->header == 0 && has_known_names(known, first);
    layout->guessed = options->header == 0 && !name && !known_names && looks_like_header(layout, first, second);
    if (options->header > 0 || name || known_names || layout->guessed)
        SOMA_TRY(add_names(reader, first, 0, "column", options->header > 0 || name ? "" : NO_HEADER, &layout->header));
    SOMA_TRY(soma_csv_find_roles(reader, options, true, layout));
    return check_features(reader, first, layout);
}

/* Whether the options name what a table that promises rows, features and classes has not. */
static bool wants_roles(const soma_csv_options *options) {
    const soma_csv_roles *roles = options->roles;
    if (!roles || roles->optional) return false;
    return roles->group || roles->time || roles->weight || roles->id || roles->sequences ||
           (roles->columns && soma_csv_list_has_names(roles->columns)) ||
           (roles->ignore && soma_csv_list_has_names(roles->ignore));
}

static soma_status find_layout(soma_csv_reader *reader, const soma_csv_options *options, record *first, record *second,
                               soma_csv_layout *layout) {
    size_t start = reader->position, start_line = reader->line;
    SOMA_TRY(read_record(reader, first));
    size_t behind = reader->position, behind_line = reader->line;
    if (options->header == 0 && !soma_csv_at_end(reader)) SOMA_TRY(read_record(reader, second));
    bool promised = options->header == 0 && !wants_roles(options) && is_promise(layout, first, second);
    if (promised) {
        SOMA_TRY(take_columns(reader, second->count, layout));
        SOMA_TRY(soma_csv_find_roles(reader, options, false, layout));
        if (can_be_row(layout, options, first, second)) {
            soma_csv_return(reader, behind, behind_line);
            promised = layout->label == second->count - 1;
            if (promised) SOMA_TRY(keeps_promise(reader, options, first, layout, &promised));
        }
    }
    if (promised)
        SOMA_TRY(use_promise(reader, options, first, layout));
    else
        SOMA_TRY(use_lines(reader, options, first, second, layout));
    if (layout->promised || layout->header.count)
        soma_csv_return(reader, behind, behind_line);
    else
        soma_csv_return(reader, start, start_line);
    return SOMA_OK;
}

/* What is no table would be refused for a quote or a separator, as if it were one. */
static soma_status refuse_other_formats(const soma_csv_reader *reader) {
    static const char *const markup[] = {"<!doctype", "<html", "<?xml"};
    const char *text = reader->text + reader->position;
    const size_t size = reader->size - reader->position;
    const char *format = NULL;
    for (size_t i = 0; i < SOMA_COUNT_OF(markup); i++)
        if (size > strlen(markup[i]) && strncasecmp(text, markup[i], strlen(markup[i])) == 0) format = "HTML or XML";
    if (size > 1 && (text[0] == '[' || text[0] == '{')) {
        size_t at = 1;
        while (at < size && strchr(" \t\r\n", text[at])) at++;
        if (at < size && text[at] && strchr("[{\"", text[at])) format = "JSON";
    }
    if (!format) return SOMA_OK;
    size_t shown = 0;
    while (shown < SOMA_MIN(size, (size_t)40) && text[shown] != '\n' && text[shown] != '\r') shown++;
    return soma_error(SOMA_INVALID_FILE,
                      "%s: line %zu, column 1: %s begins no table, but looks like %s; rows of fields "
                      "with a separator between them are wanted",
                      reader->name, reader->line, soma_quote(text, shown).text, format);
}

soma_status soma_csv_find_layout(soma_csv_reader *reader, const soma_csv_options *options, soma_csv_layout *layout) {
    *layout = (soma_csv_layout){.c_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0)};
    if (layout->c_locale == (locale_t)0) return soma_out_of_memory(0, "the C locale");
    if (soma_csv_at_end(reader))
        return soma_error(SOMA_INVALID_FILE, "%s: line 1: the table is empty; at least one row is wanted",
                          reader->name);
    SOMA_TRY(refuse_other_formats(reader));
    SOMA_TRY(soma_csv_choose_gap_texts(reader, options, layout));
    record first = {0}, second = {0};
    soma_status status = find_layout(reader, options, &first, &second, layout);
    if (status == SOMA_OK)
        status = soma_csv_place_columns(reader, options->network ? &options->network->columns : NULL, layout);
    if (status == SOMA_OK && layout->sequence != SOMA_CSV_NO_COLUMN && options->roles && options->roles->sequences)
        layout->kept.step_labels |= options->roles->sequences->label_per_step;
    layout->steps_have_names =
        layout->kept.step_labels && options->network && options->network->preprocessing.class_count;
    if (status == SOMA_OK && layout->kept.gaps.count == 0)
        status = soma_gap_texts_copy(&layout->gaps, &layout->kept.gaps);
    clear_record(&first);
    clear_record(&second);
    return status;
}

void soma_csv_layout_clear(soma_csv_layout *layout) {
    soma_columns_clear(&layout->kept);
    soma_gap_texts_clear(&layout->gaps);
    for (size_t i = 0; layout->categories && i < layout->columns; i++) soma_words_clear(&layout->categories[i]);
    soma_free(layout->categories);
    soma_free(layout->encodings);
    soma_free(layout->feature);
    soma_free(layout->place);
    soma_free(layout->role);
    soma_free(layout->target);
    soma_free(layout->note.data);
    soma_words_clear(&layout->header);
    soma_words_clear(&layout->classes);
    if (layout->c_locale != (locale_t)0) freelocale(layout->c_locale);
}
