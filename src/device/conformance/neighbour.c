/* SPDX-License-Identifier: MIT */
/* What stands beside a case in a list: a call that fills one number. */
#include "device/conformance/suite.h"

soma_status soma_neighbour_open(soma_suite *suite) {
    void *memory;
    size_t workspace;
    if (!SOMA_DEVICE_HAS_SLOT(suite->device->api, arrange)) return SOMA_OK;
    SOMA_TRY(soma_device_alloc(suite->device, sizeof(float), "a check of lists", &memory));
    suite->neighbour = soma_call_fill(soma_view_of(memory, 0, SOMA_F32, 1, (size_t[]){1}), 1);
    soma_status status = soma_device_prepare(suite->device, &suite->neighbour, &workspace);
    if (status != SOMA_OK) soma_neighbour_close(suite);
    return status;
}

void soma_neighbour_close(soma_suite *suite) {
    if (!suite->neighbour.view_count) return;
    soma_device_release(suite->device, &suite->neighbour);
    soma_device_free(suite->device, suite->neighbour.view[0].memory, sizeof(float));
    suite->neighbour.view_count = 0;
}
