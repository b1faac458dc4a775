/* SPDX-License-Identifier: MIT */
/* Whether a network that predicts numbers is worth anything: against always saying the mean. */
#ifndef SOMA_TOOLS_BASELINE_H
#define SOMA_TOOLS_BASELINE_H

#include "options.h"

/* Where the loss is a squared or an absolute error: what it would be of the mean of these samples' targets, said for
 * every sample; else NAN. A warning where what was measured is worse. */
double baseline_tell(const soma_network *network, const soma_dataset *dataset, const soma_metrics *measured);

#endif
