/* SPDX-License-Identifier: MIT */
/* Recurrent layers; see soma_recurrent_params in soma/primitive_params.h. */
#include "recurrent_steps.h"

#if WIDTH > 1 && !defined(IN_LIST)
/* The weights as IS_PACKED wants them: of each WIDTH units all rows, of each row all gates. A vector after the other; with zeros for units that there are not. */
KERNEL(1, 1)
void recurrent_pack(ARGUMENTS(ulong vectors, ulong chunk, ulong units, ulong gates, const global float *weight, global float *packed)) {
    const ulong end = min(vectors, ((ulong)GROUP_ID(0) + 1) * chunk);
    for (ulong i = (ulong)GROUP_ID(0) * chunk; i < end; i++) {
        const ulong row = i / gates % units, unit = i / gates / units * WIDTH;
        const global float *from = weight + (row * gates + i % gates) * units + unit;
        STORE(global, packed + i * WIDTH, load_part(from, min((ulong)WIDTH, units - unit), 0.0f));
    }
}
#endif

/* The state before the step: y at the step before, in the first of them `state`, or 0 (NULL). */
#define STATE_BEFORE                                                                                                   \
    const ulong step = step_of(steps, round, has), before = round ? step_of(steps, round - 1, has) : 0;                \
    const global float *from = round ? y + (first * steps + before) * units : state + first * units;                   \
    const ulong from_stride = round ? steps * units : units;                                                           \
    const bool has_state = round || has & HAS_STATE;

/* The biases of the gates, for all samples. */
ON_LOCAL_ARRAYS void start_sums(real *sums, uint gates, const global float *bias, ulong units, ulong part, bool has_bias) {
#pragma unroll
    for (uint g = 0; g < gates; g++)
#pragma unroll
        for (uint r = 0; r < SAMPLES; r++) sums[g * SAMPLES + r] = has_bias ? load_part(bias + g * units, part, 0.0f) : R(0.0);
}

static bool rests(const global float *mask, ulong row, uint has) { return has & HAS_MASK && mask[row] == 0.0f; }

static void keep_nothing(global float *gates, ulong kept, ulong units, ulong part) {
    for (ulong g = 0; g < kept; g++) store_part(R(0.0), gates + g * units, part);
}

KERNEL(GROUP, 1)
void recurrent_rnn(ARGUMENTS(SEQUENCE, const global float *x, const global float *weight, const global float *bias,
                             const global float *mask, const global float *state, global float *y)) {
    OWN_UNITS
    STATE_BEFORE
    real sums[SAMPLES];
    start_sums(sums, 1, bias + unit, units, part, has & HAS_BIAS);
    if (has_state) PRODUCTS(1, sums, from, from_stride, weights_of(weight, units, unit, 1, has), 0, units);
    FOR_OWN_SAMPLES(r) {
        const ulong row = (first + r) * steps + step, at = row * units + unit;
        real h = has_state ? load_part(from + r * from_stride + unit, part, 0.0f) : R(0.0);
        if (!rests(mask, row, has)) {
            const real sum = load_part(x + at, part, 0.0f) + sums[r];
            h = has & IS_RELU ? (sum < R(0.0) ? R(0.0) : sum) : TANH(sum);
        }
        store_part(h, y + at, part);
    }
}

/* Without HAS_CELLS, `cells` has one of each sample and unit, [samples, units], which each step finds and changes. */
KERNEL(GROUP, 1)
void recurrent_lstm(ARGUMENTS(SEQUENCE, const global float *x, const global float *weight, const global float *bias,
                              const global float *mask, const global float *state, const global float *cell,
                              global float *y, global float *cells, global float *gates)) {
    OWN_UNITS
    STATE_BEFORE
    real sums[4 * SAMPLES];
    start_sums(sums, 4, bias + unit, units, part, has & HAS_BIAS);
    if (has_state) PRODUCTS(4, sums, from, from_stride, weights_of(weight, units, unit, 4, has), 0, units);
    FOR_OWN_SAMPLES(r) {
        const ulong row = (first + r) * steps + step, at = row * units + unit, gate = row * 4 * units + unit;
        const ulong own_at = (first + r) * units + unit, cell_at = has & HAS_CELLS ? at : own_at;
        const ulong cell_before = has & HAS_CELLS ? ((first + r) * steps + before) * units + unit : own_at;
        real c = round ? load_part(cells + cell_before, part, 0.0f)
                 : has & HAS_CELL ? load_part(cell + own_at, part, 0.0f)
                                  : R(0.0);
        real h = has_state ? load_part(from + r * from_stride + unit, part, 0.0f) : R(0.0);
        if (rests(mask, row, has)) {
            if (has & HAS_GATES) keep_nothing(gates + gate, 4, units, part);
        } else {
            const lstm_cell s = lstm_step(load_part(x + gate, part, 0.0f) + sums[r],
                                          load_part(x + gate + units, part, 0.0f) + sums[SAMPLES + r],
                                          load_part(x + gate + 2 * units, part, 0.0f) + sums[2 * SAMPLES + r],
                                          load_part(x + gate + 3 * units, part, 0.0f) + sums[3 * SAMPLES + r], c);
            c = s.c;
            h = s.h;
            if (has & HAS_GATES) {
                store_part(s.i, gates + gate, part);
                store_part(s.f, gates + gate + units, part);
                store_part(s.g, gates + gate + 2 * units, part);
                store_part(s.o, gates + gate + 3 * units, part);
            }
        }
        store_part(c, cells + cell_at, part);
        store_part(h, y + at, part);
    }
}

KERNEL(GROUP, 1)
void recurrent_gru(ARGUMENTS(SEQUENCE, const global float *x, const global float *weight, const global float *bias,
                             const global float *mask, const global float *state, global float *y, global float *gates)) {
    OWN_UNITS
    STATE_BEFORE
    real sums[3 * SAMPLES];
    start_sums(sums, 3, bias + unit, units, part, has & HAS_BIAS);
    if (has_state) PRODUCTS(3, sums, from, from_stride, weights_of(weight, units, unit, 3, has), 0, units);
    FOR_OWN_SAMPLES(r) {
        const ulong row = (first + r) * steps + step, gate = row * 3 * units + unit, kept = row * 4 * units + unit;
        real h = has_state ? load_part(from + r * from_stride + unit, part, 0.0f) : R(0.0);
        if (rests(mask, row, has)) {
            if (has & HAS_GATES) keep_nothing(gates + kept, 4, units, part);
        } else {
            const real z_sum = load_part(x + gate, part, 0.0f) + sums[r];
            const real r_sum = load_part(x + gate + units, part, 0.0f) + sums[SAMPLES + r];
            const real z = SOMA_GATE(z_sum), reset = SOMA_GATE(r_sum), product = sums[2 * SAMPLES + r];
            const real n = TANH(load_part(x + gate + 2 * units, part, 0.0f) + reset * product);
            h = gru_state(z, n, h);
            if (has & HAS_GATES) {
                store_part(z, gates + kept, part);
                store_part(reset, gates + kept + units, part);
                store_part(n, gates + kept + 2 * units, part);
                store_part(product, gates + kept + 3 * units, part);
            }
        }
        store_part(h, y + row * units + unit, part);
    }
}

/* With the reset gate first: z and r h, which become `update` and `reset` [samples, units]. */
KERNEL(GROUP, 1)
void recurrent_gru_reset(ARGUMENTS(SEQUENCE, const global float *x, const global float *weight, const global float *bias,
                                   const global float *mask, const global float *state, const global float *y,
                                   global float *gates, global float *update, global float *reset)) {
    OWN_UNITS
    STATE_BEFORE
    real sums[2 * SAMPLES];
    start_sums(sums, 2, bias + unit, units, part, has & HAS_BIAS);
    if (has_state) PRODUCTS(2, sums, from, from_stride, weights_of(weight, units, unit, 3, has), 0, units);
    FOR_OWN_SAMPLES(r) {
        const ulong row = (first + r) * steps + step, gate = row * 3 * units + unit, kept = row * 4 * units + unit;
        const real h = has_state ? load_part(from + r * from_stride + unit, part, 0.0f) : R(0.0);
        if (rests(mask, row, has)) {
            store_part(R(0.0), reset + (first + r) * units + unit, part);
            continue;
        }
        const real z_sum = load_part(x + gate, part, 0.0f) + sums[r];
        const real r_sum = load_part(x + gate + units, part, 0.0f) + sums[SAMPLES + r];
        const real z = SOMA_GATE(z_sum), open = SOMA_GATE(r_sum), product = open * h;
        store_part(z, update + (first + r) * units + unit, part);
        store_part(product, reset + (first + r) * units + unit, part);
        if (has & HAS_GATES) {
            store_part(z, gates + kept, part);
            store_part(open, gates + kept + units, part);
            store_part(product, gates + kept + 3 * units, part);
        }
    }
}

/* And what they lead to. */
KERNEL(GROUP, 1)
void recurrent_gru_candidate(ARGUMENTS(SEQUENCE, const global float *x, const global float *weight, const global float *bias,
                                       const global float *mask, const global float *state, global float *y,
                                       global float *gates, const global float *update, const global float *reset)) {
    OWN_UNITS
    STATE_BEFORE
    real sums[SAMPLES];
    start_sums(sums, 1, bias + 2 * units + unit, units, part, has & HAS_BIAS);
    PRODUCTS(1, sums, reset + first * units, units, weights_of(weight, units, unit, 3, has), 2, units);
    FOR_OWN_SAMPLES(r) {
        const ulong row = (first + r) * steps + step, kept = row * 4 * units + unit;
        real h = has_state ? load_part(from + r * from_stride + unit, part, 0.0f) : R(0.0);
        if (rests(mask, row, has)) {
            if (has & HAS_GATES) keep_nothing(gates + kept, 4, units, part);
        } else {
            const real n = TANH(load_part(x + row * 3 * units + 2 * units + unit, part, 0.0f) + sums[r]);
            h = gru_state(load_part(update + (first + r) * units + unit, part, 0.0f), n, h);
            if (has & HAS_GATES) store_part(n, gates + kept + 2 * units, part);
        }
        store_part(h, y + row * units + unit, part);
    }
}
