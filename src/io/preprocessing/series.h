/* SPDX-License-Identifier: MIT */
/* What files keep of a series that a network was trained on: "series" in what is kept of its data. */
#ifndef SOMA_IO_PREPROCESSING_SERIES_H
#define SOMA_IO_PREPROCESSING_SERIES_H

#include "io/json/json.h"
#include "nn/network.h"

/* Nothing, where there is none. */
void soma_series_encode(const soma_series *series, soma_json_writer *writer);
/* object NULL: the file has none. */
soma_status soma_series_decode(const soma_json *object, soma_network *network);

#endif
