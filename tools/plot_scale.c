/* SPDX-License-Identifier: MIT */
/* Axes with round numbers. */
#include "plot_scale.h"
#include <math.h>
#include <stdio.h>

#define WANTED_STEPS    5
#define DECADES_FOR_LOG 1.9 /* values whose quotient is above 10 to this are hard to read on a linear axis */

/* 1, 2 or 5 times a power of ten: the first one not below `step`. */
static double round_step(double step) {
    double decade = pow(10, floor(log10(step)));
    double lead = step / decade;
    return decade * (lead <= 1 + 1e-9 ? 1 : lead <= 2 + 1e-9 ? 2 : lead <= 5 + 1e-9 ? 5 : 10);
}

static void add_tick(struct plot_scale *scale, double value) {
    if (scale->count < PLOT_TICKS) scale->tick[scale->count++] = value;
}

static int decimals_of(double step) {
    int decimals = (int)-floor(log10(step) + 1e-9);
    return decimals > 0 ? decimals : 0;
}

static struct plot_scale linear_scale(double low, double high, bool falls_to_zero) {
    if (falls_to_zero && low > 0 && low < 0.4 * high)
        low = 0; /* the way down to zero is most of the picture: show all of it */
    double span = high - low, size = fmax(fabs(low), fabs(high));
    if (span <= 1e-9 * size || span == 0) { /* one value: an axis around it */
        double margin = size > 0 ? 0.1 * size : 0.5;
        low -= margin;
        high += margin;
        span = high - low;
    }
    double step = round_step(span / WANTED_STEPS);
    double first = floor(low / step + 1e-9), last = ceil(high / step - 1e-9);
    struct plot_scale scale = {.low = first * step, .high = last * step, .decimals = decimals_of(step)};
    for (double i = first; i <= last; i++) add_tick(&scale, i * step);
    return scale;
}

static struct plot_scale logarithmic_scale(double low, double high) {
    struct plot_scale scale = {.low = low / 1.15, .high = high * 1.15, .logarithmic = true};
    static const double leads[] = {1, 2, 5};
    double decades = log10(scale.high / scale.low);
    size_t used = decades > 3 ? 1 : 3; /* over many decades only 1, 10, 100 */
    double apart = ceil(decades / 8);
    for (double decade = floor(log10(scale.low)); decade <= ceil(log10(scale.high)); decade++)
        for (size_t i = 0; i < used && fmod(decade, apart) == 0; i++) {
            double tick = leads[i] * pow(10, decade);
            if (tick >= scale.low && tick <= scale.high) add_tick(&scale, tick);
        }
    return scale;
}

struct plot_scale plot_scale_of_values(double low, double high, bool falls_to_zero) {
    if (falls_to_zero && low > 0 && log10(high / low) > DECADES_FOR_LOG) return logarithmic_scale(low, high);
    return linear_scale(low, high, falls_to_zero);
}

struct plot_scale plot_scale_of_epochs(double first, double last) {
    struct plot_scale scale = {.low = first, .high = last};
    if (first == last) {
        scale.low -= 0.5;
        scale.high += 0.5;
    }
    double step = fmax(1, round_step((last - first + 1) / 8));
    if (step >= 5) add_tick(&scale, first);
    for (double tick = ceil(first / step) * step; tick <= last; tick += step)
        if (step < 5 || tick > first) add_tick(&scale, tick);
    return scale;
}

double plot_scale_place(const struct plot_scale *scale, double value) {
    if (scale->logarithmic) return log(value / scale->low) / log(scale->high / scale->low);
    return (value - scale->low) / (scale->high - scale->low);
}

void plot_scale_label(const struct plot_scale *scale, double tick, char *text, size_t size) {
    bool plain = !scale->logarithmic && scale->decimals <= 6 && fabs(scale->high) < 1e6 && fabs(scale->low) < 1e6;
    if (plain)
        snprintf(text, size, "%.*f", scale->decimals, tick + 0.0);
    else
        snprintf(text, size, "%.3g", tick);
}
