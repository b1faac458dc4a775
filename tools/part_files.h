/* SPDX-License-Identifier: MIT */
/* Validation and test samples from files of their own: --validation-data and --test-data. */
#ifndef SOMA_TOOLS_PART_FILES_H
#define SOMA_TOOLS_PART_FILES_H

#include "data.h"

/* Refuses a fraction beside such a file; where none is said, none is held out for that part. */
exit_status part_files_check(struct settings *settings);

/*
 * Reads them as the network, which knows its training data, has to have them, into data->validation and ->test; and
 * notes in data->division that they are files of their own. Nothing happens where none are named.
 */
exit_status part_files_load(const struct settings *settings, soma_network *network, struct data *data);

#endif
