/* SPDX-License-Identifier: MIT */
/* CONV_WEIGHT_GRAD: left to the reference. */
#include "device/opencl/launch/launch.h"

void soma_cl_write_conv_weight_grad(soma_cl_builder *builder) {
    builder->status = soma_error(SOMA_UNSUPPORTED, "no %s on OpenCL", soma_primitive_name(builder->call->primitive));
}
