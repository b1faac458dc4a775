/* SPDX-License-Identifier: MIT */
/* ORDINAL: which sample of its batch each is, 0, 1, ... So the rows of all samples are one table, of which each finds
 * its own. */
#include "graph/ops/op.h"

static soma_status shape_ordinal(soma_tensor *tensor) {
    char text[SOMA_SHAPE_TEXT];
    if (!tensor->input[0]->batched)
        return soma_op_refuse(tensor, SOMA_INVALID_SHAPE, "samples are counted of what has some, got %s",
                              soma_tensor_shape_text(tensor->input[0], text));
    tensor->dtype = SOMA_F32;
    tensor->batched = true;
    tensor->rank = 1;
    tensor->shape[0] = 1;
    return SOMA_OK;
}

/* Those made so far, once more, with as many added. */
static soma_status lower_ordinal(soma_lowering *lowering, const soma_tensor *tensor) {
    const soma_view all = soma_lowering_flat(lowering, tensor);
    SOMA_TRY(soma_lowering_push(lowering, tensor, soma_call_fill(all, 0)));
    for (size_t made = 1; made < lowering->batch; made *= 2) {
        soma_view from = all, to = all;
        from.shape[0] = to.shape[0] = SOMA_MIN(made, lowering->batch - made);
        to.offset = made * soma_dtype_size(all.dtype);
        SOMA_TRY(soma_lowering_push(lowering, tensor, soma_call_copy(from, to, 1, (float)made)));
    }
    return SOMA_OK;
}

SOMA_OP(ordinal) = {1, 1, shape_ordinal, SOMA_GRADIENT(soma_gradient_none), lower_ordinal};
