/* SPDX-License-Identifier: MIT */
/*
 * For developers: GFLOP/s of the cpu device's matrix product at the shapes of typical networks, best and median of many
 * runs. bench_gemm [threads [isa]]
 */
#include "base/random.h"
#include "device/calls.h"
#include "device/cpu/host.h"
#include "device/cpu/run.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define SECONDS  0.3
#define MAX_RUNS 20000
#define MAX_LIST 200 /* calls in one run */

typedef struct shape {
    const char *what;
    size_t m, n, k;
    bool transpose_a, transpose_b;
} shape;

/* Forward (NN), gradient of the weights (TN), gradient of the input (NT). */
#define LAYER(name, batch, in, out)                                                                                    \
    {name " y", batch, out, in, false, false}, {name " dW", in, out, batch, true, false}, {                            \
        name " dx", batch, in, out, false, true                                                                        \
    }
static const shape shapes[] = {
    LAYER("64-32 b32", 32, 64, 32),           LAYER("32-10 b32", 32, 32, 10),
    LAYER("784-128 b128", 128, 784, 128),     LAYER("128-10 b128", 128, 128, 10),
    LAYER("784-512 b128", 128, 784, 512),     LAYER("512-512 b128", 128, 512, 512),
    LAYER("512-10 b128", 128, 512, 10),       LAYER("1024-2048 b256", 256, 1024, 2048),
    LAYER("2048-2048 b256", 256, 2048, 2048), LAYER("2048-1000 b256", 256, 2048, 1000),
    LAYER("784-512 b1", 1, 784, 512),         LAYER("1024-1024 b1024", 1024, 1024, 1024),
};

static float *make_floats(size_t count) {
    float *values = soma_host_alloc(count * sizeof(float));
    if (!values) exit(1);
    soma_random random;
    soma_random_init(&random, count, SOMA_STREAM_DATA);
    for (size_t i = 0; i < count; i++) values[i] = soma_random_uniform(&random) - 0.5f;
    return values;
}

static double now(bool alone) {
    struct timespec time;
    clock_gettime(alone ? CLOCK_THREAD_CPUTIME_ID : CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

static int compare(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void measure(const shape *s, const soma_cpu_isa *isa, soma_threads *threads) {
    float *a = make_floats(s->m * s->k), *b = make_floats(s->k * s->n), *c = make_floats(s->m * s->n);
    size_t a_shape[] = {s->transpose_a ? s->k : s->m, s->transpose_a ? s->m : s->k};
    size_t b_shape[] = {s->transpose_b ? s->n : s->k, s->transpose_b ? s->k : s->n};
    soma_call call =
        soma_call_gemm(soma_view_of(a, 0, SOMA_F32, 2, a_shape), soma_view_of(b, 0, SOMA_F32, 2, b_shape),
                       soma_view_absent(), soma_view_of(c, 0, SOMA_F32, 2, (size_t[]){s->m, s->n}),
                       (soma_gemm_params){.transpose_a = s->transpose_a, .transpose_b = s->transpose_b, .alpha = 1.0f});
    size_t workspace;
    if (soma_cpu_prepare(isa, soma_threads_count(threads), &call, &workspace) != SOMA_OK) exit(1);
    call.workspace = soma_host_alloc(workspace + 1);
    double work = 2e-9 * (double)s->m * (double)s->n * (double)s->k;
    static double seconds[MAX_RUNS];
    static soma_call list[MAX_LIST];
    size_t length = (size_t)SOMA_MIN(SOMA_MAX(1.0, 0.02 / work), MAX_LIST), runs = 0; /* some 200 microseconds */
    for (size_t i = 0; i < length; i++) list[i] = call;
    bool alone = soma_threads_count(threads) == 1;
    soma_cpu_run(threads, list, length);
    for (double start = soma_seconds(); runs < MAX_RUNS && soma_seconds() - start < SECONDS; runs++) {
        double begin = now(alone);
        soma_cpu_run(threads, list, length);
        seconds[runs] = (now(alone) - begin) / (double)length;
    }
    qsort(seconds, runs, sizeof *seconds, compare);
    printf("%-20s %5zu x %5zu x %5zu %c%c  %7.1f best %7.1f median GFLOP/s  %9.1f us\n", s->what, s->m, s->n, s->k,
           s->transpose_a ? 'T' : 'N', s->transpose_b ? 'T' : 'N', work / seconds[0], work / seconds[runs / 2],
           1e6 * seconds[0]);
    soma_cpu_release(&call);
    soma_host_free(call.workspace);
    soma_host_free(a);
    soma_host_free(b);
    soma_host_free(c);
}

int main(int count, char **arguments) {
    const soma_cpu_isa *isa;
    soma_threads *threads;
    if (count > 2) setenv("SOMA_ISA", arguments[2], 1);
    uint32_t number = count > 1 ? (uint32_t)atoi(arguments[1]) : soma_threads_available();
    if (soma_cpu_isa_choose(&isa) != SOMA_OK || soma_threads_create(number, &threads) != SOMA_OK) {
        fprintf(stderr, "%s\n", soma_last_error());
        return 1;
    }
    printf("%s, %u threads\n", isa->name, number);
    for (size_t i = 0; i < SOMA_COUNT_OF(shapes); i++) measure(&shapes[i], isa, threads);
    soma_threads_destroy(threads);
    return 0;
}
