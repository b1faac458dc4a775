/* SPDX-License-Identifier: MIT */
/* Pools: over windows, and over all positions, which are reductions. */
#include "io/onnx/family.h"
#include "io/onnx/unpool.h"

#include <math.h>

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
    return node->number == 0 ? soma_onnx_give_image(node, &image, y) : soma_onnx_give_places(node, &image, &window, y);
}

SOMA_ONNX_OP(AveragePool, 1, 1, 1, "auto_pad ceil_mode count_include_pad dilations kernel_shape pads strides",
             import_pool, SOMA_POOL_AVERAGE);
SOMA_ONNX_SEVERAL(MaxPool, 1, 1, 1, "auto_pad ceil_mode dilations kernel_shape pads storage_order strides", import_pool,
                  SOMA_POOL_MAX, .carries = true);

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

/* Of the devices' three dimensions the last ones, as lists of attributes. */
typedef struct pool_lists {
    uint32_t rank;
    int64_t size[SOMA_ONNX_IMAGE_RANK], stride[SOMA_ONNX_IMAGE_RANK], dilation[SOMA_ONNX_IMAGE_RANK];
    int64_t pads[2 * SOMA_ONNX_IMAGE_RANK];
    bool dilated, ceil, count_padding;
    bool wide; /* a padding is as large as the window */
} pool_lists;

static pool_lists lists_of(const soma_tensor *tensor) {
    const soma_pool_params *params = &tensor->attributes.pool.params;
    pool_lists out = {.rank = tensor->rank - 1, .ceil = tensor->attributes.pool.ceil};
    out.count_padding = params->kind == SOMA_POOL_AVERAGE && params->count_padding;
    for (uint32_t i = 0; i < out.rank; i++) {
        uint32_t at = SOMA_ONNX_IMAGE_RANK - out.rank + i;
        out.size[i] = params->size[at];
        out.stride[i] = params->stride[at];
        out.dilation[i] = params->dilation[at];
        out.pads[i] = params->before[at];
        out.pads[out.rank + i] = params->after[at];
        out.dilated |= out.dilation[i] != 1;
        out.wide |= SOMA_MAX(params->before[at], params->after[at]) >= out.size[i];
    }
    return out;
}

/* What the mean over all places of a window, of which those outside are zeros, is multiplied by along a dimension: so
 * that it is over those that count. */
static float share_that_counts(const soma_tensor *tensor, const pool_lists *lists, uint32_t i, size_t window) {
    int64_t padding = lists->count_padding ? lists->pads[i] : 0, dilation = lists->dilation[i];
    int64_t end = (int64_t)tensor->input[0]->shape[i] + (lists->count_padding ? lists->pads[lists->rank + i] : 0);
    int64_t start = (int64_t)window * lists->stride[i] - lists->pads[i];
    int64_t before = start < -padding ? (-padding - start + dilation - 1) / dilation : 0;
    int64_t until = start < end ? (end - start + dilation - 1) / dilation : 0;
    int64_t count = SOMA_MIN(until, lists->size[i]) - before;
    return count > 0 ? (float)lists->size[i] / (float)count : 0;
}

/* [positions...] of every window; *needed: one is not 1. */
static soma_status make_shares(const soma_tensor *tensor, const pool_lists *lists, float **shares, bool *needed) {
    size_t count = 1;
    *needed = false;
    for (uint32_t i = 0; i < lists->rank; i++) count *= tensor->shape[i];
    *shares = soma_calloc(count, sizeof **shares);
    if (!*shares) return soma_out_of_memory(count * sizeof **shares, "numbers of an ONNX model");
    for (size_t n = 0; n < count; n++) {
        size_t rest = n;
        (*shares)[n] = 1;
        for (uint32_t i = lists->rank; i-- > 0; rest /= tensor->shape[i])
            (*shares)[n] *= share_that_counts(tensor, lists, i, rest % tensor->shape[i]);
        *needed |= (*shares)[n] != 1;
    }
    return SOMA_OK;
}

/* out = x times the shares */
static soma_status put_shares(soma_onnx_exporter *exporter, const soma_tensor *tensor, const pool_lists *lists,
                              soma_onnx_name *x) {
    soma_onnx_name name, out;
    float *shares;
    bool needed;
    SOMA_TRY(make_shares(tensor, lists, &shares, &needed));
    if (needed) {
        name = soma_onnx_constant_name(exporter, "constant");
        out = soma_onnx_temporary(exporter);
        soma_onnx_put_constant(exporter, name.text, lists->rank, tensor->shape, shares);
        PUT("Mul", out.text, x->text, name.text);
        *x = out;
    }
    soma_free(shares);
    return SOMA_OK;
}

/*
 * onnxruntime takes no padding as large as the window, which dilation allows: then the padding is a node in front, up
 * to where the last window ends.
 */
static soma_onnx_name put_padding(soma_onnx_exporter *exporter, const soma_tensor *tensor, const char *x,
                                  pool_lists *lists) {
    int64_t pads[2 * (2 + SOMA_ONNX_IMAGE_RANK)] = {0};
    uint32_t rank = 2 + lists->rank;
    soma_onnx_name name = soma_onnx_temporary(exporter);
    for (uint32_t i = 0; i < lists->rank; i++) {
        int64_t end =
            ((int64_t)tensor->shape[i] - 1) * lists->stride[i] + lists->dilation[i] * (lists->size[i] - 1) + 1;
        pads[2 + i] = lists->pads[i];
        pads[rank + 2 + i] = SOMA_MAX(end - lists->pads[i] - (int64_t)tensor->input[0]->shape[i], (int64_t)0);
        lists->pads[i] = lists->pads[lists->rank + i] = 0;
    }
    lists->ceil = lists->count_padding = false;
    bool largest = tensor->attributes.pool.params.kind == SOMA_POOL_MAX;
    soma_onnx_put_padded(exporter, name.text, x, pads, rank, largest ? -INFINITY : 0);
    return name;
}

static soma_onnx_name put_pool(soma_onnx_exporter *exporter, const char *op, const char *x, const pool_lists *lists) {
    soma_onnx_name out = soma_onnx_temporary(exporter);
    size_t node = soma_onnx_begin_node(exporter, op, out.text, (const char *[]){x, NULL});
    soma_onnx_put_attribute_integers(exporter, "kernel_shape", lists->size, lists->rank);
    soma_onnx_put_attribute_integers(exporter, "strides", lists->stride, lists->rank);
    soma_onnx_put_attribute_integers(exporter, "pads", lists->pads, (size_t)2 * lists->rank);
    if (lists->dilated) soma_onnx_put_attribute_integers(exporter, "dilations", lists->dilation, lists->rank);
    if (lists->ceil) soma_onnx_put_attribute_integer(exporter, "ceil_mode", 1);
    if (lists->count_padding) soma_onnx_put_attribute_integer(exporter, "count_include_pad", 1);
    soma_onnx_end_node(exporter, node);
    return out;
}

soma_status soma_onnx_export_pool(soma_onnx_exporter *exporter, const soma_tensor *tensor) {
    const pool_lists given = lists_of(tensor);
    pool_lists lists = given;
    bool largest = tensor->attributes.pool.params.kind == SOMA_POOL_MAX;
    const char *x = soma_onnx_first_of(exporter, tensor->input[0]);
    soma_onnx_name padded;
    need_opset(exporter, tensor, given.dilated);
    if (given.wide) {
        padded = put_padding(exporter, tensor, x, &lists);
        x = padded.text;
    }
    soma_onnx_name out = put_pool(exporter, largest ? "MaxPool" : "AveragePool", x, &lists);
    if (given.wide && !largest) SOMA_TRY(put_shares(exporter, tensor, &given, &out));
    soma_onnx_made_first(exporter, tensor, out.text);
    return SOMA_OK;
}
