/* SPDX-License-Identifier: MIT */
/* What is made of a graph that is there: its gradients, what computes the same more quickly, or for another purpose. */
#ifndef SOMA_GRAPH_REWRITES_H
#define SOMA_GRAPH_REWRITES_H

#include "graph/graph.h"

/* ------------------------------------------------------------------------------------------------------ autodiff */

/*
 * Appends the gradients of the given tensors. seed[i] is the gradient of the scalar objective with respect to root[i].
 * wanted[i]: in: the tensor; gradient[i]: out: its gradient, NULL if the objective does not depend on it.
 * SOMA_NO_GRADIENT names the tensor where a path ends.
 */
soma_status soma_graph_differentiate(soma_graph *graph, soma_tensor *const *root, soma_tensor *const *seed,
                                     size_t roots, soma_tensor *const *wanted, size_t count, soma_tensor **gradient);

/* ------------------------------------------------------------------------------------------------------- fusion */

/* Each rewrite can be switched off, and is tested on against off. */
enum {
    SOMA_FUSE_GEMM_FUNCTION = 1,      /* gemm, or convolution, + function -> the same with an epilogue */
    SOMA_FUSE_BIAS_GRADIENT = 2,      /* function gradient + sum over the batch, and positions -> one pass */
    SOMA_FUSE_LOSS = 4,               /* loss + its gradient, from the same logits -> one pass */
    SOMA_FUSE_NORMALIZE_FUNCTION = 8, /* normalisation + function -> one pass */
    SOMA_FUSE_FOLD = 16,              /* product, or convolution, + normalisation by given figures -> one product of
                                         other weights, for graphs that leave the parameters alone */
    SOMA_FUSE_ADDITION = 32,          /* convolution + addition -> the same with an epilogue, for graphs without
                                         gradients on devices that combine the two */
    SOMA_FUSE_MATMUL = 64,            /* transpositions and factors around a product of several matrices -> a product
                                         that reads and writes in another order */
    SOMA_FUSE_FORMULA = 128,          /* a function that is written as a product with another -> that function */
    SOMA_FUSE_BIAS = 256,             /* product, or convolution, + a row for all rows -> the same with a bias */
    SOMA_FUSE_ATTENTION = 512,        /* product of queries and keys + masks + softmax + product with values -> one
                                         attention, for devices that combine them; training does it itself */
    SOMA_FUSE_SETTLED = 1024,         /* what is made of parameters alone -> made once, and when these have changed, for
                                         graphs that leave the parameters alone */
    SOMA_FUSE_GATHER = 2048,          /* rows of a table + product -> rows of the table's product, for graphs without
                                         gradients; training does it itself */
    SOMA_FUSE_ALL = 4095
};
soma_status soma_graph_fuse(soma_graph *graph, unsigned which);
/*
 * SOMA_FUSE_ATTENTION before gradients are appended: attention that was fused has its own. A mask on which one of the
 * wanted tensors has an effect would need a gradient, which attention's has not: such a one stays as it is. Removes
 * nothing.
 */
soma_status soma_graph_fuse_attention(soma_graph *graph, soma_tensor *const *wanted, size_t count);
/* SOMA_FUSE_GATHER; with training before gradients are appended, so that these are sums of rows, too. Removes nothing.
 */
soma_status soma_graph_fuse_gather(soma_graph *graph, bool training);
/*
 * For plain gradient descent without clipping or decay, where nobody asks for the gradients: each weight matrix is
 * updated by the product that would make its gradient. All of them (those before decay_count in the flat buffer) or
 * none.
 */
void soma_graph_update_in_products(soma_graph *graph, size_t decay_count);
/*
 * For rules by which a parameter without a gradient stays as it is, without clipping by norm or decay, where nobody
 * asks for the gradients of tables: of each table of which rows are gathered once, those that the batch names are
 * updated.
 */
soma_status soma_graph_update_rows(soma_graph *graph);
/* Whether the table at this offset of the flat buffers is updated so. */
bool soma_graph_updates_rows_at(const soma_graph *graph, size_t offset);
/* How many tensors use each one, a kept one counted once more; NULL if there is no memory. Freed by soma_free(). */
uint32_t *soma_graph_count_uses(const soma_graph *graph);
/* fuse_settled.c: marks what is made of parameters alone. */
soma_status soma_graph_settle(soma_graph *graph);
/* fuse_matmul.c: the tensor that has the same elements in the same order, where this one turns it to and fro; else
 * itself. */
soma_tensor *soma_tensor_unmoved(soma_tensor *tensor);
/* fuse_settled.c: whether it stays as it is from run to run, unless parameters change. */
bool soma_tensor_is_settled(const soma_tensor *tensor);
/* fuse_formula.c: whether a tensor has the same known number everywhere. */
bool soma_tensor_is_number(const soma_tensor *tensor, double *number);
/* Puts an op of one input, AUGMENT or MIX, between an input and all that uses it. */
soma_status soma_graph_change_input(soma_graph *graph, soma_tensor *input, soma_op op,
                                    const soma_attributes *attributes);
/*
 * Normalises by the figures of the samples of all ranks: in the place of each NORMALIZE that moves running figures
 * comes what computes the same by ACROSS. stand_in[i], for each tensor there was: itself, or what is used in its place.
 */
soma_status soma_graph_synchronise(soma_graph *graph, soma_tensor **stand_in);
/* Makes of the copy of a network what is computed in inference: nothing is dropped, and batches are normalised by the
 * running figures. */
void soma_graph_infer(soma_graph *graph);
/* The tensor that stands in its place then: without dropout, and without a product with what is 1 then. */
soma_tensor *soma_tensor_without_dropout(soma_tensor *tensor);
/* Whether it holds the losses of a batch, made alone or with their gradient. */
bool soma_tensor_is_loss(const soma_tensor *tensor);
/* Removes what no kept tensor, metric or optimizer needs; renumbers. */
void soma_graph_prune(soma_graph *graph);

#endif
