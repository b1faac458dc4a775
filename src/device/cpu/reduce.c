/* SPDX-License-Identifier: MIT */
/* REDUCE: [outer, axis, inner] -> [outer, inner]. */
#include "device/cpu/kernels.h"

/* X(NAME, start, step: `s` takes in x, join: `s` takes in another result x) */
#define OPERATIONS(X)                                                                                                  \
    X(SUM, 0.0f, s += x, s += x)                                                                                       \
    X(MEAN, 0.0f, s += x, s += x)                                                                                      \
    X(MAX, -__builtin_inff(), s = x > s || x != x ? x : s, s = x > s || x != x ? x : s)                                \
    X(MIN, __builtin_inff(), s = x < s || x != x ? x : s, s = x < s || x != x ? x : s)                                 \
    X(SUM_SQUARES, 0.0f, s += x * x, s += x)

/* Elements in a row (inner = 1), by SOMA_PARTIALS interleaved partial results that are joined pairwise. */
typedef float line_function(const float *x, size_t count);
/* sum[j] takes in x[i, j] for all rows i; rows are `stride` apart. */
typedef void strip_function(float *restrict sum, const float *restrict row, size_t count, size_t rows, size_t stride);

#define X(NAME, start, step, join)                                                                                     \
    static float line_##NAME(const float *row, size_t count) {                                                         \
        float part[SOMA_PARTIALS];                                                                                     \
        for (int l = 0; l < SOMA_PARTIALS; l++) part[l] = start;                                                       \
        size_t i = 0;                                                                                                  \
        for (; i + SOMA_PARTIALS <= count; i += SOMA_PARTIALS)                                                         \
            for (int l = 0; l < SOMA_PARTIALS; l++) {                                                                  \
                float x = row[i + (size_t)l], s = part[l];                                                             \
                step;                                                                                                  \
                part[l] = s;                                                                                           \
            }                                                                                                          \
        for (size_t l = 0; i + l < count; l++) {                                                                       \
            float x = row[i + l], s = part[l];                                                                         \
            step;                                                                                                      \
            part[l] = s;                                                                                               \
        }                                                                                                              \
        for (int half = SOMA_PARTIALS / 2; half; half /= 2)                                                            \
            for (int l = 0; l < half; l++) {                                                                           \
                float x = part[l + half], s = part[l];                                                                 \
                join;                                                                                                  \
                part[l] = s;                                                                                           \
            }                                                                                                          \
        return part[0];                                                                                                \
    }                                                                                                                  \
    static void strip_##NAME(float *restrict sum, const float *restrict row, size_t count, size_t rows,                \
                             size_t stride) {                                                                          \
        for (size_t j = 0; j < count; j++) sum[j] = start;                                                             \
        for (size_t i = 0; i < rows; i++, row += stride)                                                               \
            for (size_t j = 0; j < count; j++) {                                                                       \
                float x = row[j], s = sum[j];                                                                          \
                step;                                                                                                  \
                sum[j] = s;                                                                                            \
            }                                                                                                          \
    }
OPERATIONS(X)
#undef X

static const struct {
    line_function *line;
    strip_function *strip;
} operations[SOMA_REDUCTION_COUNT] = {
#define X(NAME, start, step, join) [SOMA_REDUCE_##NAME] = {line_##NAME, strip_##NAME},
    OPERATIONS(X)
#undef X
};

/* What joins the results of two blocks. */
static soma_reduction joining(soma_reduction op) {
    return op == SOMA_REDUCE_MEAN || op == SOMA_REDUCE_SUM_SQUARES ? SOMA_REDUCE_SUM : op;
}

/*
 * The axis is cut into blocks of about SOMA_CPU_CHUNK elements, inner into strips that stay in the L1 cache. Task =
 * (group of outer, block, strip). With more than one block, the results of the blocks wait in the workspace as [outer,
 * block, inner].
 */
#define STRIP 256

typedef struct reduce_plan {
    size_t outer, axis, inner;
    size_t group; /* of outer, so that a task has enough to do */
    size_t block, blocks, strips;
} reduce_plan;

static void reduce_range(soma_reduction op, const float *x, float *out, soma_range axis, soma_range column,
                         size_t inner) {
    if (inner == 1)
        *out = operations[op].line(x + axis.begin, axis.end - axis.begin);
    else
        operations[op].strip(out + column.begin, x + axis.begin * inner + column.begin, column.end - column.begin,
                             axis.end - axis.begin, inner);
}

static void finish_mean(float *out, soma_range column, size_t axis) {
    for (size_t j = column.begin; j < column.end; j++) out[j] /= (float)axis;
}

static void reduce_task(const soma_call *call, const soma_cpu_plan *plan, size_t task, uint32_t thread) {
    (void)thread;
    const reduce_plan *p = plan->detail;
    soma_reduction op = call->params.reduce.op;
    size_t block = task / p->strips % p->blocks;
    soma_range column = soma_cpu_part(task % p->strips, p->inner, STRIP),
               axis = soma_cpu_part(block, p->axis, p->block);
    soma_range group = soma_cpu_part(task / p->strips / p->blocks, p->outer, p->group);
    float *target = p->blocks > 1 ? soma_cpu_workspace(call) : soma_cpu_floats(&call->view[1]);
    for (size_t outer = group.begin; outer < group.end; outer++) {
        float *out = target + (outer * p->blocks + block) * p->inner;
        reduce_range(op, soma_cpu_floats(&call->view[0]) + outer * p->axis * p->inner, out, axis, column, p->inner);
        if (p->blocks == 1 && op == SOMA_REDUCE_MEAN) finish_mean(out, column, p->axis);
    }
}

static void join_task(const soma_call *call, const soma_cpu_plan *plan, size_t task, uint32_t thread) {
    (void)thread;
    const reduce_plan *p = plan->detail;
    soma_reduction op = call->params.reduce.op;
    size_t strip = task % p->strips, outer = task / p->strips;
    soma_range column = soma_cpu_part(strip, p->inner, STRIP), blocks = {0, p->blocks};
    float *out = soma_cpu_floats(&call->view[1]) + outer * p->inner;
    reduce_range(joining(op), (const float *)soma_cpu_workspace(call) + outer * p->blocks * p->inner, out, blocks,
                 column, p->inner);
    if (op == SOMA_REDUCE_MEAN) finish_mean(out, column, p->axis);
}

SOMA_CPU_PLANNER(reduce) {
    const soma_view *x = &call->view[0];
    if ((unsigned)call->params.reduce.op >= SOMA_REDUCTION_COUNT || x->dtype != SOMA_F32) return SOMA_UNSUPPORTED;
    reduce_plan *p = soma_malloc(sizeof *p);
    if (!p) return soma_out_of_memory(sizeof *p, "the plan of a reduction");
    plan->detail = p;
    *p = (reduce_plan){.outer = x->shape[0], .axis = x->shape[1], .inner = x->shape[2]};
    p->block = SOMA_MAX((size_t)64, SOMA_CPU_CHUNK / SOMA_MAX((size_t)1, SOMA_MIN(p->inner, (size_t)STRIP)));
    p->blocks = SOMA_MAX((size_t)1, soma_cpu_parts(p->axis, p->block)); /* an empty axis has a result too */
    p->strips = soma_cpu_parts(p->inner, STRIP);
    p->group = SOMA_MAX((size_t)1, SOMA_CPU_CHUNK / SOMA_MAX((size_t)1, p->axis * p->inner));
    soma_cpu_add_phase(plan, reduce_task, soma_cpu_parts(p->outer, p->group) * p->blocks * p->strips);
    if (p->blocks > 1) {
        soma_cpu_add_phase(plan, join_task, p->outer * p->strips);
        plan->workspace = p->outer * p->blocks * p->inner * sizeof(float);
    }
    plan->nanoseconds = 0.06 * (double)soma_view_count(x) + 10.0 * (double)(p->outer * p->strips);
    return SOMA_OK;
}
