/* SPDX-License-Identifier: MIT */
/* The same elements in another shape. */
#include "base/size.h"
#include "io/onnx/family.h"

#include <inttypes.h>

/* ---------------------------------------------------------------------------------------------------------- import */

/* The first input's elements in another shape. */
static soma_status give_reshaped(soma_onnx_node *node, const soma_onnx_shape *shape) {
    soma_tensor *x, *y;
    const soma_onnx_value *value = node->input[0];
    if (value->constant && (value->integer || (!value->trained && !value->tensor))) { /* no tensor as yet */
        SOMA_TRY(soma_onnx_pass(node, value));
        node->output.shape = *shape;
        node->output.tensor = NULL;
        return SOMA_OK;
    }
    if (value->layout.rank) { /* which is one of the elements, whatever their shape */
        SOMA_TRY(soma_onnx_pass(node, value));
        node->output.shape = *shape;
        node->output.constant = false;
        return SOMA_OK;
    }
    soma_onnx_shape front = soma_onnx_divided(shape);
    if (soma_onnx_first(node->importer, shape)) soma_onnx_move_batch(&front, 0);
    SOMA_TRY(soma_onnx_samples(node, node->input[0], &x));
    SOMA_TRY(soma_onnx_reshaped(node, x, &front, &y));
    if (y == x) { /* its own tensor, so that it has a name */
        soma_tensor like;
        SOMA_TRY(soma_onnx_canonical(node->importer, &front, &like));
        SOMA_TRY(soma_graph_reshape(x->graph, x, &like, &y));
    }
    return soma_onnx_give_samples(node, y, shape);
}

/* The new shape as the model gives it. */
typedef struct wanted {
    int64_t dim[SOMA_ONNX_MAX_RANK];
    size_t count;
    uint32_t open; /* bit i: dimension i is the size of the batch, which is not known, so many times */
    bool zero;     /* 0 is no copy */
} wanted;

static soma_status get_target(soma_onnx_node *node, wanted *target) {
    bool present;
    int64_t zero;
    *target = (wanted){.count = 0};
    SOMA_TRY(soma_onnx_get_integer(node, "allowzero", 0, &zero));
    target->zero = zero != 0;
    if (node->opset >= 5)
        return soma_onnx_multiples(node, 1, target->dim, SOMA_ONNX_MAX_RANK, &target->count, &target->open);
    return soma_onnx_get_integers(node, "shape", target->dim, SOMA_ONNX_MAX_RANK, &target->count, &present);
}

static soma_status no_fit(const soma_onnx_shape *x) {
    return soma_error(SOMA_INVALID_SHAPE,
                      "the new shape has another number of elements than the %u dimensions it is of", x->rank);
}

/* 0 copies, one -1 takes what is left. */
static soma_status resolve(const soma_onnx_shape *x, const wanted *target, soma_onnx_shape *out) {
    size_t elements = soma_onnx_count(x, 0, x->rank), known = 1, unknown = SIZE_MAX;
    for (size_t i = 0; i < target->count; i++) {
        const int64_t size = target->dim[i];
        if (size < -1 || (size == -1 && unknown != SIZE_MAX))
            return soma_error(SOMA_INVALID_FILE, "dimension %zu of the new shape is %" PRId64, i, size);
        if (size == 0 && (target->zero || i >= x->rank))
            return soma_error(SOMA_UNSUPPORTED, "dimension %zu of the new shape is 0: there would be no elements", i);
        if (size == -1) unknown = i;
        out->dim[i] = size == 0 ? x->dim[i] : 1;
        if ((size > 0 && !soma_size_of(size, &out->dim[i])) || !soma_multiply_size(known, out->dim[i], &known))
            return no_fit(x);
    }
    if (known == 0 || elements % known != 0) return no_fit(x);
    if (unknown != SIZE_MAX)
        out->dim[unknown] = elements / known;
    else if (known != elements)
        return no_fit(x);
    return SOMA_OK;
}

/* The dimensions but the one at `at`: what stands before it, and behind. */
typedef struct sides {
    size_t before, behind;
    uint32_t left; /* which takes what is left; UINT32_MAX: none */
} sides;

static bool get_sides(const soma_onnx_shape *x, const wanted *target, uint32_t at, soma_onnx_shape *out, sides *of) {
    *of = (sides){1, 1, UINT32_MAX};
    for (uint32_t i = 0; i < target->count; i++) {
        const bool copies = target->dim[i] == 0 && !target->zero;
        size_t *product = i < at ? &of->before : &of->behind;
        if (i == at) continue;
        if ((target->open >> i & 1) || target->dim[i] < -1 || (copies && (i >= x->rank || i == x->batch))) return false;
        if (target->dim[i] == -1 && of->left != UINT32_MAX) return false;
        if (target->dim[i] == -1) of->left = i;
        out->dim[i] = copies ? x->dim[i] : 1;
        if (target->dim[i] > 0 && !soma_size_of(target->dim[i], &out->dim[i])) return false;
        if (target->dim[i] == 0 && target->zero) return false;
        if (!soma_multiply_size(*product, out->dim[i], product)) return false;
    }
    return of->before > 0 && of->behind > 0;
}

/* What a dimension that is the batch so many times has of the samples. 0: any; SIZE_MAX: it is no such. */
static size_t times_at(const soma_onnx_node *node, const wanted *target, uint32_t at) {
    const soma_onnx_shape *x = &node->input[0]->shape;
    const size_t batch = node->importer->batch;
    const int64_t size = target->dim[at];
    if (target->open >> at & 1) return (size_t)size;
    if (size == -1) return 0;
    if (size == 0 && !target->zero && at == x->batch) return soma_onnx_beside_batch(x);
    return batch && size > 0 && (uint64_t)size % batch == 0 ? (size_t)((uint64_t)size / batch) : SIZE_MAX;
}

static bool divides(size_t a, size_t by, size_t *quotient) {
    *quotient = by ? a / by : 0;
    return by && a % by == 0 && *quotient > 0;
}

/* Whether the batch may be part of dimension `at` of the new shape. The elements before it in a sample and behind it
 * are those that were; what the dimensions before `at` leave of the former, and those behind of the latter, is part of
 * it, too. *out: all dimensions then. */
static bool batch_fits(const soma_onnx_node *node, const wanted *target, uint32_t at, soma_onnx_shape *out) {
    const soma_onnx_shape *x = &node->input[0]->shape;
    size_t before = soma_onnx_count(x, 0, x->batch) * SOMA_MAX(x->outer, (size_t)1);
    size_t behind = soma_onnx_count(x, x->batch + 1, x->rank) * SOMA_MAX(x->inner, (size_t)1), left = 1;
    sides of;
    *out = (soma_onnx_shape){.batched = true, .batch = at, .rank = (uint32_t)target->count};
    const size_t times = times_at(node, target, at);
    if (times == SIZE_MAX || !get_sides(x, target, at, out, &of)) return false;
    if (of.left != UINT32_MAX) { /* the side where it is has the rest */
        const bool first = of.left < at;
        size_t other;
        if (!divides(first ? behind : before, first ? of.behind : of.before, &other) ||
            !divides(times, other, &other) || !divides(first ? before : behind, first ? of.before : of.behind, &left) ||
            !divides(left, other, &left))
            return false;
        out->dim[of.left] = left;
        *(first ? &of.before : &of.behind) *= left;
    }
    if (!divides(before, of.before, &out->outer) || !divides(behind, of.behind, &out->inner)) return false;
    if (times && out->outer * out->inner != times) return false;
    out->dim[at] = node->importer->batch * out->outer * out->inner;
    return true;
}

/* The batch stays where it was if it can, and alone. */
static soma_status place_batch(const soma_onnx_node *node, const wanted *target, soma_onnx_shape *out) {
    const uint32_t batch = node->input[0]->shape.batch;
    for (int joined = 0; joined < 2; joined++)
        for (uint32_t i = 0; i <= target->count; i++) {
            const uint32_t at = i ? i - 1 : batch;
            if (at >= target->count || !batch_fits(node, target, at, out)) continue;
            if (!joined && soma_onnx_beside_batch(out) > 1) continue;
            return out->rank + 2 > SOMA_ONNX_MAX_RANK && joined
                       ? soma_error(SOMA_UNSUPPORTED, "more than %d dimensions", SOMA_ONNX_MAX_RANK)
                       : SOMA_OK;
        }
    return soma_onnx_mixes(node);
}

static soma_status import_reshape(soma_onnx_node *node) {
    const soma_onnx_shape *x = &node->input[0]->shape;
    wanted target;
    SOMA_TRY(get_target(node, &target));
    soma_onnx_shape out = {.batched = x->batched, .rank = (uint32_t)target.count};
    if (soma_onnx_first(node->importer, x))
        SOMA_TRY(place_batch(node, &target, &out));
    else if (target.open)
        return soma_onnx_mixes(node);
    else
        SOMA_TRY(resolve(x, &target, &out));
    return give_reshaped(node, &out);
}

SOMA_ONNX_CARRIER(Reshape, 1, 1, 2, "shape allowzero consumed_inputs", import_reshape, 0, .place = SOMA_ONNX_ANYWHERE,
                  .joins = true);

/* All dimensions before the axis make the first, the others the second. */
static soma_status import_flatten(soma_onnx_node *node) {
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

SOMA_ONNX_CARRIER(Flatten, 1, 1, 1, "axis", import_flatten, 0);

static soma_status import_squeeze(soma_onnx_node *node) {
    const soma_onnx_shape *x = &node->input[0]->shape;
    uint32_t bits, first = soma_onnx_first(node->importer, x);
    bool none;
    SOMA_TRY(soma_onnx_get_axes(node, 13, x->rank, &bits, &none));
    for (uint32_t i = 0; none && i < x->rank; i++)
        if (x->dim[i] == 1) bits |= 1u << i;
    if (first && (bits >> x->batch & 1)) return soma_onnx_mixes(node);
    soma_onnx_shape out = {.batched = x->batched, .outer = x->outer, .inner = x->inner};
    for (uint32_t i = 0; i < x->rank; i++) {
        if (first && i == x->batch) out.batch = out.rank;
        if (!(bits >> i & 1))
            out.dim[out.rank++] = x->dim[i];
        else if (x->dim[i] != 1)
            return soma_error(SOMA_INVALID_SHAPE, "dimension %u is %zu; only those of 1 can be left out", i, x->dim[i]);
    }
    return give_reshaped(node, &out);
}

SOMA_ONNX_CARRIER(Squeeze, 1, 1, 2, "axes", import_squeeze, 0, .place = SOMA_ONNX_ANYWHERE, .joins = true);

static soma_status import_unsqueeze(soma_onnx_node *node) {
    const soma_onnx_shape *x = &node->input[0]->shape;
    uint32_t bits, first = soma_onnx_first(node->importer, x);
    bool none;
    const Soma__Onnx__AttributeProto *axes = node->opset < 13 ? soma_onnx_attribute(node, "axes") : NULL;
    const soma_onnx_value *list = node->opset < 13 || node->input_count < 2 ? NULL : node->input[1];
    if (!axes && !list) return soma_error(SOMA_INVALID_FILE, "axes are missing");
    const size_t added = axes ? axes->n_ints : list->elements.count;
    if (x->rank + added + (soma_onnx_beside_batch(x) > 1 ? 2 : 0) > SOMA_ONNX_MAX_RANK)
        return soma_error(SOMA_UNSUPPORTED, "more than %d dimensions", SOMA_ONNX_MAX_RANK);
    soma_onnx_shape out = *x;
    out.rank += (uint32_t)added;
    SOMA_TRY(soma_onnx_get_axes(node, 13, out.rank, &bits, &none));
    for (uint32_t i = 0, from = 0; i < out.rank; i++) {
        if (first && !(bits >> i & 1) && from == x->batch) out.batch = i;
        out.dim[i] = bits >> i & 1 ? 1 : x->dim[from++];
    }
    return give_reshaped(node, &out);
}

SOMA_ONNX_CARRIER(Unsqueeze, 1, 1, 2, "axes", import_unsqueeze, 0, .place = SOMA_ONNX_ANYWHERE, .joins = true);

/* ---------------------------------------------------------------------------------------------------------- export */

/* The tensor's dimensions, for Reshape: 0 keeps that of the batch. */
static size_t dimensions(const soma_tensor *tensor, int64_t *shape) {
    size_t rank = 0;
    if (tensor->batched) shape[rank++] = 0;
    for (uint32_t i = 0; i < tensor->rank; i++) shape[rank++] = (int64_t)tensor->shape[i];
    return rank;
}

soma_status soma_onnx_export_reshape(soma_onnx_exporter *exporter, const soma_tensor *tensor) {
    int64_t shape[SOMA_MAX_RANK + 1];
    size_t rank = dimensions(tensor, shape);
    if (soma_onnx_put_reshaped_first(exporter, tensor)) return SOMA_OK;
    soma_onnx_put_reshaped(exporter, soma_onnx_name_of(exporter, tensor), soma_onnx_name_of(exporter, tensor->input[0]),
                           shape, rank);
    return SOMA_OK;
}
