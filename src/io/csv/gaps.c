/* SPDX-License-Identifier: MIT */
/* Gaps in a table's features: what is done about them, and what is said of it. */
#include "base/utf8.h"
#include "data/dataset.h"
#include "io/csv/parts.h"
#include "io/csv/table.h"
#include "nn/network.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* ---------------------------------------------------------------------------------------------------------- texts */

/* A list of them as a line of CSV. */
static soma_status read_texts(const char *list, soma_gap_texts *gaps) {
    const size_t size = strlen(list);
    soma_csv_parts parts;
    soma_csv_reader reader = {.name = "gaps"};
    soma_status status = soma_csv_divide("gaps", list, size, &parts); /* checks the text */
    if (status == SOMA_OK) status = soma_csv_begin(&reader, "gaps", list, size, ',');
    do {
        if (status == SOMA_OK) status = soma_csv_next(&reader);
        if (status == SOMA_OK) status = soma_gap_texts_add(gaps, reader.field);
    } while (status == SOMA_OK && !reader.ends_record);
    if (status == SOMA_OK && !soma_csv_at_end(&reader))
        status = soma_error(SOMA_INVALID_ARGUMENT, "gaps: a list of several lines; one line is wanted");
    soma_csv_clear(&reader);
    soma_csv_parts_clear(&parts);
    return status == SOMA_INVALID_FILE ? soma_error_prefix(SOMA_INVALID_ARGUMENT, "the list of ") : status;
}

static soma_status check_said(const soma_csv_reader *reader, const soma_gap_texts *said, const soma_gap_texts *learnt) {
    char is[SOMA_GAP_TEXT_LIST], was[SOMA_GAP_TEXT_LIST];
    if (soma_gap_texts_equal(said, learnt)) return SOMA_OK;
    return soma_error(SOMA_INVALID_ARGUMENT,
                      "%s: gaps are said to be %s; the network learnt %s, which stands without saying it", reader->name,
                      soma_gap_texts_list(said, is), soma_gap_texts_list(learnt, was));
}

soma_status soma_csv_choose_gap_texts(soma_csv_reader *reader, const soma_csv_options *options,
                                      soma_csv_layout *layout) {
    const char *list = options->roles ? options->roles->gaps : NULL;
    const bool known = options->network && options->network->columns.count;
    if (list) SOMA_TRY(read_texts(list, &layout->gaps));
    reader->gaps = &layout->gaps;
    if (!known) return SOMA_OK;
    if (list) return check_said(reader, &layout->gaps, &options->network->columns.gaps);
    return soma_gap_texts_copy(&options->network->columns.gaps, &layout->gaps);
}

/* ---------------------------------------------------------------------------------------------- what becomes of them
 */

static soma_status refuse_other(const soma_csv_reader *reader, soma_missing learnt, soma_missing said) {
    return soma_error(SOMA_INVALID_ARGUMENT,
                      "%s: gaps are to be treated by '%s'; the network learnt '%s', which stands without saying it",
                      reader->name, soma_name(SOMA_NAMES_MISSING, (int)said),
                      soma_name(SOMA_NAMES_MISSING, (int)learnt));
}

/* What all features of a network's table are read by. */
static soma_status missing_of(const soma_csv_reader *reader, const soma_columns *columns, soma_missing *missing) {
    bool first = true;
    *missing = SOMA_MISSING_ERROR;
    for (size_t i = 0; i < columns->count; i++) {
        if (columns->column[i].role != SOMA_COLUMN_FEATURE) continue;
        if (!first && columns->column[i].missing != *missing)
            return soma_error(SOMA_UNSUPPORTED,
                              "%s: the network's columns differ in what is done about gaps, \"%s\" and \"%s\"",
                              reader->name, soma_name(SOMA_NAMES_MISSING, (int)*missing),
                              soma_name(SOMA_NAMES_MISSING, (int)columns->column[i].missing));
        *missing = columns->column[i].missing;
        first = false;
    }
    return SOMA_OK;
}

soma_status soma_csv_choose_missing(const soma_csv_reader *reader, const soma_csv_options *options,
                                    soma_csv_layout *layout) {
    const soma_missing said = options->roles ? options->roles->missing : SOMA_MISSING_ERROR;
    if ((unsigned)said > SOMA_MISSING_LAST)
        return soma_error(SOMA_INVALID_ARGUMENT, "soma_csv_roles.missing is %d; accepted: 0 to %d", (int)said,
                          SOMA_MISSING_LAST);
    if (!options->network || !soma_network_column_count(options->network)) {
        layout->missing = said;
        for (size_t i = 0; i < layout->kept.count; i++)
            if (layout->kept.column[i].role == SOMA_COLUMN_FEATURE) layout->kept.column[i].missing = said;
    } else {
        SOMA_TRY(missing_of(reader, &layout->kept, &layout->missing));
        if (said != SOMA_MISSING_ERROR && said != layout->missing) return refuse_other(reader, layout->missing, said);
    }
    /* Predictions are wanted for each row: none goes unnoticed. */
    if (layout->missing == SOMA_MISSING_DROP && options->skip_label) layout->missing = SOMA_MISSING_ERROR;
    return SOMA_OK;
}

static const char *what_is_done(soma_missing missing, bool known) {
    switch (missing) {
    case SOMA_MISSING_MEDIAN:
        return known ? "filled with the median that the model learnt" : "filled with the median of the training rows";
    case SOMA_MISSING_MEAN:
        return known ? "filled with the mean that the model learnt" : "filled with the mean of the training rows";
    case SOMA_MISSING_ZERO:
        return "filled with 0";
    case SOMA_MISSING_LAST:
        return "filled with the last value before";
    default:
        return "rows that have some are left out";
    }
}

/* "age" (177), "deck" (688) and 3 more columns: those that have gaps, of categories or of numbers. */
static size_t list_gaps(const size_t *gaps, bool categories, const soma_csv_layout *layout, char list[512]) {
    size_t length = 0, left_out = 0;
    for (size_t column = 0; column < layout->columns; column++) {
        char name[96];
        if (!gaps[column] || soma_csv_has_words(layout, column) != categories) continue;
        const char *text = column < layout->header.count ? layout->header.words[column].text : NULL;
        if (text)
            snprintf(name, sizeof name, "%s", soma_quote(text, strlen(text)).text);
        else
            snprintf(name, sizeof name, "column %zu", column + 1);
        if (left_out || length + strlen(name) + 64 > 512)
            left_out++;
        else
            length +=
                (size_t)snprintf(list + length, 512 - length, "%s%s (%zu)", length ? ", " : "", name, gaps[column]);
    }
    if (left_out) snprintf(list + length, 512 - length, " and %zu more column%s", left_out, left_out > 1 ? "s" : "");
    return length;
}

void soma_csv_note_gaps(const soma_csv_reader *reader, const size_t *gaps, bool known, soma_csv_layout *layout) {
    char list[512];
    if (list_gaps(gaps, false, layout, list))
        soma_text_append(&layout->note, "%s%s: gaps in %s: %s", layout->note.data ? "\n" : "", reader->name, list,
                         what_is_done(layout->missing, known));
    if (list_gaps(gaps, true, layout, list))
        soma_text_append(&layout->note, "%s%s: gaps in %s: %s", layout->note.data ? "\n" : "", reader->name, list,
                         layout->missing == SOMA_MISSING_DROP ? what_is_done(layout->missing, known)
                                                              : "taken for none of the categories");
}

static bool has_gap(const soma_column *column, size_t row) {
    const float *values = (const float *)column->data + row * column->width;
    bool gap = false;
    for (size_t i = 0; i < column->width; i++) gap |= isnan(values[i]);
    return gap;
}

static soma_status note_dropped(const soma_csv_reader *reader, size_t dropped, soma_storage *storage) {
    soma_text note = {.length = 0};
    soma_text_append(&note, "%s%s%s: %zu of %zu rows are left out for their gaps", storage->note ? storage->note : "",
                     storage->note ? "\n" : "", reader->name, dropped, storage->rows);
    if (note.failed) return soma_out_of_memory(note.length, reader->name);
    soma_free(storage->note);
    storage->note = note.data;
    return SOMA_OK;
}

soma_status soma_csv_drop_gaps(const soma_csv_reader *reader, soma_dataset *dataset) {
    soma_storage *storage = dataset->storage;
    size_t kept = 0;
    int32_t *rows = soma_realloc(NULL, storage->rows, sizeof *rows);
    if (!rows) return soma_out_of_memory(storage->rows * sizeof *rows, reader->name);
    for (size_t row = 0; row < storage->rows; row++)
        if (!has_gap(&storage->input[0], row)) rows[kept++] = (int32_t)row;
    soma_status status = SOMA_OK;
    if (kept == 0)
        status = soma_error(SOMA_INVALID_FILE,
                            "%s: each of the %zu rows has gaps, so that none is left; missing "
                            "(--missing) can fill them",
                            reader->name, storage->rows);
    else if (kept < storage->rows)
        status = note_dropped(reader, storage->rows - kept, storage);
    if (status != SOMA_OK || kept == storage->rows) {
        soma_free(rows);
        return status;
    }
    dataset->rows = rows;
    dataset->samples = kept;
    return SOMA_OK;
}
