/* SPDX-License-Identifier: MIT */
/* CONV, CONV_ADD, and what the gradients share with them. */
#include "device/opencl/conv.h"

#include <stdio.h>

/* A processor's groups per compute unit. */
#define GROUPS_PER_UNIT 2
/* Results of a processor's band, at most. */
#define BAND_POINTS ((size_t)1024)
/* Results along the last axis that kernels/conv_depthwise.cl handles together. */
#define ACROSS 4

/* ------------------------------------------------------------------------------------------------------ its sizes */

/* The kernels compute places along an axis in 32 bits. */
static bool axis_fits(const soma_cl_conv *conv, size_t axis) {
    const double stride = conv->params->stride[axis], before = conv->params->before[axis],
                 source = (double)conv->source->shape[axis + 1], result = (double)conv->result->shape[axis + 1],
                 window = (double)conv->weight->shape[axis] * conv->params->dilation[axis];
    const double furthest = SOMA_MAX(source, result + ACROSS) * stride + window + (before < 0 ? -before : before);
    return furthest < 1e9;
}

static bool fits(const soma_cl_conv *conv) {
    const double most = 1e9;
    for (size_t axis = 0; axis < 3; axis++)
        if (!axis_fits(conv, axis)) return false;
    return (double)conv->taps * (double)conv->inner < most && (double)conv->groups * (double)conv->inner < most &&
           (double)conv->groups * (double)conv->columns < most && (double)conv->images < most;
}

soma_cl_conv soma_cl_conv_of(soma_cl_builder *builder, uint32_t source, uint32_t weight, uint32_t result) {
    const soma_call *call = builder->call;
    soma_cl_conv conv = {.params = &call->params.conv,
                         .source = &call->view[source],
                         .weight = &call->view[weight],
                         .result = &call->view[result]};
    conv.style = &builder->device->style;
    conv.images = conv.source->shape[0];
    conv.groups = conv.params->groups;
    conv.inner = conv.source->shape[4] / conv.groups;
    conv.columns = conv.result->shape[4] / conv.groups;
    conv.taps = conv.weight->shape[0] * conv.weight->shape[1] * conv.weight->shape[2];
    conv.results = conv.images * conv.result->shape[1] * conv.result->shape[2] * conv.result->shape[3];
    /* Where it is another one: lists, whose kernel is of the usual style, go by the address. */
    const soma_cl_style *slim = &builder->device->slim;
    if (slim->width != conv.style->width && conv.columns <= slim->width) conv.style = slim;
    if (!fits(&conv))
        builder->status =
            soma_error(SOMA_UNSUPPORTED, "%s of this size is not done on OpenCL", soma_primitive_name(call->primitive));
    return conv;
}

void soma_cl_pass_conv(soma_cl_builder *builder, const soma_cl_conv *conv) {
    soma_cl_pass_u32(builder, (uint32_t)conv->images);
    soma_cl_pass_u32(builder, (uint32_t)conv->groups);
    soma_cl_pass_u32(builder, (uint32_t)conv->inner);
    soma_cl_pass_u32(builder, (uint32_t)conv->columns);
    for (size_t axis = 0; axis < 3; axis++) {
        soma_cl_pass_u32(builder, (uint32_t)conv->source->shape[axis + 1]);
        soma_cl_pass_u32(builder, (uint32_t)conv->result->shape[axis + 1]);
        soma_cl_pass_u32(builder, (uint32_t)conv->weight->shape[axis]);
        soma_cl_pass_u32(builder, conv->params->stride[axis]);
        soma_cl_pass_u32(builder, conv->params->dilation[axis]);
        soma_cl_pass_u32(builder, (uint32_t)conv->params->before[axis]);
    }
}

/* -------------------------------------------------------------------------------------------------------- classes */

/* Results that see the source alike, see kernels/conv.h: how many such classes there are, and the results of the
 * largest, their last axis counted in pieces of `across`. */
typedef struct classes {
    size_t count, results;
} classes;

static classes classes_of(const soma_cl_conv *conv, bool back, size_t across) {
    classes of = {1, conv->images};
    for (size_t axis = 0; axis < 3; axis++) {
        const size_t stride = back ? conv->params->stride[axis] : 1, result = conv->result->shape[axis + 1];
        of.count *= SOMA_MIN(stride, result);
        of.results *= soma_cl_pieces(soma_cl_pieces(result, stride), axis == 2 ? across : 1);
    }
    return of;
}

/* ------------------------------------------------------------------------------------------------------- launches */

static bool adds(const soma_call *call) {
    return call->primitive == SOMA_PRIMITIVE_CONV_ADD;
}

/* What all kernels take last. On processors that is whether there is an addend, too, and it, or anything; on GPUs a
 * program is built for it, so that those without it have their registers for other things. */
static void pass_epilogue(soma_cl_builder *builder, const soma_cl_conv *conv) {
    const soma_call *call = builder->call;
    soma_cl_pass_float(builder, conv->params->a);
    soma_cl_pass_float(builder, conv->params->b);
    for (uint32_t view = 0; view < 3; view++) soma_cl_pass_view(builder, view);
    soma_cl_pass_view(builder, call->view_count - 1);
    if (soma_cl_works_on_vectors(builder->device)) soma_cl_pass_u32(builder, adds(call));
    if (soma_cl_works_on_vectors(builder->device) || adds(call)) soma_cl_pass_view(builder, 3);
}

static void pass_function(soma_cl_builder *builder, const soma_cl_conv *conv) {
    soma_cl_pass_u32(builder, conv->params->function);
    soma_cl_pass_u32(builder, builder->call->view[2].rank != 0);
}

static const char *addend_option(const soma_cl_builder *builder) {
    return adds(builder->call) && !soma_cl_works_on_vectors(builder->device) ? " -DADDEND" : "";
}

/* A program for each of the usual functions, and one for all others: on GPUs each takes time to compile. */
static const char *function_option(const soma_cl_conv *conv, char text[32]) {
    const soma_function function = conv->params->function;
    if (function != SOMA_IDENTITY && function != SOMA_RELU) return "";
    snprintf(text, 32, "-DFIXED_FUNCTION=%d", (int)function);
    return text;
}

/* What a program of the GPUs' style is built for, which saves registers: see kernels/conv_depthwise.cl. */
static const char *depthwise_options(const soma_cl_builder *builder, const soma_cl_conv *conv, bool back) {
    if (soma_cl_works_on_vectors(builder->device)) return "";
    /* With room for a step of a group beyond the last row, and for results that a row has too many. */
    const size_t most = UINT32_MAX / 2;
    const bool small = soma_view_count(conv->source) <= most && soma_view_count(conv->result) <= most &&
                       soma_view_count(conv->weight) <= most;
    if (small) return back ? " -DBACK -DOFFSET=uint" : " -DOFFSET=uint";
    return back ? " -DBACK -DOFFSET=ulong" : " -DOFFSET=ulong";
}

static void launch_depthwise(soma_cl_builder *builder, const soma_cl_conv *conv, bool back) {
    const classes of = classes_of(conv, back, ACROSS);
    /* A processor's groups go through all classes of their rows, or as many as leave work for every unit. */
    size_t together = soma_cl_works_on_vectors(builder->device) ? of.count : 1;
    const soma_cl_rows share = soma_cl_share_rows(builder->device, of.results, conv->groups * ACROSS * together);
    const size_t row_blocks = soma_cl_pieces(of.results, share.rows_per_group),
                 wanted = SOMA_MAX((size_t)builder->device->info.compute_units, 1u) * GROUPS_PER_UNIT;
    together = soma_cl_pieces(together, soma_cl_pieces(wanted, row_blocks));
    soma_cl_expect_loops(builder, (conv->taps + ACROSS) * soma_cl_pieces(conv->groups, share.lanes));
    char option[32];
    soma_cl_begin(builder, "conv_depthwise.cl", "conv_depthwise", "%s%s%s -DLANES=%u -DROWS=%u",
                  function_option(conv, option), depthwise_options(builder, conv, back), addend_option(builder),
                  share.lanes, share.rows);
    soma_cl_pass_conv(builder, conv);
    if (soma_cl_works_on_vectors(builder->device)) {
        soma_cl_pass_u32(builder, back);
        soma_cl_pass_u32(builder, (uint32_t)together);
    }
    soma_cl_pass_size(builder, share.rows_per_group);
    soma_cl_pass_size(builder, row_blocks);
    pass_function(builder, conv);
    pass_epilogue(builder, conv);
    soma_cl_end(builder, share.lanes, share.rows, 1, soma_cl_pieces(of.count, together) * row_blocks);
}

size_t soma_cl_conv_block(const soma_cl_conv *conv) {
    return (size_t)conv->style->panels * conv->style->width * (soma_cl_conv_is_narrow(conv) ? 1 : 2);
}

static void launch_vector(soma_cl_builder *builder, const soma_cl_conv *conv, bool back) {
    const soma_cl_device *device = builder->device;
    const soma_cl_style *style = conv->style;
    const bool narrow = soma_cl_conv_is_narrow(conv);
    const size_t tile_rows = narrow ? style->narrow_rows : style->wide_rows;
    const size_t blocks = conv->groups * soma_cl_pieces(conv->columns, soma_cl_conv_block(conv));
    const size_t groups = SOMA_MAX((size_t)device->info.compute_units, 1u) * GROUPS_PER_UNIT;
    const classes of = classes_of(conv, back, 1);
    const size_t share = soma_cl_pieces(of.results, soma_cl_pieces(groups, blocks));
    const soma_cl_conv_bands bands =
        soma_cl_conv_cut(conv, back, style->depth, BAND_POINTS, soma_round_up(share, tile_rows));
    const size_t each = SOMA_MAX(soma_cl_pieces(bands.count, soma_cl_pieces(groups, blocks)), (size_t)1),
                 band_blocks = soma_cl_pieces(bands.count, each);
    soma_cl_begin_styled(builder, style, "conv_vector.cl", narrow ? "conv_vector_narrow" : "conv_vector_wide");
    soma_cl_pass_conv(builder, conv);
    soma_cl_pass_u32(builder, back);
    soma_cl_pass_bands(builder, &bands);
    /* The weights that a group packs serve all of its bands; classes are groups of their own, in lists, too. */
    if (of.count == 1)
        soma_cl_pass_rows(builder, each, bands.count);
    else
        soma_cl_pass_size(builder, each);
    soma_cl_pass_size(builder, band_blocks);
    pass_function(builder, conv);
    pass_epilogue(builder, conv);
    soma_cl_end(builder, 1, 1, blocks, of.count * band_blocks);
}

size_t soma_cl_conv_tile_passes(size_t inner) {
    const size_t loads = SOMA_CL_CONV_DEPTH * SOMA_CL_CONV_TILE / (SOMA_CL_CONV_SIDE * SOMA_CL_CONV_SIDE);
    return soma_cl_pieces(inner, SOMA_CL_CONV_DEPTH) * (2 * (loads + 1) + 2 * SOMA_CL_CONV_DEPTH + 3) + 128;
}

static void launch_tile(soma_cl_builder *builder, const soma_cl_conv *conv, bool back) {
    const classes of = classes_of(conv, back, 1);
    const size_t tiles = soma_cl_pieces(of.results, SOMA_CL_CONV_TILE);
    soma_cl_expect_loops(builder, soma_cl_conv_tile_passes(conv->taps * conv->inner));
    char option[32];
    soma_cl_begin(builder, "conv_tile.cl", "conv_tile", "%s%s%s -DSIDE=%d -DDEPTH=%d", function_option(conv, option),
                  back ? " -DBACK" : "", addend_option(builder), SOMA_CL_CONV_SIDE, SOMA_CL_CONV_DEPTH);
    soma_cl_pass_conv(builder, conv);
    soma_cl_pass_size(builder, tiles);
    soma_cl_pass_size(builder, 0);
    pass_function(builder, conv);
    soma_cl_pass_float(builder, 1);
    soma_cl_pass_float(builder, 0);
    pass_epilogue(builder, conv);
    soma_cl_end(builder, SOMA_CL_CONV_SIDE, SOMA_CL_CONV_SIDE, of.count * tiles,
                conv->groups * soma_cl_pieces(conv->columns, SOMA_CL_CONV_TILE));
}

void soma_cl_launch_conv(soma_cl_builder *builder, bool back) {
    const soma_cl_conv conv = soma_cl_conv_of(builder, 0, 1, builder->call->view_count - 1);
    if (conv.results == 0 || conv.columns == 0) return;
    if (soma_cl_is_depthwise(&conv))
        launch_depthwise(builder, &conv, back);
    else if (soma_cl_works_on_vectors(builder->device))
        launch_vector(builder, &conv, back);
    else
        launch_tile(builder, &conv, back);
}

void soma_cl_write_conv(soma_cl_builder *builder) {
    soma_cl_launch_conv(builder, false);
}

void soma_cl_write_conv_add(soma_cl_builder *builder) {
    soma_cl_launch_conv(builder, false);
}
