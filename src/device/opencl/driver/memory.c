/* SPDX-License-Identifier: MIT */
/* Memory of an OpenCL device: buffers, and transfers to, from and within them. */
#include "device/opencl/driver/opencl.h"

#include <inttypes.h>
#include <string.h>

/* PoCL ends the process when memory is exhausted, and others hand out what they don't have: so the sum is kept here
 * too. */
static soma_status check_room(const soma_cl_device *device, size_t bytes) {
    uint64_t all = device->memory_limit;
    if (bytes > all || device->memory_used > all - bytes)
        return soma_error(SOMA_OUT_OF_DEVICE_MEMORY,
                          "%zu bytes asked for, %" PRIu64 " bytes in use of %" PRIu64 " on %s", bytes,
                          device->memory_used, all, device->info.name);
    if (device->info.max_allocation && bytes > device->info.max_allocation)
        return soma_error(SOMA_OUT_OF_DEVICE_MEMORY, "%zu bytes asked for, %s allocates at most %" PRIu64 " at once",
                          bytes, device->info.name, device->info.max_allocation);
    return SOMA_OK;
}

static soma_status create(soma_cl_device *device, cl_mem_flags flags, size_t bytes, void *host,
                          soma_cl_memory **memory) {
    soma_cl_memory *handle = soma_calloc(1, sizeof *handle);
    if (!handle) return soma_out_of_memory(sizeof *handle, "a memory handle");
    cl_int code;
    handle->buffer = clCreateBuffer(device->context, flags, bytes, host, &code);
    if (code != CL_SUCCESS) {
        soma_free(handle);
        return soma_cl_check(code, "clCreateBuffer of %zu bytes on %s", bytes, device->info.name);
    }
    handle->bytes = bytes;
    *memory = handle;
    return SOMA_OK;
}

soma_status soma_cl_alloc(void *state, size_t bytes, void **memory) {
    soma_cl_device *device = state;
    soma_cl_memory *handle = NULL;
    SOMA_TRY(check_room(device, bytes));
    soma_cl_release_finished(device);
    SOMA_TRY(create(device, CL_MEM_READ_WRITE, bytes, NULL, &handle));
    device->memory_used += bytes;
    *memory = handle;
    return SOMA_OK;
}

/* Where the device is the processor itself a buffer can be the host's memory. Others may make a copy of it, which would
 * not be accounted for. */
soma_status soma_cl_wrap(void *state, const void *host, size_t bytes, void **memory) {
    soma_cl_device *device = state;
    soma_cl_memory *handle = NULL;
    if (!soma_cl_works_on_vectors(device) || !soma_cl_device_number(device->id, CL_DEVICE_HOST_UNIFIED_MEMORY))
        return soma_error(SOMA_UNSUPPORTED, "%s can't use host memory without a copy", device->info.name);
    /* OpenCL's interface takes no pointer to const, but a buffer that kernels only read is not written. */
    SOMA_TRY(create(device, CL_MEM_READ_ONLY | CL_MEM_USE_HOST_PTR, bytes, (void *)(uintptr_t)host, &handle));
    handle->wrapped = true;
    *memory = handle;
    return SOMA_OK;
}

void soma_cl_free(void *state, void *memory) {
    soma_cl_device *device = state;
    soma_cl_memory *handle = memory;
    if (!handle) return;
    if (!handle->wrapped) device->memory_used -= handle->bytes;
    soma_cl_let_go(device, handle);
}

static soma_status check_range(const soma_cl_memory *memory, size_t offset, size_t bytes, const char *what) {
    if (offset > memory->bytes || bytes > memory->bytes - offset)
        return soma_error(SOMA_INVALID_ARGUMENT, "%s %zu bytes at offset %zu of a memory of %zu bytes", what, bytes,
                          offset, memory->bytes);
    return SOMA_OK;
}

/* Room for copies of what is written, and the most that is copied: more than that takes longer than the wait. */
#define OUTGOING_ROOM 65536
#define OUTGOING_MOST 16384

/*
 * A copy that the device's library may read whenever it comes to it, until the queue was waited for; NULL: the write is
 * to be waited for. On a processor that is work of another thread, and what is small is written sooner than that thread
 * and then this one have woken up. It is a copy within the host's memory, so that a failure on the way, of which nobody
 * would hear before the next wait, is not to be expected, as it is of a bus; GPUs, whose kernels can be made to work on
 * vectors too, are waited for.
 */
static const void *copy_outgoing(soma_cl_device *device, const void *source, size_t bytes) {
    if (!soma_cl_is_processor(device) || bytes > OUTGOING_MOST || bytes > OUTGOING_ROOM - device->outgoing_used)
        return NULL;
    if (!device->outgoing) device->outgoing = soma_calloc(OUTGOING_ROOM, 1);
    if (!device->outgoing) return NULL;
    void *copy = device->outgoing + device->outgoing_used;
    memcpy(copy, source, bytes);
    device->outgoing_used += bytes;
    return copy;
}

/* How a transfer that is waited for is enqueued: where commands are awaited by looking at them (finish.c), with an
 * event for that; else the library waits itself. */
static cl_bool blocks(const soma_cl_device *device) {
    return soma_cl_is_processor(device) ? CL_FALSE : CL_TRUE;
}

/* Waits for one that was enqueued with this code and, unless it blocked, this event. Where the wait fails the transfer
 * may still be under way, to memory that the caller then gives back. */
static cl_int finish_transfer(soma_cl_device *device, cl_int code, cl_event event) {
    if (code != CL_SUCCESS || !event) return code;
    code = soma_cl_await(device, event);
    if (code != CL_SUCCESS) soma_cl_finish(device);
    clReleaseEvent(event);
    return code;
}

soma_status soma_cl_write(void *state, void *memory, size_t offset, const void *source, size_t bytes) {
    soma_cl_device *device = state;
    soma_cl_memory *handle = memory;
    SOMA_TRY(check_range(handle, offset, bytes, "writing"));
    const void *copy = copy_outgoing(device, source, bytes);
    const cl_bool block = !copy && blocks(device);
    cl_event event = NULL;
    if (copy) device->busy = true;
    cl_int code = clEnqueueWriteBuffer(device->queue, handle->buffer, block, offset, bytes, copy ? copy : source, 0,
                                       NULL, copy || block ? NULL : &event);
    SOMA_TRY(soma_cl_check(finish_transfer(device, code, event), "writing %zu bytes to %s", bytes, device->info.name));
    if (copy) return soma_cl_check(clFlush(device->queue), "clFlush on %s", device->info.name);
    soma_cl_has_finished(device);
    return SOMA_OK;
}

soma_status soma_cl_read(void *state, void *memory, size_t offset, void *target, size_t bytes) {
    soma_cl_device *device = state;
    soma_cl_memory *handle = memory;
    SOMA_TRY(check_range(handle, offset, bytes, "reading"));
    const cl_bool block = blocks(device);
    cl_event event = NULL;
    cl_int code = clEnqueueReadBuffer(device->queue, handle->buffer, block, offset, bytes, target, 0, NULL,
                                      block ? NULL : &event);
    SOMA_TRY(
        soma_cl_check(finish_transfer(device, code, event), "reading %zu bytes from %s", bytes, device->info.name));
    soma_cl_has_finished(device);
    return SOMA_OK;
}

soma_status soma_cl_copy(void *state, void *to, size_t to_offset, void *from, size_t from_offset, size_t bytes) {
    soma_cl_device *device = state;
    soma_cl_memory *source = from, *target = to;
    SOMA_TRY(check_range(source, from_offset, bytes, "copying"));
    SOMA_TRY(check_range(target, to_offset, bytes, "copying to"));
    device->busy = true;
    SOMA_TRY(soma_cl_check(clEnqueueCopyBuffer(device->queue, source->buffer, target->buffer, from_offset, to_offset,
                                               bytes, 0, NULL, NULL),
                           "copying %zu bytes on %s", bytes, device->info.name));
    return soma_cl_check(clFlush(device->queue), "clFlush on %s", device->info.name);
}

soma_status soma_cl_fill(void *state, void *memory, size_t offset, uint8_t byte, size_t bytes) {
    soma_cl_device *device = state;
    soma_cl_memory *handle = memory;
    SOMA_TRY(check_range(handle, offset, bytes, "filling"));
    device->busy = true;
    SOMA_TRY(soma_cl_check(clEnqueueFillBuffer(device->queue, handle->buffer, &byte, 1, offset, bytes, 0, NULL, NULL),
                           "filling %zu bytes on %s", bytes, device->info.name));
    return soma_cl_check(clFlush(device->queue), "clFlush on %s", device->info.name);
}
