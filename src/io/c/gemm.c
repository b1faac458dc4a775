/* SPDX-License-Identifier: MIT */
/* Matrix products: a layer's units, each the sum of its inputs' products with its weights. */
#include "io/c/writer.h"

enum { A, B, BIAS, C };

soma_c_expression soma_c_dot(soma_c_writer *writer, const char *a, const char *b, size_t count) {
    soma_c_expression out;
    if (count == 1) {
        snprintf(out.text, sizeof out.text, "(%.900s)[0] * (%.900s)[0]", a, b);
        return out;
    }
    writer->dot = SOMA_MAX(writer->dot, count);
    snprintf(out.text, sizeof out.text, "%s(%.800s, %.800s, %zu)", soma_c_prefixed(writer, "dot").text, a, b, count);
    return out;
}

/* Rows of a and of b turned lie in one piece: then their product is soma_c_dot(). */
static soma_status put_sum(soma_c_writer *writer, const soma_call *call, bool known, unsigned depth) {
    const soma_gemm_params *params = &call->params.gemm;
    const size_t m = call->view[C].shape[0], n = call->view[C].shape[1], k = call->view[A].shape[!params->transpose_a];
    soma_c_expression a, b;
    SOMA_TRY(soma_c_view(writer, &call->view[A], "a", &a));
    if (known && !params->transpose_b)
        SOMA_TRY(soma_c_turned(writer, &call->view[B], "weight", k, n, &b));
    else
        SOMA_TRY(soma_c_view(writer, &call->view[B], "weight", &b));
    soma_c_put_indent(writer, depth);
    if (!params->transpose_a && (known || params->transpose_b)) {
        char left[SOMA_C_NAME], right[2 * SOMA_C_NAME];
        if (m > 1)
            snprintf(left, sizeof left, "%.200s + i * %zu", a.text, k);
        else
            snprintf(left, sizeof left, "%.300s", a.text);
        snprintf(right, sizeof right, "%.500s + j * %zu", b.text, k);
        PUT("float sum = %s;\n", soma_c_dot(writer, left, right, k).text);
        return SOMA_OK;
    }
    PUT("float sum = 0.0f;\n");
    soma_c_put_indent(writer, depth);
    PUT("for (%s l = 0; l < %zu; l++) sum += ", soma_c_index_type(writer), k);
    if (params->transpose_a)
        PUT("%s[l * %zu + i]", a.text, m);
    else
        PUT("%s[i * %zu + l]", a.text, k);
    if (params->transpose_b || known)
        PUT(" * %s[j * %zu + l];\n", b.text, k);
    else
        PUT(" * %s[l * %zu + j];\n", b.text, n);
    return SOMA_OK;
}

soma_status soma_c_write_gemm(soma_c_writer *writer, const soma_call *call) {
    const soma_gemm_params *params = &call->params.gemm;
    const size_t m = call->view[C].shape[0], n = call->view[C].shape[1], k = call->view[A].shape[!params->transpose_a];
    const bool known = !soma_c_view_changes(writer->program, &call->view[B]);
    const bool rows = m > 1 || params->transpose_a || !known;
    unsigned depth = 0;
    if (params->beta != 0) return soma_error(SOMA_UNSUPPORTED, "a matrix product that adds to its result");
    NOTE("%zu units of %zu inputs%s%s", n, k, params->function == SOMA_IDENTITY ? "" : ", ",
         params->function == SOMA_IDENTITY ? "" : soma_function_name(params->function));
    if (rows) soma_c_put_loop(writer, depth++, "i", m);
    soma_c_put_loop(writer, depth++, "j", n);
    SOMA_TRY(put_sum(writer, call, known, depth));
    if (params->alpha != 1) {
        soma_c_put_indent(writer, depth);
        PUT("sum *= %s;\n", soma_c_number(params->alpha).text);
    }
    if (call->view[BIAS].rank) {
        soma_c_expression bias;
        SOMA_TRY(soma_c_view(writer, &call->view[BIAS], "bias", &bias));
        soma_c_put_indent(writer, depth);
        PUT("sum += %s[j];\n", bias.text);
    }
    soma_c_expression y;
    SOMA_TRY(soma_c_view(writer, &call->view[C], "y", &y));
    soma_c_put_indent(writer, depth);
    if (rows)
        PUT("%s[i * %zu + j] = ", y.text, n);
    else
        PUT("%s[j] = ", y.text);
    PUT("%s;\n", soma_c_apply(writer, params->function, params->a, params->b, "sum").text);
    soma_c_end_loops(writer, depth, 0);
    return SOMA_OK;
}
