/* SPDX-License-Identifier: MIT */
/* Building a network, whose tensors are known here by numbers; and its parameters. */
#include "_soma.h"

#include <string.h>

/* The number of a tensor that a builder has made; of NULL, the error that it has recorded. */
static PyObject *number_of(soma_py_network *self, soma_tensor *tensor) {
    if (!tensor) return soma_py_raise(soma_network_status(self->network));
    size_t bytes = (size_t)(self->tensor_count + 1) * sizeof(soma_tensor *);
    soma_tensor **more = PyMem_Realloc(self->tensors, bytes);
    if (!more) return PyErr_NoMemory();
    self->tensors = more;
    more[self->tensor_count] = tensor;
    return PyLong_FromSsize_t(self->tensor_count++);
}

static soma_tensor *tensor_of(soma_py_network *self, Py_ssize_t number) {
    if (number >= 0 && number < self->tensor_count) return self->tensors[number];
    PyErr_Format(PyExc_IndexError, "there is no tensor number %zd", number);
    return NULL;
}

PyObject *soma_py_network_input(PyObject *object, PyObject *arguments) {
    soma_py_network *self = (soma_py_network *)object;
    PyObject *sizes;
    const char *name = NULL;
    size_t shape[SOMA_MAX_RANK] = {0};
    if (!PyArg_ParseTuple(arguments, "O!|z", &PyTuple_Type, &sizes, &name)) return NULL;
    Py_ssize_t rank = PyTuple_Size(sizes);
    for (Py_ssize_t i = 0; i < rank && i < SOMA_MAX_RANK; i++) {
        shape[i] = PyLong_AsSize_t(PyTuple_GetItem(sizes, i));
        if (PyErr_Occurred()) return NULL;
    }
    return number_of(self, soma_input(self->network, name, (uint32_t)rank, shape));
}

PyObject *soma_py_network_layers(PyObject *object, PyObject *arguments) {
    soma_py_network *self = (soma_py_network *)object;
    Py_ssize_t number;
    const char *text;
    if (!PyArg_ParseTuple(arguments, "ns", &number, &text)) return NULL;
    soma_tensor *x = tensor_of(self, number);
    return x ? number_of(self, soma_layers(x, text)) : NULL;
}

/* Of two tensors, by the name of what is done with them. */
static soma_tensor *(*find_binary(const char *how))(soma_tensor *x, soma_tensor *y) {
    static const struct {
        const char *name;
        soma_tensor *(*build)(soma_tensor *x, soma_tensor *y);
    } rows[] = {{"add", soma_add},       {"subtract", soma_subtract}, {"multiply", soma_multiply},
                {"divide", soma_divide}, {"maximum", soma_maximum},   {"minimum", soma_minimum},
                {"mask", soma_mask}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (strcmp(how, rows[i].name) == 0) return rows[i].build;
    return NULL;
}

#define MOST_JOINED 64
PyObject *soma_py_network_join(PyObject *object, PyObject *arguments) {
    soma_py_network *self = (soma_py_network *)object;
    const char *how;
    PyObject *numbers;
    soma_tensor *joined[MOST_JOINED];
    unsigned axis = 0;
    if (!PyArg_ParseTuple(arguments, "sO!|I", &how, &PyTuple_Type, &numbers, &axis)) return NULL;
    Py_ssize_t count = PyTuple_Size(numbers);
    soma_tensor *(*build)(soma_tensor *, soma_tensor *) = find_binary(how);
    if (count < 2 || count > MOST_JOINED)
        return PyErr_Format(PyExc_ValueError, "%s: from 2 to %d tensors are wanted, got %zd", how, MOST_JOINED, count);
    if (!build && strcmp(how, "concatenate") != 0)
        return PyErr_Format(PyExc_ValueError, "there is no way to join tensors called '%s'", how);
    for (Py_ssize_t i = 0; i < count; i++) {
        Py_ssize_t number = PyLong_AsSsize_t(PyTuple_GetItem(numbers, i));
        if (number == -1 && PyErr_Occurred()) return NULL;
        if (!(joined[i] = tensor_of(self, number))) return NULL;
    }
    if (!build) return number_of(self, soma_concat(joined, (size_t)count, axis));
    for (Py_ssize_t i = 1; i < count; i++) joined[0] = build(joined[0], joined[i]);
    return number_of(self, joined[0]);
}

PyObject *soma_py_network_mark(PyObject *object, PyObject *arguments) {
    soma_py_network *self = (soma_py_network *)object;
    Py_ssize_t number;
    const char *name = NULL;
    int output = 0;
    if (!PyArg_ParseTuple(arguments, "n|zp", &number, &name, &output)) return NULL;
    soma_tensor *x = tensor_of(self, number);
    if (!x) return NULL;
    if (name) x = soma_named(x, name);
    if (output) x = soma_output(x);
    if (!x) return soma_py_raise(soma_network_status(self->network));
    Py_RETURN_NONE;
}

PyObject *soma_py_network_shape(PyObject *object, PyObject *number) {
    soma_py_network *self = (soma_py_network *)object;
    size_t shape[SOMA_MAX_RANK];
    Py_ssize_t at = PyLong_AsSsize_t(number);
    if (at == -1 && PyErr_Occurred()) return NULL;
    const soma_tensor *x = tensor_of(self, at);
    if (!x) return NULL;
    return soma_py_sizes(soma_tensor_shape(x, shape), shape);
}

/* ------------------------------------------------------------------------------------------------------- parameters */

PyObject *soma_py_network_parameters(PyObject *object, PyObject *unused) {
    const soma_network *network = ((soma_py_network *)object)->network;
    PyObject *list = PyList_New(0);
    (void)unused;
    for (size_t i = 0; list && i < soma_network_parameter_count(network); i++) {
        PyObject *name = PyUnicode_FromString(soma_tensor_name(soma_network_parameter(network, i)));
        if (!name || PyList_Append(list, name)) Py_CLEAR(list);
        Py_XDECREF(name);
    }
    return list;
}

/* NULL, with an exception: KeyError. */
static soma_tensor *parameter_called(soma_py_network *self, PyObject *name) {
    const char *text = PyUnicode_AsUTF8AndSize(name, NULL);
    if (!text) return NULL;
    for (size_t i = 0; i < soma_network_parameter_count(self->network); i++) {
        soma_tensor *parameter = soma_network_parameter(self->network, i);
        if (strcmp(soma_tensor_name(parameter), text) == 0) return parameter;
    }
    PyErr_SetObject(PyExc_KeyError, name);
    return NULL;
}

PyObject *soma_py_network_get_parameter(PyObject *object, PyObject *name) {
    soma_py_network *self = (soma_py_network *)object;
    size_t shape[SOMA_MAX_RANK];
    const soma_tensor *parameter = parameter_called(self, name);
    if (!parameter) return NULL;
    uint32_t rank = soma_tensor_shape(parameter, shape);
    soma_py_array *array = soma_py_array_new(SOMA_F32, rank, shape);
    if (!array) return NULL;
    if (soma_py_network_enter(self)) return Py_DECREF(array), NULL;
    soma_status status;
    SOMA_PY_UNLOCKED(status = soma_get_parameter(self->network, parameter, array->own, soma_py_array_count(array)));
    soma_py_network_leave(self);
    if (status == SOMA_OK) return (PyObject *)array;
    Py_DECREF(array);
    return soma_py_raise(status);
}

PyObject *soma_py_network_set_parameter(PyObject *object, PyObject *arguments) {
    soma_py_network *self = (soma_py_network *)object;
    PyObject *name, *values;
    if (!PyArg_ParseTuple(arguments, "OO", &name, &values)) return NULL;
    soma_tensor *parameter = parameter_called(self, name);
    soma_py_array *array = parameter ? soma_py_array_of(values, SOMA_F32) : NULL;
    if (!array) return NULL;
    size_t shape[SOMA_MAX_RANK];
    uint32_t rank = soma_tensor_shape(parameter, shape);
    bool same = rank == array->array.rank;
    for (uint32_t i = 0; same && i < rank; i++) same = shape[i] == array->array.shape[i];
    if (!same) {
        PyObject *wanted = soma_py_network_get_parameter(object, name);
        PyErr_Format(PyExc_ValueError, "%U has the shape of %R, got %R", name, wanted ? wanted : Py_None, array);
        Py_XDECREF(wanted);
        Py_DECREF(array);
        return NULL;
    }
    soma_status status = SOMA_OK;
    int entered = soma_py_network_enter(self);
    if (!entered) {
        SOMA_PY_UNLOCKED(
            status = soma_set_parameter(self->network, parameter, array->array.data, soma_py_array_count(array)));
        soma_py_network_leave(self);
    }
    Py_DECREF(array);
    if (entered) return NULL;
    if (status != SOMA_OK) return soma_py_raise(status);
    Py_RETURN_NONE;
}
