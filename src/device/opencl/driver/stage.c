/* SPDX-License-Identifier: MIT */
/*
 * Stages: values that come to the device while it works. They are written from memory that the driver has pinned, so
 * that nobody copies them meanwhile, by a queue of their own, into a buffer of their own, since what one queue changes
 * no other may use. What they are for gets them by a copy on the device, in the order of its queue, which waits for
 * them.
 */
#include "device/opencl/driver/opencl.h"

struct soma_cl_stage {
    cl_mem pinned;
    void *host; /* the pinned memory, as the host sees it */
    soma_cl_memory *arrival;
    cl_event sent;   /* they have left the host's memory; NULL: there is none on the way */
    cl_event copied; /* they were copied from where they arrived; NULL: never */
    soma_cl_stage *next;
};

static soma_status open_transfers(soma_cl_device *device) {
    if (device->transfers) return SOMA_OK;
    cl_int code;
    device->transfers = clCreateCommandQueue(device->context, device->id, 0, &code);
    return soma_cl_check(code, "clCreateCommandQueue for transfers on %s", device->info.name);
}

static soma_status fill_in(soma_cl_device *device, size_t bytes, soma_cl_stage *stage) {
    cl_int code;
    void *arrival = NULL;
    SOMA_TRY(open_transfers(device));
    SOMA_TRY(soma_cl_alloc(device, bytes, &arrival));
    stage->arrival = arrival;
    stage->pinned = clCreateBuffer(device->context, CL_MEM_READ_ONLY | CL_MEM_ALLOC_HOST_PTR, bytes, NULL, &code);
    SOMA_TRY(soma_cl_check(code, "clCreateBuffer of %zu bytes of the host's memory for %s", bytes, device->info.name));
    stage->host = clEnqueueMapBuffer(device->transfers, stage->pinned, CL_TRUE, CL_MAP_WRITE_INVALIDATE_REGION, 0,
                                     bytes, 0, NULL, NULL, &code);
    return soma_cl_check(code, "clEnqueueMapBuffer of %zu bytes for %s", bytes, device->info.name);
}

soma_status soma_cl_stage_make(void *state, size_t bytes, void **stage, void **host) {
    soma_cl_device *device = state;
    soma_cl_stage *made = soma_calloc(1, sizeof *made);
    if (!made) return soma_out_of_memory(sizeof *made, "a stage");
    soma_status status = fill_in(device, bytes, made);
    if (status != SOMA_OK) {
        soma_cl_stage_free(device, made);
        return status;
    }
    made->next = device->stages;
    device->stages = made;
    *stage = made;
    *host = made->host;
    return SOMA_OK;
}

static void replace(cl_event *event, cl_event by) {
    if (*event) clReleaseEvent(*event);
    *event = by;
}

/* Waits for an event, if there is one, and lets go of it. */
static cl_int wait_for(cl_event *event) {
    const cl_int code = *event ? clWaitForEvents(1, event) : CL_SUCCESS;
    replace(event, NULL);
    return code;
}

/* Where these values arrive, those before them are copied from first: long ago, mostly. */
static soma_status transfer(const soma_cl_device *device, soma_cl_stage *stage, size_t bytes) {
    cl_event sent;
    SOMA_TRY(
        soma_cl_check(clEnqueueWriteBuffer(device->transfers, stage->arrival->buffer, CL_FALSE, 0, bytes, stage->host,
                                           stage->copied != NULL, stage->copied ? &stage->copied : NULL, &sent),
                      "sending %zu bytes to %s", bytes, device->info.name));
    replace(&stage->sent, sent);
    return soma_cl_check(clFlush(device->transfers), "clFlush of transfers to %s", device->info.name);
}

soma_status soma_cl_stage_send(void *state, void *from, void *memory, size_t bytes) {
    soma_cl_device *device = state;
    soma_cl_stage *stage = from;
    soma_cl_memory *target = memory;
    cl_event copied;
    if (bytes > stage->arrival->bytes || bytes > target->bytes)
        return soma_error(SOMA_INVALID_ARGUMENT, "sending %zu bytes from a stage of %zu to a memory of %zu", bytes,
                          stage->arrival->bytes, target->bytes);
    SOMA_TRY(transfer(device, stage, bytes));
    device->busy = true;
    SOMA_TRY(soma_cl_check(clEnqueueCopyBuffer(device->queue, stage->arrival->buffer, target->buffer, 0, 0, bytes, 1,
                                               &stage->sent, &copied),
                           "copying %zu bytes that were sent, on %s", bytes, device->info.name));
    replace(&stage->copied, copied);
    return soma_cl_check(clFlush(device->queue), "clFlush on %s", device->info.name);
}

soma_status soma_cl_stage_await(void *state, void *stage) {
    const soma_cl_device *device = state;
    return soma_cl_check(wait_for(&((soma_cl_stage *)stage)->sent), "waiting for what was sent to %s",
                         device->info.name);
}

/* Where a command fails on the device, with most drivers neither those behind it nor waiting for the queue do: what was
 * enqueued behind the copy has run, on the values before. */
soma_status soma_cl_check_arrivals(const soma_cl_device *device) {
    for (const soma_cl_stage *stage = device->stages; stage; stage = stage->next) {
        cl_int code = CL_COMPLETE;
        if (stage->copied) clGetEventInfo(stage->copied, CL_EVENT_COMMAND_EXECUTION_STATUS, sizeof code, &code, NULL);
        if (code < 0)
            return soma_error(SOMA_DEVICE_FAILED, "what was sent to %s did not arrive there: a transfer ended with %d",
                              device->info.name, code);
    }
    return SOMA_OK;
}

static void unlink_stage(soma_cl_device *device, const soma_cl_stage *stage) {
    soma_cl_stage **place = &device->stages;
    while (*place && *place != stage) place = &(*place)->next;
    if (*place) *place = stage->next;
}

static void unmap(const soma_cl_device *device, const soma_cl_stage *stage) {
    cl_event unmapped = NULL;
    if (clEnqueueUnmapMemObject(device->transfers, stage->pinned, stage->host, 0, NULL, &unmapped) == CL_SUCCESS)
        (void)wait_for(&unmapped);
}

void soma_cl_stage_free(void *state, void *freed) {
    soma_cl_device *device = state;
    soma_cl_stage *stage = freed;
    unlink_stage(device, stage);
    if (!device->driver_is_gone) {
        (void)wait_for(&stage->sent);
        if (stage->host) unmap(device, stage);
        replace(&stage->copied, NULL);
    }
    soma_cl_release_memory(device, stage->pinned);
    soma_cl_free(device, stage->arrival);
    soma_free(stage);
}
