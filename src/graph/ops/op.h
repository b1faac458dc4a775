/* SPDX-License-Identifier: MIT */
/*
 * What the files of the ops are written with. Each defines the rows of its family: SOMA_OP(name) = {...}, with a shape
 * rule, a gradient rule and a lowering rule in the same file; table.c puts the rows into one table, by SOMA_OP_LIST.
 *
 * A gradient rule is given dy, the gradient of the objective with respect to a tensor, and emits those with respect to
 * its inputs as tensors of the same graph (reverse-mode differentiation: Griewank & Walther, "Evaluating Derivatives",
 * ch. 3).
 */
#ifndef SOMA_GRAPH_OPS_OP_H
#define SOMA_GRAPH_OPS_OP_H

#include "graph/graph.h"
#include "graph/lowering.h"

#define SOMA_OP(name) const soma_op_row soma_op_row_##name

#define X(NAME, name) extern SOMA_OP(name);
SOMA_OP_LIST(X)
#undef X

/* Rules that a soma without training does not have: unused there, the compiler leaves them out. */
#ifdef SOMA_HAVE_TRAINING
#define SOMA_GRADIENT(rule)      rule
#define SOMA_TRAINING_CALL(rule) rule
#else
#define SOMA_GRADIENT(rule)      (true ? NULL : (rule))
#define SOMA_TRAINING_CALL(rule) (true ? soma_lower_absent : (rule))
soma_lower_rule soma_lower_absent;
#endif

/* Fails with the tensor's label before the message. */
soma_status soma_op_refuse(const soma_tensor *tensor, soma_status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The shape of the first input; of inputs that must be equal; what the tensor was asked to be; nothing, for ops without
 * a value of their own. */
soma_shape_rule soma_shape_like_first, soma_shape_of_equal_inputs, soma_shape_given, soma_shape_none;
/* normalize.c: shapes of what a NORMALIZE results in beside its value (mean, inverse), and its gradient (dscale,
 * doffset). */
void soma_op_shape_figures(const soma_tensor *normalize, soma_tensor *figures);
void soma_op_shape_channels(const soma_tensor *normalize_grad, soma_tensor *channels);
/* recurrent.c: what a RECURRENT or its gradient results in beside its value. */
void soma_op_shape_of_recurrent(const soma_tensor *recurrent, soma_tensor *result);
/* attention.c: what an ATTENTION or its gradient results in beside its value. */
void soma_op_shape_of_attention(const soma_tensor *attention, soma_tensor *result);
/* `axis`, the batch counted, is one of x's. */
soma_status soma_op_check_axis(const soma_tensor *tensor, const soma_tensor *x, uint32_t axis);

/* Constants and data have no gradient, and need none. */
soma_gradient_rule soma_gradient_none;
soma_status soma_op_add(soma_graph *graph, soma_op op, soma_tensor *const *input, uint32_t count,
                        soma_attributes attributes, soma_tensor **out);
soma_status soma_op_constant_like(soma_graph *graph, const soma_tensor *like, float value, soma_tensor **out);
/* The other way round from broadcasting: sums dy over the dimensions in which x was repeated, down to x's shape. */
soma_status soma_op_sum_to(soma_graph *graph, soma_tensor *dy, const soma_tensor *x, soma_tensor **out);

/* Whether each step of a sample has a loss of its own, the last dimension being its classes. */
bool soma_op_loss_is_of_rows(soma_loss_kind kind);
/* All dimensions but the last as rows. */
soma_view soma_op_last_rows(const soma_lowering *lowering, const soma_tensor *tensor);

/* The tensor with dimensions of 1 put in behind the first `lead`, so that there are five: [first, 1, 1, last]. */
soma_view soma_op_view5(const soma_lowering *lowering, const soma_tensor *tensor, uint32_t lead);

/* x repeated to the shape of `out`: strides of 0 where it has 1 or nothing. */
soma_view soma_op_broadcast_view(const soma_lowering *lowering, const soma_tensor *x, const soma_tensor *out);

#endif
