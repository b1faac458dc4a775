/* SPDX-License-Identifier: MIT */
/*
 * What the examples of real models begin and end with: an ONNX file, ready to run on the device that soma chooses, or
 * that the environment variable SOMA_DEVICE names.
 */
#ifndef SOMA_EXAMPLES_MODEL_H
#define SOMA_EXAMPLES_MODEL_H

#include <soma/soma.h>
#include <stdio.h>
#include <stdlib.h>

typedef struct model {
    soma_device *device;
    soma_network *network;
    soma_session *session;
} model;

static soma_status open_model(const char *path, const soma_onnx_options *options, model *opened) {
    *opened = (model){NULL, NULL, NULL};
    soma_status status = soma_device_open(NULL, NULL, &opened->device);
    if (status == SOMA_OK) status = soma_load_onnx(path, options, &opened->network);
    if (status == SOMA_OK) status = soma_compile(opened->network, opened->device, NULL);
    if (status == SOMA_OK) status = soma_session_create(opened->network, NULL, &opened->session);
    return status;
}

/* Ends the program, and says why, where a model that was opened takes or gives other than so many arrays of so many
 * numbers: those of the program, which it would be read and written past. */
static inline void expect_counts(const char *path, const model *opened, size_t input_count, const size_t *inputs,
                                 size_t output_count, const size_t *outputs) {
    bool expected = soma_network_input_count(opened->network) == input_count &&
                    soma_network_output_count(opened->network) == output_count;
    for (size_t i = 0; expected && i < input_count; i++)
        expected = soma_tensor_count(soma_network_input(opened->network, i)) == inputs[i];
    for (size_t i = 0; expected && i < output_count; i++)
        expected = soma_tensor_count(soma_network_output(opened->network, i)) == outputs[i];
    if (expected) return;
    fprintf(stderr, "%s: not the model that this program is for:", path);
    for (size_t i = 0; i < input_count; i++) fprintf(stderr, " %zu", inputs[i]);
    fprintf(stderr, " numbers in,");
    for (size_t i = 0; i < output_count; i++) fprintf(stderr, " %zu", outputs[i]);
    fprintf(stderr, " out are expected\n");
    exit(EXIT_FAILURE);
}

/* Also what could not be opened. */
static void close_model(model *opened) {
    soma_session_destroy(opened->session);
    soma_network_destroy(opened->network);
    soma_device_close(opened->device);
}

#endif
