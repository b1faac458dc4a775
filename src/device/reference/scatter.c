/* SPDX-License-Identifier: MIT */
/* SCATTER. */
#include "device/reference/reference.h"

soma_status soma_reference_scatter(const soma_call *call) {
    const soma_view *x = &call->view[0], *index = &call->view[1], *out = &call->view[2];
    const size_t steps = x->shape[1], rows = out->shape[1], width = x->shape[2];
    for (size_t sample = 0; sample < x->shape[0]; sample++)
        for (size_t step = 0; step < steps; step++) {
            const double row = soma_element_get(index, sample) + (double)step;
            if (row < 0 || row >= (double)rows) continue;
            for (size_t j = 0; j < width; j++)
                soma_element_set(out, (sample * rows + (size_t)row) * width + j,
                                 soma_element_get(x, (sample * steps + step) * width + j));
        }
    return SOMA_OK;
}
