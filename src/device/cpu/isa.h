/* SPDX-License-Identifier: MIT */
/* The instruction sets that the kernels are compiled for, and which of them this machine has. */
#ifndef SOMA_DEVICE_CPU_ISA_H
#define SOMA_DEVICE_CPU_ISA_H

#include "device/cpu/cpu.h"

/* What one instruction set offers. */
typedef struct soma_cpu_isa {
    const char *name;                  /* "generic", "avx2", "avx512" */
    soma_cpu_planner *const *planners; /* one per primitive */
    soma_cpu_function *(*get_function)(soma_function function);
    /* Multiply-adds in registers alone; *result, a small number, goes into the sums and takes one. How many operations
     * those were. */
    double (*multiply_add)(size_t rounds, float *result);
} soma_cpu_isa;

/* Those that were built and that this machine can execute, from the plainest (always there) to the best; NULL past the
 * last. */
const soma_cpu_isa *soma_cpu_isa_get(size_t index);

/* The best one (with SOMA_FAST=0 the plainest), or the one that the environment variable SOMA_ISA names. A name that is
 * not there is SOMA_INVALID_ARGUMENT. */
soma_status soma_cpu_isa_choose(const soma_cpu_isa **isa);

#endif
