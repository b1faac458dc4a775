/* SPDX-License-Identifier: MIT */
/* MATMUL: products of several matrices, of which GEMM has one. */
#include "graph/ops/op.h"

#include <string.h>

static size_t extent_of(const soma_tensor *tensor, uint32_t dimension) {
    const uint32_t batch = tensor->batched ? 1 : 0;
    return dimension < batch ? 0 : tensor->shape[dimension - batch];
}

/* Of a and b, which dimension the product has where neither is the batch's. */
static bool fit_leading(const soma_tensor *a, const soma_tensor *b, uint32_t dimension, size_t *size) {
    const size_t p = extent_of(a, dimension), q = extent_of(b, dimension);
    *size = p == 1 ? q : p;
    return p == q || p == 1 || q == 1;
}

static soma_status shape_matmul(soma_tensor *tensor) {
    const soma_tensor *a = tensor->input[0], *b = tensor->input[1];
    const uint32_t rank = soma_tensor_full_rank(a);
    char text[2][SOMA_SHAPE_TEXT];
    bool fits = rank >= 2 && soma_tensor_full_rank(b) == rank && (!a->batched || a->rank >= 2) &&
                (!b->batched || b->rank >= 2) && extent_of(a, rank - 1) == extent_of(b, rank - 2);
    tensor->dtype = SOMA_F32;
    tensor->batched = a->batched || b->batched;
    const uint32_t batch = tensor->batched ? 1 : 0;
    tensor->rank = rank - batch;
    for (uint32_t i = 0; fits && i + 2 < rank; i++) {
        size_t size;
        fits = fit_leading(a, b, i, &size);
        if (i >= batch) tensor->shape[i - batch] = size;
    }
    if (!fits)
        return soma_op_refuse(tensor, SOMA_INVALID_SHAPE, "cannot multiply the matrices of %s by those of %s",
                              soma_tensor_shape_text(a, text[0]), soma_tensor_shape_text(b, text[1]));
    tensor->shape[rank - 2 - batch] = extent_of(a, rank - 2);
    tensor->shape[rank - 1 - batch] = extent_of(b, rank - 1);
    return SOMA_OK;
}

/* Those of x as it lies, of which the product repeats what is 1. */
static void lay_out(const soma_tensor *x, const soma_matmul_layout *layout, size_t *stride) {
    size_t next = 1;
    for (uint32_t i = layout->rank; i-- > 0;) {
        const size_t size = extent_of(x, i);
        stride[i] = size == 1 && i + 2 < layout->rank ? 0 : next;
        next *= size;
    }
}

soma_matmul_layout soma_matmul_layout_of(const soma_tensor *matmul) {
    const soma_tensor *a = matmul->input[0];
    if (matmul->attributes.matmul.layout.rank) return matmul->attributes.matmul.layout;
    soma_matmul_layout layout = {.rank = soma_tensor_full_rank(matmul)};
    for (uint32_t i = 0; i < layout.rank; i++) layout.shape[i] = extent_of(matmul, i);
    layout.depth = extent_of(a, layout.rank - 1);
    lay_out(a, &layout, layout.operand[0].stride);
    lay_out(matmul->input[1], &layout, layout.operand[1].stride);
    lay_out(matmul, &layout, layout.operand[2].stride);
    return layout;
}

soma_status soma_graph_matmul(soma_graph *graph, soma_tensor *a, soma_tensor *b, soma_tensor **out) {
    return soma_op_add(graph, SOMA_OP_MATMUL, (soma_tensor *[]){a, b}, 2, (soma_attributes){.fill = {0, false}}, out);
}

/* ------------------------------------------------------------------------------------------------------- gradient */

/* With the last two dimensions exchanged. */
static soma_status turned(soma_graph *graph, soma_tensor *x, soma_tensor **out) {
    const uint32_t rank = soma_tensor_full_rank(x);
    uint32_t axis[SOMA_MAX_RANK] = {0};
    for (uint32_t i = 0; i < rank; i++) axis[i] = i + 2 < rank ? i : 2 * rank - 3 - i;
    return soma_graph_transpose(graph, x, axis, out);
}

/* Sums dy over the matrices in which x was repeated. The batch is one of them where x has none: it has a 1 there. */
static soma_status sum_to(soma_graph *graph, soma_tensor *dy, const soma_tensor *x, soma_tensor **out) {
    soma_tensor like = *x;
    if (dy->batched && !x->batched) {
        like.rank--;
        memmove(like.shape, like.shape + 1, like.rank * sizeof *like.shape);
    }
    SOMA_TRY(soma_op_sum_to(graph, dy, &like, out));
    return like.rank == x->rank ? SOMA_OK : soma_graph_reshape(graph, *out, x, out);
}

/* c = a b: da = dc b^T, db = a^T dc. */
static soma_status gradient_matmul(soma_graph *graph, soma_tensor *tensor, soma_tensor *dy, soma_tensor **gradient) {
    soma_tensor *a = tensor->input[0], *b = tensor->input[1], *across;
    SOMA_TRY(turned(graph, b, &across));
    SOMA_TRY(soma_graph_matmul(graph, dy, across, &gradient[0]));
    SOMA_TRY(sum_to(graph, gradient[0], a, &gradient[0]));
    SOMA_TRY(turned(graph, a, &across));
    SOMA_TRY(soma_graph_matmul(graph, across, dy, &gradient[1]));
    return sum_to(graph, gradient[1], b, &gradient[1]);
}

/* ------------------------------------------------------------------------------------------------------- lowering */

static soma_status lower_matmul(soma_lowering *lowering, const soma_tensor *tensor) {
    const soma_matmul_layout layout = soma_matmul_layout_of(tensor);
    const soma_tensor *const site[] = {tensor->input[0], tensor->input[1], tensor};
    const float scale = tensor->attributes.matmul.scaled ? tensor->attributes.matmul.scale : 1;
    soma_view view[3];
    for (uint32_t i = 0; i < 3; i++) {
        view[i] = soma_lowering_flat(lowering, site[i]);
        view[i].rank = layout.rank;
        memcpy(view[i].shape, layout.shape, sizeof layout.shape);
        memcpy(view[i].stride, layout.operand[i].stride, sizeof view[i].stride);
        if (!tensor->batched) continue;
        view[i].shape[0] = lowering->batch;
        view[i].stride[0] = site[i]->batched ? soma_tensor_count(site[i]) : 0;
    }
    view[0].shape[layout.rank - 1] = layout.depth;
    view[1].shape[layout.rank - 2] = layout.depth;
    return soma_lowering_push(lowering, tensor, soma_call_matmul(view[0], view[1], view[2], scale));
}

SOMA_OP(matmul) = {2, 2, shape_matmul, SOMA_GRADIENT(gradient_matmul), lower_matmul};
