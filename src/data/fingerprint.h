/* SPDX-License-Identifier: MIT */
/* Numbers that tell data apart. */
#ifndef SOMA_DATA_FINGERPRINT_H
#define SOMA_DATA_FINGERPRINT_H

#include "data/dataset.h"

/* Of some bytes; never 0, and below 2^63. It guards against mistakes, not against malice. */
uint64_t soma_fingerprint(const void *data, size_t bytes);
/* Of all samples in their order: values, types, shapes, targets, weights. */
uint64_t soma_fingerprint_dataset(const soma_dataset *dataset);
/* Of one: values and targets as they were read, classes by their names. The same wherever the sample stands. */
uint64_t soma_fingerprint_sample(const soma_dataset *dataset, size_t sample);

#endif
