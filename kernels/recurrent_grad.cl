/* SPDX-License-Identifier: MIT */
/*
 * The gradients of recurrent layers. `turned` are the weights, transposed, made once; `direct` [samples, units] is what reaches the state
 * before a step without a weight, and `dc` the gradient of the cell.
 */
#include "recurrent_steps.h"

/* Here there is one sum for each sample, and a processor multiplies no quicker than it reads factors: the more samples are beside each other, the better. */
#if WIDTH > 1
#undef SAMPLES
#define SAMPLES 8
#endif
DEFINE_PRODUCTS(products_back, 1, SAMPLES)
DEFINE_PRODUCTS(products_back_half, 1, (SAMPLES / 2))
DEFINE_PRODUCTS(products_back_single, 1, 1)
#define PRODUCTS_BACK(sums, first_row, stride, first_of_turned, depth)                                                  \
    do {                                                                                                               \
        const global float *left[SAMPLES], *right = first_of_turned;                                                   \
        _Pragma("unroll") for (uint r = 0; r < SAMPLES; r++) left[r] = (first_row) + min((ulong)r, own - 1) * (stride); \
        if (own == 1) products_back_single(sums, left, right, 0, TURNED_STEP(units), depth, part);                     \
        else if (WIDTH > 1 && own <= SAMPLES / 2) products_back_half(sums, left, right, 0, TURNED_STEP(units), depth, part);        \
        else products_back(sums, left, right, 0, TURNED_STEP(units), depth, part);                                     \
    } while (0)

/*
 * Where turned[j, i] = weight[i, j] is. What a processor's work-item reads lies together: of WIDTH units all columns, one after the other, for in a
 * column of vectors each would be in a page of its own.
 */
#if WIDTH > 1
#define TURNED_PLACE(units, columns, j, i) ((i) / WIDTH * WIDTH * (columns) + (j) * WIDTH + (i) % WIDTH)
#define TURNED_STEP(units)                 WIDTH
#else
#define TURNED_PLACE(units, columns, j, i) ((j) * (units) + (i))
#define TURNED_STEP(units)                 units
#endif

KERNEL(GROUP, 1)
void recurrent_turn(ARGUMENTS(ulong count, ulong chunk, ulong units, ulong columns, const global float *weight, global float *turned)) {
    const ulong end = min(count, ((ulong)GROUP_ID(0) + 1) * chunk);
    for (ulong n = (ulong)GROUP_ID(0) * chunk + get_local_id(0); n < end; n += GROUP) {
        /* In the order of what is written. */
        const ulong across = WIDTH > 1 ? WIDTH : units, j = n / across % columns, i = n / across / columns * across + n % across;
        if (i < units) turned[TURNED_PLACE(units, columns, j, i)] = weight[i * columns + j];
    }
}

/* Rounds count back from the last step; one more than there are steps is for the first state. */
#define STEP_BACK                                                                                                      \
    const bool last = round == steps;                                                                                  \
    const ulong forward = last ? 0 : steps - 1 - round, step = last ? 0 : step_of(steps, forward, has);                \
    const ulong after = round ? step_of(steps, steps - round, has) : 0;                                                \
    const ulong before = forward ? step_of(steps, forward - 1, has) : 0;

/* The gradients of the state after the step, from what comes after it, dy excepted. */
#define STATE_GRADIENTS(products, gates, depth)                                                                        \
    real sums[SAMPLES];                                                                                                \
    _Pragma("unroll") for (uint r = 0; r < SAMPLES; r++)                                                              \
        sums[r] = round && r < own ? load_part(direct + (first + r) * units + unit, part, 0.0f) : R(0.0);              \
    if (round)                                                                                                         \
        PRODUCTS_BACK(sums, products + (first * steps + after) * (gates) * units, steps * (gates) * units,             \
                      turned + TURNED_PLACE(units, (gates) * units, 0, unit), (depth) * units);

#define FINISH_STATE(r)                                                                                                \
    if (has & HAS_DSTATE) store_part(sums[r], dstate + (first + r) * units + unit, part)

static bool grad_rests(const global float *mask, ulong row, uint has) { return has & HAS_MASK && mask[row] == 0.0f; }

static void clear_gates(global float *dx, ulong gates, ulong units, ulong part) {
    for (ulong g = 0; g < gates; g++) store_part(R(0.0), dx + g * units, part);
}

KERNEL(GROUP, 1)
void recurrent_rnn_grad(ARGUMENTS(SEQUENCE, const global float *dy, const global float *y, const global float *mask,
                                  global float *dx, global float *dstate, const global float *turned, global float *direct)) {
    OWN_UNITS
    STEP_BACK
    (void)before;
    STATE_GRADIENTS(dx, 1, 1)
    FOR_OWN_SAMPLES(r) {
        const ulong row = (first + r) * steps + step, at = row * units + unit, own_at = (first + r) * units + unit;
        if (last) {
            FINISH_STATE(r);
            continue;
        }
        const real dh = load_part(dy + at, part, 0.0f) + sums[r], value = load_part(y + at, part, 0.0f);
        const bool resting = grad_rests(mask, row, has);
        const real relu = value > R(0.0) ? R(1.0) : (value <= R(0.0) ? R(0.0) : value);
        store_part(resting ? R(0.0) : dh * (has & IS_RELU ? relu : R(1.0) - value * value), dx + at, part);
        store_part(resting ? dh : R(0.0), direct + own_at, part);
    }
}

KERNEL(GROUP, 1)
void recurrent_lstm_grad(ARGUMENTS(SEQUENCE, const global float *dy, const global float *cells, const global float *gates,
                                   const global float *mask, const global float *cell, global float *dx, global float *dstate,
                                   global float *dcell, const global float *turned, global float *direct, global float *dc)) {
    OWN_UNITS
    STEP_BACK
    STATE_GRADIENTS(dx, 4, 4)
    FOR_OWN_SAMPLES(r) {
        const ulong row = (first + r) * steps + step, at = row * units + unit, gate = row * 4 * units + unit;
        const ulong own_at = (first + r) * units + unit;
        const real dc_after = round ? load_part(dc + own_at, part, 0.0f) : R(0.0);
        if (last) {
            FINISH_STATE(r);
            if (has & HAS_DCELL) store_part(dc_after, dcell + own_at, part);
            continue;
        }
        const real dh = load_part(dy + at, part, 0.0f) + sums[r];
        if (grad_rests(mask, row, has)) {
            clear_gates(dx + gate, 4, units, part);
            store_part(dh, direct + own_at, part);
            store_part(dc_after, dc + own_at, part);
            continue;
        }
        const real c = forward ? load_part(cells + ((first + r) * steps + before) * units + unit, part, 0.0f)
                       : has & HAS_CELL ? load_part(cell + own_at, part, 0.0f)
                                        : R(0.0);
        const lstm_gradient d = lstm_back(dh, dc_after, load_part(gates + gate, part, 0.0f), load_part(gates + gate + units, part, 0.0f),
                                          load_part(gates + gate + 2 * units, part, 0.0f),
                                          load_part(gates + gate + 3 * units, part, 0.0f), load_part(cells + at, part, 0.0f), c);
        store_part(d.i, dx + gate, part);
        store_part(d.f, dx + gate + units, part);
        store_part(d.g, dx + gate + 2 * units, part);
        store_part(d.o, dx + gate + 3 * units, part);
        store_part(d.c, dc + own_at, part);
        store_part(R(0.0), direct + own_at, part);
    }
}

/* drecurrent is dx where the reset gate comes first: then only its first two gates are read here. */
KERNEL(GROUP, 1)
void recurrent_gru_grad(ARGUMENTS(SEQUENCE, const global float *dy, const global float *y, const global float *gates,
                                  const global float *mask, const global float *state, global float *dx, global float *drecurrent,
                                  global float *dstate, const global float *turned, global float *direct)) {
    OWN_UNITS
    STEP_BACK
    const bool reset_before = has & IS_RESET_BEFORE;
    STATE_GRADIENTS((reset_before ? dx : drecurrent), 3, (reset_before ? 2 : 3))
    FOR_OWN_SAMPLES(r) {
        const ulong row = (first + r) * steps + step, at = row * units + unit, gate = row * 3 * units + unit;
        const ulong kept = row * 4 * units + unit, own_at = (first + r) * units + unit;
        if (last) {
            FINISH_STATE(r);
            continue;
        }
        const real dh = load_part(dy + at, part, 0.0f) + sums[r];
        if (grad_rests(mask, row, has)) {
            clear_gates(dx + gate, 3, units, part);
            if (!reset_before) clear_gates(drecurrent + gate, 3, units, part);
            store_part(dh, direct + own_at, part);
            continue;
        }
        const real h = forward ? load_part(y + ((first + r) * steps + before) * units + unit, part, 0.0f)
                       : has & HAS_STATE ? load_part(state + own_at, part, 0.0f)
                                         : R(0.0);
        const gru_gradient d =
            gru_back(dh, load_part(gates + kept, part, 0.0f), load_part(gates + kept + 2 * units, part, 0.0f), h);
        store_part(d.z, dx + gate, part);
        store_part(d.n, dx + gate + 2 * units, part);
        store_part(d.h, direct + own_at, part);
        if (reset_before) continue;
        const real open = load_part(gates + kept + units, part, 0.0f);
        const real reset = gru_back_reset(d.n * load_part(gates + kept + 3 * units, part, 0.0f), open);
        store_part(reset, dx + gate + units, part);
        store_part(d.z, drecurrent + gate, part);
        store_part(reset, drecurrent + gate + units, part);
        store_part(d.n * open, drecurrent + gate + 2 * units, part);
    }
}

/* With the reset gate first, its gradient comes through the weights of the candidate. */
KERNEL(GROUP, 1)
void recurrent_gru_reset_grad(ARGUMENTS(SEQUENCE, const global float *y, const global float *gates, const global float *mask,
                                        const global float *state, global float *dx, const global float *turned, global float *direct)) {
    OWN_UNITS
    STEP_BACK
    (void)after;
    if (last) return;
    real sums[SAMPLES];
#pragma unroll
    for (uint r = 0; r < SAMPLES; r++) sums[r] = R(0.0);
    PRODUCTS_BACK(sums, dx + (first * steps + step) * 3 * units + 2 * units, steps * 3 * units,
                  turned + TURNED_PLACE(units, 3 * units, 2 * units, unit), units);
    FOR_OWN_SAMPLES(r) {
        const ulong row = (first + r) * steps + step, own_at = (first + r) * units + unit;
        if (grad_rests(mask, row, has)) continue;
        const real open = load_part(gates + row * 4 * units + units + unit, part, 0.0f);
        const real h = forward ? load_part(y + ((first + r) * steps + before) * units + unit, part, 0.0f)
                       : has & HAS_STATE ? load_part(state + own_at, part, 0.0f)
                                         : R(0.0);
        store_part(gru_back_reset(sums[r] * h, open), dx + row * 3 * units + units + unit, part);
        store_part(load_part(direct + own_at, part, 0.0f) + sums[r] * open, direct + own_at, part);
    }
}
