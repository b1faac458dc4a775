/* SPDX-License-Identifier: MIT */
/* What a JSON value holds. */
#include "io/json/json.h"

#include <string.h>

bool soma_json_is(const soma_json *value, soma_json_kind kind) {
    return value && value->kind == kind;
}

size_t soma_json_count(const soma_json *value) {
    return soma_json_is(value, SOMA_JSON_ARRAY) || soma_json_is(value, SOMA_JSON_OBJECT) ? value->count : 0;
}

const char *soma_json_string(const soma_json *value) {
    return soma_json_is(value, SOMA_JSON_STRING) ? value->is.text : NULL;
}

bool soma_json_integer(const soma_json *value, int64_t *number) {
    if (!soma_json_is(value, SOMA_JSON_INTEGER)) return false;
    *number = value->is.integer;
    return true;
}

bool soma_json_number(const soma_json *value, double *number) {
    if (soma_json_is(value, SOMA_JSON_REAL))
        *number = value->is.real;
    else if (soma_json_is(value, SOMA_JSON_INTEGER))
        *number = (double)value->is.integer;
    else
        return false;
    return true;
}

const soma_json *soma_json_get(const soma_json *object, const char *key) {
    const size_t length = strlen(key);
    SOMA_JSON_EACH_PAIR(candidate, object)
    if (candidate->count == length && memcmp(candidate->is.text, key, length) == 0) return candidate + 1;
    return NULL;
}

const soma_json *soma_json_after(const soma_json *value) {
    return value + (value->kind == SOMA_JSON_ARRAY || value->kind == SOMA_JSON_OBJECT ? value->is.values : 1);
}

const soma_json *soma_json_begin(const soma_json *value, soma_json_kind kind) {
    return soma_json_is(value, kind) ? value + 1 : NULL;
}

const soma_json *soma_json_end(const soma_json *value, soma_json_kind kind) {
    return soma_json_is(value, kind) ? soma_json_after(value) : NULL;
}
