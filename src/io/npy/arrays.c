/* SPDX-License-Identifier: MIT */
/* See arrays.h. */
#include "io/npy/arrays.h"
#include "base/utf8.h"
#include "io/npy/npy.h"

#include <string.h>

struct soma_arrays {
    size_t count;
    struct one {
        char *name;
        soma_array array;
        void *data;
    } * one;
};

void soma_arrays_destroy(soma_arrays *arrays) {
    if (!arrays) return;
    for (size_t i = 0; i < arrays->count; i++) {
        soma_free(arrays->one[i].name);
        soma_free_aligned(arrays->one[i].data);
    }
    soma_free(arrays->one);
    soma_free(arrays);
}

size_t soma_arrays_count(const soma_arrays *arrays) {
    return arrays ? arrays->count : 0;
}

const char *soma_arrays_name(const soma_arrays *arrays, size_t index) {
    return index < soma_arrays_count(arrays) ? arrays->one[index].name : NULL;
}

const soma_array *soma_arrays_get(const soma_arrays *arrays, size_t index) {
    return index < soma_arrays_count(arrays) ? &arrays->one[index].array : NULL;
}

/* ---------------------------------------------------------------------------------------------------------- reading */

/* Room for so many. */
static soma_status create(size_t count, soma_arrays **arrays) {
    *arrays = soma_calloc(1, sizeof **arrays);
    if (*arrays) (*arrays)->one = soma_calloc(SOMA_MAX(count, (size_t)1), sizeof *(*arrays)->one);
    if (*arrays && (*arrays)->one) return SOMA_OK;
    soma_free(*arrays);
    *arrays = NULL;
    return soma_out_of_memory(count * sizeof(struct one), "arrays");
}

static soma_status add(soma_arrays *arrays, const char *name, size_t length, soma_stream *stream) {
    struct one *one = &arrays->one[arrays->count++];
    soma_npy npy;
    one->name = soma_calloc(length + 1, 1);
    if (!one->name) return soma_out_of_memory(length + 1, "the name of an array");
    memcpy(one->name, name, length);
    SOMA_TRY(soma_npy_read_header(stream, &npy));
    SOMA_TRY(soma_npy_read_as_they_are(stream, &npy, &one->data));
    one->array = (soma_array){.data = one->data, .dtype = soma_npy_dtype(&npy), .rank = npy.rank};
    memcpy(one->array.shape, npy.shape, sizeof npy.shape);
    return SOMA_OK;
}

/* The length of NAME in NAME.npy; false where it is no array's. */
static bool is_array(const char *entry, size_t *length) {
    *length = entry ? strlen(entry) : 0;
    if (*length < 4 || strcmp(entry + *length - 4, ".npy") != 0) return false;
    *length -= 4;
    return true;
}

static soma_status check_name(const soma_zip *zip, const soma_arrays *arrays, const char *name, size_t length) {
    for (size_t i = 0; i < arrays->count; i++)
        if (strlen(arrays->one[i].name) == length && memcmp(arrays->one[i].name, name, length) == 0)
            return soma_error(SOMA_INVALID_FILE, "%s: has two arrays called %s; one is wanted", soma_zip_path(zip),
                              soma_quote(name, length).text);
    return SOMA_OK;
}

static soma_status add_entry(soma_zip *zip, size_t index, soma_arrays *arrays) {
    const char *name = soma_zip_name(zip, index);
    soma_stream *stream;
    size_t length;
    if (!is_array(name, &length)) return SOMA_OK;
    SOMA_TRY(check_name(zip, arrays, name, length));
    SOMA_TRY(soma_zip_stream(zip, index, &stream));
    soma_status status = add(arrays, name, length, stream);
    soma_stream_close(stream);
    return status;
}

static soma_status finish(soma_status status, soma_arrays **arrays) {
    if (status == SOMA_OK) return SOMA_OK;
    soma_arrays_destroy(*arrays);
    *arrays = NULL;
    return status;
}

soma_status soma_arrays_of_zip(soma_zip *zip, soma_arrays **arrays) {
    soma_status status = create(soma_zip_count(zip), arrays);
    for (size_t i = 0; status == SOMA_OK && i < soma_zip_count(zip); i++) status = add_entry(zip, i, *arrays);
    return finish(status, arrays);
}

soma_status soma_arrays_of_stream(soma_stream *stream, soma_arrays **arrays) {
    soma_status status = create(1, arrays);
    if (status == SOMA_OK) status = add(*arrays, "", 0, stream);
    return finish(status, arrays);
}

static bool is_archive(const char *path) {
    const size_t length = strlen(path);
    return length >= 4 && strcmp(path + length - 4, ".npz") == 0;
}

static soma_status read_archive(const char *path, soma_arrays **arrays) {
    soma_zip *zip;
    SOMA_TRY(soma_zip_open(path, &zip));
    soma_status status = soma_arrays_of_zip(zip, arrays);
    soma_zip_close(zip);
    return status;
}

static soma_status read_one(const char *path, soma_arrays **arrays) {
    soma_stream *stream;
    SOMA_TRY(soma_stream_open(path, &stream));
    soma_status status = soma_arrays_of_stream(stream, arrays);
    soma_stream_close(stream);
    return status;
}

soma_status soma_read_arrays(const char *path, soma_arrays **arrays) {
    if (!path || !arrays) return soma_error(SOMA_INVALID_ARGUMENT, "soma_read_arrays: an argument is NULL");
    *arrays = NULL;
    return is_archive(path) ? read_archive(path, arrays) : read_one(path, arrays);
}
