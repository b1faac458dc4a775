/* SPDX-License-Identifier: MIT */
/* The rules that the rows of the op table name: gradients (gradients.c) and lowering (lower.c, lower_training.c). */
#ifndef SOMA_GRAPH_RULES_H
#define SOMA_GRAPH_RULES_H

#include "graph/graph.h"

soma_gradient_rule soma_gradient_none, soma_gradient_copy, soma_gradient_reshape, soma_gradient_gemm,
    soma_gradient_unary, soma_gradient_binary, soma_gradient_reduce, soma_gradient_transpose, soma_gradient_concat,
    soma_gradient_slice, soma_gradient_softmax, soma_gradient_dropout, soma_gradient_loss;

soma_lower_rule soma_lower_fill, soma_lower_copy, soma_lower_gemm, soma_lower_unary, soma_lower_unary_grad,
    soma_lower_bias_unary_grad, soma_lower_binary, soma_lower_reduce, soma_lower_transpose, soma_lower_concat,
    soma_lower_slice, soma_lower_softmax, soma_lower_softmax_grad, soma_lower_dropout, soma_lower_loss,
    soma_lower_loss_grad, soma_lower_metric, soma_lower_norm, soma_lower_optimizer;

#endif
