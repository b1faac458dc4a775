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

/* A list that is cleared where it cannot be gone on with. */
static void add_text(void *context, const char *key, const char *value) {
    PyObject **list = context;
    if (!*list) return;
    PyObject *item = Py_BuildValue("(NN)", PyUnicode_DecodeUTF8(key, (Py_ssize_t)strlen(key), "replace"),
                                   PyUnicode_DecodeUTF8(value, (Py_ssize_t)strlen(value), "replace"));
    if (!item || PyList_Append(*list, item)) Py_CLEAR(*list);
    Py_XDECREF(item);
}

/* texts(): what the model has beside its graph, (key, value) each. */
static PyObject *texts(PyObject *object, PyObject *nothing) {
    (void)nothing;
    PyObject *list = PyList_New(0);
    const soma_status status = soma_onnx_session_list_texts(((soma_py_onnx_session *)object)->session, add_text, &list);
    if (status == SOMA_OK || !list) return list;
    Py_DECREF(list);
    return soma_py_raise(status);
}

/* Words of the session's as a pair: a list of them, and their shape. */
static PyObject *words_of(const soma_array *array) {
    const char *const *words = array->data;
    PyObject *shape = PyTuple_New((Py_ssize_t)array->rank), *list = PyList_New(0);
    size_t count = 1;
    for (uint32_t k = 0; shape && k < array->rank; k++) {
        PyObject *size = PyLong_FromSize_t(array->shape[k]);
        count *= array->shape[k];
        if (!size || PyTuple_SetItem(shape, (Py_ssize_t)k, size)) Py_CLEAR(shape);
    }
    for (size_t i = 0; list && i < count; i++) {
        PyObject *word = PyUnicode_FromString(words[i]);
        if (!word || PyList_Append(list, word)) Py_CLEAR(list);
        Py_XDECREF(word);
    }
    if (shape && list) return Py_BuildValue("(NN)", list, shape);
    Py_XDECREF(shape);
    Py_XDECREF(list);
    return NULL;
}

/* A copy of what the session has made, which its next run overwrites. */
static PyObject *copy_of(const soma_array *array) {
    if (array->dtype == SOMA_STRING) return words_of(array);
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

/* A pair of a tuple of words and their shape, of which the words stay the tuple's; *memory is to be freed. -1 with an
 * exception. */
static int take_words(PyObject *pair, soma_array *array, const char ***memory) {
    PyObject *words, *shape;
    if (!PyArg_ParseTuple(pair, "O!O!", &PyTuple_Type, &words, &PyTuple_Type, &shape)) return -1;
    const Py_ssize_t count = PyTuple_Size(words), rank = PyTuple_Size(shape);
    size_t wanted = 1;
    if (rank > SOMA_MAX_RANK) return PyErr_SetString(PyExc_ValueError, "more than 5 dimensions"), -1;
    *array = (soma_array){.dtype = SOMA_STRING, .rank = (uint32_t)rank};
    for (Py_ssize_t k = 0; k < rank; k++) {
        array->shape[k] = PyLong_AsSize_t(PyTuple_GetItem(shape, k));
        if (PyErr_Occurred()) return -1;
        wanted = array->shape[k] && wanted > SIZE_MAX / array->shape[k] ? SIZE_MAX : wanted * array->shape[k];
    }
    if (wanted != (size_t)count) return PyErr_SetString(PyExc_ValueError, "the words do not fill the shape"), -1;
    *memory = PyMem_Calloc((size_t)count + 1, sizeof **memory);
    if (!*memory) return PyErr_NoMemory(), -1;
    for (Py_ssize_t i = 0; i < count; i++) {
        PyObject *word = PyTuple_GetItem(words, i);
        Py_ssize_t length;
        if (!PyUnicode_Check(word)) return PyErr_Format(PyExc_TypeError, "words are wanted, got %R", word), -1;
        (*memory)[i] = PyUnicode_AsUTF8AndSize(word, &length);
        if (!(*memory)[i]) return -1;
        if (strlen((*memory)[i]) != (size_t)length)
            return PyErr_Format(PyExc_ValueError, "words without U+0000 are wanted, got %R", word), -1;
    }
    array->data = *memory;
    return 0;
}

/* run(arrays, numbers of outputs): a list of arrays; words are pairs of a tuple, when they come out a list, and their
 * shape. */
static PyObject *run(PyObject *object, PyObject *arguments) {
    soma_py_onnx_session *self = (soma_py_onnx_session *)object;
    const size_t count = soma_onnx_session_input_count(self->session);
    const size_t outputs = soma_onnx_session_output_count(self->session);
    PyObject *given, *wanted, *result = NULL;
    if (!PyArg_ParseTuple(arguments, "O!O!", &PyTuple_Type, &given, &PyList_Type, &wanted)) return NULL;
    if ((size_t)PyTuple_Size(given) != count)
        return PyErr_Format(PyExc_ValueError, "the model has %zu inputs, got %zd", count, PyTuple_Size(given));
    soma_array *inputs = PyMem_Calloc(count + outputs + 1, sizeof *inputs), *made = inputs + count;
    const char ***words = PyMem_Calloc(count + 1, sizeof *words);
    if (!inputs || !words) {
        PyMem_Free(inputs);
        PyMem_Free(words);
        return PyErr_NoMemory();
    }
    for (size_t i = 0; i < count && !PyErr_Occurred(); i++) {
        PyObject *item = PyTuple_GetItem(given, (Py_ssize_t)i);
        if (PyObject_TypeCheck(item, (PyTypeObject *)soma_py_array_type))
            inputs[i] = ((soma_py_array *)item)->array;
        else if (PyTuple_Check(item))
            (void)take_words(item, &inputs[i], &words[i]);
        else
            PyErr_Format(PyExc_TypeError, "soma.Array is wanted");
    }
    if (!PyErr_Occurred() && !soma_py_lock(self->lock)) {
        soma_status status;
        SOMA_PY_UNLOCKED(status = soma_onnx_session_run(self->session, inputs, made));
        result = status == SOMA_OK ? list_results(made, outputs, wanted) : soma_py_raise(status);
        PyThread_release_lock(self->lock);
    }
    for (size_t i = 0; i < count; i++) PyMem_Free(words[i]);
    PyMem_Free(words);
    PyMem_Free(inputs);
    return result;
}

PyType_Spec *soma_py_onnx_session_spec(void) {
    static PyMethodDef methods[] = {
        {"run", run, METH_VARARGS, "run(arrays, numbers of outputs): a list of arrays"},
        {"values", values, METH_O, "values(outputs): (name, type, shape) of each input or output, -1: it is open"},
        {"texts", texts, METH_NOARGS, "texts(): (key, value) of each text that the model has beside its graph"},
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
