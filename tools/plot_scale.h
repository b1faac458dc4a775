/* SPDX-License-Identifier: MIT */
/* Axes with round numbers: where an axis begins and ends, and where its ticks are. */
#ifndef SOMA_TOOLS_PLOT_SCALE_H
#define SOMA_TOOLS_PLOT_SCALE_H

#include <stdbool.h>
#include <stddef.h>

#define PLOT_TICKS 16

struct plot_scale {
    double low, high; /* of the axis, at ticks or (logarithmic) beside the values */
    bool logarithmic;
    size_t count;
    double tick[PLOT_TICKS];
    int decimals; /* that tell the ticks apart */
};

/*
 * For values from low to high, both finite. falls_to_zero: a figure that good training brings down to zero, as a loss;
 * then zero is on the axis where it is near, and the axis is logarithmic where the values span decades.
 */
struct plot_scale plot_scale_of_values(double low, double high, bool falls_to_zero);

/* For epochs first to last: whole numbers. */
struct plot_scale plot_scale_of_epochs(double first, double last);

/* Where a value lies on the axis: 0 at low, 1 at high. */
double plot_scale_place(const struct plot_scale *scale, double value);

/* A tick's number, as short as it can be. */
void plot_scale_label(const struct plot_scale *scale, double tick, char *text, size_t size);

#endif
