/* SPDX-License-Identifier: MIT */
/* Running a network over a data set, batch by batch: the plans for its batches, fed with them. */
#ifndef SOMA_TRAIN_PASS_H
#define SOMA_TRAIN_PASS_H

#include "train/batches.h"
#include "train/team.h"

/*
 * What of each batch this rank computes: it is divided into `count` parts, of which those from `first` to before `end`
 * are its own, one after the other. Parts differ by one sample at most, and some may be empty.
 */
typedef struct soma_parts {
    uint32_t count, first, end;
    const soma_team *team; /* to whose sums of figures all parts go; NULL: the own parts are all that is summed */
    bool synchronised;     /* batches are normalised by the figures of all ranks */
} soma_parts;

typedef struct soma_pass {
    soma_network *network;
    soma_parts parts;
    uint32_t part; /* whose turn it is */
    const soma_dataset *dataset;
    soma_dataset *copy; /* without offsets, if it has any */
    soma_match match;
    soma_step *step;
    soma_batches batches;
    size_t samples, batch;     /* samples in all, and in a full batch */
    size_t epochs;             /* how often all of it is going to be run; 0: nobody knows */
    float *outputs;            /* SOMA_MODE_OUTCOMES: where the first output of all samples goes */
    soma_plan *plans[4];       /* for the sizes that parts of full batches and of the last one have */
    size_t plan_count;         /* 0 while detached */
    const soma_pauses *pauses; /* of runs; NULL: there are none */
} soma_pass;

/* The batch of the options may be larger than the data set. The pass is left attached. */
soma_status soma_pass_open(soma_network *network, const soma_dataset *dataset, soma_mode mode,
                           const soma_batches_options *options, soma_pass *pass);
/*
 * The two halves of it: plans, and data. Data are brought to the device only where there is room beside the plans; so
 * where several passes are open at a time, the plans of all come first. parts NULL: all of each batch is one.
 */
soma_status soma_pass_plan_ahead(soma_network *network, const soma_dataset *dataset, soma_mode mode, size_t batch,
                                 const soma_parts *parts, soma_pass *pass);
soma_status soma_pass_bring_data(soma_pass *pass, const soma_batches_options *options);
void soma_pass_close(soma_pass *pass);

/*
 * Plans are shared by all passes of one mode, and the network keeps a limited number of them. So a pass that stays open
 * while others may run detaches, and attaches again when its turn comes.
 */
soma_status soma_pass_attach(soma_pass *pass);
void soma_pass_detach(soma_pass *pass);

size_t soma_pass_batch_count(const soma_pass *pass);
/* Samples in batch number `index`, of all ranks, and its first sample. */
size_t soma_pass_batch_size(const soma_pass *pass, size_t index);
size_t soma_pass_batch_start(const soma_pass *pass, size_t index);
/* Of these, those of the part whose turn it is: maybe none, and then no plan. */
size_t soma_pass_own_size(const soma_pass *pass, size_t index);
size_t soma_pass_own_start(const soma_pass *pass, size_t index);
soma_plan *soma_pass_plan(const soma_pass *pass, size_t index);
/* Brings this part of batch number `index` to its plan, and says with which values to run that. */
soma_status soma_pass_load(soma_pass *pass, size_t index, soma_step_values *values);
/* Enqueues this part of batch number `index`, and sends that of the next on its way. */
soma_status soma_pass_run(soma_pass *pass, size_t index);
/* Loss and metrics over `samples`, which are those of all ranks, from the accumulators of all. */
soma_status soma_pass_read_metrics(const soma_pass *pass, size_t samples, soma_metrics *metrics);

/*
 * Keeps the host from running far ahead of a device that works in the background: its queue would grow without bound,
 * progress would be told before it is made, and a request to stop would take effect late. Every now and then the host
 * waits for the device, so seldom that an idle moment of the device does not count.
 */
typedef struct soma_throttle {
    soma_device *device;
    double since; /* time of the last wait */
    size_t steps, interval;
} soma_throttle;

void soma_throttle_start(soma_throttle *throttle, soma_device *device);
soma_status soma_throttle_step(soma_throttle *throttle);

#endif
