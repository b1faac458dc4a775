/* SPDX-License-Identifier: MIT */
/* OPTIMIZER: every row of kernels/optimizers.h becomes a vectorised loop over flat buffers. OPTIMIZER_ROWS: the same
 * loops, on rows of a table. */
#include "device/cpu/kernels.h"
#include "kernels/optimizers.h"

/* What is the same for all elements of a task. */
typedef struct step {
    float scale, share, length; /* by clip_norm: (scale g) share is the gradient of length 1 */
    float limit;                /* of the gradient's size, by clip_value; infinity for none */
    float l2, l1, decay;
} step;

typedef void update_function(const soma_optimizer_params *params, const step *s, float *w, const float *g, float *m,
                             float *v, size_t count);

/* The gradient made ready. A NaN stays one. */
static inline __attribute__((always_inline)) float ready(float g, float w, const step *s, bool regular) {
    g = g * s->scale * s->share * s->length;
    g = g > s->limit ? s->limit : (g < -s->limit ? -s->limit : g);
    return regular ? g + s->l2 * w + (w > 0.0f ? s->l1 : (w < 0.0f ? -s->l1 : 0.0f)) : g;
}

#define P(field) params.field
#define DECAY    decay
/* The states of an optimizer that has none are never touched: its loop reads and writes w alone. */
#define LOAD_0
#define STORE_0 (void)m, (void)v
#define LOAD_1  m = pm[i]
#define STORE_1 pm[i] = m, (void)v
#define LOAD_2  m = pm[i], v = pv[i]
#define STORE_2 pm[i] = m, pv[i] = v

#define LOOP(states, rule, regular)                                                                                    \
    SOMA_INDEPENDENT                                                                                                   \
    for (size_t i = 0; i < count; i++) {                                                                               \
        float w = pw[i], g = ready(pg[i], w, &s, regular), m = 0.0f, v = 0.0f;                                         \
        LOAD_##states;                                                                                                 \
        rule;                                                                                                          \
        pw[i] = w;                                                                                                     \
        STORE_##states;                                                                                                \
    }
#define X(NAME, states, rule)                                                                                          \
    static void update_##NAME(const soma_optimizer_params *all, const step *now, float *pw, const float *pg,           \
                              float *pm, float *pv, size_t count) {                                                    \
        const soma_optimizer_params params = *all;                                                                     \
        const step s = *now;                                                                                           \
        const float decay = s.decay;                                                                                   \
        (void)pm, (void)pv, (void)decay;                                                                               \
        if (s.l2 != 0.0f || s.l1 != 0.0f) {                                                                            \
            LOOP(states, rule, true)                                                                                   \
        } else {                                                                                                       \
            LOOP(states, rule, false)                                                                                  \
        }                                                                                                              \
    }
SOMA_OPTIMIZER_TABLE(X)
#undef X

static update_function *const updates[SOMA_OPTIMIZER_COUNT] = {
#define X(NAME, states, rule) [SOMA_##NAME] = update_##NAME,
    SOMA_OPTIMIZER_TABLE(X)
#undef X
};

static step step_of(const soma_call *call, bool decays) {
    const soma_optimizer_params *params = &call->params.optimizer;
    step s = {1.0f, 1.0f, 1.0f, __builtin_inff(), 0.0f, 0.0f, 0.0f};
    const float *norm = soma_cpu_optional(&call->view[4]);
    if (params->clip_norm > 0.0f && !(norm[0] <= params->clip_norm * norm[1])) {
        s.scale = norm[1];
        s.share = 1.0f / norm[0];
        s.length = params->clip_norm;
    }
    if (params->clip_value > 0.0f) s.limit = params->clip_value;
    if (decays) {
        s.l2 = params->l2;
        s.l1 = params->l1;
        s.decay = params->decay;
    }
    return s;
}

static void update_range(const soma_call *call, soma_range range, bool decays) {
    if (range.begin >= range.end) return;
    step s = step_of(call, decays);
    float *state1 = soma_cpu_optional(&call->view[2]), *state2 = soma_cpu_optional(&call->view[3]);
    updates[call->params.optimizer.kind](&call->params.optimizer, &s, soma_cpu_floats(&call->view[0]) + range.begin,
                                         soma_cpu_floats(&call->view[1]) + range.begin,
                                         state1 ? state1 + range.begin : NULL, state2 ? state2 + range.begin : NULL,
                                         range.end - range.begin);
}

static void optimizer_chunk(const soma_call *call, const soma_cpu_plan *plan, size_t task, uint32_t thread) {
    (void)plan, (void)thread;
    soma_range range = soma_cpu_part(task, soma_view_count(&call->view[0]), SOMA_CPU_CHUNK);
    size_t border = SOMA_MIN(SOMA_MAX(call->params.optimizer.decay_count, range.begin), range.end);
    update_range(call, (soma_range){range.begin, border}, true);
    update_range(call, (soma_range){border, range.end}, false);
}

SOMA_CPU_PLANNER(optimizer) {
    const soma_view *parameter = &call->view[0];
    if ((unsigned)call->params.optimizer.kind >= SOMA_OPTIMIZER_COUNT || parameter->dtype != SOMA_F32)
        return SOMA_UNSUPPORTED;
    size_t count = soma_view_count(parameter);
    soma_cpu_add_phase(plan, optimizer_chunk, soma_cpu_parts(count, SOMA_CPU_CHUNK));
    plan->nanoseconds = 0.3 * (double)count;
    return SOMA_OK;
}

/* ------------------------------------------------------------------------------------------------------------ rows */

static void add_row(const float *from, size_t count, float *to) {
    SOMA_INDEPENDENT
    for (size_t j = 0; j < count; j++) to[j] += from[j];
}

/* The row of the table that a position names, if it is one of these; else NULL. */
static float *row_of(const soma_call *call, size_t position, soma_range rows, uint32_t view) {
    const int32_t *index = soma_cpu_data(&call->view[1]);
    const size_t row = (size_t)(ptrdiff_t)index[position]; /* a negative number becomes one that no table reaches */
    if (row < rows.begin || row >= rows.end || index[position] == call->params.optimizer_rows.skip) return NULL;
    return soma_cpu_floats(&call->view[view]) + row * call->view[2].shape[1];
}

/*
 * A task owns some rows of the table, as in GATHER_GRAD. A row that is named more than once is at 0 again when it is
 * met another time, which changes nothing.
 */
static void optimizer_rows_task(const soma_call *call, const soma_cpu_plan *plan, size_t task, uint32_t thread) {
    (void)thread;
    enum { PARAMETER = 2, GRADIENT = 3, STATE = 4 };
    const soma_optimizer_params *params = &call->params.optimizer_rows.optimizer;
    const size_t positions = call->view[0].shape[0], width = call->view[0].shape[1];
    const soma_range rows = soma_cpu_even_part(task, call->view[PARAMETER].shape[0], plan->phase[0].tasks);
    const float *dy = soma_cpu_floats(&call->view[0]);
    step s = {1.0f, 1.0f, 1.0f, __builtin_inff(), 0.0f, 0.0f, 0.0f};
    float *g;
    if (params->clip_value > 0.0f) s.limit = params->clip_value;
    for (size_t i = 0; i < positions; i++)
        if ((g = row_of(call, i, rows, GRADIENT))) memset(g, 0, width * sizeof *g);
    for (size_t i = 0; i < positions; i++)
        if ((g = row_of(call, i, rows, GRADIENT))) add_row(dy + i * width, width, g);
    for (size_t i = 0; i < positions; i++) {
        if (!(g = row_of(call, i, rows, GRADIENT))) continue;
        float *state = soma_cpu_optional(&call->view[STATE]) ? row_of(call, i, rows, STATE) : NULL;
        updates[params->kind](params, &s, row_of(call, i, rows, PARAMETER), g, state, NULL, width);
        memset(g, 0, width * sizeof *g);
    }
}

SOMA_CPU_PLANNER(optimizer_rows) {
    const soma_view *dy = &call->view[0], *parameter = &call->view[2];
    if ((unsigned)call->params.optimizer_rows.optimizer.kind >= SOMA_OPTIMIZER_COUNT || dy->dtype != SOMA_F32 ||
        parameter->dtype != SOMA_F32)
        return SOMA_UNSUPPORTED;
    plan->nanoseconds = 0.5 * (double)soma_view_count(dy) + 10.0 * (double)dy->shape[0];
    if (soma_view_count(parameter) && dy->shape[0])
        soma_cpu_add_phase(plan, optimizer_rows_task, SOMA_MIN(soma_cpu_tasks(plan), parameter->shape[0]));
    return SOMA_OK;
}
