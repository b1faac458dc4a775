/* SPDX-License-Identifier: MIT */
/* AUGMENT: pictures changed by chance, between a network's input and its first layer, in training alone. */
#include "graph/ops/op.h"

#include "base/random.h"

static soma_status shape_augment(soma_tensor *tensor) {
    const soma_tensor *x = tensor->input[0];
    char text[SOMA_SHAPE_TEXT];
    if (!x->batched || x->dtype != SOMA_F32 || x->rank < 2 || x->rank > 3)
        return soma_op_refuse(tensor, SOMA_INVALID_SHAPE,
                              "augmentation is for pictures, [batch, height, width] or [batch, height, width, "
                              "channels], got %s",
                              soma_tensor_shape_text(x, text));
    const soma_augment_params *params = &tensor->attributes.augment;
    size_t height = x->shape[0], width = x->shape[1];
    if (params->shift[0] >= height || params->shift[1] >= width)
        return soma_op_refuse(tensor, SOMA_INVALID_SHAPE,
                              "augmentation: a shift of up to %u down and %u right moves pictures of %zu x %zu out of "
                              "sight; less than that is accepted",
                              params->shift[0], params->shift[1], height, width);
    if (params->cutout >= height && params->cutout >= width)
        return soma_op_refuse(tensor, SOMA_INVALID_SHAPE,
                              "augmentation: a cutout of %u pixels is as large as pictures of %zu x %zu; less is "
                              "accepted",
                              params->cutout, height, width);
    return soma_shape_like_first(tensor);
}

/* As [batch, height, width, channels]. */
static soma_view picture_view(const soma_lowering *lowering, const soma_tensor *tensor) {
    soma_view view = soma_lowering_view(lowering, tensor);
    const size_t shape[4] = {view.shape[0], view.shape[1], view.shape[2], view.rank > 3 ? view.shape[3] : 1};
    return soma_view_reshape(&view, 4, shape);
}

static soma_status lower_augment(soma_lowering *lowering, const soma_tensor *tensor) {
    soma_augment_params params = tensor->attributes.augment;
    params.stream = SOMA_STREAM_AUGMENT; /* the seed serves shuffling and initial weights too */
    return soma_lowering_push(
        lowering, tensor,
        soma_call_augment(picture_view(lowering, tensor->input[0]), picture_view(lowering, tensor), params));
}

SOMA_OP(augment) = {1, 1, shape_augment, NULL, SOMA_TRAINING_CALL(lower_augment)};
