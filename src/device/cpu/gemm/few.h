/* SPDX-License-Identifier: MIT */
/* GEMM with few rows: a plan of its own. */
#ifndef SOMA_DEVICE_CPU_GEMM_FEW_H
#define SOMA_DEVICE_CPU_GEMM_FEW_H

#include "device/cpu/kernels.h"

/* Rows at most. */
#define SOMA_CPU_GEMM_FEW 4

bool SOMA_FOR_ISA(soma_cpu_gemm_is_few)(const soma_call *call);
SOMA_CPU_PLANNER(gemm_few);

#endif
