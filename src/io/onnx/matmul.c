/* SPDX-License-Identifier: MIT */
/* Products of several matrices. */
#include "io/onnx/family.h"

#include <string.h>

/* ---------------------------------------------------------------------------------------------------------- import */

/* An operand as it is read: as many dimensions as the other, in ONNX's count. */
typedef struct matrices {
    soma_tensor *tensor;
    soma_onnx_shape shape;
} matrices;

/* Dimensions of 1 in front, so that there are `rank`. */
static void widen(matrices *x, uint32_t rank) {
    const uint32_t missing = rank - x->shape.rank;
    memmove(x->shape.dim + missing, x->shape.dim, x->shape.rank * sizeof *x->shape.dim);
    for (uint32_t i = 0; i < missing; i++) x->shape.dim[i] = 1;
    x->shape.rank = rank;
}

static bool same_lead(const soma_onnx_shape *a, const soma_onnx_shape *b, uint32_t first) {
    return memcmp(a->dim + first, b->dim + first, (a->rank - 2 - first) * sizeof *a->dim) == 0;
}

/* The dimensions from `first` to the matrices' become one, if there are more than a tensor has room for. */
static soma_status join_lead(matrices *a, matrices *b, uint32_t first) {
    const bool same = same_lead(&a->shape, &b->shape, first);
    matrices *const both[] = {a, b};
    for (int i = 0; i < 2; i++) {
        soma_onnx_shape *shape = &both[i]->shape;
        const size_t count = soma_onnx_count(shape, first, shape->rank - 2);
        if (!same && count != 1 && soma_onnx_count(&both[!i]->shape, first, both[!i]->shape.rank - 2) != 1)
            return soma_error(SOMA_UNSUPPORTED, "the dimensions before the matrices' differ; where there are so many, "
                                                "they must be equal, or 1");
        memmove(shape->dim + first + 1, shape->dim + shape->rank - 2, 2 * sizeof *shape->dim);
        shape->dim[first] = count;
        shape->rank = first + 3;
    }
    return SOMA_OK;
}

/* As a tensor with all dimensions, of which the batch's is 1 where it has none. */
static soma_status spread(const soma_onnx_node *node, const matrices *x, bool batched, soma_tensor **tensor) {
    const bool whole = node->importer->whole;
    const uint32_t skipped = x->shape.batched && !whole ? 1 : 0, added = batched && !x->shape.batched && whole ? 1 : 0;
    soma_tensor like = {.batched = x->shape.batched, .rank = x->shape.rank - skipped + added, .shape = {1}};
    memcpy(like.shape + added, x->shape.dim + skipped, (x->shape.rank - skipped) * sizeof *like.shape);
    return soma_graph_reshape(x->tensor->graph, x->tensor, &like, tensor);
}

static soma_status check_batch(const soma_onnx_node *node, const soma_onnx_shape *a, const soma_onnx_shape *b) {
    const soma_onnx_shape *longer = a->rank >= b->rank ? a : b, *shorter = longer == a ? b : a;
    if (node->importer->whole || !(a->batched || b->batched)) return SOMA_OK;
    if (a->rank < 2 || b->rank < 2 || (a->batched && a->rank < 3) || (b->batched && b->rank < 3) || !longer->batched ||
        (shorter->batched && shorter->rank != longer->rank))
        return soma_onnx_mixes(node);
    /* A batch of size 1 in front of a constant is no dimension of its samples. */
    return !shorter->batched && shorter->rank == longer->rank && shorter->dim[0] != 1 ? soma_onnx_mixes(node) : SOMA_OK;
}

soma_status soma_onnx_matrices(soma_onnx_node *node, soma_tensor *a, const soma_onnx_shape *a_shape, soma_tensor *b,
                               const soma_onnx_shape *b_shape, soma_tensor **out, soma_onnx_shape *out_shape) {
    matrices left = {a, *a_shape}, right = {b, *b_shape};
    const bool batched = a_shape->batched || b_shape->batched, whole = node->importer->whole;
    const uint32_t rank = SOMA_MAX(a_shape->rank, b_shape->rank), first = batched && !whole ? 1 : 0;
    SOMA_TRY(check_batch(node, a_shape, b_shape));
    widen(&left, rank);
    widen(&right, rank);
    *out_shape = left.shape;
    out_shape->batched = batched;
    for (uint32_t i = 0; i + 2 < rank; i++)
        if (left.shape.dim[i] == 1 || (i < first && !left.shape.batched)) out_shape->dim[i] = right.shape.dim[i];
    out_shape->dim[rank - 1] = right.shape.dim[rank - 1];
    if (rank + (batched && whole ? 1 : 0) > SOMA_MAX_RANK) SOMA_TRY(join_lead(&left, &right, first));
    SOMA_TRY(spread(node, &left, batched, &left.tensor));
    SOMA_TRY(spread(node, &right, batched, &right.tensor));
    SOMA_TRY(soma_graph_matmul(soma_onnx_graph(node), left.tensor, right.tensor, out));
    return soma_onnx_reshaped(node, *out, out_shape, out);
}

/* ---------------------------------------------------------------------------------------------------------- export */

soma_status soma_onnx_export_matmul(soma_onnx_exporter *exporter, const soma_tensor *tensor) {
    return PUT("MatMul", soma_onnx_name_of(exporter, tensor), soma_onnx_name_of(exporter, tensor->input[0]),
               soma_onnx_name_of(exporter, tensor->input[1])),
           SOMA_OK;
}
