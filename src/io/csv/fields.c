/* SPDX-License-Identifier: MIT */
/* See fields.h. */
#include "io/csv/fields.h"
#include "base/floats.h"
#include "base/number.h"
#include "base/utf8.h"
#include "io/csv/near_numbers.h"

#include <math.h>

soma_status soma_csv_refuse_change(const soma_csv_reader *reader) {
    return soma_error(SOMA_INVALID_FILE, "%s: line %zu: has changed while it was read", reader->name, reader->line);
}

soma_status soma_csv_refuse_field(const soma_csv_reader *reader, const soma_csv_layout *layout, const char *why) {
    return soma_error(SOMA_INVALID_FILE, "%s: line %zu, column %zu%s: %s %s", reader->name, reader->field_line,
                      reader->column, soma_csv_name_column(layout, reader->column - 1).text,
                      soma_quote(reader->field, reader->length).text, why);
}

soma_status soma_csv_check_length(const soma_csv_reader *reader, const soma_csv_layout *layout, size_t line,
                                  size_t fields) {
    size_t columns = layout->columns;
    if (reader->ends_record == (fields == columns)) return SOMA_OK;
    if (fields == 1 && reader->length == 0)
        return soma_error(SOMA_INVALID_FILE, "%s: line %zu: empty; rows of %zu fields are wanted", reader->name, line,
                          columns);
    return soma_error(SOMA_INVALID_FILE, "%s: line %zu: %s%zu fields; %zu are wanted, as in the lines before%s",
                      reader->name, line, fields == columns ? "more than " : "", fields, columns,
                      layout->promised ? SOMA_CSV_NO_PROMISE : "");
}

static soma_status refuse_word(const soma_csv_reader *reader, const soma_csv_layout *layout) {
    const size_t column = reader->column - 1;
    const bool feature = layout->place[column] != SOMA_CSV_NO_INPUT;
    const char *name = column < layout->header.count ? layout->header.words[column].text : NULL;
    if (feature && soma_number_is_gap(reader->field) && !soma_csv_is_gap(reader))
        return soma_csv_refuse_field(reader, layout,
                                     "is no number, and no gap by the texts that were said to be some (gaps, --gaps)");
    return soma_csv_refuse_field(reader, layout,
                                 !feature && soma_number_is_gap(reader->field)
                                     ? "is no number; every row needs a label"
                                     : soma_csv_why_no_number(reader->field, name));
}

/* The text of the field as a number: of a quoted one, or of one that is none. */
static soma_status number_of_field(const soma_csv_reader *reader, const soma_csv_layout *layout, soma_decimal *number) {
    const char *at = reader->field, *end = at + reader->length;
    if (!soma_decimal_scan(&at, end, number) || at != end) return refuse_word(reader, layout);
    if (isfinite(number->value) && !soma_is_beyond_float(number->value)) return SOMA_OK;
    return soma_csv_refuse_field(reader, layout, "is too large; numbers up to 3.4e38 are wanted");
}

soma_status soma_csv_read_number(soma_csv_reader *reader, const soma_csv_layout *layout, size_t line, size_t fields,
                                 soma_csv_use use, soma_decimal *number) {
    bool read = soma_csv_next_number(reader, number);
    if (!read) SOMA_TRY(soma_csv_next(reader));
    SOMA_TRY(soma_csv_check_length(reader, layout, line, fields));
    if (read) return SOMA_OK;
    /* An empty line in a table of one column is no row. */
    if (use == SOMA_CSV_NUMBER_OR_GAP && soma_csv_is_gap(reader) && (reader->length || layout->columns > 1)) {
        *number = (soma_decimal){.value = NAN};
        return SOMA_OK;
    }
    return number_of_field(reader, layout, number);
}
