/* SPDX-License-Identifier: MIT */
/* Pools: of all positions, which are reductions. */
#include "io/onnx/family.h"
#include "io/onnx/window.h"

/* ---------------------------------------------------------------------------------------------------------- import */

/* [batch, channels, 1, 1...] */
static soma_status import_global(soma_onnx_node *node) {
    soma_onnx_image image;
    soma_tensor *y;
    SOMA_TRY(soma_onnx_get_image(node, &image));
    SOMA_TRY(soma_graph_reduce_axes(soma_onnx_graph(node), image.tensor, (soma_reduction)node->row->parameter,
                                    1 + image.kept, image.rank, &y));
    soma_onnx_shape shape = image.shape;
    for (uint32_t i = 0; i < image.rank; i++) shape.dim[2 + i] = 1;
    return soma_onnx_give(node, y, &shape);
}

SOMA_ONNX_OP(GlobalAveragePool, 1, 1, 1, "", import_global, SOMA_REDUCE_MEAN);
SOMA_ONNX_OP(GlobalMaxPool, 1, 1, 1, "", import_global, SOMA_REDUCE_MAX);
