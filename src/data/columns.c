/* SPDX-License-Identifier: MIT */
/* See columns.h. */
#include "data/columns.h"
#include "base/date.h"
#include "base/utf8.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

soma_status soma_columns_add(soma_columns *columns, const char *name, soma_column_role role) {
    soma_table_column *column = soma_realloc(columns->column, columns->count + 1, sizeof *column);
    if (!column) return soma_out_of_memory((columns->count + 1) * sizeof *column, "columns of a table");
    columns->column = column;
    char *copy = soma_strdup(name);
    if (!copy) return soma_out_of_memory(strlen(name) + 1, "a column's name");
    column[columns->count++] = (soma_table_column){.name = copy, .role = role, .fill = NAN};
    return SOMA_OK;
}

void soma_columns_clear(soma_columns *columns) {
    for (size_t i = 0; i < columns->count; i++) {
        soma_table_column *column = &columns->column[i];
        for (size_t j = 0; j < column->category_count; j++) soma_free(column->categories[j]);
        soma_free(column->categories);
        soma_free(column->name);
    }
    soma_free(columns->column);
    soma_gap_texts_clear(&columns->gaps);
    *columns = (soma_columns){.count = 0};
}

soma_status soma_column_add_category(soma_table_column *column, const char *category) {
    char **categories = soma_realloc(column->categories, column->category_count + 1, sizeof *categories);
    if (!categories) return soma_out_of_memory((column->category_count + 1) * sizeof *categories, "categories");
    column->categories = categories;
    char *copy = soma_strdup(category);
    if (!copy) return soma_out_of_memory(strlen(category) + 1, "a category");
    categories[column->category_count++] = copy;
    column->form = SOMA_FORM_CATEGORY;
    return SOMA_OK;
}

const char *soma_column_form_name(soma_column_form form) {
    static const char *const names[] = {"number", "category", "hashed words", "truth value", "date", "date and cycle"};
    return names[form];
}

size_t soma_table_column_parts(const soma_table_column *column) {
    switch (column->form) {
    case SOMA_FORM_CATEGORY:
        return column->category_count;
    case SOMA_FORM_HASH:
        return column->buckets;
    case SOMA_FORM_CYCLE:
        return 1 + SOMA_CYCLE_PARTS;
    case SOMA_FORM_NUMBER:
    case SOMA_FORM_TRUTH:
    case SOMA_FORM_DATE:
        break;
    }
    return 1;
}

size_t soma_table_column_width(const soma_table_column *column) {
    return soma_table_column_parts(column) + column->indicator;
}

const char *soma_table_column_difference(const soma_table_column *known, const soma_table_column *found,
                                         char text[160]) {
    if (known->form != found->form)
        snprintf(text, 160, "is read as %s in the table and as %s in the model", soma_column_form_name(found->form),
                 soma_column_form_name(known->form));
    else if (known->category_count != found->category_count || known->buckets != found->buckets)
        snprintf(text, 160, "has %zu categories in the table and %zu in the model",
                 found->category_count + found->buckets, known->category_count + known->buckets);
    else if (known->indicator != found->indicator)
        snprintf(text, 160, "has an indicator of gaps in the %s alone", known->indicator ? "model" : "table");
    else
        return NULL;
    return text;
}

static soma_status copy_column(const soma_table_column *from, soma_columns *to) {
    SOMA_TRY(soma_columns_add(to, from->name, from->role));
    soma_table_column *column = &to->column[to->count - 1];
    column->missing = from->missing;
    column->fill = from->fill;
    column->form = from->form;
    column->indicator = from->indicator;
    column->buckets = from->buckets;
    for (size_t i = 0; i < from->category_count; i++) SOMA_TRY(soma_column_add_category(column, from->categories[i]));
    return SOMA_OK;
}

soma_status soma_columns_copy(const soma_columns *from, soma_columns *to) {
    *to = (soma_columns){.named = from->named, .step_labels = from->step_labels};
    SOMA_TRY(soma_gap_texts_copy(&from->gaps, &to->gaps));
    for (size_t i = 0; i < from->count; i++) {
        soma_status status = copy_column(&from->column[i], to);
        if (status == SOMA_OK) continue;
        soma_columns_clear(to);
        return status;
    }
    return SOMA_OK;
}

size_t soma_columns_inputs(const soma_columns *columns) {
    size_t inputs = 0;
    for (size_t i = 0; i < columns->count; i++)
        if (columns->column[i].role == SOMA_COLUMN_FEATURE) inputs += soma_table_column_width(&columns->column[i]);
    return inputs;
}

size_t soma_columns_of_input(const soma_columns *columns, size_t input) {
    size_t at = 0, behind = 0;
    for (; at < columns->count; at++)
        if (columns->column[at].role == SOMA_COLUMN_FEATURE &&
            (behind += soma_table_column_width(&columns->column[at])) > input)
            break;
    return at;
}

size_t soma_columns_with(const soma_columns *columns, soma_column_role role) {
    size_t with = 0;
    for (size_t i = 0; i < columns->count; i++) with += columns->column[i].role == role;
    return with;
}

bool soma_columns_are_of_steps(const soma_columns *columns) {
    return soma_columns_with(columns, SOMA_COLUMN_SEQUENCE) > 0;
}

size_t soma_columns_first(const soma_columns *columns, soma_column_role role) {
    size_t first = 0;
    while (first < columns->count && columns->column[first].role != role) first++;
    return first;
}

size_t soma_columns_feature(const soma_columns *columns, size_t number) {
    size_t at = 0;
    for (; at < columns->count; at++)
        if (columns->column[at].role == SOMA_COLUMN_FEATURE && number-- == 0) break;
    return at;
}

size_t soma_columns_find(const soma_columns *columns, const char *name) {
    size_t found = 0;
    while (found < columns->count && strcmp(columns->column[found].name, name) != 0) found++;
    return found;
}

static bool has(const soma_columns *columns, const char *name, soma_column_role role) {
    const size_t at = soma_columns_find(columns, name);
    return at < columns->count && columns->column[at].role == role;
}

const char *soma_columns_list(const soma_columns *columns, soma_column_role role, const soma_columns *other,
                              char text[SOMA_COLUMN_LIST]) {
    size_t length = 0, left_out = 0;
    *text = 0;
    for (size_t i = 0; i < columns->count; i++) {
        const char *name = columns->column[i].name;
        if (columns->column[i].role != role) continue;
        if (other && has(other, name, role)) continue;
        soma_quoted quoted = soma_quote(name, strlen(name));
        if (left_out || length + strlen(quoted.text) + 24 > SOMA_COLUMN_LIST)
            left_out++;
        else
            length +=
                (size_t)snprintf(text + length, SOMA_COLUMN_LIST - length, "%s%s", length ? ", " : "", quoted.text);
    }
    if (left_out) snprintf(text + length, SOMA_COLUMN_LIST - length, " and %zu more", left_out);
    return text;
}

/* ----------------------------------------------------------------------------------------------------------- match */

/* "; there is "Width"" where a column differs from a missing one in upper and lower case alone. */
static const char *similar(const soma_columns *known, const soma_columns *found, char text[128]) {
    *text = 0;
    for (size_t i = 0; i < known->count; i++) {
        const char *name = known->column[i].name;
        if (known->column[i].role != SOMA_COLUMN_FEATURE || has(found, name, SOMA_COLUMN_FEATURE)) continue;
        for (size_t j = 0; j < found->count; j++)
            if (strcasecmp(found->column[j].name, name) == 0 && strcmp(found->column[j].name, name) != 0)
                snprintf(text, 128, "; there is %s, which is another name",
                         soma_quote(found->column[j].name, strlen(found->column[j].name)).text);
    }
    return text;
}

static soma_status match_names(const soma_columns *known, const soma_columns *found, size_t *place) {
    size_t missing = 0, feature = 0;
    for (size_t i = 0; i < known->count; i++) {
        if (known->column[i].role != SOMA_COLUMN_FEATURE) continue;
        size_t at = soma_columns_find(found, known->column[i].name);
        bool there = has(found, known->column[i].name, SOMA_COLUMN_FEATURE);
        missing += !there;
        size_t before = 0; /* features in front of it */
        for (size_t j = 0; there && j < at; j++) before += found->column[j].role == SOMA_COLUMN_FEATURE;
        place[feature++] = before;
    }
    if (missing == 0) return SOMA_OK;
    char list[SOMA_COLUMN_LIST], have[SOMA_COLUMN_LIST], hint[128];
    return soma_error(SOMA_INVALID_ARGUMENT,
                      "the table has no column%s %s, which the model was trained on%s; its columns besides the label "
                      "are %s",
                      missing > 1 ? "s" : "", soma_columns_list(known, SOMA_COLUMN_FEATURE, found, list),
                      similar(known, found, hint), soma_columns_list(found, SOMA_COLUMN_FEATURE, NULL, have));
}

soma_status soma_columns_match(const soma_columns *known, const soma_columns *found, size_t *place) {
    size_t wanted = soma_columns_with(known, SOMA_COLUMN_FEATURE),
           there = soma_columns_with(found, SOMA_COLUMN_FEATURE);
    if (known->named && found->named) return match_names(known, found, place);
    if (wanted != there)
        return soma_error(
            SOMA_INVALID_ARGUMENT,
            "the table has %zu columns besides the label; the model was trained on %zu, which are matched "
            "by their place where there are no names",
            there, wanted);
    for (size_t i = 0; i < wanted; i++) place[i] = i;
    return SOMA_OK;
}
