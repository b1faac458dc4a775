/* SPDX-License-Identifier: MIT */
/*
 * soma/metrics.h - how good predictions are: classes, labels and numbers, beyond one figure.
 *
 * Included by soma/soma.h. It knows predictions and targets alone, no network: whatever they come from, the figures are
 * the same. All is computed in float64. docs/metrics.md has the formulas.
 */
#ifndef SOMA_METRICS_H
#define SOMA_METRICS_H

#include <soma/base.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum soma_task {
    SOMA_TASK_CLASSES, /* one of several classes for each sample */
    SOMA_TASK_LABELS,  /* several labels, each of which holds for a sample or does not */
    SOMA_TASK_NUMBERS  /* one or more numbers */
} soma_task;

/*
 * X(NAME, "name", of tasks: C classes, L labels, N numbers; in small letters: of each class, label or target, too).
 * What has _macro, _micro and _weighted is, by the name before that, a figure of each class or label.
 */
#define SOMA_SCORE_LIST(X)                                                                                             \
    X(ACCURACY, "accuracy", "C")                                                                                       \
    X(BALANCED_ACCURACY, "balanced_accuracy", "C")                                                                     \
    X(MATTHEWS, "matthews", "C")                                                                                       \
    X(SUBSET_ACCURACY, "subset_accuracy", "L")                                                                         \
    X(HAMMING_LOSS, "hamming_loss", "L")                                                                               \
    X(PRECISION, "precision", "cl")                                                                                    \
    X(RECALL, "recall", "cl")                                                                                          \
    X(F1, "f1", "cl")                                                                                                  \
    X(PRECISION_MACRO, "precision_macro", "CL")                                                                        \
    X(RECALL_MACRO, "recall_macro", "CL")                                                                              \
    X(F1_MACRO, "f1_macro", "CL")                                                                                      \
    X(PRECISION_MICRO, "precision_micro", "CL")                                                                        \
    X(RECALL_MICRO, "recall_micro", "CL")                                                                              \
    X(F1_MICRO, "f1_micro", "CL")                                                                                      \
    X(PRECISION_WEIGHTED, "precision_weighted", "CL")                                                                  \
    X(RECALL_WEIGHTED, "recall_weighted", "CL")                                                                        \
    X(F1_WEIGHTED, "f1_weighted", "CL")                                                                                \
    X(ROC_AUC, "roc_auc", "CLcl")                                                                                      \
    X(AVERAGE_PRECISION, "average_precision", "CLcl")                                                                  \
    X(LOG_LOSS, "log_loss", "CL")                                                                                      \
    X(BRIER, "brier", "CL")                                                                                            \
    X(CALIBRATION_ERROR, "calibration_error", "CL")                                                                    \
    X(R2, "r2", "Nn")                                                                                                  \
    X(RMSE, "rmse", "Nn")                                                                                              \
    X(MEAN_ABSOLUTE_ERROR, "mean_absolute_error", "Nn")                                                                \
    X(MEAN_ABSOLUTE_PERCENTAGE_ERROR, "mean_absolute_percentage_error", "Nn")                                          \
    X(MEDIAN_ABSOLUTE_ERROR, "median_absolute_error", "Nn")                                                            \
    X(MAX_ERROR, "max_error", "Nn")

typedef enum soma_score {
#define X(NAME, name, tasks) SOMA_SCORE_##NAME,
    SOMA_SCORE_LIST(X)
#undef X
        SOMA_SCORE_COUNT
} soma_score;
#define SOMA_MAX_SCORES 64 /* room in the structs below */

/* "f1_macro"; a static string; NULL for a score that there is not. */
SOMA_API const char *soma_score_name(soma_score score);
/* Whether a task as a whole has the score, or, of_unit, each of its classes, labels or targets. */
SOMA_API bool soma_score_applies(soma_score score, soma_task task, bool of_unit);

/* Predictions beside what was true. The arrays are row-major. */
typedef struct soma_outcomes {
    soma_task task;
    size_t samples;
    size_t units; /* of a prediction. CLASSES: as many as classes, or 1, the probability of the second of two */
    const float *predictions; /* [samples, units]: probabilities, or numbers */
    const int32_t *classes;   /* CLASSES: [samples], below the number of classes */
    const float *targets;     /* LABELS: [samples, units], 0 or 1; NUMBERS: [samples, units] */
    const float *weights;     /* [samples], at least 0; NULL: 1 each. A sample of weight 0 counts nowhere */
    const float *thresholds;  /* LABELS: [units]; CLASSES of one unit: [1]; what is above it holds. NULL: 1/2 */
    uint64_t reserved[8];     /* zero */
} soma_outcomes;

/* The class that is predicted for a sample of CLASSES: the first of the largest, or by the threshold. */
SOMA_API size_t soma_outcomes_class(const soma_outcomes *outcomes, size_t sample);

/* Of a class, a label or a target. */
typedef struct soma_unit_scores {
    double support;                /* the weight of the samples that are of it: their number, without weights */
    double predicted;              /* ... that are said to be */
    double score[SOMA_MAX_SCORES]; /* by soma_score; NaN where it is not defined, or is none of a unit */
    uint64_t reserved[4];          /* zero */
} soma_unit_scores;

/* Predictions of about one probability. */
typedef struct soma_calibration_bin {
    double low, high;   /* above low (the first: from it on), up to high */
    double weight;      /* of the samples in it: their number, without weights */
    double mean, share; /* the mean probability, and the share of what was so; NaN in an empty bin */
} soma_calibration_bin;

#define SOMA_CALIBRATION_BINS 10

typedef struct soma_report {
    soma_task task;
    size_t samples;
    size_t units;                  /* classes, labels or targets */
    double weight;                 /* of all samples: their number, without weights */
    double score[SOMA_MAX_SCORES]; /* by soma_score; NaN where it is not defined, or is none of the task */
    soma_unit_scores *unit;        /* [units] */
    /* CLASSES: [units, units], weights of samples by class (row) and predicted class (column). LABELS: [units, 2, 2],
       by whether the label holds (row) and whether it is said to (column). NUMBERS: NULL. */
    double *confusion;
    /* Of two classes: the probability of the second, against how often it was that. Of more: the probability of the
       predicted class, against how often it was right. LABELS: of all labels together. */
    soma_calibration_bin bin[SOMA_CALIBRATION_BINS];
    uint64_t reserved[8]; /* zero */
} soma_report;

/*
 * Computes every score that the task has. What is not defined is NaN, never 0: the precision of a class that was never
 * predicted, the area under the curve where all samples are of one class, R2 of a constant; averages are over the
 * classes for which the figure is defined. Where predictions are no probabilities (outside of 0 and 1) what needs them
 * is not defined. SOMA_NOT_FINITE: a prediction or target that is no number; SOMA_INVALID_ARGUMENT: classes, labels or
 * weights that cannot be. Free with soma_report_clear(); on failure there is nothing to free.
 */
SOMA_API soma_status soma_report_make(const soma_outcomes *outcomes, soma_report *report);
/* Frees what is in it, and zeroes it. NULL is accepted. */
SOMA_API void soma_report_clear(soma_report *report);

/* Points of a curve, from left to right. Free each array as soma/base.h says. */
typedef struct soma_curve {
    double *x, *y;
    size_t count;
    uint64_t reserved[4]; /* zero */
} soma_curve;

/*
 * The receiver operating characteristic of a class or label: the share of all others that are said to be of it (x)
 * against the share of its own (y), from (0, 0) to (1, 1), a point for each distinct prediction. SOMA_INVALID_STATE:
 * all samples are of it, or none. Errors as of soma_report_make(), too.
 */
SOMA_API soma_status soma_roc_curve(const soma_outcomes *outcomes, size_t unit, soma_curve *curve);

/*
 * The threshold of each unit that gives the largest F1, between two predictions: [units] for LABELS, [1] for CLASSES
 * of one unit. 1/2 where it makes no difference, since there are no samples of the label. For data that were not
 * trained on, and are not the test either. Errors as of soma_report_make(); SOMA_INVALID_ARGUMENT for other tasks.
 */
SOMA_API soma_status soma_best_thresholds(const soma_outcomes *outcomes, float *thresholds);

#ifdef __cplusplus
}
#endif
#endif
