/* SPDX-License-Identifier: MIT */
/* The steps of one training of the program: train_prepare.c and command_train.c have them, and runs.c repeats them. */
#ifndef SOMA_TOOLS_TRAIN_H
#define SOMA_TOOLS_TRAIN_H

#include "train_result.h"

/* Options that contradict each other, and files that could not be written, by this process. */
exit_status training_check(const struct settings *settings, const struct distributed *distributed);
/* What says how several work together, where there is one alone. device: NULL before it is open, when its name can only
 * be looked at. */
exit_status training_check_alone(const struct settings *settings, soma_device *device);
/* The network for the data, which are preprocessed by it, compiled on the device; where training->device is NULL, it is
 * chosen. */
exit_status training_prepare(struct training *training);
/* Trains; SOMA_STOPPED sets training->interrupted. */
soma_status training_fit(struct training *training);
/* What preparing and training have made but for the device; and the data. */
void training_release(struct training *training);

/* Trains on all but the test samples, less a validation part where --validation is given, tests and saves. */
exit_status training_of_rest(struct training *training, struct settings *settings);

/* How often all samples are seen, where --epochs does not say it. */
void training_choose_epochs(size_t samples, struct settings *settings);

/* The loss, then the metrics, over several trainings. */
enum { RUNS_MOST_FIGURES = 1 + SOMA_MAX_METRICS };
struct runs_summary {
    bool diverged; /* one of them; there are no figures then */
    size_t figures;
    char name[RUNS_MOST_FIGURES][64];
    double mean[RUNS_MOST_FIGURES], deviation[RUNS_MOST_FIGURES];
};

/* Whether --folds or --seeds ask for several trainings. */
bool runs_wanted(const struct settings *settings);
exit_status runs_check(const struct settings *settings);
/*
 * All trainings of --folds, on parts of `rest`, and --seeds, without --folds each on data that it loads; says and
 * reports how each did on what was held out of it, with mean and deviation. *device is opened by the first, and left
 * open. rest: NULL without --folds.
 */
exit_status runs_train(const struct settings *settings, const soma_dataset *rest, soma_device **device, report *object);
/* The same of --folds, for one of many sets of options: it reports nothing, and that a training diverges is a result
 * like any other. */
exit_status runs_measure(const struct settings *settings, const soma_dataset *rest, soma_device **device,
                         struct runs_summary *summary);
/* Whether it can be done: prepares the first of the trainings, and measures it untrained. */
exit_status runs_try(const struct settings *settings, const soma_dataset *rest, soma_device **device);

#endif
