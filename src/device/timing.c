/* SPDX-License-Identifier: MIT */
/* How long a call takes on a device. */
#include "device/device.h"

#include <math.h>
#include <stdio.h>

/* So that the clock's grain and the start of a list do not count. */
#define ENOUGH_SECONDS 0.02
/* What else the machine does makes a measurement longer and never shorter. */
enum { MOST_MEASUREMENTS = 3, MOST_GROWTH = 16 };
#define ENOUGH_MICROSECONDS 3e5 /* of one call, which is too long to be repeated */

/* So many times as make it take a little more than enough; where next to nothing is known of its time, not too many. */
static size_t enough_repeats(size_t repeats, double seconds) {
    const double wanted = (double)repeats * 1.1 * ENOUGH_SECONDS / seconds;
    return wanted < (double)(MOST_GROWTH * repeats) ? (size_t)wanted + 1 : MOST_GROWTH * repeats;
}

/* Begins with so many repeats, and leaves there how many were enough. */
static soma_status time_repeats(soma_device *device, soma_enqueue_function *enqueue, void *context, size_t *repeats,
                                double *microseconds) {
    double seconds = 0;
    for (;;) {
        SOMA_TRY(soma_device_sync(device));
        double began = soma_seconds();
        for (size_t i = 0; i < *repeats; i++) SOMA_TRY(enqueue(device, context));
        SOMA_TRY(soma_device_sync(device));
        seconds = soma_seconds() - began;
        *microseconds = seconds * 1e6 / (double)*repeats;
        if (seconds >= ENOUGH_SECONDS) return SOMA_OK;
        *repeats = enough_repeats(*repeats, seconds);
    }
}

soma_status soma_device_time(soma_device *device, soma_enqueue_function *enqueue, void *context, double *microseconds) {
    size_t repeats = 1;
    return time_repeats(device, enqueue, context, &repeats, microseconds);
}

soma_status soma_device_least_time(soma_device *device, soma_enqueue_function *enqueue, void *context, double *least) {
    size_t repeats = 1;
    *least = INFINITY;
    for (int i = 0; i < MOST_MEASUREMENTS && (i == 0 || *least < ENOUGH_MICROSECONDS); i++) {
        double microseconds;
        SOMA_TRY(time_repeats(device, enqueue, context, &repeats, &microseconds));
        *least = fmin(*least, microseconds);
    }
    return SOMA_OK;
}

soma_status soma_device_peak_or_nan(soma_device *device, double *gflops) {
    soma_status status = soma_device_peak(device, gflops);
    if (status != SOMA_UNSUPPORTED) return status;
    *gflops = NAN;
    return SOMA_OK;
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
