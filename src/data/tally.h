/* SPDX-License-Identifier: MIT */
/* What is known of a feature's numbers after one look: their range, and how to keep them apart in float32. */
#ifndef SOMA_DATA_TALLY_H
#define SOMA_DATA_TALLY_H

#include "base/base.h"
#include "base/decimal.h"

#include <math.h>

/* How many numbers of a feature make a sample, if it has as many. */
#define SOMA_TALLY_SAMPLE 4096

/* All zeros, but for `sample` and `room`, is the empty tally. */
typedef struct soma_tally {
    size_t numbers, gaps, unseen; /* unseen: none of the categories */
    double minimum, maximum, sum;
    bool fraction;        /* not all are whole numbers */
    soma_decimal *sample; /* the first of them; borrowed */
    size_t sampled, room;
} soma_tally;

static inline void soma_tally_add(soma_tally *tally, soma_decimal number) {
    double value = number.value;
    if (tally->numbers++ == 0) tally->minimum = tally->maximum = value;
    tally->minimum = SOMA_MIN(tally->minimum, value);
    tally->maximum = SOMA_MAX(tally->maximum, value);
    tally->sum += value;
    /* Beyond 2^53 all are whole. */
    if (fabs(value) < 0x1p53) tally->fraction |= (double)(int64_t)value != value;
    if (tally->sampled < tally->room) tally->sample[tally->sampled++] = number;
}

/* Adds what another tally of the same column has, but for its sample. */
void soma_tally_merge(soma_tally *tally, const soma_tally *other);

/* How many of a sample's different numbers stay different as float32 differences from an offset. */
typedef struct soma_distinct {
    size_t numbers, left;
} soma_distinct;

/*
 * The offset from which float32 differences keep the column's numbers apart: 0 unless it loses some of the sample.
 * *distinct is for that offset. `sample` is reordered. SOMA_OUT_OF_MEMORY.
 */
soma_status soma_tally_offset(const soma_tally *tally, soma_decimal *sample, size_t count, double *offset,
                              soma_distinct *distinct);

/*
 * Warns, with a message that begins with `what`, if float32 takes more of the different numbers for the same than
 * always happens by chance.
 */
void soma_tally_tell_of_loss(const char *file, const char *what, soma_distinct distinct);
/* Stands for a number and for no other one; never 0. -0 is 0. */
uint64_t soma_tally_key(soma_decimal number);
/* How many of a sample's different numbers are left as float32 differences from an offset. SOMA_OUT_OF_MEMORY. */
soma_status soma_tally_left(const soma_decimal *sample, size_t count, double offset, size_t *left);

/* A number as the float32 difference from an offset. Offset and value are close or far: in both cases the difference is
 * as good as float64 has it, and of whole numbers exact. */
static inline float soma_difference(soma_decimal number, double offset) {
    return (float)((number.value - offset) + number.rest);
}

#endif
