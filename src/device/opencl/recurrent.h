/* SPDX-License-Identifier: MIT */
/* What RECURRENT and its gradient share: the launches of a step. */
#ifndef SOMA_DEVICE_OPENCL_RECURRENT_H
#define SOMA_DEVICE_OPENCL_RECURRENT_H

#include "device/opencl/launch/launch.h"
#include "kernels/recurrent_call.h"

/* As in kernels/recurrent_steps.h. */
#define RECURRENT_SAMPLES 4
/* As in kernels/recurrent_grad.cl, on processors. */
#define RECURRENT_SAMPLES_BACK 8
enum {
    RECURRENT_HAS_BIAS = 1,
    RECURRENT_HAS_MASK = 2,
    RECURRENT_HAS_STATE = 4,
    RECURRENT_HAS_CELL = 8,
    RECURRENT_HAS_GATES = 16,
    RECURRENT_HAS_DSTATE = 32,
    RECURRENT_HAS_DCELL = 64,
    RECURRENT_IS_RELU = 128,
    RECURRENT_IS_REVERSE = 256,
    RECURRENT_IS_RESET_BEFORE = 512,
    RECURRENT_HAS_CELLS = 1024,
    RECURRENT_IS_PACKED = 2048
};

static inline uint32_t recurrent_params_bits(const soma_recurrent_params *params) {
    return (params->function == SOMA_RELU ? RECURRENT_IS_RELU : 0u) | (params->reverse ? RECURRENT_IS_REVERSE : 0u) |
           (params->reset_before ? RECURRENT_IS_RESET_BEFORE : 0u);
}

static inline uint32_t recurrent_bit(const soma_cl_builder *builder, uint32_t view, uint32_t bit) {
    return builder->call->view[view].rank ? bit : 0;
}

/* Begins the launch of a step, with what every such kernel takes first. */
static inline void recurrent_begin(soma_cl_builder *builder, const char *source, const char *kernel,
                                   soma_recurrent_size size, uint32_t has) {
    soma_cl_begin(builder, source, kernel, " ");
    soma_cl_pass_size(builder, size.samples);
    soma_cl_pass_size(builder, size.steps);
    soma_cl_pass_size(builder, size.units);
    soma_cl_pass_round(builder);
    soma_cl_pass_u32(builder, has);
}

static inline void recurrent_end(soma_cl_builder *builder, soma_recurrent_size size, size_t samples) {
    const soma_cl_style *style = &builder->device->style;
    soma_cl_end(builder, style->group, 1, soma_cl_pieces(size.units, (size_t)style->group * style->width),
                soma_cl_pieces(size.samples, samples));
}

#endif
