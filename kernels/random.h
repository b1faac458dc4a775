/* SPDX-License-Identifier: MIT */
/*
 * Philox4x32-10, a counter-based generator: the n-th number is a function of n, so that every device, and every thread of it,
 * makes the same numbers without a state. Salmon, Moraes, Dror, Shaw, "Parallel Random Numbers: As Easy as 1, 2, 3", SC 2011.
 * Compiled by C and by OpenCL C: who includes this defines `soma_u32` and SOMA_MULHI(a, b), the high word of a 32 x 32 bit product.
 */
#ifndef SOMA_KERNELS_RANDOM_H
#define SOMA_KERNELS_RANDOM_H

#define SOMA_PHILOX_M0 0xD2511F53u
#define SOMA_PHILOX_M1 0xCD9E8D57u
#define SOMA_PHILOX_W0 0x9E3779B9u
#define SOMA_PHILOX_W1 0xBB67AE85u
#define SOMA_PHILOX_ROUNDS 10

/* Replaces the counter c[0..3] by four random words, under the key k0, k1. */
static inline void soma_philox(soma_u32 *c, soma_u32 k0, soma_u32 k1) {
    for (int round = 0; round < SOMA_PHILOX_ROUNDS; round++) {
        soma_u32 high0 = SOMA_MULHI(SOMA_PHILOX_M0, c[0]), low0 = SOMA_PHILOX_M0 * c[0];
        soma_u32 high1 = SOMA_MULHI(SOMA_PHILOX_M1, c[2]), low1 = SOMA_PHILOX_M1 * c[2];
        c[0] = high1 ^ c[1] ^ k0;
        c[1] = low1;
        c[2] = high0 ^ c[3] ^ k1;
        c[3] = low0;
        k0 += SOMA_PHILOX_W0;
        k1 += SOMA_PHILOX_W1;
    }
}

/* Dropout: an element is kept where its word >= this: rate * 2^32, rounded down. */
#define SOMA_DROPOUT_THRESHOLD(rate) ((soma_u32)((rate)*4294967296.0f))

#endif
