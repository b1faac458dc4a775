/* SPDX-License-Identifier: MIT */
/* See json_compare.h. */
#include "io/json_compare.h"
#include "base/utf8.h"

#include <stdlib.h>
#include <string.h>

#define MAX_PLACE 256 /* bytes of the name of a place; what is deeper down is cut off */

/* A short form of a value, for a message. */
static void describe(const json_t *value, char *text, size_t size) {
    char *dump = value ? json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT | JSON_REAL_PRECISION(9)) : NULL;
    if (json_is_array(value))
        snprintf(text, size, "a list of %zu", json_array_size(value));
    else if (json_is_object(value) || !dump)
        snprintf(text, size, "%s", value ? "there" : "missing");
    else
        snprintf(text, size, "%.60s%s", dump, strlen(dump) > 60 ? "..." : "");
    free(dump);
}

static soma_status differ(const char *place, const json_t *here, const json_t *file) {
    char a[80], b[80];
    describe(here, a, sizeof a);
    describe(file, b, sizeof b);
    return soma_error(SOMA_INVALID_ARGUMENT, "does not fit: %s is %s here, %s in the file", place, a, b);
}

static soma_status compare(const char *place, const json_t *here, const json_t *file);

static soma_status compare_objects(const char *place, const json_t *here, const json_t *file) {
    char inner[MAX_PLACE];
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)here, key, value) {
        snprintf(inner, sizeof inner, "%s.%s", place, key);
        SOMA_TRY(compare(inner, value, json_object_get(file, key)));
    }
    json_object_foreach((json_t *)file, key, value) {
        snprintf(inner, sizeof inner, "%s.%.*s", place, 100, soma_quote(key, strlen(key)).text);
        if (!json_object_get(here, key)) return differ(inner, NULL, value);
    }
    return SOMA_OK;
}

/* An element that has a name is called by it. */
static soma_status compare_arrays(const char *place, const json_t *here, const json_t *file) {
    char inner[MAX_PLACE];
    for (size_t i = 0; i < json_array_size(here) && i < json_array_size(file); i++) {
        const json_t *element = json_array_get(here, i);
        const char *name = json_string_value(json_object_get(element, "name"));
        if (name)
            snprintf(inner, sizeof inner, "%s[%s]", place, soma_quote(name, strlen(name)).text);
        else
            snprintf(inner, sizeof inner, "%s[%zu]", place, i);
        SOMA_TRY(compare(inner, element, json_array_get(file, i)));
    }
    return json_array_size(here) == json_array_size(file) ? SOMA_OK : differ(place, here, file);
}

static soma_status compare(const char *place, const json_t *here, const json_t *file) {
    if (json_is_object(here) && json_is_object(file)) return compare_objects(place, here, file);
    if (json_is_array(here) && json_is_array(file)) return compare_arrays(place, here, file);
    return json_equal(here, file) ? SOMA_OK : differ(place, here, file);
}

soma_status soma_json_compare(const char *name, const json_t *here, const json_t *file) {
    return compare(name, here, file);
}
