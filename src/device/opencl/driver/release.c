/* SPDX-License-Identifier: MIT */
/* Gives back what the driver holds for us; in a child of fork(), whose driver has no threads, nothing. */
#include "device/opencl/driver/opencl.h"

void soma_cl_release_memory(const soma_cl_device *device, cl_mem memory) {
    if (memory && !device->driver_is_gone) clReleaseMemObject(memory);
}

void soma_cl_release_kernel(const soma_cl_device *device, cl_kernel kernel) {
    if (kernel && !device->driver_is_gone) clReleaseKernel(kernel);
}

void soma_cl_release_program(const soma_cl_device *device, cl_program program) {
    if (program && !device->driver_is_gone) clReleaseProgram(program);
}

void soma_cl_release_driver(const soma_cl_device *device) {
    if (device->driver_is_gone) return;
    if (device->queue) clReleaseCommandQueue(device->queue);
    if (device->context) clReleaseContext(device->context);
    clReleaseDevice(device->id); /* counts for sub-devices alone */
}

void soma_cl_after_fork(void *state) {
    ((soma_cl_device *)state)->driver_is_gone = true;
}
