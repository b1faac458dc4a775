/* SPDX-License-Identifier: MIT */
/*
 * The header of NumPy's array files: "\x93NUMPY", two bytes of version, the length of what follows (two bytes, or four
 * from version 2 on), and a Python dictionary: {'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }
 */
#include "base/utf8.h"
#include "io/npy/npy.h"

#include <inttypes.h>
#include <string.h>

#define MAGIC      "\x93NUMPY"
#define MAGIC_SIZE 6
/* NumPy itself believes in no header that is longer than this. */
#define MAX_LENGTH 10000

/* -------------------------------------------------------------------------------------------------- the dictionary */

typedef struct parser {
    const char *name, *text, *end, *at;
    uint64_t offset; /* of the text */
    bool words;      /* are taken */
} parser;

static soma_status wrong(const parser *p, const char *wanted) {
    size_t left = (size_t)(p->end - p->at);
    return soma_error(SOMA_INVALID_FILE, "%s: offset %" PRIu64 ": %s in the header; %s is wanted", p->name,
                      p->offset + (uint64_t)(p->at - p->text),
                      left ? soma_quote(p->at, SOMA_MIN(left, 20)).text : "the end", wanted);
}

static void skip_spaces(parser *p) {
    while (p->at < p->end && (*p->at == ' ' || *p->at == '\n' || *p->at == '\t')) p->at++;
}

static bool take(parser *p, char c) {
    skip_spaces(p);
    if (p->at == p->end || *p->at != c) return false;
    p->at++;
    return true;
}

static bool take_word(parser *p, const char *word) {
    size_t length = strlen(word);
    skip_spaces(p);
    if ((size_t)(p->end - p->at) < length || memcmp(p->at, word, length) != 0) return false;
    p->at += length;
    return true;
}

/* A text in quotes, without escapes. */
static bool take_text(parser *p, const char **text, size_t *length) {
    skip_spaces(p);
    if (p->at == p->end || (*p->at != '\'' && *p->at != '"')) return false;
    const char *close = memchr(p->at + 1, *p->at, (size_t)(p->end - p->at - 1));
    if (!close) return false;
    *text = p->at + 1;
    *length = (size_t)(close - *text);
    p->at = close + 1;
    return true;
}

static soma_status refuse_type(const parser *p, const char *text, size_t length) {
    uint64_t offset = p->offset + (uint64_t)(text - p->text);
    const char *reason = memchr(text, 'O', length) ? ": Python's objects, which are programs, not data" : "";
    return soma_error(SOMA_INVALID_FILE,
                      "%s: offset %" PRIu64 ": elements are %s%s; accepted: f2, f4, f8, i1 to i8, u1 to u8, b1%s",
                      p->name, offset, soma_quote(text, length).text, reason, p->words ? ", U1 to U67108864" : "");
}

/* '<U7': words of up to 7 characters of four bytes. */
static bool take_words(const char *text, size_t length, soma_npy *npy) {
    size_t characters = 0;
    if (length < 3 || length > 10 || !text[0] || !strchr("<>", text[0]) || text[1] != 'U') return false;
    for (size_t i = 2; i < length; i++) {
        if (text[i] < '0' || text[i] > '9') return false;
        characters = characters * 10 + (size_t)(text[i] - '0');
    }
    npy->kind = 'U';
    npy->size = (uint32_t)(characters * 4);
    npy->big_endian = text[0] == '>';
    return characters >= 1 && characters <= (size_t)1
                                                << 26; /* without any there would be no end to how many there are */
}

/* '<f4': byte order, kind, bytes. */
static soma_status take_type(parser *p, soma_npy *npy) {
    const char *text;
    size_t length;
    skip_spaces(p);
    if (p->at < p->end && *p->at == '[')
        return wrong(p, "one type for all elements (records of several fields are not read)");
    if (!take_text(p, &text, &length)) return wrong(p, "a type, as '<f4',");
    if (p->words && take_words(text, length, npy)) return SOMA_OK;
    if (length != 3 || !text[0] || !strchr("<>|=", text[0]) || !text[1] || !strchr("fiub", text[1]) || text[2] < '1' ||
        text[2] > '8')
        return refuse_type(p, text, length);
    npy->kind = text[1];
    npy->size = (uint32_t)(text[2] - '0');
    bool known = npy->size == 1 || npy->size == 2 || npy->size == 4 || npy->size == 8;
    if (npy->kind == 'f') known &= npy->size > 1;
    if (npy->kind == 'b') known = npy->size == 1;
    /* "|": without a byte order, which is enough for a byte. "=": the writer's own, which nobody else knows. */
    known &= text[0] == '|' ? npy->size == 1 : text[0] != '=';
    npy->big_endian = text[0] == '>';
    return known ? SOMA_OK : refuse_type(p, text, length);
}

static soma_status take_number(parser *p, size_t *number) {
    skip_spaces(p);
    const char *start = p->at;
    *number = 0;
    for (; p->at < p->end && *p->at >= '0' && *p->at <= '9'; p->at++)
        if (!soma_multiply_size(*number, 10, number) || !soma_add_size(*number, (size_t)(*p->at - '0'), number)) {
            p->at = start;
            return wrong(p, "a dimension that fits into memory");
        }
    return p->at > start ? SOMA_OK : wrong(p, "a dimension: a whole number from 0 on");
}

/* (), (3,), (3, 4), with or without a comma at the end. */
static soma_status take_shape(parser *p, soma_npy *npy) {
    npy->rank = 0;
    if (!take(p, '(')) return wrong(p, "a shape, as (3, 4),");
    while (!take(p, ')')) {
        if (npy->rank == SOMA_MAX_RANK) return wrong(p, "\")\", for up to 5 dimensions are read,");
        SOMA_TRY(take_number(p, &npy->shape[npy->rank++]));
        if (take(p, ',')) continue;
        if (!take(p, ')')) return wrong(p, "\",\" or \")\"");
        break;
    }
    return SOMA_OK;
}

static soma_status take_order(parser *p, soma_npy *npy) {
    npy->fortran_order = take_word(p, "True");
    return npy->fortran_order || take_word(p, "False") ? SOMA_OK : wrong(p, "True or False");
}

static const struct {
    const char *key;
    soma_status (*take)(parser *p, soma_npy *npy);
} keys[] = {{"descr", take_type}, {"fortran_order", take_order}, {"shape", take_shape}};

static soma_status take_entry(parser *p, unsigned *seen, soma_npy *npy) {
    const char *key, *start = p->at;
    size_t length;
    if (!take_text(p, &key, &length)) return wrong(p, "a key");
    for (unsigned i = 0; i < SOMA_COUNT_OF(keys); i++) {
        if (strlen(keys[i].key) != length || memcmp(keys[i].key, key, length) != 0 || *seen >> i & 1) continue;
        *seen |= 1u << i;
        return take(p, ':') ? keys[i].take(p, npy) : wrong(p, "\":\"");
    }
    p->at = start;
    return wrong(p, "'descr', 'fortran_order' and 'shape', each once,");
}

static soma_status parse(const char *name, uint64_t offset, const char *text, size_t length, bool words,
                         soma_npy *npy) {
    parser p = {.name = name, .text = text, .end = text + length, .at = text, .offset = offset, .words = words};
    unsigned seen = 0;
    if (!take(&p, '{')) return wrong(&p, "\"{\"");
    while (!take(&p, '}')) {
        SOMA_TRY(take_entry(&p, &seen, npy));
        if (take(&p, ',')) continue;
        if (!take(&p, '}')) return wrong(&p, "\",\" or \"}\"");
        break;
    }
    if (seen != (1u << SOMA_COUNT_OF(keys)) - 1)
        return wrong(&p, "a dictionary of 'descr', 'fortran_order' and 'shape'");
    skip_spaces(&p);
    return p.at == p.end ? SOMA_OK : wrong(&p, "nothing after the dictionary but spaces");
}

soma_status soma_npy_parse(const char *name, uint64_t offset, const char *text, size_t length, soma_npy *npy) {
    return parse(name, offset, text, length, false, npy);
}

/* ------------------------------------------------------------------------------------------------------ the file */

static soma_status ends_early(soma_stream *stream) {
    return soma_error(SOMA_INVALID_FILE, "%s: offset %" PRIu64 ": ends within its header", soma_stream_name(stream),
                      soma_stream_offset(stream));
}

static soma_status read_length(soma_stream *stream, size_t *length) {
    const char *name = soma_stream_name(stream);
    uint8_t start[MAGIC_SIZE + 2] = {0}, bytes[4] = {0};
    size_t got;
    SOMA_TRY(soma_stream_read(stream, start, sizeof start, &got));
    if (got < sizeof start || memcmp(start, MAGIC, MAGIC_SIZE) != 0)
        return soma_error(SOMA_INVALID_FILE, "%s: offset 0: does not begin with \"\\x93NUMPY\", as NPY files do", name);
    if (start[6] < 1 || start[6] > 3 || start[7] != 0)
        return soma_error(SOMA_INVALID_FILE, "%s: offset %d: version %u.%u; 1.0, 2.0 and 3.0 are read", name,
                          MAGIC_SIZE, start[6], start[7]);
    size_t size = start[6] == 1 ? 2 : 4;
    SOMA_TRY(soma_stream_read(stream, bytes, size, &got));
    if (got < size) return ends_early(stream);
    *length = (size_t)bytes[0] | (size_t)bytes[1] << 8 | (size_t)bytes[2] << 16 | (size_t)bytes[3] << 24;
    if (*length > 0 && *length <= MAX_LENGTH) return SOMA_OK;
    return soma_error(SOMA_INVALID_FILE, "%s: offset %d: a header of %zu bytes; 1 to %d are read", name, MAGIC_SIZE + 2,
                      *length, MAX_LENGTH);
}

/* The header's promise against what the file has, before any memory is taken. */
static soma_status check_promise(soma_stream *stream, soma_npy *npy) {
    uint64_t bytes = npy->size, rest = soma_stream_capacity(stream) - npy->data_start;
    bool fits = true;
    npy->count = 1;
    for (uint32_t i = 0; i < npy->rank; i++) fits &= soma_multiply_size(npy->count, npy->shape[i], &npy->count);
    fits &= !__builtin_mul_overflow(bytes, (uint64_t)npy->count, &bytes);
    if (fits && bytes == rest) return SOMA_OK;
    return soma_error(SOMA_INVALID_FILE,
                      "%s: offset %" PRIu64 ": the shape asks for %s%" PRIu64 " bytes of elements, %" PRIu64
                      " follow. The file is cut short or too long, or its header is wrong",
                      soma_stream_name(stream), npy->data_start, fits ? "" : "more than ", fits ? bytes : UINT64_MAX,
                      rest);
}

static soma_status read_header(soma_stream *stream, bool words, soma_npy *npy) {
    char text[MAX_LENGTH];
    size_t length = 0, got;
    *npy = (soma_npy){0};
    /* Only of a file that is not compressed is the size known, and with it how much memory it is worth. */
    if (soma_stream_gzipped(stream))
        return soma_error(SOMA_INVALID_FILE,
                          "%s: offset 0: is gzipped; NPY files are read as they are, or in an NPZ archive",
                          soma_stream_name(stream));
    SOMA_TRY(read_length(stream, &length));
    uint64_t offset = soma_stream_offset(stream);
    SOMA_TRY(soma_stream_read(stream, text, length, &got));
    if (got < length) return ends_early(stream);
    SOMA_TRY(parse(soma_stream_name(stream), offset, text, length, words, npy));
    npy->data_start = offset + length;
    return check_promise(stream, npy);
}

soma_status soma_npy_read_header(soma_stream *stream, soma_npy *npy) {
    return read_header(stream, false, npy);
}

soma_status soma_npy_read_header_of_any(soma_stream *stream, soma_npy *npy) {
    return read_header(stream, true, npy);
}
