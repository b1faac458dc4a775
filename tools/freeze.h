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
/* "frozen", "8 of them frozen, learning rate 0.01"; "" where there is nothing to say. The text is as long as it can be:
 * the largest uint64_t, and numbers as "%g" has them of a float. */
typedef struct freeze_note {
    char text[sizeof "18446744073709551615 of them frozen, learning rate 1.17549e-38, l2 1.17549e-38, l1 1.17549e-38"];
} freeze_note;
freeze_note freeze_note_of(const soma_layer_info *info);

#endif
