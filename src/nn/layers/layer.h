/* SPDX-License-Identifier: MIT */
/*
 * What the files of the layers are written with. Layers are builders that add tensors to the forward graph: they hold
 * no device code and no backward code. Each accepts NULL, so that calls nest, and records the first error in the
 * network.
 *
 * The file of a layer has its builder and, where a network as text may name it, its row: SOMA_LAYER(name) = {...},
 * which table.c puts into one table, by SOMA_LAYER_LIST.
 */
#ifndef SOMA_NN_LAYERS_LAYER_H
#define SOMA_NN_LAYERS_LAYER_H

#include "nn/clause.h"
#include "nn/network.h"

/* ------------------------------------------------------------------------------------------------------- builders */

soma_network *soma_layer_network(const soma_tensor *tensor);
/* Opens a layer; false where that fails, or something has failed before. */
bool soma_layer_begin(soma_network *network, const char *kind, const char *name);
/* Closes the layer that soma_layer_begin() opened; puts its name before an error's detail. */
soma_tensor *soma_layer_finish(soma_network *network, soma_status status, soma_tensor *out);
/* A layer of one op. */
soma_tensor *soma_layer_of_op(const char *kind, soma_op op, soma_tensor *const *input, uint32_t count,
                              soma_attributes attributes);
/* A dimension of the sample as an axis of the tensor, which counts the batch. */
uint32_t soma_layer_axis(const soma_tensor *x, uint32_t dimension);
/* rescale.c: x scale + offset, of one dimension; 1 and 0 until they are set. */
soma_tensor *soma_layer_rescale(soma_tensor *x);
soma_status soma_layer_check_rank(uint32_t rank, const size_t *shape);
bool soma_layer_same_network(soma_tensor *x, soma_tensor *y, const char *kind);
/* A parameter of the layer at hand, named LAYER.ROLE. */
soma_status soma_layer_add_parameter(soma_network *network, const char *role, const soma_parameter *description,
                                     uint32_t rank, const size_t *shape, soma_tensor **out);
soma_status soma_layer_check_initializer(const char *role, soma_initializer initializer, float scale);
/* rotary.c: tables of a network's layer for steps and heads of `width` features; x [steps, heads width] turned by
 * them. */
typedef struct soma_rotary_tables {
    soma_tensor *cosines, *sines; /* [steps, 1, width] */
} soma_rotary_tables;
soma_status soma_layer_add_rotary_tables(soma_network *network, size_t steps, size_t width, soma_rotary_tables *tables);
soma_status soma_layer_add_rotary(soma_tensor *x, const soma_rotary_tables *tables, soma_tensor **out);
/* activation.c: f(x), with the usual parameters where none are set. */
soma_status soma_layer_add_function(soma_tensor *x, soma_function function, const soma_activation_options *options,
                                    soma_tensor **out);

/* -------------------------------------------------------------------------------------------------------- as text */

typedef struct soma_layer_row {
    /* Adds the layer that the clause describes after *x. */
    soma_status (*build)(const soma_clause *clause, soma_tensor **x);
    bool takes_arguments; /* in parentheses behind its word */
    bool has_dimensions;  /* its words may say how many, as conv2d does */
    const char *words;    /* by which people know it beside its name, separated by blanks */
} soma_layer_row;

#define SOMA_LAYER_LIST(X)                                                                                             \
    X(dense)                                                                                                           \
    X(dropout)                                                                                                         \
    X(flatten)                                                                                                         \
    X(prelu)                                                                                                           \
    X(reshape)                                                                                                         \
    X(globalavgpool)                                                                                                   \
    X(globalmaxpool)                                                                                                   \
    X(upsample)                                                                                                        \
    X(zeropad)                                                                                                         \
    X(reflectpad)                                                                                                      \
    X(edgepad)                                                                                                         \
    X(crop)                                                                                                            \
    X(spatialdropout)                                                                                                  \
    X(residual)                                                                                                        \
    X(conv)                                                                                                            \
    X(depthwise)                                                                                                       \
    X(separable)                                                                                                       \
    X(convtranspose)                                                                                                   \
    X(maxpool)                                                                                                         \
    X(avgpool)                                                                                                         \
    X(adaptiveavgpool)                                                                                                 \
    X(embedding)                                                                                                       \
    X(positions)                                                                                                       \
    X(batchnorm)                                                                                                       \
    X(groupnorm)                                                                                                       \
    X(instancenorm)                                                                                                    \
    X(layernorm)                                                                                                       \
    X(rmsnorm)                                                                                                         \
    X(rnn)                                                                                                             \
    X(lstm)                                                                                                            \
    X(gru)                                                                                                             \
    X(attention)                                                                                                       \
    X(transformer)
#define SOMA_LAYER(name) const soma_layer_row soma_layer_row_##name

#define X(name) extern SOMA_LAYER(name);
SOMA_LAYER_LIST(X)
#undef X

/* The layer whose word this is; NULL for none. */
const soma_layer_row *soma_layer_of_word(soma_word text);
/* "dense, dropout, ...", for messages; returns text. */
const char *soma_layer_words(char *text, size_t size);
/* attention.c: "heads N" or "kvheads N" at word *at, which goes to the number; *found: whether it is one of them. */
soma_status soma_clause_heads(const soma_clause *clause, size_t *at, bool *found, size_t *heads, size_t *key_heads);
/* A layer that is an activation by itself. */
soma_status soma_layer_build_activation(const soma_clause *clause, soma_tensor **x);

#endif
