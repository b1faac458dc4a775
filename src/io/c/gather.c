/* SPDX-License-Identifier: MIT */
/* Rows of a table, by numbers that come from outside: an embedding. */
#include "io/c/writer.h"

soma_status soma_c_write_gather(soma_c_writer *writer, const soma_call *call) {
    const soma_view *table = &call->view[0], *index = &call->view[1], *out = &call->view[2];
    const size_t rows = table->shape[0], width = table->shape[1], count = out->shape[0];
    soma_c_expression values, x, y;
    if (!index->rank || call->params.gather.scale != 1 || call->params.gather.shift != 0)
        return soma_error(SOMA_UNSUPPORTED, "rows that are taken in another way than an embedding does");
    SOMA_TRY(soma_c_view(writer, table, "table", &values));
    SOMA_TRY(soma_c_view(writer, index, "index", &x));
    SOMA_TRY(soma_c_view(writer, out, "y", &y));
    NOTE("%zu rows of %zu numbers; a number that names no row gives zeros", rows, width);
    soma_c_put_loop(writer, 0, "i", count);
    PUT("        const float *row = 0;\n");
    PUT("        if (%s[i] >= 0.0f && %s[i] < %zu.0f) row = %s + (long)%s[i] * %zu;\n", x.text, x.text, rows,
        values.text, x.text, width);
    soma_c_put_loop(writer, 1, "j", width);
    PUT("            %s[i * %zu + j] = row ? row[j] : 0.0f;\n", y.text, width);
    soma_c_end_loops(writer, 2, 0);
    return SOMA_OK;
}
