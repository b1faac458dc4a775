/* SPDX-License-Identifier: MIT */
/* Cases of RECURRENT. */
#include "device/conformance/recurrent.h"

/* ------------------------------------------------------------------------------------------------------- bound */

/* Steps of one sample: h before and after, c, and r h of a GRU. The arrays are of the whole batch's expected results: a
 * step is where its numbers are written, and read again by the next. */
typedef struct track {
    const soma_call *call;
    soma_bounded *const *expected;
    soma_recurrent_size size;
    size_t sample, round, row, columns;
    soma_bounded *cell; /* of each unit, so far */
} track;

static size_t row_at(const track *t, size_t round) {
    return t->sample * t->size.steps + soma_recurrent_step(&t->call->params.recurrent, t->size.steps, round);
}

/* The state that the step finds. */
static soma_bounded state_of(const track *t, size_t unit) {
    if (t->round > 0) return t->expected[RECURRENT_Y][row_at(t, t->round - 1) * t->size.units + unit];
    return recurrent_given(&t->call->view[RECURRENT_STATE], t->sample * t->size.units + unit);
}

static soma_bounded input(const track *t, size_t gate, size_t unit) {
    return soma_given(&t->call->view[RECURRENT_X], t->row * t->columns + gate * t->size.units + unit);
}

static void add_bias(const track *t, soma_bounded_sum *sum, size_t column) {
    if (soma_view_present(&t->call->view[RECURRENT_BIAS]))
        soma_bounded_sum_add(sum, soma_given(&t->call->view[RECURRENT_BIAS], column));
}

/* Of the state, or of r h where the reset gate comes first, with the weights of a gate. */
static soma_bounded_sum sum_of(const track *t, size_t gate, size_t unit, bool reset);

static soma_bounded gate_of(const track *t, size_t gate, size_t unit) {
    soma_bounded_sum sum = sum_of(t, gate, unit, false);
    soma_bounded_sum_add(&sum, input(t, gate, unit));
    return soma_bounded_sigmoid(soma_bounded_sum_result(&sum));
}

static soma_bounded_sum sum_of(const track *t, size_t gate, size_t unit, bool reset) {
    soma_bounded_sum sum = {0};
    const size_t column = gate * t->size.units + unit;
    for (size_t k = 0; k < t->size.units; k++) {
        soma_bounded value = state_of(t, k);
        if (reset) value = soma_bounded_multiply(gate_of(t, GRU_RESET, k), value);
        soma_bounded weight = soma_given(&t->call->view[RECURRENT_WEIGHT], k * t->columns + column);
        soma_bounded_sum_add(&sum, soma_bounded_multiply(value, weight));
    }
    add_bias(t, &sum, column);
    return sum;
}

static soma_bounded candidate_of(const track *t, size_t gate, size_t unit) {
    soma_bounded_sum sum = sum_of(t, gate, unit, false);
    soma_bounded_sum_add(&sum, input(t, gate, unit));
    return soma_bounded_sum_result(&sum);
}

static void keep(const track *t, size_t which, size_t unit, soma_bounded value) {
    const size_t kept = soma_recurrent_kept(t->call->params.recurrent.kind);
    if (soma_view_present(&t->call->view[RECURRENT_GATES]))
        t->expected[RECURRENT_GATES][(t->row * kept + which) * t->size.units + unit] = value;
}

static soma_bounded lstm_bound(const track *t, size_t unit) {
    soma_bounded i = gate_of(t, LSTM_INPUT, unit), f = gate_of(t, LSTM_FORGET, unit),
                 g = soma_bounded_tanh(candidate_of(t, LSTM_CANDIDATE, unit)), o = gate_of(t, LSTM_OUTPUT, unit);
    soma_bounded c = soma_bounded_add(soma_bounded_multiply(f, t->cell[unit]), soma_bounded_multiply(i, g));
    t->cell[unit] = c;
    keep(t, LSTM_INPUT, unit, i);
    keep(t, LSTM_FORGET, unit, f);
    keep(t, LSTM_CANDIDATE, unit, g);
    keep(t, LSTM_OUTPUT, unit, o);
    return soma_bounded_multiply(o, soma_bounded_tanh(c));
}

static soma_bounded gru_bound(const track *t, size_t unit) {
    const bool before = t->call->params.recurrent.reset_before;
    soma_bounded h = state_of(t, unit), z = gate_of(t, GRU_UPDATE, unit), r = gate_of(t, GRU_RESET, unit);
    soma_bounded_sum sum = sum_of(t, GRU_CANDIDATE, unit, before);
    soma_bounded product = soma_bounded_sum_result(&sum);
    soma_bounded moved = before ? product : soma_bounded_multiply(r, product);
    soma_bounded n = soma_bounded_tanh(soma_bounded_add(input(t, GRU_CANDIDATE, unit), moved));
    keep(t, GRU_UPDATE, unit, z);
    keep(t, GRU_RESET, unit, r);
    keep(t, GRU_CANDIDATE, unit, n);
    keep(t, GRU_KEPT, unit, before ? soma_bounded_multiply(r, h) : product);
    soma_bounded fresh = soma_bounded_multiply(soma_bounded_subtract(soma_exact(1.0), z), n);
    return soma_bounded_add(fresh, soma_bounded_multiply(z, h));
}

static void unit_bound(const track *t, size_t unit) {
    const soma_recurrent_params *params = &t->call->params.recurrent;
    const soma_view *mask = &t->call->view[RECURRENT_MASK];
    const size_t at = t->row * t->size.units + unit;
    soma_bounded h;
    if (soma_view_present(mask) && soma_element_get(mask, t->row) == 0.0) {
        h = state_of(t, unit);
        for (size_t i = 0; i < soma_recurrent_kept(params->kind); i++) keep(t, i, unit, soma_exact(0.0));
    } else if (params->kind == SOMA_RECURRENT_LSTM)
        h = lstm_bound(t, unit);
    else if (params->kind == SOMA_RECURRENT_GRU)
        h = gru_bound(t, unit);
    else
        h = soma_bounded_function(params->function, candidate_of(t, 0, unit), 0, 0);
    t->expected[RECURRENT_Y][at] = h;
    if (soma_view_present(&t->call->view[RECURRENT_CELLS])) t->expected[RECURRENT_CELLS][at] = t->cell[unit];
}

static void recurrent_bound(const soma_call *before, soma_bounded *const *expected) {
    soma_bounded cell[RECURRENT_MOST_UNITS];
    track t = {
        .call = before, .expected = expected, .cell = cell, .size = soma_recurrent_size_of(&before->view[RECURRENT_Y])};
    t.columns = before->view[RECURRENT_WEIGHT].shape[1];
    for (t.sample = 0; t.sample < t.size.samples; t.sample++) {
        for (size_t unit = 0; unit < t.size.units; unit++)
            cell[unit] = recurrent_given(&before->view[RECURRENT_CELL], t.sample * t.size.units + unit);
        for (t.round = 0; t.round < t.size.steps; t.round++) {
            t.row = row_at(&t, t.round);
            for (size_t unit = 0; unit < t.size.units; unit++) unit_bound(&t, unit);
        }
    }
}

/* ------------------------------------------------------------------------------------------------------- cases */

static soma_call make_call(soma_recurrent_size size, size_t kind, unsigned mix) {
    soma_recurrent_params params = recurrent_kinds[kind].params;
    params.reverse = mix & REVERSE;
    const recurrent_shapes s = recurrent_shapes_of(size, params.kind);
    const bool lstm = params.kind == SOMA_RECURRENT_LSTM;
    const soma_recurrent_views views = {
        .x = s.columns,
        .weight = s.weight,
        .bias = recurrent_view_if(mix & WITH_BIAS, s.bias),
        .mask = recurrent_view_if(mix & WITH_MASK, s.mask),
        .state = recurrent_view_if(mix & WITH_STATE, s.state),
        .cell = recurrent_view_if(lstm && mix & WITH_CELL, s.state),
        .y = s.sequence,
        .cells = recurrent_view_if(lstm && mix & WITH_GATES, s.sequence),
        .gates = recurrent_view_if(mix & WITH_GATES && params.kind != SOMA_RECURRENT_RNN, s.kept)};
    return soma_call_recurrent(&views, params);
}

static void begin_case(soma_suite *suite, soma_case *c, soma_recurrent_size size, size_t kind, unsigned mix) {
    soma_call call = make_call(size, kind, mix);
    soma_case_begin(suite, c, &call, recurrent_bound);
    recurrent_contents(suite, c, RECURRENT_WEIGHT, RECURRENT_MASK, size.units);
    recurrent_describe(c, size, kind, mix);
}

/* A number in x: in a step that counts it must reach y, in one that the mask leaves out nothing. */
static void special_case(soma_suite *suite, size_t kind, float value, bool masked) {
    const soma_recurrent_size size = {3, masked ? 2 : 1, 5};
    soma_case c;
    begin_case(suite, &c, size, kind, WITH_STATE | WITH_CELL | WITH_GATES | (masked ? WITH_MASK : 0));
    soma_case_whole(suite, &c, RECURRENT_MASK, 1, 1);
    soma_case_poke(&c, RECURRENT_MASK, 2, 0.0);
    const size_t columns = c.call.view[RECURRENT_X].shape[2];
    soma_case_poke(&c, RECURRENT_X, (masked ? 2 : 1) * columns + columns - 2, (double)value);
    c.garbage_is_finite = c.any_not_finite = true;
    soma_case_describe(&c, ", %g in x", (double)value);
    soma_case_run(suite, &c);
}

/* Gates that are wholly open, or shut. */
static void large_case(soma_suite *suite, size_t kind, double size) {
    soma_case c;
    begin_case(suite, &c, (soma_recurrent_size){3, 1, 13}, kind, WITH_BIAS | WITH_STATE | WITH_CELL | WITH_GATES);
    soma_case_uniform(suite, &c, RECURRENT_X, -size, size);
    soma_case_describe(&c, ", x up to %g", size);
    soma_case_run(suite, &c);
}

/* What is kept of the gates where x was. */
static void over_case(soma_suite *suite, soma_recurrent_size size, unsigned mix) {
    if (!soma_device_combines(suite->device, SOMA_PRIMITIVE_RECURRENT)) return;
    soma_case c;
    begin_case(suite, &c, size, KIND_LSTM, mix);
    soma_case_lay_over(&c, RECURRENT_GATES, RECURRENT_X);
    soma_case_run(suite, &c);
}

void soma_recurrent_cases(soma_suite *suite) {
    for (size_t kind = 0; kind < RECURRENT_KINDS; kind++) {
        for (size_t i = 0; i < RECURRENT_SIZE_COUNT; i++)
            for (size_t j = 0; j < RECURRENT_MIX_COUNT; j++) {
                if (i > 4 && (i + j) % 2) continue;
                soma_case c;
                begin_case(suite, &c, recurrent_sizes[i], kind, recurrent_mixes[j]);
                soma_case_run(suite, &c);
                if (kind == KIND_LSTM && recurrent_mixes[j] & WITH_GATES)
                    over_case(suite, recurrent_sizes[i], recurrent_mixes[j]);
            }
        for (size_t i = 0; i < SOMA_SPECIAL_COUNT; i++) {
            special_case(suite, kind, soma_specials[i], false);
            special_case(suite, kind, soma_specials[i], true);
        }
        large_case(suite, kind, 20.0);
        large_case(suite, kind, 1e30);
    }
}

void soma_recurrent_speeds(soma_suite *suite) {
    static const struct {
        const char *what;
        size_t kind, samples;
        unsigned mix;
    } rows[] = {{"LSTM", KIND_LSTM, 32, WITH_GATES},
                {"LSTM, one sequence", KIND_LSTM, 1, 0},
                {"GRU", KIND_GRU, 32, WITH_GATES},
                {"GRU, one sequence", KIND_GRU, 1, 0},
                {"RNN", KIND_RNN, 32, 0}};
    for (size_t i = 0; i < SOMA_COUNT_OF(rows); i++) {
        soma_case c;
        begin_case(suite, &c, (soma_recurrent_size){rows[i].samples, 64, 256}, rows[i].kind, rows[i].mix);
        soma_case_time(suite, &c, rows[i].what);
    }
}
