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

static soma_status import_transpose(soma_onnx_node *node) {
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

SOMA_ONNX_OP(Transpose, 1, 1, 1, "perm", import_transpose, 0);

/* ---------------------------------------------------------------------------------------------------------- export */

soma_status soma_onnx_export_transpose(soma_onnx_exporter *exporter, const soma_tensor *tensor) {
    int64_t order[SOMA_MAX_RANK];
    uint32_t rank = soma_tensor_full_rank(tensor);
    for (uint32_t i = 0; i < rank; i++) order[i] = tensor->attributes.transpose.axis[i];
    size_t node = soma_onnx_begin_node(exporter, "Transpose", soma_onnx_name_of(exporter, tensor),
                                       (const char *[]){soma_onnx_name_of(exporter, tensor->input[0]), NULL});
    soma_onnx_put_attribute_integers(exporter, "perm", order, rank);
    soma_onnx_end_node(exporter, node);
    return SOMA_OK;
}
