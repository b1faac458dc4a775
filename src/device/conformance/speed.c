/* SPDX-License-Identifier: MIT */
/* How quick a case is on the device, and how quick it could be. */
#include "device/conformance/suite.h"

static soma_status time_placed(soma_suite *suite, const soma_case *c, soma_call *call, size_t workspace,
                               double *microseconds) {
    soma_placement placement;
    soma_status status = soma_placement_make(suite, c, workspace, &placement);
    if (status == SOMA_OK) {
        soma_placement_place(&placement, call);
        status = soma_call_least_time(suite->device, call, microseconds);
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
    SOMA_TRY(soma_device_copy_time(suite->device, speed->bytes, &copy));
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
