/* SPDX-License-Identifier: MIT */
/* Sums, means and extremes along axes. */
#include "io/onnx/family.h"

/* ---------------------------------------------------------------------------------------------------------- import */

/* The opset since which the axes are an input. */
static int64_t first_by_input(const soma_onnx_row *row) {
    return row == &soma_onnx_row_ReduceSum ? 13 : 18;
}

/* Over those of the bits, which are neighbours in the tensor at once. */
static soma_status reduce_axes(soma_onnx_node *node, soma_reduction op, uint32_t bits, const uint32_t *order,
                               soma_tensor **y) {
    const soma_onnx_shape *x = &node->input[0]->shape;
    uint32_t axes = 0, axis, count = 0; /* as bits, of the tensor */
    for (uint32_t i = 0; i < x->rank; i++) {
        if (!(bits >> i & 1)) continue;
        SOMA_TRY(soma_onnx_arranged_axis(node, x, order, i, &axis));
        axes |= 1u << axis;
    }
    for (axis = SOMA_MAX_RANK; axis-- > 0;) { /* last first, so that the axes before stay where they are */
        count = axes >> axis & 1 ? count + 1 : 0;
        if (count == 0 || (axis > 0 && axes >> (axis - 1) & 1)) continue;
        SOMA_TRY(soma_graph_reduce_axes((*y)->graph, *y, op, axis, count, y));
    }
    return SOMA_OK;
}

static soma_status import_reduce(soma_onnx_node *node) {
    soma_reduction op = (soma_reduction)node->row->parameter;
    const soma_onnx_shape *x = &node->input[0]->shape;
    soma_tensor *y;
    uint32_t bits, order[SOMA_ONNX_MAX_RANK];
    int64_t keep, noop;
    bool none;
    SOMA_TRY(soma_onnx_get_axes(node, first_by_input(node->row), x->rank, &bits, &none));
    SOMA_TRY(soma_onnx_get_integer(node, "keepdims", 1, &keep));
    SOMA_TRY(soma_onnx_get_integer(node, "noop_with_empty_axes", 0, &noop));
    if (none && !noop) bits = (1u << x->rank) - 1;
    if (!bits) return soma_onnx_give_function(node, SOMA_IDENTITY, 0, 0);
    SOMA_TRY(soma_onnx_as_arranged(node, node->input[0], order, &y));
    SOMA_TRY(reduce_axes(node, op, bits, order, &y));
    soma_onnx_shape out = *x;
    for (uint32_t i = 0; i < x->rank; i++)
        if (bits >> i & 1) out.dim[i] = 1;
    SOMA_TRY(soma_onnx_give_arranged(node, y, &out, order));
    if (keep) return SOMA_OK;
    out.rank = 0;
    for (uint32_t i = 0; i < x->rank; i++)
        if (!(bits >> i & 1)) out.dim[out.rank++] = x->dim[i];
    return soma_onnx_give_like(node, y, &(soma_onnx_value){.shape = out, .layout = node->output.layout});
}

#define REDUCE(op, parameter) SOMA_ONNX_OP(op, 1, 1, 2, "axes keepdims noop_with_empty_axes", import_reduce, parameter)
REDUCE(ReduceMax, SOMA_REDUCE_MAX);
REDUCE(ReduceMean, SOMA_REDUCE_MEAN);
REDUCE(ReduceMin, SOMA_REDUCE_MIN);
REDUCE(ReduceSum, SOMA_REDUCE_SUM);

/* ---------------------------------------------------------------------------------------------------------- export */

static void put_reduction(soma_onnx_exporter *exporter, const soma_onnx_row *row, const char *out, const char *x,
                          const int64_t *axes, size_t count, bool keep) {
    bool by_input = exporter->opset >= first_by_input(row);
    soma_onnx_name list = {""};
    if (by_input) list = soma_onnx_list(exporter, axes, count);
    size_t node =
        soma_onnx_begin_node(exporter, row->name, out, (const char *[]){x, by_input ? list.text : NULL, NULL});
    if (!by_input) soma_onnx_put_attribute_integers(exporter, "axes", axes, count);
    soma_onnx_put_attribute_integer(exporter, "keepdims", keep);
    soma_onnx_end_node(exporter, node);
}

void soma_onnx_put_mean(soma_onnx_exporter *exporter, const char *out, const char *x, const int64_t *axes,
                        size_t count) {
    put_reduction(exporter, &soma_onnx_row_ReduceMean, out, x, axes, count, true);
}

soma_status soma_onnx_export_reduce(soma_onnx_exporter *exporter, const soma_tensor *tensor) {
    static const soma_onnx_row *const rows[SOMA_REDUCTION_COUNT] = {[SOMA_REDUCE_SUM] = &soma_onnx_row_ReduceSum,
                                                                    [SOMA_REDUCE_MEAN] = &soma_onnx_row_ReduceMean,
                                                                    [SOMA_REDUCE_MAX] = &soma_onnx_row_ReduceMax,
                                                                    [SOMA_REDUCE_MIN] = &soma_onnx_row_ReduceMin,
                                                                    [SOMA_REDUCE_SUM_SQUARES] =
                                                                        &soma_onnx_row_ReduceSum};
    soma_reduction op = tensor->attributes.reduce.op;
    const char *x = soma_onnx_name_of(exporter, tensor->input[0]);
    int64_t axes[SOMA_MAX_RANK];
    uint32_t count = tensor->attributes.reduce.count;
    for (uint32_t i = 0; i < count; i++) axes[i] = tensor->attributes.reduce.axis + i;
    soma_onnx_name square = soma_onnx_temporary(exporter);
    if (op == SOMA_REDUCE_SUM_SQUARES) {
        PUT("Mul", square.text, x, x);
        x = square.text;
    }
    put_reduction(exporter, rows[op], soma_onnx_name_of(exporter, tensor), x, axes, count, false);
    return SOMA_OK;
}
