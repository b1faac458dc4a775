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
    if (device->transfers) clReleaseCommandQueue(device->transfers);
    if (device->queue) clReleaseCommandQueue(device->queue);
    if (device->context) clReleaseContext(device->context);
    clReleaseDevice(device->id); /* counts for sub-devices alone */
}

void soma_cl_after_fork(void *state) {
    ((soma_cl_device *)state)->driver_is_gone = true;
}

/* ------------------------------------------------------------------------------------- memory that commands may use */

/*
 * PoCL 7 covers what sub-buffers leave of a buffer with sub-buffers of its own, and frees those with the buffer,
 * whoever uses them. Where a command that is done holds the last reference to the buffer, PoCL reads them after that.
 * OpenCL allows to release a buffer while commands use it; but to be safe there our reference is kept until they have
 * finished.
 */
static void release(const soma_cl_device *device, soma_cl_memory *memory) {
    soma_cl_release_memory(device, memory->buffer);
    if (memory->finished && !device->driver_is_gone) clReleaseEvent(memory->finished);
    soma_free(memory);
}

void soma_cl_let_go(soma_cl_device *device, soma_cl_memory *memory) {
    if (!device->driver_is_gone) soma_cl_release_finished(device);
    if (!memory->divided || !device->busy || device->driver_is_gone) {
        release(device, memory);
        return;
    }
    /* Without a marker it stays until somebody waits for the queue. */
    if (clEnqueueMarkerWithWaitList(device->queue, 0, NULL, &memory->finished) != CL_SUCCESS) memory->finished = NULL;
    clFlush(device->queue);
    memory->next = device->leaving;
    device->leaving = memory;
}

static bool has_finished(cl_event event) {
    cl_int status = CL_QUEUED;
    return event &&
           clGetEventInfo(event, CL_EVENT_COMMAND_EXECUTION_STATUS, sizeof status, &status, NULL) == CL_SUCCESS &&
           status <= CL_COMPLETE;
}

void soma_cl_release_finished(soma_cl_device *device) {
    for (soma_cl_memory **place = &device->leaving, *memory; (memory = *place);) {
        if (device->busy && !device->driver_is_gone && !has_finished(memory->finished)) {
            place = &memory->next;
            continue;
        }
        *place = memory->next;
        release(device, memory);
    }
}

void soma_cl_has_finished(soma_cl_device *device) {
    device->busy = false;
    device->outgoing_used = 0;
    soma_cl_release_finished(device);
}
