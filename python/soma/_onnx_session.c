/* SPDX-License-Identifier: MIT */
/* Sessions of ONNX models whose results' shapes depend on numbers. */
#include "_soma.h"

#include <soma/onnx.h>
#include <string.h>

typedef struct soma_py_onnx_session {
    PyObject_HEAD soma_onnx_session *session;
    soma_py_device *device;
    PyObject *names; /* of outputs, a list, which the options borrow */
    const char **outputs;
    soma_onnx_options options;
    PyThread_type_lock lock;
} soma_py_onnx_session;

/* Texts of the list; -1 with an exception. */
static int take_outputs(soma_py_onnx_session *self, PyObject *names) {
    const Py_ssize_t count = PyList_Size(names);
    self->names = Py_NewRef(names);
    self->outputs = PyMem_Calloc((size_t)count + 1, sizeof *self->outputs);
    if (!self->outputs) return PyErr_NoMemory(), -1;
    for (Py_ssize_t i = 0; i < count; i++)
        if (!(self->outputs[i] = PyUnicode_AsUTF8AndSize(PyList_GetItem(names, i), NULL))) return -1;
    self->options.outputs = self->outputs;
    self->options.output_count = (size_t)count;
    return 0;
}

static PyObject *new_session(PyTypeObject *type, PyObject *arguments, PyObject *keywords) {
    static char *names[] = {"path", "device", "outputs", NULL};
    PyObject *path, *device, *outputs;
    if (!PyArg_ParseTupleAndKeywords(arguments, keywords, "O&O!O!", names, PyUnicode_FSConverter, &path,
                                     soma_py_device_type, &device, &PyList_Type, &outputs))
        return NULL;
    soma_py_onnx_session *self = (soma_py_onnx_session *)PyType_GenericAlloc(type, 0);
    soma_status status = SOMA_OK;
    if (self) {
        self->device = (soma_py_device *)Py_NewRef(device);
        self->lock = PyThread_allocate_lock();
        if (!self->lock) PyErr_NoMemory();
        if (self->lock && !take_outputs(self, outputs)) {
            const char *name = PyBytes_AsString(path);
            SOMA_PY_UNLOCKED(status =
                                 soma_onnx_session_create(name, &self->options, self->device->device, &self->session));
            if (status != SOMA_OK) soma_py_raise(status);
        }
    }
    Py_DECREF(path);
    if (self && self->session) return (PyObject *)self;
    Py_XDECREF((PyObject *)self);
    return NULL;
}

static void free_session(PyObject *object) {
    soma_py_onnx_session *self = (soma_py_onnx_session *)object;
    PyTypeObject *type = Py_TYPE(object);
    soma_onnx_session_destroy(self->session);
    PyMem_Free(self->outputs);
    Py_XDECREF(self->names);
    Py_XDECREF((PyObject *)self->device);
    if (self->lock) PyThread_free_lock(self->lock);
    PyObject_Free(object);
    Py_DECREF(type);
}

/* values(outputs): of each input or output its name, its type, and its shape with -1 where it is open. */
static PyObject *values(PyObject *object, PyObject *outputs) {
    const soma_onnx_session *session = ((soma_py_onnx_session *)object)->session;
    const int output = PyObject_IsTrue(outputs);
    PyObject *list = output < 0 ? NULL : PyList_New(0);
    const size_t count = output ? soma_onnx_session_output_count(session) : soma_onnx_session_input_count(session);
    for (size_t i = 0; list && i < count; i++) {
        soma_value_info info = {0};
        const soma_status status =
            (output ? soma_onnx_session_output_info : soma_onnx_session_input_info)(session, i, &info);
        PyObject *shape = status == SOMA_OK ? PyTuple_New((Py_ssize_t)info.rank) : soma_py_raise(status);
        for (uint32_t k = 0; shape && k < info.rank; k++) {
            PyObject *size = PyLong_FromSsize_t(info.shape[k] ? (Py_ssize_t)info.shape[k] : -1);
            if (!size || PyTuple_SetItem(shape, (Py_ssize_t)k, size)) Py_CLEAR(shape);
        }
        PyObject *item = shape ? Py_BuildValue("(ssN)", info.name, soma_dtype_name(info.dtype), shape) : NULL;
        if (!item || PyList_Append(list, item)) Py_CLEAR(list);
        Py_XDECREF(item);
    }
    return list;
}

/* A copy of what the session has made, which its next run overwrites. */
static PyObject *copy_of(const soma_array *array) {
    soma_py_array *copy = soma_py_array_new(array->dtype, array->rank, array->shape);
    if (copy) memcpy(copy->own, array->data, soma_py_array_count(copy) * soma_dtype_size(array->dtype));
    return (PyObject *)copy;
}

static PyObject *list_results(const soma_array *made, size_t count, PyObject *wanted) {
    PyObject *list = PyList_New(0);
    for (Py_ssize_t i = 0; list && i < PyList_Size(wanted); i++) {
        const size_t output = PyLong_AsSize_t(PyList_GetItem(wanted, i));
        PyObject *array = PyErr_Occurred() ? NULL
                          : output < count ? copy_of(&made[output])
                                           : PyErr_Format(PyExc_IndexError, "there is no output number %zu", output);
        if (!array || PyList_Append(list, array)) Py_CLEAR(list);
        Py_XDECREF(array);
    }
    return list;
}

/* run(arrays, numbers of outputs): a list of arrays. */
static PyObject *run(PyObject *object, PyObject *arguments) {
    soma_py_onnx_session *self = (soma_py_onnx_session *)object;
    const size_t count = soma_onnx_session_input_count(self->session);
    const size_t outputs = soma_onnx_session_output_count(self->session);
    PyObject *given, *wanted, *result = NULL;
    if (!PyArg_ParseTuple(arguments, "O!O!", &PyTuple_Type, &given, &PyList_Type, &wanted)) return NULL;
    if ((size_t)PyTuple_Size(given) != count)
        return PyErr_Format(PyExc_ValueError, "the model has %zu inputs, got %zd", count, PyTuple_Size(given));
    soma_array *inputs = PyMem_Calloc(count + outputs + 1, sizeof *inputs), *made = inputs + count;
    if (!inputs) return PyErr_NoMemory();
    for (size_t i = 0; i < count && !PyErr_Occurred(); i++) {
        PyObject *item = PyTuple_GetItem(given, (Py_ssize_t)i);
        if (PyObject_TypeCheck(item, (PyTypeObject *)soma_py_array_type))
            inputs[i] = ((soma_py_array *)item)->array;
        else
            PyErr_Format(PyExc_TypeError, "soma.Array is wanted");
    }
    if (!PyErr_Occurred() && !soma_py_lock(self->lock)) {
        soma_status status;
        SOMA_PY_UNLOCKED(status = soma_onnx_session_run(self->session, inputs, made));
        result = status == SOMA_OK ? list_results(made, outputs, wanted) : soma_py_raise(status);
        PyThread_release_lock(self->lock);
    }
    PyMem_Free(inputs);
    return result;
}

PyType_Spec *soma_py_onnx_session_spec(void) {
    static PyMethodDef methods[] = {
        {"run", run, METH_VARARGS, "run(arrays, numbers of outputs): a list of arrays"},
        {"values", values, METH_O, "values(outputs): (name, type, shape) of each input or output, -1: it is open"},
        {NULL, NULL, 0, NULL}};
    static PyType_Slot slots[] = {{Py_tp_doc, "A session of an ONNX model."},
                                  {Py_tp_new, new_session},
                                  {Py_tp_dealloc, free_session},
                                  {Py_tp_methods, methods},
                                  {0, NULL}};
    static PyType_Spec spec = {.name = "soma._soma.OnnxSession",
                               .basicsize = sizeof(soma_py_onnx_session),
                               .flags = Py_TPFLAGS_DEFAULT,
                               .slots = slots};
    return &spec;
}
