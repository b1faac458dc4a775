/* SPDX-License-Identifier: MIT */
/* The JSON object of --json, by jansson where it is there. */
#include "report.h"

#ifdef SOMA_HAVE_JANSSON
#include <jansson.h>
#include <math.h>
#include <stdio.h>

/* A report is jansson's value under another name: commands need not know the library. */
static json_t *value_of(report *object) {
    return (json_t *)object;
}

/* Text from files and drivers may be no UTF-8, which JSON demands: what is not ASCII is then shown as '?'. */
static json_t *text_value(const char *text) {
    if (!text) return json_null();
    json_t *value = json_string(text);
    if (value) return value;
    char plain[1024];
    size_t length = 0;
    for (; text[length] && length + 1 < sizeof plain; length++)
        plain[length] = (unsigned char)text[length] < 0x80 ? text[length] : '?';
    plain[length] = '\0';
    return json_string(plain);
}

static json_t *number_value(double value) {
    return isfinite(value) ? json_real(value) : json_null();
}

bool report_available(void) {
    return true;
}

report *report_create(void) {
    return (report *)json_object();
}

static void set(report *object, const char *key, json_t *value) {
    if (object)
        json_object_set_new(value_of(object), key, value);
    else
        json_decref(value);
}

void report_number(report *object, const char *key, double value) {
    set(object, key, number_value(value));
}
void report_count(report *object, const char *key, uint64_t value) {
    set(object, key, json_integer((json_int_t)value));
}
void report_truth(report *object, const char *key, bool value) {
    set(object, key, json_boolean(value));
}
void report_text(report *object, const char *key, const char *value) {
    set(object, key, text_value(value));
}

static report *append(report *array, json_t *value) {
    if (array && json_array_append_new(value_of(array), value) == 0) return (report *)value;
    if (!array) json_decref(value);
    return NULL;
}

static report *put(report *object, const char *key, json_t *value) {
    return json_object_set_new(value_of(object), key, value) == 0 ? (report *)value : NULL;
}

report *report_object(report *object, const char *key) {
    return object ? put(object, key, json_object()) : NULL;
}
report *report_array(report *object, const char *key) {
    return object ? put(object, key, json_array()) : NULL;
}

report *report_append_object(report *array) {
    return append(array, json_object());
}
report *report_append_array(report *array) {
    return append(array, json_array());
}
void report_append_text(report *array, const char *value) {
    append(array, text_value(value));
}
void report_append_number(report *array, double value) {
    append(array, number_value(value));
}

void report_print(report *object) {
    if (!object) return;
    json_dumpf(value_of(object), stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(10));
    fputc('\n', stdout);
    report_destroy(object);
}

void report_destroy(report *object) {
    json_decref(value_of(object));
}

#else

bool report_available(void) {
    return false;
}
report *report_create(void) {
    return NULL;
}
void report_number(report *object, const char *key, double value) {
    (void)object, (void)key, (void)value;
}
void report_count(report *object, const char *key, uint64_t value) {
    (void)object, (void)key, (void)value;
}
void report_truth(report *object, const char *key, bool value) {
    (void)object, (void)key, (void)value;
}
void report_text(report *object, const char *key, const char *value) {
    (void)object, (void)key, (void)value;
}
report *report_object(report *object, const char *key) {
    return (void)object, (void)key, NULL;
}
report *report_array(report *object, const char *key) {
    return (void)object, (void)key, NULL;
}
report *report_append_object(report *array) {
    return (void)array, NULL;
}
report *report_append_array(report *array) {
    return (void)array, NULL;
}
void report_append_text(report *array, const char *value) {
    (void)array, (void)value;
}
void report_append_number(report *array, double value) {
    (void)array, (void)value;
}
void report_print(report *object) {
    (void)object;
}
void report_destroy(report *object) {
    (void)object;
}

#endif
