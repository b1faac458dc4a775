/* SPDX-License-Identifier: MIT */
/*
 * Timing a call runs it many times over. What lies in memory afterwards must be what one run makes of it, or the runs
 * that are timed would not be those of a step: a gradient that is multiplied in place, again and again, comes to
 * numbers that some processors are slow with. Expected values are those of one run, by hand.
 *
 * Usage: test_call_time [DEVICE]
 */
#include "device/calls.h"
#include "device/device.h"
#include "expect.h"
#include "trainer.h"

#include <math.h>

enum { COUNT = 1024 };

typedef soma_status time_function(soma_device *device, soma_call *call, double *microseconds);
static time_function *const timers[] = {soma_call_time, soma_call_least_time};

/* Views are of one memory, which gets these numbers and gives back those that are there after the call was timed. */
static void time_on(float numbers[COUNT], soma_call call, time_function *time) {
    void *memory, *scratch = NULL;
    size_t workspace;
    double microseconds = -1;
    expect_ok(soma_device_alloc(test_device, COUNT * sizeof *numbers, "the test", &memory));
    expect_ok(soma_device_write(test_device, memory, 0, numbers, COUNT * sizeof *numbers));
    expect_ok(soma_device_prepare(test_device, &call, &workspace));
    if (workspace) expect_ok(soma_device_alloc(test_device, workspace, "the test", &scratch));
    call.workspace = scratch;
    for (uint32_t i = 0; i < call.view_count; i++)
        if (call.view[i].rank) call.view[i].memory = memory;
    soma_device_memory before, after;
    soma_device_get_memory(test_device, &before);
    expect_ok(time(test_device, &call, &microseconds));
    soma_device_get_memory(test_device, &after);
    ck_assert_double_gt(microseconds, 0);
    ck_assert_uint_eq(after.allocated, before.allocated);
    expect_ok(soma_device_read(test_device, memory, 0, numbers, COUNT * sizeof *numbers));
    soma_device_release(test_device, &call);
    soma_device_free(test_device, scratch, workspace);
    soma_device_free(test_device, memory, COUNT * sizeof *numbers);
}

/* 1 / (1 + exp(-x)) once, not of itself again and again; and the numbers behind it stay. */
START_TEST(a_function_in_place) {
    const size_t count = 100;
    float numbers[COUNT];
    for (size_t i = 0; i < COUNT; i++) numbers[i] = 0.01f * (float)i;
    const soma_view x = soma_view_of(NULL, 0, SOMA_F32, 1, &count);
    time_on(numbers, soma_call_unary(x, x, (soma_unary_params){SOMA_SIGMOID, 0, 0}), timers[_i]);
    for (size_t i = 0; i < COUNT; i++)
        ck_assert_double_eq_tol(numbers[i], i < count ? 1 / (1 + exp(-0.01 * (double)i)) : 0.01f * (float)i, 1e-6);
}
END_TEST

/* c + a b, of [2, 2] by [2, 2]: added once. */
START_TEST(a_sum_that_goes_on) {
    static const float a[] = {1, 2, 3, 4}, b[] = {5, 6, 7, 8}, c[] = {100, 200, 300, 400};
    static const double sum[] = {100 + 19, 200 + 22, 300 + 43, 400 + 50};
    const size_t step = SOMA_MAX(test_device->info.alignment / sizeof(float), 4);
    ck_assert_uint_le(3 * step, COUNT);
    const size_t shape[] = {2, 2};
    soma_view views[3];
    float numbers[COUNT] = {0};
    for (size_t i = 0; i < 3; i++) {
        memcpy(numbers + i * step, (const float *[]){a, b, c}[i], sizeof a);
        views[i] = soma_view_of(NULL, i * step * sizeof(float), SOMA_F32, 2, shape);
    }
    const soma_gemm_params params = {.alpha = 1, .beta = 1};
    time_on(numbers, soma_call_gemm(views[0], views[1], soma_view_absent(), views[2], params), timers[_i]);
    for (size_t i = 0; i < 4; i++) {
        ck_assert_double_eq(numbers[i], a[i]);
        ck_assert_double_eq(numbers[step + i], b[i]);
        ck_assert_double_eq(numbers[2 * step + i], sum[i]);
    }
}
END_TEST

static void add_tests(TCase *cases) {
    tcase_add_loop_test(cases, a_function_in_place, 0, 2);
    tcase_add_loop_test(cases, a_sum_that_goes_on, 0, 2);
}

int main(int argc, char **argv) {
    return run_trainer_tests(argc, argv, "call time", add_tests);
}
