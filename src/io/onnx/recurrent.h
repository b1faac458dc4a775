/* SPDX-License-Identifier: MIT */
/* RNN, LSTM and GRU as they are read: what recurrent.c and recurrent_weights.c share. */
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

/* Parameters of one direction, in soma's order; NULL for what there is not. */
typedef struct soma_onnx_recurrent_weights {
    soma_tensor *input, *recurrent, *bias, *recurrent_bias;
} soma_onnx_recurrent_weights;

/* Makes them of the file's constants, for each direction. */
soma_status soma_onnx_add_recurrent_weights(const soma_onnx_recurrence *layer, soma_onnx_recurrent_weights *made);

#endif
