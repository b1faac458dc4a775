/* SPDX-License-Identifier: MIT */
/* What the ranks of a fit share that are devices of this process. */
#ifndef SOMA_TRAIN_FIT_DEVICES_H
#define SOMA_TRAIN_FIT_DEVICES_H

#include "train/thread_ranks.h"

/* Callbacks are called on the first rank alone, and the others follow what they change. */
struct soma_fit_devices {
    soma_thread_ranks *team;
    bool tells_batches; /* there is a callback for them */
};

#endif
