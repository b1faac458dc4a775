/* SPDX-License-Identifier: MIT */
/* Products of several matrices. */
#include "io/c/writer.h"
#include "kernels/matmul_call.h"

#include <string.h>

/* "x + i * 12": where a row, or column, begins. */
static soma_c_expression from(const soma_c_expression *array, const soma_c_loops *loops, uint32_t which) {
    soma_c_expression out;
    snprintf(out.text, sizeof out.text, "%.400s + %.400s", array->text, soma_c_place(loops, NULL, which).text);
    return out;
}

soma_status soma_c_write_matmul(soma_c_writer *writer, const soma_call *call) {
    const soma_view *view = call->view, *c = &view[MATMUL_C];
    const soma_matmul_size size = soma_matmul_size_of(call);
    const size_t left_step = soma_matmul_column(&view[MATMUL_A]), right_step = soma_matmul_row(&view[MATMUL_B]);
    size_t left[SOMA_MAX_RANK], right[SOMA_MAX_RANK];
    soma_c_expression a, b, y;
    memcpy(left, view[MATMUL_A].stride, sizeof left);
    memcpy(right, view[MATMUL_B].stride, sizeof right);
    left[c->rank - 1] = right[c->rank - 2] = 0; /* the first operand is the same for all columns, the second for rows */
    const size_t *const stride[] = {left, right, c->stride};
    const soma_c_loops loops = soma_c_loops_of(0, c->rank, c->shape, stride, 3);
    SOMA_TRY(soma_c_view(writer, &view[MATMUL_A], "left", &a));
    SOMA_TRY(soma_c_view(writer, &view[MATMUL_B], "right", &b));
    SOMA_TRY(soma_c_view(writer, c, "y", &y));
    NOTE("%zu products of matrices: %zu x %zu by %zu x %zu", size.count, size.m, size.k, size.k, size.n);
    const unsigned depth = soma_c_put_loops(writer, &loops);
    soma_c_put_indent(writer, depth);
    PUT("const float *const row = %s, *const column = %s;\n", from(&a, &loops, 0).text, from(&b, &loops, 1).text);
    soma_c_put_indent(writer, depth);
    PUT("float sum = 0.0f;\n");
    soma_c_put_loop(writer, depth, "term", size.k);
    soma_c_put_indent(writer, depth + 1);
    PUT("sum += row[term * %zu] * column[term * %zu];\n", left_step, right_step);
    soma_c_end_loops(writer, depth + 1, depth);
    soma_c_put_indent(writer, depth);
    PUT("%s[%s] = ", y.text, soma_c_place(&loops, NULL, 2).text);
    if (call->params.matmul.scale != 1) PUT("%s * ", soma_c_number(call->params.matmul.scale).text);
    PUT("sum;\n");
    soma_c_end_loops(writer, depth, 0);
    return SOMA_OK;
}
