/* SPDX-License-Identifier: MIT */
/*
 * RECURRENT_GRAD. The steps go back from the last to the first; each task makes dh for its units, from the gradients of
 * all gates at the step after and the transposed weights, and from it the gradients of its units' gates. One round more
 * than there are steps makes those of the first state and cell, where either is wanted.
 */
#include "device/cpu/recurrent.h"

/*
 * The workspace has the packed weights, a panel of [columns, GEMM_COLUMNS] for each panel of units; then, of all units,
 * what reaches the state straight; then the gradient of the cells; then, of this step and of the one after, the
 * gradients that the products of the next round are made of: in the sequence the rows of samples lie too far apart.
 */
static float *direct_of(const soma_call *call, const recurrent_plan *p) {
    return (float *)soma_cpu_workspace(call) + p->first;
}

static float *dcell_of(const soma_call *call, const recurrent_plan *p) {
    return (float *)soma_cpu_workspace(call) + p->second;
}

/* A sample's gradients of the gates, as products take them. */
static float *near_of(const soma_call *call, const recurrent_plan *p, size_t round, size_t sample) {
    return (float *)soma_cpu_workspace(call) + p->third +
           (round % 2 * p->size.samples + sample) * recurrent_pitch(p->columns);
}

/* Where a panel is in the packed weights. */
static size_t packed_place(const recurrent_plan *p, size_t panel) {
    return panel * p->columns * GEMM_COLUMNS;
}

static void pack(const soma_call *call, const recurrent_plan *p, soma_range panels, float *packed) {
    const soma_range units = recurrent_units(p, panels);
    gemm_pack_columns(soma_cpu_floats(&call->view[RECURRENT_GRAD_WEIGHT]) + units.begin * p->columns, p->columns,
                      p->columns, soma_range_length(units), packed + packed_place(p, panels.begin));
}

/* What begins with 0. */
static void begin(const soma_call *call, const recurrent_plan *p, soma_range samples, soma_range units) {
    const size_t bytes = soma_range_length(units) * sizeof(float);
    for (size_t sample = samples.begin; sample < samples.end; sample++) {
        memset(direct_of(call, p) + sample * p->size.units + units.begin, 0, bytes);
        if (p->params.kind == SOMA_RECURRENT_LSTM)
            memset(dcell_of(call, p) + sample * p->size.units + units.begin, 0, bytes);
    }
}

static void pack_task(const soma_call *call, const soma_cpu_plan *plan, size_t task, uint32_t thread) {
    const recurrent_plan *p = plan->detail;
    const soma_range panels = recurrent_panels(p, task);
    pack(call, p, panels, recurrent_packed(call, p, thread));
    begin(call, p, (soma_range){0, p->size.samples}, recurrent_units(p, panels));
}

/* --------------------------------------------------------------------------------------------------- some units */

/* Of one sample: `count` units. A gate's numbers lie `units` apart in kept, dx and drecurrent. */
typedef struct row {
    size_t count, units;
    const float *dy, *sums, *y; /* sums: of the products, 0s at the last step */
    const float *kept, *cells;
    const float *h, *c;                      /* before the step */
    float *direct, *dcell, *dx, *drecurrent; /* drecurrent: NULL where it is dx */
    float *near;                             /* what the products take: drecurrent, or dx */
} row;

/* dh */
static inline __attribute__((always_inline)) soma_vector sum_of(const row *r, size_t j, size_t lanes) {
    return soma_load_lanes(r->dy + j, lanes) +
           (soma_load_lanes(r->direct + j, lanes) + soma_load_lanes(r->sums + j, lanes));
}

static inline __attribute__((always_inline)) soma_vector kept(const row *r, size_t what, size_t j, size_t lanes) {
    return soma_load_lanes(r->kept + what * r->units + j, lanes);
}

/* A gate's gradient, for x and for the products. */
static inline __attribute__((always_inline)) void give(const row *r, size_t gate, size_t j, size_t lanes,
                                                       soma_vector dx, soma_vector products) {
    const size_t at = gate * r->units + j;
    soma_store_lanes(r->dx + at, dx, lanes);
    soma_store_lanes(r->near + at, products, lanes);
    if (r->drecurrent) soma_store_lanes(r->drecurrent + at, products, lanes);
}

RECURRENT_UNITS relu_row_units(const row *r, size_t j, size_t lanes) {
    const soma_vector y = soma_load_lanes(r->y + j, lanes), dh = sum_of(r, j, lanes),
                      slope = soma_vector_select(y > 0.0f, soma_vector_of(1.0f),
                                                 soma_vector_select(y <= 0.0f, soma_vector_of(0.0f), y));
    give(r, 0, j, lanes, dh * slope, dh * slope);
    soma_store_lanes(r->direct + j, (soma_vector){0}, lanes);
}
RECURRENT_ROW(relu_row)

RECURRENT_UNITS tanh_row_units(const row *r, size_t j, size_t lanes) {
    const soma_vector y = soma_load_lanes(r->y + j, lanes), dx = sum_of(r, j, lanes) * (1.0f - y * y);
    give(r, 0, j, lanes, dx, dx);
    soma_store_lanes(r->direct + j, (soma_vector){0}, lanes);
}
RECURRENT_ROW(tanh_row)

RECURRENT_UNITS lstm_row_units(const row *r, size_t j, size_t lanes) {
    const lstm_gradient d =
        lstm_back(sum_of(r, j, lanes), soma_load_lanes(r->dcell + j, lanes), kept(r, LSTM_INPUT, j, lanes),
                  kept(r, LSTM_FORGET, j, lanes), kept(r, LSTM_CANDIDATE, j, lanes), kept(r, LSTM_OUTPUT, j, lanes),
                  soma_load_lanes(r->cells + j, lanes), soma_load_lanes(r->c + j, lanes));
    give(r, LSTM_INPUT, j, lanes, d.i, d.i);
    give(r, LSTM_FORGET, j, lanes, d.f, d.f);
    give(r, LSTM_CANDIDATE, j, lanes, d.g, d.g);
    give(r, LSTM_OUTPUT, j, lanes, d.o, d.o);
    soma_store_lanes(r->dcell + j, d.c, lanes);
    soma_store_lanes(r->direct + j, (soma_vector){0}, lanes);
}
RECURRENT_ROW(lstm_row)

/* But for the reset gate where it comes first; else it is part of the product, which has gradients of its own. */
RECURRENT_UNITS gru_row_units(const row *r, size_t j, size_t lanes) {
    const soma_vector dh = sum_of(r, j, lanes), z = kept(r, GRU_UPDATE, j, lanes), n = kept(r, GRU_CANDIDATE, j, lanes);
    const gru_gradient d = gru_back(dh, z, n, soma_load_lanes(r->h + j, lanes));
    soma_store_lanes(r->direct + j, d.h, lanes);
    give(r, GRU_UPDATE, j, lanes, d.z, d.z);
    if (!r->drecurrent) {
        give(r, GRU_CANDIDATE, j, lanes, d.n, d.n);
        return;
    }
    const soma_vector gate = kept(r, GRU_RESET, j, lanes),
                      reset = gru_back_reset(d.n * kept(r, GRU_KEPT, j, lanes), gate);
    give(r, GRU_RESET, j, lanes, reset, reset);
    give(r, GRU_CANDIDATE, j, lanes, d.n, d.n * gate);
}
RECURRENT_ROW(gru_row)

/* The reset gate where it comes first: sums are those of the candidate's gradients and weights. */
RECURRENT_UNITS reset_row_units(const row *r, size_t j, size_t lanes) {
    const soma_vector sums = soma_load_lanes(r->sums + j, lanes), gate = kept(r, GRU_RESET, j, lanes),
                      reset = gru_back_reset(sums * soma_load_lanes(r->h + j, lanes), gate);
    give(r, GRU_RESET, j, lanes, reset, reset);
    soma_store_lanes(r->direct + j, soma_load_lanes(r->direct + j, lanes) + sums * gate, lanes);
}
RECURRENT_ROW(reset_row)

/* A masked step: the gradient of the state goes on. */
static void rest_row(const row *r, size_t gates) {
    for (size_t j = 0; j < r->count; j++) r->direct[j] = r->dy[j] + (r->direct[j] + r->sums[j]);
    for (size_t i = 0; i < gates; i++) {
        memset(r->dx + i * r->units, 0, r->count * sizeof *r->dx);
        memset(r->near + i * r->units, 0, r->count * sizeof *r->near);
        if (r->drecurrent) memset(r->drecurrent + i * r->units, 0, r->count * sizeof *r->drecurrent);
    }
}

/* ------------------------------------------------------------------------------------------------------- tasks */

static const float zeros[RECURRENT_RUN];

/* What the step found: in the sequence at the step before, in the first of them, or 0. */
static const float *found(const soma_call *call, const recurrent_task *t, uint32_t all, uint32_t first, size_t sample,
                          size_t unit) {
    const recurrent_plan *p = t->plan;
    const size_t round = p->size.steps - 1 - t->round; /* of those that went forward */
    const float *view = soma_cpu_optional(&call->view[first]);
    if (round > 0) {
        const size_t before = soma_recurrent_step(&p->params, p->size.steps, round - 1);
        return soma_cpu_floats(&call->view[all]) + recurrent_row(p, sample, before) * p->size.units + unit;
    }
    return view ? view + sample * p->size.units + unit : zeros;
}

static row row_of(const soma_call *call, const recurrent_task *t, size_t sample, soma_range units) {
    const recurrent_plan *p = t->plan;
    const size_t number = p->size.units, row_number = recurrent_row(p, sample, t->step);
    const size_t at = row_number * number + units.begin, own = sample * number + units.begin;
    const size_t kept = soma_recurrent_kept(p->params.kind);
    row r = {.count = units.end - units.begin,
             .units = number,
             .dy = soma_cpu_floats(&call->view[RECURRENT_GRAD_DY]) + at,
             .y = soma_cpu_floats(&call->view[RECURRENT_GRAD_Y]) + at,
             .h = found(call, t, RECURRENT_GRAD_Y, RECURRENT_GRAD_STATE, sample, units.begin),
             .direct = direct_of(call, p) + own,
             .dx = soma_cpu_floats(&call->view[RECURRENT_GRAD_DX]) + row_number * p->columns + units.begin};
    r.near = near_of(call, p, t->round, sample) + units.begin;
    if (soma_recurrent_differs(&p->params)) {
        float *drecurrent = soma_cpu_optional(&call->view[RECURRENT_GRAD_DRECURRENT]);
        r.drecurrent = drecurrent ? drecurrent + row_number * p->columns + units.begin : r.near;
    }
    if (kept) r.kept = soma_cpu_floats(&call->view[RECURRENT_GRAD_GATES]) + row_number * kept * number + units.begin;
    if (p->params.kind != SOMA_RECURRENT_LSTM) return r;
    r.cells = soma_cpu_floats(&call->view[RECURRENT_GRAD_CELLS]) + at;
    r.c = found(call, t, RECURRENT_GRAD_CELLS, RECURRENT_GRAD_CELL, sample, units.begin);
    r.dcell = dcell_of(call, p) + own;
    return r;
}

static void whole_row(const recurrent_plan *p, const row *r) {
    switch (p->params.kind) {
    case SOMA_RECURRENT_LSTM:
        lstm_row(r);
        break;
    case SOMA_RECURRENT_GRU:
        gru_row(r);
        break;
    default:
        if (p->params.function == SOMA_RELU)
            relu_row(r);
        else
            tanh_row(r);
    }
}

/* Of some samples: the gradients of some of the gates of a round, times the weights of some panels. */
static void multiply(const soma_call *call, const recurrent_task *t, size_t round, soma_range samples,
                     soma_range panels, soma_range columns, float *sums) {
    const recurrent_plan *p = t->plan;
    const float *from = near_of(call, p, round, samples.begin) + columns.begin;
    for (size_t panel = panels.begin; panel < panels.end; panel++, sums += GEMM_COLUMNS)
        recurrent_multiply(from, recurrent_pitch(p->columns), soma_range_length(samples), soma_range_length(columns),
                           t->packed + packed_place(p, panel) + columns.begin * GEMM_COLUMNS, GEMM_COLUMNS, NULL, sums);
}

static void fetch_row(const recurrent_plan *p, const row *r) {
    const size_t kept = soma_recurrent_kept(p->params.kind);
    recurrent_fetch(r->dy, r->count);
    for (size_t i = 0; i < kept; i++) recurrent_fetch(r->kept + i * r->units, r->count);
    for (size_t i = 0; i < p->gates; i++) recurrent_fetch_to_write(r->dx + i * r->units, r->count);
    if (p->params.kind == SOMA_RECURRENT_RNN) recurrent_fetch(r->y, r->count);
    if (p->params.kind == SOMA_RECURRENT_GRU) recurrent_fetch(r->h, r->count);
    if (p->params.kind == SOMA_RECURRENT_LSTM) recurrent_fetch(r->c, r->count);
}

static bool is_first(const recurrent_plan *p) {
    return p->params.kind == SOMA_RECURRENT_GRU && p->params.reset_before;
}

/* After the last step: the gradients of the first state and cell. */
static void run_first(const soma_call *call, const recurrent_plan *p, size_t sample, soma_range units,
                      const float *sums) {
    const size_t at = sample * p->size.units + units.begin, count = units.end - units.begin;
    float *dstate = soma_cpu_optional(&call->view[RECURRENT_GRAD_DSTATE]);
    float *dcell = soma_cpu_optional(&call->view[RECURRENT_GRAD_DCELL]);
    for (size_t j = 0; dstate && j < count; j++) dstate[at + j] = direct_of(call, p)[at + j] + sums[j];
    if (dcell) memcpy(dcell + at, dcell_of(call, p) + at, count * sizeof *dcell);
}

/* dh of these units, and what follows from it. */
static void run_row(const soma_call *call, const recurrent_task *t, const row *r, size_t sample) {
    const recurrent_plan *p = t->plan;
    if (recurrent_rests(soma_cpu_optional(&call->view[RECURRENT_GRAD_MASK]), p, sample, t->step))
        rest_row(r, p->gates);
    else
        whole_row(p, r);
}

static recurrent_task back_task_of(const soma_call *call, const recurrent_plan *p, size_t task, uint32_t thread) {
    recurrent_task t = recurrent_task_of(call, p, task, thread);
    t.step = t.round < p->size.steps ? soma_recurrent_step(&p->params, p->size.steps, p->size.steps - 1 - t.round) : 0;
    return t;
}

/* Some panels of some samples, GEMM_ROWS at most. */
static void run_block(const soma_call *call, const recurrent_task *t, soma_range panels, soma_range samples) {
    const recurrent_plan *p = t->plan;
    const soma_range units = recurrent_units(p, panels);
    const soma_range columns = {0, is_first(p) ? GRU_CANDIDATE * p->size.units : p->columns};
    _Alignas(SOMA_CPU_ALIGNMENT) float sums[GEMM_ROWS * RECURRENT_RUN];
    if (t->round > 0)
        multiply(call, t, t->round - 1, samples, panels, columns, sums);
    else
        memset(sums, 0, sizeof sums);
    if (t->round == p->size.steps) {
        for (size_t sample = samples.begin; sample < samples.end; sample++)
            run_first(call, p, sample, units, sums + (sample - samples.begin) * RECURRENT_RUN);
        return;
    }
    row next = row_of(call, t, samples.begin, units);
    fetch_row(p, &next);
    for (size_t sample = samples.begin; sample < samples.end; sample++) {
        row r = next;
        r.sums = sums + (sample - samples.begin) * RECURRENT_RUN;
        if (sample + 1 < samples.end) {
            next = row_of(call, t, sample + 1, units);
            fetch_row(p, &next);
        }
        run_row(call, t, &r, sample);
    }
}

/* What a task does with its blocks. */
typedef void block_function(const soma_call *call, const recurrent_task *t, soma_range panels, soma_range samples);

static void run_blocks(const soma_call *call, const recurrent_task *t, block_function *run) {
    for (size_t panel = t->panels.begin; panel < t->panels.end; panel += RECURRENT_PANELS) {
        const soma_range panels = {panel, SOMA_MIN(panel + RECURRENT_PANELS, t->panels.end)};
        for (size_t block = 0; block < recurrent_blocks(t->samples); block++)
            run(call, t, panels, recurrent_block(t->samples, block));
    }
}

static void back_task(const soma_call *call, const soma_cpu_plan *plan, size_t task, uint32_t thread) {
    const recurrent_task t = back_task_of(call, plan->detail, task, thread);
    run_blocks(call, &t, run_block);
}

static void reset_block(const soma_call *call, const recurrent_task *t, soma_range panels, soma_range samples) {
    const recurrent_plan *p = t->plan;
    const soma_range units = recurrent_units(p, panels), columns = {GRU_CANDIDATE * p->size.units, p->columns};
    const float *mask = soma_cpu_optional(&call->view[RECURRENT_GRAD_MASK]);
    _Alignas(SOMA_CPU_ALIGNMENT) float sums[GEMM_ROWS * RECURRENT_RUN];
    multiply(call, t, t->round, samples, panels, columns, sums);
    for (size_t sample = samples.begin; sample < samples.end; sample++) {
        row r = row_of(call, t, sample, units);
        r.sums = sums + (sample - samples.begin) * RECURRENT_RUN;
        if (recurrent_rests(mask, p, sample, t->step)) continue;
        reset_row(&r);
    }
}

static void reset_task(const soma_call *call, const soma_cpu_plan *plan, size_t task, uint32_t thread) {
    const recurrent_task t = back_task_of(call, plan->detail, task, thread);
    if (t.round == t.plan->size.steps) return;
    run_blocks(call, &t, reset_block);
}

static size_t rounds_of(const soma_call *call, const recurrent_plan *p) {
    const bool wanted = call->view[RECURRENT_GRAD_DSTATE].rank || call->view[RECURRENT_GRAD_DCELL].rank;
    return p->size.steps + (wanted ? 1 : 0);
}

/* All steps of a task's samples. */
static void steps_task(const soma_call *call, const soma_cpu_plan *plan, size_t task, uint32_t thread) {
    const recurrent_plan *p = plan->detail;
    const recurrent_task t = recurrent_task_of(call, p, task, thread);
    recurrent_pack_once(call, &t, thread, pack);
    begin(call, p, t.samples, recurrent_units(p, t.panels));
    for (size_t round = 0; round < rounds_of(call, p); round++) {
        back_task(call, plan, round * p->tasks + task, thread);
        if (is_first(p)) reset_task(call, plan, round * p->tasks + task, thread);
    }
}

SOMA_CPU_PLANNER(recurrent_grad) {
    const soma_view *dy = &call->view[RECURRENT_GRAD_DY];
    const soma_recurrent_size size = soma_recurrent_size_of(dy);
    if (dy->dtype != SOMA_F32) return SOMA_UNSUPPORTED;
    recurrent_plan *p = recurrent_plan_of(call, size, plan);
    if (!p) return soma_out_of_memory(sizeof *p, "the plan of a recurrent layer's gradient");
    const size_t state = size.samples * size.units;
    if (state == 0) return SOMA_OK;
    recurrent_plan_workspace(p, plan, p->panels * p->columns * GEMM_COLUMNS, state,
                             p->params.kind == SOMA_RECURRENT_LSTM ? state : 0,
                             2 * size.samples * recurrent_pitch(p->columns));
    const recurrent_tasks tasks = {pack_task, back_task, is_first(p) ? reset_task : NULL, steps_task};
    recurrent_add_steps(p, plan, rounds_of(call, p), &tasks);
    return SOMA_OK;
}
