/* SPDX-License-Identifier: MIT */
/* See session_numbers.h. */
#include "train/session_numbers.h"
#include "base/floats.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

/* The types of whole numbers, each with its C type and the least and largest that is exact and of the type. */
#define WHOLE_TYPES(X)                                                                                                 \
    X(SOMA_U8, uint8_t, 0, UINT8_MAX)                                                                                  \
    X(SOMA_I8, int8_t, INT8_MIN, INT8_MAX)                                                                             \
    X(SOMA_I16, int16_t, INT16_MIN, INT16_MAX)                                                                         \
    X(SOMA_U16, uint16_t, 0, UINT16_MAX)                                                                               \
    X(SOMA_I32, int32_t, -SOMA_MOST_EXACT, SOMA_MOST_EXACT)                                                            \
    X(SOMA_I64, int64_t, -SOMA_MOST_EXACT, SOMA_MOST_EXACT)                                                            \
    X(SOMA_U32, uint32_t, 0, SOMA_MOST_EXACT)                                                                          \
    X(SOMA_U64, uint64_t, 0, SOMA_MOST_EXACT)

/* Of a whole number; that of 2^63 and more is the largest. */
static int64_t whole_at(soma_dtype dtype, const void *data, size_t i) {
    if (dtype == SOMA_U64 && ((const uint64_t *)data)[i] > INT64_MAX) return INT64_MAX;
    switch (dtype) {
#define X(type, c_type, least, most)                                                                                   \
    case type:                                                                                                         \
        return (int64_t)((const c_type *)data)[i];
        WHOLE_TYPES(X)
#undef X
    default: /* SOMA_BOOL */
        return ((const uint8_t *)data)[i] != 0;
    }
}

bool soma_number_to_float(soma_dtype dtype, const void *data, size_t i, float *value) {
    if (dtype == SOMA_F32) {
        *value = ((const float *)data)[i];
    } else if (dtype == SOMA_F16) {
        *value = soma_float_of_half(((const uint16_t *)data)[i]);
    } else if (dtype == SOMA_F64) {
        const double number = ((const double *)data)[i];
        *value = (float)number;
        return !soma_is_beyond_float(number);
    } else {
        const int64_t number = whole_at(dtype, data, i);
        *value = (float)number;
        return number >= -SOMA_MOST_EXACT && number <= SOMA_MOST_EXACT;
    }
    return true;
}

static bool put_whole(soma_dtype dtype, float value, void *data, size_t i) {
    if (!(fabsf(value) <= (float)SOMA_MOST_EXACT) || value != truncf(value)) return false;
    const int64_t number = (int64_t)value;
    switch (dtype) {
#define X(type, c_type, least, most)                                                                                   \
    case type:                                                                                                         \
        ((c_type *)data)[i] = (c_type)number;                                                                          \
        return number >= (least) && number <= (most);
        WHOLE_TYPES(X)
#undef X
    default: /* SOMA_BOOL */
        ((uint8_t *)data)[i] = number != 0;
        return number == 0 || number == 1;
    }
}

bool soma_number_from_float(soma_dtype dtype, float value, void *data, size_t i) {
    if (dtype == SOMA_F32)
        ((float *)data)[i] = value;
    else if (dtype == SOMA_F64)
        ((double *)data)[i] = (double)value;
    else if (dtype == SOMA_F16)
        ((uint16_t *)data)[i] = soma_half_of_float(value);
    else
        return put_whole(dtype, value, data, i);
    return true;
}

const char *soma_number_text(soma_dtype dtype, const void *data, size_t i, char text[SOMA_NUMBER_TEXT]) {
    float value;
    if (dtype == SOMA_F64)
        snprintf(text, SOMA_NUMBER_TEXT, "%.9g", ((const double *)data)[i]);
    else if (dtype == SOMA_U64)
        snprintf(text, SOMA_NUMBER_TEXT, "%" PRIu64, ((const uint64_t *)data)[i]);
    else if (dtype == SOMA_F32 || dtype == SOMA_F16)
        (void)soma_number_to_float(dtype, data, i, &value), snprintf(text, SOMA_NUMBER_TEXT, "%.9g", (double)value);
    else
        snprintf(text, SOMA_NUMBER_TEXT, "%" PRId64, whole_at(dtype, data, i));
    return text;
}
