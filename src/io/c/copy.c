/* SPDX-License-Identifier: MIT */
/* Elements from one place to another: what was transposed, cut, joined, padded or repeated; and equal numbers. */
#include "io/c/writer.h"

soma_status soma_c_write_fill(soma_c_writer *writer, const soma_call *call) {
    soma_c_expression y;
    SOMA_TRY(soma_c_view(writer, &call->view[0], "y", &y));
    soma_c_put_loop(writer, 0, "i", soma_view_count(&call->view[0]));
    PUT("        %s[i] = %s;\n    }\n", y.text, soma_c_number(call->params.fill.value).text);
    return SOMA_OK;
}

soma_status soma_c_write_copy(soma_c_writer *writer, const soma_call *call) {
    const soma_view *from = &call->view[0], *to = &call->view[1];
    const soma_copy_params *params = &call->params.copy;
    const soma_c_loops loops =
        soma_c_loops_of(0, to->rank, to->shape, (const size_t *const[]){from->stride, to->stride}, 2);
    soma_c_expression x, y;
    char value[SOMA_C_EXPRESSION];
    SOMA_TRY(soma_c_view(writer, from, "values", &x));
    SOMA_TRY(soma_c_view(writer, to, "y", &y));
    unsigned depth = soma_c_put_loops(writer, &loops);
    soma_c_put_indent(writer, depth);
    snprintf(value, sizeof value, "%.900s[%.900s]", x.text, soma_c_place(&loops, NULL, 0).text);
    PUT("%s[%s] = ", y.text, soma_c_place(&loops, NULL, 1).text);
    if (to->dtype == SOMA_I32 && from->dtype != SOMA_I32)
        PUT("truncf(%s);\n", value);
    else {
        if (params->scale != 1) PUT("%s * ", soma_c_number(params->scale).text);
        PUT("%s", value);
        if (params->shift != 0) PUT(" + %s", soma_c_number(params->shift).text);
        PUT(";\n");
    }
    soma_c_end_loops(writer, depth, 0);
    return SOMA_OK;
}
