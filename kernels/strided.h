/* SPDX-License-Identifier: MIT */
/* Strided views in kernels: up to five dimensions, given as kernel arguments, the innermost last. */
#ifndef SOMA_KERNELS_STRIDED_H
#define SOMA_KERNELS_STRIDED_H

#include "opencl.h"

/* Shape of dimensions 1 to 4; that of dimension 0 follows from the number of elements. */
#define SHAPE_ARGUMENTS ulong shape1, ulong shape2, ulong shape3, ulong shape4
#define STRIDE_ARGUMENTS(view) ulong view##0, ulong view##1, ulong view##2, ulong view##3, ulong view##4

/* Splits the number of an element into its coordinates c0 .. c4. */
#define COORDINATES(i)                                                                                                 \
    ulong c0 = (i), c1, c2, c3, c4;                                                                                    \
    c4 = c0 % shape4, c0 /= shape4;                                                                                    \
    c3 = c0 % shape3, c0 /= shape3;                                                                                    \
    c2 = c0 % shape2, c0 /= shape2;                                                                                    \
    c1 = c0 % shape1, c0 /= shape1

#define ELEMENT_OFFSET(view) (c0 * view##0 + c1 * view##1 + c2 * view##2 + c3 * view##3 + c4 * view##4)

#endif
