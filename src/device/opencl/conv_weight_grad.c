/* SPDX-License-Identifier: MIT */
/*
 * CONV_WEIGHT_GRAD. Where the weights are too few to keep the device busy the results are cut into shares, of which
 * each adds up its products for itself; a second launch puts them together.
 */
#include "device/opencl/conv.h"
#include "device/opencl/reduce.h"

/* Groups of work-items per compute unit: of a processor, of others. */
#define GROUPS_PER_UNIT      2
#define TILE_GROUPS_PER_UNIT 8
/* Results that a share has at least. */
#define LEAST_SHARE 64

/* What the results are cut into: `share` of them each, `count` in all, where there are `blocks` groups for each share.
 */
typedef struct shares {
    size_t share, count;
    soma_cl_place to;
} shares;

static shares divide(soma_cl_builder *builder, const soma_cl_conv *conv, size_t results, size_t least, size_t blocks,
                     size_t groups_per_unit) {
    const size_t groups = SOMA_MAX((size_t)builder->device->info.compute_units, 1u) * groups_per_unit;
    const size_t wanted = soma_cl_pieces(groups, SOMA_MAX(blocks, (size_t)1));
    shares of = {.share = SOMA_MAX(soma_cl_pieces(results, wanted), least)};
    of.count = SOMA_MAX(soma_cl_pieces(results, of.share), (size_t)1);
    of.to = of.count == 1 ? soma_cl_view_place(2)
                          : soma_cl_scratch_place(builder, of.count * soma_view_count(conv->weight));
    return of;
}

/* A share that is not the only one goes into the workspace as it is. */
static void pass_scales(soma_cl_builder *builder, const shares *of) {
    if (of->count > 1) {
        soma_cl_pass_float(builder, 1);
        soma_cl_pass_float(builder, 0);
    } else {
        soma_cl_pass_live(builder, SOMA_CL_ARGUMENT_LIVE_FLOAT, SOMA_CL_LIVE(conv.alpha));
        soma_cl_pass_live(builder, SOMA_CL_ARGUMENT_LIVE_FLOAT, SOMA_CL_LIVE(conv.beta));
    }
}

static void pass_memory(soma_cl_builder *builder, const shares *of) {
    soma_cl_pass_view(builder, 0);
    soma_cl_pass_view(builder, 1);
    soma_cl_pass_place(builder, of->to);
}

static void add_shares(soma_cl_builder *builder, const soma_cl_conv *conv, const shares *of) {
    if (of->count == 1) return;
    soma_cl_add_shares(builder, soma_view_count(conv->weight), of->count, of->to.offset, SOMA_CL_LIVE(conv.alpha),
                       SOMA_CL_LIVE(conv.beta), 2);
}

/* ------------------------------------------------------------------------------------------------------- launches */

static void launch_depthwise(soma_cl_builder *builder, const soma_cl_conv *conv) {
    const soma_cl_device *device = builder->device;
    const size_t width = SOMA_MAX(conv->result->shape[3], (size_t)1), lines = conv->results / width;
    const size_t channel_groups = soma_cl_column_groups(device, conv->groups);
    /* On processors a group makes all elements of a line of the kernel. */
    const bool vectors = soma_cl_works_on_vectors(device);
    const size_t parts = vectors ? conv->weight->shape[0] * conv->weight->shape[1] : conv->taps;
    const shares of = divide(builder, conv, lines, soma_cl_pieces(LEAST_SHARE, width), channel_groups * parts,
                             vectors ? GROUPS_PER_UNIT : TILE_GROUPS_PER_UNIT);
    soma_cl_expect_loops(builder, of.share * (width + 1));
    soma_cl_begin(builder, "conv_depthwise_weight.cl", "conv_depthwise_weight", " ");
    soma_cl_pass_conv(builder, conv);
    soma_cl_pass_size(builder, of.share);
    pass_scales(builder, &of);
    pass_memory(builder, &of);
    soma_cl_end(builder, device->style.group, 1, channel_groups, parts * of.count);
    add_shares(builder, conv, &of);
}

static void launch_vector(soma_cl_builder *builder, const soma_cl_conv *conv) {
    const soma_cl_style *style = conv->style;
    const bool narrow = soma_cl_conv_is_narrow(conv);
    const size_t blocks = conv->groups * soma_cl_pieces(conv->columns, soma_cl_conv_block(conv));
    const soma_cl_conv_bands bands = soma_cl_conv_cut(conv, false, style->window, style->positions, style->positions);
    const size_t parts = soma_cl_pieces(conv->inner, bands.part_channels) * soma_cl_pieces(conv->taps, bands.part_taps);
    const shares of =
        divide(builder, conv, bands.count, soma_cl_pieces(LEAST_SHARE, bands.points), blocks * parts, GROUPS_PER_UNIT);
    soma_cl_begin_styled(builder, style, "conv_weight_vector.cl",
                         narrow ? "conv_weight_vector_narrow" : "conv_weight_vector_wide");
    soma_cl_pass_conv(builder, conv);
    soma_cl_pass_bands(builder, &bands);
    soma_cl_pass_size(builder, of.share);
    pass_scales(builder, &of);
    pass_memory(builder, &of);
    soma_cl_end(builder, 1, 1, blocks, parts * of.count);
    add_shares(builder, conv, &of);
}

static void launch_tile(soma_cl_builder *builder, const soma_cl_conv *conv) {
    const size_t tiles = soma_cl_pieces(conv->taps * conv->inner, SOMA_CL_CONV_TILE),
                 blocks = conv->groups * soma_cl_pieces(conv->columns, SOMA_CL_CONV_TILE);
    const shares of = divide(builder, conv, conv->results, LEAST_SHARE, blocks * tiles, TILE_GROUPS_PER_UNIT);
    soma_cl_expect_loops(builder, soma_cl_conv_tile_passes(of.share));
    soma_cl_begin(builder, "conv_tile.cl", "conv_tile", "-DWEIGHT -DSIDE=%d -DDEPTH=%d", SOMA_CL_CONV_SIDE,
                  SOMA_CL_CONV_DEPTH);
    soma_cl_pass_conv(builder, conv);
    soma_cl_pass_size(builder, tiles);
    soma_cl_pass_size(builder, of.share);
    soma_cl_pass_u32(builder, SOMA_IDENTITY);
    soma_cl_pass_u32(builder, 0);
    pass_scales(builder, &of);
    soma_cl_pass_float(builder, 0);
    soma_cl_pass_float(builder, 0);
    soma_cl_pass_view(builder, 0);
    soma_cl_pass_view(builder, 1);
    soma_cl_pass_view(builder, 0); /* no bias */
    soma_cl_pass_place(builder, of.to);
    soma_cl_end(builder, SOMA_CL_CONV_SIDE, SOMA_CL_CONV_SIDE, tiles * of.count, blocks);
    add_shares(builder, conv, &of);
}

void soma_cl_write_conv_weight_grad(soma_cl_builder *builder) {
    const soma_cl_conv conv = soma_cl_conv_of(builder, 0, 2, 1);
    if (soma_view_count(conv.weight) == 0) return;
    if (soma_cl_is_depthwise(&conv))
        launch_depthwise(builder, &conv);
    else if (soma_cl_works_on_vectors(builder->device))
        launch_vector(builder, &conv);
    else
        launch_tile(builder, &conv);
}
