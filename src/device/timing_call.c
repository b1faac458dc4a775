/* SPDX-License-Identifier: MIT */
/*
 * How long a call takes. One that overwrites what it reads would meet other numbers with every run: gradients that are
 * multiplied in place by slopes below 1 soon are subnormal, and with those some processors compute a hundred times
 * slower; sums grow. So what it overwrites is put back before each run, and the time of that, measured alone, is taken
 * off.
 */
#include "device/device.h"
#include "device/element.h"

#include <math.h>

typedef struct kept_view {
    void *memory; /* the call's */
    size_t offset, bytes;
    void *content;
} kept_view;

typedef struct timed_call {
    soma_call *call;
    kept_view kept[SOMA_CALL_MAX_VIEWS];
    size_t count;
} timed_call;

typedef soma_status time_function(soma_device *device, soma_enqueue_function *enqueue, void *context,
                                  double *microseconds);

static soma_status put_back(soma_device *device, void *opaque) {
    const timed_call *timed = opaque;
    for (size_t i = 0; i < timed->count; i++) {
        const kept_view *kept = &timed->kept[i];
        SOMA_TRY(soma_device_copy(device, kept->memory, kept->offset, kept->content, 0, kept->bytes));
    }
    return SOMA_OK;
}

static soma_status enqueue(soma_device *device, void *opaque) {
    const timed_call *timed = opaque;
    SOMA_TRY(put_back(device, opaque));
    return soma_device_run(device, timed->call, 1);
}

static bool overlap(const soma_view *a, const soma_view *b) {
    return a->memory == b->memory && a->offset < b->offset + soma_view_span(b) &&
           b->offset < a->offset + soma_view_span(a);
}

static bool is_overwritten(const soma_call *call, uint32_t written) {
    if (!soma_call_writes(call, written)) return false;
    for (uint32_t i = 0; i < call->view_count; i++)
        if (soma_call_reads(call, i) && overlap(&call->view[i], &call->view[written])) return true;
    return false;
}

static soma_status keep(soma_device *device, timed_call *timed) {
    for (uint32_t i = 0; i < timed->call->view_count; i++) {
        const soma_view *view = &timed->call->view[i];
        if (!is_overwritten(timed->call, i)) continue;
        kept_view *kept = &timed->kept[timed->count];
        *kept = (kept_view){.memory = view->memory, .offset = view->offset, .bytes = soma_view_span(view)};
        SOMA_TRY(soma_device_alloc(device, kept->bytes, "what a call overwrites, to time it", &kept->content));
        timed->count++;
        SOMA_TRY(soma_device_copy(device, kept->content, 0, kept->memory, kept->offset, kept->bytes));
    }
    return SOMA_OK;
}

static void release(soma_device *device, timed_call *timed) {
    for (size_t i = 0; i < timed->count; i++) soma_device_free(device, timed->kept[i].content, timed->kept[i].bytes);
    timed->count = 0;
}

static soma_status time_call(soma_device *device, soma_call *call, time_function *time, double *microseconds) {
    timed_call timed = {.call = call};
    double alone = 0;
    soma_status status = keep(device, &timed);
    /* A device that has no memory left for it is timed as it is. */
    if (status == SOMA_OUT_OF_DEVICE_MEMORY) {
        release(device, &timed);
        status = SOMA_OK;
    }
    /* The least, so that a call never seems quicker than it is. */
    if (status == SOMA_OK && timed.count > 0) status = soma_device_least_time(device, put_back, &timed, &alone);
    if (status == SOMA_OK) status = time(device, enqueue, &timed, microseconds);
    /* The clock's grain is no reason for less than nothing. */
    if (status == SOMA_OK) *microseconds = fmax(*microseconds - alone, 0.01 * *microseconds);
    release(device, &timed);
    return status;
}

soma_status soma_call_time(soma_device *device, soma_call *call, double *microseconds) {
    return time_call(device, call, soma_device_time, microseconds);
}

soma_status soma_call_least_time(soma_device *device, soma_call *call, double *microseconds) {
    return time_call(device, call, soma_device_least_time, microseconds);
}
