/* SPDX-License-Identifier: MIT */
/* Matrix products by CLBlast, where the library was built with it. */
#ifndef SOMA_DEVICE_OPENCL_CLBLAST_H
#define SOMA_DEVICE_OPENCL_CLBLAST_H

#include "device/opencl/launch.h"

/* "CLBlast 1.5.3"; NULL if built without it. */
const char *soma_cl_clblast_name(void);

/* Prepares the product of the builder's GEMM call, without bias and function. */
void soma_cl_product_write(soma_cl_builder *builder);
soma_status soma_cl_product_bind(soma_cl_device *device, const soma_call *call);
soma_status soma_cl_product_run(soma_cl_device *device, const soma_call *call);
void soma_cl_product_destroy(soma_cl_product *product); /* accepts NULL */

#endif
