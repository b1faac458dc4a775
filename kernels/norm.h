/* SPDX-License-Identifier: MIT */
/*
 * By what numbers are multiplied before they are squared for NORM, given the largest of them: so neither the largest square nor a sum of
 * 2^31 of them overflows, and squares that vanish are too small to count. Powers of two, so that nothing is rounded. Compiled by C
 * (float and double) and by OpenCL C; R as in functions.h.
 */
#ifndef SOMA_KERNELS_NORM_H
#define SOMA_KERNELS_NORM_H

#define SOMA_NORM_ENLARGED R(0x1p88)
#define SOMA_NORM_PLAIN    R(1.0)
#define SOMA_NORM_REDUCED  R(0x1p-80)

#define SOMA_NORM_FACTOR(largest)                                                                                      \
    ((largest) < R(0x1p-40) ? SOMA_NORM_ENLARGED : (largest) < R(0x1p48) ? SOMA_NORM_PLAIN : SOMA_NORM_REDUCED)

#endif
