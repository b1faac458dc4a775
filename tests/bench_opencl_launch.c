/* SPDX-License-Identifier: MIT */
/*
 * For developers: what a launch, a wait and a read take by themselves, of a kernel that does next to nothing, on the
 * first processor or else the first device there is. No network on OpenCL takes less than its launches, a write and a
 * read. Medians of 200, in microseconds; sleeping: the library waits, watching: the event is asked for its status again
 * and again.
 */
#include "bench_opencl.h"

#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { ROUNDS = 200, LAUNCHES = 32, BYTES = 64 };

typedef struct bench {
    cl_context context;
    cl_command_queue queue;
    cl_kernel kernel;
    cl_mem memory;
} bench;

static void make(bench *b) {
    const char *source = "kernel void add(global float *x, ulong n) {"
                         "float sum = x[get_group_id(0) * 16];"
                         "for (ulong i = 0; i < n; i++) sum = sum * 0.5f + 1.0f;"
                         "x[get_group_id(0) * 16] = sum; }";
    cl_int code;
    cl_device_id device = find_device();
    b->context = clCreateContext(NULL, 1, &device, NULL, NULL, &code);
    require(code, "clCreateContext");
    b->queue = clCreateCommandQueue(b->context, device, 0, &code);
    require(code, "clCreateCommandQueue");
    b->memory = clCreateBuffer(b->context, CL_MEM_READ_WRITE, 65536, NULL, &code);
    require(code, "clCreateBuffer");
    cl_program program = clCreateProgramWithSource(b->context, 1, &source, NULL, &code);
    require(code, "clCreateProgramWithSource");
    require(clBuildProgram(program, 1, &device, "", NULL, NULL), "clBuildProgram");
    b->kernel = clCreateKernel(program, "add", &code);
    require(code, "clCreateKernel");
    require(clSetKernelArg(b->kernel, 0, sizeof b->memory, &b->memory), "clSetKernelArg");
}

static void set_loops(const bench *b, cl_ulong loops) {
    require(clSetKernelArg(b->kernel, 1, sizeof loops, &loops), "clSetKernelArg");
}

static double microseconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return 1e6 * (double)now.tv_sec + 1e-3 * (double)now.tv_nsec;
}

static int compare(const void *a, const void *b) {
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void await(const bench *b, bool watching, cl_event event) {
    cl_int status = CL_QUEUED;
    require(clFlush(b->queue), "clFlush");
    while (watching && status > CL_COMPLETE) {
        require(clGetEventInfo(event, CL_EVENT_COMMAND_EXECUTION_STATUS, sizeof status, &status, NULL),
                "clGetEventInfo");
        sched_yield();
    }
    require(clWaitForEvents(1, &event), "clWaitForEvents");
    clReleaseEvent(event);
}

/* So many launches of so many groups, and a wait for the last. */
static double time_launches(const bench *b, size_t launches, size_t groups, bool watching) {
    double times[ROUNDS];
    for (size_t round = 0; round < ROUNDS; round++) {
        cl_event last = NULL;
        const double start = microseconds();
        for (size_t i = 0; i < launches; i++)
            require(clEnqueueNDRangeKernel(b->queue, b->kernel, 1, NULL, &groups, (size_t[]){1}, 0, NULL,
                                           i + 1 < launches ? NULL : &last),
                    "clEnqueueNDRangeKernel");
        await(b, watching, last);
        times[round] = microseconds() - start;
    }
    qsort(times, ROUNDS, sizeof times[0], compare);
    return times[ROUNDS / 2];
}

/* So many small reads, with a wait for each. */
static double time_reads(const bench *b, size_t reads, bool watching) {
    double times[ROUNDS];
    for (size_t round = 0; round < ROUNDS; round++) {
        const double start = microseconds();
        for (size_t i = 0; i < reads; i++) {
            unsigned char target[BYTES];
            cl_event event;
            require(clEnqueueReadBuffer(b->queue, b->memory, CL_FALSE, 0, BYTES, target, 0, NULL, &event),
                    "clEnqueueReadBuffer");
            await(b, watching, event);
        }
        times[round] = microseconds() - start;
    }
    qsort(times, ROUNDS, sizeof times[0], compare);
    return times[ROUNDS / 2];
}

int main(void) {
    bench b;
    make(&b);
    puts("us, sleeping and watching");
    for (size_t groups = 1; groups <= 4; groups *= 4)
        for (cl_ulong loops = 0; loops <= 8000; loops += 8000) {
            set_loops(&b, loops);
            printf("launch of %zu groups of %5lu loops    %6.1f %6.1f\n", groups, (unsigned long)loops,
                   time_launches(&b, 1, groups, false), time_launches(&b, 1, groups, true));
            printf("  each of %d, one behind the other  %6.1f %6.1f\n", (int)LAUNCHES,
                   time_launches(&b, LAUNCHES, groups, false) / LAUNCHES,
                   time_launches(&b, LAUNCHES, groups, true) / LAUNCHES);
        }
    for (size_t reads = 1; reads <= 3; reads++)
        printf("%zu small reads                        %6.1f %6.1f\n", reads, time_reads(&b, reads, false),
               time_reads(&b, reads, true));
    return 0;
}
