/* SPDX-License-Identifier: MIT */
/* CONV_DATA_GRAD. */
#include "device/opencl/conv.h"

void soma_cl_write_conv_data_grad(soma_cl_builder *builder) {
    soma_cl_launch_conv(builder, true);
}
