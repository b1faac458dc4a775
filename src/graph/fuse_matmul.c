/* SPDX-License-Identifier: MIT */
/*
 * Around a MATMUL: operands that are copies in another order are read where they came from, a result that is copied
 * into another order is written there, and a factor becomes the product's own. So attention that is made of products,
 * as exporters write it, moves nothing.
 */
#include "graph/rewrites.h"

#include <math.h>
#include <string.h>

/* How the elements of a sample lie in another tensor. */
typedef struct lie {
    soma_tensor *root;
    uint32_t rank;
    size_t shape[SOMA_MAX_RANK], stride[SOMA_MAX_RANK];
} lie;

/* Copies that follow each other; no sensible graph has as many. */
#define MOST_COPIES 16

static lie as_it_is(soma_tensor *tensor) {
    lie x = {.root = tensor, .rank = tensor->rank};
    size_t next = 1;
    for (uint32_t i = x.rank; i-- > 0; next *= x.shape[i]) {
        x.shape[i] = tensor->shape[i];
        x.stride[i] = next;
    }
    return x;
}

/* Dimensions that follow each other without a gap as one; the innermost first. */
typedef struct chunks {
    uint32_t count;
    size_t size[SOMA_MAX_RANK], stride[SOMA_MAX_RANK];
} chunks;

static chunks chunks_of(const lie *x) {
    chunks c = {0};
    for (uint32_t i = x->rank; i-- > 0;) {
        const uint32_t last = c.count - 1;
        if (x->shape[i] == 1) continue;
        if (c.count && x->stride[i] == c.stride[last] * c.size[last]) {
            c.size[last] *= x->shape[i];
            continue;
        }
        c.size[c.count] = x->shape[i];
        c.stride[c.count++] = x->stride[i];
    }
    return c;
}

/* The same elements, in their order, in another shape, if strides can say so: each chunk must be a number of whole
 * dimensions. */
static bool regroup(lie *x, uint32_t rank, const size_t *shape) {
    const chunks c = chunks_of(x);
    uint32_t chunk = 0;
    size_t made = 1; /* elements of the chunk that are in dimensions */
    lie to = {.root = x->root, .rank = rank};
    for (uint32_t i = rank; i-- > 0;) {
        to.shape[i] = shape[i];
        to.stride[i] = 1;
        if (shape[i] == 1) continue;
        if (chunk == c.count) return false;
        to.stride[i] = c.stride[chunk] * made;
        made *= shape[i];
        if (c.size[chunk] % made) return false;
        if (made < c.size[chunk]) continue;
        chunk++;
        made = 1;
    }
    if (chunk < c.count) return false;
    *x = to;
    return true;
}

/* By strides in what a tensor was copied from. */
static lie lie_of(soma_tensor *tensor, uint32_t copies) {
    const uint32_t batch = tensor->batched ? 1 : 0;
    if (copies == MOST_COPIES) return as_it_is(tensor);
    if (tensor->op == SOMA_OP_RESHAPE) {
        lie x = lie_of(tensor->input[0], copies + 1);
        return regroup(&x, tensor->rank, tensor->shape) ? x : as_it_is(tensor);
    }
    if (tensor->op != SOMA_OP_TRANSPOSE) return as_it_is(tensor);
    lie x = lie_of(tensor->input[0], copies + 1), turned = x;
    for (uint32_t i = 0; i < x.rank; i++) {
        const uint32_t from = tensor->attributes.transpose.axis[i + batch] - batch;
        turned.shape[i] = x.shape[from];
        turned.stride[i] = x.stride[from];
    }
    return turned;
}

soma_tensor *soma_tensor_unmoved(soma_tensor *tensor) {
    const lie x = lie_of(tensor, 0);
    const chunks c = chunks_of(&x);
    return c.count == 0 || (c.count == 1 && c.stride[0] == 1) ? x.root : tensor;
}

static void scale(soma_attributes *attributes, float factor) {
    attributes->matmul.scale = attributes->matmul.scaled ? attributes->matmul.scale * factor : factor;
    attributes->matmul.scaled = true;
}

/* Whether a matrix can be read so: one of its two strides is 1, or counts for nothing. */
static bool is_readable(const lie *x) {
    if (x->rank < 2) return false;
    for (uint32_t i = x->rank - 2; i < x->rank; i++)
        if (x->stride[i] == 1 || x->shape[i] == 1) return true;
    return false;
}

/* The operand is taken from where it was before it was scaled and copied into another order. */
static void take_operand(soma_tensor *matmul, uint32_t operand, const uint32_t *uses) {
    soma_tensor *x = matmul->input[operand];
    float factor;
    while (soma_tensor_is_scaled(x, &factor) && uses[x->id] == 1 && x->batched == x->input[0]->batched &&
           isfinite(factor * (matmul->attributes.matmul.scaled ? matmul->attributes.matmul.scale : 1))) {
        scale(&matmul->attributes, factor);
        x = matmul->input[operand] = x->input[0];
    }
    const lie from = lie_of(x, 0);
    if (from.root == x || from.root == soma_tensor_root(x) || !is_readable(&from)) return;
    soma_matmul_layout layout = soma_matmul_layout_of(matmul);
    const uint32_t batch = x->batched ? 1 : 0;
    for (uint32_t i = 0; i < from.rank; i++) {
        const bool repeated = i + batch + 2 < layout.rank && from.shape[i] == 1;
        layout.operand[operand].stride[i + batch] = repeated ? 0 : from.stride[i];
    }
    matmul->attributes.matmul.layout = layout;
    matmul->input[operand] = from.root;
}

/* What is made of a product that nobody else needs. */
static soma_tensor *product_in(soma_tensor *tensor, const uint32_t *uses) {
    return tensor->op == SOMA_OP_MATMUL && uses[tensor->id] == 1 ? tensor : NULL;
}

static soma_status become(soma_tensor *tensor, const soma_tensor *matmul, const soma_attributes *attributes) {
    SOMA_TRY(soma_tensor_set_inputs(tensor, matmul->input, 2));
    tensor->op = SOMA_OP_MATMUL;
    tensor->attributes = *attributes;
    return SOMA_OK;
}

static soma_status give_factor(soma_tensor *scaled, float factor, const uint32_t *uses) {
    const soma_tensor *matmul = product_in(scaled->input[0], uses);
    if (!matmul || !soma_tensor_same_shape(scaled, matmul)) return SOMA_OK;
    soma_attributes attributes = matmul->attributes;
    scale(&attributes, factor);
    return isfinite(attributes.matmul.scale) ? become(scaled, matmul, &attributes) : SOMA_OK;
}

/* The product is written where the transposition would put it. */
static soma_status give_order(soma_tensor *turned, const uint32_t *uses) {
    soma_tensor *between = turned->input[0];
    const bool reshaped = between->op == SOMA_OP_RESHAPE && uses[between->id] == 1;
    soma_tensor *matmul = product_in(reshaped ? between->input[0] : between, uses);
    const uint32_t batch = turned->batched ? 1 : 0;
    if (!matmul || matmul->attributes.matmul.layout.turned) return SOMA_OK;
    const lie result = as_it_is(turned);
    lie product = as_it_is(between);
    for (uint32_t i = 0; i < result.rank; i++)
        product.stride[turned->attributes.transpose.axis[i + batch] - batch] = result.stride[i];
    if (!regroup(&product, matmul->rank, matmul->shape) ||
        (product.stride[product.rank - 1] != 1 && product.shape[product.rank - 1] != 1))
        return SOMA_OK;
    soma_attributes attributes = matmul->attributes;
    attributes.matmul.layout = soma_matmul_layout_of(matmul);
    attributes.matmul.layout.turned = true;
    memcpy(attributes.matmul.layout.operand[2].stride + batch, product.stride, product.rank * sizeof *product.stride);
    return become(turned, matmul, &attributes);
}

soma_status soma_graph_fuse_matmul(soma_tensor *tensor, const uint32_t *uses) {
    float factor;
    if (tensor->op == SOMA_OP_MATMUL && tensor->attributes.matmul.layout.rank == 0)
        for (uint32_t i = 0; i < 2; i++) take_operand(tensor, i, uses);
    if (tensor->op == SOMA_OP_TRANSPOSE) return give_order(tensor, uses);
    return soma_tensor_is_scaled(tensor, &factor) ? give_factor(tensor, factor, uses) : SOMA_OK;
}
