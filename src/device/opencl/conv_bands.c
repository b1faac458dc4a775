/* SPDX-License-Identifier: MIT */
/* How the kernels of convolution for processors cut results and windows: see kernels/conv_vector.cl. */
#include "device/opencl/conv.h"

/* What results of a class see along an axis: as many there are, the places from one's window to the next's, and those
 * that a window reaches over. */
typedef struct axis_view {
    size_t count, step, reach, taps;
} axis_view;

static size_t common_divisor(size_t a, size_t b) {
    while (b) {
        const size_t rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

/* Of the largest class: see kernels/conv.h. */
static axis_view see_axis(const soma_cl_conv *conv, bool back, size_t axis) {
    const size_t stride = conv->params->stride[axis], dilation = conv->params->dilation[axis],
                 size = SOMA_MAX(conv->weight->shape[axis], (size_t)1), span = (size - 1) * dilation;
    if (!back) return (axis_view){conv->result->shape[axis + 1], stride, span + 1, size};
    const size_t every = stride / common_divisor(stride, dilation); /* so many-th element meets a class */
    return (axis_view){soma_cl_pieces(conv->result->shape[axis + 1], stride), 1, span / stride + 1,
                       soma_cl_pieces(size, every)};
}

/* The most results along an axis, of at most `most`, whose box fits beside `others` floats for each place; all bands
 * about the same. At least 1. */
static size_t most_along(const axis_view *along, double others, double room, size_t most) {
    const double places = room / others - (double)along->reach;
    size_t count = places > 0.0 ? (size_t)(places / (double)along->step) + 1 : 1;
    count = SOMA_MAX(SOMA_MIN(SOMA_MIN(count, most), along->count), (size_t)1);
    const size_t bands = soma_cl_pieces(SOMA_MAX(along->count, (size_t)1), count);
    return soma_cl_pieces(SOMA_MAX(along->count, (size_t)1), bands);
}

static double places_of(const axis_view *along, size_t results) {
    return (double)(results - 1) * (double)along->step + (double)along->reach;
}

/* Bands of at most `most` results, where windows have so many channels. */
static void cut_bands(soma_cl_conv_bands *bands, const soma_cl_conv *conv, const axis_view see[3], double planes,
                      double room, size_t most) {
    const axis_view images = {conv->images, 1, 1, 1};
    double floats = planes * (double)SOMA_MAX(bands->part_channels, (size_t)1);
    bands->width = most_along(&see[2], floats * (double)see[1].reach, room, most);
    bands->lines = bands->images = 1;
    floats *= places_of(&see[2], bands->width);
    if (bands->width >= see[2].count) bands->lines = most_along(&see[1], floats, room, most / bands->width);
    floats *= places_of(&see[1], bands->lines);
    if (bands->width >= see[2].count && bands->lines >= see[1].count)
        bands->images = most_along(&images, floats, room, most / (bands->width * bands->lines));
    bands->points = bands->width * bands->lines * bands->images;
    bands->count = soma_cl_pieces(see[2].count, bands->width) * soma_cl_pieces(see[1].count, bands->lines) *
                   see[0].count * soma_cl_pieces(conv->images, bands->images);
}

/* So many results of a band fill the tiles well. */
#define ENOUGH_POINTS 24

soma_cl_conv_bands soma_cl_conv_cut(const soma_cl_conv *conv, bool back, size_t depth, size_t most, size_t share) {
    const size_t fewer = SOMA_MIN(share, most);
    const double room = conv->style->box;
    axis_view see[3];
    for (size_t axis = 0; axis < 3; axis++) see[axis] = see_axis(conv, back, axis);
    /* With boxes for windows as a whole, so that each comes but once: they have all channels. */
    soma_cl_conv_bands bands = {.part_channels = conv->inner};
    const double window = (double)see[0].taps * (double)see[1].reach * (double)see[2].reach * (double)conv->inner;
    if (conv->inner <= depth && window <= room) {
        const size_t taps = SOMA_MAX(see[0].taps * see[1].taps * see[2].taps, (size_t)1);
        const size_t parts = soma_cl_pieces(taps, depth / SOMA_MAX(conv->inner, (size_t)1));
        bands.part_taps = soma_cl_pieces(taps, parts);
        cut_bands(&bands, conv, see, (double)see[0].taps, room, most);
        const bool enough = bands.points >= ENOUGH_POINTS;
        if (enough && fewer < most) cut_bands(&bands, conv, see, (double)see[0].taps, room, fewer);
        if (enough) return bands;
    }
    soma_cl_conv_bands apart = {.part_taps = 1, .apart = 1};
    const size_t channel_parts = soma_cl_pieces(conv->inner, SOMA_MIN(depth, (size_t)conv->style->box));
    apart.part_channels = soma_cl_pieces(conv->inner, SOMA_MAX(channel_parts, (size_t)1));
    const axis_view whole_see[3] = {see[0], see[1], see[2]};
    for (size_t axis = 0; axis < 3; axis++) see[axis].reach = 1;
    cut_bands(&apart, conv, see, 1.0, room, most);
    /* What the other has too little of may be all that there is. */
    const bool whole = bands.points && bands.points >= apart.points;
    if (fewer < most) {
        cut_bands(&apart, conv, see, 1.0, room, fewer);
        cut_bands(&bands, conv, whole_see, (double)see[0].taps, room, fewer);
    }
    return whole ? bands : apart;
}

void soma_cl_pass_bands(soma_cl_builder *builder, const soma_cl_conv_bands *bands) {
    soma_cl_pass_u32(builder, (uint32_t)bands->images);
    soma_cl_pass_u32(builder, (uint32_t)bands->lines);
    soma_cl_pass_u32(builder, (uint32_t)bands->width);
    soma_cl_pass_u32(builder, bands->apart);
    soma_cl_pass_u32(builder, (uint32_t)SOMA_MAX(bands->part_taps, (size_t)1));
    soma_cl_pass_u32(builder, (uint32_t)SOMA_MAX(bands->part_channels, (size_t)1));
}
