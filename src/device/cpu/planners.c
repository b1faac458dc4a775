/* SPDX-License-Identifier: MIT */
/* The table of planners of one instruction set; NULL for what it does not do. */
#include "device/cpu/kernels.h"

extern soma_cpu_planner *const SOMA_FOR_ISA(soma_cpu_planners)[SOMA_PRIMITIVE_COUNT];

#define PLANNER(name) SOMA_FOR_ISA(soma_cpu_plan_##name)

soma_cpu_planner *const SOMA_FOR_ISA(soma_cpu_planners)[SOMA_PRIMITIVE_COUNT] = {
    [SOMA_PRIMITIVE_FILL] = PLANNER(fill),
    [SOMA_PRIMITIVE_COPY] = PLANNER(copy),
    [SOMA_PRIMITIVE_GATHER] = PLANNER(gather),
    [SOMA_PRIMITIVE_GEMM] = PLANNER(gemm),
    [SOMA_PRIMITIVE_UNARY] = PLANNER(unary),
    [SOMA_PRIMITIVE_UNARY_GRAD] = SOMA_FOR_TRAINING(PLANNER(unary_grad)),
    [SOMA_PRIMITIVE_BIAS_UNARY_GRAD] = SOMA_FOR_TRAINING(PLANNER(bias_unary_grad)),
    [SOMA_PRIMITIVE_BINARY] = PLANNER(binary),
    [SOMA_PRIMITIVE_REDUCE] = PLANNER(reduce),
    [SOMA_PRIMITIVE_SOFTMAX] = PLANNER(softmax),
    [SOMA_PRIMITIVE_SOFTMAX_GRAD] = SOMA_FOR_TRAINING(PLANNER(softmax_grad)),
    [SOMA_PRIMITIVE_DROPOUT] = SOMA_FOR_TRAINING(PLANNER(dropout)),
    [SOMA_PRIMITIVE_LOSS] = PLANNER(loss),
    [SOMA_PRIMITIVE_LOSS_GRAD] = SOMA_FOR_TRAINING(PLANNER(loss_grad)),
    [SOMA_PRIMITIVE_METRIC] = PLANNER(metric),
    [SOMA_PRIMITIVE_OPTIMIZER] = SOMA_FOR_TRAINING(PLANNER(optimizer)),
};
