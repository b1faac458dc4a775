/* SPDX-License-Identifier: MIT */
/* BINARY, with the second operand broadcast. */
#include "device/cpu/kernels.h"
#include "device/cpu/strided.h"

/* So many elements are worth a barrier. */
#define SHARED_COUNT 8192

/* X(NAME, expression in p and q) */
#define OPERATIONS(X)                                                                                                  \
    X(ADD, p + q)                                                                                                      \
    X(SUBTRACT, p - q)                                                                                                 \
    X(MULTIPLY, p *q)                                                                                                  \
    X(DIVIDE, p / q)                                                                                                   \
    X(MAXIMUM, p > q || p != p ? p : q)                                                                                \
    X(MINIMUM, p < q || p != p ? p : q)                                                                                \
    X(GREATER, p > q ? 1.0f : 0.0f)                                                                                    \
    X(GREATER_EQUAL, p >= q ? 1.0f : 0.0f)                                                                             \
    X(POWER, powf(p, q))                                                                                               \
    X(EQUAL, p == q ? 1.0f : 0.0f)                                                                                     \
    X(REMAINDER, fmodf(p, q))                                                                                          \
    X(KEEP, q != 0.0f ? p : 0.0f)

/* b's elements are `stride` apart; the strides 0 (a constant) and 1 get loops of their own, which vectorise. */
typedef void row_function(const float *a, const float *b, size_t stride, float *out, size_t count);

#define LOOP(element, expression)                                                                                      \
    SOMA_INDEPENDENT                                                                                                   \
    for (size_t i = 0; i < count; i++) {                                                                               \
        float p = a[i], q = element;                                                                                   \
        out[i] = expression;                                                                                           \
    }
#define X(NAME, expression)                                                                                            \
    static void row_##NAME(const float *a, const float *b, size_t stride, float *out, size_t count) {                  \
        if (stride == 1) {                                                                                             \
            LOOP(b[i], expression)                                                                                     \
        } else if (stride == 0) {                                                                                      \
            float constant = *b;                                                                                       \
            LOOP(constant, expression)                                                                                 \
        } else {                                                                                                       \
            LOOP(b[i * stride], expression)                                                                            \
        }                                                                                                              \
    }
OPERATIONS(X)
#undef X

static row_function *const rows_of[SOMA_BINARY_COUNT] = {
#define X(NAME, expression) [SOMA_BINARY_##NAME] = row_##NAME,
    OPERATIONS(X)
#undef X
};

/* Operand 0 of the walk is a, which lies as out does; operand 1 is b. */
static void binary_task(const soma_call *call, const soma_cpu_plan *plan, size_t task, uint32_t thread) {
    (void)thread;
    const soma_strided *walk = plan->detail;
    row_function *function = rows_of[call->params.binary.op];
    soma_range rows, part;
    soma_strided_task(walk, task, &rows, &part);
    soma_strided_place place = soma_strided_start(walk, rows.begin);
    for (size_t row = rows.begin; row < rows.end; row++, soma_strided_next(walk, &place)) {
        size_t at = row * walk->length + part.begin;
        size_t b = place.offset[1] + part.begin * walk->row_stride[1];
        function(soma_cpu_floats(&call->view[0]) + at, soma_cpu_floats(&call->view[1]) + b, walk->row_stride[1],
                 soma_cpu_floats(&call->view[2]) + at, part.end - part.begin);
    }
}

SOMA_CPU_PLANNER(binary) {
    const soma_view *a = &call->view[0], *b = &call->view[1];
    if ((unsigned)call->params.binary.op >= SOMA_BINARY_COUNT || a->dtype != SOMA_F32) return SOMA_UNSUPPORTED;
    soma_strided *walk = soma_malloc(sizeof *walk);
    if (!walk) return soma_out_of_memory(sizeof *walk, "the plan of a binary call");
    soma_strided_init(walk, a->rank, a->shape, a->stride, b->stride);
    plan->detail = walk;
    size_t count = soma_view_count(a);
    bool slow = call->params.binary.op == SOMA_BINARY_POWER || call->params.binary.op == SOMA_BINARY_REMAINDER;
    plan->nanoseconds = (slow ? 5.0 : 0.12) * (double)count + 3.0 * (double)walk->rows;
    /* What the threads wrote of a and b is in their own caches. */
    if (count >= SHARED_COUNT && soma_strided_tasks(walk) == 1) soma_strided_share(walk, plan->threads);
    if (walk->rows == 1 && walk->row_stride[1] <= 1 && walk->part == SOMA_CPU_CHUNK)
        soma_cpu_add_chunks(plan, binary_task, count, walk->row_stride[1] ? 7 : 5, walk->row_stride[1] ? 0 : 2);
    else if (count)
        soma_cpu_add_phase(plan, binary_task, soma_strided_tasks(walk));
    return SOMA_OK;
}
