/* SPDX-License-Identifier: MIT */
/* CONV_WEIGHT_GRAD: left to the reference. */
#include "device/cpu/kernels.h"

SOMA_CPU_PLANNER(conv_weight_grad) {
    (void)call, (void)plan;
    return SOMA_UNSUPPORTED;
}
