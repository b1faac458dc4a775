/* SPDX-License-Identifier: MIT */
/* How quick a case is on the device, and how quick it could be. */
#include "device/conformance/suite.h"

/* What else the machine does makes a measurement longer and never shorter. */
enum { MOST_MEASUREMENTS = 3 };
#define ENOUGH_MICROSECONDS 3e5 /* of one call, which is too long to be repeated */

static soma_status least_time(soma_device *device, soma_enqueue_function *enqueue, void *context, double *least) {
    *least = INFINITY;
    for (int i = 0; i < MOST_MEASUREMENTS && (i == 0 || *least < ENOUGH_MICROSECONDS); i++) {
        double microseconds;
        SOMA_TRY(soma_device_time(device, enqueue, context, &microseconds));
        *least = fmin(*least, microseconds);
    }
    return SOMA_OK;
}

static soma_status enqueue_call(soma_device *device, void *call) {
    return soma_device_run(device, call, 1);
}

/* ------------------------------------------------------------------------------------------------------ the copy */

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
    soma_call call = soma_call_copy(SOMA_F32_VIEW(copy->count), SOMA_F32_VIEW(copy->count), 1.0f, 0.0f);
    size_t workspace;
    *microseconds = INFINITY;
    soma_status status = soma_device_prepare(device, &call, &workspace);
    if (status == SOMA_OK && !call.fallback && !workspace) {
        call.view[0].memory = copy->from;
        call.view[1].memory = copy->to;
        status = least_time(device, enqueue_call, &call, microseconds);
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
    SOMA_TRY(least_time(device, enqueue_copy, copy, &slot));
    SOMA_TRY(time_primitive(device, copy, &primitive));
    *microseconds = fmin(slot, primitive);
    return SOMA_OK;
}

/* A copy reads and writes: so many bytes in all. */
static soma_status time_copy(soma_device *device, double bytes, double *microseconds) {
    copying copy = {.count = SOMA_MAX((size_t)(bytes / (2 * sizeof(float))), 1)};
    soma_status status = time_copies(device, &copy, microseconds);
    soma_device_free(device, copy.from, copy.count * sizeof(float));
    soma_device_free(device, copy.to, copy.count * sizeof(float));
    return status;
}

/* ------------------------------------------------------------------------------------------------------ the case */

static soma_status time_placed(soma_suite *suite, const soma_case *c, soma_call *call, size_t workspace,
                               double *microseconds) {
    soma_placement placement;
    soma_status status = soma_placement_make(suite, c, workspace, &placement);
    if (status == SOMA_OK) {
        soma_placement_place(&placement, call);
        status = least_time(suite->device, enqueue_call, call, microseconds);
    }
    soma_placement_free(suite, &placement);
    return status;
}

static soma_status find_share(soma_suite *suite, soma_check_speed *speed) {
    double copy;
    if (speed->flops > 0.0) {
        speed->share = speed->flops / speed->microseconds * 1e-3 / suite->timing.peak;
        return SOMA_OK;
    }
    SOMA_TRY(time_copy(suite->device, speed->bytes, &copy));
    speed->share = copy / speed->microseconds;
    return SOMA_OK;
}

static soma_status time_case(soma_suite *suite, const soma_case *c, const char *what) {
    char shapes[128];
    soma_call call = c->call;
    size_t workspace;
    soma_check_speed speed = {.primitive = soma_primitive_name(call.primitive),
                              .what = what,
                              .shapes = shapes,
                              .flops = soma_call_flops(&call),
                              .bytes = soma_call_bytes(&call)};
    soma_call_shapes(&call, shapes, sizeof shapes);
    soma_status status = soma_device_prepare(suite->device, &call, &workspace);
    speed.native = !call.fallback;
    if (status == SOMA_OK) status = time_placed(suite, c, &call, workspace, &speed.microseconds);
    soma_device_release(suite->device, &call);
    if (status == SOMA_OK) status = find_share(suite, &speed);
    if (status == SOMA_OK) suite->timing.on_speed(suite->timing.context, &speed);
    return status;
}

void soma_case_time(soma_suite *suite, soma_case *c, const char *what) {
    if (!soma_suite_is_over(suite)) suite->status = time_case(suite, c, what);
    for (uint32_t i = 0; i < SOMA_CALL_MAX_VIEWS; i++) soma_free(c->data[i]);
}
