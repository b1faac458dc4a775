/* SPDX-License-Identifier: MIT */
/* Cases of RECURRENT_GRAD. What a forward pass would have left may be any numbers here: the formulas are the same. */
#include "device/conformance/recurrent.h"

/* ------------------------------------------------------------------------------------------------------- bound */

/* A sample's way back: of each unit the gradients of the state and cell after the step, and then before it. */
typedef struct track {
    const soma_call *call;
    soma_bounded *const *expected;
    soma_recurrent_size size;
    size_t sample, round, row, columns; /* round: in the order of the steps */
    soma_bounded *dh, *dc, *direct;
    soma_bounded *candidate; /* of a GRU whose reset gate comes after: the gradients of the candidate's products */
} track;

static size_t row_at(const track *t, size_t round) {
    return t->sample * t->size.steps + soma_recurrent_step(&t->call->params.recurrent, t->size.steps, round);
}

static soma_bounded before_step(const track *t, uint32_t all, uint32_t first, size_t unit) {
    if (t->round > 0) return soma_given(&t->call->view[all], row_at(t, t->round - 1) * t->size.units + unit);
    return recurrent_given(&t->call->view[first], t->sample * t->size.units + unit);
}

static soma_bounded kept(const track *t, size_t which, size_t unit) {
    const size_t count = soma_recurrent_kept(t->call->params.recurrent.kind);
    return soma_given(&t->call->view[RECURRENT_GRAD_GATES], (t->row * count + which) * t->size.units + unit);
}

static soma_bounded *gradient_at(const track *t, uint32_t view, size_t gate, size_t unit) {
    return &t->expected[view][t->row * t->columns + gate * t->size.units + unit];
}

static void rnn_bound(const track *t, size_t unit) {
    const soma_view *y = &t->call->view[RECURRENT_GRAD_Y];
    const double value = soma_element_get(y, t->row * t->size.units + unit);
    const soma_function function = t->call->params.recurrent.function;
    soma_bounded slope = soma_bounded_derivative(function, value, 0, 0);
    *gradient_at(t, RECURRENT_GRAD_DX, 0, unit) = soma_bounded_multiply(t->dh[unit], slope);
    t->direct[unit] = soma_exact(0.0);
}

static void lstm_bound(const track *t, size_t unit) {
    soma_bounded i = kept(t, LSTM_INPUT, unit), f = kept(t, LSTM_FORGET, unit), g = kept(t, LSTM_CANDIDATE, unit),
                 o = kept(t, LSTM_OUTPUT, unit), dh = t->dh[unit];
    soma_bounded squashed =
        soma_bounded_tanh(soma_given(&t->call->view[RECURRENT_GRAD_CELLS], t->row * t->size.units + unit));
    soma_bounded c = before_step(t, RECURRENT_GRAD_CELLS, RECURRENT_GRAD_CELL, unit);
    soma_bounded dc = soma_bounded_add(t->dc[unit], recurrent_product(dh, o, tanh_slope(squashed)));
    *gradient_at(t, RECURRENT_GRAD_DX, LSTM_INPUT, unit) = recurrent_product(dc, g, gate_slope(i));
    *gradient_at(t, RECURRENT_GRAD_DX, LSTM_FORGET, unit) = recurrent_product(dc, c, gate_slope(f));
    *gradient_at(t, RECURRENT_GRAD_DX, LSTM_CANDIDATE, unit) = recurrent_product(dc, i, tanh_slope(g));
    *gradient_at(t, RECURRENT_GRAD_DX, LSTM_OUTPUT, unit) = recurrent_product(dh, squashed, gate_slope(o));
    t->dc[unit] = soma_bounded_multiply(dc, f);
    t->direct[unit] = soma_exact(0.0);
}

static void gru_bound(const track *t, size_t unit) {
    soma_bounded z = kept(t, GRU_UPDATE, unit), r = kept(t, GRU_RESET, unit), n = kept(t, GRU_CANDIDATE, unit),
                 dh = t->dh[unit], h = before_step(t, RECURRENT_GRAD_Y, RECURRENT_GRAD_STATE, unit);
    soma_bounded fresh = soma_bounded_multiply(dh, soma_bounded_subtract(soma_exact(1.0), z));
    soma_bounded dn = soma_bounded_multiply(fresh, tanh_slope(n));
    soma_bounded dz = recurrent_product(dh, soma_bounded_subtract(h, n), gate_slope(z));
    *gradient_at(t, RECURRENT_GRAD_DX, GRU_UPDATE, unit) = dz;
    *gradient_at(t, RECURRENT_GRAD_DX, GRU_CANDIDATE, unit) = dn;
    t->direct[unit] = soma_bounded_multiply(dh, z);
    if (t->call->params.recurrent.reset_before) return;
    soma_bounded dr = recurrent_product(dn, kept(t, GRU_KEPT, unit), gate_slope(r));
    *gradient_at(t, RECURRENT_GRAD_DX, GRU_RESET, unit) = dr;
    t->candidate[unit] = soma_bounded_multiply(dn, r);
    if (!soma_view_present(&t->call->view[RECURRENT_GRAD_DRECURRENT])) return;
    *gradient_at(t, RECURRENT_GRAD_DRECURRENT, GRU_UPDATE, unit) = dz;
    *gradient_at(t, RECURRENT_GRAD_DRECURRENT, GRU_RESET, unit) = dr;
    *gradient_at(t, RECURRENT_GRAD_DRECURRENT, GRU_CANDIDATE, unit) = t->candidate[unit];
}

/* Adds gradients times weights, those of the columns of some gates. */
static soma_bounded through_weights(const track *t, size_t first, size_t count, size_t unit, soma_bounded direct) {
    const bool differs = soma_recurrent_differs(&t->call->params.recurrent);
    const size_t candidate = GRU_CANDIDATE * t->size.units;
    soma_bounded_sum sum = {0};
    soma_bounded_sum_add(&sum, direct);
    for (size_t k = first * t->size.units; k < (first + count) * t->size.units; k++) {
        soma_bounded weight = soma_given(&t->call->view[RECURRENT_GRAD_WEIGHT], unit * t->columns + k);
        soma_bounded value = differs && k >= candidate ? t->candidate[k - candidate]
                                                       : t->expected[RECURRENT_GRAD_DX][t->row * t->columns + k];
        soma_bounded_sum_add(&sum, soma_bounded_multiply(value, weight));
    }
    return soma_bounded_sum_result(&sum);
}

static void reset_bound(const track *t, size_t unit) {
    soma_bounded dreset = through_weights(t, GRU_CANDIDATE, 1, unit, soma_exact(0.0)), r = kept(t, GRU_RESET, unit);
    soma_bounded h = before_step(t, RECURRENT_GRAD_Y, RECURRENT_GRAD_STATE, unit);
    *gradient_at(t, RECURRENT_GRAD_DX, GRU_RESET, unit) = recurrent_product(dreset, h, gate_slope(r));
    t->direct[unit] = soma_bounded_add(t->direct[unit], soma_bounded_multiply(dreset, r));
}

static void step_bound(const track *t) {
    const soma_recurrent_params *params = &t->call->params.recurrent;
    const bool before = params->kind == SOMA_RECURRENT_GRU && params->reset_before;
    const size_t gates = before ? GRU_CANDIDATE : soma_recurrent_gates(params->kind);
    for (size_t unit = 0; unit < t->size.units; unit++)
        if (params->kind == SOMA_RECURRENT_LSTM)
            lstm_bound(t, unit);
        else if (params->kind == SOMA_RECURRENT_GRU)
            gru_bound(t, unit);
        else
            rnn_bound(t, unit);
    for (size_t unit = 0; before && unit < t->size.units; unit++) reset_bound(t, unit);
    for (size_t unit = 0; unit < t->size.units; unit++)
        t->dh[unit] = through_weights(t, 0, gates, unit, t->direct[unit]);
}

static void sample_bound(track *t) {
    const soma_view *mask = &t->call->view[RECURRENT_GRAD_MASK];
    for (size_t unit = 0; unit < t->size.units; unit++) t->dh[unit] = t->dc[unit] = soma_exact(0.0);
    for (size_t left = t->size.steps; left > 0; left--) {
        t->round = left - 1;
        t->row = row_at(t, t->round);
        for (size_t unit = 0; unit < t->size.units; unit++) {
            soma_bounded dy = soma_given(&t->call->view[RECURRENT_GRAD_DY], t->row * t->size.units + unit);
            t->dh[unit] = soma_bounded_add(t->dh[unit], dy);
        }
        if (!soma_view_present(mask) || soma_element_get(mask, t->row) != 0.0) step_bound(t); /* else dx stays 0 */
    }
    for (size_t unit = 0; unit < t->size.units; unit++) {
        const size_t at = t->sample * t->size.units + unit;
        if (soma_view_present(&t->call->view[RECURRENT_GRAD_DSTATE]))
            t->expected[RECURRENT_GRAD_DSTATE][at] = t->dh[unit];
        if (soma_view_present(&t->call->view[RECURRENT_GRAD_DCELL]))
            t->expected[RECURRENT_GRAD_DCELL][at] = t->dc[unit];
    }
}

static void recurrent_grad_bound(const soma_call *before, soma_bounded *const *expected) {
    soma_bounded dh[RECURRENT_MOST_UNITS], dc[RECURRENT_MOST_UNITS], direct[RECURRENT_MOST_UNITS],
        candidate[RECURRENT_MOST_UNITS];
    track t = {.call = before, .expected = expected, .dh = dh, .dc = dc, .direct = direct, .candidate = candidate};
    t.size = soma_recurrent_size_of(&before->view[RECURRENT_GRAD_DY]);
    t.columns = before->view[RECURRENT_GRAD_WEIGHT].shape[1];
    for (t.sample = 0; t.sample < t.size.samples; t.sample++) sample_bound(&t);
}

/* ------------------------------------------------------------------------------------------------------- cases */

static soma_call make_call(soma_recurrent_size size, size_t kind, unsigned mix) {
    soma_recurrent_params params = recurrent_kinds[kind].params;
    params.reverse = mix & REVERSE;
    const recurrent_shapes s = recurrent_shapes_of(size, params.kind);
    const bool lstm = params.kind == SOMA_RECURRENT_LSTM;
    const soma_recurrent_grad_views views = {
        .dy = s.sequence,
        .weight = s.weight,
        .y = s.sequence,
        .cells = recurrent_view_if(lstm, s.sequence),
        .gates = recurrent_view_if(params.kind != SOMA_RECURRENT_RNN, s.kept),
        .mask = recurrent_view_if(mix & WITH_MASK, s.mask),
        .state = recurrent_view_if(mix & WITH_STATE, s.state),
        .cell = recurrent_view_if(lstm && mix & WITH_CELL, s.state),
        .dx = s.columns,
        .drecurrent = recurrent_view_if(soma_recurrent_differs(&params) && mix & WITH_GATES, s.columns),
        .dstate = recurrent_view_if(mix & WITH_BIAS, s.state),
        .dcell = recurrent_view_if(lstm && mix & WITH_GATES, s.state)};
    return soma_call_recurrent_grad(&views, params);
}

static void begin_case(soma_suite *suite, soma_case *c, soma_recurrent_size size, size_t kind, unsigned mix) {
    soma_call call = make_call(size, kind, mix);
    soma_case_begin(suite, c, &call, recurrent_grad_bound);
    recurrent_contents(suite, c, RECURRENT_GRAD_WEIGHT, RECURRENT_GRAD_MASK, size.units);
    soma_case_uniform(suite, c, RECURRENT_GRAD_Y, -0.9, 0.9);
    soma_case_uniform(suite, c, RECURRENT_GRAD_GATES, -0.9, 0.9);
    recurrent_describe(c, size, kind, mix);
    soma_case_describe(c, "%s%s", mix & WITH_BIAS ? "; dstate" : "", mix & WITH_GATES ? "; dcell" : "");
}

/* A number in dy: what is behind it in the order of the steps has it, what is before it, not. */
static void special_case(soma_suite *suite, size_t kind, float value) {
    const soma_recurrent_size size = {3, 1, 5};
    soma_case c;
    begin_case(suite, &c, size, kind, WITH_BIAS | WITH_STATE | WITH_CELL | WITH_GATES);
    soma_case_uniform(suite, &c, RECURRENT_GRAD_Y, 0.1, 0.9);
    soma_case_poke(&c, RECURRENT_GRAD_DY, 7, (double)value);
    c.garbage_is_finite = c.any_not_finite = true;
    soma_case_describe(&c, ", %g in dy", (double)value);
    soma_case_run(suite, &c);
}

/* dx where what was kept of the gates was. */
static void over_case(soma_suite *suite, soma_recurrent_size size, unsigned mix) {
    if (!soma_device_combines(suite->device, SOMA_PRIMITIVE_RECURRENT_GRAD)) return;
    soma_case c;
    begin_case(suite, &c, size, KIND_LSTM, mix);
    soma_case_lay_over(&c, RECURRENT_GRAD_DX, RECURRENT_GRAD_GATES);
    soma_case_run(suite, &c);
}

void soma_recurrent_grad_cases(soma_suite *suite) {
    for (size_t kind = 0; kind < RECURRENT_KINDS; kind++) {
        for (size_t i = 0; i < RECURRENT_SIZE_COUNT; i++)
            for (size_t j = 0; j < RECURRENT_MIX_COUNT; j++) {
                if (i > 4 && (i + j) % 2) continue;
                soma_case c;
                begin_case(suite, &c, recurrent_sizes[i], kind, recurrent_mixes[j]);
                soma_case_run(suite, &c);
                if (kind == KIND_LSTM) over_case(suite, recurrent_sizes[i], recurrent_mixes[j]);
            }
        for (size_t i = 0; i < SOMA_SPECIAL_COUNT; i++) special_case(suite, kind, soma_specials[i]);
    }
}

void soma_recurrent_grad_speeds(soma_suite *suite) {
    static const size_t kinds[] = {KIND_LSTM, KIND_GRU, KIND_RNN};
    for (size_t i = 0; i < SOMA_COUNT_OF(kinds); i++) {
        soma_case c;
        begin_case(suite, &c, (soma_recurrent_size){32, 64, 256}, kinds[i], 0);
        soma_case_time(suite, &c, recurrent_kinds[kinds[i]].name);
    }
}
