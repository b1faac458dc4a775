/* SPDX-License-Identifier: MIT */
/* The columns of a table that are no features, but say by what its rows are divided, what they weigh and which is
 * which. */
#include "base/cache.h"
#include "base/date.h"
#include "base/number.h"
#include "base/utf8.h"
#include "data/dataset.h"
#include "io/csv/table.h"

#include <float.h>
#include <math.h>
#include <string.h>

/* What the fields of the column of times are: the first decides. */
enum kind { KIND_UNKNOWN, KIND_NUMBER, KIND_DATE };

typedef struct filling {
    soma_csv_reader *reader;
    const soma_csv_layout *layout;
    soma_words groups;
    soma_csv_steps *steps;
    enum kind kind;
    bool weighs;    /* some weight is more than 0 */
    size_t id_room; /* of storage->id_text */
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

static soma_status read_sequence(filling *into, size_t row) {
    size_t number;
    if (soma_number_is_placeholder(into->reader->field))
        return refuse(into, "is no sequence; every row is a step of one");
    SOMA_TRY(soma_words_add(&into->steps->names, into->reader->field, into->reader->field_line, &number));
    into->steps->sequence[row] = (int32_t)number;
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

static soma_status read_weight(filling *into, size_t row) {
    const char *field = into->reader->field;
    float nearest;
    bool number = soma_number_parse(field, into->layout->c_locale, &nearest);
    double weight = number ? soma_number_double(field, into->layout->c_locale) : NAN;
    if (!(weight >= 0 && weight <= FLT_MAX)) return refuse(into, "is no weight; a number from 0 on is wanted");
    into->storage->weights[row] = (float)weight;
    into->weighs |= into->storage->weights[row] > 0;
    return SOMA_OK;
}

static soma_status read_id(filling *into, size_t row) {
    soma_storage *storage = into->storage;
    size_t size = into->reader->length + 1;
    if (into->id_room - storage->id_bytes < size) {
        size_t room = 2 * into->id_room + size + 64;
        char *text = soma_realloc(storage->id_text, room, 1);
        if (!text) return soma_out_of_memory(room, into->reader->name);
        storage->id_text = text;
        into->id_room = room;
    }
    memcpy(storage->id_text + storage->id_bytes, into->reader->field, size);
    storage->ids[row] = storage->id_bytes;
    storage->id_bytes += size;
    return SOMA_OK;
}

/* Groups are numbered as they come; what stands for their texts tells those of another table. */
static soma_status keep_groups(const filling *into) {
    soma_storage *storage = into->storage;
    const soma_words *groups = &into->groups;
    if (!groups->count) return SOMA_OK;
    storage->group_keys = soma_realloc(NULL, groups->count, sizeof *storage->group_keys);
    if (!storage->group_keys)
        return soma_out_of_memory(groups->count * sizeof *storage->group_keys, into->reader->name);
    for (size_t i = 0; i < groups->count; i++)
        storage->group_keys[i] = soma_cache_hash(groups->words[i].text, strlen(groups->words[i].text));
    storage->group_count = groups->count;
    return SOMA_OK;
}

static soma_status read_field(filling *into, size_t column, size_t row) {
    const soma_storage *storage = into->storage;
    if (column == into->layout->group && storage->groups) return read_group(into, row);
    if (column == into->layout->time && storage->times) return read_time(into, row);
    if (column == into->layout->weight && storage->weights) return read_weight(into, row);
    if (column == into->layout->sequence && into->steps->sequence) return read_sequence(into, row);
    return column == into->layout->id && storage->ids ? read_id(into, row) : SOMA_OK;
}

static soma_status read_rows(filling *into, size_t rows) {
    for (size_t row = 0; row < rows; row++) do {
            SOMA_TRY(soma_csv_next(into->reader));
            SOMA_TRY(read_field(into, into->reader->column - 1, row));
        } while (!into->reader->ends_record);
    if (!into->storage->weights || into->weighs) return SOMA_OK;
    return soma_error(SOMA_INVALID_FILE,
                      "%s: column %zu%s: the weights of the %zu rows are all 0, so that none would count; one must be "
                      "greater",
                      into->reader->name, into->layout->weight + 1,
                      soma_csv_name_column(into->layout, into->layout->weight).text, rows);
}

/* Memory for a value of each row, where the table has such a column; true if that is well. */
static bool take(size_t column, size_t rows, size_t size, void *values) {
    void *taken = column == SOMA_CSV_NO_COLUMN ? NULL : soma_realloc(NULL, rows, size);
    memcpy(values, &taken, sizeof taken);
    return column == SOMA_CSV_NO_COLUMN || taken;
}

void soma_csv_steps_clear(soma_csv_steps *steps) {
    soma_words_clear(&steps->names);
    soma_free(steps->sequence);
}

soma_status soma_csv_read_roles(soma_csv_reader *reader, soma_csv_layout *layout, bool weights, soma_csv_steps *steps,
                                soma_storage *storage) {
    filling into = {.reader = reader, .layout = layout, .steps = steps, .storage = storage};
    const size_t weight = weights ? layout->weight : SOMA_CSV_NO_COLUMN;
    const size_t rows = storage->rows, id = layout->id;
    if (layout->group == SOMA_CSV_NO_COLUMN && layout->time == SOMA_CSV_NO_COLUMN && weight == SOMA_CSV_NO_COLUMN &&
        id == SOMA_CSV_NO_COLUMN && layout->sequence == SOMA_CSV_NO_COLUMN)
        return SOMA_OK;
    if (!take(layout->group, rows, sizeof *storage->groups, &storage->groups) ||
        !take(layout->time, rows, sizeof *storage->times, &storage->times) ||
        !take(weight, rows, sizeof *storage->weights, &storage->weights) ||
        !take(id, rows, sizeof *storage->ids, &storage->ids) ||
        !take(layout->sequence, rows, sizeof *steps->sequence, &steps->sequence))
        return soma_out_of_memory(rows * sizeof *storage->times, reader->name);
    const char *name = id < layout->header.count ? layout->header.words[id].text : "";
    if (id != SOMA_CSV_NO_COLUMN && !(storage->id_name = soma_strdup(name)))
        return soma_out_of_memory(strlen(name) + 1, reader->name);
    soma_status status = read_rows(&into, rows);
    if (status == SOMA_OK) status = keep_groups(&into);
    soma_words_clear(&into.groups);
    layout->sequences = steps->names.count;
    return status;
}
