/* SPDX-License-Identifier: MIT */
/* The data that --data names, divided into training, validation and test samples. */
#ifndef SOMA_TOOLS_DATA_H
#define SOMA_TOOLS_DATA_H

#include "options.h"
#include "source.h"

struct data {
    soma_dataset *train, *validation, *test; /* NULL where there is none */
    bool table;                              /* it came from a CSV file */
    bool images;                             /* it came from pictures */
    bool text, series;                       /* it is one, which was divided as it was read */
    soma_division division;                  /* how it was divided */
};

/* For training: all three parts. network: the one to go on with, or NULL. On failure nothing is left to release. */
exit_status data_load(const struct settings *settings, soma_network *network, struct data *data);
void data_release(struct data *data);

/*
 * For a network that is there: the part that --part names. A network that learnt numbers is given numbers as labels.
 * `labelled` false: the labels may be missing (predict); a CSV file's last column, or that of --label, is then passed
 * over, whatever is in it, unless the file has as many columns as the network has inputs.
 */
exit_status data_load_for(const struct settings *settings, soma_network *network, bool labelled,
                          soma_dataset **dataset);

/* STATUS_USAGE where it has no labels, with what would give it some. */
exit_status data_refuse_unlabelled(const struct settings *settings, const soma_dataset *dataset);

/* Gives the data set the network's columns and classes, and standardises it by the network's figures. */
exit_status data_match(const struct settings *settings, const soma_network *network, soma_dataset *dataset);

/* What --data names as it lies there, not divided, for a network or for none; and whether it is a table. */
exit_status data_open(const struct settings *settings, soma_network *network, struct loaded *loaded);
exit_status data_is_table(const struct settings *settings, bool *table);

/* 0 for no data set. */
size_t data_samples(const soma_dataset *dataset);

#endif
