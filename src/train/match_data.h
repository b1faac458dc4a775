/* SPDX-License-Identifier: MIT */
/* Data sets made to fit what a network learnt of another one: its columns, its classes. */
#ifndef SOMA_TRAIN_MATCH_DATA_H
#define SOMA_TRAIN_MATCH_DATA_H

#include "data/dataset.h"
#include "nn/network.h"

/*
 * Renumbers the classes of the first target so that they follow `names`: a table of its own may have met them in
 * another order, or not all of them. A class that is not among the names is an error. A data set whose classes have no
 * names keeps its numbers; there must not be more of them than names.
 */
soma_status soma_dataset_match_classes(soma_dataset *dataset, const char *const *names, size_t count);

/* For a network whose classes have no names: those of the data set that are called by numbers get these; other names
 * are an error. */
soma_status soma_dataset_match_numbers(soma_dataset *dataset);

/* "a", "b" and 3 more: names of classes, for messages; returns text. */
#define SOMA_CLASS_LIST 256
const char *soma_class_list(const char *const *names, size_t count, char text[SOMA_CLASS_LIST]);

#endif
