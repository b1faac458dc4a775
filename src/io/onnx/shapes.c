/* SPDX-License-Identifier: MIT */
/* ONNX ops that rearrange, join and reduce. */
#include "io/onnx/import.h"

#include <inttypes.h>
#include <string.h>

/* The first input's elements in another shape. */
static soma_status give_reshaped(soma_onnx_node *node, const soma_onnx_shape *shape) {
    soma_tensor *x, *y;
    if (node->input[0]->constant && node->input[0]->integer) { /* a shape that is being computed */
        SOMA_TRY(soma_onnx_pass(node, node->input[0]));
        node->output.shape = *shape;
        return SOMA_OK;
    }
    SOMA_TRY(soma_onnx_tensor(node, node->input[0], &x));
    SOMA_TRY(soma_onnx_reshaped(node, x, shape, &y));
    if (y == x) { /* its own tensor, so that it has a name */
        soma_tensor like;
        SOMA_TRY(soma_onnx_canonical(node->importer, shape, &like));
        SOMA_TRY(soma_graph_reshape(x->graph, x, &like, &y));
    }
    return soma_onnx_give(node, y, shape);
}

/* ----------------------------------------------------------------------------------------------------- reshape */

static soma_status get_target(soma_onnx_node *node, int64_t *target, size_t *count) {
    bool present;
    if (node->opset >= 5) return soma_onnx_integers(node, 1, target, SOMA_ONNX_MAX_RANK, count);
    return soma_onnx_get_integers(node, "shape", target, SOMA_ONNX_MAX_RANK, count, &present);
}

static soma_status no_fit(const soma_onnx_shape *x) {
    return soma_error(SOMA_INVALID_SHAPE,
                      "the new shape has another number of elements than the %u dimensions it is of", x->rank);
}

/* Dimensions from `first` on: 0 copies, one -1 takes what is left. */
static soma_status resolve(const soma_onnx_shape *x, const int64_t *target, size_t count, uint32_t first, bool zero,
                           soma_onnx_shape *out) {
    size_t elements = soma_onnx_count(x, first, x->rank), known = 1, unknown = SIZE_MAX;
    for (size_t i = first; i < count; i++) {
        if (target[i] < -1 || (target[i] == -1 && unknown != SIZE_MAX))
            return soma_error(SOMA_INVALID_FILE, "dimension %zu of the new shape is %" PRId64, i, target[i]);
        if (target[i] == 0 && (zero || i >= x->rank))
            return soma_error(SOMA_UNSUPPORTED, "dimension %zu of the new shape is 0: there would be no elements", i);
        if (target[i] == -1) unknown = i;
        out->dim[i] = target[i] == 0 ? x->dim[i] : target[i] < 0 ? 1 : (size_t)target[i];
        if (!soma_multiply_size(known, out->dim[i], &known)) return no_fit(x);
    }
    if (known == 0 || elements % known != 0) return no_fit(x);
    if (unknown != SIZE_MAX)
        out->dim[unknown] = elements / known;
    else if (known != elements)
        return no_fit(x);
    return SOMA_OK;
}

soma_status soma_onnx_reshape(soma_onnx_node *node) {
    const soma_onnx_importer *importer = node->importer;
    const soma_onnx_shape *x = &node->input[0]->shape;
    uint32_t first = soma_onnx_first(importer, x);
    int64_t target[SOMA_ONNX_MAX_RANK] = {0}, zero;
    size_t count;
    SOMA_TRY(get_target(node, target, &count));
    SOMA_TRY(soma_onnx_get_integer(node, "allowzero", 0, &zero));
    soma_onnx_shape out = {.batched = x->batched, .rank = (uint32_t)count};
    if (first) {
        /* -1 for the batch is what is left, and so right if the rest is a sample. */
        bool batch = count > 0 && (target[0] == -1 || (target[0] == 0 && !zero) ||
                                   (importer->batch && target[0] == (int64_t)importer->batch));
        if (!batch) return soma_onnx_mixes(node);
        out.dim[0] = x->dim[0];
        if (target[0] == -1)
            for (size_t i = 1; i < count; i++)
                if (target[i] == -1) return no_fit(x);
    }
    soma_status status = resolve(x, target, count, first, zero != 0, &out);
    if (status == SOMA_INVALID_SHAPE && first) return soma_onnx_mixes(node);
    SOMA_TRY(status);
    return give_reshaped(node, &out);
}

/* All dimensions before the axis make the first, the others the second. */
soma_status soma_onnx_flatten(soma_onnx_node *node) {
    const soma_onnx_shape *x = &node->input[0]->shape;
    int64_t axis;
    SOMA_TRY(soma_onnx_get_integer(node, "axis", 1, &axis));
    if (axis < -(int64_t)x->rank || axis > (int64_t)x->rank)
        return soma_error(SOMA_INVALID_FILE, "axis %" PRId64 " of %u dimensions", axis, x->rank);
    uint32_t split = (uint32_t)(axis < 0 ? axis + x->rank : axis);
    if (soma_onnx_first(node->importer, x) && split != 1) return soma_onnx_mixes(node);
    soma_onnx_shape out = {.batched = x->batched, .rank = 2};
    out.dim[0] = soma_onnx_count(x, 0, split);
    out.dim[1] = soma_onnx_count(x, split, x->rank);
    return give_reshaped(node, &out);
}

/* Axes from an input or, before opset `since`, from an attribute; as bits. *none: there are no axes. */
static soma_status get_axes(soma_onnx_node *node, int64_t since, uint32_t rank, uint32_t *bits, bool *none) {
    int64_t axes[SOMA_ONNX_MAX_RANK];
    size_t count = 0;
    bool present;
    *bits = 0;
    if (node->opset < since)
        SOMA_TRY(soma_onnx_get_integers(node, "axes", axes, SOMA_ONNX_MAX_RANK, &count, &present));
    else if (soma_onnx_attribute(node, "axes"))
        return soma_error(SOMA_INVALID_FILE, "axes is an attribute; from opset %lld on it is an input",
                          (long long)since);
    else if (node->input_count > 1 && node->input[1])
        SOMA_TRY(soma_onnx_integers(node, 1, axes, SOMA_ONNX_MAX_RANK, &count));
    *none = count == 0;
    for (size_t i = 0; i < count; i++) {
        uint32_t axis;
        SOMA_TRY(soma_onnx_axis(axes[i], rank, &axis));
        if (*bits >> axis & 1) return soma_error(SOMA_INVALID_FILE, "axis %u is given twice", axis);
        *bits |= 1u << axis;
    }
    return SOMA_OK;
}

soma_status soma_onnx_squeeze(soma_onnx_node *node) {
    const soma_onnx_shape *x = &node->input[0]->shape;
    uint32_t bits, first = soma_onnx_first(node->importer, x);
    bool none;
    SOMA_TRY(get_axes(node, 13, x->rank, &bits, &none));
    for (uint32_t i = 0; none && i < x->rank; i++)
        if (x->dim[i] == 1) bits |= 1u << i;
    if (first && (bits & 1)) return soma_onnx_mixes(node);
    soma_onnx_shape out = {.batched = x->batched};
    for (uint32_t i = 0; i < x->rank; i++) {
        if (!(bits >> i & 1))
            out.dim[out.rank++] = x->dim[i];
        else if (x->dim[i] != 1)
            return soma_error(SOMA_INVALID_SHAPE, "dimension %u is %zu; only those of 1 can be left out", i, x->dim[i]);
    }
    return give_reshaped(node, &out);
}

soma_status soma_onnx_unsqueeze(soma_onnx_node *node) {
    const soma_onnx_shape *x = &node->input[0]->shape;
    uint32_t bits;
    bool none;
    size_t added = 0;
    if (node->opset < 13) {
        const Soma__Onnx__AttributeProto *axes = soma_onnx_attribute(node, "axes");
        added = axes ? axes->n_ints : 0;
    } else if (node->input_count > 1 && node->input[1])
        added = node->input[1]->elements.count;
    if (x->rank + added > SOMA_ONNX_MAX_RANK)
        return soma_error(SOMA_UNSUPPORTED, "more than %d dimensions", SOMA_ONNX_MAX_RANK);
    soma_onnx_shape out = {.batched = x->batched, .rank = x->rank + (uint32_t)added};
    SOMA_TRY(get_axes(node, 13, out.rank, &bits, &none));
    if (soma_onnx_first(node->importer, x) && (bits & 1)) return soma_onnx_mixes(node);
    for (uint32_t i = 0, from = 0; i < out.rank; i++) out.dim[i] = bits >> i & 1 ? 1 : x->dim[from++];
    return give_reshaped(node, &out);
}

/* --------------------------------------------------------------------------------------------------- transpose */

static soma_status get_permutation(soma_onnx_node *node, uint32_t rank, uint32_t *order) {
    int64_t given[SOMA_ONNX_MAX_RANK];
    size_t count;
    bool present;
    uint32_t seen = 0;
    SOMA_TRY(soma_onnx_get_integers(node, "perm", given, SOMA_ONNX_MAX_RANK, &count, &present));
    if (present && count != rank) return soma_error(SOMA_INVALID_FILE, "perm names %zu of %u dimensions", count, rank);
    for (uint32_t i = 0; i < rank; i++) {
        SOMA_TRY(soma_onnx_axis(present ? given[i] : (int64_t)(rank - 1 - i), rank, &order[i]));
        if (seen >> order[i] & 1) return soma_error(SOMA_INVALID_FILE, "perm names dimension %u twice", order[i]);
        seen |= 1u << order[i];
    }
    return SOMA_OK;
}

/* The dimensions of a sample without those of 1, which do not matter to the order; new[i] is i's place among them. */
static soma_onnx_shape without_ones(const soma_onnx_shape *x, uint32_t first, uint32_t *place) {
    soma_onnx_shape out = {.batched = x->batched, .rank = 0};
    for (uint32_t i = 0; i < x->rank; i++) {
        place[i] = out.rank;
        if (i < first || x->dim[i] != 1) out.dim[out.rank++] = x->dim[i];
    }
    return out;
}

soma_status soma_onnx_transpose(soma_onnx_node *node) {
    soma_onnx_importer *importer = node->importer;
    const soma_onnx_shape *x = &node->input[0]->shape;
    uint32_t order[SOMA_ONNX_MAX_RANK], place[SOMA_ONNX_MAX_RANK], axis[SOMA_MAX_RANK] = {0}, count = 0;
    uint32_t first = soma_onnx_first(importer, x), batch = x->batched ? 1 : 0;
    soma_tensor *tensor;
    SOMA_TRY(get_permutation(node, x->rank, order));
    if (first && order[0] != 0) return soma_onnx_mixes(node);
    soma_onnx_shape small = *x, out = *x;
    for (uint32_t i = 0; i < x->rank; i++) place[i] = i, out.dim[i] = x->dim[order[i]];
    if (!soma_onnx_is_exact(importer, x)) small = without_ones(x, first, place);
    SOMA_TRY(soma_onnx_tensor(node, node->input[0], &tensor));
    SOMA_TRY(soma_onnx_reshaped(node, tensor, &small, &tensor)); /* fails if there are still too many */
    if (batch) axis[count++] = 0;
    if (tensor->rank == 1) return soma_onnx_give(node, tensor, &out); /* one dimension has no order */
    for (uint32_t i = first; i < x->rank; i++)
        if (small.rank == x->rank || x->dim[order[i]] != 1) axis[count++] = place[order[i]] - first + batch;
    SOMA_TRY(soma_graph_transpose(tensor->graph, tensor, axis, &tensor));
    return soma_onnx_give(node, tensor, &out);
}

/* ------------------------------------------------------------------------------------------------------ concat */

/* A value of an input's kind: a constant is repeated for every sample. */
static soma_status for_each_sample(soma_onnx_node *node, const soma_onnx_value *value, soma_tensor **x) {
    const soma_onnx_importer *importer = node->importer;
    soma_onnx_shape shape = value->shape;
    soma_tensor like;
    if (!importer->whole && (importer->batch == 0 || shape.dim[0] != importer->batch || shape.dim[0] != 1))
        return soma_onnx_mixes(node);
    shape.batched = true;
    SOMA_TRY(soma_onnx_canonical(importer, &shape, &like));
    soma_tensor unbatched = like;
    unbatched.batched = false;
    if (!soma_tensor_same_shape(*x, &unbatched)) SOMA_TRY(soma_graph_reshape((*x)->graph, *x, &unbatched, x));
    return soma_graph_copy((*x)->graph, *x, &like, 1, x);
}

/* Concat of whole numbers makes shapes; all else joins tensors. */
soma_status soma_onnx_concat(soma_onnx_node *node) {
    soma_tensor *part[SOMA_MAX_INPUTS], *y;
    soma_onnx_shape out = node->input[0]->shape;
    int64_t given;
    uint32_t axis, tensor_axis;
    SOMA_TRY(soma_onnx_get_integer(node, "axis", 1, &given));
    SOMA_TRY(soma_onnx_axis(given, out.rank, &axis));
    for (uint32_t i = 1; i < node->input_count; i++) {
        const soma_onnx_shape *x = &node->input[i]->shape;
        bool fits = x->rank == out.rank;
        for (uint32_t j = 0; fits && j < x->rank; j++) fits = j == axis || x->dim[j] == out.dim[j];
        if (!fits)
            return soma_error(SOMA_INVALID_SHAPE, "input %u differs from the first in more than dimension %u", i, axis);
        out.batched |= x->batched;
        if (!soma_add_size(out.dim[axis], x->dim[axis], &out.dim[axis]))
            return soma_error(SOMA_INVALID_SHAPE, "dimension %u is larger than memory", axis);
    }
    SOMA_TRY(soma_onnx_tensor_axis(node, &out, axis, &tensor_axis));
    for (uint32_t i = 0; i < node->input_count; i++) {
        SOMA_TRY(soma_onnx_tensor(node, node->input[i], &part[i]));
        if (out.batched && !part[i]->batched) SOMA_TRY(for_each_sample(node, node->input[i], &part[i]));
    }
    soma_tensor_spec spec = {.op = SOMA_OP_CONCAT, .input_count = node->input_count, .input = part};
    spec.attributes.concat.axis = tensor_axis;
    SOMA_TRY(soma_graph_add(soma_onnx_graph(node), &spec, &y));
    return soma_onnx_give(node, y, &out);
}

/* --------------------------------------------------------------------------------------------- reduce, softmax */

/* ReduceSum takes its axes as an input since opset 13, the others since 18. */
soma_status soma_onnx_reduce(soma_onnx_node *node) {
    soma_reduction op = (soma_reduction)node->row->parameter;
    const soma_onnx_shape *x = &node->input[0]->shape;
    soma_tensor *y;
    uint32_t bits, axis;
    int64_t keep, noop;
    bool none;
    SOMA_TRY(get_axes(node, op == SOMA_REDUCE_SUM ? 13 : 18, x->rank, &bits, &none));
    SOMA_TRY(soma_onnx_get_integer(node, "keepdims", 1, &keep));
    SOMA_TRY(soma_onnx_get_integer(node, "noop_with_empty_axes", 0, &noop));
    SOMA_TRY(soma_onnx_tensor(node, node->input[0], &y));
    if (none && !noop) bits = (1u << x->rank) - 1;
    soma_onnx_shape out = {.batched = x->batched};
    for (uint32_t i = 0; i < x->rank; i++)
        if (!(bits >> i & 1) || keep) out.dim[out.rank++] = bits >> i & 1 ? 1 : x->dim[i];
    for (uint32_t i = x->rank; i-- > 0;) { /* last first, so that the axes before stay where they are */
        if (!(bits >> i & 1)) continue;
        SOMA_TRY(soma_onnx_tensor_axis(node, x, i, &axis));
        SOMA_TRY(soma_graph_reduce(y->graph, y, op, axis, &y));
    }
    if (bits) return soma_onnx_give(node, y, &out);
    SOMA_TRY(soma_graph_unary(y->graph, y, (soma_unary_params){.function = SOMA_IDENTITY}, &y));
    return soma_onnx_give(node, y, &out);
}

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

soma_status soma_onnx_softmax(soma_onnx_node *node) {
    const soma_onnx_shape *x = &node->input[0]->shape;
    bool single = node->opset >= 13;
    int64_t given;
    uint32_t axis, tensor_axis;
    soma_tensor *y;
    SOMA_TRY(soma_onnx_get_integer(node, "axis", single ? -1 : 1, &given));
    SOMA_TRY(soma_onnx_axis(given, x->rank, &axis));
    SOMA_TRY(soma_onnx_tensor(node, node->input[0], &y));
    if (single || axis + 1 == x->rank)
        SOMA_TRY(soma_onnx_tensor_axis(node, x, axis, &tensor_axis));
    else {
        SOMA_TRY(flat_softmax(node, axis, &y));
        tensor_axis = soma_tensor_full_rank(y) - 1;
    }
    soma_tensor_spec spec = {.op = SOMA_OP_SOFTMAX, .input_count = 1, .input = (soma_tensor *[]){y}};
    spec.attributes.softmax.log = node->row->parameter;
    spec.attributes.softmax.axis = tensor_axis;
    SOMA_TRY(soma_graph_add(soma_onnx_graph(node), &spec, &y));
    return soma_onnx_give(node, y, x);
}
