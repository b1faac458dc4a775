/* SPDX-License-Identifier: MIT */
/*
 * Data sets from IDX files. IDX: two zero bytes, a byte for the type, a byte for the number of dimensions, each
 * dimension as a big-endian 32-bit number, then the elements, big-endian, row-major.
 */
#include "io/idx/idx.h"
#include "data/dataset.h"
#include "io/bytes.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

enum { IDX_U8 = 0x08, IDX_I32 = 0x0C, IDX_F32 = 0x0D };

/* What a file is read as: which types and how many dimensions it may have. */
typedef struct role {
    const char *kind;
    uint8_t type_1, type_2;
    soma_dtype dtype_2; /* that of type_2; type_1 is bytes */
    uint32_t min_rank, max_rank;
    const char *wanted;
} role;

static const role image_role = {"images",
                                IDX_U8,
                                IDX_F32,
                                SOMA_F32,
                                2,
                                SOMA_MAX_RANK,
                                "unsigned bytes (type 0x08) or float32 (0x0d), in 2 to 5 dimensions"};
static const role label_role = {
    "labels", IDX_U8, IDX_I32, SOMA_I32, 1, 1, "unsigned bytes (type 0x08) or int32 (0x0c), in 1 dimension"};

typedef struct idx_array {
    soma_dtype dtype;
    uint32_t rank;
    size_t shape[SOMA_MAX_RANK];
    size_t count, bytes; /* elements, and their bytes */
    void *data;          /* of soma_malloc_aligned() */
} idx_array;

/* ------------------------------------------------------------------------------------------------ header and data */

static soma_status read_magic(soma_stream *stream, const role *as, idx_array *array) {
    const char *name = soma_stream_name(stream);
    uint8_t magic[4];
    size_t got;
    SOMA_TRY(soma_stream_read(stream, magic, sizeof magic, &got));
    if (got < sizeof magic)
        return soma_error(SOMA_INVALID_FILE, "%s: %zu bytes; an IDX file begins with 4 bytes that say what it holds",
                          name, got);
    uint8_t type = magic[2], rank = magic[3];
    if (magic[0] || magic[1] || (type != as->type_1 && type != as->type_2) || rank < as->min_rank ||
        rank > as->max_rank)
        return soma_error(SOMA_INVALID_FILE, "%s: offset 0: magic number 0x%08" PRIx32 "; IDX %s are %s", name,
                          soma_load_be32(magic), as->kind, as->wanted);
    array->dtype = type == IDX_U8 ? SOMA_U8 : as->dtype_2;
    array->rank = rank;
    return SOMA_OK;
}

static soma_status read_shape(soma_stream *stream, idx_array *array) {
    const char *name = soma_stream_name(stream);
    uint8_t bytes[4 * SOMA_MAX_RANK];
    size_t got, size = 4 * array->rank;
    SOMA_TRY(soma_stream_read(stream, bytes, size, &got));
    if (got < size)
        return soma_error(SOMA_INVALID_FILE,
                          "%s: offset %" PRIu64 ": ends within its header; %u dimensions of 4 bytes were promised",
                          name, soma_stream_offset(stream), array->rank);
    array->count = 1;
    bool fits = true;
    for (uint32_t i = 0; i < array->rank; i++) {
        array->shape[i] = soma_load_be32(bytes + 4 * i);
        if (array->shape[i] == 0)
            return soma_error(SOMA_INVALID_FILE, "%s: offset %u: dimension %u is 0; it must be at least 1", name,
                              4 + 4 * i, i);
        fits &= soma_multiply_size(array->count, array->shape[i], &array->count);
    }
    fits &= soma_multiply_size(array->count, soma_dtype_size(array->dtype), &array->bytes);
    if (fits && array->shape[0] <= INT32_MAX) return SOMA_OK;
    return soma_error(SOMA_INVALID_FILE,
                      "%s: offset 4: %zu samples%s; at most %d samples that fit into memory are read", name,
                      array->shape[0], fits ? "" : " of more elements than memory can hold", INT32_MAX);
}

/* The header's promise against what the file can hold, before any memory is taken. */
static soma_status check_promise(soma_stream *stream, const idx_array *array) {
    uint64_t header = soma_stream_offset(stream), capacity = soma_stream_capacity(stream), promised;
    if (!__builtin_add_overflow(header, array->bytes, &promised) &&
        (soma_stream_gzipped(stream) ? promised <= capacity : promised == capacity))
        return SOMA_OK;
    return soma_error(
        SOMA_INVALID_FILE,
        "%s: offset 4: the header promises %zu samples in %zu bytes of data; after it the file %s %" PRIu64
        ". It is %s, or its header is wrong",
        soma_stream_name(stream), array->shape[0], array->bytes,
        soma_stream_gzipped(stream) ? "inflates to at most" : "has", capacity > header ? capacity - header : 0,
        capacity < header || array->bytes > capacity - header ? "cut short" : "too long");
}

static soma_status read_data(soma_stream *stream, idx_array *array) {
    size_t got;
    array->data = soma_malloc_aligned(SOMA_DATA_ALIGNMENT, array->bytes);
    if (!array->data) return soma_out_of_memory(array->bytes, soma_stream_name(stream));
    SOMA_TRY(soma_stream_read(stream, array->data, array->bytes, &got));
    if (got < array->bytes)
        return soma_error(SOMA_INVALID_FILE,
                          "%s: offset %" PRIu64 ": ends after %zu of %zu bytes of data; %zu samples were promised",
                          soma_stream_name(stream), soma_stream_offset(stream), got, array->bytes, array->shape[0]);
    return soma_stream_finish(stream);
}

/* Big-endian 32-bit elements to the host's order. */
static void to_host_order(idx_array *array) {
    if (array->dtype == SOMA_U8) return;
    uint8_t *bytes = array->data;
    for (size_t i = 0; i < array->count; i++, bytes += sizeof(uint32_t)) {
        uint32_t bits = soma_load_be32(bytes);
        memcpy(bytes, &bits, sizeof bits);
    }
}

static uint64_t element_offset(const idx_array *array, size_t index) {
    return 4 + 4 * (uint64_t)array->rank + (uint64_t)index * soma_dtype_size(array->dtype);
}

static soma_status check_finite(soma_stream *stream, const idx_array *array) {
    if (array->dtype != SOMA_F32) return SOMA_OK;
    const float *values = array->data;
    for (size_t i = 0; i < array->count; i++)
        if (!isfinite(values[i]))
            return soma_error(SOMA_INVALID_FILE, "%s: offset %" PRIu64 ": %g in sample %zu; numbers must be finite",
                              soma_stream_name(stream), element_offset(array, i), (double)values[i],
                              i / (array->count / array->shape[0]));
    return SOMA_OK;
}

static soma_status read_array(soma_stream *stream, const role *as, idx_array *array) {
    SOMA_TRY(read_magic(stream, as, array));
    SOMA_TRY(read_shape(stream, array));
    SOMA_TRY(check_promise(stream, array));
    SOMA_TRY(read_data(stream, array));
    to_host_order(array);
    return check_finite(stream, array);
}

/* -------------------------------------------------------------------------------------------------- data set */

/* Class numbers are in range; *classes 0 becomes the largest label + 1. */
static soma_status check_labels(soma_stream *stream, const idx_array *array, size_t *classes) {
    soma_column labels = {.data = array->data, .dtype = array->dtype};
    int64_t largest = *classes ? (int64_t)SOMA_MIN(*classes, (size_t)INT32_MAX) - 1 : INT32_MAX - 1, seen = 0;
    for (size_t i = 0; i < array->count; i++) {
        int32_t label = soma_column_class(&labels, i);
        if (label < 0 || label > largest)
            return soma_error(SOMA_INVALID_FILE,
                              "%s: offset %" PRIu64 ": label %d of sample %zu; labels are class numbers, 0 to %" PRId64,
                              soma_stream_name(stream), element_offset(array, i), label, i, largest);
        seen = SOMA_MAX(seen, label);
    }
    if (*classes == 0) *classes = (size_t)seen + 1;
    return SOMA_OK;
}

static soma_status read_labels(soma_stream *stream, const soma_stream *images, size_t classes, soma_storage *storage) {
    idx_array array = {0};
    soma_status status = read_array(stream, &label_role, &array);
    if (status == SOMA_OK && array.shape[0] != storage->rows)
        status = soma_error(SOMA_INVALID_FILE, "%s: %zu labels for the %zu images of %s; each needs one",
                            soma_stream_name(stream), array.shape[0], storage->rows, soma_stream_name(images));
    if (status == SOMA_OK) status = check_labels(stream, &array, &classes);
    if (status != SOMA_OK) {
        soma_free_aligned(array.data);
        return status;
    }
    soma_column_set(&storage->target[0], array.data, true, array.dtype, 0, NULL, classes);
    storage->target_count = 1;
    return SOMA_OK;
}

soma_status soma_idx_read(soma_stream *images, soma_stream *labels, size_t classes, soma_dataset **dataset) {
    *dataset = NULL;
    soma_storage *storage = soma_storage_create();
    if (!storage) return soma_out_of_memory(sizeof *storage, "a data set");
    idx_array array = {0};
    soma_status status = read_array(images, &image_role, &array);
    soma_column_set_samples(&storage->input[0], array.data, array.data != NULL, array.dtype,
                            array.rank ? array.rank - 1 : 0, array.shape + 1);
    storage->input_count = 1;
    storage->rows = array.shape[0];
    if (status == SOMA_OK && labels) status = read_labels(labels, images, classes, storage);
    if (status == SOMA_OK) return soma_dataset_make(storage, dataset);
    soma_storage_release(storage);
    return status;
}

soma_status soma_dataset_from_idx(const char *images, const char *labels, size_t classes, soma_dataset **dataset) {
    if (!images || !dataset)
        return soma_error(SOMA_INVALID_ARGUMENT, "soma_dataset_from_idx: %s is NULL", images ? "dataset" : "images");
    *dataset = NULL;
    soma_stream *image_stream, *label_stream = NULL;
    SOMA_TRY(soma_stream_open(images, &image_stream));
    soma_status status = labels ? soma_stream_open(labels, &label_stream) : SOMA_OK;
    if (status == SOMA_OK) status = soma_idx_read(image_stream, label_stream, classes, dataset);
    soma_stream_close(image_stream);
    soma_stream_close(label_stream);
    return status;
}
