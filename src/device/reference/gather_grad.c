/* SPDX-License-Identifier: MIT */
/* GATHER_GRAD: row by row of the table, each by a walk through all positions. */
#include "device/reference/reference.h"

static bool is_of_row(const soma_call *call, size_t i, size_t row) {
    return soma_element_get(&call->view[1], i) == (double)row && call->params.gather_grad.skip != (int64_t)row;
}

soma_status soma_reference_gather_grad(const soma_call *call) {
    const soma_view *dy = &call->view[0], *dtable = &call->view[2];
    const size_t rows = dtable->shape[0], width = dtable->shape[1], positions = dy->shape[0];
    double *sum = soma_calloc(SOMA_MAX(width, (size_t)1), sizeof *sum);
    if (!sum) return soma_out_of_memory(width * sizeof *sum, "a row of a table");
    for (size_t row = 0; row < rows; row++) {
        for (size_t j = 0; j < width; j++) sum[j] = 0.0;
        for (size_t i = 0; i < positions; i++)
            for (size_t j = 0; is_of_row(call, i, row) && j < width; j++) sum[j] += soma_element_get(dy, i * width + j);
        for (size_t j = 0; j < width; j++) soma_element_set(dtable, row * width + j, sum[j]);
    }
    soma_free(sum);
    return SOMA_OK;
}
