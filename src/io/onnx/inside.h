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
/* The branch of an If that is taken; its outputs become the node's. */
soma_status soma_onnx_add_branch(soma_onnx_node *node);

/* -------------------------------------------------------------------------------------------------------- unroll.c */

soma_status soma_onnx_add_loop(soma_onnx_node *node);
soma_status soma_onnx_add_scan(soma_onnx_node *node);

/* ------------------------------------------------------------------------------------------------------ function.c */

/* Written out in place of its call. */
soma_status soma_onnx_call(soma_onnx_importer *importer, const Soma__Onnx__NodeProto *call,
                           const Soma__Onnx__FunctionProto *function);
/* The node with the attributes that those of its function's call, or their defaults, give it. */
soma_status soma_onnx_bind_attributes(soma_onnx_importer *importer, const Soma__Onnx__NodeProto *node,
                                      const Soma__Onnx__NodeProto **bound);

#endif
