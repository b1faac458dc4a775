/* SPDX-License-Identifier: MIT */
/* Compiling and training, with callbacks, and the interpreter's lock given up meanwhile. */
#include "_soma.h"

#include <stddef.h>
#include <stdio.h>
#include <time.h>

/* --------------------------------------------------------------------------------------------------------- compiling
 */

#define OPTIMIZER(key, kind)                                                                                           \
    { #key, kind, offsetof(soma_optimizer, key), SOMA_NAMES_OPTIMIZER }
static const soma_py_field optimizer_fields[] = {
    {"kind", SOMA_PY_NAME, offsetof(soma_optimizer, kind), SOMA_NAMES_OPTIMIZER},
    OPTIMIZER(learning_rate, SOMA_PY_FLOAT),
    OPTIMIZER(momentum, SOMA_PY_COEFFICIENT),
    OPTIMIZER(beta1, SOMA_PY_COEFFICIENT),
    OPTIMIZER(beta2, SOMA_PY_COEFFICIENT),
    OPTIMIZER(rho, SOMA_PY_COEFFICIENT),
    OPTIMIZER(epsilon, SOMA_PY_COEFFICIENT),
    OPTIMIZER(l2, SOMA_PY_FLOAT),
    OPTIMIZER(l1, SOMA_PY_FLOAT),
    OPTIMIZER(decay, SOMA_PY_COEFFICIENT),
    OPTIMIZER(clip_value, SOMA_PY_FLOAT),
    OPTIMIZER(clip_norm, SOMA_PY_FLOAT),
    {NULL, SOMA_PY_FLOAT, 0, SOMA_NAMES_OPTIMIZER}};

#define SCHEDULE(key, kind)                                                                                            \
    { #key, kind, offsetof(soma_schedule, key), SOMA_NAMES_SCHEDULE }
static const soma_py_field schedule_fields[] = {
    {"kind", SOMA_PY_NAME, offsetof(soma_schedule, kind), SOMA_NAMES_SCHEDULE},
    SCHEDULE(warmup, SOMA_PY_UINT64),
    SCHEDULE(period, SOMA_PY_UINT64),
    SCHEDULE(factor, SOMA_PY_FLOAT),
    SCHEDULE(floor, SOMA_PY_FLOAT),
    SCHEDULE(patience, SOMA_PY_UINT32),
    SCHEDULE(min_delta, SOMA_PY_FLOAT),
    {NULL, SOMA_PY_FLOAT, 0, SOMA_NAMES_SCHEDULE}};

/* Entries of a list, or of None, which has none; -1 with an exception where there are more than `most`. */
static Py_ssize_t count_of(const char *what, PyObject *list, int most) {
    if (!list || list == Py_None) return 0;
    const Py_ssize_t count = PyList_Size(list);
    if (count <= most) return count;
    PyErr_Format(PyExc_ValueError, "%s: %zd are given, at most %d are possible", what, count, most);
    return -1;
}

/* Names of a list into an array of enumeration's values, at most `most`; -1 with an exception. */
static int fill_names(soma_names names, const char *what, PyObject *list, int most, int *values) {
    const Py_ssize_t count = count_of(what, list, most);
    if (count < 0) return -1;
    for (Py_ssize_t i = 0; i < count; i++)
        if (soma_py_name(names, what, PyList_GetItem(list, i), &values[i])) return -1;
    return 0;
}

/* Numbers of a list, at most `most`; -1 with an exception. */
static int fill_floats(const char *what, PyObject *list, int most, float *values) {
    const Py_ssize_t count = count_of(what, list, most);
    if (count < 0) return -1;
    for (Py_ssize_t i = 0; i < count; i++) values[i] = (float)PyFloat_AsDouble(PyList_GetItem(list, i));
    return PyErr_Occurred() ? -1 : 0;
}

#define LOSS(key, kind)                                                                                                \
    { #key, kind, offsetof(soma_compile_options, key), SOMA_NAMES_LOSS }
static const soma_py_field loss_fields[] = {
    LOSS(top_k, SOMA_PY_UINT32),          LOSS(huber_delta, SOMA_PY_FLOAT),
    LOSS(label_smoothing, SOMA_PY_FLOAT), LOSS(focal_gamma, SOMA_PY_COEFFICIENT),
    LOSS(focal_alpha, SOMA_PY_FLOAT),     {NULL, SOMA_PY_FLOAT, 0, SOMA_NAMES_LOSS}};

static int fill_compile(soma_compile_options *options, PyObject *loss, PyObject *metrics, PyObject *optimizer,
                        PyObject *schedule, PyObject *class_weight) {
    int losses[SOMA_MAX_OUTPUTS] = {0}, kinds[SOMA_MAX_METRICS] = {0};
    if (fill_names(SOMA_NAMES_LOSS, "loss", loss, SOMA_MAX_OUTPUTS, losses) ||
        fill_names(SOMA_NAMES_METRIC, "metrics", metrics, SOMA_MAX_METRICS, kinds) ||
        soma_py_fill("the optimizer", optimizer_fields, optimizer, &options->optimizer) ||
        soma_py_fill("the learning rate's schedule", schedule_fields, schedule, &options->optimizer.schedule))
        return -1;
    for (int i = 0; i < SOMA_MAX_OUTPUTS; i++) options->loss[i] = (soma_loss)losses[i];
    Py_ssize_t count = metrics && metrics != Py_None ? PyList_Size(metrics) : 0;
    for (int i = 0; i < SOMA_MAX_METRICS; i++) {
        options->metrics[i] = (soma_metric)kinds[i];
        if (count && i >= count) options->metrics[i] = SOMA_METRIC_NONE;
    }
    if (class_weight == Py_None) return 0;
    if (!PyObject_TypeCheck(class_weight, (PyTypeObject *)soma_py_array_type)) {
        PyErr_SetString(PyExc_TypeError, "class_weight: soma.Array is wanted");
        return -1;
    }
    options->class_weight = ((soma_py_array *)class_weight)->array.data;
    options->class_weight_count = soma_py_array_count((soma_py_array *)class_weight);
    return 0;
}

PyObject *soma_py_network_compile(PyObject *object, PyObject *arguments) {
    soma_py_network *self = (soma_py_network *)object;
    PyObject *device, *loss = Py_None, *metrics = Py_None, *optimizer = Py_None, *schedule = Py_None, *weight = Py_None;
    PyObject *of_losses = Py_None, *loss_weights = Py_None, *quantiles = Py_None;
    soma_compile_options options = {0};
    soma_status status;
    if (!PyArg_ParseTuple(arguments, "O!|OOOOOOOO", soma_py_device_type, &device, &loss, &metrics, &optimizer,
                          &schedule, &weight, &of_losses, &loss_weights, &quantiles) ||
        fill_compile(&options, loss, metrics, optimizer, schedule, weight) ||
        soma_py_fill("the losses", loss_fields, of_losses, &options) ||
        fill_floats("loss_weights", loss_weights, SOMA_MAX_OUTPUTS, options.loss_weight) ||
        fill_floats("quantiles", quantiles, SOMA_MAX_QUANTILES, options.quantiles) || soma_py_network_enter(self))
        return NULL;
    SOMA_PY_UNLOCKED(status = soma_compile(self->network, ((soma_py_device *)device)->device, &options));
    soma_py_device *before = self->device;
    if (status == SOMA_OK) self->device = (soma_py_device *)Py_NewRef(device);
    soma_py_network_leave(self);
    if (status == SOMA_OK) Py_XDECREF((PyObject *)before);
    if (status != SOMA_OK) return soma_py_raise(status);
    Py_RETURN_NONE;
}

PyObject *soma_py_network_losses(PyObject *object, PyObject *unused) {
    soma_network *network = ((soma_py_network *)object)->network;
    soma_compile_options options = {0};
    (void)unused;
    soma_status status = soma_network_get_compile_options(network, &options);
    if (status != SOMA_OK) return soma_py_raise(status);
    PyObject *list = PyList_New(0);
    for (size_t i = 0; list && i < soma_network_output_count(network); i++) {
        PyObject *name = PyUnicode_FromString(soma_name(SOMA_NAMES_LOSS, (int)options.loss[i]));
        if (!name || PyList_Append(list, name)) Py_CLEAR(list);
        Py_XDECREF(name);
    }
    return list;
}

PyObject *soma_py_network_get_learning_rate(PyObject *object, PyObject *unused) {
    soma_py_network *self = (soma_py_network *)object;
    (void)unused;
    if (soma_py_network_enter(self)) return NULL;
    double rate = (double)soma_get_learning_rate(self->network);
    soma_py_network_leave(self);
    return PyFloat_FromDouble(rate);
}

PyObject *soma_py_network_set_learning_rate(PyObject *object, PyObject *given) {
    soma_py_network *self = (soma_py_network *)object;
    double rate = PyFloat_AsDouble(given);
    if ((rate == -1 && PyErr_Occurred()) || soma_py_network_enter(self)) return NULL;
    soma_status status = soma_set_learning_rate(self->network, (float)rate);
    soma_py_network_leave(self);
    if (status != SOMA_OK) return soma_py_raise(status);
    Py_RETURN_NONE;
}

PyObject *soma_py_network_set_frozen(PyObject *object, PyObject *arguments) {
    soma_py_network *self = (soma_py_network *)object;
    const char *pattern;
    int frozen;
    if (!PyArg_ParseTuple(arguments, "sp", &pattern, &frozen) || soma_py_network_enter(self)) return NULL;
    soma_status status = soma_network_set_frozen(self->network, pattern, frozen);
    soma_py_network_leave(self);
    if (status != SOMA_OK) return soma_py_raise(status);
    Py_RETURN_NONE;
}

PyObject *soma_py_network_set_decay(PyObject *object, PyObject *arguments) {
    soma_py_network *self = (soma_py_network *)object;
    const char *pattern;
    float l2, l1;
    if (!PyArg_ParseTuple(arguments, "sff", &pattern, &l2, &l1) || soma_py_network_enter(self)) return NULL;
    soma_status status = soma_network_set_l2_of(self->network, pattern, l2);
    if (status == SOMA_OK) status = soma_network_set_l1_of(self->network, pattern, l1);
    soma_py_network_leave(self);
    if (status != SOMA_OK) return soma_py_raise(status);
    Py_RETURN_NONE;
}

PyObject *soma_py_network_frozen(PyObject *object, PyObject *unused) {
    const soma_network *network = ((soma_py_network *)object)->network;
    PyObject *list = PyList_New(0);
    (void)unused;
    for (size_t i = 0; list && i < soma_network_parameter_count(network); i++) {
        const soma_tensor *parameter = soma_network_parameter(network, i);
        if (!soma_parameter_is_frozen(network, parameter)) continue;
        PyObject *name = PyUnicode_FromString(soma_tensor_name(parameter));
        if (!name || PyList_Append(list, name)) Py_CLEAR(list);
        Py_XDECREF(name);
    }
    return list;
}

/* ---------------------------------------------------------------------------------------------------------- training
 */

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

/* What a callback has answered, whose reference it takes: anything true stops. An exception does, too, and stays set.
 */
static soma_status answer(PyObject *result) {
    int stop = result ? PyObject_IsTrue(result) : -1;
    Py_XDECREF(result);
    return stop ? SOMA_STOPPED : SOMA_OK;
}

/* How often signals are looked for where batches are short: each look may wait for threads that compute in Python. */
#define LOOK_EVERY 0.01

static soma_status on_batch(void *context, soma_network *network, const soma_progress *progress) {
    soma_py_fit *state = context;
    (void)network;
    double time = now();
    if (!state->on_batch && time - state->last < LOOK_EVERY) return SOMA_OK;
    state->last = time;
    PyEval_RestoreThread(state->thread);
    soma_status status = PyErr_CheckSignals() ? SOMA_STOPPED : SOMA_OK;
    if (status == SOMA_OK && state->on_batch)
        status = answer(PyObject_CallFunction(state->on_batch, "InnnI", progress->epoch, (Py_ssize_t)progress->batch,
                                              (Py_ssize_t)progress->batches, (Py_ssize_t)progress->samples,
                                              progress->epochs));
    state->thread = PyEval_SaveThread();
    return status;
}

static PyObject *describe_epoch(const soma_epoch *epoch) {
    PyObject *train = soma_py_metrics(&epoch->train);
    PyObject *validation = epoch->has_validation ? soma_py_metrics(&epoch->validation) : Py_NewRef(Py_None);
    if (train && validation)
        return Py_BuildValue("(INNdd)", epoch->epoch, train, validation, epoch->seconds, epoch->learning_rate);
    Py_XDECREF(train);
    Py_XDECREF(validation);
    return NULL;
}

static soma_status write_events(const soma_py_fit *state, soma_network *network, const soma_epoch *epoch) {
    if (!state->board) return SOMA_OK;
    const bool with_histograms = state->histogram_freq && epoch->epoch % state->histogram_freq == 0;
    soma_epoch named = *epoch;
    named.epoch += state->initial_epoch;
    return soma_tensorboard_epoch(state->board, with_histograms ? network : NULL, &named);
}

static soma_status on_epoch(void *context, soma_network *network, const soma_epoch *epoch) {
    soma_py_fit *state = context;
    soma_status written = write_events(state, network, epoch);
    if (written != SOMA_OK) return written;
    PyEval_RestoreThread(state->thread);
    soma_status status = PyErr_CheckSignals() ? SOMA_STOPPED : SOMA_OK;
    if (status == SOMA_OK && state->on_epoch) {
        PyObject *described = describe_epoch(epoch);
        status = answer(described ? PyObject_CallFunctionObjArgs(state->on_epoch, described, NULL) : NULL);
        Py_XDECREF(described);
    }
    state->thread = PyEval_SaveThread();
    return status;
}

/* What fit() is asked for: of the library, and of its event files. */
typedef struct request {
    soma_fit_options options;
    const char *log_dir; /* NULL: no event files */
    uint32_t histogram_freq, write_graph, initial_epoch;
    bool terminate_on_nan; /* is no error, but the end */
} request;

#define FIT(key, kind)                                                                                                 \
    { #key, kind, offsetof(request, options.key), SOMA_NAMES_LOSS }
#define EVENTS(key, kind)                                                                                              \
    { #key, kind, offsetof(request, key), SOMA_NAMES_LOSS }
static const soma_py_field fit_fields[] = {FIT(epochs, SOMA_PY_UINT32),
                                           FIT(batch_size, SOMA_PY_SIZE),
                                           FIT(no_shuffle, SOMA_PY_BOOL),
                                           FIT(validation_split, SOMA_PY_DOUBLE),
                                           FIT(early_stopping, SOMA_PY_UINT32),
                                           FIT(min_delta, SOMA_PY_FLOAT),
                                           FIT(monitor, SOMA_PY_UINT32),
                                           FIT(restore_best, SOMA_PY_BOOL),
                                           FIT(checkpoint, SOMA_PY_TEXT),
                                           FIT(checkpoint_every, SOMA_PY_UINT64),
                                           FIT(resume, SOMA_PY_TEXT),
                                           FIT(shards, SOMA_PY_UINT64),
                                           FIT(bucket_bytes, SOMA_PY_SIZE),
                                           FIT(wire, SOMA_PY_UINT32),
                                           FIT(sync_batchnorm, SOMA_PY_UINT32),
                                           EVENTS(log_dir, SOMA_PY_TEXT),
                                           EVENTS(histogram_freq, SOMA_PY_UINT32),
                                           EVENTS(write_graph, SOMA_PY_UINT32),
                                           EVENTS(initial_epoch, SOMA_PY_UINT32),
                                           EVENTS(terminate_on_nan, SOMA_PY_BOOL),
                                           {NULL, SOMA_PY_FLOAT, 0, SOMA_NAMES_LOSS}};
_Static_assert(sizeof(soma_monitor) == sizeof(uint32_t), "the monitor is filled as a number");

static PyObject *describe_history(const soma_history *history, bool stopped) {
    PyObject *epochs = PyList_New(0);
    for (uint32_t i = 0; epochs && i < history->count; i++) {
        PyObject *epoch = describe_epoch(&history->epochs[i]);
        if (!epoch || PyList_Append(epochs, epoch)) Py_CLEAR(epochs);
        Py_XDECREF(epoch);
    }
    if (!epochs) return NULL;
    return Py_BuildValue("{s:N,s:I,s:O,s:O,s:K,s:d}", "epochs", epochs, "best", history->best, "restored",
                         history->restored ? Py_True : Py_False, "stopped", stopped ? Py_True : Py_False, "steps",
                         (unsigned long long)history->steps, "seconds", history->seconds);
}

/* Opens the event files where they are asked for; where that fails, there are none. */
static soma_status open_board(const request *asked, const soma_network *network, soma_py_fit *state) {
    if (!asked->log_dir) return SOMA_OK;
    state->histogram_freq = asked->histogram_freq;
    state->initial_epoch = asked->initial_epoch;
    soma_status status = soma_tensorboard_open(asked->log_dir, &state->board);
    if (status == SOMA_OK && asked->write_graph) status = soma_tensorboard_graph(state->board, network);
    return status;
}

/* This rank fails before soma_fit(), where the others are and wait for it. The error stays that of the board, whatever
 * is called meanwhile. */
static void abort_others(const soma_communicator *communicator, soma_status status) {
    if (!communicator) return;
    char message[1024];
    (void)snprintf(message, sizeof message, "%s", soma_last_error());
    communicator->abort(communicator->context, status, message);
    (void)soma_error(status, "%s", message);
}

/* Within a callback. */
PyObject *soma_py_network_fit_metrics(PyObject *object, PyObject *unused) {
    soma_py_network *self = (soma_py_network *)object;
    soma_metrics metrics = {0};
    soma_status status;
    (void)unused;
    if (soma_py_network_enter(self)) return NULL;
    SOMA_PY_UNLOCKED(status = soma_fit_metrics(self->network, &metrics));
    soma_py_network_leave(self);
    return status == SOMA_OK ? soma_py_metrics(&metrics) : soma_py_raise(status);
}

/* An array of the numbers of epochs that are validated, which outlives the training. */
static int take_epochs(PyObject *epochs, soma_fit_options *options) {
    const bool is_array = PyObject_TypeCheck(epochs, (PyTypeObject *)soma_py_array_type);
    if (!is_array || ((soma_py_array *)epochs)->array.dtype != SOMA_I32) {
        PyErr_SetString(PyExc_TypeError, "the epochs that are validated: soma.Array of int32 is wanted");
        return -1;
    }
    options->validation_epochs = ((soma_py_array *)epochs)->array.data;
    options->validation_epoch_count = soma_py_array_count((soma_py_array *)epochs);
    return 0;
}

PyObject *soma_py_network_fit(PyObject *object, PyObject *arguments) {
    soma_py_network *self = (soma_py_network *)object;
    PyObject *dataset, *validation = Py_None, *options_dict = Py_None, *batch = Py_None, *epoch = Py_None;
    PyObject *ranks = Py_None, *validated = Py_None;
    soma_py_communicator communicator;
    if (!PyArg_ParseTuple(arguments, "O!|OOOOOO", soma_py_dataset_type, &dataset, &options_dict, &validation, &batch,
                          &epoch, &ranks, &validated))
        return NULL;
    soma_py_fit state = {.on_batch = batch == Py_None ? NULL : batch, .on_epoch = epoch == Py_None ? NULL : epoch};
    request asked = {.options = {.on_batch = on_batch, .on_epoch = on_epoch, .context = &state}};
    soma_history history = {0};
    if (soma_py_fill("fit()", fit_fields, options_dict, &asked)) return NULL;
    if (validation != Py_None) {
        if (!PyObject_TypeCheck(validation, (PyTypeObject *)soma_py_dataset_type))
            return PyErr_Format(PyExc_TypeError, "the validation data are no data set");
        asked.options.validation = ((soma_py_dataset *)validation)->dataset;
    }
    if (validated != Py_None && take_epochs(validated, &asked.options)) return NULL;
    if (ranks != Py_None && soma_py_communicator_open(ranks, &state, &communicator)) return NULL;
    if (ranks != Py_None) asked.options.communicator = &communicator.functions;
    if (soma_py_network_enter(self)) return NULL;
    state.thread = PyEval_SaveThread();
    soma_status status = open_board(&asked, self->network, &state);
    if (status == SOMA_OK)
        status = soma_fit(self->network, ((soma_py_dataset *)dataset)->dataset, &asked.options, &history);
    else
        abort_others(asked.options.communicator, status);
    soma_tensorboard_close(state.board);
    if (status == SOMA_NOT_FINITE && asked.terminate_on_nan) status = SOMA_STOPPED;
    PyEval_RestoreThread(state.thread);
    soma_py_network_leave(self);
    PyObject *result = NULL;
    if (PyErr_Occurred())
        result = NULL; /* of a callback, or a signal's */
    else if (status != SOMA_OK && status != SOMA_STOPPED)
        soma_py_raise(status);
    else
        result = describe_history(&history, status == SOMA_STOPPED);
    soma_history_clear(&history);
    return result;
}
