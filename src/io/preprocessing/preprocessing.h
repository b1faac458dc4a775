/* SPDX-License-Identifier: MIT */
/* What files keep of a network beside the network: names of its classes, and how its pictures were read. Also of that
 * alone, as text for files of other formats. */
#ifndef SOMA_IO_PREPROCESSING_PREPROCESSING_H
#define SOMA_IO_PREPROCESSING_PREPROCESSING_H

#include "io/json/json.h"
#include "nn/network.h"

/* As pairs of the object that is open; and from these, with errors that do not name the file. */
soma_status soma_preprocessing_encode(soma_json_writer *writer, const soma_network *network);
soma_status soma_preprocessing_decode(soma_network *network, const soma_json *object);

/* As a text of its own, to be freed with soma_free(); NULL where there is nothing to keep. And back. */
soma_status soma_preprocessing_to_text(const soma_network *network, char **text);
soma_status soma_preprocessing_of_text(soma_network *network, const char *text, size_t length);

#endif
