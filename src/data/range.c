/* SPDX-License-Identifier: MIT */
/* See range.h. */
#include "data/range.h"
#include "data/dataset.h"

#include <math.h>
#include <stdio.h>

/* Of the values from 0 to 1, for what rounding adds. */
#define ONE 1.001f
/* A picture of 0 to 255 without a value from here on is a dark one; whole numbers below it may be anything. */
#define BRIGHT 128.0f

static soma_value_range range_of(const soma_dataset *dataset, const soma_column *column) {
    soma_value_range range = {.known = true, .whole = true, .minimum = INFINITY, .maximum = -INFINITY};
    if (column->dtype == SOMA_U8) return (soma_value_range){.known = true, .bytes = true};
    if (column->dtype != SOMA_F32) return (soma_value_range){.known = false};
    for (size_t i = 0; i < dataset->samples; i++) {
        const float *values = (const float *)column->data + soma_dataset_row(dataset, i) * column->width;
        for (size_t j = 0; j < column->width; j++) {
            float value = column->offset ? (float)((double)values[j] + column->offset[j]) : values[j];
            range.minimum = fminf(range.minimum, value);
            range.maximum = fmaxf(range.maximum, value);
            range.whole &= floorf(value) == value || isnan(value);
        }
    }
    range.known = isfinite(range.minimum) && isfinite(range.maximum);
    return range;
}

void soma_dataset_ranges(const soma_dataset *dataset, soma_value_range *range) {
    const soma_storage *storage = dataset->storage;
    for (size_t i = 0; i < storage->input_count; i++) range[i] = range_of(dataset, &storage->input[i]);
}

/* ------------------------------------------------------------------------------------------------------- matching */

static bool up_to_one(const soma_value_range *range) {
    return range->minimum >= 0 && range->maximum <= ONE;
}

/* As pictures are scaled, to 0 to 1 or to -1 to 1. */
static bool around_zero(const soma_value_range *range) {
    return range->minimum >= -ONE && range->maximum <= ONE;
}

/* What bytes are as numbers, but not as 0 to 1. */
static bool like_bytes(const soma_value_range *range) {
    return range->whole && range->minimum >= 0 && range->maximum > 1 && range->maximum <= 255;
}

typedef enum answer { AS_IT_IS, AS_NUMBERS, AS_FRACTIONS, REFUSED } answer;

static answer compare(const soma_value_range *known, const soma_value_range *found, uint32_t rank) {
    if (!known->known || !found->known || (known->bytes && found->bytes)) return AS_IT_IS;
    if (found->bytes) return up_to_one(known) ? AS_IT_IS : like_bytes(known) ? AS_NUMBERS : REFUSED;
    if (known->bytes) return up_to_one(found) ? AS_IT_IS : like_bytes(found) ? AS_FRACTIONS : REFUSED;
    /* Whole numbers may be counts, rarer in what was learnt; where fractions were learnt of pictures they are not. */
    if (around_zero(known) && like_bytes(found) && (found->maximum >= BRIGHT || (!known->whole && rank > 1)))
        return REFUSED;
    /* A row of a table may well be all 0 and 1 where others are not; a picture is not, unless it is black. */
    if (like_bytes(known) && known->maximum >= BRIGHT && around_zero(found) &&
        (!found->whole || (rank > 1 && found->maximum > 0)))
        return REFUSED;
    return AS_IT_IS;
}

static const char *range_text(const soma_value_range *range, char text[64]) {
    if (range->bytes)
        snprintf(text, 64, "bytes (0 to 255)");
    else
        snprintf(text, 64, "float32 from %g to %g", (double)range->minimum, (double)range->maximum);
    return text;
}

static soma_status refuse(const soma_value_range *known, const soma_value_range *found, size_t input) {
    char learnt[64], given[64];
    return soma_error(SOMA_INVALID_ARGUMENT,
                      "the values of input %zu are of another scale than those that the network was trained on: %s, "
                      "where it learnt %s%s",
                      input + 1, range_text(found, given), range_text(known, learnt),
                      known->bytes ? "; bytes, whole numbers from 0 to 255, or numbers from 0 to 1 are wanted" : "");
}

static void rescale(soma_storage *own, size_t input, answer how) {
    soma_column *column = &own->input[input];
    float *values = column->data;
    if (how == AS_NUMBERS) {
        column->scale = 1.0f;
        return;
    }
    for (size_t i = 0; i < own->rows * column->width; i++) values[i] *= 1.0f / 255.0f;
    for (size_t j = 0; column->offset && j < column->width; j++) column->offset[j] /= 255;
}

soma_status soma_dataset_match_ranges(soma_dataset *dataset, const soma_value_range *known, size_t count) {
    soma_value_range found[SOMA_MAX_OUTPUTS];
    answer answers[SOMA_MAX_OUTPUTS];
    const size_t inputs = SOMA_MIN(count, dataset->storage->input_count);
    bool change = false;
    soma_storage *own;
    soma_dataset_ranges(dataset, found);
    for (size_t i = 0; i < inputs; i++) {
        answers[i] = compare(&known[i], &found[i], dataset->storage->input[i].rank);
        if (answers[i] == REFUSED) return refuse(&known[i], &found[i], i);
        change |= answers[i] != AS_IT_IS;
    }
    if (!change) return SOMA_OK;
    SOMA_TRY(soma_dataset_copy_storage(dataset, false, &own));
    for (size_t i = 0; i < inputs; i++)
        if (answers[i] != AS_IT_IS) rescale(own, i, answers[i]);
    soma_dataset_replace_storage(dataset, own);
    return SOMA_OK;
}
