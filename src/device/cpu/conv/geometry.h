/* SPDX-License-Identifier: MIT */
/*
 * What the kernels of convolution walk over.
 *
 * A pass makes the points of a grid of places in `to`, each from the places of `from` that its taps lie on: CONV is one
 * pass. CONV_DATA_GRAD is one for each residue of dx's places by the stride, since these have the same taps:
 * p = q stride + k dilation - before has a solution q for every (stride / gcd)-th k, and the next k of them means the
 * (dilation / gcd)-th q before. So along each axis taps and places are arithmetic progressions.
 *
 * A band is a box of the grid small enough for a cache: part of a row, or rows, planes, images, whole in all dimensions
 * further in. What a band reads of `from` is a box, too. Where the taps reach over from's edges, it is copied into
 * scratch memory, with the zeros that are around it, unless all of these are left out (edges.h); else it stays where it
 * is. Then what point `pixel` needs for tap and channel `element` lies at box[pixel[..] + element[..]], and these two
 * tables are the same for all bands.
 */
#ifndef SOMA_DEVICE_CPU_CONV_GEOMETRY_H
#define SOMA_DEVICE_CPU_CONV_GEOMETRY_H

#include "device/cpu/cpu.h"

/* Along one of the three dimensions: tap j of point q lies at q * stride + offset + j * offset_step in `from`, and
 * stands at kernel + j * kernel_step in the weights. Point q is at base + q * step in `to`. */
typedef struct conv_axis {
    size_t from, to; /* extents */
    size_t count;    /* points */
    size_t base, step;
    size_t stride;
    size_t taps;
    int64_t offset, offset_step;
    int64_t kernel, kernel_step;
} conv_axis;

/* Dimensions of a grid: images, and the three axes. */
enum { CONV_DIMENSIONS = 4 };

typedef struct conv_pass {
    conv_axis axis[3];
    size_t images;
    size_t groups, from_channels, to_channels; /* channels of a group */
    size_t k;                                  /* elements of a sum: taps * from_channels */

    size_t band[CONV_DIMENSIONS], bands[CONV_DIMENSIONS]; /* points of a band, and how many bands, in each dimension */
    size_t band_points, band_count;
    bool in_place;               /* nothing outside `from` is read; may be set before bands are chosen: see edges.h */
    size_t box[CONV_DIMENSIONS]; /* extents of the box of a band */
    size_t from_stride[CONV_DIMENSIONS]; /* floats from place to place, in the box or in `from` */
    const uint32_t *pixel;               /* [band_points] */
    const uint32_t *to;                  /* [band_points]: from the band's first point, in `to` */
    const uint32_t *element;             /* [k] */
} conv_pass;

/* The points of one band, and where it begins. */
typedef struct conv_band {
    size_t first[CONV_DIMENSIONS], count[CONV_DIMENSIONS];
    size_t points;
    size_t to; /* the first point's place, in floats */
} conv_band;

/* Of a CONV: weights[3] are the kernel's extents. Of its weights' gradient, too. */
conv_pass soma_cpu_conv_forward(const soma_conv_params *params, const soma_view *x, const soma_view *weight,
                                const soma_view *y);

/* How many passes a CONV_DATA_GRAD takes, and the index-th of them. */
size_t soma_cpu_conv_residues(const soma_conv_params *params, const soma_view *dx);
conv_pass soma_cpu_conv_residue(const soma_conv_params *params, const soma_view *dy, const soma_view *weight,
                                const soma_view *dx, size_t index);

/* Leaves out taps that lie outside `from` for every point. */
void soma_cpu_conv_trim(conv_pass *pass);

/* Chooses bands whose boxes fit a cache, and which have at most so many points, if at all possible. SOMA_UNSUPPORTED
 * where even a single point needs a huge box. */
soma_status soma_cpu_conv_choose_bands(conv_pass *pass, size_t points);

/* Entries that soma_cpu_conv_fill_tables() needs; it returns the first that is left. */
size_t soma_cpu_conv_table_size(const conv_pass *pass);
uint32_t *soma_cpu_conv_fill_tables(conv_pass *pass, uint32_t *tables);

/* Floats of a box of scratch memory; 0 where none is needed. */
size_t soma_cpu_conv_box_size(const conv_pass *pass);

conv_band soma_cpu_conv_band(const conv_pass *pass, size_t index);

/* Whether two bands have the same points, of different images. */
static inline bool soma_cpu_conv_alike(const conv_band *a, const conv_band *b) {
    for (int dimension = 0; dimension < CONV_DIMENSIONS; dimension++)
        if (a->count[dimension] != b->count[dimension] || (dimension && a->first[dimension] != b->first[dimension]))
            return false;
    return true;
}

/* Where the band's elements lie: copied into `box`, or in place. */
const float *soma_cpu_conv_source(const conv_pass *pass, const conv_band *band, const float *from, float *box);

/* Floats of `from` that the band reads, with what is between; none where that is most of them. */
soma_range soma_cpu_conv_span(const conv_pass *pass, const conv_band *band);

/* Where tap `index` stands among the weights' [kd, kh, kw] places. */
size_t soma_cpu_conv_tap(const conv_pass *pass, const size_t kernel[3], size_t index);

static inline size_t soma_cpu_conv_taps(const conv_pass *pass) {
    return pass->axis[0].taps * pass->axis[1].taps * pass->axis[2].taps;
}

#endif
