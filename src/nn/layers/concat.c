/* SPDX-License-Identifier: MIT */
/* Tensors one after the other along a dimension. */
#include "nn/layers/layer.h"

soma_tensor *soma_concat(soma_tensor *const *tensors, size_t count, uint32_t axis) {
    if (!tensors || count == 0) return NULL;
    for (size_t i = 0; i < count; i++)
        if (!tensors[i] || !soma_layer_same_network(tensors[0], tensors[i], "concat")) return NULL;
    return soma_layer_of_op("concat", SOMA_OP_CONCAT, tensors, (uint32_t)SOMA_MIN(count, UINT32_MAX),
                            (soma_attributes){.concat = {soma_layer_axis(tensors[0], axis)}});
}
