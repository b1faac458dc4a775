/* SPDX-License-Identifier: MIT */
/*
 * Taps in the padding add nothing, and need not be multiplied: at the edges of 8x8 places a third of the taps of a 3x3
 * kernel is left out, 15 % of all.
 *
 * Points that have the same taps inside along an axis are a stretch of it. The stretches of rows, and of columns where
 * all rows of taps are inside, make classes of points, which the same taps reach. Which terms a sum leaves out, all of
 * them products of zeros, so does not hang on anything but the point; the others are summed in the order that they
 * have.
 */
#ifndef SOMA_DEVICE_CPU_CONV_EDGES_H
#define SOMA_DEVICE_CPU_CONV_EDGES_H

#include "device/cpu/conv/geometry.h"

/* Terms of a sum that follow each other. */
typedef struct conv_run {
    uint32_t begin, end;
} conv_run;

typedef struct conv_runs {
    size_t count;
    const conv_run *run;
} conv_runs;

/* Of stretches along an axis; of classes; of the runs of a class. */
#define CONV_STRETCHES 7
#define CONV_CLASSES   (2 * CONV_STRETCHES)
#define CONV_RUNS      32

/* Along the last two axes: points, and the taps that lie inside for them. */
typedef struct conv_class {
    soma_range point[2], tap[2];
} conv_class;

/* Points of a band, at most; fewer where more threads want bands. */
#define CONV_BAND_POINTS 1024

/*
 * Chooses bands (geometry.h). Where classes can be so small that no point reads anything outside, the pass is in place:
 * then nothing is copied. For that a band of CONV_BAND_POINTS must hold whole images, and where the result has several
 * `units` of columns, for each of which tiles of few rows are made, also enough images that there are none. Bands of
 * fewer points, or images, don't change that.
 */
soma_status soma_cpu_conv_choose_classed_bands(conv_pass *pass, size_t points, size_t units);

/* The same; of fewer images, but more than half as many, where so many threads then have more equal shares of those. */
soma_status soma_cpu_conv_choose_even_bands(conv_pass *pass, size_t points, size_t units, size_t tasks, size_t threads);

/* The classes of a pass with bands; one of all points and taps where a class of its own would not be worth it. They
 * hang on the shapes of an image and its kernel alone, not on how many points or images the bands have. */
size_t soma_cpu_conv_classes(const conv_pass *pass, conv_class classes[CONV_CLASSES]);

/* Terms of a class that lie in k, counted from its beginning. */
conv_runs soma_cpu_conv_class_runs(const conv_pass *pass, const conv_class *class, soma_range k,
                                   conv_run run[CONV_RUNS]);

/* The tables `pixel` and `to` of a pass for the band's points, class by class; end[c]: where those of class c end. */
typedef struct conv_order {
    const uint32_t *pixel, *to;
    size_t end[CONV_CLASSES];
} conv_order;

/* In `room`, of twice as many entries as a band has points; of one class, where they are. */
void soma_cpu_conv_sort(const conv_pass *pass, const conv_band *band, size_t classes, const conv_class *class,
                        uint32_t *room, conv_order *order);

/* The other way round, for sums over points, band by band: for each tap of the last two axes the runs of points for
 * which it lies inside. Bands have whole images. */
soma_status soma_cpu_conv_choose_tapped_bands(conv_pass *pass, size_t points); /* in place where there are such runs */
size_t soma_cpu_conv_tap_runs_size(const conv_pass *pass); /* entries; 0: it is not worth it, or not possible */
void soma_cpu_conv_fill_tap_runs(const conv_pass *pass, conv_run *run);
conv_runs soma_cpu_conv_tap_runs(const conv_pass *pass, const conv_run *run, size_t tap, size_t images);

#endif
