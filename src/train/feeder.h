/* SPDX-License-Identifier: MIT */
/*
 * Batches of a data set that does not lie on the device: the rows of each are brought together on the host, one column
 * after the other, and sent to the same place on the device, while the batch before is worked on.
 */
#ifndef SOMA_TRAIN_FEEDER_H
#define SOMA_TRAIN_FEEDER_H

#include "device/upload.h"
#include "train/match.h"

typedef struct soma_feeder {
    soma_upload upload;
    const soma_source *source; /* borrowed */
    uint32_t source_count;
    size_t offset[SOMA_MAX_SOURCES]; /* of a column's rows, in bytes */
    size_t batch;                    /* rows at most */
    bool loaded;                     /* the rows from `start` on, `count` of them, are there or on their way */
    size_t start, count;
} soma_feeder;

/* SOMA_OUT_OF_DEVICE_MEMORY where the device lacks room for it beside what it must have left. */
soma_status soma_feeder_open(soma_device *device, const soma_source *source, uint32_t source_count, size_t batch,
                             soma_feeder *feeder);
void soma_feeder_close(soma_feeder *feeder);
/* Sends rows order[start], ... (order NULL: start, ...) unless that has been done. */
soma_status soma_feeder_load(soma_feeder *feeder, const int32_t *order, size_t start, size_t count);
/* The same ahead of time. That they can't be sent comes to nothing: soma_feeder_load() does it again, and tells. What
 * fails here failed before, on its way or in the steps that use it, which nobody else may tell. */
soma_status soma_feeder_load_ahead(soma_feeder *feeder, const int32_t *order, size_t start, size_t count);
/* Forgets what was sent: the order is another one now. */
void soma_feeder_forget(soma_feeder *feeder);

/* Whether the device has room for `bytes` more of data: an eighth of its memory stays free, for plans of other batch
 * sizes and for copies of the weights. */
bool soma_feeder_room(const soma_device *device, uint64_t bytes);

size_t soma_source_row_bytes(const soma_source *source);
/* Copies rows order[start], ... to `rows`, one after the other. */
void soma_source_collect(const soma_source *source, const int32_t *order, size_t start, size_t count, void *rows);

#endif
