/* SPDX-License-Identifier: MIT */
/* A function of each number. */
#include "io/c/writer.h"

soma_status soma_c_write_unary(soma_c_writer *writer, const soma_call *call) {
    const soma_unary_params *params = &call->params.unary;
    soma_c_expression x, y;
    SOMA_TRY(soma_c_view(writer, &call->view[0], "x", &x));
    SOMA_TRY(soma_c_view(writer, &call->view[1], "y", &y));
    soma_c_put_loop(writer, 0, "i", soma_view_count(&call->view[1]));
    PUT("        const float value = %s[i];\n", x.text);
    PUT("        %s[i] = %s;\n    }\n", y.text,
        soma_c_apply(writer, params->function, params->a, params->b, "value").text);
    return SOMA_OK;
}
