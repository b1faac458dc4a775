/* SPDX-License-Identifier: MIT */
/* From a network to an ONNX graph: what the rules of all ops use to write nodes. */
#ifndef SOMA_IO_ONNX_EXPORT_H
#define SOMA_IO_ONNX_EXPORT_H

#include "io/onnx/writer.h"
#include "nn/network.h"

/* Field numbers of the schema. */
enum { GRAPH_NODE = 1, GRAPH_NAME = 2, GRAPH_INITIALIZER = 5, GRAPH_INPUT = 11, GRAPH_OUTPUT = 12 };
enum { NODE_INPUT = 1, NODE_OUTPUT = 2, NODE_NAME = 3, NODE_OP = 4, NODE_ATTRIBUTE = 5 };
enum { TENSOR_DIMS = 1, TENSOR_TYPE = 2, TENSOR_NAME = 8, TENSOR_RAW = 9 };

#define SOMA_ONNX_NAME 512 /* longer names are cut, and made unique by a number */

typedef struct soma_onnx_exporter {
    soma_network *network;
    soma_onnx_writer writer;
    char (*name)[SOMA_ONNX_NAME]; /* of each tensor */
    bool *needed;                 /* of each tensor: a node uses it, or it is an output */
    unsigned constants, temporaries;
    int64_t opset;
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
void soma_onnx_end_node(soma_onnx_exporter *exporter, size_t opened);
/* A node without attributes, of up to two inputs. */
void soma_onnx_put_node(soma_onnx_exporter *exporter, const char *op, const char *output, const char *a, const char *b);

/* Values of the exporter's own: a name for the result of an inner node, a number that is not trained, a list. */
soma_onnx_name soma_onnx_temporary(soma_onnx_exporter *exporter);
soma_onnx_name soma_onnx_number(soma_onnx_exporter *exporter, float value);
soma_status soma_onnx_equal_numbers(soma_onnx_exporter *exporter, uint32_t rank, const size_t *shape, float value,
                                    soma_onnx_name *name);
soma_onnx_name soma_onnx_list(soma_onnx_exporter *exporter, const int64_t *values, size_t count);
/* A tensor, as field number `field` of the message that is open. */
void soma_onnx_put_tensor(soma_onnx_exporter *exporter, unsigned field, const char *name, uint32_t rank,
                          const size_t *shape, const float *values);

/* What stands for an operand of a BINARY: the tensor, or what it was copied from, since ONNX broadcasts both. */
const soma_tensor *soma_onnx_operand(const soma_tensor *binary, uint32_t index);

/* onnx_export_ops.c: the node, or nodes, that compute the tensor. */
soma_status soma_onnx_export_tensor(soma_onnx_exporter *exporter, const soma_tensor *tensor);

#endif
