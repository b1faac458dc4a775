/* SPDX-License-Identifier: MIT */
/* LpPool and GlobalLpPool: the root of the sum of powers of what a window has, or of all positions. */
#include "io/onnx/family.h"
#include "io/onnx/window.h"

static soma_status get_power(const soma_onnx_node *node, int64_t *p) {
    SOMA_TRY(soma_onnx_get_integer(node, "p", 2, p));
    if (*p >= 1 && *p <= INT32_MAX) return SOMA_OK;
    return soma_error(SOMA_INVALID_FILE, "attribute p is %lld; it must be at least 1", (long long)*p);
}

static soma_status power(soma_onnx_node *node, soma_tensor *x, double p, soma_tensor **y) {
    soma_tensor *fill;
    *y = x;
    if (p == 1) return SOMA_OK;
    if (p == 2) return soma_onnx_function(node, x, SOMA_SQUARE, 0, 0, y);
    if (p == 0.5) return soma_onnx_function(node, x, SOMA_SQRT, 0, 0, y);
    SOMA_TRY(soma_onnx_fill(node, (float)p, &fill));
    return soma_graph_binary(soma_onnx_graph(node), x, fill, SOMA_BINARY_POWER, y);
}

/* The image's numbers as terms of the sum. */
static soma_status begin(soma_onnx_node *node, soma_onnx_image *image, int64_t *p, soma_tensor **terms) {
    SOMA_TRY(get_power(node, p));
    SOMA_TRY(soma_onnx_get_image(node, image));
    SOMA_TRY(soma_onnx_function(node, image->tensor, SOMA_ABS, 0, 0, terms));
    return power(node, *terms, (double)*p, terms);
}

/* With ceil_mode a last window reaches past the padding, where there is nothing: as much is padded. */
static void pad_to_last(soma_onnx_window *window, const size_t *size) {
    for (uint32_t i = 0; i < window->rank; i++) {
        const int64_t stride = window->stride[i], reach = soma_onnx_reach(window, i);
        const int64_t room = (int64_t)size[i] + window->before[i] + window->after[i] - reach;
        if (room < 0) continue;
        int64_t last = (room + stride - 1) / stride * stride; /* where it begins */
        if (last >= (int64_t)size[i] + window->before[i]) last -= stride;
        window->after[i] = SOMA_MAX(window->after[i], last + reach - (int64_t)size[i] - window->before[i]);
    }
}

/* The mean of a window, whose padding counts, times how many there are in one. */
static soma_status import_lp_pool(soma_onnx_node *node) {
    soma_onnx_image image;
    soma_onnx_window window;
    soma_tensor *terms, *y;
    int64_t p, ceil_mode;
    float count = 1;
    SOMA_TRY(begin(node, &image, &p, &terms));
    SOMA_TRY(soma_onnx_get_window(node, image.rank, NULL, &window));
    SOMA_TRY(soma_onnx_get_integer(node, "ceil_mode", 0, &ceil_mode));
    soma_onnx_pad_same(&window, image.size);
    if (ceil_mode) pad_to_last(&window, image.size);
    soma_tensor_spec spec = {.op = SOMA_OP_POOL, .input_count = 1, .input = &terms};
    soma_pool_params *params = &spec.attributes.pool.params;
    params->kind = SOMA_POOL_AVERAGE;
    params->count_padding = true;
    soma_onnx_set_pool(&window, params);
    for (uint32_t i = 0; i < image.rank; i++) count *= (float)window.kernel[i];
    SOMA_TRY(soma_graph_add(soma_onnx_graph(node), &spec, &y));
    SOMA_TRY(soma_onnx_function(node, y, SOMA_LINEAR, count, 0, &y));
    SOMA_TRY(power(node, y, 1 / (double)p, &y));
    return soma_onnx_give_image(node, &image, y);
}

SOMA_ONNX_OP(LpPool, 2, 1, 1, "auto_pad ceil_mode dilations kernel_shape p pads strides", import_lp_pool, 0);

static soma_status import_global_lp(soma_onnx_node *node) {
    soma_onnx_image image;
    soma_tensor *y;
    int64_t p;
    SOMA_TRY(begin(node, &image, &p, &y));
    SOMA_TRY(soma_graph_reduce_axes(soma_onnx_graph(node), y, SOMA_REDUCE_SUM, 1 + image.kept, image.rank, &y));
    SOMA_TRY(power(node, y, 1 / (double)p, &y));
    soma_onnx_shape shape = image.shape;
    for (uint32_t i = 0; i < image.rank; i++) shape.dim[2 + i] = 1;
    return soma_onnx_give(node, y, &shape);
}

SOMA_ONNX_OP(GlobalLpPool, 2, 1, 1, "p", import_global_lp, 0);
