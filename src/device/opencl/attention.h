/* SPDX-License-Identifier: MIT */
/* What ATTENTION and its gradient share: blocks of queries, and the launches of products; see kernels/attention.h. */
#ifndef SOMA_DEVICE_OPENCL_ATTENTION_H
#define SOMA_DEVICE_OPENCL_ATTENTION_H

#include "device/opencl/launch/launch.h"
#include "kernels/attention_call.h"

typedef struct soma_cl_attention {
    soma_attention_size size;
    size_t share, block;   /* samples that are taken at a time, and queries of each */
    size_t blocks, rounds; /* how many blocks of queries there are, and how many times it is all done */
    size_t bytes;          /* of the scores of a block */
} soma_cl_attention;

soma_cl_attention soma_cl_attention_of(const soma_call *call);

/* A view, or a piece of the workspace that has the scores of a block. */
typedef struct soma_cl_operand {
    bool is_scores;
    size_t number; /* of the view, or the offset */
} soma_cl_operand;

static inline soma_cl_operand soma_cl_operand_view(uint32_t view) {
    return (soma_cl_operand){false, view};
}
static inline soma_cl_operand soma_cl_operand_scores(size_t offset) {
    return (soma_cl_operand){true, offset};
}

/* As in kernels/attention.h. */
typedef enum soma_cl_attention_kind {
    SOMA_CL_ATTENTION_SCORES,
    SOMA_CL_ATTENTION_VALUES,
    SOMA_CL_ATTENTION_BACK
} soma_cl_attention_kind;

/* result = alpha left right; width: of a head's numbers in it. */
void soma_cl_launch_attention_product(soma_cl_builder *builder, const soma_cl_attention *attention,
                                      soma_cl_attention_kind kind, size_t width, float alpha, soma_cl_operand left,
                                      soma_cl_operand right, soma_cl_operand result);
/* Begins the launch of a kernel that works on rows of scores; mask, total: of the views. The groups are returned. */
soma_cl_rows soma_cl_begin_attention_rows(soma_cl_builder *builder, const soma_cl_attention *attention,
                                          const char *kernel, uint32_t mask, uint32_t total);

#endif
