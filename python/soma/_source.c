/* SPDX-License-Identifier: MIT */
/* Reading numbers of other objects: by the buffer protocol, by DLPack, with any strides and of any kind. */
#include "_soma.h"

#include <math.h>
#include <string.h>

size_t soma_py_kind_size(char kind) {
    switch (kind) {
    case '?':
    case 'b':
    case 'B':
        return 1;
    case 'e':
    case 'w':
    case 'h':
    case 'H':
        return 2;
    case 'f':
    case 'i':
    case 'I':
        return 4;
    default:
        return 8;
    }
}

/* A format of the buffer protocol as a kind; 0 for what is none, as of structs and of foreign byte orders. */
static char kind_of_format(const char *format, Py_ssize_t size) {
    bool little = true;
    if (!format) return size == 1 ? 'B' : 0;
    if (*format == '@' || *format == '=' || *format == '<')
        format++;
    else if (*format == '>' || *format == '!')
        little = false, format++;
    if (!format[0] || format[1] || (!little && size > 1)) return 0;
    switch (*format) {
    case 'f':
    case 'd':
    case 'e':
    case '?':
        return *format;
    case 'b':
    case 'h':
    case 'i':
    case 'l':
    case 'q':
    case 'n':
        return size == 1 ? 'b' : size == 2 ? 'h' : size == 4 ? 'i' : size == 8 ? 'q' : 0;
    case 'B':
    case 'H':
    case 'I':
    case 'L':
    case 'Q':
    case 'N':
    case 'c':
        return size == 1 ? 'B' : size == 2 ? 'H' : size == 4 ? 'I' : size == 8 ? 'Q' : 0;
    default:
        return 0;
    }
}

static int open_buffer(PyObject *object, soma_py_source *source) {
    if (PyObject_GetBuffer(object, &source->view, PyBUF_RECORDS_RO)) return source->view.obj = NULL, -1;
    const Py_buffer *view = &source->view;
    source->data = view->buf;
    source->rank = view->ndim;
    source->kind = kind_of_format(view->format, view->itemsize);
    if (!source->kind) {
        PyErr_Format(PyExc_TypeError, "an array of numbers is wanted, this one has elements of format '%s'",
                     view->format);
        return -1;
    }
    if (view->ndim > SOMA_MAX_RANK) {
        PyErr_Format(PyExc_ValueError, "an array has at most %d dimensions, got one of %d", SOMA_MAX_RANK, view->ndim);
        return -1;
    }
    for (int i = 0; i < view->ndim; i++) source->shape[i] = view->shape[i], source->strides[i] = view->strides[i];
    return 0;
}

/* What offers neither, as a table of pandas, may have NumPy's way to become an array. */
static int open_array(PyObject *object, soma_py_source *source) {
    PyObject *array = PyObject_CallMethod(object, "__array__", NULL);
    if (!array) return -1;
    int result = -1;
    if (PyObject_CheckBuffer(array))
        result = open_buffer(array, source);
    else
        PyErr_SetString(PyExc_TypeError, "__array__() gave no array");
    Py_DECREF(array); /* the view holds it */
    return result;
}

int soma_py_source_open(PyObject *object, soma_py_source *source) {
    int result = -1;
    *source = (soma_py_source){.data = NULL};
    if (PyObject_CheckBuffer(object))
        result = open_buffer(object, source);
    else if (PyObject_HasAttrString(object, "__dlpack__"))
        result = soma_py_dlpack_open(object, source);
    else if (PyObject_HasAttrString(object, "__array__"))
        result = open_array(object, source);
    else
        PyErr_Format(PyExc_TypeError,
                     "an array is wanted (anything with the buffer protocol, __dlpack__ or __array__)");
    if (result) soma_py_source_close(source);
    return result;
}

void soma_py_source_close(soma_py_source *source) {
    if (source->view.obj) PyBuffer_Release(&source->view);
    Py_CLEAR(source->lender);
}

bool soma_py_source_is_packed(const soma_py_source *source) {
    Py_ssize_t step = (Py_ssize_t)soma_py_kind_size(source->kind);
    if ((uintptr_t)source->data % soma_py_kind_size(source->kind)) return false;
    for (Py_ssize_t i = source->rank; i-- > 0; step *= source->shape[i])
        if (source->shape[i] > 1 && source->strides[i] != step) return false;
    return true;
}

/* ---------------------------------------------------------------------------------------------------- conversion */

static float half_to_float(uint16_t bits) {
    int exponent = bits >> 10 & 31;
    float mantissa = (float)(bits & 1023), value;
    if (exponent == 0)
        value = ldexpf(mantissa, -24);
    else if (exponent == 31)
        value = mantissa > 0 ? NAN : INFINITY;
    else
        value = ldexpf(mantissa + 1024, exponent - 25);
    return bits & 0x8000 ? -value : value;
}

static float bfloat_to_float(uint16_t bits) {
    uint32_t wide = (uint32_t)bits << 16;
    float value;
    memcpy(&value, &wide, sizeof value);
    return value;
}

/* A row of numbers, `stride` bytes apart, which need not be aligned. */
#define ROW(type, value)                                                                                               \
    for (Py_ssize_t i = 0; i < count; i++) {                                                                           \
        type number;                                                                                                   \
        memcpy(&number, from + i * stride, sizeof number);                                                             \
        to[i] = (value);                                                                                               \
    }                                                                                                                  \
    break

#define ROWS(target, half, bfloat)                                                                                     \
    switch (kind) {                                                                                                    \
    case 'f':                                                                                                          \
        ROW(float, (target)number);                                                                                    \
    case 'd':                                                                                                          \
        ROW(double, (target)number);                                                                                   \
    case 'e':                                                                                                          \
        ROW(uint16_t, half(number));                                                                                   \
    case 'w':                                                                                                          \
        ROW(uint16_t, bfloat(number));                                                                                 \
    case '?':                                                                                                          \
        ROW(uint8_t, (target)(number != 0));                                                                           \
    case 'b':                                                                                                          \
        ROW(int8_t, (target)number);                                                                                   \
    case 'B':                                                                                                          \
        ROW(uint8_t, (target)number);                                                                                  \
    case 'h':                                                                                                          \
        ROW(int16_t, (target)number);                                                                                  \
    case 'H':                                                                                                          \
        ROW(uint16_t, (target)number);                                                                                 \
    case 'i':                                                                                                          \
        ROW(int32_t, (target)number);                                                                                  \
    case 'I':                                                                                                          \
        ROW(uint32_t, (target)number);                                                                                 \
    case 'q':                                                                                                          \
        ROW(int64_t, (target)number);                                                                                  \
    default:                                                                                                           \
        ROW(uint64_t, (target)number);                                                                                 \
    }

static void row_to_float(char kind, const char *from, Py_ssize_t stride, Py_ssize_t count, float *to) {
    ROWS(float, half_to_float, bfloat_to_float)
}

static void row_to_double(char kind, const char *from, Py_ssize_t stride, Py_ssize_t count, double *to) {
    ROWS(double, half_to_float, bfloat_to_float)
}

static int row_to_whole(char kind, const char *from, Py_ssize_t stride, Py_ssize_t count, int32_t *to) {
    for (Py_ssize_t i = 0; i < count; i++) {
        double number;
        row_to_double(kind, from + i * stride, stride, 1, &number);
        if (!(number >= INT32_MIN && number <= INT32_MAX) || number != floor(number)) {
            PyObject *value = PyFloat_FromDouble(number);
            if (value) PyErr_Format(PyExc_ValueError, "%S is no class number; these are whole, from 0 on", value);
            Py_XDECREF(value);
            return -1;
        }
        to[i] = (int32_t)number;
    }
    return 0;
}

static void row_as_it_is(const char *from, Py_ssize_t stride, Py_ssize_t count, size_t size, char *to) {
    for (Py_ssize_t i = 0; i < count; i++) memcpy(to + (size_t)i * size, from + i * stride, size);
}

static int convert_row(char kind, const char *from, Py_ssize_t stride, Py_ssize_t count, soma_dtype dtype, void *to) {
    if (dtype == SOMA_I32) return row_to_whole(kind, from, stride, count, to);
    if (dtype == SOMA_F32)
        row_to_float(kind, from, stride, count, to);
    else /* it is of that type already */
        row_as_it_is(from, stride, count, soma_dtype_size(dtype), to);
    return 0;
}

int soma_py_source_convert(const soma_py_source *source, soma_dtype dtype, void *target) {
    Py_ssize_t last = source->rank - 1, at[SOMA_MAX_RANK] = {0};
    Py_ssize_t length = source->rank ? source->shape[last] : 1, stride = source->rank ? source->strides[last] : 0;
    const char *from = source->data;
    char *to = target;
    for (Py_ssize_t i = 0; i < source->rank; i++)
        if (source->shape[i] == 0) return 0;
    for (;;) {
        if (convert_row(source->kind, from, stride, length, dtype, to)) return -1;
        to += (size_t)length * soma_dtype_size(dtype);
        Py_ssize_t i = last - 1;
        for (; i >= 0; i--) { /* the next row, as an odometer counts */
            from += source->strides[i];
            if (++at[i] < source->shape[i]) break;
            from -= source->shape[i] * source->strides[i];
            at[i] = 0;
        }
        if (i < 0) return 0;
    }
}
