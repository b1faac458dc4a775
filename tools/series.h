/* SPDX-License-Identifier: MIT */
/* Tables as series: windows of their rows, and what comes after them. */
#ifndef SOMA_TOOLS_SERIES_H
#define SOMA_TOOLS_SERIES_H

#include "source.h"

/* Whether a table is one, by the command line or because the network has learnt of one. */
bool series_is_meant(const struct settings *settings, const soma_network *network);
/* What says nothing of a series. */
exit_status series_refuse(const struct settings *settings, const soma_network *network);
/* For training its end is held out; for a network that is there the part that is asked for is `whole`, or, to predict,
 * the steps at the end alone. */
exit_status series_load(const struct settings *settings, const soma_network *network, struct loaded *loaded);

#endif
