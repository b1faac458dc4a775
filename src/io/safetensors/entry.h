/* SPDX-License-Identifier: MIT */
/* What the header of a safetensors file says of one tensor. */
#ifndef SOMA_IO_SAFETENSORS_ENTRY_H
#define SOMA_IO_SAFETENSORS_ENTRY_H

#include "base/utf8.h"
#include "io/json/json.h"
#include "io/safetensors/safetensors.h"

#include <string.h>

typedef struct soma_safetensors_entry {
    soma_safetensors_info info;
    size_t bits;         /* of an element */
    uint64_t begin, end; /* from the start of the data */
} soma_safetensors_entry;

/* A name as messages have it. */
#define QUOTE(string) soma_quote(string, strlen(string)).text

/* Reads an entry, whose type, shape and place must fit each other and the data, and names path and tensor where they do
 * not. dimensions: room for those of its shape. */
soma_status soma_safetensors_read_entry(const char *path, uint64_t data_size, const char *name, const soma_json *value,
                                        size_t *dimensions, soma_safetensors_entry *into);

#endif
