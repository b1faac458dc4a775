/* SPDX-License-Identifier: MIT */
/* CONV_DATA_GRAD: a pass over the places of dx for each residue by the stride. */
#include "device/cpu/conv/passes.h"

SOMA_CPU_PLANNER(conv_data_grad) {
    return SOMA_FOR_ISA(soma_cpu_plan_conv_passes)(call, plan);
}
