/* SPDX-License-Identifier: MIT */
/* Lines along the axis of [outer, axis, inner]. */
#ifndef SOMA_IO_C_LINE_H
#define SOMA_IO_C_LINE_H

#include "io/c/writer.h"

typedef struct soma_c_lines {
    soma_c_loops over, along; /* over lines: 0 of x, 1 of [outer, inner] */
} soma_c_lines;

static inline soma_c_lines soma_c_lines_of(const soma_view *x) {
    const size_t outer = x->shape[0], axis = x->shape[1], inner = x->shape[2];
    const size_t shape[] = {outer, inner}, of_x[] = {axis * inner, 1}, of_line[] = {inner, 1};
    soma_c_lines lines;
    lines.over = soma_c_loops_of(0, 2, shape, (const size_t *const[]){of_x, of_line}, 2);
    lines.along = (soma_c_loops){.rank = 1, .first = lines.over.rank, .shape = {axis}, .stride = {{inner}, {0}}};
    return lines;
}

#endif
