/* SPDX-License-Identifier: MIT */
/* Evaluating and predicting. */
#include "_soma.h"

#include <string.h>

PyObject *soma_py_network_evaluate(PyObject *object, PyObject *arguments) {
    soma_py_network *self = (soma_py_network *)object;
    PyObject *dataset;
    Py_ssize_t batch = 0;
    soma_metrics metrics = {0};
    soma_status status;
    if (!PyArg_ParseTuple(arguments, "O!|n", soma_py_dataset_type, &dataset, &batch) || soma_py_network_enter(self))
        return NULL;
    SOMA_PY_UNLOCKED(status = soma_evaluate(self->network, ((soma_py_dataset *)dataset)->dataset,
                                            batch > 0 ? (size_t)batch : 0, &metrics));
    PyObject *result = status == SOMA_OK ? soma_py_metrics(&metrics) : soma_py_raise(status);
    soma_py_network_leave(self);
    return result;
}

soma_py_array *soma_py_room_for(const soma_network *network, size_t output, size_t samples) {
    size_t shape[SOMA_MAX_RANK + 1] = {samples};
    const soma_tensor *tensor = soma_network_output(network, output);
    if (!tensor) return (soma_py_array *)PyErr_Format(PyExc_IndexError, "there is no output number %zu", output);
    return soma_py_array_new(SOMA_F32, soma_tensor_shape(tensor, shape + 1) + 1, shape);
}

PyObject *soma_py_network_predict(PyObject *object, PyObject *arguments) {
    soma_py_network *self = (soma_py_network *)object;
    PyObject *given;
    Py_ssize_t output = 0, batch = 0;
    const char *what = "values";
    soma_dataset_info info;
    soma_status status;
    if (!PyArg_ParseTuple(arguments, "O!|nns", soma_py_dataset_type, &given, &output, &batch, &what)) return NULL;
    soma_dataset *dataset = ((soma_py_dataset *)given)->dataset;
    soma_dataset_get_info(dataset, &info);
    bool classes = strcmp(what, "classes") == 0, sequences = strcmp(what, "sequences") == 0;
    size_t shape[SOMA_MAX_RANK + 1] = {info.samples, 1};
    if (sequences) (void)soma_tensor_shape(soma_network_output(self->network, 0), shape + 1);
    soma_py_array *array = classes || sequences ? soma_py_array_new(SOMA_I32, classes ? 1 : 2, shape)
                                                : soma_py_room_for(self->network, (size_t)output, info.samples);
    if (!array) return NULL;
    if (soma_py_network_enter(self)) return Py_DECREF(array), NULL;
    size_t size = batch > 0 ? (size_t)batch : 0;
    PyThreadState *thread = PyEval_SaveThread();
    status = soma_network_apply_preprocessing(self->network, dataset);
    if (status == SOMA_OK)
        status = classes     ? soma_predict_classes(self->network, dataset, size, array->own)
                 : sequences ? soma_predict_sequences(self->network, dataset, size, array->own)
                             : soma_predict(self->network, dataset, (size_t)output, size, array->own);
    PyEval_RestoreThread(thread);
    soma_py_network_leave(self);
    if (status == SOMA_OK) return (PyObject *)array;
    Py_DECREF(array);
    return soma_py_raise(status);
}

/* Straight through, for few samples: float32 as the network takes them. */
PyObject *soma_py_network_run(PyObject *object, PyObject *given) {
    soma_py_network *self = (soma_py_network *)object;
    size_t shape[SOMA_MAX_RANK];
    const soma_tensor *input = soma_network_input(self->network, 0);
    soma_py_array *x = soma_py_array_of(given, SOMA_F32);
    if (!x) return NULL;
    uint32_t rank = input ? soma_tensor_shape(input, shape) : 0;
    size_t batch = x->array.rank ? x->array.shape[0] : 0;
    soma_py_array *y = NULL;
    if (!input || x->array.rank != rank + 1 || memcmp(shape, x->array.shape + 1, rank * sizeof *shape) != 0)
        PyErr_Format(PyExc_ValueError, "the network takes other shapes than that of %R", x);
    else
        y = soma_py_room_for(self->network, 0, batch);
    if (!y || soma_py_network_enter(self)) {
        Py_XDECREF((PyObject *)y);
        Py_DECREF(x);
        return NULL;
    }
    soma_status status;
    SOMA_PY_UNLOCKED(status = soma_run(self->network, x->array.data, batch, y->own));
    soma_py_network_leave(self);
    Py_DECREF(x);
    if (status == SOMA_OK) return (PyObject *)y;
    Py_DECREF(y);
    return soma_py_raise(status);
}
