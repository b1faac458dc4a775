/* SPDX-License-Identifier: MIT */
/*
 * JSON, strictly as RFC 8259 has it, in memory that soma's allocator gives: one block for all that a text holds, whose
 * size is known before it is asked for. Refused beyond that: a key twice in one object, whole numbers beyond 64 bits,
 * others beyond double, zero characters in strings (which end them in C), and more than SOMA_JSON_MAX_DEPTH levels.
 */
#ifndef SOMA_IO_JSON_JSON_H
#define SOMA_IO_JSON_JSON_H

#include "base/base.h"

#define SOMA_JSON_MAX_DEPTH 100

typedef enum soma_json_kind {
    SOMA_JSON_NULL,
    SOMA_JSON_TRUTH,
    SOMA_JSON_INTEGER, /* written without point and exponent */
    SOMA_JSON_REAL,
    SOMA_JSON_STRING,
    SOMA_JSON_ARRAY,
    SOMA_JSON_OBJECT
} soma_json_kind;

/* A value. What a container holds lies behind it, in order: an array's elements, an object's keys, each before its
 * value. */
typedef struct soma_json {
    uint32_t kind;
    uint32_t count; /* elements, pairs, bytes of a string */
    union {
        bool truth;
        int64_t integer;
        double real;
        const char *text; /* UTF-8, 0-terminated */
        size_t values;    /* of a container: itself and all that is in it */
    } is;
} soma_json;

/* ----------------------------------------------------------------------------------------------------- reading */

/* What is wrong with a text, and at which byte. */
typedef struct soma_json_fault {
    const char *what;
    size_t offset;
} soma_json_fault;

/* The text's value, to be freed with soma_free(). SOMA_INVALID_FILE: *fault says why (soma_last_error() does not);
 * SOMA_OUT_OF_MEMORY. `what` names the text in a message. */
soma_status soma_json_parse(const char *what, const char *text, size_t length, soma_json_fault *fault,
                            soma_json **value);

/* All of these accept NULL, a value that is not there. */
bool soma_json_is(const soma_json *value, soma_json_kind kind);
size_t soma_json_count(const soma_json *value);                           /* elements or pairs; 0 of anything else */
const char *soma_json_string(const soma_json *value);                     /* NULL of anything else */
bool soma_json_integer(const soma_json *value, int64_t *number);          /* false of anything else */
bool soma_json_number(const soma_json *value, double *number);            /* whole or not; false of anything else */
const soma_json *soma_json_get(const soma_json *object, const char *key); /* NULL: there is none */

/* The value behind this one and all that is in it. */
const soma_json *soma_json_after(const soma_json *value);
/* The loops look at their array or object once, before the first round, whatever changes in them.
 * Elements of what may be no array, and keys of what may be no object; the value of a pair is key + 1. */
const soma_json *soma_json_begin(const soma_json *value, soma_json_kind kind);
const soma_json *soma_json_end(const soma_json *value, soma_json_kind kind);
#define SOMA_JSON_EACH(element, array)                                                                                 \
    for (const soma_json *element = soma_json_begin(array, SOMA_JSON_ARRAY),                                           \
                         *element##_end = soma_json_end(array, SOMA_JSON_ARRAY);                                       \
         element != element##_end; element = soma_json_after(element))
#define SOMA_JSON_EACH_PAIR(key, object)                                                                               \
    for (const soma_json *key = soma_json_begin(object, SOMA_JSON_OBJECT),                                             \
                         *key##_end = soma_json_end(object, SOMA_JSON_OBJECT);                                         \
         key != key##_end; key = soma_json_after(key + 1))

/*
 * SOMA_OK if both are equal; else SOMA_INVALID_ARGUMENT, with a detail that names the first place where they differ,
 * beginning with `name`, and both values: "network.training.optimizer.kind is "adam" here, "sgd" in the file". The
 * order of keys does not count, nor what is under the key `except` (NULL: none) of the values themselves.
 */
soma_status soma_json_compare(const char *name, const soma_json *here, const soma_json *file, const char *except);

/* ----------------------------------------------------------------------------------------------------- writing */

/* Compact text that grows as it is written; begin with {0}. Memory that ends shows at the end. */
typedef struct soma_json_writer {
    soma_text text;
    bool follows; /* something stands before in the same container */
} soma_json_writer;

/* `key` is NULL in an array, and for the whole. Texts are UTF-8, numbers finite: who writes has checked that. */
void soma_json_open_object(soma_json_writer *writer, const char *key);
void soma_json_open_array(soma_json_writer *writer, const char *key);
void soma_json_close_object(soma_json_writer *writer);
void soma_json_close_array(soma_json_writer *writer);
void soma_json_write_text(soma_json_writer *writer, const char *key, const char *text);
/* Of a text that may come from anywhere: SOMA_INVALID_ARGUMENT where it is not UTF-8. */
soma_status soma_json_write_name(soma_json_writer *writer, const char *key, const char *text);
void soma_json_write_null(soma_json_writer *writer, const char *key);
void soma_json_write_truth(soma_json_writer *writer, const char *key, bool truth);
void soma_json_write_integer(soma_json_writer *writer, const char *key, int64_t number);
void soma_json_write_real(soma_json_writer *writer, const char *key, double number); /* reads back to the same bits */

/* The text, to be freed with soma_free(), or SOMA_OUT_OF_MEMORY for `what`. */
soma_status soma_json_finish(soma_json_writer *writer, const char *what, char **text);
/* In place of it, after an error. */
void soma_json_abandon(soma_json_writer *writer);

#endif
