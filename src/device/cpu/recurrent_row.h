/* SPDX-License-Identifier: MIT */
/* RECURRENT: what becomes of the sums of a step, for some units of one sample. */
#ifndef SOMA_DEVICE_CPU_RECURRENT_ROW_H
#define SOMA_DEVICE_CPU_RECURRENT_ROW_H

#include "device/cpu/recurrent.h"

/* Of one sample: `count` units. */
typedef struct row {
    size_t count, units;   /* a gate's columns of x lie `units` apart */
    const float *x, *sums; /* sums of the products, with their bias: PITCH apart */
    const float *h, *c;    /* before the step */
    float *y, *cells;
    float *next;        /* y as products take it */
    float *z, *product; /* of the workspace, where the reset gate comes first */
    float *kept;        /* `apart` from each other */
    size_t apart;
} row;
#define PITCH (GEMM_ROWS * RECURRENT_RUN)

/* A gate's sum. */
static inline __attribute__((always_inline)) soma_vector sum_of(const row *r, size_t gate, size_t j, size_t lanes) {
    return soma_load_lanes(r->x + gate * r->units + j, lanes) + soma_load_lanes(r->sums + gate * PITCH + j, lanes);
}

static inline __attribute__((always_inline)) void keep(const row *r, size_t what, size_t j, size_t lanes,
                                                       soma_vector value) {
    soma_store_lanes(r->kept + what * r->apart + j, value, lanes);
}

static inline __attribute__((always_inline)) void give(const row *r, size_t j, size_t lanes, soma_vector y) {
    soma_store_lanes(r->y + j, y, lanes);
    soma_store_lanes(r->next + j, y, lanes);
}

RECURRENT_UNITS relu_row_units(const row *r, size_t j, size_t lanes) {
    const soma_vector value = sum_of(r, 0, j, lanes);
    give(r, j, lanes, (soma_vector)((soma_mask)value & ~(value < 0.0f)));
}
RECURRENT_ROW(relu_row)

RECURRENT_UNITS tanh_row_units(const row *r, size_t j, size_t lanes) {
    give(r, j, lanes, soma_vector_tanh(sum_of(r, 0, j, lanes)));
}
RECURRENT_ROW(tanh_row)

RECURRENT_UNITS lstm_row_units(const row *r, size_t j, size_t lanes) {
    const lstm_cell cell = lstm_step(sum_of(r, LSTM_INPUT, j, lanes), sum_of(r, LSTM_FORGET, j, lanes),
                                     sum_of(r, LSTM_CANDIDATE, j, lanes), sum_of(r, LSTM_OUTPUT, j, lanes),
                                     soma_load_lanes(r->c + j, lanes));
    keep(r, LSTM_INPUT, j, lanes, cell.i);
    keep(r, LSTM_FORGET, j, lanes, cell.f);
    keep(r, LSTM_CANDIDATE, j, lanes, cell.g);
    keep(r, LSTM_OUTPUT, j, lanes, cell.o);
    soma_store_lanes(r->cells + j, cell.c, lanes);
    give(r, j, lanes, cell.h);
}
RECURRENT_ROW(lstm_row)

RECURRENT_UNITS gru_row_units(const row *r, size_t j, size_t lanes) {
    const soma_vector z = soma_vector_sigmoid(sum_of(r, GRU_UPDATE, j, lanes)),
                      reset = soma_vector_sigmoid(sum_of(r, GRU_RESET, j, lanes)),
                      product = soma_load_lanes(r->sums + GRU_CANDIDATE * PITCH + j, lanes),
                      x = soma_load_lanes(r->x + GRU_CANDIDATE * r->units + j, lanes),
                      n = soma_vector_tanh(x + reset * product);
    keep(r, GRU_UPDATE, j, lanes, z);
    keep(r, GRU_RESET, j, lanes, reset);
    keep(r, GRU_CANDIDATE, j, lanes, n);
    keep(r, GRU_KEPT, j, lanes, product);
    give(r, j, lanes, gru_state(z, n, soma_load_lanes(r->h + j, lanes)));
}
RECURRENT_ROW(gru_row)

/* Where the reset gate comes first: z and r h of the workspace, and in the second phase what they lead to. */
RECURRENT_UNITS reset_row_units(const row *r, size_t j, size_t lanes) {
    const soma_vector z = soma_vector_sigmoid(sum_of(r, GRU_UPDATE, j, lanes)),
                      reset = soma_vector_sigmoid(sum_of(r, GRU_RESET, j, lanes)),
                      product = reset * soma_load_lanes(r->h + j, lanes);
    keep(r, GRU_UPDATE, j, lanes, z);
    keep(r, GRU_RESET, j, lanes, reset);
    keep(r, GRU_KEPT, j, lanes, product);
    soma_store_lanes(r->z + j, z, lanes);
    soma_store_lanes(r->product + j, product, lanes);
}
RECURRENT_ROW(reset_row)

RECURRENT_UNITS candidate_row_units(const row *r, size_t j, size_t lanes) {
    const soma_vector x = soma_load_lanes(r->x + GRU_CANDIDATE * r->units + j, lanes),
                      n = soma_vector_tanh(x + soma_load_lanes(r->sums + j, lanes));
    keep(r, GRU_CANDIDATE, j, lanes, n);
    give(r, j, lanes, gru_state(soma_load_lanes(r->z + j, lanes), n, soma_load_lanes(r->h + j, lanes)));
}
RECURRENT_ROW(candidate_row)

/* A masked step. */
static void rest_row(const row *r, size_t kept) {
    memcpy(r->y, r->h, r->count * sizeof *r->y);
    memcpy(r->next, r->h, r->count * sizeof *r->next);
    if (r->cells && r->cells != r->c) memcpy(r->cells, r->c, r->count * sizeof *r->cells);
    for (size_t i = 0; i < kept; i++) memset(r->kept + i * r->apart, 0, r->count * sizeof *r->kept);
}

#endif
