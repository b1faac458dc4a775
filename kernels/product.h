/* SPDX-License-Identifier: MIT */
/* One product of matrices of several, whose operands lie anywhere. */
#ifndef SOMA_KERNELS_PRODUCT_H
#define SOMA_KERNELS_PRODUCT_H

#include "opencl.h"

/* Where an element lies: of the left operand [i, p], of the right one [p, j], of the result [i, j]: start + first row + second step. */
typedef struct operand {
    ulong start, row, step;
} operand;

typedef struct product {
    ulong rows, columns, depth, first; /* first: of attention, the block's first query */
    operand left, right, result;
} product;

#endif
