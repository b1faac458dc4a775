/* SPDX-License-Identifier: MIT */
/* Learning-rate schedules against their formulas, worked out by hand. */
#include "nn/network.h"

#include "expect.h"

#include <check.h>
#include <math.h>
#include <stdlib.h>

static soma_optimizer with(soma_schedule schedule) {
    return (soma_optimizer){.learning_rate = 0.5f, .schedule = schedule};
}

/* Both are float32 results of one double formula: they may differ by the last rounding. */
static void expect_rate(const soma_optimizer *optimizer, uint64_t t, uint64_t total, double expected) {
    float rate = soma_schedule_rate(optimizer, t, total, 1.0f);
    ck_assert_msg(fabs((double)rate - expected) <= 1e-6 * expected, "rate at step %llu is %.9g, expected %.9g",
                  (unsigned long long)t, (double)rate, expected);
}

START_TEST(constant_is_the_learning_rate_itself) {
    soma_optimizer optimizer = with((soma_schedule){0});
    ck_assert(soma_schedule_rate(&optimizer, 0, 0, 1.0f) == 0.5f);
    ck_assert(soma_schedule_rate(&optimizer, 1000000, 10, 1.0f) == 0.5f);
}
END_TEST

START_TEST(step_falls_by_the_factor_every_period) {
    soma_optimizer optimizer = with((soma_schedule){.kind = SOMA_SCHEDULE_STEP, .period = 10, .factor = 0.5f});
    expect_rate(&optimizer, 0, 0, 0.5);
    expect_rate(&optimizer, 9, 0, 0.5);
    expect_rate(&optimizer, 10, 0, 0.25);
    expect_rate(&optimizer, 29, 0, 0.125);
    expect_rate(&optimizer, 30, 0, 0.0625);
}
END_TEST

START_TEST(exponential_falls_by_the_factor_over_a_period) {
    soma_optimizer optimizer = with((soma_schedule){.kind = SOMA_SCHEDULE_EXPONENTIAL, .period = 4, .factor = 0.25f});
    expect_rate(&optimizer, 0, 0, 0.5);
    expect_rate(&optimizer, 1, 0, 0.35355339059327379); /* 0.5 / sqrt(2) */
    expect_rate(&optimizer, 2, 0, 0.25);
    expect_rate(&optimizer, 4, 0, 0.125);
    expect_rate(&optimizer, 8, 0, 0.03125);
}
END_TEST

START_TEST(cosine_falls_from_the_rate_to_its_floor) {
    soma_optimizer optimizer = with((soma_schedule){.kind = SOMA_SCHEDULE_COSINE, .period = 6, .floor = 0.1f});
    expect_rate(&optimizer, 0, 0, 0.5);
    expect_rate(&optimizer, 2, 0, 0.5 * (0.1 + 0.9 * 0.75)); /* cos 60 degrees = 1/2 */
    expect_rate(&optimizer, 3, 0, 0.5 * 0.55);
    expect_rate(&optimizer, 4, 0, 0.5 * (0.1 + 0.9 * 0.25));
    expect_rate(&optimizer, 6, 0, 0.05);
    expect_rate(&optimizer, 1000, 0, 0.05);
}
END_TEST

START_TEST(cosine_without_a_period_takes_the_whole_fit) {
    soma_optimizer optimizer = with((soma_schedule){.kind = SOMA_SCHEDULE_COSINE});
    expect_rate(&optimizer, 0, 100, 0.5);
    expect_rate(&optimizer, 25, 100, 0.5 * (1 + sqrt(0.5)) / 2);
    expect_rate(&optimizer, 50, 100, 0.25);
    expect_rate(&optimizer, 75, 100, 0.5 * (1 - sqrt(0.5)) / 2);
    /* A loop of one's own has no length: then the rate stays. */
    expect_rate(&optimizer, 50, 0, 0.5);
}
END_TEST

START_TEST(warmup_rises_linearly_and_then_the_schedule_begins) {
    soma_optimizer optimizer =
        with((soma_schedule){.kind = SOMA_SCHEDULE_STEP, .warmup = 5, .period = 10, .factor = 0.1f});
    for (uint64_t t = 0; t < 5; t++) expect_rate(&optimizer, t, 0, 0.1 * (double)(t + 1));
    expect_rate(&optimizer, 5, 0, 0.5);
    expect_rate(&optimizer, 14, 0, 0.5);
    expect_rate(&optimizer, 15, 0, 0.05);

    /* The cosine over a fit takes what the warm-up leaves of it. */
    optimizer = with((soma_schedule){.kind = SOMA_SCHEDULE_COSINE, .warmup = 20});
    expect_rate(&optimizer, 9, 120, 0.25);
    expect_rate(&optimizer, 20, 120, 0.5);
    expect_rate(&optimizer, 70, 120, 0.25);
}
END_TEST

START_TEST(warmup_longer_than_the_fit_is_defined) {
    soma_optimizer optimizer = with((soma_schedule){.kind = SOMA_SCHEDULE_COSINE, .warmup = 20, .floor = 0.2f});
    expect_rate(&optimizer, 9, 10, 0.25);
    expect_rate(&optimizer, 20, 20, 0.1);
}
END_TEST

START_TEST(no_schedule_falls_below_its_floor) {
    soma_optimizer optimizer =
        with((soma_schedule){.kind = SOMA_SCHEDULE_STEP, .period = 1, .factor = 0.1f, .floor = 0.25f});
    expect_rate(&optimizer, 1, 0, 0.125);
    expect_rate(&optimizer, 40, 0, 0.125);
    optimizer.schedule.kind = SOMA_SCHEDULE_EXPONENTIAL;
    expect_rate(&optimizer, 40, 0, 0.125);
    optimizer.schedule.kind = SOMA_SCHEDULE_PLATEAU;
    ck_assert(soma_schedule_rate(&optimizer, 0, 0, 0.01f) == 0.125f);
}
END_TEST

START_TEST(plateau_scales_by_the_reductions_so_far) {
    soma_optimizer optimizer = with((soma_schedule){.kind = SOMA_SCHEDULE_PLATEAU, .warmup = 2});
    ck_assert(soma_schedule_rate(&optimizer, 0, 0, 1.0f) == 0.25f);
    ck_assert(soma_schedule_rate(&optimizer, 2, 0, 1.0f) == 0.5f);
    ck_assert(soma_schedule_rate(&optimizer, 99, 0, 0.25f) == 0.125f);
}
END_TEST

START_TEST(a_missing_period_means_a_constant_rate) {
    soma_optimizer optimizer = with((soma_schedule){.kind = SOMA_SCHEDULE_STEP, .factor = 0.1f});
    expect_rate(&optimizer, 7, 0, 0.5);
    optimizer.schedule.kind = SOMA_SCHEDULE_EXPONENTIAL;
    expect_rate(&optimizer, 7, 0, 0.5);
}
END_TEST

START_TEST(defaults_are_filled_in) {
    soma_optimizer optimizer;
    expect_ok(soma_optimizer_resolve(&(soma_optimizer){.schedule = {.kind = SOMA_SCHEDULE_PLATEAU}}, &optimizer));
    ck_assert(optimizer.schedule.factor == 0.1f);
    ck_assert_uint_eq(optimizer.schedule.patience, 5);
    expect_ok(soma_optimizer_resolve(&(soma_optimizer){.schedule = {.kind = SOMA_SCHEDULE_EXPONENTIAL, .period = 1}},
                                     &optimizer));
    ck_assert(optimizer.schedule.factor == 0.96f);
}
END_TEST

START_TEST(schedules_that_make_no_sense_are_refused) {
    const soma_schedule no_period = {.kind = SOMA_SCHEDULE_STEP}, none = {.kind = SOMA_SCHEDULE_EXPONENTIAL};
    const soma_schedule high = {.floor = 1.5f}, low = {.floor = -0.5f}, endless = {.factor = INFINITY};
    const soma_schedule delta = {.min_delta = -1}, unknown = {.kind = (soma_schedule_kind)99};
    const struct {
        const soma_schedule *schedule;
        const char *word;
    } cases[] = {{&no_period, "period"}, {&none, "period"},     {&high, "floor"},      {&low, "floor"},
                 {&endless, "factor"},   {&delta, "min_delta"}, {&unknown, "schedule"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        soma_optimizer resolved, given = {.schedule = *cases[i].schedule};
        expect_error(soma_optimizer_resolve(&given, &resolved), SOMA_INVALID_ARGUMENT, cases[i].word);
    }
}
END_TEST

int main(void) {
    TCase *cases = tcase_create("schedule");
    tcase_add_test(cases, constant_is_the_learning_rate_itself);
    tcase_add_test(cases, step_falls_by_the_factor_every_period);
    tcase_add_test(cases, exponential_falls_by_the_factor_over_a_period);
    tcase_add_test(cases, cosine_falls_from_the_rate_to_its_floor);
    tcase_add_test(cases, cosine_without_a_period_takes_the_whole_fit);
    tcase_add_test(cases, warmup_rises_linearly_and_then_the_schedule_begins);
    tcase_add_test(cases, warmup_longer_than_the_fit_is_defined);
    tcase_add_test(cases, no_schedule_falls_below_its_floor);
    tcase_add_test(cases, plateau_scales_by_the_reductions_so_far);
    tcase_add_test(cases, a_missing_period_means_a_constant_rate);
    tcase_add_test(cases, defaults_are_filled_in);
    tcase_add_test(cases, schedules_that_make_no_sense_are_refused);
    Suite *suite = suite_create("schedule");
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
