/* SPDX-License-Identifier: MIT */
/* A network's predictions for some samples, and the forms in which they are written. */
#ifndef SOMA_TOOLS_PREDICTIONS_H
#define SOMA_TOOLS_PREDICTIONS_H

#include "options.h"
#include "report.h"
#include <soma/soma.h>

struct predictions {
    soma_network *network; /* for the names of classes and the shape of the output */
    soma_dataset *dataset; /* what they are for; it may know a file for each sample */
    size_t samples, outputs;
    bool steps;       /* a forecast: what else are samples are the steps ahead of the one there is */
    bool as_classes;  /* one of several */
    bool as_labels;   /* any number of them */
    size_t sequence;  /* > 0: labels one after the other, so many at most; else the output's numbers alone */
    float *values;    /* [samples, outputs] */
    int32_t *classes; /* [samples], if as_classes; [samples, outputs] of 0 and 1, if as_labels; [samples, sequence], -1
                         behind the last */
};

/* Fills values and classes, which are to be freed also after failure; logits of a classifier become probabilities. */
exit_status predictions_compute(const struct settings *settings, struct predictions *predictions);

/* Of a sample; a single unit is the probability of the second of two classes. */
double predictions_probability(const struct predictions *predictions, size_t sample, size_t class_number);

/* A header; then for each sample the path of its file, or what a table has in its column of
 * identities, if it has one; its class, the class's probability and those of
 * all classes; or the labels that hold, separated by ';', and the probabilities of all; or the labels one after the
 * other, separated by blanks; or the output's numbers.
 */
void predictions_write_csv(const struct predictions *predictions, FILE *stream);

/* NumPy's format: class numbers as int32 [samples], labels as int32 [samples, labels] of 0 and 1, sequences
 * of them as int32 [samples, steps] with -1 behind the last, or the output as float32 [samples, ...]. */
exit_status predictions_write_npy(const struct predictions *predictions, const char *path);
/* An archive of every output, as the network gives it, under the output's name; and the class numbers as "classes", or
 * the labels, or sequences of them, as "labels". */
exit_status predictions_write_npz(const struct predictions *predictions, size_t batch, const char *path);

/* "files": an array of paths, where samples have files, or "ids", of what the table has in that column; "predictions":
 * an array of class names, or of arrays of the labels that hold, or stand one after the other, or of numbers. */
void predictions_report(const struct predictions *predictions, report *object);

#endif
