/* SPDX-License-Identifier: MIT */
/*
 * Nodes that stand inside of others: branches of If, bodies of Loop and Scan, functions of the model's own. They are
 * written out in the place of the node that they are inside of. All that is written out counts against what a file may
 * take, so that a small file cannot ask for any amount.
 */
#ifndef SOMA_IO_ONNX_INSIDE_H
#define SOMA_IO_ONNX_INSIDE_H

#include "io/onnx/import.h"

/* A call of a function, while its nodes are read. */
struct soma_onnx_frame {
    const Soma__Onnx__FunctionProto *function;
    const Soma__Onnx__NodeProto *call; /* whose attributes the function's nodes may refer to */
    const soma_onnx_frame *outer;      /* NULL: called from the graph */
};

/* -------------------------------------------------------------------------------------------------------- inside.c */

/* Counts so many nodes that are written out; `name` stands for what they are of. */
soma_status soma_onnx_write_out(soma_onnx_importer *importer, size_t nodes, const char *name);
/* Zeros that stay as long as the importer. */
soma_status soma_onnx_keep(soma_onnx_importer *importer, size_t bytes, const char *name, void **memory);
/* The nodes of a graph, as if they stood outside. */
soma_status soma_onnx_add_inside(soma_onnx_importer *importer, const Soma__Onnx__GraphProto *graph);
/* Names that a graph's nodes have defined are no names any more. */
void soma_onnx_leave(soma_onnx_importer *importer, const Soma__Onnx__GraphProto *graph);
/* Its initializers, and their end. */
soma_status soma_onnx_enter_initializers(soma_onnx_importer *importer, const Soma__Onnx__GraphProto *graph);
void soma_onnx_leave_initializers(soma_onnx_importer *importer, const Soma__Onnx__GraphProto *graph);
/* An output of a graph that was added. */
soma_status soma_onnx_output_inside(soma_onnx_importer *importer, const Soma__Onnx__GraphProto *graph, size_t number,
                                    soma_onnx_value *value);
/* The node of a graph that makes this; NULL: none does, or it is of another op or number of inputs. */
const Soma__Onnx__NodeProto *soma_onnx_maker(const Soma__Onnx__GraphProto *graph, const char *name, const char *op,
                                             size_t inputs);
/* What a name stands for, behind nodes that change nothing. */
const char *soma_onnx_behind_identities(const Soma__Onnx__GraphProto *graph, const char *name);
/* The branch of an If that is taken; its outputs become the node's. */
soma_status soma_onnx_add_branch(soma_onnx_node *node);

/* -------------------------------------------------------------------------------------------------------- unroll.c */

soma_status soma_onnx_add_loop(soma_onnx_node *node);
soma_status soma_onnx_add_scan(soma_onnx_node *node);

/* ----------------------------------------------------------------------------------------------------- sequence.c */

/* Tensors in their order. */
struct soma_onnx_sequence {
    size_t count;
    const soma_onnx_value *item[];
};

/* Does what a node of sequences says, if it is one. An error where another is given a sequence for a tensor. */
soma_status soma_onnx_add_sequence(soma_onnx_node *node, bool *done);
/* Whether all is known of a value, or of each of a sequence, of which there are no tensors. */
bool soma_onnx_is_constant(const soma_onnx_value *value);
/* An error if it is a sequence. */
soma_status soma_onnx_refuse_sequence(const soma_onnx_value *value);

/* ---------------------------------------------------------------------------------------------------------- made.c */

/* A constant of one whole number; rank 0 or 1. */
soma_status soma_onnx_number_value(soma_onnx_importer *importer, const char *name, int32_t type, int64_t number,
                                   uint32_t rank, soma_onnx_value *value);
/* A name that no file has: no text begins so. */
soma_status soma_onnx_inner_name(soma_onnx_importer *importer, const char **name);
/* A constant of one float32, rank 0. */
soma_status soma_onnx_float_value(soma_onnx_importer *importer, const char *name, float number, soma_onnx_value *value);
/* Whole numbers in a list, rank 1, under a name of their own. */
soma_status soma_onnx_define_list(soma_onnx_importer *importer, const int64_t *numbers, size_t count,
                                  const char **name);
/* A node of these inputs and one attribute, of one number where `list` is 0, else of a list of so many, with one
 * output. */
soma_status soma_onnx_add_made(soma_onnx_importer *importer, const char *op, const char *const *inputs, size_t count,
                               const char *attribute, const int64_t *value, size_t list, const char *output);
/* A piece with one dimension of 1 more, under a name of its own. */
soma_status soma_onnx_add_dimension(soma_onnx_importer *importer, const soma_onnx_value *piece, int64_t axis,
                                    const char **name);
/* Values joined along an axis, as many at a time as an op takes, until one is left, which has the name `output`; the
 * others' names are overwritten. */
soma_status soma_onnx_join(soma_onnx_importer *importer, const char **names, size_t count, int64_t axis,
                           const char *output);

/* -------------------------------------------------------------------------------------------------------- einsum.c */

/* Writes an Einsum as other nodes, if it is one. */
soma_status soma_onnx_add_einsum(soma_onnx_node *node, bool *done);

/* ------------------------------------------------------------------------------------------------ normalize_batch.c */

/* Writes a BatchNormalization that goes by the figures of its own batch as other nodes, if it is one, and all of that
 * is here. */
soma_status soma_onnx_add_batch_figures(soma_onnx_node *node, bool *done);

/* --------------------------------------------------------------------------------------------------------- concat.c */

/* Writes a Concat of more values than a node takes as several, if it is one. */
soma_status soma_onnx_add_long_concat(soma_onnx_node *node, bool *done);

/* ------------------------------------------------------------------------------------------------------ distances.c */

/* Whether a Scan is the squared distances of samples to the rows of a table, a row each turn. */
bool soma_onnx_are_distances(const soma_onnx_node *node, const Soma__Onnx__GraphProto *body);
/* These at once, of any number of rows. */
soma_status soma_onnx_add_distances(soma_onnx_node *node);

/* ------------------------------------------------------------------------------------------------------ function.c */

/* Written out in place of its call. */
soma_status soma_onnx_call(soma_onnx_importer *importer, const Soma__Onnx__NodeProto *call,
                           const Soma__Onnx__FunctionProto *function);
/* The node with the attributes that those of its function's call, or their defaults, give it. */
soma_status soma_onnx_bind_attributes(soma_onnx_importer *importer, const Soma__Onnx__NodeProto *node,
                                      const Soma__Onnx__NodeProto **bound);

#endif
