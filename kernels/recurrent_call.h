/* SPDX-License-Identifier: MIT */
/* RECURRENT and its gradient, for C: their views by name, and the sizes that the host and all devices work with. */
#ifndef SOMA_KERNELS_RECURRENT_CALL_H
#define SOMA_KERNELS_RECURRENT_CALL_H

#include <soma/device.h>

enum {
    RECURRENT_X,
    RECURRENT_WEIGHT,
    RECURRENT_BIAS,
    RECURRENT_MASK,
    RECURRENT_STATE,
    RECURRENT_CELL,
    RECURRENT_Y,
    RECURRENT_CELLS,
    RECURRENT_GATES
};

enum {
    RECURRENT_GRAD_DY,
    RECURRENT_GRAD_WEIGHT,
    RECURRENT_GRAD_Y,
    RECURRENT_GRAD_CELLS,
    RECURRENT_GRAD_GATES,
    RECURRENT_GRAD_MASK,
    RECURRENT_GRAD_STATE,
    RECURRENT_GRAD_CELL,
    RECURRENT_GRAD_DX,
    RECURRENT_GRAD_DRECURRENT,
    RECURRENT_GRAD_DSTATE,
    RECURRENT_GRAD_DCELL
};

/* The kinds' gates in their order; what is kept of a GRU beside them. */
enum { LSTM_INPUT, LSTM_FORGET, LSTM_CANDIDATE, LSTM_OUTPUT, LSTM_GATES };
enum { GRU_UPDATE, GRU_RESET, GRU_CANDIDATE, GRU_GATES, GRU_KEPT = GRU_GATES };

/* Of one step of one sample: columns of x, and of what is kept. 0 for what is no kind. */
static inline size_t soma_recurrent_gates(soma_recurrent_kind kind) {
    return kind == SOMA_RECURRENT_RNN    ? 1
           : kind == SOMA_RECURRENT_LSTM ? LSTM_GATES
           : kind == SOMA_RECURRENT_GRU  ? GRU_GATES
                                         : 0;
}
static inline size_t soma_recurrent_kept(soma_recurrent_kind kind) {
    return kind == SOMA_RECURRENT_RNN ? 0 : 4;
}

/* Whether the products with the state have gradients of their own, which are not those of x. */
static inline bool soma_recurrent_differs(const soma_recurrent_params *params) {
    return params->kind == SOMA_RECURRENT_GRU && !params->reset_before;
}

typedef struct soma_recurrent_size {
    size_t samples, steps, units;
} soma_recurrent_size;

static inline soma_recurrent_size soma_recurrent_size_of(const soma_view *y) {
    return (soma_recurrent_size){y->shape[0], y->shape[1], y->shape[2]};
}

/* The step that comes round-th. */
static inline size_t soma_recurrent_step(const soma_recurrent_params *params, size_t steps, size_t round) {
    return params->reverse ? steps - 1 - round : round;
}

#endif
