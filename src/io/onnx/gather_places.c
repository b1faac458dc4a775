/* SPDX-License-Identifier: MIT */
/* GatherElements and GatherND: elements, or slices, of constant places. */
#include "io/onnx/compose.h"
#include "io/onnx/places.h"

#include <string.h>

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

/* Both depend on inputs: on the device, by what the model computes. */
static soma_status take_computed(soma_onnx_node *node) {
    const soma_onnx_shape *x = &node->input[0]->shape, *index = &node->input[1]->shape;
    int64_t given;
    uint32_t axis;
    if (x->rank == 0 || index->rank != x->rank)
        return soma_error(SOMA_INVALID_FILE, "indices of %u dimensions for %u", index->rank, x->rank);
    SOMA_TRY(soma_onnx_get_integer(node, "axis", 0, &given));
    SOMA_TRY(soma_onnx_axis(node, given, x->rank, &axis));
    return soma_onnx_gather_computed(node, axis);
}

static soma_status import_gather_elements(soma_onnx_node *node) {
    soma_onnx_places from;
    if (node->input[0]->shape.batched && node->input[1]->shape.batched && node->input[1]->integer)
        return take_computed(node);
    soma_status status = soma_onnx_places_along(node, &from);
    if (status == SOMA_OK) status = take(node, &from);
    soma_onnx_places_clear(&from);
    return status;
}

SOMA_ONNX_CARRIER(GatherElements, 11, 2, 2, "axis", import_gather_elements, 0);

/* The batch is one of the dimensions behind those that the indices, `behind` of them, count in: all samples have the
 * same places. So write exporters what takes rows and columns of an image at a time. */
static soma_status take_of_samples(soma_onnx_node *node, int64_t batches, uint32_t behind, soma_onnx_places *from) {
    soma_onnx_value *x = node->input[0], sample = *x;
    const uint32_t batch = x->shape.batch;
    soma_onnx_shape out;
    soma_tensor *y;
    sample.shape.batched = false;
    sample.shape.rank--;
    memmove(sample.shape.dim + batch, sample.shape.dim + batch + 1,
            (sample.shape.rank - batch) * sizeof *sample.shape.dim);
    node->input[0] = &sample;
    const soma_status status = soma_onnx_places_of_tuples(node, batches, from);
    node->input[0] = x;
    SOMA_TRY(status);
    out = from->shape;
    if (out.rank == SOMA_ONNX_MAX_RANK)
        return soma_error(SOMA_UNSUPPORTED, "more than %d dimensions", SOMA_ONNX_MAX_RANK);
    out.batched = true;
    out.batch = node->input[1]->shape.rank - 1 + batch - behind;
    memmove(out.dim + out.batch + 1, out.dim + out.batch, (out.rank++ - out.batch) * sizeof *out.dim);
    out.dim[out.batch] = x->shape.dim[batch];
    SOMA_TRY(soma_onnx_samples(node, x, &y));
    const soma_tensor flat = {.batched = true, .rank = 1, .shape = {soma_tensor_count(y)}};
    SOMA_TRY(soma_graph_reshape(y->graph, y, &flat, &y));
    SOMA_TRY(soma_graph_pick(y, 0, from->count * from->slice, source, from, &y));
    node->output.integer = x->integer;
    node->output.elements.type = x->elements.type;
    return soma_onnx_give_samples(node, y, &out);
}

static soma_status import_gather_nd(soma_onnx_node *node) {
    const soma_onnx_shape *x = &node->input[0]->shape, *indices = &node->input[1]->shape;
    soma_onnx_places from = {.place = NULL};
    int64_t batches;
    soma_status status;
    SOMA_TRY(soma_onnx_get_integer(node, "batch_dims", 0, &batches));
    const size_t length = indices->rank ? indices->dim[indices->rank - 1] : 0;
    if (soma_onnx_first(node->importer, x) && batches >= 0 && batches <= x->batch && length > 0 &&
        length <= x->batch - (size_t)batches)
        status = take_of_samples(node, batches, (uint32_t)batches + (uint32_t)length, &from);
    else {
        status = soma_onnx_places_of_tuples(node, batches, &from);
        if (status == SOMA_OK) status = take(node, &from);
    }
    soma_onnx_places_clear(&from);
    return status;
}

SOMA_ONNX_CARRIER(GatherND, 11, 2, 2, "batch_dims", import_gather_nd, 0, .place = SOMA_ONNX_ANYWHERE);
