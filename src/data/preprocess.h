/* SPDX-License-Identifier: MIT */
/* Transforming data sets: standardised features. */
#ifndef SOMA_DATA_PREPROCESS_H
#define SOMA_DATA_PREPROCESS_H

#include "base/base.h"
#include <soma/soma.h>

/* Features of one sample, all inputs after one another: the length of the arrays below. */
size_t soma_dataset_width(const soma_dataset *dataset);

/*
 * Mean and (population) standard deviation of each feature as the network sees it, summed in float64. A constant
 * feature has the deviation 0, exactly. SOMA_NOT_FINITE where a feature holds an infinity or a NaN.
 */
soma_status soma_dataset_statistics(const soma_dataset *dataset, double *mean, double *deviation);

/*
 * The same of a masked data set, of whose first input the steps that there are count, all as one: each feature has the
 * same figures at each step. Those of the mask are 0 and 1.
 */
soma_status soma_dataset_masked_statistics(const soma_dataset *dataset, double *mean, double *deviation);

/* What soma_dataset_standardize() multiplies by: 1 / deviation, or 0 where that is no finite float32. */
static inline double soma_scale_of_deviation(double deviation) {
    double scale = 1.0 / deviation;
    return deviation > 0 && scale <= 3.4028234663852886e38 ? scale : 0.0;
}

/*
 * x' = (x - mean) * scale for each feature, in float64; inputs become float32. `width` is the length of both arrays.
 * Other data sets over the same storage, and arrays that were borrowed, stay as they are.
 */
soma_status soma_dataset_standardize(soma_dataset *dataset, const double *mean, const double *scale, size_t width);

#endif
