/* SPDX-License-Identifier: MIT */
/*
 * What the files of the extension share. The extension is thin: it calls the public functions of soma on Python's
 * limited API, and what can be said in Python is said there (network.py, layers.py, ...).
 *
 * Every function that answers a PyObject * answers NULL, with an exception set, where it fails.
 */
#ifndef SOMA_PYTHON_H
#define SOMA_PYTHON_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <soma/communicator.h>
#include <soma/device.h>
#include <soma/soma.h>
#include <soma/tensorboard.h>

/* The types, and the exceptions by status, made when the module is. */
extern PyObject *soma_py_array_type, *soma_py_device_type, *soma_py_dataset_type, *soma_py_network_type,
    *soma_py_session_type, *soma_py_memory_type, *soma_py_tokenizer_type, *soma_py_onnx_session_type,
    *soma_py_board_type, *soma_py_generator_type;

/* errors.c: the exception of a status, with the detail of the last error in this thread; always NULL. */
PyObject *soma_py_raise(soma_status status);
int soma_py_add_errors(PyObject *module);
/* Adds a type of this specification under its name; NULL where that fails. The caller has a reference of its own. */
PyObject *soma_py_add_type(PyObject *module, PyType_Spec *spec);
/* A soma call that may take long, without the interpreter's lock. */
#define SOMA_PY_UNLOCKED(call)                                                                                         \
    do {                                                                                                               \
        PyThreadState *thread_ = PyEval_SaveThread();                                                                  \
        call;                                                                                                          \
        PyEval_RestoreThread(thread_);                                                                                 \
    } while (0)

/* ------------------------------------------------------------------------------------------------------ arrays */

/* Numbers in host memory, row-major: of its own, or borrowed of another object until the array goes. */
typedef struct soma_py_array {
    PyObject_HEAD soma_array array;
    Py_ssize_t shape[SOMA_MAX_RANK], strides[SOMA_MAX_RANK]; /* as the buffer protocol has them */
    char format[2];                                          /* likewise */
    void *own;                                               /* NULL: borrowed */
    Py_buffer view;                                          /* of the object that it is borrowed of; obj NULL: none */
    PyObject *lender; /* ... or what keeps the memory: an array, DLPack's capsule */
} soma_py_array;

/* What is read of another object: any strides, any kind of number. */
typedef struct soma_py_source {
    const char *data;
    char kind; /* as the buffer protocol's formats: f d e ? b B h H i I q Q, and w for bfloat16 */
    Py_ssize_t rank, shape[SOMA_MAX_RANK], strides[SOMA_MAX_RANK];
    Py_buffer view;
    PyObject *lender;
} soma_py_source;

/* A new array of zeros' worth of room, not set to anything. */
soma_py_array *soma_py_array_new(soma_dtype dtype, uint32_t rank, const size_t *shape);
/* An array of this type, borrowed where it can be, else converted. Whole numbers alone become SOMA_I32. */
soma_py_array *soma_py_array_of(PyObject *object, soma_dtype dtype);
/* array(object, dtype), "" for the type that its numbers have, and describe(object) of the module. */
PyObject *soma_py_array_function(PyObject *module, PyObject *arguments);
PyObject *soma_py_describe_function(PyObject *module, PyObject *object);
size_t soma_py_array_count(const soma_py_array *array);
PyType_Spec *soma_py_array_spec(void);

/* source.c: opens an object for reading; -1 with an exception. */
int soma_py_source_open(PyObject *object, soma_py_source *source);
void soma_py_source_close(soma_py_source *source);
/* Bytes of a number of this kind. */
size_t soma_py_kind_size(char kind);
bool soma_py_source_is_packed(const soma_py_source *source);
/* Into target, packed; -1 with an exception where a number is none of the type. */
int soma_py_source_convert(const soma_py_source *source, soma_dtype dtype, void *target);

/* dlpack.c */
int soma_py_dlpack_open(PyObject *object, soma_py_source *source);
PyObject *soma_py_array_dlpack(PyObject *self, PyObject *arguments, PyObject *keywords);
PyObject *soma_py_array_dlpack_device(PyObject *self, PyObject *unused);

/* ------------------------------------------------------------------------------------------------------ the rest */

typedef struct soma_py_device {
    PyObject_HEAD soma_device *device;
} soma_py_device;

/* memory.c: float32 in a device's memory, row-major: of its own, or OpenCL's of another library. */
typedef struct soma_py_memory {
    PyObject_HEAD soma_memory *memory;
    soma_py_device *device;
    PyObject *lender; /* DLPack's capsule; NULL: its own */
    uint32_t rank;
    size_t shape[SOMA_MAX_RANK];
} soma_py_memory;
soma_py_memory *soma_py_memory_new(soma_py_device *device, uint32_t rank, const size_t *shape);
/* array(object) of a device. */
PyObject *soma_py_device_array(PyObject *device, PyObject *given);
PyType_Spec *soma_py_memory_spec(void);

typedef struct soma_py_dataset {
    PyObject_HEAD soma_dataset *dataset;
    PyObject *arrays; /* that it borrows */
} soma_py_dataset;

/* One thread at a time is in a network; the thread that is may come again, from a callback. */
typedef struct soma_py_network {
    PyObject_HEAD soma_network *network;
    soma_py_device *device; /* that it is compiled for; NULL: none */
    soma_tensor **tensors;  /* by number, as the builders' methods speak of them */
    Py_ssize_t tensor_count;
    PyThread_type_lock lock;
    unsigned long owner; /* the thread that has it, while depth > 0 */
    int depth;
} soma_py_network;

/* -1 with an exception. */
int soma_py_network_enter(soma_py_network *self);
void soma_py_network_leave(soma_py_network *self);
/* The same of any lock, without coming again. */
int soma_py_lock(PyThread_type_lock lock);
/* For "O&": a seed, an unsigned long long, of any whole number that is one; OverflowError says of others what they are.
 */
int soma_py_seed(PyObject *value, void *seed);

PyType_Spec *soma_py_device_spec(void), *soma_py_dataset_spec(void), *soma_py_network_spec(void),
    *soma_py_session_spec(void), *soma_py_tokenizer_spec(void), *soma_py_onnx_session_spec(void),
    *soma_py_board_spec(void), *soma_py_generator_spec(void);
/* A list of them. */
PyObject *soma_py_numbers(const int32_t *numbers, size_t count);
PyObject *soma_py_devices(PyObject *module, PyObject *unused);

/* Methods of a network by subject; each ends the argument of PyType_Spec's table. */
PyObject *soma_py_network_input(PyObject *self, PyObject *arguments);
PyObject *soma_py_network_layers(PyObject *self, PyObject *arguments);
PyObject *soma_py_network_join(PyObject *self, PyObject *arguments);
PyObject *soma_py_network_mark(PyObject *self, PyObject *arguments);
PyObject *soma_py_network_shape(PyObject *self, PyObject *number);
PyObject *soma_py_network_compile(PyObject *self, PyObject *arguments);
PyObject *soma_py_network_losses(PyObject *self, PyObject *unused);
PyObject *soma_py_network_fit(PyObject *self, PyObject *arguments);
PyObject *soma_py_network_fit_metrics(PyObject *self, PyObject *unused);
PyObject *soma_py_network_set_frozen(PyObject *self, PyObject *arguments);
PyObject *soma_py_network_set_decay(PyObject *self, PyObject *arguments);
PyObject *soma_py_network_frozen(PyObject *self, PyObject *unused);
PyObject *soma_py_network_get_learning_rate(PyObject *self, PyObject *unused);
PyObject *soma_py_network_set_learning_rate(PyObject *self, PyObject *rate);
PyObject *soma_py_network_evaluate(PyObject *self, PyObject *arguments);
PyObject *soma_py_network_predict(PyObject *self, PyObject *arguments);
PyObject *soma_py_network_run(PyObject *self, PyObject *array);
PyObject *soma_py_network_parameters(PyObject *self, PyObject *unused);
PyObject *soma_py_network_get_parameter(PyObject *self, PyObject *name);
PyObject *soma_py_network_set_parameter(PyObject *self, PyObject *arguments);
PyObject *soma_py_network_token_count(PyObject *self, PyObject *unused);
PyObject *soma_py_network_encode(PyObject *self, PyObject *arguments);
PyObject *soma_py_network_decode(PyObject *self, PyObject *number);
PyObject *soma_py_network_stream(PyObject *self, PyObject *unused);

PyObject *soma_py_network_load_onnx(PyObject *class, PyObject *arguments);
PyObject *soma_py_network_save_onnx(PyObject *self, PyObject *arguments);
/* What a loader has made as an object, or the error. */
PyObject *soma_py_network_finish_load(PyObject *class, soma_status status, soma_network *network);
/* An array for what an output says of so many samples. */
soma_py_array *soma_py_room_for(const soma_network *network, size_t output, size_t samples);

/* A running fit(), whose callbacks take the interpreter's lock meanwhile. */
typedef struct soma_py_fit {
    PyObject *on_batch, *on_epoch; /* NULL: none */
    PyThreadState *thread;
    double last;                            /* when signals were looked for, in seconds */
    soma_tensorboard *board;                /* NULL: none */
    uint32_t histogram_freq, initial_epoch; /* distributions each so many epochs, 0: none; what the first is called */
} soma_py_fit;

/* communicator.c: functions that call an object's methods, while this fit runs; -1 with an exception. */
typedef struct soma_py_communicator {
    soma_communicator functions;
    PyObject *object;
    soma_py_fit *fit;
    PyObject *type, *value, *trace; /* the exception that was there before a method is called, or NULL */
} soma_py_communicator;
int soma_py_communicator_open(PyObject *object, soma_py_fit *fit, soma_py_communicator *communicator);

/* fields.c: a struct of options from a dict: what each key is, and where it goes. */
typedef enum soma_py_field_kind {
    SOMA_PY_FLOAT,
    SOMA_PY_COEFFICIENT, /* a float of which 0 means a default: 0 that is given becomes what means 0 */
    SOMA_PY_DOUBLE,
    SOMA_PY_UINT32,
    SOMA_PY_UINT64,
    SOMA_PY_SIZE,
    SOMA_PY_BOOL,
    SOMA_PY_TEXT, /* borrowed of the dict */
    SOMA_PY_NAME  /* an enumeration's value by its name, see soma_names */
} soma_py_field_kind;
typedef struct soma_py_field {
    const char *key;
    soma_py_field_kind kind;
    size_t offset;
    soma_names names;
} soma_py_field;
/* Fields end with one whose key is NULL; `what` they are of, for messages. 0, or -1 with an exception. */
int soma_py_fill(const char *what, const soma_py_field *fields, PyObject *dict, void *target);
/* A whole number from 0 to `most`; ValueError says of others what they are, and TypeError of what is none. */
int soma_py_whole(const char *what, PyObject *value, unsigned long long most, unsigned long long *number);
/* The value of a name; -1 with an exception that says which there are. */
int soma_py_name(soma_names names, const char *what, PyObject *text, int *value);
/* {"loss": ..., "accuracy": ...} */
PyObject *soma_py_metrics(const soma_metrics *metrics);
/* A shape as a tuple. */
PyObject *soma_py_sizes(uint32_t rank, const size_t *shape);
/* dict[key] = value, whose reference it takes, and which may be NULL; -1 with an exception. */
int soma_py_put(PyObject *dict, const char *key, PyObject *value);

#endif
