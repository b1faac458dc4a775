/* SPDX-License-Identifier: MIT */
/* The elements of NumPy's array files: of many types, in both byte orders, row- or column-major. */
#include "data/dataset.h"
#include "io/floats.h"
#include "io/npy/npy.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* The element's bits as a number, whatever the host's byte order. */
static uint64_t load_bits(const soma_npy *npy, const uint8_t *raw) {
    uint64_t bits = 0;
    for (uint32_t i = 0; i < npy->size; i++) bits |= (uint64_t)raw[i] << 8 * (npy->big_endian ? npy->size - 1 - i : i);
    return bits;
}

static int64_t sign_extended(uint64_t bits, uint32_t size) {
    unsigned unused = 64 - 8 * size;
    return (int64_t)(bits << unused) >> unused;
}

static float as_float(const soma_npy *npy, uint64_t bits) {
    if (npy->kind == 'i') return (float)sign_extended(bits, npy->size);
    if (npy->kind == 'b') return bits != 0;
    if (npy->kind == 'u') return (float)bits;
    if (npy->size == 2) return soma_float_of_half((uint16_t)bits);
    if (npy->size == 4) {
        uint32_t low = (uint32_t)bits;
        float value;
        memcpy(&value, &low, sizeof value);
        return value;
    }
    double value;
    memcpy(&value, &bits, sizeof value);
    return (float)value;
}

/* -------------------------------------------------------------------------------------------------------- placing */

/* Where the elements go as they come: one after the other, or, of a column-major file, with the first index fastest. */
typedef struct cursor {
    const soma_npy *npy;
    size_t index[SOMA_MAX_RANK], stride[SOMA_MAX_RANK];
    size_t position;
} cursor;

static cursor cursor_start(const soma_npy *npy) {
    cursor c = {.npy = npy};
    size_t stride = 1;
    for (uint32_t i = npy->rank; i-- > 0;) {
        c.stride[i] = stride;
        stride *= npy->shape[i];
    }
    return c;
}

static void cursor_advance(cursor *c) {
    if (!c->npy->fortran_order) {
        c->position++;
        return;
    }
    for (uint32_t i = 0; i < c->npy->rank; i++) {
        c->position += c->stride[i];
        if (++c->index[i] < c->npy->shape[i]) return;
        c->position -= c->stride[i] * c->npy->shape[i];
        c->index[i] = 0;
    }
}

/* ---------------------------------------------------------------------------------------------------- conversion */

static soma_status refuse(soma_stream *stream, const soma_npy *npy, size_t element, const char *value,
                          const char *wanted) {
    return soma_error(SOMA_INVALID_FILE, "%s: offset %" PRIu64 ": element %zu is %s; %s", soma_stream_name(stream),
                      npy->data_start + (uint64_t)element * npy->size, element, value, wanted);
}

static soma_status refuse_float(soma_stream *stream, const soma_npy *npy, size_t element, uint64_t bits) {
    char text[32];
    double value = (double)as_float(npy, bits);
    if (npy->kind == 'f' && npy->size == 8) memcpy(&value, &bits, sizeof value);
    snprintf(text, sizeof text, "%g", value);
    return refuse(stream, npy, element, text, "numbers must be finite in float32");
}

static soma_status refuse_class(soma_stream *stream, const soma_npy *npy, size_t element, uint64_t bits) {
    char text[32];
    if (npy->kind == 'i')
        snprintf(text, sizeof text, "%" PRId64, sign_extended(bits, npy->size));
    else
        snprintf(text, sizeof text, "%" PRIu64, bits);
    return refuse(stream, npy, element, text, "class numbers are whole numbers from 0 to 2147483646");
}

/* A block of raw elements, of which the first has this number in the file, to their places. */
static soma_status convert_block(soma_stream *stream, cursor *c, const uint8_t *raw, size_t first, size_t count,
                                 soma_dtype as, void *data) {
    const soma_npy *npy = c->npy;
    for (size_t i = 0; i < count; i++, cursor_advance(c)) {
        uint64_t bits = load_bits(npy, raw + i * npy->size);
        if (as == SOMA_U8) {
            ((uint8_t *)data)[c->position] = (uint8_t)bits;
        } else if (as == SOMA_F32) {
            float value = as_float(npy, bits);
            if (!isfinite(value)) return refuse_float(stream, npy, first + i, bits);
            ((float *)data)[c->position] = value;
        } else {
            int64_t value = npy->kind == 'i' ? sign_extended(bits, npy->size) : (int64_t)bits;
            if (npy->kind == 'b') value = bits != 0;
            if (value < 0 || value >= INT32_MAX) return refuse_class(stream, npy, first + i, bits);
            ((int32_t *)data)[c->position] = (int32_t)value;
        }
    }
    return SOMA_OK;
}

static soma_status convert(soma_stream *stream, const soma_npy *npy, soma_dtype as, void *data) {
    uint8_t block[16384];
    const size_t most = sizeof block / npy->size;
    cursor c = cursor_start(npy);
    for (size_t first = 0; first < npy->count; first += most) {
        size_t got, count = SOMA_MIN(most, npy->count - first);
        SOMA_TRY(soma_stream_read(stream, block, count * npy->size, &got));
        if (got < count * npy->size)
            return soma_error(SOMA_INVALID_FILE, "%s: offset %" PRIu64 ": ends after %zu of %zu elements",
                              soma_stream_name(stream), soma_stream_offset(stream), first + got / npy->size,
                              npy->count);
        SOMA_TRY(convert_block(stream, &c, block, first, count, as, data));
    }
    return soma_stream_finish(stream);
}

soma_status soma_npy_read_elements(soma_stream *stream, const soma_npy *npy, soma_dtype as, void **data) {
    size_t bytes;
    *data = NULL;
    if (!soma_multiply_size(npy->count, soma_dtype_size(as), &bytes))
        return soma_error(SOMA_INVALID_FILE, "%s: more elements than memory can hold", soma_stream_name(stream));
    *data = soma_malloc_aligned(SOMA_DATA_ALIGNMENT, SOMA_MAX(bytes, 1));
    if (!*data) return soma_out_of_memory(bytes, soma_stream_name(stream));
    soma_status status = convert(stream, npy, as, *data);
    if (status == SOMA_OK) return SOMA_OK;
    soma_free_aligned(*data);
    *data = NULL;
    return status;
}
