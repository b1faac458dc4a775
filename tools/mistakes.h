/* SPDX-License-Identifier: MIT */
/* The samples that a network is most wrong about, as a picture. */
#ifndef SOMA_TOOLS_MISTAKES_H
#define SOMA_TOOLS_MISTAKES_H

#include "options.h"
#include "report.h"
#include "sheet.h"

/* Before the work: can the file be written? And, once they are loaded: are these pictures of classes? */
exit_status mistakes_try(const struct settings *settings);
exit_status mistakes_check(const struct settings *settings, const soma_network *network, const soma_dataset *dataset);

/* Writes what --mistakes wants of them. */
exit_status mistakes_write(const struct settings *settings, soma_network *network, soma_dataset *dataset,
                           const soma_outcomes *outcomes, report *object);

/* Whether these are pictures of classes, which the network tells apart. */
bool mistakes_can_be_drawn(const soma_network *network, const soma_dataset *dataset);
/* Of such: fills an empty sheet with the worst, at most so many, under a heading that begins with `data`; release it in
 * any case. */
exit_status mistakes_draw(soma_network *network, soma_dataset *dataset, const char *data, size_t most,
                          struct sheet *sheet);

#endif
