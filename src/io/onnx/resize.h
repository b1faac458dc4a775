/* SPDX-License-Identifier: MIT */
/* resize.c, for upsample.c: Resize and Upsample as they are read, and what an element of the result takes. */
#ifndef SOMA_IO_ONNX_RESIZE_H
#define SOMA_IO_ONNX_RESIZE_H

#include "io/onnx/family.h"

typedef enum soma_onnx_resize_mode {
    SOMA_ONNX_RESIZE_NEAREST,
    SOMA_ONNX_RESIZE_LINEAR,
    SOMA_ONNX_RESIZE_CUBIC
} soma_onnx_resize_mode;

/* From a place in the result to one in the input: coordinate_transformation_mode. */
typedef enum soma_onnx_resize_places {
    SOMA_ONNX_HALF_PIXEL,
    SOMA_ONNX_PYTORCH_HALF_PIXEL,
    SOMA_ONNX_ALIGN_CORNERS,
    SOMA_ONNX_ASYMMETRIC,
    SOMA_ONNX_HALF_PIXEL_OF_TF,
    SOMA_ONNX_HALF_PIXEL_SYMMETRIC,
    SOMA_ONNX_CROP_OF_TF
} soma_onnx_resize_places;

/* And on to a whole number: nearest_mode. */
typedef enum soma_onnx_resize_rounding {
    SOMA_ONNX_PREFER_FLOOR,
    SOMA_ONNX_PREFER_CEIL,
    SOMA_ONNX_FLOOR,
    SOMA_ONNX_CEIL
} soma_onnx_resize_rounding;

typedef struct soma_onnx_resizing {
    soma_onnx_resize_mode mode;
    soma_onnx_resize_places places;
    soma_onnx_resize_rounding rounding;
    bool antialias, exclude_outside;
    float cubic, extrapolation; /* cubic_coeff_a; what CROP_OF_TF has outside of the input */
    double scale[SOMA_ONNX_MAX_RANK];
    double begin[SOMA_ONNX_MAX_RANK], end[SOMA_ONNX_MAX_RANK]; /* of CROP_OF_TF: shares of the input */
    size_t size[SOMA_ONNX_MAX_RANK];
} soma_onnx_resizing;

/* From attributes and inputs, of which number `scales_input` has the scales. The batch stays as it is. */
soma_status soma_onnx_get_resizing(soma_onnx_node *node, uint32_t scales_input, soma_onnx_resizing *resizing);

/* Whether the axis, of `from` elements, stays as it is. */
bool soma_onnx_resize_keeps(const soma_onnx_resizing *resizing, uint32_t axis, size_t from);

/* Where element i of the result lies in the input, and the element nearest to it. */
double soma_onnx_resize_place(const soma_onnx_resizing *resizing, uint32_t axis, size_t from, size_t i);
size_t soma_onnx_resize_nearest(const soma_onnx_resizing *resizing, uint32_t axis, size_t from, size_t i);

/* Which places of the result lie in the input, *count from *first on: all but of CROP_OF_TF, which has the
 * extrapolation value elsewhere. */
void soma_onnx_resize_inside(const soma_onnx_resizing *resizing, uint32_t axis, size_t from, size_t *first,
                             size_t *count);

/* The element at or before that place, which may lie outside, and how far from there the place is, less than 1. */
double soma_onnx_resize_between(const soma_onnx_resizing *resizing, uint32_t axis, size_t from, size_t i,
                                double *before);

/* Whether every place is made of two elements at most, as of the nearest one, and linearly where antialias has nothing
 * to do; then of which, and how much of each. Of what has no weight there is nothing: both are the same where it is
 * one. */
bool soma_onnx_resize_has_taps(const soma_onnx_resizing *resizing, uint32_t axis);
void soma_onnx_resize_taps(const soma_onnx_resizing *resizing, uint32_t axis, size_t from, size_t i, size_t *tap,
                           float *weight);

/* weight[j stride], which is 0 before: how much element i of the result, which lies inside, takes of element j of the
 * input. */
void soma_onnx_resize_weights(const soma_onnx_resizing *resizing, uint32_t axis, size_t from, size_t i, size_t stride,
                              float *weight);

#endif
