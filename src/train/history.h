/* SPDX-License-Identifier: MIT */
/* What a fit leaves behind, and the watch over a figure from epoch to epoch. */
#ifndef SOMA_TRAIN_HISTORY_H
#define SOMA_TRAIN_HISTORY_H

#include "base/base.h"
#include <soma/soma.h>

/* Appends a copy of the epoch. */
soma_status soma_history_append(soma_history *history, const soma_epoch *epoch);

/* Follows the monitored figure: of the validation, or of training without one. */
typedef struct soma_watch {
    soma_monitor monitor;
    bool rises; /* higher is better */
    double min_delta;
    bool started;
    double best;      /* so far */
    double reference; /* the last value that was an improvement: better than the one before it by more than min_delta */
    uint32_t waited;  /* epochs since then */
} soma_watch;

/* Takes note of an epoch; true if it is the best so far. A NaN is never an improvement. */
bool soma_watch_epoch(soma_watch *watch, const soma_epoch *epoch);

#endif
