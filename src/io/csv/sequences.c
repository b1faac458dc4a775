/* SPDX-License-Identifier: MIT */
/*
 * Tables in long form: rows with the same text in a column are the steps of one sequence, which becomes one sample,
 * filled up to as many steps as all have, with a mask of those that there are.
 */
#include "base/number.h"
#include "base/utf8.h"
#include "data/dataset.h"
#include "io/csv/table.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What sequences are filled up to takes at most so many times what the table does; below so much it does not matter. */
#define MOST_TIMES  64
#define MOST_MEMORY ((size_t)256 << 20)

typedef struct step {
    double time;
    size_t row; /* of the storage */
} step;

typedef struct joining {
    soma_csv_reader *reader;
    size_t position, line; /* of the first row */
    const soma_csv_layout *layout;
    const soma_csv_steps *of;
    soma_dataset *table;
    const soma_columns *columns; /* of the table */
    step *step;                  /* [table->samples], those of a sequence beside each other in their order */
    size_t *begin;               /* [sequences + 1]: where each begins there */
    size_t *name;                /* [sequences]: the number of its name */
    size_t sequences;            /* of which rows are left */
    size_t steps;                /* of a sample */
    soma_storage *own;
} joining;

static soma_quoted quoted_name(const joining *at, size_t sequence) {
    const char *text = at->of->names.words[at->name[sequence]].text;
    return soma_quote(text, strlen(text));
}

/* ------------------------------------------------------------------------------------------------------- messages */

typedef struct place {
    size_t line;
    soma_quoted text;
} place;

/* What two rows of the storage have in a column; the table is gone through again for that. */
static soma_status find_fields(joining *at, size_t column, const size_t row[2], place found[2]) {
    const size_t last = SOMA_MAX(row[0], row[1]);
    soma_csv_return(at->reader, at->position, at->line);
    for (size_t i = 0; i <= last; i++) do {
            SOMA_TRY(soma_csv_next(at->reader));
            for (size_t j = 0; j < 2; j++)
                if (row[j] == i && at->reader->column == column + 1)
                    found[j] = (place){at->reader->field_line, soma_quote(at->reader->field, at->reader->length)};
        } while (!at->reader->ends_record);
    return SOMA_OK;
}

/* Of a sequence that has two of what it has once. */
static soma_status refuse_two(joining *at, size_t sequence, size_t column, size_t first, size_t other, const char *what,
                              const char *advice) {
    place found[2] = {{0}};
    SOMA_TRY(find_fields(at, column, (const size_t[]){first, other}, found));
    return soma_error(SOMA_INVALID_FILE,
                      "%s: line %zu, column %zu%s: the %s %s, but line %zu, of the same sequence %s, has %s; %s",
                      at->reader->name, found[1].line, column + 1, soma_csv_name_column(at->layout, column).text, what,
                      found[1].text.text, found[0].line, quoted_name(at, sequence).text, found[0].text.text, advice);
}

static soma_status refuse_value(joining *at, size_t row, size_t column, const char *why) {
    place found[2] = {{0}};
    SOMA_TRY(find_fields(at, column, (const size_t[]){row, row}, found));
    return soma_error(SOMA_INVALID_FILE, "%s: line %zu, column %zu%s: %s %s", at->reader->name, found[0].line,
                      column + 1, soma_csv_name_column(at->layout, column).text, found[0].text.text, why);
}

/* ---------------------------------------------------------------------------------------------------------- order */

static int compare_steps(const void *left, const void *right) {
    const step *a = left, *b = right;
    if (a->time != b->time) return a->time < b->time ? -1 : 1;
    return a->row < b->row ? -1 : a->row > b->row;
}

/* Counts the rows of each name, and leaves out names of which none is left. */
static soma_status count_steps(joining *at) {
    const size_t names = at->of->names.count;
    size_t *next = soma_calloc(names + 1, sizeof *next); /* counts, then where the next row goes */
    at->begin = soma_calloc(names + 1, sizeof *at->begin);
    at->name = soma_calloc(names, sizeof *at->name);
    at->step = soma_realloc(NULL, at->table->samples, sizeof *at->step);
    if (!next || !at->begin || !at->name || !at->step) {
        soma_free(next);
        return soma_out_of_memory(at->table->samples * sizeof *at->step, "the steps of sequences");
    }
    const double *times = at->table->storage->times;
    for (size_t i = 0; i < at->table->samples; i++) next[at->of->sequence[soma_dataset_row(at->table, i)]]++;
    size_t begin = 0;
    for (size_t i = 0; i < names; i++) {
        const size_t count = next[i];
        next[i] = begin;
        if (!count) continue;
        at->begin[at->sequences] = begin;
        at->name[at->sequences++] = i;
        begin += count;
    }
    at->begin[at->sequences] = begin;
    for (size_t i = 0; i < at->table->samples; i++) {
        const size_t row = soma_dataset_row(at->table, i);
        at->step[next[at->of->sequence[row]]++] = (step){times ? times[row] : (double)row, row};
    }
    soma_free(next);
    return SOMA_OK;
}

static soma_status order_steps(joining *at) {
    if (!at->table->storage->times) return SOMA_OK;
    for (size_t i = 0; i < at->sequences; i++) {
        step *steps = at->step + at->begin[i];
        const size_t count = at->begin[i + 1] - at->begin[i];
        qsort(steps, count, sizeof *steps, compare_steps);
        for (size_t j = 1; j < count; j++)
            if (steps[j].time == steps[j - 1].time)
                return refuse_two(at, i, at->layout->time, steps[j - 1].row, steps[j].row, "time is",
                                  "each step wants a time of its own");
    }
    return SOMA_OK;
}

/* All have as many steps. */
static soma_status choose_steps(joining *at) {
    size_t longest = 0, bytes = SIZE_MAX, room = SIZE_MAX;
    const size_t labels = at->columns->step_labels ? at->table->storage->target[0].width : 0, rows = at->table->samples;
    const size_t width = at->table->storage->input[0].width + 1 + labels; /* of a step, with the mask */
    for (size_t i = 1; i < at->sequences; i++)
        if (at->begin[i + 1] - at->begin[i] > at->begin[longest + 1] - at->begin[longest]) longest = i;
    const size_t length = at->begin[longest + 1] - at->begin[longest];
    at->steps = at->layout->steps ? at->layout->steps : length;
    if (length > at->steps) {
        char why[256];
        snprintf(why, sizeof why,
                 "is a sequence of %zu steps, this being number %zu; samples have %zu: leave steps out, or have the "
                 "network learn from samples of more steps (--sequence-steps)",
                 length, at->steps + 1, at->steps);
        return refuse_value(at, at->step[at->begin[longest] + at->steps].row, at->layout->sequence, why);
    }
    if (!soma_multiply_size(at->sequences, at->steps, &bytes) || !soma_multiply_size(bytes, sizeof(float), &bytes) ||
        !soma_multiply_size(bytes, width, &bytes))
        bytes = SIZE_MAX;
    if (!soma_multiply_size(rows * sizeof(float), width * MOST_TIMES, &room)) room = SIZE_MAX;
    if (bytes <= SOMA_MAX(room, MOST_MEMORY)) return SOMA_OK;
    return soma_error(
        SOMA_INVALID_FILE,
        "%s: %zu sequences, filled up to %zu steps each, would take more than %d times the memory of the "
        "%zu rows; the longest, %s, has %zu: %s",
        at->reader->name, at->sequences, at->steps, MOST_TIMES, rows, quoted_name(at, longest).text, length,
        at->steps > length ? "take fewer steps (--sequence-steps)" : "leave it out, or cut it into several");
}

/* -------------------------------------------------------------------------------------------- what it has once */

static size_t label_column(const soma_csv_layout *layout, size_t target) {
    for (size_t i = 0; i < layout->columns; i++)
        if (layout->role[i] == SOMA_COLUMN_LABEL && layout->target[i] == target) return i;
    return layout->label;
}

static soma_status check_labels(joining *at, size_t sequence, size_t first, size_t other) {
    static const char advice[] = "a sequence has one label, unless each step has one (--label-per-step)";
    const soma_column *target = &at->table->storage->target[0];
    if (!at->table->storage->target_count || at->columns->step_labels) return SOMA_OK;
    for (size_t i = 0; i < target->width; i++) {
        const size_t a = first * target->width + i, b = other * target->width + i;
        const bool same = target->classes ? soma_column_class(target, first) == soma_column_class(target, other)
                                          : soma_column_number(target, a) == soma_column_number(target, b);
        if (!same) return refuse_two(at, sequence, label_column(at->layout, i), first, other, "label is", advice);
    }
    return SOMA_OK;
}

/* A sequence is one sample: it weighs something, and is of a group, as a whole. */
static soma_status check_rows(joining *at) {
    const soma_storage *storage = at->table->storage;
    for (size_t i = 0; i < at->sequences; i++) {
        const size_t first = at->step[at->begin[i]].row;
        for (size_t j = at->begin[i] + 1; j < at->begin[i + 1]; j++) {
            const size_t other = at->step[j].row;
            SOMA_TRY(check_labels(at, i, first, other));
            if (storage->groups && storage->groups[first] != storage->groups[other])
                return refuse_two(at, i, at->layout->group, first, other, "group is",
                                  "a sequence is of one group, so that it is never divided");
            if (storage->weights && storage->weights[first] != storage->weights[other])
                return refuse_two(at, i, at->layout->weight, first, other, "weight is",
                                  "a sequence weighs the same in all its rows");
        }
    }
    return SOMA_OK;
}

/* The classes of steps: whether all are called by numbers that they have themselves; number[class]. To a network that
 * knows names a number is one of them, whatever else the table has. */
static bool find_own_numbers(const joining *at, float *number) {
    const soma_storage *table = at->table->storage;
    bool own = !at->layout->steps_have_names;
    for (size_t i = 0; own && i < table->class_name_count; i++)
        own = soma_number_parse(table->class_names[i], at->layout->c_locale, &number[i]) &&
              soma_number_is_index(number[i], 16777216.0f);
    return own;
}

/* --------------------------------------------------------------------------------------------------------- samples */

static soma_status make_column(const joining *at, uint32_t rank, const size_t *shape, soma_column *column) {
    size_t bytes = SIZE_MAX;
    soma_column_set(column, NULL, true, SOMA_F32, rank, shape, 0);
    if (soma_column_bytes(column, at->sequences, &bytes))
        column->data = soma_malloc_aligned(SOMA_DATA_ALIGNMENT, bytes);
    if (!column->data) return soma_out_of_memory(bytes, "sequences");
    memset(column->data, 0, bytes);
    return SOMA_OK;
}

/* A gap is the value of the step before. */
static soma_status fill_gaps(joining *at, size_t sequence, size_t begin, float *values) {
    const size_t features = at->table->storage->input[0].width;
    for (size_t j = 0; j < features; j++) {
        if (!isnan(values[j])) continue;
        if (begin == at->begin[sequence]) {
            const size_t kept = soma_columns_of_input(at->columns, j);
            size_t column = 0;
            for (size_t i = 0; i < at->layout->columns; i++)
                if (at->layout->place[i] != SOMA_CSV_NO_INPUT && at->layout->place[i] <= j &&
                    soma_columns_of_input(at->columns, at->layout->place[i]) == kept)
                    column = i;
            return refuse_value(at, at->step[begin].row, column,
                                "is a gap in the first step of a sequence, which has no value before it; accepted: "
                                "another way to fill gaps, as the median (--missing)");
        }
        values[j] = values[j - features];
    }
    return SOMA_OK;
}

static soma_status fill_inputs(joining *at) {
    const soma_column *from = &at->table->storage->input[0];
    const size_t features = from->width;
    float *values = at->own->input[0].data, *mask = at->own->input[1].data;
    for (size_t i = 0; i < at->sequences; i++)
        for (size_t j = at->begin[i]; j < at->begin[i + 1]; j++) {
            const size_t to = i * at->steps + j - at->begin[i];
            memcpy(values + to * features, (const float *)from->data + at->step[j].row * features,
                   features * sizeof *values);
            if (at->layout->missing == SOMA_MISSING_LAST) SOMA_TRY(fill_gaps(at, i, j, values + to * features));
            mask[to] = 1;
        }
    return SOMA_OK;
}

static soma_status make_inputs(joining *at) {
    const soma_column *from = &at->table->storage->input[0];
    const size_t shape[] = {at->steps, from->width};
    SOMA_TRY(make_column(at, 2, shape, &at->own->input[at->own->input_count++]));
    SOMA_TRY(make_column(at, 1, shape, &at->own->input[at->own->input_count++]));
    at->own->masked = true;
    if (from->offset) {
        soma_column *to = &at->own->input[0];
        to->offset = soma_realloc(NULL, to->width, sizeof *to->offset);
        if (!to->offset) return soma_out_of_memory(to->width * sizeof *to->offset, "sequences");
        for (size_t i = 0; i < to->width; i++) to->offset[i] = from->offset[i % from->width];
    }
    return fill_inputs(at);
}

/* Their names go to what is made. */
static void give_class_names(soma_storage *table, soma_storage *own) {
    own->class_names = table->class_names;
    own->class_name_count = table->class_name_count;
    table->class_names = NULL;
    table->class_name_count = 0;
}

/* [steps], or of several labels [steps, labels]; number: of classes, NULL where there are none. */
static soma_status fill_targets_of_steps(joining *at, const float *number) {
    const soma_column *from = &at->table->storage->target[0];
    const size_t shape[] = {at->steps, from->width};
    soma_column *to = &at->own->target[at->own->target_count++];
    SOMA_TRY(make_column(at, from->width > 1 ? 2 : 1, shape, to));
    for (size_t i = 0; i < at->sequences; i++)
        for (size_t j = at->begin[i]; j < at->begin[i + 1]; j++) {
            float *values = (float *)to->data + (i * at->steps + j - at->begin[i]) * from->width;
            const size_t row = at->step[j].row;
            if (number) *values = number[soma_column_class(from, row)];
            for (size_t k = 0; !number && k < from->width; k++)
                values[k] = soma_column_number(from, row * from->width + k);
        }
    return SOMA_OK;
}

/* Classes that are words are known by their names, as elsewhere. */
static soma_status make_targets_of_steps(joining *at) {
    soma_storage *table = at->table->storage;
    const size_t classes = table->target[0].classes ? table->class_name_count : 0;
    if (!classes) return fill_targets_of_steps(at, NULL);
    float *number = soma_calloc(classes, sizeof *number);
    if (!number) return soma_out_of_memory(classes * sizeof *number, "the classes of steps");
    const bool own = find_own_numbers(at, number);
    for (size_t i = 0; i < classes && !own; i++) number[i] = (float)i;
    soma_status status = fill_targets_of_steps(at, number);
    if (!own) give_class_names(table, at->own);
    soma_free(number);
    return status;
}

/* Takes over the names of classes. */
static soma_status make_targets(joining *at) {
    soma_storage *table = at->table->storage;
    const soma_column *from = &table->target[0];
    if (!table->target_count) return SOMA_OK;
    if (at->columns->step_labels) return make_targets_of_steps(at);
    soma_column *to = &at->own->target[at->own->target_count++];
    *to = *from;
    const size_t size = soma_dtype_size(from->dtype) * from->width;
    to->data = soma_malloc_aligned(SOMA_DATA_ALIGNMENT, at->sequences * size);
    if (!to->data) return soma_out_of_memory(at->sequences * size, "sequences");
    for (size_t i = 0; i < at->sequences; i++)
        memcpy((char *)to->data + i * size, (const char *)from->data + at->step[at->begin[i]].row * size, size);
    give_class_names(table, at->own);
    return SOMA_OK;
}

/* What a row has, of the first or the last row of each sequence. */
static soma_status take_values(const joining *at, const void *from, size_t size, bool last, void *to) {
    if (!from) return SOMA_OK;
    char *values = soma_realloc(NULL, at->sequences, size);
    if (!values) return soma_out_of_memory(at->sequences * size, "sequences");
    for (size_t i = 0; i < at->sequences; i++) {
        const size_t row = at->step[last ? at->begin[i + 1] - 1 : at->begin[i]].row;
        memcpy(values + i * size, (const char *)from + row * size, size);
    }
    memcpy(to, &values, sizeof values);
    return SOMA_OK;
}

/* Their texts are what tells them apart. */
static soma_status take_names(joining *at) {
    soma_storage *own = at->own;
    const size_t column = at->layout->sequence;
    size_t bytes = 0;
    for (size_t i = 0; i < at->sequences; i++) bytes += strlen(at->of->names.words[at->name[i]].text) + 1;
    own->id_name = soma_strdup(column < at->layout->header.count ? at->layout->header.words[column].text : "");
    own->id_text = soma_malloc(bytes);
    own->ids = soma_realloc(NULL, at->sequences, sizeof *own->ids);
    if (!own->id_name || !own->id_text || !own->ids) return soma_out_of_memory(bytes, "the names of sequences");
    for (size_t i = 0; i < at->sequences; i++) {
        const char *text = at->of->names.words[at->name[i]].text;
        own->ids[i] = own->id_bytes;
        memcpy(own->id_text + own->id_bytes, text, strlen(text) + 1);
        own->id_bytes += strlen(text) + 1;
    }
    return SOMA_OK;
}

static soma_status make_storage(joining *at) {
    soma_storage *table = at->table->storage, *own = at->own;
    own->rows = at->sequences;
    SOMA_TRY(make_inputs(at));
    SOMA_TRY(make_targets(at));
    SOMA_TRY(take_values(at, table->weights, sizeof *table->weights, false, &own->weights));
    SOMA_TRY(take_values(at, table->groups, sizeof *table->groups, false, &own->groups));
    SOMA_TRY(take_values(at, table->times, sizeof *table->times, true, &own->times));
    SOMA_TRY(take_names(at));
    own->group_keys = table->group_keys;
    own->group_count = table->group_count;
    own->columns = table->columns;
    own->note = table->note;
    table->group_keys = NULL;
    table->columns = (soma_columns){.count = 0};
    table->note = NULL;
    return SOMA_OK;
}

static soma_status make_dataset(joining *at, soma_dataset **dataset) {
    soma_dataset *joined;
    at->own = soma_storage_create();
    if (!at->own) return soma_out_of_memory(sizeof *at->own, "a data set");
    soma_status status = make_storage(at);
    if (status != SOMA_OK) {
        soma_storage_release(at->own);
        return status;
    }
    SOMA_TRY(soma_dataset_make(at->own, &joined));
    soma_dataset_destroy(*dataset);
    *dataset = joined;
    return SOMA_OK;
}

soma_status soma_csv_join_steps(soma_csv_reader *reader, const soma_csv_layout *layout, const soma_csv_steps *steps,
                                soma_dataset **dataset) {
    joining at = {.reader = reader,
                  .position = reader->position,
                  .line = reader->line,
                  .layout = layout,
                  .of = steps,
                  .table = *dataset,
                  .columns = &(*dataset)->storage->columns};
    soma_status status = count_steps(&at);
    if (status == SOMA_OK) status = order_steps(&at);
    if (status == SOMA_OK) status = choose_steps(&at);
    if (status == SOMA_OK) status = check_rows(&at);
    if (status == SOMA_OK) status = make_dataset(&at, dataset);
    soma_free(at.step);
    soma_free(at.begin);
    soma_free(at.name);
    return status;
}
