/* SPDX-License-Identifier: MIT */
/* What is in an ONNX file before anybody makes a network of it: its ops, and what the outputs that are wanted need. */
#ifndef SOMA_IO_ONNX_INVENTORY_H
#define SOMA_IO_ONNX_INVENTORY_H

#include "io/onnx/file.h"
#include "io/words.h"
#include <soma/soma.h>

/* A node's name or, if it has none, that of its first output. */
const char *soma_onnx_node_label(const Soma__Onnx__NodeProto *node);

/* ------------------------------------------------------------------------------------------------ what is needed */

/* All of the graph, unless the options choose among its outputs: then what these depend on. */
typedef struct soma_onnx_selection {
    bool all;
    bool *node;       /* by number */
    soma_words names; /* of values */
    size_t nodes;     /* how many are needed */
} soma_onnx_selection;

/* Refuses names that no output of the graph has. Clear it also after failure. */
soma_status soma_onnx_select(const soma_onnx_file *file, const soma_onnx_options *options,
                             soma_onnx_selection *selection);
void soma_onnx_selection_clear(soma_onnx_selection *selection);
bool soma_onnx_needs_node(const soma_onnx_selection *selection, size_t number);
bool soma_onnx_needs_value(const soma_onnx_selection *selection, const char *name);

/* ----------------------------------------------------------------------------------------------------------- ops */

typedef struct soma_onnx_op_use {
    size_t count;
    bool supported;
    int64_t since;      /* of one that is known, but not yet of the file's opset; else 0 */
    int64_t opset;      /* of the first node, of one that is known: a function's is its own */
    const char *domain; /* of one that is known; NULL: ONNX's own */
    const char *label;  /* of the first node of it */
    size_t first;       /* the graph's node that this is, or is inside of */
    bool inside;
} soma_onnx_op_use;

/* Every op of the nodes that are needed, branches and bodies of loops included, in the order in which they come. */
typedef struct soma_onnx_ops {
    soma_words names;                    /* "Conv"; of another domain "com.example.Attention" */
    soma_onnx_op_use *use;               /* by number of the name */
    size_t capacity, nodes, unsupported; /* nodes in all, and those of ops that are not supported */
} soma_onnx_ops;

/* Clear them also after failure. */
soma_status soma_onnx_count_ops(const soma_onnx_file *file, const soma_onnx_selection *selection, soma_onnx_ops *ops);
void soma_onnx_ops_clear(soma_onnx_ops *ops);
/* SOMA_UNSUPPORTED, which names every op that is not supported, and how many nodes are of it. */
soma_status soma_onnx_check_ops(const soma_onnx_file *file, const soma_onnx_selection *selection);

#endif
