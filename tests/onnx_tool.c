/* SPDX-License-Identifier: MIT */
/* What onnx_interop.py and onnx_light.py let soma do: save a network that a text describes; run a model on numbers from
 * standard input; count the transpositions in a model; read and write it. */
#include "network_numbers.h"
#include <soma/onnx.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int trouble(void) {
    fprintf(stderr, "%s\n", soma_last_error());
    return 1;
}

/* "6", "28x28x3": the shape of a sample. */
static uint32_t read_shape(const char *text, size_t *shape) {
    uint32_t rank = 0;
    for (char *end; rank < 4; text = end + 1) {
        shape[rank++] = strtoul(text, &end, 10);
        if (*end != 'x') break;
    }
    return rank;
}

static int save(const char *net, const char *input, const char *path, const char *opset, soma_device *device) {
    size_t shape[4];
    uint32_t rank = read_shape(input, shape);
    soma_network *network;
    if (soma_network_create(&network) != SOMA_OK) return trouble();
    soma_layers(soma_input(network, "x", rank, shape), net);
    bool ok =
        soma_compile(network, device, NULL) == SOMA_OK && set_numbers(network, 42) == SOMA_OK &&
        soma_save_onnx_with(network, path, &(soma_onnx_save_options){.opset = opset ? atoi(opset) : 0}) == SOMA_OK;
    int result = ok ? 0 : trouble();
    soma_network_destroy(network);
    return result;
}

static int run(const char *path, size_t samples, soma_device *device) {
    soma_network *network;
    if (soma_load_onnx(path, NULL, &network) != SOMA_OK) return trouble();
    soma_compile_options options = {.loss = {SOMA_LOSS_NONE}};
    size_t inputs = samples * soma_tensor_count(soma_network_input(network, 0));
    size_t outputs = samples * soma_tensor_count(soma_network_output(network, 0));
    float *x = calloc(inputs, sizeof *x), *y = calloc(outputs, sizeof *y);
    for (size_t i = 0; i < inputs; i++)
        if (scanf("%f", &x[i]) != 1) inputs = 0;
    bool ok =
        inputs && soma_compile(network, device, &options) == SOMA_OK && soma_run(network, x, samples, y) == SOMA_OK;
    for (size_t i = 0; ok && i < outputs; i++) printf("%.9g\n", (double)y[i]);
    int result = ok ? 0 : trouble();
    free(x);
    free(y);
    soma_network_destroy(network);
    return result;
}

/* Arrays of an archive through a session, under the names of the model's inputs and outputs. */
static int run_session(soma_onnx_session *session, const char *data, const char *output) {
    const size_t inputs = soma_onnx_session_input_count(session), outputs = soma_onnx_session_output_count(session);
    soma_array *given = calloc(inputs + outputs, sizeof *given), *made = given + inputs;
    const char **names = calloc(outputs, sizeof *names);
    soma_arrays *arrays = NULL;
    soma_value_info info;
    bool ok = soma_read_arrays(data, &arrays) == SOMA_OK;
    for (size_t i = 0; ok && i < inputs; i++)
        for (size_t k = 0; k < soma_arrays_count(arrays); k++)
            if (soma_onnx_session_input_info(session, i, &info) == SOMA_OK &&
                strcmp(info.name, soma_arrays_name(arrays, k)) == 0)
                given[i] = *soma_arrays_get(arrays, k);
    for (size_t i = 0; i < outputs; i++)
        if (soma_onnx_session_output_info(session, i, &info) == SOMA_OK) names[i] = info.name;
    ok = ok && soma_onnx_session_run(session, given, made) == SOMA_OK &&
         soma_write_npz(output, names, made, outputs) == SOMA_OK;
    int result = ok ? 0 : trouble();
    soma_arrays_destroy(arrays);
    free(names);
    free(given);
    return result;
}

static int run_arrays(const char *path, const char *data, const char *output, soma_device *device) {
    soma_onnx_session *session;
    if (soma_onnx_session_create(path, NULL, device, &session) != SOMA_OK) return trouble();
    int result = run_session(session, data, output);
    soma_onnx_session_destroy(session);
    return result;
}

static int count_transpositions(const char *path) {
    soma_network *network;
    unsigned count = 0;
    if (soma_load_onnx(path, NULL, &network) != SOMA_OK) return trouble();
    for (uint32_t i = 0; i < network->graph.count; i++) count += network->graph.tensor[i]->op == SOMA_OP_TRANSPOSE;
    printf("%u\n", count);
    soma_network_destroy(network);
    return 0;
}

/* A model read and written again. */
static int write_again(const char *path, const char *other) {
    soma_network *network;
    if (soma_load_onnx(path, NULL, &network) != SOMA_OK) return trouble();
    int result = soma_save_onnx(network, other) == SOMA_OK ? 0 : trouble();
    soma_network_destroy(network);
    return result;
}

int main(int argc, char **argv) {
    soma_device *device;
    bool chosen = argc == 5 && strcmp(argv[1], "run") == 0, arrays = argc == 6 && strcmp(argv[1], "arrays") == 0;
    if (soma_device_open(chosen ? argv[4] : arrays ? argv[5] : "cpu", NULL, &device) != SOMA_OK) return trouble();
    int result = 2;
    if ((argc == 5 || argc == 6) && strcmp(argv[1], "save") == 0)
        result = save(argv[2], argv[3], argv[4], argc == 6 ? argv[5] : NULL, device);
    if (argc >= 4 && strcmp(argv[1], "run") == 0) result = run(argv[2], strtoul(argv[3], NULL, 10), device);
    if (arrays) result = run_arrays(argv[2], argv[3], argv[4], device);
    if (argc == 3 && strcmp(argv[1], "transpositions") == 0) result = count_transpositions(argv[2]);
    if (argc == 4 && strcmp(argv[1], "again") == 0) result = write_again(argv[2], argv[3]);
    soma_device_close(device);
    return result;
}
