/* SPDX-License-Identifier: MIT */
/* The elements of an ONNX tensor: counted before anything is taken for them, converted to what a network holds. */
#include "base/floats.h"
#include "base/size.h"
#include "io/bytes.h"
#include "io/onnx/file.h"

#include <float.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#define TYPE(name) SOMA__ONNX__TENSOR_PROTO__DATA_TYPE__##name

/* What there is to know of an element type: its bytes in raw_data, and the field that holds it otherwise. */
typedef enum field { FIELD_NONE, FIELD_FLOAT, FIELD_DOUBLE, FIELD_INT32, FIELD_INT64, FIELD_UINT64 } field;
typedef enum kind { KIND_OTHER, KIND_FLOAT, KIND_INTEGER } kind;
static const struct {
    const char *name;
    size_t size;
    kind kind;
    field field;
    soma_dtype dtype; /* as which arrays of it go into a network and come out of it */
} types[] = {
    [TYPE(UNDEFINED)] = {"undefined", 0, KIND_OTHER, FIELD_NONE, SOMA_F32},
    [TYPE(FLOAT)] = {"float", 4, KIND_FLOAT, FIELD_FLOAT, SOMA_F32},
    [TYPE(UINT8)] = {"uint8", 1, KIND_INTEGER, FIELD_INT32, SOMA_U8},
    [TYPE(INT8)] = {"int8", 1, KIND_INTEGER, FIELD_INT32, SOMA_I8},
    [TYPE(UINT16)] = {"uint16", 2, KIND_INTEGER, FIELD_INT32, SOMA_U16},
    [TYPE(INT16)] = {"int16", 2, KIND_INTEGER, FIELD_INT32, SOMA_I16},
    [TYPE(INT32)] = {"int32", 4, KIND_INTEGER, FIELD_INT32, SOMA_I32},
    [TYPE(INT64)] = {"int64", 8, KIND_INTEGER, FIELD_INT64, SOMA_I64},
    [TYPE(STRING)] = {"string", 0, KIND_OTHER, FIELD_NONE, SOMA_F32},
    [TYPE(BOOL)] = {"bool", 1, KIND_INTEGER, FIELD_INT32, SOMA_BOOL},
    [TYPE(FLOAT16)] = {"float16", 2, KIND_FLOAT, FIELD_INT32, SOMA_F16},
    [TYPE(DOUBLE)] = {"double", 8, KIND_FLOAT, FIELD_DOUBLE, SOMA_F64},
    [TYPE(UINT32)] = {"uint32", 4, KIND_INTEGER, FIELD_UINT64, SOMA_U32},
    [TYPE(UINT64)] = {"uint64", 8, KIND_INTEGER, FIELD_UINT64, SOMA_U64},
    [TYPE(COMPLEX64)] = {"complex64", 0, KIND_OTHER, FIELD_NONE, SOMA_F32},
    [TYPE(COMPLEX128)] = {"complex128", 0, KIND_OTHER, FIELD_NONE, SOMA_F32},
    [TYPE(BFLOAT16)] = {"bfloat16", 2, KIND_FLOAT, FIELD_INT32, SOMA_F32},
    /* By number, since older schemas do not name them. */
    [17] = {"float8e4m3fn", 0, KIND_OTHER, FIELD_NONE, SOMA_F32},
    [18] = {"float8e4m3fnuz", 0, KIND_OTHER, FIELD_NONE, SOMA_F32},
    [19] = {"float8e5m2", 0, KIND_OTHER, FIELD_NONE, SOMA_F32},
    [20] = {"float8e5m2fnuz", 0, KIND_OTHER, FIELD_NONE, SOMA_F32},
    [21] = {"uint4", 0, KIND_OTHER, FIELD_NONE, SOMA_F32},
    [22] = {"int4", 0, KIND_OTHER, FIELD_NONE, SOMA_F32},
    [23] = {"float4e2m1", 0, KIND_OTHER, FIELD_NONE, SOMA_F32},
    [24] = {"float8e8m0", 0, KIND_OTHER, FIELD_NONE, SOMA_F32},
    [25] = {"uint2", 0, KIND_OTHER, FIELD_NONE, SOMA_F32},
    [26] = {"int2", 0, KIND_OTHER, FIELD_NONE, SOMA_F32},
};

static bool is_known(int32_t type) {
    return type >= 0 && (size_t)type < SOMA_COUNT_OF(types);
}

const char *soma_onnx_type_name(int32_t type) {
    return is_known(type) ? types[type].name : NULL;
}

soma_onnx_type_text soma_onnx_describe_type(int32_t type) {
    soma_onnx_type_text out;
    const char *name = soma_onnx_type_name(type);
    snprintf(out.text, sizeof out.text, "%s (element type %" PRId32 ")", name ? name : "unknown", type);
    return out;
}

const char *soma_onnx_kind_name(const Soma__Onnx__TypeProto *type) {
    switch (type ? type->value_case : SOMA__ONNX__TYPE_PROTO__VALUE__NOT_SET) {
    case SOMA__ONNX__TYPE_PROTO__VALUE_SEQUENCE_TYPE:
        return "sequence";
    case SOMA__ONNX__TYPE_PROTO__VALUE_MAP_TYPE:
        return "map";
    case SOMA__ONNX__TYPE_PROTO__VALUE_OPTIONAL_TYPE:
        return "optional value";
    case SOMA__ONNX__TYPE_PROTO__VALUE_SPARSE_TENSOR_TYPE:
        return "sparse tensor";
    default:
        return "unknown";
    }
}

soma_dtype soma_onnx_dtype_of(int32_t type) {
    return is_known(type) ? types[type].dtype : SOMA_F32;
}

int32_t soma_onnx_type_of_array(soma_dtype dtype) {
    for (int32_t type = 0; is_known(type); type++)
        if (types[type].kind == KIND_INTEGER && types[type].dtype == dtype) return type;
    return TYPE(FLOAT);
}

bool soma_onnx_is_float(int32_t type) {
    return is_known(type) && types[type].kind == KIND_FLOAT;
}

bool soma_onnx_is_integer(int32_t type) {
    return is_known(type) && types[type].kind == KIND_INTEGER;
}

static const char *label(const Soma__Onnx__TensorProto *tensor) {
    return tensor->name && *tensor->name ? tensor->name : "without a name";
}

static size_t field_count(const Soma__Onnx__TensorProto *tensor) {
    switch (types[tensor->data_type].field) {
    case FIELD_FLOAT:
        return tensor->n_float_data;
    case FIELD_DOUBLE:
        return tensor->n_double_data;
    case FIELD_INT32:
        return tensor->n_int32_data;
    case FIELD_INT64:
        return tensor->n_int64_data;
    case FIELD_UINT64:
        return tensor->n_uint64_data;
    default:
        return 0;
    }
}

static soma_status check_count(const Soma__Onnx__TensorProto *tensor, size_t count) {
    size_t size = types[tensor->data_type].size, bytes, have;
    if (!soma_multiply_size(count, SOMA_MAX(size, sizeof(double)), &bytes))
        return soma_error(SOMA_INVALID_FILE, "tensor %s: more elements than memory has bytes", label(tensor));
    if (soma_onnx_is_external(tensor)) return SOMA_OK; /* counted when the other file is open */
    if (tensor->has_raw_data) {
        have = tensor->raw_data.len / size;
        if (tensor->raw_data.len == count * size) return SOMA_OK;
    } else if ((have = field_count(tensor)) == count)
        return SOMA_OK;
    return soma_error(SOMA_INVALID_FILE, "tensor %s: its dimensions make %zu elements, its data holds %zu",
                      label(tensor), count, have);
}

soma_status soma_onnx_elements_of(const Soma__Onnx__TensorProto *tensor, soma_onnx_elements *elements) {
    *elements = (soma_onnx_elements){.type = tensor->data_type, .count = 1, .tensor = tensor};
    if (!soma_onnx_is_float(tensor->data_type) && !soma_onnx_is_integer(tensor->data_type))
        return soma_error(SOMA_UNSUPPORTED, "tensor %s: its elements are %s; numbers are read", label(tensor),
                          soma_onnx_describe_type(tensor->data_type).text);
    if (tensor->segment) return soma_error(SOMA_UNSUPPORTED, "tensor %s: comes in segments", label(tensor));
    if (tensor->n_dims > SOMA_ONNX_MAX_RANK)
        return soma_error(SOMA_UNSUPPORTED, "tensor %s: %zu dimensions, at most %d are possible", label(tensor),
                          tensor->n_dims, SOMA_ONNX_MAX_RANK);
    elements->rank = (uint32_t)tensor->n_dims;
    for (uint32_t i = 0; i < elements->rank; i++) {
        if (tensor->dims[i] < 0)
            return soma_error(SOMA_INVALID_FILE, "tensor %s: dimension %u is %" PRId64, label(tensor), i,
                              tensor->dims[i]);
        if (!soma_size_of(tensor->dims[i], &elements->dim[i]) ||
            !soma_multiply_size(elements->count, elements->dim[i], &elements->count))
            return soma_error(SOMA_INVALID_FILE, "tensor %s: more elements than memory has bytes", label(tensor));
    }
    return check_count(tensor, elements->count);
}

/* ---------------------------------------------------------------------------------------------------- reading */

static double from_bits32(uint32_t bits) {
    float value;
    memcpy(&value, &bits, sizeof value);
    return (double)value;
}

static double from_bits64(uint64_t bits) {
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static double from_raw(int32_t type, const uint8_t *at) {
    switch (type) {
    case TYPE(FLOAT):
        return from_bits32(soma_load_le32(at));
    case TYPE(DOUBLE):
        return from_bits64(soma_load_le64(at));
    case TYPE(FLOAT16):
        return (double)soma_float_of_half((uint16_t)(at[0] | at[1] << 8));
    case TYPE(BFLOAT16):
        return from_bits32((uint32_t)(at[0] | at[1] << 8) << 16);
    case TYPE(INT8):
        return (int8_t)at[0];
    case TYPE(INT16):
        return (int16_t)(at[0] | at[1] << 8);
    case TYPE(UINT16):
        return at[0] | at[1] << 8;
    case TYPE(INT32):
        return (int32_t)soma_load_le32(at);
    case TYPE(UINT32):
        return soma_load_le32(at);
    case TYPE(INT64):
        return (double)(int64_t)soma_load_le64(at);
    case TYPE(UINT64):
        return (double)soma_load_le64(at);
    default: /* UINT8, BOOL */
        return at[0];
    }
}

static double from_field(const Soma__Onnx__TensorProto *tensor, size_t i) {
    switch (types[tensor->data_type].field) {
    case FIELD_FLOAT:
        return (double)tensor->float_data[i];
    case FIELD_DOUBLE:
        return tensor->double_data[i];
    case FIELD_INT64:
        return (double)tensor->int64_data[i];
    case FIELD_UINT64:
        return (double)tensor->uint64_data[i];
    default:
        break;
    }
    if (tensor->data_type == TYPE(FLOAT16)) return (double)soma_float_of_half((uint16_t)tensor->int32_data[i]);
    if (tensor->data_type == TYPE(BFLOAT16)) return (double)soma_float_of_bfloat((uint16_t)tensor->int32_data[i]);
    return tensor->int32_data[i];
}

/* Whether its bytes are still in the file. */
static bool is_stored(const Soma__Onnx__TensorProto *tensor) {
    return tensor->has_raw_data && tensor->raw_data.len && !tensor->raw_data.data && !soma_onnx_is_external(tensor);
}

soma_status soma_onnx_reader_open(const soma_onnx_file *file, const soma_onnx_elements *elements,
                                  soma_onnx_reader *reader) {
    const Soma__Onnx__TensorProto *tensor = elements->tensor;
    *reader = (soma_onnx_reader){.elements = elements};
    if (!tensor || elements->count == 0) return SOMA_OK;
    if (soma_onnx_is_external(tensor)) {
        size_t size = (elements->equal ? 1 : elements->count) * types[elements->type].size;
        SOMA_TRY(soma_onnx_read_external(file, tensor, size, &reader->owned));
        reader->raw = reader->owned;
    } else if (tensor->has_raw_data)
        reader->raw = tensor->raw_data.data;
    if (!is_stored(tensor)) return SOMA_OK;
    reader->owned = soma_malloc(tensor->raw_data.len);
    if (!reader->owned) return soma_out_of_memory(tensor->raw_data.len, label(tensor));
    reader->raw = reader->owned;
    soma_status status = soma_onnx_read_stored(file, tensor, 0, tensor->raw_data.len, reader->owned);
    if (status != SOMA_OK) soma_onnx_reader_close(reader);
    return status;
}

double soma_onnx_read(const soma_onnx_reader *reader, size_t i) {
    const soma_onnx_elements *elements = reader->elements;
    if (elements->equal) i = 0;
    if (reader->raw) return from_raw(elements->type, reader->raw + i * types[elements->type].size);
    if (elements->tensor) return from_field(elements->tensor, i);
    if (elements->floats) return (double)elements->floats[i];
    if (elements->integers) return (double)elements->integers[i];
    return elements->doubles ? elements->doubles[i] : NAN; /* words: no rule takes them for numbers */
}

void soma_onnx_read_range(const soma_onnx_reader *reader, size_t first, size_t count, double *numbers) {
    const soma_onnx_elements *elements = reader->elements;
    const bool raw = reader->raw && !elements->equal && elements->type == TYPE(FLOAT);
    const bool made = elements->doubles && !elements->equal && !reader->raw && !elements->tensor && !elements->floats &&
                      !elements->integers;
    if (made)
        memcpy(numbers, elements->doubles + first, count * sizeof *numbers);
    else if (raw)
        for (size_t i = 0; i < count; i++)
            numbers[i] = from_bits32(soma_load_le32(reader->raw + (first + i) * sizeof(float)));
    else
        for (size_t i = 0; i < count; i++) numbers[i] = soma_onnx_read(reader, first + i);
}

void soma_onnx_reader_close(soma_onnx_reader *reader) {
    soma_free(reader->owned);
    reader->owned = NULL;
}

/* Floats as they are, without a copy in between. */
soma_status soma_onnx_read_some_floats(const soma_onnx_file *file, const soma_onnx_elements *elements, size_t first,
                                       size_t count, float *values) {
    const Soma__Onnx__TensorProto *tensor = elements->tensor;
    const size_t from = first * sizeof *values, size = count * sizeof *values;
    if (is_stored(tensor))
        SOMA_TRY(soma_onnx_read_stored(file, tensor, from, size, values));
    else
        memcpy(values, tensor->raw_data.data + from, size);
    for (size_t i = 0; i < count; i++) { /* of a file that is little-endian */
        uint8_t bytes[sizeof *values];
        memcpy(bytes, &values[i], sizeof bytes);
        const uint32_t bits = soma_load_le32(bytes);
        memcpy(&values[i], &bits, sizeof bits);
    }
    return SOMA_OK;
}

/* Whether raw_data is the elements, all of them. */
bool soma_onnx_is_plain_floats(const soma_onnx_elements *elements) {
    const Soma__Onnx__TensorProto *tensor = elements->tensor;
    return tensor && elements->type == TYPE(FLOAT) && !elements->equal && !soma_onnx_is_external(tensor) &&
           tensor->has_raw_data && elements->count && tensor->raw_data.len == elements->count * sizeof(float);
}

soma_status soma_onnx_read_floats(const soma_onnx_file *file, const soma_onnx_elements *elements, float *values) {
    soma_onnx_reader reader;
    if (soma_onnx_is_plain_floats(elements))
        return soma_onnx_read_some_floats(file, elements, 0, elements->count, values);
    SOMA_TRY(soma_onnx_reader_open(file, elements, &reader));
    double numbers[256] = {0};
    size_t at = 0, last = 0;
    bool fits = true;
    while (fits && last < elements->count) {
        const size_t first = last;
        last += SOMA_MIN(elements->count - first, SOMA_COUNT_OF(numbers));
        soma_onnx_read_range(&reader, first, last - first, numbers);
        for (at = 0; at < last - first && fits; at += fits) {
            fits = !soma_is_beyond_float(numbers[at]);
            if (fits) values[first + at] = (float)numbers[at];
        }
        if (!fits) at += first;
    }
    soma_onnx_reader_close(&reader);
    if (fits) return SOMA_OK;
    return soma_error(SOMA_INVALID_FILE, "tensor %s: element %zu is %.9g; " SOMA_BEYOND_FLOAT,
                      elements->tensor ? label(elements->tensor) : "given", at, numbers[at % SOMA_COUNT_OF(numbers)]);
}

/* Whole numbers of 64 bits: the largest stands for "to the end". */
static bool read_exactly(const soma_onnx_reader *reader, size_t i, int64_t *value) {
    const soma_onnx_elements *elements = reader->elements;
    if (elements->type != TYPE(INT64) || elements->doubles) return false;
    if (elements->equal) i = 0;
    if (reader->raw)
        *value = (int64_t)soma_load_le64(reader->raw + 8 * i);
    else
        *value = elements->tensor ? elements->tensor->int64_data[i] : elements->integers[i];
    return true;
}

soma_status soma_onnx_read_integers(const soma_onnx_file *file, const soma_onnx_elements *elements, int64_t *values) {
    soma_onnx_reader reader;
    SOMA_TRY(soma_onnx_reader_open(file, elements, &reader));
    bool fits = true;
    for (size_t i = 0; fits && i < elements->count; i++) {
        if (read_exactly(&reader, i, &values[i])) continue;
        double value = soma_onnx_read(&reader, i); /* exact below 2^53 */
        fits = fabs(value) < 0x1p53 && value == floor(value);
        if (fits) values[i] = (int64_t)value;
    }
    soma_onnx_reader_close(&reader);
    if (fits) return SOMA_OK;
    return soma_error(SOMA_INVALID_FILE, "tensor %s: a whole number below 2^53 was expected",
                      elements->tensor ? label(elements->tensor) : "given");
}
