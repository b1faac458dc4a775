/* SPDX-License-Identifier: MIT */
/*
 * Samples in host memory. Loaders (src/io) make one with soma_dataset_make(); the trainer reads it. Several data sets
 * may look at one storage (splits), each through its own list of rows.
 */
#ifndef SOMA_TRAIN_DATASET_H
#define SOMA_TRAIN_DATASET_H

#include "base/base.h"
#include <soma/soma.h>

/* One column of the data: an input or a target, for all rows of the storage. */
typedef struct soma_column {
    void *data;       /* rows * width elements */
    bool owned;       /* free data with the storage */
    soma_dtype dtype; /* F32, U8, I32 */
    uint32_t rank;    /* per sample; 0: one number (class numbers) */
    size_t shape[SOMA_MAX_RANK];
    size_t width;       /* elements per sample */
    float scale, shift; /* what the network sees: scale * value + shift (u8 inputs: 1/255, 0; all else 1, 0) */
    size_t classes;     /* > 0: class numbers in [0, classes) */
} soma_column;

typedef struct soma_storage {
    uint32_t references;
    size_t rows;
    size_t input_count, target_count;
    soma_column input[SOMA_MAX_OUTPUTS], target[SOMA_MAX_OUTPUTS];
    float *weights;     /* [rows] or NULL */
    char **class_names; /* [classes of the first target] or NULL */
    size_t class_name_count;
} soma_storage;

struct soma_dataset {
    soma_storage *storage;
    int32_t *rows; /* [samples]: the rows of the storage that belong to this set, or NULL for all of them in order */
    size_t samples;
};

/*
 * Takes over the storage (references = 1 is set here), also on failure. Checks that ranks and shapes agree, class
 * numbers are in range, and rows < 2^31.
 */
soma_status soma_dataset_make(soma_storage *storage, soma_dataset **dataset);
/* An empty storage, to be filled by a loader. Frees owned columns, names, weights. */
soma_storage *soma_storage_create(void);
void soma_storage_release(soma_storage *storage);

#endif
