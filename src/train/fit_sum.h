/* SPDX-License-Identifier: MIT */
/*
 * The sum of all ranks' gradients, begun while the backward pass goes on: as soon as the gradients of some parameters
 * are there, they are on their way to the other ranks. And the figures of normalisations that are those of all ranks.
 */
#ifndef SOMA_TRAIN_FIT_SUM_H
#define SOMA_TRAIN_FIT_SUM_H

#include "train/fit.h"

/* Does nothing for a fit of one alone, or of shards. The plans are there. */
soma_status soma_fit_open_sum(struct soma_fit *fit);
void soma_fit_close_sum(struct soma_fit *fit);
/* Makes step number `index` of the epoch: this rank's share of its batch, which may be no sample, the sum of all ranks'
 * gradients, and the optimizer's step by it. What some rank's callback wants is known then. */
soma_status soma_fit_step_by_sum(struct soma_fit *fit, size_t index);

#endif
