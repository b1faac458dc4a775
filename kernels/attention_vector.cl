/* SPDX-License-Identifier: MIT */
/* The products of attention on processors, by the tiles of gemm_vector.cl: a work-item has some rows and a panel of columns of a head. */
#include "attention_product.h"

/* Groups of dimension 1: `parts` of the rows of each head. */
#define DEFINE_ATTENTION(name, kind)                                                                                   \
    KERNEL(1, 1)                                                                                                       \
    void name(ARGUMENTS(ATTENTION_SIZES, ulong rows_per_group, ulong parts, float alpha, const global float *left,     \
                        const global float *right, global float *result)) {                                           \
        LOCAL_ARRAY(panel, DEPTH * ATTENTION_PANEL, 0);                                                                \
        LOCAL_ARRAY(sums, WIDE_ROWS * ATTENTION_PANEL, DEPTH * ATTENTION_PANEL);                                       \
        const ulong number = GROUP_ID(1) / parts, first_row = GROUP_ID(1) % parts * rows_per_group;                    \
        const ulong turns = kind == BACK ? heads / key_heads : 1;                                                      \
        for (ulong turn = 0; turn < turns; turn++) {                                                                   \
            const product of = product_of(kind, number, turn, PASS_SIZES);                                             \
            const ulong end_row = min(of.rows, first_row + rows_per_group);                                            \
            if (first_row >= end_row) return;                                                                          \
            attention_product(panel, sums, kind, of, first_row, end_row, (ulong)GROUP_ID(0) * ATTENTION_PANEL, causal, \
                              alpha, kind != BACK || (of.first == 0 && turn == 0), left, right, result);                  \
        }                                                                                                              \
    }
DEFINE_ATTENTION(attention_scores, SCORES)
DEFINE_ATTENTION(attention_values, VALUES)
#ifdef TRAINING
DEFINE_ATTENTION(attention_back, BACK)
#endif /* TRAINING */
