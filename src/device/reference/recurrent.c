/* SPDX-License-Identifier: MIT */
/* RECURRENT. */
#include "device/reference/reference.h"
#include "kernels/recurrent_call.h"

/* A sample on its way through the steps. */
typedef struct sample {
    const soma_call *call;
    soma_recurrent_size size;
    size_t number, step;
    double *h, *c;        /* before the step; c of an LSTM */
    double *next, *reset; /* after it; of a GRU, r h */
} sample;

static double gate(double x) {
    return soma_reference_function(SOMA_SIGMOID, x, 0, 0);
}

/* Column `unit` of a gate: of x, and of values weight + bias. */
static double input(const sample *s, size_t which, size_t unit) {
    size_t columns = s->call->view[RECURRENT_WEIGHT].shape[1];
    size_t row = s->number * s->size.steps + s->step;
    return soma_element_get(&s->call->view[RECURRENT_X], row * columns + which * s->size.units + unit);
}

static double product(const sample *s, const double *values, size_t which, size_t unit) {
    size_t units = s->size.units, columns = s->call->view[RECURRENT_WEIGHT].shape[1], column = which * units + unit;
    const soma_view *bias = &s->call->view[RECURRENT_BIAS];
    double sum = soma_view_present(bias) ? soma_element_get(bias, column) : 0.0;
    for (size_t k = 0; k < units; k++)
        sum += values[k] * soma_element_get(&s->call->view[RECURRENT_WEIGHT], k * columns + column);
    return sum;
}

/* The `which`-th of what is kept. */
static void keep(const sample *s, size_t which, size_t unit, double value) {
    const soma_view *gates = &s->call->view[RECURRENT_GATES];
    size_t units = s->size.units, row = s->number * s->size.steps + s->step;
    size_t kept = soma_recurrent_kept(s->call->params.recurrent.kind);
    if (soma_view_present(gates)) soma_element_set(gates, (row * kept + which) * units + unit, value);
}

static void rnn_unit(const sample *s, size_t unit) {
    double sum = input(s, 0, unit) + product(s, s->h, 0, unit);
    s->next[unit] = soma_reference_function(s->call->params.recurrent.function, sum, 0, 0);
}

static void lstm_unit(const sample *s, size_t unit) {
    double i = gate(input(s, LSTM_INPUT, unit) + product(s, s->h, LSTM_INPUT, unit));
    double f = gate(input(s, LSTM_FORGET, unit) + product(s, s->h, LSTM_FORGET, unit));
    double g = tanh(input(s, LSTM_CANDIDATE, unit) + product(s, s->h, LSTM_CANDIDATE, unit));
    double o = gate(input(s, LSTM_OUTPUT, unit) + product(s, s->h, LSTM_OUTPUT, unit));
    s->c[unit] = f * s->c[unit] + i * g;
    s->next[unit] = o * tanh(s->c[unit]);
    keep(s, LSTM_INPUT, unit, i);
    keep(s, LSTM_FORGET, unit, f);
    keep(s, LSTM_CANDIDATE, unit, g);
    keep(s, LSTM_OUTPUT, unit, o);
}

static void gru_unit(const sample *s, size_t unit) {
    bool before = s->call->params.recurrent.reset_before;
    double z = gate(input(s, GRU_UPDATE, unit) + product(s, s->h, GRU_UPDATE, unit));
    double r = gate(input(s, GRU_RESET, unit) + product(s, s->h, GRU_RESET, unit));
    double p = product(s, before ? s->reset : s->h, GRU_CANDIDATE, unit);
    double n = tanh(input(s, GRU_CANDIDATE, unit) + (before ? p : r * p));
    s->next[unit] = (1.0 - z) * n + z * s->h[unit];
    keep(s, GRU_UPDATE, unit, z);
    keep(s, GRU_RESET, unit, r);
    keep(s, GRU_CANDIDATE, unit, n);
    keep(s, GRU_KEPT, unit, before ? s->reset[unit] : p);
}

static void reset_units(const sample *s) {
    for (size_t unit = 0; unit < s->size.units; unit++) {
        double r = gate(input(s, GRU_RESET, unit) + product(s, s->h, GRU_RESET, unit));
        s->reset[unit] = r * s->h[unit];
    }
}

static void go_on(const sample *s) {
    const soma_recurrent_params *params = &s->call->params.recurrent;
    if (params->kind == SOMA_RECURRENT_GRU && params->reset_before) reset_units(s);
    for (size_t unit = 0; unit < s->size.units; unit++) {
        if (params->kind == SOMA_RECURRENT_RNN)
            rnn_unit(s, unit);
        else if (params->kind == SOMA_RECURRENT_LSTM)
            lstm_unit(s, unit);
        else
            gru_unit(s, unit);
    }
    memcpy(s->h, s->next, s->size.units * sizeof *s->h);
}

static void rest(const sample *s) {
    size_t kept = soma_recurrent_kept(s->call->params.recurrent.kind);
    for (size_t which = 0; which < kept; which++)
        for (size_t unit = 0; unit < s->size.units; unit++) keep(s, which, unit, 0.0);
}

static void run_sample(sample *s) {
    const soma_view *mask = &s->call->view[RECURRENT_MASK], *cells = &s->call->view[RECURRENT_CELLS];
    const soma_view *state = &s->call->view[RECURRENT_STATE], *cell = &s->call->view[RECURRENT_CELL];
    size_t units = s->size.units;
    for (size_t unit = 0; unit < units; unit++) {
        s->h[unit] = soma_view_present(state) ? soma_element_get(state, s->number * units + unit) : 0.0;
        s->c[unit] = soma_view_present(cell) ? soma_element_get(cell, s->number * units + unit) : 0.0;
    }
    for (size_t round = 0; round < s->size.steps; round++) {
        s->step = soma_recurrent_step(&s->call->params.recurrent, s->size.steps, round);
        size_t row = s->number * s->size.steps + s->step;
        if (soma_view_present(mask) && soma_element_get(mask, row) == 0.0)
            rest(s);
        else
            go_on(s);
        for (size_t unit = 0; unit < units; unit++) {
            soma_element_set(&s->call->view[RECURRENT_Y], row * units + unit, s->h[unit]);
            if (soma_view_present(cells)) soma_element_set(cells, row * units + unit, s->c[unit]);
        }
    }
}

soma_status soma_reference_recurrent(const soma_call *call) {
    sample s = {.call = call, .size = soma_recurrent_size_of(&call->view[RECURRENT_Y])};
    size_t units = s.size.units;
    double *values = soma_calloc(4 * units, sizeof *values);
    if (!values) return soma_out_of_memory(4 * units * sizeof *values, "a recurrent layer on the host");
    s.h = values;
    s.c = values + units;
    s.next = values + 2 * units;
    s.reset = values + 3 * units;
    for (s.number = 0; s.number < s.size.samples; s.number++) run_sample(&s);
    soma_free(values);
    return SOMA_OK;
}
