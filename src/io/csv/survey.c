/* SPDX-License-Identifier: MIT */
/* See survey.h. */
#include "io/csv/survey.h"
#include "base/utf8.h"
#include "data/dataset.h"
#include "io/csv/encode.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* ---------------------------------------------------------------------------------------------------- in a thread */

typedef struct look {
    const soma_csv_layout *layout;
    const soma_csv_use *use;
    const soma_csv_parts *parts;
    soma_csv_survey *survey;
    soma_tally *tallies; /* [parts, columns] */
    soma_words *labels;  /* [parts]: until they are merged, survey->labels_of_rows are numbers of these */
    soma_decimal *samples;
    size_t room;  /* of each tally's sample */
    size_t *runs; /* [columns]: so many columns from this on are numbers, each the input behind the one before */
} look;

/* Numbers of a row that are read at once. */
#define RUN 64

static const char *const too_many_labels =
    "is one label too many: 65536 are different already; another column, or regression, is wanted";

static soma_status look_at_label(const look *at, soma_words *labels, size_t row, soma_csv_reader *reader) {
    size_t number;
    if (reader->length == 0) return soma_csv_refuse_field(reader, at->layout, "is no label; every row needs one");
    SOMA_TRY(soma_words_add(labels, reader->field, reader->field_line, &number));
    if (number >= SOMA_CSV_MAX_CLASSES) return soma_csv_refuse_field(reader, at->layout, too_many_labels);
    at->survey->labels_of_rows[row] = (int32_t)number;
    return SOMA_OK;
}

static soma_status take_label(const look *at, size_t column, size_t row, double value, const soma_csv_reader *reader) {
    const soma_csv_layout *layout = at->layout;
    if (layout->truths && value != 0 && value != 1)
        return soma_error(
            SOMA_INVALID_FILE, "%s: line %zu, column %zu%s: %g says not whether the label holds; 0 or 1 is wanted",
            reader->name, reader->field_line, column + 1, soma_csv_name_column(layout, column).text, value);
    at->survey->values[row * layout->labels + layout->target[column]] = (float)value;
    return SOMA_OK;
}

/* Reads the numbers of a run up to what is none, *count of them. */
static soma_status look_at_run(const look *at, size_t column, size_t line, soma_csv_reader *reader, soma_tally *tallies,
                               float *features, size_t *count) {
    double numbers[RUN];
    float *inputs = features + at->layout->place[column];
    *count = soma_csv_next_numbers(reader, SOMA_MIN(at->runs[column], RUN), numbers);
    if (*count == 0) return SOMA_OK;
    SOMA_TRY(soma_csv_check_length(reader, at->layout, line, column + *count));
    for (size_t i = 0; i < *count; i++) {
        inputs[i] = (float)numbers[i];
        soma_tally_add(&tallies[column + i], (soma_decimal){.value = numbers[i]});
    }
    return SOMA_OK;
}

static soma_status look_at_record(void *context, size_t part, soma_csv_reader *reader) {
    const look *at = context;
    const soma_csv_part *of = &at->parts->part[part];
    soma_tally *tallies = at->tallies + part * at->layout->columns;
    size_t line = reader->line, row = of->first_row + of->rows;
    float *features = at->survey->features + row * at->layout->features;
    if (of->rows == of->all_rows) return soma_csv_refuse_change(reader);
    for (size_t column = 0; column < at->layout->columns; column++) {
        size_t run = 0;
        if (at->runs[column]) SOMA_TRY(look_at_run(at, column, line, reader, tallies, features, &run));
        if (run) {
            column += run - 1;
            continue;
        }
        if (soma_csv_is_number(at->use[column])) {
            soma_decimal number;
            SOMA_TRY(soma_csv_read_number(reader, at->layout, line, column + 1, at->use[column], &number));
            if (isnan(number.value))
                tallies[column].gaps++;
            else
                soma_tally_add(&tallies[column], number);
            if (at->layout->role[column] == SOMA_COLUMN_LABEL)
                SOMA_TRY(take_label(at, column, row, number.value, reader));
            else
                soma_csv_encode_number(at->layout, column, number, features);
            continue;
        }
        SOMA_TRY(soma_csv_next(reader));
        SOMA_TRY(soma_csv_check_length(reader, at->layout, line, column + 1));
        if (at->use[column] == SOMA_CSV_LABEL) SOMA_TRY(look_at_label(at, &at->labels[part], row, reader));
        if (at->use[column] == SOMA_CSV_WORD || at->use[column] == SOMA_CSV_DATE)
            SOMA_TRY(soma_csv_encode_field(at->layout, column, reader, &tallies[column], features));
    }
    return SOMA_OK;
}

/* ---------------------------------------------------------------------------------------------- of all parts */

/* A sample of a part is never larger than its text: it has as many fields as bytes at most. */
static size_t sample_room(const soma_csv_parts *parts, size_t columns) {
    size_t least = SIZE_MAX;
    for (size_t i = 0; i < parts->count; i++)
        least =
            SOMA_MIN(least, (parts->part[i].end - SOMA_MIN(parts->part[i].begin, parts->part[i].end)) / columns + 1);
    return SOMA_MIN(least, SOMA_TALLY_SAMPLE / parts->count);
}

static bool is_plain(const look *at, size_t column) {
    const soma_csv_layout *layout = at->layout;
    return soma_csv_is_number(at->use[column]) && layout->role[column] != SOMA_COLUMN_LABEL &&
           !(layout->encodings && layout->encodings[column].indicator);
}

static void find_runs(look *at) {
    const size_t *place = at->layout->place;
    for (size_t column = at->layout->columns, behind = 0; column-- > 0; behind = at->runs[column]) {
        const bool goes_on = behind && place[column + 1] == place[column] + 1;
        at->runs[column] = is_plain(at, column) ? 1 + (goes_on ? behind : 0) : 0;
    }
}

static soma_status take_memory(const soma_csv_reader *reader, const soma_csv_parts *parts, look *at) {
    size_t tallies = parts->count * at->layout->columns, numbers = 0, bytes;
    for (size_t i = 0; i < at->layout->columns; i++) numbers += soma_csv_is_counted(at->use[i]);
    at->room = sample_room(parts, at->layout->columns);
    bytes = parts->count * numbers * at->room * sizeof *at->samples;
    at->tallies = soma_calloc(tallies, sizeof *at->tallies);
    at->labels = soma_calloc(parts->count, sizeof *at->labels);
    at->samples = soma_malloc(SOMA_MAX(bytes, 1));
    at->runs = soma_calloc(at->layout->columns, sizeof *at->runs);
    if (!at->tallies || !at->labels || !at->samples || !at->runs)
        return soma_out_of_memory(tallies * sizeof *at->tallies + bytes, reader->name);
    find_runs(at);
    soma_decimal *sample = at->samples;
    for (size_t column = 0; column < at->layout->columns; column++)
        for (size_t part = 0; soma_csv_is_counted(at->use[column]) && part < parts->count; part++, sample += at->room) {
            soma_tally *tally = &at->tallies[part * at->layout->columns + column];
            tally->sample = sample;
            tally->room = at->room;
        }
    return SOMA_OK;
}

/* numbers[found->count]: of each label that is found in a part, its number among all. */
static soma_status merge_words(const soma_csv_reader *reader, const look *at, const soma_words *found,
                               int32_t *numbers) {
    for (size_t i = 0; i < found->count; i++) {
        size_t number;
        const soma_word *word = &found->words[i];
        SOMA_TRY(soma_words_add(&at->survey->labels, word->text, word->line, &number));
        if (number >= SOMA_CSV_MAX_CLASSES)
            return soma_error(SOMA_INVALID_FILE, "%s: line %zu, column %zu%s: %s %s", reader->name, word->line,
                              at->layout->label + 1, soma_csv_name_column(at->layout, at->layout->label).text,
                              soma_quote(word->text, strlen(word->text)).text, too_many_labels);
        numbers[i] = (int32_t)number;
    }
    return SOMA_OK;
}

static soma_status merge_labels(const soma_csv_reader *reader, const look *at, size_t part) {
    const soma_csv_part *of = &at->parts->part[part];
    int32_t *numbers = soma_realloc(NULL, SOMA_MAX(at->labels[part].count, 1), sizeof *numbers);
    if (!numbers) return soma_out_of_memory(at->labels[part].count * sizeof *numbers, reader->name);
    soma_status status = merge_words(reader, at, &at->labels[part], numbers);
    int32_t *labels = at->survey->labels_of_rows;
    for (size_t row = of->first_row; status == SOMA_OK && labels && row < of->first_row + of->rows; row++)
        labels[row] = numbers[labels[row]];
    soma_free(numbers);
    return status;
}

/* ---------------------------------------------------------------------------------------------------------- rows */

/* Room for as many rows as there can be, in the order of the parts. */
static soma_status take_rows(const soma_csv_reader *reader, const look *at, soma_csv_parts *parts) {
    const soma_csv_layout *layout = at->layout;
    soma_csv_survey *survey = at->survey;
    size_t bytes = 0, values = 0, rows = 0;
    for (size_t i = 0; i < parts->count; i++) {
        parts->part[i].first_row = rows;
        parts->part[i].all_rows = soma_csv_most_rows(parts, i, layout->columns);
        rows += parts->part[i].all_rows;
    }
    rows = SOMA_MAX(rows, 1);
    bool fits = soma_multiply_size(rows * sizeof *survey->features, layout->features, &bytes), taken = fits;
    const soma_csv_use label = layout->label == SOMA_CSV_NO_LABEL ? SOMA_CSV_PASS_OVER : at->use[layout->label];
    survey->features = fits ? soma_malloc_aligned(SOMA_DATA_ALIGNMENT, bytes) : NULL;
    if (label == SOMA_CSV_LABEL)
        taken &= (survey->labels_of_rows = soma_malloc_aligned(SOMA_DATA_ALIGNMENT, rows * sizeof(int32_t))) != NULL;
    else if (label != SOMA_CSV_PASS_OVER)
        taken &= soma_multiply_size(rows * sizeof(float), layout->labels, &values) &&
                 (survey->values = soma_malloc_aligned(SOMA_DATA_ALIGNMENT, values)) != NULL;
    return taken && survey->features ? SOMA_OK : soma_out_of_memory(bytes, reader->name);
}

/* Lines within quotes are no rows: what follows them comes closer. */
static void close_ranks(const soma_csv_layout *layout, soma_csv_parts *parts, soma_csv_survey *survey) {
    survey->rows = 0;
    for (size_t i = 0; i < parts->count; i++) {
        soma_csv_part *part = &parts->part[i];
        const size_t from = part->first_row, to = survey->rows, rows = part->rows, width = layout->features;
        part->first_row = to;
        part->all_rows = rows;
        survey->rows += rows;
        if (from == to || rows == 0) continue;
        memmove(survey->features + to * width, survey->features + from * width, rows * width * sizeof(float));
        if (survey->labels_of_rows)
            memmove(survey->labels_of_rows + to, survey->labels_of_rows + from, rows * sizeof(int32_t));
        if (survey->values)
            memmove(survey->values + to * layout->labels, survey->values + from * layout->labels,
                    rows * layout->labels * sizeof(float));
    }
}

static void tell_of_loss(const soma_csv_reader *reader, const look *at, size_t column, soma_distinct distinct) {
    char what[160];
    snprintf(what, sizeof what, "column %zu%s", column + 1, soma_csv_name_column(at->layout, column).text);
    soma_tally_tell_of_loss(reader->name, what, distinct);
}

static soma_status find_offset(const soma_csv_reader *reader, const soma_csv_parts *parts, const look *at,
                               size_t column, soma_csv_survey *survey) {
    soma_tally all = {0};
    soma_distinct distinct;
    soma_decimal *sample = at->tallies[column].sample;
    size_t sampled = 0;
    for (size_t part = 0; part < parts->count; part++) {
        const soma_tally *tally = &at->tallies[part * at->layout->columns + column];
        soma_tally_merge(&all, tally);
        if (tally->sampled) /* one after the other */
            memmove(sample + sampled, tally->sample, tally->sampled * sizeof *sample);
        sampled += tally->sampled;
    }
    survey->gaps[column] = all.gaps;
    survey->unseen[column] = all.unseen;
    if (at->use[column] == SOMA_CSV_WORD) return SOMA_OK;
    SOMA_TRY(soma_tally_offset(&all, sample, sampled, &survey->offsets[column], &distinct));
    tell_of_loss(reader, at, column, distinct);
    return SOMA_OK;
}

static soma_status find_offsets(const soma_csv_reader *reader, const soma_csv_parts *parts, const look *at,
                                soma_csv_survey *survey) {
    size_t columns = at->layout->columns;
    bool any = false;
    survey->offsets = soma_calloc(columns, sizeof *survey->offsets);
    survey->gaps = soma_calloc(columns, sizeof *survey->gaps);
    survey->unseen = soma_calloc(columns, sizeof *survey->unseen);
    if (!survey->offsets || !survey->gaps || !survey->unseen)
        return soma_out_of_memory(columns * (sizeof *survey->offsets + sizeof *survey->gaps), reader->name);
    for (size_t column = 0; column < columns; column++) {
        bool word = at->use[column] == SOMA_CSV_WORD;
        if ((word || soma_csv_is_counted(at->use[column])) &&
            at->layout->role[column] != SOMA_COLUMN_LABEL) /* targets are kept as they are */
            SOMA_TRY(find_offset(reader, parts, at, column, survey));
        any |= survey->offsets[column] != 0;
    }
    if (any) return SOMA_OK;
    soma_free(survey->offsets);
    survey->offsets = NULL;
    return SOMA_OK;
}

static soma_status make_survey(const soma_csv_reader *reader, look *at, soma_csv_parts *parts,
                               soma_csv_survey *survey) {
    SOMA_TRY(take_memory(reader, parts, at));
    SOMA_TRY(take_rows(reader, at, parts));
    size_t good = soma_csv_read_parts(parts, reader, look_at_record, at);
    /* The labels of the part that failed are of lines before it did. */
    for (size_t i = 0; i < parts->count && i <= good; i++) SOMA_TRY(merge_labels(reader, at, i));
    if (good < parts->count) return soma_csv_explain(parts, good, reader, look_at_record, at);
    close_ranks(at->layout, parts, survey);
    return find_offsets(reader, parts, at, survey);
}

soma_status soma_csv_make_survey(const soma_csv_reader *reader, const soma_csv_layout *layout, const soma_csv_use *use,
                                 soma_csv_parts *parts, soma_csv_survey *survey) {
    look at = {.layout = layout, .use = use, .parts = parts, .survey = survey};
    *survey = (soma_csv_survey){0};
    soma_csv_keep_records(parts, reader, layout->columns);
    soma_status status = make_survey(reader, &at, parts, survey);
    for (size_t i = 0; at.labels && i < parts->count; i++) soma_words_clear(&at.labels[i]);
    soma_free(at.labels);
    soma_free(at.tallies);
    soma_free(at.samples);
    soma_free(at.runs);
    return status;
}

void soma_csv_survey_clear(soma_csv_survey *survey) {
    soma_words_clear(&survey->labels);
    soma_free_aligned(survey->features);
    soma_free_aligned(survey->labels_of_rows);
    soma_free_aligned(survey->values);
    soma_free(survey->offsets);
    soma_free(survey->gaps);
    soma_free(survey->unseen);
    *survey = (soma_csv_survey){0};
}
