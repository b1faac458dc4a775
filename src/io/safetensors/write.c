/* SPDX-License-Identifier: MIT */
/* Writing safetensors files. */
#include "base/file.h"
#include "base/utf8.h"
#include "io/bytes.h"
#include "io/json_text.h"
#include "io/safetensors/safetensors.h"

#include <jansson.h>
#include <string.h>

#define LENGTH_SIZE 8 /* bytes of the header's length */
#define ALIGNMENT   8 /* of the data: the header is padded to a multiple of it */

#define QUOTE(string) soma_quote(string, strlen(string)).text

static soma_status no_memory_for_header(void) {
    return soma_out_of_memory(0, "the header of a safetensors file");
}

/* Names and texts must be UTF-8, and a key new to its object. */
static soma_status check_key(const char *path, const char *kind, const json_t *object, const char *key) {
    size_t offset;
    if (!soma_utf8_check(key, strlen(key), &offset))
        return soma_error(SOMA_INVALID_ARGUMENT, "%s: %s %s: its name must be UTF-8", path, kind, QUOTE(key));
    if (json_object_get(object, key))
        return soma_error(SOMA_INVALID_ARGUMENT, "%s: %s %s: the name is taken; each must have one of its own", path,
                          kind, QUOTE(key));
    return SOMA_OK;
}

static soma_status add_metadata(const char *path, json_t *header, const soma_safetensors_pair *metadata, size_t count) {
    json_t *object = json_object();
    if (json_object_set_new(header, "__metadata__", object) != 0) return no_memory_for_header();
    for (size_t i = 0; i < count; i++) {
        size_t offset;
        SOMA_TRY(check_key(path, "metadata", object, metadata[i].key));
        if (!soma_utf8_check(metadata[i].value, strlen(metadata[i].value), &offset))
            return soma_error(SOMA_INVALID_ARGUMENT,
                              "%s: metadata %s: its text must be UTF-8, and is not at offset %zu", path,
                              QUOTE(metadata[i].key), offset);
        if (json_object_set_new(object, metadata[i].key, json_string(metadata[i].value)) != 0)
            return no_memory_for_header();
    }
    return SOMA_OK;
}

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

/* An array under a key of the entry; the numbers in it. False: out of memory. Everything made hangs on the header at
 * once. */
static bool add_numbers(json_t *entry, const char *key, const size_t *numbers, size_t count) {
    json_t *array = json_array();
    bool ok = json_object_set_new(entry, key, array) == 0;
    for (size_t i = 0; ok && i < count; i++)
        ok = json_array_append_new(array, json_integer((json_int_t)numbers[i])) == 0;
    return ok;
}

static soma_status add_tensor(json_t *header, const soma_safetensors_source *tensor, size_t begin, size_t end) {
    json_t *entry = json_object();
    bool ok = json_object_set_new(header, tensor->name, entry) == 0 &&
              json_object_set_new(entry, "dtype", json_string("F32")) == 0 &&
              add_numbers(entry, "shape", tensor->shape, tensor->rank) &&
              add_numbers(entry, "data_offsets", (const size_t[]){begin, end}, 2);
    return ok ? SOMA_OK : no_memory_for_header();
}

static soma_status fill_header(const char *path, json_t *header, const soma_safetensors_source *tensors, size_t count) {
    size_t begin = 0, end = 0;
    for (size_t i = 0; i < count; i++, begin = end) {
        SOMA_TRY(check_key(path, "tensor", header, tensors[i].name));
        SOMA_TRY(end_of_data(path, &tensors[i], begin, &end));
        SOMA_TRY(add_tensor(header, &tensors[i], begin, end));
    }
    return SOMA_OK;
}

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
    static const char padding[ALIGNMENT] = "        ";
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
    json_t *header = json_object();
    if (!header) return no_memory_for_header();
    soma_status status = add_metadata(path, header, metadata, metadata_count);
    if (status == SOMA_OK) status = fill_header(path, header, tensors, count);
    char *text = NULL;
    if (status == SOMA_OK) status = soma_json_text(header, "the header of a safetensors file", &text);
    json_decref(header);
    if (status == SOMA_OK) status = write_file(path, text, tensors, count);
    soma_free(text);
    return status;
}
