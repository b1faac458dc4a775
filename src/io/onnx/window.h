/* SPDX-License-Identifier: MIT */
/* What convolutions and pools share: a window over positions, and the images that it goes over. */
#ifndef SOMA_IO_ONNX_WINDOW_H
#define SOMA_IO_ONNX_WINDOW_H

#include "io/onnx/import.h"

/* Dimensions of positions at most. */
#define SOMA_ONNX_IMAGE_RANK 3

/* As auto_pad has them. */
typedef enum soma_onnx_padding {
    SOMA_ONNX_PADDING_GIVEN,
    SOMA_ONNX_PADDING_VALID,
    SOMA_ONNX_PADDING_SAME_UPPER,
    SOMA_ONNX_PADDING_SAME_LOWER
} soma_onnx_padding;

/* The attributes kernel_shape, strides, dilations, pads and auto_pad. */
typedef struct soma_onnx_window {
    uint32_t rank;
    size_t kernel[SOMA_ONNX_IMAGE_RANK];
    uint32_t stride[SOMA_ONNX_IMAGE_RANK], dilation[SOMA_ONNX_IMAGE_RANK];
    soma_onnx_padding padding;
    int64_t before[SOMA_ONNX_IMAGE_RANK], after[SOMA_ONNX_IMAGE_RANK]; /* 0 where the padding is not given */
} soma_onnx_window;

/* weight: the kernel as the weight has it; NULL where there is none. */
soma_status soma_onnx_get_window(const soma_onnx_node *node, uint32_t rank, const size_t *weight,
                                 soma_onnx_window *window);
/* From the kernel's first position to its last. */
int64_t soma_onnx_reach(const soma_onnx_window *window, uint32_t dimension);
/* SAME_UPPER and SAME_LOWER: so that there are as many windows as strides begin in an image of this size. */
void soma_onnx_pad_same(soma_onnx_window *window, const size_t *size);
/* So much in all: the odd one behind for SAME_UPPER, else in front. */
void soma_onnx_share_padding(soma_onnx_window *window, uint32_t dimension, int64_t padding);

/* The first input [batch, channels, positions...], as a tensor [positions..., channels] for each sample. Where a sample
 * is the whole of an input, its own batch is one more dimension of positions in front, over which windows are 1. */
typedef struct soma_onnx_image {
    soma_onnx_shape shape; /* as ONNX has it */
    uint32_t rank;         /* dimensions of positions, as ONNX counts them */
    uint32_t kept;         /* 1 where there is the one in front */
    size_t channels, size[SOMA_ONNX_IMAGE_RANK];
    uint32_t order[SOMA_ONNX_MAX_RANK];
    soma_tensor *tensor;
} soma_onnx_image;

soma_status soma_onnx_get_image(soma_onnx_node *node, soma_onnx_image *image);
/* The result is such an image, of other positions and channels. */
soma_status soma_onnx_give_image(soma_onnx_node *node, const soma_onnx_image *image, soma_tensor *tensor);

/* pool.c: as the devices have it. */
void soma_onnx_set_pool(const soma_onnx_window *window, soma_pool_params *params);

#endif
