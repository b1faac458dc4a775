/* SPDX-License-Identifier: MIT */
/* Data sets from NumPy's arrays. */
#include "data/dataset.h"
#include "io/npy/npy.h"

/* Numbers without a further dimension are samples of one element. */
static const size_t *sample_shape(const soma_npy *npy, uint32_t *rank) {
    static const size_t one = 1;
    *rank = SOMA_MAX(npy->rank - 1, 1);
    return npy->rank > 1 ? npy->shape + 1 : &one;
}

static soma_status check_samples(soma_stream *stream, const soma_npy *npy) {
    const char *name = soma_stream_name(stream);
    if (npy->rank == 0)
        return soma_error(SOMA_INVALID_FILE, "%s: a single number; the first dimension is the samples", name);
    for (uint32_t i = 0; i < npy->rank; i++)
        if (npy->shape[i] == 0)
            return soma_error(SOMA_INVALID_FILE, "%s: dimension %u is 0; it must be at least 1", name, i);
    if (npy->shape[0] <= INT32_MAX) return SOMA_OK;
    return soma_error(SOMA_INVALID_FILE, "%s: %zu samples; up to %d are read", name, npy->shape[0], INT32_MAX);
}

/* Bytes stay bytes, as pixels; all else becomes float32. */
static soma_status read_inputs(soma_stream *stream, bool not_finite, soma_storage *storage) {
    soma_npy npy;
    uint32_t rank;
    void *data;
    double *offset = NULL;
    SOMA_TRY(soma_npy_read_header(stream, &npy));
    SOMA_TRY(check_samples(stream, &npy));
    soma_dtype as = npy.kind == 'u' && npy.size == 1 ? SOMA_U8 : SOMA_F32;
    SOMA_TRY(as == SOMA_U8 ? soma_npy_read_elements(stream, &npy, as, &data)
                           : soma_npy_read_features(stream, &npy, not_finite, &data, &offset));
    const size_t *shape = sample_shape(&npy, &rank);
    soma_column_set_samples(&storage->input[0], data, true, as, rank, shape);
    storage->input[0].offset = offset;
    storage->input_count = 1;
    storage->rows = npy.shape[0];
    return SOMA_OK;
}

/* Class numbers are in range; *classes 0 becomes the largest + 1. */
static soma_status count_classes(soma_stream *stream, const soma_npy *npy, const int32_t *numbers, size_t *classes) {
    int32_t largest = 0;
    for (size_t i = 0; i < npy->count; i++) {
        largest = SOMA_MAX(largest, numbers[i]);
        if (*classes && (size_t)numbers[i] >= *classes)
            return soma_error(SOMA_INVALID_FILE, "%s: offset %llu: class %d of sample %zu; there are %zu, from 0 on",
                              soma_stream_name(stream), (unsigned long long)npy->data_start + i * npy->size, numbers[i],
                              i, *classes);
    }
    if (*classes == 0) *classes = (size_t)largest + 1;
    return SOMA_OK;
}

static soma_status read_classes(soma_stream *stream, const soma_npy *npy, size_t classes, soma_storage *storage) {
    void *data;
    SOMA_TRY(soma_npy_read_elements(stream, npy, SOMA_I32, &data));
    soma_status status = count_classes(stream, npy, data, &classes);
    if (status == SOMA_OK)
        soma_column_set(&storage->target[0], data, true, SOMA_I32, 0, NULL, classes);
    else
        soma_free_aligned(data);
    return status;
}

static soma_status read_numbers(soma_stream *stream, const soma_npy *npy, soma_storage *storage) {
    uint32_t rank;
    void *data;
    SOMA_TRY(soma_npy_read_elements(stream, npy, SOMA_F32, &data));
    const size_t *shape = sample_shape(npy, &rank);
    soma_column_set(&storage->target[0], data, true, SOMA_F32, rank, shape, 0);
    return SOMA_OK;
}

/* A whole number for each sample is its class, unless it is said to be a number to predict. */
static soma_status read_targets(soma_stream *stream, const soma_stream *inputs, const soma_npy_options *options,
                                soma_storage *storage) {
    soma_npy npy;
    SOMA_TRY(soma_npy_read_header(stream, &npy));
    SOMA_TRY(check_samples(stream, &npy));
    if (npy.shape[0] != storage->rows)
        return soma_error(SOMA_INVALID_FILE, "%s: %zu targets for the %zu samples of %s; each needs one",
                          soma_stream_name(stream), npy.shape[0], storage->rows, soma_stream_name(inputs));
    bool classes = npy.kind != 'f' && npy.count == npy.shape[0] && !options->regression;
    SOMA_TRY(classes ? read_classes(stream, &npy, options->classes, storage) : read_numbers(stream, &npy, storage));
    storage->target_count = 1;
    return SOMA_OK;
}

soma_status soma_npy_dataset(soma_stream *inputs, soma_stream *targets, const soma_npy_options *options,
                             soma_dataset **dataset) {
    *dataset = NULL;
    soma_storage *storage = soma_storage_create();
    if (!storage) return soma_out_of_memory(sizeof *storage, "a data set");
    soma_status status = read_inputs(inputs, options->not_finite, storage);
    if (status == SOMA_OK && targets) status = read_targets(targets, inputs, options, storage);
    if (status == SOMA_OK) return soma_dataset_make(storage, dataset);
    soma_storage_release(storage);
    return status;
}

soma_status soma_dataset_from_npy(const char *inputs, const char *targets, const soma_npy_options *options,
                                  soma_dataset **dataset) {
    static const soma_npy_options defaults;
    if (!inputs || !dataset)
        return soma_error(SOMA_INVALID_ARGUMENT, "soma_dataset_from_npy: %s is NULL", inputs ? "dataset" : "inputs");
    *dataset = NULL;
    if (!options) options = &defaults;
    SOMA_TRY(SOMA_CHECK_RESERVED(options, "soma_npy_options"));
    soma_stream *input_stream, *target_stream = NULL;
    SOMA_TRY(soma_stream_open(inputs, &input_stream));
    soma_status status = targets ? soma_stream_open(targets, &target_stream) : SOMA_OK;
    if (status == SOMA_OK) status = soma_npy_dataset(input_stream, target_stream, options, dataset);
    soma_stream_close(input_stream);
    soma_stream_close(target_stream);
    return status;
}
