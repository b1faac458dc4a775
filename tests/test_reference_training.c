/* SPDX-License-Identifier: MIT */
/* The reference's losses, metrics and optimizers: against values worked out by hand, and gradients against central
 * differences. */
#include "device/calls.h"
#include "device/device.h"

#include "expect.h"
#include <math.h>
#include <stdlib.h>

#define ROUNDING 1e-14

static soma_view f64(double *values, uint32_t rank, const size_t *shape) {
    return soma_view_of(values, 0, SOMA_F64, rank, shape);
}
#define F64(values, ...) f64(values, sizeof((size_t[]){__VA_ARGS__}) / sizeof(size_t), (size_t[]){__VA_ARGS__})
#define NONE             soma_view_absent()

static soma_view classes(int32_t *numbers, size_t count) {
    return soma_view_of(numbers, 0, SOMA_I32, 1, &count);
}

static void run(soma_call call) {
    expect_ok(soma_reference_run(&call));
}

static void expect_value(double found, double expected, double tolerance, const char *what) {
    bool same = isnan(expected) ? isnan(found) : fabs(found - expected) <= tolerance * fmax(1.0, fabs(expected));
    ck_assert_msg(same, "%s: found %.17g, expected %.17g", what, found, expected);
}

/* ---------------------------------------------------------------------------------------------------------- losses */

/* One row of two elements. */
static double loss_of(soma_loss_kind kind, double p0, double p1, double t0, double t1) {
    double p[2] = {p0, p1}, t[2] = {t0, t1}, loss;
    run(soma_call_loss(F64(p, 1, 2), F64(t, 1, 2), NONE, NONE, F64(&loss, 1), (soma_loss_params){kind, 0.5f}));
    return loss;
}

START_TEST(losses_have_values_worked_out_by_hand) {
    const double ln2 = 0.69314718055994531;
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
    double p[4] = {0.5, 0.5, 0.5, 0.5}, loss[2], dloss[2] = {1, 1}, out[4];
    int32_t numbers[2] = {2, -1};
    for (int kind = 0; kind < 2; kind++) {
        soma_loss_params params = {.kind = (soma_loss_kind)kind};
        run(soma_call_loss(F64(p, 2, 2), classes(numbers, 2), NONE, NONE, F64(loss, 2), params));
        run(soma_call_loss_grad(F64(p, 2, 2), classes(numbers, 2), NONE, NONE, F64(dloss, 2), F64(out, 2, 2), params));
        ck_assert(isnan(loss[0]) && isnan(loss[1]) && isnan(out[0]) && isnan(out[3]));
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

#define ROWS    3
#define COLUMNS 4
#define STEP    1e-5

typedef struct loss_data {
    double p[ROWS * COLUMNS], t[ROWS * COLUMNS], weight[ROWS], class_weight[COLUMNS], dloss[ROWS];
    int32_t numbers[ROWS];
} loss_data;

/* sum_i dloss_i loss_i, whose derivative LOSS_GRAD is. */
static double weighted_loss(loss_data *data, soma_view target, soma_view class_weight, soma_loss_params params) {
    double loss[ROWS], sum = 0.0;
    run(soma_call_loss(F64(data->p, ROWS, COLUMNS), target, F64(data->weight, ROWS), class_weight, F64(loss, ROWS),
                       params));
    for (size_t i = 0; i < ROWS; i++) sum += data->dloss[i] * loss[i];
    return sum;
}

static void check_loss_gradient(loss_data *data, soma_view target, soma_view class_weight, soma_loss_kind kind) {
    double out[ROWS * COLUMNS];
    soma_loss_params params = {kind, 0.25f};
    run(soma_call_loss_grad(F64(data->p, ROWS, COLUMNS), target, F64(data->weight, ROWS), class_weight,
                            F64(data->dloss, ROWS), F64(out, ROWS, COLUMNS), params));
    for (size_t i = 0; i < ROWS * COLUMNS; i++) {
        double at = data->p[i];
        data->p[i] = at + STEP;
        double above = weighted_loss(data, target, class_weight, params);
        data->p[i] = at - STEP;
        double below = weighted_loss(data, target, class_weight, params);
        data->p[i] = at;
        ck_assert_msg(fabs(out[i] - (above - below) / (2 * STEP)) < 1e-6,
                      "loss %d, element %zu: %.12g, by differences %.12g", (int)kind, i, out[i],
                      (above - below) / (2 * STEP));
    }
}

START_TEST(loss_gradients_are_those_of_the_losses) {
    loss_data data = {
        .p = {0.11, 0.52, 0.93, 0.34, 0.25, 0.66, 0.17, 0.88, 0.79, 0.31, 0.42, 0.05},
        .t = {0.2, 0.7, 0.1, 0.4, 1.0, 0.0, 0.3, 0.5, 0.05, 0.9, 0.8, 0.15}, /* rows do not add up to 1 */
        .weight = {0.5, 2.0, 1.5},
        .class_weight = {0.7, 1.9, 1.2, 0.4},
        .dloss = {1.0, -0.5, 3.0},
        .numbers = {3, 0, 2},
    };
    soma_view rows = F64(data.t, ROWS, COLUMNS);
    for (int kind = 0; kind < SOMA_LOSS_COUNT; kind++) {
        bool binary = kind == SOMA_LOSS_BINARY_CROSSENTROPY || kind == SOMA_LOSS_BINARY_CROSSENTROPY_LOGITS;
        bool categorical =
            kind == SOMA_LOSS_CATEGORICAL_CROSSENTROPY || kind == SOMA_LOSS_CATEGORICAL_CROSSENTROPY_LOGITS;
        check_loss_gradient(&data, rows, NONE, (soma_loss_kind)kind);
        if (binary) check_loss_gradient(&data, rows, F64(data.class_weight, 2), (soma_loss_kind)kind);
        if (!categorical) continue;
        check_loss_gradient(&data, rows, F64(data.class_weight, COLUMNS), (soma_loss_kind)kind);
        check_loss_gradient(&data, classes(data.numbers, ROWS), NONE, (soma_loss_kind)kind);
        check_loss_gradient(&data, classes(data.numbers, ROWS), F64(data.class_weight, COLUMNS), (soma_loss_kind)kind);
    }
}
END_TEST

START_TEST(loss_gradients_vanish_below_the_floor) {
    double p[2] = {1e-9, 1.0}, t[2] = {1, 0}, dloss[1] = {1}, out[2];
    for (int kind = 0; kind < SOMA_LOSS_COUNT; kind++) {
        if (kind != SOMA_LOSS_CATEGORICAL_CROSSENTROPY && kind != SOMA_LOSS_BINARY_CROSSENTROPY) continue;
        run(soma_call_loss_grad(F64(p, 1, 2), F64(t, 1, 2), NONE, NONE, F64(dloss, 1), F64(out, 1, 2),
                                (soma_loss_params){.kind = (soma_loss_kind)kind}));
        ck_assert_double_eq(out[0], 0.0);
        ck_assert_double_eq(out[1], 0.0);
    }
}
END_TEST

/* --------------------------------------------------------------------------------------------------------- metrics */

/* The total over three rows of three, in the second slot. */
static double metric_of(soma_metric_kind kind, uint32_t k, soma_view target) {
    double p[9] = {0.1, 0.7, 0.7, 0.5, 0.2, 0.3, 0.4, 0.9, 0.6}, accumulator[4] = {0, 0, 0, 0};
    run(soma_call_metric(F64(p, 3, 3), target, F64(accumulator, 2, 2), (soma_metric_params){kind, 1, k, 0.45f}));
    ck_assert_double_eq(accumulator[0], 0.0);
    return accumulator[2] - accumulator[3];
}

START_TEST(metrics_have_values_worked_out_by_hand) {
    int32_t numbers[3] = {1, 1, 0}, outside[3] = {3, -1, 1};
    double rows[9] = {0, 1, 1, 0, 1, 0, 1, 0, 1}, bits[9] = {0, 1, 1, 1, 0, 0, 1, 0, 0};
    expect_value(metric_of(SOMA_METRIC_SUM, 0, NONE), 4.4, ROWS * ROUNDING, "sum");
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
    for (int i = 0; i < 1001; i++) run(soma_call_metric(p, NONE, slots, (soma_metric_params){.kind = SOMA_METRIC_SUM}));
    ck_assert_double_eq((double)accumulator[0] - (double)accumulator[1], 16777216.0 + 1001.0);
}
END_TEST

/* ------------------------------------------------------------------------------------------------------ optimizers */

/* One parameter, taken through steps with gradients of its own. */
typedef struct walker {
    double w, m, v;
} walker;

static void walk(walker *self, soma_optimizer_params params, double gradient, double norm) {
    static const uint32_t states[] = {
#define X(name, count) count,
        SOMA_OPTIMIZER_LIST(X)
#undef X
    };
    run(soma_call_optimizer(F64(&self->w, 1), F64(&gradient, 1), states[params.kind] > 0 ? F64(&self->m, 1) : NONE,
                            states[params.kind] > 1 ? F64(&self->v, 1) : NONE, F64(&norm, 1), params));
}

/* All of the options are numbers that float32 has as they are. */
static soma_optimizer_params plain(soma_optimizer_kind kind) {
    return (soma_optimizer_params){.kind = kind,
                                   .decay_count = 1,
                                   .learning_rate = 0.5f,
                                   .beta1 = 0.75f,
                                   .beta2 = 0.875f,
                                   .epsilon = 0.25f,
                                   .correction1 = 0.25f,
                                   .correction2 = 0.125f};
}

/* w after a gradient of 2 and then one of -1, from w = 1. */
static double after_two_steps(soma_optimizer_params params) {
    walker self = {1.0, 0.0, 0.0};
    walk(&self, params, 2.0, 0.0);
    params.correction1 = 1.0f - 0.75f * 0.75f;
    params.correction2 = 1.0f - 0.875f * 0.875f;
    walk(&self, params, -1.0, 0.0);
    return self.w;
}

START_TEST(optimizers_make_steps_worked_out_by_hand) {
    expect_value(after_two_steps(plain(SOMA_SGD)), 1 - 0.5 * 2 + 0.5, ROUNDING, "sgd");
    /* m: 2, then 1.5 - 1 = 0.5 */
    expect_value(after_two_steps(plain(SOMA_MOMENTUM)), 1 - 0.5 * 2 - 0.5 * 0.5, ROUNDING, "momentum");
    /* g + beta m: 2 + 1.5, then -1 + 0.375 */
    expect_value(after_two_steps(plain(SOMA_NESTEROV)), 1 - 0.5 * 3.5 + 0.5 * 0.625, ROUNDING, "nesterov");
    /* mean square: 0.5, then 0.4375 + 0.125 = 0.5625 */
    expect_value(after_two_steps(plain(SOMA_RMSPROP)), 1 - 1 / (sqrt(0.5) + 0.25) + 0.5 / (0.75 + 0.25), ROUNDING,
                 "rmsprop");
    /* sum of squares: 4, then 5 */
    expect_value(after_two_steps(plain(SOMA_ADAGRAD)), 1 - 1 / 2.25 + 0.5 / (sqrt(5) + 0.25), ROUNDING, "adagrad");
    /* m: 0.5, then 0.375 - 0.25 = 0.125; v: 0.5, then 0.5625; corrected: 2 and 4, then 0.125 / 0.4375 and 0.5625 /
     * 0.234375 */
    double adam = 1 - 0.5 * 2 / (2 + 0.25);
    expect_value(after_two_steps(plain(SOMA_ADAM)), adam - 0.5 * (0.125 / 0.4375) / (sqrt(2.4) + 0.25), ROUNDING,
                 "adam");
    soma_optimizer_params adamw = plain(SOMA_ADAMW);
    adamw.decay = 0.125f;
    adam = 1 - 0.5 * 0.125 - 0.5 * 2 / (2 + 0.25);
    adam -= 0.5 * 0.125 * adam + 0.5 * (0.125 / 0.4375) / (sqrt(2.4) + 0.25);
    expect_value(after_two_steps(adamw), adam, ROUNDING, "adamw");
}
END_TEST

static double sgd_step(double w, double gradient, double norm, soma_optimizer_params params) {
    walker self = {w, 0, 0};
    walk(&self, params, gradient, norm);
    return self.w;
}

START_TEST(gradients_are_clipped_and_decayed_in_order) {
    soma_optimizer_params params = plain(SOMA_SGD);
    params.learning_rate = 1.0f;
    params.clip_value = 0.5f;
    expect_value(sgd_step(0, 3, 0, params), -0.5, 0, "clip by value");
    expect_value(sgd_step(0, -3, 0, params), 0.5, 0, "clip by value");
    params.clip_norm = 2.0f; /* the norm is 16: the gradient halves ... */
    params.clip_value = 1.0f;
    expect_value(sgd_step(0, 0.5, 16, params), -0.25, 0, "clip by norm");
    expect_value(sgd_step(0, 8, 16, params), -1, 0, "by norm, then by value");
    expect_value(sgd_step(0, 0.5, 1, params), -0.5, 0, "a norm below the clip"); /* ... but never grows */
    expect_value(sgd_step(0, 0.5, 0, params), -0.5, 0, "a norm of 0");
    params.l2 = 0.5f;
    params.l1 = 0.125f; /* after the clips */
    expect_value(sgd_step(4, 8, 16, params), 4 - (1 + 2 + 0.125), 0, "decay of a positive weight");
    expect_value(sgd_step(-4, 8, 16, params), -4 - (1 - 2 - 0.125), 0, "decay of a negative weight");
    expect_value(sgd_step(0, 8, 16, params), -1, 0, "decay of 0");
    params.decay_count = 0;
    expect_value(sgd_step(4, 8, 16, params), 3, 0, "no decay past decay_count");
}
END_TEST

int main(void) {
    Suite *suite = suite_create("reference of training");
    TCase *tests = tcase_create("training");
    tcase_add_test(tests, losses_have_values_worked_out_by_hand);
    tcase_add_test(tests, class_numbers_stand_for_rows);
    tcase_add_test(tests, class_numbers_outside_give_nan);
    tcase_add_test(tests, binary_class_weights_follow_the_target);
    tcase_add_test(tests, loss_gradients_are_those_of_the_losses);
    tcase_add_test(tests, loss_gradients_vanish_below_the_floor);
    tcase_add_test(tests, metrics_have_values_worked_out_by_hand);
    tcase_add_test(tests, metrics_compensate_for_rounding);
    tcase_add_test(tests, optimizers_make_steps_worked_out_by_hand);
    tcase_add_test(tests, gradients_are_clipped_and_decayed_in_order);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
