/* SPDX-License-Identifier: MIT */
/* SOFTMAX_GRAD. */
#include "device/opencl/launch/launch.h"

void soma_cl_write_softmax_grad(soma_cl_builder *builder) {
    soma_cl_launch_softmax(builder, "softmax_grad_rows", "softmax_grad_columns", 3);
}
