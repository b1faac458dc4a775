/* SPDX-License-Identifier: MIT */
/* What is seen of training while it runs: a bar on a terminal, a line for each epoch. */
#ifndef SOMA_TOOLS_PROGRESS_H
#define SOMA_TOOLS_PROGRESS_H

#include "bar.h"

struct progress {
    struct bar bar;
    uint32_t epochs;
    size_t samples;   /* of an epoch */
    double last_draw; /* when the bar was drawn, by clock_since_start() */
};

struct progress progress_start(uint32_t epochs, size_t samples);
void progress_batch(struct progress *progress, soma_network *network, const soma_progress *now);
void progress_epoch(struct progress *progress, const soma_epoch *epoch);
/* Takes an unfinished bar away. */
void progress_end(struct progress *progress);

/* "812", "45.1k", "3.2M", into text. */
const char *short_number(double value, char text[16]);

#endif
