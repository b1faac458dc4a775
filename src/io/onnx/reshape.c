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
    soma_onnx_shape front = *shape;
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

/* open: bit i says that dimension i is the size of the batch, which is not known. */
static soma_status get_target(soma_onnx_node *node, int64_t *target, size_t *count, uint32_t *open) {
    bool present;
    *open = 0;
    if (node->opset >= 5) return soma_onnx_sizes(node, 1, target, SOMA_ONNX_MAX_RANK, count, open);
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
        out->dim[i] = target[i] == 0 ? x->dim[i] : 1;
        if ((target[i] > 0 && !soma_size_of(target[i], &out->dim[i])) ||
            !soma_multiply_size(known, out->dim[i], &known))
            return no_fit(x);
    }
    if (known == 0 || elements % known != 0) return no_fit(x);
    if (unknown != SIZE_MAX)
        out->dim[unknown] = elements / known;
    else if (known != elements)
        return no_fit(x);
    return SOMA_OK;
}

/* Whether the batch may be dimension `at` of the new shape: what stands before and behind it is what stood there before
 * and behind. *out: all dimensions then. */
static bool batch_fits(const soma_onnx_node *node, const int64_t *target, size_t count, uint32_t open, bool zero,
                       uint32_t at, soma_onnx_shape *out) {
    const soma_onnx_shape *x = &node->input[0]->shape;
    const size_t batch = node->importer->batch, before = soma_onnx_count(x, 0, x->batch);
    int64_t others[SOMA_ONNX_MAX_RANK];
    soma_onnx_shape rest = *x;
    const bool named = open >> at & 1 || target[at] == -1 || (target[at] == 0 && !zero && at == x->batch) ||
                       (batch && target[at] == (int64_t)batch);
    if (!named || (open & ~(1u << at)) || at >= count) return false;
    for (size_t i = 0; i < count; i++) { /* -1 for the batch is what is left, and so right if the rest is a sample */
        if (i != at && target[i] == -1 && target[at] == -1) return false;
        if (i != at && target[i] == 0 && !zero && (i >= x->rank || i == x->batch)) return false;
        others[i] = i == at ? 1 : target[i] == 0 && !zero ? (int64_t)x->dim[i] : target[i];
    }
    rest.dim[x->batch] = 1;
    *out = (soma_onnx_shape){.batched = true, .batch = at, .rank = (uint32_t)count};
    if (resolve(&rest, others, count, 0, zero, out) != SOMA_OK || soma_onnx_count(out, 0, at) != before) return false;
    out->dim[at] = x->dim[x->batch];
    return true;
}

/* The batch stays where it was if it can. */
static soma_status place_batch(const soma_onnx_node *node, const int64_t *target, size_t count, uint32_t open,
                               bool zero, soma_onnx_shape *out) {
    const uint32_t batch = node->input[0]->shape.batch;
    if (batch < count && batch_fits(node, target, count, open, zero, batch, out)) return SOMA_OK;
    for (uint32_t at = 0; at < count; at++)
        if (batch_fits(node, target, count, open, zero, at, out)) return SOMA_OK;
    return soma_onnx_mixes(node);
}

static soma_status import_reshape(soma_onnx_node *node) {
    const soma_onnx_shape *x = &node->input[0]->shape;
    int64_t target[SOMA_ONNX_MAX_RANK] = {0}, zero;
    size_t count;
    uint32_t open;
    SOMA_TRY(get_target(node, target, &count, &open));
    SOMA_TRY(soma_onnx_get_integer(node, "allowzero", 0, &zero));
    soma_onnx_shape out = {.batched = x->batched, .rank = (uint32_t)count};
    if (soma_onnx_first(node->importer, x))
        SOMA_TRY(place_batch(node, target, count, open, zero != 0, &out));
    else if (open)
        return soma_onnx_mixes(node);
    else
        SOMA_TRY(resolve(x, target, count, 0, zero != 0, &out));
    return give_reshaped(node, &out);
}

SOMA_ONNX_CARRIER(Reshape, 1, 1, 2, "shape allowzero consumed_inputs", import_reshape, 0, .place = SOMA_ONNX_ANYWHERE);

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
    soma_onnx_shape out = {.batched = x->batched};
    for (uint32_t i = 0; i < x->rank; i++) {
        if (first && i == x->batch) out.batch = out.rank;
        if (!(bits >> i & 1))
            out.dim[out.rank++] = x->dim[i];
        else if (x->dim[i] != 1)
            return soma_error(SOMA_INVALID_SHAPE, "dimension %u is %zu; only those of 1 can be left out", i, x->dim[i]);
    }
    return give_reshaped(node, &out);
}

SOMA_ONNX_CARRIER(Squeeze, 1, 1, 2, "axes", import_squeeze, 0, .place = SOMA_ONNX_ANYWHERE);

static soma_status import_unsqueeze(soma_onnx_node *node) {
    const soma_onnx_shape *x = &node->input[0]->shape;
    uint32_t bits, first = soma_onnx_first(node->importer, x);
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
    SOMA_TRY(soma_onnx_get_axes(node, 13, out.rank, &bits, &none));
    for (uint32_t i = 0, from = 0; i < out.rank; i++) {
        if (first && !(bits >> i & 1) && from == x->batch) out.batch = i;
        out.dim[i] = bits >> i & 1 ? 1 : x->dim[from++];
    }
    return give_reshaped(node, &out);
}

SOMA_ONNX_CARRIER(Unsqueeze, 1, 1, 2, "axes", import_unsqueeze, 0, .place = SOMA_ONNX_ANYWHERE);

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
