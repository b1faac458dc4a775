/* SPDX-License-Identifier: MIT */
/*
 * For developers: how near the optimizers come to streaming their buffers. Each is timed turn by turn with copies that
 * read and write as many bytes in the same buffers. bench_optimizer [device [parameters]]
 */
#include "base/base.h"
#include "device/calls.h"
#include "device/device.h"

#include <stdio.h>
#include <stdlib.h>

/* 784-512-512-10 */
#define PARAMETERS 669706

enum { BUFFERS = 4, ROUNDS = 41, REPEATS = 20 };

typedef struct bench {
    soma_device *device;
    size_t count;
    void *buffer[BUFFERS]; /* parameters, gradients, two states */
} bench;

static void require(soma_status status) {
    if (status == SOMA_OK) return;
    fprintf(stderr, "bench_optimizer: %s\n", soma_last_error());
    exit(1);
}

static soma_view part_of(const bench *b, int buffer, size_t count) {
    return soma_view_of(b->buffer[buffer], 0, SOMA_F32, 1, &count);
}

static void prepare(const bench *b, soma_call *call) {
    size_t workspace;
    require(soma_device_prepare(b->device, call, &workspace));
    if (workspace || call->fallback) {
        fprintf(stderr, "bench_optimizer: the device does not do this call by itself\n");
        exit(1);
    }
}

/* An optimizer reads parameters, gradients and states, and writes all but the gradients. A copy reads and writes. */
static size_t make_copies(const bench *b, size_t states, soma_call *copies) {
    size_t halves = 3 + 2 * states, made = 0;
    for (; halves > 0; halves -= SOMA_MIN(halves, (size_t)2), made++) {
        size_t count = halves >= 2 ? b->count : b->count / 2;
        int from = (int)(made + 1) % (2 + (int)states), to = (int)made % (2 + (int)states);
        copies[made] = soma_call_copy(part_of(b, from, count), part_of(b, to, count), 1.0f, 0.0f);
        prepare(b, &copies[made]);
    }
    return made;
}

static double time_calls(const bench *b, soma_call *calls, size_t count) {
    double began = soma_seconds();
    for (int i = 0; i < REPEATS; i++) require(soma_device_run(b->device, calls, count));
    require(soma_device_sync(b->device));
    return (soma_seconds() - began) / REPEATS;
}

static int ascending(const void *x, const void *y) {
    double a = *(const double *)x, b = *(const double *)y;
    return (a > b) - (a < b);
}

static double median(double *values) {
    qsort(values, ROUNDS, sizeof *values, ascending);
    return values[ROUNDS / 2];
}

static void measure(const bench *b, const char *name, soma_optimizer_kind kind, size_t states) {
    soma_view absent = soma_view_absent();
    soma_optimizer_params params = {.kind = kind,
                                    .learning_rate = 1e-3f,
                                    .beta1 = 0.9f,
                                    .beta2 = 0.999f,
                                    .epsilon = 1e-7f,
                                    .correction1 = 0.1f,
                                    .correction2 = 0.001f};
    soma_call update = soma_call_optimizer(part_of(b, 0, b->count), part_of(b, 1, b->count),
                                           states > 0 ? part_of(b, 2, b->count) : absent,
                                           states > 1 ? part_of(b, 3, b->count) : absent, absent, params);
    soma_call copies[BUFFERS];
    double updating[ROUNDS], copying[ROUNDS];
    prepare(b, &update);
    size_t copy_count = make_copies(b, states, copies);
    for (int i = 0; i < ROUNDS; i++) {
        updating[i] = time_calls(b, &update, 1);
        copying[i] = time_calls(b, copies, copy_count);
    }
    double time = median(updating), floor = median(copying);
    double bytes = 4.0 * (double)b->count * (double)(3 + 2 * states);
    printf("%-10s %9.1f us, copies of %5.1f MB %9.1f us (%5.1f GB/s), ratio %.2f\n", name, 1e6 * time, 1e-6 * bytes,
           1e6 * floor, 1e-9 * bytes / floor, time / floor);
    soma_device_release(b->device, &update);
    for (size_t i = 0; i < copy_count; i++) soma_device_release(b->device, &copies[i]);
}

int main(int count, char **arguments) {
    bench b = {.count = count > 2 ? (size_t)strtoull(arguments[2], NULL, 10) : PARAMETERS};
    require(soma_device_open(count > 1 ? arguments[1] : "cpu", NULL, &b.device));
    for (int i = 0; i < BUFFERS; i++) {
        require(soma_device_alloc(b.device, b.count * sizeof(float), "a buffer", &b.buffer[i]));
        require(soma_device_fill(b.device, b.buffer[i], 0, 0, b.count * sizeof(float)));
    }
    printf("%s, %zu parameters\n", b.device->info.name, b.count);
    measure(&b, "sgd", SOMA_SGD, 0);
    measure(&b, "momentum", SOMA_MOMENTUM, 1);
    measure(&b, "adam", SOMA_ADAM, 2);
    for (int i = 0; i < BUFFERS; i++) soma_device_free(b.device, b.buffer[i], b.count * sizeof(float));
    soma_device_close(b.device);
    return 0;
}
