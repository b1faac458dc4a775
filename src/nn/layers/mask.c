/* SPDX-License-Identifier: MIT */
/* Which steps of a sequence there are. */
#include "nn/layers/layer.h"

soma_tensor *soma_mask(soma_tensor *x, soma_tensor *mask) {
    char sequence[SOMA_SHAPE_TEXT], steps[SOMA_SHAPE_TEXT];
    if (!x || !mask || !soma_layer_same_network(x, mask, "soma_mask")) return NULL;
    if (!x->batched || x->rank < 1 || !mask->batched || mask->rank != 1 || mask->shape[0] != x->shape[0])
        return soma_network_fail(soma_layer_network(x),
                                 soma_error(SOMA_INVALID_SHAPE,
                                            "soma_mask: %s is no mask of the steps of %s; [batch, steps] is wanted",
                                            soma_tensor_shape_text(mask, steps), soma_tensor_shape_text(x, sequence)));
    x->is_sequence = true;
    x->mask = mask;
    return x;
}
