/* SPDX-License-Identifier: MIT */
/* SECOND: the second result of an op that has two. */
#include "graph/ops/op.h"

/* The shape of SECOND is that of the bias: the input without its batch. */
static soma_status shape_second(soma_tensor *tensor) {
    SOMA_TRY(soma_shape_like_first(tensor));
    tensor->batched = false;
    return SOMA_OK;
}

SOMA_OP(second) = {1, 1, shape_second, NULL, NULL};
