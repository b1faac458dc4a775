/* SPDX-License-Identifier: MIT */
/* Multiply-adds in registers alone: what the processor could do at most. */
#include "device/cpu/kernels.h"

/* Enough independent sums to fill the pipelines, and with the two factors they fit the registers. */
#define CHAINS (SOMA_REGISTERS * 3 / 4)

double SOMA_FOR_ISA(soma_cpu_multiply_add)(size_t rounds, float *result) {
    soma_vector sum[CHAINS], factor = (soma_vector){0} + (1.0f - *result), term = (soma_vector){0} + *result;
    /* In pairs, as compilers do not unroll longer loops than 16. */
    SOMA_UNROLL
    for (int i = 0; i < CHAINS / 2; i++) {
        /* Each begins with another number: compilers make one of two equal chains. */
        sum[2 * i] = (soma_vector){0} + (float)i;
        sum[2 * i + 1] = (soma_vector){0} + ((float)i + 0.5f);
    }
    for (size_t round = 0; round < rounds; round++) {
        SOMA_UNROLL
        for (int i = 0; i < CHAINS / 2; i++) {
            sum[2 * i] = sum[2 * i] * factor + term;
            sum[2 * i + 1] = sum[2 * i + 1] * factor + term;
        }
    }
    SOMA_UNROLL
    for (int i = 1; i < CHAINS / 2; i++) {
        sum[0] += sum[2 * i];
        sum[1] += sum[2 * i + 1];
    }
    *result = (sum[0] + sum[1])[0];
    const size_t of_a_round = (size_t)2 * CHAINS * SOMA_LANES;
    return (double)of_a_round * (double)rounds;
}
