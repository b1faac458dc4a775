/* SPDX-License-Identifier: MIT */
/* The table of planners of one instruction set; NULL for what it does not do. */
#include "device/cpu/kernels.h"

extern soma_cpu_planner *const SOMA_FOR_ISA(soma_cpu_planners)[SOMA_PRIMITIVE_COUNT];

soma_cpu_planner *const SOMA_FOR_ISA(soma_cpu_planners)[SOMA_PRIMITIVE_COUNT] = {
#define X(NAME, name, views, when) [SOMA_PRIMITIVE_##NAME] = SOMA_WHEN_##when(SOMA_FOR_ISA(soma_cpu_plan_##name)),
    SOMA_PRIMITIVE_LIST(X)
#undef X
};
