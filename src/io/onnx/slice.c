/* SPDX-License-Identifier: MIT */
/* A piece of an axis, or of several. */
#include "io/onnx/family.h"

#include <inttypes.h>

/* ---------------------------------------------------------------------------------------------------------- import */

/* For each dimension of the input. */
typedef struct cuts {
    uint32_t rank;
    size_t size[SOMA_ONNX_MAX_RANK]; /* of the input */
    int64_t start[SOMA_ONNX_MAX_RANK], step[SOMA_ONNX_MAX_RANK];
    size_t length[SOMA_ONNX_MAX_RANK];
} cuts;

typedef struct slice_lists {
    int64_t start[SOMA_ONNX_MAX_RANK], end[SOMA_ONNX_MAX_RANK], axis[SOMA_ONNX_MAX_RANK], step[SOMA_ONNX_MAX_RANK];
    size_t count;
} slice_lists;

static soma_status get_list(soma_onnx_node *node, uint32_t input, const char *attribute, int64_t *values,
                            size_t *count) {
    bool present, by_input = node->opset >= 10;
    *count = 0;
    if (!by_input) return soma_onnx_get_integers(node, attribute, values, SOMA_ONNX_MAX_RANK, count, &present);
    if (input >= node->input_count || !node->input[input]) return SOMA_OK;
    return soma_onnx_integers(node, input, values, SOMA_ONNX_MAX_RANK, count);
}

/* Without axes they are the first ones, without steps these are 1. */
static soma_status get_lists(soma_onnx_node *node, slice_lists *lists) {
    size_t ends, axes, steps = 0;
    SOMA_TRY(get_list(node, 1, "starts", lists->start, &lists->count));
    SOMA_TRY(get_list(node, 2, "ends", lists->end, &ends));
    SOMA_TRY(get_list(node, 3, "axes", lists->axis, &axes));
    if (node->opset >= 10) SOMA_TRY(get_list(node, 4, "", lists->step, &steps));
    if (ends != lists->count || (axes && axes != ends) || (steps && steps != ends))
        return soma_error(SOMA_INVALID_FILE, "starts, ends, axes and steps are not as many: %zu, %zu, %zu, %zu",
                          lists->count, ends, axes, steps);
    for (size_t i = axes; i < ends; i++) lists->axis[i] = (int64_t)i;
    for (size_t i = steps; i < ends; i++) lists->step[i] = 1;
    return SOMA_OK;
}

static int64_t clamp(int64_t x, int64_t least, int64_t most) {
    return x < least ? least : x > most ? most : x;
}

/* As Python slices: what lies outside is cut off. */
static void cut(cuts *pieces, uint32_t axis, int64_t start, int64_t end, int64_t step) {
    int64_t size = (int64_t)pieces->size[axis], least = step < 0 ? -1 : 0, most = step < 0 ? size - 1 : size;
    start = clamp(start < 0 ? start + size : start, step < 0 ? -1 : 0, most);
    end = clamp(end < 0 && end >= -size ? end + size : end, least, most);
    int64_t distance = step < 0 ? start - end : end - start, stride = step < 0 ? -step : step;
    pieces->start[axis] = start;
    pieces->step[axis] = step;
    pieces->length[axis] = distance > 0 ? (size_t)((distance - 1) / stride + 1) : 0;
}

static soma_status get_pieces(soma_onnx_node *node, cuts *pieces) {
    const soma_onnx_shape *x = &node->input[0]->shape;
    slice_lists lists;
    uint32_t seen = 0, axis = 0;
    SOMA_TRY(get_lists(node, &lists));
    pieces->rank = x->rank;
    for (uint32_t i = 0; i < x->rank; i++) {
        pieces->size[i] = pieces->length[i] = x->dim[i];
        pieces->start[i] = 0;
        pieces->step[i] = 1;
    }
    for (size_t i = 0; i < lists.count; i++) {
        SOMA_TRY(soma_onnx_axis(lists.axis[i], x->rank, &axis));
        if (seen >> axis & 1) return soma_error(SOMA_INVALID_FILE, "axis %u is given twice", axis);
        if (lists.step[i] == 0 || lists.step[i] == INT64_MIN)
            return soma_error(SOMA_INVALID_FILE, "the step of axis %u is %" PRId64, axis, lists.step[i]);
        seen |= 1u << axis;
        bool batch = axis < soma_onnx_first(node->importer, x);
        /* All of the batch is no piece of it. */
        if (batch && lists.start[i] == 0 && lists.end[i] >= INT32_MAX && lists.step[i] == 1) continue;
        if (batch) return soma_onnx_mixes(node);
        cut(pieces, axis, lists.start[i], lists.end[i], lists.step[i]);
    }
    return SOMA_OK;
}

static size_t source(const void *context, size_t i) {
    const cuts *from = context;
    size_t at = 0, stride = 1;
    for (uint32_t axis = from->rank; axis-- > 0; i /= from->length[axis]) {
        at += (size_t)(from->start[axis] + (int64_t)(i % from->length[axis]) * from->step[axis]) * stride;
        stride *= from->size[axis];
    }
    return at;
}

/* A piece of each axis in turn. */
static soma_status slice_tensor(soma_onnx_node *node, const cuts *pieces, const soma_onnx_shape *out) {
    soma_tensor *x;
    uint32_t count = 0, order[SOMA_ONNX_MAX_RANK];
    SOMA_TRY(soma_onnx_as_arranged(node, node->input[0], order, &x));
    for (uint32_t i = 0; i < pieces->rank; i++) {
        if (pieces->length[i] == pieces->size[i] && pieces->step[i] == 1) continue;
        if (pieces->step[i] != 1)
            return soma_error(SOMA_UNSUPPORTED, "the step of axis %u is %" PRId64 "; 1 is possible", i,
                              pieces->step[i]);
        if (pieces->length[i] == 0) return soma_error(SOMA_UNSUPPORTED, "nothing is left of axis %u", i);
        soma_tensor_spec spec = {.op = SOMA_OP_SLICE, .input_count = 1, .input = (soma_tensor *[]){x}};
        SOMA_TRY(soma_onnx_arranged_axis(node, &node->input[0]->shape, order, i, &spec.attributes.slice.axis));
        spec.attributes.slice.start = (size_t)pieces->start[i];
        spec.attributes.slice.length = pieces->length[i];
        SOMA_TRY(soma_graph_add(soma_onnx_graph(node), &spec, &x));
        count++;
    }
    return count ? soma_onnx_give_arranged(node, x, out, order) : soma_onnx_pass_on(node);
}

static soma_status import_slice(soma_onnx_node *node) {
    const soma_onnx_value *x = node->input[0];
    cuts from;
    SOMA_TRY(get_pieces(node, &from));
    soma_onnx_shape out = {.batched = x->shape.batched, .rank = from.rank};
    for (uint32_t i = 0; i < from.rank; i++) out.dim[i] = from.length[i];
    return soma_onnx_is_known(x) ? soma_onnx_fold_selection(node, &out, source, &from)
                                 : slice_tensor(node, &from, &out);
}

SOMA_ONNX_OP(Slice, 1, 1, 5, "starts ends axes", import_slice, 0);

/* ---------------------------------------------------------------------------------------------------------- export */

/* Where it begins and ends became inputs in opset 10. */
soma_status soma_onnx_export_slice(soma_onnx_exporter *exporter, const soma_tensor *tensor) {
    int64_t start = (int64_t)tensor->attributes.slice.start, axis = tensor->attributes.slice.axis;
    int64_t end = start + (int64_t)tensor->attributes.slice.length;
    const char *x = soma_onnx_name_of(exporter, tensor->input[0]), *out = soma_onnx_name_of(exporter, tensor);
    if (exporter->opset < 10) {
        size_t node = soma_onnx_begin_node(exporter, "Slice", out, (const char *[]){x, NULL});
        soma_onnx_put_attribute_integers(exporter, "starts", &start, 1);
        soma_onnx_put_attribute_integers(exporter, "ends", &end, 1);
        soma_onnx_put_attribute_integers(exporter, "axes", &axis, 1);
        soma_onnx_end_node(exporter, node);
        return SOMA_OK;
    }
    soma_onnx_name starts = soma_onnx_list(exporter, &start, 1), ends = soma_onnx_list(exporter, &end, 1);
    soma_onnx_name axes = soma_onnx_list(exporter, &axis, 1);
    const char *input[] = {x, starts.text, ends.text, axes.text, NULL};
    soma_onnx_end_node(exporter, soma_onnx_begin_node(exporter, "Slice", out, input));
    return SOMA_OK;
}
