/* SPDX-License-Identifier: MIT */
/*
 * For developers: what it costs a start to know that OpenCL's drivers survive, once they have been tried. Prints the
 * milliseconds of one recall, of a process that has done nothing else, and of how many platforms it tells; run it many
 * times, after soma devices has tried the drivers.
 */
#include "device/opencl/driver/probe.h"

#include <stdio.h>
#include <time.h>

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec * 1e3 + (double)time.tv_nsec * 1e-6;
}

int main(void) {
    soma_cl_verdicts drivers;
    const double start = now();
    const bool known = soma_cl_recall_drivers(&drivers);
    const double end = now();
    if (!known) {
        fprintf(stderr, "bench_driver_probe: nothing is known of the drivers here; run soma devices\n");
        return 1;
    }
    printf("%.3f ms, %zu platforms\n", end - start, drivers.count);
    return 0;
}
