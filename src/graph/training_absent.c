/* SPDX-License-Identifier: MIT */
/* Stands in for lower_training.c in a soma without training: the rows of these ops have no other rules that compute. */
#include "graph/rules.h"

#define X(op_name)                                                                                                     \
    soma_status soma_lower_##op_name(struct soma_lowering *lowering, const soma_tensor *tensor) {                      \
        (void)lowering;                                                                                                \
        return soma_error(SOMA_UNSUPPORTED, "%s: %s", soma_op_table[tensor->op].name, SOMA_WITHOUT_TRAINING);          \
    }
X(unary_grad)
X(bias_unary_grad)
X(softmax_grad)
X(dropout)
X(loss_grad)
X(norm)
X(optimizer)
#undef X
