/* SPDX-License-Identifier: MIT */
/*
 * Nodes in front of the network: those that look into texts, as Tokenizer does, and all that these read. They are
 * computed on the host, since how many words a text has is known only when it is there; what they make are inputs of a
 * graph of the nodes that are left, which a network is made of as of any other.
 */
#ifndef SOMA_IO_ONNX_FRONT_H
#define SOMA_IO_ONNX_FRONT_H

#include "io/onnx/import.h"

/* A value that the nodes in front make and others read: an input of the graph that is left. */
typedef struct soma_onnx_joint_value {
    const char *name;
    Soma__Onnx__ValueInfoProto info;
    Soma__Onnx__TypeProto type;
    Soma__Onnx__TypeProto__Tensor tensor;
    Soma__Onnx__TensorShapeProto shape;
    Soma__Onnx__TensorShapeProto__Dimension dim, *dims[SOMA_ONNX_MAX_RANK];
} soma_onnx_joint_value;

struct soma_onnx_front {
    bool *node;                                             /* by number in the file: it is computed in front */
    size_t *number;                                         /* in the file, of each node that is left */
    size_t left;                                            /* so many nodes and */
    size_t inputs;                                          /* inputs, the values below last */
    Soma__Onnx__NodeProto **nodes, **rest;                  /* the file's, and those that are left */
    Soma__Onnx__ValueInfoProto **all_inputs, **rest_inputs; /* likewise */
    size_t node_count, input_count;                         /* of the file's */
    soma_onnx_joint_value *values;
    size_t count;
};

/* Takes the nodes in front out of the file's graph until it is closed, where there are any; else file->front is NULL.
 */
soma_status soma_onnx_front_split(soma_onnx_file *file, const soma_onnx_selection *selection);
/* Puts them back; accepts a file without any. */
void soma_onnx_front_join(soma_onnx_file *file);
/* What a node is numbered in the file. */
size_t soma_onnx_front_number(const soma_onnx_file *file, size_t number);
/* Says of which type and how many dimensions a value of this run is. */
void soma_onnx_front_declare(soma_onnx_joint_value *to, const soma_onnx_value *value);

/* import.c: runs them; given[i] is an input of the file, a constant. `take` gets the values, in their order. */
typedef soma_status soma_onnx_take_joint(void *context, size_t number, const soma_onnx_value *value);
soma_status soma_onnx_run_front(const soma_onnx_file *file, const soma_onnx_options *options,
                                const soma_onnx_value *given, size_t count, soma_onnx_take_joint *take, void *context);

#endif
