/* SPDX-License-Identifier: MIT */
/* LOSS_GRAD. */
#include "device/opencl/launch/launch.h"

void soma_cl_write_loss_grad(soma_cl_builder *builder) {
    if (soma_view_count(&builder->call->view[0]) == 0) return;
    soma_cl_launch_loss(builder, "crossentropy_grad", "focal_grad", "loss_grad");
}
