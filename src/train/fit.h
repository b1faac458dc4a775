/* SPDX-License-Identifier: MIT */
/* A running soma_fit(). */
#ifndef SOMA_TRAIN_FIT_H
#define SOMA_TRAIN_FIT_H

#include "train/history.h"
#include "train/pass.h"
#include "train/snapshot.h"

struct soma_fit {
    soma_network *network;
    soma_fit_options options;         /* defaults filled in */
    soma_dataset *kept_in, *held_out; /* the parts of a validation split, or NULL */
    soma_pass pass, validation;
    bool validates;
    soma_snapshot good, best; /* at the beginning of the epoch; of the best epoch, if it will be restored */
    soma_watch watch, plateau;
    soma_history *history;
    uint64_t first_step, total_steps;
    uint32_t epoch;                    /* from 1 */
    double began;                      /* time at which the epoch began */
    size_t batches_done, samples_done; /* in this epoch */
    float *rates;                      /* the learning rates of its steps, so that it can be replayed */
    bool suspect;                      /* figures read during the epoch were not finite */
    bool enough;                       /* early stopping */
};

/* epoch.c: one epoch. SOMA_STOPPED: a callback asked for the end. */
soma_status soma_fit_epoch(struct soma_fit *fit);
/* Makes step number `index` of the epoch at this rate. */
soma_status soma_fit_step(struct soma_fit *fit, size_t index, float rate);

/* diagnose.c: are the loss of the epoch so far and the weights finite? Waits for the device. */
soma_status soma_fit_is_finite(struct soma_fit *fit, bool *finite);
/*
 * They are not: finds out where that began, goes back to the beginning of the epoch, and returns SOMA_NOT_FINITE with
 * a detail that says so. The second form is for figures of the validation.
 */
soma_status soma_fit_diagnose(struct soma_fit *fit);
soma_status soma_fit_diagnose_validation(struct soma_fit *fit);

/* loop.c: the rate of the step to come; total_steps 0: the fit's length is not known. */
float soma_rate_now(const soma_compiled *compiled, uint64_t first_step, uint64_t total_steps);
/* SOMA_INVALID_STATE in a callback of soma_fit(), where `function` would disturb the training that is under way. */
soma_status soma_require_no_fit(const soma_network *network, const char *function);

#endif
