/* SPDX-License-Identifier: MIT */
/* Inputs whose numbers name rows of a table. */
#ifndef SOMA_TRAIN_IDS_H
#define SOMA_TRAIN_IDS_H

#include "data/dataset.h"
#include "nn/network.h"

/* Whether it is a whole number from 0 to rows - 1; at most 2^24 rows. */
bool soma_is_row_number(float value, size_t rows);
/* The table whose rows an input's numbers name, the smallest if there are several; NULL: it is no such input. */
const soma_tensor *soma_table_of_input(const soma_network *network, size_t input);
/* Each number of each sample names a row. What a device would make of others is some row, or zeros. */
soma_status soma_check_column_ids(const soma_network *network, size_t input, const soma_dataset *dataset);
/* The same of all inputs, of so many samples that are not a data set's: numbers as the network takes them. */
soma_status soma_check_batch_ids(const soma_network *network, size_t input, size_t batch, const float *values);

#endif
