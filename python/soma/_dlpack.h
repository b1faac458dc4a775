/* SPDX-License-Identifier: MIT */
/*
 * DLPack (https://dmlc.github.io/dlpack). The structs are the interface, so that they are written down here: those of
 * its version 1, which can say that memory is for reading alone, and those from before, for libraries that know no
 * later ones.
 */
#ifndef SOMA_PYTHON_DLPACK_H
#define SOMA_PYTHON_DLPACK_H

#include "_soma.h"

enum { ON_CPU = 1, ON_PINNED = 3, ON_OPENCL = 4 };                /* DLDeviceType */
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

typedef struct managed {
    dl_tensor tensor;
    void *context;
    void (*deleter)(struct managed *self);
} managed;

typedef struct managed_1 {
    uint32_t major, minor;
    void *context;
    void (*deleter)(struct managed_1 *self);
    uint64_t flags;
    dl_tensor tensor;
} managed_1;
#define READ_ONLY 1

#define NAME   "dltensor"
#define NAME_1 "dltensor_versioned"

/* The device that an object says its memory is on, type and number; -1 with an exception. */
int soma_py_dlpack_device(PyObject *object, int *type, int *number);
/* The capsule of an object, and its tensor; NULL with an exception. The capsule is not taken but kept: it frees the
 * tensor when it goes. */
PyObject *soma_py_dlpack_take(PyObject *object, const dl_tensor **tensor);
/* A capsule for the arguments of __dlpack__(). `owner` is kept until the tensor is freed; what it is for is in tensor
 * but for shape and strides, which are packed. */
PyObject *soma_py_dlpack_give(PyObject *owner, dl_tensor tensor, const size_t *shape, bool read_only,
                              PyObject *arguments, PyObject *keywords);

#endif
