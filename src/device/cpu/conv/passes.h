/* SPDX-License-Identifier: MIT */
/* CONV, CONV_ADD and CONV_DATA_GRAD, which differ in their passes and in which way round the weights lie. */
#ifndef SOMA_DEVICE_CPU_CONV_PASSES_H
#define SOMA_DEVICE_CPU_CONV_PASSES_H

#include "device/cpu/conv/geometry.h"
#include "device/cpu/kernels.h"

/* A plan for any. Views: from, weight, [bias], of CONV_ADD the addend, to. */
SOMA_CPU_PLANNER(conv_passes);
#ifdef __AVX512F__
soma_cpu_planner soma_cpu_plan_conv_passes_avx2;
#endif

#endif
