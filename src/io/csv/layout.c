/* SPDX-License-Identifier: MIT */
/* What the first line of a table is: names of columns, a row, or the form "rows,features,class,class,..."; and where
 * the label is. */
#include "base/number.h"
#include "base/utf8.h"
#include "io/csv/table.h"
#include "nn/network.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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
    return !soma_number_is_placeholder(field) && !is_number(layout, field);
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

/* A word among the numbers; for label, groups and times, which may be words in every row, a word above a number. */
static bool looks_like_header(const soma_csv_layout *layout, const record *first, const record *second) {
    for (size_t i = 0; i < first->count; i++) {
        if (!is_word(layout, first->fields[i])) continue;
        if (soma_csv_is_feature(layout, i)) return true;
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

/* -------------------------------------------------------------------------------------------------------- label */

/* The number in options->label, 0 if it is a name. */
static long label_number(const char *label) {
    char *end;
    long number = strtol(label, &end, 10);
    return *label && *end == 0 ? number : 0;
}

static bool label_is_name(const soma_csv_options *options) {
    return options->label && strcmp(options->label, "none") != 0 && label_number(options->label) == 0;
}

/* The label's column where it is given by number, or not given. */
static soma_status find_label_by_number(const soma_csv_reader *reader, const soma_csv_options *options, size_t columns,
                                        soma_csv_layout *layout) {
    long number = options->label ? label_number(options->label) : -1;
    layout->label = SOMA_CSV_NO_LABEL;
    if (options->label && strcmp(options->label, "none") == 0) return SOMA_OK;
    if (label_is_name(options)) return SOMA_OK; /* for now */
    if (number < -1 || (number > 0 && (size_t)number > columns))
        return soma_error(SOMA_INVALID_ARGUMENT,
                          "%s: label column %ld; the table has columns 1 to %zu, and -1 for the last", reader->name,
                          number, columns);
    layout->label = number == -1 ? columns - 1 : (size_t)number - 1;
    return SOMA_OK;
}

static soma_status find_by_name(const soma_csv_reader *reader, const char *name, const record *first,
                                const soma_csv_layout *layout, size_t *column) {
    if (soma_words_find(&layout->header, name, column)) return SOMA_OK;
    soma_text known = {0};
    for (size_t i = 0; i < SOMA_MIN(first->count, (size_t)8); i++)
        soma_text_append(&known, "%s%s", i ? ", " : "", soma_quote(first->fields[i], strlen(first->fields[i])).text);
    soma_status status = soma_error(SOMA_INVALID_ARGUMENT, "%s: line %zu: no column is called %s; there are %s%s",
                                    reader->name, first->line, soma_quote(name, strlen(name)).text,
                                    known.data ? known.data : "none", first->count > 8 ? ", ..." : "");
    soma_free(known.data);
    return status;
}

/* -------------------------------------------------------------------------------------------- groups and times */

static bool role_is_name(const soma_csv_options *options, const char *role) {
    return role && options->roles && !options->roles->optional && label_number(role) == 0;
}

/* Whether names of columns are given, so that there must be a header. */
static bool has_names(const soma_csv_options *options) {
    const soma_csv_roles *roles = options->roles;
    return label_is_name(options) ||
           (roles && (role_is_name(options, roles->group) || role_is_name(options, roles->time)));
}

/* Where it is given by number; those that need not be there are looked for. */
static soma_status find_role_by_number(const soma_csv_reader *reader, const soma_csv_options *options, const char *role,
                                       size_t columns, size_t *column) {
    long number = role ? label_number(role) : 0;
    *column = SOMA_CSV_NO_COLUMN;
    if (number == 0) return SOMA_OK;
    if (number > 0 && (size_t)number <= columns)
        *column = (size_t)number - 1;
    else if (!options->roles->optional)
        return soma_error(SOMA_INVALID_ARGUMENT, "%s: column %ld; the table has columns 1 to %zu", reader->name, number,
                          columns);
    return SOMA_OK;
}

static soma_status find_role_by_name(const soma_csv_reader *reader, const soma_csv_options *options, const char *role,
                                     const record *first, const soma_csv_layout *layout, size_t *column) {
    if (!role || label_number(role) != 0) return SOMA_OK;
    if (!options->roles->optional) return find_by_name(reader, role, first, layout, column);
    if (!soma_words_find(&layout->header, role, column)) *column = SOMA_CSV_NO_COLUMN;
    return SOMA_OK;
}

static soma_status check_roles(const soma_csv_reader *reader, const soma_csv_layout *layout) {
    bool twice = layout->group != SOMA_CSV_NO_COLUMN && layout->group == layout->time;
    const size_t both = twice ? layout->time : layout->label;
    if (!twice && (both == SOMA_CSV_NO_COLUMN || (both != layout->group && both != layout->time))) return SOMA_OK;
    return soma_error(SOMA_INVALID_ARGUMENT,
                      "%s: column %zu%s is both %s; each wants a column of its own (the label is the last by default)",
                      reader->name, both + 1, soma_csv_name_column(layout, both).text,
                      twice                            ? "the groups and the times"
                      : layout->label == layout->group ? "the label and the groups"
                                                       : "the label and the times");
}

/* ------------------------------------------------------------------------------------------------------- layout */

/* The form that promises rows, features and classes: the label is the last column, or not wanted. */
static soma_status use_promise(const soma_csv_reader *reader, const soma_csv_options *options, const record *first,
                               const record *second, soma_csv_layout *layout) {
    layout->promised = true;
    layout->promise_line = first->line;
    layout->columns = second->count;
    SOMA_TRY(add_names(reader, first, 2, "class", SOMA_CSV_NO_PROMISE, &layout->classes));
    if (label_is_name(options) || (layout->label != SOMA_CSV_NO_LABEL && layout->label != layout->columns - 1))
        return soma_error(SOMA_INVALID_ARGUMENT,
                          "%s: label column %s; line %zu says rows, features and classes, so the label is the last "
                          "column" SOMA_CSV_NO_PROMISE,
                          reader->name, soma_quote(options->label, strlen(options->label)).text, first->line);
    layout->features = layout->columns - 1;
    return SOMA_OK;
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
    static const soma_csv_roles none;
    const soma_csv_roles *roles = options->roles ? options->roles : &none;
    bool by_name = has_names(options);
    const char *name = label_is_name(options)                ? options->label
                       : role_is_name(options, roles->group) ? roles->group
                                                             : roles->time;
    const soma_columns *known = options->network ? &options->network->columns : NULL;
    layout->columns = first->count;
    SOMA_TRY(find_label_by_number(reader, options, first->count, layout));
    SOMA_TRY(find_role_by_number(reader, options, roles->group, first->count, &layout->group));
    SOMA_TRY(find_role_by_number(reader, options, roles->time, first->count, &layout->time));
    if (by_name && options->header < 0)
        return soma_error(
            SOMA_INVALID_ARGUMENT,
            "%s: %s %s is a name, but the table is said to have no header; a number from 1 to %zu is wanted",
            reader->name, label_is_name(options) ? "label column" : "column", soma_quote(name, strlen(name)).text,
            first->count);
    bool known_names = options->header == 0 && has_known_names(known, first);
    layout->guessed = options->header == 0 && !by_name && !known_names && looks_like_header(layout, first, second);
    if (options->header > 0 || by_name || known_names || layout->guessed)
        SOMA_TRY(
            add_names(reader, first, 0, "column", options->header > 0 || by_name ? "" : NO_HEADER, &layout->header));
    if (label_is_name(options)) SOMA_TRY(find_by_name(reader, options->label, first, layout, &layout->label));
    SOMA_TRY(find_role_by_name(reader, options, roles->group, first, layout, &layout->group));
    SOMA_TRY(find_role_by_name(reader, options, roles->time, first, layout, &layout->time));
    if (!options->label && known && known->count) SOMA_TRY(soma_csv_find_known_label(reader, known, layout));
    SOMA_TRY(check_roles(reader, layout));
    layout->features = 0;
    for (size_t i = 0; i < layout->columns; i++) layout->features += soma_csv_is_feature(layout, i);
    if (layout->features > 0) return SOMA_OK;
    return soma_error(SOMA_INVALID_FILE,
                      "%s: line %zu: the label is the only column; at least one feature is wanted beside it",
                      reader->name, first->line);
}

static soma_status find_layout(soma_csv_reader *reader, const soma_csv_options *options, record *first, record *second,
                               soma_csv_layout *layout) {
    size_t start = reader->position, start_line = reader->line;
    SOMA_TRY(read_record(reader, first));
    size_t behind = reader->position, behind_line = reader->line;
    if (options->header == 0 && !soma_csv_at_end(reader)) SOMA_TRY(read_record(reader, second));
    const soma_csv_roles *roles = options->roles; /* of which such a form has none */
    bool names_roles = roles && (roles->group || roles->time) && !roles->optional;
    bool promised = options->header == 0 && !names_roles && is_promise(layout, first, second);
    if (promised) {
        SOMA_TRY(find_label_by_number(reader, options, second->count, layout));
        if (can_be_row(layout, options, first, second)) {
            soma_csv_return(reader, behind, behind_line);
            promised = layout->label == second->count - 1;
            if (promised) SOMA_TRY(keeps_promise(reader, options, first, layout, &promised));
        }
    }
    if (promised)
        SOMA_TRY(use_promise(reader, options, first, second, layout));
    else
        SOMA_TRY(use_lines(reader, options, first, second, layout));
    if (layout->promised || layout->header.count)
        soma_csv_return(reader, behind, behind_line);
    else
        soma_csv_return(reader, start, start_line);
    return SOMA_OK;
}

soma_status soma_csv_find_layout(soma_csv_reader *reader, const soma_csv_options *options, soma_csv_layout *layout) {
    *layout = (soma_csv_layout){
        .group = SOMA_CSV_NO_COLUMN, .time = SOMA_CSV_NO_COLUMN, .c_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0)};
    if (layout->c_locale == (locale_t)0) return soma_out_of_memory(0, "the C locale");
    if (soma_csv_at_end(reader))
        return soma_error(SOMA_INVALID_FILE, "%s: line 1: the table is empty; at least one row is wanted",
                          reader->name);
    record first = {0}, second = {0};
    soma_status status = find_layout(reader, options, &first, &second, layout);
    if (status == SOMA_OK)
        status = soma_csv_place_columns(reader, options->network ? &options->network->columns : NULL, layout);
    clear_record(&first);
    clear_record(&second);
    return status;
}

void soma_csv_layout_clear(soma_csv_layout *layout) {
    soma_columns_clear(&layout->kept);
    for (size_t i = 0; layout->categories && i < layout->columns; i++) soma_words_clear(&layout->categories[i]);
    soma_free(layout->categories);
    soma_free(layout->place);
    soma_free(layout->note.data);
    soma_words_clear(&layout->header);
    soma_words_clear(&layout->classes);
    if (layout->c_locale != (locale_t)0) freelocale(layout->c_locale);
}

soma_csv_column_name soma_csv_name_column(const soma_csv_layout *layout, size_t column) {
    soma_csv_column_name name = {""};
    if (column >= layout->header.count) return name;
    const char *text = layout->header.words[column].text;
    snprintf(name.text, sizeof name.text, " (%s)", soma_quote(text, strlen(text)).text);
    return name;
}
