/* SPDX-License-Identifier: MIT */
/* ONNX models, with the options of the library. */
#include "_soma.h"

#include <string.h>

/* Texts of a list, borrowed of it; NULL with an exception. */
static const char **texts_of(PyObject *list, size_t *count) {
    Py_ssize_t size = PyList_Size(list);
    const char **texts = size < 0 ? NULL : PyMem_Calloc((size_t)size + 1, sizeof *texts);
    if (size >= 0 && !texts) PyErr_NoMemory();
    for (Py_ssize_t i = 0; texts && i < size; i++) {
        texts[i] = PyUnicode_AsUTF8AndSize(PyList_GetItem(list, i), NULL);
        if (texts[i]) continue;
        PyMem_Free(texts);
        return NULL;
    }
    *count = (size_t)size;
    return texts;
}

static void free_constants(soma_onnx_constant *constants, size_t count) {
    for (size_t i = 0; constants && i < count; i++) PyMem_Free((void *)(uintptr_t)constants[i].values);
    PyMem_Free(constants);
}

static int fill_constant(PyObject *pair, soma_onnx_constant *constant) {
    PyObject *numbers;
    if (!PyArg_ParseTuple(pair, "sO!", &constant->name, &PyList_Type, &numbers)) return -1;
    constant->count = (size_t)PyList_Size(numbers);
    double *values = PyMem_Calloc(constant->count + 1, sizeof *values);
    if (!values) return PyErr_NoMemory(), -1;
    constant->values = values;
    for (size_t i = 0; i < constant->count; i++) values[i] = PyFloat_AsDouble(PyList_GetItem(numbers, (Py_ssize_t)i));
    return PyErr_Occurred() ? -1 : 0;
}

/* Of [(name, [numbers])]. */
static soma_onnx_constant *constants_of(PyObject *list, size_t *count) {
    Py_ssize_t size = PyList_Size(list);
    if (size < 0) return NULL;
    soma_onnx_constant *constants = PyMem_Calloc((size_t)size + 1, sizeof *constants);
    if (!constants) return (soma_onnx_constant *)PyErr_NoMemory();
    *count = (size_t)size;
    for (Py_ssize_t i = 0; i < size; i++)
        if (fill_constant(PyList_GetItem(list, i), &constants[i])) return free_constants(constants, *count), NULL;
    return constants;
}

static void free_inputs(soma_onnx_input *inputs, size_t count) {
    for (size_t i = 0; inputs && i < count; i++) PyMem_Free((void *)(uintptr_t)inputs[i].shape);
    PyMem_Free(inputs);
}

static int fill_input(PyObject *pair, soma_onnx_input *input) {
    PyObject *sizes;
    if (!PyArg_ParseTuple(pair, "sO!", &input->name, &PyList_Type, &sizes)) return -1;
    Py_ssize_t rank = PyList_Size(sizes);
    size_t *shape = PyMem_Calloc((size_t)rank + 1, sizeof *shape);
    if (!shape) return PyErr_NoMemory(), -1;
    input->shape = shape;
    input->rank = (uint32_t)rank;
    for (Py_ssize_t i = 0; i < rank && !PyErr_Occurred(); i++) shape[i] = PyLong_AsSize_t(PyList_GetItem(sizes, i));
    return PyErr_Occurred() ? -1 : 0;
}

/* Of [(name, [sizes])]. */
static soma_onnx_input *inputs_of(PyObject *list, size_t *count) {
    Py_ssize_t size = PyList_Size(list);
    if (size < 0) return NULL;
    soma_onnx_input *inputs = PyMem_Calloc((size_t)size + 1, sizeof *inputs);
    if (!inputs) return (soma_onnx_input *)PyErr_NoMemory();
    *count = (size_t)size;
    for (Py_ssize_t i = 0; i < size; i++)
        if (fill_input(PyList_GetItem(list, i), &inputs[i])) return free_inputs(inputs, *count), NULL;
    return inputs;
}

/* soma_onnx_batch by word; -1 with an exception. */
static int batch_of(const char *word, soma_onnx_batch *batch) {
    static const char *const words[] = {"auto", "first", "none"};
    for (int i = 0; i < 3; i++)
        if (strcmp(word, words[i]) == 0) return *batch = (soma_onnx_batch)i, 0;
    PyErr_Format(PyExc_ValueError, "batch: '%s' is none of auto, first, none", word);
    return -1;
}

/* save_onnx(path, opset): no later one than that, 0 for whichever. */
PyObject *soma_py_network_save_onnx(PyObject *object, PyObject *arguments) {
    soma_py_network *self = (soma_py_network *)object;
    PyObject *path;
    long long opset;
    soma_status status = SOMA_OK;
    if (!PyArg_ParseTuple(arguments, "O&L", PyUnicode_FSConverter, &path, &opset)) return NULL;
    const soma_onnx_save_options options = {.opset = opset};
    const char *name = PyBytes_AsString(path);
    int failed = soma_py_network_enter(self);
    if (!failed) {
        SOMA_PY_UNLOCKED(status = soma_save_onnx_with(self->network, name, &options));
        soma_py_network_leave(self);
    }
    Py_DECREF(path);
    if (failed) return NULL;
    return status == SOMA_OK ? Py_NewRef(Py_None) : soma_py_raise(status);
}

PyObject *soma_py_network_load_onnx(PyObject *class, PyObject *arguments) {
    PyObject *path, *outputs, *constants, *shapes;
    const char *word;
    soma_onnx_options options = {0};
    soma_network *network = NULL;
    soma_status status = SOMA_OK;
    if (!PyArg_ParseTuple(arguments, "O&sO!O!O!", PyUnicode_FSConverter, &path, &word, &PyList_Type, &outputs,
                          &PyList_Type, &constants, &PyList_Type, &shapes))
        return NULL;
    const char **names = batch_of(word, &options.batch) ? NULL : texts_of(outputs, &options.output_count);
    soma_onnx_constant *values = names ? constants_of(constants, &options.constant_count) : NULL;
    soma_onnx_input *inputs = values ? inputs_of(shapes, &options.input_count) : NULL;
    if (inputs) {
        options.outputs = names;
        options.inputs = inputs;
        options.constants = values;
        const char *name = PyBytes_AsString(path);
        SOMA_PY_UNLOCKED(status = soma_load_onnx(name, &options, &network));
    }
    PyObject *result = inputs ? soma_py_network_finish_load(class, status, network) : NULL;
    free_inputs(inputs, options.input_count);
    free_constants(values, options.constant_count);
    PyMem_Free(names);
    Py_DECREF(path);
    return result;
}
