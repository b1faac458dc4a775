/* SPDX-License-Identifier: MIT */
/* Softmax and its logarithm. */
#include "io/c/line.h"

soma_status soma_c_write_softmax(soma_c_writer *writer, const soma_call *call) {
    const soma_c_lines lines = soma_c_lines_of(&call->view[0]);
    const soma_c_expression place = soma_c_place(&lines.over, &lines.along, 0);
    const bool logarithm = call->params.softmax.log;
    soma_c_expression x, y;
    SOMA_TRY(soma_c_view(writer, &call->view[0], "x", &x));
    SOMA_TRY(soma_c_view(writer, &call->view[1], "y", &y));
    NOTE("%s over %zu numbers; the largest is taken off first, so that no power overflows",
         logarithm ? "the logarithm of softmax" : "softmax", call->view[0].shape[1]);
    const unsigned depth = soma_c_put_loops(writer, &lines.over);
    soma_c_put_indent(writer, depth);
    PUT("float largest = -INFINITY, sum = 0.0f;\n");
    soma_c_put_loops(writer, &lines.along);
    soma_c_put_indent(writer, depth + 1);
    PUT("const float value = %s[%s];\n", x.text, place.text);
    soma_c_put_indent(writer, depth + 1);
    PUT("if (value > largest || value != value) largest = value;\n");
    soma_c_end_loops(writer, depth + 1, depth);
    soma_c_put_loops(writer, &lines.along);
    soma_c_put_indent(writer, depth + 1);
    if (logarithm)
        PUT("sum += expf(%s[%s] - largest);\n", x.text, place.text);
    else
        PUT("sum += %s[%s] = expf(%s[%s] - largest);\n", y.text, place.text, x.text, place.text);
    soma_c_end_loops(writer, depth + 1, depth);
    soma_c_put_loops(writer, &lines.along);
    soma_c_put_indent(writer, depth + 1);
    if (logarithm)
        PUT("%s[%s] = %s[%s] - largest - logf(sum);\n", y.text, place.text, x.text, place.text);
    else
        PUT("%s[%s] /= sum;\n", y.text, place.text);
    soma_c_end_loops(writer, depth + 1, 0);
    return SOMA_OK;
}
