/* SPDX-License-Identifier: MIT */
/* The reference's losses and metrics, against values worked out by hand. */
#include "reference.h"

/* ---------------------------------------------------------------------------------------------------------- losses */

/* One row of two elements. */
static double loss_by(soma_loss_params params, double p0, double p1, double t0, double t1) {
    double p[2] = {p0, p1}, t[2] = {t0, t1}, loss;
    run(soma_call_loss(F64(p, 1, 2), F64(t, 1, 2), NONE, NONE, F64(&loss, 1), params));
    return loss;
}

static double loss_of(soma_loss_kind kind, double p0, double p1, double t0, double t1) {
    return loss_by((soma_loss_params){.kind = kind, .delta = 0.5f}, p0, p1, t0, t1);
}

START_TEST(losses_have_values_worked_out_by_hand) {
    const double ln2 = 0.69314718055994531;
    const soma_loss_params quantile = {.kind = SOMA_LOSS_QUANTILE, .delta = 0.9f};
    const soma_loss_params focal = {.kind = SOMA_LOSS_CATEGORICAL_FOCAL, .gamma = 2};
    const soma_loss_params smooth = {.kind = SOMA_LOSS_CATEGORICAL_FOCAL, .smoothing = 0.25f};
    const soma_loss_params binary = {.kind = SOMA_LOSS_BINARY_FOCAL, .gamma = 2, .when_one = 0.25f, .when_zero = 0.75f};
    const soma_loss_params smooth_binary = {
        .kind = SOMA_LOSS_BINARY_FOCAL, .smoothing = 0.25f, .when_one = 1, .when_zero = 1};
    expect_value(loss_of(SOMA_LOSS_CATEGORICAL_CROSSENTROPY, 0.25, 0.5, 0.5, 1), 2 * ln2, ROUNDING, "cross-entropy");
    expect_value(loss_of(SOMA_LOSS_CATEGORICAL_CROSSENTROPY, 0, 1, 1, 0), -log(1e-7), ROUNDING, "floored");
    expect_value(loss_of(SOMA_LOSS_CATEGORICAL_CROSSENTROPY_LOGITS, 3, 3, 0, 1), ln2, ROUNDING, "equal logits");
    expect_value(loss_of(SOMA_LOSS_CATEGORICAL_CROSSENTROPY_LOGITS, 1000, -1000, 0, 1), 2000, ROUNDING, "far logits");
    expect_value(loss_of(SOMA_LOSS_BINARY_CROSSENTROPY, 0.5, 0.25, 1, 0), (ln2 - log(0.75)) / 2, ROUNDING, "binary");
    expect_value(loss_of(SOMA_LOSS_BINARY_CROSSENTROPY, 1, 0, 0, 0), -log(1e-7) / 2, ROUNDING, "binary floored");
    expect_value(loss_of(SOMA_LOSS_BINARY_CROSSENTROPY_LOGITS, 0, 0, 1, 0), ln2, ROUNDING, "binary logits");
    expect_value(loss_of(SOMA_LOSS_BINARY_CROSSENTROPY_LOGITS, 1000, 0, 0, 0.5), (1000 + ln2) / 2, ROUNDING, "far");
    expect_value(loss_of(SOMA_LOSS_MEAN_SQUARED_ERROR, 1, 5, 4, 3), 6.5, 0, "mean squared error");
    expect_value(loss_of(SOMA_LOSS_MEAN_ABSOLUTE_ERROR, 1, 5, 4, 3), 2.5, 0, "mean absolute error");
    expect_value(loss_of(SOMA_LOSS_QUANTILE, 1, 5, 4, 3), (0.5 * 3 + 0.5 * 2) / 2, ROUNDING, "median");
    expect_value(loss_by(quantile, 1, 5, 4, 3), (0.9 * 3 + 0.1 * 2) / 2, 1e-7, "quantile");
    /* Probabilities 1/4 and 3/4, by their logarithms and, of one unit, by logits: (3/4)^2 ln 4, (1/4)^2 ln (4/3). */
    expect_value(loss_by(focal, log(0.25), log(0.75), 1, 0), 0.5625 * log(4.0), ROUNDING, "focal");
    expect_value(loss_by(focal, log(0.25), log(0.75), 0, 1), 0.0625 * log(4.0 / 3.0), ROUNDING, "focal, the other");
    expect_value(loss_by(smooth, log(0.25), log(0.75), 1, 0), 0.875 * log(4.0) + 0.125 * log(4.0 / 3.0), ROUNDING,
                 "smoothed cross-entropy"); /* targets 7/8 and 1/8 */
    expect_value(loss_by(binary, -log(3.0), log(3.0), 1, 1), 0.25 * (0.5625 * log(4.0) + 0.0625 * log(4.0 / 3.0)) / 2,
                 ROUNDING, "binary focal, of ones");
    expect_value(loss_by(binary, -log(3.0), log(3.0), 0, 0), 0.75 * (0.0625 * log(4.0 / 3.0) + 0.5625 * log(4.0)) / 2,
                 ROUNDING, "binary focal, of zeros");
    expect_value(loss_by(smooth_binary, -log(3.0), log(3.0), 1, 0), 0.875 * log(4.0) + 0.125 * log(4.0 / 3.0), ROUNDING,
                 "smoothed binary cross-entropy");
    expect_value(loss_of(SOMA_LOSS_HUBER, 1, 5, 4, 4.75), (0.5 * (3 - 0.25) + 0.03125) / 2, ROUNDING, "huber");
}
END_TEST

START_TEST(class_numbers_stand_for_rows) {
    double p[6] = {0.2, 0.3, 0.5, 0.1, 0.8, 0.1}, rows[6] = {0, 0, 1, 1, 0, 0}, class_weight[3] = {2, 3, 5},
           weight[2] = {7, 11};
    int32_t numbers[2] = {2, 0};
    for (int kind = 0; kind < 2; kind++) {
        double by_number[2], by_row[2];
        soma_loss_params params = {.kind = (soma_loss_kind)kind};
        run(soma_call_loss(F64(p, 2, 3), classes(numbers, 2), F64(weight, 2), F64(class_weight, 3), F64(by_number, 2),
                           params));
        run(soma_call_loss(F64(p, 2, 3), F64(rows, 2, 3), F64(weight, 2), F64(class_weight, 3), F64(by_row, 2),
                           params));
        for (size_t i = 0; i < 2; i++) expect_value(by_number[i], by_row[i], ROUNDING, "class number");
        if (kind == SOMA_LOSS_CATEGORICAL_CROSSENTROPY)
            expect_value(by_row[0], -7.0 * 5.0 * log(0.5), ROUNDING, "weights");
    }
}
END_TEST

START_TEST(class_numbers_outside_give_nan) {
    double p[4] = {0.5, 0.5, 0.5, 0.5}, loss[2];
    int32_t numbers[2] = {2, -1};
    for (int kind = 0; kind < 2; kind++) {
        soma_loss_params params = {.kind = (soma_loss_kind)kind};
        run(soma_call_loss(F64(p, 2, 2), classes(numbers, 2), NONE, NONE, F64(loss, 2), params));
        ck_assert(isnan(loss[0]) && isnan(loss[1]));
    }
}
END_TEST

START_TEST(binary_class_weights_follow_the_target) {
    double p[2] = {0.5, 0.25}, t[2] = {1, 0}, class_weight[2] = {3, 5}, loss;
    soma_loss_params params = {.kind = SOMA_LOSS_BINARY_CROSSENTROPY};
    run(soma_call_loss(F64(p, 1, 2), F64(t, 1, 2), NONE, F64(class_weight, 2), F64(&loss, 1), params));
    expect_value(loss, (-5 * log(0.5) - 3 * log(0.75)) / 2, ROUNDING, "class weights of a binary loss");
}
END_TEST

/* --------------------------------------------------------------------------------------------------------- metrics */

/* The total over three rows of three, in the second slot. */
static double metric_of(soma_metric_kind kind, uint32_t k, soma_view target) {
    double p[9] = {0.1, 0.7, 0.7, 0.5, 0.2, 0.3, 0.4, 0.9, 0.6}, accumulator[4] = {0, 0, 0, 0};
    run(soma_call_metric(F64(p, 3, 3), target, F64(accumulator, 2, 2), NONE, (soma_metric_params){kind, 1, k, 0.45f}));
    ck_assert_double_eq(accumulator[0], 0.0);
    return accumulator[2] - accumulator[3];
}

START_TEST(metrics_have_values_worked_out_by_hand) {
    int32_t numbers[3] = {1, 1, 0}, outside[3] = {3, -1, 1};
    double rows[9] = {0, 1, 1, 0, 1, 0, 1, 0, 1}, bits[9] = {0, 1, 1, 1, 0, 0, 1, 0, 0};
    expect_value(metric_of(SOMA_METRIC_SUM, 0, NONE), 4.4, 3 * ROUNDING, "sum");
    /* Predicted classes are 1 (the first of two equal ones), 0, 1. */
    expect_value(metric_of(SOMA_METRIC_CATEGORICAL_ACCURACY, 0, classes(numbers, 3)), 1, 0, "accuracy by numbers");
    expect_value(metric_of(SOMA_METRIC_CATEGORICAL_ACCURACY, 0, classes(outside, 3)), 1, 0, "numbers outside");
    expect_value(metric_of(SOMA_METRIC_CATEGORICAL_ACCURACY, 0, F64(rows, 3, 3)), 1, 0, "accuracy by rows");
    /* None is greater than 0.7; two than 0.2; two than 0.4. */
    expect_value(metric_of(SOMA_METRIC_TOP_K_ACCURACY, 1, classes(numbers, 3)), 1, 0, "top 1");
    expect_value(metric_of(SOMA_METRIC_TOP_K_ACCURACY, 2, classes(numbers, 3)), 1, 0, "top 2");
    expect_value(metric_of(SOMA_METRIC_TOP_K_ACCURACY, 3, classes(numbers, 3)), 3, 0, "top 3");
    expect_value(metric_of(SOMA_METRIC_TOP_K_ACCURACY, 3, classes(outside, 3)), 1, 0, "top 3, numbers outside");
    /* Above 0.45: 011, 100, 011; right: 3 of 3, 3 of 3, none. */
    expect_value(metric_of(SOMA_METRIC_BINARY_ACCURACY, 0, F64(bits, 3, 3)), 2, ROUNDING, "binary accuracy");
    /* 0.1 + 0.3 + 0.3, 0.5 + 0.8 + 0.3, 0.6 + 0.9 + 0.4 */
    expect_value(metric_of(SOMA_METRIC_ABSOLUTE_ERROR, 0, F64(rows, 3, 3)), 4.2 / 3.0, ROUNDING, "absolute error");
}
END_TEST

/* In float32, 2^24 + 1 is 2^24: the compensation carries what the sum can't. */
START_TEST(metrics_compensate_for_rounding) {
    float prediction[1] = {1.0f}, accumulator[2] = {16777216.0f, 0.0f};
    soma_view p = soma_view_of(prediction, 0, SOMA_F32, 1, (size_t[]){1});
    soma_view slots = soma_view_of(accumulator, 0, SOMA_F32, 2, (size_t[]){1, 2});
    for (int i = 0; i < 1001; i++)
        run(soma_call_metric(p, NONE, slots, NONE, (soma_metric_params){.kind = SOMA_METRIC_SUM}));
    ck_assert_double_eq((double)accumulator[0] - (double)accumulator[1], 16777216.0 + 1001.0);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("reference of losses");
    TCase *tests = tcase_create("losses");
    tcase_add_test(tests, losses_have_values_worked_out_by_hand);
    tcase_add_test(tests, class_numbers_stand_for_rows);
    tcase_add_test(tests, class_numbers_outside_give_nan);
    tcase_add_test(tests, binary_class_weights_follow_the_target);
    tcase_add_test(tests, metrics_have_values_worked_out_by_hand);
    tcase_add_test(tests, metrics_compensate_for_rounding);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
