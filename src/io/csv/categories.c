/* SPDX-License-Identifier: MIT */
/* Features of a table that are words: categories, each an input of its own. */
#include "base/decimal.h"
#include "base/number.h"
#include "base/utf8.h"
#include "io/csv/survey.h"

#include <string.h>

/* What the fields of a column are. */
typedef struct kinds {
    size_t numbers, words;
    soma_words different; /* up to one more than there may be */
} kinds;

/* Digits with points, commas and blanks alone: a number, if in another way of writing, which is no category. */
static bool is_like_number(const char *text) {
    bool digit = false;
    text += *text == '+' || *text == '-';
    for (; *text; text++) {
        if (!strchr("0123456789., ", *text)) return false;
        digit |= *text >= '0' && *text <= '9';
    }
    return digit;
}

static bool is_number(const soma_csv_reader *reader) {
    const char *at = reader->field, *end = at + reader->length;
    soma_decimal number;
    if (soma_decimal_scan(&at, end, &number) && at == end) return true;
    return soma_number_is_placeholder(reader->field) || is_like_number(reader->field);
}

static soma_status look_at_field(const soma_csv_reader *reader, size_t most, kinds *column) {
    size_t number;
    if (soma_number_is_gap(reader->field)) return SOMA_OK;
    if (is_number(reader))
        column->numbers++;
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

/* Between numbers a word is a fault. */
static bool is_category(const kinds *column) {
    return column->words > column->numbers;
}

static soma_status keep(const soma_csv_reader *reader, size_t most, const soma_csv_layout *layout, size_t column,
                        const kinds *found, soma_columns *kept) {
    if (found->different.count > most) {
        const soma_word *word = &found->different.words[most];
        return soma_error(SOMA_INVALID_FILE,
                          "%s: line %zu, column %zu%s: %s is one category too many; up to %zu different words are "
                          "taken (max_categories, --max-categories); leave the column out of the table, or allow more",
                          reader->name, word->line, column + 1, soma_csv_name_column(layout, column).text,
                          soma_quote(word->text, strlen(word->text)).text, most);
    }
    soma_table_column *into = &kept->column[soma_columns_feature(kept, layout->place[column])];
    for (size_t i = 0; i < found->different.count; i++)
        SOMA_TRY(soma_column_add_category(into, found->different.words[i].text));
    return SOMA_OK;
}

soma_status soma_csv_find_categories(soma_csv_reader *reader, size_t most, soma_csv_layout *layout, bool *any) {
    const size_t position = reader->position, line = reader->line;
    *any = false;
    if (most > SOMA_MAX_CATEGORIES)
        return soma_error(SOMA_INVALID_ARGUMENT, "soma_csv_roles.max_categories is %zu; accepted: 0 to %d", most,
                          SOMA_MAX_CATEGORIES);
    kinds *columns = soma_calloc(layout->columns, sizeof *columns);
    if (!columns) return soma_out_of_memory(layout->columns * sizeof *columns, reader->name);
    soma_status status = look_at_rows(reader, most, layout, columns);
    soma_csv_return(reader, position, line);
    for (size_t i = 0; status == SOMA_OK && i < layout->columns; i++) {
        if (!is_category(&columns[i])) continue;
        *any = true;
        status = keep(reader, most, layout, i, &columns[i], &layout->kept);
    }
    for (size_t i = 0; i < layout->columns; i++) soma_words_clear(&columns[i].different);
    soma_free(columns);
    return status;
}

static soma_status take_categories(const soma_table_column *from, soma_words *categories) {
    size_t number;
    for (size_t i = 0; i < from->category_count; i++)
        SOMA_TRY(soma_words_add(categories, from->categories[i], 0, &number));
    return SOMA_OK;
}

soma_status soma_csv_place_inputs(const soma_csv_reader *reader, soma_csv_layout *layout) {
    const size_t features = layout->features;
    size_t *begin = soma_realloc(NULL, features, sizeof *begin), feature = 0, inputs = 0;
    layout->categories = soma_calloc(layout->columns, sizeof *layout->categories);
    if (!begin || !layout->categories) {
        soma_free(begin);
        return soma_out_of_memory(layout->columns * sizeof *layout->categories, reader->name);
    }
    for (size_t i = 0; i < layout->kept.count && feature < features; i++) {
        const soma_table_column *column = &layout->kept.column[i];
        if (column->role != SOMA_COLUMN_FEATURE) continue;
        begin[feature++] = inputs;
        inputs += soma_table_column_width(column);
    }
    soma_status status = SOMA_OK;
    for (size_t i = 0; status == SOMA_OK && i < layout->columns; i++) {
        if (layout->place[i] == SOMA_CSV_NO_INPUT) continue;
        const size_t at = soma_columns_feature(&layout->kept, layout->place[i]);
        status = take_categories(&layout->kept.column[at], &layout->categories[i]);
        layout->place[i] = begin[layout->place[i]];
    }
    layout->features = inputs;
    soma_free(begin);
    return status;
}

/* ------------------------------------------------------------------------------------------------------- header */

static bool is_word(const char *text) {
    const char *at = text, *end = text + strlen(text);
    soma_decimal number;
    return !soma_number_is_placeholder(text) && !(soma_decimal_scan(&at, end, &number) && at == end);
}

soma_status soma_csv_check_header(const soma_csv_reader *reader, const soma_csv_layout *layout,
                                  const char *first_label) {
    bool any = false, above_number = false;
    if (!layout->guessed || !layout->categories) return SOMA_OK;
    for (size_t i = 0; i < layout->columns && i < layout->header.count; i++) {
        bool feature = layout->place[i] != SOMA_CSV_NO_INPUT, category = layout->categories[i].count > 0;
        bool number = feature ? !category : i == layout->label && first_label && !is_word(first_label);
        any |= feature && category;
        above_number |= number && is_word(layout->header.words[i].text);
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
