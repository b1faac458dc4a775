/* SPDX-License-Identifier: MIT */
/* Large matrix products by the CBLAS that soma was built with. */
#ifndef SOMA_DEVICE_CPU_GEMM_BLAS_H
#define SOMA_DEVICE_CPU_GEMM_BLAS_H

#include "device/cpu/isa.h"

/* SOMA_UNSUPPORTED for products that are better left to our own kernel. */
soma_status soma_cpu_plan_gemm_blas(const soma_cpu_isa *isa, const soma_call *call, soma_cpu_plan *plan);

#endif
