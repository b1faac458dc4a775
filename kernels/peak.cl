/* SPDX-License-Identifier: MIT */
/* Multiply-adds in registers alone: what the device could do at most. */
#include "opencl.h"

/* Enough independent sums to fill the pipelines; with the two factors they fit the registers of processors too. */
#define CHAINS 12

KERNEL(GROUP, 1) void multiply_add(ulong rounds, float small, global float *out) {
    const real factor = (real)(1.0f - small), term = (real)(small);
    real sum[CHAINS];
#pragma unroll
    for (uint i = 0; i < CHAINS; i++) sum[i] = (real)((float)i);
    for (ulong round = 0; round < rounds; round++) {
#pragma unroll
        for (uint i = 0; i < CHAINS; i++) sum[i] = MULTIPLY_ADD(sum[i], factor, term);
    }
    real total = R(0.0);
#pragma unroll
    for (uint i = 0; i < CHAINS; i++) total += sum[i];
    store_part(total, out + get_global_id(0) * WIDTH, WIDTH);
}
