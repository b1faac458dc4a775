/* SPDX-License-Identifier: MIT */
/*
 * Learns XOR from four rows in memory, with the activation of your choice in the hidden layer.
 *
 * Usage: xor [ACTIVATION] [--device=NAME]
 *
 * XOR is the smallest problem that no straight line solves. So a hidden layer with identity or linear does not help:
 * the network stays one linear map. With step the hidden layer cannot learn, since the gradient of a step is 0, but the
 * output layer can learn from the random features that it finds there.
 */
#include <soma/soma.h>
#include <stdio.h>
#include <string.h>

enum { ROWS = 4, FEATURES = 2, HIDDEN = 16 };

static const float inputs[ROWS][FEATURES] = {{0, 0}, {0, 1}, {1, 0}, {1, 1}};
static const float targets[ROWS][1] = {{0}, {1}, {1}, {0}};

static const soma_function choices[] = {SOMA_IDENTITY, SOMA_LINEAR, SOMA_SIGMOID,    SOMA_TANH,
                                        SOMA_STEP,     SOMA_RELU,   SOMA_LEAKY_RELU, SOMA_SOFTMAX};
enum { CHOICE_COUNT = sizeof choices / sizeof *choices };

static bool find_activation(const char *name, soma_function *activation) {
    for (size_t i = 0; i < CHOICE_COUNT; i++) {
        if (strcmp(name, soma_function_name(choices[i])) != 0) continue;
        *activation = choices[i];
        return true;
    }
    fprintf(stderr, "no activation '%s'; there are:", name);
    for (size_t i = 0; i < CHOICE_COUNT; i++) fprintf(stderr, " %s", soma_function_name(choices[i]));
    fprintf(stderr, "\n");
    return false;
}

/* Trains and gives the network's four answers. */
static soma_status learn(soma_network *network, soma_device *device, soma_function activation, float *answers) {
    const soma_array x = {.data = inputs, .dtype = SOMA_F32, .rank = 2, .shape = {ROWS, FEATURES}};
    const soma_array y = {.data = targets, .dtype = SOMA_F32, .rank = 2, .shape = {ROWS, 1}};
    soma_dataset *dataset = NULL;
    soma_status status = soma_dataset_from_arrays(&x, 1, &y, 1, &dataset);
    if (status != SOMA_OK) return status;

    soma_network_set_seed(network, 7);
    soma_tensor *input = soma_input(network, NULL, 1, (const size_t[]){FEATURES});
    soma_dense(soma_dense(input, HIDDEN, activation), 1, SOMA_SIGMOID);

    const soma_compile_options compile = {.optimizer = {.kind = SOMA_ADAM, .learning_rate = 0.05f}};
    const soma_fit_options fit = {.epochs = 500, .batch_size = ROWS};
    status = soma_compile(network, device, &compile);
    if (status == SOMA_OK) status = soma_fit(network, dataset, &fit, NULL);
    if (status == SOMA_OK) status = soma_run(network, &inputs[0][0], ROWS, answers);
    soma_dataset_destroy(dataset);
    return status;
}

static int show(soma_function activation, const float *answers) {
    int right = 0;
    for (int row = 0; row < ROWS; row++) {
        right += (answers[row] > 0.5f) == (targets[row][0] > 0.5f);
        printf("%g xor %g = %.3f\n", inputs[row][0], inputs[row][1], answers[row]);
    }
    printf("%s: %d of %d right\n", soma_function_name(activation), right, ROWS);
    return right;
}

int main(int argc, char **argv) {
    const char *device_name = NULL;
    soma_function activation = SOMA_TANH;
    for (int i = 1; i < argc; i++) {
        if (strncmp(argv[i], "--device=", 9) == 0)
            device_name = argv[i] + 9;
        else if (!find_activation(argv[i], &activation))
            return 2;
    }

    soma_device *device = NULL;
    soma_network *network = NULL;
    float answers[ROWS];
    soma_status status = soma_device_open(device_name, NULL, &device);
    if (status == SOMA_OK) status = soma_network_create(&network);
    if (status == SOMA_OK) status = learn(network, device, activation, answers);

    bool as_expected = false;
    if (status != SOMA_OK) {
        fprintf(stderr, "%s\n", soma_last_error());
    } else {
        const bool one_linear_map = activation == SOMA_IDENTITY || activation == SOMA_LINEAR;
        as_expected = (show(activation, answers) == ROWS) != one_linear_map;
    }
    soma_network_destroy(network);
    soma_device_close(device);
    return as_expected ? 0 : 1;
}
