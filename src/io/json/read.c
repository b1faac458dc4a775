/* SPDX-License-Identifier: MIT */
/*
 * Reading JSON. The text is gone through twice by the same code: first it is checked and its values are counted, then
 * they are stored in a block of exactly that size. So what is refused costs no memory, and what is accepted at most 16
 * bytes for every two of the text, and a copy of it, in which strings are decoded where they stand.
 */
#include "base/number.h"
#include "base/utf8.h"
#include "io/json/json.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct reader {
    const char *text;
    size_t length, at;
    soma_json *values; /* NULL: they are counted only */
    size_t count;
    char *copy; /* of the text; NULL likewise */
    const char *fault;
    uint32_t depth;
    locale_t c_locale;
    soma_json nowhere;
} reader;

static bool fail(reader *r, const char *what) {
    r->fault = what;
    return false;
}

/* The next character; 0, which JSON has not, at the end. */
static char peek(const reader *r) {
    return r->at < r->length ? r->text[r->at] : 0;
}

static bool take(reader *r, char character) {
    if (peek(r) != character) return false;
    r->at++;
    return true;
}

static void skip_space(reader *r) {
    while (r->at < r->length && (peek(r) == ' ' || peek(r) == '\t' || peek(r) == '\n' || peek(r) == '\r')) r->at++;
}

/* Room for the next value; when they are only counted, a place that nobody reads. */
static soma_json *new_value(reader *r, soma_json_kind kind) {
    soma_json *value = r->values ? &r->values[r->count] : &r->nowhere;
    r->count++;
    *value = (soma_json){.kind = kind};
    return value;
}

/* ----------------------------------------------------------------------------------------------------- strings */

static bool read_hex(reader *r, uint32_t *unit) {
    *unit = 0;
    for (int i = 0; i < 4; i++) {
        char digit = peek(r);
        uint32_t value = digit >= '0' && digit <= '9'   ? (uint32_t)(digit - '0')
                         : digit >= 'a' && digit <= 'f' ? (uint32_t)(digit - 'a' + 10)
                         : digit >= 'A' && digit <= 'F' ? (uint32_t)(digit - 'A' + 10)
                                                        : 16;
        if (value == 16) return fail(r, "\\u is not followed by four hexadecimal digits");
        *unit = *unit * 16 + value;
        r->at++;
    }
    return true;
}

/* What follows \u: a character, or the first of two units that make one. */
static bool read_unicode(reader *r, uint32_t *character) {
    uint32_t second;
    if (!read_hex(r, character)) return false;
    if (*character == 0) return fail(r, "a zero character in a string");
    if (*character < 0xd800 || *character > 0xdfff) return true;
    if (*character > 0xdbff || !take(r, '\\') || !take(r, 'u')) return fail(r, "half of a surrogate pair");
    if (!read_hex(r, &second)) return false;
    if (second < 0xdc00 || second > 0xdfff) return fail(r, "half of a surrogate pair");
    *character = 0x10000 + (*character - 0xd800) * 0x400 + (second - 0xdc00);
    return true;
}

static size_t encode_utf8(uint32_t character, char *bytes) {
    const size_t length = character < 0x80 ? 1 : character < 0x800 ? 2 : character < 0x10000 ? 3 : 4;
    static const uint8_t lead[] = {0, 0, 0xc0, 0xe0, 0xf0};
    for (size_t i = length; i-- > 1; character >>= 6) bytes[i] = (char)(0x80 | (character & 0x3f));
    bytes[0] = (char)(lead[length] | character);
    return length;
}

/* What follows a backslash. Its form in UTF-8 is never longer than the escape. */
static bool read_escape(reader *r, char *bytes, size_t *length) {
    static const char names[] = "\"\\/bfnrt", meant[] = "\"\\/\b\f\n\r\t";
    const char *name = peek(r) ? strchr(names, peek(r)) : NULL;
    *length = 1;
    if (name) {
        bytes[0] = meant[name - names];
        r->at++;
        return true;
    }
    uint32_t character;
    if (!take(r, 'u')) return fail(r, "an unknown escape");
    if (!read_unicode(r, &character)) return false;
    *length = encode_utf8(character, bytes);
    return true;
}

static bool read_character(reader *r, char *bytes, size_t *length) {
    if (take(r, '\\')) return read_escape(r, bytes, length);
    if ((unsigned char)peek(r) < 0x20)
        return fail(r, r->at < r->length ? "a control character in a string" : "a string has no end");
    *length = soma_utf8_length(r->text + r->at, r->length - r->at);
    if (*length == 0) return fail(r, "no UTF-8");
    memcpy(bytes, r->text + r->at, *length);
    r->at += *length;
    return true;
}

static bool read_string(reader *r) {
    if (!take(r, '"')) return fail(r, "a string is expected");
    char *start = r->copy ? r->copy + r->at : NULL;
    size_t size = 0, length;
    char bytes[4];
    while (peek(r) != '"') {
        if (!read_character(r, bytes, &length)) return false;
        if (start) memcpy(start + size, bytes, length);
        size += length;
    }
    r->at++;
    if (size > UINT32_MAX) return fail(r, "a string of more than 4 GiB");
    if (start) start[size] = 0; /* at most where the closing quote stood */
    soma_json *value = new_value(r, SOMA_JSON_STRING);
    value->count = (uint32_t)size;
    value->is.text = start;
    return true;
}

/* ----------------------------------------------------------------------------------------------------- numbers */

static bool skip_digits(reader *r) {
    const size_t start = r->at;
    while (peek(r) >= '0' && peek(r) <= '9') r->at++;
    return r->at > start;
}

/* The number between two places of the copy. */
static bool convert(reader *r, size_t begin, bool whole) {
    const char after = r->copy[r->at];
    soma_json *value = new_value(r, whole ? SOMA_JSON_INTEGER : SOMA_JSON_REAL);
    r->copy[r->at] = 0;
    errno = 0;
    if (whole)
        value->is.integer = strtoll(r->copy + begin, NULL, 10);
    else
        value->is.real = soma_number_double(r->copy + begin, r->c_locale);
    r->copy[r->at] = after;
    if (whole && errno == ERANGE) return fail(r, "an integer that does not fit 64 bits");
    return whole || isfinite(value->is.real) || fail(r, "a number that does not fit a double");
}

static bool read_number(reader *r) {
    const size_t begin = r->at;
    bool whole = true;
    take(r, '-');
    if (!take(r, '0') && !skip_digits(r)) return fail(r, "a value is expected");
    if (take(r, '.')) {
        whole = false;
        if (!skip_digits(r)) return fail(r, "a digit is expected");
    }
    if (take(r, 'e') || take(r, 'E')) {
        whole = false;
        if (!take(r, '-')) take(r, '+');
        if (!skip_digits(r)) return fail(r, "a digit is expected");
    }
    if (r->copy) return convert(r, begin, whole);
    r->count++;
    return true;
}

/* -------------------------------------------------------------------------------------------------- containers */

static bool read_value(reader *r);

static bool read_pair(reader *r) {
    if (!read_string(r)) return false;
    skip_space(r);
    if (!take(r, ':')) return fail(r, "\":\" is expected");
    return read_value(r);
}

static bool read_container(reader *r, soma_json_kind kind) {
    const size_t first = r->count;
    const char closing = kind == SOMA_JSON_OBJECT ? '}' : ']';
    uint32_t count = 0;
    if (++r->depth > SOMA_JSON_MAX_DEPTH) return fail(r, "a depth of more than 100 levels");
    r->at++;
    new_value(r, kind);
    skip_space(r);
    while (count > 0 || peek(r) != closing) {
        if (count == UINT32_MAX) return fail(r, "more values in one place than can be counted");
        skip_space(r);
        if (!(kind == SOMA_JSON_OBJECT ? read_pair(r) : read_value(r))) return false;
        count++;
        skip_space(r);
        if (!take(r, ',')) break;
    }
    if (!take(r, closing)) return fail(r, closing == '}' ? "\",\" or \"}\" is expected" : "\",\" or \"]\" is expected");
    r->depth--;
    if (r->values) {
        r->values[first].count = count;
        r->values[first].is.values = r->count - first;
    }
    return true;
}

static bool read_word(reader *r, const char *word, soma_json_kind kind, bool truth) {
    const size_t length = strlen(word);
    if (r->length - r->at < length || memcmp(r->text + r->at, word, length) != 0) return fail(r, "a value is expected");
    r->at += length;
    new_value(r, kind)->is.truth = truth;
    return true;
}

static bool read_value(reader *r) {
    skip_space(r);
    switch (peek(r)) {
    case '{':
        return read_container(r, SOMA_JSON_OBJECT);
    case '[':
        return read_container(r, SOMA_JSON_ARRAY);
    case '"':
        return read_string(r);
    case 't':
        return read_word(r, "true", SOMA_JSON_TRUTH, true);
    case 'f':
        return read_word(r, "false", SOMA_JSON_TRUTH, false);
    case 'n':
        return read_word(r, "null", SOMA_JSON_NULL, false);
    default:
        return read_number(r);
    }
}

static bool read_all(reader *r) {
    if (!read_value(r)) return false;
    skip_space(r);
    return r->at == r->length || fail(r, "something follows the value");
}

/* ------------------------------------------------------------------------------------------------------- keys */

static int compare_keys(const void *left, const void *right) {
    const char *a = *(const char *const *)left, *b = *(const char *const *)right;
    const int order = strcmp(a, b);
    return order ? order : a < b ? -1 : 1; /* the second of two is the later one */
}

/* The later of two equal keys of the object; NULL: there are none. `keys` has room for all of them. */
static const char *find_duplicate(const soma_json *object, const char **keys) {
    size_t count = 0;
    SOMA_JSON_EACH_PAIR(key, object) keys[count++] = key->is.text;
    qsort(keys, count, sizeof *keys, compare_keys);
    for (size_t i = 1; i < count; i++)
        if (strcmp(keys[i - 1], keys[i]) == 0) return keys[i];
    return NULL;
}

static soma_status check_keys(const char *what, const reader *r, soma_json_fault *fault) {
    size_t most = 1;
    const char *duplicate = NULL;
    for (size_t i = 0; i < r->count; i++)
        if (r->values[i].kind == SOMA_JSON_OBJECT) most = SOMA_MAX(most, (size_t)r->values[i].count);
    const char **keys = soma_calloc(most, sizeof *keys);
    if (!keys) return soma_out_of_memory(most * sizeof *keys, what);
    for (size_t i = 0; i < r->count && !duplicate; i++)
        if (r->values[i].kind == SOMA_JSON_OBJECT) duplicate = find_duplicate(&r->values[i], keys);
    soma_free(keys);
    if (!duplicate) return SOMA_OK;
    *fault = (soma_json_fault){"duplicate key", (size_t)(duplicate - r->copy)};
    return SOMA_INVALID_FILE;
}

/* ------------------------------------------------------------------------------------------------------- whole */

/* Values first, which are aligned, then the copy. */
static soma_status allocate(const char *what, reader *r) {
    size_t bytes;
    if (!soma_multiply_size(r->count, sizeof *r->values, &bytes) || !soma_add_size(bytes, r->length + 1, &bytes))
        bytes = SIZE_MAX;
    r->values = soma_malloc(bytes);
    if (!r->values) return soma_out_of_memory(bytes, what);
    r->copy = memcpy(r->values + r->count, r->text, r->length);
    r->copy[r->length] = 0;
    return SOMA_OK;
}

static soma_status parse(const char *what, reader *r, soma_json_fault *fault) {
    if (read_all(r)) {
        SOMA_TRY(allocate(what, r));
        r->at = r->count = 0;
        if (read_all(r)) return check_keys(what, r, fault);
    }
    *fault = (soma_json_fault){r->fault, r->at};
    return SOMA_INVALID_FILE;
}

soma_status soma_json_parse(const char *what, const char *text, size_t length, soma_json_fault *fault,
                            soma_json **value) {
    reader r = {.text = text, .length = length, .c_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0)};
    *value = NULL;
    if (!r.c_locale) return soma_out_of_memory(0, what);
    soma_status status = parse(what, &r, fault);
    freelocale(r.c_locale);
    if (status == SOMA_OK)
        *value = r.values;
    else
        soma_free(r.values);
    return status;
}
