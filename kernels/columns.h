/* SPDX-License-Identifier: MIT */
/* How kernels that go down the columns of a matrix share them out: for the host, and for OpenCL C. */
#ifndef SOMA_KERNELS_COLUMNS_H
#define SOMA_KERNELS_COLUMNS_H

/* Vectors of neighbouring columns that a processor's work-item takes together: so it reads whole lines, one after the other. */
#define SOMA_COLUMNS_TOGETHER 4

#ifdef __OPENCL_C_VERSION__
#include "opencl.h"

#if WIDTH > 1
#define VECTORS SOMA_COLUMNS_TOGETHER
#define COLUMN_PART(columns, column) min((ulong)(VECTORS * WIDTH), (columns) - (column))
#else
#define VECTORS 1
#define COLUMN_PART(columns, column) 1
#endif
/* Does `part` columns by a function of `vectors` and `part`, of a vector: all together, or two, or one, where there are just so many; else one
 * after the other. */
#define BY_VECTORS(at, part, CALL)                                                                                     \
    if (part == VECTORS * WIDTH) {                                                                                     \
        const ulong at = 0;                                                                                            \
        CALL(VECTORS, WIDTH);                                                                                          \
    } else if (part == 2 * WIDTH) {                                                                                    \
        const ulong at = 0;                                                                                            \
        CALL(2, WIDTH);                                                                                                \
    } else if (part == WIDTH) {                                                                                        \
        const ulong at = 0;                                                                                            \
        CALL(1, WIDTH);                                                                                                \
    } else                                                                                                             \
        for (ulong at = 0; at < part; at += WIDTH) CALL(1, min((ulong)WIDTH, part - at))
#define FOR_VECTORS(v, vectors) _Pragma("unroll") for (uint v = 0; v < VECTORS; v++) if (v < (vectors))
#endif

#endif
