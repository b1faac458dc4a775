/* SPDX-License-Identifier: MIT */
/* PUT. */
#include "device/opencl/elementwise.h"

/* As the kernel counts them. */
static uint32_t how_of(const soma_put_params *params) {
    static const soma_binary ops[] = {SOMA_BINARY_ADD, SOMA_BINARY_MULTIPLY, SOMA_BINARY_MAXIMUM, SOMA_BINARY_MINIMUM};
    for (uint32_t i = 0; params->combines && i < SOMA_COUNT_OF(ops); i++)
        if (ops[i] == params->op) return i + 1;
    return 0;
}

void soma_cl_write_put(soma_cl_builder *builder) {
    const soma_view *x = &builder->call->view[0], *out = &builder->call->view[2];
    const size_t samples = out->shape[0], steps = x->shape[1], rows = out->shape[1], width = x->shape[2];
    const size_t group = builder->device->style.group, all = samples * rows;
    if (count_of(builder, 0) == 0 || count_of(builder, 2) == 0) return;
    const size_t own = group > 1 ? SOMA_MAX(group / width, (size_t)1)
                                 : SOMA_MAX(soma_cl_chunk(builder->device, all * width) / width, (size_t)1);
    const size_t groups = group > 1 ? soma_cl_pieces(rows, own) : soma_cl_pieces(all, own);
    soma_cl_begin(builder, "put.cl", "put", " ");
    soma_cl_pass_size(builder, rows);
    soma_cl_pass_size(builder, own);
    soma_cl_pass_size(builder, group > 1 ? groups : all);
    soma_cl_pass_size(builder, steps);
    soma_cl_pass_size(builder, width);
    soma_cl_pass_u32(builder, how_of(&builder->call->params.put));
    soma_cl_pass_view(builder, 0);
    soma_cl_pass_view(builder, 1);
    soma_cl_pass_view(builder, 2);
    soma_cl_end(builder, group, 1, group > 1 ? samples * groups : groups, 1);
    /* In the worst case all numbers are of its rows. */
    if (group > 1) soma_cl_expect_loops(builder, steps * (2 + soma_cl_pieces(own * width, group)));
}
