/* SPDX-License-Identifier: MIT */
/* Structs of options from dicts, and figures back into them. */
#include "_soma.h"

#include <string.h>

int soma_py_name(soma_names names, const char *what, PyObject *text, int *value) {
    Py_ssize_t length;
    const char *name = PyUnicode_AsUTF8AndSize(text, &length);
    if (!name) return -1;
    if (soma_value_of_name(names, name, (size_t)length, value)) return 0;
    PyObject *list = PyUnicode_FromString("");
    for (int i = 0; list && i <= SOMA_SOFTMAX; i++) {
        const char *known = soma_name(names, i);
        if (!known) continue;
        PyObject *longer = PyUnicode_FromFormat("%U%s%s", list, PyUnicode_GetLength(list) ? ", " : "", known);
        Py_DECREF(list);
        list = longer;
    }
    if (list) PyErr_Format(PyExc_ValueError, "%s: '%U' is none of %U", what, text, list);
    Py_XDECREF(list);
    return -1;
}

static int fill_number(const soma_py_field *field, PyObject *value, void *place) {
    double number = PyFloat_AsDouble(value);
    if (number == -1 && PyErr_Occurred()) return -1;
    if (field->kind == SOMA_PY_COEFFICIENT && number == 0) number = -1;
    if (field->kind == SOMA_PY_DOUBLE) memcpy(place, &number, sizeof number);
    float single = (float)number;
    if (field->kind != SOMA_PY_DOUBLE) memcpy(place, &single, sizeof single);
    return 0;
}

int soma_py_whole(const char *what, PyObject *value, unsigned long long most, unsigned long long *number) {
    PyObject *index = PyNumber_Index(value);
    if (!index) return -1;
    *number = PyLong_AsUnsignedLongLong(index);
    const bool is_beyond = PyErr_Occurred() && PyErr_ExceptionMatches(PyExc_OverflowError);
    if (is_beyond) PyErr_Clear();
    if (is_beyond || (!PyErr_Occurred() && *number > most))
        PyErr_Format(PyExc_ValueError, "%s is %S; accepted: whole numbers from 0 to %llu", what, index, most);
    Py_DECREF(index);
    return PyErr_Occurred() ? -1 : 0;
}

static int fill_whole(const soma_py_field *field, PyObject *value, void *place) {
    const unsigned long long most = field->kind == SOMA_PY_UINT32 ? UINT32_MAX
                                    : field->kind == SOMA_PY_SIZE ? SIZE_MAX
                                                                  : UINT64_MAX;
    unsigned long long number = 0;
    if (soma_py_whole(field->key, value, most, &number)) return -1;
    if (field->kind == SOMA_PY_UINT32)
        *(uint32_t *)place = (uint32_t)number;
    else if (field->kind == SOMA_PY_SIZE)
        *(size_t *)place = (size_t)number;
    else
        *(uint64_t *)place = number;
    return 0;
}

static int fill_field(const soma_py_field *field, PyObject *value, void *place) {
    switch (field->kind) {
    case SOMA_PY_FLOAT:
    case SOMA_PY_COEFFICIENT:
    case SOMA_PY_DOUBLE:
        return fill_number(field, value, place);
    case SOMA_PY_BOOL: {
        int truth = PyObject_IsTrue(value);
        if (truth < 0) return -1;
        *(bool *)place = truth;
        return 0;
    }
    case SOMA_PY_TEXT:
        *(const char **)place = PyUnicode_AsUTF8AndSize(value, NULL);
        return *(const char **)place ? 0 : -1;
    case SOMA_PY_NAME:
        return soma_py_name(field->names, field->key, value, place);
    default:
        return fill_whole(field, value, place);
    }
}

int soma_py_fill(const char *what, const soma_py_field *fields, PyObject *dict, void *target) {
    PyObject *key, *value;
    Py_ssize_t at = 0;
    if (!dict || dict == Py_None) return 0;
    while (PyDict_Next(dict, &at, &key, &value)) {
        const soma_py_field *field = fields;
        const char *name = PyUnicode_AsUTF8AndSize(key, NULL);
        if (!name) return -1;
        while (field->key && strcmp(field->key, name) != 0) field++;
        if (!field->key) {
            PyErr_Format(PyExc_TypeError, "%s: there is no argument '%U'", what, key);
            return -1;
        }
        if (value != Py_None && fill_field(field, value, (char *)target + field->offset)) return -1;
    }
    return 0;
}

PyObject *soma_py_sizes(uint32_t rank, const size_t *shape) {
    PyObject *tuple = PyTuple_New((Py_ssize_t)rank);
    for (uint32_t i = 0; tuple && i < rank; i++)
        if (PyTuple_SetItem(tuple, (Py_ssize_t)i, PyLong_FromSize_t(shape[i]))) Py_CLEAR(tuple);
    return tuple;
}

int soma_py_put(PyObject *dict, const char *key, PyObject *value) {
    int result = value ? PyDict_SetItemString(dict, key, value) : -1;
    Py_XDECREF(value);
    return result;
}

PyObject *soma_py_metrics(const soma_metrics *metrics) {
    PyObject *dict = PyDict_New();
    if (dict && soma_py_put(dict, "loss", PyFloat_FromDouble(metrics->loss))) Py_CLEAR(dict);
    for (uint32_t i = 0; dict && i < metrics->metric_count; i++)
        if (soma_py_put(dict, metrics->metric_name[i], PyFloat_FromDouble(metrics->metric[i]))) Py_CLEAR(dict);
    return dict;
}
