/* SPDX-License-Identifier: MIT */
/* attention_again.c: attention that was written as its parts, found in a file's nodes. */
#ifndef SOMA_IO_ONNX_AGAIN_H
#define SOMA_IO_ONNX_AGAIN_H

#include "io/onnx/compose.h"

/* Of a sample: steps of queries and keys, and the features of each with all heads. */
typedef struct soma_onnx_again_size {
    int64_t steps, keys, query_features, key_features, value_features;
} soma_onnx_again_size;

/* One of them, as a node with its name and its result: of queries, keys, values and perhaps a mask. */
typedef struct soma_onnx_again {
    soma_onnx_made made; /* first: its node is what the rule is given */
    char *input[4];      /* of the file */
    soma_onnx_again_size size;
} soma_onnx_again;

/* By number of the node. */
typedef struct soma_onnx_attentions {
    size_t nodes;
    bool *part;              /* it is left out, as a part of one that is read in another's place */
    soma_onnx_again **again; /* what is read in its place, or NULL */
} soma_onnx_attentions;

/* Clear them also after failure. */
soma_status soma_onnx_find_attentions(const soma_onnx_file *file, soma_onnx_attentions *found);
void soma_onnx_attentions_clear(soma_onnx_attentions *found);
/* The row by which one is read. */
extern const soma_onnx_row soma_onnx_row_again;

#endif
