/* SPDX-License-Identifier: MIT */
/* Pools: over windows, and over all positions, which are reductions. */
#include "io/onnx/family.h"
#include "io/onnx/window.h"

/* ---------------------------------------------------------------------------------------------------------- import */

/* The devices have three dimensions of positions, of which an image of fewer has the last. */
void soma_onnx_set_pool(const soma_onnx_window *window, soma_pool_params *params) {
    for (uint32_t i = 0; i < SOMA_ONNX_IMAGE_RANK; i++) params->size[i] = params->stride[i] = params->dilation[i] = 1;
    for (uint32_t i = 0; i < window->rank; i++) {
        uint32_t at = SOMA_ONNX_IMAGE_RANK - window->rank + i;
        params->size[at] = (uint32_t)window->kernel[i];
        params->stride[at] = window->stride[i];
        params->dilation[at] = window->dilation[i];
        params->before[at] = (int32_t)window->before[i];
        params->after[at] = (int32_t)window->after[i];
    }
}

static soma_status import_pool(soma_onnx_node *node) {
    soma_onnx_image image;
    soma_onnx_window window;
    soma_tensor *y;
    int64_t ceil_mode, count_padding;
    SOMA_TRY(soma_onnx_get_image(node, &image));
    SOMA_TRY(soma_onnx_get_window(node, image.rank, NULL, &window));
    SOMA_TRY(soma_onnx_get_integer(node, "ceil_mode", 0, &ceil_mode));
    SOMA_TRY(soma_onnx_get_integer(node, "count_include_pad", 0, &count_padding));
    soma_onnx_pad_same(&window, image.size);
    soma_tensor_spec spec = {.op = SOMA_OP_POOL, .input_count = 1, .input = &image.tensor};
    spec.attributes.pool.params.kind = (soma_pool_kind)node->row->parameter;
    spec.attributes.pool.params.count_padding = count_padding != 0;
    spec.attributes.pool.ceil = ceil_mode != 0;
    soma_onnx_set_pool(&window, &spec.attributes.pool.params);
    SOMA_TRY(soma_graph_add(soma_onnx_graph(node), &spec, &y));
    return soma_onnx_give_image(node, &image, y);
}

SOMA_ONNX_OP(AveragePool, 1, 1, 1, "auto_pad ceil_mode count_include_pad dilations kernel_shape pads strides",
             import_pool, SOMA_POOL_AVERAGE);
/* The order in which places are counted matters to the second output alone, which is not computed. */
SOMA_ONNX_CARRIER(MaxPool, 1, 1, 1, "auto_pad ceil_mode dilations kernel_shape pads storage_order strides", import_pool,
                  SOMA_POOL_MAX);

/* [batch, channels, 1, 1...] */
static soma_status import_global(soma_onnx_node *node) {
    soma_onnx_image image;
    soma_tensor *y;
    SOMA_TRY(soma_onnx_get_image(node, &image));
    SOMA_TRY(soma_graph_reduce_axes(soma_onnx_graph(node), image.tensor, (soma_reduction)node->row->parameter,
                                    1 + image.kept, image.rank, &y));
    soma_onnx_shape shape = image.shape;
    for (uint32_t i = 0; i < image.rank; i++) shape.dim[2 + i] = 1;
    return soma_onnx_give(node, y, &shape);
}

SOMA_ONNX_OP(GlobalAveragePool, 1, 1, 1, "", import_global, SOMA_REDUCE_MEAN);
SOMA_ONNX_OP(GlobalMaxPool, 1, 1, 1, "", import_global, SOMA_REDUCE_MAX);

/* ---------------------------------------------------------------------------------------------------------- export */

/* ceil_mode, and dilations of MaxPool, came with opset 10, dilations of AveragePool with 19. */
static void need_opset(soma_onnx_exporter *exporter, const soma_tensor *tensor, bool dilated) {
    bool largest = tensor->attributes.pool.params.kind == SOMA_POOL_MAX;
    if (tensor->attributes.pool.ceil) soma_onnx_need_opset(exporter, 10);
    if (dilated) soma_onnx_need_opset(exporter, largest ? 10 : 19);
}

soma_status soma_onnx_export_pool(soma_onnx_exporter *exporter, const soma_tensor *tensor) {
    const soma_pool_params *params = &tensor->attributes.pool.params;
    int64_t size[SOMA_ONNX_IMAGE_RANK], stride[SOMA_ONNX_IMAGE_RANK], dilation[SOMA_ONNX_IMAGE_RANK];
    int64_t pads[2 * SOMA_ONNX_IMAGE_RANK];
    uint32_t rank = tensor->rank - 1;
    bool dilated = false;
    for (uint32_t i = 0; i < rank; i++) {
        uint32_t at = SOMA_ONNX_IMAGE_RANK - rank + i;
        size[i] = params->size[at];
        stride[i] = params->stride[at];
        dilation[i] = params->dilation[at];
        pads[i] = params->before[at];
        pads[rank + i] = params->after[at];
        dilated |= dilation[i] != 1;
    }
    need_opset(exporter, tensor, dilated);
    const char *input[] = {soma_onnx_first_of(exporter, tensor->input[0]), NULL};
    soma_onnx_name out = soma_onnx_temporary(exporter);
    size_t node =
        soma_onnx_begin_node(exporter, params->kind == SOMA_POOL_MAX ? "MaxPool" : "AveragePool", out.text, input);
    soma_onnx_put_attribute_integers(exporter, "kernel_shape", size, rank);
    soma_onnx_put_attribute_integers(exporter, "strides", stride, rank);
    soma_onnx_put_attribute_integers(exporter, "pads", pads, (size_t)2 * rank);
    if (dilated) soma_onnx_put_attribute_integers(exporter, "dilations", dilation, rank);
    if (tensor->attributes.pool.ceil) soma_onnx_put_attribute_integer(exporter, "ceil_mode", 1);
    if (params->kind == SOMA_POOL_AVERAGE && params->count_padding)
        soma_onnx_put_attribute_integer(exporter, "count_include_pad", 1);
    soma_onnx_end_node(exporter, node);
    soma_onnx_made_first(exporter, tensor, out.text);
    return SOMA_OK;
}
