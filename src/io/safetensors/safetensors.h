/* SPDX-License-Identifier: MIT */
/*
 * The safetensors format: named tensors and a map of strings in one file. Little-endian: u64 length of the header, the
 * header (JSON, padded with spaces), the tensors' bytes one after the other.
 */
#ifndef SOMA_IO_SAFETENSORS_H
#define SOMA_IO_SAFETENSORS_H

#include "base/base.h"

typedef struct soma_safetensors_pair {
    const char *key, *value; /* UTF-8 */
} soma_safetensors_pair;

/* ----------------------------------------------------------------------------------------------------- writing */

typedef struct soma_safetensors_source {
    const char *name; /* UTF-8, not "__metadata__", no two alike */
    uint32_t rank;    /* 0: a single number */
    size_t shape[SOMA_MAX_RANK];
    const float *data;
} soma_safetensors_source;

/* Writes float32 tensors in this order; the tensors' bytes begin at a multiple of 8. Atomic, see base/file.h. */
soma_status soma_safetensors_write(const char *path, const soma_safetensors_source *tensors, size_t count,
                                   const soma_safetensors_pair *metadata, size_t metadata_count);

/* ----------------------------------------------------------------------------------------------------- reading */

typedef struct soma_safetensors soma_safetensors;

typedef struct soma_safetensors_info {
    const char *name;  /* belongs to the file, like all strings here */
    const char *dtype; /* "F32", ...: any of the format's */
    uint32_t rank;     /* may be more than SOMA_MAX_RANK */
    const size_t *shape;
    size_t count; /* elements */
} soma_safetensors_info;

/*
 * Opens a file and checks everything but the tensors' values: header against file length, JSON, names, dtypes, shapes,
 * offsets that cover the file without gap or overlap. Close it with soma_safetensors_close(), which accepts NULL.
 */
soma_status soma_safetensors_open(const char *path, soma_safetensors **file);
void soma_safetensors_close(soma_safetensors *file);

/*
 * The same checks on memory: the first `size` bytes of a file of file_size bytes, at least its header. `name` stands
 * for the path in messages. Tensors cannot be read from what this gives.
 */
soma_status soma_safetensors_parse(const char *name, const uint8_t *memory, size_t size, uint64_t file_size,
                                   soma_safetensors **file);

size_t soma_safetensors_count(const soma_safetensors *file);
/* Tensors in the order in which they lie in the file; index < count. */
soma_safetensors_info soma_safetensors_get(const soma_safetensors *file, size_t index);
/* False if there is no tensor of this name. */
bool soma_safetensors_find(const soma_safetensors *file, const char *name, size_t *index);
/* NULL if there is no such key. */
const char *soma_safetensors_metadata(const soma_safetensors *file, const char *key);
/* Whether its elements are real numbers of a type that is read: F32, F16, BF16 or F64. */
bool soma_safetensors_is_real(const soma_safetensors_info *info);
/* The values of such a tensor as float32, rounded where they are F64; `count` must be its count. */
soma_status soma_safetensors_read(const soma_safetensors *file, size_t index, float *values, size_t count);

#endif
