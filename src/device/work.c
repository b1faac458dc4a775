/* SPDX-License-Identifier: MIT */
/* Calls: prepared, run and released by the device, or by the fallback where the device does not do them. */
#include "device/device.h"

/* Says so once for each primitive of a device. */
static void log_fallback(soma_device *device, soma_primitive primitive) {
    bool seen;
    SOMA_LOCKED(device, seen = device->fallback_seen[primitive]; device->fallback_seen[primitive] = true);
    if (seen) return;
    soma_log(SOMA_LOG_INFO, "device %s (%s) does not do %s: the host does", device->selector, device->info.name,
             soma_primitive_name(primitive));
}

soma_status soma_device_prepare(soma_device *device, soma_call *call, size_t *workspace) {
    *workspace = 0;
    call->prepared = NULL;
    call->fallback = false;
    SOMA_TRY(soma_call_check(call));
    soma_status status = SOMA_UNSUPPORTED;
    if (device->api->prepare) SOMA_USE(device, status = device->api->prepare(device->state, call, workspace));
    if (status != SOMA_UNSUPPORTED) return status;
    if (!soma_reference_has(call->primitive))
        return soma_error(SOMA_UNSUPPORTED, "device %s (%s) does not do %s, nor does the host: %s", device->selector,
                          device->info.name, soma_primitive_name(call->primitive), SOMA_WITHOUT_TRAINING);
    *workspace = 0;
    call->fallback = true;
    log_fallback(device, call->primitive);
    return SOMA_OK;
}

/* How many of the first calls the device does itself. */
static size_t native_length(const soma_call *calls, size_t count) {
    size_t length = 0;
    while (length < count && !calls[length].fallback) length++;
    return length;
}

static soma_status run_native(soma_device *device, soma_call *calls, size_t count) {
    soma_status status;
    SOMA_USE(device, status = device->api->run(device->state, calls, count));
    return status;
}

soma_status soma_device_run(soma_device *device, soma_call *calls, size_t count) {
    for (size_t i = 0; i < count; i++) {
        size_t native = native_length(calls + i, count - i);
        if (native) SOMA_TRY(run_native(device, calls + i, native));
        i += native;
        if (i < count) SOMA_TRY(soma_fallback_run(device, &calls[i]));
    }
    return SOMA_OK;
}

soma_status soma_device_arrange(soma_device *device, soma_call *calls, size_t count, size_t runs) {
    if (!SOMA_DEVICE_HAS_SLOT(device->api, arrange)) return SOMA_OK;
    for (size_t i = 0; i < count; i++) {
        size_t native = native_length(calls + i, count - i);
        soma_status status = SOMA_OK;
        if (native) SOMA_USE(device, status = device->api->arrange(device->state, calls + i, native, runs));
        SOMA_TRY(status);
        i += native;
    }
    return SOMA_OK;
}

void soma_device_release(soma_device *device, soma_call *call) {
    if (!call->fallback && call->prepared && device->api->release)
        SOMA_LOCKED(device, if (soma_device_can_free(device)) device->api->release(device->state, call));
    call->prepared = NULL;
    call->fallback = false;
}

bool soma_device_combines(soma_device *device, soma_primitive primitive) {
    bool combines = false;
    if (soma_device_check_process(device) == SOMA_OK && SOMA_DEVICE_HAS_SLOT(device->api, combines))
        SOMA_LOCKED(device, combines = device->api->combines(device->state, primitive));
    return combines;
}

soma_status soma_device_sync(soma_device *device) {
    soma_status status = SOMA_OK;
    SOMA_USE(device, status = device->api->sync ? device->api->sync(device->state) : SOMA_OK);
    return status;
}

soma_status soma_device_peak(soma_device *device, double *gflops) {
    if (!device || !gflops)
        return soma_error(SOMA_INVALID_ARGUMENT, "soma_device_peak: %s is NULL", device ? "gflops" : "device");
    *gflops = 0;
    if (!SOMA_DEVICE_HAS_SLOT(device->api, peak))
        return soma_error(SOMA_UNSUPPORTED, "device %s (%s) does not measure its peak", device->selector,
                          device->info.name);
    soma_status status;
    SOMA_USE(device, status = device->api->peak(device->state, gflops));
    return status;
}
