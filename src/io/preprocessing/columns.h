/* SPDX-License-Identifier: MIT */
/* What files keep of the columns of a table that a network was trained on, and of the texts that were gaps in it:
 * "columns" and "gaps" in what is kept of its data. */
#ifndef SOMA_IO_PREPROCESSING_COLUMNS_H
#define SOMA_IO_PREPROCESSING_COLUMNS_H

#include "io/json/json.h"
#include "nn/network.h"

/* Nothing, where there are none. */
soma_status soma_columns_encode(const soma_columns *columns, soma_json_writer *writer);
/* object: what is kept of the data; where it has neither, the columns stay as they are. */
soma_status soma_columns_decode(const soma_json *object, soma_columns *columns);

#endif
