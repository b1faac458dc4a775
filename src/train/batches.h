/* SPDX-License-Identifier: MIT */
/*
 * The batches of a data set. Where its columns fit into the device's memory they are brought there once, and plans
 * gather each batch there by the rows' numbers. Else they are streamed: the rows of a batch are brought together on the
 * host and sent while the device works on the batch before, and plans gather from there. Where even that finds no room,
 * and where there is but one batch, they are written to the plan's inputs. All ways give the same bits.
 */
#ifndef SOMA_TRAIN_BATCHES_H
#define SOMA_TRAIN_BATCHES_H

#include "train/feeder.h"

typedef enum soma_batches_way { SOMA_BATCHES_WRITTEN, SOMA_BATCHES_STREAMED, SOMA_BATCHES_RESIDENT } soma_batches_way;

typedef struct soma_batches {
    soma_device *device;
    const soma_dataset *dataset; /* borrowed */
    soma_source source[SOMA_MAX_SOURCES];
    uint32_t source_count;
    int32_t *order; /* the rows in the order in which they are visited; NULL: 0, 1, 2, ... */
    soma_batches_way way;
    struct {
        void *memory;  /* the column on the device */
        size_t bytes;  /* allocated for it; 0: host memory used in place */
        bool borrowed; /* of other batches over the same data */
    } column[SOMA_MAX_SOURCES];
    void *index;         /* RESIDENT: the order on the device */
    uint64_t data_bytes; /* RESIDENT: of columns and order, also of those before that share the limit */
    soma_feeder feeder;  /* STREAMED */
    void *rows;          /* WRITTEN: those of one batch, of one column at a time; NULL: they lie together */
} soma_batches;

typedef struct soma_batches_options {
    size_t batch;
    bool shuffle;               /* soma_batches_shuffle() will be called */
    size_t epochs;              /* how often all batches are going to be run; 0: nobody knows */
    bool on_host;               /* for a single batch: do not bring the columns to the device */
    const soma_batches *shared; /* must outlive the new ones: columns that it has on the device are used from there */
} soma_batches_options;

soma_status soma_batches_open(soma_device *device, const soma_dataset *dataset, const soma_match *match,
                              const soma_batches_options *options, soma_batches *batches);
void soma_batches_close(soma_batches *batches);

/* Puts the rows into the random order number `number` of this seed. */
soma_status soma_batches_shuffle(soma_batches *batches, uint64_t seed, uint64_t number);

/* Prepares a plan for these batches; what it was fed before is forgotten. */
soma_status soma_batches_attach(const soma_batches *batches, soma_plan *plan);
/* Brings the batch that begins at sample `start` (of the order) to where the plan has it from: to its inputs, or to its
 * feeds, where *first is the row at which it begins. */
soma_status soma_batches_load(soma_batches *batches, soma_plan *plan, size_t start, size_t *first);
/* The same ahead of time, for so many samples, once the last step on what was loaded before is enqueued. See
 * soma_feeder_load_ahead(). */
soma_status soma_batches_load_ahead(soma_batches *batches, size_t start, size_t count);
/* Row of the storage that sample `index` of the order is. */
size_t soma_batches_row(const soma_batches *batches, size_t index);

#endif
