/* SPDX-License-Identifier: MIT */
/*
 * The JSON object of --json. Every function accepts NULL and does nothing, so that commands fill in a report without
 * asking whether one is wanted. A number that is not finite, a NULL text: null.
 */
#ifndef SOMA_TOOLS_REPORT_H
#define SOMA_TOOLS_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct report report;

bool report_available(void); /* false: built without a JSON library */
report *report_create(void); /* an object */
void report_number(report *object, const char *key, double value);
void report_count(report *object, const char *key, uint64_t value);
void report_truth(report *object, const char *key, bool value);
void report_text(report *object, const char *key, const char *value);
/* An object under key, which belongs to the one that holds it. */
report *report_object(report *object, const char *key);
/* An array under key; objects, texts and numbers appended to it. They belong to the object that holds them. */
report *report_array(report *object, const char *key);
report *report_append_object(report *array);
report *report_append_array(report *array);
void report_append_text(report *array, const char *value);
void report_append_number(report *array, double value);
/* Prints the object on stdout and frees it. */
void report_print(report *object);
void report_destroy(report *object);

#endif
