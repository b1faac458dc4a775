/* SPDX-License-Identifier: MIT */
/* The executor: the memory that plans share, and the way in and out of it. */
#include "expect.h"
#include "graph/plan.h"
#include "host_device.h"
#include "suite.h"

static soma_device device;
static soma_executor *executor;
static soma_device_api failing_api;
static int fills_until_failure; /* < 0: never */
static const soma_device_api *host_api;

static soma_status failing_fill(void *state, void *memory, size_t offset, uint8_t byte, size_t bytes) {
    if (fills_until_failure == 0) return soma_error(SOMA_DEVICE_FAILED, "the device was taken away");
    fills_until_failure--;
    return host_api->fill(state, memory, offset, byte, bytes);
}

static void setup(void) {
    host_device_open(&device);
    host_api = device.api;
    failing_api = *host_api;
    failing_api.fill = failing_fill;
    device.api = &failing_api;
    fills_until_failure = -1;
    executor = NULL;
}

static void teardown(void) {
    soma_executor_destroy(executor);
    ck_assert_uint_eq(device.memory.allocated, 0);
}

START_TEST(values_go_in_and_come_out) {
    soma_dtype real = _i ? SOMA_F64 : SOMA_F32;
    float in[5] = {1, -2.5f, 3e38f, 0, 0.1f}, out[8];
    expect_ok(soma_executor_create(&device, real, 32, 16, &executor));
    ck_assert_uint_eq(soma_executor_element(executor), real == SOMA_F64 ? 8 : 4);
    ck_assert_uint_eq(soma_executor_alignment(&device, real), 64 / soma_executor_element(executor));
    expect_ok(soma_executor_write(executor, executor->parameters, 7, in, 5));
    expect_ok(soma_executor_read(executor, executor->parameters, 7, out, 5));
    ck_assert_mem_eq(in, out, sizeof in);
    expect_ok(soma_executor_read(executor, executor->parameters, 6, out, 7)); /* zeros on both sides */
    ck_assert(out[0] == 0 && out[6] == 0 && out[1] == in[0]);
    expect_ok(soma_executor_write(executor, executor->parameters, 0, NULL, 0));
    expect_ok(soma_executor_read(executor, executor->parameters, 0, NULL, 0));
}
END_TEST

START_TEST(training_memory_comes_when_it_is_asked_for) {
    float values[16];
    expect_ok(soma_executor_create(&device, SOMA_F32, 16, 16, &executor));
    uint64_t before = device.memory.allocated;
    ck_assert_ptr_null(executor->gradients);
    expect_ok(soma_executor_reserve_training(executor, 0));
    ck_assert_uint_eq(device.memory.allocated, before + 64);
    expect_ok(soma_executor_reserve_training(executor, 2));
    ck_assert_uint_eq(device.memory.allocated, before + 3 * 64);
    expect_ok(soma_executor_reserve_training(executor, 1)); /* it is there */
    ck_assert_uint_eq(device.memory.allocated, before + 3 * 64);
    void *const buffers[] = {executor->gradients, executor->state[0], executor->state[1]};
    for (size_t i = 0; i < SOMA_COUNT_OF(buffers); i++) {
        expect_ok(soma_executor_read(executor, buffers[i], 0, values, 16));
        for (int j = 0; j < 16; j++) ck_assert(values[j] == 0);
    }
}
END_TEST

/* Kahan's sum: what the first number has too much is in the second. */
START_TEST(totals_are_the_sums_less_their_errors) {
    double totals[SOMA_ACCUMULATOR_SLOTS];
    float pairs[SOMA_ACCUMULATOR_SLOTS][2] = {{0}};
    expect_ok(soma_executor_create(&device, _i ? SOMA_F64 : SOMA_F32, 1, 1, &executor));
    pairs[3][0] = 16777216;
    pairs[3][1] = -1;
    pairs[15][0] = 0.5f;
    expect_ok(soma_executor_write(executor, executor->accumulators, 0, &pairs[0][0], 2 * SOMA_ACCUMULATOR_SLOTS));
    expect_ok(soma_executor_read_accumulators(executor, totals));
    ck_assert(totals[0] == 0 && totals[3] == 16777217 && totals[15] == 0.5);
    expect_ok(soma_executor_clear_accumulators(executor));
    expect_ok(soma_executor_read_accumulators(executor, totals));
    for (int i = 0; i < SOMA_ACCUMULATOR_SLOTS; i++) ck_assert(totals[i] == 0);
}
END_TEST

START_TEST(a_network_without_parameters_is_possible) {
    expect_ok(soma_executor_create(&device, SOMA_F32, 0, 0, &executor));
    expect_ok(soma_executor_reserve_training(executor, 2));
}
END_TEST

START_TEST(a_size_beyond_memory_is_refused) {
    expect_error(soma_executor_create(&device, SOMA_F32, SIZE_MAX / 4 + 1, 0, &executor), SOMA_OUT_OF_DEVICE_MEMORY,
                 "parameters exceed every memory");
    ck_assert_ptr_null(executor);
}
END_TEST

/* Each fill in turn fails: nothing is left behind, and asked again, all is made. */
START_TEST(a_failing_device_leaves_no_memory_behind) {
    for (int i = 0; i < 3; i++) {
        fills_until_failure = i;
        expect_error(soma_executor_create(&device, SOMA_F32, 16, 16, &executor), SOMA_DEVICE_FAILED, "taken away");
        ck_assert_ptr_null(executor);
        ck_assert_uint_eq(device.memory.allocated, 0);
    }
    fills_until_failure = -1;
    expect_ok(soma_executor_create(&device, SOMA_F32, 16, 16, &executor));
    uint64_t before = device.memory.allocated;
    for (int i = 0; i < 3; i++) {
        fills_until_failure = i == 0 ? 0 : 1; /* each time one buffer more is there */
        expect_error(soma_executor_reserve_training(executor, 2), SOMA_DEVICE_FAILED, "taken away");
        ck_assert_uint_eq(device.memory.allocated, before + 64 * (uint64_t)i);
    }
    fills_until_failure = -1;
    expect_ok(soma_executor_reserve_training(executor, 2));
    ck_assert_uint_eq(device.memory.allocated, before + 3 * 64);
}
END_TEST

static void add_tests(TCase *cases) {
    tcase_add_checked_fixture(cases, setup, teardown);
    tcase_add_loop_test(cases, values_go_in_and_come_out, 0, 2);
    tcase_add_test(cases, training_memory_comes_when_it_is_asked_for);
    tcase_add_loop_test(cases, totals_are_the_sums_less_their_errors, 0, 2);
    tcase_add_test(cases, a_network_without_parameters_is_possible);
    tcase_add_test(cases, a_size_beyond_memory_is_refused);
    tcase_add_test(cases, a_failing_device_leaves_no_memory_behind);
}

int main(void) {
    return run_suite("executor", add_tests);
}
