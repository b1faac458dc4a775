/* SPDX-License-Identifier: MIT */
/* RoiAlign, in a network and on the host. */
#ifndef SOMA_IO_ONNX_REGIONS_H
#define SOMA_IO_ONNX_REGIONS_H

#include "io/onnx/family.h"

typedef struct soma_onnx_regions {
    float scale;
    bool half_pixel, largest;
    int64_t samples; /* of a place of the result, along a dimension; 0: as many as it covers positions */
    int64_t out[2];  /* its size */
} soma_onnx_regions;

/* regions_host.c */
soma_status soma_onnx_align_on_host(soma_onnx_node *node, const soma_onnx_regions *by);

#endif
