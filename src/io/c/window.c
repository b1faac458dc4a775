/* SPDX-License-Identifier: MIT */
/* Windows that move over images. */
#include "io/c/window.h"

static const char *const result_index[] = {"layer", "row", "column"};
static const char *const image_index[] = {"z", "y_in", "x_in"};
static const char *const window_index[] = {"kz", "ky", "kx"};

bool soma_c_reaches_out(const soma_c_window *window, uint32_t i) {
    const int64_t last =
        (int64_t)((window->result[i] - 1) * window->stride[i] + (window->size[i] - 1) * window->dilation[i]) -
        window->before[i];
    return window->before[i] > 0 || last >= (int64_t)window->image[i];
}

unsigned soma_c_put_positions(soma_c_writer *writer, const soma_c_window *window) {
    unsigned depth = 0;
    for (uint32_t i = 0; i < 3; i++)
        if (window->result[i] > 1) soma_c_put_loop(writer, depth++, result_index[i], window->result[i]);
    return depth;
}

/* "row * 2 + ky - 1" */
static void put_place(soma_c_writer *writer, const soma_c_window *window, uint32_t i, bool in_window) {
    const char *separator = "";
    PUT("const %s %s = ", soma_c_index_type(writer), image_index[i]);
    if (window->result[i] > 1) {
        PUT("%s", result_index[i]);
        if (window->stride[i] > 1) PUT(" * %zu", window->stride[i]);
        separator = " + ";
    }
    if (in_window && window->size[i] > 1) {
        PUT("%s%s", separator, window_index[i]);
        if (window->dilation[i] > 1) PUT(" * %zu", window->dilation[i]);
        separator = " + ";
    }
    if (!*separator)
        PUT("%lld", (long long)-window->before[i]);
    else if (window->before[i])
        PUT(" %c %lld", window->before[i] > 0 ? '-' : '+',
            (long long)(window->before[i] > 0 ? window->before[i] : -window->before[i]));
    PUT(";\n");
}

/* Dimensions that an image does not have are left out. */
static bool is_there(const soma_c_window *window, uint32_t i) {
    return window->image[i] > 1 || window->result[i] > 1 || window->size[i] > 1 || window->before[i];
}

/* What is passed over goes on with the innermost loop, so there is one wherever a window may reach out. */
unsigned soma_c_put_places(soma_c_writer *writer, const soma_c_window *window, unsigned depth, uint32_t joined) {
    for (uint32_t i = 0; i < 3; i++) {
        const bool in_window = i + joined < 3;
        if (!is_there(window, i)) continue;
        if (in_window && (window->size[i] > 1 || soma_c_reaches_out(window, i)))
            soma_c_put_loop(writer, depth++, window_index[i], window->size[i]);
        soma_c_put_indent(writer, depth);
        put_place(writer, window, i, in_window);
        if (!soma_c_reaches_out(window, i)) continue;
        soma_c_put_indent(writer, depth);
        PUT("if (%s < 0 || %s >= %zu) continue;\n", image_index[i], image_index[i], window->image[i]);
    }
    return depth;
}

/* Each place of the window meets one of the image, or none; there is a loop for windows of 1, too. */
unsigned soma_c_put_spread_places(soma_c_writer *writer, const soma_c_window *window, unsigned depth) {
    for (uint32_t i = 0; i < 3; i++) {
        if (!is_there(window, i)) continue;
        soma_c_put_loop(writer, depth++, window_index[i], window->size[i]);
        soma_c_put_indent(writer, depth);
        PUT("const %s at_%s = %s + %lld - %s * %zu, %s = at_%s / %zu;\n", soma_c_index_type(writer), image_index[i],
            window->result[i] > 1 ? result_index[i] : "0", (long long)window->before[i], window_index[i],
            window->dilation[i], image_index[i], image_index[i], window->stride[i]);
        soma_c_put_indent(writer, depth);
        PUT("if (at_%s < 0 || at_%s %% %zu || %s >= %zu) continue;\n", image_index[i], image_index[i],
            window->stride[i], image_index[i], window->image[i]);
    }
    return depth;
}

/* Indices of all dimensions that count, as one number. */
static soma_c_expression number_of(const char *const *index, const size_t *shape, const bool *there) {
    soma_c_expression out = {"0"};
    bool any = false;
    for (uint32_t i = 0; i < 3; i++) {
        if (!there[i]) continue;
        soma_c_expression before = out;
        if (any)
            snprintf(out.text, sizeof out.text, "(%.1000s * %zu + %s)", before.text, shape[i], index[i]);
        else
            snprintf(out.text, sizeof out.text, "%s", index[i]);
        any = true;
    }
    return out;
}

soma_c_expression soma_c_position(const soma_c_window *window) {
    const bool there[] = {window->result[0] > 1, window->result[1] > 1, window->result[2] > 1};
    return number_of(result_index, window->result, there);
}

soma_c_expression soma_c_image_place(const soma_c_window *window) {
    const bool there[] = {is_there(window, 0), is_there(window, 1), is_there(window, 2)};
    return number_of(image_index, window->image, there);
}

soma_c_expression soma_c_window_place(const soma_c_window *window, uint32_t joined) {
    bool there[3];
    size_t size[3];
    soma_c_expression out;
    for (uint32_t i = 0; i < 3; i++) {
        there[i] = window->size[i] > 1 && i + joined < 3;
        size[i] = window->size[i];
    }
    out = number_of(window_index, size, there);
    if (joined) {
        soma_c_expression first = out;
        snprintf(out.text, sizeof out.text, "%.1000s * %zu", first.text, window->size[2]);
    }
    return out;
}
