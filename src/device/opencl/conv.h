/* SPDX-License-Identifier: MIT */
/* What CONV and its gradients have in common here: see kernels/conv.h. */
#ifndef SOMA_DEVICE_OPENCL_CONV_H
#define SOMA_DEVICE_OPENCL_CONV_H

#include "device/opencl/launch/launch.h"

typedef struct soma_cl_conv {
    const soma_conv_params *params;
    const soma_cl_style *style;                /* of processors' kernels */
    const soma_view *source, *weight, *result; /* result: whose places the windows are of */
    size_t images, groups, inner, columns;     /* the channels that a group has of the source, and of the result */
    size_t taps, results;                      /* elements of the kernel; places in the result, in all images */
} soma_cl_conv;

/* From the numbers of the views. Refuses what the kernels' numbers of 32 bits can't hold. */
soma_cl_conv soma_cl_conv_of(soma_cl_builder *builder, uint32_t source, uint32_t weight, uint32_t result);

/* The kernels' first arguments. */
void soma_cl_pass_conv(soma_cl_builder *builder, const soma_cl_conv *conv);

/* One filter for each channel. */
static inline bool soma_cl_is_depthwise(const soma_cl_conv *conv) {
    return conv->inner == 1 && conv->columns == 1;
}

/* On processors: whether tiles are one vector wide, and how many columns a group of work-items has. */
static inline bool soma_cl_conv_is_narrow(const soma_cl_conv *conv) {
    return conv->columns <= conv->style->width;
}
size_t soma_cl_conv_block(const soma_cl_conv *conv);

/* On processors: the bands that results are made in, and the parts that windows are taken in. */
typedef struct soma_cl_conv_bands {
    size_t images, lines, width; /* results of a band along each axis, at most */
    size_t points, count;        /* those of a band, and how many bands the largest class has */
    uint32_t apart;              /* a box serves one element of the kernel */
    size_t part_taps, part_channels;
} soma_cl_conv_bands;

/* Parts of at most `depth` elements, bands of at most `most` results, and of at most `share`. How windows are cut, and
 * with that the order of their sums, does not depend on `share`, which may come from the number of cores. */
soma_cl_conv_bands soma_cl_conv_cut(const soma_cl_conv *conv, bool back, size_t depth, size_t most, size_t share);
void soma_cl_pass_bands(soma_cl_builder *builder, const soma_cl_conv_bands *bands);

/* On GPUs: kernels/conv_tile.cl. */
#define SOMA_CL_CONV_SIDE  8
#define SOMA_CL_CONV_TILE  64
#define SOMA_CL_CONV_DEPTH 16
/* Passes through its loops for so many elements of the inner dimension. */
size_t soma_cl_conv_tile_passes(size_t inner);

/* CONV and CONV_ADD, and with `back` CONV_DATA_GRAD. Views: source, weight, [bias], of CONV_ADD the addend, result. */
void soma_cl_launch_conv(soma_cl_builder *builder, bool back);

#endif
