/* SPDX-License-Identifier: MIT */
/* GATHER_GRAD. */
#include "device/opencl/elementwise.h"

void soma_cl_write_gather_grad(soma_cl_builder *builder) {
    const soma_view *dy = &builder->call->view[0], *dtable = &builder->call->view[2];
    const size_t rows = dtable->shape[0], width = dtable->shape[1], group = builder->device->style.group;
    const int64_t skip = builder->call->params.gather_grad.skip;
    if (soma_view_count(dtable) == 0) return;
    size_t own = group > 1 ? 1 : SOMA_MAX(soma_cl_chunk(builder->device, rows * width) / width, (size_t)1);
    soma_cl_begin(builder, "gather_grad.cl", "gather_grad", " ");
    soma_cl_pass_size(builder, rows);
    soma_cl_pass_rows(builder, own, rows);
    soma_cl_pass_size(builder, width);
    soma_cl_pass_size(builder, dy->shape[0]);
    soma_cl_pass_size(builder, skip < 0 ? rows : (size_t)skip); /* none: the row behind the last */
    soma_cl_pass_view(builder, 0);
    soma_cl_pass_view(builder, 1);
    soma_cl_pass_view(builder, 2);
    soma_cl_end(builder, group, 1, soma_cl_pieces(rows, own), 1);
    /* In the worst case all positions are of one row. */
    if (group > 1) soma_cl_expect_loops(builder, dy->shape[0] * (2 + soma_cl_pieces(width, group)));
}
