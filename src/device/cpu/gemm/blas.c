/* SPDX-License-Identifier: MIT */
/* Large matrix products by the CBLAS that soma was built with; bias and function by us. */
#include "device/cpu/gemm/blas.h"

#include <cblas.h>

/* Multiplications below which the call of a library costs too much. */
#define LARGE ((double)(1 << 20))

/*
 * The threads are ours: each multiplies a part of c, and the library is told to use none of its own. Which call tells
 * it depends on the library; of these two, the one that is linked is there.
 */
extern void openblas_set_num_threads(int count) __attribute__((weak));
extern void bli_thread_set_num_threads(long count) __attribute__((weak));

static void use_one_thread(void) {
    if (openblas_set_num_threads) openblas_set_num_threads(1);
    if (bli_thread_set_num_threads) bli_thread_set_num_threads(1);
}

typedef struct blas_plan {
    int m, n, k;
    size_t parts; /* of the columns, or of the rows if they are more */
    bool by_row;
    soma_cpu_function *function; /* NULL for the identity */
} blas_plan;

static void finish(const soma_call *call, const blas_plan *p, soma_range rows, soma_range columns) {
    const soma_gemm_params *params = &call->params.gemm;
    const float *bias = soma_cpu_optional(&call->view[2]);
    size_t n = (size_t)p->n, width = columns.end - columns.begin;
    if (!bias && !p->function) return;
    for (size_t i = rows.begin; i < rows.end; i++) {
        float *c = soma_cpu_floats(&call->view[3]) + i * n + columns.begin;
        for (size_t j = 0; bias && j < width; j++) c[j] += bias[columns.begin + j];
        if (p->function) p->function(c, c, width, params->a, params->b);
    }
}

static void blas_task(const soma_call *call, const soma_cpu_plan *plan, size_t task, uint32_t thread) {
    (void)thread;
    const blas_plan *p = plan->detail;
    const soma_gemm_params *params = &call->params.gemm;
    size_t m = (size_t)p->m, n = (size_t)p->n, k = (size_t)p->k;
    soma_range rows = {0, m}, columns = {0, n};
    if (p->by_row)
        rows = soma_cpu_part(task, m, soma_cpu_parts(m, p->parts));
    else
        columns = soma_cpu_part(task, n, soma_cpu_parts(n, p->parts));
    const float *a = soma_cpu_floats(&call->view[0]) + rows.begin * (params->transpose_a ? 1 : k);
    const float *b = soma_cpu_floats(&call->view[1]) + columns.begin * (params->transpose_b ? k : 1);
    float *c = soma_cpu_floats(&call->view[3]) + rows.begin * n + columns.begin;
    cblas_sgemm(CblasRowMajor, params->transpose_a ? CblasTrans : CblasNoTrans,
                params->transpose_b ? CblasTrans : CblasNoTrans, (int)(rows.end - rows.begin),
                (int)(columns.end - columns.begin), p->k, params->alpha, a, params->transpose_a ? p->m : p->k, b,
                params->transpose_b ? p->k : p->n, params->beta, c, p->n);
    finish(call, p, rows, columns);
}

soma_status soma_cpu_plan_gemm_blas(const soma_cpu_isa *isa, const soma_call *call, soma_cpu_plan *plan) {
    const soma_gemm_params *params = &call->params.gemm;
    size_t m = call->view[3].shape[0], n = call->view[3].shape[1], k = call->view[0].shape[params->transpose_a ? 0 : 1];
    if (call->view[3].dtype != SOMA_F32 || (double)m * (double)n * (double)k < LARGE) return SOMA_UNSUPPORTED;
    if (m > INT32_MAX || n > INT32_MAX || k > INT32_MAX) return SOMA_UNSUPPORTED; /* more than an int can count */
    if ((unsigned)params->function >= SOMA_FUNCTION_COUNT) return SOMA_UNSUPPORTED;
    blas_plan *p = soma_malloc(sizeof *p);
    if (!p) return soma_out_of_memory(sizeof *p, "the plan of a matrix product");
    use_one_thread();
    *p = (blas_plan){.m = (int)m, .n = (int)n, .k = (int)k, .by_row = m > n};
    if (params->function != SOMA_IDENTITY) p->function = isa->get_function(params->function);
    size_t length = SOMA_MAX(m, n), part = soma_cpu_parts(length, plan->threads);
    p->parts = soma_cpu_parts(length, part);
    plan->detail = p;
    plan->nanoseconds = 0.02 * (double)m * (double)n * (double)k;
    soma_cpu_add_phase(plan, blas_task, p->parts);
    return SOMA_OK;
}
