/* SPDX-License-Identifier: MIT */
/* Structs as JSON objects: a table of fields drives both directions. */
#ifndef SOMA_IO_MODEL_FIELDS_H
#define SOMA_IO_MODEL_FIELDS_H

#include "io/json/json.h"
#include "nn/network.h"

typedef enum soma_field_kind {
    SOMA_FIELD_BOOL,     /* bool */
    SOMA_FIELD_NUMBER,   /* float */
    SOMA_FIELD_REAL,     /* double; may be infinite or not a number, which the file has as text */
    SOMA_FIELD_VALUE,    /* float, likewise */
    SOMA_FIELD_COUNT,    /* uint32_t */
    SOMA_FIELD_NUMEROUS, /* uint32_t, from 1; 1 is not written, and is meant where the field is missing */
    SOMA_FIELD_PERHAPS,  /* uint32_t; 0 is not written, and is meant where the field is missing */
    SOMA_FIELD_SIZE,     /* size_t */
    SOMA_FIELD_STEPS,    /* uint64_t */
    SOMA_FIELD_NAME,     /* an enumeration, by soma_name() */
    SOMA_FIELD_AXES,     /* uint32_t[SOMA_MAX_RANK] */
    SOMA_FIELD_SPACE,    /* int32_t[3], or uint32_t[3] of numbers that fit the other, too */
    SOMA_FIELD_SIZES     /* size_t[SOMA_MAX_RANK] */
} soma_field_kind;

typedef struct soma_field {
    const char *key;
    soma_field_kind kind;
    soma_names names; /* FIELD_NAME */
    size_t offset;    /* in the struct */
} soma_field;

/* Writes the fields of *source into the object that is open. */
soma_status soma_fields_encode(const soma_field *fields, size_t count, const void *source, soma_json_writer *writer);
/* Takes them from the object: all must be there, those that may be missing apart, and of their type. `where` names the
 * object in messages. */
soma_status soma_fields_decode(const soma_field *fields, size_t count, const soma_json *object, const char *where,
                               void *target);

/* Doubles of any value, as in SOMA_FIELD_REAL; false: it is none. */
void soma_json_write_double(soma_json_writer *writer, const char *key, double number);
bool soma_json_double(const soma_json *value, double *number);
/* A JSON number as float32; false if it is none, or too large. */
bool soma_json_float(const soma_json *value, float *number);

/* The fields of an op's attributes (of soma_attributes); *count is 0 for ops without any. False for ops that are no
 * part of a network. */
bool soma_op_fields(soma_op op, const soma_field **fields, size_t *count);
/* The fields of soma_optimizer, and of its schedule. */
extern const soma_field soma_optimizer_fields[];
extern const size_t soma_optimizer_field_count;

#endif
