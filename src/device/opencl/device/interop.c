/* SPDX-License-Identifier: MIT */
/* soma/opencl.h: on the context, the queue and the buffers of the application. */
#include "device/opencl/driver/opencl.h"
#include <soma/opencl.h>

static soma_status state_of(const char *function, const soma_device *device, soma_cl_device **state) {
    *state = soma_device_state(device, &soma_opencl_api);
    if (*state) return soma_cl_check_process();
    return soma_error(SOMA_INVALID_ARGUMENT, "%s: %s%s is no OpenCL device", function, device ? "device " : "NULL",
                      device ? soma_device_selector(device) : "");
}

/* --------------------------------------------------------------------------------------------------------- open */

/* Some drivers make a context and a queue of the whole device where a part of it was meant. */
static bool is_part_of(cl_device_id id, cl_device_id whole) {
    while (id && id != whole)
        if (clGetDeviceInfo(id, CL_DEVICE_PARENT_DEVICE, sizeof id, &id, NULL) != CL_SUCCESS) return false;
    return id == whole;
}

/* A context has at least one device; those of a real one are few. */
static soma_status check_context(cl_context context, cl_device_id id) {
    cl_device_id ids[64];
    size_t bytes = 0;
    SOMA_TRY(soma_cl_check(clGetContextInfo(context, CL_CONTEXT_DEVICES, 0, NULL, &bytes),
                           "soma_opencl_open: asking the context for its devices"));
    if (bytes > sizeof ids)
        return soma_error(SOMA_UNSUPPORTED, "soma_opencl_open: the context has more than %zu devices",
                          SOMA_COUNT_OF(ids));
    SOMA_TRY(soma_cl_check(clGetContextInfo(context, CL_CONTEXT_DEVICES, bytes, ids, NULL),
                           "soma_opencl_open: asking the context for its devices"));
    for (size_t i = 0; i < bytes / sizeof *ids; i++)
        if (is_part_of(id, ids[i])) return SOMA_OK;
    return soma_error(SOMA_INVALID_ARGUMENT, "soma_opencl_open: the device is not one of the context's %zu",
                      bytes / sizeof *ids);
}

static soma_status check_queue(cl_command_queue queue, cl_context context, cl_device_id id) {
    cl_context its_context = NULL;
    cl_device_id its_id = NULL;
    cl_command_queue_properties properties = 0;
    cl_int code = clGetCommandQueueInfo(queue, CL_QUEUE_CONTEXT, sizeof its_context, &its_context, NULL);
    if (code == CL_SUCCESS) code = clGetCommandQueueInfo(queue, CL_QUEUE_DEVICE, sizeof its_id, &its_id, NULL);
    if (code == CL_SUCCESS)
        code = clGetCommandQueueInfo(queue, CL_QUEUE_PROPERTIES, sizeof properties, &properties, NULL);
    SOMA_TRY(soma_cl_check(code, "soma_opencl_open: asking the queue what it is"));
    if (its_context != context || !is_part_of(id, its_id))
        return soma_error(SOMA_INVALID_ARGUMENT, "soma_opencl_open: the queue is of another %s",
                          its_context != context ? "context" : "device");
    if (properties & CL_QUEUE_OUT_OF_ORDER_EXEC_MODE_ENABLE)
        return soma_error(SOMA_INVALID_ARGUMENT,
                          "soma_opencl_open: the queue is out of order; one that is in order is needed, or NULL");
    return SOMA_OK;
}

soma_status soma_opencl_open(cl_context context, cl_device_id id, cl_command_queue queue,
                             const soma_device_options *options, soma_device **device) {
    if (!device || !context || !id)
        return soma_error(SOMA_INVALID_ARGUMENT, "soma_opencl_open: the %s is NULL",
                          !device    ? "place for the device"
                          : !context ? "context"
                                     : "device id");
    *device = NULL;
    SOMA_TRY(soma_cl_check_process());
    SOMA_TRY(check_context(context, id));
    if (queue) SOMA_TRY(check_queue(queue, context, id));
    soma_cl_candidate candidate;
    SOMA_TRY(soma_cl_examine(id, &candidate));
    soma_cl_device *state;
    SOMA_TRY(soma_cl_open(&candidate, context, queue, options ? options->memory_limit : 0, &state));
    soma_status status = soma_device_adopt(&soma_opencl_api, state, candidate.index, options, device);
    if (status != SOMA_OK) soma_opencl_api.close(state);
    return status;
}

soma_status soma_opencl_handles(const soma_device *device, cl_context *context, cl_device_id *id,
                                cl_command_queue *queue) {
    soma_cl_device *state;
    SOMA_TRY(state_of("soma_opencl_handles", device, &state));
    if (context) *context = state->context;
    if (id) *id = state->id;
    if (queue) *queue = state->queue;
    return SOMA_OK;
}

/* ------------------------------------------------------------------------------------------------------- memory */

/* On a processor, kernels read whole vectors where the application's memory lies. */
static soma_status check_host_memory(const soma_cl_device *device, cl_mem buffer) {
    cl_mem_flags flags = 0;
    void *host = NULL;
    cl_int code = clGetMemObjectInfo(buffer, CL_MEM_FLAGS, sizeof flags, &flags, NULL);
    if (code == CL_SUCCESS) code = clGetMemObjectInfo(buffer, CL_MEM_HOST_PTR, sizeof host, &host, NULL);
    SOMA_TRY(soma_cl_check(code, "soma_opencl_wrap: asking the buffer where it lies"));
    if (!soma_cl_works_on_vectors(device) || !(flags & CL_MEM_USE_HOST_PTR)) return SOMA_OK;
    if ((uintptr_t)host % device->info.alignment == 0) return SOMA_OK;
    return soma_error(SOMA_INVALID_ARGUMENT,
                      "soma_opencl_wrap: the buffer uses host memory at %p, which must be a multiple of %u on %s", host,
                      device->info.alignment, device->info.name);
}

static soma_status examine_buffer(const soma_cl_device *device, cl_mem buffer, size_t *bytes) {
    cl_context context = NULL;
    cl_mem_object_type type = 0;
    cl_int code = clGetMemObjectInfo(buffer, CL_MEM_CONTEXT, sizeof context, &context, NULL);
    if (code == CL_SUCCESS) code = clGetMemObjectInfo(buffer, CL_MEM_TYPE, sizeof type, &type, NULL);
    if (code == CL_SUCCESS) code = clGetMemObjectInfo(buffer, CL_MEM_SIZE, sizeof *bytes, bytes, NULL);
    SOMA_TRY(soma_cl_check(code, "soma_opencl_wrap: asking the buffer what it is"));
    if (context != device->context)
        return soma_error(SOMA_INVALID_ARGUMENT, "soma_opencl_wrap: the buffer is of another context than device %s",
                          device->info.name);
    if (type != CL_MEM_OBJECT_BUFFER)
        return soma_error(SOMA_INVALID_ARGUMENT, "soma_opencl_wrap: it is an image; a buffer is needed");
    cl_mem whole = NULL;
    code = clGetMemObjectInfo(buffer, CL_MEM_ASSOCIATED_MEMOBJECT, sizeof whole, &whole, NULL);
    SOMA_TRY(soma_cl_check(code, "soma_opencl_wrap: asking the buffer what it is a part of"));
    if (whole)
        return soma_error(SOMA_INVALID_ARGUMENT, "soma_opencl_wrap: it is a part of another buffer; a whole one is "
                                                 "needed, since soma takes parts of it itself");
    return check_host_memory(device, buffer);
}

soma_status soma_opencl_wrap(soma_device *device, cl_mem buffer, soma_memory **memory) {
    soma_cl_device *state;
    size_t bytes = 0;
    if (!memory || !buffer)
        return soma_error(SOMA_INVALID_ARGUMENT, "soma_opencl_wrap: the %s is NULL",
                          memory ? "buffer" : "place for the memory");
    *memory = NULL;
    SOMA_TRY(state_of("soma_opencl_wrap", device, &state));
    SOMA_TRY(examine_buffer(state, buffer, &bytes));
    soma_cl_memory *handle = soma_calloc(1, sizeof *handle);
    if (!handle) return soma_out_of_memory(sizeof *handle, "a memory handle");
    *handle = (soma_cl_memory){.buffer = buffer, .bytes = bytes, .wrapped = true};
    soma_status status = soma_cl_check(clRetainMemObject(buffer), "soma_opencl_wrap: clRetainMemObject");
    if (status != SOMA_OK) {
        soma_free(handle);
        return status;
    }
    status = soma_memory_adopt(device, handle, bytes, memory);
    if (status != SOMA_OK) soma_cl_free(state, handle);
    return status;
}

soma_status soma_opencl_buffer(const soma_memory *memory, cl_mem *buffer, size_t *offset) {
    soma_cl_device *state;
    if (!memory || !buffer || !offset)
        return soma_error(SOMA_INVALID_ARGUMENT, "soma_opencl_buffer: the memory or a place for the answer is NULL");
    SOMA_TRY(state_of("soma_opencl_buffer", soma_memory_device(memory), &state));
    *buffer = ((const soma_cl_memory *)soma_memory_handle(memory, offset))->buffer;
    return SOMA_OK;
}

/* ------------------------------------------------------------------------------------------------------- events */

soma_status soma_opencl_wait_for(soma_device *device, cl_uint count, const cl_event *events) {
    soma_cl_device *state;
    SOMA_TRY(state_of("soma_opencl_wait_for", device, &state));
    if (count == 0) return SOMA_OK;
    if (!events) return soma_error(SOMA_INVALID_ARGUMENT, "soma_opencl_wait_for: %u events at NULL", count);
    return soma_cl_check(clEnqueueBarrierWithWaitList(state->queue, count, events, NULL), "waiting for %u events on %s",
                         count, state->info.name);
}

soma_status soma_opencl_record(soma_device *device, cl_event *event) {
    soma_cl_device *state;
    SOMA_TRY(state_of("soma_opencl_record", device, &state));
    if (!event) return soma_error(SOMA_INVALID_ARGUMENT, "soma_opencl_record: no place for the event was given");
    SOMA_TRY(
        soma_cl_check(clEnqueueMarkerWithWaitList(state->queue, 0, NULL, event), "an event on %s", state->info.name));
    return soma_cl_check(clFlush(state->queue), "clFlush on %s", state->info.name);
}
