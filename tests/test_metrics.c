/* SPDX-License-Identifier: MIT */
/* Scores of predictions against values worked out by hand; what is not defined; what is refused. */
#include "expect.h"
#include "suite.h"

#include <math.h>

static void expect_value(const char *what, double value, double expected) {
    bool same = isnan(expected) ? isnan(value) : fabs(value - expected) <= 1e-6;
    ck_assert_msg(same, "%s is %.10g, expected %.10g", what, value, expected);
}

static void expect_score(const soma_report *report, soma_score score, double expected) {
    expect_value(soma_score_name(score), report->score[score], expected);
}

static void expect_unit(const soma_report *report, size_t unit, soma_score score, double expected) {
    expect_value(soma_score_name(score), report->unit[unit].score[score], expected);
}

static soma_report report_of(const soma_outcomes *outcomes) {
    soma_report report;
    expect_ok(soma_report_make(outcomes, &report));
    return report;
}

/* -------------------------------------------------------------------------------------------------------- classes */

static const float three_predictions[] = {.7f, .2f, .1f, .4f, .5f, .1f, .1f, .8f, .1f,
                                          .2f, .6f, .2f, .5f, .2f, .3f, .1f, .1f, .8f};
static const int32_t three_classes[] = {0, 0, 1, 1, 2, 2};
static const soma_outcomes three = {
    .task = SOMA_TASK_CLASSES, .samples = 6, .units = 3, .predictions = three_predictions, .classes = three_classes};

START_TEST(counts_of_classes) {
    soma_report report = report_of(&three);
    const double confusion[] = {1, 1, 0, 0, 2, 0, 1, 0, 1};
    const double precision[] = {1. / 2, 2. / 3, 1}, recall[] = {1. / 2, 1, 1. / 2}, f1[] = {1. / 2, 4. / 5, 2. / 3};
    for (size_t i = 0; i < 9; i++) expect_value("confusion", report.confusion[i], confusion[i]);
    for (size_t j = 0; j < 3; j++) {
        expect_value("support", report.unit[j].support, 2);
        expect_unit(&report, j, SOMA_SCORE_PRECISION, precision[j]);
        expect_unit(&report, j, SOMA_SCORE_RECALL, recall[j]);
        expect_unit(&report, j, SOMA_SCORE_F1, f1[j]);
    }
    expect_score(&report, SOMA_SCORE_ACCURACY, 4. / 6);
    expect_score(&report, SOMA_SCORE_BALANCED_ACCURACY, 2. / 3);
    expect_score(&report, SOMA_SCORE_PRECISION_MACRO, 13. / 18);
    expect_score(&report, SOMA_SCORE_F1_MACRO, 59. / 90);
    expect_score(&report, SOMA_SCORE_F1_MICRO, 4. / 6);
    expect_score(&report, SOMA_SCORE_F1_WEIGHTED, 59. / 90);
    expect_score(&report, SOMA_SCORE_MATTHEWS, 12 / sqrt(22. * 24));
    expect_score(&report, SOMA_SCORE_R2, (double)NAN);
    soma_report_clear(&report);
}
END_TEST

START_TEST(order_of_classes) {
    soma_report report = report_of(&three);
    expect_unit(&report, 0, SOMA_SCORE_ROC_AUC, 7. / 8);
    expect_unit(&report, 1, SOMA_SCORE_ROC_AUC, 1);
    expect_score(&report, SOMA_SCORE_ROC_AUC, (7. / 8 + 2) / 3);
    expect_unit(&report, 0, SOMA_SCORE_AVERAGE_PRECISION, 5. / 6);
    expect_score(&report, SOMA_SCORE_AVERAGE_PRECISION, (5. / 6 + 2) / 3);
    soma_report_clear(&report);
}
END_TEST

START_TEST(probabilities_of_classes) {
    soma_report report = report_of(&three);
    expect_score(&report, SOMA_SCORE_LOG_LOSS, -log(.7 * .4 * .8 * .6 * .3 * .8) / 6);
    expect_score(&report, SOMA_SCORE_BRIER, 1.9 / 6);
    /* The largest: .5 wrong twice; .6 and .7 right; .8 right twice, above .8 in float32. */
    expect_value("weight", report.bin[4].weight, 2);
    expect_value("share", report.bin[4].share, 0);
    expect_value("mean", report.bin[6].mean, .65);
    expect_value("share", report.bin[8].share, 1);
    expect_value("share", report.bin[0].share, (double)NAN);
    expect_score(&report, SOMA_SCORE_CALIBRATION_ERROR, (1 + .7 + .4) / 6);
    soma_report_clear(&report);
}
END_TEST

static const float one_predictions[] = {.5f, .5f, .9f, .1f};
static const int32_t one_classes[] = {0, 1, 1, 0};
static const soma_outcomes one = {
    .task = SOMA_TASK_CLASSES, .samples = 4, .units = 1, .predictions = one_predictions, .classes = one_classes};

/* The probability of the second class; what is just at the threshold does not hold, and a tie is half right. */
START_TEST(two_classes_of_one_unit) {
    soma_report report = report_of(&one);
    ck_assert_uint_eq(report.units, 2);
    expect_score(&report, SOMA_SCORE_ACCURACY, 3. / 4);
    expect_unit(&report, 1, SOMA_SCORE_RECALL, 1. / 2);
    expect_score(&report, SOMA_SCORE_ROC_AUC, 3.5 / 4);
    expect_unit(&report, 0, SOMA_SCORE_ROC_AUC, 3.5 / 4);
    expect_score(&report, SOMA_SCORE_AVERAGE_PRECISION, .5 + .5 * 2 / 3);
    expect_score(&report, SOMA_SCORE_BRIER, .13);
    expect_score(&report, SOMA_SCORE_LOG_LOSS, -(2 * log(.5) + 2 * log(.9)) / 4);
    /* 0 is in the bin up to .5 and so is 1: half of them; .9 and .1 are .1 off. */
    expect_score(&report, SOMA_SCORE_CALIBRATION_ERROR, .2 / 4);
    expect_value("weight", report.bin[1].weight, 1); /* .1 in float32 is above .1: the second class, not the one said */
    expect_value("share", report.bin[1].share, 0);
    soma_report_clear(&report);
    const float threshold = .4f;
    soma_outcomes lower = one;
    lower.thresholds = &threshold;
    report = report_of(&lower);
    expect_unit(&report, 1, SOMA_SCORE_RECALL, 1);
    expect_unit(&report, 1, SOMA_SCORE_PRECISION, 2. / 3);
    soma_report_clear(&report);
}
END_TEST

/* A figure without a meaning is no number, and averages are over the others. */
START_TEST(absent_classes_are_not_defined) {
    const float predictions[] = {.8f, .1f, .1f, .6f, .3f, .1f, .4f, .2f, .4f};
    const int32_t classes[] = {0, 1, 0}; /* there is no 2, and nothing but 0 is predicted */
    soma_report report = report_of(&(soma_outcomes){
        .task = SOMA_TASK_CLASSES, .samples = 3, .units = 3, .predictions = predictions, .classes = classes});
    expect_unit(&report, 1, SOMA_SCORE_PRECISION, (double)NAN);
    expect_unit(&report, 1, SOMA_SCORE_F1, 0);
    expect_unit(&report, 2, SOMA_SCORE_RECALL, (double)NAN);
    expect_unit(&report, 2, SOMA_SCORE_F1, (double)NAN);
    expect_unit(&report, 2, SOMA_SCORE_ROC_AUC, (double)NAN);
    expect_unit(&report, 2, SOMA_SCORE_AVERAGE_PRECISION, (double)NAN);
    expect_score(&report, SOMA_SCORE_PRECISION_MACRO, 2. / 3);
    expect_score(&report, SOMA_SCORE_BALANCED_ACCURACY, 1. / 2);
    expect_score(&report, SOMA_SCORE_F1_MACRO, (.8 + 0) / 2);
    expect_score(&report, SOMA_SCORE_MATTHEWS, (double)NAN);
    soma_report_clear(&report);
    const int32_t all[] = {0, 0, 0};
    report = report_of(&(soma_outcomes){
        .task = SOMA_TASK_CLASSES, .samples = 3, .units = 3, .predictions = predictions, .classes = all});
    expect_unit(&report, 0, SOMA_SCORE_ROC_AUC, (double)NAN);
    expect_score(&report, SOMA_SCORE_ROC_AUC, (double)NAN);
    expect_score(&report, SOMA_SCORE_ACCURACY, 1);
    soma_report_clear(&report);
}
END_TEST

/* Scores that are no probabilities still have an order. */
START_TEST(scores_beyond_probabilities) {
    const float predictions[] = {3, -1, 2, 5};
    const int32_t classes[] = {0, 1};
    soma_report report = report_of(&(soma_outcomes){
        .task = SOMA_TASK_CLASSES, .samples = 2, .units = 2, .predictions = predictions, .classes = classes});
    expect_score(&report, SOMA_SCORE_ACCURACY, 1);
    expect_score(&report, SOMA_SCORE_ROC_AUC, 1);
    expect_score(&report, SOMA_SCORE_LOG_LOSS, (double)NAN);
    expect_score(&report, SOMA_SCORE_BRIER, (double)NAN);
    expect_score(&report, SOMA_SCORE_CALIBRATION_ERROR, (double)NAN);
    expect_value("weight", report.bin[9].weight, 0);
    soma_report_clear(&report);
}
END_TEST

/* A sure and wrong sample costs as much as float32 can tell: ln 2^23. */
START_TEST(sure_and_wrong) {
    const float predictions[] = {1, 0};
    const int32_t classes[] = {0, 1};
    soma_report report = report_of(&(soma_outcomes){
        .task = SOMA_TASK_CLASSES, .samples = 2, .units = 1, .predictions = predictions, .classes = classes});
    expect_score(&report, SOMA_SCORE_LOG_LOSS, 23 * log(2));
    expect_score(&report, SOMA_SCORE_BRIER, 1);
    expect_score(&report, SOMA_SCORE_ROC_AUC, 0);
    soma_report_clear(&report);
}
END_TEST

/* And one that is sure and right as little: -ln(1 - 2^-23). */
START_TEST(sure_and_right) {
    const float predictions[] = {1, 0};
    const int32_t classes[] = {1, 0};
    soma_report report = report_of(&(soma_outcomes){
        .task = SOMA_TASK_CLASSES, .samples = 2, .units = 1, .predictions = predictions, .classes = classes});
    ck_assert_double_eq_tol(report.score[SOMA_SCORE_LOG_LOSS], -log1p(-0x1p-23), 1e-15);
    expect_score(&report, SOMA_SCORE_BRIER, 0);
    expect_score(&report, SOMA_SCORE_ROC_AUC, 1);
    soma_report_clear(&report);
}
END_TEST

/* --------------------------------------------------------------------------------------------------------- weights */

static void expect_same(const soma_report *a, const soma_report *b) {
    for (size_t i = 0; i < SOMA_SCORE_COUNT; i++) {
        expect_value(soma_score_name((soma_score)i), a->score[i], b->score[i]);
        for (size_t j = 0; j < a->units; j++)
            expect_value(soma_score_name((soma_score)i), a->unit[j].score[i], b->unit[j].score[i]);
    }
    for (size_t b_index = 0; b_index < SOMA_CALIBRATION_BINS; b_index++)
        expect_value("bin", a->bin[b_index].share, b->bin[b_index].share);
}

/* A sample of weight 2 is as two of them, one of weight 0 as none. */
START_TEST(weights_are_repetitions) {
    const float predictions[] = {.7f, .2f, .9f, .4f, .1f}, repeated[] = {.7f, .2f, .2f, .4f, .4f, .4f, .1f};
    const float weights[] = {1, 2, 0, 3, 1}, targets[] = {1, 0, 0, 1, 0}, repeated_targets[] = {1, 0, 0, 1, 1, 1, 0};
    const int32_t classes[] = {1, 0, 0, 1, 0}, repeated_classes[] = {1, 0, 0, 1, 1, 1, 0};
    for (int task = 0; task <= SOMA_TASK_NUMBERS; task++) {
        soma_report weighted = report_of(&(soma_outcomes){.task = (soma_task)task,
                                                          .samples = 5,
                                                          .units = 1,
                                                          .predictions = predictions,
                                                          .classes = classes,
                                                          .targets = targets,
                                                          .weights = weights});
        soma_report plain = report_of(&(soma_outcomes){.task = (soma_task)task,
                                                       .samples = 7,
                                                       .units = 1,
                                                       .predictions = repeated,
                                                       .classes = repeated_classes,
                                                       .targets = repeated_targets});
        expect_value("weight", weighted.weight, 7);
        expect_same(&weighted, &plain);
        soma_report_clear(&weighted);
        soma_report_clear(&plain);
    }
}
END_TEST

/* ---------------------------------------------------------------------------------------------------------- labels */

static const float label_predictions[] = {.9f, .2f, .6f, .3f, .8f, .4f, .7f, .1f, .5f, .2f, .6f, .9f};
static const float label_targets[] = {1, 0, 0, 0, 1, 1, 1, 0, 1, 0, 0, 1};
static const soma_outcomes labels = {
    .task = SOMA_TASK_LABELS, .samples = 4, .units = 3, .predictions = label_predictions, .targets = label_targets};

START_TEST(labels_that_hold) {
    soma_report report = report_of(&labels);
    /* Said: 1 0 1 | 0 1 0 | 1 0 0 | 0 1 1; five are wrong, and each sample has one. */
    const double tables[] = {2, 0, 0, 2, 2, 1, 0, 1, 0, 1, 2, 1};
    for (size_t i = 0; i < 12; i++) expect_value("table", report.confusion[i], tables[i]);
    expect_score(&report, SOMA_SCORE_SUBSET_ACCURACY, 0);
    expect_score(&report, SOMA_SCORE_HAMMING_LOSS, 4. / 12);
    expect_unit(&report, 2, SOMA_SCORE_PRECISION, 1. / 2);
    expect_unit(&report, 2, SOMA_SCORE_RECALL, 1. / 3);
    expect_score(&report, SOMA_SCORE_F1_MACRO, (1 + 2. / 3 + 2. / 5) / 3);
    expect_score(&report, SOMA_SCORE_F1_MICRO, 8. / 12);
    expect_score(&report, SOMA_SCORE_F1_WEIGHTED, (2 * 1 + 1 * 2. / 3 + 3 * 2. / 5) / 6);
    expect_unit(&report, 2, SOMA_SCORE_ROC_AUC, 1. / 3);
    expect_score(&report, SOMA_SCORE_ROC_AUC, (1 + 1 + 1. / 3) / 3);
    expect_score(&report, SOMA_SCORE_ACCURACY, (double)NAN);
    soma_report_clear(&report);
    const float thresholds[] = {.5f, .7f, .3f};
    soma_outcomes own = labels;
    own.thresholds = thresholds;
    report = report_of(&own);
    expect_score(&report, SOMA_SCORE_SUBSET_ACCURACY, 3. / 4);
    soma_report_clear(&report);
}
END_TEST

/* Between .8 and .6, and between .4 (which holds) and nothing below; label 0 between .7 and .3. */
START_TEST(best_thresholds) {
    float thresholds[3];
    expect_ok(soma_best_thresholds(&labels, thresholds));
    expect_value("threshold", (double)thresholds[0], .5);
    expect_value("threshold", (double)thresholds[1], .7);
    expect_value("threshold", (double)thresholds[2], .2);
    expect_ok(soma_best_thresholds(&one, thresholds));
    expect_value("threshold", (double)thresholds[0], .3);
    const float none[] = {0, 0, 0, 0};
    expect_ok(soma_best_thresholds(
        &(soma_outcomes){
            .task = SOMA_TASK_LABELS, .samples = 4, .units = 1, .predictions = one_predictions, .targets = none},
        thresholds));
    expect_value("threshold", (double)thresholds[0], .5);
    expect_error(soma_best_thresholds(&three, thresholds), SOMA_INVALID_ARGUMENT, "labels", "one unit");
}
END_TEST

/* Two neighbours in float32: what is said to hold is the upper one alone. */
START_TEST(threshold_between_neighbours) {
    float upper = nextafterf(.5f, 1), threshold;
    const float predictions[] = {.5f, upper}, targets[] = {0, 1};
    soma_outcomes outcomes = {
        .task = SOMA_TASK_LABELS, .samples = 2, .units = 1, .predictions = predictions, .targets = targets};
    expect_ok(soma_best_thresholds(&outcomes, &threshold));
    ck_assert(threshold >= .5f && threshold < upper);
    const float above[] = {upper, nextafterf(upper, 1)}; /* their middle is rounded up */
    outcomes.predictions = above;
    expect_ok(soma_best_thresholds(&outcomes, &threshold));
    ck_assert(threshold >= upper && threshold < above[1]);
    const float zeros[] = {0, 0}, all[] = {1, 1};
    outcomes.predictions = zeros;
    outcomes.targets = all;
    expect_ok(soma_best_thresholds(&outcomes, &threshold));
    ck_assert(threshold < 0); /* what is 0 holds, too */
}
END_TEST

/* --------------------------------------------------------------------------------------------------------- numbers */

START_TEST(errors_of_numbers) {
    const float predictions[] = {2.5f, 10, 0, 10, 2, 10, 8, 10}, targets[] = {3, 10, -.5f, 10, 2, 10, 7, 10};
    soma_report report = report_of(&(soma_outcomes){
        .task = SOMA_TASK_NUMBERS, .samples = 4, .units = 2, .predictions = predictions, .targets = targets});
    double mean = 11.5 / 4, spread = 9 + .25 + 4 + 49 - 4 * mean * mean;
    expect_unit(&report, 0, SOMA_SCORE_R2, 1 - 1.5 / spread);
    expect_unit(&report, 0, SOMA_SCORE_RMSE, sqrt(1.5 / 4));
    expect_unit(&report, 0, SOMA_SCORE_MEAN_ABSOLUTE_ERROR, .5);
    expect_unit(&report, 0, SOMA_SCORE_MEAN_ABSOLUTE_PERCENTAGE_ERROR, (.5 / 3 + 1 + 0 + 1. / 7) / 4);
    expect_unit(&report, 0, SOMA_SCORE_MEDIAN_ABSOLUTE_ERROR, .5);
    expect_unit(&report, 0, SOMA_SCORE_MAX_ERROR, 1);
    expect_unit(&report, 1, SOMA_SCORE_R2, (double)NAN); /* a constant has no spread to explain */
    expect_unit(&report, 1, SOMA_SCORE_RMSE, 0);
    expect_score(&report, SOMA_SCORE_R2, 1 - 1.5 / spread);
    expect_score(&report, SOMA_SCORE_RMSE, sqrt(1.5 / 4) / 2);
    expect_score(&report, SOMA_SCORE_MAX_ERROR, 1);
    expect_score(&report, SOMA_SCORE_ACCURACY, (double)NAN);
    ck_assert_ptr_null(report.confusion);
    soma_report_clear(&report);
}
END_TEST

START_TEST(numbers_without_a_meaning) {
    const float predictions[] = {1, 2, 3}, targets[] = {0, 2, 5}; /* of 0 there is no percentage */
    soma_outcomes outcomes = {
        .task = SOMA_TASK_NUMBERS, .samples = 3, .units = 1, .predictions = predictions, .targets = targets};
    soma_report report = report_of(&outcomes);
    expect_score(&report, SOMA_SCORE_MEAN_ABSOLUTE_PERCENTAGE_ERROR, (double)NAN);
    expect_score(&report, SOMA_SCORE_MEDIAN_ABSOLUTE_ERROR, 1);
    soma_report_clear(&report);
    outcomes.samples = 2; /* half of the weight is on either side of all that lies between */
    const float others[] = {1, 5};
    outcomes.targets = others;
    report = report_of(&outcomes);
    expect_score(&report, SOMA_SCORE_MEDIAN_ABSOLUTE_ERROR, 1.5);
    soma_report_clear(&report);
    outcomes.samples = 1;
    report = report_of(&outcomes);
    expect_score(&report, SOMA_SCORE_R2, (double)NAN);
    soma_report_clear(&report);
}
END_TEST

/* Far from 0, where sums of squares in float32, or of plain squares in float64, would be lost. */
START_TEST(numbers_far_from_zero) {
    const float predictions[] = {16000000, 16000002, 16000004, 16000006};
    const float targets[] = {16000001, 16000002, 16000004, 16000005};
    soma_report report = report_of(&(soma_outcomes){
        .task = SOMA_TASK_NUMBERS, .samples = 4, .units = 1, .predictions = predictions, .targets = targets});
    expect_score(&report, SOMA_SCORE_R2, 1 - 2. / 10);
    expect_score(&report, SOMA_SCORE_RMSE, sqrt(.5));
    soma_report_clear(&report);
}
END_TEST

/* ---------------------------------------------------------------------------------------------------------- curves */

START_TEST(points_of_a_curve) {
    soma_curve curve;
    const double x[] = {0, 0, 1. / 2, 1}, y[] = {0, 1. / 2, 1, 1};
    expect_ok(soma_roc_curve(&one, 1, &curve));
    ck_assert_uint_eq(curve.count, 4);
    for (size_t i = 0; i < 4; i++) {
        expect_value("x", curve.x[i], x[i]);
        expect_value("y", curve.y[i], y[i]);
    }
    soma_free(curve.x);
    soma_free(curve.y);
    const int32_t all[] = {1, 1, 1, 1};
    soma_outcomes same = one;
    same.classes = all;
    expect_error(soma_roc_curve(&same, 1, &curve), SOMA_INVALID_STATE, "all samples are of unit 1");
    expect_error(soma_roc_curve(&same, 0, &curve), SOMA_INVALID_STATE, "no samples are of unit 0");
    expect_error(soma_roc_curve(&one, 2, &curve), SOMA_INVALID_ARGUMENT, "number 2");
}
END_TEST

/* ---------------------------------------------------------------------------------------------------------- refused */

START_TEST(what_cannot_be) {
    soma_report report;
    soma_outcomes bad = three;
    const int32_t classes[] = {0, 0, 1, 3, 2, 2};
    bad.classes = classes;
    expect_error(soma_report_make(&bad, &report), SOMA_INVALID_ARGUMENT, "sample 3", "is 3", "0 to 2");
    float predictions[18] = {0};
    predictions[7] = NAN;
    bad = three;
    bad.predictions = predictions;
    expect_error(soma_report_make(&bad, &report), SOMA_NOT_FINITE, "prediction 1", "sample 2", "nan");
    float targets[12] = {0};
    targets[4] = .5f;
    bad = labels;
    bad.targets = targets;
    expect_error(soma_report_make(&bad, &report), SOMA_INVALID_ARGUMENT, "label 1", "sample 1", "0.5");
    targets[4] = INFINITY;
    bad.task = SOMA_TASK_NUMBERS;
    expect_error(soma_report_make(&bad, &report), SOMA_NOT_FINITE, "target 1", "sample 1", "inf");
    const float weights[] = {0, 0, 0, 0, 0, 0}, negative[] = {1, 1, -1, 1, 1, 1};
    bad = three;
    bad.weights = weights;
    expect_error(soma_report_make(&bad, &report), SOMA_INVALID_ARGUMENT, "all samples are 0");
    bad.weights = negative;
    expect_error(soma_report_make(&bad, &report), SOMA_INVALID_ARGUMENT, "sample 2", "-1");
    const float threshold = NAN;
    bad = one;
    bad.thresholds = &threshold;
    expect_error(soma_report_make(&bad, &report), SOMA_INVALID_ARGUMENT, "threshold 0");
    bad = three;
    bad.classes = NULL;
    expect_error(soma_report_make(&bad, &report), SOMA_INVALID_ARGUMENT, "classes is NULL");
    bad = three;
    bad.samples = 0;
    expect_error(soma_report_make(&bad, &report), SOMA_INVALID_ARGUMENT, "0 samples");
    bad = three;
    bad.reserved[7] = 1;
    expect_error(soma_report_make(&bad, &report), SOMA_INVALID_ARGUMENT, "reserved");
    bad = three;
    bad.task = (soma_task)3;
    expect_error(soma_report_make(&bad, &report), SOMA_INVALID_ARGUMENT, "task number 3");
    expect_error(soma_report_make(NULL, &report), SOMA_INVALID_ARGUMENT, "outcomes is NULL");
    expect_error(soma_report_make(&three, NULL), SOMA_INVALID_ARGUMENT, "report is NULL");
    soma_report_clear(NULL);
}
END_TEST

START_TEST(names_and_tasks) {
    ck_assert_str_eq(soma_score_name(SOMA_SCORE_F1_MACRO), "f1_macro");
    ck_assert_ptr_null(soma_score_name(SOMA_SCORE_COUNT));
    ck_assert(soma_score_applies(SOMA_SCORE_ROC_AUC, SOMA_TASK_LABELS, true));
    ck_assert(!soma_score_applies(SOMA_SCORE_F1, SOMA_TASK_CLASSES, false));
    ck_assert(soma_score_applies(SOMA_SCORE_F1, SOMA_TASK_CLASSES, true));
    ck_assert(!soma_score_applies(SOMA_SCORE_R2, SOMA_TASK_CLASSES, false));
    ck_assert(!soma_score_applies(SOMA_SCORE_COUNT, SOMA_TASK_CLASSES, false));
}
END_TEST

static void add(TCase *cases) {
    tcase_add_test(cases, counts_of_classes);
    tcase_add_test(cases, order_of_classes);
    tcase_add_test(cases, probabilities_of_classes);
    tcase_add_test(cases, two_classes_of_one_unit);
    tcase_add_test(cases, absent_classes_are_not_defined);
    tcase_add_test(cases, scores_beyond_probabilities);
    tcase_add_test(cases, sure_and_wrong);
    tcase_add_test(cases, sure_and_right);
    tcase_add_test(cases, weights_are_repetitions);
    tcase_add_test(cases, labels_that_hold);
    tcase_add_test(cases, best_thresholds);
    tcase_add_test(cases, threshold_between_neighbours);
    tcase_add_test(cases, errors_of_numbers);
    tcase_add_test(cases, numbers_without_a_meaning);
    tcase_add_test(cases, numbers_far_from_zero);
    tcase_add_test(cases, points_of_a_curve);
    tcase_add_test(cases, what_cannot_be);
    tcase_add_test(cases, names_and_tasks);
}

int main(void) {
    return run_suite("metrics", add);
}
