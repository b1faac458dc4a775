/* SPDX-License-Identifier: MIT */
/* Layers that are not trained, or at a rate of their own: --freeze and --lr-of; and those with decay of their
 * own: --l2-of and --l1-of. */
#ifndef SOMA_TOOLS_FREEZE_H
#define SOMA_TOOLS_FREEZE_H

#include "options.h"
#include "report.h"

exit_status freeze_apply(const struct settings *settings, soma_network *network);

/* Of a layer, as further members of its object. */
void freeze_report(const soma_layer_info *info, report *layer);
/* "frozen", "8 of them frozen, learning rate 0.01": into text; "" where there is nothing to say. Returns text. */
const char *freeze_text(const soma_layer_info *info, char *text, size_t size);

#endif
