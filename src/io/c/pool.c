/* SPDX-License-Identifier: MIT */
/* The largest number of each window, or their mean. */
#include "io/c/window.h"

static soma_c_window window_of(const soma_call *call) {
    const soma_pool_params *params = &call->params.pool;
    soma_c_window window;
    for (uint32_t i = 0; i < 3; i++) {
        window.image[i] = call->view[0].shape[1 + i];
        window.result[i] = call->view[1].shape[1 + i];
        window.size[i] = params->size[i];
        window.stride[i] = params->stride[i];
        window.dilation[i] = params->dilation[i];
        window.before[i] = params->before[i];
    }
    return window;
}

/* Whether all windows have as many places that count. */
static bool has_same_count(const soma_call *call, const soma_c_window *window) {
    const soma_pool_params *params = &call->params.pool;
    for (uint32_t i = 0; i < 3; i++) {
        soma_c_window padded = *window;
        if (params->count_padding) {
            padded.image[i] += (size_t)(params->before[i] + params->after[i]);
            padded.before[i] = 0;
        }
        if (soma_c_reaches_out(&padded, i)) return false;
    }
    return true;
}

soma_status soma_c_write_pool(soma_c_writer *writer, const soma_call *call) {
    const soma_pool_params *params = &call->params.pool;
    const soma_c_window window = window_of(call);
    const size_t channels = call->view[0].shape[4];
    const bool largest = params->kind == SOMA_POOL_MAX, same = has_same_count(call, &window);
    soma_c_expression x, y;
    if (!largest && params->count_padding && !same)
        return soma_error(SOMA_UNSUPPORTED,
                          "a mean that counts padding, of windows that end past it (\"ceil\"); accepted are windows "
                          "that end with the padding, or means that do not count it");
    SOMA_TRY(soma_c_view(writer, &call->view[0], "x", &x));
    SOMA_TRY(soma_c_view(writer, &call->view[1], "y", &y));
    NOTE("the %s of windows of %zu x %zu x %zu", largest ? "largest" : "mean", window.size[0], window.size[1],
         window.size[2]);
    const unsigned position = soma_c_put_positions(writer, &window), channel = position + 1;
    soma_c_put_loop(writer, position, "c", channels);
    soma_c_put_indent(writer, channel);
    PUT("float result = %s;\n", largest ? "-INFINITY" : "0.0f");
    if (!largest && !same) {
        soma_c_put_indent(writer, channel);
        PUT("%s count = 0;\n", soma_c_index_type(writer));
    }
    const unsigned inner = soma_c_put_places(writer, &window, channel, 0);
    soma_c_put_indent(writer, inner);
    PUT("const float value = %s[%s * %zu + c];\n", x.text, soma_c_image_place(&window).text, channels);
    soma_c_put_indent(writer, inner);
    PUT("%s\n", largest ? "if (value > result || value != value) result = value;" : "result += value;");
    if (!largest && !same) {
        soma_c_put_indent(writer, inner);
        PUT("count++;\n");
    }
    soma_c_end_loops(writer, inner, channel);
    soma_c_put_indent(writer, channel);
    PUT("%s[%s * %zu + c] = result", y.text, soma_c_position(&window).text, channels);
    if (!largest && same) PUT(" / %zu.0f", window.size[0] * window.size[1] * window.size[2]);
    if (!largest && !same) PUT(" / (float)(count ? count : 1)");
    PUT(";\n");
    soma_c_end_loops(writer, channel, 0);
    return SOMA_OK;
}
