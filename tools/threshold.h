/* SPDX-License-Identifier: MIT */
/* --threshold: above which probability a label holds. */
#ifndef SOMA_TOOLS_THRESHOLD_H
#define SOMA_TOOLS_THRESHOLD_H

#include "options.h"
#include "report.h"

/* Sets what --threshold says, but for "best"; nothing where it is not given. The network is compiled or loaded. */
exit_status threshold_set(const struct settings *settings, soma_network *network);
/* --threshold=best: what is best for these samples, which must be there. */
bool threshold_is_best(const struct settings *settings);
exit_status threshold_choose(const struct settings *settings, soma_network *network, soma_dataset *validation);
/* "thresholds", where the network has some. */
void threshold_report(const soma_network *network, report *object);

#endif
