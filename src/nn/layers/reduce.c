/* SPDX-License-Identifier: MIT */
/* Sums, means and extremes along a dimension. */
#include "nn/layers/layer.h"

static soma_status reduce(soma_tensor *x, soma_reduction op, uint32_t axis, soma_tensor **out) {
    char text[SOMA_SHAPE_TEXT];
    if ((unsigned)op >= SOMA_REDUCTION_COUNT)
        return soma_error(SOMA_INVALID_ARGUMENT, "there is no reduction number %d", (int)op);
    if (x->rank == 1)
        return soma_error(SOMA_INVALID_SHAPE, "%s has one dimension per sample, none would be left",
                          soma_tensor_shape_text(x, text));
    return soma_graph_reduce(x->graph, x, op, soma_layer_axis(x, axis), out);
}

soma_tensor *soma_reduce(soma_tensor *x, soma_reduction op, uint32_t axis) {
    const char *kind = soma_name(SOMA_NAMES_REDUCTION, (int)op);
    if (!x || !soma_layer_begin(soma_layer_network(x), kind ? kind : "reduce", NULL)) return NULL;
    soma_tensor *out = NULL;
    soma_status status = reduce(x, op, axis, &out);
    return soma_layer_finish(soma_layer_network(x), status, out);
}
