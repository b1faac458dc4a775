/* SPDX-License-Identifier: MIT */
/* Writing NumPy's array files: magic and version, the length of the header, a Python dictionary padded with spaces, the
 * elements. */
#include "io/npy/npy.h"
#include "base/file.h"

#include <stdio.h>
#include <string.h>

#define PREFIX_SIZE 10 /* "\x93NUMPY", version, length */
#define ALIGNMENT   64 /* of the elements, so that they can be mapped into memory */

/* '<f4' and so on: byte order, kind, bytes. */
static void describe(soma_dtype dtype, size_t longest, char *descriptor, size_t size) {
    static const uint16_t one = 1;
    const char kind = *soma_dtype_name(dtype); /* "float32", "int64", "uint8" and "bool" begin with it */
    char order = *(const uint8_t *)&one ? '<' : '>';
    if (dtype == SOMA_STRING)
        snprintf(descriptor, size, "%cU%zu", order, longest);
    else
        snprintf(descriptor, size, "%c%c%zu", soma_dtype_size(dtype) == 1 ? '|' : order, kind, soma_dtype_size(dtype));
}

/* The dictionary, padded; NULL data if memory has run out. */
static soma_text make_dictionary(soma_dtype dtype, size_t longest, uint32_t rank, const size_t *shape) {
    soma_text text = {0};
    char descriptor[32];
    describe(dtype, longest, descriptor, sizeof descriptor);
    soma_text_append(&text, "{'descr': '%s', 'fortran_order': False, 'shape': (", descriptor);
    for (uint32_t i = 0; i < rank; i++) soma_text_append(&text, "%s%zu", i ? ", " : "", shape[i]);
    soma_text_append(&text, "%s), }", rank == 1 ? "," : "");
    size_t length = soma_round_up(PREFIX_SIZE + text.length + 1, ALIGNMENT) - PREFIX_SIZE; /* 1: the newline */
    soma_text_append(&text, "%*s\n", (int)(length - text.length - 1), "");
    return text;
}

/* Of words the longest has so many characters. */
static soma_status make_header(const char *name, soma_dtype dtype, size_t longest, uint32_t rank, const size_t *shape,
                               soma_text *header, size_t *bytes) {
    *header = (soma_text){0};
    *bytes = dtype == SOMA_STRING ? longest * sizeof(uint32_t) : soma_dtype_size(dtype);
    bool fits = rank <= SOMA_MAX_RANK;
    for (uint32_t i = 0; fits && i < rank; i++) fits = soma_multiply_size(*bytes, shape[i], bytes);
    if (soma_dtype_size(dtype) == 0 || !fits)
        return soma_error(SOMA_INVALID_ARGUMENT,
                          "%s: an array of %s in %u dimensions; a known type, up to %d dimensions and a size that "
                          "memory can hold are wanted",
                          name, soma_dtype_name(dtype), rank, SOMA_MAX_RANK);
    soma_text dictionary = make_dictionary(dtype, longest, rank, shape);
    if (!dictionary.failed)
        soma_text_append(header, "\x93NUMPY%c%c%c%c%s", 1, 0, (int)(dictionary.length & 0xFF),
                         (int)(dictionary.length >> 8), dictionary.data);
    bool failed = dictionary.failed || header->failed;
    soma_free(dictionary.data);
    if (!failed) return SOMA_OK;
    soma_free(header->data);
    *header = (soma_text){0};
    return soma_out_of_memory(256, "the header of an NPY file");
}

soma_status soma_npy_header(const char *name, soma_dtype dtype, uint32_t rank, const size_t *shape, soma_text *header,
                            size_t *bytes) {
    return make_header(name, dtype, 1, rank, shape, header, bytes);
}

soma_status soma_npy_pack(const char *name, const soma_array *array, soma_text *header, const void **data,
                          size_t *bytes, void **own) {
    size_t longest = 1, count = 1;
    uint32_t *characters = NULL;
    *own = NULL;
    /* Of as many as memory has, the header's check says. */
    SOMA_TRY(make_header(name, array->dtype, longest, array->rank, array->shape, header, bytes));
    *data = array->data;
    if (array->dtype != SOMA_STRING) return SOMA_OK;
    soma_free(header->data);
    *header = (soma_text){0};
    for (uint32_t i = 0; i < array->rank; i++) count *= array->shape[i];
    SOMA_TRY(soma_npy_pack_words(name, array->data, count, &longest, &characters));
    *data = *own = characters;
    return make_header(name, array->dtype, longest, array->rank, array->shape, header, bytes);
}

static soma_status write_file(const char *path, const soma_text *header, const void *data, size_t bytes) {
    soma_file_writer writer;
    SOMA_TRY(soma_file_begin(path, &writer));
    SOMA_TRY(soma_file_append(&writer, header->data, header->length));
    SOMA_TRY(soma_file_append(&writer, data, bytes));
    return soma_file_commit(&writer);
}

soma_status soma_npy_write(const char *path, soma_dtype dtype, uint32_t rank, const size_t *shape, const void *data) {
    soma_text header;
    size_t bytes;
    SOMA_TRY(soma_npy_header(path, dtype, rank, shape, &header, &bytes));
    soma_status status = write_file(path, &header, data, bytes);
    soma_free(header.data);
    return status;
}

soma_status soma_write_npy(const char *path, const soma_array *array) {
    if (!path || !array) return soma_error(SOMA_INVALID_ARGUMENT, "soma_write_npy: an argument is NULL");
    soma_text header = {0};
    const void *data;
    size_t bytes;
    void *own;
    soma_status status = soma_npy_pack(path, array, &header, &data, &bytes, &own);
    if (status == SOMA_OK) status = write_file(path, &header, data, bytes);
    soma_free(header.data);
    soma_free(own);
    return status;
}
