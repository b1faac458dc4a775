/* SPDX-License-Identifier: MIT */
/* Two views of one shape walked together, with as few dimensions as they need: the host's side of kernels/strided.h. */
#ifndef SOMA_DEVICE_OPENCL_STRIDED_H
#define SOMA_DEVICE_OPENCL_STRIDED_H

#include "device/opencl/launch/launch.h"

/* Always SOMA_MAX_RANK dimensions, the innermost last; leading ones are 1 where there are fewer. */
typedef struct soma_cl_strided {
    size_t shape[SOMA_MAX_RANK], first[SOMA_MAX_RANK], second[SOMA_MAX_RANK];
} soma_cl_strided;

/* Merges dimensions that follow each other without a gap in both views. */
soma_cl_strided soma_cl_collapse(const soma_view *first, const soma_view *second);

/* True where both views are contiguous. */
bool soma_cl_is_flat(const soma_cl_strided *strided);

void soma_cl_pass_shape(soma_cl_builder *builder, const soma_cl_strided *strided);
void soma_cl_pass_strides(soma_cl_builder *builder, const size_t *strides);

#endif
