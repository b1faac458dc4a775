/* SPDX-License-Identifier: MIT */
/* A running soma_fit(). */
#ifndef SOMA_TRAIN_FIT_H
#define SOMA_TRAIN_FIT_H

#include "train/checkpoint.h"
#include "train/pass.h"
#include "train/snapshot.h"

#define SOMA_NEVER_SPOILED UINT64_MAX

struct soma_fit {
    soma_network *network;
    soma_fit_options options; /* defaults filled in */
    soma_team team;
    const struct soma_fit_devices *devices; /* where the ranks are devices of this process, fit_devices.h; else NULL */
    struct soma_shards *shards;             /* of a repeatable fit; NULL: it is none */
    struct soma_fit_sum *sum;               /* of several ranks' gradients; NULL: there is none */
    soma_dataset *kept_in, *held_out;       /* the parts of a validation split, or NULL */
    soma_pass pass, validation;
    bool validates;
    /* At the beginning of the epoch, or where it was resumed; and of the best epoch, if it will be restored. */
    soma_snapshot good, best;
    soma_watch watch, plateau;
    soma_history *history;
    uint64_t first_step, total_steps;
    uint32_t epoch;                    /* from 1 */
    double began, epoch_began;         /* times at which the fit and its epoch began */
    size_t batches_done, samples_done; /* in this epoch */
    size_t own_samples_done;           /* on this rank */
    size_t resumed_at;                 /* batches that it already had when the fit went on from a checkpoint */
    bool epoch_resumed;                /* until it begins */
    float *rates;                      /* the learning rates of its steps, so that it can be replayed */
    bool suspect;                      /* figures read during the epoch were not finite */
    bool enough;                       /* early stopping */
    bool stops;                        /* as some rank's callback wants */
    uint64_t spoiled_at;     /* of several ranks: the step at which this one's gradient was not finite first */
    soma_checkpoint_run run; /* for checkpoints, if there are any */
    soma_snapshot saved;     /* what is written to them */
};

/* fit.c: soma_fit() of this rank. `devices` NULL: the ranks are other processes', or there is one. */
soma_status soma_fit_as_rank(soma_network *network, soma_dataset *dataset, const soma_fit_options *options,
                             soma_history *history, const struct soma_fit_devices *devices);

/* epoch.c: one epoch. SOMA_STOPPED: a callback asked for the end. */
soma_status soma_fit_epoch(struct soma_fit *fit);

/* fit_step.c: makes step number `index` of the epoch at this rate. */
soma_status soma_fit_step(struct soma_fit *fit, size_t index, float rate);
/* Totals of the epoch so far, and the same as means: of this rank, but of shards, those of all ranks. */
soma_status soma_fit_read_totals(struct soma_fit *fit, double *totals);
soma_status soma_fit_read_metrics(struct soma_fit *fit, size_t samples, soma_metrics *metrics);
/* Are the loss of the epoch so far and the weights finite, on all ranks? Waits for the device. Then the same of either
 * alone, on this one. */
soma_status soma_fit_is_finite(struct soma_fit *fit, bool *finite);
soma_status soma_fit_loss_is_finite(soma_network *network, bool *finite);
soma_status soma_fit_parameters_are_finite(soma_network *network, bool *finite);
/* The first element of the flat parameter buffer that is not finite; parameter_count if there is none. */
soma_status soma_fit_bad_parameter(soma_executor *executor, size_t *element);

/* checkpoint.c: before the first epoch, what is needed to write checkpoints, and going on from one. */
soma_status soma_fit_open_checkpoints(struct soma_fit *fit);
/* Writes one if the options ask for it: after a step, after an epoch, at the end. */
soma_status soma_fit_checkpoint_step(struct soma_fit *fit);
soma_status soma_fit_checkpoint_epoch(struct soma_fit *fit);
soma_status soma_fit_checkpoint_end(struct soma_fit *fit);

/*
 * diagnose.c: they are not finite. Finds out where that began, goes back to the beginning of the epoch, and returns
 * SOMA_NOT_FINITE with a detail that says so. The second form is for figures of the validation.
 */
soma_status soma_fit_diagnose(struct soma_fit *fit);
soma_status soma_fit_diagnose_validation(struct soma_fit *fit);

/* loop.c: the rate of the step to come; total_steps 0: the fit's length is not known. */
float soma_rate_now(const soma_compiled *compiled, uint64_t first_step, uint64_t total_steps);

#endif
