/* SPDX-License-Identifier: MIT */
/* NumPy's array files: magic and version, the length of the header, a Python dictionary padded with spaces, the
 * elements. */
#include "io/npy.h"
#include "io/file.h"

#include <stdio.h>
#include <string.h>

#define PREFIX_SIZE 10 /* "\x93NUMPY", version, length */
#define ALIGNMENT   64 /* of the elements, so that they can be mapped into memory */

/* '<f4' and so on: byte order, kind, bytes. */
static void describe(soma_dtype dtype, char *descriptor, size_t size) {
    static const char kind[SOMA_DTYPE_COUNT] = {[SOMA_F32] = 'f', [SOMA_F64] = 'f', [SOMA_U8] = 'u', [SOMA_I32] = 'i'};
    static const uint16_t one = 1;
    char order = *(const uint8_t *)&one ? '<' : '>';
    snprintf(descriptor, size, "%c%c%zu", soma_dtype_size(dtype) == 1 ? '|' : order, kind[dtype],
             soma_dtype_size(dtype));
}

/* The dictionary, padded; NULL data if memory has run out. */
static soma_text make_header(soma_dtype dtype, uint32_t rank, const size_t *shape) {
    soma_text text = {0};
    char descriptor[16];
    describe(dtype, descriptor, sizeof descriptor);
    soma_text_append(&text, "{'descr': '%s', 'fortran_order': False, 'shape': (", descriptor);
    for (uint32_t i = 0; i < rank; i++) soma_text_append(&text, "%s%zu", i ? ", " : "", shape[i]);
    soma_text_append(&text, "%s), }", rank == 1 ? "," : "");
    size_t length = soma_round_up(PREFIX_SIZE + text.length + 1, ALIGNMENT) - PREFIX_SIZE; /* 1: the newline */
    soma_text_append(&text, "%*s\n", (int)(length - text.length - 1), "");
    return text;
}

static soma_status write_file(const char *path, const soma_text *header, const void *data, size_t bytes) {
    uint8_t prefix[PREFIX_SIZE] = {
        0x93, 'N', 'U', 'M', 'P', 'Y', 1, 0, (uint8_t)header->length, (uint8_t)(header->length >> 8)};
    soma_file_writer writer;
    SOMA_TRY(soma_file_begin(path, &writer));
    SOMA_TRY(soma_file_append(&writer, prefix, sizeof prefix));
    SOMA_TRY(soma_file_append(&writer, header->data, header->length));
    SOMA_TRY(soma_file_append(&writer, data, bytes));
    return soma_file_commit(&writer);
}

soma_status soma_npy_write(const char *path, soma_dtype dtype, uint32_t rank, const size_t *shape, const void *data) {
    size_t bytes = soma_dtype_size(dtype);
    bool fits = rank <= SOMA_MAX_RANK;
    for (uint32_t i = 0; fits && i < rank; i++) fits = soma_multiply_size(bytes, shape[i], &bytes);
    if (soma_dtype_size(dtype) == 0 || !fits)
        return soma_error(SOMA_INVALID_ARGUMENT,
                          "%s: an array of %s in %u dimensions; a known type, up to %d dimensions and a size that "
                          "memory can hold are wanted",
                          path, soma_dtype_name(dtype), rank, SOMA_MAX_RANK);
    soma_text header = make_header(dtype, rank, shape);
    soma_status status =
        header.failed ? soma_out_of_memory(256, "the header of an NPY file") : write_file(path, &header, data, bytes);
    soma_free(header.data);
    return status;
}
