/* SPDX-License-Identifier: MIT */
/* What only training needs: gradients, dropout, the optimizer step. */
#include "device/opencl/elementwise.h"
#include "device/opencl/reduce.h"

#define soma_u32         uint32_t
#define SOMA_MULHI(a, b) (soma_u32)(((uint64_t)(a) * (b)) >> 32)
#include "kernels/random.h"

void soma_cl_write_unary_grad(soma_cl_builder *builder) {
    const soma_unary_params *params = &builder->call->params.unary;
    size_t count = count_of(builder, 0);
    if (count == 0) return;
    soma_cl_begin(builder, "elementwise.cl", "unary_grad", "-DFIXED_FUNCTION=%d", (int)params->function);
    pass_share(builder, count);
    soma_cl_pass_u32(builder, params->function);
    soma_cl_pass_float(builder, params->a);
    soma_cl_pass_float(builder, params->b);
    for (uint32_t view = 0; view < 3; view++) soma_cl_pass_view(builder, view);
    end_share(builder, count);
}

void soma_cl_write_bias_unary_grad(soma_cl_builder *builder) {
    const soma_unary_params *params = &builder->call->params.unary;
    size_t rows = builder->call->view[2].shape[0], columns = builder->call->view[2].shape[1];
    const soma_cl_device *device = builder->device;
    if (columns == 0) return;
    size_t pieces = soma_cl_axis_pieces(device, soma_cl_reducing_items(device, 1, columns), rows);
    size_t length = SOMA_MAX(soma_cl_pieces(rows, pieces), 1u);
    pieces = SOMA_MAX(soma_cl_pieces(rows, length), 1u);
    soma_cl_place sums = pieces == 1 ? soma_cl_view_place(3) : soma_cl_scratch_place(builder, pieces * columns);
    soma_cl_expect_loops(builder, length);
    soma_cl_begin(builder, "elementwise.cl", "bias_unary_grad", "-DFIXED_FUNCTION=%d", (int)params->function);
    soma_cl_pass_size(builder, rows);
    soma_cl_pass_size(builder, columns);
    soma_cl_pass_size(builder, length);
    soma_cl_pass_u32(builder, params->function);
    soma_cl_pass_float(builder, params->a);
    soma_cl_pass_float(builder, params->b);
    for (uint32_t view = 0; view < 3; view++) soma_cl_pass_view(builder, view);
    soma_cl_pass_place(builder, sums);
    soma_cl_end(builder, device->style.group, 1, soma_cl_column_groups(device, columns), pieces);
    if (pieces == 1) return;
    soma_cl_reduction second = {SOMA_REDUCE_SUM, 1, pieces, columns, 1, pieces, 1};
    soma_cl_reduce_pass(builder, &second, sums, soma_cl_view_place(3));
}

void soma_cl_write_softmax_grad(soma_cl_builder *builder) {
    soma_cl_launch_softmax(builder, "softmax_grad_rows", "softmax_grad_columns", 3);
}

void soma_cl_write_loss_grad(soma_cl_builder *builder) {
    if (soma_view_count(&builder->call->view[0]) == 0) return;
    soma_cl_launch_loss(builder, "crossentropy_grad", "loss_grad");
}

void soma_cl_write_dropout(soma_cl_builder *builder) {
    const soma_dropout_params *params = &builder->call->params.dropout;
    size_t count = count_of(builder, 0);
    if (count == 0) return;
    soma_cl_begin(builder, "dropout.cl", "dropout", " ");
    pass_share(builder, count);
    soma_cl_pass_u32(builder, SOMA_DROPOUT_THRESHOLD(params->rate));
    soma_cl_pass_float(builder, (float)(1.0 / (1.0 - (double)params->rate)));
    soma_cl_pass_u32(builder, params->stream);
    soma_cl_pass_u32(builder, (uint32_t)params->seed);
    soma_cl_pass_u32(builder, (uint32_t)(params->seed >> 32));
    soma_cl_pass_live(builder, SOMA_CL_ARGUMENT_LIVE_U64, SOMA_CL_LIVE(dropout.step));
    soma_cl_pass_view(builder, 0);
    soma_cl_pass_view(builder, 1);
    end_share(builder, count);
}

void soma_cl_write_optimizer(soma_cl_builder *builder) {
    static const size_t rates[] = {
        SOMA_CL_LIVE(optimizer.learning_rate),
        SOMA_CL_LIVE(optimizer.beta1),
        SOMA_CL_LIVE(optimizer.beta2),
        SOMA_CL_LIVE(optimizer.epsilon),
        SOMA_CL_LIVE(optimizer.correction1),
        SOMA_CL_LIVE(optimizer.correction2),
        SOMA_CL_LIVE(optimizer.l2),
        SOMA_CL_LIVE(optimizer.l1),
        SOMA_CL_LIVE(optimizer.decay),
        SOMA_CL_LIVE(optimizer.clip_value),
        SOMA_CL_LIVE(optimizer.clip_norm),
    };
    const soma_optimizer_params *params = &builder->call->params.optimizer;
    size_t count = count_of(builder, 0);
    if (count == 0) return;
    soma_cl_begin(builder, "optimizer.cl", "optimizer", "-DFIXED_RULE=%d", (int)params->kind);
    pass_share(builder, count);
    soma_cl_pass_size(builder, params->decay_count);
    soma_cl_pass_u32(builder, params->kind);
    for (size_t i = 0; i < SOMA_COUNT_OF(rates); i++) soma_cl_pass_live(builder, SOMA_CL_ARGUMENT_LIVE_FLOAT, rates[i]);
    for (uint32_t view = 0; view < builder->call->view_count; view++) soma_cl_pass_view(builder, view);
    end_share(builder, count);
}
