/* SPDX-License-Identifier: MIT */
/* Gaps in a table: NaN in the first input until they are filled with what was learnt of the column. */
#ifndef SOMA_DATA_GAPS_H
#define SOMA_DATA_GAPS_H

#include "data/dataset.h"

/* Of each feature whose gaps are to be filled the value, of what is there in the data set, computed in float64.
 * SOMA_INVALID_ARGUMENT: a column without any value; the detail names it. */
soma_status soma_gaps_find_fills(const soma_dataset *dataset, soma_columns *columns);

/*
 * Fills the gaps of a table's data set; its storage becomes one of its own where there are some. SOMA_NOT_FINITE: one
 * in a column that has no value for it.
 */
soma_status soma_gaps_fill(soma_dataset *dataset, const soma_columns *columns);
/* The same as a copy; NULL where there are no gaps. */
soma_status soma_gaps_filled_copy(const soma_dataset *dataset, const soma_columns *columns, soma_dataset **copy);

#endif
