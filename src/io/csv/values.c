/* SPDX-License-Identifier: MIT */
/* See values.h. */
#include "io/csv/values.h"
#include "base/cache.h"
#include "data/tally.h"

#include <string.h>

static uint64_t mix(uint64_t key) {
    key = (key ^ key >> 32) * 0x9E3779B97F4A7C15u;
    key ^= key >> 29;
    return key ? key : 1;
}

uint64_t soma_csv_key_of_number(soma_decimal number) {
    return mix(soma_tally_key(number));
}

uint64_t soma_csv_key_of_text(const char *text, size_t length) {
    return mix(soma_cache_hash(text, length));
}

/* ------------------------------------------------------------------------------------------------------- values */

static soma_csv_value *find_value(soma_csv_value *slots, size_t slot_count, uint64_t key) {
    size_t slot = (size_t)key & (slot_count - 1);
    while (slots[slot].key && slots[slot].key != key) slot = (slot + 1) & (slot_count - 1);
    return &slots[slot];
}

static soma_status grow_values(soma_csv_values *values) {
    if (values->slot_count > 2 * values->count) return SOMA_OK;
    size_t slot_count = SOMA_MAX(2 * values->slot_count, 16);
    soma_csv_value *slots = soma_calloc(slot_count, sizeof *slots);
    if (!slots) return soma_out_of_memory(slot_count * sizeof *slots, "a column's different values");
    for (size_t i = 0; i < values->slot_count; i++)
        if (values->slots[i].key) *find_value(slots, slot_count, values->slots[i].key) = values->slots[i];
    soma_free(values->slots);
    values->slots = slots;
    values->slot_count = slot_count;
    return SOMA_OK;
}

static soma_status keep_number(soma_csv_values *values, soma_decimal number) {
    if (values->number_count == values->number_room) {
        size_t room = SOMA_MAX(2 * values->number_room, 16);
        soma_decimal *numbers = soma_realloc(values->numbers, room, sizeof *numbers);
        if (!numbers) return soma_out_of_memory(room * sizeof *numbers, "a column's different numbers");
        values->numbers = numbers;
        values->number_room = room;
    }
    values->numbers[values->number_count++] = number;
    return SOMA_OK;
}

soma_status soma_csv_values_add(soma_csv_values *values, uint64_t key, uint64_t label, const soma_decimal *number) {
    if (values->full) return SOMA_OK;
    SOMA_TRY(grow_values(values));
    soma_csv_value *value = find_value(values->slots, values->slot_count, key);
    if (!value->key && values->count == values->limit) {
        values->full = true;
        return SOMA_OK;
    }
    if (value->key) {
        values->recurs = true;
        values->several |= label && value->label && value->label != label;
    } else {
        value->key = key;
        values->count++;
        if (number) SOMA_TRY(keep_number(values, *number));
    }
    if (!value->label) value->label = label;
    return SOMA_OK;
}

void soma_csv_values_clear(soma_csv_values *values) {
    soma_free(values->slots);
    soma_free(values->numbers);
    *values = (soma_csv_values){0};
}

/* --------------------------------------------------------------------------------------------------------- rows */

static bool is_same(const soma_csv_rows *rows, const struct soma_csv_row *one, const struct soma_csv_row *other) {
    return one->key == other->key && one->end - one->begin == other->end - other->begin &&
           memcmp(rows->text + one->begin, rows->text + other->begin, one->end - one->begin) == 0;
}

static struct soma_csv_row *find_row(const soma_csv_rows *rows, struct soma_csv_row *slots, size_t slot_count,
                                     const struct soma_csv_row *row) {
    size_t slot = (size_t)row->key & (slot_count - 1);
    while (slots[slot].key && !is_same(rows, &slots[slot], row)) slot = (slot + 1) & (slot_count - 1);
    return &slots[slot];
}

static soma_status grow_rows(soma_csv_rows *rows) {
    if (rows->slot_count > 2 * rows->count) return SOMA_OK;
    size_t slot_count = SOMA_MAX(2 * rows->slot_count, 64);
    struct soma_csv_row *slots = soma_calloc(slot_count, sizeof *slots);
    if (!slots) return soma_out_of_memory(slot_count * sizeof *slots, "a table's different rows");
    for (size_t i = 0; i < rows->slot_count; i++)
        if (rows->slots[i].key) *find_row(rows, slots, slot_count, &rows->slots[i]) = rows->slots[i];
    soma_free(rows->slots);
    rows->slots = slots;
    rows->slot_count = slot_count;
    return SOMA_OK;
}

soma_status soma_csv_rows_add(soma_csv_rows *rows, size_t begin, size_t end) {
    while (end > begin && (rows->text[end - 1] == '\n' || rows->text[end - 1] == '\r')) end--;
    struct soma_csv_row row = {soma_csv_key_of_text(rows->text + begin, end - begin), begin, end};
    SOMA_TRY(grow_rows(rows));
    struct soma_csv_row *slot = find_row(rows, rows->slots, rows->slot_count, &row);
    if (!slot->key) {
        *slot = row;
        rows->count++;
    } else if (rows->doubled++ == 0) {
        rows->first = slot->begin;
        rows->second = begin;
    }
    return SOMA_OK;
}

void soma_csv_rows_clear(soma_csv_rows *rows) {
    soma_free(rows->slots);
    *rows = (soma_csv_rows){0};
}
