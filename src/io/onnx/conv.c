/* SPDX-License-Identifier: MIT */
/* Convolution and its transpose. ONNX has channels first, here they are last: of images and of weights. */
#include "io/onnx/family.h"
#include "io/onnx/window.h"

#include <string.h>

/* ---------------------------------------------------------------------------------------------------------- import */

static soma_status check_weight(const soma_onnx_node *node, const soma_onnx_image *image) {
    const soma_onnx_value *weight = node->input[1];
    if (!weight->shape.batched && weight->shape.rank == image->shape.rank) return SOMA_OK;
    return soma_error(SOMA_UNSUPPORTED, "the weight %s must be the same for every sample, and have %u dimensions",
                      weight->name, image->shape.rank);
}

/* ONNX's [O, C, kernel...], or of the transpose [C, O, kernel...]: both are [kernel..., second, first] here. */
static soma_status get_weight(soma_onnx_node *node, const soma_onnx_image *image, soma_tensor **tensor) {
    soma_onnx_value *weight = node->input[1];
    const soma_onnx_shape *shape = &weight->shape;
    uint32_t order[SOMA_ONNX_MAX_RANK];
    soma_onnx_layout layout;
    soma_tensor like = {.rank = image->kept, .shape = {1}};
    for (uint32_t i = 0; i < image->rank; i++) order[i] = 2 + i;
    order[image->rank] = 1;
    order[image->rank + 1] = 0;
    for (uint32_t i = 0; i < shape->rank; i++) like.shape[like.rank++] = shape->dim[order[i]];
    soma_onnx_layout_make(shape->rank, shape->dim, order, &layout); /* as many dimensions as a tensor has */
    soma_onnx_weight(weight);
    if (weight->integer) return soma_onnx_tensor(node, weight, tensor); /* says so */
    return soma_onnx_laid_out(node, weight, &layout, &like, tensor);
}

static soma_status get_groups(const soma_onnx_node *node, soma_conv_params *params) {
    int64_t groups;
    SOMA_TRY(soma_onnx_get_integer(node, "group", 1, &groups));
    if (groups < 1 || groups > INT32_MAX)
        return soma_error(SOMA_INVALID_FILE, "attribute group is %lld; it must be at least 1", (long long)groups);
    params->groups = (uint32_t)groups;
    return SOMA_OK;
}

/* The devices have three dimensions of positions, of which an image of fewer has the last. */
static soma_status set_window(const soma_onnx_window *window, soma_attributes *attributes) {
    soma_conv_params *params = &attributes->conv.params;
    for (uint32_t i = 0; i < SOMA_ONNX_IMAGE_RANK; i++) params->stride[i] = params->dilation[i] = 1;
    for (uint32_t i = 0; i < window->rank; i++) {
        uint32_t at = SOMA_ONNX_IMAGE_RANK - window->rank + i;
        if (window->before[i] < -INT32_MAX || window->after[i] < -INT32_MAX || window->before[i] > INT32_MAX ||
            window->after[i] > INT32_MAX)
            return soma_error(SOMA_UNSUPPORTED, "padding of %lld and %lld", (long long)window->before[i],
                              (long long)window->after[i]);
        params->stride[at] = window->stride[i];
        params->dilation[at] = window->dilation[i];
        params->before[at] = (int32_t)window->before[i];
        attributes->conv.after[at] = (int32_t)window->after[i];
    }
    return SOMA_OK;
}

static soma_status add_conv(soma_onnx_node *node, const soma_onnx_image *image, const soma_onnx_window *window,
                            soma_tensor_spec *spec) {
    soma_tensor *input[3] = {image->tensor}, *y;
    soma_conv_params *params = &spec->attributes.conv.params;
    params->function = SOMA_IDENTITY;
    SOMA_TRY(get_groups(node, params));
    SOMA_TRY(set_window(window, &spec->attributes));
    SOMA_TRY(get_weight(node, image, &input[1]));
    spec->input = input;
    spec->input_count = 2;
    if (node->input_count > 2 && node->input[2]) {
        soma_onnx_weight(node->input[2]);
        SOMA_TRY(soma_onnx_tensor(node, node->input[2], &input[2]));
        spec->input_count = 3;
    }
    SOMA_TRY(soma_graph_add(soma_onnx_graph(node), spec, &y));
    return soma_onnx_give_image(node, image, y);
}

static soma_status import_conv(soma_onnx_node *node) {
    soma_tensor_spec spec = {.op = SOMA_OP_CONV};
    soma_onnx_image image;
    soma_onnx_window window;
    SOMA_TRY(soma_onnx_get_image(node, &image));
    SOMA_TRY(check_weight(node, &image));
    SOMA_TRY(soma_onnx_get_window(node, image.rank, node->input[1]->shape.dim + 2, &window));
    soma_onnx_pad_same(&window, image.size);
    return add_conv(node, &image, &window, &spec);
}

SOMA_ONNX_OP(Conv, 1, 2, 3, "auto_pad dilations group kernel_shape pads strides", import_conv, 0);

/* How much of the whole transposed convolution is cut off, where the result's size is said. */
static soma_status pad_to(const soma_onnx_node *node, const soma_onnx_image *image, const int32_t *more,
                          soma_onnx_window *window) {
    int64_t wanted[2 * SOMA_ONNX_MAX_RANK];
    size_t count;
    bool given,
        same = window->padding == SOMA_ONNX_PADDING_SAME_UPPER || window->padding == SOMA_ONNX_PADDING_SAME_LOWER;
    SOMA_TRY(soma_onnx_get_integers(node, "output_shape", wanted, SOMA_COUNT_OF(wanted), &count, &given));
    if (given && count != image->rank)
        return soma_error(SOMA_INVALID_FILE, "output_shape has %zu numbers; it needs %u", count, image->rank);
    for (uint32_t i = 0; (given || same) && i < image->rank; i++) {
        int64_t size = (int64_t)image->size[i], stride = window->stride[i];
        int64_t all = (size - 1) * stride + soma_onnx_reach(window, i) + more[i];
        int64_t most = given ? wanted[i] : size * stride;
        if (most < 1 || most > INT32_MAX)
            return soma_error(SOMA_INVALID_FILE, "output_shape has %lld", (long long)most);
        soma_onnx_share_padding(window, i, all - most);
    }
    return SOMA_OK;
}

static soma_status get_output_padding(const soma_onnx_node *node, uint32_t rank, int32_t *more) {
    int64_t values[2 * SOMA_ONNX_MAX_RANK] = {0};
    size_t count;
    bool present;
    SOMA_TRY(soma_onnx_get_integers(node, "output_padding", values, SOMA_COUNT_OF(values), &count, &present));
    if (present && count != rank)
        return soma_error(SOMA_INVALID_FILE, "output_padding has %zu numbers; it needs %u", count, rank);
    for (uint32_t i = 0; i < rank; i++) {
        if (values[i] < 0 || values[i] > INT32_MAX)
            return soma_error(SOMA_INVALID_FILE, "output_padding has %lld", (long long)values[i]);
        more[i] = (int32_t)values[i];
    }
    return SOMA_OK;
}

static soma_status import_conv_transpose(soma_onnx_node *node) {
    soma_tensor_spec spec = {.op = SOMA_OP_CONV_TRANSPOSE};
    soma_onnx_image image;
    soma_onnx_window window;
    int32_t more[SOMA_ONNX_IMAGE_RANK] = {0};
    SOMA_TRY(soma_onnx_get_image(node, &image));
    SOMA_TRY(check_weight(node, &image));
    SOMA_TRY(soma_onnx_get_window(node, image.rank, node->input[1]->shape.dim + 2, &window));
    SOMA_TRY(get_output_padding(node, image.rank, more));
    SOMA_TRY(pad_to(node, &image, more, &window));
    for (uint32_t i = 0; i < image.rank; i++)
        spec.attributes.conv.output_padding[SOMA_ONNX_IMAGE_RANK - image.rank + i] = (uint32_t)more[i];
    return add_conv(node, &image, &window, &spec);
}

SOMA_ONNX_OP(ConvTranspose, 1, 2, 3, "auto_pad dilations group kernel_shape output_padding output_shape pads strides",
             import_conv_transpose, 0);

/* ---------------------------------------------------------------------------------------------------------- export */

/* [kernel..., second, first] as [first, second, kernel...]; what convolutions alone use is written so. */
static soma_onnx_name weight_name(soma_onnx_exporter *exporter, const soma_tensor *weight) {
    soma_onnx_name name;
    int64_t order[SOMA_MAX_RANK];
    memcpy(name.text, soma_onnx_name_of(exporter, weight), sizeof name.text);
    if (soma_onnx_is_conv_weight(exporter, weight)) return name;
    soma_onnx_name turned = soma_onnx_temporary(exporter);
    for (uint32_t i = 0; i < weight->rank; i++) order[i] = i < 2 ? weight->rank - 1 - i : i - 2;
    size_t node = soma_onnx_begin_node(exporter, "Transpose", turned.text, (const char *[]){name.text, NULL});
    soma_onnx_put_attribute_integers(exporter, "perm", order, weight->rank);
    soma_onnx_end_node(exporter, node);
    return turned;
}

/* Of the devices' three dimensions the last ones, as lists of attributes. */
typedef struct window_lists {
    uint32_t rank;
    int64_t kernel[SOMA_ONNX_IMAGE_RANK], stride[SOMA_ONNX_IMAGE_RANK], dilation[SOMA_ONNX_IMAGE_RANK];
    int64_t pads[2 * SOMA_ONNX_IMAGE_RANK], more[SOMA_ONNX_IMAGE_RANK];
} window_lists;

static window_lists lists_of(const soma_tensor *tensor) {
    const soma_conv_params *params = &tensor->attributes.conv.params;
    window_lists out = {.rank = tensor->rank - 1};
    for (uint32_t i = 0; i < out.rank; i++) {
        uint32_t at = SOMA_ONNX_IMAGE_RANK - out.rank + i;
        out.kernel[i] = (int64_t)tensor->input[1]->shape[i];
        out.stride[i] = params->stride[at];
        out.dilation[i] = params->dilation[at];
        out.pads[i] = params->before[at];
        out.pads[out.rank + i] = tensor->attributes.conv.after[at];
        out.more[i] = tensor->attributes.conv.output_padding[at];
    }
    return out;
}

/*
 * onnxruntime computes no transposed convolution whose output_padding is a stride or more. As much less of the padding
 * behind is the same; and so are zeros behind the input, each of which makes the result a stride longer.
 */
static soma_onnx_name shorten_output_padding(soma_onnx_exporter *exporter, const char *x, window_lists *lists) {
    int64_t pads[2 * (2 + SOMA_ONNX_IMAGE_RANK)] = {0};
    uint32_t rank = 2 + lists->rank;
    soma_onnx_name name;
    bool padded = false;
    for (uint32_t i = 0; i < lists->rank; i++) {
        int64_t *more = &lists->more[i], *after = &lists->pads[lists->rank + i];
        if (*more < lists->stride[i]) continue;
        int64_t less = SOMA_MIN(*more, *after);
        *more -= less;
        *after -= less;
        pads[rank + 2 + i] = *more / lists->stride[i];
        *more %= lists->stride[i];
        padded |= pads[rank + 2 + i] > 0;
    }
    if (padded) {
        name = soma_onnx_temporary(exporter);
        soma_onnx_put_padded(exporter, name.text, x, pads, rank, 0);
    } else
        memcpy(name.text, x, sizeof name.text);
    return name;
}

static soma_status put_conv(soma_onnx_exporter *exporter, const soma_tensor *tensor, const char *op) {
    window_lists lists = lists_of(tensor);
    for (uint32_t i = 0; i < 2 * lists.rank; i++)
        if (lists.pads[i] < 0)
            return soma_error(SOMA_UNSUPPORTED, "a padding of %lld has no ONNX form", (long long)lists.pads[i]);
    soma_onnx_name weight = weight_name(exporter, tensor->input[1]), out = soma_onnx_temporary(exporter);
    const char *bias = tensor->input_count > 2 ? soma_onnx_name_of(exporter, tensor->input[2]) : NULL;
    soma_onnx_name x = shorten_output_padding(exporter, soma_onnx_first_of(exporter, tensor->input[0]), &lists);
    const char *input[] = {x.text, weight.text, bias, NULL};
    size_t node = soma_onnx_begin_node(exporter, op, out.text, input);
    soma_onnx_put_attribute_integers(exporter, "kernel_shape", lists.kernel, lists.rank);
    soma_onnx_put_attribute_integers(exporter, "strides", lists.stride, lists.rank);
    soma_onnx_put_attribute_integers(exporter, "dilations", lists.dilation, lists.rank);
    soma_onnx_put_attribute_integers(exporter, "pads", lists.pads, (size_t)2 * lists.rank);
    soma_onnx_put_attribute_integer(exporter, "group", tensor->attributes.conv.params.groups);
    if (tensor->op == SOMA_OP_CONV_TRANSPOSE)
        soma_onnx_put_attribute_integers(exporter, "output_padding", lists.more, lists.rank);
    soma_onnx_end_node(exporter, node);
    soma_onnx_made_first(exporter, tensor, out.text);
    return SOMA_OK;
}

soma_status soma_onnx_export_conv(soma_onnx_exporter *exporter, const soma_tensor *tensor) {
    return put_conv(exporter, tensor, "Conv");
}

soma_status soma_onnx_export_conv_transpose(soma_onnx_exporter *exporter, const soma_tensor *tensor) {
    return put_conv(exporter, tensor, "ConvTranspose");
}
