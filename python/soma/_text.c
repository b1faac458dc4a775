/* SPDX-License-Identifier: MIT */
/* A network of text: its tokens, what it goes on with, and the network of one step; for soma/stream.py. */
#include "_soma.h"

#include <soma/stream.h>

/* ------------------------------------------------------------------------------------------------ tokens of a network
 */

PyObject *soma_py_network_token_count(PyObject *object, PyObject *unused) {
    (void)unused;
    return PyLong_FromSize_t(soma_network_token_count(((soma_py_network *)object)->network));
}

/* encode(bytes): a list of numbers. */
PyObject *soma_py_network_encode(PyObject *object, PyObject *arguments) {
    const char *text;
    Py_ssize_t length;
    int32_t *numbers = NULL;
    size_t count = 0;
    if (!PyArg_ParseTuple(arguments, "y#", &text, &length)) return NULL;
    const soma_network *network = ((soma_py_network *)object)->network;
    const soma_status status = soma_network_encode(network, text, (size_t)length, &numbers, &count);
    if (status != SOMA_OK) return soma_py_raise(status);
    PyObject *list = soma_py_numbers(numbers, count);
    soma_free(numbers);
    return list;
}

/* decode(number): bytes, of one that follows others. */
PyObject *soma_py_network_decode(PyObject *object, PyObject *number) {
    char text[SOMA_TOKEN_BYTES];
    size_t length = 0;
    const size_t token = PyLong_AsSize_t(number);
    if (PyErr_Occurred()) return NULL;
    const soma_status status = soma_network_decode(((soma_py_network *)object)->network, token, false, text, &length);
    return status == SOMA_OK ? PyBytes_FromStringAndSize(text, (Py_ssize_t)length) : soma_py_raise(status);
}

PyObject *soma_py_network_stream(PyObject *object, PyObject *unused) {
    soma_py_network *self = (soma_py_network *)object;
    soma_network *stream = NULL;
    soma_status status;
    (void)unused;
    if (soma_py_network_enter(self)) return NULL;
    SOMA_PY_UNLOCKED(status = soma_network_stream(self->network, &stream));
    soma_py_network_leave(self);
    return soma_py_network_finish_load((PyObject *)Py_TYPE(object), status, stream);
}

/* ------------------------------------------------------------------------------------------------------- generators */

typedef struct soma_py_generator {
    PyObject_HEAD soma_generator *generator;
    soma_py_network *network; /* whose lock is that of the generator, too */
} soma_py_generator;

static PyObject *new_generator(PyTypeObject *type, PyObject *arguments, PyObject *keywords) {
    static char *names[] = {"network", "tokens", "temperature", "greedy", "top_k", "top_p", "seed", NULL};
    PyObject *network, *tokens;
    soma_generation_options options = {0};
    int greedy;
    Py_ssize_t top_k;
    unsigned long long seed;
    if (!PyArg_ParseTupleAndKeywords(arguments, keywords, "O!O!dpndO&", names, soma_py_network_type, &network,
                                     soma_py_array_type, &tokens, &options.temperature, &greedy, &top_k, &options.top_p,
                                     soma_py_seed, &seed))
        return NULL;
    const soma_array *array = &((soma_py_array *)tokens)->array;
    if (array->dtype != SOMA_I32 || array->rank != 1)
        return PyErr_Format(PyExc_TypeError, "tokens: whole numbers as int32 in one dimension are wanted");
    if (top_k < 0) return PyErr_Format(PyExc_ValueError, "top_k is %zd; a number from 0 on is wanted", top_k);
    soma_py_generator *self = (soma_py_generator *)PyType_GenericAlloc(type, 0);
    if (!self) return NULL;
    self->network = (soma_py_network *)Py_NewRef(network);
    options.greedy = greedy != 0;
    options.top_k = (size_t)top_k;
    options.seed = seed;
    soma_status status = SOMA_OK;
    if (!soma_py_network_enter(self->network)) {
        SOMA_PY_UNLOCKED(status = soma_generator_create(self->network->network, array->data, array->shape[0], &options,
                                                        &self->generator));
        soma_py_network_leave(self->network);
    }
    if (status != SOMA_OK) soma_py_raise(status);
    if (self->generator) return (PyObject *)self;
    Py_DECREF(self);
    return NULL;
}

static void free_generator(PyObject *object) {
    soma_py_generator *self = (soma_py_generator *)object;
    PyTypeObject *type = Py_TYPE(object);
    soma_generator_destroy(self->generator);
    Py_XDECREF((PyObject *)self->network);
    PyObject_Free(object);
    Py_DECREF(type);
}

/* It has no end: who asks knows how many are wanted. Behind the last step that a stream knows it runs on the network's
 * own weights, which nobody may change meanwhile. */
static PyObject *next_token(PyObject *object) {
    soma_py_generator *self = (soma_py_generator *)object;
    int32_t token = 0;
    soma_status status;
    if (soma_py_network_enter(self->network)) return NULL;
    SOMA_PY_UNLOCKED(status = soma_generator_next(self->generator, &token));
    soma_py_network_leave(self->network);
    return status == SOMA_OK ? PyLong_FromLong(token) : soma_py_raise(status);
}

static PyObject *same(PyObject *object) {
    return Py_NewRef(object);
}

PyType_Spec *soma_py_generator_spec(void) {
    static PyType_Slot slots[] = {{Py_tp_doc, "Tokens that follow others, without an end."},
                                  {Py_tp_new, new_generator},
                                  {Py_tp_dealloc, free_generator},
                                  {Py_tp_iter, same},
                                  {Py_tp_iternext, next_token},
                                  {0, NULL}};
    static PyType_Spec spec = {.name = "soma._soma.Generator",
                               .basicsize = sizeof(soma_py_generator),
                               .flags = Py_TPFLAGS_DEFAULT,
                               .slots = slots};
    return &spec;
}
