/* SPDX-License-Identifier: MIT */
/*
 * A forecaster in a program: it learns a series that is in memory, is held against the naive forecasts, and says what
 * comes next.
 *
 * Usage: forecast [--device=NAME]
 *
 * The series is a wave with a day of 24 hours, a week of 7 days and some chance.
 */
#include <math.h>
#include <soma/soma.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { HOURS = 24 * 7 * 8, WINDOW = 48, AHEAD = 6, DAY = 24, MOST = 512 };

static float level[HOURS];

static void measure(void) {
    const double turn = 2 * 3.141592653589793;
    uint32_t state = 1;
    for (int i = 0; i < HOURS; i++) {
        state = state * 1664525u + 1013904223u;
        level[i] = (float)(50 + 9 * sin(turn * i / DAY) + 4 * sin(turn * i / (7 * DAY)) + (state >> 8) * 0x1p-24 - 0.5);
    }
}

/* A network from text, scaled by what it is to learn from. */
static soma_status make_network(soma_device *device, const soma_dataset *train, soma_network **network) {
    const size_t shape[] = {WINDOW, 1};
    const soma_compile_options options = {.optimizer = {.kind = SOMA_ADAM, .learning_rate = 0.005f}};
    bool scaled;
    soma_status status = soma_network_create(network);
    if (status != SOMA_OK) return status;
    soma_layers(soma_input(*network, NULL, 2, shape), "gru 16 last; dense 6");
    status = soma_network_fit_preprocessing(*network, train, true);
    if (status == SOMA_OK) status = soma_network_scale_targets(*network, train, &scaled);
    return status == SOMA_OK ? soma_compile(*network, device, &options) : status;
}

static double root_mean_square(const float *said, const float *was, size_t count) {
    double sum = 0;
    for (size_t i = 0; i < count; i++) sum += ((double)said[i] - (double)was[i]) * ((double)said[i] - (double)was[i]);
    return sqrt(sum / (double)count);
}

/* Errors of the model, of the last value, and of what was a day before. */
static soma_status judge(soma_network *network, soma_dataset *test, double error[3]) {
    static float was[MOST * AHEAD], said[MOST * AHEAD];
    soma_dataset_info info;
    soma_dataset_get_info(test, &info);
    const size_t count = info.samples * AHEAD;
    soma_status status = soma_dataset_read_target(test, 0, 0, info.samples, was);
    if (status == SOMA_OK) status = soma_predict(network, test, 0, 0, said);
    if (status == SOMA_OK) error[0] = root_mean_square(said, was, count);
    for (size_t i = 1; i < 3 && status == SOMA_OK; i++) {
        status = soma_dataset_read_naive(test, i == 1 ? 0 : DAY, 0, info.samples, said);
        error[i] = root_mean_square(said, was, count);
    }
    return status;
}

static soma_status say_what_comes(soma_network *network, const soma_dataset *series) {
    const soma_series_options options = {.network = network, .ahead = 1};
    float next[AHEAD];
    soma_dataset *end = NULL;
    soma_status status = soma_dataset_from_series(series, &options, &end, NULL, NULL);
    if (status == SOMA_OK) status = soma_network_apply_preprocessing(network, end);
    if (status == SOMA_OK) status = soma_predict(network, end, 0, 1, next);
    for (int i = 0; i < AHEAD && status == SOMA_OK; i++) printf("in %d hours: %.1f\n", i + 1, (double)next[i]);
    soma_dataset_destroy(end);
    return status;
}

static soma_status forecast(soma_device *device, double error[3]) {
    const soma_array array = {level, SOMA_F32, 2, {HOURS, 1}};
    const soma_series_options options = {.window = WINDOW, .horizon = AHEAD, .test = 0.2};
    soma_dataset *series = NULL, *train = NULL, *test = NULL;
    soma_network *network = NULL;
    soma_status status = soma_dataset_from_arrays(&array, 1, NULL, 0, &series);
    if (status == SOMA_OK) status = soma_dataset_from_series(series, &options, &train, NULL, &test);
    if (status == SOMA_OK) status = make_network(device, train, &network);
    if (status == SOMA_OK) status = soma_network_apply_preprocessing(network, train);
    if (status == SOMA_OK) status = soma_network_apply_preprocessing(network, test);
    if (status == SOMA_OK) status = soma_fit(network, train, &(soma_fit_options){.epochs = 8, .batch_size = 32}, NULL);
    if (status == SOMA_OK) status = judge(network, test, error);
    if (status == SOMA_OK) status = say_what_comes(network, series);
    soma_network_destroy(network);
    soma_dataset_destroy(series);
    soma_dataset_destroy(train);
    soma_dataset_destroy(test);
    return status;
}

int main(int argc, char **argv) {
    const char *device_name = argc > 1 && strncmp(argv[1], "--device=", 9) == 0 ? argv[1] + 9 : NULL;
    soma_device *device = NULL;
    double error[3] = {0};
    measure();
    soma_status status = soma_device_open(device_name, NULL, &device);
    if (status == SOMA_OK) status = forecast(device, error);
    soma_device_close(device);
    if (status != SOMA_OK) {
        fprintf(stderr, "forecast: %s\n", soma_last_error());
        return EXIT_FAILURE;
    }
    printf("off by %.3f; the last value by %.3f, that of a day before by %.3f\n", error[0], error[1], error[2]);
    return error[0] < error[1] && error[0] < error[2] ? EXIT_SUCCESS : EXIT_FAILURE;
}
