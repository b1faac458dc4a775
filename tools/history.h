/* SPDX-License-Identifier: MIT */
/* The course of training as a table (CSV) and as a picture (SVG). */
#ifndef SOMA_TOOLS_HISTORY_H
#define SOMA_TOOLS_HISTORY_H

#include "program.h"

/* --history: epoch, loss, metrics, the same of the validation samples, learning rate, seconds. */
exit_status history_write(const char *path, const soma_history *history);

/* What the picture's heading says beside the curves. */
struct plot_caption {
    const char *title, *subtitle; /* UTF-8 */
};

/* --plot. */
exit_status plot_write(const char *path, const soma_history *history, const struct plot_caption *caption);

/* The picture into a stream; needs at least one epoch. */
void plot_draw(FILE *stream, const soma_history *history, const struct plot_caption *caption);

#endif
