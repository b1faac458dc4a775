/* SPDX-License-Identifier: MIT */
/* Dividing data into those to train on, for validation and to test on; and finding the parts of a training again. */
#ifndef SOMA_TOOLS_DIVISION_H
#define SOMA_TOOLS_DIVISION_H

#include "data.h"
#include "source.h"

/*
 * For training. `network` is one to go on from, or NULL: what it was trained on is divided as it was then, so that it
 * is not tested on what it has seen. Takes the sets over into *data; release that also after failure.
 */
exit_status division_for_training(const struct settings *settings, soma_network *network, struct loaded *loaded,
                                  struct data *data);

/* What --split-by, --group-column and --time-column say together, for a network that has learnt of a table, or for
 * NULL, into *by and *column (NULL: none). */
exit_status division_by(const struct settings *settings, const soma_network *network, soma_division_by *by,
                        const char **column);

/* A fraction of *rest goes to *part, *rest keeps the others; nothing happens for a fraction of 0. `option` names the
 * fraction in messages. */
exit_status division_part(const struct settings *settings, const char *option, double fraction,
                          const soma_division *division, soma_dataset **rest, soma_dataset **part);

/* The part that --part names, of data for a network that is there; all sets but that are released. */
exit_status division_choose(const struct settings *settings, soma_network *network, struct loaded *loaded,
                            soma_dataset **dataset);

/* Warns where more than a twentieth of these samples, which messages call `what`, are the same as some that the
 * network, `model`, has learnt from; no data set: does nothing. */
void division_warn_of_samples(const soma_network *network, const char *model, const char *what,
                              const soma_dataset *dataset);
/* The same of samples of groups that it has learnt from, if it is but one. */
void division_warn_of_groups(const soma_network *network, const char *model, const char *what,
                             const soma_dataset *dataset);

#endif
