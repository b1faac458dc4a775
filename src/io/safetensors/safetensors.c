/* SPDX-License-Identifier: MIT */
/* Reading safetensors files: everything is checked before any tensor is given out. */
#include "io/safetensors/safetensors.h"
#include "base/file.h"
#include "base/floats.h"
#include "io/bytes.h"
#include "io/safetensors/entry.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LENGTH_SIZE     8         /* bytes of the header's length */
#define MAX_HEADER_SIZE 100000000 /* the format's own limit */

struct soma_safetensors {
    char *path;
    int descriptor; /* -1: parsed from memory */
    uint64_t data_start, data_size;
    soma_json *header; /* owns names and metadata */
    size_t count;
    soma_safetensors_entry *tensors;
    const soma_safetensors_entry **by_name; /* sorted */
    const soma_json *metadata;              /* in the header; NULL: there are none */
    size_t *dimensions;                     /* of all tensors, one after the other */
};

/* -------------------------------------------------------------------------------------------------- the header */

static int compare_tensors(const void *left, const void *right) {
    const soma_safetensors_entry *a = left, *b = right;
    if (a->begin != b->begin) return a->begin < b->begin ? -1 : 1;
    if (a->end != b->end) return a->end < b->end ? -1 : 1;
    return strcmp(a->info.name, b->info.name); /* empty tensors in one place */
}

/* The tensors, in the order of their offsets, cover the data without gap or overlap. */
static soma_status check_layout(const soma_safetensors *file) {
    uint64_t end = 0;
    for (size_t i = 0; i < file->count; i++) {
        const soma_safetensors_entry *one = &file->tensors[i];
        if (one->begin != end)
            return soma_error(SOMA_INVALID_FILE,
                              "%s: tensor %s: begins at offset %" PRIu64
                              " of the data, the one before it ends at %" PRIu64 "; there must be no %s",
                              file->path, QUOTE(one->info.name), one->begin, end, one->begin < end ? "overlap" : "gap");
        end = one->end;
    }
    if (end == file->data_size) return SOMA_OK;
    return soma_error(SOMA_INVALID_FILE,
                      "%s: offset %" PRIu64 ": the tensors end here, the file goes on to %" PRIu64
                      "; nothing may follow the last tensor",
                      file->path, file->data_start + end, file->data_start + file->data_size);
}

static soma_status check_metadata(const soma_safetensors *file, const soma_json *metadata) {
    if (!soma_json_is(metadata, SOMA_JSON_OBJECT))
        return soma_error(SOMA_INVALID_FILE, "%s: __metadata__ is no object; a map of strings is wanted", file->path);
    SOMA_JSON_EACH_PAIR(key, metadata)
    if (!soma_json_string(key + 1))
        return soma_error(SOMA_INVALID_FILE, "%s: __metadata__: the value of %s is no string; only strings are allowed",
                          file->path, QUOTE(soma_json_string(key)));
    return SOMA_OK;
}

static soma_status allocate_tensors(soma_safetensors *file) {
    const size_t most = soma_json_count(file->header);
    size_t dimensions = 0;
    SOMA_JSON_EACH_PAIR(key, file->header) dimensions += soma_json_count(soma_json_get(key + 1, "shape"));
    file->tensors = soma_calloc(most, sizeof *file->tensors);
    file->dimensions = soma_calloc(dimensions, sizeof *file->dimensions);
    if (file->tensors && file->dimensions) return SOMA_OK;
    return soma_out_of_memory(most * sizeof *file->tensors + dimensions * sizeof *file->dimensions, file->path);
}

static int compare_names(const void *left, const void *right) {
    const soma_safetensors_entry *const *a = left, *const *b = right;
    return strcmp((*a)->info.name, (*b)->info.name);
}

static soma_status sort_by_name(soma_safetensors *file) {
    file->by_name = soma_calloc(file->count, sizeof *file->by_name);
    if (!file->by_name) return soma_out_of_memory(file->count * sizeof *file->by_name, file->path);
    for (size_t i = 0; i < file->count; i++) file->by_name[i] = &file->tensors[i];
    qsort(file->by_name, file->count, sizeof *file->by_name, compare_names);
    return SOMA_OK;
}

static soma_status read_entries(soma_safetensors *file) {
    SOMA_TRY(allocate_tensors(file));
    size_t dimensions = 0;
    SOMA_JSON_EACH_PAIR(key, file->header) {
        const char *name = soma_json_string(key);
        if (strcmp(name, "__metadata__") == 0) {
            file->metadata = key + 1;
            SOMA_TRY(check_metadata(file, key + 1));
            continue;
        }
        SOMA_TRY(soma_safetensors_read_entry(file->path, file->data_size, name, key + 1, file->dimensions + dimensions,
                                             &file->tensors[file->count]));
        dimensions += file->tensors[file->count++].info.rank;
    }
    qsort(file->tensors, file->count, sizeof *file->tensors, compare_tensors);
    SOMA_TRY(check_layout(file));
    return sort_by_name(file);
}

static soma_status read_header(soma_safetensors *file, const char *text, size_t length) {
    size_t offset;
    if (!soma_utf8_check(text, length, &offset))
        return soma_error(SOMA_INVALID_FILE, "%s: offset %zu: %s is not UTF-8; the header must be", file->path,
                          LENGTH_SIZE + offset, soma_quote(text + offset, 1).text);
    if (text[0] != '{')
        return soma_error(SOMA_INVALID_FILE, "%s: offset %d: the header begins with %s; it must begin with \"{\"",
                          file->path, LENGTH_SIZE, soma_quote(text, 1).text);
    soma_json_fault fault = {0};
    soma_status status = soma_json_parse(file->path, text, length, &fault, &file->header);
    if (status == SOMA_INVALID_FILE)
        return soma_error(SOMA_INVALID_FILE,
                          "%s: offset %zu: %s; the header must be one JSON object without duplicate keys", file->path,
                          LENGTH_SIZE + fault.offset, fault.what);
    SOMA_TRY(status);
    return read_entries(file);
}

/* The length of the header, against what the format allows and what the file has. */
static soma_status check_length(const char *path, const uint8_t *memory, uint64_t file_size, uint64_t *length) {
    if (file_size < LENGTH_SIZE + 2)
        return soma_error(SOMA_INVALID_FILE, "%s: %" PRIu64 " bytes; a safetensors file has at least %d", path,
                          file_size, LENGTH_SIZE + 2);
    *length = soma_load_le64(memory);
    if (*length >= 2 && *length <= MAX_HEADER_SIZE && *length <= file_size - LENGTH_SIZE) return SOMA_OK;
    return soma_error(SOMA_INVALID_FILE,
                      "%s: offset 0: a header of %" PRIu64 " bytes in a file of %" PRIu64
                      "; 2 to %d are allowed, within the file. Is it a safetensors file?",
                      path, *length, file_size, MAX_HEADER_SIZE);
}

soma_status soma_safetensors_parse(const char *name, const uint8_t *memory, size_t size, uint64_t file_size,
                                   soma_safetensors **result) {
    uint64_t length = 0;
    *result = NULL;
    SOMA_TRY(check_length(name, memory, file_size, &length));
    if (size < LENGTH_SIZE + length) return soma_error(SOMA_INTERNAL, "%s: the header is not in memory", name);
    soma_safetensors *file = soma_calloc(1, sizeof *file);
    if (!file) return soma_out_of_memory(sizeof *file, name);
    file->descriptor = -1;
    file->data_start = LENGTH_SIZE + length;
    file->data_size = file_size - file->data_start;
    file->path = soma_strdup(name);
    soma_status status = file->path ? read_header(file, (const char *)memory + LENGTH_SIZE, (size_t)length)
                                    : soma_out_of_memory(strlen(name), "a file name");
    if (status == SOMA_OK)
        *result = file;
    else
        soma_safetensors_close(file);
    return status;
}

/* -------------------------------------------------------------------------------------------------- the file */

static soma_status read_and_parse(const char *path, int descriptor, uint64_t file_size, soma_safetensors **file) {
    uint8_t length_bytes[LENGTH_SIZE] = {0};
    uint64_t length = 0;
    size_t got;
    if (file_size == SOMA_FILE_SIZE_UNKNOWN)
        return soma_error(SOMA_INVALID_FILE, "%s: a pipe or a device; an ordinary file is wanted", path);
    SOMA_TRY(soma_file_read_some(path, descriptor, length_bytes, LENGTH_SIZE, &got));
    SOMA_TRY(check_length(path, length_bytes, file_size, &length));
    size_t size = LENGTH_SIZE + (size_t)length;
    uint8_t *memory = soma_malloc(size);
    if (!memory) return soma_out_of_memory(size, path);
    memcpy(memory, length_bytes, LENGTH_SIZE);
    soma_status status = soma_file_read_some(path, descriptor, memory + LENGTH_SIZE, (size_t)length, &got);
    if (status == SOMA_OK && got < length)
        status = soma_error(SOMA_INVALID_FILE, "%s: became shorter while it was read", path);
    if (status == SOMA_OK) status = soma_safetensors_parse(path, memory, size, file_size, file);
    soma_free(memory);
    return status;
}

soma_status soma_safetensors_open(const char *path, soma_safetensors **file) {
    int descriptor;
    uint64_t file_size;
    *file = NULL;
    SOMA_TRY(soma_file_open(path, &descriptor, &file_size));
    soma_status status = read_and_parse(path, descriptor, file_size, file);
    if (status == SOMA_OK)
        (*file)->descriptor = descriptor;
    else
        close(descriptor);
    return status;
}

void soma_safetensors_close(soma_safetensors *file) {
    if (!file) return;
    if (file->descriptor >= 0) close(file->descriptor);
    soma_free(file->header);
    soma_free(file->tensors);
    soma_free(file->by_name);
    soma_free(file->dimensions);
    soma_free(file->path);
    soma_free(file);
}

size_t soma_safetensors_count(const soma_safetensors *file) {
    return file->count;
}

soma_safetensors_info soma_safetensors_get(const soma_safetensors *file, size_t index) {
    return file->tensors[index].info;
}

bool soma_safetensors_find(const soma_safetensors *file, const char *name, size_t *index) {
    const soma_safetensors_entry wanted = {.info.name = name}, *key = &wanted;
    const soma_safetensors_entry **found =
        file->count ? bsearch(&key, file->by_name, file->count, sizeof key, compare_names) : NULL;
    if (!found) return false;
    *index = (size_t)(*found - file->tensors);
    return true;
}

const char *soma_safetensors_metadata(const soma_safetensors *file, const char *key) {
    return soma_json_string(soma_json_get(file->metadata, key));
}

/* `size` bytes of the tensor, from this offset in it on. */
static soma_status read_at(const soma_safetensors *file, const soma_safetensors_entry *one, uint64_t offset,
                           uint8_t *target, size_t size) {
    size_t got;
    if (!soma_file_read_at(file->descriptor, file->data_start + one->begin + offset, target, size, &got))
        return soma_error(SOMA_IO, "%s: tensor %s: cannot read: %s", file->path, QUOTE(one->info.name),
                          strerror(errno));
    if (got == size) return SOMA_OK;
    return soma_error(SOMA_INVALID_FILE, "%s: tensor %s: the file became shorter while it was open", file->path,
                      QUOTE(one->info.name));
}

/* An element of a type of real numbers. */
static double load_real(const soma_safetensors_entry *one, const uint8_t *at) {
    if (one->bits == 64) {
        uint64_t bits = soma_load_le64(at);
        double value;
        memcpy(&value, &bits, sizeof value);
        return value;
    }
    if (one->bits == 32) {
        uint32_t bits = soma_load_le32(at);
        float value;
        memcpy(&value, &bits, sizeof value);
        return (double)value;
    }
    uint16_t bits = (uint16_t)(at[0] | at[1] << 8);
    return (double)(one->info.dtype[0] == 'B' ? soma_float_of_bfloat(bits) : soma_float_of_half(bits));
}

soma_status soma_safetensors_read(const soma_safetensors *file, size_t index, float *values, size_t count) {
    const soma_safetensors_entry *one = &file->tensors[index];
    uint8_t block[16384];
    const size_t width = one->bits / 8;
    if (!soma_safetensors_is_real(&one->info))
        return soma_error(SOMA_UNSUPPORTED, "%s: tensor %s: elements are %s; F32, F16, BF16 and F64 are read",
                          file->path, QUOTE(one->info.name), one->info.dtype);
    if (count != one->info.count)
        return soma_error(SOMA_INVALID_SHAPE, "%s: tensor %s: %zu elements; %zu are wanted", file->path,
                          QUOTE(one->info.name), one->info.count, count);
    if (file->descriptor < 0) return soma_error(SOMA_INVALID_STATE, "%s: is not open as a file", file->path);
    const size_t most = sizeof block / width;
    for (size_t start = 0; start < count; start += most) {
        size_t part = SOMA_MIN(most, count - start);
        SOMA_TRY(read_at(file, one, (uint64_t)start * width, block, part * width));
        for (size_t i = 0; i < part; i++) {
            double value = load_real(one, block + i * width);
            if (soma_is_beyond_float(value))
                return soma_error(SOMA_INVALID_FILE, "%s: tensor %s: element %zu is %.9g; " SOMA_BEYOND_FLOAT,
                                  file->path, QUOTE(one->info.name), start + i, value);
            values[start + i] = (float)value;
        }
    }
    return SOMA_OK;
}
