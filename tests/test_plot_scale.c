/* SPDX-License-Identifier: MIT */
/* Axes of plots: known ones, and what must hold of all of them. */
#include "suite.h"

#include "tools/plot_scale.h"

#include <math.h>

#define CLOSE 1e-9

static void expect_ticks(const struct plot_scale *scale, size_t count, const double *expected) {
    ck_assert_uint_eq(scale->count, count);
    for (size_t i = 0; i < count; i++) ck_assert_double_eq_tol(scale->tick[i], expected[i], CLOSE);
}

START_TEST(losses_reach_down_to_zero) {
    struct plot_scale scale = plot_scale_of_values(0.08, 2.3, true);
    expect_ticks(&scale, 6, (const double[]){0, 0.5, 1, 1.5, 2, 2.5});
    ck_assert(!scale.logarithmic);
    ck_assert_double_eq(scale.low, 0);
    ck_assert_double_eq_tol(scale.high, 2.5, CLOSE);
}
END_TEST

START_TEST(accuracies_do_not) {
    struct plot_scale scale = plot_scale_of_values(0.31, 1, false);
    expect_ticks(&scale, 5, (const double[]){0.2, 0.4, 0.6, 0.8, 1});
    ck_assert_double_eq_tol(scale.high, 1, CLOSE); /* no accuracy above 1 */
}
END_TEST

START_TEST(decades_make_it_logarithmic) {
    struct plot_scale scale = plot_scale_of_values(0.0004, 3, true);
    ck_assert(scale.logarithmic);
    expect_ticks(&scale, 4, (const double[]){0.001, 0.01, 0.1, 1});
    ck_assert_double_eq_tol(plot_scale_place(&scale, 0.1) - plot_scale_place(&scale, 0.01),
                            plot_scale_place(&scale, 1) - plot_scale_place(&scale, 0.1), CLOSE);
    ck_assert(!plot_scale_of_values(0.0004, 3, false).logarithmic);
    ck_assert(!plot_scale_of_values(0, 3, true).logarithmic);
    ck_assert(!plot_scale_of_values(-0.0004, 3, true).logarithmic);
}
END_TEST

START_TEST(epochs_are_whole) {
    struct plot_scale scale = plot_scale_of_epochs(1, 30);
    expect_ticks(&scale, 7, (const double[]){1, 5, 10, 15, 20, 25, 30});
    scale = plot_scale_of_epochs(1, 5);
    expect_ticks(&scale, 5, (const double[]){1, 2, 3, 4, 5});
    scale = plot_scale_of_epochs(3, 3);
    expect_ticks(&scale, 1, (const double[]){3});
    ck_assert_double_eq_tol(plot_scale_place(&scale, 3), 0.5, CLOSE);
}
END_TEST

START_TEST(labels_are_short) {
    char text[32];
    struct plot_scale scale = plot_scale_of_values(0.31, 1, false);
    plot_scale_label(&scale, scale.tick[0], text, sizeof text);
    ck_assert_str_eq(text, "0.2");
    scale = plot_scale_of_values(0, 40, false);
    plot_scale_label(&scale, scale.tick[1], text, sizeof text);
    ck_assert_str_eq(text, "10");
    scale = plot_scale_of_values(0.0004, 3, true);
    plot_scale_label(&scale, scale.tick[0], text, sizeof text);
    ck_assert_str_eq(text, "0.001");
}
END_TEST

/* A step of 1, 2 or 5 times a power of ten. */
static bool is_round(double step) {
    double lead = step / pow(10, floor(log10(step) + CLOSE));
    return fabs(lead - 1) < 1e-6 || fabs(lead - 2) < 1e-6 || fabs(lead - 5) < 1e-6;
}

static void check_scale(double low, double high, bool falls_to_zero) {
    struct plot_scale scale = plot_scale_of_values(low, high, falls_to_zero);
    double slack = 1e-6 * (scale.high - scale.low);
    ck_assert_msg(scale.low < scale.high && scale.low <= low + slack && scale.high >= high - slack,
                  "%g to %g: %g to %g", low, high, scale.low, scale.high);
    ck_assert_double_eq_tol(plot_scale_place(&scale, scale.low), 0, CLOSE);
    ck_assert_double_eq_tol(plot_scale_place(&scale, scale.high), 1, CLOSE);
    ck_assert_msg(scale.count >= 2 && scale.count <= PLOT_TICKS, "%g to %g: %zu ticks", low, high, scale.count);
    for (size_t i = 0; i < scale.count; i++) {
        ck_assert(scale.tick[i] >= scale.low - slack && scale.tick[i] <= scale.high + slack);
        if (i == 0) continue;
        double step = scale.tick[i] - scale.tick[i - 1];
        ck_assert_msg(scale.logarithmic ? step > 0 : is_round(step), "%g to %g: a step of %g", low, high, step);
    }
    if (scale.logarithmic) return;
    char text[32], next[32];
    for (size_t i = 1; i < scale.count; i++) { /* labels tell ticks apart, where so few digits can */
        plot_scale_label(&scale, scale.tick[i - 1], text, sizeof text);
        plot_scale_label(&scale, scale.tick[i], next, sizeof next);
        if (fabs(high - low) > 0.02 * fmax(fabs(high), fabs(low))) ck_assert_str_ne(text, next);
    }
}

START_TEST(every_range_has_an_axis) {
    srand(1);
    for (int i = 0; i < 20000; i++) {
        double size = pow(10, rand() % 24 - 12), low = size * (rand() / (double)RAND_MAX);
        double high = low + low * pow(10, rand() % 8 - 4) * (rand() / (double)RAND_MAX);
        check_scale(low, high, i % 2);
        check_scale(-high, low, i % 2);
    }
    check_scale(0, 0, true);
    check_scale(1, 1, false);
    check_scale(-3, -3, true);
}
END_TEST

START_TEST(every_number_of_epochs_has_an_axis) {
    for (int last = 1; last <= 5000; last++) {
        struct plot_scale scale = plot_scale_of_epochs(1, last);
        ck_assert_msg(scale.count >= 1 && scale.count <= 10, "%d epochs: %zu ticks", last, scale.count);
        for (size_t i = 0; i < scale.count; i++) {
            ck_assert(scale.tick[i] == floor(scale.tick[i]) && scale.tick[i] >= 1 && scale.tick[i] <= last);
            if (i) ck_assert(scale.tick[i] > scale.tick[i - 1]);
        }
    }
}
END_TEST

static void add_tests(TCase *cases) {
    tcase_add_test(cases, losses_reach_down_to_zero);
    tcase_add_test(cases, accuracies_do_not);
    tcase_add_test(cases, decades_make_it_logarithmic);
    tcase_add_test(cases, epochs_are_whole);
    tcase_add_test(cases, labels_are_short);
    tcase_add_test(cases, every_range_has_an_axis);
    tcase_add_test(cases, every_number_of_epochs_has_an_axis);
}

int main(void) {
    return run_suite("plot_scale", add_tests);
}
