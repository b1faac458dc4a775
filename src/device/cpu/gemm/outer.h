/* SPDX-License-Identifier: MIT */
/* GEMM with few terms: a plan of its own. */
#ifndef SOMA_DEVICE_CPU_GEMM_OUTER_H
#define SOMA_DEVICE_CPU_GEMM_OUTER_H

#include "device/cpu/kernels.h"

/* Terms at most. */
#define SOMA_CPU_GEMM_TERMS 2

bool SOMA_FOR_ISA(soma_cpu_gemm_is_outer)(const soma_call *call);
SOMA_CPU_PLANNER(gemm_outer);

#endif
