/* SPDX-License-Identifier: MIT */
/* How long a device takes to copy within its memory, which is what calls that move numbers are held against. */
#include "device/calls.h"
#include "device/device.h"

#include <math.h>

typedef struct copying {
    void *from, *to;
    size_t count; /* floats */
} copying;

static soma_status enqueue_copy(soma_device *device, void *opaque) {
    const copying *copy = opaque;
    return soma_device_copy(device, copy->to, 0, copy->from, 0, copy->count * sizeof(float));
}

/* The device's own primitive may share the work out where its slot does not. */
static soma_status time_primitive(soma_device *device, const copying *copy, double *microseconds) {
    const soma_view floats = soma_view_of(NULL, 0, SOMA_F32, 1, &copy->count);
    soma_call call = soma_call_copy(floats, floats, 1.0f, 0.0f);
    size_t workspace;
    *microseconds = INFINITY;
    soma_status status = soma_device_prepare(device, &call, &workspace);
    if (status == SOMA_OK && !call.fallback && !workspace) {
        call.view[0].memory = copy->from;
        call.view[1].memory = copy->to;
        status = soma_call_least_time(device, &call, microseconds);
    }
    soma_device_release(device, &call);
    return status;
}

static soma_status time_copies(soma_device *device, copying *copy, double *microseconds) {
    size_t bytes = copy->count * sizeof(float);
    double slot, primitive;
    SOMA_TRY(soma_device_alloc(device, bytes, "a copy to compare with", &copy->from));
    SOMA_TRY(soma_device_alloc(device, bytes, "a copy to compare with", &copy->to));
    SOMA_TRY(soma_device_fill(device, copy->from, 0, 0, bytes));
    SOMA_TRY(soma_device_fill(device, copy->to, 0, 0, bytes));
    SOMA_TRY(soma_device_least_time(device, enqueue_copy, copy, &slot));
    SOMA_TRY(time_primitive(device, copy, &primitive));
    *microseconds = fmin(slot, primitive);
    return SOMA_OK;
}

/* A copy reads and writes: so many bytes in all. */
soma_status soma_device_copy_time(soma_device *device, double bytes, double *microseconds) {
    copying copy = {.count = SOMA_MAX((size_t)(bytes / (2 * sizeof(float))), 1)};
    soma_status status = time_copies(device, &copy, microseconds);
    soma_device_free(device, copy.from, copy.count * sizeof(float));
    soma_device_free(device, copy.to, copy.count * sizeof(float));
    return status;
}
