/* SPDX-License-Identifier: MIT */
/* CONV and CONV_ADD: one pass over y. */
#include "device/cpu/conv/passes.h"

SOMA_CPU_PLANNER(conv) {
    return SOMA_FOR_ISA(soma_cpu_plan_conv_passes)(call, plan);
}

SOMA_CPU_PLANNER(conv_add) {
    return SOMA_FOR_ISA(soma_cpu_plan_conv_passes)(call, plan);
}
