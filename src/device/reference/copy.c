/* SPDX-License-Identifier: MIT */
/* FILL, COPY, GATHER. */
#include "device/reference/reference.h"

soma_status soma_reference_fill(const soma_call *call) {
    const soma_view *out = &call->view[0];
    size_t count = soma_view_count(out);
    for (size_t i = 0; i < count; i++) soma_element_set(out, i, (double)call->params.fill.value);
    return SOMA_OK;
}

soma_status soma_reference_copy(const soma_call *call) {
    const soma_view *in = &call->view[0], *out = &call->view[1];
    double scale = (double)call->params.copy.scale, shift = (double)call->params.copy.shift;
    size_t count = soma_view_count(out);
    for (size_t i = 0; i < count; i++) {
        double value = soma_element_get(in, soma_element_position(in, i));
        soma_element_set(out, soma_element_position(out, i), scale * value + shift);
    }
    return SOMA_OK;
}

/* The row of the table that sample i takes; -1 for one outside. */
static int64_t gather_row(const soma_call *call, size_t i) {
    const soma_view *table = &call->view[0], *index = &call->view[1];
    size_t place = call->params.gather.start + i;
    double row = (double)place;
    if (soma_view_present(index)) row = place < index->shape[0] ? soma_element_get(index, place) : -1.0;
    return row >= 0.0 && row < (double)table->shape[0] ? (int64_t)row : -1;
}

soma_status soma_reference_gather(const soma_call *call) {
    const soma_view *table = &call->view[0], *out = &call->view[2];
    double scale = (double)call->params.gather.scale, shift = (double)call->params.gather.shift;
    size_t width = out->shape[1];
    for (size_t i = 0; i < out->shape[0]; i++) {
        int64_t row = gather_row(call, i);
        for (size_t j = 0; j < width; j++) {
            double value = row < 0 ? 0.0 : scale * soma_element_get(table, (size_t)row * width + j) + shift;
            soma_element_set(out, i * width + j, value);
        }
    }
    return SOMA_OK;
}
