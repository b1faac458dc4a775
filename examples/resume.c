/* SPDX-License-Identifier: MIT */
/*
 * Training that is broken off and goes on from its checkpoint: it ends with the very weights of one that was not.
 *
 * Usage: resume [--device=NAME]
 *
 * The data are points of the plane, in classes by the quadrant that they lie in.
 */
#include <soma/soma.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { POINTS = 600, CLASSES = 4, UNITS = 16, EPOCHS = 12, BREAK_AFTER = 100 };

static float points[POINTS][2];
static int32_t quadrants[POINTS];

static void draw_points(void) {
    uint32_t state = 1;
    for (int i = 0; i < POINTS; i++) {
        for (int j = 0; j < 2; j++) {
            state = state * 1664525u + 1013904223u;
            points[i][j] = (float)(state >> 8) * 0x1p-23f - 1.0f;
        }
        quadrants[i] = (points[i][0] < 0) + 2 * (points[i][1] < 0);
    }
}

static soma_status make_network(soma_device *device, soma_network **network) {
    const size_t width = 2;
    const soma_compile_options options = {.optimizer = {.kind = SOMA_ADAM, .learning_rate = 0.01f}};
    soma_status status = soma_network_create(network);
    if (status != SOMA_OK) return status;
    soma_layers(soma_input(*network, NULL, 1, &width), "dense 16 tanh; dropout 0.1; dense 4 softmax");
    return soma_compile(*network, device, &options);
}

/* A power failure, a full night, somebody who wants the machine: training ends after some batches. */
static soma_status break_off(void *context, soma_network *network, const soma_progress *progress) {
    int *batches = context;
    (void)network, (void)progress;
    return ++*batches == BREAK_AFTER ? SOMA_STOPPED : SOMA_OK;
}

/* Trains a new network; the options say whether it is broken off, and whether it goes on from somewhere. */
static soma_status train(soma_device *device, soma_dataset *dataset, soma_fit_options options, float *weights) {
    soma_network *network = NULL;
    soma_history history = {0};
    options.epochs = EPOCHS;
    options.validation_split = 0.2;
    soma_status status = make_network(device, &network);
    if (status == SOMA_OK) status = soma_fit(network, dataset, &options, &history);
    if (status == SOMA_OK || status == SOMA_STOPPED)
        printf("%llu steps, %u epochs finished\n", (unsigned long long)history.steps, history.count);
    if (status == SOMA_OK)
        status = soma_get_parameter(network, soma_network_tensor(network, "dense_2.weight"), weights, UNITS * CLASSES);
    soma_history_clear(&history);
    soma_network_destroy(network);
    return status;
}

static soma_status compare(soma_device *device, soma_dataset *dataset, const char *path, bool *same) {
    float whole[UNITS * CLASSES], resumed[UNITS * CLASSES];
    int batches = 0;
    soma_status status = train(device, dataset, (soma_fit_options){0}, whole);
    if (status != SOMA_OK) return status;
    soma_fit_options options = {.on_batch = break_off, .context = &batches};
    options.checkpoint = path;
    options.checkpoint_every = 25;
    status = train(device, dataset, options, resumed);
    if (status != SOMA_STOPPED) return status;
    status = train(device, dataset, (soma_fit_options){.resume = path}, resumed);
    *same = memcmp(whole, resumed, sizeof whole) == 0;
    return status;
}

int main(int argc, char **argv) {
    const char *name = argc > 1 && strncmp(argv[1], "--device=", 9) == 0 ? argv[1] + 9 : NULL;
    const soma_array x = {.data = points, .dtype = SOMA_F32, .rank = 2, .shape = {POINTS, 2}};
    const soma_array y = {.data = quadrants, .dtype = SOMA_I32, .rank = 1, .shape = {POINTS}};
    soma_device *device = NULL;
    soma_dataset *dataset = NULL;
    char path[64];
    bool same = false;

    snprintf(path, sizeof path, "resume-%ld.ckpt", (long)getpid());
    draw_points();
    soma_status status = soma_device_open(name, NULL, &device);
    if (status == SOMA_OK) status = soma_dataset_from_arrays(&x, 1, &y, 1, &dataset);
    if (status == SOMA_OK) status = compare(device, dataset, path, &same);
    if (status != SOMA_OK)
        fprintf(stderr, "%s\n", soma_last_error());
    else
        printf("the weights are %s\n", same ? "the same, bit for bit" : "others");
    remove(path);
    soma_dataset_destroy(dataset);
    soma_device_close(device);
    return status == SOMA_OK && same ? EXIT_SUCCESS : EXIT_FAILURE;
}
