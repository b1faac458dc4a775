/* SPDX-License-Identifier: MIT */
/* What convolution leaves out at the edges: see edges.h. */
#include "device/cpu/conv/edges.h"

/* Points of a class in a band, at least: a tile of fewer rows leaves multipliers idle. */
#define LEAST_POINTS 3
/* Points of a band so large that a few such tiles don't count. */
#define LARGE_BAND 512
/* More than any band has. */
#define MANY_IMAGES (1 << 16)
/* Terms of a sum, at least: with fewer, more tiles cost more than it saves. */
#define LEAST_TERMS 128
/* Runs of all taps at most, and channels at least: tiles then end where a tap's channels do. */
#define MAX_TAP_RUNS   16384
#define LEAST_CHANNELS 12

enum { ROWS, COLUMNS }; /* the last two of the axes */

static const conv_axis *axis_of(const conv_pass *pass, int which) {
    return &pass->axis[which + 1];
}

static soma_range all_points(const conv_axis *axis) {
    return (soma_range){0, axis->count};
}

static soma_range all_taps(const conv_axis *axis) {
    return (soma_range){0, axis->taps};
}

static bool is_inside(const conv_axis *axis, size_t point, size_t tap) {
    int64_t place = (int64_t)(point * axis->stride) + axis->offset + (int64_t)tap * axis->offset_step;
    return place >= 0 && place < (int64_t)axis->from;
}

static soma_range taps_inside(const conv_axis *axis, size_t point) {
    soma_range taps = all_taps(axis);
    while (taps.begin < taps.end && !is_inside(axis, point, taps.begin)) taps.begin++;
    while (taps.begin < taps.end && !is_inside(axis, point, taps.end - 1)) taps.end--;
    return taps;
}

static soma_range points_inside(const conv_axis *axis, size_t tap) {
    soma_range points = all_points(axis);
    while (points.begin < points.end && !is_inside(axis, points.begin, tap)) points.begin++;
    while (points.begin < points.end && !is_inside(axis, points.end - 1, tap)) points.end--;
    return points;
}

/* --------------------------------------------------------------------------------------------- classes of points */

typedef struct stretch {
    soma_range points, taps;
} stretch;

/* `others`: points of a band for each point of this axis. One stretch of all where any would be too short. */
static size_t stretches_of(const conv_axis *axis, size_t others, bool possible, stretch *all) {
    size_t count = 0, least = soma_cpu_parts(LEAST_POINTS, SOMA_MAX(others, (size_t)1));
    for (size_t point = 0; possible && point < axis->count; point++) {
        soma_range taps = taps_inside(axis, point);
        if (count && all[count - 1].taps.begin == taps.begin && all[count - 1].taps.end == taps.end) {
            all[count - 1].points.end++;
            continue;
        }
        possible = count < CONV_STRETCHES && (!count || soma_range_length(all[count - 1].points) >= least);
        if (possible) all[count++] = (stretch){{point, point + 1}, taps};
    }
    if (possible && count && soma_range_length(all[count - 1].points) >= least) return count;
    all[0] = (stretch){all_points(axis), all_taps(axis)};
    return 1;
}

static bool can_have_classes(const conv_pass *pass) {
    return pass->k >= LEAST_TERMS && pass->from_channels > 1 && pass->axis[0].taps <= CONV_RUNS;
}

/* Whether no tap of the first axis, which has no stretches, lies outside for any point. */
static bool planes_are_inside(const conv_pass *pass) {
    const conv_axis *planes = &pass->axis[0];
    for (size_t tap = 0; tap < planes->taps; tap++)
        if (soma_range_length(points_inside(planes, tap)) < planes->count) return false;
    return true;
}

static bool are_inside(const conv_axis *axis, const stretch *all, size_t count) {
    for (size_t i = 0; i < count; i++)
        for (size_t tap = all[i].taps.begin; tap < all[i].taps.end; tap++)
            if (!is_inside(axis, all[i].points.begin, tap) || !is_inside(axis, all[i].points.end - 1, tap))
                return false;
    return true;
}

/* Each stretch of rows with each of columns, however few their points are; 0 where they don't leave out all that is
 * outside, or are too many. */
static size_t all_classes(const conv_pass *pass, conv_class classes[CONV_CLASSES]) {
    const conv_axis *rows = axis_of(pass, ROWS), *columns = axis_of(pass, COLUMNS);
    stretch row[CONV_STRETCHES], column[CONV_STRETCHES];
    bool possible = can_have_classes(pass) && pass->axis[0].taps * rows->taps <= CONV_RUNS;
    size_t row_count = stretches_of(rows, LEAST_POINTS, possible, row), count = 0;
    size_t column_count = stretches_of(columns, LEAST_POINTS, possible, column);
    if (row_count * column_count > CONV_CLASSES || !are_inside(rows, row, row_count) ||
        !are_inside(columns, column, column_count))
        return 0;
    for (size_t i = 0; i < row_count; i++)
        for (size_t j = 0; j < column_count; j++)
            classes[count++] = (conv_class){{row[i].points, column[j].points}, {row[i].taps, column[j].taps}};
    return count;
}

/* Bands of so many images, however many threads and images there are. */
static soma_status choose_bands_of(conv_pass *pass, size_t images) {
    pass->images = images;
    return soma_cpu_conv_choose_bands(pass, CONV_BAND_POINTS);
}

/* Where classes leave out all that is outside, and a band of many images would have enough points of each. */
static bool has_all_classes(const conv_pass *pass, size_t units) {
    conv_class classes[CONV_CLASSES];
    conv_pass many = *pass;
    many.in_place = planes_are_inside(pass) && all_classes(pass, classes) > 0;
    return many.in_place && choose_bands_of(&many, MANY_IMAGES) == SOMA_OK && many.band_count == many.bands[0] &&
           (many.band[0] >= LEAST_POINTS || (units == 1 && many.band_points >= LARGE_BAND));
}

soma_status soma_cpu_conv_choose_classed_bands(conv_pass *pass, size_t points, size_t units) {
    pass->in_place = has_all_classes(pass, units);
    return soma_cpu_conv_choose_bands(pass, points);
}

/* Images of the thread that has most, where each makes its own tasks. */
static size_t most_images(const conv_pass *pass, size_t of_band, size_t tasks, size_t threads) {
    size_t bands = soma_cpu_parts(pass->images, of_band), used = SOMA_MIN(tasks, bands);
    return SOMA_MIN(soma_cpu_even_part(used / threads, bands, used).begin * of_band, pass->images);
}

soma_status soma_cpu_conv_choose_even_bands(conv_pass *pass, size_t points, size_t units, size_t tasks,
                                            size_t threads) {
    SOMA_TRY(soma_cpu_conv_choose_classed_bands(pass, points, units));
    size_t most = pass->band[0], best = most;
    if (threads == 1 || pass->band_count != pass->bands[0] || pass->band_count < tasks) return SOMA_OK;
    for (size_t of_band = most; 2 * of_band > most; of_band--)
        if (most_images(pass, of_band, tasks, threads) < most_images(pass, best, tasks, threads)) best = of_band;
    if (best == most) return SOMA_OK;
    return soma_cpu_conv_choose_classed_bands(pass, pass->band_points / most * best, units);
}

size_t soma_cpu_conv_classes(const conv_pass *pass, conv_class classes[CONV_CLASSES]) {
    const conv_axis *rows = axis_of(pass, ROWS), *columns = axis_of(pass, COLUMNS);
    size_t taps = pass->axis[0].taps, count = 0, narrow;
    bool possible = can_have_classes(pass);
    if (pass->in_place && (count = all_classes(pass, classes)) > 0) return count;
    conv_pass one = *pass; /* the pass's own bands hang on threads */
    (void)choose_bands_of(&one, 1);
    stretch row[CONV_STRETCHES], column[CONV_STRETCHES];
    size_t row_count = stretches_of(rows, one.band[1] * one.band[3], possible, row);
    for (size_t i = 0; i < row_count; i++) {
        if (soma_range_length(row[i].taps) < rows->taps) {
            classes[count++] = (conv_class){{row[i].points, all_points(columns)}, {row[i].taps, all_taps(columns)}};
            continue;
        }
        size_t together = SOMA_MIN(soma_range_length(row[i].points), one.band[2]);
        narrow = stretches_of(columns, one.band[1] * together, possible && taps * rows->taps <= CONV_RUNS, column);
        for (size_t j = 0; j < narrow; j++)
            classes[count++] = (conv_class){{row[i].points, column[j].points}, {row[i].taps, column[j].taps}};
    }
    return count;
}

conv_runs soma_cpu_conv_class_runs(const conv_pass *pass, const conv_class *class, soma_range k,
                                   conv_run run[CONV_RUNS]) {
    size_t rows = axis_of(pass, ROWS)->taps, columns = axis_of(pass, COLUMNS)->taps, count = 0, last = 0;
    for (size_t plane = 0; plane < pass->axis[0].taps; plane++)
        for (size_t row = class->tap[ROWS].begin; row < class->tap[ROWS].end; row++) {
            size_t tap = (plane * rows + row) * columns;
            size_t begin = SOMA_MAX((tap + class->tap[COLUMNS].begin) * pass->from_channels, k.begin),
                   end = SOMA_MIN((tap + class->tap[COLUMNS].end) * pass->from_channels, k.end);
            if (begin >= end) continue;
            if (count && last == begin)
                run[count - 1].end = (uint32_t)(end - k.begin);
            else
                run[count++] = (conv_run){(uint32_t)(begin - k.begin), (uint32_t)(end - k.begin)};
            last = end;
        }
    return (conv_runs){count, run};
}

/* Those of the class that are in the band, from its first point. */
static soma_range in_band(soma_range points, const conv_band *band, int dimension) {
    size_t first = band->first[dimension], count = band->count[dimension];
    size_t begin = SOMA_MIN(SOMA_MAX(points.begin, first) - first, count),
           end = SOMA_MIN(SOMA_MAX(points.end, first) - first, count);
    return (soma_range){begin, end};
}

void soma_cpu_conv_sort(const conv_pass *pass, const conv_band *band, size_t classes, const conv_class *class,
                        uint32_t *room, conv_order *order) {
    uint32_t *pixel = room, *to = room + pass->band_points;
    const size_t *extent = pass->band;
    *order = (conv_order){classes > 1 ? pixel : pass->pixel, classes > 1 ? to : pass->to, {band->points}};
    for (size_t i = 0, count = 0; classes > 1 && i < classes; i++) {
        soma_range row = in_band(class[i].point[ROWS], band, 2), column = in_band(class[i].point[COLUMNS], band, 3);
        for (size_t image = 0; image < band->count[0]; image++)
            for (size_t plane = 0; plane < band->count[1]; plane++)
                for (size_t y = row.begin; y < row.end; y++) {
                    size_t first = ((image * extent[1] + plane) * extent[2] + y) * extent[3];
                    for (size_t x = first + column.begin; x < first + column.end; x++, count++) {
                        pixel[count] = pass->pixel[x];
                        to[count] = pass->to[x];
                    }
                }
        order->end[i] = count;
    }
}

/* ----------------------------------------------------------------------------------------------- runs of points */

static size_t planes_of(const conv_pass *pass, size_t images) {
    return images * pass->axis[0].count;
}

/* Runs of a plane, of a tap: its rows, or one where they are whole and therefore follow each other. */
static size_t runs_of_plane(const conv_pass *pass, size_t tap) {
    const conv_axis *rows = axis_of(pass, ROWS), *columns = axis_of(pass, COLUMNS);
    soma_range row = points_inside(rows, tap / columns->taps), column = points_inside(columns, tap % columns->taps);
    if (soma_range_length(row) == 0 || soma_range_length(column) == 0) return 0;
    return soma_range_length(column) == columns->count ? 1 : soma_range_length(row);
}

static size_t slot_of(const conv_pass *pass) {
    return planes_of(pass, pass->band[0]) * axis_of(pass, ROWS)->count;
}

size_t soma_cpu_conv_tap_runs_size(const conv_pass *pass) {
    const conv_axis *rows = axis_of(pass, ROWS), *columns = axis_of(pass, COLUMNS);
    bool padded = false;
    if (pass->from_channels < LEAST_CHANNELS || pass->band_count != pass->bands[0]) return 0;
    for (size_t tap = 0; tap < rows->taps; tap++)
        padded = padded || soma_range_length(points_inside(rows, tap)) < rows->count;
    for (size_t tap = 0; tap < columns->taps; tap++)
        padded = padded || soma_range_length(points_inside(columns, tap)) < columns->count;
    double size = (double)(rows->taps * columns->taps) * (double)slot_of(pass);
    return padded && size <= MAX_TAP_RUNS ? (size_t)size : 0;
}

soma_status soma_cpu_conv_choose_tapped_bands(conv_pass *pass, size_t points) {
    pass->in_place = planes_are_inside(pass);
    if (pass->in_place && soma_cpu_conv_choose_bands(pass, points) == SOMA_OK && soma_cpu_conv_tap_runs_size(pass))
        return SOMA_OK;
    pass->in_place = false;
    return soma_cpu_conv_choose_bands(pass, points);
}

void soma_cpu_conv_fill_tap_runs(const conv_pass *pass, conv_run *run) {
    const conv_axis *rows = axis_of(pass, ROWS), *columns = axis_of(pass, COLUMNS);
    for (size_t tap = 0; tap < rows->taps * columns->taps; tap++, run += slot_of(pass)) {
        soma_range row = points_inside(rows, tap / columns->taps), column = points_inside(columns, tap % columns->taps);
        size_t count = runs_of_plane(pass, tap), together = count == 1 ? soma_range_length(row) : 1;
        for (size_t i = 0; i < planes_of(pass, pass->band[0]) * count; i++) {
            size_t first = (i / count * rows->count + row.begin + i % count) * columns->count;
            run[i] = (conv_run){(uint32_t)(first + column.begin),
                                (uint32_t)(first + (together - 1) * columns->count + column.end)};
        }
    }
}

conv_runs soma_cpu_conv_tap_runs(const conv_pass *pass, const conv_run *run, size_t tap, size_t images) {
    tap %= axis_of(pass, ROWS)->taps * axis_of(pass, COLUMNS)->taps;
    return (conv_runs){planes_of(pass, images) * runs_of_plane(pass, tap), run + tap * slot_of(pass)};
}
