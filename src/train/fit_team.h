/* SPDX-License-Identifier: MIT */
/* A fit by several ranks: how it begins, its steps, and what they agree upon. */
#ifndef SOMA_TRAIN_FIT_TEAM_H
#define SOMA_TRAIN_FIT_TEAM_H

#include "train/fit.h"

/* Once the fit is open on each rank, or has failed to (`opened`): refuses ranks that would train something else, and
 * gives all the state of rank 0. */
soma_status soma_fit_begin_team(struct soma_fit *fit, soma_status opened);
/* What some rank's callback wants, from the flags that have been summed. */
void soma_fit_heed_flags(struct soma_fit *fit);
/* The optimizer's step by what is in the gradient buffer. */
soma_status soma_fit_apply(soma_network *network);
/* Running figures become their mean over the ranks, and all parameters those of rank 0. */
soma_status soma_fit_align(struct soma_fit *fit);
/* Rank 0 says at which rate to go on, and whether. Where it alone has callbacks: `since` is how often its weights had
 * changed (soma_executor.changes) before the callback, and the others get those that it has changed. */
soma_status soma_fit_follow(struct soma_fit *fit, uint64_t since);

#endif
