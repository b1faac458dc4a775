/* SPDX-License-Identifier: MIT */
/*
 * NumPy's arrays of words: of each as many characters of four bytes, UCS-4 in the byte order of the file, as the
 * longest one has; shorter ones end with zeros.
 */
#include "base/size.h"
#include "base/utf8.h"
#include "data/dataset.h"
#include "io/npy/npy.h"

#include <inttypes.h>
#include <string.h>

enum { UNIT = 4, MOST_CHARACTER = 0x10FFFF };

static bool is_character(uint32_t c) {
    return c <= MOST_CHARACTER && (c < 0xD800 || c > 0xDFFF);
}

/* In UTF-8; the number of bytes. */
static size_t put_character(uint32_t c, char *to) {
    if (c < 0x80) {
        to[0] = (char)c;
        return 1;
    }
    const size_t more = c < 0x800 ? 1 : c < 0x10000 ? 2 : 3;
    static const uint8_t mark[] = {0, 0xC0, 0xE0, 0xF0};
    to[0] = (char)(mark[more] | c >> 6 * more);
    for (size_t i = 1; i <= more; i++) to[i] = (char)(0x80 | (c >> 6 * (more - i) & 0x3F));
    return more + 1;
}

/* ---------------------------------------------------------------------------------------------------------- reading */

/* Where element number `i` of the file goes, row-major. */
static size_t place_of(const soma_npy *npy, size_t i) {
    size_t place = 0, stride = npy->count;
    if (!npy->fortran_order) return i;
    for (uint32_t k = 0; k < npy->rank; k++) {
        stride /= npy->shape[k];
        place += i % npy->shape[k] * stride;
        i /= npy->shape[k];
    }
    return place;
}

/* One character after the other. */
typedef struct reading {
    const soma_npy *npy;
    char *text;         /* of the first element, row-major: npy->size + 1 bytes for each */
    size_t element, at; /* number of the element in the file, and which of its characters comes */
    size_t length;      /* bytes of it so far */
    bool ended;         /* a zero has been */
} reading;

static soma_status take_character(soma_stream *stream, reading *r, uint32_t c) {
    const size_t characters = r->npy->size / UNIT;
    char *text = r->text + place_of(r->npy, r->element) * ((size_t)r->npy->size + 1);
    if (!is_character(c) || (c && r->ended))
        return soma_error(SOMA_INVALID_FILE,
                          "%s: offset %" PRIu64 ": element %zu, character %zu is U+%04" PRIX32 "%s; "
                          "words of Unicode without U+0000 are read",
                          soma_stream_name(stream),
                          r->npy->data_start + (uint64_t)r->element * r->npy->size + r->at * UNIT, r->element, r->at, c,
                          r->ended ? " after U+0000" : "");
    r->ended |= c == 0;
    if (c) r->length += put_character(c, text + r->length);
    if (++r->at < characters) return SOMA_OK;
    text[r->length] = 0;
    r->element++;
    r->at = r->length = 0;
    r->ended = false;
    return SOMA_OK;
}

static uint32_t load_unit(const soma_npy *npy, const uint8_t *raw) {
    uint32_t c = 0;
    for (unsigned i = 0; i < UNIT; i++) c |= (uint32_t)raw[i] << 8 * (npy->big_endian ? UNIT - 1 - i : i);
    return c;
}

static soma_status read_characters(soma_stream *stream, const soma_npy *npy, char *text) {
    uint8_t block[16384];
    reading r = {.npy = npy, .text = text};
    size_t left = npy->count * npy->size; /* which the header's check has multiplied */
    while (left > 0) {
        size_t got, bytes = SOMA_MIN(sizeof block, left);
        SOMA_TRY(soma_stream_read(stream, block, bytes, &got));
        if (got < bytes)
            return soma_error(SOMA_INVALID_FILE, "%s: offset %" PRIu64 ": ends after %zu of %zu words",
                              soma_stream_name(stream), soma_stream_offset(stream), r.element, npy->count);
        for (size_t i = 0; i < bytes; i += UNIT) SOMA_TRY(take_character(stream, &r, load_unit(npy, block + i)));
        left -= bytes;
    }
    return soma_stream_finish(stream);
}

soma_status soma_npy_read_words(soma_stream *stream, const soma_npy *npy, void **data) {
    size_t bytes, text_bytes;
    *data = NULL;
    if (!soma_multiply_size(npy->count, sizeof(char *), &bytes) ||
        !soma_multiply_size(npy->count, (size_t)npy->size + 1, &text_bytes) ||
        !soma_add_size(bytes, text_bytes, &text_bytes))
        return soma_error(SOMA_INVALID_FILE, "%s: more words than memory can hold", soma_stream_name(stream));
    const char **words = *data = soma_malloc_aligned(SOMA_DATA_ALIGNMENT, SOMA_MAX(text_bytes, (size_t)1));
    if (!words) return soma_out_of_memory(text_bytes, soma_stream_name(stream));
    char *text = (char *)words + bytes;
    for (size_t i = 0; i < npy->count; i++) words[i] = text + i * ((size_t)npy->size + 1);
    soma_status status = read_characters(stream, npy, text);
    if (status == SOMA_OK) return SOMA_OK;
    soma_free_aligned(*data);
    *data = NULL;
    return status;
}

/* ---------------------------------------------------------------------------------------------------------- writing */

/* The character at *text, which moves on: the text is UTF-8. */
static uint32_t next_character(const char **text, size_t left) {
    static const uint8_t mask[] = {0, 0x7F, 0x1F, 0x0F, 0x07};
    const size_t length = soma_utf8_length(*text, left);
    uint32_t c = (uint8_t) * *text & mask[length];
    for (size_t i = 1; i < length; i++) c = c << 6 | ((uint8_t)(*text)[i] & 0x3F);
    *text += length;
    return c;
}

static soma_status measure(const char *name, const char *const *words, size_t count, size_t *longest) {
    *longest = 1; /* as NumPy has it of empty words */
    for (size_t i = 0; i < count; i++) {
        size_t length = words[i] ? strlen(words[i]) : 0, offset = 0, characters = 0;
        if (!words[i] || !soma_utf8_check(words[i], length, &offset))
            return soma_error(SOMA_INVALID_ARGUMENT, "%s: element %zu is %s; words of UTF-8 are written", name, i,
                              words[i] ? soma_quote(words[i], length).text : "NULL");
        for (const char *at = words[i]; *at; characters++) (void)next_character(&at, length - (size_t)(at - words[i]));
        *longest = SOMA_MAX(*longest, characters);
    }
    return SOMA_OK;
}

soma_status soma_npy_pack_words(const char *name, const char *const *words, size_t count, size_t *longest,
                                uint32_t **characters) {
    size_t all;
    *characters = NULL;
    SOMA_TRY(measure(name, words, count, longest));
    if (!soma_multiply_size(count, *longest, &all)) return soma_out_of_memory(SIZE_MAX, name);
    *characters = soma_calloc(SOMA_MAX(all, (size_t)1), sizeof **characters);
    if (!*characters) return soma_out_of_memory(all * sizeof **characters, name);
    for (size_t i = 0; i < count; i++) {
        const char *at = words[i], *end = at + strlen(at);
        for (uint32_t *to = *characters + i * *longest; at < end;) *to++ = next_character(&at, (size_t)(end - at));
    }
    return SOMA_OK;
}
