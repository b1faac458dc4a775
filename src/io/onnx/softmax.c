/* SPDX-License-Identifier: MIT */
/* Softmax and its logarithm. */
#include "io/onnx/family.h"

/* ---------------------------------------------------------------------------------------------------------- import */

/* Before opset 13 all dimensions from the axis on are one. */
static soma_status flat_softmax(soma_onnx_node *node, uint32_t axis, soma_tensor **y) {
    const soma_onnx_shape *x = &node->input[0]->shape;
    uint32_t first = soma_onnx_first(node->importer, x);
    if (axis < first) return soma_onnx_mixes(node);
    soma_onnx_shape flat = {.batched = x->batched, .rank = first + 2};
    if (first) flat.dim[0] = x->dim[0];
    flat.dim[first] = soma_onnx_count(x, first, axis);
    flat.dim[first + 1] = soma_onnx_count(x, axis, x->rank);
    return soma_onnx_reshaped(node, *y, &flat, y);
}

static soma_status import_softmax(soma_onnx_node *node) {
    const soma_onnx_shape *x = &node->input[0]->shape;
    bool single = node->opset >= 13;
    int64_t given;
    uint32_t axis, tensor_axis;
    soma_tensor *y;
    uint32_t order[SOMA_ONNX_MAX_RANK];
    SOMA_TRY(soma_onnx_get_integer(node, "axis", single ? -1 : 1, &given));
    SOMA_TRY(soma_onnx_axis(node, given, x->rank, &axis));
    if (node->opset < 13 && node->batch && axis <= node->batch) return soma_onnx_mixes(node); /* of all behind it */
    /* Before opset 13 all dimensions from the axis on are one: the same where the others are of 1. */
    single |=
        axis + 1 == x->rank || (soma_onnx_is_exact(node->importer, x) && soma_onnx_count(x, axis + 1, x->rank) == 1);
    const bool merged = single && !soma_onnx_is_exact(node->importer, x);
    if (merged) {
        SOMA_TRY(soma_onnx_tensor(node, node->input[0], &y));
        SOMA_TRY(soma_onnx_around(node, y, x, axis, axis + 1, &y, &tensor_axis));
    } else if (single) {
        SOMA_TRY(soma_onnx_as_arranged(node, node->input[0], order, &y));
        SOMA_TRY(soma_onnx_arranged_axis(node, x, order, axis, &tensor_axis));
    } else {
        SOMA_TRY(soma_onnx_tensor(node, node->input[0], &y));
        SOMA_TRY(flat_softmax(node, axis, &y));
        tensor_axis = soma_tensor_full_rank(y) - 1;
    }
    soma_tensor_spec spec = {.op = SOMA_OP_SOFTMAX, .input_count = 1, .input = (soma_tensor *[]){y}};
    spec.attributes.softmax.log = node->row->parameter;
    spec.attributes.softmax.axis = tensor_axis;
    SOMA_TRY(soma_graph_add(soma_onnx_graph(node), &spec, &y));
    return single && !merged ? soma_onnx_give_arranged(node, y, x, order) : soma_onnx_give(node, y, x);
}

SOMA_ONNX_OP(Softmax, 1, 1, 1, "axis", import_softmax, false, .place = SOMA_ONNX_MOVED);
SOMA_ONNX_OP(LogSoftmax, 1, 1, 1, "axis", import_softmax, true, .place = SOMA_ONNX_MOVED);

/* ---------------------------------------------------------------------------------------------------------- export */

soma_status soma_onnx_export_softmax(soma_onnx_exporter *exporter, const soma_tensor *tensor) {
    const soma_onnx_row *row = tensor->attributes.softmax.log ? &soma_onnx_row_LogSoftmax : &soma_onnx_row_Softmax;
    /* Before opset 13 all dimensions from the axis on were one: the same where there is but one. */
    if (tensor->attributes.softmax.axis + 1 < soma_tensor_full_rank(tensor)) soma_onnx_need_opset(exporter, 13);
    soma_onnx_put_with_axis(exporter, row->name, tensor, tensor->attributes.softmax.axis);
    return SOMA_OK;
}
