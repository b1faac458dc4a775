/* SPDX-License-Identifier: MIT */
/*
 * DLPack: arrays of other libraries without a copy, both ways (https://dmlc.github.io/dlpack). The structs are those of
 * its version 0, which every library of today hands out unless it is asked for a later one; they are the interface, so
 * that they are written down here.
 */
#include "_soma.h"

#include <stdlib.h>

enum { ON_CPU = 1, ON_PINNED = 3 };                               /* DLDeviceType */
enum { INTS = 0, UINTS = 1, FLOATS = 2, BFLOATS = 4, BOOLS = 6 }; /* DLDataTypeCode */

typedef struct dl_device {
    int32_t type, number;
} dl_device;

typedef struct dl_tensor {
    void *data;
    dl_device device;
    int32_t rank;
    struct {
        uint8_t code, bits;
        uint16_t lanes;
    } type;
    int64_t *shape, *strides; /* in elements; strides NULL: packed */
    uint64_t offset;          /* bytes */
} dl_tensor;

typedef struct soma_py_dlpack {
    dl_tensor tensor;
    void *context;
    void (*deleter)(struct soma_py_dlpack *self);
} soma_py_dlpack;

/* ---------------------------------------------------------------------------------------------------------- in */

static char kind_of_type(const dl_tensor *tensor) {
    int bits = tensor->type.bits;
    if (tensor->type.lanes != 1) return 0;
    switch (tensor->type.code) {
    case FLOATS:
        return bits == 16 ? 'e' : bits == 32 ? 'f' : bits == 64 ? 'd' : 0;
    case INTS:
        return bits == 8 ? 'b' : bits == 16 ? 'h' : bits == 32 ? 'i' : bits == 64 ? 'q' : 0;
    case UINTS:
        return bits == 8 ? 'B' : bits == 16 ? 'H' : bits == 32 ? 'I' : bits == 64 ? 'Q' : 0;
    case BFLOATS:
        return bits == 16 ? 'w' : 0;
    case BOOLS:
        return bits == 8 ? '?' : 0;
    default:
        return 0;
    }
}

static int read_tensor(const dl_tensor *tensor, soma_py_source *source) {
    source->kind = kind_of_type(tensor);
    if (!source->kind) {
        PyErr_Format(PyExc_TypeError,
                     "an array of numbers is wanted, this one has elements of DLPack's type %d with %d bits",
                     tensor->type.code, tensor->type.bits);
        return -1;
    }
    if (tensor->rank < 0 || tensor->rank > SOMA_MAX_RANK) {
        PyErr_Format(PyExc_ValueError, "an array has at most %d dimensions, got one of %d", SOMA_MAX_RANK,
                     tensor->rank);
        return -1;
    }
    source->rank = tensor->rank;
    source->data = (const char *)tensor->data + tensor->offset;
    Py_ssize_t size = (Py_ssize_t)soma_py_kind_size(source->kind), step = size;
    for (int i = tensor->rank; i-- > 0; step *= source->shape[i]) {
        source->shape[i] = (Py_ssize_t)tensor->shape[i];
        source->strides[i] = tensor->strides ? (Py_ssize_t)tensor->strides[i] * size : step;
    }
    return 0;
}

/* Of a device, so that nothing is handed over that cannot be read here. */
static int check_device(PyObject *object) {
    int type = ON_CPU, number = 0;
    PyObject *device = PyObject_CallMethod(object, "__dlpack_device__", NULL);
    if (!device) return -1;
    bool good = PyTuple_Check(device) && PyTuple_Size(device) == 2;
    if (good) {
        type = (int)PyLong_AsLong(PyTuple_GetItem(device, 0));
        number = (int)PyLong_AsLong(PyTuple_GetItem(device, 1));
    }
    Py_DECREF(device);
    if (PyErr_Occurred()) return -1;
    if (good && (type == ON_CPU || type == ON_PINNED)) return 0;
    PyErr_Format(PyExc_BufferError,
                 "the array is in the memory of DLPack's device (%d, %d); bring it to the host first", type, number);
    return -1;
}

int soma_py_dlpack_open(PyObject *object, soma_py_source *source) {
    if (check_device(object)) return -1;
    PyObject *capsule = PyObject_CallMethod(object, "__dlpack__", NULL);
    if (!capsule) return -1;
    soma_py_dlpack *managed = PyCapsule_GetPointer(capsule, "dltensor");
    if (managed && PyCapsule_SetName(capsule, "used_dltensor") == 0) source->managed = managed;
    Py_DECREF(capsule);
    return source->managed ? read_tensor(&managed->tensor, source) : -1;
}

void soma_py_dlpack_release(soma_py_dlpack *managed) {
    if (managed->deleter) managed->deleter(managed);
}

/* --------------------------------------------------------------------------------------------------------- out */

typedef struct exported {
    soma_py_dlpack managed;
    int64_t shape[SOMA_MAX_RANK], strides[SOMA_MAX_RANK];
} exported;

/* May come from any thread, and while Python ends. */
static void release_exported(soma_py_dlpack *self) {
    if (Py_IsInitialized()) {
        PyGILState_STATE state = PyGILState_Ensure();
        Py_XDECREF((PyObject *)self->context);
        PyGILState_Release(state);
    }
    free(self);
}

/* A capsule that nobody has taken. */
static void drop_capsule(PyObject *capsule) {
    if (!PyCapsule_IsValid(capsule, "dltensor")) return;
    soma_py_dlpack *managed = PyCapsule_GetPointer(capsule, "dltensor");
    managed->deleter(managed);
}

static soma_py_dlpack *export(soma_py_array *self) {
    exported *made = calloc(1, sizeof *made);
    if (!made) return (soma_py_dlpack *)PyErr_NoMemory();
    size_t size = soma_dtype_size(self->array.dtype);
    for (uint32_t i = 0; i < self->array.rank; i++) {
        made->shape[i] = self->shape[i];
        made->strides[i] = self->strides[i] / (Py_ssize_t)size;
    }
    made->managed = (soma_py_dlpack){.tensor = {.data = (void *)(uintptr_t)self->array.data,
                                                .device = {ON_CPU, 0},
                                                .rank = (int32_t)self->array.rank,
                                                .type = {.bits = (uint8_t)(8 * size), .lanes = 1},
                                                .shape = made->shape,
                                                .strides = made->strides},
                                     .context = Py_NewRef((PyObject *)self),
                                     .deleter = release_exported};
    soma_dtype dtype = self->array.dtype;
    made->managed.tensor.type.code = dtype == SOMA_F32 ? FLOATS : dtype == SOMA_U8 ? UINTS : INTS;
    return &made->managed;
}

PyObject *soma_py_array_dlpack(PyObject *object, PyObject *arguments, PyObject *keywords) {
    static char *names[] = {"stream", "max_version", "dl_device", "copy", NULL};
    PyObject *stream = Py_None, *version = Py_None, *device = Py_None, *copy = Py_None;
    if (!PyArg_ParseTupleAndKeywords(arguments, keywords, "|$OOOO", names, &stream, &version, &device, &copy))
        return NULL;
    soma_py_array *self = (soma_py_array *)object;
    if (!self->own)
        return PyErr_Format(PyExc_BufferError, "the array's memory is borrowed: take it where it comes from");
    if (copy == Py_True) return PyErr_Format(PyExc_BufferError, "only without a copy");
    soma_py_dlpack *managed = export(self);
    if (!managed) return NULL;
    PyObject *capsule = PyCapsule_New(managed, "dltensor", drop_capsule);
    if (!capsule) managed->deleter(managed);
    return capsule;
}

PyObject *soma_py_array_dlpack_device(PyObject *object, PyObject *unused) {
    (void)object, (void)unused;
    return Py_BuildValue("(ii)", ON_CPU, 0);
}
