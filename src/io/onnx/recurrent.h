/* SPDX-License-Identifier: MIT */
/* RNN, LSTM and GRU as they are read: what recurrent.c, recurrent_weights.c and microsoft_recurrent.c share. */
#ifndef SOMA_IO_ONNX_RECURRENT_H
#define SOMA_IO_ONNX_RECURRENT_H

#include "io/onnx/family.h"
#include "kernels/recurrent_call.h"

/* The ops' inputs. */
enum { X, W, R, B, LENGTHS, STATE, CELL, PEEPHOLES };

typedef struct soma_onnx_recurrence {
    soma_onnx_node *node;
    soma_recurrent_params params[2]; /* of each direction */
    size_t directions, gates, steps, features, units;
    size_t sequences; /* of a sample */
    bool batchwise;   /* the batch before the steps: layout 1 */
    bool whole;
} soma_onnx_recurrence;

static inline bool soma_onnx_is_given(const soma_onnx_node *node, uint32_t input) {
    return input < node->input_count && node->input[input];
}

/* Which of ONNX's gates each of soma's is. */
static inline size_t soma_onnx_gate(soma_recurrent_kind kind, size_t gate) {
    static const uint8_t order[SOMA_RECURRENT_KIND_COUNT][LSTM_GATES] = {
        [SOMA_RECURRENT_RNN] = {0},
        [SOMA_RECURRENT_LSTM] = {[LSTM_INPUT] = 0, [LSTM_OUTPUT] = 1, [LSTM_FORGET] = 2, [LSTM_CANDIDATE] = 3},
        [SOMA_RECURRENT_GRU] = {[GRU_UPDATE] = 0, [GRU_RESET] = 1, [GRU_CANDIDATE] = 2}};
    return order[kind][gate];
}

/* What the node's attributes and the shapes of its inputs say, once they are found to fit; no weight is read. */
soma_status soma_onnx_begin_recurrence(soma_onnx_node *node, soma_onnx_recurrence *layer);

/* Of one direction, in soma's order, parameters or made of such; NULL for what there is not. */
typedef struct soma_onnx_recurrent_weights {
    soma_tensor *input, *recurrent, *bias, *recurrent_bias;
} soma_onnx_recurrent_weights;

/* Makes them of the node's inputs, for each direction. */
soma_status soma_onnx_add_recurrent_weights(const soma_onnx_recurrence *layer, soma_onnx_recurrent_weights *made);

#endif
