/* SPDX-License-Identifier: MIT */
/*
 * GEMM with so few rows of c that every element of b is used only a few times: b is read where it lies, once, in the
 * order of memory. Stored b as [k, n]: sums of a strip of columns stay in registers while k runs. Stored b as [n, k]:
 * dot products of rows.
 */
#include "device/cpu/gemm/few.h"
#include "device/cpu/rows.h"
#include "kernels/gemm_few.h"

typedef struct few_plan {
    size_t m, n, k;
    size_t part; /* columns of a task; 0: tasks share out the terms, in `pieces` */
    size_t pieces, tasks;
    size_t a_row, a_k;           /* strides of a */
    soma_cpu_function *function; /* NULL for the identity */
} few_plan;

/* Vectors of a strip, by the number of rows: as many as the registers hold beside the broadcast elements of a. */
#if SOMA_REGISTERS == 32
#define FEW_VECTORS 8
static const size_t widest[SOMA_CPU_GEMM_FEW] = {8, 8, 8, 4};
#else
#define FEW_VECTORS 12
static const size_t widest[SOMA_CPU_GEMM_FEW] = {FEW_VECTORS, 4, 2, 2};
#endif

/* Of the index-th piece. */
static soma_range terms_of(const few_plan *p, size_t index) {
    return soma_cpu_part(index, p->k, SOMA_GEMM_FEW_TERMS);
}

static float *sums_of(const soma_call *call, const few_plan *p, size_t piece) {
    return (float *)soma_cpu_workspace(call) + piece * p->m * p->n;
}

/* c = alpha sum + (beta c + bias) of the first sum, c = alpha sum + c of those after it; for the first `count` lanes.
 */
static inline __attribute__((always_inline)) void store(const soma_call *call, size_t at, size_t column,
                                                        soma_vector sum, size_t count, bool first) {
    const soma_gemm_params *params = &call->params.gemm;
    const float *bias = soma_cpu_optional(&call->view[2]);
    float *c = soma_cpu_floats(&call->view[3]) + at;
    soma_vector value = {0};
    if (!first) {
        value = soma_load_lanes(c, count);
    } else {
        if (bias) value = soma_load_lanes(bias + column, count);
        if (params->beta != 0.0f) value = soma_multiply_add(params->beta, soma_load_lanes(c, count), value);
    }
    value = soma_multiply_add(params->alpha, sum, value);
    soma_store_lanes(c, value, count);
}

/* Rows of b are asked for this many rows ahead, line by line: the hardware does not foresee jumps from row to row. Of
 * rows that follow each other without a gap it does, and asking would only hold it up. */
#define ROWS_AHEAD   6
#define LINE_VECTORS (64 / (SOMA_LANES * (int)sizeof(float)))

/* Columns [column, column + vectors * SOMA_LANES) of all rows, of some terms; with one vector, its first `count` lanes.
 */
static inline __attribute__((always_inline)) void multiply_strip(const soma_call *call, const few_plan *p,
                                                                 size_t column, soma_range terms, int rows, int vectors,
                                                                 size_t count) {
    const float *a = soma_cpu_floats(&call->view[0]) + terms.begin * p->a_k,
                *b = soma_cpu_floats(&call->view[1]) + terms.begin * p->n + column;
    size_t ahead = ROWS_AHEAD * p->n, k = terms.end - terms.begin,
           jumps = (size_t)vectors * SOMA_LANES < p->n ? ROWS_AHEAD : k;
    soma_vector sum[SOMA_CPU_GEMM_FEW][FEW_VECTORS];
    SOMA_UNROLL
    for (int i = 0; i < rows; i++) {
        SOMA_UNROLL
        for (int j = 0; j < vectors; j++) sum[i][j] = (soma_vector){0};
    }
    for (; k > 0; k--, a += p->a_k, b += p->n) {
        float x[SOMA_CPU_GEMM_FEW];
        SOMA_UNROLL
        for (int i = 0; i < rows; i++) x[i] = a[(size_t)i * p->a_row];
        SOMA_UNROLL
        for (int j = 0; j < vectors; j++) {
            if (k > jumps && j % LINE_VECTORS == 0) __builtin_prefetch(b + ahead + j * SOMA_LANES);
            soma_vector row = soma_load_lanes(b + j * SOMA_LANES, vectors > 1 ? SOMA_LANES : count);
            SOMA_UNROLL
            for (int i = 0; i < rows; i++) sum[i][j] = soma_multiply_add(x[i], row, sum[i][j]);
        }
    }
    SOMA_UNROLL
    for (int i = 0; i < rows; i++) {
        SOMA_UNROLL
        for (int j = 0; j < vectors; j++) {
            size_t at = column + (size_t)j * SOMA_LANES, lanes = vectors > 1 ? SOMA_LANES : count;
            if (p->part)
                store(call, (size_t)i * p->n + at, at, sum[i][j], lanes, terms.begin == 0);
            else
                soma_store_lanes(sums_of(call, p, terms.begin / SOMA_GEMM_FEW_TERMS) + (size_t)i * p->n + at, sum[i][j],
                                 lanes);
        }
    }
}

#if FEW_VECTORS > 8
#define WIDEST_STRIP(rows)                                                                                             \
    if (vectors > 8 && (rows) == 1)                                                                                    \
        multiply_strip(call, p, column, terms, rows, FEW_VECTORS, SOMA_LANES);                                         \
    else
#else
#define WIDEST_STRIP(rows)
#endif
#define STRIP(rows)                                                                                                    \
    static void strip_##rows(const soma_call *call, const few_plan *p, size_t column, soma_range terms,                \
                             size_t vectors, size_t count) {                                                           \
        WIDEST_STRIP(rows) if (vectors == 8) multiply_strip(call, p, column, terms, rows, 8, SOMA_LANES);              \
        else if (vectors == 4) multiply_strip(call, p, column, terms, rows, 4, SOMA_LANES);                            \
        else if (vectors == 2) multiply_strip(call, p, column, terms, rows, 2, SOMA_LANES);                            \
        else multiply_strip(call, p, column, terms, rows, 1, count);                                                   \
    }
STRIP(1)
STRIP(2)
STRIP(3)
STRIP(4)
typedef void strip_function(const soma_call *call, const few_plan *p, size_t column, soma_range terms, size_t vectors,
                            size_t count);
static strip_function *const strips[SOMA_CPU_GEMM_FEW] = {strip_1, strip_2, strip_3, strip_4};

static void multiply_columns(const soma_call *call, const few_plan *p, soma_range columns, soma_range pieces) {
    size_t vectors = FEW_VECTORS;
    for (size_t column = columns.begin; column < columns.end; column += vectors * SOMA_LANES) {
        size_t left = columns.end - column;
        vectors = widest[p->m - 1];
        if (vectors > 8 && vectors * SOMA_LANES > left) vectors = 8;
        while (vectors > 1 && vectors * SOMA_LANES > left) vectors /= 2;
        for (size_t i = pieces.begin; i < pieces.end; i++)
            strips[p->m - 1](call, p, column, terms_of(p, i), vectors, SOMA_MIN(left, (size_t)SOMA_LANES));
    }
}

/* ------------------------------------------------------------------------------------------------ dot products */

/* Four columns of c at once, so that four streams of b are under way; `columns` of them are there. */
static void multiply_dots(const soma_call *call, const few_plan *p, size_t row, size_t column, size_t columns) {
    const float *a = soma_cpu_floats(&call->view[0]) + row * p->a_row, *b[4];
    for (size_t j = 0; j < 4; j++) b[j] = soma_cpu_floats(&call->view[1]) + (column + SOMA_MIN(j, columns - 1)) * p->k;
    size_t k = 0;
    do {
        const size_t end = SOMA_MIN(p->k, k + (size_t)SOMA_GEMM_FEW_TERMS * SOMA_LANES);
        const bool first = k == 0;
        soma_vector sum[4] = {{0}}, total = {0};
        for (; k + SOMA_LANES <= end; k += SOMA_LANES)
            for (int j = 0; j < 4; j++) sum[j] += *(const soma_vector *)(a + k) * *(const soma_vector *)(b[j] + k);
        for (int j = 0; k < end && j < 4; j++)
            sum[j] += soma_load_lanes(a + k, end - k) * soma_load_lanes(b[j] + k, end - k);
        for (int j = 0; j < 4; j++) total[j] = soma_vector_sum(sum[j]);
        store(call, row * p->n + column, column, total, columns, first);
        k = end;
    } while (k < p->k);
}

/* ------------------------------------------------------------------------------------------------------- tasks */

static void few_task(const soma_call *call, const soma_cpu_plan *plan, size_t task, uint32_t thread) {
    (void)thread;
    const few_plan *p = plan->detail;
    const soma_gemm_params *params = &call->params.gemm;
    soma_range columns = soma_cpu_part(task, p->n, p->part);
    if (params->transpose_b) {
        for (size_t column = columns.begin; column < columns.end; column += 4)
            for (size_t row = 0; row < p->m; row++)
                multiply_dots(call, p, row, column, SOMA_MIN((size_t)4, columns.end - column));
    } else
        multiply_columns(call, p, columns, (soma_range){0, p->pieces});
    for (size_t row = 0; p->function && row < p->m; row++) {
        float *c = soma_cpu_floats(&call->view[3]) + row * p->n + columns.begin;
        p->function(c, c, columns.end - columns.begin, params->a, params->b);
    }
}

/* Piece by piece, so that all strips of one find it in a cache. */
static void terms_task(const soma_call *call, const soma_cpu_plan *plan, size_t task, uint32_t thread) {
    (void)thread;
    const few_plan *p = plan->detail;
    soma_range pieces = soma_cpu_even_part(task, p->pieces, p->tasks);
    for (size_t i = pieces.begin; i < pieces.end; i++)
        multiply_columns(call, p, (soma_range){0, p->n}, (soma_range){i, i + 1});
}

static void add_task(const soma_call *call, const soma_cpu_plan *plan, size_t task, uint32_t thread) {
    (void)task, (void)thread;
    const few_plan *p = plan->detail;
    const soma_gemm_params *params = &call->params.gemm;
    float *c = soma_cpu_floats(&call->view[3]);
    for (size_t row = 0; row < p->m; row++)
        for (size_t column = 0; column < p->n; column += SOMA_LANES) {
            size_t at = row * p->n + column, lanes = SOMA_MIN(p->n - column, (size_t)SOMA_LANES);
            for (size_t i = 0; i < p->pieces; i++)
                store(call, at, column, soma_load_lanes(sums_of(call, p, i) + at, lanes), lanes, i == 0);
        }
    if (p->function) p->function(c, c, p->m * p->n, params->a, params->b);
}

/* Multiplications for which another task is worth its start. */
#define TASK_WORK 8192

/*
 * Where rows of b are shorter than this, what one thread reads of a row lies so near to what another does that the
 * hardware fetches both for each: then they rather share out the terms, if there are enough pieces of these for it.
 */
#define SHORT_ROW_BYTES   512
#define PIECES_OF_THREADS 4

static bool is_cut_by_terms(const soma_call *call, const soma_cpu_plan *plan, const few_plan *p) {
    return !call->params.gemm.transpose_b && plan->threads > 1 && p->n * sizeof(float) <= SHORT_ROW_BYTES &&
           p->pieces >= (size_t)plan->threads * PIECES_OF_THREADS;
}

bool SOMA_FOR_ISA(soma_cpu_gemm_is_few)(const soma_call *call) {
    const soma_gemm_params *params = &call->params.gemm;
    size_t m = call->view[3].shape[0];
    /* Dot products need a's rows in one piece. */
    return m <= SOMA_CPU_GEMM_FEW && !(params->transpose_a && params->transpose_b && m > 1);
}

SOMA_CPU_PLANNER(gemm_few) {
    const soma_gemm_params *params = &call->params.gemm;
    const soma_view *a = &call->view[0], *c = &call->view[3];
    few_plan *p = soma_malloc(sizeof *p);
    if (!p) return soma_out_of_memory(sizeof *p, "the plan of a matrix product");
    plan->detail = p;
    *p = (few_plan){.m = c->shape[0], .n = c->shape[1], .k = a->shape[params->transpose_a ? 0 : 1]};
    if (p->m == 0 || p->n == 0) return SOMA_OK;
    bool by_column = params->transpose_a && p->m > 1;
    p->a_row = by_column ? 1 : p->k;
    p->a_k = by_column ? p->m : 1;
    if (params->function != SOMA_IDENTITY) p->function = SOMA_FOR_ISA(soma_cpu_get_function)(params->function);
    plan->nanoseconds = 0.05 * (double)p->n * (double)p->k + 1.0 * (double)(p->m * p->n);
    p->pieces = SOMA_MAX(soma_cpu_parts(p->k, SOMA_GEMM_FEW_TERMS), (size_t)1);
    if (is_cut_by_terms(call, plan, p)) {
        p->tasks = plan->threads;
        plan->workspace = p->pieces * p->m * p->n * sizeof(float);
        soma_cpu_add_phase(plan, terms_task, p->tasks);
        soma_cpu_add_phase(plan, add_task, 1);
        return SOMA_OK;
    }
    /* Equal parts for all threads, in pieces that strips are made of. */
    size_t strip = 4 * SOMA_LANES, enough = TASK_WORK / (p->m * SOMA_MAX((size_t)1, p->k)) + 1;
    p->part = soma_round_up(SOMA_MAX(soma_cpu_parts(p->n, plan->threads), enough), strip);
    soma_cpu_add_phase(plan, few_task, soma_cpu_parts(p->n, p->part));
    return SOMA_OK;
}
