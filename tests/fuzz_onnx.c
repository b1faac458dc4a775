/* SPDX-License-Identifier: MIT */
/*
 * Fuzzes ONNX models. What is refused says why; what is accepted is a network that can be written, read again, and, if
 * it is small, be compiled and run. Memory stays below sixteen times the file and 4 MiB, and one more for what is
 * computed of constants. Weights that stay in the file are those of the file as a whole.
 */
#include "fuzz.h"
#include "host_device.h"
#include "io/onnx/late.h"
#include "train/step.h"

#include <soma/onnx.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { MOST_ELEMENTS = 4096 }; /* of what is run */
enum { MOST_MADE = 1 << 20 };  /* bytes of constants that are computed */

static bool is_small(const soma_network *network) {
    size_t elements = 0;
    if (network->graph.count > 200) return false;
    for (uint32_t i = 0; i < network->graph.count; i++) {
        size_t count = soma_tensor_count(network->graph.tensor[i]);
        elements += SOMA_MIN(count, (size_t)MOST_ELEMENTS);
    }
    return elements < MOST_ELEMENTS;
}

static void compile_and_run(soma_network *network) {
    static soma_device host; /* outlives the network */
    soma_compile_options options = {.loss = {SOMA_LOSS_DEFAULT}};
    float zeros[3 * MOST_ELEMENTS] = {0};
    soma_step *step;
    soma_plan *plan;
    for (size_t i = 0; i < SOMA_MAX_OUTPUTS; i++) options.loss[i] = SOMA_LOSS_NONE;
    host_device_open(&host);
    soma_status status = soma_compile(network, &host, &options);
    REQUIRE(status != SOMA_INTERNAL && status != SOMA_OUT_OF_MEMORY);
    if (status != SOMA_OK) return;
    soma_signature signature = soma_default_signature(network, SOMA_MODE_PREDICT);
    soma_step_values values = soma_step_values_now(network, 0);
    REQUIRE(soma_step_get(network, &signature, &step) == SOMA_OK);
    REQUIRE(soma_step_plan(network, step, 3, &plan) == SOMA_OK);
    for (size_t i = 0; i < network->input_count; i++)
        REQUIRE(soma_plan_write_input(plan, i, zeros, SOMA_F32, 1, 0) == SOMA_OK);
    REQUIRE(soma_plan_run(plan, &values) == SOMA_OK);
}

/* Its last output alone, and what is said of its ops. */
static void import_part(const soma_onnx_file *file) {
    const Soma__Onnx__GraphProto *graph = file->model->graph;
    const soma_onnx_selection all = {.all = true};
    const char *name = graph->n_output ? graph->output[graph->n_output - 1]->name : "none";
    soma_network *network;
    soma_onnx_ops ops;
    soma_status status = soma_onnx_import(
        file, &(soma_onnx_options){.outputs = &name, .output_count = 1, .memory_limit = MOST_MADE}, &network);
    REQUIRE(status != SOMA_INTERNAL && status != SOMA_OUT_OF_MEMORY && (status == SOMA_OK) == (network != NULL));
    REQUIRE(!network || soma_network_output_count(network) == 1);
    soma_network_destroy(network);
    status = soma_onnx_count_ops(file, &all, &ops);
    REQUIRE(status == SOMA_OK || status == SOMA_INVALID_FILE || status == SOMA_UNSUPPORTED);
    soma_onnx_ops_clear(&ops);
}

/* Inputs of ones and zeros, or words, 2 where a dimension is open. */
static void run_session(soma_onnx_session *session) {
    static char text[16]; /* so that the results are read */
    static const uint8_t numbers[8 * MOST_ELEMENTS] = {1, 0, 0, 0, 0, 0, 0, 0, 1};
    const size_t inputs = soma_onnx_session_input_count(session), outputs = soma_onnx_session_output_count(session);
    soma_array *given = soma_calloc(inputs + outputs + 1, sizeof *given);
    const char *words[MOST_ELEMENTS];
    bool small = given != NULL;
    for (size_t i = 0; i < MOST_ELEMENTS; i++) words[i] = i % 2 ? "a" : "";
    for (size_t i = 0; small && i < inputs; i++) {
        soma_value_info info;
        size_t count = 1;
        REQUIRE(soma_onnx_session_input_info(session, i, &info) == SOMA_OK);
        given[i] = (soma_array){
            .data = info.dtype == SOMA_STRING ? (const void *)words : numbers, .dtype = info.dtype, .rank = info.rank};
        for (uint32_t k = 0; k < info.rank && count <= MOST_ELEMENTS; k++) {
            given[i].shape[k] = info.shape[k] ? SOMA_MIN(info.shape[k], (size_t)MOST_ELEMENTS + 1) : 2;
            count *= given[i].shape[k];
        }
        small = count <= MOST_ELEMENTS;
    }
    if (small) {
        soma_status status = soma_onnx_session_run(session, given, given + inputs);
        unsigned sum = 0;
        REQUIRE(status != SOMA_INTERNAL && status != SOMA_OUT_OF_MEMORY);
        for (size_t i = 0; status == SOMA_OK && i < outputs; i++) sum += sum_elements(&given[inputs + i]);
        REQUIRE(snprintf(text, sizeof text, "%u", sum) > 0);
    }
    soma_free(given);
}

/* What is for the host of it. Of a small network alone, since that is computed. */
static void divide(const uint8_t *data, size_t size) {
    static soma_device host;
    const soma_onnx_options options = {.memory_limit = MOST_MADE};
    soma_onnx_file *file;
    soma_network *network;
    soma_onnx_late late;
    soma_onnx_session *session;
    if (soma_onnx_parse("file", data, size, &file) != SOMA_OK) return;
    soma_status status = soma_onnx_divide(file, &options, &network, &late);
    REQUIRE(status != SOMA_INTERNAL && status != SOMA_OUT_OF_MEMORY && (status == SOMA_OK) == (network != NULL));
    const bool small = !network || is_small(network);
    soma_network_destroy(network);
    soma_onnx_late_clear(&late);
    if (!small) {
        soma_onnx_close(file);
        return;
    }
    host_device_open(&host);
    status = soma_onnx_session_of(file, &options, &host, &session);
    REQUIRE(status != SOMA_INTERNAL && status != SOMA_OUT_OF_MEMORY && (status == SOMA_OK) == (session != NULL));
    if (session) run_session(session);
    soma_onnx_session_destroy(session);
}

#ifdef MFD_CLOEXEC
/* What stays in the file is what the unpacker finds in the whole of it. */
static void read_stored(soma_onnx_file *cut, const soma_onnx_file *whole) {
    for (size_t i = 0; i < cut->stored.count; i++) {
        const soma_onnx_stored *one = &cut->stored.of[i];
        REQUIRE(one->number < whole->model->graph->n_initializer);
        const ProtobufCBinaryData *expected = &whole->model->graph->initializer[one->number]->raw_data;
        REQUIRE(expected->len == one->size && one->tensor->raw_data.len == one->size);
        uint8_t *found = soma_malloc(expected->len);
        if (!found) return;
        REQUIRE(soma_onnx_read_stored(cut, one->tensor, 0, (size_t)one->size, found) == SOMA_OK);
        REQUIRE(memcmp(found, expected->data, expected->len) == 0);
        soma_free(found);
    }
}

/* The file without its larger weights: a path would let it look for external data. */
static void cut(const uint8_t *data, size_t size) {
    soma_onnx_file *file, *whole;
    soma_onnx_stored_list stored;
    soma_buffer rest;
    const int descriptor = memfd_create("model", MFD_CLOEXEC);
    if (descriptor < 0) return;
    const bool written = size == 0 || write(descriptor, data, size) == (ssize_t)size;
    if (!written || !soma_onnx_cut(descriptor, size, &rest, &stored)) {
        close(descriptor);
        return;
    }
    REQUIRE(rest.size <= size && (stored.count == 0 || rest.size < size));
    if (soma_onnx_parse("file", rest.data, rest.size, &file) != SOMA_OK)
        close(descriptor);
    else {
        file->descriptor = descriptor;
        file->stored = stored;
        stored = (soma_onnx_stored_list){.of = NULL};
        if (soma_onnx_place_stored(&file->stored, file->model->graph) &&
            soma_onnx_parse("file", data, size, &whole) == SOMA_OK) {
            REQUIRE(whole->model->graph->n_initializer == file->model->graph->n_initializer);
            read_stored(file, whole);
            soma_onnx_close(whole);
        }
        soma_onnx_close(file);
    }
    soma_onnx_stored_clear(&stored);
    soma_free(rest.data);
}
#else
static void cut(const uint8_t *data, size_t size) {
    (void)data, (void)size;
}
#endif

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    soma_onnx_file *file;
    soma_network *network = NULL;
    soma_status status = soma_onnx_parse("file", data, size, &file);
    if (status == SOMA_OK) {
        import_part(file);
        status = soma_onnx_import(file, &(soma_onnx_options){.memory_limit = MOST_MADE}, &network);
    }
    if (status != SOMA_OK) {
        REQUIRE(status != SOMA_INTERNAL && status != SOMA_OUT_OF_MEMORY);
        REQUIRE(network == NULL && strncmp(soma_last_error(), "file: ", 6) == 0);
    } else {
        REQUIRE(soma_network_status(network) == SOMA_OK && soma_network_output(network, 0) != NULL);
        if (is_small(network)) compile_and_run(network);
    }
    soma_network_destroy(network);
    soma_onnx_close(file);
    divide(data, size);
    cut(data, size);
    return 0;
}
