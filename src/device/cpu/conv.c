/* SPDX-License-Identifier: MIT */
/* CONV: left to the reference. */
#include "device/cpu/kernels.h"

SOMA_CPU_PLANNER(conv) {
    (void)call, (void)plan;
    return SOMA_UNSUPPORTED;
}
