/* SPDX-License-Identifier: MIT */
/*
 * Rows of numbers. Where fields end is found for 64 characters at a time, so that no number waits for the one before
 * it; and a number of which it is known where it ends is one to three words, whatever its length.
 */
#include "io/csv/reader.h"

#ifdef SOMA_DECIMAL_EIGHT
#ifdef __SSE2__
#include <emmintrin.h>
#endif

#define BLOCK 64
/* Characters before the end of a number that are looked at, whether they are its own or not. */
#define LOOK_BACK 24
#define ZEROS     0x3030303030303030
#define POINTS    0x2E2E2E2E2E2E2E2E
/* Up to here float64 has all whole numbers. */
#define MOST_EXACT ((uint64_t)1 << 53)

static inline uint64_t eight_at(const char *text) {
    uint64_t bits;
    memcpy(&bits, text, sizeof bits);
    return bits;
}

/* The highest bit of each of eight characters that is the same as in the pattern. */
static inline uint64_t same(uint64_t bits, uint64_t pattern) {
    const uint64_t low = 0x7F7F7F7F7F7F7F7F, other = bits ^ pattern;
    return ~(((other & low) + low) | other | low);
}

/* ------------------------------------------------------------------------------------------------ where fields end */

/* A bit for each character of a block that is a separator, or the end of a line. */
#ifdef __SSE2__
static uint64_t find_marks(const char *block, char separator) {
    const __m128i separators = _mm_set1_epi8(separator), line_ends = _mm_set1_epi8('\n');
    uint64_t marks = 0;
    for (unsigned i = 0; i < BLOCK; i += 16) {
        const __m128i text = _mm_loadu_si128((const __m128i *)(const void *)(block + i));
        const __m128i found = _mm_or_si128(_mm_cmpeq_epi8(text, separators), _mm_cmpeq_epi8(text, line_ends));
        marks |= (uint64_t)(uint32_t)_mm_movemask_epi8(found) << i;
    }
    return marks;
}
#else
static uint64_t find_marks(const char *block, char separator) {
    const uint64_t all = 0x0101010101010101, separators = all * (uint64_t)(unsigned char)separator;
    uint64_t marks = 0;
    for (unsigned i = 0; i < BLOCK; i += 8) {
        const uint64_t bits = eight_at(block + i), found = same(bits, separators) | same(bits, all * '\n');
        marks |= ((found >> 7) * 0x0102040810204080 >> 56) << i; /* the bits of eight bytes, side by side */
    }
    return marks;
}
#endif

/* ------------------------------------------------------------------------------------------------------ one number */

/* The last `count` of eight characters, 0 to 8, with zeros before them. */
static inline uint64_t keep_last(uint64_t bits, size_t count) {
    const uint64_t kept = count ? ~(uint64_t)0 << (64 - 8 * count) : 0;
    return (bits & kept) | (ZEROS & ~kept);
}

/* Eight characters but for the one that is marked: those before it close up, behind `before`, a character of its own.
 * *behind: how many come behind it. */
static inline uint64_t without(uint64_t bits, uint64_t mark, uint64_t before, unsigned *behind) {
    const unsigned place = soma_decimal_first(mark);
    const uint64_t mask = ((uint64_t)1 << 8 * place) - 1;
    *behind = 7 - place;
    return (bits & ~(mask << 8 | 0xFF)) | (bits & mask) << 8 | before;
}

/* A number of 1 to 8 characters. */
static inline bool read_short(const char *end, size_t length, double *value) {
    static const double power[] = {1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7};
    uint64_t bits = keep_last(eight_at(end - 8), length);
    const uint64_t point = same(bits, POINTS);
    unsigned behind = 0;
    if (point) {
        if (length == 1) return false;
        bits = without(bits, point, '0', &behind);
    }
    if (soma_decimal_others(bits)) return false;
    *value = (double)(uint32_t)soma_decimal_eight(bits, 8);
    if (point) *value /= power[behind];
    return true;
}

/* Takes the point out of a number; how many digits are behind it, 0 as well where there is none. */
static inline unsigned take_point_out(uint64_t *first, uint64_t *middle, uint64_t *last) {
    const uint64_t in_first = same(*first, POINTS), in_middle = same(*middle, POINTS), in_last = same(*last, POINTS);
    unsigned behind = 0;
    if (in_first) { /* as most programs write numbers that have so many digits */
        *first = without(*first, in_first, '0', &behind);
        return behind + 16;
    }
    if (!(in_middle | in_last)) return 0;
    if (in_middle) {
        *middle = without(*middle, in_middle, *first >> 56, &behind);
        behind += 8;
    } else {
        *last = without(*last, in_last, *middle >> 56, &behind);
        *middle = *middle << 8 | *first >> 56;
    }
    *first = *first << 8 | '0';
    return behind;
}

/* A number of more than 8 characters, up to 24, of up to 19 digits that count. */
static inline bool read_long(const char *end, size_t length, double *value) {
    uint64_t first = keep_last(eight_at(end - 24), length > 16 ? length - 16 : 0);
    uint64_t middle = keep_last(eight_at(end - 16), SOMA_MIN(length - 8, (size_t)8)), last = eight_at(end - 8);
    const unsigned behind = take_point_out(&first, &middle, &last);
    if (soma_decimal_others(last) | soma_decimal_others(middle) | soma_decimal_others(first)) return false;
    const uint64_t highest = soma_decimal_eight(first, 8);
    if (highest >= 1000) return false; /* 10^19 is not beyond 64 bits */
    const uint64_t mantissa =
        (highest * 100000000 + soma_decimal_eight(middle, 8)) * 100000000 + soma_decimal_eight(last, 8);
    if (behind && mantissa) return soma_decimal_round(mantissa, -(int)behind, value);
    *value = (double)mantissa;
    return mantissa <= MOST_EXACT; /* else it has a rest, which is for soma_decimal_scan() */
}

/* A field that is a number without blanks around it. */
static inline bool read_number(const char *start, const char *end, double *value) {
    static const double sign[] = {1, -1};
    const bool negative = *start == '-'; /* no branch: signs are as good as random */
    start += negative | (*start == '+');
    const size_t length = (size_t)(end - start);
    if (length - 1 >= LOOK_BACK) return false; /* 0 as well */
    if (!(length <= 8 ? read_short(end, length, value) : read_long(end, length, value))) return false;
    *value *= sign[negative];
    return true;
}

/* ---------------------------------------------------------------------------------------------------------- a row */

/* Marks from `at` on; false where the text has no whole block there. */
static inline bool begin_block(soma_csv_reader *reader, size_t at, uint64_t *marks) {
    const size_t block = at / BLOCK * BLOCK;
    if (at < LOOK_BACK || reader->size < BLOCK || block > reader->size - BLOCK) return false;
    if (block != reader->block) {
        reader->block = block;
        reader->marks = find_marks(reader->text + block, reader->separator);
    }
    *marks = reader->marks & ~(uint64_t)0 << at % BLOCK;
    return true;
}

static inline bool next_block(soma_csv_reader *reader, uint64_t *marks) {
    if (reader->block + BLOCK > reader->size - BLOCK) return false;
    reader->block += BLOCK;
    *marks = reader->marks = find_marks(reader->text + reader->block, reader->separator);
    return true;
}

size_t soma_csv_next_numbers(soma_csv_reader *reader, size_t count, double *numbers) {
    const char *text = reader->text;
    size_t at = reader->position, read = 0;
    uint64_t marks;
    bool ends = false;
    if (!begin_block(reader, at, &marks)) return 0;
    for (; read < count && !ends; read++) {
        while (!marks && next_block(reader, &marks)) {
        }
        if (!marks) break;
        const size_t end = reader->block + (size_t)__builtin_ctzll(marks);
        if (!read_number(text + at, text + end, &numbers[read])) break;
        marks &= marks - 1;
        reader->length = end - at;
        at = end + 1;
        ends = text[end] == '\n';
    }
    if (read == 0) return 0;
    reader->column = (reader->ends_record ? 0 : reader->column) + read;
    reader->field_line = reader->line;
    reader->line += ends;
    reader->position = at;
    reader->ends_record = ends;
    return read;
}
#else
size_t soma_csv_next_numbers(soma_csv_reader *reader, size_t count, double *numbers) {
    (void)reader, (void)count, (void)numbers;
    return 0;
}
#endif
