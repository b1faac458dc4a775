/* SPDX-License-Identifier: MIT */
/* See tally.h. */
#include "data/tally.h"

#include <stdlib.h>
#include <string.h>

/* Up to here float32 holds each whole number. */
#define MAX_EXACT 16777216.0

void soma_tally_merge(soma_tally *tally, const soma_tally *other) {
    tally->gaps += other->gaps;
    tally->unseen += other->unseen;
    if (other->numbers == 0) return;
    if (tally->numbers == 0) {
        tally->minimum = other->minimum;
        tally->maximum = other->maximum;
    }
    tally->minimum = SOMA_MIN(tally->minimum, other->minimum);
    tally->maximum = SOMA_MAX(tally->maximum, other->maximum);
    tally->numbers += other->numbers;
    tally->sum += other->sum;
    tally->fraction |= other->fraction;
}

/* ------------------------------------------------------------------------------------------------ different ones */

/* Of `keys`, which are not 0, how many are different; slots[slot_count], a power of two. */
static size_t count_different(const uint64_t *keys, size_t count, uint64_t *slots, size_t slot_count) {
    size_t different = 0;
    memset(slots, 0, slot_count * sizeof *slots);
    for (size_t i = 0; i < count; i++) {
        size_t slot = (size_t)(keys[i] * 0x9E3779B97F4A7C15u >> 20) & (slot_count - 1);
        while (slots[slot] && slots[slot] != keys[i]) slot = (slot + 1) & (slot_count - 1);
        different += slots[slot] == 0;
        slots[slot] = keys[i];
    }
    return different;
}

/* The number itself. Rests are whole and below 2^11, and only where the last bits of the value are far apart. */
uint64_t soma_tally_key(soma_decimal number) {
    double value = number.value + 0.0; /* -0 is 0 */
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    return (bits ^ (uint64_t)(int64_t)number.rest << 52) + 1;
}

static uint64_t key_of_float(float value) {
    uint32_t bits;
    value += 0.0f;
    memcpy(&bits, &value, sizeof bits);
    return (uint64_t)bits + 1;
}

typedef struct counter {
    const soma_decimal *sample;
    size_t count, slot_count;
    uint64_t *keys, *slots;
} counter;

static soma_status make_counter(const soma_decimal *sample, size_t count, counter *made) {
    *made = (counter){.sample = sample, .count = count, .slot_count = 16};
    while (made->slot_count < 2 * count) made->slot_count *= 2;
    made->keys = soma_calloc(count + made->slot_count, sizeof *made->keys);
    if (!made->keys) return soma_out_of_memory((count + made->slot_count) * sizeof *made->keys, "a column's numbers");
    made->slots = made->keys + count;
    return SOMA_OK;
}

static size_t count_numbers(const counter *of) {
    for (size_t i = 0; i < of->count; i++) of->keys[i] = soma_tally_key(of->sample[i]);
    return count_different(of->keys, of->count, of->slots, of->slot_count);
}

static size_t count_left(const counter *of, double offset) {
    for (size_t i = 0; i < of->count; i++) of->keys[i] = key_of_float(soma_difference(of->sample[i], offset));
    return count_different(of->keys, of->count, of->slots, of->slot_count);
}

soma_status soma_tally_left(const soma_decimal *sample, size_t count, double offset, size_t *left) {
    counter of;
    *left = 0;
    SOMA_TRY(make_counter(sample, count, &of));
    *left = count_left(&of, offset);
    soma_free(of.keys);
    return SOMA_OK;
}

/* -------------------------------------------------------------------------------------------------------- offset */

static int compare(const void *a, const void *b) {
    double left = ((const soma_decimal *)a)->value, right = ((const soma_decimal *)b)->value;
    return (left > right) - (left < right);
}

/* Whole where all numbers are, so that differences are, too. */
static double middle_of(const soma_tally *tally) {
    double middle = tally->minimum / 2 + tally->maximum / 2;
    return tally->fraction ? middle : floor(middle);
}

/* Whether float32 may lose numbers that the sample does not show. */
static bool is_out_of_reach(const soma_tally *tally) {
    double most = fmax(fabs(tally->minimum), fabs(tally->maximum));
    if (!tally->fraction) return most > MAX_EXACT;
    return tally->maximum > tally->minimum && most > 1024 * (tally->maximum - tally->minimum);
}

soma_status soma_tally_offset(const soma_tally *tally, soma_decimal *sample, size_t count, double *offset,
                              soma_distinct *distinct) {
    counter of;
    *offset = 0;
    *distinct = (soma_distinct){0};
    bool may_lose = is_out_of_reach(tally);
    if (!tally->fraction && !may_lose) return SOMA_OK; /* each of them is a float32 */
    SOMA_TRY(make_counter(sample, count, &of));
    *distinct = (soma_distinct){count_numbers(&of), count_left(&of, 0)};
    /* Of many random numbers two may always fall together: that is no loss. */
    may_lose |= distinct->numbers - distinct->left > distinct->numbers / 1000;
    if (may_lose) {
        qsort(sample, count, sizeof *sample, compare);
        /* The median serves where some number lies far away, as a 0 among time stamps does. */
        const double tried[] = {middle_of(tally), count ? sample[count / 2].value : 0};
        double widest = tally->maximum - tally->minimum;
        bool narrow = widest < fmax(fabs(tally->minimum), fabs(tally->maximum));
        for (size_t i = 0; i < SOMA_COUNT_OF(tried); i++) {
            size_t left = count_left(&of, tried[i]);
            if (left < distinct->left || (left == distinct->left && (i > 0 || !narrow))) continue;
            *offset = tried[i];
            distinct->left = left;
        }
    }
    soma_free(of.keys);
    return SOMA_OK;
}

/* --------------------------------------------------------------------------------------------------------- message */

void soma_tally_tell_of_loss(const char *file, const char *what, soma_distinct distinct) {
    size_t lost = distinct.numbers - distinct.left;
    if (lost <= distinct.numbers / 100) return;
    soma_log(SOMA_LOG_WARNING, "%s: %s: of %zu different numbers %zu are left in float32, in which soma computes", file,
             what, distinct.numbers, distinct.left);
}
