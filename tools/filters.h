/* SPDX-License-Identifier: MIT */
/* The filters of a network's first convolution, as a picture. */
#ifndef SOMA_TOOLS_FILTERS_H
#define SOMA_TOOLS_FILTERS_H

#include "options.h"
#include "report.h"
#include "sheet.h"

/* Writes what --filters wants of the network, which comes from the file `model`. */
exit_status filters_write(const struct settings *settings, soma_network *network, const char *model, report *object);

/* Fills an empty sheet with them, under a heading that begins with `title`; release it in any case. A network that has
 * none to draw leaves it empty. */
exit_status filters_draw(soma_network *network, const char *title, struct sheet *sheet);

#endif
