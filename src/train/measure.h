/* SPDX-License-Identifier: MIT */
/* Steps of a network on random data, for measuring how long they take. */
#ifndef SOMA_TRAIN_MEASURE_H
#define SOMA_TRAIN_MEASURE_H

#include "train/pass.h"
#include "train/snapshot.h"

/* While it is open the network trains on noise; closing it puts back weights and optimizer as they were. */
typedef struct soma_bench {
    soma_network *network;
    soma_dataset *dataset;
    soma_pass pass;
    soma_snapshot before;
    bool training;
    size_t next; /* batch */
} soma_bench;

/* `steps`: about how many will be made, for which there is as much data as they can use. */
soma_status soma_bench_open(soma_network *network, size_t batch_size, bool training, size_t steps, soma_bench *bench);
soma_status soma_bench_close(soma_bench *bench);
/* Enqueues steps as soma_fit() does; nothing waits. */
soma_status soma_bench_run(soma_bench *bench, size_t steps);
/* Seconds that `steps` steps take, until the device has done them. */
soma_status soma_bench_time(soma_bench *bench, size_t steps, double *seconds);

#endif
