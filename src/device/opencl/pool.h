/* SPDX-License-Identifier: MIT */
/* Pooling and its gradient: the host's side of kernels/pool.cl. */
#ifndef SOMA_DEVICE_OPENCL_POOL_H
#define SOMA_DEVICE_OPENCL_POOL_H

#include "device/opencl/elementwise.h"

/* Windows' places are counted through by one number, too; and no place is in more windows than one of them covers
 * places. */
static inline bool pool_windows_are_small(const soma_pool_params *params, size_t most) {
    double places = 1;
    for (int i = 0; i < 3; i++) places *= (double)(params->size[i] - 1) * params->dilation[i] + 1;
    return places <= (double)most;
}

/* Begins the launch with this work shared out, and passes what both kernels begin with. x and y are these views. */
static inline void begin_pool(soma_cl_builder *builder, const char *kernel, size_t count, size_t chunk,
                              const soma_view *x, const soma_view *y) {
    const soma_pool_params *params = &builder->call->params.pool;
    /* With room for a step of a group beyond the last element. */
    const size_t most = UINT32_MAX - builder->device->style.group;
    const bool small = soma_view_count(x) <= most && soma_view_count(y) <= most && pool_windows_are_small(params, most);
    uint64_t window[3];
    for (int i = 0; i < 3; i++) window[i] = params->size[i] | (uint64_t)params->stride[i] << 32;
    soma_cl_begin(builder, "pool.cl", kernel,
                  "-DOFFSET=%s -DFIXED_AVERAGE=%d -DFIXED_WINDOW0=%lluUL -DFIXED_WINDOW1=%lluUL -DFIXED_WINDOW2=%lluUL "
                  "-DFIXED_DILATION0=%u -DFIXED_DILATION1=%u -DFIXED_DILATION2=%u",
                  small ? "uint" : "ulong", params->kind == SOMA_POOL_AVERAGE, (unsigned long long)window[0],
                  (unsigned long long)window[1], (unsigned long long)window[2], params->dilation[0],
                  params->dilation[1], params->dilation[2]);
    soma_cl_pass_size(builder, count);
    soma_cl_pass_size(builder, chunk);
    soma_cl_pass_size(builder, x->shape[4]);
    soma_cl_pass_u32(builder, params->kind == SOMA_POOL_AVERAGE);
    soma_cl_pass_u32(builder, params->count_padding);
    for (int i = 0; i < 3; i++) {
        soma_cl_pass_size(builder, x->shape[1 + i] | (uint64_t)y->shape[1 + i] << 32);
        soma_cl_pass_size(builder, window[i]);
        soma_cl_pass_size(builder, (uint32_t)params->before[i] | (uint64_t)(uint32_t)params->after[i] << 32);
        soma_cl_pass_u32(builder, params->dilation[i]);
    }
}

/* Places of a window, as many as loops go through at most. */
static inline size_t pool_places(const soma_pool_params *params, const soma_view *x) {
    size_t places = 1;
    for (int i = 0; i < 3; i++) places *= SOMA_MIN((size_t)params->size[i], SOMA_MAX(x->shape[1 + i], (size_t)1));
    return places;
}

#endif
