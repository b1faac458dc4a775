/* SPDX-License-Identifier: MIT */
/* Reductions as steps of other primitives. */
#ifndef SOMA_DEVICE_OPENCL_REDUCE_H
#define SOMA_DEVICE_OPENCL_REDUCE_H

#include "device/opencl/launch/launch.h"

/* A kernel's memory argument: a view or, with `scratch`, a piece of the workspace. */
typedef struct soma_cl_place {
    bool scratch;
    uint32_t view;
    size_t offset, bytes;
} soma_cl_place;

static inline soma_cl_place soma_cl_view_place(uint32_t view) {
    return (soma_cl_place){.view = view};
}

/* Reserves a piece of the workspace for so many floats. */
soma_cl_place soma_cl_scratch_place(soma_cl_builder *builder, size_t floats);

void soma_cl_pass_place(soma_cl_builder *builder, soma_cl_place place);

/* x [outer, axis, inner], its axis cut into `pieces` of `length`: to [outer, pieces, inner], each result divided by
 * `divisor`. */
typedef struct soma_cl_reduction {
    soma_reduction operation;
    size_t outer, axis, inner, pieces, length;
    float divisor;
} soma_cl_reduction;

/* One launch. */
void soma_cl_reduce_pass(soma_cl_builder *builder, const soma_cl_reduction *pass, soma_cl_place from, soma_cl_place to);

/* Work-items that reduce the whole axis at once. */
static inline size_t soma_cl_reducing_items(const soma_cl_device *device, size_t outer, size_t inner) {
    return outer * soma_cl_pieces(inner, device->style.width);
}

/* Groups of work-items that handle a vector of neighbouring columns each. */
size_t soma_cl_column_groups(const soma_cl_device *device, size_t columns);
/* The same where a processor's handle several vectors: see kernels/columns.h. */
size_t soma_cl_wide_column_groups(const soma_cl_device *device, size_t columns);

#endif
