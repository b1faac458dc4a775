/* SPDX-License-Identifier: MIT */
/* RECURRENT_GRAD. */
#include "device/reference/reference.h"
#include "kernels/recurrent_call.h"

/* A sample on its way back through the steps. */
typedef struct sample {
    const soma_call *call;
    soma_recurrent_size size;
    size_t number, round, step, columns;
    double *dh, *dc; /* of what comes out of the step, then of what goes into it */
    double *dx, *dp; /* of the columns of x, and of h weight + bias */
    double *direct;  /* what reaches the state before without a weight */
} sample;

static size_t row_of(const sample *s, size_t step) {
    return s->number * s->size.steps + step;
}

/* What the step found, of y and `state`, or of cells and `cell`. */
static double found(const sample *s, uint32_t all, uint32_t first, size_t unit) {
    size_t units = s->size.units;
    if (s->round > 0) {
        size_t before = soma_recurrent_step(&s->call->params.recurrent, s->size.steps, s->round - 1);
        return soma_element_get(&s->call->view[all], row_of(s, before) * units + unit);
    }
    const soma_view *view = &s->call->view[first];
    return soma_view_present(view) ? soma_element_get(view, s->number * units + unit) : 0.0;
}

static double kept(const sample *s, size_t which, size_t unit) {
    size_t count = soma_recurrent_kept(s->call->params.recurrent.kind);
    return soma_element_get(&s->call->view[RECURRENT_GRAD_GATES],
                            (row_of(s, s->step) * count + which) * s->size.units + unit);
}

/* sum_k of the gate's gradients times its weights, for one unit of the state. */
static double product(const sample *s, const double *values, size_t first, size_t count, size_t unit) {
    double sum = 0.0;
    for (size_t k = first * s->size.units; k < (first + count) * s->size.units; k++)
        sum += values[k] * soma_element_get(&s->call->view[RECURRENT_GRAD_WEIGHT], unit * s->columns + k);
    return sum;
}

static void rnn_unit(const sample *s, size_t unit) {
    double y = soma_element_get(&s->call->view[RECURRENT_GRAD_Y], row_of(s, s->step) * s->size.units + unit);
    bool relu = s->call->params.recurrent.function == SOMA_RELU;
    double slope = !relu ? 1.0 - y * y : y > 0.0 ? 1.0 : y <= 0.0 ? 0.0 : y;
    s->dx[unit] = s->dh[unit] * slope;
    s->direct[unit] = 0.0;
}

static void lstm_unit(const sample *s, size_t unit) {
    size_t units = s->size.units;
    double i = kept(s, LSTM_INPUT, unit), f = kept(s, LSTM_FORGET, unit), g = kept(s, LSTM_CANDIDATE, unit),
           o = kept(s, LSTM_OUTPUT, unit), c = found(s, RECURRENT_GRAD_CELLS, RECURRENT_GRAD_CELL, unit);
    double squashed = tanh(soma_element_get(&s->call->view[RECURRENT_GRAD_CELLS], row_of(s, s->step) * units + unit));
    double dc = s->dc[unit] + s->dh[unit] * o * (1.0 - squashed * squashed);
    s->dx[LSTM_INPUT * units + unit] = dc * g * i * (1.0 - i);
    s->dx[LSTM_FORGET * units + unit] = dc * c * f * (1.0 - f);
    s->dx[LSTM_CANDIDATE * units + unit] = dc * i * (1.0 - g * g);
    s->dx[LSTM_OUTPUT * units + unit] = s->dh[unit] * squashed * o * (1.0 - o);
    s->dc[unit] = dc * f;
    s->direct[unit] = 0.0;
}

static void gru_unit(const sample *s, size_t unit) {
    size_t units = s->size.units;
    double z = kept(s, GRU_UPDATE, unit), r = kept(s, GRU_RESET, unit), n = kept(s, GRU_CANDIDATE, unit);
    double h = found(s, RECURRENT_GRAD_Y, RECURRENT_GRAD_STATE, unit);
    double dn = s->dh[unit] * (1.0 - z) * (1.0 - n * n);
    s->dx[GRU_UPDATE * units + unit] = s->dh[unit] * (h - n) * z * (1.0 - z);
    s->dx[GRU_RESET * units + unit] = dn * kept(s, GRU_KEPT, unit) * r * (1.0 - r);
    s->dx[GRU_CANDIDATE * units + unit] = dn;
    s->direct[unit] = s->dh[unit] * z;
}

/* With reset_before the gate's gradient comes through the weights of the candidate. */
static void reset_unit(const sample *s, size_t unit) {
    double r = kept(s, GRU_RESET, unit), h = found(s, RECURRENT_GRAD_Y, RECURRENT_GRAD_STATE, unit);
    double dreset = product(s, s->dx, GRU_CANDIDATE, 1, unit);
    s->dx[GRU_RESET * s->size.units + unit] = dreset * h * r * (1.0 - r);
    s->direct[unit] += dreset * r;
}

static void go_back(const sample *s) {
    const soma_recurrent_params *params = &s->call->params.recurrent;
    size_t units = s->size.units, gates = soma_recurrent_gates(params->kind);
    bool gru = params->kind == SOMA_RECURRENT_GRU, before = gru && params->reset_before;
    for (size_t unit = 0; unit < units; unit++) {
        if (params->kind == SOMA_RECURRENT_RNN)
            rnn_unit(s, unit);
        else if (params->kind == SOMA_RECURRENT_LSTM)
            lstm_unit(s, unit);
        else
            gru_unit(s, unit);
    }
    for (size_t unit = 0; before && unit < units; unit++) reset_unit(s, unit);
    memcpy(s->dp, s->dx, s->columns * sizeof *s->dp);
    for (size_t unit = 0; gru && !before && unit < units; unit++)
        s->dp[GRU_CANDIDATE * units + unit] *= kept(s, GRU_RESET, unit);
    for (size_t unit = 0; unit < units; unit++)
        s->dh[unit] = s->direct[unit] + product(s, s->dp, 0, before ? GRU_CANDIDATE : gates, unit);
}

static void write(const soma_view *view, size_t row, const double *values, size_t count) {
    for (size_t i = 0; soma_view_present(view) && i < count; i++) soma_element_set(view, row * count + i, values[i]);
}

static void run_sample(sample *s) {
    const soma_view *mask = &s->call->view[RECURRENT_GRAD_MASK];
    size_t units = s->size.units;
    memset(s->dh, 0, 2 * units * sizeof *s->dh);
    for (size_t left = s->size.steps; left > 0; left--) {
        s->round = left - 1;
        s->step = soma_recurrent_step(&s->call->params.recurrent, s->size.steps, s->round);
        size_t row = row_of(s, s->step);
        for (size_t unit = 0; unit < units; unit++)
            s->dh[unit] += soma_element_get(&s->call->view[RECURRENT_GRAD_DY], row * units + unit);
        if (soma_view_present(mask) && soma_element_get(mask, row) == 0.0)
            memset(s->dx, 0, 2 * s->columns * sizeof *s->dx);
        else
            go_back(s);
        write(&s->call->view[RECURRENT_GRAD_DX], row, s->dx, s->columns);
        write(&s->call->view[RECURRENT_GRAD_DRECURRENT], row, s->dp, s->columns);
    }
    write(&s->call->view[RECURRENT_GRAD_DSTATE], s->number, s->dh, units);
    write(&s->call->view[RECURRENT_GRAD_DCELL], s->number, s->dc, units);
}

soma_status soma_reference_recurrent_grad(const soma_call *call) {
    sample s = {.call = call,
                .size = soma_recurrent_size_of(&call->view[RECURRENT_GRAD_DY]),
                .columns = call->view[RECURRENT_GRAD_WEIGHT].shape[1]};
    size_t units = s.size.units, count = 3 * units + 2 * s.columns;
    double *values = soma_calloc(count, sizeof *values);
    if (!values) return soma_out_of_memory(count * sizeof *values, "a recurrent layer's gradient on the host");
    s.dh = values;
    s.dc = values + units;
    s.direct = values + 2 * units;
    s.dx = values + 3 * units;
    s.dp = s.dx + s.columns;
    for (s.number = 0; s.number < s.size.samples; s.number++) run_sample(&s);
    soma_free(values);
    return SOMA_OK;
}
