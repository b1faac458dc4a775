/* SPDX-License-Identifier: MIT */
/* How a GEMM is cut into tasks, blocks and tiles. */
#ifndef SOMA_DEVICE_CPU_GEMM_PLAN_H
#define SOMA_DEVICE_CPU_GEMM_PLAN_H

#include "device/cpu/gemm/tile.h"

/* Terms of a block at most: floats of a row tile of a, [GEMM_ROWS, GEMM_K_BLOCK], fit half the L1 cache or a little
 * more. */
#define GEMM_K_BLOCK 512

/* Of the tiles of a that are copied together: their rows, how many tiles they are at most, and floats of one. */
#define GEMM_PACK_ROWS   48
#define GEMM_PACK_TILES  8
#define GEMM_PACK_FLOATS (GEMM_ROWS * (GEMM_K_BLOCK + SOMA_LANES))

typedef struct gemm_plan {
    size_t m, n, k;
    size_t rows, columns;           /* of a tile */
    size_t row_tiles;               /* of c */
    size_t unit, units;             /* columns that are not shared by tasks, and how many of these there are */
    size_t column_tasks, row_tasks; /* the grid */
    size_t k_blocks, block_columns; /* of b */
    size_t shares, rounds;          /* blocks of k that are tasks of their own, in so many rounds; 0: they are not */
    bool pack_a, direct_b;
    size_t packed_b, scratch;    /* floats of one thread: a block of b; that and tiles of a */
    bool relu;                   /* f, done where the sums are */
    soma_cpu_function *function; /* else f, afterwards; NULL for the identity */
} gemm_plan;

static inline bool gemm_is_wide(const gemm_plan *p) {
    return p->columns > GEMM_COLUMNS;
}

/* The terms of a block of k. */
static inline soma_range gemm_terms(const gemm_plan *p, size_t block) {
    return soma_cpu_even_part(block, p->k, p->k_blocks);
}

/* The sums of a share, [m, n]: of all that are made before they are added to c. */
static inline float *gemm_share(const soma_call *call, const soma_cpu_plan *plan, size_t share) {
    const gemm_plan *p = plan->detail;
    return (float *)soma_cpu_workspace(call) + plan->threads * p->scratch + share % p->shares * p->m * p->n;
}

/* Fills in the cut of a plan that has m, n and k, for so many tasks or a few more. */
void SOMA_FOR_ISA(soma_cpu_gemm_cut)(gemm_plan *p, const soma_gemm_params *params, size_t tasks, size_t threads);

/* Adds the shares of a round to c; of as many tasks as there are threads, each takes some rows. */
soma_cpu_task SOMA_FOR_ISA(soma_cpu_gemm_add_shares);

#endif
