/* SPDX-License-Identifier: MIT */
/* Places of elements that constant indices name, for what takes from there and what puts there. */
#ifndef SOMA_IO_ONNX_PLACES_H
#define SOMA_IO_ONNX_PLACES_H

#include "io/onnx/family.h"

typedef struct soma_onnx_places {
    size_t *place; /* in the first input, flattened: where each slice begins */
    size_t count, slice;
    soma_onnx_shape shape; /* of what lies there */
} soma_onnx_places;

/* Of GatherElements, ScatterElements: the second input has numbers along an axis, of single elements. */
soma_status soma_onnx_places_along(soma_onnx_node *node, soma_onnx_places *places);
/* Of GatherND, ScatterND: the last dimension of the second input has numbers along the first axes, behind `batches`. */
soma_status soma_onnx_places_of_tuples(soma_onnx_node *node, int64_t batches, soma_onnx_places *places);
void soma_onnx_places_clear(soma_onnx_places *places);

/* An input in one dimension, whole numbers too. */
soma_status soma_onnx_flattened(soma_onnx_node *node, uint32_t input, soma_tensor **x);

#endif
