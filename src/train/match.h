/* SPDX-License-Identifier: MIT */
/* Does a data set fit a network? If so: which column feeds which input of a step graph. */
#ifndef SOMA_TRAIN_MATCH_H
#define SOMA_TRAIN_MATCH_H

#include "data/dataset.h"
#include "train/step.h"

/* Inputs of a step graph at most: network inputs, targets, sample weights, step weights. */
#define SOMA_MAX_SOURCES (3 * SOMA_MAX_OUTPUTS + 1)

/* What feeds one INPUT tensor of a step graph: a borrowed column in host memory. */
typedef struct soma_source {
    const void *data; /* [rows, width] */
    soma_dtype dtype; /* as stored: F32, U8, I32 */
    size_t width;
    float scale, shift;
} soma_source;

typedef struct soma_match {
    soma_signature signature;
    soma_source source[SOMA_MAX_SOURCES]; /* in the order of the step graph's INPUT tensors */
    uint32_t source_count;
} soma_match;

/*
 * Checks counts, shapes and kinds of the data set's columns against the network and its losses. The detail of an error
 * shows both sides. Class numbers of at most two classes serve as 0 and 1 for a binary cross-entropy of one unit.
 */
soma_status soma_match_dataset(const soma_network *network, const soma_dataset *dataset, soma_mode mode,
                               soma_match *match);

/*
 * match_labels.c: the labels of an output with the loss CTC: whole numbers, each of a unit, that have room in the steps
 * that there are; how many at most, and on average.
 */
soma_status soma_match_labels(const soma_network *network, size_t output, const soma_dataset *dataset,
                              const soma_column *column, soma_signature *signature);

/* masked.c: what says which steps of an output there are; NULL: nothing does, or the data set has not as many inputs.
 */
const soma_column *soma_mask_column(const soma_network *network, const soma_dataset *dataset, size_t output);
/*
 * masked.c: a copy, to be destroyed, of a data set whose targets of masked outputs hold anything at steps that there
 * are not: 0 stands there then, which is a class of each. NULL: they hold nothing else, or do not fit.
 */
soma_status soma_clear_masked_targets(const soma_network *network, const soma_dataset *dataset, soma_dataset **copy);
/* masked.c: appends what each step of masked outputs weighs: 0 where the mask is 0, and on average 1. */
void soma_add_step_weights(const soma_network *network, const soma_dataset *dataset, soma_match *match);

#endif
