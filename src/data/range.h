/* SPDX-License-Identifier: MIT */
/* In which range the values of inputs lie, so that the same pictures are the same whether they come as bytes, as 0 to
 * 255 or as 0 to 1. */
#ifndef SOMA_DATA_RANGE_H
#define SOMA_DATA_RANGE_H

#include "base/base.h"
#include <soma/soma.h>

/* Of one input. All zeros: not known. */
typedef struct soma_value_range {
    bool known;
    bool bytes; /* 0 to 255, which a network sees as 0 to 1; the rest says nothing more */
    bool whole; /* no fractions */
    float minimum, maximum;
} soma_value_range;

/* Of each input of the data set: range[its inputs]. Values that are no numbers do not count. */
void soma_dataset_ranges(const soma_dataset *dataset, soma_value_range *range);

/*
 * Makes the network see values as those that it knows: bytes where it learnt whole numbers up to 255 are these numbers,
 * and whole numbers up to 255 where it learnt bytes are divided by 255. SOMA_INVALID_ARGUMENT: the ranges tell that the
 * values are of another scale, and not of which; the detail has both. known[count]; inputs beyond are not looked at.
 */
soma_status soma_dataset_match_ranges(soma_dataset *dataset, const soma_value_range *known, size_t count);

#endif
