/* SPDX-License-Identifier: MIT */
/* Matrix products: picks the kernel that serves the device, and shares out the result matrix. */
#include "device/opencl/clblast.h"

#include <stdio.h>

/* A processor's groups per compute unit: enough that threads which finish early find more to do. */
#define GROUPS_PER_UNIT 2
/* A GPU's groups have SIDE x SIDE work-items; pieces this deep pass through their local memory. */
#define LARGE_SIDE 16
#define SMALL_SIDE 8
#define TILE_DEPTH 16

typedef struct dimensions {
    size_t m, n, k;
} dimensions;

static dimensions dimensions_of(const soma_call *call) {
    const soma_view *a = &call->view[0], *c = &call->view[3];
    return (dimensions){c->shape[0], c->shape[1], call->params.gemm.transpose_a ? a->shape[0] : a->shape[1]};
}

static void pass_dimensions(soma_cl_builder *builder, dimensions size) {
    soma_cl_pass_size(builder, size.m);
    soma_cl_pass_size(builder, size.n);
    soma_cl_pass_size(builder, size.k);
}

/* What both product kernels take last. */
static void pass_operands(soma_cl_builder *builder) {
    const soma_gemm_params *params = &builder->call->params.gemm;
    soma_cl_pass_u32(builder, params->function);
    soma_cl_pass_u32(builder, builder->call->view[2].rank != 0);
    soma_cl_pass_live(builder, SOMA_CL_ARGUMENT_LIVE_FLOAT, SOMA_CL_LIVE(gemm.alpha));
    soma_cl_pass_live(builder, SOMA_CL_ARGUMENT_LIVE_FLOAT, SOMA_CL_LIVE(gemm.beta));
    soma_cl_pass_float(builder, params->a);
    soma_cl_pass_float(builder, params->b);
    for (uint32_t view = 0; view < 4; view++) soma_cl_pass_view(builder, view);
}

static void write_vector(soma_cl_builder *builder, dimensions size) {
    const soma_gemm_params *params = &builder->call->params.gemm;
    const soma_cl_device *device = builder->device;
    const bool narrow = size.n <= device->style.width;
    const size_t tile_rows = narrow ? device->style.narrow_rows : device->style.wide_rows;
    const size_t panels = soma_cl_pieces(size.n, (size_t)device->style.width * (narrow ? 1 : 2));
    const size_t groups = SOMA_MAX((size_t)device->info.compute_units, 1u) * GROUPS_PER_UNIT;
    const size_t rows = soma_round_up(soma_cl_pieces(size.m, soma_cl_pieces(groups, panels)), tile_rows);
    soma_cl_begin(builder, "gemm_vector.cl", narrow ? "gemm_vector_narrow" : "gemm_vector_wide", " ");
    pass_dimensions(builder, size);
    soma_cl_pass_rows(builder, rows, soma_round_up(size.m, tile_rows));
    soma_cl_pass_u32(builder, params->transpose_a);
    soma_cl_pass_u32(builder, params->transpose_b);
    pass_operands(builder);
    soma_cl_end(builder, 1, 1, panels, soma_cl_pieces(size.m, rows));
}

static void write_tile(soma_cl_builder *builder, dimensions size) {
    const soma_gemm_params *params = &builder->call->params.gemm;
    const bool large = builder->device->largest_group >= LARGE_SIDE * LARGE_SIDE;
    const unsigned side = large ? LARGE_SIDE : SMALL_SIDE;
    /* For each piece: two loops that load 4 elements per work-item and row of the tile, one that multiplies, and the
     * loop over pieces. */
    const size_t loads = 4 * TILE_DEPTH / side;
    soma_cl_expect_loops(builder, soma_cl_pieces(size.k, TILE_DEPTH) * (2 * (loads + 1) + TILE_DEPTH + 2));
    soma_cl_begin(builder, "gemm_tile.cl", "gemm_tile", "-DFIXED_FUNCTION=%d%s%s -DSIDE=%u -DDEPTH=%d",
                  (int)params->function, params->transpose_a ? " -DTRANSPOSE_A" : "",
                  params->transpose_b ? " -DTRANSPOSE_B" : "", side, TILE_DEPTH);
    pass_dimensions(builder, size);
    pass_operands(builder);
    soma_cl_end(builder, side, side, soma_cl_pieces(size.n, 4 * side), soma_cl_pieces(size.m, 4 * side));
}

/* CLBlast computes alpha op(a) op(b) + beta c; bias and function are a launch of their own. */
static void write_clblast(soma_cl_builder *builder, dimensions size) {
    const soma_gemm_params *params = &builder->call->params.gemm;
    const bool has_bias = builder->call->view[2].rank != 0;
    soma_cl_product_write(builder, size.m, size.n, size.k);
    if (!has_bias && params->function == SOMA_IDENTITY) return;
    const soma_cl_rows share = soma_cl_share_rows(builder->device, size.m, size.n);
    soma_cl_begin(builder, "finish.cl", "finish", "-DFIXED_FUNCTION=%d -DLANES=%u -DROWS=%u", (int)params->function,
                  share.lanes, share.rows);
    soma_cl_pass_size(builder, size.m);
    soma_cl_pass_size(builder, share.rows_per_group);
    soma_cl_pass_size(builder, size.n);
    soma_cl_pass_u32(builder, params->function);
    soma_cl_pass_u32(builder, has_bias);
    soma_cl_pass_float(builder, params->a);
    soma_cl_pass_float(builder, params->b);
    soma_cl_pass_view(builder, 2);
    soma_cl_pass_view(builder, 3);
    soma_cl_end(builder, share.lanes, share.rows, 1, share.groups);
}

void soma_cl_write_gemm(soma_cl_builder *builder) {
    const dimensions size = dimensions_of(builder->call);
    if (size.m == 0 || size.n == 0) return;
    if (builder->device->gemm == SOMA_CL_GEMM_CLBLAST && size.k > 0)
        write_clblast(builder, size);
    else if (soma_cl_works_on_vectors(builder->device))
        write_vector(builder, size);
    else
        write_tile(builder, size);
}
