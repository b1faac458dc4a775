/* SPDX-License-Identifier: MIT */
/* TREES. */
#include "device/contract/contract.h"

/* Numbers of nodes and leaves are float32. */
#define MOST_COUNTED ((size_t)1 << 24)

static soma_status check_trees(const soma_call *call) {
    const soma_view *x = &call->view[0], *node = &call->view[1], *leaf = &call->view[2];
    SOMA_TRY(soma_need_rank(call, 0, 2));
    SOMA_TRY(soma_need_rank(call, 1, 2));
    SOMA_TRY(soma_need_shape(call, 1, 2, node->shape[0], 4));
    SOMA_TRY(soma_need_rank(call, 2, 2));
    SOMA_TRY(soma_need_rank(call, 3, 1));
    SOMA_TRY(soma_need_shape(call, 4, 2, x->shape[0], leaf->shape[1]));
    if (leaf->shape[0] == 0 || x->shape[1] == 0)
        return soma_call_refuse(call, SOMA_INVALID_SHAPE, "x is %s, leaf %s; a feature and a leaf are needed", SHAPE(x),
                                SHAPE(leaf));
    if (node->shape[0] > MOST_COUNTED || leaf->shape[0] > MOST_COUNTED || x->shape[1] > MOST_COUNTED)
        return soma_call_refuse(call, SOMA_INVALID_SHAPE,
                                "x is %s, node %s, leaf %s; at most %zu features, nodes and leaves are counted",
                                SHAPE(x), SHAPE(node), SHAPE(leaf), MOST_COUNTED);
    return SOMA_OK;
}

/* Moving the nodes along the paths takes longest. */
static double bytes_of_trees(const soma_call *call) {
    const double paths = (double)call->view[0].shape[0] * (double)call->view[3].shape[0];
    const double leaves = paths * (double)call->view[2].shape[1], questions = paths * call->params.trees.depth;
    return sizeof(float) * (leaves + 5 * questions + (double)soma_view_count(&call->view[4]));
}

SOMA_CONTRACT(trees) = {.check = check_trees,
                        .bytes = bytes_of_trees,
                        .view = {{"x", F}, {"node", F}, {"leaf", F}, {"root", F}, {"out", F | OUT}}};
