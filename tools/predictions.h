/* SPDX-License-Identifier: MIT */
/* A network's predictions for some samples, and the forms in which they are written. */
#ifndef SOMA_TOOLS_PREDICTIONS_H
#define SOMA_TOOLS_PREDICTIONS_H

#include "report.h"
#include <soma/soma.h>
#include <stdio.h>

struct predictions {
    soma_network *network; /* for the names of classes and the shape of the output */
    size_t samples, outputs;
    bool as_classes;  /* else the output's numbers alone */
    float *values;    /* [samples, outputs] */
    int32_t *classes; /* [samples], if as_classes */
};

/* A header; then for each sample its class, the class's probability and those of all classes; or the output's numbers.
 */
void predictions_write_csv(const struct predictions *predictions, FILE *stream);

/* NumPy's format: class numbers as int32 [samples], or the outputs as float32 [samples, ...]. */
void predictions_write_npy(const struct predictions *predictions, FILE *stream);

/* "predictions": an array of class names, or of arrays of numbers. */
void predictions_report(const struct predictions *predictions, report *object);

#endif
