/* SPDX-License-Identifier: MIT */
/* What the arguments of kernels are: windows on memory, live parameters. */
#include "device/opencl/launch/launch.h"

#include <string.h>

size_t soma_cl_view_extent(const soma_view *view) {
    size_t last = 0;
    for (uint32_t i = 0; i < view->rank; i++) {
        if (view->shape[i] == 0) return 0;
        last += (view->shape[i] - 1) * view->stride[i];
    }
    return view->rank ? (last + 1) * soma_dtype_size(view->dtype) : 0;
}

soma_status soma_cl_window_at(soma_cl_device *device, soma_cl_prepared *prepared, soma_cl_memory *memory, size_t offset,
                              size_t bytes, cl_mem *buffer) {
    if (!memory) return soma_error(SOMA_INVALID_STATE, "a call is run on views without memory");
    if (offset > memory->bytes || bytes > memory->bytes - offset)
        return soma_error(SOMA_INVALID_ARGUMENT, "a view of %zu bytes at offset %zu in a memory of %zu bytes", bytes,
                          offset, memory->bytes);
    /* One window per place, so that a call in place gets the same buffer twice. */
    for (uint32_t i = 0; i < prepared->window_count; i++) {
        const soma_cl_window *window = &prepared->window[i];
        if (window->memory != memory || window->origin != offset || window->bytes != bytes) continue;
        *buffer = window->buffer;
        return SOMA_OK;
    }
    if (prepared->window_count == SOMA_CL_MAX_BUFFERS)
        return soma_error(SOMA_INTERNAL, "a call has more than %d buffers", SOMA_CL_MAX_BUFFERS);
    soma_cl_window window = {memory, offset, bytes, memory->buffer, offset != 0};
    if (window.owned) {
        const cl_buffer_region region = {offset, bytes};
        cl_int code;
        window.buffer = clCreateSubBuffer(memory->buffer, 0, CL_BUFFER_CREATE_TYPE_REGION, &region, &code);
        SOMA_TRY(soma_cl_check(code, "clCreateSubBuffer of %zu bytes at %zu on %s", bytes, offset, device->info.name));
        memory->divided = true;
    }
    prepared->window[prepared->window_count++] = window;
    *buffer = window.buffer;
    return SOMA_OK;
}

size_t soma_cl_read_live(const soma_call *call, const soma_cl_argument *argument, cl_ulong *bits) {
    const char *source = (const char *)call + argument->source;
    *bits = 0;
    if (argument->kind == SOMA_CL_ARGUMENT_LIVE_SIZE) {
        size_t value;
        memcpy(&value, source, sizeof value);
        *bits = value;
        return sizeof *bits;
    }
    size_t size = argument->kind == SOMA_CL_ARGUMENT_LIVE_U64 ? sizeof(cl_ulong) : sizeof(cl_float);
    memcpy(bits, source, size);
    return size;
}
