/* SPDX-License-Identifier: MIT */
/* RECURRENT. */
#include "device/cpu/recurrent_row.h"

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

/* Where a gate of a panel is in the packed weights. */
static size_t packed_place(const recurrent_plan *p, size_t panel, size_t gate) {
    return ((panel - p->direct) * p->gates + gate) * packed_gate_floats(p);
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

static void pack_bias(const soma_call *call, size_t column, size_t count, float *to) {
    const float *bias = soma_cpu_optional(&call->view[RECURRENT_BIAS]);
    memset(to, 0, GEMM_COLUMNS * sizeof *to);
    if (bias) memcpy(to, bias + column, count * sizeof *to);
}

/* So many rows ahead of its turn the weights of a row are asked for: pieces of rows are not foreseen by the hardware.
 */
#define ROWS_AHEAD 4

/* Whole panels, all at once, so that rows are read in long pieces. */
static void pack_whole(const soma_call *call, const recurrent_plan *p, soma_range panels, float *packed) {
    const size_t count = soma_range_length(panels) * GEMM_COLUMNS, units = p->size.units;
    const float *from = soma_cpu_floats(&call->view[RECURRENT_WEIGHT]) + panels.begin * GEMM_COLUMNS;
    for (size_t k = 0; k < units; k++, from += p->columns)
        for (size_t gate = 0; gate < p->gates; gate++) {
            if (k + ROWS_AHEAD < units) recurrent_fetch(from + ROWS_AHEAD * p->columns + gate * units, count);
            for (size_t panel = panels.begin; panel < panels.end; panel++)
                gemm_copy_vectors(packed + packed_place(p, panel, gate) + k * GEMM_COLUMNS,
                                  from + gate * units + (panel - panels.begin) * GEMM_COLUMNS, GEMM_VECTORS);
        }
}

static void pack(const soma_call *call, const recurrent_plan *p, soma_range panels, float *packed) {
    const float *weight = soma_cpu_floats(&call->view[RECURRENT_WEIGHT]);
    panels.begin = SOMA_MAX(panels.begin, p->direct);
    const soma_range whole = {panels.begin, SOMA_MIN(panels.end, p->size.units / GEMM_COLUMNS)};
    if (whole.begin < whole.end) pack_whole(call, p, whole, packed);
    for (size_t panel = panels.begin; panel < panels.end; panel++)
        for (size_t gate = 0; gate < p->gates; gate++) {
            const soma_range own = recurrent_units(p, (soma_range){panel, panel + 1});
            const size_t column = gate * p->size.units + own.begin, count = soma_range_length(own);
            float *to = packed + packed_place(p, panel, gate);
            if (panel >= whole.end) gemm_pack_rows(weight + column, p->columns, p->size.units, count, to);
            pack_bias(call, column, count, to + p->size.units * GEMM_COLUMNS);
        }
}

/* The first state, as products take it. */
static void begin(const soma_call *call, const recurrent_plan *p, soma_range samples, soma_range units) {
    const float *state = soma_cpu_optional(&call->view[RECURRENT_STATE]);
    const size_t bytes = soma_range_length(units) * sizeof *state;
    for (size_t sample = samples.begin; sample < samples.end; sample++) {
        float *to = state_of(call, p, 0, sample) + units.begin;
        if (state)
            memcpy(to, state + sample * p->size.units + units.begin, bytes);
        else
            memset(to, 0, bytes);
    }
}

static void pack_task(const soma_call *call, const soma_cpu_plan *plan, size_t task, uint32_t thread) {
    const recurrent_plan *p = plan->detail;
    const soma_range panels = recurrent_panels(p, task);
    pack(call, p, panels, recurrent_packed(call, p, thread));
    begin(call, p, (soma_range){0, p->size.samples}, recurrent_units(p, panels));
}

/* ------------------------------------------------------------------------------------------------------- tasks */

/* What stands for memory that is not there: cells of 0, and a place for what nobody keeps. */
static const float zeros[RECURRENT_RUN];

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
    row r = {.count = units.end - units.begin, .units = number, .kept = spare, .apart = RECURRENT_RUN, .c = zeros};
    r.x = soma_cpu_floats(&call->view[RECURRENT_X]) + at * p->columns + units.begin;
    r.y = soma_cpu_floats(&call->view[RECURRENT_Y]) + at * number + units.begin;
    r.h = state_of(call, p, t->round, sample) + units.begin;
    r.next = state_of(call, p, t->round + 1, sample) + units.begin;
    if (gates) {
        r.kept = gates + at * kept * number + units.begin;
        r.apart = number;
    }
    if (p->params.reset_before) {
        r.z = update_of(call, p, sample) + units.begin;
        r.product = reset_of(call, p, sample) + units.begin;
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
    for (size_t i = 0; i < p->gates; i++) recurrent_fetch(r->x + i * r->units, r->count);
    for (size_t i = 0; i < kept; i++) recurrent_fetch_to_write(r->kept + i * r->apart, r->count);
    recurrent_fetch_to_write(r->y, r->count);
    if (!r->cells) return;
    recurrent_fetch(r->c, r->count);
    recurrent_fetch_to_write(r->cells, r->count);
}

/* Where the weights of a panel lie: of a gate `step` behind those of the one before, rows `pitch` apart. */
typedef struct panel_weights {
    const float *at, *bias; /* bias: NULL without one */
    size_t pitch, step;
} panel_weights;

static panel_weights weights_of(const soma_call *call, const recurrent_task *t, size_t panel, size_t first) {
    const recurrent_plan *p = t->plan;
    const float *weight = soma_cpu_floats(&call->view[RECURRENT_WEIGHT]),
                *bias = soma_cpu_optional(&call->view[RECURRENT_BIAS]);
    const size_t units = p->size.units, column = first * units + panel * GEMM_COLUMNS;
    if (panel < p->direct) return (panel_weights){weight + column, bias ? bias + column : NULL, p->columns, units};
    const float *packed = t->packed + packed_place(p, panel, first);
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
static void multiply_panel(const soma_call *call, const recurrent_task *t, const float *from, size_t rows, size_t panel,
                           size_t first, size_t count, float *sums) {
    const recurrent_plan *p = t->plan;
    const panel_weights w = weights_of(call, t, panel, first);
    if (rows == 1) {
        multiply_one(from, p->size.units, &w, count, sums);
        return;
    }
    for (size_t gate = 0; gate < count; gate++)
        recurrent_multiply(from, recurrent_pitch(p->size.units), rows, p->size.units, w.at + gate * w.step, w.pitch,
                           w.bias ? w.bias + gate * w.step : NULL, sums + gate * PITCH);
}

enum phase { WHOLE, RESET, CANDIDATE };

static void run_row(const soma_call *call, const recurrent_task *t, enum phase phase, const row *r, size_t sample) {
    const recurrent_plan *p = t->plan;
    if (recurrent_rests(soma_cpu_optional(&call->view[RECURRENT_MASK]), p, sample, t->step))
        rest_row(r, soma_recurrent_kept(p->params.kind));
    else if (phase == RESET)
        reset_row(r);
    else if (phase == CANDIDATE)
        candidate_row(r);
    else
        whole_row(p, r);
}

/* Some panels of some samples, GEMM_ROWS at most. */
static void run_block(const soma_call *call, const recurrent_task *t, enum phase phase, soma_range panels,
                      soma_range samples) {
    const recurrent_plan *p = t->plan;
    const soma_range units = recurrent_units(p, panels);
    const size_t first = phase == CANDIDATE ? GRU_CANDIDATE : 0, number = soma_range_length(samples);
    const size_t count = phase == CANDIDATE ? 1 : phase == RESET ? GRU_CANDIDATE : p->gates;
    _Alignas(SOMA_CPU_ALIGNMENT) float sums[LSTM_GATES * PITCH], spare[4 * RECURRENT_RUN];
    const float *from =
        phase == CANDIDATE ? reset_of(call, p, samples.begin) : state_of(call, p, t->round, samples.begin);
    for (size_t panel = panels.begin; panel < panels.end; panel++)
        multiply_panel(call, t, from, number, panel, first, count, sums + (panel - panels.begin) * GEMM_COLUMNS);
    row next = row_of(call, t, samples.begin, units, spare);
    fetch_row(p, &next);
    for (size_t i = 0; i < number; i++) {
        row r = next;
        r.sums = sums + i * RECURRENT_RUN;
        if (i + 1 < number) {
            next = row_of(call, t, samples.begin + i + 1, units, spare);
            fetch_row(p, &next);
        }
        run_row(call, t, phase, &r, samples.begin + i);
    }
}

static void run_task(const soma_call *call, const soma_cpu_plan *plan, size_t task, uint32_t thread, enum phase phase) {
    const recurrent_task t = recurrent_task_of(call, plan->detail, task, thread);
    for (size_t panel = t.panels.begin; panel < t.panels.end; panel += RECURRENT_PANELS) {
        const soma_range panels = {panel, SOMA_MIN(panel + RECURRENT_PANELS, t.panels.end)};
        for (size_t block = 0; block < recurrent_blocks(t.samples); block++)
            run_block(call, &t, phase, panels, recurrent_block(t.samples, block));
    }
}

static void whole_task(const soma_call *call, const soma_cpu_plan *plan, size_t task, uint32_t thread) {
    run_task(call, plan, task, thread, WHOLE);
}

static void reset_task(const soma_call *call, const soma_cpu_plan *plan, size_t task, uint32_t thread) {
    run_task(call, plan, task, thread, RESET);
}

static void candidate_task(const soma_call *call, const soma_cpu_plan *plan, size_t task, uint32_t thread) {
    run_task(call, plan, task, thread, CANDIDATE);
}

static bool is_reset_first(const recurrent_plan *p) {
    return p->params.kind == SOMA_RECURRENT_GRU && p->params.reset_before;
}

/* All steps of a task's samples. */
static void steps_task(const soma_call *call, const soma_cpu_plan *plan, size_t task, uint32_t thread) {
    const recurrent_plan *p = plan->detail;
    const recurrent_task t = recurrent_task_of(call, p, task, thread);
    recurrent_pack_once(call, &t, thread, pack);
    begin(call, p, t.samples, recurrent_units(p, t.panels));
    for (size_t round = 0; round < p->size.steps; round++) {
        run_task(call, plan, round * p->tasks + task, thread, is_reset_first(p) ? RESET : WHOLE);
        if (is_reset_first(p)) run_task(call, plan, round * p->tasks + task, thread, CANDIDATE);
    }
}

SOMA_CPU_PLANNER(recurrent) {
    const soma_view *y = &call->view[RECURRENT_Y];
    const soma_recurrent_size size = soma_recurrent_size_of(y);
    if (y->dtype != SOMA_F32) return SOMA_UNSUPPORTED;
    const size_t state = size.samples * size.units, padded = size.samples * recurrent_pitch(size.units);
    recurrent_plan *p = recurrent_plan_of(call, size, plan);
    if (!p) return soma_out_of_memory(sizeof *p, "the plan of a recurrent layer");
    if (soma_view_count(y) == 0) return SOMA_OK;
    const bool before = is_reset_first(p);
    if (soma_fast_paths() && size.steps * soma_cpu_parts(size.samples, GEMM_ROWS) <= DIRECT_USES)
        p->direct = size.units / GEMM_COLUMNS;
    const bool spare_cells = p->params.kind == SOMA_RECURRENT_LSTM && !call->view[RECURRENT_CELLS].rank;
    recurrent_plan_workspace(p, plan, (p->panels - p->direct) * p->gates * packed_gate_floats(p), 2 * padded,
                             before        ? padded
                             : spare_cells ? state
                                           : 0,
                             before ? state : 0);
    const recurrent_tasks tasks = {pack_task, before ? reset_task : whole_task, before ? candidate_task : NULL,
                                   steps_task};
    recurrent_add_steps(p, plan, size.steps, &tasks);
    return SOMA_OK;
}
