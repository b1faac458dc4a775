/* SPDX-License-Identifier: MIT */
/* Matrix products by CLBlast. */
#include "device/opencl/clblast.h"

const char *soma_cl_clblast_name(void) {
    return NULL;
}
void soma_cl_product_write(soma_cl_builder *builder) {
    (void)builder;
}
soma_status soma_cl_product_bind(soma_cl_device *device, const soma_call *call) {
    (void)device;
    (void)call;
    return SOMA_OK;
}
soma_status soma_cl_product_run(soma_cl_device *device, const soma_call *call) {
    (void)device;
    (void)call;
    return SOMA_OK;
}
void soma_cl_product_destroy(soma_cl_product *product) {
    (void)product;
}
