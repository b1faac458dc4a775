/* SPDX-License-Identifier: MIT */
/* Comparing two JSON values, to say where they differ. */
#include "base/number.h"
#include "base/utf8.h"
#include "io/json/json.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define MAX_PLACE 256 /* bytes of the name of a place; what is deeper down is cut off */

/* A short form of a value, for a message. */
static void describe(const soma_json *value, char *text, size_t size) {
    const char *string = soma_json_string(value);
    if (!value)
        snprintf(text, size, "missing");
    else if (string)
        snprintf(text, size, "%s", soma_quote(string, value->count).text);
    else if (value->kind == SOMA_JSON_ARRAY)
        snprintf(text, size, "a list of %zu", soma_json_count(value));
    else if (value->kind == SOMA_JSON_OBJECT)
        snprintf(text, size, "there");
    else if (value->kind == SOMA_JSON_INTEGER)
        snprintf(text, size, "%" PRId64, value->is.integer);
    else if (value->kind == SOMA_JSON_REAL)
        snprintf(text, size, "%s", soma_number_write(value->is.real, 9).text);
    else
        snprintf(text, size, "%s", value->kind == SOMA_JSON_NULL ? "null" : value->is.truth ? "true" : "false");
}

static soma_status differ(const char *place, const soma_json *here, const soma_json *file) {
    char a[80], b[80];
    describe(here, a, sizeof a);
    describe(file, b, sizeof b);
    return soma_error(SOMA_INVALID_ARGUMENT, "does not fit: %s is %s here, %s in the file", place, a, b);
}

static soma_status compare(const char *place, const soma_json *here, const soma_json *file, const char *except);

static bool is_key(const soma_json *key, const char *name) {
    return name && strcmp(soma_json_string(key), name) == 0;
}

static soma_status compare_objects(const char *place, const soma_json *here, const soma_json *file,
                                   const char *except) {
    char inner[MAX_PLACE];
    SOMA_JSON_EACH_PAIR(key, here) {
        if (is_key(key, except)) continue;
        snprintf(inner, sizeof inner, "%s.%s", place, soma_json_string(key));
        SOMA_TRY(compare(inner, key + 1, soma_json_get(file, soma_json_string(key)), NULL));
    }
    SOMA_JSON_EACH_PAIR(key, file) {
        if (is_key(key, except)) continue;
        snprintf(inner, sizeof inner, "%s.%.*s", place, 100, soma_quote(soma_json_string(key), key->count).text);
        if (!soma_json_get(here, soma_json_string(key))) return differ(inner, NULL, key + 1);
    }
    return SOMA_OK;
}

/* An element that has a name is called by it. */
static soma_status compare_arrays(const char *place, const soma_json *here, const soma_json *file) {
    char inner[MAX_PLACE];
    const soma_json *other = soma_json_begin(file, SOMA_JSON_ARRAY), *end = soma_json_end(file, SOMA_JSON_ARRAY);
    size_t i = 0;
    SOMA_JSON_EACH(element, here) {
        if (other == end) break;
        const char *name = soma_json_string(soma_json_get(element, "name"));
        if (name)
            snprintf(inner, sizeof inner, "%s[%s]", place, soma_quote(name, strlen(name)).text);
        else
            snprintf(inner, sizeof inner, "%s[%zu]", place, i);
        SOMA_TRY(compare(inner, element, other, NULL));
        other = soma_json_after(other);
        i++;
    }
    return soma_json_count(here) == soma_json_count(file) ? SOMA_OK : differ(place, here, file);
}

static bool are_equal(const soma_json *here, const soma_json *file) {
    if (!here || !file || here->kind != file->kind) return false;
    switch ((soma_json_kind)here->kind) {
    case SOMA_JSON_TRUTH:
        return here->is.truth == file->is.truth;
    case SOMA_JSON_INTEGER:
        return here->is.integer == file->is.integer;
    case SOMA_JSON_REAL:
        return here->is.real == file->is.real;
    case SOMA_JSON_STRING:
        return strcmp(here->is.text, file->is.text) == 0;
    default:
        return true; /* null */
    }
}

static soma_status compare(const char *place, const soma_json *here, const soma_json *file, const char *except) {
    if (soma_json_is(here, SOMA_JSON_OBJECT) && soma_json_is(file, SOMA_JSON_OBJECT))
        return compare_objects(place, here, file, except);
    if (soma_json_is(here, SOMA_JSON_ARRAY) && soma_json_is(file, SOMA_JSON_ARRAY))
        return compare_arrays(place, here, file);
    return are_equal(here, file) ? SOMA_OK : differ(place, here, file);
}

soma_status soma_json_compare(const char *name, const soma_json *here, const soma_json *file, const char *except) {
    return compare(name, here, file, except);
}
