/* SPDX-License-Identifier: MIT */
/* Sizes of products on processors, most of them of few rows: for the host, and for OpenCL C. */
#ifndef SOMA_KERNELS_GEMM_FEW_H
#define SOMA_KERNELS_GEMM_FEW_H

/* Rows of a tile two vectors wide whose left operand is packed: one register tells where that is, and sums fill those of vectors. */
#define SOMA_GEMM_ROWS(width) ((width) == 16 ? 12 : 6)
/* Where so many of a tile's rows, or more, would be padding, tiles have these instead: their sums still hide how long one multiply-add takes. */
#define SOMA_GEMM_LAST_ROWS(width) ((width) == 16 ? 4 : 3)
/*
 * Whether panels of the right operand are read where they lie: whole ones, of rows so short that they are not far apart. Else they are packed, since each
 * element would lie in another page, and all of them in few sets of a cache; so are those of so few rows that a packed panel stays in the first cache.
 */
#define SOMA_GEMM_IN_PLACE(columns, depth, panel, transposed) \
    (!(transposed) && (columns) % (panel) == 0 && (columns) <= 256 && (depth) >= 256)
/* Rows that are made together: their sums, a few vectors of each, fit the registers beside what they are made of. */
#define SOMA_GEMM_TOGETHER(width) ((width) == 16 ? 4 : 2)
/* So many rows, at most, are too few for the columns of the right operand to be packed first. */
#define SOMA_GEMM_FEW(width) ((width) == 16 ? 32 : 8)
/* And so deep, at most, where columns are gone down more than once: then they stay in the second cache. */
#define SOMA_GEMM_FEW_DEPTH 2048
/* Terms of a sum that is then added to the result: the error of one sum of all k grows with k, that of such pieces with 512 + k / 512. */
#define SOMA_GEMM_FEW_TERMS 512

#endif
