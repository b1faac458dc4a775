/* SPDX-License-Identifier: MIT */
/* DepthToSpace and SpaceToDepth: channels become positions and the other way round, which is but another order. */
#include "io/onnx/family.h"

/* ---------------------------------------------------------------------------------------------------------- import */

static soma_status get_block(const soma_onnx_node *node, size_t *block) {
    const soma_onnx_shape *x = &node->input[0]->shape;
    int64_t size;
    SOMA_TRY(soma_onnx_get_integer(node, "blocksize", 0, &size));
    if (x->rank != 4) return soma_error(SOMA_INVALID_SHAPE, "%u dimensions; it takes 4", x->rank);
    if (size < 1 || size > INT32_MAX)
        return soma_error(SOMA_INVALID_FILE, "attribute blocksize is %lld; it must be at least 1", (long long)size);
    *block = (size_t)size;
    return SOMA_OK;
}

/* The channels and positions cut so, in this order; before them a batch that is no dimension of a sample's. */
static soma_status give(soma_onnx_node *node, const size_t *dim, const uint32_t *order, const soma_onnx_shape *out) {
    const soma_onnx_shape *x = &node->input[0]->shape;
    uint32_t kept = 1 - soma_onnx_first(node->importer, x), turned[6] = {0};
    size_t cut[6] = {x->dim[0]};
    for (uint32_t i = 0; i < 5; i++) {
        cut[kept + i] = dim[i];
        turned[kept + i] = kept + order[i];
    }
    return soma_onnx_give_turned(node, kept + 5, cut, turned, out);
}

static soma_status import_depth_to_space(soma_onnx_node *node) {
    static const uint32_t depth_first[] = {2, 3, 0, 4, 1}, columns_first[] = {0, 3, 1, 4, 2};
    const Soma__Onnx__AttributeProto *mode = soma_onnx_attribute(node, "mode");
    soma_onnx_shape out = node->input[0]->shape;
    size_t block = 1;
    SOMA_TRY(get_block(node, &block));
    bool crd = mode && soma_onnx_is_text(mode, "CRD");
    if (mode && !crd && !soma_onnx_is_text(mode, "DCR"))
        return soma_error(SOMA_INVALID_FILE, "attribute mode must be DCR or CRD");
    size_t channels = out.dim[1] / block / block, height = out.dim[2], width = out.dim[3];
    if (channels * block * block != out.dim[1])
        return soma_error(SOMA_INVALID_SHAPE, "%zu channels are no multiple of the block's %zu", out.dim[1],
                          block * block);
    out.dim[1] = channels;
    out.dim[2] *= block;
    out.dim[3] *= block;
    if (crd) return give(node, (const size_t[]){channels, block, block, height, width}, columns_first, &out);
    return give(node, (const size_t[]){block, block, channels, height, width}, depth_first, &out);
}

SOMA_ONNX_CARRIER(DepthToSpace, 1, 1, 1, "blocksize mode", import_depth_to_space, 0);

static soma_status import_space_to_depth(soma_onnx_node *node) {
    static const uint32_t order[] = {2, 4, 0, 1, 3};
    soma_onnx_shape out = node->input[0]->shape;
    size_t block = 1;
    SOMA_TRY(get_block(node, &block));
    const size_t channels = out.dim[1], height = out.dim[2] / block, width = out.dim[3] / block;
    if (height * block != out.dim[2] || width * block != out.dim[3])
        return soma_error(SOMA_INVALID_SHAPE, "%zu times %zu positions are no multiples of the block's size, %zu",
                          out.dim[2], out.dim[3], block);
    out.dim[1] *= block * block;
    out.dim[2] = height;
    out.dim[3] = width;
    return give(node, (const size_t[]){channels, height, block, width, block}, order, &out);
}

SOMA_ONNX_CARRIER(SpaceToDepth, 1, 1, 1, "blocksize", import_space_to_depth, 0);
