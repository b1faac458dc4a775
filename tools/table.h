/* SPDX-License-Identifier: MIT */
/* Tables, as --data names them. */
#ifndef SOMA_TOOLS_TABLE_H
#define SOMA_TOOLS_TABLE_H

#include "options.h"

/* What its columns are for, and how they are read; network: which knows some of that, or NULL. */
soma_csv_roles table_roles(const struct settings *settings, const soma_network *network);
/* How a table is to be read; options->roles is `roles`. `labelled` false: its labels are not looked at. */
exit_status table_csv_options(const struct settings *settings, const soma_network *network, bool labelled,
                              const soma_csv_roles *roles, soma_csv_options *options);

/* Whether its rows are steps of sequences, as is said or as the network (or NULL) has learnt. */
bool table_is_of_sequences(const struct settings *settings, const soma_network *network);
/* What says nothing of a table whose rows are no series. */
exit_status table_refuse(const struct settings *settings, const soma_network *network);

/* A table as it lies there, for a network that has learnt of one, or for NULL. */
exit_status table_load(const struct settings *settings, const soma_network *network, bool labelled,
                       soma_dataset **dataset);
/* The same of one that has no label: how many numbers a sample has; 0 and no data set if it cannot be read that way, as
 * when a label is text. */
size_t table_load_unlabelled(const struct settings *settings, const soma_network *network, soma_dataset **dataset);

#endif
