/* SPDX-License-Identifier: MIT */
/* MATMUL. */
#include "device/reference/reference.h"
#include "kernels/matmul_call.h"

/* A row of a times the columns of b, for matrices that begin at these elements. */
static void multiply_row(const soma_call *call, soma_matmul_size size, size_t row, const size_t *from) {
    const soma_view *a = &call->view[MATMUL_A], *b = &call->view[MATMUL_B], *c = &call->view[MATMUL_C];
    for (size_t j = 0; j < size.n; j++) {
        double sum = 0.0;
        for (size_t l = 0; l < size.k; l++)
            sum += soma_element_get(a, from[MATMUL_A] + row * soma_matmul_row(a) + l * soma_matmul_column(a)) *
                   soma_element_get(b, from[MATMUL_B] + l * soma_matmul_row(b) + j * soma_matmul_column(b));
        soma_element_set(c, from[MATMUL_C] + row * soma_matmul_row(c) + j * soma_matmul_column(c),
                         (double)call->params.matmul.scale * sum);
    }
}

soma_status soma_reference_matmul(const soma_call *call) {
    const soma_matmul_size size = soma_matmul_size_of(call);
    for (size_t number = 0; number < size.count; number++) {
        size_t from[3];
        for (uint32_t i = 0; i < 3; i++) from[i] = soma_matmul_place(&call->view[i], number);
        for (size_t row = 0; row < size.m; row++) multiply_row(call, size, row, from);
    }
    return SOMA_OK;
}
