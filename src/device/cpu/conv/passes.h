/* SPDX-License-Identifier: MIT */
/* CONV, CONV_ADD and CONV_DATA_GRAD, which differ in their passes and in which way round the weights lie. */
#ifndef SOMA_DEVICE_CPU_CONV_PASSES_H
#define SOMA_DEVICE_CPU_CONV_PASSES_H

#include "device/cpu/conv/columns.h"
#include "device/cpu/kernels.h"

typedef struct pass_plan {
    conv_pass pass;
    size_t class_count;
    conv_class classes[CONV_CLASSES];
    size_t k_blocks;
    size_t band_tasks, unit_tasks; /* the grid of tasks */
    size_t first_task, first_item;
    size_t weights; /* where its packed weights lie, in floats */
} pass_plan;

typedef struct passes_plan {
    bool relu;                   /* f, done where the sums are */
    soma_cpu_function *function; /* else f, afterwards; NULL for the identity */
    bool transposed;             /* the weights: from is y's side */
    size_t kernel[3];
    conv_columns columns;        /* of the result */
    size_t items, items_of_task; /* of packing: a unit of one tap */
    bool direct;                 /* weights are read where they lie */
    bool packs_units;            /* right before their only use, as there is one band in each pass */
    size_t box, order, scratch;  /* floats of a thread's box; where its order of points is; of all its scratch memory */
    size_t packed;               /* where packed weights begin in the workspace */
    size_t count;
    pass_plan pass[];
} passes_plan;

/* The last view. */
static inline const soma_view *soma_cpu_conv_result(const soma_call *call) {
    return &call->view[call->view_count - 1];
}

/* Of packing. */
static inline size_t soma_cpu_conv_items(const passes_plan *p, const conv_pass *pass) {
    return soma_cpu_conv_taps(pass) * p->columns.units;
}

/* Floats of packed weights that are used for all tiles of a band in turn: they fit the L2 cache beside the band. */
#define CONV_BLOCK_FLOATS (64 * 1024)

/* Terms of a block of the sums, at most. */
static inline size_t soma_cpu_conv_block_terms(const pass_plan *pass) {
    return soma_cpu_parts(pass->pass.k, pass->k_blocks);
}

/* Units of a block: of one with fewer terms as many, as there is no more room. */
static inline size_t soma_cpu_conv_units_together(const pass_plan *pass) {
    return SOMA_MAX(CONV_BLOCK_FLOATS / GEMM_COLUMNS / SOMA_MAX(soma_cpu_conv_block_terms(pass), (size_t)1), (size_t)1);
}

/* Tasks: some items of packing; a part of one pass; the same part of each. */
soma_cpu_task SOMA_FOR_ISA(soma_cpu_conv_pack), SOMA_FOR_ISA(soma_cpu_conv_pass), SOMA_FOR_ISA(soma_cpu_conv_parts);

/* A plan for any. Views: from, weight, [bias], of CONV_ADD the addend, to. */
SOMA_CPU_PLANNER(conv_passes);
#ifdef __AVX512F__
soma_cpu_planner soma_cpu_plan_conv_passes_avx2;
#endif

#endif
