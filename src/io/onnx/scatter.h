/* SPDX-License-Identifier: MIT */
/* What the files of ScatterElements and ScatterND share. */
#ifndef SOMA_IO_ONNX_SCATTER_H
#define SOMA_IO_ONNX_SCATTER_H

#include "io/onnx/places.h"

/* The result is the first input, `rows` slices of `width` elements of each sample, with those of the third put at these
 * places (soma_onnx_places_computed(), soma_onnx_tuples_computed()), by the device. */
soma_status soma_onnx_put_computed(soma_onnx_node *node, soma_onnx_value *place, size_t rows, size_t width,
                                   soma_put_params params);
/* The same of inputs that are all known, at places that are. */
soma_status soma_onnx_put_known(soma_onnx_node *node, const soma_onnx_places *at, soma_put_params params);

#endif
