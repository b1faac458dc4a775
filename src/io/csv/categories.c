/* SPDX-License-Identifier: MIT */
/* Features of a table that are no numbers: truth values, dates, and words, of which each is an input of its own, or
 * hashed. */
#include "base/date.h"
#include "base/decimal.h"
#include "base/number.h"
#include "base/utf8.h"
#include "io/csv/fields.h"
#include "io/csv/near_numbers.h"

#include <string.h>

/* What the fields of a column are. */
typedef struct kinds {
    size_t numbers, dates, truths, words;
    soma_words different; /* up to one more than there may be */
} kinds;

static bool is_number(const soma_csv_reader *reader) {
    const char *at = reader->field, *end = at + reader->length;
    soma_decimal number;
    if (soma_decimal_scan(&at, end, &number) && at == end) return true;
    /* Of infinities and the like; what is a gap elsewhere may be a word here. */
    bool placeholder = soma_number_is_placeholder(reader->field) && !soma_number_is_gap(reader->field);
    return placeholder || soma_csv_is_like_number(reader->field);
}

static soma_status look_at_field(const soma_csv_reader *reader, size_t most, kinds *column) {
    size_t number;
    double seconds;
    bool truth;
    if (soma_csv_is_gap(reader)) return SOMA_OK;
    if (is_number(reader))
        column->numbers++;
    else if (soma_date_parse(reader->field, &seconds))
        column->dates++;
    else if (soma_number_is_truth(reader->field, &truth))
        column->truths++;
    else
        column->words++;
    if (column->different.count > most) return SOMA_OK;
    return soma_words_add(&column->different, reader->field, reader->field_line, &number);
}

static soma_status look_at_rows(soma_csv_reader *reader, size_t most, const soma_csv_layout *layout, kinds *columns) {
    while (!soma_csv_at_end(reader)) {
        size_t line = reader->line;
        for (size_t column = 0; column < layout->columns; column++) {
            SOMA_TRY(soma_csv_next(reader));
            SOMA_TRY(soma_csv_check_length(reader, layout, line, column + 1));
            if (layout->place[column] != SOMA_CSV_NO_INPUT) SOMA_TRY(look_at_field(reader, most, &columns[column]));
        }
    }
    return SOMA_OK;
}

/* Between numbers a word is a fault, and between dates. */
static soma_column_form form_of(const kinds *found, const soma_csv_roles *roles) {
    const size_t no_numbers = found->dates + found->truths + found->words, values = no_numbers + found->numbers;
    if (roles->dates && found->dates > values - found->dates)
        return roles->dates == SOMA_DATES_CYCLE ? SOMA_FORM_CYCLE : SOMA_FORM_DATE;
    if (!roles->max_categories || no_numbers <= found->numbers) return SOMA_FORM_NUMBER;
    if (found->truths == values) return SOMA_FORM_TRUTH;
    return found->different.count > roles->max_categories ? SOMA_FORM_HASH : SOMA_FORM_CATEGORY;
}

static soma_status refuse_words(const soma_csv_reader *reader, size_t most, const soma_csv_layout *layout,
                                size_t column, const kinds *found) {
    const soma_word *word = &found->different.words[most];
    return soma_error(SOMA_INVALID_FILE,
                      "%s: line %zu, column %zu%s: %s is one category too many; up to %zu different words are "
                      "taken (max_categories, --max-categories); leave the column out of the table, or allow more",
                      reader->name, word->line, column + 1, soma_csv_name_column(layout, column).text,
                      soma_quote(word->text, strlen(word->text)).text, most);
}

static void note_hash(const soma_csv_reader *reader, const soma_csv_roles *roles, size_t column,
                      soma_csv_layout *layout) {
    soma_text_append(&layout->note,
                     "%s%s: column %zu%s: more than %zu different words, which are hashed into %zu inputs; "
                     "max_categories (--max-categories) allows more",
                     layout->note.data ? "\n" : "", reader->name, column + 1, soma_csv_name_column(layout, column).text,
                     (size_t)roles->max_categories, (size_t)roles->buckets);
}

static soma_status keep(const soma_csv_reader *reader, const soma_csv_roles *roles, soma_csv_layout *layout,
                        size_t column, const kinds *found) {
    const soma_column_form form = form_of(found, roles);
    soma_table_column *into = &layout->kept.column[soma_columns_feature(&layout->kept, layout->place[column])];
    into->form = form;
    if (form == SOMA_FORM_HASH) {
        if (!roles->buckets) return refuse_words(reader, roles->max_categories, layout, column, found);
        into->buckets = roles->buckets;
        note_hash(reader, roles, column, layout);
    }
    for (size_t i = 0; form == SOMA_FORM_CATEGORY && i < found->different.count; i++)
        SOMA_TRY(soma_column_add_category(into, found->different.words[i].text));
    return SOMA_OK;
}

static soma_status check_roles(const soma_csv_roles *roles) {
    if (roles->max_categories > SOMA_MAX_CATEGORIES || roles->buckets > SOMA_MAX_CATEGORIES)
        return soma_error(SOMA_INVALID_ARGUMENT, "soma_csv_roles.%s is %zu; accepted: 0 to %d",
                          roles->buckets > SOMA_MAX_CATEGORIES ? "buckets" : "max_categories",
                          (size_t)SOMA_MAX(roles->max_categories, roles->buckets), SOMA_MAX_CATEGORIES);
    if (roles->dates > SOMA_DATES_CYCLE)
        return soma_error(SOMA_INVALID_ARGUMENT, "soma_csv_roles.dates is %zu; accepted: 0 to %d", (size_t)roles->dates,
                          SOMA_DATES_CYCLE);
    return SOMA_OK;
}

soma_status soma_csv_find_forms(soma_csv_reader *reader, const soma_csv_roles *roles, soma_csv_layout *layout,
                                bool *any) {
    const size_t position = reader->position, line = reader->line;
    *any = false;
    SOMA_TRY(check_roles(roles));
    kinds *columns = soma_calloc(layout->columns, sizeof *columns);
    if (!columns) return soma_out_of_memory(layout->columns * sizeof *columns, reader->name);
    soma_status status = look_at_rows(reader, roles->max_categories, layout, columns);
    soma_csv_return(reader, position, line);
    for (size_t i = 0; status == SOMA_OK && i < layout->columns; i++) {
        if (layout->place[i] == SOMA_CSV_NO_INPUT || form_of(&columns[i], roles) == SOMA_FORM_NUMBER) continue;
        *any = true;
        status = keep(reader, roles, layout, i, &columns[i]);
    }
    for (size_t i = 0; i < layout->columns; i++) soma_words_clear(&columns[i].different);
    soma_free(columns);
    return status;
}

/* ------------------------------------------------------------------------------------------------------- inputs */

static soma_status take_categories(const soma_table_column *from, soma_words *categories) {
    size_t number;
    soma_words_clear(categories);
    for (size_t i = 0; i < from->category_count; i++)
        SOMA_TRY(soma_words_add(categories, from->categories[i], 0, &number));
    return SOMA_OK;
}

static soma_status take_memory(const soma_csv_reader *reader, soma_csv_layout *layout) {
    if (layout->feature) return SOMA_OK;
    layout->categories = soma_calloc(layout->columns, sizeof *layout->categories);
    layout->encodings = soma_calloc(layout->columns, sizeof *layout->encodings);
    layout->feature = soma_calloc(layout->columns, sizeof *layout->feature);
    if (!layout->categories || !layout->encodings || !layout->feature)
        return soma_out_of_memory(layout->columns * sizeof *layout->categories, reader->name);
    memcpy(layout->feature, layout->place, layout->columns * sizeof *layout->feature);
    return SOMA_OK;
}

soma_status soma_csv_place_inputs(const soma_csv_reader *reader, soma_csv_layout *layout) {
    const size_t features = soma_columns_with(&layout->kept, SOMA_COLUMN_FEATURE);
    size_t *begin = soma_realloc(NULL, SOMA_MAX(features, 1), sizeof *begin), feature = 0, inputs = 0;
    if (!begin) return soma_out_of_memory(features * sizeof *begin, reader->name);
    soma_status status = take_memory(reader, layout);
    for (size_t i = 0; i < layout->kept.count; i++) {
        const soma_table_column *column = &layout->kept.column[i];
        if (column->role != SOMA_COLUMN_FEATURE) continue;
        begin[feature++] = inputs;
        inputs += soma_table_column_width(column);
    }
    for (size_t i = 0; status == SOMA_OK && i < layout->columns; i++) {
        if (layout->feature[i] == SOMA_CSV_NO_INPUT) continue;
        const soma_table_column *column = &layout->kept.column[soma_columns_feature(&layout->kept, layout->feature[i])];
        layout->encodings[i] = (soma_csv_encoding){column->form, column->indicator, soma_table_column_parts(column)};
        status = take_categories(column, &layout->categories[i]);
        layout->place[i] = begin[layout->feature[i]];
    }
    layout->features = inputs;
    soma_free(begin);
    return status;
}

/* ------------------------------------------------------------------------------------------------------- header */

static bool is_word(const soma_csv_layout *layout, const char *text) {
    const char *at = text, *end = text + strlen(text);
    soma_decimal number;
    double seconds;
    return !soma_number_is_placeholder(text) && !soma_gap_texts_have(&layout->gaps, text) &&
           !(soma_decimal_scan(&at, end, &number) && at == end) && !soma_date_parse(text, &seconds);
}

soma_status soma_csv_check_header(const soma_csv_reader *reader, const soma_csv_layout *layout,
                                  const char *first_label) {
    bool any = false, above_number = false;
    if (!layout->guessed || !layout->encodings) return SOMA_OK;
    for (size_t i = 0; i < layout->columns && i < layout->header.count; i++) {
        const soma_column_form form = soma_csv_form(layout, i);
        bool feature = layout->place[i] != SOMA_CSV_NO_INPUT;
        bool word = form == SOMA_FORM_TRUTH || soma_csv_has_words(layout, i);
        bool number = feature ? !word
                              : layout->role[i] == SOMA_COLUMN_LABEL &&
                                    (layout->labels > 1 || (first_label && !is_word(layout, first_label)));
        any |= feature && word;
        above_number |= number && is_word(layout, layout->header.words[i].text);
    }
    if (!any || above_number) return SOMA_OK;
    return soma_error(SOMA_INVALID_FILE,
                      "%s: the first line can be names of columns as well as a row, as no word in it stands above "
                      "numbers; say which by the option header (--header, --no-header)",
                      reader->name);
}

/* ------------------------------------------------------------------------------------------------------- unseen */

void soma_csv_note_unseen(const soma_csv_reader *reader, const size_t *unseen, soma_csv_layout *layout) {
    for (size_t column = 0; column < layout->columns; column++)
        if (unseen[column])
            soma_text_append(&layout->note,
                             "%s%s: column %zu%s: %zu words that the model does not know, taken for none of its "
                             "categories",
                             layout->note.data ? "\n" : "", reader->name, column + 1,
                             soma_csv_name_column(layout, column).text, unseen[column]);
}
