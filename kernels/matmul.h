/* SPDX-License-Identifier: MIT */
/* Where the matrices of MATMUL lie. */
#ifndef SOMA_KERNELS_MATMUL_H
#define SOMA_KERNELS_MATMUL_H

#include "product.h"

/* What every kernel takes first. The dimensions before the matrices' are three; the first follows from the matrix's number. row, column: the
 * distances within a matrix; of the result columns lie together. */
#define MATMUL_SIZES                                                                                                   \
    ulong m, ulong n, ulong k, ulong shape1, ulong shape2, ulong left0, ulong left1, ulong left2, ulong left_row, ulong left_column,    \
        ulong right0, ulong right1, ulong right2, ulong right_row, ulong right_column, ulong result0, ulong result1, ulong result2,     \
        ulong result_row
#define PASS_MATMUL                                                                                                    \
    m, n, k, shape1, shape2, left0, left1, left2, left_row, left_column, right0, right1, right2, right_row, right_column, result0, result1,  \
        result2, result_row

static product matmul_product(ulong number, MATMUL_SIZES) {
    const ulong c2 = number % shape2, c1 = number / shape2 % shape1, c0 = number / shape2 / shape1;
    product of;
    of.first = 0;
    of.rows = m;
    of.columns = n;
    of.depth = k;
    of.left.start = c0 * left0 + c1 * left1 + c2 * left2;
    of.left.row = left_row;
    of.left.step = left_column;
    of.right.start = c0 * right0 + c1 * right1 + c2 * right2;
    of.right.row = right_row;
    of.right.step = right_column;
    of.result.start = c0 * result0 + c1 * result1 + c2 * result2;
    of.result.row = result_row;
    of.result.step = 1;
    return of;
}

#endif
