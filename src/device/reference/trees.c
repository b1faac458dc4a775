/* SPDX-License-Identifier: MIT */
/* TREES: path by path. */
#include "device/reference/reference.h"

/* A whole number of a table: the nearest that there can be, the least for NaN. */
static double within(double value, double least, double most) {
    return value > least ? trunc(value < most ? value : most) : least;
}

/* The leaf at which the path of a sample ends. */
static size_t leaf_of(const soma_call *call, size_t sample, size_t tree) {
    const soma_view *x = &call->view[0], *node = &call->view[1], *leaf = &call->view[2], *root = &call->view[3];
    const double least = -(double)leaf->shape[0], most = (double)node->shape[0] - 1;
    double at = within(soma_element_get(root, tree), least, most);
    for (uint32_t depth = 0; at >= 0 && depth < call->params.trees.depth; depth++) {
        const size_t row = 4 * (size_t)at;
        const double feature = soma_element_get(node, row), threshold = soma_element_get(node, row + 1);
        const bool missing = feature < 0;
        const size_t column = (size_t)within(missing ? -1 - feature : feature, 0, (double)x->shape[1] - 1);
        const double value = soma_element_get(x, sample * x->shape[1] + column);
        const bool yes = value <= threshold || (missing && isnan(value));
        at = within(soma_element_get(node, row + (yes ? 2 : 3)), least, most);
    }
    return at >= 0 ? 0 : (size_t)(-1 - at);
}

soma_status soma_reference_trees(const soma_call *call) {
    const soma_view *leaf = &call->view[2], *out = &call->view[4];
    const size_t outputs = leaf->shape[1], trees = call->view[3].shape[0];
    for (size_t i = 0; i < out->shape[0]; i++)
        for (size_t j = 0; j < outputs; j++) {
            double sum = 0.0;
            for (size_t tree = 0; tree < trees; tree++)
                sum += soma_element_get(leaf, leaf_of(call, i, tree) * outputs + j);
            soma_element_set(out, i * outputs + j, sum);
        }
    return SOMA_OK;
}
