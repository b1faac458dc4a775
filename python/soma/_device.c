/* SPDX-License-Identifier: MIT */
/* Devices: what there are, and one that is open. */
#include "_soma.h"

#include <string.h>

static PyObject *describe_info(const soma_device_info *info) {
    static const char *const kinds[] = {"cpu", "gpu", "accelerator", "opencl cpu", "other"};
    unsigned kind = (unsigned)info->kind < SOMA_DEVICE_OTHER ? (unsigned)info->kind : SOMA_DEVICE_OTHER;
    return Py_BuildValue("{s:s,s:s,s:s,s:s,s:s,s:s,s:K,s:I}", "name", info->name, "platform", info->platform, "vendor",
                         info->vendor, "driver", info->driver, "gemm", info->gemm, "kind", kinds[kind], "memory",
                         (unsigned long long)info->memory, "compute_units", (unsigned)info->compute_units);
}

/* The list, NULL after an error, whose exception is set. */
typedef struct device_list {
    PyObject *list;
    PyThreadState *thread; /* while the interpreter's lock is not held */
} device_list;

static void add_device(void *context, const char *selector, const soma_device_info *info, bool usable,
                       const char *reason) {
    device_list *devices = context;
    PyEval_RestoreThread(devices->thread);
    PyObject *row = devices->list ? describe_info(info) : NULL;
    if (!row || soma_py_put(row, "selector", PyUnicode_FromString(selector ? selector : "")) ||
        soma_py_put(row, "usable", PyBool_FromLong(usable)) ||
        soma_py_put(row, "reason",
                    PyUnicode_DecodeUTF8(reason ? reason : "", reason ? (Py_ssize_t)strlen(reason) : 0, "replace")) ||
        PyList_Append(devices->list, row))
        Py_CLEAR(devices->list);
    Py_XDECREF(row);
    devices->thread = PyEval_SaveThread();
}

PyObject *soma_py_devices(PyObject *module, PyObject *unused) {
    device_list devices = {.list = PyList_New(0)};
    (void)module, (void)unused;
    if (!devices.list) return NULL;
    devices.thread = PyEval_SaveThread();
    soma_status status = soma_device_list(add_device, &devices);
    PyEval_RestoreThread(devices.thread);
    if (status == SOMA_OK) return devices.list;
    Py_XDECREF(devices.list);
    return soma_py_raise(status);
}

/* ------------------------------------------------------------------------------------------------------- open */

static PyObject *open_device(PyTypeObject *type, PyObject *arguments, PyObject *keywords) {
    static char *names[] = {"name", "threads", "memory_limit", NULL};
    const char *name = NULL;
    PyObject *given_threads = NULL, *given_limit = NULL;
    unsigned long long threads = 0, limit = 0;
    soma_device *device = NULL;
    if (!PyArg_ParseTupleAndKeywords(arguments, keywords, "|zOO", names, &name, &given_threads, &given_limit) ||
        (given_threads && soma_py_whole("threads", given_threads, UINT32_MAX, &threads)) ||
        (given_limit && soma_py_whole("memory_limit", given_limit, UINT64_MAX, &limit)))
        return NULL;
    soma_device_options options = {.threads = (uint32_t)threads, .memory_limit = limit};
    soma_status status;
    SOMA_PY_UNLOCKED(status = soma_device_open(name, &options, &device));
    if (status != SOMA_OK) return soma_py_raise(status);
    soma_py_device *self = (soma_py_device *)PyType_GenericAlloc(type, 0);
    if (self)
        self->device = device;
    else
        soma_device_close(device);
    return (PyObject *)self;
}

static void close_device(PyObject *object) {
    PyTypeObject *type = Py_TYPE(object);
    soma_device *device = ((soma_py_device *)object)->device;
    SOMA_PY_UNLOCKED(soma_device_close(device));
    PyObject_Free(object);
    Py_DECREF(type);
}

static PyObject *get_info(PyObject *object, void *unused) {
    soma_device_info info = {0};
    (void)unused;
    soma_device_get_info(((soma_py_device *)object)->device, &info);
    return describe_info(&info);
}

static PyObject *get_selector(PyObject *object, void *unused) {
    (void)unused;
    return PyUnicode_FromString(soma_device_selector(((soma_py_device *)object)->device));
}

static PyObject *get_memory(PyObject *object, void *unused) {
    soma_device_memory memory = {0};
    (void)unused;
    soma_device_get_memory(((soma_py_device *)object)->device, &memory);
    return Py_BuildValue("{s:K,s:K}", "allocated", (unsigned long long)memory.allocated, "peak",
                         (unsigned long long)memory.peak);
}

static PyObject *represent(PyObject *object) {
    return PyUnicode_FromFormat("soma.Device('%s')", soma_device_selector(((soma_py_device *)object)->device));
}

PyType_Spec *soma_py_device_spec(void) {
    static PyGetSetDef properties[] = {
        {"info", get_info, NULL, "name, platform, vendor, driver, kind, memory in bytes: a dict", NULL},
        {"selector", get_selector, NULL, "the word that opens this device again: 'cpu', 'opencl:1'", NULL},
        {"memory", get_memory, NULL, "bytes allocated on the device now, and the most there ever were: a dict", NULL},
        {NULL, NULL, NULL, NULL, NULL}};
    static PyMethodDef methods[] = {{"array", soma_py_device_array, METH_O,
                                     "array(x): a soma.DeviceArray, float32 in this device's memory: a copy, but of "
                                     "OpenCL's memory that DLPack gives, which must be of "
                                     "this device's context, that memory itself."},
                                    {NULL, NULL, 0, NULL}};
    static PyType_Slot slots[] = {
        {Py_tp_doc,
         "Device(name='auto', threads=0, memory_limit=0)\n--\n\n"
         "An open device: 'cpu', 'gpu', 'opencl:N', 'auto', or a piece of its name; or several, 'opencl:0,opencl:1' or "
         "'gpu*', among which fit() divides each batch, while all else is done on the first. `threads` are those of a "
         "cpu "
         "device (0: as many as cores), `memory_limit` bytes (0: what it has)."},
        {Py_tp_new, open_device},
        {Py_tp_dealloc, close_device},
        {Py_tp_repr, represent},
        {Py_tp_getset, properties},
        {Py_tp_methods, methods},
        {0, NULL}};
    static PyType_Spec spec = {
        .name = "soma.Device", .basicsize = sizeof(soma_py_device), .flags = Py_TPFLAGS_DEFAULT, .slots = slots};
    return &spec;
}
