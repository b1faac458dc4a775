/* SPDX-License-Identifier: MIT */
/* Which column of a table is which input: in their order, or as a network learnt them from another table. */
#include "base/utf8.h"
#include "io/csv/table.h"

#include <stdio.h>
#include <string.h>

static soma_status with_name(soma_status status, const soma_csv_reader *reader) {
    return status == SOMA_OK ? status : soma_error_prefix(status, "%s: ", reader->name);
}

static const char *name_of(const soma_csv_layout *layout, size_t column) {
    return column < layout->header.count ? layout->header.words[column].text : "";
}

soma_csv_column_name soma_csv_name_column(const soma_csv_layout *layout, size_t column) {
    soma_csv_column_name name = {""};
    if (column >= layout->header.count) return name;
    const char *text = layout->header.words[column].text;
    snprintf(name.text, sizeof name.text, " (%s)", soma_quote(text, strlen(text)).text);
    return name;
}

static soma_status list_columns(const soma_csv_layout *layout, soma_columns *columns) {
    *columns = (soma_columns){.named = layout->header.count > 0};
    for (size_t i = 0; i < layout->columns; i++)
        SOMA_TRY(soma_columns_add(columns, name_of(layout, i), layout->role[i]));
    return SOMA_OK;
}

static void place_in_order(soma_csv_layout *layout, const soma_columns *columns) {
    size_t feature = 0;
    for (size_t i = 0; i < layout->columns; i++)
        layout->place[i] = columns->column[i].role == SOMA_COLUMN_FEATURE ? feature++ : SOMA_CSV_NO_INPUT;
    layout->features = feature;
}

/* The network's order; place[features] says which of the table's features each is. */
static void place_as_known(soma_csv_layout *layout, const soma_columns *columns, const size_t *place, size_t features) {
    for (size_t i = 0, feature = 0; i < layout->columns; i++) {
        layout->place[i] = SOMA_CSV_NO_INPUT;
        if (columns->column[i].role != SOMA_COLUMN_FEATURE) continue;
        for (size_t j = 0; j < features; j++)
            if (place[j] == feature) layout->place[i] = j;
        feature++;
    }
    layout->features = features;
}

static void note_unknown(const soma_csv_reader *reader, const soma_columns *known, const soma_columns *columns,
                         soma_csv_layout *layout) {
    char list[SOMA_COLUMN_LIST];
    if (!*soma_columns_list(columns, SOMA_COLUMN_FEATURE, known, list)) return;
    soma_text_append(&layout->note, "%s%s: the model was not trained on %s: passed over", layout->note.data ? "\n" : "",
                     reader->name, list);
}

static void note_positions(const soma_csv_reader *reader, const soma_columns *known, const soma_columns *columns,
                           soma_csv_layout *layout) {
    char list[SOMA_COLUMN_LIST];
    if (known->named && !columns->named)
        soma_text_append(
            &layout->note, "%s%s: columns without names are taken for %s, in this order, as the model learnt them",
            layout->note.data ? "\n" : "", reader->name, soma_columns_list(known, SOMA_COLUMN_FEATURE, NULL, list));
}

/* What the options leave out must be nothing that the network was trained on. */
static soma_status check_left_out(const soma_columns *known, const soma_columns *columns) {
    for (size_t i = 0; known->named && columns->named && i < columns->count; i++) {
        const char *name = columns->column[i].name;
        size_t at = soma_columns_find(known, name);
        if (at == known->count || known->column[at].role != SOMA_COLUMN_FEATURE) continue;
        if (columns->column[i].role != SOMA_COLUMN_FEATURE)
            return soma_error(SOMA_INVALID_ARGUMENT,
                              "column %zu (%s) is no feature by the options, but the model was trained on it", i + 1,
                              soma_quote(name, strlen(name)).text);
    }
    return SOMA_OK;
}

static soma_status place_by_network(const soma_csv_reader *reader, const soma_columns *known,
                                    const soma_columns *columns, soma_csv_layout *layout) {
    size_t features = soma_columns_with(known, SOMA_COLUMN_FEATURE);
    size_t *place = soma_realloc(NULL, features, sizeof *place);
    if (!place) return soma_out_of_memory(features * sizeof *place, reader->name);
    soma_status status = with_name(check_left_out(known, columns), reader);
    if (status == SOMA_OK) status = with_name(soma_columns_match(known, columns, place), reader);
    if (status == SOMA_OK) {
        place_as_known(layout, columns, place, features);
        if (known->named && columns->named)
            note_unknown(reader, known, columns, layout);
        else
            note_positions(reader, known, columns, layout);
    }
    soma_free(place);
    return status;
}

soma_status soma_csv_place_columns(const soma_csv_reader *reader, const soma_columns *known, soma_csv_layout *layout) {
    bool by_network = known && known->count;
    soma_columns columns;
    layout->place = soma_realloc(NULL, layout->columns, sizeof *layout->place);
    if (!layout->place) return soma_out_of_memory(layout->columns * sizeof *layout->place, reader->name);
    soma_status status = list_columns(layout, &columns);
    if (status == SOMA_OK && by_network)
        status = place_by_network(reader, known, &columns, layout);
    else if (status == SOMA_OK)
        place_in_order(layout, &columns);
    if (status == SOMA_OK && layout->note.failed) status = soma_out_of_memory(layout->note.length, reader->name);
    if (status == SOMA_OK) status = soma_columns_copy(by_network ? known : &columns, &layout->kept);
    soma_columns_clear(&columns);
    return status;
}
