/* SPDX-License-Identifier: MIT */
/*
 * A repeatable fit: each batch in a fixed number of shards, whichever ranks compute them, and the sum of what they give
 * by a fixed tree. So every bit is the same for any number of ranks.
 */
#ifndef SOMA_TRAIN_FIT_SHARDS_H
#define SOMA_TRAIN_FIT_SHARDS_H

#include "train/fit.h"

#define SOMA_MAX_SHARDS 1024

/* Which shards are this rank's. */
soma_parts soma_fit_own_shards(const struct soma_fit *fit);
/* Does nothing where the options ask for no shards. */
soma_status soma_fit_open_shards(struct soma_fit *fit);
void soma_fit_close_shards(struct soma_fit *fit);
/* Makes step number `index` of the epoch: all shards of its batch, their sum, and the optimizer's step. */
soma_status soma_fit_step_by_shards(struct soma_fit *fit, size_t index);
/* [SOMA_ACCUMULATOR_SLOTS]: what the accumulators would hold of the epoch so far, of all ranks. */
double *soma_fit_totals_of_shards(struct soma_fit *fit);

#endif
