/* SPDX-License-Identifier: MIT */
/*
 * ATTENTION_GRAD: for a block of queries at a time the weights again, what comes back to the scores, and from these
 * what is added to the gradients of keys and values, in the order of the blocks, and the gradients of the queries.
 */
#include "device/opencl/attention.h"

static void write_slopes(soma_cl_builder *builder, const soma_cl_attention *a, size_t weights, size_t slopes) {
    static const uint32_t views[] = {ATTENTION_GRAD_DY, ATTENTION_GRAD_Y, ATTENTION_GRAD_MASK, ATTENTION_GRAD_TOTAL};
    if (a->size.steps == 0) return;
    const soma_cl_rows share =
        soma_cl_begin_attention_rows(builder, a, "attention_slopes", ATTENTION_GRAD_MASK, ATTENTION_GRAD_TOTAL);
    soma_cl_pass_size(builder, a->size.value_width);
    soma_cl_pass_float(builder, builder->call->params.attention.scale);
    for (size_t i = 0; i < SOMA_COUNT_OF(views); i++) soma_cl_pass_view(builder, views[i]);
    soma_cl_pass_scratch(builder, weights, a->bytes);
    soma_cl_pass_scratch(builder, slopes, a->bytes);
    soma_cl_end(builder, share.lanes, share.rows, 1, share.groups);
}

void soma_cl_write_attention_grad(soma_cl_builder *builder) {
    const soma_cl_attention a = soma_cl_attention_of(builder->call);
    const float scale = builder->call->params.attention.scale;
    if (a.size.samples == 0) return;
    const size_t first = soma_cl_reserve(builder, a.bytes), second = soma_cl_reserve(builder, a.bytes);
    const soma_cl_operand weights = soma_cl_operand_scores(first), slopes = soma_cl_operand_scores(second);
    soma_cl_repeat(builder, a.rounds);
    soma_cl_launch_attention_product(builder, &a, SOMA_CL_ATTENTION_SCORES, a.size.width, scale,
                                     soma_cl_operand_view(ATTENTION_GRAD_Q), soma_cl_operand_view(ATTENTION_GRAD_K),
                                     weights);
    soma_cl_launch_attention_product(builder, &a, SOMA_CL_ATTENTION_SCORES, a.size.value_width, 1.0f,
                                     soma_cl_operand_view(ATTENTION_GRAD_DY), soma_cl_operand_view(ATTENTION_GRAD_V),
                                     slopes);
    write_slopes(builder, &a, first, second);
    soma_cl_launch_attention_product(builder, &a, SOMA_CL_ATTENTION_BACK, a.size.value_width, 1.0f, weights,
                                     soma_cl_operand_view(ATTENTION_GRAD_DY), soma_cl_operand_view(ATTENTION_GRAD_DV));
    soma_cl_launch_attention_product(builder, &a, SOMA_CL_ATTENTION_BACK, a.size.width, 1.0f, slopes,
                                     soma_cl_operand_view(ATTENTION_GRAD_Q), soma_cl_operand_view(ATTENTION_GRAD_DK));
    if (a.size.steps == 0) return;
    soma_cl_launch_attention_product(builder, &a, SOMA_CL_ATTENTION_VALUES, a.size.width, 1.0f, slopes,
                                     soma_cl_operand_view(ATTENTION_GRAD_K), soma_cl_operand_view(ATTENTION_GRAD_DQ));
}
