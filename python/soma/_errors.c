/* SPDX-License-Identifier: MIT */
/* Exceptions: soma.Error, and one class for each status, which is one of Python's own kinds too. */
#include "_soma.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

static PyObject *base_error, *errors[SOMA_STATUS_COUNT];

/* What else it is, so that `except ValueError` catches what one expects it to. */
static PyObject *kind_of(soma_status status) {
    switch (status) {
    case SOMA_INVALID_ARGUMENT:
    case SOMA_INVALID_SHAPE:
    case SOMA_INVALID_FILE:
        return PyExc_ValueError;
    case SOMA_OUT_OF_MEMORY:
    case SOMA_OUT_OF_DEVICE_MEMORY:
        return PyExc_MemoryError;
    case SOMA_IO:
        return PyExc_OSError;
    case SOMA_UNSUPPORTED:
        return PyExc_NotImplementedError;
    case SOMA_NOT_FINITE:
        return PyExc_ArithmeticError;
    case SOMA_NO_DEVICE:
        return PyExc_LookupError;
    default:
        return PyExc_RuntimeError;
    }
}

/* "SOMA_INVALID_SHAPE" is soma.InvalidShapeError, SOMA_IO soma.IOError. */
static void class_name(soma_status status, char *name, size_t size) {
    size_t length = (size_t)snprintf(name, size, "soma.");
    const char *word = soma_status_name(status) + strlen("SOMA_");
    while (*word && length + sizeof "Error" < size) {
        size_t span = strcspn(word, "_");
        bool acronym = strncmp(word, "IO", span) == 0 || strncmp(word, "ABI", span) == 0;
        for (size_t i = 0; i < span && length + sizeof "Error" < size; i++)
            name[length++] = (char)(i == 0 || acronym ? word[i] : tolower((unsigned char)word[i]));
        word += span + (word[span] == '_');
    }
    snprintf(name + length, size - length, "Error");
}

static PyObject *make_class(soma_status status) {
    char name[64];
    class_name(status, name, sizeof name);
    PyObject *bases = PyTuple_Pack(2, base_error, kind_of(status));
    PyObject *members = bases ? Py_BuildValue("{s:i}", "status", (int)status) : NULL;
    PyObject *made = members ? PyErr_NewExceptionWithDoc(name, soma_status_text(status), bases, members) : NULL;
    Py_XDECREF(members);
    Py_XDECREF(bases);
    return made;
}

int soma_py_add_errors(PyObject *module) {
    base_error =
        PyErr_NewExceptionWithDoc("soma.Error", "What all errors of soma are; `status` is the code.", NULL, NULL);
    if (!base_error || PyModule_AddObjectRef(module, "Error", base_error)) return -1;
    for (int status = SOMA_INVALID_ARGUMENT; status < SOMA_STATUS_COUNT; status++) {
        char name[64];
        class_name((soma_status)status, name, sizeof name);
        errors[status] = make_class((soma_status)status);
        if (!errors[status] || PyModule_AddObjectRef(module, name + 5, errors[status])) return -1;
    }
    return 0;
}

PyObject *soma_py_raise(soma_status status) {
    PyObject *class = (unsigned)status < SOMA_STATUS_COUNT && errors[status] ? errors[status] : base_error;
    const char *detail = soma_last_error();
    PyErr_SetString(class, *detail ? detail : soma_status_text(status));
    return NULL;
}

PyObject *soma_py_add_type(PyObject *module, PyType_Spec *spec) {
    PyObject *type = PyType_FromSpec(spec);
    if (!type) return NULL;
    const char *name = spec->name;
    for (const char *c = name; *c; c++)
        if (*c == '.') name = c + 1;
    if (PyModule_AddObjectRef(module, name, type)) Py_CLEAR(type);
    return type;
}
