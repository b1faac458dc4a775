/* SPDX-License-Identifier: MIT */
/*
 * One step of one unit of a recurrent layer, and its gradient; see soma_recurrent_params in soma/primitive_params.h. Compiled by C and by OpenCL C, over
 * `real` with the mathematics of the table of functions. What comes in are a gate's sums: of its column of x, and of the product with the state.
 */
#ifndef SOMA_KERNELS_RECURRENT_H
#define SOMA_KERNELS_RECURRENT_H

#ifdef __OPENCL_VERSION__
#define SOMA_CELL static
#else
#define SOMA_CELL static inline __attribute__((always_inline))
#endif

#ifndef SOMA_GATE
#define SOMA_GATE(x) (R(1.0) / (R(1.0) + EXP(-(x))))
#endif

typedef struct lstm_cell {
    real i, f, g, o; /* the gates */
    real c, h;
} lstm_cell;

SOMA_CELL lstm_cell lstm_step(real i, real f, real g, real o, real c) {
    lstm_cell cell;
    cell.i = SOMA_GATE(i);
    cell.f = SOMA_GATE(f);
    cell.g = TANH(g);
    cell.o = SOMA_GATE(o);
    cell.c = cell.f * c + cell.i * cell.g;
    cell.h = cell.o * TANH(cell.c);
    return cell;
}

typedef struct lstm_gradient {
    real i, f, g, o; /* of the gates' sums */
    real c;          /* of the cell before the step */
} lstm_gradient;

/* Of the gates; `after` and `before` are the cell after the step and before it. */
SOMA_CELL lstm_gradient lstm_back(real dh, real dc, real i, real f, real g, real o, real after, real before) {
    lstm_gradient d;
    const real squashed = TANH(after);
    const real all = dc + dh * o * (R(1.0) - squashed * squashed);
    d.i = all * g * i * (R(1.0) - i);
    d.f = all * before * f * (R(1.0) - f);
    d.g = all * i * (R(1.0) - g * g);
    d.o = dh * squashed * o * (R(1.0) - o);
    d.c = all * f;
    return d;
}

SOMA_CELL real gru_state(real z, real n, real h) {
    return (R(1.0) - z) * n + z * h;
}

typedef struct gru_gradient {
    real z, n; /* of the sums of the update gate and of the candidate */
    real h;    /* of the state before the step, as far as it comes straight */
} gru_gradient;

SOMA_CELL gru_gradient gru_back(real dh, real z, real n, real h) {
    gru_gradient d;
    d.n = dh * (R(1.0) - z) * (R(1.0) - n * n);
    d.z = dh * (h - n) * z * (R(1.0) - z);
    d.h = dh * z;
    return d;
}

/* Of the reset gate's sum, where `product` is the gradient of what r multiplies times that. */
SOMA_CELL real gru_back_reset(real product, real r) {
    return product * r * (R(1.0) - r);
}

#endif
