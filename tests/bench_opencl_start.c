/* SPDX-License-Identifier: MIT */
/*
 * For developers: the least that a process on OpenCL takes, whatever it does: one kernel of one line, built, launched
 * and its result read back, on the first processor or else the first device there is. What soma's start is to be held
 * against: tools/bench-rivals --external opencl-alone=build/tests/bench_opencl_start --only W8.
 */
#include "bench_opencl.h"

#include <stdio.h>
#include <stdlib.h>

int main(void) {
    const char *source = "kernel void one(global float *x) { x[0] = 1.0f; }";
    const size_t size = 1;
    float result = 0.0f;
    cl_int code;
    cl_device_id device = find_device();
    cl_context context = clCreateContext(NULL, 1, &device, NULL, NULL, &code);
    require(code, "clCreateContext");
    cl_command_queue queue = clCreateCommandQueue(context, device, 0, &code);
    require(code, "clCreateCommandQueue");
    cl_program program = clCreateProgramWithSource(context, 1, &source, NULL, &code);
    require(code, "clCreateProgramWithSource");
    require(clBuildProgram(program, 1, &device, "", NULL, NULL), "clBuildProgram");
    cl_kernel kernel = clCreateKernel(program, "one", &code);
    require(code, "clCreateKernel");
    cl_mem memory = clCreateBuffer(context, CL_MEM_READ_WRITE, sizeof result, NULL, &code);
    require(code, "clCreateBuffer");
    require(clSetKernelArg(kernel, 0, sizeof memory, &memory), "clSetKernelArg");
    require(clEnqueueNDRangeKernel(queue, kernel, 1, NULL, &size, &size, 0, NULL, NULL), "clEnqueueNDRangeKernel");
    require(clEnqueueReadBuffer(queue, memory, CL_TRUE, 0, sizeof result, &result, 0, NULL, NULL),
            "clEnqueueReadBuffer");
    clReleaseMemObject(memory);
    clReleaseKernel(kernel);
    clReleaseProgram(program);
    clReleaseCommandQueue(queue);
    clReleaseContext(context);
    return result == 1.0f ? 0 : 1;
}
