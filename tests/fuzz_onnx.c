/* SPDX-License-Identifier: MIT */
/*
 * Fuzzes ONNX models. What is refused says why; what is accepted is a network that can be written, read again, and, if
 * it is small, be compiled and run. Memory stays below sixteen times the file and 4 MiB, and one more for what is
 * computed of constants.
 */
#include "fuzz.h"
#include "host_device.h"
#include "io/onnx/import.h"
#include "train/step.h"

#include <string.h>

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
    return 0;
}
