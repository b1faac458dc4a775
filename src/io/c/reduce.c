/* SPDX-License-Identifier: MIT */
/* Sums, means and extremes along an axis. */
#include "io/c/line.h"

static const struct {
    const char *name, *first, *step; /* of `result` and `value` */
} reductions[SOMA_REDUCTION_COUNT] = {
    [SOMA_REDUCE_SUM] = {"sum", "0.0f", "result += value;"},
    [SOMA_REDUCE_MEAN] = {"mean", "0.0f", "result += value;"},
    [SOMA_REDUCE_MAX] = {"largest", "-INFINITY", "if (value > result || value != value) result = value;"},
    [SOMA_REDUCE_MIN] = {"smallest", "INFINITY", "if (value < result || value != value) result = value;"},
    [SOMA_REDUCE_SUM_SQUARES] = {"sum of squares", "0.0f", "result += value * value;"},
};

soma_status soma_c_write_reduce(soma_c_writer *writer, const soma_call *call) {
    const soma_reduction op = call->params.reduce.op;
    const soma_c_lines lines = soma_c_lines_of(&call->view[0]);
    const size_t count = call->view[0].shape[1];
    soma_c_expression x, y;
    SOMA_TRY(soma_c_view(writer, &call->view[0], "x", &x));
    SOMA_TRY(soma_c_view(writer, &call->view[1], "y", &y));
    NOTE("the %s of each %zu numbers", reductions[op].name, count);
    const unsigned depth = soma_c_put_loops(writer, &lines.over);
    soma_c_put_indent(writer, depth);
    PUT("float result = %s;\n", reductions[op].first);
    soma_c_put_loops(writer, &lines.along);
    soma_c_put_indent(writer, depth + 1);
    PUT("const float value = %s[%s];\n", x.text, soma_c_place(&lines.over, &lines.along, 0).text);
    soma_c_put_indent(writer, depth + 1);
    PUT("%s\n", reductions[op].step);
    soma_c_end_loops(writer, depth + 1, depth);
    soma_c_put_indent(writer, depth);
    PUT("%s[%s] = result", y.text, soma_c_place(&lines.over, NULL, 1).text);
    if (op == SOMA_REDUCE_MEAN) PUT(" / %zu.0f", count);
    PUT(";\n");
    soma_c_end_loops(writer, depth, 0);
    return SOMA_OK;
}
