/* SPDX-License-Identifier: MIT */
/* Passes, bands and boxes of convolution: see geometry.h. */
#include "device/cpu/conv/geometry.h"

#include <math.h>
#include <string.h>

/* Floats of a band's box. Where there are so many weights that they come from beyond the L2 cache, larger boxes, so
 * that more points share their coming. */
#define BOX_FLOATS       (48 * 1024)
#define LARGE_BOX_FLOATS (96 * 1024)
#define MANY_WEIGHTS     (256 * 1024)
/* Floats of the largest box that a single point may need. */
#define MAX_BOX ((double)(1 << 24))
/* Floats of the largest one that is made so that there are as many points as gaps in it. */
#define MAX_GAPS ((double)(1 << 21))

static conv_pass make_pass(const soma_conv_params *params, const soma_view *from, const soma_view *to) {
    return (conv_pass){.images = from->shape[0],
                       .groups = params->groups,
                       .from_channels = from->shape[4] / params->groups,
                       .to_channels = to->shape[4] / params->groups};
}

static void count_elements(conv_pass *pass) {
    pass->k = soma_cpu_conv_taps(pass) * pass->from_channels;
}

conv_pass soma_cpu_conv_forward(const soma_conv_params *params, const soma_view *x, const soma_view *weight,
                                const soma_view *y) {
    conv_pass pass = make_pass(params, x, y);
    for (int d = 0; d < 3; d++)
        pass.axis[d] = (conv_axis){.from = x->shape[d + 1],
                                   .to = y->shape[d + 1],
                                   .count = y->shape[d + 1],
                                   .step = 1,
                                   .stride = params->stride[d],
                                   .taps = weight->shape[d],
                                   .offset = -(int64_t)params->before[d],
                                   .offset_step = params->dilation[d],
                                   .kernel_step = 1};
    count_elements(&pass);
    return pass;
}

/* ---------------------------------------------------------------------------------------------------- residues */

static uint64_t common_divisor(uint64_t a, uint64_t b) {
    while (b) {
        uint64_t rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

static size_t residues_along(const soma_conv_params *params, const soma_view *dx, int d) {
    return SOMA_MIN((size_t)params->stride[d], dx->shape[d + 1]);
}

size_t soma_cpu_conv_residues(const soma_conv_params *params, const soma_view *dx) {
    size_t count = 1;
    for (int d = 0; d < 3; d++) count *= residues_along(params, dx, d);
    return count;
}

/* Points residue, residue + stride, ... of dx. Taps in the order of their places in dy: from the last k down. */
static conv_axis residue_axis(const soma_conv_params *params, size_t from, size_t kernel, size_t to, int d,
                              size_t residue) {
    int64_t stride = params->stride[d], dilation = params->dilation[d];
    int64_t divisor = (int64_t)common_divisor((uint64_t)stride, (uint64_t)dilation), k_step = stride / divisor;
    int64_t start = (int64_t)residue + params->before[d], first = 0, end = SOMA_MIN(k_step, (int64_t)kernel);
    while (first < end && (start - first * dilation) % stride != 0) first++;
    conv_axis axis = {.from = from,
                      .to = to,
                      .count = (to - residue + (size_t)stride - 1) / (size_t)stride,
                      .base = residue,
                      .step = (size_t)stride,
                      .stride = 1,
                      .offset_step = dilation / divisor,
                      .kernel_step = -k_step};
    if (first == end) return axis;
    axis.taps = ((size_t)((int64_t)kernel - 1 - first)) / (size_t)k_step + 1;
    axis.kernel = first + (int64_t)(axis.taps - 1) * k_step;
    axis.offset = (start - axis.kernel * dilation) / stride;
    return axis;
}

conv_pass soma_cpu_conv_residue(const soma_conv_params *params, const soma_view *dy, const soma_view *weight,
                                const soma_view *dx, size_t index) {
    conv_pass pass = make_pass(params, dy, dx);
    for (int d = 2; d >= 0; d--) {
        size_t along = residues_along(params, dx, d);
        pass.axis[d] = residue_axis(params, dy->shape[d + 1], weight->shape[d], dx->shape[d + 1], d, index % along);
        index /= along;
    }
    count_elements(&pass);
    return pass;
}

void soma_cpu_conv_trim(conv_pass *pass) {
    for (int d = 0; d < 3; d++) {
        conv_axis *axis = &pass->axis[d];
        int64_t reach = axis->count ? (int64_t)((axis->count - 1) * axis->stride) : 0;
        while (axis->taps && axis->offset + reach < 0) {
            axis->offset += axis->offset_step;
            axis->kernel += axis->kernel_step;
            axis->taps--;
        }
        while (axis->taps && axis->offset + (int64_t)(axis->taps - 1) * axis->offset_step >= (int64_t)axis->from)
            axis->taps--;
    }
    count_elements(pass);
}

size_t soma_cpu_conv_tap(const conv_pass *pass, const size_t kernel[3], size_t index) {
    size_t place[3];
    for (int d = 2; d >= 0; d--) {
        const conv_axis *axis = &pass->axis[d];
        place[d] = (size_t)(axis->kernel + (int64_t)(index % axis->taps) * axis->kernel_step);
        index /= axis->taps;
    }
    return (place[0] * kernel[1] + place[1]) * kernel[2] + place[2];
}

/* ------------------------------------------------------------------------------------------------------- bands */

static size_t points_along(const conv_pass *pass, int dimension) {
    return dimension ? pass->axis[dimension - 1].count : pass->images;
}

/* Places of `from` that so many points reach over, with all that is between. */
static double reach(const conv_pass *pass, int dimension, size_t points) {
    if (dimension == 0) return (double)points;
    const conv_axis *axis = &pass->axis[dimension - 1];
    double taps = axis->taps ? (double)(axis->taps - 1) * (double)axis->offset_step : 0.0;
    return ((double)points - 1.0) * (double)axis->stride + taps + 1.0;
}

static bool is_inside(const conv_pass *pass) {
    for (int d = 0; d < 3; d++) {
        const conv_axis *axis = &pass->axis[d];
        if (pass->k == 0 || axis->count == 0) return true;
        if (axis->offset < 0 || (double)axis->offset + reach(pass, d + 1, axis->count) > (double)axis->from)
            return false;
    }
    return true;
}

/* Whether there are places between those that a point reads. */
static bool has_gaps(const conv_pass *pass, int dimension) {
    return dimension && pass->axis[dimension - 1].taps > 1 && pass->axis[dimension - 1].offset_step > 1;
}

/*
 * Whether so many points are no more than a band should have, where one reaches over `one` places. In place, what
 * counts is what they read: gaps cost nothing. In a box gaps are copied for each band: half of it, at least, should be
 * points.
 */
static bool fits(const conv_pass *pass, int dimension, double box, double one, size_t floats, size_t points) {
    const double all = reach(pass, dimension, points);
    if (box * all <= (double)floats) return true;
    if (!has_gaps(pass, dimension)) return false;
    if (pass->in_place) return box * (double)points * (double)pass->axis[dimension - 1].taps <= (double)floats;
    return all <= 2 * one && box * all <= MAX_GAPS;
}

/* The most points along one dimension, the others as they are. */
static size_t most_points(const conv_pass *pass, int dimension, double box, size_t others, size_t floats,
                          size_t points) {
    size_t count = points_along(pass, dimension), low = 1, high = SOMA_MIN(count, SOMA_MAX(points / others, (size_t)1));
    const double one = reach(pass, dimension, 1);
    while (low < high) {
        size_t middle = high - (high - low) / 2;
        if (fits(pass, dimension, box, one, floats, middle))
            low = middle;
        else
            high = middle - 1;
    }
    return soma_cpu_parts(count, soma_cpu_parts(count, low)); /* all bands about the same */
}

/* Floats from point to point in `to`, along a dimension. */
static size_t to_stride(const conv_pass *pass, int dimension) {
    size_t stride = pass->groups * pass->to_channels;
    for (int d = 2; d >= dimension; d--) stride *= pass->axis[d].to;
    return dimension ? stride * pass->axis[dimension - 1].step : stride;
}

/* Whether the tables' 32 bits reach in place, where points and taps may lie far outside; in a box they do. */
static bool tables_reach(const conv_pass *pass) {
    double before = 0.0, point = ((double)pass->band[0] - 1.0) * (double)pass->from_stride[0],
           element = (double)pass->from_channels;
    for (int d = 0; d < 3 && pass->k; d++) {
        const conv_axis *axis = &pass->axis[d];
        double floats = (double)pass->from_stride[d + 1];
        before += fabs((double)axis->offset) * floats;
        point += ((double)pass->band[d + 1] - 1.0) * (double)axis->stride * floats;
        element += ((double)axis->taps - 1.0) * (double)axis->offset_step * floats;
    }
    return SOMA_MAX(before, SOMA_MAX(point, element)) <= (double)UINT32_MAX;
}

static soma_status set_strides(conv_pass *pass) {
    size_t stride = pass->groups * pass->from_channels;
    double floats = (double)stride;
    for (int dimension = CONV_DIMENSIONS - 1; dimension >= 0; dimension--) {
        double extent = reach(pass, dimension, pass->band[dimension]);
        if (pass->in_place && dimension) extent = (double)pass->axis[dimension - 1].from;
        floats *= extent;
        if (floats > (pass->in_place ? (double)UINT32_MAX : 2.0 * MAX_BOX)) return SOMA_UNSUPPORTED;
        pass->box[dimension] = (size_t)extent;
        pass->from_stride[dimension] = stride;
        stride *= pass->box[dimension];
    }
    double to = 0.0; /* the last point's */
    for (int dimension = 0; dimension < CONV_DIMENSIONS; dimension++)
        to += ((double)pass->band[dimension] - 1.0) * (double)to_stride(pass, dimension);
    if (to > (double)UINT32_MAX || (pass->in_place && !tables_reach(pass))) return SOMA_UNSUPPORTED;
    return SOMA_OK;
}

soma_status soma_cpu_conv_choose_bands(conv_pass *pass, size_t points) {
    size_t weights = pass->k * pass->groups * pass->to_channels;
    size_t floats = weights > MANY_WEIGHTS ? LARGE_BOX_FLOATS : BOX_FLOATS;
    double box = (double)(pass->groups * pass->from_channels);
    for (int dimension = 1; dimension < CONV_DIMENSIONS; dimension++) box *= reach(pass, dimension, 1);
    pass->in_place = pass->in_place || is_inside(pass);
    if (!pass->in_place && box > MAX_BOX) return SOMA_UNSUPPORTED;
    size_t others = 1;
    bool whole = true;
    pass->band_count = 1;
    for (int dimension = CONV_DIMENSIONS - 1; dimension >= 0; dimension--) {
        size_t count = points_along(pass, dimension);
        box /= reach(pass, dimension, 1);
        pass->band[dimension] = whole && count ? most_points(pass, dimension, box, others, floats, points) : 1;
        pass->bands[dimension] = soma_cpu_parts(count, pass->band[dimension]);
        pass->band_count *= pass->bands[dimension];
        others *= pass->band[dimension];
        box *= reach(pass, dimension, pass->band[dimension]);
        whole = whole && pass->bands[dimension] == 1;
    }
    pass->band_points = others;
    return set_strides(pass);
}

/* ------------------------------------------------------------------------------------------------------ tables */

size_t soma_cpu_conv_table_size(const conv_pass *pass) {
    return 2 * pass->band_points + pass->k;
}

uint32_t *soma_cpu_conv_fill_tables(conv_pass *pass, uint32_t *tables) {
    uint32_t *pixel = tables, *to = pixel + pass->band_points, *element = to + pass->band_points;
    pass->pixel = pixel;
    pass->to = to;
    pass->element = element;
    for (size_t point = 0; point < pass->band_points; point++) {
        size_t rest = point, at = 0, there = 0;
        for (int dimension = CONV_DIMENSIONS - 1; dimension >= 0; dimension--) {
            size_t place = rest % pass->band[dimension];
            rest /= pass->band[dimension];
            at += place * pass->from_stride[dimension] * (dimension ? pass->axis[dimension - 1].stride : 1);
            there += place * to_stride(pass, dimension);
        }
        pixel[point] = (uint32_t)at;
        to[point] = (uint32_t)there;
    }
    for (size_t i = 0; i < pass->k; i++) {
        size_t tap = i / pass->from_channels, at = i % pass->from_channels;
        for (int d = 2; d >= 0; d--) {
            at += tap % pass->axis[d].taps * (size_t)pass->axis[d].offset_step * pass->from_stride[d + 1];
            tap /= pass->axis[d].taps;
        }
        element[i] = (uint32_t)at;
    }
    return element + pass->k;
}

size_t soma_cpu_conv_box_size(const conv_pass *pass) {
    return pass->in_place ? 0 : pass->from_stride[0] * pass->box[0];
}

conv_band soma_cpu_conv_band(const conv_pass *pass, size_t index) {
    conv_band band = {.points = 1};
    for (int dimension = CONV_DIMENSIONS - 1; dimension >= 0; dimension--) {
        soma_range range =
            soma_cpu_part(index % pass->bands[dimension], points_along(pass, dimension), pass->band[dimension]);
        index /= pass->bands[dimension];
        band.first[dimension] = range.begin;
        band.count[dimension] = range.end - range.begin;
        band.points *= band.count[dimension];
        band.to += range.begin * to_stride(pass, dimension);
        if (dimension)
            band.to += pass->axis[dimension - 1].base * to_stride(pass, dimension) / pass->axis[dimension - 1].step;
    }
    return band;
}

/* ------------------------------------------------------------------------------------------------------- boxes */

/* The place in `from` of the band's first point and first tap. */
static int64_t first_place(const conv_pass *pass, const conv_band *band, int d) {
    return (int64_t)(band->first[d + 1] * pass->axis[d].stride) + pass->axis[d].offset;
}

/* A row of the box, of which `from` is the row in the image; NULL for one outside. */
static void copy_row(const conv_pass *pass, int64_t first, const float *from, float *row) {
    size_t channels = pass->groups * pass->from_channels, width = pass->box[3];
    int64_t extent = (int64_t)pass->axis[2].from, length = (int64_t)width;
    int64_t begin = SOMA_MIN(SOMA_MAX(-first, (int64_t)0), length),
            end = SOMA_MAX(SOMA_MIN(extent - first, length), begin);
    if (!from || begin == end) {
        memset(row, 0, width * channels * sizeof *row);
        return;
    }
    size_t left = (size_t)begin * channels, right = (size_t)end * channels;
    memset(row, 0, left * sizeof *row);
    memcpy(row + left, from + (size_t)(first + begin) * channels, (right - left) * sizeof *row);
    memset(row + right, 0, (width * channels - right) * sizeof *row);
}

/* Rows of the box that the band's points reach, which are fewer in the last band. */
static size_t reached(const conv_pass *pass, const conv_band *band, int d) {
    return (size_t)reach(pass, d + 1, band->count[d + 1]);
}

static void copy_image(const conv_pass *pass, const conv_band *band, const float *image, float *box) {
    const conv_axis *axis = pass->axis;
    size_t row_floats = axis[2].from * pass->groups * pass->from_channels;
    int64_t depth = first_place(pass, band, 0), height = first_place(pass, band, 1), width = first_place(pass, band, 2);
    for (size_t z = 0; z < reached(pass, band, 0); z++)
        for (size_t y = 0; y < reached(pass, band, 1); y++) {
            int64_t plane = depth + (int64_t)z, row = height + (int64_t)y;
            bool inside = plane >= 0 && plane < (int64_t)axis[0].from && row >= 0 && row < (int64_t)axis[1].from;
            size_t at = inside ? ((size_t)plane * axis[1].from + (size_t)row) * row_floats : 0;
            copy_row(pass, width, inside ? image + at : NULL,
                     box + z * pass->from_stride[1] + y * pass->from_stride[2]);
        }
}

/* Rows, or planes, of the image that the band reads. */
static soma_range places_inside(const conv_pass *pass, const conv_band *band, int d) {
    int64_t first = first_place(pass, band, d), extent = (int64_t)pass->axis[d].from;
    int64_t end = first + (int64_t)reached(pass, band, d);
    soma_range places = {(size_t)SOMA_MIN(SOMA_MAX(first, (int64_t)0), extent),
                         (size_t)SOMA_MIN(SOMA_MAX(end, (int64_t)0), extent)};
    return places;
}

/* How many of them its points need: without the gaps between taps that are further apart than points. */
static size_t places_read(const conv_pass *pass, const conv_band *band, int d) {
    return SOMA_MIN(reached(pass, band, d), band->count[d + 1] * pass->axis[d].taps);
}

soma_range soma_cpu_conv_span(const conv_pass *pass, const conv_band *band) {
    const conv_axis *axis = pass->axis;
    const size_t place = pass->groups * pass->from_channels;
    size_t row = axis[2].from * place, plane = axis[1].from * row, read = band->count[0] * place;
    soma_range planes = places_inside(pass, band, 0), rows = places_inside(pass, band, 1),
               columns = places_inside(pass, band, 2);
    if (pass->k == 0 || planes.begin >= planes.end || rows.begin >= rows.end || columns.begin >= columns.end)
        return (soma_range){0, 0};
    size_t image = band->first[0] * axis[0].from * plane, last = (band->count[0] - 1) * axis[0].from * plane;
    const soma_range span = {image + planes.begin * plane + rows.begin * row + columns.begin * place,
                             image + last + (planes.end - 1) * plane + (rows.end - 1) * row + columns.end * place};
    for (int d = 0; d < 3; d++) read *= places_read(pass, band, d);
    return soma_range_length(span) / 2 > read ? (soma_range){0, 0} : span;
}

const float *soma_cpu_conv_source(const conv_pass *pass, const conv_band *band, const float *from, float *box) {
    if (pass->k == 0) return from;
    size_t image = pass->groups * pass->from_channels;
    for (int d = 0; d < 3; d++) image *= pass->axis[d].from;
    from += band->first[0] * image;
    if (pass->in_place) {
        for (int d = 0; d < 3; d++) from += first_place(pass, band, d) * (int64_t)pass->from_stride[d + 1];
        return from; /* before the image where the first tap lies outside for the first point, which leaves it out */
    }
    for (size_t i = 0; i < band->count[0]; i++)
        copy_image(pass, band, from + i * image, box + i * pass->from_stride[0]);
    return box;
}
