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
        SOMA_TRY(soma_onnx_axis(node, lists.axis[i], x->rank, &axis));
        if (seen >> axis & 1) return soma_error(SOMA_INVALID_FILE, "axis %u is given twice", axis);
        if (lists.step[i] == 0 || lists.step[i] == INT64_MIN)
            return soma_error(SOMA_INVALID_FILE, "the step of axis %u is %" PRId64, axis, lists.step[i]);
        seen |= 1u << axis;
        bool batch = axis < soma_onnx_first(node->importer, x);
        /* All of the batch is no piece of it; some exporters write 1000000000 for the end. */
        if (batch && lists.start[i] == 0 && lists.end[i] >= 1000000000 && lists.step[i] == 1) continue;
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

/* For soma_graph_pick(). */
typedef struct piece {
    const cuts *cuts;
    uint32_t axis;
} piece;

static size_t place_in(const void *context, size_t i) {
    const piece *of = context;
    return (size_t)(of->cuts->start[of->axis] + (int64_t)i * of->cuts->step[of->axis]);
}

soma_status soma_onnx_slice_axis(soma_tensor *x, uint32_t axis, size_t start, size_t length, soma_tensor **y) {
    soma_tensor_spec spec = {.op = SOMA_OP_SLICE, .input_count = 1, .input = &x};
    spec.attributes.slice.axis = axis;
    spec.attributes.slice.start = start;
    spec.attributes.slice.length = length;
    return soma_graph_add(x->graph, &spec, y);
}

/* Every step-th: a pool whose windows are of one element, over images of [before, axis, behind]. */
static soma_status take_every(soma_tensor *x, uint32_t axis, size_t step, size_t length, soma_tensor **y) {
    soma_tensor rows = {.batched = true, .rank = 3, .shape = {1, 1, 1}}, whole = *x;
    for (uint32_t i = 0; i < x->rank; i++) rows.shape[i + 1 < axis ? 0 : i + 1 == axis ? 1 : 2] *= x->shape[i];
    SOMA_TRY(soma_graph_reshape(x->graph, x, &rows, &x));
    soma_tensor_spec spec = {.op = SOMA_OP_POOL, .input_count = 1, .input = &x};
    soma_pool_params *pool = &spec.attributes.pool.params;
    pool->kind = SOMA_POOL_MAX;
    for (uint32_t i = 0; i < SOMA_COUNT_OF(pool->size); i++) pool->size[i] = pool->stride[i] = pool->dilation[i] = 1;
    pool->stride[SOMA_COUNT_OF(pool->size) - 1] = (uint32_t)step;
    SOMA_TRY(soma_graph_add(x->graph, &spec, y));
    whole.shape[axis - 1] = length;
    return soma_graph_reshape(x->graph, *y, &whole, y);
}

/* Of a tensor whose axis it is. */
static soma_status cut_axis(const cuts *pieces, uint32_t dimension, uint32_t axis, soma_tensor *x, soma_tensor **y) {
    int64_t step = pieces->step[dimension];
    size_t start = (size_t)pieces->start[dimension], length = pieces->length[dimension];
    if (step == 1 || length == 1) return soma_onnx_slice_axis(x, axis, start, length, y);
    if (step < 0 || step > INT32_MAX || !x->batched)
        return soma_graph_pick(x, axis - (x->batched ? 1 : 0), length, place_in, &(piece){pieces, dimension}, y);
    size_t reach = (length - 1) * (size_t)step + 1;
    if (reach < pieces->size[dimension]) SOMA_TRY(soma_onnx_slice_axis(x, axis, start, reach, &x));
    return take_every(x, axis, (size_t)step, length, y);
}

/* Where there are more dimensions than a tensor has: what is before an axis is one, and what is behind it. */
static soma_status slice_merged(soma_onnx_node *node, const cuts *pieces, const soma_onnx_shape *out) {
    soma_onnx_shape left = node->input[0]->shape;
    uint32_t axis;
    soma_tensor *x;
    SOMA_TRY(soma_onnx_tensor(node, node->input[0], &x));
    for (uint32_t i = 0; i < pieces->rank; i++) {
        if (pieces->length[i] == pieces->size[i] && pieces->step[i] == 1) continue;
        if (pieces->length[i] == 0) return soma_error(SOMA_UNSUPPORTED, "nothing is left of axis %u", i);
        SOMA_TRY(soma_onnx_around(node, x, &left, i, i + 1, &x, &axis));
        SOMA_TRY(cut_axis(pieces, i, axis, x, &x));
        left.dim[i] = pieces->length[i];
    }
    return soma_onnx_give(node, x, out);
}

/* A piece of each axis in turn. */
static soma_status slice_tensor(soma_onnx_node *node, const cuts *pieces, const soma_onnx_shape *out) {
    soma_tensor *x;
    uint32_t count = 0, axis, order[SOMA_ONNX_MAX_RANK];
    if (!soma_onnx_is_exact(node->importer, &node->input[0]->shape)) return slice_merged(node, pieces, out);
    SOMA_TRY(soma_onnx_as_arranged(node, node->input[0], order, &x));
    for (uint32_t i = 0; i < pieces->rank; i++) {
        if (pieces->length[i] == pieces->size[i] && pieces->step[i] == 1) continue;
        if (pieces->length[i] == 0) return soma_error(SOMA_UNSUPPORTED, "nothing is left of axis %u", i);
        SOMA_TRY(soma_onnx_arranged_axis(node, &node->input[0]->shape, order, i, &axis));
        SOMA_TRY(cut_axis(pieces, i, axis, x, &x));
        count++;
    }
    return count ? soma_onnx_give_arranged(node, x, out, order) : soma_onnx_pass_on(node);
}

/* What the pieces leave of the first input. */
static soma_status give_pieces(soma_onnx_node *node, const cuts *pieces) {
    const soma_onnx_value *x = node->input[0];
    soma_onnx_shape out = {.batched = x->shape.batched, .rank = pieces->rank};
    for (uint32_t i = 0; i < pieces->rank; i++) out.dim[i] = pieces->length[i];
    return soma_onnx_is_known(x) ? soma_onnx_fold_selection(node, &out, source, pieces)
                                 : slice_tensor(node, pieces, &out);
}

static soma_status import_slice(soma_onnx_node *node) {
    cuts pieces;
    SOMA_TRY(get_pieces(node, &pieces));
    return give_pieces(node, &pieces);
}

SOMA_ONNX_CARRIER(Slice, 1, 1, 5, "starts ends axes", import_slice, 0, .place = SOMA_ONNX_MOVED);

/* Outputs of one Split, at most; as many tensors as a sequence has. */
enum { MOST_PARTS = 1024 };

/* How long each of the outputs is along the axis. */
static soma_status get_lengths(soma_onnx_node *node, size_t size, int64_t *length, size_t most, size_t *count) {
    size_t outputs = node->proto->n_output, total = 0, each;
    int64_t parts;
    bool present = node->opset >= 13 && node->input_count > 1 && node->input[1];
    *count = 0;
    if (present)
        SOMA_TRY(soma_onnx_integers(node, 1, length, most, count));
    else if (node->opset < 13)
        SOMA_TRY(soma_onnx_get_integers(node, "split", length, most, count, &present));
    if (!present) { /* equal ones, of which the last may be smaller where it is said how many there are */
        SOMA_TRY(soma_onnx_get_integer(node, "num_outputs", (int64_t)outputs, &parts));
        each = (size + outputs - 1) / outputs;
        if (parts != (int64_t)outputs || (each - 1) * outputs >= size)
            return soma_error(SOMA_INVALID_FILE, "%zu elements are cut into %" PRId64 " parts, of which %zu are named",
                              size, parts, outputs);
        for (; *count < outputs && *count < most; (*count)++)
            length[*count] = (int64_t)SOMA_MIN(each, size - SOMA_MIN(size, each * *count));
    }
    for (size_t i = 0; i < *count; i++) {
        if (length[i] < 0 || (uint64_t)length[i] > size - total)
            return soma_error(SOMA_INVALID_FILE, "part %zu has %" PRId64 " elements; %zu of the axis are left", i,
                              length[i], size - total);
        total += (size_t)length[i];
    }
    if (*count == outputs && total == size) return SOMA_OK;
    return soma_error(SOMA_INVALID_FILE, "%zu parts of %zu elements in all, for %zu outputs of an axis of %zu", *count,
                      total, outputs, size);
}

/* Output number node->number. */
static soma_status import_split(soma_onnx_node *node) {
    const soma_onnx_shape *x = &node->input[0]->shape;
    int64_t given, length[MOST_PARTS];
    size_t count, start = 0;
    uint32_t axis;
    cuts pieces = {.rank = x->rank};
    SOMA_TRY(soma_onnx_get_integer(node, "axis", 0, &given));
    SOMA_TRY(soma_onnx_axis(node, given, x->rank, &axis));
    if (axis < soma_onnx_first(node->importer, x)) return soma_onnx_mixes(node);
    if (node->proto->n_output > SOMA_COUNT_OF(length))
        return soma_error(SOMA_UNSUPPORTED, "%zu outputs; up to %zu are possible", node->proto->n_output,
                          SOMA_COUNT_OF(length));
    SOMA_TRY(get_lengths(node, x->dim[axis], length, SOMA_COUNT_OF(length), &count));
    for (uint32_t i = 0; i < x->rank; i++) {
        pieces.size[i] = pieces.length[i] = x->dim[i];
        pieces.step[i] = 1;
    }
    for (size_t i = 0; i < node->number; i++) start += (size_t)length[i];
    pieces.start[axis] = (int64_t)start;
    pieces.length[axis] = (size_t)length[node->number];
    return give_pieces(node, &pieces);
}

SOMA_ONNX_SEVERAL(Split, 1, 1, 2, "axis split num_outputs", import_split, 0, .place = SOMA_ONNX_MOVED, .carries = true);

/* ---------------------------------------------------------------------------------------------------------- export */

/* Where it begins and ends became inputs in opset 10. */
soma_status soma_onnx_export_slice(soma_onnx_exporter *exporter, const soma_tensor *tensor) {
    int64_t start = (int64_t)tensor->attributes.slice.start, axis = tensor->attributes.slice.axis;
    int64_t end = start + (int64_t)tensor->attributes.slice.length;
    const char *x = soma_onnx_name_of(exporter, tensor->input[0]), *out = soma_onnx_name_of(exporter, tensor);
    if (soma_onnx_put_last_cell(exporter, tensor)) return SOMA_OK;
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
