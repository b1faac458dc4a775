/* SPDX-License-Identifier: MIT */
/* From the fields of a row to the inputs of a network. */
#ifndef SOMA_IO_CSV_ENCODE_H
#define SOMA_IO_CSV_ENCODE_H

#include "data/tally.h"
#include "io/csv/fields.h"

/* features: of the row. The number may be NaN, a gap. */
static inline void soma_csv_encode_number(const soma_csv_layout *layout, size_t column, soma_decimal number,
                                          float *features) {
    float *inputs = features + layout->place[column];
    inputs[0] = (float)number.value;
    if (layout->encodings && layout->encodings[column].indicator) inputs[1] = isnan(number.value);
}

/* The field that has just been read, of a column that is no number; counted in the tally. */
soma_status soma_csv_encode_field(const soma_csv_layout *layout, size_t column, const soma_csv_reader *reader,
                                  soma_tally *tally, float *features);

/* The same of a date alone, without an offset, in days; NaN for a gap. */
soma_status soma_csv_read_day(const soma_csv_layout *layout, const soma_csv_reader *reader, soma_decimal *day);

#endif
