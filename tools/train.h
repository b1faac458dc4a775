/* SPDX-License-Identifier: MIT */
/* The steps of one training of the program: train_prepare.c and command_train.c have them, and runs.c repeats them. */
#ifndef SOMA_TOOLS_TRAIN_H
#define SOMA_TOOLS_TRAIN_H

#include "train_result.h"

/* The network for the data, which are preprocessed by it, compiled on the device; where training->device is NULL, it is
 * chosen. */
exit_status training_prepare(struct training *training);
/* Trains; SOMA_STOPPED sets training->interrupted. */
soma_status training_fit(struct training *training);
/* What preparing and training have made but for the device; and the data. */
void training_release(struct training *training);

/* How often all samples are seen, where --epochs does not say it. */
void training_choose_epochs(size_t samples, struct settings *settings);

/* Whether --folds or --seeds ask for several trainings. */
bool runs_wanted(const struct settings *settings);
exit_status runs_check(const struct settings *settings);
/*
 * All trainings of --folds, on parts of `rest`, and --seeds, without --folds each on data that it loads; says and
 * reports how each did on what was held out of it, with mean and deviation. *device is opened by the first, and left
 * open. rest: NULL without --folds.
 */
exit_status runs_train(const struct settings *settings, const soma_dataset *rest, soma_device **device, report *object);

#endif
