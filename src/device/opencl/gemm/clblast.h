/* SPDX-License-Identifier: MIT */
/* Matrix products by CLBlast, where soma was built with it and it is there at run time. */
#ifndef SOMA_DEVICE_OPENCL_CLBLAST_H
#define SOMA_DEVICE_OPENCL_CLBLAST_H

#include "device/opencl/launch/launch.h"

bool soma_cl_clblast_is_built_in(void);

/* Makes CLBlast's functions callable; where that fails, `reason` says why. */
bool soma_cl_clblast_load(char *reason, size_t size);
/* Frees the kernels that CLBlast keeps, and CLBlast. */
void soma_cl_clblast_forget(void);

/*
 * verify.c: makes CLBlast ready on a device: compiles its kernels, one device after the other, and holds two of its
 * products against our own. False where they differ or fail: then `reason` says why, and CLBlast is not to be used
 * there. Started already, it stays so; a stop is for all starts, and does nothing without one.
 */
bool soma_cl_clblast_start(soma_cl_device *device, char *reason, size_t size);
void soma_cl_clblast_stop(soma_cl_device *device);

/* Prepares the product of the builder's GEMM call, without bias and function. No dimension is 0. */
void soma_cl_product_write(soma_cl_builder *builder, size_t m, size_t n, size_t k);

#endif
