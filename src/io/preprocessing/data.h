/* SPDX-License-Identifier: MIT */
/* What files keep of the data that a network was trained on: a text of its own among a file's metadata. */
#ifndef SOMA_IO_PREPROCESSING_DATA_H
#define SOMA_IO_PREPROCESSING_DATA_H

#include "nn/network.h"

/* The metadata key, and the number of the form. */
#define SOMA_DATA_KEY    "soma.data"
#define SOMA_DATA_FORMAT 1

/* To be freed with soma_free(); NULL where there is nothing to keep. */
soma_status soma_data_to_text(const soma_network *network, char **text);
/* text NULL: the file has none. Errors do not name the file. */
soma_status soma_data_of_text(const char *text, soma_network *network);

#endif
