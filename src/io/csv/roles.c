/* SPDX-License-Identifier: MIT */
/* The columns of a table that are no features, but say by what its rows are divided. */
#include "base/date.h"
#include "base/number.h"
#include "base/utf8.h"
#include "data/dataset.h"
#include "io/csv/table.h"

#include <math.h>
#include <string.h>

/* What the fields of the column of times are: the first decides. */
enum kind { KIND_UNKNOWN, KIND_NUMBER, KIND_DATE };

typedef struct filling {
    soma_csv_reader *reader;
    const soma_csv_layout *layout;
    soma_words groups;
    enum kind kind;
    soma_storage *storage;
} filling;

static soma_status refuse(const filling *into, const char *why) {
    const soma_csv_reader *reader = into->reader;
    return soma_error(SOMA_INVALID_FILE, "%s: line %zu, column %zu%s: %s %s", reader->name, reader->field_line,
                      reader->column, soma_csv_name_column(into->layout, reader->column - 1).text,
                      soma_quote(reader->field, reader->length).text, why);
}

static soma_status read_group(filling *into, size_t row) {
    size_t number;
    if (soma_number_is_placeholder(into->reader->field)) return refuse(into, "is no group; every row needs one");
    SOMA_TRY(soma_words_add(&into->groups, into->reader->field, into->reader->field_line, &number));
    into->storage->groups[row] = (int64_t)number;
    return SOMA_OK;
}

static soma_status read_time(filling *into, size_t row) {
    const char *field = into->reader->field;
    double *time = &into->storage->times[row];
    float nearest;
    enum kind kind = KIND_UNKNOWN;
    if (soma_date_parse(field, time)) {
        kind = KIND_DATE;
    } else if (soma_number_parse(field, into->layout->c_locale, &nearest)) {
        kind = KIND_NUMBER;
        *time = soma_number_double(field, into->layout->c_locale);
    }
    if (kind == KIND_UNKNOWN || !isfinite(*time))
        return refuse(into, "is no time; a number is wanted, or a date such as 2024-02-29 or 2024-02-29T12:30:00");
    if (into->kind != KIND_UNKNOWN && kind != into->kind)
        return refuse(into, kind == KIND_DATE ? "is a date; the lines before have numbers"
                                              : "is a number; the lines before have dates");
    into->kind = kind;
    return SOMA_OK;
}

static soma_status read_rows(filling *into, size_t rows) {
    for (size_t row = 0; row < rows; row++) do {
            SOMA_TRY(soma_csv_next(into->reader));
            if (into->reader->column - 1 == into->layout->group) SOMA_TRY(read_group(into, row));
            if (into->reader->column - 1 == into->layout->time) SOMA_TRY(read_time(into, row));
        } while (!into->reader->ends_record);
    return SOMA_OK;
}

soma_status soma_csv_read_roles(soma_csv_reader *reader, const soma_csv_layout *layout, soma_storage *storage) {
    filling into = {.reader = reader, .layout = layout, .storage = storage};
    size_t rows = storage->rows;
    if (layout->group == SOMA_CSV_NO_COLUMN && layout->time == SOMA_CSV_NO_COLUMN) return SOMA_OK;
    if (layout->group != SOMA_CSV_NO_COLUMN && !(storage->groups = soma_realloc(NULL, rows, sizeof *storage->groups)))
        return soma_out_of_memory(rows * sizeof *storage->groups, reader->name);
    if (layout->time != SOMA_CSV_NO_COLUMN && !(storage->times = soma_realloc(NULL, rows, sizeof *storage->times)))
        return soma_out_of_memory(rows * sizeof *storage->times, reader->name);
    soma_status status = read_rows(&into, rows);
    soma_words_clear(&into.groups);
    return status;
}
