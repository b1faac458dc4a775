/* SPDX-License-Identifier: MIT */
/*
 * A checkpoint: all that a fit needs to go on as if it had never been interrupted. The trainer fills it in and takes it
 * over (train/checkpoint.c); io/checkpoint.c makes a file of it, and it of a file.
 *
 * Shuffling and dropout draw numbers that are functions of the seed and the step, so the step is all that is kept of
 * them.
 */
#ifndef SOMA_TRAIN_CHECKPOINT_H
#define SOMA_TRAIN_CHECKPOINT_H

#include "nn/network.h"
#include "train/history.h"

/* What a fit must have in common with the one that it goes on from, beside the network and its options. */
typedef struct soma_checkpoint_run {
    size_t samples, validation_samples, batch_size;
    uint64_t data, validation_data, class_weights; /* fingerprints; 0: there are none */
    bool shuffle, restore_best, monitors_metric, fusion;
    uint32_t epochs; /* 0: the schedule does not depend on it */
} soma_checkpoint_run;

/* How far it has come. */
typedef struct soma_checkpoint_state {
    uint64_t step, first_step; /* of the optimizer: now, and when the fit began */
    size_t batches;            /* made of the unfinished epoch */
    float base_rate, learning_rate, plateau_factor;
    double seconds, epoch_seconds; /* spent so far: in all, and on the unfinished epoch */
    uint32_t best_epoch;           /* index in the history */
    soma_watch watch, plateau;
} soma_checkpoint_state;

/*
 * Flat buffers are laid out as the executor's, on this device; in the file each parameter's part is a tensor of its
 * own, so a checkpoint can be carried to another device. What lies between the parts is left as it is.
 */
typedef struct soma_checkpoint {
    soma_network *network;
    soma_checkpoint_run run;
    size_t epoch_batches;  /* in a whole epoch */
    uint32_t metric_count; /* in each epoch of the history */
    soma_checkpoint_state state;
    soma_history history; /* epochs and their count; without names of metrics */
    uint32_t state_count;
    float *parameters, *optimizer_state[2];
    float *best; /* the parameters after the best epoch; in the file if run.restore_best and state.watch.started */
    float (*accumulators)[2]; /* [SOMA_ACCUMULATOR_SLOTS] */
} soma_checkpoint;

/* A number that tells networks apart: all that a model file says of one but its weights. */
soma_status soma_network_fingerprint(const soma_network *network, uint64_t *fingerprint);

/* Can a checkpoint be written there? Nothing is. */
soma_status soma_checkpoint_try(const char *path);
/* The old file or the new one is there, never a torn one. */
soma_status soma_checkpoint_write(const char *path, const soma_checkpoint *checkpoint);
/*
 * Into a checkpoint that says what is wanted: network, run, epoch_batches, metric_count, state_count, and buffers to be
 * filled. The rest is set; the history's epochs are allocated. SOMA_INVALID_ARGUMENT where the file is in order but of
 * another run: the detail says what differs. After an error the contents of the buffers are undefined.
 */
soma_status soma_checkpoint_read(const char *path, soma_checkpoint *checkpoint);

#endif
