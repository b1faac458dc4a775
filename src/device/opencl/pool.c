/* SPDX-License-Identifier: MIT */
/* POOL. */
#include "device/opencl/pool.h"

void soma_cl_write_pool(soma_cl_builder *builder) {
    const soma_view *x = &builder->call->view[0], *y = &builder->call->view[1];
    const uint32_t group = builder->device->style.group;
    size_t count = soma_view_count(y), row = y->shape[3] * y->shape[4];
    if (count == 0) return;
    size_t chunk = soma_cl_chunk(builder->device, count), passes = chunk / group;
    if (group == 1) {
        count /= row;
        chunk = SOMA_MAX(chunk / row, (size_t)1);
        passes = chunk * row;
    }
    soma_cl_expect_loops(builder, passes * pool_places(&builder->call->params.pool, x));
    begin_pool(builder, "pool", count, chunk, x, y);
    soma_cl_pass_view(builder, 0);
    soma_cl_pass_view(builder, 1);
    soma_cl_end(builder, group, 1, soma_cl_pieces(count, chunk), 1);
}
