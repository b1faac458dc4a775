/* SPDX-License-Identifier: MIT */
/* Arrays: what goes into the library, borrowed where it can be, and what comes out of it, which offers its memory by
 * the buffer protocol and DLPack. */
#include "_soma.h"

#include <string.h>

static soma_py_array *new_array(void) {
    PyTypeObject *type = (PyTypeObject *)soma_py_array_type;
    return (soma_py_array *)PyType_GenericAlloc(type, 0); /* zeros */
}

static void free_array(PyObject *object) {
    soma_py_array *self = (soma_py_array *)object;
    PyTypeObject *type = Py_TYPE(object);
    PyMem_Free(self->own);
    if (self->view.obj) PyBuffer_Release(&self->view);
    Py_XDECREF(self->lender);
    PyObject_Free(object);
    Py_DECREF(type);
}

size_t soma_py_array_count(const soma_py_array *self) {
    size_t count = 1;
    for (uint32_t i = 0; i < self->array.rank; i++) count *= self->array.shape[i];
    return count;
}

static void set_shape(soma_py_array *self, soma_dtype dtype, uint32_t rank, const size_t *shape) {
    Py_ssize_t step = (Py_ssize_t)soma_dtype_size(dtype);
    self->array.dtype = dtype;
    self->array.rank = rank;
    for (uint32_t i = rank; i-- > 0; step *= (Py_ssize_t)shape[i]) {
        self->array.shape[i] = shape[i];
        self->shape[i] = (Py_ssize_t)shape[i];
        self->strides[i] = step;
    }
}

/* Bytes of the array, at least 1; 0 where no memory has so many. */
static size_t bytes_of(soma_dtype dtype, uint32_t rank, const size_t *shape) {
    size_t bytes = soma_dtype_size(dtype);
    for (uint32_t i = 0; i < rank; i++)
        if (shape[i] == 0) return 1;
    for (uint32_t i = 0; i < rank; i++) {
        if (shape[i] > PY_SSIZE_T_MAX / bytes) return 0;
        bytes *= shape[i];
    }
    return bytes;
}

soma_py_array *soma_py_array_new(soma_dtype dtype, uint32_t rank, const size_t *shape) {
    size_t bytes = bytes_of(dtype, rank, shape);
    soma_py_array *self = bytes ? new_array() : (soma_py_array *)PyErr_NoMemory();
    if (!self) return NULL;
    set_shape(self, dtype, rank, shape);
    self->array.data = self->own = PyMem_Malloc(bytes);
    if (self->own) return self;
    Py_DECREF(self);
    return (soma_py_array *)PyErr_NoMemory();
}

/* The kinds of numbers as the buffer protocol's formats, by type; bfloat16, 'w', has none. */
static const char kinds[SOMA_DTYPE_END] = {
    [SOMA_F32] = 'f', [SOMA_F64] = 'd', [SOMA_U8] = 'B',  [SOMA_I32] = 'i', [SOMA_F16] = 'e', [SOMA_I8] = 'b',
    [SOMA_I16] = 'h', [SOMA_I64] = 'q', [SOMA_U16] = 'H', [SOMA_U32] = 'I', [SOMA_U64] = 'Q', [SOMA_BOOL] = '?',
};

static bool is_of(char kind, soma_dtype dtype) {
    return kinds[dtype] == kind || (dtype == SOMA_U8 && kind == '?');
}

/* The type of these numbers; bfloat16 becomes float32. */
static soma_dtype own_type(char kind) {
    int dtype = 0;
    while (dtype < SOMA_DTYPE_END && kinds[dtype] != kind) dtype++;
    return dtype < SOMA_DTYPE_END ? (soma_dtype)dtype : SOMA_F32;
}

/* The source's memory, which the array keeps from now on. */
static soma_py_array *borrow(soma_py_source *source, soma_dtype dtype, const size_t *shape) {
    soma_py_array *self = new_array();
    if (!self) return NULL;
    set_shape(self, dtype, (uint32_t)source->rank, shape);
    self->array.data = source->data;
    self->view = source->view;
    self->lender = source->lender;
    *source = (soma_py_source){.data = NULL};
    return self;
}

static soma_py_array *copy(const soma_py_source *source, soma_dtype dtype, const size_t *shape) {
    if (dtype == SOMA_U8 && source->kind != 'B' && source->kind != '?')
        return (soma_py_array *)PyErr_Format(PyExc_TypeError, "bytes are wanted");
    soma_py_array *self = soma_py_array_new(dtype, (uint32_t)source->rank, shape);
    if (!self || soma_py_source_convert(source, dtype, self->own) == 0) return self;
    Py_DECREF(self);
    return NULL;
}

/* As numbers of this type, or of their own. */
static soma_py_array *read_array(PyObject *object, bool own, soma_dtype dtype) {
    soma_py_source source;
    size_t shape[SOMA_MAX_RANK] = {0};
    if (soma_py_source_open(object, &source)) return NULL;
    for (Py_ssize_t i = 0; i < source.rank; i++) shape[i] = (size_t)source.shape[i];
    if (own) dtype = own_type(source.kind);
    soma_py_array *self = is_of(source.kind, dtype) && soma_py_source_is_packed(&source) ? borrow(&source, dtype, shape)
                                                                                         : copy(&source, dtype, shape);
    soma_py_source_close(&source);
    return self;
}

soma_py_array *soma_py_array_of(PyObject *object, soma_dtype dtype) {
    return read_array(object, false, dtype);
}

PyObject *soma_py_array_function(PyObject *module, PyObject *arguments) {
    PyObject *object;
    const char *name = "float32";
    (void)module;
    if (!PyArg_ParseTuple(arguments, "O|s", &object, &name)) return NULL;
    if (!*name) return (PyObject *)read_array(object, true, SOMA_F32);
    for (int dtype = 0; dtype < SOMA_DTYPE_COUNT; dtype++)
        if (strcmp(name, soma_dtype_name((soma_dtype)dtype)) == 0 && dtype != SOMA_F64)
            return (PyObject *)soma_py_array_of(object, (soma_dtype)dtype);
    return PyErr_Format(PyExc_ValueError, "arrays are made of float32, uint8 and int32, not of %s", name);
}

static PyObject *shape_tuple(Py_ssize_t rank, const Py_ssize_t *shape) {
    PyObject *tuple = PyTuple_New(rank);
    for (Py_ssize_t i = 0; tuple && i < rank; i++) {
        PyObject *number = PyLong_FromSsize_t(shape[i]);
        if (!number || PyTuple_SetItem(tuple, i, number)) Py_CLEAR(tuple);
    }
    return tuple;
}

PyObject *soma_py_describe_function(PyObject *module, PyObject *object) {
    soma_py_source source;
    (void)module;
    if (soma_py_source_open(object, &source)) return NULL;
    PyObject *shape = shape_tuple(source.rank, source.shape);
    PyObject *result = shape ? Py_BuildValue("(NC)", shape, source.kind) : NULL;
    soma_py_source_close(&source);
    return result;
}

/* ------------------------------------------------------------------------------------------------------ as an object
 */

static int get_buffer(PyObject *object, Py_buffer *view, int flags) {
    soma_py_array *self = (soma_py_array *)object;
    if ((flags & PyBUF_WRITABLE) && !self->own) {
        PyErr_SetString(PyExc_BufferError, "the array's memory is borrowed, and is for reading alone");
        return view->obj = NULL, -1;
    }
    *view = (Py_buffer){.buf = (void *)(uintptr_t)self->array.data,
                        .obj = Py_NewRef(object),
                        .len = (Py_ssize_t)(soma_py_array_count(self) * soma_dtype_size(self->array.dtype)),
                        .itemsize = (Py_ssize_t)soma_dtype_size(self->array.dtype),
                        .readonly = !self->own,
                        .ndim = (int)self->array.rank,
                        .shape = flags & PyBUF_ND ? self->shape : NULL,
                        .strides = (flags & PyBUF_STRIDES) == PyBUF_STRIDES ? self->strides : NULL};
    self->format[0] = kinds[self->array.dtype];
    if (flags & PyBUF_FORMAT) view->format = self->format;
    return 0;
}

static PyObject *get_shape(PyObject *object, void *unused) {
    soma_py_array *self = (soma_py_array *)object;
    (void)unused;
    return shape_tuple((Py_ssize_t)self->array.rank, self->shape);
}

static PyObject *get_dtype(PyObject *object, void *unused) {
    (void)unused;
    return PyUnicode_FromString(soma_dtype_name(((soma_py_array *)object)->array.dtype));
}

static Py_ssize_t get_length(PyObject *object) {
    soma_py_array *self = (soma_py_array *)object;
    if (self->array.rank) return self->shape[0];
    PyErr_SetString(PyExc_TypeError, "an array without dimensions has no length");
    return -1;
}

/* The same memory under another shape; it lives as long as any of them. */
static PyObject *reshape(PyObject *object, PyObject *sizes) {
    soma_py_array *self = (soma_py_array *)object;
    size_t shape[SOMA_MAX_RANK], count = 1;
    Py_ssize_t rank = PyTuple_Check(sizes) ? PyTuple_Size(sizes) : -1;
    if (rank < 0 || rank > SOMA_MAX_RANK)
        return PyErr_Format(PyExc_TypeError, "a tuple of at most %d sizes is wanted", SOMA_MAX_RANK);
    for (Py_ssize_t i = 0; i < rank; i++) {
        shape[i] = PyLong_AsSize_t(PyTuple_GetItem(sizes, i));
        if (PyErr_Occurred()) return NULL;
        if (shape[i] && count > SIZE_MAX / shape[i]) return PyErr_NoMemory();
        count *= shape[i];
    }
    if (count != soma_py_array_count(self))
        return PyErr_Format(PyExc_ValueError, "%R has other than %zu elements", object, count);
    soma_py_array *made = new_array();
    if (!made) return NULL;
    set_shape(made, self->array.dtype, (uint32_t)rank, shape);
    made->array.data = self->array.data;
    made->lender = Py_NewRef(object);
    return (PyObject *)made;
}

/* All else that can be done with an array: a view of the memory, as Python itself has them. */
static PyObject *to_list(PyObject *object, PyObject *unused) {
    (void)unused;
    PyObject *view = PyMemoryView_FromObject(object);
    PyObject *list = view ? PyObject_CallMethod(view, "tolist", NULL) : NULL;
    Py_XDECREF(view);
    return list;
}

static PyObject *get_item(PyObject *object, PyObject *key) {
    PyObject *list = to_list(object, NULL);
    PyObject *item = list ? PyObject_GetItem(list, key) : NULL;
    Py_XDECREF(list);
    return item;
}

static PyObject *describe(PyObject *object) {
    PyObject *shape = get_shape(object, NULL);
    PyObject *text = shape ? PyUnicode_FromFormat("soma.Array(shape=%R, dtype=%s)", shape,
                                                  soma_dtype_name(((soma_py_array *)object)->array.dtype))
                           : NULL;
    Py_XDECREF(shape);
    return text;
}

PyType_Spec *soma_py_array_spec(void) {
    static PyGetSetDef properties[] = {
        {"shape", get_shape, NULL, "its dimensions, a tuple", NULL},
        {"dtype", get_dtype, NULL, "NumPy's name of their type, as 'float32' or 'int64'", NULL},
        {NULL, NULL, NULL, NULL, NULL}};
    static PyMethodDef methods[] = {
        {"reshape", reshape, METH_O, "reshape(shape): the same memory under another shape, for reading alone."},
        {"tolist", to_list, METH_NOARGS, "The numbers as nested lists."},
        {"__dlpack__", (PyCFunction)(void (*)(void))soma_py_array_dlpack, METH_VARARGS | METH_KEYWORDS,
         "The memory as a DLPack capsule, without a copy."},
        {"__dlpack_device__", soma_py_array_dlpack_device, METH_NOARGS, "(1, 0): the host's memory."},
        {NULL, NULL, 0, NULL}};
    static PyType_Slot slots[] = {
        {Py_tp_doc,
         "Numbers in memory, row-major; numpy.asarray(), memoryview() and from_dlpack() see them without a copy."},
        {Py_tp_dealloc, free_array},
        {Py_tp_repr, describe},
        {Py_tp_getset, properties},
        {Py_tp_methods, methods},
        {Py_mp_length, get_length},
        {Py_mp_subscript, get_item},
        {Py_bf_getbuffer, get_buffer},
        {0, NULL}};
    static PyType_Spec spec = {.name = "soma.Array",
                               .basicsize = sizeof(soma_py_array),
                               .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION,
                               .slots = slots};
    return &spec;
}
