/* SPDX-License-Identifier: MIT */
/* From a network to an ONNX graph: what the rules of all ops use to write nodes. */
#ifndef SOMA_IO_ONNX_EXPORT_H
#define SOMA_IO_ONNX_EXPORT_H

#include "io/protobuf.h"
#include "nn/network.h"

/* Field numbers of the schema. */
enum { GRAPH_NODE = 1, GRAPH_NAME = 2, GRAPH_INITIALIZER = 5, GRAPH_INPUT = 11, GRAPH_OUTPUT = 12 };
enum { NODE_INPUT = 1, NODE_OUTPUT = 2, NODE_NAME = 3, NODE_OP = 4, NODE_ATTRIBUTE = 5 };
enum { TENSOR_DIMS = 1, TENSOR_TYPE = 2, TENSOR_NAME = 8, TENSOR_RAW = 9 };
enum { ONNX_FLOAT = 1, ONNX_INT64 = 7 }; /* types of elements */

#define SOMA_ONNX_NAME 512 /* longer names are cut, and made unique by a number */

typedef struct soma_onnx_exporter {
    soma_network *network;
    soma_protobuf writer;
    char (*name)[SOMA_ONNX_NAME];  /* of each tensor */
    bool *needed;                  /* of each tensor: a node uses it, or it is an output */
    char (*first)[SOMA_ONNX_NAME]; /* of each tensor: its name with channels first; "": it has none so far */
    bool *only_first;              /* of each tensor: it is there only so */
    unsigned constants, temporaries;
    int64_t limit;       /* no later opset is to be needed; 0: none is too late */
    int64_t opset;       /* that is written */
    int64_t least_opset; /* that has all nodes written so far */
} soma_onnx_exporter;

typedef struct soma_onnx_name {
    char text[SOMA_ONNX_NAME];
} soma_onnx_name;

/* A node of one output: opened, given attributes, closed. `input` ends with NULL. */
size_t soma_onnx_begin_node(soma_onnx_exporter *exporter, const char *op, const char *output, const char *const *input);
void soma_onnx_put_attribute_float(soma_onnx_exporter *exporter, const char *name, float value);
void soma_onnx_put_attribute_integer(soma_onnx_exporter *exporter, const char *name, int64_t value);
void soma_onnx_put_attribute_integers(soma_onnx_exporter *exporter, const char *name, const int64_t *values,
                                      size_t count);
void soma_onnx_put_attribute_text(soma_onnx_exporter *exporter, const char *name, const char *text);
void soma_onnx_put_attribute_texts(soma_onnx_exporter *exporter, const char *name, const char *const *texts,
                                   size_t count);
void soma_onnx_end_node(soma_onnx_exporter *exporter, size_t opened);
/* The node is of this opset or later ones; those up to 7 need not be asked for. */
void soma_onnx_need_opset(soma_onnx_exporter *exporter, int64_t opset);
/* Whether it may be: else there may be another form. */
bool soma_onnx_may_need(const soma_onnx_exporter *exporter, int64_t opset);
/* A node without attributes, of up to two inputs. */
void soma_onnx_put_node(soma_onnx_exporter *exporter, const char *op, const char *output, const char *a, const char *b);

/* "out = op(x)", "out = op(a, b)". */
#define PUT(op, out, a, b) soma_onnx_put_node(exporter, op, out, a, b)
void soma_onnx_put_reshaped(soma_onnx_exporter *exporter, const char *out, const char *x, const int64_t *shape,
                            size_t rank);
/* pad.c: `pads` in front of each of `rank` dimensions, then behind each; the batch is one of them. */
void soma_onnx_put_padded(soma_onnx_exporter *exporter, const char *out, const char *x, const int64_t *pads,
                          uint32_t rank, float value);
/* The tensor as a node of all its inputs and an axis. */
void soma_onnx_put_with_axis(soma_onnx_exporter *exporter, const char *op, const soma_tensor *tensor, uint32_t axis);

/*
 * Names: a tensor's; whether one of the first `before` tensors has it; "PREFIX_N" that none has; for the result of an
 * inner node; for a constant.
 */
const char *soma_onnx_name_of(soma_onnx_exporter *exporter, const soma_tensor *tensor);
bool soma_onnx_is_taken(const soma_onnx_exporter *exporter, const char *name, uint32_t before);
soma_onnx_name soma_onnx_own_name(const soma_onnx_exporter *exporter, const char *prefix, unsigned *number);
soma_onnx_name soma_onnx_temporary(soma_onnx_exporter *exporter);
soma_onnx_name soma_onnx_constant_name(soma_onnx_exporter *exporter, const char *prefix);

/* Values that are not trained: numbers, one number, as many equal ones as a tensor has, a list. */
void soma_onnx_put_constant(soma_onnx_exporter *exporter, const char *name, uint32_t rank, const size_t *shape,
                            const float *values);
soma_onnx_name soma_onnx_number(soma_onnx_exporter *exporter, float value);
soma_status soma_onnx_put_equal_numbers(soma_onnx_exporter *exporter, const char *name, const soma_tensor *like,
                                        float value);
soma_onnx_name soma_onnx_list(soma_onnx_exporter *exporter, const int64_t *values, size_t count);
/* A tensor, as field number `field` of the message that is open. */
void soma_onnx_put_tensor(soma_onnx_exporter *exporter, unsigned field, const char *name, uint32_t rank,
                          const size_t *shape, const float *values);

/* Writes the node, or nodes, that compute the tensor. */
typedef soma_status soma_onnx_export_rule(soma_onnx_exporter *exporter, const soma_tensor *tensor);

/* channels.c: the name of an image with channels first; that the tensor is there so; the node of an op for each
 * element, on images with channels first if that is how they are there. */
const char *soma_onnx_first_of(soma_onnx_exporter *exporter, const soma_tensor *tensor);
void soma_onnx_made_first(soma_onnx_exporter *exporter, const soma_tensor *tensor, const char *name);
soma_status soma_onnx_put_elementwise(soma_onnx_exporter *exporter, const soma_tensor *tensor,
                                      soma_onnx_export_rule *rule);
/* Whether a transposition moves channels and nothing else, and needs no node of its own for that. */
bool soma_onnx_put_as_channels(soma_onnx_exporter *exporter, const soma_tensor *transpose);
/* Whether a reshaping of an image that is there channels first cuts its positions alone, and was written so. */
bool soma_onnx_put_reshaped_first(soma_onnx_exporter *exporter, const soma_tensor *reshape);
/* Whether nothing but convolutions uses it, as their weight: then it is written in ONNX's order, by way of `turned`. */
bool soma_onnx_is_conv_weight(const soma_onnx_exporter *exporter, const soma_tensor *parameter);
void soma_onnx_put_conv_weight(soma_onnx_exporter *exporter, const char *name, const soma_tensor *weight,
                               const float *values, float *turned);
/* export.c: nothing but an INDEX uses the input. */
bool soma_onnx_names_rows(const soma_tensor *input);
/* metadata.c: what the model has beside its graph. */
soma_status soma_onnx_put_metadata(soma_onnx_exporter *exporter);

/* NULL for ops that are no part of a network. */
extern soma_onnx_export_rule *const soma_onnx_export_table[SOMA_OP_COUNT];

#endif
