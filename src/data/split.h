/* SPDX-License-Identifier: MIT */
/* The ways to divide a data set: each says of every sample on which side it comes. */
#ifndef SOMA_DATA_SPLIT_H
#define SOMA_DATA_SPLIT_H

#include "data/dataset.h"

/* Of samples, in the order of the data set. A fold by time leaves out what comes after it. */
enum { SOMA_SIDE_FIRST, SOMA_SIDE_SECOND, SOMA_SIDE_NONE };

/* What is wanted: `fraction` of the samples, `wanted` of them, on the second side; or, where folds > 0, fold number
 * `fold` there. */
typedef struct soma_split_request {
    double fraction;
    size_t wanted;
    size_t folds, fold;
    uint64_t seed;
} soma_split_request;

/* By chance, class by class where there are classes. */
soma_status soma_split_rows(const soma_dataset *dataset, const soma_split_request *request, uint8_t *sides);
/* Groups as a whole, by chance; the data set has groups. */
soma_status soma_split_groups(const soma_dataset *dataset, const soma_split_request *request, uint8_t *sides);
/* The latest samples, those of one time as a whole; the data set has times. */
soma_status soma_split_time(const soma_dataset *dataset, const soma_split_request *request, uint8_t *sides);

#endif
