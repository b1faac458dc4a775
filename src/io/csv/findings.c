/* SPDX-License-Identifier: MIT */
/* What follows from the fields of each column: its kind, and what is worth knowing of it. */
#include "io/csv/profile.h"

#include <math.h>
#include <string.h>
#include <strings.h>

/* Words that are so few are categories, whether they recur or not. */
#define FEW_WORDS 32
/* Values are told to belong to a row each, or two columns to follow each other, of so many rows at least. */
#define ENOUGH_ROWS  20
#define ENOUGH_PAIRS 10
/* How often values that tell the label come on average, at least: less often they may do so by chance. */
#define RECURS  5
#define FOLLOWS 0.999

static size_t count_values(const soma_csv_column_look *look) {
    size_t values = 0;
    for (size_t i = SOMA_SORT_NUMBER; i < SOMA_SORT_COUNT; i++) values += look->fields[i];
    return values;
}

/* And which of its fields are as they should be; for words, all are. */
static soma_column_kind find_kind(const soma_csv_column_look *look, size_t values, soma_csv_sort *main) {
    const size_t words = look->fields[SOMA_SORT_TRUTH] + look->fields[SOMA_SORT_WORD] + look->fields[SOMA_SORT_DATE];
    *main = SOMA_SORT_GAP;
    if (values == 0) return SOMA_KIND_NONE;
    if (look->fields[SOMA_SORT_TRUTH] == values) return SOMA_KIND_TRUTH;
    if (2 * look->fields[SOMA_SORT_DATE] >= values) {
        *main = SOMA_SORT_DATE;
        return SOMA_KIND_DATE;
    }
    if (look->fields[SOMA_SORT_NUMBER] + look->fields[SOMA_SORT_NEAR] >= words) {
        *main = SOMA_SORT_NUMBER;
        return look->numbers.fraction ? SOMA_KIND_NUMBER : SOMA_KIND_WHOLE;
    }
    bool few = !look->values.full && (look->values.count <= FEW_WORDS || 2 * look->values.count <= values);
    return few ? SOMA_KIND_CATEGORY : SOMA_KIND_TEXT;
}

static void find_odd(const soma_csv_column_look *look, soma_csv_sort main, soma_column_profile *column) {
    if (main == SOMA_SORT_GAP) return;
    for (size_t i = SOMA_SORT_NUMBER; i < SOMA_SORT_COUNT; i++) {
        if (i == main || !look->fields[i]) continue;
        column->findings |= SOMA_FINDING_MIXED;
        column->odd += look->fields[i];
        if (column->odd_text && look->first[i].line >= column->odd_line) continue;
        column->odd_line = look->first[i].line;
        column->odd_text = look->first[i].text;
    }
}

static void describe_numbers(const soma_tally *tally, soma_column_profile *column) {
    if (!tally->numbers) return;
    column->minimum = tally->minimum;
    column->maximum = tally->maximum;
    column->mean = tally->sum / (double)tally->numbers;
}

/* "id" is the name or its last part: order_id, "Customer ID". */
static bool is_called_identifier(const char *name) {
    size_t length = name ? strlen(name) : 0;
    if (length < 2 || strcasecmp(name + length - 2, "id") != 0) return false;
    return length == 2 || strchr("_-. ", name[length - 3]) || (name[length - 2] == 'I' && name[length - 3] >= 'a');
}

/* Numbers that count rows, or names of which each is another one. */
static bool is_identifier(const soma_csv_column_look *look, const soma_column_profile *column) {
    if (column->values < ENOUGH_ROWS || look->values.recurs || column->findings & SOMA_FINDING_MIXED) return false;
    if (column->kind == SOMA_KIND_CATEGORY || column->kind == SOMA_KIND_TEXT) return true;
    if (column->kind != SOMA_KIND_WHOLE) return false;
    bool dense = column->maximum - column->minimum + 1 == (double)column->values;
    return !look->fell || dense || is_called_identifier(column->name);
}

static bool gives_away(const soma_table_profile *profile, const soma_csv_column_look *look,
                       const soma_column_profile *column) {
    const soma_csv_values *values = &look->values;
    return profile->info.classes > 1 && !values->several && !values->full && values->count > 1 &&
           values->count * RECURS <= column->values && !(column->findings & SOMA_FINDING_IDENTIFIER);
}

static void find_correlation(const soma_csv_column_look *look, soma_column_profile *column) {
    if (look->pairs < ENOUGH_PAIRS || !(look->squares > 0 && look->label_squares > 0)) return;
    column->correlation = look->products / sqrt(look->squares) / sqrt(look->label_squares);
    if (fabs(column->correlation) > FOLLOWS) column->findings |= SOMA_FINDING_FOLLOWS;
}

/* Whole numbers and dates that fall together are a loss; of many numbers with fractions some do by chance. */
static bool is_loss(const soma_tally *tally, size_t numbers, size_t left) {
    return tally->fraction ? numbers - left > numbers / 100 : left < numbers;
}

static soma_status find_loss(soma_csv_column_look *look, const soma_tally *tally, soma_column_profile *column) {
    const soma_csv_values *values = &look->values;
    soma_distinct distinct;
    size_t left;
    SOMA_TRY(soma_tally_left(values->numbers, values->number_count, 0, &left));
    column->distinct_float32 = column->distinct_kept = left;
    if (!is_loss(tally, values->number_count, left)) return SOMA_OK;
    column->findings |= SOMA_FINDING_FLOAT32;
    if (column->role == SOMA_COLUMN_LABEL) return SOMA_OK; /* targets are kept as they are */
    SOMA_TRY(soma_tally_offset(tally, values->numbers, values->number_count, &column->offset, &distinct));
    column->distinct_kept = distinct.left;
    return SOMA_OK;
}

static soma_status judge(const soma_table_profile *profile, size_t index, soma_column_profile *column) {
    soma_csv_column_look *look = &profile->look[index];
    const soma_column_role role = profile->layout.role[index];
    const bool feature = role == SOMA_COLUMN_FEATURE;
    soma_csv_sort main;
    column->name = index < profile->layout.header.count ? profile->layout.header.words[index].text : NULL;
    column->role = role;
    column->minimum = column->maximum = column->mean = column->correlation = NAN;
    column->values = count_values(look);
    column->gaps = look->fields[SOMA_SORT_GAP];
    column->distinct = look->values.count;
    column->more = look->values.full;
    column->kind = find_kind(look, column->values, &main);
    find_odd(look, main, column);
    const soma_tally *tally = main == SOMA_SORT_NUMBER ? &look->numbers : main == SOMA_SORT_DATE ? &look->dates : NULL;
    if (tally) describe_numbers(tally, column);
    if (!feature && role != SOMA_COLUMN_LABEL) {
        column->findings = 0;
        return SOMA_OK;
    }
    if (column->distinct == 1) column->findings |= SOMA_FINDING_CONSTANT;
    if (feature && is_identifier(look, column)) column->findings |= SOMA_FINDING_IDENTIFIER;
    if (feature && gives_away(profile, look, column)) column->findings |= SOMA_FINDING_GIVES_AWAY;
    if (feature) find_correlation(look, column);
    return tally ? find_loss(look, tally, column) : SOMA_OK;
}

soma_status soma_csv_judge_columns(soma_table_profile *profile) {
    for (size_t i = 0; i < profile->layout.columns; i++) SOMA_TRY(judge(profile, i, &profile->columns[i]));
    return SOMA_OK;
}

const char *soma_column_kind_name(soma_column_kind kind) {
    static const char *const names[] = {"no values", "number",   "whole number", "truth value",
                                        "date",      "category", "text"};
    return (unsigned)kind < SOMA_COUNT_OF(names) ? names[kind] : NULL;
}
