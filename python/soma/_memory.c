/* SPDX-License-Identifier: MIT */
/* Arrays in the memory of a device, and those that OpenCL's memory is shared by. */
#include "_dlpack.h"

#include <stdlib.h>
#include <string.h>

#ifdef SOMA_HAVE_OPENCL
#include <soma/opencl.h>
#endif

static const char no_opencl[] =
    "it lies on %s, and only memory of OpenCL is shared so; cpu() gives an array in the host's";

static void free_memory(PyObject *object) {
    soma_py_memory *self = (soma_py_memory *)object;
    PyTypeObject *type = Py_TYPE(object);
    SOMA_PY_UNLOCKED(soma_memory_destroy(self->memory));
    Py_XDECREF((PyObject *)self->device);
    Py_XDECREF(self->lender);
    PyObject_Free(object);
    Py_DECREF(type);
}

static soma_py_memory *new_memory(soma_py_device *device, uint32_t rank, const size_t *shape) {
    soma_py_memory *self = (soma_py_memory *)PyType_GenericAlloc((PyTypeObject *)soma_py_memory_type, 0);
    if (!self) return NULL;
    self->device = (soma_py_device *)Py_NewRef((PyObject *)device);
    self->rank = rank;
    memcpy(self->shape, shape, rank * sizeof *shape);
    return self;
}

/* The bytes of its numbers. */
static size_t bytes_of(const soma_py_memory *self) {
    size_t bytes = sizeof(float);
    for (uint32_t i = 0; i < self->rank; i++) bytes *= self->shape[i];
    return bytes;
}

soma_py_memory *soma_py_memory_new(soma_py_device *device, uint32_t rank, const size_t *shape) {
    soma_py_memory *self = new_memory(device, rank, shape);
    if (!self) return NULL;
    size_t bytes = bytes_of(self);
    soma_status status;
    SOMA_PY_UNLOCKED(status = soma_memory_create(device->device, bytes ? bytes : sizeof(float), &self->memory));
    if (status == SOMA_OK) return self;
    Py_DECREF(self);
    return (soma_py_memory *)soma_py_raise(status);
}

/* ------------------------------------------------------------------------------------------------------------- in */

static PyObject *copy_to_device(soma_py_device *device, PyObject *given) {
    soma_py_array *array = soma_py_array_of(given, SOMA_F32);
    if (!array) return NULL;
    soma_py_memory *self = soma_py_memory_new(device, array->array.rank, array->array.shape);
    soma_status status = SOMA_OK;
    if (self) SOMA_PY_UNLOCKED(status = soma_memory_write(self->memory, 0, array->array.data, bytes_of(self)));
    Py_DECREF(array);
    if (status == SOMA_OK) return (PyObject *)self;
    Py_DECREF(self);
    return soma_py_raise(status);
}

#ifdef SOMA_HAVE_OPENCL
/* Whether it is float32, and row by row from the beginning of its buffer; -1 with an exception. */
static int check_tensor(const dl_tensor *tensor) {
    if (tensor->type.code != FLOATS || tensor->type.bits != 32 || tensor->type.lanes != 1) {
        PyErr_Format(PyExc_BufferError,
                     "OpenCL's memory is taken of float32, this is of DLPack's type %d with %d bits and %d lanes",
                     tensor->type.code, tensor->type.bits, tensor->type.lanes);
        return -1;
    }
    if (tensor->rank < 0 || tensor->rank > SOMA_MAX_RANK) {
        PyErr_Format(PyExc_BufferError, "an array has at most %d dimensions, got one of %d", SOMA_MAX_RANK,
                     tensor->rank);
        return -1;
    }
    bool packed = true;
    int64_t step = 1;
    for (int32_t i = tensor->rank; i-- > 0; step *= tensor->shape[i])
        packed &= !tensor->strides || tensor->shape[i] == 1 || tensor->strides[i] == step;
    if (packed && tensor->offset == 0) return 0;
    PyErr_Format(PyExc_BufferError,
                 "OpenCL's memory is taken row by row from the beginning of its buffer; this %s; copy it there first",
                 packed ? "begins elsewhere" : "has other strides");
    return -1;
}

static PyObject *borrow_opencl(soma_py_device *device, PyObject *given) {
    const dl_tensor *tensor;
    size_t shape[SOMA_MAX_RANK] = {0};
    PyObject *capsule = soma_py_dlpack_take(given, &tensor);
    if (!capsule) return NULL;
    if (check_tensor(tensor)) return Py_DECREF(capsule), NULL;
    for (int32_t i = 0; i < tensor->rank; i++) shape[i] = (size_t)tensor->shape[i];
    soma_py_memory *self = new_memory(device, (uint32_t)tensor->rank, shape);
    if (!self) return Py_DECREF(capsule), NULL;
    self->lender = capsule;
    soma_status status;
    SOMA_PY_UNLOCKED(status = soma_opencl_wrap(device->device, tensor->data, &self->memory));
    if (status == SOMA_OK && soma_memory_bytes(self->memory) >= bytes_of(self)) return (PyObject *)self;
    if (status == SOMA_OK)
        PyErr_Format(PyExc_BufferError, "the array takes %zu bytes, its buffer has %zu", bytes_of(self),
                     soma_memory_bytes(self->memory));
    else
        (void)soma_py_raise(status);
    return Py_DECREF(self), NULL;
}
#else
static PyObject *borrow_opencl(soma_py_device *device, PyObject *given) {
    (void)given;
    return PyErr_Format(PyExc_BufferError, "the array is in OpenCL's memory, and this soma, with %s, was built without",
                        soma_device_selector(device->device));
}
#endif

PyObject *soma_py_device_array(PyObject *object, PyObject *given) {
    soma_py_device *device = (soma_py_device *)object;
    int type = ON_CPU, number;
    if (PyObject_HasAttrString(given, "__dlpack_device__") && soma_py_dlpack_device(given, &type, &number)) return NULL;
    return type == ON_OPENCL ? borrow_opencl(device, given) : copy_to_device(device, given);
}

/* ------------------------------------------------------------------------------------------------------------ out */

static PyObject *to_host(PyObject *object, PyObject *unused) {
    const soma_py_memory *self = (soma_py_memory *)object;
    (void)unused;
    soma_py_array *array = soma_py_array_new(SOMA_F32, self->rank, self->shape);
    if (!array) return NULL;
    soma_status status;
    SOMA_PY_UNLOCKED(status = soma_memory_read(self->memory, 0, array->own, bytes_of(self)));
    if (status == SOMA_OK) return (PyObject *)array;
    Py_DECREF(array);
    return soma_py_raise(status);
}

static PyObject *refuse(const soma_py_memory *self) {
    return PyErr_Format(PyExc_BufferError, no_opencl, soma_device_selector(self->device->device));
}

static PyObject *dlpack_device(PyObject *object, PyObject *unused) {
    const soma_py_memory *self = (soma_py_memory *)object;
    const char *selector = soma_device_selector(self->device->device);
    (void)unused;
    if (strncmp(selector, "opencl:", strlen("opencl:")) != 0) return refuse(self);
    return Py_BuildValue("(ii)", ON_OPENCL, atoi(selector + strlen("opencl:")));
}

#ifdef SOMA_HAVE_OPENCL
/* DLPack's memory of OpenCL is the cl_mem itself. What is asked of the device is done before it is given away: there is
 * no word for a queue in it, and a reading waits for all that came before. */
static PyObject *dlpack(PyObject *object, PyObject *arguments, PyObject *keywords) {
    const soma_py_memory *self = (soma_py_memory *)object;
    dl_tensor tensor = {.rank = (int32_t)self->rank, .type = {.code = FLOATS, .bits = 32, .lanes = 1}};
    PyObject *device = dlpack_device(object, NULL);
    if (!device) return NULL;
    tensor.device.type = ON_OPENCL;
    tensor.device.number = (int32_t)PyLong_AsLong(PyTuple_GetItem(device, 1));
    Py_DECREF(device);
    cl_mem buffer = NULL;
    size_t offset = 0;
    float first;
    soma_status status;
    SOMA_PY_UNLOCKED(status = soma_memory_read(self->memory, 0, &first, sizeof first));
    if (status == SOMA_OK) status = soma_opencl_buffer(self->memory, &buffer, &offset);
    if (status != SOMA_OK) return soma_py_raise(status);
    tensor.data = buffer;
    tensor.offset = offset;
    return soma_py_dlpack_give(object, tensor, self->shape, false, arguments, keywords);
}
#else
static PyObject *dlpack(PyObject *object, PyObject *arguments, PyObject *keywords) {
    (void)arguments, (void)keywords;
    return refuse((soma_py_memory *)object);
}
#endif

static PyObject *get_shape(PyObject *object, void *unused) {
    const soma_py_memory *self = (soma_py_memory *)object;
    (void)unused;
    return soma_py_sizes(self->rank, self->shape);
}

static PyObject *get_dtype(PyObject *object, void *unused) {
    (void)object, (void)unused;
    return PyUnicode_FromString(soma_dtype_name(SOMA_F32));
}

static PyObject *get_device(PyObject *object, void *unused) {
    (void)unused;
    return Py_NewRef((PyObject *)((soma_py_memory *)object)->device);
}

static PyObject *describe(PyObject *object) {
    const soma_py_memory *self = (soma_py_memory *)object;
    PyObject *shape = get_shape(object, NULL);
    PyObject *text = shape ? PyUnicode_FromFormat("soma.DeviceArray(shape=%R, dtype=float32, device='%s')", shape,
                                                  soma_device_selector(self->device->device))
                           : NULL;
    Py_XDECREF(shape);
    return text;
}

PyType_Spec *soma_py_memory_spec(void) {
    static PyGetSetDef properties[] = {{"shape", get_shape, NULL, "its dimensions, a tuple", NULL},
                                       {"dtype", get_dtype, NULL, "'float32'", NULL},
                                       {"device", get_device, NULL, "the soma.Device that it lies on", NULL},
                                       {NULL, NULL, NULL, NULL, NULL}};
    static PyMethodDef methods[] = {
        {"cpu", to_host, METH_NOARGS,
         "A copy in the host's memory, a soma.Array, when the device has done what it was asked for."},
        {"__dlpack__", (PyCFunction)(void (*)(void))dlpack, METH_VARARGS | METH_KEYWORDS,
         "OpenCL's memory as a DLPack capsule of kDLOpenCL, without a copy; the device has done what it was asked "
         "for."},
        {"__dlpack_device__", dlpack_device, METH_NOARGS, "(4, N) on opencl:N."},
        {NULL, NULL, 0, NULL}};
    static PyType_Slot slots[] = {
        {Py_tp_doc, "Numbers in a device's memory, row-major: of Device.array(), and what a Session makes of such."},
        {Py_tp_dealloc, free_memory},
        {Py_tp_repr, describe},
        {Py_tp_getset, properties},
        {Py_tp_methods, methods},
        {0, NULL}};
    static PyType_Spec spec = {.name = "soma.DeviceArray",
                               .basicsize = sizeof(soma_py_memory),
                               .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION,
                               .slots = slots};
    return &spec;
}
