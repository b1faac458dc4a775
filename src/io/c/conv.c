/* SPDX-License-Identifier: MIT */
/* Convolution, and its transpose. */
#include "io/c/window.h"

enum { A, WEIGHT, BIAS, RESULT };

static soma_c_window window_of(const soma_call *call) {
    const soma_conv_params *params = &call->params.conv;
    soma_c_window window;
    for (uint32_t i = 0; i < 3; i++) {
        window.image[i] = call->view[A].shape[1 + i];
        window.result[i] = call->view[RESULT].shape[1 + i];
        window.size[i] = call->view[WEIGHT].shape[i];
        window.stride[i] = params->stride[i];
        window.dilation[i] = params->dilation[i];
        window.before[i] = params->before[i];
    }
    return window;
}

static void note(soma_c_writer *writer, const soma_call *call, const char *what, size_t filters) {
    const size_t *kernel = call->view[WEIGHT].shape, *image = call->view[A].shape;
    const soma_function function = call->params.conv.function;
    NOTE("%s: %zu filters of %zu x %zu x %zu on %zu x %zu x %zu, %zu channels%s%s", what, filters, kernel[0], kernel[1],
         kernel[2], image[1], image[2], image[3], image[4], function == SOMA_IDENTITY ? "" : ", ",
         function == SOMA_IDENTITY ? "" : soma_function_name(function));
}

static soma_status check_weight(const soma_c_writer *writer, const soma_call *call) {
    if (!soma_c_view_changes(writer->program, &call->view[WEIGHT])) return SOMA_OK;
    return soma_error(SOMA_UNSUPPORTED, "a convolution whose weight depends on the inputs; accepted is one that is "
                                        "known");
}

/* Opens the loop over the result's channels. */
static soma_status begin_channel(soma_c_writer *writer, const soma_call *call, unsigned depth, size_t channels) {
    soma_c_put_loop(writer, depth, "f", channels);
    soma_c_put_indent(writer, depth + 1);
    if (!call->view[BIAS].rank) return PUT("float sum = 0.0f;\n"), SOMA_OK;
    soma_c_expression bias;
    SOMA_TRY(soma_c_view(writer, &call->view[BIAS], "bias", &bias));
    PUT("float sum = %s[f];\n", bias.text);
    return SOMA_OK;
}

static soma_status end_channel(soma_c_writer *writer, const soma_call *call, const soma_c_window *window,
                               unsigned depth, size_t channels) {
    const soma_conv_params *params = &call->params.conv;
    soma_c_expression y;
    SOMA_TRY(soma_c_view(writer, &call->view[RESULT], "y", &y));
    soma_c_put_indent(writer, depth);
    PUT("%s[%s * %zu + f] = %s;\n", y.text, soma_c_position(window).text, channels,
        soma_c_apply(writer, params->function, params->a, params->b, "sum").text);
    soma_c_end_loops(writer, depth, 0);
    return SOMA_OK;
}

/* The weights of a filter lie in one piece; a row of the window too, where no window reaches past the rows' ends. */
soma_status soma_c_write_conv(soma_c_writer *writer, const soma_call *call) {
    const soma_conv_params *params = &call->params.conv;
    const soma_c_window window = window_of(call);
    const size_t channels = call->view[A].shape[4], depth = call->view[WEIGHT].shape[3],
                 filters = call->view[WEIGHT].shape[4], taps = window.size[0] * window.size[1] * window.size[2];
    const uint32_t joined =
        window.size[2] > 1 && params->groups == 1 && window.dilation[2] == 1 && !soma_c_reaches_out(&window, 2);
    soma_c_expression x, weight;
    char left[SOMA_C_NAME * 2], right[SOMA_C_NAME * 2];
    SOMA_TRY(check_weight(writer, call));
    SOMA_TRY(soma_c_view(writer, &call->view[A], "x", &x));
    SOMA_TRY(soma_c_turned(writer, &call->view[WEIGHT], "weight", taps * depth, filters, &weight));
    note(writer, call, params->groups > 1 ? "convolution in groups" : "convolution", filters);
    const unsigned position = soma_c_put_positions(writer, &window);
    SOMA_TRY(begin_channel(writer, call, position, filters));
    const unsigned inner = soma_c_put_places(writer, &window, position + 1, joined);
    int length =
        snprintf(left, sizeof left, "%.200s + %.200s * %zu", x.text, soma_c_image_place(&window).text, channels);
    if (params->groups > 1 && filters == params->groups && depth == 1)
        snprintf(left + length, sizeof left - (size_t)length, " + f");
    else if (params->groups > 1)
        snprintf(left + length, sizeof left - (size_t)length, " + f / %zu * %zu", filters / params->groups, depth);
    snprintf(right, sizeof right, "%.200s + (f * %zu + %.200s) * %zu", weight.text, taps,
             soma_c_window_place(&window, joined).text, depth);
    soma_c_put_indent(writer, inner);
    PUT("sum += %s;\n", soma_c_dot(writer, left, right, joined ? window.size[2] * depth : depth).text);
    soma_c_end_loops(writer, inner, position + 1);
    return end_channel(writer, call, &window, position + 1, filters);
}

soma_status soma_c_write_conv_data_grad(soma_c_writer *writer, const soma_call *call) {
    const soma_conv_params *params = &call->params.conv;
    const soma_c_window window = window_of(call);
    const size_t filters = call->view[WEIGHT].shape[4], depth = call->view[WEIGHT].shape[3],
                 channels = call->view[RESULT].shape[4], each = filters / params->groups;
    soma_c_expression x, weight;
    char left[SOMA_C_NAME * 2], right[SOMA_C_NAME * 2], group[64] = "";
    SOMA_TRY(check_weight(writer, call));
    SOMA_TRY(soma_c_view(writer, &call->view[A], "x", &x));
    SOMA_TRY(soma_c_view(writer, &call->view[WEIGHT], "weight", &weight));
    note(writer, call, "transposed convolution", channels);
    const unsigned position = soma_c_put_positions(writer, &window);
    SOMA_TRY(begin_channel(writer, call, position, channels));
    const unsigned inner = soma_c_put_spread_places(writer, &window, position + 1);
    if (params->groups > 1) snprintf(group, sizeof group, " + f / %zu * %zu", depth, each);
    snprintf(left, sizeof left, "%.200s + %.200s * %zu%s", x.text, soma_c_image_place(&window).text, filters, group);
    char channel[32] = "f";
    if (params->groups > 1) snprintf(channel, sizeof channel, "f %% %zu", depth);
    snprintf(right, sizeof right, "%.200s + (%.200s * %zu + %s) * %zu%s", weight.text,
             soma_c_window_place(&window, 0).text, depth, channel, filters, group);
    soma_c_put_indent(writer, inner);
    PUT("sum += %s;\n", soma_c_dot(writer, left, right, each).text);
    soma_c_end_loops(writer, inner, position + 1);
    return end_channel(writer, call, &window, position + 1, channels);
}
