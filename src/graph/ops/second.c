/* SPDX-License-Identifier: MIT */
/* SECOND: the second result of an op that has two. */
#include "graph/ops/op.h"

/* Of a loss's gradient: the input without its batch. A bias gradient keeps the shape of the sum that it was (fuse.c).
 */
static soma_status shape_second(soma_tensor *tensor) {
    SOMA_TRY(soma_shape_like_first(tensor));
    tensor->batched = false;
    return SOMA_OK;
}

SOMA_OP(second) = {1, 1, shape_second, NULL, NULL};
