/* SPDX-License-Identifier: MIT */
/* See arrays.h. */
#include "io/npy/arrays.h"
#include "base/utf8.h"
#include "io/npy/npy.h"
#include "io/words.h"
#include "nn/network.h"

#include <string.h>

struct soma_arrays {
    size_t count;
    soma_words names; /* by number of an array */
    struct one {
        soma_array array;
        void *data;
    } * one;
};

void soma_arrays_destroy(soma_arrays *arrays) {
    if (!arrays) return;
    for (size_t i = 0; i < arrays->count; i++) soma_free_aligned(arrays->one[i].data);
    soma_words_clear(&arrays->names);
    soma_free(arrays->one);
    soma_free(arrays);
}

size_t soma_arrays_count(const soma_arrays *arrays) {
    return arrays ? arrays->count : 0;
}

const char *soma_arrays_name(const soma_arrays *arrays, size_t index) {
    return index < soma_arrays_count(arrays) ? arrays->names.words[index].text : NULL;
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

/* The name is a new one. */
static soma_status add(soma_arrays *arrays, const char *name, soma_stream *stream) {
    soma_npy npy;
    size_t number;
    SOMA_TRY(soma_words_add(&arrays->names, name, 0, &number));
    struct one *one = &arrays->one[arrays->count++];
    SOMA_TRY(soma_npy_read_header_of_any(stream, &npy));
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

static soma_status add_named(soma_zip *zip, size_t index, const char *name, soma_arrays *arrays) {
    soma_stream *stream;
    size_t number;
    if (soma_words_find(&arrays->names, name, &number))
        return soma_error(SOMA_INVALID_FILE, "%s: has two arrays called %s; one is wanted", soma_zip_path(zip),
                          soma_quote(name, strlen(name)).text);
    SOMA_TRY(soma_zip_stream(zip, index, &stream));
    soma_status status = add(arrays, name, stream);
    soma_stream_close(stream);
    return status;
}

static soma_status add_entry(soma_zip *zip, size_t index, soma_arrays *arrays) {
    const char *entry = soma_zip_name(zip, index);
    size_t length;
    if (!is_array(entry, &length)) return SOMA_OK;
    char *name = soma_calloc(length + 1, 1);
    if (!name) return soma_out_of_memory(length + 1, "the name of an array");
    memcpy(name, entry, length);
    soma_status status = add_named(zip, index, name, arrays);
    soma_free(name);
    return status;
}

static soma_status check_count(const soma_zip *zip) {
    size_t count = 0, length;
    for (size_t i = 0; i < soma_zip_count(zip); i++) count += is_array(soma_zip_name(zip, i), &length);
    if (count <= SOMA_MAX_FILE_TENSORS) return SOMA_OK;
    return soma_error(SOMA_UNSUPPORTED, "%s: has %zu arrays; at most %d are read", soma_zip_path(zip), count,
                      SOMA_MAX_FILE_TENSORS);
}

static soma_status finish(soma_status status, soma_arrays **arrays) {
    if (status == SOMA_OK) return SOMA_OK;
    soma_arrays_destroy(*arrays);
    *arrays = NULL;
    return status;
}

soma_status soma_arrays_of_zip(soma_zip *zip, soma_arrays **arrays) {
    *arrays = NULL;
    SOMA_TRY(check_count(zip));
    soma_status status = create(soma_zip_count(zip), arrays);
    for (size_t i = 0; status == SOMA_OK && i < soma_zip_count(zip); i++) status = add_entry(zip, i, *arrays);
    return finish(status, arrays);
}

soma_status soma_arrays_of_stream(soma_stream *stream, soma_arrays **arrays) {
    soma_status status = create(1, arrays);
    if (status == SOMA_OK) status = add(*arrays, "", stream);
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
