/* SPDX-License-Identifier: MIT */
/* Arrays of other libraries without a copy, both ways. */
#include "_dlpack.h"

#include <stdlib.h>

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

int soma_py_dlpack_device(PyObject *object, int *type, int *number) {
    *type = ON_CPU, *number = 0;
    PyObject *device = PyObject_CallMethod(object, "__dlpack_device__", NULL);
    if (!device) return -1;
    if (PyTuple_Check(device) && PyTuple_Size(device) == 2) {
        *type = (int)PyLong_AsLong(PyTuple_GetItem(device, 0));
        *number = (int)PyLong_AsLong(PyTuple_GetItem(device, 1));
    } else {
        *type = 0;
    }
    Py_DECREF(device);
    return PyErr_Occurred() ? -1 : 0;
}

/* Nothing is handed over that cannot be read here. */
static int check_device(PyObject *object) {
    int type, number;
    if (soma_py_dlpack_device(object, &type, &number)) return -1;
    if (type == ON_CPU || type == ON_PINNED) return 0;
    PyErr_Format(PyExc_BufferError,
                 "the array is in the memory of DLPack's device (%d, %d); bring it to the host first", type, number);
    return -1;
}

static PyObject *ask(PyObject *object) {
    PyObject *method = PyObject_GetAttrString(object, "__dlpack__"), *none = PyTuple_New(0);
    PyObject *version = Py_BuildValue("{s:(ii)}", "max_version", 1, 0), *capsule = NULL;
    if (method && none && version) capsule = PyObject_Call(method, none, version);
    if (method && !capsule && PyErr_ExceptionMatches(PyExc_TypeError)) { /* it knows no versions */
        PyErr_Clear();
        capsule = PyObject_CallNoArgs(method);
    }
    Py_XDECREF(version);
    Py_XDECREF(none);
    Py_XDECREF(method);
    return capsule;
}

PyObject *soma_py_dlpack_take(PyObject *object, const dl_tensor **tensor) {
    PyObject *capsule = ask(object);
    if (!capsule) return NULL;
    if (PyCapsule_IsValid(capsule, NAME_1)) {
        managed_1 *given = PyCapsule_GetPointer(capsule, NAME_1);
        *tensor = &given->tensor;
        if (given->major == 1) return capsule;
        PyErr_Format(PyExc_BufferError, "DLPack's version %u is not known, only those up to 1", (unsigned)given->major);
        return Py_DECREF(capsule), NULL;
    }
    managed *given = PyCapsule_GetPointer(capsule, NAME);
    if (!given) return Py_DECREF(capsule), NULL;
    *tensor = &given->tensor;
    return capsule;
}

int soma_py_dlpack_open(PyObject *object, soma_py_source *source) {
    const dl_tensor *tensor;
    if (check_device(object)) return -1;
    source->lender = soma_py_dlpack_take(object, &tensor);
    return source->lender ? read_tensor(tensor, source) : -1;
}

/* --------------------------------------------------------------------------------------------------------- out */

/* What a capsule needs, of either version. */
typedef struct exported {
    managed old;
    managed_1 new;
    int64_t shape[SOMA_MAX_RANK], strides[SOMA_MAX_RANK];
    PyObject *array;
} exported;

/* May come from any thread, and while Python ends. */
static void release(exported *made) {
    if (Py_IsInitialized()) {
        PyGILState_STATE state = PyGILState_Ensure();
        Py_DECREF(made->array);
        PyGILState_Release(state);
    }
    free(made);
}

static void release_old(managed *self) {
    release(self->context);
}

static void release_new(managed_1 *self) {
    release(self->context);
}

/* A capsule that nobody has taken. */
static void drop_capsule(PyObject *capsule) {
    if (PyCapsule_IsValid(capsule, NAME))
        release_old(PyCapsule_GetPointer(capsule, NAME));
    else if (PyCapsule_IsValid(capsule, NAME_1))
        release_new(PyCapsule_GetPointer(capsule, NAME_1));
}

static exported *export(PyObject *owner, dl_tensor tensor, const size_t *shape, bool read_only) {
    exported *made = calloc(1, sizeof *made);
    if (!made) return (exported *)PyErr_NoMemory();
    int64_t step = 1;
    for (int32_t i = tensor.rank; i-- > 0; step *= made->shape[i]) {
        made->shape[i] = (int64_t)shape[i];
        made->strides[i] = step;
    }
    tensor.shape = made->shape;
    tensor.strides = made->strides;
    made->old = (managed){.tensor = tensor, .context = made, .deleter = release_old};
    made->new = (managed_1){.major = 1, .context = made, .deleter = release_new, .tensor = tensor};
    made->new.flags = read_only ? READ_ONLY : 0;
    made->array = Py_NewRef(owner);
    return made;
}

/* Whether the consumer knows version 1; -1 with an exception. */
static int knows_version_1(PyObject *version) {
    if (version == Py_None) return 0;
    PyObject *major = PySequence_GetItem(version, 0);
    long number = major ? PyLong_AsLong(major) : -1;
    Py_XDECREF(major);
    return PyErr_Occurred() ? -1 : number >= 1;
}

PyObject *soma_py_dlpack_give(PyObject *owner, dl_tensor tensor, const size_t *shape, bool read_only,
                              PyObject *arguments, PyObject *keywords) {
    static char *names[] = {"stream", "max_version", "dl_device", "copy", NULL};
    PyObject *stream = Py_None, *version = Py_None, *device = Py_None, *copy = Py_None;
    if (!PyArg_ParseTupleAndKeywords(arguments, keywords, "|$OOOO", names, &stream, &version, &device, &copy))
        return NULL;
    int new = knows_version_1(version);
    if (new < 0) return NULL;
    if (read_only && !new)
        return PyErr_Format(PyExc_BufferError,
                            "the array's memory is for reading alone, which only version 1 of DLPack can say");
    if (copy == Py_True) return PyErr_Format(PyExc_BufferError, "only without a copy");
    exported *made = export(owner, tensor, shape, read_only);
    if (!made) return NULL;
    PyObject *capsule =
        new ? PyCapsule_New(&made->new, NAME_1, drop_capsule) : PyCapsule_New(&made->old, NAME, drop_capsule);
    if (!capsule) release(made);
    return capsule;
}

PyObject *soma_py_array_dlpack(PyObject *object, PyObject *arguments, PyObject *keywords) {
    const soma_py_array *self = (soma_py_array *)object;
    soma_dtype dtype = self->array.dtype;
    dl_tensor tensor = {.data = (void *)(uintptr_t)self->array.data,
                        .device = {ON_CPU, 0},
                        .rank = (int32_t)self->array.rank,
                        .type = {.bits = (uint8_t)(8 * soma_dtype_size(dtype)), .lanes = 1}};
    const char first = *soma_dtype_name(dtype); /* of "float32", "uint8", "bool", "int64" */
    tensor.type.code = first == 'f' ? FLOATS : first == 'u' ? UINTS : first == 'b' ? BOOLS : INTS;
    return soma_py_dlpack_give(object, tensor, self->array.shape, !self->own, arguments, keywords);
}

PyObject *soma_py_array_dlpack_device(PyObject *object, PyObject *unused) {
    (void)object, (void)unused;
    return Py_BuildValue("(ii)", ON_CPU, 0);
}
