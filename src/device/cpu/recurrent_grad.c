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
static float *packed_panel(const soma_call *call, const recurrent_plan *p, size_t panel) {
    return (float *)soma_cpu_workspace(call) + panel * p->columns * GEMM_COLUMNS;
}

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

/* A task for each panel, and one for the sums that begin with 0. */
static void pack_task(const soma_call *call, const soma_cpu_plan *plan, size_t task, uint32_t thread) {
    (void)thread;
    const recurrent_plan *p = plan->detail;
    const size_t count = p->size.samples * p->size.units;
    const soma_range own = recurrent_units(p, task);
    if (task < p->panels)
        gemm_pack_columns(soma_cpu_floats(&call->view[RECURRENT_GRAD_WEIGHT]) + own.begin * p->columns, p->columns,
                          p->columns, own.end - own.begin, packed_panel(call, p, task));
    else {
        memset(direct_of(call, p), 0, count * sizeof(float));
        if (p->params.kind == SOMA_RECURRENT_LSTM) memset(dcell_of(call, p), 0, count * sizeof(float));
    }
}

/* --------------------------------------------------------------------------------------------------- some units */

/* Of one sample and one panel: `count` units. A gate's numbers lie `units` apart in kept, dx and drecurrent. */
typedef struct row {
    size_t count, units;
    const float *dy, *sums, *y; /* sums: of the products, 0s at the last step */
    const float *kept, *cells;
    const float *h, *c;                      /* before the step */
    float *direct, *dcell, *dx, *drecurrent; /* drecurrent: NULL where it is dx */
    float *near;
} row;

static void relu_row(const row *r) {
    const float *dy = r->dy, *sums = r->sums, *y = r->y;
    float *dx = r->dx, *direct = r->direct;
    SOMA_INDEPENDENT
    for (size_t j = 0; j < r->count; j++) {
        const float slope = y[j] > 0.0f ? 1.0f : y[j] <= 0.0f ? 0.0f : y[j];
        dx[j] = (dy[j] + (direct[j] + sums[j])) * slope;
        direct[j] = 0.0f;
    }
}

static void tanh_row(const row *r) {
    const float *dy = r->dy, *sums = r->sums, *y = r->y;
    float *dx = r->dx, *direct = r->direct;
    SOMA_INDEPENDENT
    for (size_t j = 0; j < r->count; j++) {
        dx[j] = (dy[j] + (direct[j] + sums[j])) * (1.0f - y[j] * y[j]);
        direct[j] = 0.0f;
    }
}

static inline __attribute__((always_inline)) void lstm_units(const row *r, size_t count) {
    const float *dy = r->dy, *sums = r->sums, *after = r->cells, *before = r->c;
    const float *i = r->kept, *f = i + r->units, *g = f + r->units, *o = g + r->units;
    float *di = r->dx, *df = di + r->units, *dg = df + r->units, *d_o = dg + r->units;
    float *direct = r->direct, *dcell = r->dcell;
    SOMA_INDEPENDENT
    for (size_t j = 0; j < count; j++) {
        const lstm_gradient d =
            lstm_back(dy[j] + (direct[j] + sums[j]), dcell[j], i[j], f[j], g[j], o[j], after[j], before[j]);
        di[j] = d.i;
        df[j] = d.f;
        dg[j] = d.g;
        d_o[j] = d.o;
        dcell[j] = d.c;
        direct[j] = 0.0f;
    }
}

/* Of whole panels, which most are, the compiler knows the number of units. */
static void lstm_row(const row *r) {
    if (r->count == GEMM_COLUMNS)
        lstm_units(r, GEMM_COLUMNS);
    else
        lstm_units(r, r->count);
}

/* The gates but for the reset gate. */
static void gru_row(const row *r) {
    const float *dy = r->dy, *sums = r->sums, *h = r->h, *z = r->kept, *n = z + 2 * r->units;
    float *dz = r->dx, *dn = dz + 2 * r->units, *direct = r->direct;
    SOMA_INDEPENDENT
    for (size_t j = 0; j < r->count; j++) {
        const gru_gradient d = gru_back(dy[j] + (direct[j] + sums[j]), z[j], n[j], h[j]);
        dz[j] = d.z;
        dn[j] = d.n;
        direct[j] = d.h;
    }
}

/* The reset gate where it comes after the product, which has gradients of its own. */
static void product_row(const row *r) {
    const size_t units = r->units;
    const float *gate = r->kept + units, *product = r->kept + 3 * units, *dn = r->dx + 2 * units, *dz = r->dx;
    float *dr = r->dx + units, *dp = r->drecurrent;
    SOMA_INDEPENDENT
    for (size_t j = 0; j < r->count; j++) {
        const float reset = gru_back_reset(dn[j] * product[j], gate[j]);
        dr[j] = reset;
        dp[j] = dz[j];
        dp[units + j] = reset;
        dp[2 * units + j] = dn[j] * gate[j];
    }
}

/* The reset gate where it comes first: sums are those of the candidate's gradients and weights. */
static void reset_row(const row *r) {
    const float *sums = r->sums, *gate = r->kept + r->units, *h = r->h;
    float *dr = r->dx + r->units, *direct = r->direct;
    SOMA_INDEPENDENT
    for (size_t j = 0; j < r->count; j++) {
        dr[j] = gru_back_reset(sums[j] * h[j], gate[j]);
        direct[j] += sums[j] * gate[j];
    }
}

/* A masked step: the gradient of the state goes on. */
static void rest_row(const row *r, size_t gates) {
    for (size_t j = 0; j < r->count; j++) r->direct[j] = r->dy[j] + (r->direct[j] + r->sums[j]);
    for (size_t i = 0; i < gates; i++) {
        memset(r->dx + i * r->units, 0, r->count * sizeof *r->dx);
        if (r->drecurrent) memset(r->drecurrent + i * r->units, 0, r->count * sizeof *r->drecurrent);
    }
}

/* ------------------------------------------------------------------------------------------------------- tasks */

static const float zeros[GEMM_COLUMNS];

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
        if (r->drecurrent) product_row(r);
        break;
    default:
        if (p->params.function == SOMA_RELU)
            relu_row(r);
        else
            tanh_row(r);
    }
}

/* What the products take of it, where it was not written there. */
static void keep_gate(const row *r, size_t gate) {
    const float *from = r->drecurrent ? r->drecurrent : r->dx;
    if (from != r->near) recurrent_copy(r->near + gate * r->units, from + gate * r->units, r->count);
}

/* Of some samples: the gradients of some of the gates of a round, times their weights. */
static void multiply_panel(const soma_call *call, const recurrent_plan *p, size_t round, size_t first, size_t rows,
                           size_t panel, soma_range columns, float *sums) {
    recurrent_multiply(near_of(call, p, round, first) + columns.begin, recurrent_pitch(p->columns), rows,
                       columns.end - columns.begin, packed_panel(call, p, panel) + columns.begin * GEMM_COLUMNS, NULL,
                       sums);
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
    for (size_t gate = 0; gate < p->gates; gate++) keep_gate(r, gate);
}

static recurrent_task back_task_of(const recurrent_plan *p, size_t task) {
    recurrent_task t = recurrent_task_of(p, task);
    t.step = t.round < p->size.steps ? soma_recurrent_step(&p->params, p->size.steps, p->size.steps - 1 - t.round) : 0;
    return t;
}

static void run_panel(const soma_call *call, const recurrent_task *t, size_t panel) {
    const recurrent_plan *p = t->plan;
    const soma_range units = recurrent_units(p, panel);
    const soma_range columns = {0, is_first(p) ? GRU_CANDIDATE * p->size.units : p->columns};
    const bool more = t->round < p->size.steps;
    _Alignas(SOMA_CPU_ALIGNMENT) float sums[GEMM_ROWS * GEMM_COLUMNS] = {0};
    row rows[GEMM_ROWS];
    for (size_t at = t->samples.begin; at < t->samples.end; at += GEMM_ROWS) {
        const size_t number = SOMA_MIN((size_t)GEMM_ROWS, t->samples.end - at);
        for (size_t i = 0; more && i < number; i++) {
            rows[i] = row_of(call, t, at + i, units);
            rows[i].sums = sums + i * GEMM_COLUMNS;
            if (i < RECURRENT_AHEAD) fetch_row(p, &rows[i]);
        }
        if (t->round > 0) multiply_panel(call, p, t->round - 1, at, number, panel, columns, sums);
        for (size_t i = 0; i < number; i++) {
            if (more && i + RECURRENT_AHEAD < number) fetch_row(p, &rows[i + RECURRENT_AHEAD]);
            if (more)
                run_row(call, t, &rows[i], at + i);
            else
                run_first(call, p, at + i, units, sums + i * GEMM_COLUMNS);
        }
    }
}

static void back_task(const soma_call *call, const soma_cpu_plan *plan, size_t task, uint32_t thread) {
    (void)thread;
    const recurrent_task t = back_task_of(plan->detail, task);
    for (size_t panel = t.panels.begin; panel < t.panels.end; panel++) run_panel(call, &t, panel);
}

static void reset_panel(const soma_call *call, const recurrent_task *t, size_t panel) {
    const recurrent_plan *p = t->plan;
    const soma_range units = recurrent_units(p, panel), columns = {GRU_CANDIDATE * p->size.units, p->columns};
    const float *mask = soma_cpu_optional(&call->view[RECURRENT_GRAD_MASK]);
    _Alignas(SOMA_CPU_ALIGNMENT) float sums[GEMM_ROWS * GEMM_COLUMNS];
    for (size_t at = t->samples.begin; at < t->samples.end; at += GEMM_ROWS) {
        const size_t number = SOMA_MIN((size_t)GEMM_ROWS, t->samples.end - at);
        multiply_panel(call, p, t->round, at, number, panel, columns, sums);
        for (size_t i = 0; i < number; i++) {
            row r = row_of(call, t, at + i, units);
            r.sums = sums + i * GEMM_COLUMNS;
            if (recurrent_rests(mask, p, at + i, t->step)) continue;
            reset_row(&r);
            keep_gate(&r, GRU_RESET);
        }
    }
}

static void reset_task(const soma_call *call, const soma_cpu_plan *plan, size_t task, uint32_t thread) {
    (void)thread;
    const recurrent_task t = back_task_of(plan->detail, task);
    if (t.round == t.plan->size.steps) return;
    for (size_t panel = t.panels.begin; panel < t.panels.end; panel++) reset_panel(call, &t, panel);
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
    soma_cpu_add_phase(plan, pack_task, p->panels + 1);
    soma_cpu_add_phase(plan, back_task, p->tasks);
    if (is_first(p)) soma_cpu_add_phase(plan, reset_task, p->tasks);
    const bool wanted = call->view[RECURRENT_GRAD_DSTATE].rank || call->view[RECURRENT_GRAD_DCELL].rank;
    soma_cpu_repeat_phases(plan, is_first(p) ? 2 : 1, size.steps + (wanted ? 1 : 0));
    return SOMA_OK;
}
