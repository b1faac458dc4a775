/* SPDX-License-Identifier: MIT */
/* POOL_GRAD. */
#include "device/opencl/pool.h"

/* Windows that may have a place, of which kernels/pool.cl tries so many on GPUs even where there are fewer. */
#define TRIED_WINDOWS 8
static size_t windows_at(const soma_pool_params *params, const soma_view *dy) {
    size_t windows = 1;
    for (int i = 0; i < 3; i++) {
        size_t reach = (size_t)(params->size[i] - 1) * params->dilation[i];
        windows *= SOMA_MIN(reach / params->stride[i] + 1, SOMA_MAX(dy->shape[1 + i], (size_t)TRIED_WINDOWS));
    }
    return windows;
}

/* All places of a window, those outside of x among them. */
static size_t places_of(const soma_pool_params *params) {
    return (size_t)params->size[0] * params->size[1] * params->size[2];
}

void soma_cl_write_pool_grad(soma_cl_builder *builder) {
    const soma_view *dy = &builder->call->view[0], *dx = &builder->call->view[3];
    const soma_pool_params *params = &builder->call->params.pool;
    const uint32_t group = builder->device->style.group;
    size_t count = soma_view_count(dx);
    if (count == 0) return;
    size_t chunk = soma_cl_chunk(builder->device, count), groups = soma_cl_pieces(count, chunk);
    size_t passes = chunk / group * windows_at(params, dy) * places_of(params);
    if (group == 1) { /* a group owns places along a dimension of a sample */
        int cut = dx->shape[1] > 1 ? 1 : 2;
        passes = chunk * windows_at(params, dy) * pool_places(params, dx);
        chunk = SOMA_MIN(SOMA_MAX(chunk / dx->stride[cut], (size_t)1), dx->shape[cut]);
        groups = count = dx->shape[0] * soma_cl_pieces(dx->shape[cut], chunk);
    }
    soma_cl_expect_loops(builder, passes);
    begin_pool(builder, "pool_grad", count, chunk, dx, dy);
    for (uint32_t view = 0; view < 4; view++) soma_cl_pass_view(builder, view);
    soma_cl_end(builder, group, 1, groups, 1);
}
