/* SPDX-License-Identifier: MIT */
/* Kernels whose elements do not depend on each other: how they are shared out. */
#ifndef SOMA_DEVICE_OPENCL_ELEMENTWISE_H
#define SOMA_DEVICE_OPENCL_ELEMENTWISE_H

#include "device/opencl/launch/launch.h"

static inline size_t count_of(const soma_cl_builder *builder, uint32_t view) {
    return soma_view_count(&builder->call->view[view]);
}

/* The first two arguments of elementwise kernels, and the launch that fits them. */
static inline void pass_share(soma_cl_builder *builder, size_t count) {
    soma_cl_pass_size(builder, count);
    soma_cl_pass_size(builder, soma_cl_chunk(builder->device, count));
}

static inline void end_share(soma_cl_builder *builder, size_t count) {
    soma_cl_end(builder, builder->device->style.group, 1, soma_cl_pieces(count, soma_cl_chunk(builder->device, count)),
                1);
}

#endif
