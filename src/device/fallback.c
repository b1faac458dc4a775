/* SPDX-License-Identifier: MIT */
/* Executes a call that a device can't, on the host: reads its views, runs the reference, writes the outputs back. */
#include "device/device.h"

#include "device/element.h"

/* Gives the copy's view host memory; what the call reads, and what lies in the gaps of what it writes, comes from the
 * device. */
static soma_status fetch(soma_device *device, const soma_call *call, soma_call *copy, uint32_t index) {
    const soma_view *view = &call->view[index];
    size_t bytes = soma_view_span(view);
    bool gaps = bytes > soma_view_count(view) * soma_dtype_size(view->dtype);
    copy->view[index].memory = soma_malloc(bytes);
    copy->view[index].offset = 0;
    if (!copy->view[index].memory) return soma_out_of_memory(bytes, "a view of a call that the host executes");
    if (!soma_call_reads(call, index) && !gaps) return SOMA_OK;
    return soma_device_read(device, view->memory, view->offset, copy->view[index].memory, bytes);
}

static soma_status store(soma_device *device, const soma_call *call, const soma_call *copy, uint32_t index) {
    const soma_view *view = &call->view[index];
    if (!soma_call_writes(call, index)) return SOMA_OK;
    return soma_device_write(device, view->memory, view->offset, copy->view[index].memory, soma_view_span(view));
}

soma_status soma_fallback_run(soma_device *device, const soma_call *call) {
    soma_call copy = *call;
    soma_status status = SOMA_OK;
    for (uint32_t i = 0; i < call->view_count; i++) copy.view[i].memory = NULL;
    for (uint32_t i = 0; i < call->view_count && status == SOMA_OK; i++) status = fetch(device, call, &copy, i);
    if (status == SOMA_OK) status = soma_reference_run(&copy);
    for (uint32_t i = 0; i < call->view_count && status == SOMA_OK; i++) status = store(device, call, &copy, i);
    for (uint32_t i = 0; i < call->view_count; i++) soma_free(copy.view[i].memory);
    return status;
}
