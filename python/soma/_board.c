/* SPDX-License-Identifier: MIT */
/* Event files for TensorBoard, for soma/board.py. An event is short, and a log is for one thread at a time: the
 * interpreter's lock, which is kept here, sees to that. */
#include "_soma.h"

typedef struct soma_py_board {
    PyObject_HEAD soma_tensorboard *board; /* NULL: closed */
} soma_py_board;

static PyObject *new_board(PyTypeObject *type, PyObject *arguments, PyObject *keywords) {
    static char *names[] = {"directory", NULL};
    PyObject *path;
    if (!PyArg_ParseTupleAndKeywords(arguments, keywords, "O&", names, PyUnicode_FSConverter, &path)) return NULL;
    soma_py_board *self = (soma_py_board *)PyType_GenericAlloc(type, 0);
    soma_status status = self ? soma_tensorboard_open(PyBytes_AsString(path), &self->board) : SOMA_OK;
    Py_DECREF(path);
    if (status == SOMA_OK) return (PyObject *)self;
    Py_DECREF(self);
    return soma_py_raise(status);
}

static PyObject *close_board(PyObject *object, PyObject *unused) {
    soma_py_board *self = (soma_py_board *)object;
    (void)unused;
    soma_tensorboard_close(self->board);
    self->board = NULL;
    Py_RETURN_NONE;
}

static void free_board(PyObject *object) {
    PyTypeObject *type = Py_TYPE(object);
    soma_tensorboard_close(((soma_py_board *)object)->board);
    PyObject_Free(object);
    Py_DECREF(type);
}

/* NULL with an exception where it is closed. To be called when all arguments have been read: of objects they are read
 * by Python, which may close it. */
static soma_tensorboard *board_of(PyObject *object) {
    soma_tensorboard *board = ((soma_py_board *)object)->board;
    if (!board) PyErr_SetString(PyExc_ValueError, "the writer is closed");
    return board;
}

static PyObject *written(soma_status status) {
    if (status != SOMA_OK) return soma_py_raise(status);
    Py_RETURN_NONE;
}

static PyObject *scalar(PyObject *object, PyObject *arguments) {
    const char *tag;
    long long step;
    double value;
    if (!PyArg_ParseTuple(arguments, "sLd", &tag, &step, &value)) return NULL;
    soma_tensorboard *board = board_of(object);
    return board ? written(soma_tensorboard_scalar(board, NULL, tag, step, value)) : NULL;
}

static PyObject *histogram(PyObject *object, PyObject *arguments) {
    const char *tag;
    long long step;
    PyObject *values;
    if (!PyArg_ParseTuple(arguments, "sLO!", &tag, &step, soma_py_array_type, &values)) return NULL;
    soma_py_array *array = soma_py_array_of(values, SOMA_F32);
    if (!array) return NULL;
    soma_tensorboard *board = board_of(object);
    soma_status status =
        board ? soma_tensorboard_histogram(board, NULL, tag, step, array->array.data, soma_py_array_count(array))
              : SOMA_OK;
    Py_DECREF(array);
    return board ? written(status) : NULL;
}

static PyObject *text(PyObject *object, PyObject *arguments) {
    const char *tag, *words;
    long long step;
    if (!PyArg_ParseTuple(arguments, "sLs", &tag, &step, &words)) return NULL;
    soma_tensorboard *board = board_of(object);
    return board ? written(soma_tensorboard_text(board, NULL, tag, step, words)) : NULL;
}

static PyObject *png(PyObject *object, PyObject *arguments) {
    const char *tag, *bytes;
    long long step;
    Py_ssize_t size;
    if (!PyArg_ParseTuple(arguments, "sLy#", &tag, &step, &bytes, &size)) return NULL;
    soma_tensorboard *board = board_of(object);
    return board ? written(soma_tensorboard_png(board, NULL, tag, step, bytes, (size_t)size)) : NULL;
}

/* hparams([(name, text or None, number), ...]): the strings are the rows', which a copy of the list holds. */
static PyObject *hparams(PyObject *object, PyObject *arguments) {
    PyObject *list, *result = NULL;
    if (!PyArg_ParseTuple(arguments, "O!", &PyList_Type, &list)) return NULL;
    PyObject *rows = PyList_AsTuple(list);
    if (!rows) return NULL;
    const Py_ssize_t count = PyTuple_Size(rows);
    soma_hparam *params = PyMem_Calloc((size_t)count + 1, sizeof *params);
    Py_ssize_t i = 0;
    while (params && i < count &&
           PyArg_ParseTuple(PyTuple_GetItem(rows, i), "szd", &params[i].name, &params[i].text, &params[i].number))
        i++;
    if (!params) PyErr_NoMemory();
    soma_tensorboard *board = params && i == count ? board_of(object) : NULL;
    if (board) result = written(soma_tensorboard_hparams(board, NULL, params, (size_t)count));
    PyMem_Free(params);
    Py_DECREF(rows);
    return result;
}

static PyObject *hparams_end(PyObject *object, PyObject *arguments) {
    int succeeded;
    if (!PyArg_ParseTuple(arguments, "p", &succeeded)) return NULL;
    soma_tensorboard *board = board_of(object);
    return board ? written(soma_tensorboard_hparams_end(board, NULL, succeeded != 0)) : NULL;
}

static PyObject *graph(PyObject *object, PyObject *arguments) {
    PyObject *network;
    if (!PyArg_ParseTuple(arguments, "O!", soma_py_network_type, &network) ||
        soma_py_network_enter((soma_py_network *)network))
        return NULL;
    soma_tensorboard *board = board_of(object); /* it may have been closed while this waited */
    soma_status status = board ? soma_tensorboard_graph(board, ((soma_py_network *)network)->network) : SOMA_OK;
    soma_py_network_leave((soma_py_network *)network);
    return board ? written(status) : NULL;
}

PyType_Spec *soma_py_board_spec(void) {
    static PyMethodDef methods[] = {{"scalar", scalar, METH_VARARGS, "scalar(tag, step, value)"},
                                    {"histogram", histogram, METH_VARARGS, "histogram(tag, step, array)"},
                                    {"text", text, METH_VARARGS, "text(tag, step, words)"},
                                    {"png", png, METH_VARARGS, "png(tag, step, bytes of a PNG file)"},
                                    {"hparams", hparams, METH_VARARGS, "hparams([(name, text or None, number), ...])"},
                                    {"hparams_end", hparams_end, METH_VARARGS, "hparams_end(whether it succeeded)"},
                                    {"graph", graph, METH_VARARGS, "graph(network)"},
                                    {"close", close_board, METH_NOARGS, "close(): nothing can be written any more"},
                                    {NULL, NULL, 0, NULL}};
    static PyType_Slot slots[] = {{Py_tp_doc, "Event files of the library."},
                                  {Py_tp_new, new_board},
                                  {Py_tp_dealloc, free_board},
                                  {Py_tp_methods, methods},
                                  {0, NULL}};
    static PyType_Spec spec = {
        .name = "soma._soma.Board", .basicsize = sizeof(soma_py_board), .flags = Py_TPFLAGS_DEFAULT, .slots = slots};
    return &spec;
}
