/* SPDX-License-Identifier: MIT */
/* The elements of NumPy's array files: of many types, in both byte orders, row- or column-major. */
#include "base/decimal.h"
#include "base/floats.h"
#include "data/dataset.h"
#include "data/tally.h"
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

/* A whole number of `high` and the 32 bits below it. */
static soma_decimal decimal_of_halves(double high, uint32_t low) {
    double value = high * 0x1p32 + low;
    return (soma_decimal){value, low - (value - high * 0x1p32)};
}

static soma_decimal as_number(const soma_npy *npy, uint64_t bits) {
    if (npy->kind == 'i') {
        int64_t whole = sign_extended(bits, npy->size);
        return decimal_of_halves((double)(whole >> 32), (uint32_t)whole);
    }
    if (npy->kind == 'b') return (soma_decimal){bits != 0, 0};
    if (npy->kind == 'u') return decimal_of_halves((double)(bits >> 32), (uint32_t)bits);
    if (npy->size == 2) return (soma_decimal){(double)soma_float_of_half((uint16_t)bits), 0};
    if (npy->size == 4) {
        uint32_t low = (uint32_t)bits;
        float value;
        memcpy(&value, &low, sizeof value);
        return (soma_decimal){(double)value, 0};
    }
    double value;
    memcpy(&value, &bits, sizeof value);
    return (soma_decimal){value, 0};
}

/* Rounded once, and with the sign of a zero. */
static float as_float(const soma_npy *npy, uint64_t bits, soma_decimal number) {
    if (npy->kind == 'i') return (float)sign_extended(bits, npy->size);
    return npy->kind == 'u' ? (float)bits : (float)number.value;
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
    snprintf(text, sizeof text, "%g", as_number(npy, bits).value);
    return refuse(stream, npy, element, text, "numbers must be finite in float32");
}

static soma_status refuse_class(soma_stream *stream, const soma_npy *npy, size_t element, uint64_t bits) {
    char text[32];
    if (npy->kind == 'i')
        snprintf(text, sizeof text, "%" PRId64, sign_extended(bits, npy->size));
    else
        snprintf(text, sizeof text, "%" PRIu64, bits);
    return refuse(stream, npy, element, text, "class numbers and lengths are whole numbers from 0 to 2147483646");
}

/* What is done with each element. */
typedef struct conversion {
    soma_dtype as;
    bool as_it_is;        /* its bits, in the host's byte order */
    void *data;           /* NULL: they are only looked at */
    size_t features;      /* of a sample, where something is known of each */
    const double *offset; /* [features] or NULL */
    soma_tally *tallies;  /* [features] or NULL */
    bool not_finite;      /* numbers that are not stay so */
} conversion;

static soma_status convert_number(soma_stream *stream, const cursor *c, size_t element, uint64_t bits,
                                  const conversion *to) {
    const soma_decimal number = as_number(c->npy, bits);
    const size_t feature = to->offset || to->tallies ? c->position % to->features : 0;
    const double offset = to->offset ? to->offset[feature] : 0;
    const bool finite = isfinite((float)number.value);
    if (!finite && !to->not_finite) return refuse_float(stream, c->npy, element, bits);
    if (to->tallies && finite) soma_tally_add(&to->tallies[feature], number);
    if (to->data)
        ((float *)to->data)[c->position] =
            offset != 0 ? soma_difference(number, offset) : as_float(c->npy, bits, number);
    return SOMA_OK;
}

static soma_status convert_class(soma_stream *stream, const cursor *c, size_t element, uint64_t bits,
                                 const conversion *to) {
    int64_t value = c->npy->kind == 'i' ? sign_extended(bits, c->npy->size) : (int64_t)bits;
    if (c->npy->kind == 'b') value = bits != 0;
    if (value < 0 || value >= INT32_MAX) return refuse_class(stream, c->npy, element, bits);
    ((int32_t *)to->data)[c->position] = (int32_t)value;
    return SOMA_OK;
}

static void keep(const cursor *c, uint64_t bits, void *data) {
    switch (c->npy->size) {
    case 1:
        ((uint8_t *)data)[c->position] = c->npy->kind == 'b' ? bits != 0 : (uint8_t)bits;
        break;
    case 2:
        ((uint16_t *)data)[c->position] = (uint16_t)bits;
        break;
    case 4:
        ((uint32_t *)data)[c->position] = (uint32_t)bits;
        break;
    default:
        ((uint64_t *)data)[c->position] = bits;
        break;
    }
}

/* A block of raw elements, of which the first has this number in the file, to their places. */
static soma_status convert_block(soma_stream *stream, cursor *c, const uint8_t *raw, size_t first, size_t count,
                                 const conversion *to) {
    for (size_t i = 0; i < count; i++, cursor_advance(c)) {
        uint64_t bits = load_bits(c->npy, raw + i * c->npy->size);
        if (to->as_it_is)
            keep(c, bits, to->data);
        else if (to->as == SOMA_U8)
            ((uint8_t *)to->data)[c->position] = (uint8_t)bits;
        else if (to->as == SOMA_F32)
            SOMA_TRY(convert_number(stream, c, first + i, bits, to));
        else
            SOMA_TRY(convert_class(stream, c, first + i, bits, to));
    }
    return SOMA_OK;
}

static soma_status convert(soma_stream *stream, const soma_npy *npy, const conversion *to) {
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
        SOMA_TRY(convert_block(stream, &c, block, first, count, to));
    }
    return soma_stream_finish(stream);
}

/* Takes the memory of the elements and converts them. */
static soma_status read_elements(soma_stream *stream, const soma_npy *npy, conversion *to, void **data) {
    size_t bytes;
    *data = NULL;
    if (!soma_multiply_size(npy->count, soma_dtype_size(to->as), &bytes))
        return soma_error(SOMA_INVALID_FILE, "%s: more elements than memory can hold", soma_stream_name(stream));
    *data = to->data = soma_malloc_aligned(SOMA_DATA_ALIGNMENT, SOMA_MAX(bytes, 1));
    if (!*data) return soma_out_of_memory(bytes, soma_stream_name(stream));
    soma_status status = convert(stream, npy, to);
    if (status == SOMA_OK) return SOMA_OK;
    soma_free_aligned(*data);
    *data = NULL;
    return status;
}

soma_status soma_npy_read_elements(soma_stream *stream, const soma_npy *npy, soma_dtype as, void **data) {
    return read_elements(stream, npy, &(conversion){.as = as}, data);
}

soma_dtype soma_npy_dtype(const soma_npy *npy) {
    static const soma_dtype floats[] = {[2] = SOMA_F16, [4] = SOMA_F32, [8] = SOMA_F64};
    static const soma_dtype whole[] = {[1] = SOMA_I8, [2] = SOMA_I16, [4] = SOMA_I32, [8] = SOMA_I64};
    static const soma_dtype natural[] = {[1] = SOMA_U8, [2] = SOMA_U16, [4] = SOMA_U32, [8] = SOMA_U64};
    if (npy->kind == 'b') return SOMA_BOOL;
    if (npy->kind == 'U') return SOMA_STRING;
    return (npy->kind == 'f' ? floats : npy->kind == 'i' ? whole : natural)[npy->size];
}

soma_status soma_npy_read_as_they_are(soma_stream *stream, const soma_npy *npy, void **data) {
    if (npy->kind == 'U') return soma_npy_read_words(stream, npy, data);
    return read_elements(stream, npy, &(conversion){.as = soma_npy_dtype(npy), .as_it_is = true}, data);
}

/* ------------------------------------------------------------------------------------------------------ features */

/* The elements again, from the first on. */
static soma_status go_back(soma_stream *stream, const soma_npy *npy) {
    uint8_t block[4096];
    SOMA_TRY(soma_stream_rewind(stream));
    for (uint64_t left = npy->data_start; left > 0;) {
        size_t got, size = SOMA_MIN(left, sizeof block);
        SOMA_TRY(soma_stream_read(stream, block, size, &got));
        if (got < size) return soma_error(SOMA_IO, "%s: became shorter while it was read", soma_stream_name(stream));
        left -= size;
    }
    return SOMA_OK;
}

/* From the tallies of one look; whether any is not 0. */
static soma_status find_offsets(soma_stream *stream, const conversion *looked, double *offset, bool *any) {
    for (size_t i = 0; i < looked->features; i++) {
        soma_distinct distinct;
        char what[32];
        soma_tally *tally = &looked->tallies[i];
        SOMA_TRY(soma_tally_offset(tally, tally->sample, tally->sampled, &offset[i], &distinct));
        snprintf(what, sizeof what, "feature %zu", i + 1);
        soma_tally_tell_of_loss(soma_stream_name(stream), what, distinct);
        *any |= offset[i] != 0;
    }
    return SOMA_OK;
}

static soma_status look_for_offsets(soma_stream *stream, const soma_npy *npy, size_t features, bool not_finite,
                                    double *offset, bool *any) {
    const size_t rows = npy->shape[0];
    /* Half the memory of the data at most, but for small ones. */
    const size_t room = SOMA_MIN(SOMA_TALLY_SAMPLE, SOMA_MAX(rows / 8, SOMA_MIN(rows, 16)));
    const conversion look = {.as = SOMA_F32,
                             .features = features,
                             .tallies = soma_calloc(features, sizeof(soma_tally)),
                             .not_finite = not_finite};
    soma_decimal *samples = soma_realloc(NULL, features * room, sizeof *samples);
    soma_status status =
        look.tallies && samples
            ? SOMA_OK
            : soma_out_of_memory(features * (sizeof(soma_tally) + room * sizeof *samples), soma_stream_name(stream));
    for (size_t i = 0; status == SOMA_OK && i < features; i++) {
        look.tallies[i].sample = samples + i * room;
        look.tallies[i].room = room;
    }
    if (status == SOMA_OK) status = convert(stream, npy, &look);
    if (status == SOMA_OK) status = find_offsets(stream, &look, offset, any);
    soma_free(samples);
    soma_free(look.tallies);
    return status;
}

soma_status soma_npy_read_features(soma_stream *stream, const soma_npy *npy, bool not_finite, void **data,
                                   double **offset) {
    /* Of other kinds each number is a float32. */
    const bool wide = npy->kind != 'b' && npy->size >= (npy->kind == 'f' ? 8 : 4);
    conversion to = {.as = SOMA_F32, .features = npy->count / npy->shape[0], .not_finite = not_finite};
    bool any = false;
    *offset = NULL;
    if (!wide) return read_elements(stream, npy, &to, data);
    *offset = soma_calloc(to.features, sizeof **offset);
    if (!*offset) return soma_out_of_memory(to.features * sizeof **offset, soma_stream_name(stream));
    soma_status status = look_for_offsets(stream, npy, to.features, not_finite, *offset, &any);
    if (status == SOMA_OK) status = go_back(stream, npy);
    if (any) to.offset = *offset;
    if (status == SOMA_OK) status = read_elements(stream, npy, &to, data);
    if (status == SOMA_OK && any) return SOMA_OK;
    soma_free(*offset);
    *offset = NULL;
    return status;
}
