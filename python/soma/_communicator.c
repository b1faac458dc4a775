/* SPDX-License-Identifier: MIT */
/* A communicator whose functions are methods of an object of Python. Each is called without the interpreter's lock, by
 * the thread that is in fit(), and takes it meanwhile. */
#include "_soma.h"

/* An exception of a method stays set until fit() ends. Of what is called after it, to wait for sums and to give up,
 * neither result nor exception takes its place. */
static soma_status outcome(soma_py_communicator *self, PyObject *result) {
    bool failed = !result;
    Py_XDECREF(result);
    if (self->type) PyErr_Restore(self->type, self->value, self->trace);
    self->fit->thread = PyEval_SaveThread();
    return failed ? soma_error(SOMA_IO, "a method of the communicator has raised an exception") : SOMA_OK;
}

static void enter(soma_py_communicator *self) {
    PyEval_RestoreThread(self->fit->thread);
    PyErr_Fetch(&self->type, &self->value, &self->trace);
}

/* Memory of the library's, lent as numbers of this kind. */
static PyObject *lend(void *memory, size_t bytes, const char *kind) {
    PyObject *whole = PyMemoryView_FromMemory(memory, (Py_ssize_t)bytes, PyBUF_WRITE);
    PyObject *view = whole ? PyObject_CallMethod(whole, "cast", "s", kind) : NULL;
    Py_XDECREF(whole);
    return view;
}

/* method(view): what it answers stands for the sum. */
static soma_status begin_sum(soma_py_communicator *self, const char *method, void *values, size_t bytes,
                             const char *kind, void **sum) {
    enter(self);
    PyObject *view = lend(values, bytes, kind);
    PyObject *begun = view ? PyObject_CallMethod(self->object, method, "O", view) : NULL;
    Py_XDECREF(view);
    *sum = begun;
    return outcome(self, begun ? Py_NewRef(begun) : NULL);
}

static soma_status start_sum(void *context, float *values, size_t count, void **sum) {
    return begin_sum(context, "start_sum", values, count * sizeof *values, "f", sum);
}

static soma_status start_sum_bf16(void *context, uint16_t *values, size_t count, void **sum) {
    return begin_sum(context, "start_sum_bf16", values, count * sizeof *values, "H", sum);
}

static soma_status wait_for_sum(void *context, void *sum) {
    soma_py_communicator *self = context;
    enter(self);
    PyObject *begun = sum, *result = PyObject_CallMethod(self->object, "wait", "O", begun);
    Py_DECREF(begun);
    return outcome(self, result);
}

static soma_status broadcast(void *context, void *bytes, size_t size, uint32_t root) {
    soma_py_communicator *self = context;
    enter(self);
    PyObject *view = lend(bytes, size, "B");
    PyObject *result = view ? PyObject_CallMethod(self->object, "broadcast", "OI", view, (unsigned)root) : NULL;
    Py_XDECREF(view);
    return outcome(self, result);
}

static soma_status progress(void *context) {
    soma_py_communicator *self = context;
    enter(self);
    return outcome(self, PyObject_CallMethod(self->object, "progress", NULL));
}

static void give_up(void *context, soma_status status, const char *message) {
    soma_py_communicator *self = context;
    (void)status;
    enter(self);
    (void)outcome(self, PyObject_CallMethod(self->object, "abort", "s", message));
}

/* An attribute that is a whole number. */
static int read_number(PyObject *object, const char *name, uint32_t *number) {
    PyObject *value = PyObject_GetAttrString(object, name);
    unsigned long long read = 0;
    const int failed = value ? soma_py_whole(name, value, UINT32_MAX, &read) : -1;
    Py_XDECREF(value);
    *number = (uint32_t)read;
    return failed;
}

static int has_method(PyObject *object, const char *name) {
    PyObject *value = PyObject_GetAttrString(object, name);
    if (!value) PyErr_Clear();
    int has = value && value != Py_None;
    Py_XDECREF(value);
    return has;
}

int soma_py_communicator_open(PyObject *object, soma_py_fit *fit, soma_py_communicator *self) {
    *self = (soma_py_communicator){.object = object, .fit = fit};
    self->functions =
        (soma_communicator){.abi = SOMA_COMMUNICATOR_ABI,
                            .size = sizeof self->functions,
                            .context = self,
                            .start_sum = start_sum,
                            .wait = wait_for_sum,
                            .broadcast = broadcast,
                            .abort = give_up,
                            .progress = has_method(object, "progress") ? progress : NULL,
                            .start_sum_bf16 = has_method(object, "start_sum_bf16") ? start_sum_bf16 : NULL};
    return read_number(object, "rank", &self->functions.rank) || read_number(object, "ranks", &self->functions.ranks)
               ? -1
               : 0;
}
