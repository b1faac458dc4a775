/* SPDX-License-Identifier: MIT */
/* What the kernels of CTC take first. */
#ifndef SOMA_DEVICE_OPENCL_CTC_H
#define SOMA_DEVICE_OPENCL_CTC_H

#include "device/opencl/launch/launch.h"

static inline size_t ctc_states(const soma_call *call) {
    return 2 * call->view[1].shape[1] + 1;
}

static inline void ctc_begin(soma_cl_builder *builder, const char *source, const char *kernel) {
    const soma_view *prediction = &builder->call->view[0];
    soma_cl_begin(builder, source, kernel, " ");
    for (uint32_t i = 0; i < 3; i++) soma_cl_pass_size(builder, prediction->shape[i]);
    soma_cl_pass_size(builder, builder->call->view[1].shape[1]);
    soma_cl_pass_u32(builder, builder->call->params.ctc.blank);
    soma_cl_pass_u32(builder, builder->call->view[2].rank != 0);
    for (uint32_t i = 0; i < 3; i++) soma_cl_pass_view(builder, i);
}

#endif
