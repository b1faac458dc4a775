/* SPDX-License-Identifier: MIT */
/* How long a call takes on a device. */
#include "device/device.h"

#include <stdio.h>

/* So that the clock's grain and the start of a list do not count. */
#define ENOUGH_SECONDS 0.02

soma_status soma_device_time(soma_device *device, soma_enqueue_function *enqueue, void *context, double *microseconds) {
    double seconds = 0;
    size_t repeats = 1;
    while (seconds < ENOUGH_SECONDS) {
        SOMA_TRY(soma_device_sync(device));
        double began = soma_seconds();
        for (size_t i = 0; i < repeats; i++) SOMA_TRY(enqueue(device, context));
        SOMA_TRY(soma_device_sync(device));
        seconds = soma_seconds() - began;
        *microseconds = seconds * 1e6 / (double)repeats;
        repeats *= 4;
    }
    return SOMA_OK;
}

static soma_status enqueue_call(soma_device *device, void *call) {
    return soma_device_run(device, call, 1);
}

soma_status soma_call_time(soma_device *device, soma_call *call, double *microseconds) {
    return soma_device_time(device, enqueue_call, call, microseconds);
}

void soma_call_shapes(const soma_call *call, char *text, size_t size) {
    size_t length = 0;
    text[0] = 0;
    for (uint32_t i = 0; i < call->view_count; i++)
        for (uint32_t j = 0; j < call->view[i].rank && length + 1 < size; j++) {
            const char *between = j ? "x" : length ? ", " : "";
            int more = snprintf(text + length, size - length, "%s%zu", between, call->view[i].shape[j]);
            length += SOMA_MIN((size_t)more, size - length - 1);
        }
}
