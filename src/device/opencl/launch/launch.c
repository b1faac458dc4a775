/* SPDX-License-Identifier: MIT */
/* Binds prepared calls to memory and puts their kernels into the queue. */
#include "device/opencl/launch/launch.h"

#include <string.h>

static soma_status set_argument(cl_kernel kernel, cl_uint index, size_t size, const void *value) {
    return soma_cl_check(clSetKernelArg(kernel, index, size, value), "clSetKernelArg %u", index);
}

static soma_status bind_window(soma_cl_device *device, soma_cl_prepared *prepared, const soma_cl_launch *launch,
                               const soma_cl_argument *argument, soma_cl_memory *memory, size_t offset, size_t bytes) {
    cl_mem buffer;
    SOMA_TRY(soma_cl_window_at(device, prepared, memory, offset, bytes, &buffer));
    return set_argument(launch->kernel, argument->index, sizeof buffer, &buffer);
}

/* Slices in COPY need not be aligned: their window starts at the last aligned place before them. */
static size_t skew_of(const soma_cl_device *device, const soma_view *view) {
    return view->offset % device->info.alignment;
}

static soma_status bind_argument(soma_cl_device *device, const soma_call *call, const soma_cl_launch *launch,
                                 const soma_cl_argument *argument) {
    soma_cl_prepared *prepared = call->prepared;
    const soma_view *view = argument->source < SOMA_CALL_MAX_VIEWS ? &call->view[argument->source] : NULL;
    switch (argument->kind) {
    case SOMA_CL_ARGUMENT_VIEW: {
        size_t skew = skew_of(device, view), bytes = soma_cl_view_extent(view);
        if (bytes == 0) return set_argument(launch->kernel, argument->index, sizeof(cl_mem), &device->nothing);
        return bind_window(device, prepared, launch, argument, view->memory, view->offset - skew, bytes + skew);
    }
    case SOMA_CL_ARGUMENT_SKEW: {
        cl_ulong skew = skew_of(device, view) / soma_dtype_size(view->dtype);
        return set_argument(launch->kernel, argument->index, sizeof skew, &skew);
    }
    case SOMA_CL_ARGUMENT_SCRATCH:
        return bind_window(device, prepared, launch, argument, call->workspace,
                           call->workspace_offset + argument->source, argument->bytes);
    default:
        return SOMA_OK; /* live ones are set before each run */
    }
}

static soma_status bind_call(soma_cl_device *device, const soma_call *call) {
    soma_cl_prepared *prepared = call->prepared;
    if (prepared->product) SOMA_TRY(prepared->product->api->bind(device, call));
    for (uint32_t i = 0; i < prepared->launch_count; i++)
        for (uint32_t j = 0; j < prepared->launch[i].argument_count; j++)
            SOMA_TRY(bind_argument(device, call, &prepared->launch[i], &prepared->launch[i].argument[j]));
    prepared->bound = true;
    return SOMA_OK;
}

static soma_status set_live(const soma_call *call, soma_cl_launch *launch) {
    for (uint32_t i = 0; i < launch->argument_count; i++) {
        soma_cl_argument *argument = &launch->argument[i];
        if (argument->kind < SOMA_CL_ARGUMENT_LIVE_FLOAT) continue;
        cl_ulong bits;
        size_t size = soma_cl_read_live(call, argument, &bits);
        if (argument->is_set && bits == argument->last) continue;
        SOMA_TRY(set_argument(launch->kernel, argument->index, size, &bits));
        argument->last = bits;
        argument->is_set = true;
    }
    return SOMA_OK;
}

static soma_status run_launches(soma_cl_device *device, const soma_call *call, uint32_t begin, uint32_t end) {
    soma_cl_prepared *prepared = call->prepared;
    for (uint32_t i = begin; i < end; i++) {
        soma_cl_launch *launch = &prepared->launch[i];
        SOMA_TRY(set_live(call, launch));
        SOMA_TRY(soma_cl_check(clEnqueueNDRangeKernel(device->queue, launch->kernel, 2, NULL, launch->global,
                                                      launch->local, 0, NULL, NULL),
                               "clEnqueueNDRangeKernel for %s on %s", soma_primitive_name(call->primitive),
                               device->info.name));
    }
    return SOMA_OK;
}

static soma_status run_call(soma_cl_device *device, const soma_call *call) {
    soma_cl_prepared *prepared = call->prepared;
    if (!prepared)
        return soma_error(SOMA_INVALID_STATE, "a %s call is run that was not prepared",
                          soma_primitive_name(call->primitive));
    if (!prepared->bound) SOMA_TRY(bind_call(device, call));
    if (prepared->product) SOMA_TRY(prepared->product->api->run(device, call));
    if (!prepared->repeats) return run_launches(device, call, 0, prepared->launch_count);
    SOMA_TRY(run_launches(device, call, 0, prepared->once));
    for (size_t round = 0; round < prepared->rounds; round++) {
        for (uint32_t i = prepared->once; i < prepared->launch_count; i++) {
            const cl_ulong number = round;
            SOMA_TRY(set_argument(prepared->launch[i].kernel, prepared->launch[i].round_index, sizeof number, &number));
        }
        SOMA_TRY(run_launches(device, call, prepared->once, prepared->launch_count));
    }
    return SOMA_OK;
}

/* The queue is not bounded here. Measured with a million launches in it: PoCL holds 10 bytes for each, Mesa half a
 * kilobyte, and waiting for events from time to time made Mesa 20 times slower. */
soma_status soma_cl_run(void *state, soma_call *calls, size_t count) {
    soma_cl_device *device = state;
    device->busy = true;
    for (size_t i = 0, listed; i < count; i += SOMA_MAX(listed, (size_t)1)) {
        listed = soma_cl_list_run(device, calls + i, count - i);
        if (!listed) SOMA_TRY(run_call(device, &calls[i]));
    }
    return soma_cl_check(clFlush(device->queue), "clFlush on %s", device->info.name);
}

void soma_cl_release(void *state, soma_call *call) {
    const soma_cl_device *device = state;
    soma_cl_prepared *prepared = call->prepared;
    if (!prepared) return;
    soma_cl_list_leave(device, prepared);
    if (prepared->product) prepared->product->api->destroy(prepared->product);
    for (uint32_t i = 0; i < prepared->launch_count; i++) soma_cl_release_kernel(device, prepared->launch[i].kernel);
    for (uint32_t i = 0; i < prepared->window_count; i++)
        if (prepared->window[i].owned) soma_cl_release_memory(device, prepared->window[i].buffer);
    soma_free(prepared);
    call->prepared = NULL;
}
