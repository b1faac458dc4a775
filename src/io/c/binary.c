/* SPDX-License-Identifier: MIT */
/* Operations on two numbers. */
#include "io/c/writer.h"

/* In the names `left` and `right`; soma/primitive_params.h says the same in words. NaN comes through. */
static const char *const formulas[SOMA_BINARY_COUNT] = {
    [SOMA_BINARY_ADD] = "left + right",
    [SOMA_BINARY_SUBTRACT] = "left - right",
    [SOMA_BINARY_MULTIPLY] = "left * right",
    [SOMA_BINARY_DIVIDE] = "left / right",
    [SOMA_BINARY_MAXIMUM] = "left != left || left > right ? left : right",
    [SOMA_BINARY_MINIMUM] = "left != left || left < right ? left : right",
    [SOMA_BINARY_GREATER] = "left > right ? 1.0f : 0.0f",
    [SOMA_BINARY_GREATER_EQUAL] = "left >= right ? 1.0f : 0.0f",
    [SOMA_BINARY_POWER] = "powf(left, right)",
    [SOMA_BINARY_EQUAL] = "left == right ? 1.0f : 0.0f",
    [SOMA_BINARY_REMAINDER] = "fmodf(left, right)",
    [SOMA_BINARY_KEEP] = "right != 0.0f ? left : 0.0f",
};

/* A single number that is known stands there as it is. */
static soma_status element(soma_c_writer *writer, const soma_view *view, const soma_c_loops *loops, uint32_t which,
                           soma_c_expression *out) {
    soma_c_expression array;
    if (!soma_c_view_changes(writer->program, view) && soma_tensor_count(soma_c_root(view)) == 1) {
        *out = soma_c_number(*soma_c_values(writer, view));
        return SOMA_OK;
    }
    SOMA_TRY(soma_c_view(writer, view, which ? "right" : "left", &array));
    snprintf(out->text, sizeof out->text, "%.900s[%.900s]", array.text, soma_c_place(loops, NULL, which).text);
    return SOMA_OK;
}

soma_status soma_c_write_binary(soma_c_writer *writer, const soma_call *call) {
    const soma_view *a = &call->view[0], *b = &call->view[1], *out = &call->view[2];
    const size_t *const stride[] = {a->stride, b->stride, out->stride};
    const soma_c_loops loops = soma_c_loops_of(0, out->rank, out->shape, stride, 3);
    const char *formula = formulas[call->params.binary.op];
    soma_c_expression left, right, y;
    if (!formula) return soma_error(SOMA_UNSUPPORTED, "binary operation %d has no form in C", call->params.binary.op);
    SOMA_TRY(element(writer, a, &loops, 0, &left));
    SOMA_TRY(element(writer, b, &loops, 1, &right));
    SOMA_TRY(soma_c_view(writer, out, "y", &y));
    unsigned depth = soma_c_put_loops(writer, &loops);
    soma_c_put_indent(writer, depth);
    PUT("const float left = %s, right = %s;\n", left.text, right.text);
    soma_c_put_indent(writer, depth);
    PUT("%s[%s] = %s;\n", y.text, soma_c_place(&loops, NULL, 2).text, formula);
    soma_c_end_loops(writer, depth, 0);
    return SOMA_OK;
}
