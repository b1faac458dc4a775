/* SPDX-License-Identifier: MIT */
/* For programs that time OpenCL alone, without soma: the device they run on, and an end where a call fails. */
#ifndef SOMA_TESTS_BENCH_OPENCL_H
#define SOMA_TESTS_BENCH_OPENCL_H

#define CL_TARGET_OPENCL_VERSION 120
#include <CL/cl.h>
#include <stdio.h>
#include <stdlib.h>

enum { BENCH_PLATFORMS = 16 };

static inline void require(cl_int code, const char *what) {
    if (code == CL_SUCCESS) return;
    fprintf(stderr, "%s: error %d\n", what, (int)code);
    exit(1);
}

/* The first processor, or else the first device there is. */
static inline cl_device_id find_device(void) {
    static const cl_device_type types[] = {CL_DEVICE_TYPE_CPU, CL_DEVICE_TYPE_ALL};
    cl_platform_id platforms[BENCH_PLATFORMS];
    cl_uint count = 0;
    cl_device_id device;
    require(clGetPlatformIDs(BENCH_PLATFORMS, platforms, &count), "clGetPlatformIDs");
    for (size_t type = 0; type < sizeof types / sizeof types[0]; type++)
        for (cl_uint i = 0; i < count && i < BENCH_PLATFORMS; i++)
            if (clGetDeviceIDs(platforms[i], types[type], 1, &device, NULL) == CL_SUCCESS) return device;
    require(CL_DEVICE_NOT_FOUND, "no device");
    return NULL;
}

#endif
