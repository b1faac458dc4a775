/* SPDX-License-Identifier: MIT */
/* Sessions: a network run forward, by several threads at a time where each has one. */
#include "_soma.h"

#include <string.h>

typedef struct soma_py_session {
    PyObject_HEAD soma_session *session;
    soma_py_network *network;
    soma_py_device *device; /* of its own; NULL: the network's */
    PyThread_type_lock lock;
} soma_py_session;

static PyObject *new_session(PyTypeObject *type, PyObject *arguments, PyObject *keywords) {
    static char *names[] = {"network", "device", NULL};
    PyObject *network, *device = Py_None;
    soma_session_options options = {0};
    if (!PyArg_ParseTupleAndKeywords(arguments, keywords, "O!|O", names, soma_py_network_type, &network, &device))
        return NULL;
    if (device != Py_None && !PyObject_TypeCheck(device, (PyTypeObject *)soma_py_device_type))
        return PyErr_Format(PyExc_TypeError, "device: soma.Device is wanted");
    soma_py_session *self = (soma_py_session *)PyType_GenericAlloc(type, 0);
    if (!self) return NULL;
    self->network = (soma_py_network *)Py_NewRef(network);
    if (device != Py_None) self->device = (soma_py_device *)Py_NewRef(device);
    if (self->device) options.device = self->device->device;
    self->lock = PyThread_allocate_lock();
    if (!self->lock) PyErr_NoMemory();
    soma_status status = SOMA_OK;
    if (self->lock && !soma_py_network_enter(self->network)) {
        status = soma_session_create(self->network->network, &options, &self->session);
        soma_py_network_leave(self->network);
    }
    if (status != SOMA_OK) soma_py_raise(status);
    if (self->session) return (PyObject *)self;
    Py_DECREF(self);
    return NULL;
}

static void free_session(PyObject *object) {
    soma_py_session *self = (soma_py_session *)object;
    PyTypeObject *type = Py_TYPE(object);
    soma_session_destroy(self->session);
    Py_XDECREF((PyObject *)self->network);
    Py_XDECREF((PyObject *)self->device);
    if (self->lock) PyThread_free_lock(self->lock);
    PyObject_Free(object);
    Py_DECREF(type);
}

/* values(outputs): of each input or output its name, its type, and its shape with -1 where the samples are counted. */
static PyObject *values(PyObject *object, PyObject *outputs) {
    const soma_network *network = ((soma_py_session *)object)->network->network;
    const int output = PyObject_IsTrue(outputs);
    PyObject *list = output < 0 ? NULL : PyList_New(0);
    const size_t count = output ? soma_network_output_count(network) : soma_network_input_count(network);
    for (size_t i = 0; list && i < count; i++) {
        soma_value_info info = {0};
        const soma_status status = (output ? soma_network_output_info : soma_network_input_info)(network, i, &info);
        PyObject *shape = status == SOMA_OK ? PyTuple_New((Py_ssize_t)info.rank) : soma_py_raise(status);
        for (uint32_t k = 0; shape && k < info.rank; k++) {
            PyObject *size = PyLong_FromSsize_t(k == info.batch_axis ? -1 : (Py_ssize_t)info.shape[k]);
            if (!size || PyTuple_SetItem(shape, (Py_ssize_t)k, size)) Py_CLEAR(shape);
        }
        PyObject *item = shape ? Py_BuildValue("(ssN)", info.name, soma_dtype_name(info.dtype), shape) : NULL;
        if (!item || PyList_Append(list, item)) Py_CLEAR(list);
        Py_XDECREF(item);
    }
    return list;
}

/* What outputs will have: the number of samples, and whether they are counted by a dimension that the file has not. */
static size_t samples_of(const soma_network *network, const soma_array *first, bool *more) {
    soma_value_info info;
    if (soma_network_input_info(network, 0, &info) != SOMA_OK) return 1;
    *more = info.batch_axis == SOMA_NO_AXIS && first->rank == info.rank + 1;
    if (*more) return first->shape[0];
    return info.batch_axis < first->rank ? first->shape[info.batch_axis] : 1;
}

static soma_py_array *room_for(const soma_network *network, size_t output, size_t samples, bool more) {
    soma_value_info info;
    size_t shape[SOMA_MAX_RANK + 1] = {samples};
    soma_status status = soma_network_output_info(network, output, &info);
    if (status != SOMA_OK) return (soma_py_array *)soma_py_raise(status);
    more &= info.batch_axis == SOMA_NO_AXIS;
    if (info.rank + more > SOMA_MAX_RANK)
        return (soma_py_array *)PyErr_Format(PyExc_ValueError,
                                             "output %s of several samples would have %u dimensions, at most %d are "
                                             "possible",
                                             info.name, info.rank + more, SOMA_MAX_RANK);
    for (uint32_t i = 0; i < info.rank; i++) shape[i + more] = i == info.batch_axis ? samples : info.shape[i];
    return soma_py_array_new(info.dtype, info.rank + more, shape);
}

/* For the outputs whose numbers are in the list; their arrays, a list. */
static PyObject *make_room(const soma_network *network, PyObject *wanted, const soma_array *first, void **outputs) {
    bool more = false;
    const size_t samples = samples_of(network, first, &more);
    PyObject *list = PyList_New(0);
    for (Py_ssize_t i = 0; list && i < PyList_Size(wanted); i++) {
        size_t output = PyLong_AsSize_t(PyList_GetItem(wanted, i));
        soma_py_array *array = PyErr_Occurred() ? NULL : room_for(network, output, samples, more);
        if (array && output < SOMA_MAX_ENDS) outputs[output] = array->own;
        if (!array || PyList_Append(list, (PyObject *)array)) Py_CLEAR(list);
        Py_XDECREF((PyObject *)array);
    }
    return list;
}

/* run(arrays, numbers of outputs): a list of arrays. */
static PyObject *run(PyObject *object, PyObject *arguments) {
    soma_py_session *self = (soma_py_session *)object;
    const soma_network *network = self->network->network;
    PyObject *given, *wanted;
    soma_array inputs[SOMA_MAX_ENDS] = {{.data = NULL}};
    void *outputs[SOMA_MAX_ENDS] = {NULL};
    size_t count = soma_network_input_count(network);
    if (!PyArg_ParseTuple(arguments, "O!O!", &PyTuple_Type, &given, &PyList_Type, &wanted)) return NULL;
    if ((size_t)PyTuple_Size(given) != count || count > SOMA_MAX_ENDS)
        return PyErr_Format(PyExc_ValueError, "the network has %zu inputs, got %zd", count, PyTuple_Size(given));
    for (size_t i = 0; i < count; i++) {
        PyObject *item = PyTuple_GetItem(given, (Py_ssize_t)i);
        if (!PyObject_TypeCheck(item, (PyTypeObject *)soma_py_array_type))
            return PyErr_Format(PyExc_TypeError, "soma.Array is wanted");
        inputs[i] = ((soma_py_array *)item)->array;
    }
    PyObject *result = make_room(network, wanted, &inputs[0], outputs);
    if (!result) return NULL;
    if (soma_py_lock(self->lock)) return Py_DECREF(result), NULL;
    soma_status status;
    SOMA_PY_UNLOCKED(status = soma_session_run_arrays(self->session, inputs, outputs));
    PyThread_release_lock(self->lock);
    if (status == SOMA_OK) return result;
    Py_DECREF(result);
    return soma_py_raise(status);
}

/* The inputs as the network takes them; the batch is that of all. -1 with an exception. */
static int take_memories(const soma_network *network, PyObject *given, soma_memory **inputs, size_t *batch) {
    for (Py_ssize_t i = 0; i < PyTuple_Size(given); i++) {
        PyObject *item = PyTuple_GetItem(given, i);
        const soma_tensor *input = soma_network_input(network, (size_t)i);
        size_t shape[SOMA_MAX_RANK];
        if (!PyObject_TypeCheck(item, (PyTypeObject *)soma_py_memory_type)) {
            PyErr_Format(PyExc_TypeError, "soma.DeviceArray is wanted for all inputs, or for none");
            return -1;
        }
        const soma_py_memory *memory = (soma_py_memory *)item;
        uint32_t rank = soma_tensor_shape(input, shape);
        bool good = memory->rank == rank + 1 && memcmp(shape, memory->shape + 1, rank * sizeof *shape) == 0;
        if (i == 0 && good) *batch = memory->shape[0];
        if (!good || memory->shape[0] != *batch) {
            PyErr_Format(PyExc_ValueError, "input %s takes another shape than that of %R", soma_tensor_name(input),
                         item);
            return -1;
        }
        inputs[i] = memory->memory;
    }
    return 0;
}

static soma_py_memory *room_on(soma_py_device *device, const soma_network *network, size_t output, size_t samples) {
    size_t shape[SOMA_MAX_RANK + 1] = {samples};
    const soma_tensor *tensor = soma_network_output(network, output);
    if (!tensor) return (soma_py_memory *)PyErr_Format(PyExc_IndexError, "there is no output number %zu", output);
    return soma_py_memory_new(device, soma_tensor_shape(tensor, shape + 1) + 1, shape);
}

/* run_memory(device arrays, numbers of outputs): a list of device arrays. */
static PyObject *run_memory(PyObject *object, PyObject *arguments) {
    soma_py_session *self = (soma_py_session *)object;
    const soma_network *network = self->network->network;
    soma_py_device *device = self->device ? self->device : self->network->device;
    PyObject *given, *wanted;
    soma_memory *inputs[SOMA_MAX_ENDS] = {NULL}, *outputs[SOMA_MAX_ENDS] = {NULL};
    size_t batch = 0, count = soma_network_input_count(network);
    if (!PyArg_ParseTuple(arguments, "O!O!", &PyTuple_Type, &given, &PyList_Type, &wanted)) return NULL;
    if ((size_t)PyTuple_Size(given) != count || count > SOMA_MAX_ENDS)
        return PyErr_Format(PyExc_ValueError, "the network has %zu inputs, got %zd", count, PyTuple_Size(given));
    if (take_memories(network, given, inputs, &batch)) return NULL;
    PyObject *result = PyList_New(0);
    for (Py_ssize_t i = 0; result && i < PyList_Size(wanted); i++) {
        size_t output = PyLong_AsSize_t(PyList_GetItem(wanted, i));
        soma_py_memory *memory = PyErr_Occurred() ? NULL : room_on(device, network, output, batch);
        if (memory && output < SOMA_MAX_ENDS) outputs[output] = memory->memory;
        if (!memory || PyList_Append(result, (PyObject *)memory)) Py_CLEAR(result);
        Py_XDECREF((PyObject *)memory);
    }
    if (!result) return NULL;
    if (soma_py_lock(self->lock)) return Py_DECREF(result), NULL;
    soma_status status;
    SOMA_PY_UNLOCKED(status = soma_session_run_memory(self->session, batch, inputs, outputs));
    PyThread_release_lock(self->lock);
    if (status == SOMA_OK) return result;
    Py_DECREF(result);
    return soma_py_raise(status);
}

PyType_Spec *soma_py_session_spec(void) {
    static PyMethodDef methods[] = {
        {"run", run, METH_VARARGS, "run(arrays, numbers of outputs): a list of arrays"},
        {"run_memory", run_memory, METH_VARARGS,
         "run_memory(device arrays, numbers of outputs): a list of device arrays"},
        {"values", values, METH_O, "values(outputs): (name, type, shape) of each input or output, -1: the samples"},
        {NULL, NULL, 0, NULL}};
    static PyType_Slot slots[] = {{Py_tp_doc, "A session of the library."},
                                  {Py_tp_new, new_session},
                                  {Py_tp_dealloc, free_session},
                                  {Py_tp_methods, methods},
                                  {0, NULL}};
    static PyType_Spec spec = {.name = "soma._soma.Session",
                               .basicsize = sizeof(soma_py_session),
                               .flags = Py_TPFLAGS_DEFAULT,
                               .slots = slots};
    return &spec;
}
