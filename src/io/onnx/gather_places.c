/* SPDX-License-Identifier: MIT */
/* GatherElements and GatherND: elements, or slices, of constant places. */
#include "io/onnx/places.h"

/* ---------------------------------------------------------------------------------------------------------- import */

static size_t source(const void *context, size_t i) {
    const soma_onnx_places *from = context;
    return from->place[i / from->slice] + i % from->slice;
}

static soma_status take(soma_onnx_node *node, const soma_onnx_places *from) {
    const soma_onnx_value *x = node->input[0];
    soma_onnx_shape out = from->shape;
    soma_tensor *y;
    out.batched = x->shape.batched;
    if (soma_onnx_is_known(x)) return soma_onnx_fold_selection(node, &out, source, from);
    SOMA_TRY(soma_onnx_flattened(node, 0, &y));
    SOMA_TRY(soma_graph_pick(y, 0, from->count * from->slice, source, from, &y));
    node->output.integer = x->integer;
    node->output.elements.type = x->elements.type;
    return soma_onnx_give(node, y, &out);
}

static soma_status import_gather_elements(soma_onnx_node *node) {
    soma_onnx_places from;
    soma_status status = soma_onnx_places_along(node, &from);
    if (status == SOMA_OK) status = take(node, &from);
    soma_onnx_places_clear(&from);
    return status;
}

SOMA_ONNX_OP(GatherElements, 11, 2, 2, "axis", import_gather_elements, 0);

static soma_status import_gather_nd(soma_onnx_node *node) {
    soma_onnx_places from = {.place = NULL};
    int64_t batches;
    SOMA_TRY(soma_onnx_get_integer(node, "batch_dims", 0, &batches));
    soma_status status = soma_onnx_places_of_tuples(node, batches, &from);
    if (status == SOMA_OK) status = take(node, &from);
    soma_onnx_places_clear(&from);
    return status;
}

SOMA_ONNX_OP(GatherND, 11, 2, 2, "batch_dims", import_gather_nd, 0);
