/* SPDX-License-Identifier: MIT */
/* Waits until a queue has nothing left to do. */
#include "device/opencl/driver/opencl.h"

/* clFinish() alone is not enough: Mesa's rusticl (22.3) waits only for what was not flushed yet. The other way round,
 * after the event of the last command drivers may still be about to let go of what it used. */
cl_int soma_cl_finish(const soma_cl_device *device) {
    cl_event last;
    cl_int code = clEnqueueMarkerWithWaitList(device->queue, 0, NULL, &last);
    if (code == CL_SUCCESS) {
        code = clWaitForEvents(1, &last);
        clReleaseEvent(last);
    }
    const cl_int finished = clFinish(device->queue);
    return code == CL_SUCCESS ? finished : code;
}
