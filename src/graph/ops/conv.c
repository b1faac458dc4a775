/* SPDX-License-Identifier: MIT */
/*
 * CONV, its transpose, and the gradient of its weights: three products of the same three things, which are called here
 * by what they are in CONV: the image [batch, positions..., groups C], the weight [kernel..., C, O] and the result
 * [batch, positions..., O]. CONV_TRANSPOSE makes an image of a result, CONV_WEIGHT_GRAD a weight of both.
 */
#include "graph/ops/op.h"

#include <string.h>

/* Number of the bias among the inputs, where there is one. */
static uint32_t bias_index(const soma_tensor *tensor) {
    return tensor->op == SOMA_OP_CONV_ADD ? 3 : 2;
}

static const soma_tensor *bias_of(const soma_tensor *tensor) {
    return tensor->input_count > bias_index(tensor) ? tensor->input[bias_index(tensor)] : NULL;
}

typedef struct parts {
    const soma_tensor *image, *weight, *result;
} parts;

static parts parts_of(const soma_tensor *tensor) {
    soma_tensor *const *input = tensor->input;
    if (tensor->op == SOMA_OP_CONV || tensor->op == SOMA_OP_CONV_ADD) return (parts){input[0], input[1], tensor};
    if (tensor->op == SOMA_OP_CONV_TRANSPOSE) return (parts){tensor, input[1], input[0]};
    return (parts){input[0], tensor, input[1]};
}

/* ---------------------------------------------------------------------------------------------------------- shapes */

/* Attributes have the devices' three dimensions; a window of fewer has the last ones, and the others do nothing. */
#define MOST_PADDING (1 << 30) /* so that sums of two have room */

static soma_status check_numbers(const soma_tensor *tensor, uint32_t rank) {
    const soma_conv_params *params = &tensor->attributes.conv.params;
    const int32_t *after = tensor->attributes.conv.after;
    const uint32_t *more = tensor->attributes.conv.output_padding;
    for (uint32_t i = 0; i < 3; i++) {
        uint32_t stride = params->stride[i], dilation = params->dilation[i];
        if (stride < 1 || stride > INT32_MAX || dilation < 1 || dilation > INT32_MAX ||
            params->before[i] < -MOST_PADDING || params->before[i] > MOST_PADDING || after[i] < -MOST_PADDING ||
            after[i] > MOST_PADDING || more[i] > MOST_PADDING)
            return soma_op_refuse(tensor, SOMA_INVALID_ARGUMENT,
                                  "stride %u, dilation %u, padding %d and %d, output padding %u; strides and dilations "
                                  "from 1 to %d are possible, and padding up to %d",
                                  stride, dilation, params->before[i], after[i], more[i], INT32_MAX, MOST_PADDING);
        if (more[i] >= SOMA_MAX(stride, dilation) && more[i])
            return soma_op_refuse(tensor, SOMA_INVALID_ARGUMENT,
                                  "an output padding of %u; it must be less than the stride (%u) or the dilation (%u)",
                                  more[i], stride, dilation);
        if (i + rank < 3 && (stride != 1 || dilation != 1 || params->before[i] || after[i] || more[i]))
            return soma_op_refuse(tensor, SOMA_INVALID_SHAPE,
                                  "there is a stride, dilation or padding for more than the %u dimensions of the image",
                                  rank);
    }
    return SOMA_OK;
}

/* x: image or result. */
static soma_status check_weight(const soma_tensor *tensor, const soma_tensor *x, const soma_tensor *weight) {
    char text[2][SOMA_SHAPE_TEXT];
    size_t groups = tensor->attributes.conv.params.groups;
    if (groups == 0) return soma_op_refuse(tensor, SOMA_INVALID_ARGUMENT, "0 groups, at least 1 is needed");
    if (!x->batched || x->rank < 2 || x->rank > 4)
        return soma_op_refuse(tensor, SOMA_INVALID_SHAPE,
                              "a convolution takes one to three dimensions and, last, channels, got %s",
                              soma_tensor_shape_text(x, text[0]));
    if (weight->batched || weight->rank != x->rank + 1)
        return soma_op_refuse(tensor, SOMA_INVALID_SHAPE, "%s needs a weight of %u dimensions, got %s",
                              soma_tensor_shape_text(x, text[0]), x->rank + 1, soma_tensor_shape_text(weight, text[1]));
    for (uint32_t i = 0; i < x->rank; i++)
        if (x->shape[i] > INT32_MAX || weight->shape[i] > INT32_MAX)
            return soma_op_refuse(tensor, SOMA_INVALID_SHAPE, "%s and a weight of %s; sizes up to %d are possible",
                                  soma_tensor_shape_text(x, text[0]), soma_tensor_shape_text(weight, text[1]),
                                  INT32_MAX);
    if (weight->shape[weight->rank - 1] % groups)
        return soma_op_refuse(tensor, SOMA_INVALID_SHAPE, "%zu groups cannot share the last dimension of the weight %s",
                              groups, soma_tensor_shape_text(weight, text[1]));
    return check_numbers(tensor, x->rank - 1);
}

/* `channels` of x are what the weight and the groups ask for. */
static soma_status check_channels(const soma_tensor *tensor, const soma_tensor *x, const soma_tensor *weight,
                                  size_t channels) {
    char text[2][SOMA_SHAPE_TEXT];
    if (x->shape[x->rank - 1] == channels) return SOMA_OK;
    return soma_op_refuse(tensor, SOMA_INVALID_SHAPE, "with %u group%s the weight %s goes with %zu channels, got %s",
                          tensor->attributes.conv.params.groups, tensor->attributes.conv.params.groups == 1 ? "" : "s",
                          soma_tensor_shape_text(weight, text[0]), channels, soma_tensor_shape_text(x, text[1]));
}

static size_t image_channels(const soma_tensor *tensor, const soma_tensor *weight) {
    return tensor->attributes.conv.params.groups * weight->shape[weight->rank - 2];
}

static soma_status check_bias(const soma_tensor *tensor, size_t channels) {
    const soma_tensor *bias = bias_of(tensor);
    char text[SOMA_SHAPE_TEXT];
    if (!bias || (!bias->batched && bias->rank == 1 && bias->shape[0] == channels)) return SOMA_OK;
    return soma_op_refuse(tensor, SOMA_INVALID_SHAPE, "the bias must be [%zu], got %s", channels,
                          soma_tensor_shape_text(bias, text));
}

/* How far the kernel reaches along a dimension of the image, from its first position to its last. */
static int64_t reach_of(const soma_tensor *tensor, const soma_tensor *weight, uint32_t dimension) {
    uint32_t shift = 3 - (weight->rank - 2);
    return (int64_t)tensor->attributes.conv.params.dilation[shift + dimension] *
               ((int64_t)weight->shape[dimension] - 1) +
           1;
}

static soma_status shape_conv(soma_tensor *tensor) {
    const soma_tensor *x = tensor->input[0], *weight = tensor->input[1];
    SOMA_TRY(check_weight(tensor, x, weight));
    SOMA_TRY(check_channels(tensor, x, weight, image_channels(tensor, weight)));
    SOMA_TRY(check_bias(tensor, weight->shape[weight->rank - 1]));
    SOMA_TRY(soma_shape_like_first(tensor));
    tensor->shape[tensor->rank - 1] = weight->shape[weight->rank - 1];
    for (uint32_t i = 0; i + 1 < x->rank; i++) {
        uint32_t at = 3 - (x->rank - 1) + i;
        int64_t padded = (int64_t)x->shape[i] + tensor->attributes.conv.params.before[at] +
                         tensor->attributes.conv.after[at],
                reach = reach_of(tensor, weight, i);
        char text[SOMA_SHAPE_TEXT];
        if (reach > padded)
            return soma_op_refuse(tensor, SOMA_INVALID_SHAPE,
                                  "the kernel reaches over %lld positions of dimension %u, with its padding %s has "
                                  "%lld; a smaller kernel or more padding fits",
                                  (long long)reach, i, soma_tensor_shape_text(x, text), (long long)padded);
        tensor->shape[i] = (size_t)((padded - reach) / tensor->attributes.conv.params.stride[at] + 1);
    }
    return SOMA_OK;
}

static soma_status shape_conv_add(soma_tensor *tensor) {
    const soma_tensor *addend = tensor->input[2];
    char text[2][SOMA_SHAPE_TEXT];
    SOMA_TRY(shape_conv(tensor));
    if (soma_tensor_same_shape(addend, tensor)) return SOMA_OK;
    return soma_op_refuse(tensor, SOMA_INVALID_SHAPE, "what is added must be %s, got %s",
                          soma_tensor_shape_text(tensor, text[0]), soma_tensor_shape_text(addend, text[1]));
}

static soma_status shape_conv_transpose(soma_tensor *tensor) {
    const soma_tensor *x = tensor->input[0], *weight = tensor->input[1];
    SOMA_TRY(check_weight(tensor, x, weight));
    SOMA_TRY(check_channels(tensor, x, weight, weight->shape[weight->rank - 1]));
    SOMA_TRY(check_bias(tensor, image_channels(tensor, weight)));
    SOMA_TRY(soma_shape_like_first(tensor));
    tensor->shape[tensor->rank - 1] = image_channels(tensor, weight);
    for (uint32_t i = 0; i + 1 < x->rank; i++) {
        uint32_t at = 3 - (x->rank - 1) + i;
        int64_t whole = ((int64_t)x->shape[i] - 1) * tensor->attributes.conv.params.stride[at] +
                        reach_of(tensor, weight, i) + tensor->attributes.conv.output_padding[at],
                size = whole - tensor->attributes.conv.params.before[at] - tensor->attributes.conv.after[at];
        char text[SOMA_SHAPE_TEXT];
        if (size < 1 || size > INT32_MAX)
            return soma_op_refuse(tensor, SOMA_INVALID_SHAPE,
                                  "dimension %u of %s becomes %lld positions, and %lld without the padding; from 1 to "
                                  "%d are possible",
                                  i, soma_tensor_shape_text(x, text), (long long)whole, (long long)size, INT32_MAX);
        tensor->shape[i] = (size_t)size;
    }
    return SOMA_OK;
}

/* The weight's shape is given: several may go with the same image and result. */
static soma_status shape_conv_weight_grad(soma_tensor *tensor) {
    const soma_tensor *x = tensor->input[0], *dy = tensor->input[1];
    SOMA_TRY(soma_shape_given(tensor));
    SOMA_TRY(check_weight(tensor, x, tensor));
    SOMA_TRY(check_weight(tensor, dy, tensor));
    SOMA_TRY(check_channels(tensor, x, tensor, image_channels(tensor, tensor)));
    return check_channels(tensor, dy, tensor, tensor->shape[tensor->rank - 1]);
}

/* ------------------------------------------------------------------------------------------------------- gradients */

static soma_attributes plain(const soma_tensor *tensor) {
    soma_attributes attributes = tensor->attributes;
    attributes.conv.params.function = SOMA_IDENTITY;
    attributes.conv.params.alpha = 1;
    attributes.conv.params.beta = 0;
    return attributes;
}

static soma_status add_weight_gradient(soma_graph *graph, const soma_tensor *tensor, soma_tensor *image,
                                       soma_tensor *result, soma_tensor **gradient) {
    const soma_tensor *weight = tensor->input[1];
    soma_tensor *input[] = {image, result};
    soma_tensor_spec spec = {.op = SOMA_OP_CONV_WEIGHT_GRAD,
                             .input_count = 2,
                             .input = input,
                             .attributes = plain(tensor),
                             .rank = weight->rank};
    memcpy(spec.shape, weight->shape, sizeof spec.shape);
    return soma_graph_add(graph, &spec, gradient);
}

static soma_status gradient_conv(soma_graph *graph, soma_tensor *tensor, soma_tensor *dy, soma_tensor **gradient) {
    soma_tensor *x = tensor->input[0], *weight = tensor->input[1], *input[] = {dy, weight};
    soma_attributes attributes = plain(tensor);
    for (uint32_t i = 0; i + 1 < x->rank; i++) { /* what no window reached */
        uint32_t at = 3 - (x->rank - 1) + i;
        int64_t padded = (int64_t)x->shape[i] + attributes.conv.params.before[at] + attributes.conv.after[at];
        attributes.conv.output_padding[at] =
            (uint32_t)((padded - reach_of(tensor, weight, i)) % attributes.conv.params.stride[at]);
    }
    SOMA_TRY(soma_op_add(graph, SOMA_OP_CONV_TRANSPOSE, input, 2, attributes, &gradient[0]));
    SOMA_TRY(add_weight_gradient(graph, tensor, x, dy, &gradient[1]));
    if (tensor->input_count > 2) SOMA_TRY(soma_op_sum_to(graph, dy, tensor->input[2], &gradient[2]));
    return SOMA_OK;
}

static soma_status gradient_conv_transpose(soma_graph *graph, soma_tensor *tensor, soma_tensor *dy,
                                           soma_tensor **gradient) {
    soma_tensor *x = tensor->input[0], *input[] = {dy, tensor->input[1]};
    soma_attributes attributes = plain(tensor);
    for (int i = 0; i < 3; i++) { /* so that as many windows fit as x has positions */
        attributes.conv.after[i] -= (int32_t)attributes.conv.output_padding[i];
        attributes.conv.output_padding[i] = 0;
    }
    SOMA_TRY(soma_op_add(graph, SOMA_OP_CONV, input, 2, attributes, &gradient[0]));
    SOMA_TRY(add_weight_gradient(graph, tensor, dy, x, &gradient[1]));
    if (tensor->input_count > 2) SOMA_TRY(soma_op_sum_to(graph, dy, tensor->input[2], &gradient[2]));
    return SOMA_OK;
}

/* -------------------------------------------------------------------------------------------------------- lowering */

/* Whether the convolution is one matrix product: each position by itself, or all that an image has for one result. */
static bool is_product(const soma_tensor *tensor) {
    const soma_conv_params *params = &tensor->attributes.conv.params;
    parts of = parts_of(tensor);
    /* As a whole, an image has one row in the product, but a bias for each of its positions' channels. */
    bool pointwise = true, whole = tensor->op != SOMA_OP_CONV_TRANSPOSE || tensor->input_count == 2;
    for (uint32_t i = 0; i + 1 < of.image->rank; i++) {
        uint32_t at = 3 - (of.image->rank - 1) + i;
        size_t kernel = of.weight->shape[i], image = of.image->shape[i], result = of.result->shape[i];
        if (params->before[at]) return false;
        pointwise &= kernel == 1 && params->stride[at] == 1 && image == result;
        whole &= kernel == image && result == 1 && (params->dilation[at] == 1 || kernel == 1);
    }
    return params->groups == 1 && (pointwise || whole);
}

bool soma_conv_is_product(const soma_tensor *tensor) {
    return is_product(tensor);
}

static soma_view matrix(const soma_lowering *lowering, const soma_tensor *tensor, size_t columns) {
    soma_view view = soma_lowering_view(lowering, tensor);
    return soma_view_reshape(&view, 2, (size_t[]){soma_view_count(&view) / columns, columns});
}

/* result = image weight, each a matrix; what is made of the other two is one of its gradients. */
static soma_status lower_product(soma_lowering *lowering, const soma_tensor *tensor, soma_view bias) {
    const soma_conv_params *params = &tensor->attributes.conv.params;
    parts of = parts_of(tensor);
    size_t filters = of.weight->shape[of.weight->rank - 1];
    soma_view image = matrix(lowering, of.image, soma_tensor_count(of.weight) / filters),
              weight = matrix(lowering, of.weight, filters), result = matrix(lowering, of.result, filters);
    soma_gemm_params gemm = {.alpha = 1, .function = params->function, .a = params->a, .b = params->b};
    if (tensor->op == SOMA_OP_CONV)
        return soma_lowering_push(lowering, tensor, soma_call_gemm(image, weight, bias, result, gemm));
    if (tensor->op == SOMA_OP_CONV_TRANSPOSE) {
        gemm.transpose_b = true;
        return soma_lowering_push(lowering, tensor, soma_call_gemm(result, weight, bias, image, gemm));
    }
    gemm = (soma_gemm_params){
        .transpose_a = true, .alpha = params->alpha, .beta = params->beta, .function = SOMA_IDENTITY};
    return soma_lowering_push(lowering, tensor, soma_call_gemm(image, result, bias, weight, gemm));
}

static soma_status lower_conv(soma_lowering *lowering, const soma_tensor *tensor) {
    const soma_conv_params *params = &tensor->attributes.conv.params;
    bool weighs = tensor->op == SOMA_OP_CONV_WEIGHT_GRAD;
    soma_view bias = bias_of(tensor) ? soma_lowering_view(lowering, bias_of(tensor)) : soma_view_absent();
    if (tensor->op != SOMA_OP_CONV_ADD && is_product(tensor)) return lower_product(lowering, tensor, bias);
    soma_view a = soma_op_view5(lowering, tensor->input[0], 1),
              b = soma_op_view5(lowering, tensor->input[1], weighs ? 1 : 0),
              out = soma_op_view5(lowering, tensor, weighs ? 0 : 1);
    if (weighs) return soma_lowering_push(lowering, tensor, soma_call_conv_weight_grad(a, b, out, *params));
    if (tensor->op == SOMA_OP_CONV_ADD) {
        soma_view addend = soma_op_view5(lowering, tensor->input[2], 1);
        return soma_lowering_push(lowering, tensor, soma_call_conv_add(a, b, bias, addend, out, *params));
    }
    return soma_lowering_push(lowering, tensor,
                              tensor->op == SOMA_OP_CONV ? soma_call_conv(a, b, bias, out, *params)
                                                         : soma_call_conv_data_grad(a, b, bias, out, *params));
}

SOMA_OP(conv) = {2, 3, shape_conv, SOMA_GRADIENT(gradient_conv), lower_conv};
SOMA_OP(conv_add) = {3, 4, shape_conv_add, NULL, lower_conv};
SOMA_OP(conv_transpose) = {2, 3, shape_conv_transpose, SOMA_GRADIENT(gradient_conv_transpose), lower_conv};
SOMA_OP(conv_weight_grad) = {2, 2, shape_conv_weight_grad, NULL, SOMA_TRAINING_CALL(lower_conv)};
