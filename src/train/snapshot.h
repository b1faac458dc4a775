/* SPDX-License-Identifier: MIT */
/*
 * A copy of a network's training state, to return to. It lies in host memory, of which there is more than of a
 * device's: training needs no more of that for being able to go back. It is taken once an epoch, so the transfer does
 * not count.
 */
#ifndef SOMA_TRAIN_SNAPSHOT_H
#define SOMA_TRAIN_SNAPSHOT_H

#include "train/step.h"

typedef enum soma_snapshot_extent {
    SOMA_SNAPSHOT_PARAMETERS, /* the parameters alone */
    SOMA_SNAPSHOT_STATE       /* and the optimizer's states, its step, and the learning rate */
} soma_snapshot_extent;

typedef struct soma_snapshot {
    soma_compiled *compiled; /* NULL: not open */
    soma_snapshot_extent extent;
    uint32_t buffer_count;
    size_t bytes[3]; /* of each buffer */
    void *buffer[3]; /* the parameters, then the states */
    uint64_t step;
    float base_rate, learning_rate, plateau_factor;
} soma_snapshot;

/* Allocates. The optimizer's states must be there (a plan for training has been made). */
soma_status soma_snapshot_open(soma_compiled *compiled, soma_snapshot_extent extent, soma_snapshot *snapshot);
void soma_snapshot_close(soma_snapshot *snapshot);

soma_status soma_snapshot_take(soma_snapshot *snapshot);
soma_status soma_snapshot_restore(const soma_snapshot *snapshot);

#endif
