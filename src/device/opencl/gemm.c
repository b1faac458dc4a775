/* SPDX-License-Identifier: MIT */
/* Matrix products: picks the kernel that serves the device, and shares out the result matrix. */
#include "device/opencl/clblast.h"

#include <stdio.h>

/* Columns of a panel in vectors, and rows of a tile: the accumulators and a row of the panel fill the vector registers.
 */
#define TILE_VECTORS           2
#define TILE_ROWS_32_REGISTERS 8
#define TILE_ROWS_16_REGISTERS 6
/* The inner dimension is cut into pieces that leave the panel in the cache nearest to the core. */
#define LARGEST_DEPTH 512
/* Depth of the pieces that pass through a GPU's local memory. */
#define TILE_DEPTH      16
#define SQUARE_LARGE    16
#define SQUARE_SMALL    8
#define GROUPS_PER_UNIT 4

typedef struct dimensions {
    size_t m, n, k;
} dimensions;

static dimensions dimensions_of(const soma_call *call) {
    const soma_view *a = &call->view[0], *c = &call->view[3];
    return (dimensions){c->shape[0], c->shape[1], call->params.gemm.transpose_a ? a->shape[0] : a->shape[1]};
}

static void begin(soma_cl_builder *builder, const char *source, const char *kernel, const char *options) {
    const soma_gemm_params *params = &builder->call->params.gemm;
    soma_cl_begin(builder, source, kernel, "-DFUNCTION=%s%s%s%s%s", soma_cl_function_word(params->function),
                  params->transpose_a ? " -DTRANSPOSE_A" : "", params->transpose_b ? " -DTRANSPOSE_B" : "",
                  builder->call->view[2].rank ? " -DBIAS" : "", options);
}

/* What all product kernels take after their own sizes. */
static void pass_operands(soma_cl_builder *builder) {
    const soma_gemm_params *params = &builder->call->params.gemm;
    soma_cl_pass_live(builder, SOMA_CL_ARGUMENT_LIVE_FLOAT, SOMA_CL_LIVE(gemm.alpha));
    soma_cl_pass_live(builder, SOMA_CL_ARGUMENT_LIVE_FLOAT, SOMA_CL_LIVE(gemm.beta));
    soma_cl_pass_float(builder, params->a);
    soma_cl_pass_float(builder, params->b);
    soma_cl_pass_view(builder, 0);
    soma_cl_pass_view(builder, 1);
    if (builder->call->view[2].rank) soma_cl_pass_view(builder, 2);
    soma_cl_pass_view(builder, 3);
}

/* How a processor's work-items share out c. */
typedef struct blocking {
    unsigned tile_rows, tile_vectors;
    size_t depth;
    size_t rows_per_group, strips, panels;
} blocking;

static blocking block(const soma_cl_device *device, dimensions size) {
    blocking result = {.depth = LARGEST_DEPTH};
    const size_t width = device->style.width;
    result.tile_vectors = TILE_VECTORS;
    result.tile_rows = width == 16 ? TILE_ROWS_32_REGISTERS : TILE_ROWS_16_REGISTERS;
    if (size.n <= width) { /* one vector holds a row: more rows then keep the registers busy */
        result.tile_vectors = 1;
        result.tile_rows = result.tile_rows * 3 / 2;
    }
    const size_t panel = result.tile_vectors * width;
    while (result.depth > 16 && result.depth * panel * sizeof(float) > device->local_memory / 2) result.depth /= 2;
    result.panels = soma_cl_pieces(size.n, panel);
    const size_t groups = SOMA_MAX((size_t)device->info.compute_units, 1u) * GROUPS_PER_UNIT;
    const size_t strips = soma_cl_pieces(groups, result.panels);
    result.rows_per_group = soma_round_up(soma_cl_pieces(size.m, strips), result.tile_rows);
    result.strips = soma_cl_pieces(size.m, result.rows_per_group);
    return result;
}

static void write_vector(soma_cl_builder *builder, dimensions size) {
    const blocking blocks = block(builder->device, size);
    char options[96];
    snprintf(options, sizeof options, " -DTILE_ROWS=%u -DTILE_VECTORS=%u -DDEPTH=%zu", blocks.tile_rows,
             blocks.tile_vectors, blocks.depth);
    begin(builder, "gemm_vector.cl", "gemm_vector", options);
    soma_cl_pass_size(builder, size.m);
    soma_cl_pass_size(builder, size.n);
    soma_cl_pass_size(builder, size.k);
    soma_cl_pass_size(builder, blocks.rows_per_group);
    pass_operands(builder);
    soma_cl_end(builder, 1, 1, blocks.panels, blocks.strips);
}

static unsigned tile_side(const soma_cl_device *device) {
    bool large = device->largest_group >= SQUARE_LARGE * SQUARE_LARGE;
    return large ? SQUARE_LARGE : SQUARE_SMALL;
}

static void write_tile(soma_cl_builder *builder, dimensions size) {
    const unsigned side = tile_side(builder->device);
    char options[64];
    snprintf(options, sizeof options, " -DSIDE=%u -DDEPTH=%d", side, TILE_DEPTH);
    begin(builder, "gemm_tile.cl", "gemm_tile", options);
    soma_cl_pass_size(builder, size.m);
    soma_cl_pass_size(builder, size.n);
    soma_cl_pass_size(builder, size.k);
    pass_operands(builder);
    soma_cl_end(builder, side, side, soma_cl_pieces(size.n, 4 * side), soma_cl_pieces(size.m, 4 * side));
}

/* CLBlast computes alpha op(a) op(b) + beta c; bias and function are a launch of their own. */
static void write_clblast(soma_cl_builder *builder, dimensions size) {
    const soma_gemm_params *params = &builder->call->params.gemm;
    soma_cl_product_write(builder, size.m, size.n, size.k);
    const bool bias = builder->call->view[2].rank != 0;
    if (!bias && params->function == SOMA_IDENTITY) return;
    const soma_cl_rows share = soma_cl_share_rows(builder->device, size.m, size.n);
    char options[64];
    snprintf(options, sizeof options, " -DLANES=%u -DROWS=%u", share.lanes, share.rows);
    begin(builder, "finish.cl", "finish", options);
    soma_cl_pass_size(builder, size.m);
    soma_cl_pass_size(builder, share.rows_per_group);
    soma_cl_pass_size(builder, size.n);
    soma_cl_pass_float(builder, params->a);
    soma_cl_pass_float(builder, params->b);
    if (bias) soma_cl_pass_view(builder, 2);
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
