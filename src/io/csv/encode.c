/* SPDX-License-Identifier: MIT */
/* See encode.h. */
#include "io/csv/encode.h"
#include "base/cache.h"
#include "base/date.h"
#include "base/number.h"

#include <math.h>
#include <string.h>

#define SECONDS_OF_DAY 86400.0

/* A gap that may be; counted, and told by the indicator where there is one. */
static soma_status take_gap(const soma_csv_layout *layout, size_t column, const soma_csv_reader *reader,
                            const char *refusal, float *inputs) {
    const soma_csv_encoding *encoding = &layout->encodings[column];
    if (layout->missing == SOMA_MISSING_ERROR) return soma_csv_refuse_field(reader, layout, refusal);
    if (encoding->indicator) inputs[encoding->parts] = 1;
    return SOMA_OK;
}

/* A gap, and a word that is none of them, is all zeros; a row that is to be left out for its gaps is known by a NaN. */
static soma_status encode_word(const soma_csv_layout *layout, size_t column, const soma_csv_reader *reader,
                               soma_tally *tally, float *inputs) {
    const soma_csv_encoding *encoding = &layout->encodings[column];
    size_t number;
    if (soma_csv_is_gap(reader)) {
        SOMA_TRY(take_gap(layout, column, reader, "is no category; every row needs one", inputs));
        if (layout->missing == SOMA_MISSING_DROP) inputs[0] = NAN;
        tally->gaps++;
    } else if (encoding->form == SOMA_FORM_HASH) {
        inputs[soma_cache_hash(reader->field, reader->length) % encoding->parts] = 1;
    } else if (soma_words_find(&layout->categories[column], reader->field, &number)) {
        inputs[number] = 1;
    } else {
        tally->unseen++;
    }
    return SOMA_OK;
}

/* 0 and 1 are truth values, too, where others have written words. */
static soma_status encode_truth(const soma_csv_layout *layout, size_t column, const soma_csv_reader *reader,
                                soma_tally *tally, float *inputs) {
    static const char *const wanted = "is no truth value; true, false, yes, no, t, f, 1 or 0 is wanted";
    bool truth = strcmp(reader->field, "1") == 0;
    if (soma_csv_is_gap(reader)) {
        SOMA_TRY(take_gap(layout, column, reader, wanted, inputs));
        inputs[0] = NAN;
        tally->gaps++;
        return SOMA_OK;
    }
    if (!truth && strcmp(reader->field, "0") != 0 && !soma_number_is_truth(reader->field, &truth))
        return soma_csv_refuse_field(reader, layout, wanted);
    inputs[0] = truth;
    return SOMA_OK;
}

static soma_status read_date(const soma_csv_layout *layout, const soma_csv_reader *reader, double *seconds) {
    *seconds = NAN;
    if (layout->missing != SOMA_MISSING_ERROR && soma_csv_is_gap(reader)) return SOMA_OK;
    if (soma_date_parse(reader->field, seconds)) return SOMA_OK;
    return soma_csv_refuse_field(reader, layout, "is no date; one such as 2024-02-29 or 2024-02-29T12:30:00 is wanted");
}

soma_status soma_csv_read_day(const soma_csv_layout *layout, const soma_csv_reader *reader, soma_decimal *day) {
    double seconds;
    SOMA_TRY(read_date(layout, reader, &seconds));
    *day = (soma_decimal){.value = seconds / SECONDS_OF_DAY};
    return SOMA_OK;
}

static soma_status encode_date(const soma_csv_layout *layout, size_t column, const soma_csv_reader *reader,
                               soma_tally *tally, float *inputs) {
    const soma_csv_encoding *encoding = &layout->encodings[column];
    double seconds;
    SOMA_TRY(read_date(layout, reader, &seconds));
    inputs[0] = (float)(seconds / SECONDS_OF_DAY);
    if (isnan(seconds)) {
        tally->gaps++;
        return take_gap(layout, column, reader, "", inputs);
    }
    soma_tally_add(tally, (soma_decimal){.value = seconds / SECONDS_OF_DAY});
    if (encoding->form == SOMA_FORM_CYCLE) soma_date_cycle(seconds, inputs + 1);
    return SOMA_OK;
}

soma_status soma_csv_encode_field(const soma_csv_layout *layout, size_t column, const soma_csv_reader *reader,
                                  soma_tally *tally, float *features) {
    const soma_csv_encoding *encoding = &layout->encodings[column];
    float *inputs = features + layout->place[column];
    memset(inputs, 0, (encoding->parts + encoding->indicator) * sizeof *inputs);
    switch (encoding->form) {
    case SOMA_FORM_TRUTH:
        return encode_truth(layout, column, reader, tally, inputs);
    case SOMA_FORM_DATE:
    case SOMA_FORM_CYCLE:
        return encode_date(layout, column, reader, tally, inputs);
    case SOMA_FORM_CATEGORY:
    case SOMA_FORM_HASH:
    case SOMA_FORM_NUMBER:
        break;
    }
    return encode_word(layout, column, reader, tally, inputs);
}
