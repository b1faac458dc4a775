/* SPDX-License-Identifier: MIT */
/* Convolutions: conv, depthwise, separable, convtranspose. Their forms in a text are in conv_text.c. */
#include "base/number.h"
#include "nn/layers/window.h"

#include <string.h>

typedef enum conv_kind { CONV, DEPTHWISE, SEPARABLE, TRANSPOSE } conv_kind;

/* A layer as it is being made. */
typedef struct conv_layer {
    conv_kind kind;
    const soma_conv_options *options;
    soma_tensor *x; /* with channels */
    uint32_t rank;
    size_t channels, groups, filters;
    soma_attributes attributes;
} conv_layer;

/* ---------------------------------------------------------------------------------------------------------- options */

static size_t common_divisor(size_t a, size_t b) {
    while (b) {
        const size_t rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

static soma_status choose_groups(conv_layer *layer, size_t filters) {
    const soma_conv_options *options = layer->options;
    size_t multiplier = options->multiplier ? options->multiplier : 1;
    bool alone = layer->kind == DEPTHWISE || layer->kind == SEPARABLE;
    if (!alone && options->multiplier)
        return soma_error(SOMA_INVALID_ARGUMENT, "a multiplier of %zu, which a depthwise convolution alone has",
                          options->multiplier);
    if (alone && options->groups)
        return soma_error(SOMA_INVALID_ARGUMENT, "%zu groups; a depthwise convolution has one for each channel",
                          options->groups);
    layer->groups = alone ? layer->channels : options->groups ? options->groups : 1;
    layer->filters = filters;
    if (alone && !soma_multiply_size(layer->channels, multiplier, &layer->filters))
        return soma_error(SOMA_INVALID_SHAPE, "%zu results for each of %zu channels are more than fits", multiplier,
                          layer->channels);
    if (layer->filters == 0) return soma_error(SOMA_INVALID_ARGUMENT, "0 filters, at least 1 is needed");
    if (layer->groups <= UINT32_MAX && layer->channels % layer->groups == 0 && layer->filters % layer->groups == 0)
        return SOMA_OK;
    return soma_error(SOMA_INVALID_SHAPE, "%zu groups do not divide %zu channels and %zu filters; accepted: %s",
                      layer->groups, layer->channels, layer->filters,
                      soma_number_divisors(common_divisor(layer->channels, layer->filters)).text);
}

/* A transposed convolution gives what the convolution takes: its padding shrinks the result. "same" is size x stride.
 */
static soma_status place_transpose(conv_layer *layer, soma_window_place *place) {
    const soma_conv_options *options = layer->options;
    for (uint32_t i = 0; i < layer->rank; i++) {
        uint32_t at = 3 - layer->rank + i, stride = place->stride[at];
        uint32_t *more = &layer->attributes.conv.output_padding[at];
        size_t reach = (size_t)soma_window_reach(place, at);
        if (options->output_padding[i] > INT32_MAX ||
            (options->padding == SOMA_PADDING_SAME && options->output_padding[i]))
            return soma_error(
                SOMA_INVALID_ARGUMENT,
                "an output padding of %zu; with the padding \"same\" there is none, the result has size x "
                "stride positions",
                options->output_padding[i]);
        *more = (uint32_t)options->output_padding[i];
        if (options->padding != SOMA_PADDING_SAME) continue;
        size_t surplus = reach > stride ? reach - stride : 0;
        *more = (uint32_t)(stride > reach ? stride - reach : 0);
        place->before[at] = (int32_t)(surplus / 2);
        place->after[at] = (int32_t)(surplus - surplus / 2);
    }
    return SOMA_OK;
}

static soma_status choose_window(conv_layer *layer) {
    const soma_conv_options *options = layer->options;
    soma_window window = {.rank = layer->rank, .padding = options->padding};
    soma_window_place place;
    memcpy(window.size, options->kernel, sizeof window.size);
    memcpy(window.stride, options->stride, sizeof window.stride);
    memcpy(window.dilation, options->dilation, sizeof window.dilation);
    memcpy(window.before, options->before, sizeof window.before);
    memcpy(window.after, options->after, sizeof window.after);
    SOMA_TRY(soma_window_resolve(&window, layer->x, &place));
    for (uint32_t i = 0; i < layer->rank; i++)
        if (options->output_padding[i] && layer->kind != TRANSPOSE)
            return soma_error(SOMA_INVALID_ARGUMENT,
                              "an output padding of %zu, which a transposed convolution alone has",
                              options->output_padding[i]);
    if (layer->kind == TRANSPOSE) SOMA_TRY(place_transpose(layer, &place));
    soma_conv_params *params = &layer->attributes.conv.params;
    *params = (soma_conv_params){.groups = (uint32_t)layer->groups, .function = SOMA_IDENTITY, .alpha = 1};
    memcpy(params->stride, place.stride, sizeof params->stride);
    memcpy(params->dilation, place.dilation, sizeof params->dilation);
    memcpy(params->before, place.before, sizeof params->before);
    memcpy(layer->attributes.conv.after, place.after, sizeof place.after);
    return SOMA_OK;
}

/* ------------------------------------------------------------------------------------------------------- parameters */

/* kernel x channels / groups, and the like. */
static size_t fan(const conv_layer *layer, bool pointwise, size_t each) {
    for (uint32_t i = 0; i < layer->rank && !pointwise; i++)
        if (!soma_multiply_size(each, layer->options->kernel[i], &each)) return SIZE_MAX;
    return each;
}

/* [kernel..., first, second]; `in` and `out` are what a filter reads at a position of the kernel, and what reads an
 * element there. */
static soma_status add_weight(const conv_layer *layer, const char *role, bool pointwise, size_t first, size_t second,
                              size_t in, size_t out, soma_tensor **weight) {
    const soma_conv_options *options = layer->options;
    size_t shape[5];
    for (uint32_t i = 0; i < layer->rank; i++) shape[i] = pointwise ? 1 : options->kernel[i];
    shape[layer->rank] = first;
    shape[layer->rank + 1] = second;
    soma_parameter description = {.initializer = options->weight_initializer,
                                  .scale = options->weight_scale,
                                  .fan_in = fan(layer, pointwise, in),
                                  .fan_out = fan(layer, pointwise, out)};
    if (description.initializer == SOMA_INIT_DEFAULT)
        description.initializer = soma_initializer_for(options->activation);
    return soma_layer_add_parameter(soma_layer_network(layer->x), role, &description, layer->rank + 2, shape, weight);
}

static soma_status add_bias(const conv_layer *layer, size_t filters, soma_tensor **bias) {
    const soma_conv_options *options = layer->options;
    soma_parameter description = {.initializer = options->bias_initializer,
                                  .scale = options->bias_scale,
                                  .fan_in = filters,
                                  .fan_out = filters,
                                  .is_bias = true};
    *bias = NULL;
    if (options->no_bias) return SOMA_OK;
    if (description.initializer == SOMA_INIT_DEFAULT) description.initializer = SOMA_INIT_ZEROS;
    return soma_layer_add_parameter(soma_layer_network(layer->x), "bias", &description, 1, &filters, bias);
}

/* ------------------------------------------------------------------------------------------------------------ layers
 */

static soma_status add_op(const conv_layer *layer, soma_tensor *x, soma_tensor *weight, soma_tensor *bias,
                          soma_attributes attributes, soma_tensor **out) {
    soma_tensor *input[] = {x, weight, bias};
    soma_tensor_spec spec = {.op = layer->kind == TRANSPOSE ? SOMA_OP_CONV_TRANSPOSE : SOMA_OP_CONV,
                             .input_count = bias ? 3 : 2,
                             .input = input,
                             .attributes = attributes};
    return soma_graph_add(x->graph, &spec, out);
}

static soma_status build_one(const conv_layer *layer, soma_tensor **out) {
    size_t in = layer->channels / layer->groups, of_group = layer->filters / layer->groups;
    bool transpose = layer->kind == TRANSPOSE;
    soma_tensor *weight, *bias;
    SOMA_TRY(add_weight(layer, "weight", false, transpose ? of_group : in, transpose ? layer->channels : layer->filters,
                        in, of_group, &weight));
    SOMA_TRY(add_bias(layer, layer->filters, &bias));
    return add_op(layer, layer->x, weight, bias, layer->attributes, out);
}

static soma_status build_separable(const conv_layer *layer, size_t filters, soma_tensor **out) {
    soma_tensor *depthwise, *pointwise, *bias;
    soma_attributes plain = {
        .conv = {.params = {
                     .stride = {1, 1, 1}, .dilation = {1, 1, 1}, .groups = 1, .function = SOMA_IDENTITY, .alpha = 1}}};
    if (filters == 0) return soma_error(SOMA_INVALID_ARGUMENT, "0 filters, at least 1 is needed");
    SOMA_TRY(add_weight(layer, "depthwise", false, 1, layer->filters, 1, layer->filters / layer->channels, &depthwise));
    SOMA_TRY(add_weight(layer, "pointwise", true, layer->filters, filters, layer->filters, filters, &pointwise));
    SOMA_TRY(add_bias(layer, filters, &bias));
    SOMA_TRY(add_op(layer, layer->x, depthwise, NULL, layer->attributes, out));
    return add_op(layer, *out, pointwise, bias, plain, out);
}

static soma_status build(conv_kind kind, soma_tensor *x, size_t filters, const soma_conv_options *options,
                         soma_tensor **out) {
    conv_layer layer = {.kind = kind, .options = options};
    const size_t *const others[] = {options->stride, options->dilation, options->before, options->after,
                                    options->output_padding};
    memset(&layer.attributes, 0, sizeof layer.attributes);
    SOMA_TRY(SOMA_CHECK_RESERVED(options, "soma_conv_options"));
    SOMA_TRY(soma_layer_check_initializer("weight", options->weight_initializer, options->weight_scale));
    SOMA_TRY(soma_layer_check_initializer("bias", options->bias_initializer, options->bias_scale));
    SOMA_TRY(soma_window_rank("the kernel", options->kernel, others, SOMA_COUNT_OF(others), &layer.rank));
    SOMA_TRY(soma_layer_channels(x, layer.rank, &layer.x));
    layer.channels = layer.x->shape[layer.rank];
    SOMA_TRY(choose_groups(&layer, filters));
    SOMA_TRY(choose_window(&layer));
    if (kind == SEPARABLE)
        SOMA_TRY(build_separable(&layer, filters, out));
    else
        SOMA_TRY(build_one(&layer, out));
    if (options->activation == SOMA_IDENTITY) return SOMA_OK;
    return soma_layer_add_function(*out, options->activation, &options->function, out);
}

static soma_tensor *conv_layer_of(conv_kind kind, soma_tensor *x, size_t filters, const soma_conv_options *options) {
    static const char *const kinds[] = {"conv", "depthwise", "separable", "convtranspose"};
    static const soma_conv_options none;
    if (!options) options = &none;
    if (!x || !soma_layer_begin(soma_layer_network(x), kinds[kind], options->name)) return NULL;
    soma_tensor *out = NULL;
    soma_status status = build(kind, x, filters, options, &out);
    return soma_layer_finish(soma_layer_network(x), status, out);
}

soma_tensor *soma_conv(soma_tensor *x, size_t filters, const soma_conv_options *options) {
    return conv_layer_of(CONV, x, filters, options);
}

soma_tensor *soma_depthwise(soma_tensor *x, const soma_conv_options *options) {
    return conv_layer_of(DEPTHWISE, x, 0, options);
}

soma_tensor *soma_separable(soma_tensor *x, size_t filters, const soma_conv_options *options) {
    return conv_layer_of(SEPARABLE, x, filters, options);
}

soma_tensor *soma_conv_transpose(soma_tensor *x, size_t filters, const soma_conv_options *options) {
    return conv_layer_of(TRANSPOSE, x, filters, options);
}
