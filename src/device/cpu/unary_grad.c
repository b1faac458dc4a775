/* SPDX-License-Identifier: MIT */
/* UNARY_GRAD and BIAS_UNARY_GRAD: the derivative of every row of soma/functions.h becomes a vectorised loop. */
#include "device/cpu/gelu.h"
#include "device/cpu/unary.h"

typedef void derivative_function(const float *dy, const float *v, float *out, size_t count, float a, float b);

#define X(NAME, name, from_output, f, derivative, ...)                                                                 \
    static void derive_##NAME(const float *dy, const float *pv, float *out, size_t count, float a, float b) {          \
        (void)a, (void)b;                                                                                              \
        SOMA_INDEPENDENT                                                                                               \
        for (size_t i = 0; i < count; i++) {                                                                           \
            real v = pv[i];                                                                                            \
            (void)v;                                                                                                   \
            out[i] = dy[i] * (derivative);                                                                             \
        }                                                                                                              \
    }
SOMA_FUNCTION_TABLE(X)
#undef X

static derivative_function *const derivatives[SOMA_FUNCTION_COUNT] = {
#define X(NAME, name, from_output, f, derivative, ...) [SOMA_##NAME] = derive_##NAME,
    SOMA_FUNCTION_TABLE(X)
#undef X
};

static void derive_gelu(const float *dy, const float *v, float *out, size_t count, float a, float b) {
    (void)a, (void)b;
    SOMA_INDEPENDENT
    for (size_t i = 0; i < count; i++) out[i] = dy[i] * gelu_slope(v[i]);
}

static derivative_function *derivative_of(soma_function function) {
    return function == SOMA_GELU ? derive_gelu : derivatives[function];
}

static void unary_grad_chunk(const soma_call *call, const soma_cpu_plan *plan, size_t task, uint32_t thread) {
    (void)plan, (void)thread;
    const soma_unary_params *params = &call->params.unary;
    soma_range range = soma_cpu_part(task, soma_view_count(&call->view[2]), SOMA_CPU_CHUNK);
    derivative_of(params->function)(
        soma_cpu_floats(&call->view[0]) + range.begin, soma_cpu_floats(&call->view[1]) + range.begin,
        soma_cpu_floats(&call->view[2]) + range.begin, range.end - range.begin, params->a, params->b);
}

SOMA_CPU_PLANNER(unary_grad) {
    return plan_chunks(call, plan, unary_grad_chunk, &call->view[2]);
}

/* ------------------------------------------------------------------------------------------------ with the bias */

/* A task takes a block of rows of a strip of columns. Of many rows it takes fewer, of a wider strip: the longer the
 * pieces of rows, the better the processor foresees what is read and written next. */
#define STRIP      128
#define BLOCK      512
#define WIDE_STRIP 512
#define WIDE_BLOCK 128

static bool is_wide(const soma_view *out) {
    return out->shape[0] > BLOCK && out->shape[1] > STRIP;
}
static size_t strip_of(const soma_view *out) {
    return is_wide(out) ? WIDE_STRIP : STRIP;
}
static size_t block_of(const soma_view *out) {
    return is_wide(out) ? WIDE_BLOCK : BLOCK;
}
static size_t strips(const soma_view *out) {
    return soma_cpu_parts(out->shape[1], strip_of(out));
}
static size_t blocks(const soma_view *out) {
    return soma_cpu_parts(out->shape[0], block_of(out));
}

static void add_rows(float *restrict sum, const float *restrict row, size_t count) {
    for (size_t j = 0; j < count; j++) sum[j] += row[j];
}

/*
 * Rows that are narrower than this are taken together: their derivatives in one go, and their sums with so many rows
 * side by side that they fill whole vectors of any instruction set, which are folded at the end.
 */
#define NARROW 32
/* Floats of the rows that are taken together, while they are in the L1 cache. */
#define GROUP_FLOATS 2048

static size_t rows_side_by_side(size_t cols) {
    size_t rows = NARROW;
    for (; rows > 1 && cols % 2 == 0; cols /= 2) rows /= 2;
    return rows;
}

static void sum_narrow_rows(const float *result, size_t rows, size_t cols, size_t side_by_side, float *wide) {
    size_t width = side_by_side * cols, count = rows * cols, i = 0;
    for (; i + width <= count; i += width)
        for (size_t at = 0; at < width; at += NARROW)
            for (size_t j = 0; j < NARROW; j++) wide[at + j] += result[i + at + j];
    add_rows(wide, result + i, count - i);
}

static void derive_narrow_rows(const soma_call *call, soma_range row, float *restrict sum) {
    const soma_unary_params *params = &call->params.unary;
    size_t cols = call->view[2].shape[1], side_by_side = rows_side_by_side(cols);
    size_t together = SOMA_MAX(GROUP_FLOATS / (side_by_side * cols), (size_t)1) * side_by_side;
    float wide[NARROW * NARROW] = {0};
    for (size_t i = row.begin; i < row.end; i += together) {
        size_t rows = SOMA_MIN(together, row.end - i), at = i * cols;
        float *result = soma_cpu_floats(&call->view[2]) + at;
        derivative_of(params->function)(soma_cpu_floats(&call->view[0]) + at, soma_cpu_floats(&call->view[1]) + at,
                                        result, rows * cols, params->a, params->b);
        sum_narrow_rows(result, rows, cols, side_by_side, wide);
    }
    for (size_t i = 0; i < side_by_side; i++) add_rows(sum, wide + i * cols, cols);
}

static void derive_rows(const soma_call *call, soma_range row, soma_range col, float *restrict sum) {
    const soma_unary_params *params = &call->params.unary;
    size_t cols = call->view[2].shape[1], width = col.end - col.begin;
    for (size_t i = row.begin; i < row.end; i++) {
        size_t at = i * cols + col.begin;
        float *result = soma_cpu_floats(&call->view[2]) + at;
        derivative_of(params->function)(soma_cpu_floats(&call->view[0]) + at, soma_cpu_floats(&call->view[1]) + at,
                                        result, width, params->a, params->b);
        add_rows(sum, result, width);
    }
}

/* With one block of rows the sums are final, else they wait in the workspace as [block, column]. */
static void bias_strip(const soma_call *call, const soma_cpu_plan *plan, size_t task, uint32_t thread) {
    (void)plan, (void)thread;
    const soma_view *out = &call->view[2];
    size_t rows = out->shape[0], cols = out->shape[1], block = task / strips(out);
    soma_range col = soma_cpu_part(task % strips(out), cols, strip_of(out)),
               row = soma_cpu_part(block, rows, block_of(out));
    float sum[WIDE_STRIP] = {0};
    if (cols < NARROW)
        derive_narrow_rows(call, row, sum);
    else
        derive_rows(call, row, col, sum);
    float *target =
        blocks(out) > 1 ? (float *)soma_cpu_workspace(call) + block * cols : soma_cpu_floats(&call->view[3]);
    memcpy(target + col.begin, sum, (col.end - col.begin) * sizeof *sum);
}

static void bias_combine(const soma_call *call, const soma_cpu_plan *plan, size_t task, uint32_t thread) {
    (void)plan, (void)thread;
    const soma_view *out = &call->view[2];
    size_t cols = out->shape[1];
    soma_range col = soma_cpu_part(task, cols, strip_of(out));
    float *dbias = soma_cpu_floats(&call->view[3]) + col.begin;
    const float *partial = (const float *)soma_cpu_workspace(call) + col.begin;
    memset(dbias, 0, (col.end - col.begin) * sizeof *dbias);
    for (size_t i = 0; i < blocks(out); i++) add_rows(dbias, partial + i * cols, col.end - col.begin);
}

SOMA_CPU_PLANNER(bias_unary_grad) {
    const soma_view *out = &call->view[2];
    if ((unsigned)call->params.unary.function >= SOMA_FUNCTION_COUNT || out->dtype != SOMA_F32) return SOMA_UNSUPPORTED;
    if (blocks(out) > 1) {
        soma_cpu_add_phase(plan, bias_strip, strips(out) * blocks(out));
        plan->workspace = blocks(out) * out->shape[1] * sizeof(float);
    } else if (blocks(out) == 1)
        soma_cpu_add_phase(plan, bias_strip, strips(out));
    if (blocks(out) != 1) soma_cpu_add_phase(plan, bias_combine, strips(out)); /* with no rows it writes the zeros */
    plan->nanoseconds = (NANOSECONDS + 0.1) * (double)soma_view_count(out);
    return SOMA_OK;
}
