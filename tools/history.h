/* SPDX-License-Identifier: MIT */
/* The course of training as a table (CSV) and as a picture (SVG). */
#ifndef SOMA_TOOLS_HISTORY_H
#define SOMA_TOOLS_HISTORY_H

#include "program.h"

/*
 * --history: epoch, loss, metrics, the same of the validation samples, learning rate, seconds; as a table, or, under a
 * name that ends in .jsonl, as an object of JSON in a line for each epoch.
 */
exit_status history_write(const char *path, const soma_history *history);
/* The same while training goes on, so that it can be watched, and a killed run leaves it. What goes wrong is told by
 * history_write() at the end. */
void history_keep(const char *path, const soma_history *history);

/* What the picture's heading says beside the curves. */
struct plot_caption {
    const char *title, *subtitle; /* UTF-8 */
};

/* The frame of a picture of this size in pixels, and its heading; what is drawn comes between. */
enum { PLOT_WIDTH = 960, PLOT_HEIGHT = 420 };
void plot_begin(FILE *stream, const struct plot_caption *caption);
void plot_end(FILE *stream);

/* --plot. */
exit_status plot_write(const char *path, const soma_history *history, const struct plot_caption *caption);

/* The picture into a stream; needs at least one epoch. */
void plot_draw(FILE *stream, const soma_history *history, const struct plot_caption *caption);

#endif
