/* SPDX-License-Identifier: MIT */
/* Numbers of arrays that go into sessions of soma/onnx.h and come out of them, of all types. */
#include "base/floats.h"
#include "io/onnx/onnx_session.h"

#include <math.h>
#include <string.h>

/* The types of whole numbers, each with its C type and the ends of it that a double can have; from
 * 2^53 on it may stand for another. */
#define WHOLE_TYPES(X)                                                                                                 \
    X(SOMA_U8, uint8_t, 0, UINT8_MAX)                                                                                  \
    X(SOMA_I8, int8_t, INT8_MIN, INT8_MAX)                                                                             \
    X(SOMA_I16, int16_t, INT16_MIN, INT16_MAX)                                                                         \
    X(SOMA_U16, uint16_t, 0, UINT16_MAX)                                                                               \
    X(SOMA_I32, int32_t, INT32_MIN, INT32_MAX)                                                                         \
    X(SOMA_I64, int64_t, 1 - 0x1p53, 0x1p53 - 1)                                                                       \
    X(SOMA_U32, uint32_t, 0, UINT32_MAX)                                                                               \
    X(SOMA_U64, uint64_t, 0, 0x1p53 - 1)                                                                               \
    X(SOMA_BOOL, uint8_t, 0, 1)

double soma_onnx_number_at(soma_dtype dtype, const void *data, size_t i) {
    switch ((int)dtype) {
#define X(type, c_type, least, most)                                                                                   \
    case type:                                                                                                         \
        return (double)((const c_type *)data)[i];
        WHOLE_TYPES(X)
#undef X
    case SOMA_F64:
        return ((const double *)data)[i];
    case SOMA_F16:
        return (double)soma_float_of_half(((const uint16_t *)data)[i]);
    default:
        return (double)((const float *)data)[i];
    }
}

bool soma_onnx_put_number(soma_dtype dtype, double number, void *data, size_t i) {
    switch ((int)dtype) {
#define X(type, c_type, least, most)                                                                                   \
    case type:                                                                                                         \
        if (!(number >= (double)(least) && number <= (double)(most)) || number != trunc(number)) return false;         \
        ((c_type *)data)[i] = (c_type)number;                                                                          \
        return true;
        WHOLE_TYPES(X)
#undef X
    case SOMA_F64:
        ((double *)data)[i] = number;
        return true;
    case SOMA_F16:
        ((uint16_t *)data)[i] = soma_half_of_float((float)number);
        return true;
    default:
        ((float *)data)[i] = (float)number;
        return true;
    }
}

soma_status soma_onnx_set_elements(soma_onnx_value *value, const soma_array *array, void **memory) {
    soma_onnx_elements *elements = &value->elements;
    const size_t count = soma_onnx_count(&value->shape, 0, value->shape.rank);
    const int32_t type = value->elements.type;
    *elements = (soma_onnx_elements){.type = type, .rank = value->shape.rank, .count = count, .made = true};
    memcpy(elements->dim, value->shape.dim, sizeof elements->dim);
    if (array->dtype == SOMA_F32) return elements->floats = array->data, SOMA_OK;
    if (array->dtype == SOMA_I64) return elements->integers = array->data, SOMA_OK;
    double *numbers = soma_malloc(SOMA_MAX(count, (size_t)1) * sizeof *numbers);
    if (!numbers) return soma_out_of_memory(count * sizeof *numbers, value->name);
    for (size_t i = 0; i < count; i++) numbers[i] = soma_onnx_number_at(array->dtype, array->data, i);
    soma_free(*memory);
    *memory = numbers;
    elements->doubles = numbers;
    return SOMA_OK;
}
