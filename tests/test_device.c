/* SPDX-License-Identifier: MIT */
/* An open device: memory accounting and limits, and the fallback under a list of calls. */
#include "device/device.h"

#include "device/calls.h"
#include "expect.h"
#include "fake_device.h"
#include <stdio.h>
#include <stdlib.h>

/* Each test runs in a process of its own, so what one registers does not show in another. */

/* ----------------------------------------------------------------------------------------------------------- memory */

static void assert_memory(const soma_device *device, uint64_t allocated, uint64_t peak) {
    soma_device_memory memory;
    soma_device_get_memory(device, &memory);
    ck_assert_uint_eq(memory.allocated, allocated);
    ck_assert_uint_eq(memory.peak, peak);
}

START_TEST(memory_is_counted) {
    soma_device *device = open_plugin("SOMA_REFERENCE_PLUGIN", "reference", NULL);
    void *first, *second;
    expect_ok(soma_device_alloc(device, 1000, "first", &first));
    expect_ok(soma_device_alloc(device, 24, "second", &second));
    assert_memory(device, 1024, 1024);
    soma_device_free(device, first, 1000);
    assert_memory(device, 24, 1024);
    soma_device_free(device, second, 24);
    soma_device_free(device, NULL, 24);
    assert_memory(device, 0, 1024);
    expect_ok(soma_device_alloc(device, 1023, "less than there was", &first));
    assert_memory(device, 1023, 1024);
    expect_ok(soma_device_alloc(device, 2, "more than there was", &second));
    assert_memory(device, 1025, 1025);
    soma_device_free(device, first, 1023);
    soma_device_free(device, second, 2);
    assert_memory(device, 0, 1025);
    soma_device_close(device);
}
END_TEST

START_TEST(memory_limit_is_kept) {
    soma_device_options options = {.memory_limit = 1000};
    soma_device *device = open_plugin("SOMA_REFERENCE_PLUGIN", "reference", &options);
    void *first, *second;
    expect_ok(soma_device_alloc(device, 600, "first", &first));
    expect_error(soma_device_alloc(device, 401, "the weights", &second), SOMA_OUT_OF_DEVICE_MEMORY,
                 "the weights needs 401 bytes on device reference");
    expect_contains(soma_last_error(), "600 bytes are in use of 1000, the limit set for it");
    ck_assert_ptr_null(second);
    expect_error(soma_device_alloc(device, SIZE_MAX, "all", &second), SOMA_OUT_OF_DEVICE_MEMORY, "all");
    expect_ok(soma_device_alloc(device, 400, "second", &second));
    assert_memory(device, 1000, 1000);
    soma_device_free(device, first, 600);
    soma_device_free(device, second, 400);
    soma_device_close(device);
}
END_TEST

START_TEST(memory_limit_comes_from_the_environment_too) {
    soma_device_options options = {.memory_limit = 1000};
    setenv("SOMA_MEMORY_LIMIT", "500", 1);
    soma_device *device = open_plugin("SOMA_REFERENCE_PLUGIN", "reference", &options);
    void *memory;
    expect_error(soma_device_alloc(device, 501, "it", &memory), SOMA_OUT_OF_DEVICE_MEMORY, "of 500");
    soma_device_close(device);
    setenv("SOMA_MEMORY_LIMIT", "5000", 1);
    expect_ok(soma_device_open("reference", &options, &device));
    expect_error(soma_device_alloc(device, 1001, "it", &memory), SOMA_OUT_OF_DEVICE_MEMORY, "of 1000");
    soma_device_close(device);
    const char *const bad[] = {"many", "-1", "12kB", "0", "99999999999999999999999", " 5"};
    for (size_t i = 0; i < SOMA_COUNT_OF(bad); i++) {
        setenv("SOMA_MEMORY_LIMIT", bad[i], 1);
        expect_error(soma_device_open("reference", NULL, &device), SOMA_INVALID_ARGUMENT, bad[i]);
    }
}
END_TEST

START_TEST(memory_of_the_device_and_its_driver_are_kept) {
    expect_ok(soma_device_register(&fake_api));
    soma_device *device;
    void *memory;
    expect_ok(soma_device_open("fake:1", NULL, &device));
    expect_error(soma_device_alloc(device, 4097, "it", &memory), SOMA_OUT_OF_DEVICE_MEMORY,
                 "at most 4096 bytes at once");
    expect_error(soma_device_alloc(device, ((size_t)1 << 30) + 1, "it", &memory), SOMA_OUT_OF_DEVICE_MEMORY,
                 "0 bytes are in use of 1073741824");
    expect_error(
        soma_device_alloc(device, 1024, "it", &memory), SOMA_OUT_OF_DEVICE_MEMORY,
        "it needs 1024 bytes on device fake:1 (Fake Small Graphics), where 0 bytes are in use: the driver says no");
    assert_memory(device, 0, 0);
    expect_error(soma_device_wrap(device, "x", 1, &memory), SOMA_UNSUPPORTED, "fake:1");
    soma_device_close(device);
}
END_TEST

/* --------------------------------------------------------------------------------------------------------- fallback */

/* The reference plugin, but it does not do UNARY, and counts what it is given. */
static soma_device_api partial_api;
static const soma_device_api *whole_api;
static size_t lists_run, calls_run, lists_arranged, calls_arranged;

static soma_status partial_prepare(void *state, soma_call *call, size_t *workspace) {
    if (call->primitive == SOMA_PRIMITIVE_UNARY) {
        *workspace = 1 << 20; /* must be forgotten */
        return soma_error(SOMA_UNSUPPORTED, "no unary here");
    }
    return whole_api->prepare(state, call, workspace);
}

static soma_status partial_run(void *state, soma_call *calls, size_t count) {
    lists_run++;
    calls_run += count;
    return whole_api->run(state, calls, count);
}

static soma_status partial_arrange(void *state, soma_call *calls, size_t count, size_t runs) {
    (void)state, (void)calls;
    lists_arranged++;
    calls_arranged += count;
    ck_assert_uint_eq(runs, 1000);
    return SOMA_OK;
}

static soma_device *open_partial(void) {
    load_plugin("SOMA_REFERENCE_PLUGIN");
    for (size_t i = 0; (whole_api = soma_registry_get(i)); i++)
        if (strcmp(whole_api->name, "reference") == 0) break;
    ck_assert_ptr_nonnull(whole_api);
    partial_api = *whole_api;
    partial_api.name = "partial";
    partial_api.prepare = partial_prepare;
    partial_api.run = partial_run;
    partial_api.arrange = partial_arrange;
    soma_device *device;
    expect_ok(soma_device_register(&partial_api));
    expect_ok(soma_device_open("partial", NULL, &device));
    return device;
}

#define COUNT 5

START_TEST(fallback_keeps_the_order_of_a_list) {
    soma_log_set(keep_log, NULL, SOMA_LOG_INFO);
    soma_device *device = open_partial();
    void *memory, *scratch;
    expect_ok(soma_device_alloc(device, 1024, "values", &memory));
    expect_ok(soma_device_alloc(device, 1024, "scratch", &scratch));
    soma_view x = soma_view_of(memory, 0, SOMA_F32, 1, (size_t[]){COUNT});
    soma_view y = soma_view_of(memory, 256, SOMA_F32, 1, (size_t[]){COUNT});
    soma_unary_params square = {.function = SOMA_SQUARE};
    soma_call calls[] = {
        soma_call_fill(x, 3.0f),                       /* 3 */
        soma_call_binary(x, x, y, SOMA_BINARY_ADD),    /* 6 */
        soma_call_unary(y, x, square),                 /* 36 */
        soma_call_unary(x, y, square),                 /* 1296 */
        soma_call_binary(y, x, x, SOMA_BINARY_DIVIDE), /* 36 */
    };
    for (size_t i = 0; i < SOMA_COUNT_OF(calls); i++) {
        size_t workspace;
        expect_ok(soma_device_prepare(device, &calls[i], &workspace));
        bool unary = calls[i].primitive == SOMA_PRIMITIVE_UNARY;
        ck_assert(calls[i].fallback == unary);
        ck_assert_uint_eq(workspace, unary ? 0 : 64);
        calls[i].workspace = scratch;
    }
    expect_ok(soma_device_arrange(device, calls, SOMA_COUNT_OF(calls), 1000));
    expect_ok(soma_device_run(device, calls, SOMA_COUNT_OF(calls)));
    expect_ok(soma_device_sync(device));
    float found[COUNT];
    expect_ok(soma_device_read(device, memory, 0, found, sizeof found));
    for (size_t i = 0; i < COUNT; i++) ck_assert_float_eq(found[i], 36.0f);
    ck_assert_uint_eq(lists_run, 2);
    ck_assert_uint_eq(calls_run, 3);
    ck_assert_uint_eq(lists_arranged, 2);
    ck_assert_uint_eq(calls_arranged, 3);
    ck_assert_uint_eq(count_in(log_lines, "does not do unary"), 1);
    for (size_t i = 0; i < SOMA_COUNT_OF(calls); i++) soma_device_release(device, &calls[i]);
    soma_device_free(device, memory, 1024);
    soma_device_free(device, scratch, 1024);
    log_lines[0] = 0;
    soma_device_close(device);
    ck_assert_str_eq(log_lines, ""); /* nothing was left allocated */
}
END_TEST

START_TEST(fallback_leaves_gaps_alone) {
    soma_device *device = open_plugin("SOMA_MINIMAL_PLUGIN", "minimal", NULL);
    void *memory;
    const float before[8] = {0, 1, 2, 3, 4, 5, 6, 7};
    expect_ok(soma_device_alloc(device, sizeof before, "values", &memory));
    expect_ok(soma_device_write(device, memory, 0, before, sizeof before));
    /* Elements 0, 1, 2 go to 3, 5, 7. */
    soma_view in = soma_view_of(memory, 0, SOMA_F32, 1, (size_t[]){3});
    soma_view out = soma_view_of(memory, 12, SOMA_F32, 1, (size_t[]){3});
    out.stride[0] = 2;
    soma_call call = soma_call_copy(in, out, 10.0f, 0.5f);
    size_t workspace;
    expect_ok(soma_device_prepare(device, &call, &workspace));
    ck_assert(call.fallback);
    expect_ok(soma_device_run(device, &call, 1));
    float found[8];
    const float expected[8] = {0, 1, 2, 0.5f, 4, 10.5f, 6, 20.5f};
    expect_ok(soma_device_read(device, memory, 0, found, sizeof found));
    for (size_t i = 0; i < 8; i++) ck_assert_float_eq(found[i], expected[i]);
    soma_device_release(device, &call);
    soma_device_free(device, memory, sizeof before);
    soma_device_close(device);
}
END_TEST

START_TEST(prepare_refuses_a_wrong_call) {
    soma_device *device = open_plugin("SOMA_REFERENCE_PLUGIN", "reference", NULL);
    soma_call call = soma_call_fill(soma_view_absent(), 1.0f);
    size_t workspace;
    expect_error(soma_device_prepare(device, &call, &workspace), SOMA_INVALID_ARGUMENT, "fill: out is missing");
    soma_device_release(device, &call);
    soma_device_close(device);
}
END_TEST

/* ------------------------------------------------------------------------------------------------------------ names */

START_TEST(names_are_those_of_the_tables) {
    ck_assert_str_eq(soma_primitive_name(SOMA_PRIMITIVE_GEMM), "gemm");
    ck_assert_str_eq(soma_primitive_name(SOMA_PRIMITIVE_BIAS_UNARY_GRAD), "bias_unary_grad");
    ck_assert_str_eq(soma_primitive_name(SOMA_PRIMITIVE_COUNT), "unknown primitive");
    ck_assert_str_eq(soma_function_name(SOMA_LEAKY_RELU), "leaky_relu");
    ck_assert_str_eq(soma_function_name(SOMA_SQUARE), "square");
    ck_assert_str_eq(soma_function_name(SOMA_SOFTMAX), "softmax");
    ck_assert_ptr_null(soma_function_name(SOMA_FUNCTION_COUNT));
    for (int i = 0; i < SOMA_FUNCTION_COUNT; i++) ck_assert(soma_function_name((soma_function)i)[0] != 0);
    ck_assert(soma_function_grad_uses_output(SOMA_SIGMOID));
    ck_assert(!soma_function_grad_uses_output(SOMA_GELU));
}
END_TEST

int main(void) {
    Suite *suite = suite_create("device");
    TCase *tests = tcase_create("device");
    tcase_add_test(tests, memory_is_counted);
    tcase_add_test(tests, memory_limit_is_kept);
    tcase_add_test(tests, memory_limit_comes_from_the_environment_too);
    tcase_add_test(tests, memory_of_the_device_and_its_driver_are_kept);
    tcase_add_test(tests, fallback_keeps_the_order_of_a_list);
    tcase_add_test(tests, fallback_leaves_gaps_alone);
    tcase_add_test(tests, prepare_refuses_a_wrong_call);
    tcase_add_test(tests, names_are_those_of_the_tables);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
