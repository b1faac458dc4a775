/* SPDX-License-Identifier: MIT */
/* GEMM. */
#include "device/reference/reference.h"

/* op(view) as [rows, columns] in double; free with soma_free(). NULL when out of memory. */
static double *matrix(const soma_view *view, bool transpose, size_t rows, size_t columns) {
    size_t count;
    if (!soma_multiply_size(rows, columns, &count)) return NULL;
    double *values = soma_calloc(count, sizeof *values);
    if (!values) return NULL;
    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < columns; j++)
            values[i * columns + j] = soma_element_get(view, transpose ? j * rows + i : i * columns + j);
    return values;
}

/* sum[j] = sum_l a[l] b[l, j] */
static void multiply_row(const double *a, const double *b, size_t k, size_t n, double *sum) {
    for (size_t j = 0; j < n; j++) sum[j] = 0.0;
    for (size_t l = 0; l < k; l++)
        for (size_t j = 0; j < n; j++) sum[j] += a[l] * b[l * n + j];
}

static void finish_row(const soma_call *call, size_t row, const double *sum) {
    const soma_gemm_params *params = &call->params.gemm;
    const soma_view *bias = &call->view[2], *c = &call->view[3];
    size_t n = c->shape[1];
    for (size_t j = 0; j < n; j++) {
        double value = (double)params->alpha * sum[j];
        if (params->beta != 0.0f) value += (double)params->beta * soma_element_get(c, row * n + j);
        if (soma_view_present(bias)) value += soma_element_get(bias, j);
        soma_element_set(c, row * n + j,
                         soma_reference_function(params->function, value, (double)params->a, (double)params->b));
    }
}

soma_status soma_reference_gemm(const soma_call *call) {
    const soma_gemm_params *params = &call->params.gemm;
    const soma_view *c = &call->view[3];
    size_t m = c->shape[0], n = c->shape[1], k = call->view[0].shape[!params->transpose_a];
    double *a = matrix(&call->view[0], params->transpose_a, m, k);
    double *b = matrix(&call->view[1], params->transpose_b, k, n);
    double *sum = soma_calloc(n, sizeof *sum);
    bool enough = a && b && sum;
    for (size_t i = 0; enough && i < m; i++) {
        multiply_row(a + i * k, b, k, n, sum);
        finish_row(call, i, sum);
    }
    soma_free(a);
    soma_free(b);
    soma_free(sum);
    return enough ? SOMA_OK : soma_out_of_memory((m * k + k * n + n) * sizeof(double), "a matrix product on the host");
}
