/* SPDX-License-Identifier: MIT */
/* Data sets over arrays, which they keep. */
#include "_soma.h"

/* Arrays of a tuple, at most SOMA_MAX_OUTPUTS; their number, -1 with an exception. */
static Py_ssize_t arrays_of(PyObject *tuple, const char *what, soma_array *arrays) {
    Py_ssize_t count = PyTuple_Size(tuple);
    if (count < 0) return -1;
    if (count > SOMA_MAX_OUTPUTS) {
        PyErr_Format(PyExc_ValueError, "there are %zd %s, at most %d are possible", count, what, SOMA_MAX_OUTPUTS);
        return -1;
    }
    for (Py_ssize_t i = 0; i < count; i++) {
        PyObject *item = PyTuple_GetItem(tuple, i);
        if (!PyObject_TypeCheck(item, (PyTypeObject *)soma_py_array_type)) {
            PyErr_Format(PyExc_TypeError, "%s: soma.Array is wanted", what);
            return -1;
        }
        arrays[i] = ((soma_py_array *)item)->array;
    }
    return count;
}

static soma_status set_weights(soma_dataset *dataset, PyObject *weights) {
    if (weights == Py_None) return SOMA_OK;
    const soma_py_array *array = (soma_py_array *)weights;
    return soma_dataset_set_weights(dataset, array->array.data, soma_py_array_count(array));
}

static soma_status set_lengths(soma_dataset *dataset, PyObject *lengths) {
    if (lengths == Py_None) return SOMA_OK;
    const soma_py_array *array = (soma_py_array *)lengths;
    return soma_dataset_set_lengths(dataset, array->array.data, soma_py_array_count(array));
}

static bool is_array_or_none(PyObject *object, const char *what) {
    if (object == Py_None || PyObject_TypeCheck(object, (PyTypeObject *)soma_py_array_type)) return true;
    PyErr_Format(PyExc_TypeError, "%s: soma.Array is wanted", what);
    return false;
}

static PyObject *new_dataset(PyTypeObject *type, PyObject *arguments, PyObject *keywords) {
    static char *names[] = {"inputs", "targets", "weights", "lengths", NULL};
    PyObject *inputs, *targets, *weights = Py_None, *lengths = Py_None;
    soma_array input[SOMA_MAX_OUTPUTS], target[SOMA_MAX_OUTPUTS];
    if (!PyArg_ParseTupleAndKeywords(arguments, keywords, "O!O!|OO", names, &PyTuple_Type, &inputs, &PyTuple_Type,
                                     &targets, &weights, &lengths))
        return NULL;
    Py_ssize_t input_count = arrays_of(inputs, "inputs", input), target_count = arrays_of(targets, "targets", target);
    if (input_count < 0 || target_count < 0) return NULL;
    if (!is_array_or_none(weights, "weights") || !is_array_or_none(lengths, "lengths")) return NULL;
    soma_py_dataset *self = (soma_py_dataset *)PyType_GenericAlloc(type, 0);
    if (!self) return NULL;
    self->arrays = PyTuple_Pack(2, inputs, targets);
    soma_status status = !self->arrays ? SOMA_OUT_OF_MEMORY
                                       : soma_dataset_from_arrays(input, (size_t)input_count, target,
                                                                  (size_t)target_count, &self->dataset);
    if (status == SOMA_OK) status = set_weights(self->dataset, weights);
    if (status == SOMA_OK) status = set_lengths(self->dataset, lengths);
    if (status == SOMA_OK) return (PyObject *)self;
    if (!PyErr_Occurred()) soma_py_raise(status);
    Py_DECREF(self);
    return NULL;
}

static void free_dataset(PyObject *object) {
    soma_py_dataset *self = (soma_py_dataset *)object;
    PyTypeObject *type = Py_TYPE(object);
    soma_dataset_destroy(self->dataset);
    Py_XDECREF(self->arrays);
    PyObject_Free(object);
    Py_DECREF(type);
}

static Py_ssize_t samples(PyObject *object) {
    soma_dataset_info info;
    soma_dataset_get_info(((soma_py_dataset *)object)->dataset, &info);
    return (Py_ssize_t)info.samples;
}

PyType_Spec *soma_py_dataset_spec(void) {
    static PyType_Slot slots[] = {{Py_tp_doc, "Samples with their targets, over arrays."},
                                  {Py_tp_new, new_dataset},
                                  {Py_tp_dealloc, free_dataset},
                                  {Py_mp_length, samples},
                                  {0, NULL}};
    static PyType_Spec spec = {.name = "soma._soma.Dataset",
                               .basicsize = sizeof(soma_py_dataset),
                               .flags = Py_TPFLAGS_DEFAULT,
                               .slots = slots};
    return &spec;
}
