/* SPDX-License-Identifier: MIT */
/* Losses. */
#include "device/opencl/launch/launch.h"

/* Loops over a row, one after the other, at most. */
#define LOOPS 5

/* What the kernels of all losses and their gradients take first. */
static soma_cl_rows begin(soma_cl_builder *builder, const char *source, const char *kernel, const char *option,
                          int value) {
    const soma_view *prediction = &builder->call->view[0];
    const soma_cl_rows share = soma_cl_share_rows(builder->device, prediction->shape[0], prediction->shape[1]);
    soma_cl_expect_loops(builder, LOOPS * (prediction->shape[1] / share.lanes + 1));
    soma_cl_begin(builder, source, kernel, "-DLANES=%u -DROWS=%u -D%s=%d", share.lanes, share.rows, option, value);
    soma_cl_pass_size(builder, prediction->shape[0]);
    soma_cl_pass_size(builder, share.rows_per_group);
    soma_cl_pass_size(builder, prediction->shape[1]);
    return share;
}

static void pass_weights(soma_cl_builder *builder) {
    soma_cl_pass_u32(builder, builder->call->view[2].rank != 0);
    soma_cl_pass_u32(builder, builder->call->view[3].rank != 0);
}

/* The views from the weights up to `last`. */
static void end(soma_cl_builder *builder, soma_cl_rows share, uint32_t last) {
    for (uint32_t view = 2; view <= last; view++) soma_cl_pass_view(builder, view);
    soma_cl_end(builder, share.lanes, share.rows, 1, share.groups);
}

static void write_crossentropy(soma_cl_builder *builder, const char *kernel) {
    const bool logits = builder->call->params.loss.kind == SOMA_LOSS_CATEGORICAL_CROSSENTROPY_LOGITS;
    const uint32_t views = builder->call->view_count;
    const soma_cl_rows share = begin(builder, "loss_crossentropy.cl", kernel, "FIXED_LOGITS", logits);
    soma_cl_pass_u32(builder, logits);
    soma_cl_pass_u32(builder, builder->call->view[1].dtype == SOMA_I32);
    pass_weights(builder);
    if (views > 6) soma_cl_pass_u32(builder, builder->call->view[6].rank != 0);
    soma_cl_pass_view(builder, 0);
    soma_cl_pass_view(builder, 1); /* as class numbers */
    soma_cl_pass_view(builder, 1); /* as rows */
    end(builder, share, views - 1);
}

/* As the cross-entropies, of log-probabilities. */
static void write_focal(soma_cl_builder *builder, const char *kernel) {
    const soma_loss_params *params = &builder->call->params.loss;
    const soma_cl_rows share = begin(builder, "loss_crossentropy.cl", kernel, "FIXED_LOGITS", 0);
    soma_cl_pass_float(builder, params->gamma);
    soma_cl_pass_float(builder, params->smoothing);
    soma_cl_pass_u32(builder, builder->call->view[1].dtype == SOMA_I32);
    pass_weights(builder);
    soma_cl_pass_view(builder, 0);
    soma_cl_pass_view(builder, 1); /* as class numbers */
    soma_cl_pass_view(builder, 1); /* as rows */
    end(builder, share, builder->call->primitive == SOMA_PRIMITIVE_LOSS ? 4 : 5);
}

static void write_elements(soma_cl_builder *builder, const char *kernel) {
    const soma_loss_params *params = &builder->call->params.loss;
    const soma_cl_rows share = begin(builder, "loss.cl", kernel, "FIXED_LOSS", (int)params->kind);
    soma_cl_pass_u32(builder, params->kind);
    soma_cl_pass_float(builder, params->delta);
    soma_cl_pass_float(builder, params->gamma);
    soma_cl_pass_float(builder, params->smoothing);
    soma_cl_pass_float(builder, params->when_one);
    soma_cl_pass_float(builder, params->when_zero);
    pass_weights(builder);
    soma_cl_pass_view(builder, 0);
    soma_cl_pass_view(builder, 1);
    end(builder, share, builder->call->primitive == SOMA_PRIMITIVE_LOSS ? 4 : 5);
}

static bool is_categorical(const soma_cl_builder *builder) {
    const soma_loss_kind kind = builder->call->params.loss.kind;
    return kind == SOMA_LOSS_CATEGORICAL_CROSSENTROPY || kind == SOMA_LOSS_CATEGORICAL_CROSSENTROPY_LOGITS;
}

void soma_cl_launch_loss(soma_cl_builder *builder, const char *categorical_kernel, const char *focal_kernel,
                         const char *element_kernel) {
    if (builder->call->params.loss.kind == SOMA_LOSS_CATEGORICAL_FOCAL)
        write_focal(builder, focal_kernel);
    else if (is_categorical(builder))
        write_crossentropy(builder, categorical_kernel);
    else
        write_elements(builder, element_kernel);
}

void soma_cl_write_loss(soma_cl_builder *builder) {
    if (builder->call->view[0].shape[0] == 0) return;
    soma_cl_launch_loss(builder, "crossentropy", "focal", "loss");
}
