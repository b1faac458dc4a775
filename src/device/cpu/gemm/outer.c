/* SPDX-License-Identifier: MIT */
/*
 * GEMM of so few terms that it does little but write c, as the gradient of weights of a single sample: c is made row by
 * row, in the order of memory.
 */
#include "device/cpu/gemm/outer.h"

typedef struct outer_plan {
    size_t m, n, k;
    size_t part;       /* rows of a task */
    size_t a_row, a_k; /* strides of a */
} outer_plan;

/* Vectors that are made together. */
#define OUTER_VECTORS 4

typedef struct outer_row {
    float *c;
    const float *b, *bias; /* bias or NULL */
    size_t stride;         /* of b */
    float x[SOMA_CPU_GEMM_TERMS];
    float alpha, beta;
} outer_row;

/* `count` lanes at a column of the row, by the arithmetic of the tiles. */
static inline __attribute__((always_inline)) void multiply_lanes(const outer_row *row, size_t column, size_t count,
                                                                 int terms, bool plain) {
    soma_vector sum = {0}, value = {0};
    for (int k = 0; k < terms; k++)
        sum += row->x[k] * soma_load_lanes(row->b + (size_t)k * row->stride + column, count);
    if (!plain && row->bias) value = soma_load_lanes(row->bias + column, count);
    if (!plain && row->beta != 0.0f)
        value = soma_multiply_add(row->beta, soma_load_lanes(row->c + column, count), value);
    value = soma_multiply_add(row->alpha, sum, value);
    soma_store_lanes(row->c + column, value, count);
}

static inline __attribute__((always_inline)) void multiply_row(const outer_row *from, size_t n, int terms, bool plain) {
    const outer_row row = *from;
    size_t column = 0;
    for (; column + OUTER_VECTORS * SOMA_LANES <= n; column += OUTER_VECTORS * SOMA_LANES) {
        SOMA_UNROLL
        for (size_t j = 0; j < OUTER_VECTORS; j++)
            multiply_lanes(&row, column + j * SOMA_LANES, SOMA_LANES, terms, plain);
    }
    for (; column + SOMA_LANES <= n; column += SOMA_LANES) multiply_lanes(&row, column, SOMA_LANES, terms, plain);
    if (column < n) multiply_lanes(&row, column, n - column, terms, plain);
}

static void outer_task(const soma_call *call, const soma_cpu_plan *plan, size_t task, uint32_t thread) {
    (void)thread;
    const outer_plan *p = plan->detail;
    const soma_gemm_params *params = &call->params.gemm;
    const float *a = soma_cpu_floats(&call->view[0]);
    outer_row row = {.b = soma_cpu_floats(&call->view[1]),
                     .bias = soma_cpu_optional(&call->view[2]),
                     .stride = p->n,
                     .alpha = params->alpha,
                     .beta = params->beta};
    const bool plain = !row.bias && row.beta == 0.0f;
    const soma_range rows = soma_cpu_part(task, p->m, p->part);
    for (size_t i = rows.begin; i < rows.end; i++) {
        row.c = soma_cpu_floats(&call->view[3]) + i * p->n;
        for (size_t k = 0; k < p->k; k++) row.x[k] = a[i * p->a_row + k * p->a_k];
        if (plain)
            p->k == 1 ? multiply_row(&row, p->n, 1, true) : multiply_row(&row, p->n, 2, true);
        else
            p->k == 1 ? multiply_row(&row, p->n, 1, false) : multiply_row(&row, p->n, 2, false);
    }
}

/* Shorter rows are quicker as tiles of several, which do the function in registers, too. */
#define LEAST_COLUMNS 64

/* Numbers for which another task is worth its start. */
#define TASK_NUMBERS 8192

bool SOMA_FOR_ISA(soma_cpu_gemm_is_outer)(const soma_call *call) {
    const soma_gemm_params *params = &call->params.gemm;
    const size_t k = call->view[0].shape[params->transpose_a ? 0 : 1];
    return k > 0 && k <= SOMA_CPU_GEMM_TERMS && (k == 1 || !params->transpose_b) &&
           call->view[3].shape[1] >= LEAST_COLUMNS && params->function == SOMA_IDENTITY;
}

SOMA_CPU_PLANNER(gemm_outer) {
    const soma_gemm_params *params = &call->params.gemm;
    const soma_view *a = &call->view[0], *c = &call->view[3];
    outer_plan *p = soma_malloc(sizeof *p);
    if (!p) return soma_out_of_memory(sizeof *p, "the plan of a matrix product");
    plan->detail = p;
    *p = (outer_plan){.m = c->shape[0], .n = c->shape[1], .k = a->shape[params->transpose_a ? 0 : 1]};
    if (p->m == 0 || p->n == 0) return SOMA_OK;
    p->a_row = params->transpose_a ? 1 : p->k;
    p->a_k = params->transpose_a ? p->m : 1;
    p->part = SOMA_MAX(soma_cpu_parts(p->m, plan->threads), TASK_NUMBERS / p->n + 1);
    soma_cpu_add_phase(plan, outer_task, soma_cpu_parts(p->m, p->part));
    plan->nanoseconds = 0.1 * (double)p->k * (double)(p->m * p->n);
    return SOMA_OK;
}
