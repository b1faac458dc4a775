/* SPDX-License-Identifier: MIT */
/* CONV_DATA_GRAD: left to the reference. */
#include "device/cpu/kernels.h"

SOMA_CPU_PLANNER(conv_data_grad) {
    (void)call, (void)plan;
    return SOMA_UNSUPPORTED;
}
