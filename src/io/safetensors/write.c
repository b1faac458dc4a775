/* SPDX-License-Identifier: MIT */
/* Writing safetensors files. */
#include "base/file.h"
#include "base/utf8.h"
#include "io/bytes.h"
#include "io/json/json.h"
#include "io/safetensors/safetensors.h"

#include <stdlib.h>
#include <string.h>

#define LENGTH_SIZE 8 /* bytes of the header's length */
#define ALIGNMENT   8 /* of the data: the header is padded to a multiple of it */
#define METADATA    "__metadata__"
#define HEADER      "the header of a safetensors file"

#define QUOTE(string) soma_quote(string, strlen(string)).text

/* ---------------------------------------------------------------------------------------------------- names */

static int compare_names(const void *left, const void *right) {
    const char *const *a = left, *const *b = right;
    return strcmp(*a, *b);
}

/* Names must be UTF-8, and each one of its own. They get sorted. */
static soma_status check_names(const char *path, const char *kind, const char **names, size_t count) {
    size_t offset;
    for (size_t i = 0; i < count; i++)
        if (!soma_utf8_check(names[i], strlen(names[i]), &offset))
            return soma_error(SOMA_INVALID_ARGUMENT, "%s: %s %s: its name must be UTF-8", path, kind, QUOTE(names[i]));
    qsort(names, count, sizeof *names, compare_names);
    for (size_t i = 1; i < count; i++)
        if (strcmp(names[i - 1], names[i]) == 0)
            return soma_error(SOMA_INVALID_ARGUMENT, "%s: %s %s: the name is taken; each must have one of its own",
                              path, kind, QUOTE(names[i]));
    return SOMA_OK;
}

static soma_status check_metadata(const char *path, const soma_safetensors_pair *metadata, size_t count,
                                  const char **names) {
    for (size_t i = 0; i < count; i++) {
        size_t offset;
        names[i] = metadata[i].key;
        if (!soma_utf8_check(metadata[i].value, strlen(metadata[i].value), &offset))
            return soma_error(SOMA_INVALID_ARGUMENT,
                              "%s: metadata %s: its text must be UTF-8, and is not at offset %zu", path,
                              QUOTE(metadata[i].key), offset);
    }
    return check_names(path, "metadata", names, count);
}

static soma_status check_tensors(const char *path, const soma_safetensors_source *tensors, size_t count,
                                 const char **names) {
    for (size_t i = 0; i < count; i++) names[i] = tensors[i].name;
    names[count] = METADATA;
    return check_names(path, "tensor", names, count + 1);
}

static soma_status check_all(const char *path, const soma_safetensors_source *tensors, size_t count,
                             const soma_safetensors_pair *metadata, size_t metadata_count) {
    const size_t most = SOMA_MAX(count + 1, metadata_count);
    const char **names = soma_calloc(most, sizeof *names);
    if (!names) return soma_out_of_memory(most * sizeof *names, HEADER);
    soma_status status = check_metadata(path, metadata, metadata_count, names);
    if (status == SOMA_OK) status = check_tensors(path, tensors, count, names);
    soma_free(names);
    return status;
}

/* --------------------------------------------------------------------------------------------------- header */

/* Where the tensor's data end if they start at `begin`. */
static soma_status end_of_data(const char *path, const soma_safetensors_source *tensor, size_t begin, size_t *end) {
    size_t size = sizeof(float);
    bool fits = tensor->rank <= SOMA_MAX_RANK;
    for (uint32_t i = 0; fits && i < tensor->rank; i++) fits = soma_multiply_size(size, tensor->shape[i], &size);
    if (fits && soma_add_size(begin, size, end) && *end <= (size_t)INT64_MAX) return SOMA_OK;
    return soma_error(SOMA_INVALID_SHAPE,
                      "%s: tensor %s: more than %d dimensions, or more elements than memory can hold", path,
                      QUOTE(tensor->name), SOMA_MAX_RANK);
}

static void write_numbers(soma_json_writer *writer, const char *key, const size_t *numbers, size_t count) {
    soma_json_open_array(writer, key);
    for (size_t i = 0; i < count; i++) soma_json_write_integer(writer, NULL, (int64_t)numbers[i]);
    soma_json_close_array(writer);
}

static void write_metadata(soma_json_writer *writer, const soma_safetensors_pair *metadata, size_t count) {
    soma_json_open_object(writer, METADATA);
    for (size_t i = 0; i < count; i++) soma_json_write_text(writer, metadata[i].key, metadata[i].value);
    soma_json_close_object(writer);
}

static soma_status write_header(const char *path, soma_json_writer *writer, const soma_safetensors_source *tensors,
                                size_t count, const soma_safetensors_pair *metadata, size_t metadata_count) {
    size_t begin = 0, end = 0;
    soma_json_open_object(writer, NULL);
    write_metadata(writer, metadata, metadata_count);
    for (size_t i = 0; i < count; i++, begin = end) {
        SOMA_TRY(end_of_data(path, &tensors[i], begin, &end));
        soma_json_open_object(writer, tensors[i].name);
        soma_json_write_text(writer, "dtype", "F32");
        write_numbers(writer, "shape", tensors[i].shape, tensors[i].rank);
        write_numbers(writer, "data_offsets", (const size_t[]){begin, end}, 2);
        soma_json_close_object(writer);
    }
    soma_json_close_object(writer);
    return SOMA_OK;
}

/* ----------------------------------------------------------------------------------------------------- file */

static size_t element_count(const soma_safetensors_source *tensor) {
    size_t count = 1;
    for (uint32_t i = 0; i < tensor->rank; i++) count *= tensor->shape[i];
    return count;
}

/* Floats in little-endian order, whatever the host's is. */
static soma_status append_floats(soma_file_writer *writer, const float *values, size_t count) {
    uint8_t block[16384];
    const size_t step = sizeof block / sizeof(float);
    for (size_t start = 0; start < count; start += step) {
        size_t part = SOMA_MIN(step, count - start);
        for (size_t i = 0; i < part; i++) {
            uint32_t bits;
            memcpy(&bits, &values[start + i], sizeof bits);
            soma_store_le32(block + i * sizeof bits, bits);
        }
        SOMA_TRY(soma_file_append(writer, block, part * sizeof(float)));
    }
    return SOMA_OK;
}

static soma_status write_file(const char *path, const char *header, const soma_safetensors_source *tensors,
                              size_t count) {
    static const char padding[ALIGNMENT + 1] = "        ";
    size_t length = strlen(header), padded = soma_round_up(length, ALIGNMENT);
    uint8_t length_bytes[LENGTH_SIZE];
    soma_file_writer writer;
    soma_store_le64(length_bytes, padded);
    SOMA_TRY(soma_file_begin(path, &writer));
    SOMA_TRY(soma_file_append(&writer, length_bytes, sizeof length_bytes));
    SOMA_TRY(soma_file_append(&writer, header, length));
    SOMA_TRY(soma_file_append(&writer, padding, padded - length));
    for (size_t i = 0; i < count; i++) SOMA_TRY(append_floats(&writer, tensors[i].data, element_count(&tensors[i])));
    return soma_file_commit(&writer);
}

soma_status soma_safetensors_write(const char *path, const soma_safetensors_source *tensors, size_t count,
                                   const soma_safetensors_pair *metadata, size_t metadata_count) {
    soma_json_writer writer = {.follows = false};
    char *text = NULL;
    SOMA_TRY(check_all(path, tensors, count, metadata, metadata_count));
    soma_status status = write_header(path, &writer, tensors, count, metadata, metadata_count);
    if (status == SOMA_OK)
        status = soma_json_finish(&writer, HEADER, &text);
    else
        soma_json_abandon(&writer);
    if (status == SOMA_OK) status = write_file(path, text, tensors, count);
    soma_free(text);
    return status;
}
