/* SPDX-License-Identifier: MIT */
/* RECURRENT. */
#include "device/cpu/recurrent.h"

/* Whole panels are used so often at most without being packed. */
#define DIRECT_USES 2

/*
 * The workspace has the packed weights, a panel of [units, GEMM_COLUMNS] and a row of the bias for each gate of each
 * panel of units; then the states before and after a step, which change places; then, where the reset gate comes first,
 * r h and z of all units, or the cells of an LSTM that nobody wants to have.
 */
static size_t packed_gate_floats(const recurrent_plan *p) {
    return (p->size.units + 1) * GEMM_COLUMNS;
}

static float *packed_gate(const soma_call *call, const recurrent_plan *p, size_t panel, size_t gate) {
    return (float *)soma_cpu_workspace(call) + ((panel - p->direct) * p->gates + gate) * packed_gate_floats(p);
}

static float *state_of(const soma_call *call, const recurrent_plan *p, size_t round, size_t sample) {
    return (float *)soma_cpu_workspace(call) + p->first +
           (round % 2 * p->size.samples + sample) * recurrent_pitch(p->size.units);
}

static float *reset_of(const soma_call *call, const recurrent_plan *p, size_t sample) {
    return (float *)soma_cpu_workspace(call) + p->second + sample * recurrent_pitch(p->size.units);
}

static float *update_of(const soma_call *call, const recurrent_plan *p, size_t sample) {
    return (float *)soma_cpu_workspace(call) + p->third + sample * p->size.units;
}

static void pack_gate(const soma_call *call, const recurrent_plan *p, size_t panel, size_t gate) {
    const soma_range own = recurrent_units(p, panel);
    const size_t column = gate * p->size.units + own.begin, count = own.end - own.begin;
    const float *bias = soma_cpu_optional(&call->view[RECURRENT_BIAS]);
    float *to = packed_gate(call, p, panel, gate);
    gemm_pack_rows(soma_cpu_floats(&call->view[RECURRENT_WEIGHT]) + column, p->columns, p->size.units, count, to);
    to += p->size.units * GEMM_COLUMNS;
    memset(to, 0, GEMM_COLUMNS * sizeof *to);
    if (bias) memcpy(to, bias + column, count * sizeof *to);
}

static void begin_sample(const soma_call *call, const recurrent_plan *p, size_t sample) {
    const float *state = soma_cpu_optional(&call->view[RECURRENT_STATE]);
    const size_t bytes = p->size.units * sizeof *state;
    if (state)
        memcpy(state_of(call, p, 0, sample), state + sample * p->size.units, bytes);
    else
        memset(state_of(call, p, 0, sample), 0, bytes);
}

/* A task for each panel that is packed, and one for the first state. */
static void pack_task(const soma_call *call, const soma_cpu_plan *plan, size_t task, uint32_t thread) {
    (void)thread;
    const recurrent_plan *p = plan->detail;
    const size_t panel = p->direct + task;
    if (panel == p->panels)
        for (size_t sample = 0; sample < p->size.samples; sample++) begin_sample(call, p, sample);
    else
        for (size_t gate = 0; gate < p->gates; gate++) pack_gate(call, p, panel, gate);
}

/* --------------------------------------------------------------------------------------------------- some units */

/* Of one sample and one panel: `count` units. */
typedef struct row {
    size_t count, units;   /* a gate's columns of x lie `units` apart */
    const float *x, *sums; /* sums of the products, with their bias: PITCH apart */
    const float *h, *c;    /* before the step */
    float *y, *cells;
    float *kept; /* `apart` from each other */
    size_t apart;
} row;
#define PITCH (GEMM_ROWS * GEMM_COLUMNS)

static void relu_row(const row *r) {
    const float *x = r->x, *sums = r->sums;
    float *y = r->y;
    SOMA_INDEPENDENT
    for (size_t j = 0; j < r->count; j++) {
        float value = x[j] + sums[j];
        y[j] = value < 0.0f ? 0.0f : value;
    }
}

static void tanh_row(const row *r) {
    const float *x = r->x, *sums = r->sums;
    float *y = r->y;
    SOMA_INDEPENDENT
    for (size_t j = 0; j < r->count; j++) y[j] = TANH(x[j] + sums[j]);
}

static inline __attribute__((always_inline)) void lstm_units(const row *r, size_t count) {
    const float *x = r->x, *sums = r->sums, *c = r->c;
    const size_t units = r->units;
    float *y = r->y, *cells = r->cells;
    float *i = r->kept, *f = i + r->apart, *g = f + r->apart, *o = g + r->apart;
    SOMA_INDEPENDENT
    for (size_t j = 0; j < count; j++) {
        const lstm_cell cell =
            lstm_step(x[j] + sums[j], x[units + j] + sums[PITCH + j], x[2 * units + j] + sums[2 * PITCH + j],
                      x[3 * units + j] + sums[3 * PITCH + j], c[j]);
        i[j] = cell.i;
        f[j] = cell.f;
        g[j] = cell.g;
        o[j] = cell.o;
        cells[j] = cell.c;
        y[j] = cell.h;
    }
}

/* Of whole panels, which most are, the compiler knows the number of units. */
static void lstm_row(const row *r) {
    if (r->count == GEMM_COLUMNS)
        lstm_units(r, GEMM_COLUMNS);
    else
        lstm_units(r, r->count);
}

static void gru_row(const row *r) {
    const float *x = r->x, *sums = r->sums, *h = r->h;
    const size_t units = r->units;
    float *y = r->y;
    float *update = r->kept, *reset = update + r->apart, *candidate = reset + r->apart, *p = candidate + r->apart;
    SOMA_INDEPENDENT
    for (size_t j = 0; j < r->count; j++) {
        const float z = SOMA_GATE(x[j] + sums[j]), gate = SOMA_GATE(x[units + j] + sums[PITCH + j]);
        const float product = sums[2 * PITCH + j], n = TANH(x[2 * units + j] + gate * product);
        update[j] = z;
        reset[j] = gate;
        candidate[j] = n;
        p[j] = product;
        y[j] = gru_state(z, n, h[j]);
    }
}

/* Where the reset gate comes first: z and r h of the workspace, and in the second phase what they lead to. */
static void reset_row(const row *r, float *z, float *product) {
    const float *x = r->x, *sums = r->sums, *h = r->h;
    const size_t units = r->units;
    float *update = r->kept, *reset = update + r->apart, *last = reset + 2 * r->apart;
    SOMA_INDEPENDENT
    for (size_t j = 0; j < r->count; j++) {
        const float gate = SOMA_GATE(x[units + j] + sums[PITCH + j]);
        update[j] = z[j] = SOMA_GATE(x[j] + sums[j]);
        reset[j] = gate;
        last[j] = product[j] = gate * h[j];
    }
}

static void candidate_row(const row *r, const float *z) {
    const float *x = r->x + 2 * r->units, *sums = r->sums, *h = r->h;
    float *y = r->y, *candidate = r->kept + 2 * r->apart;
    SOMA_INDEPENDENT
    for (size_t j = 0; j < r->count; j++) {
        const float n = TANH(x[j] + sums[j]);
        candidate[j] = n;
        y[j] = gru_state(z[j], n, h[j]);
    }
}

/* A masked step. */
static void rest_row(const row *r, size_t kept) {
    memcpy(r->y, r->h, r->count * sizeof *r->y);
    if (r->cells && r->cells != r->c) memcpy(r->cells, r->c, r->count * sizeof *r->cells);
    for (size_t i = 0; i < kept; i++) memset(r->kept + i * r->apart, 0, r->count * sizeof *r->kept);
}

/* ------------------------------------------------------------------------------------------------------- tasks */

/* What stands for memory that is not there: cells of 0, and a place for what nobody keeps. */
static const float zeros[GEMM_COLUMNS];

static float *cells_of(const soma_call *call, const recurrent_plan *p) {
    return (float *)soma_cpu_workspace(call) + p->second;
}

static const float *cells_before(const recurrent_task *t, const float *cells, size_t sample) {
    const recurrent_plan *p = t->plan;
    const size_t before = soma_recurrent_step(&p->params, p->size.steps, t->round - 1);
    return cells + recurrent_row(p, sample, before) * p->size.units;
}

static row row_of(const soma_call *call, const recurrent_task *t, size_t sample, soma_range units, float *spare) {
    const recurrent_plan *p = t->plan;
    const size_t at = recurrent_row(p, sample, t->step), number = p->size.units,
                 kept = soma_recurrent_kept(p->params.kind);
    float *gates = soma_cpu_optional(&call->view[RECURRENT_GATES]),
          *cells = soma_cpu_optional(&call->view[RECURRENT_CELLS]);
    const float *cell = soma_cpu_optional(&call->view[RECURRENT_CELL]);
    row r = {.count = units.end - units.begin, .units = number, .kept = spare, .apart = GEMM_COLUMNS, .c = zeros};
    r.x = soma_cpu_floats(&call->view[RECURRENT_X]) + at * p->columns + units.begin;
    r.y = soma_cpu_floats(&call->view[RECURRENT_Y]) + at * number + units.begin;
    r.h = state_of(call, p, t->round, sample) + units.begin;
    if (gates) {
        r.kept = gates + at * kept * number + units.begin;
        r.apart = number;
    }
    if (p->params.kind != SOMA_RECURRENT_LSTM) return r;
    r.cells = cells ? cells + at * number + units.begin : cells_of(call, p) + sample * number + units.begin;
    if (t->round > 0)
        r.c = cells ? cells_before(t, cells, sample) + units.begin : r.cells;
    else if (cell)
        r.c = cell + sample * number + units.begin;
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

static void fetch_row(const recurrent_plan *p, const row *r) {
    const size_t kept = soma_recurrent_kept(p->params.kind);
    for (size_t i = 0; i < kept; i++) recurrent_fetch_to_write(r->kept + i * r->apart, r->count);
    recurrent_fetch_to_write(r->y, r->count);
    if (r->cells) recurrent_fetch_to_write(r->cells, r->count);
}

/*
 * What a row reads far off, brought into pieces that lie PITCH apart: of each gate of x, and of the cells. All rows'
 * together, so that the processor waits for many lines at once, and in a row's arithmetic for none.
 */
static void bring_row(const recurrent_plan *p, row *r, float *pieces) {
    for (size_t i = 0; i < p->gates; i++) recurrent_copy(pieces + i * PITCH, r->x + i * r->units, r->count);
    r->x = pieces;
    r->units = PITCH;
    if (!r->cells) return;
    recurrent_copy(pieces + p->gates * PITCH, r->c, r->count);
    r->c = pieces + p->gates * PITCH;
}

/* Where the weights of a panel lie: of a gate `step` behind those of the one before, rows `pitch` apart. */
typedef struct panel_weights {
    const float *at, *bias; /* bias: NULL without one */
    size_t pitch, step;
} panel_weights;

static panel_weights weights_of(const soma_call *call, const recurrent_plan *p, size_t panel, size_t first) {
    const float *weight = soma_cpu_floats(&call->view[RECURRENT_WEIGHT]),
                *bias = soma_cpu_optional(&call->view[RECURRENT_BIAS]);
    const size_t units = p->size.units, column = first * units + panel * GEMM_COLUMNS;
    if (panel < p->direct) return (panel_weights){weight + column, bias ? bias + column : NULL, p->columns, units};
    const float *packed = packed_gate(call, p, panel, first);
    return (panel_weights){packed, packed + units * GEMM_COLUMNS, GEMM_COLUMNS, packed_gate_floats(p)};
}

/*
 * The sums of one sample, of all gates at once: those of a gate are so few that each addition would wait for the one
 * before. An element comes about by the same arithmetic as in a tile.
 */
static inline __attribute__((always_inline)) void multiply_gates(const float *from, size_t units,
                                                                 const panel_weights *w, size_t count, float *sums) {
    soma_vector sum[LSTM_GATES][GEMM_VECTORS];
    SOMA_UNROLL
    for (size_t gate = 0; gate < count; gate++)
        for (int j = 0; j < GEMM_VECTORS; j++) sum[gate][j] = (soma_vector){0};
    const float *weights = w->at;
    for (size_t k = 0; k < units; k++, weights += w->pitch) {
        SOMA_UNROLL
        for (size_t gate = 0; gate < count; gate++)
            for (int j = 0; j < GEMM_VECTORS; j++)
                sum[gate][j] += from[k] * ((const soma_vector *)(weights + gate * w->step))[j];
    }
    SOMA_UNROLL
    for (size_t gate = 0; gate < count; gate++)
        for (int j = 0; j < GEMM_VECTORS; j++) {
            soma_vector value = {0};
            if (w->bias) value = ((const soma_vector *)(w->bias + gate * w->step))[j];
            ((soma_vector *)(sums + gate * PITCH))[j] = value + sum[gate][j];
        }
}

static void multiply_one(const float *from, size_t units, const panel_weights *w, size_t count, float *sums) {
    if (count == 4)
        multiply_gates(from, units, w, 4, sums);
    else if (count == 3)
        multiply_gates(from, units, w, 3, sums);
    else if (count == 2)
        multiply_gates(from, units, w, 2, sums);
    else
        multiply_gates(from, units, w, 1, sums);
}

/* The sums of some samples, GEMM_ROWS at most, for `count` gates of a panel. */
static void multiply_panel(const soma_call *call, const recurrent_plan *p, const float *from, size_t rows, size_t panel,
                           size_t first, size_t count, float *sums) {
    const panel_weights w = weights_of(call, p, panel, first);
    if (rows == 1) {
        multiply_one(from, p->size.units, &w, count, sums);
        return;
    }
    for (size_t gate = 0; gate < count; gate++)
        recurrent_multiply_panel(from, recurrent_pitch(p->size.units), rows, p->size.units, w.at + gate * w.step,
                                 w.pitch, w.bias ? w.bias + gate * w.step : NULL, sums + gate * PITCH);
}

enum phase { WHOLE, RESET, CANDIDATE };

static void run_row(const soma_call *call, const recurrent_task *t, enum phase phase, row *r, size_t sample,
                    size_t unit) {
    const recurrent_plan *p = t->plan;
    float *product = p->params.reset_before ? reset_of(call, p, sample) + unit : NULL;
    float *z = product ? update_of(call, p, sample) + unit : NULL;
    if (recurrent_rests(soma_cpu_optional(&call->view[RECURRENT_MASK]), p, sample, t->step))
        rest_row(r, soma_recurrent_kept(p->params.kind));
    else if (phase == RESET)
        reset_row(r, z, product);
    else if (phase == CANDIDATE)
        candidate_row(r, z);
    else
        whole_row(p, r);
    if (phase != RESET) recurrent_copy(state_of(call, p, t->round + 1, sample) + unit, r->y, r->count);
}

static void run_panel(const soma_call *call, const recurrent_task *t, enum phase phase, size_t panel) {
    const recurrent_plan *p = t->plan;
    const soma_range units = recurrent_units(p, panel);
    const size_t first = phase == CANDIDATE ? GRU_CANDIDATE : 0;
    const size_t count = phase == CANDIDATE ? 1 : phase == RESET ? GRU_CANDIDATE : p->gates;
    _Alignas(SOMA_CPU_ALIGNMENT) float sums[LSTM_GATES * PITCH], spare[4 * GEMM_COLUMNS],
        pieces[(LSTM_GATES + 1) * PITCH];
    row rows[GEMM_ROWS];
    for (size_t at = t->samples.begin; at < t->samples.end; at += GEMM_ROWS) {
        const size_t number = SOMA_MIN((size_t)GEMM_ROWS, t->samples.end - at);
        for (size_t i = 0; i < number; i++) {
            rows[i] = row_of(call, t, at + i, units, spare);
            rows[i].sums = sums + i * GEMM_COLUMNS;
            if (i < RECURRENT_AHEAD) fetch_row(p, &rows[i]);
        }
        const float *from = phase == CANDIDATE ? reset_of(call, p, at) : state_of(call, p, t->round, at);
        multiply_panel(call, p, from, number, panel, first, count, sums);
        for (size_t i = 0; i < number; i++) bring_row(p, &rows[i], pieces + i * GEMM_COLUMNS);
        for (size_t i = 0; i < number; i++) {
            if (i + RECURRENT_AHEAD < number) fetch_row(p, &rows[i + RECURRENT_AHEAD]);
            run_row(call, t, phase, &rows[i], at + i, units.begin);
        }
    }
}

static void run_task(const soma_call *call, const soma_cpu_plan *plan, size_t task, enum phase phase) {
    const recurrent_plan *p = plan->detail;
    const recurrent_task t = recurrent_task_of(p, task);
    for (size_t panel = t.panels.begin; panel < t.panels.end; panel++) run_panel(call, &t, phase, panel);
}

static void whole_task(const soma_call *call, const soma_cpu_plan *plan, size_t task, uint32_t thread) {
    (void)thread;
    run_task(call, plan, task, WHOLE);
}

static void reset_task(const soma_call *call, const soma_cpu_plan *plan, size_t task, uint32_t thread) {
    (void)thread;
    run_task(call, plan, task, RESET);
}

static void candidate_task(const soma_call *call, const soma_cpu_plan *plan, size_t task, uint32_t thread) {
    (void)thread;
    run_task(call, plan, task, CANDIDATE);
}

SOMA_CPU_PLANNER(recurrent) {
    const soma_view *y = &call->view[RECURRENT_Y];
    const soma_recurrent_size size = soma_recurrent_size_of(y);
    if (y->dtype != SOMA_F32) return SOMA_UNSUPPORTED;
    const bool before = call->params.recurrent.kind == SOMA_RECURRENT_GRU && call->params.recurrent.reset_before;
    const size_t state = size.samples * size.units, padded = size.samples * recurrent_pitch(size.units);
    recurrent_plan *p = recurrent_plan_of(call, size, plan);
    if (!p) return soma_out_of_memory(sizeof *p, "the plan of a recurrent layer");
    if (soma_view_count(y) == 0) return SOMA_OK;
    if (soma_fast_paths() && size.steps * soma_cpu_parts(size.samples, GEMM_ROWS) <= DIRECT_USES)
        p->direct = size.units / GEMM_COLUMNS;
    const bool spare_cells = p->params.kind == SOMA_RECURRENT_LSTM && !call->view[RECURRENT_CELLS].rank;
    recurrent_plan_workspace(p, plan, (p->panels - p->direct) * p->gates * packed_gate_floats(p), 2 * padded,
                             before        ? padded
                             : spare_cells ? state
                                           : 0,
                             before ? state : 0);
    soma_cpu_add_phase(plan, pack_task, p->panels - p->direct + 1);
    if (before) {
        soma_cpu_add_phase(plan, reset_task, p->tasks);
        soma_cpu_add_phase(plan, candidate_task, p->tasks);
    } else
        soma_cpu_add_phase(plan, whole_task, p->tasks);
    soma_cpu_repeat_phases(plan, before ? 2 : 1, size.steps);
    return SOMA_OK;
}
