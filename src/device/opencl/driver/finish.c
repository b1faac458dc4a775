/* SPDX-License-Identifier: MIT */
/* Waits for commands, and until a queue has nothing left to do. */
#include "device/opencl/driver/opencl.h"

#include <sched.h>

/*
 * On a processor commands are the work of the library's threads. To sleep until one of them wakes us takes 25 us and
 * more, and while a core sleeps, so does each thread there that a launch wakes: small networks take half as long again,
 * or twice. So for WATCHED seconds we look again and again, and let others have our core between.
 *
 * Where other programs want the cores, who offers its own gets it back when all of them have had theirs, while one that
 * sleeps gets it as soon as it is woken (base/threads.c does the same). A yield that took longer than LOST seconds
 * tells, and the next CROWDED waits are slept through.
 */
#define WATCHED 1e-3
#define LOST    200e-6
#define CROWDED 200

/* Finished or failed; what can't be asked is left to the wait. */
static bool has_ended(cl_event event) {
    cl_int status = CL_QUEUED;
    const cl_int code = clGetEventInfo(event, CL_EVENT_COMMAND_EXECUTION_STATUS, sizeof status, &status, NULL);
    return code != CL_SUCCESS || status <= CL_COMPLETE;
}

static void watch(soma_cl_device *device, cl_event event) {
    const double end = soma_seconds() + WATCHED;
    for (double now = 0; now < end && !has_ended(event);) {
        const double before = soma_seconds();
        sched_yield();
        now = soma_seconds();
        if (now - before <= LOST) continue;
        device->crowded = CROWDED;
        return;
    }
}

cl_int soma_cl_await(soma_cl_device *device, cl_event event) {
    if (soma_cl_is_processor(device) && clFlush(device->queue) == CL_SUCCESS) {
        if (device->crowded > 0)
            device->crowded--;
        else
            watch(device, event);
    }
    return clWaitForEvents(1, &event);
}

/* clFinish() alone is not enough: Mesa's rusticl (22.3) waits only for what was not flushed yet. The other way round,
 * after the event of the last command drivers may still be about to let go of what it used. */
cl_int soma_cl_finish(soma_cl_device *device) {
    cl_event last;
    cl_int code = clEnqueueMarkerWithWaitList(device->queue, 0, NULL, &last);
    if (code == CL_SUCCESS) {
        code = soma_cl_await(device, last);
        clReleaseEvent(last);
    }
    const cl_int finished = clFinish(device->queue);
    return code == CL_SUCCESS ? finished : code;
}
