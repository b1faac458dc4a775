/* SPDX-License-Identifier: MIT */
/* What measurements of the cpu device share. They are no tests: whatever fails ends them. */
#ifndef SOMA_TESTS_BENCH_CPU_H
#define SOMA_TESTS_BENCH_CPU_H

#include "base/random.h"
#include "device/calls.h"
#include "device/cpu/host.h"
#include "device/cpu/run.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static inline float *make_floats(size_t count) {
    float *values = soma_host_alloc(count * sizeof(float));
    if (!values) exit(1);
    soma_random random;
    soma_random_init(&random, count, SOMA_STREAM_DATA);
    for (size_t i = 0; i < count; i++) values[i] = soma_random_uniform(&random) - 0.5f;
    return values;
}

/* One thread alone is measured by its own time: what else the machine does counts less then. */
static inline double now(bool alone) {
    struct timespec time;
    clock_gettime(alone ? CLOCK_THREAD_CPUTIME_ID : CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

/* Operations a second that multiply-adds in registers reach with all threads; keeps the highest. */
static inline void measure_peak(const soma_cpu_isa *isa, uint32_t threads, double *peak) {
    for (int i = 0; i < 5; i++) {
        float small = 1e-30f;
        double begin = now(true), operations = isa->multiply_add(500000, &small);
        double rate = operations / (now(true) - begin) * (double)threads;
        if (rate > *peak) *peak = rate;
    }
}

/* The instruction set (the best, or the one named) and so many threads (by default as many as there are processors). */
static inline soma_threads *make_threads(const char *number, const char *isa_name, const soma_cpu_isa **isa) {
    soma_threads *threads;
    if (isa_name) setenv("SOMA_ISA", isa_name, 1);
    uint32_t count = number ? (uint32_t)atoi(number) : soma_threads_available();
    if (soma_cpu_isa_choose(isa) == SOMA_OK && soma_threads_create(count, &threads) == SOMA_OK) return threads;
    fprintf(stderr, "%s\n", soma_last_error());
    exit(1);
}

#endif
