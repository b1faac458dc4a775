/* SPDX-License-Identifier: MIT */
/* Series of numbers in time: what samples are cut out of one, which a data set has and a network keeps. */
#ifndef SOMA_DATA_SERIES_H
#define SOMA_DATA_SERIES_H

#include "base/base.h"
#include <soma/soma.h>

/* All zeros: no series. */
typedef struct soma_series {
    size_t window, horizon; /* steps that a sample has, and steps behind it that are its target */
    size_t season;          /* after so many steps it is much the same again; 0: not known */
    size_t *target;         /* [targets]: which of the inputs of a step are forecast, from 0, rising */
    size_t targets;
    /* Rows, in the order of time, up to which it was trained on, and up to which it was validated on; and the times of
     * the last of either, where the table has times. */
    size_t train_rows, validation_rows;
    double train_time, validation_time;
    bool timed;
} soma_series;

soma_status soma_series_copy(const soma_series *from, soma_series *to);
/* A network that trains on with a data set, from, has seen what that has up to its bounds. Of times the later ones
 * stay: what was trained on once is never held out again. */
void soma_series_keep_bounds(const soma_series *from, soma_series *to);
void soma_series_clear(soma_series *series);

/*
 * Means and deviations of each value of a sample, [steps, width], become those of each value of a step, whatever its
 * place: of all steps together.
 */
void soma_series_pool(size_t steps, size_t width, double *mean, double *deviation);

#endif
