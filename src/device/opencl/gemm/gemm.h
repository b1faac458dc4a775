/* SPDX-License-Identifier: MIT */
/* The kernels that multiply matrices: what there is, and which one does a product. */
#ifndef SOMA_DEVICE_OPENCL_GEMM_H
#define SOMA_DEVICE_OPENCL_GEMM_H

#include "device/opencl/launch/launch.h"

/* op(a) is [m, k], op(b) is [k, n]. */
typedef struct soma_cl_gemm_size {
    size_t m, n, k;
} soma_cl_gemm_size;

struct soma_cl_gemm {
    const char *name;           /* in files of choices: stays what it is */
    bool by_clblast;            /* by CLBlast, else by kernels of our own */
    bool on_vectors;            /* of our own: for devices that work on vectors, or for all others */
    unsigned side, depth, each; /* of gemm_tile.cl */
    void (*write)(soma_cl_builder *builder, const soma_cl_gemm *gemm, soma_cl_gemm_size size);
};

#define SOMA_CL_GEMM_COUNT 8
/* The table. Of the kernels of our own, the first that fits a device is its default. */
extern const soma_cl_gemm soma_cl_gemms[SOMA_CL_GEMM_COUNT];

/* NULL where there is none of this name. */
const soma_cl_gemm *soma_cl_gemm_named(const char *name);
/* The default among our own kernels. */
const soma_cl_gemm *soma_cl_own_gemm(const soma_cl_device *device);
const soma_cl_gemm *soma_cl_clblast_gemm(void);

/* Whether the device can use a kernel; CLBlast, whether it has been started. And whether for a product of this size. */
bool soma_cl_gemm_fits(const soma_cl_device *device, const soma_cl_gemm *gemm);
bool soma_cl_gemm_serves(const soma_cl_device *device, const soma_cl_gemm *gemm, soma_cl_gemm_size size);

#endif
