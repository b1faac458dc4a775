/* SPDX-License-Identifier: MIT */
/* A network as an object: its life, its lock, files, figures. What builds and trains it is in the files beside. */
#include "_soma.h"

/* ------------------------------------------------------------------------------------------------------------- lock */

int soma_py_lock(PyThread_type_lock lock) {
    if (PyThread_acquire_lock(lock, NOWAIT_LOCK)) return 0;
    PyLockStatus got;
    do { /* whoever has it may want the interpreter, for a callback */
        SOMA_PY_UNLOCKED(got = PyThread_acquire_lock_timed(lock, -1, 1));
        if (got == PY_LOCK_INTR && PyErr_CheckSignals()) return -1;
    } while (got == PY_LOCK_INTR);
    return 0;
}

int soma_py_network_enter(soma_py_network *self) {
    unsigned long thread = PyThread_get_thread_ident();
    if (self->depth > 0 && self->owner == thread) return self->depth++, 0;
    if (soma_py_lock(self->lock)) return -1;
    self->owner = thread;
    self->depth = 1;
    return 0;
}

void soma_py_network_leave(soma_py_network *self) {
    if (--self->depth == 0) PyThread_release_lock(self->lock);
}

/* ------------------------------------------------------------------------------------------------------------- life */

static soma_py_network *allocate_network(PyTypeObject *type) {
    soma_py_network *self = (soma_py_network *)PyType_GenericAlloc(type, 0);
    if (!self) return NULL;
    self->lock = PyThread_allocate_lock();
    if (self->lock) return self;
    Py_DECREF(self);
    return (soma_py_network *)PyErr_NoMemory();
}

int soma_py_seed(PyObject *value, void *seed) {
    PyObject *number = PyNumber_Index(value);
    if (!number) return 0;
    *(unsigned long long *)seed = PyLong_AsUnsignedLongLong(number);
    if (PyErr_Occurred() && PyErr_ExceptionMatches(PyExc_OverflowError)) {
        PyErr_Clear();
        PyErr_Format(PyExc_OverflowError, "the seed is %S; whole numbers from 0 to 2^64 - 1 are possible", number);
    }
    Py_DECREF(number);
    return PyErr_Occurred() ? 0 : 1;
}

static PyObject *new_network(PyTypeObject *type, PyObject *arguments, PyObject *keywords) {
    static char *names[] = {"seed", NULL};
    unsigned long long seed = 0;
    if (!PyArg_ParseTupleAndKeywords(arguments, keywords, "|O&", names, soma_py_seed, &seed)) return NULL;
    soma_py_network *self = allocate_network(type);
    if (!self) return NULL;
    soma_status status = soma_network_create(&self->network);
    if (status == SOMA_OK) {
        soma_network_set_seed(self->network, seed);
        return (PyObject *)self;
    }
    Py_DECREF(self);
    return soma_py_raise(status);
}

static void free_network(PyObject *object) {
    soma_py_network *self = (soma_py_network *)object;
    PyTypeObject *type = Py_TYPE(object);
    soma_network *network = self->network;
    SOMA_PY_UNLOCKED(soma_network_destroy(network));
    Py_XDECREF((PyObject *)self->device);
    if (self->lock) PyThread_free_lock(self->lock);
    PyMem_Free(self->tensors);
    PyObject_Free(object);
    Py_DECREF(type);
}

/* ------------------------------------------------------------------------------------------------------------ files */

PyObject *soma_py_network_finish_load(PyObject *class, soma_status status, soma_network *network) {
    if (status != SOMA_OK) return soma_py_raise(status);
    soma_py_network *self = allocate_network((PyTypeObject *)class);
    if (self)
        self->network = network;
    else
        soma_network_destroy(network);
    return (PyObject *)self;
}

static PyObject *load(PyObject *class, PyObject *arguments) {
    PyObject *path;
    soma_network *network = NULL;
    soma_status status;
    if (!PyArg_ParseTuple(arguments, "O&", PyUnicode_FSConverter, &path)) return NULL;
    const char *name = PyBytes_AsString(path);
    SOMA_PY_UNLOCKED(status = soma_load(name, &network));
    Py_DECREF(path);
    return soma_py_network_finish_load(class, status, network);
}

static PyObject *save(PyObject *object, PyObject *arguments) {
    soma_py_network *self = (soma_py_network *)object;
    PyObject *path;
    soma_status status;
    if (!PyArg_ParseTuple(arguments, "O&", PyUnicode_FSConverter, &path)) return NULL;
    const char *name = PyBytes_AsString(path);
    if (soma_py_network_enter(self)) return Py_DECREF(path), NULL;
    SOMA_PY_UNLOCKED(status = soma_save(self->network, name));
    soma_py_network_leave(self);
    Py_DECREF(path);
    if (status != SOMA_OK) return soma_py_raise(status);
    Py_RETURN_NONE;
}

static PyObject *load_weights(PyObject *object, PyObject *arguments) {
    soma_py_network *self = (soma_py_network *)object;
    PyObject *path;
    soma_weights_options options = {0};
    int partial = 0;
    soma_status status;
    if (!PyArg_ParseTuple(arguments, "O&|zp", PyUnicode_FSConverter, &path, &options.map, &partial)) return NULL;
    options.partial = partial;
    const char *name = PyBytes_AsString(path);
    if (soma_py_network_enter(self)) return Py_DECREF(path), NULL;
    SOMA_PY_UNLOCKED(status = soma_load_weights(self->network, name, &options));
    soma_py_network_leave(self);
    Py_DECREF(path);
    if (status != SOMA_OK) return soma_py_raise(status);
    Py_RETURN_NONE;
}

/* ---------------------------------------------------------------------------------------------------------- figures */

static PyObject *summary(PyObject *object, PyObject *arguments) {
    soma_py_network *self = (soma_py_network *)object;
    Py_ssize_t batch = 32;
    char *text = NULL;
    if (!PyArg_ParseTuple(arguments, "|n", &batch)) return NULL;
    if (batch < 1) return PyErr_Format(PyExc_ValueError, "the batch size is %zd, it must be at least 1", batch);
    if (soma_py_network_enter(self)) return NULL;
    soma_status status = soma_summary(self->network, (size_t)batch, &text);
    soma_py_network_leave(self);
    if (status != SOMA_OK) return soma_py_raise(status);
    PyObject *result = PyUnicode_FromString(text);
    soma_free(text);
    return result;
}

static PyObject *class_names(PyObject *object, PyObject *unused) {
    const soma_network *network = ((soma_py_network *)object)->network;
    PyObject *list = PyList_New(0);
    (void)unused;
    for (size_t i = 0; list && i < soma_network_class_count(network); i++) {
        const char *name = soma_network_class_name(network, i);
        PyObject *item = PyUnicode_FromString(name ? name : "");
        if (!item || PyList_Append(list, item)) Py_CLEAR(list);
        Py_XDECREF(item);
    }
    return list;
}

static PyObject *columns(PyObject *object, PyObject *unused) {
    const soma_network *network = ((soma_py_network *)object)->network;
    PyObject *list = PyList_New(0);
    (void)unused;
    for (size_t i = 0; list && i < soma_network_column_count(network); i++) {
        soma_column_info info = {0};
        soma_status status = soma_network_column(network, i, &info);
        PyObject *item = status == SOMA_OK ? Py_BuildValue("(zi)", info.name, (int)info.role) : soma_py_raise(status);
        if (!item || PyList_Append(list, item)) Py_CLEAR(list);
        Py_XDECREF(item);
    }
    return list;
}

static PyObject *ends(PyObject *object, PyObject *outputs) {
    const soma_network *network = ((soma_py_network *)object)->network;
    int output = PyObject_IsTrue(outputs);
    PyObject *list = output < 0 ? NULL : PyList_New(0);
    size_t count = output ? soma_network_output_count(network) : soma_network_input_count(network);
    for (size_t i = 0; list && i < count; i++) {
        size_t shape[SOMA_MAX_RANK];
        const soma_tensor *tensor = output ? soma_network_output(network, i) : soma_network_input(network, i);
        uint32_t rank = soma_tensor_shape(tensor, shape);
        PyObject *sizes = soma_py_sizes(rank, shape);
        PyObject *item = sizes ? Py_BuildValue("(sN)", soma_tensor_name(tensor), sizes) : NULL;
        if (!item || PyList_Append(list, item)) Py_CLEAR(list);
        Py_XDECREF(item);
    }
    return list;
}

static PyObject *layer_list(PyObject *object, PyObject *unused) {
    const soma_network *network = ((soma_py_network *)object)->network;
    PyObject *list = PyList_New(0);
    (void)unused;
    for (size_t i = 0; list && i < soma_network_layer_count(network); i++) {
        soma_layer_info info = {0};
        soma_status status = soma_network_layer(network, i, &info);
        PyObject *sizes = status == SOMA_OK ? soma_py_sizes(info.rank, info.shape) : soma_py_raise(status);
        PyObject *item = sizes ? Py_BuildValue("(ssN)", info.name, info.kind, sizes) : NULL;
        if (!item || PyList_Append(list, item)) Py_CLEAR(list);
        Py_XDECREF(item);
    }
    return list;
}

static PyObject *get_device(PyObject *object, void *unused) {
    soma_py_network *self = (soma_py_network *)object;
    (void)unused;
    return Py_NewRef(self->device ? (PyObject *)self->device : Py_None);
}

PyType_Spec *soma_py_network_spec(void) {
    static PyGetSetDef properties[] = {{"device", get_device, NULL, "that it is compiled for", NULL},
                                       {NULL, NULL, NULL, NULL, NULL}};
    static PyMethodDef methods[] = {
        {"load", load, METH_VARARGS | METH_CLASS, "load(path): a network from a file"},
        {"load_onnx", soma_py_network_load_onnx, METH_VARARGS | METH_CLASS,
         "load_onnx(path, batch, outputs, constants)"},
        {"save", save, METH_VARARGS, "save(path)"},
        {"save_onnx", soma_py_network_save_onnx, METH_VARARGS, "save_onnx(path, opset)"},
        {"load_weights", load_weights, METH_VARARGS, "load_weights(path, map, partial)"},
        {"summary", summary, METH_VARARGS, "summary(batch_size): lines of text"},
        {"class_names", class_names, METH_NOARGS, "names of the classes that it learnt"},
        {"columns", columns, METH_NOARGS, "(name, role) of the columns of the table that it learnt"},
        {"layer_list", layer_list, METH_NOARGS, "(name, kind, shape per sample of its output) of the layers"},
        {"ends", ends, METH_O, "ends(outputs): (name, shape) of each input or output"},
        {"input", soma_py_network_input, METH_VARARGS, "input(shape, name): number of a tensor"},
        {"layers", soma_py_network_layers, METH_VARARGS, "layers(tensor, text): number of a tensor"},
        {"join", soma_py_network_join, METH_VARARGS, "join(how, tensors, axis): number of a tensor"},
        {"mark", soma_py_network_mark, METH_VARARGS, "mark(tensor, name, output)"},
        {"shape", soma_py_network_shape, METH_O, "shape(tensor): per sample"},
        {"compile", soma_py_network_compile, METH_VARARGS,
         "compile(device, loss, metrics, optimizer, schedule, class_weight, of_losses, loss_weights, quantiles)"},
        {"losses", soma_py_network_losses, METH_NOARGS, "the losses of the outputs"},
        {"fit", soma_py_network_fit, METH_VARARGS,
         "fit(dataset, options, validation, on_batch, on_epoch, communicator, validated)"},
        {"fit_metrics", soma_py_network_fit_metrics, METH_NOARGS,
         "loss and metrics of the epoch so far, within a callback"},
        {"set_frozen", soma_py_network_set_frozen, METH_VARARGS, "set_frozen(pattern, frozen)"},
        {"set_decay", soma_py_network_set_decay, METH_VARARGS, "set_decay(pattern, l2, l1)"},
        {"frozen", soma_py_network_frozen, METH_NOARGS, "names of the frozen parameters"},
        {"get_learning_rate", soma_py_network_get_learning_rate, METH_NOARGS, "of the last step, or set since"},
        {"set_learning_rate", soma_py_network_set_learning_rate, METH_O, "set_learning_rate(rate)"},
        {"evaluate", soma_py_network_evaluate, METH_VARARGS, "evaluate(dataset, batch_size)"},
        {"predict", soma_py_network_predict, METH_VARARGS, "predict(dataset, output, batch_size, what)"},
        {"run", soma_py_network_run, METH_O, "run(array)"},
        {"parameters", soma_py_network_parameters, METH_NOARGS, "names of the parameters"},
        {"get_parameter", soma_py_network_get_parameter, METH_O, "get_parameter(name): an array"},
        {"set_parameter", soma_py_network_set_parameter, METH_VARARGS, "set_parameter(name, values)"},
        {"token_count", soma_py_network_token_count, METH_NOARGS, "how many tokens it has learnt; 0: of no text"},
        {"encode", soma_py_network_encode, METH_VARARGS, "encode(bytes): a list of numbers"},
        {"decode", soma_py_network_decode, METH_O, "decode(number): bytes"},
        {"stream", soma_py_network_stream, METH_NOARGS, "the network of one step, with its states"},
        {NULL, NULL, 0, NULL}};
    static PyType_Slot slots[] = {{Py_tp_doc, "A network of the library."},
                                  {Py_tp_new, new_network},
                                  {Py_tp_dealloc, free_network},
                                  {Py_tp_getset, properties},
                                  {Py_tp_methods, methods},
                                  {0, NULL}};
    static PyType_Spec spec = {.name = "soma._soma.Network",
                               .basicsize = sizeof(soma_py_network),
                               .flags = Py_TPFLAGS_DEFAULT,
                               .slots = slots};
    return &spec;
}
