/* SPDX-License-Identifier: MIT */
/* Trees on their way from a file's lists to the tables of TREES. */
#ifndef SOMA_IO_ONNX_TREES_H
#define SOMA_IO_ONNX_TREES_H

#include "io/onnx/family.h"

#define SOMA_ONNX_MOST_LEAVES ((size_t)1 << 24) /* nodes and leaves, numbers of which are float32 */

typedef struct soma_onnx_tree_node {
    int64_t tree, id;
    size_t number;  /* in the file */
    size_t next[2]; /* places in this list: where it is so, and where not */
    size_t above;   /* nodes that lead here */
    size_t depth;   /* questions up to here, at most */
    int64_t feature;
    double threshold;
    int mode;     /* what it asks */
    bool leaf;    /* it asks nothing */
    bool missing; /* NaN goes where it is so */
    bool root;
    size_t target; /* row of its table */
} soma_onnx_tree_node;

typedef struct soma_onnx_forest {
    soma_onnx_tree_node *node; /* by tree and number */
    size_t count, trees, rows, leaves, outputs, depth;
    double *table, *leaf, *root;
    double *spoken;            /* as leaf: not 0 where a leaf speaks of an output; NULL: it makes no difference */
    bool all_positive, single; /* of two classes all leaves speak of one */
    bool extreme;              /* not all that trees say is added up: the least or largest counts, by */
    soma_binary combine;
} soma_onnx_forest;

/* A list of so many whole numbers; NULL where there is none, and none are needed. */
soma_status soma_onnx_tree_list(const soma_onnx_node *node, const char *name, size_t count, const int64_t **values);

/* ---------------------------------------------------------------------------------------------------- trees_nodes.c */

/* Reads all->count nodes of samples of so many features, and counts what their tables will have; `order` is room for
 * as many numbers. */
soma_status soma_onnx_read_trees(soma_onnx_node *node, size_t features, soma_onnx_forest *all, size_t *order);
/* Makes the tables of questions and of roots. */
soma_status soma_onnx_put_questions(soma_onnx_node *node, soma_onnx_forest *all);
/* NULL: there is none. */
soma_onnx_tree_node *soma_onnx_find_tree_node(const soma_onnx_forest *all, int64_t tree, int64_t id);

#endif
