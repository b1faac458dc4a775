/* SPDX-License-Identifier: MIT */
/* See raw_arrays.h. */
#include "raw_arrays.h"
#include "file_name.h"
#include "model.h"
#include "program.h"
#include "report.h"
#include "session.h"
#include <soma/onnx.h>
#include <stdlib.h>
#include <string.h>

struct raw {
    const struct settings *settings;
    soma_network *network;
    soma_session *session;
    soma_value_info input[SOMA_MAX_ENDS], output[SOMA_MAX_ENDS];
    soma_array given[SOMA_MAX_ENDS], made[SOMA_MAX_ENDS];
    char *memory[SOMA_MAX_ENDS]; /* of made[] */
    size_t inputs, outputs, samples;
    bool in_front; /* the samples are the first dimension of all, so that some can be taken at a time */
};

/* ----------------------------------------------------------------------------------------------------------- inputs */

static const soma_array *find_array(const soma_arrays *arrays, const char *name) {
    for (size_t i = 0; i < soma_arrays_count(arrays); i++)
        if (strcmp(soma_arrays_name(arrays, i), name) == 0) return soma_arrays_get(arrays, i);
    return NULL;
}

/* Names of arrays that make a data set. */
static bool is_dataset(const soma_arrays *arrays) {
    return find_array(arrays, "x") || find_array(arrays, "X") || find_array(arrays, "x_train") ||
           find_array(arrays, "X_train");
}

static exit_status refuse_names(const struct settings *settings, const soma_arrays *arrays, const char *missing) {
    char names[512] = "";
    for (size_t i = 0, length = 0; i < soma_arrays_count(arrays) && length < sizeof names; i++)
        length +=
            (size_t)snprintf(names + length, sizeof names - length, "%s%s", i ? ", " : "", soma_arrays_name(arrays, i));
    return fail(STATUS_FILE, "--data: %s has no array called %s, which the model takes; it has %s", settings->data,
                missing, *names ? names : "none");
}

/* A sample more than the file's shape says. */
static bool has_more(const soma_value_info *info, const soma_array *array) {
    return info->batch_axis == SOMA_NO_AXIS && array->rank == info->rank + 1;
}

/* Whether the array is samples of what the model's file declares, as it is. */
static bool fits(const soma_value_info *info, const soma_array *array) {
    const uint32_t more = has_more(info, array);
    bool fit = array->dtype == info->dtype && array->rank == info->rank + more;
    for (uint32_t i = 0; fit && i < info->rank; i++)
        fit = i == info->batch_axis || array->shape[i + more] == info->shape[i];
    return fit;
}

/* *ours: the arrays are the model's inputs. Those of a data set are where they may be written (`has_form`) and fit. */
static exit_status take_archive(struct raw *raw, const soma_arrays *arrays, bool has_form, bool *ours) {
    bool fit = true;
    const char *missing = NULL;
    for (size_t i = 0; i < raw->inputs; i++) {
        const soma_array *array = find_array(arrays, raw->input[i].name);
        if (array) raw->given[i] = *array;
        if (!array && !missing) missing = raw->input[i].name;
        fit &= array && fits(&raw->input[i], array);
    }
    *ours = !is_dataset(arrays) || (has_form && fit);
    return missing && *ours ? refuse_names(raw->settings, arrays, missing) : STATUS_DONE;
}

static bool take_one(struct raw *raw, const soma_arrays *arrays) {
    const soma_array *array = soma_arrays_get(arrays, 0);
    raw->given[0] = *array;
    return raw->inputs == 1 && array->dtype == raw->input[0].dtype;
}

static void count_samples(struct raw *raw) {
    const soma_value_info *info = &raw->input[0];
    const soma_array *array = &raw->given[0];
    raw->samples = has_more(info, array)                                         ? array->shape[0]
                   : info->batch_axis < array->rank && array->rank == info->rank ? array->shape[info->batch_axis]
                                                                                 : 1;
    raw->in_front = true;
    for (size_t i = 0; i < raw->inputs; i++)
        raw->in_front &= has_more(&raw->input[i], &raw->given[i]) ||
                         (raw->input[i].batch_axis == 0 && raw->given[i].rank == raw->input[i].rank);
    for (size_t i = 0; i < raw->outputs; i++)
        raw->in_front &= raw->output[i].batch_axis == 0 || raw->output[i].batch_axis == SOMA_NO_AXIS;
}

/* ---------------------------------------------------------------------------------------------------------- outputs */

static size_t bytes_of(const soma_array *array, uint32_t from) {
    size_t bytes = soma_dtype_size(array->dtype);
    for (uint32_t i = from; i < array->rank; i++) bytes *= array->shape[i];
    return bytes;
}

static exit_status make_room(struct raw *raw, size_t output) {
    const soma_value_info *info = &raw->output[output];
    soma_array *made = &raw->made[output];
    const uint32_t more = info->batch_axis == SOMA_NO_AXIS && has_more(&raw->input[0], &raw->given[0]);
    if (info->rank + more > SOMA_MAX_RANK)
        return fail(STATUS_FILE,
                    "--data: output %s of several samples would have %u dimensions; at most %d are written", info->name,
                    info->rank + more, SOMA_MAX_RANK);
    *made = (soma_array){.dtype = info->dtype, .rank = info->rank + more};
    made->shape[0] = raw->samples;
    for (uint32_t i = 0; i < info->rank; i++)
        made->shape[i + more] = i == info->batch_axis ? raw->samples : info->shape[i];
    const size_t bytes = bytes_of(made, 0);
    made->data = raw->memory[output] = malloc(bytes ? bytes : 1);
    return made->data ? STATUS_DONE : fail(STATUS_FAILED, "out of memory for %zu bytes of %s", bytes, info->name);
}

/* Samples from `first` on, all where they are not in front. */
static soma_status run_some(const struct raw *raw, size_t first, size_t count) {
    soma_array inputs[SOMA_MAX_ENDS];
    void *outputs[SOMA_MAX_ENDS];
    for (size_t i = 0; i < raw->inputs; i++) {
        inputs[i] = raw->given[i];
        if (!raw->in_front) continue;
        inputs[i].data = (const char *)inputs[i].data + first * bytes_of(&inputs[i], 1);
        inputs[i].shape[0] = count;
    }
    for (size_t i = 0; i < raw->outputs; i++)
        outputs[i] = raw->memory[i] + (raw->in_front ? first * bytes_of(&raw->made[i], 1) : 0);
    return soma_session_run_arrays(raw->session, inputs, outputs);
}

static exit_status run_all(struct raw *raw) {
    exit_status status = STATUS_DONE;
    for (size_t i = 1; i < raw->inputs; i++)
        if (raw->in_front && raw->given[i].shape[0] != raw->samples)
            return fail(STATUS_FILE, "--data: %s has %zu samples, %s has %zu; all need the same number",
                        raw->input[i].name, raw->given[i].shape[0], raw->input[0].name, raw->samples);
    for (size_t i = 0; i < raw->outputs && status == STATUS_DONE; i++) status = make_room(raw, i);
    const size_t most = raw->in_front ? raw->settings->batch : raw->samples;
    soma_status cause = SOMA_OK;
    size_t first = 0;
    while (status == STATUS_DONE && cause == SOMA_OK && (first == 0 || first < raw->samples)) {
        const size_t left = raw->samples - first, count = left < most ? left : most;
        cause = run_some(raw, first, count);
        first += count ? count : 1;
    }
    return cause == SOMA_OK ? status : fail_from_library(cause, STATUS_FILE, "--data");
}

static exit_status write_all(const struct settings *settings, const char *const *names, const soma_array *made,
                             size_t outputs) {
    const char *path = settings->output;
    if (ends_in(path, ".npy") && outputs > 1)
        return fail(STATUS_USAGE,
                    "--output: an .npy file holds one array, the model has %zu outputs; accepted: a name "
                    "that ends in .npz, or one of them in --outputs",
                    outputs);
    soma_status cause =
        ends_in(path, ".npy") ? soma_write_npy(path, &made[0]) : soma_write_npz(path, names, made, outputs);
    return cause == SOMA_OK ? STATUS_DONE : fail_from_library(cause, STATUS_FAILED, "--output");
}

static void report_all(const struct settings *settings, soma_device *device, size_t outputs, size_t samples) {
    say("Saved %zu outputs in %s\n", outputs, settings->output);
    if (!settings->json) return;
    report *object = report_create();
    report_text(object, "device", soma_device_selector(device));
    if (samples) report_count(object, "samples", samples);
    report_text(object, "output", settings->output);
    report_print(object);
}

/* -------------------------------------------------------------------------------------------------------------- all */

static exit_status run_model(struct raw *raw, soma_device *device) {
    soma_status cause = soma_session_create(raw->network, NULL, &raw->session);
    if (cause != SOMA_OK) return fail_from_library(cause, STATUS_FAILED, NULL);
    count_samples(raw);
    const char *names[SOMA_MAX_ENDS];
    for (size_t i = 0; i < raw->outputs; i++) names[i] = raw->output[i].name;
    exit_status status = run_all(raw);
    if (status == STATUS_DONE) status = write_all(raw->settings, names, raw->made, raw->outputs);
    soma_session_destroy(raw->session);
    for (size_t i = 0; i < raw->outputs; i++) free(raw->memory[i]);
    if (status == STATUS_DONE) report_all(raw->settings, device, raw->outputs, raw->samples);
    return status;
}

static void describe_model(struct raw *raw) {
    raw->inputs = soma_network_input_count(raw->network);
    raw->outputs = soma_network_output_count(raw->network);
    for (size_t i = 0; i < raw->inputs; i++) (void)soma_network_input_info(raw->network, i, &raw->input[i]);
    for (size_t i = 0; i < raw->outputs; i++) (void)soma_network_output_info(raw->network, i, &raw->output[i]);
}

exit_status raw_arrays_predict(const struct settings *settings, soma_network *network, soma_device *device,
                               bool *done) {
    struct raw raw = {.settings = settings, .network = network};
    const char *output = settings->output;
    soma_arrays *arrays;
    *done = false;
    if (!settings->raw || !settings->data || !settings->model || !ends_in(settings->model, ".onnx")) return STATUS_DONE;
    const bool archive = ends_in(settings->data, ".npz");
    if (!archive && !ends_in(settings->data, ".npy")) return STATUS_DONE;
    const bool has_form = output && (ends_in(output, ".npz") || ends_in(output, ".npy"));
    if (!archive && !has_form) return STATUS_DONE;
    if (soma_read_arrays(settings->data, &arrays) != SOMA_OK) return STATUS_DONE; /* whoever reads it next says why */
    describe_model(&raw);
    exit_status status = STATUS_DONE;
    if (archive)
        status = take_archive(&raw, arrays, has_form, done);
    else
        *done = take_one(&raw, arrays);
    if (status == STATUS_DONE && *done)
        status = has_form ? run_model(&raw, device)
                          : fail(STATUS_USAGE, "--output: arrays under the names of a model's outputs are written into "
                                               "a file whose name ends in .npz, or in .npy if there is one");
    soma_arrays_destroy(arrays);
    return status;
}

/* --------------------------------------------------------------------------------------- where there is no network */

static exit_status run_session(const struct settings *settings, soma_onnx_session *session, const soma_arrays *arrays,
                               soma_device *device) {
    const size_t inputs = soma_onnx_session_input_count(session), outputs = soma_onnx_session_output_count(session);
    soma_array *given = calloc(inputs + outputs + 1, sizeof *given), *made = given + inputs;
    const char **names = calloc(outputs + 1, sizeof *names);
    exit_status status = given && names ? STATUS_DONE : fail(STATUS_FAILED, "out of memory");
    for (size_t i = 0; i < inputs && status == STATUS_DONE; i++) {
        soma_value_info info;
        (void)soma_onnx_session_input_info(session, i, &info);
        const bool only = inputs == 1 && !ends_in(settings->data, ".npz");
        const soma_array *array = only ? soma_arrays_get(arrays, 0) : find_array(arrays, info.name);
        if (array)
            given[i] = *array;
        else
            status = refuse_names(settings, arrays, info.name);
    }
    for (size_t i = 0; i < outputs && status == STATUS_DONE; i++) {
        soma_value_info info;
        (void)soma_onnx_session_output_info(session, i, &info);
        names[i] = info.name;
    }
    soma_status cause = status == STATUS_DONE ? soma_onnx_session_run(session, given, made) : SOMA_OK;
    if (cause != SOMA_OK) status = fail_from_library(cause, STATUS_FILE, "--data");
    if (status == STATUS_DONE) status = write_all(settings, names, made, outputs);
    if (status == STATUS_DONE) report_all(settings, device, outputs, 0);
    free(given);
    free(names);
    return status;
}

static exit_status open_and_run(const struct settings *settings, const soma_onnx_options *options,
                                soma_device *device) {
    soma_onnx_session *session = NULL;
    soma_arrays *arrays;
    soma_status cause = soma_onnx_session_create(settings->model, options, device, &session);
    if (cause != SOMA_OK) return fail_from_library(cause, STATUS_FILE, NULL);
    cause = soma_read_arrays(settings->data, &arrays);
    exit_status status = cause == SOMA_OK ? run_session(settings, session, arrays, device)
                                          : fail_from_library(cause, STATUS_FILE, "--data");
    if (cause == SOMA_OK) soma_arrays_destroy(arrays);
    soma_onnx_session_destroy(session);
    return status;
}

exit_status raw_arrays_without_network(const struct settings *settings, soma_network **network, soma_device **device,
                                       bool *done) {
    const char *output = settings->output, *data = settings->data, *names[SOMA_MAX_ENDS];
    soma_onnx_options options = {.outputs = names, .memory_limit = settings->memory_limit};
    soma_status cause;
    *done = false;
    if (!settings->raw || !data || !output || !settings->model || settings->net || settings->input_shapes)
        return STATUS_DONE;
    if (!ends_in(settings->model, ".onnx") || !(ends_in(data, ".npz") || ends_in(data, ".npy")) ||
        !(ends_in(output, ".npz") || ends_in(output, ".npy")))
        return STATUS_DONE;
    exit_status status = model_try(settings, settings->model, network, &cause);
    if (status != STATUS_DONE || cause != SOMA_UNSUPPORTED) return status;
    *done = true;
    char *outputs = strdup(settings->outputs ? settings->outputs : "");
    if (!outputs) return fail(STATUS_FAILED, "out of memory");
    if (settings->outputs) status = model_split_outputs(settings, outputs, names, &options.output_count);
    if (status == STATUS_DONE) status = session_open(settings, device);
    if (status == STATUS_DONE) status = open_and_run(settings, &options, *device);
    free(outputs);
    return status;
}
