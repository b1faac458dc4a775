/* SPDX-License-Identifier: MIT */
/* OPTIMIZER, OPTIMIZER_ROWS. */
#include "device/opencl/elementwise.h"

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

/* On processors a work-item owns rows, on GPUs a group has a position. */
void soma_cl_write_optimizer_rows(soma_cl_builder *builder) {
    enum { ITEMS_PER_UNIT = 4 };
    static const size_t rates[] = {SOMA_CL_LIVE(optimizer_rows.optimizer.learning_rate),
                                   SOMA_CL_LIVE(optimizer_rows.optimizer.epsilon),
                                   SOMA_CL_LIVE(optimizer_rows.optimizer.clip_value)};
    const soma_optimizer_rows_params *params = &builder->call->params.optimizer_rows;
    const soma_view *dy = &builder->call->view[0], *table = &builder->call->view[2];
    const size_t rows = table->shape[0], width = table->shape[1], positions = dy->shape[0];
    const size_t group = builder->device->style.group;
    if (soma_view_count(table) == 0 || positions == 0) return;
    const size_t items = SOMA_MAX((size_t)builder->device->info.compute_units * ITEMS_PER_UNIT, (size_t)1);
    const size_t own = group > 1 ? 1 : soma_cl_pieces(rows, items);
    soma_cl_begin(builder, "optimizer_rows.cl", "optimizer_rows", "-DFIXED_RULE=%d", (int)params->optimizer.kind);
    soma_cl_pass_size(builder, rows);
    soma_cl_pass_size(builder, own);
    soma_cl_pass_size(builder, width);
    soma_cl_pass_size(builder, positions);
    soma_cl_pass_size(builder, params->skip < 0 ? rows : (size_t)params->skip); /* none: the row behind the last */
    soma_cl_pass_u32(builder, params->optimizer.kind);
    for (size_t i = 0; i < SOMA_COUNT_OF(rates); i++) soma_cl_pass_live(builder, SOMA_CL_ARGUMENT_LIVE_FLOAT, rates[i]);
    for (uint32_t view = 0; view < builder->call->view_count; view++) soma_cl_pass_view(builder, view);
    soma_cl_end(builder, group, 1, group > 1 ? positions : soma_cl_pieces(rows, own), 1);
    /* In the worst case all positions are of one row. */
    if (group > 1) {
        const size_t looks = soma_cl_pieces(positions, group);
        soma_cl_expect_loops(builder, looks + soma_cl_pieces(width, group) * (looks + positions));
    }
}
