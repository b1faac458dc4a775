/* SPDX-License-Identifier: MIT */
/* Dimensions in another order. */
#include "io/onnx/family.h"

/* ---------------------------------------------------------------------------------------------------------- import */

static soma_status get_permutation(soma_onnx_node *node, uint32_t rank, uint32_t *order) {
    int64_t given[SOMA_ONNX_MAX_RANK];
    size_t count;
    bool present;
    uint32_t seen = 0;
    SOMA_TRY(soma_onnx_get_integers(node, "perm", given, SOMA_ONNX_MAX_RANK, &count, &present));
    if (present && count != rank) return soma_error(SOMA_INVALID_FILE, "perm names %zu of %u dimensions", count, rank);
    for (uint32_t i = 0; i < rank; i++) {
        SOMA_TRY(soma_onnx_axis(node, present ? given[i] : (int64_t)(rank - 1 - i), rank, &order[i]));
        if (seen >> order[i] & 1) return soma_error(SOMA_INVALID_FILE, "perm names dimension %u twice", order[i]);
        seen |= 1u << order[i];
    }
    return SOMA_OK;
}

/* Where the result's elements come from. */
typedef struct source_of {
    const soma_onnx_shape *from;
    const uint32_t *order;
} source_of;

static size_t source(const void *context, size_t i) {
    const source_of *turning = context;
    const soma_onnx_shape *from = turning->from;
    size_t stride[SOMA_ONNX_MAX_RANK] = {0}, at = 0, step = 1;
    for (uint32_t axis = from->rank; axis-- > 0; step *= from->dim[axis]) stride[axis] = step;
    for (uint32_t axis = from->rank; axis-- > 0; i /= from->dim[turning->order[axis]])
        at += i % from->dim[turning->order[axis]] * stride[turning->order[axis]];
    return at;
}

soma_status soma_onnx_give_turned(soma_onnx_node *node, uint32_t rank, const size_t *dim, const uint32_t *order,
                                  const soma_onnx_shape *out) {
    const soma_onnx_layout as_onnx = {.rank = 0};
    soma_onnx_value *x = node->input[0], turned = {.shape = *out};
    soma_tensor *tensor;
    SOMA_TRY(soma_onnx_tensor_as_it_lies(node, x, &tensor));
    if (!soma_onnx_layout_transpose(&x->layout, rank, dim, order, &turned.layout)) {
        SOMA_TRY(soma_onnx_samples(node, x, &tensor));
        if (!soma_onnx_layout_transpose(&as_onnx, rank, dim, order, &turned.layout))
            return soma_error(SOMA_UNSUPPORTED, "%u dimensions are put into another order; at most %d are possible",
                              rank, SOMA_ONNX_MAX_LAYOUT);
    }
    return soma_onnx_give_like(node, tensor, &turned);
}

/* What samples have of the dimension that the batch is part of goes with it. */
static soma_status turn_joined(soma_onnx_node *node, const uint32_t *order, soma_onnx_shape *out) {
    soma_onnx_shape x = node->input[0]->shape;
    x.dim[x.batch] = soma_onnx_beside_batch(&x);
    out->batch = 0;
    while (order[out->batch] != x.batch) out->batch++;
    return soma_onnx_give_turned(node, x.rank, x.dim, order, out);
}

/* The dimensions of a sample, in the order of all; that of the batch goes where it is to be. */
static soma_status turn(soma_onnx_node *node, const uint32_t *order, soma_onnx_shape *out) {
    soma_onnx_shape x = node->input[0]->shape;
    const uint32_t first = soma_onnx_first(node->importer, &x), batch = x.batch;
    uint32_t of_sample[SOMA_ONNX_MAX_RANK], count = 0;
    if (soma_onnx_beside_batch(&x) > 1) return turn_joined(node, order, out);
    for (uint32_t i = 0; i < x.rank; i++)
        if (first && order[i] == batch)
            out->batch = i;
        else
            of_sample[count++] = order[i] - (first && order[i] > batch);
    if (first) soma_onnx_move_batch(&x, 0);
    return soma_onnx_give_turned(node, count, x.dim + first, of_sample, out);
}

static soma_status import_transpose(soma_onnx_node *node) {
    const soma_onnx_value *x = node->input[0];
    uint32_t order[SOMA_ONNX_MAX_RANK];
    SOMA_TRY(get_permutation(node, x->shape.rank, order));
    soma_onnx_shape out = x->shape;
    for (uint32_t i = 0; i < out.rank; i++) out.dim[i] = x->shape.dim[order[i]];
    if (soma_onnx_can_fold(node)) return soma_onnx_fold_selection(node, &out, source, &(source_of){&x->shape, order});
    return turn(node, order, &out);
}

SOMA_ONNX_CARRIER(Transpose, 1, 1, 1, "perm", import_transpose, 0, .place = SOMA_ONNX_ANYWHERE, .joins = true);

/* ---------------------------------------------------------------------------------------------------------- export */

soma_status soma_onnx_export_transpose(soma_onnx_exporter *exporter, const soma_tensor *tensor) {
    int64_t order[SOMA_MAX_RANK];
    uint32_t rank = soma_tensor_full_rank(tensor);
    if (soma_onnx_put_as_channels(exporter, tensor)) return SOMA_OK;
    for (uint32_t i = 0; i < rank; i++) order[i] = tensor->attributes.transpose.axis[i];
    size_t node = soma_onnx_begin_node(exporter, "Transpose", soma_onnx_name_of(exporter, tensor),
                                       (const char *[]){soma_onnx_name_of(exporter, tensor->input[0]), NULL});
    soma_onnx_put_attribute_integers(exporter, "perm", order, rank);
    soma_onnx_end_node(exporter, node);
    return SOMA_OK;
}
