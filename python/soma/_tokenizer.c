/* SPDX-License-Identifier: MIT */
/* Tokenizers, for soma/tokenizer.py. */
#include "_soma.h"

#include <soma/tokenizer.h>

typedef struct soma_py_tokenizer {
    PyObject_HEAD soma_tokenizer *tokenizer;
} soma_py_tokenizer;

static PyObject *finish(PyObject *class, soma_status status, soma_tokenizer *tokenizer) {
    if (status != SOMA_OK) return soma_py_raise(status);
    soma_py_tokenizer *self = (soma_py_tokenizer *)PyType_GenericAlloc((PyTypeObject *)class, 0);
    if (self)
        self->tokenizer = tokenizer;
    else
        soma_tokenizer_destroy(tokenizer);
    return (PyObject *)self;
}

static PyObject *load(PyObject *class, PyObject *arguments) {
    PyObject *path;
    soma_tokenizer *tokenizer = NULL;
    soma_status status;
    if (!PyArg_ParseTuple(arguments, "O&", PyUnicode_FSConverter, &path)) return NULL;
    const char *name = PyBytes_AsString(path);
    SOMA_PY_UNLOCKED(status = soma_tokenizer_load(name, &tokenizer));
    Py_DECREF(path);
    return finish(class, status, tokenizer);
}

static PyObject *train(PyObject *class, PyObject *arguments) {
    PyObject *path;
    Py_ssize_t vocabulary, least;
    soma_tokenizer *tokenizer = NULL;
    soma_status status;
    if (!PyArg_ParseTuple(arguments, "O&nn", PyUnicode_FSConverter, &path, &vocabulary, &least)) return NULL;
    const soma_tokenizer_options options = {.vocabulary = (size_t)vocabulary, .least = (uint64_t)least};
    const char *name = PyBytes_AsString(path);
    SOMA_PY_UNLOCKED(status = soma_tokenizer_train(name, &options, &tokenizer));
    Py_DECREF(path);
    return finish(class, status, tokenizer);
}

static void free_tokenizer(PyObject *object) {
    PyTypeObject *type = Py_TYPE(object);
    soma_tokenizer_destroy(((soma_py_tokenizer *)object)->tokenizer);
    PyObject_Free(object);
    Py_DECREF(type);
}

static PyObject *save(PyObject *object, PyObject *arguments) {
    PyObject *path;
    soma_status status;
    if (!PyArg_ParseTuple(arguments, "O&", PyUnicode_FSConverter, &path)) return NULL;
    const char *name = PyBytes_AsString(path);
    SOMA_PY_UNLOCKED(status = soma_tokenizer_save(((soma_py_tokenizer *)object)->tokenizer, name));
    Py_DECREF(path);
    return status == SOMA_OK ? Py_NewRef(Py_None) : soma_py_raise(status);
}

PyObject *soma_py_numbers(const int32_t *numbers, size_t count) {
    PyObject *list = PyList_New((Py_ssize_t)count);
    for (size_t i = 0; list && i < count; i++) {
        PyObject *number = PyLong_FromLong(numbers[i]);
        if (!number || PyList_SetItem(list, (Py_ssize_t)i, number)) Py_CLEAR(list);
    }
    return list;
}

/* encode(bytes): a list of numbers. */
static PyObject *encode(PyObject *object, PyObject *arguments) {
    const char *text;
    Py_ssize_t length;
    int32_t *numbers = NULL;
    size_t count = 0;
    soma_status status;
    if (!PyArg_ParseTuple(arguments, "y#", &text, &length)) return NULL;
    const soma_tokenizer *tokenizer = ((soma_py_tokenizer *)object)->tokenizer;
    SOMA_PY_UNLOCKED(status = soma_tokenizer_encode(tokenizer, text, (size_t)length, &numbers, &count));
    if (status != SOMA_OK) return soma_py_raise(status);
    PyObject *list = soma_py_numbers(numbers, count);
    soma_free(numbers);
    return list;
}

/* decode(number, whether it begins a text): bytes. */
static PyObject *decode(PyObject *object, PyObject *arguments) {
    char text[SOMA_TOKEN_BYTES];
    size_t length = 0;
    Py_ssize_t number;
    int first;
    if (!PyArg_ParseTuple(arguments, "np", &number, &first)) return NULL;
    if (number < 0) return PyErr_Format(PyExc_ValueError, "token %zd; numbers are from 0 on", number);
    soma_status status =
        soma_tokenizer_decode(((soma_py_tokenizer *)object)->tokenizer, (size_t)number, first != 0, text, &length);
    return status == SOMA_OK ? PyBytes_FromStringAndSize(text, (Py_ssize_t)length) : soma_py_raise(status);
}

static Py_ssize_t size_of(PyObject *object) {
    return (Py_ssize_t)soma_tokenizer_size(((soma_py_tokenizer *)object)->tokenizer);
}

PyType_Spec *soma_py_tokenizer_spec(void) {
    static PyMethodDef methods[] = {{"load", load, METH_VARARGS | METH_CLASS, "load(path)"},
                                    {"train", train, METH_VARARGS | METH_CLASS, "train(path, vocabulary, least)"},
                                    {"save", save, METH_VARARGS, "save(path)"},
                                    {"encode", encode, METH_VARARGS, "encode(bytes): a list of numbers"},
                                    {"decode", decode, METH_VARARGS, "decode(number, whether it begins a text): bytes"},
                                    {NULL, NULL, 0, NULL}};
    static PyType_Slot slots[] = {{Py_tp_doc, "A tokenizer of the library."},
                                  {Py_tp_dealloc, free_tokenizer},
                                  {Py_tp_methods, methods},
                                  {Py_sq_length, size_of},
                                  {0, NULL}};
    static PyType_Spec spec = {.name = "soma._soma.Tokenizer",
                               .basicsize = sizeof(soma_py_tokenizer),
                               .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION,
                               .slots = slots};
    return &spec;
}
