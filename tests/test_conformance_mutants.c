/* SPDX-License-Identifier: MIT */
/*
 * Can the conformance suite fail? A device that computes with the reference, and is then made wrong in one way at a
 * time, must be found out by the row of the primitive concerned. Each mutant is one test.
 */
#include "mutants.h"

#include "expect.h"
#include <stdio.h>
#include <stdlib.h>

static const mutant *active;

/* ------------------------------------------------------------------------------------------------------- the device */

static soma_status device_enumerate(soma_device_visitor *visitor, void *context) {
    soma_device_info info = {.name = "mutant", .platform = "host", .kind = SOMA_DEVICE_OTHER, .alignment = 64};
    visitor(context, 0, &info, true, NULL);
    return SOMA_OK;
}

static soma_status device_open(uint32_t index, const soma_device_options *options, void **state) {
    static int nothing;
    (void)index;
    (void)options;
    *state = &nothing;
    return SOMA_OK;
}

static void device_close(void *state) {
    (void)state;
}

static void device_info(void *state, soma_device_info *info) {
    (void)state;
    *info = (soma_device_info){.name = "mutant", .platform = "host", .kind = SOMA_DEVICE_OTHER, .alignment = 64};
}

static soma_status device_alloc(void *state, size_t bytes, void **memory) {
    (void)state;
    *memory = malloc(bytes + 1); /* a mutant writes past the end */
    return *memory ? SOMA_OK : SOMA_OUT_OF_DEVICE_MEMORY;
}

static void device_free(void *state, void *memory) {
    (void)state;
    free(memory);
}

static bool is_wrong(int how) {
    return active && active->row >= SOMA_CHECK_MEMORY && active->argument == how;
}

/* No device is asked for what is no work. */
static soma_status check_bytes(size_t bytes) {
    return bytes ? SOMA_OK : soma_error(SOMA_INVALID_ARGUMENT, "the device was called for 0 bytes");
}

static soma_status device_write(void *state, void *memory, size_t offset, const void *source, size_t bytes) {
    (void)state;
    SOMA_TRY(check_bytes(bytes));
    memcpy((char *)memory + offset, source, bytes - (is_wrong(SHORT_WRITE) && bytes < 4000));
    return SOMA_OK;
}

static soma_status device_read(void *state, void *memory, size_t offset, void *target, size_t bytes) {
    (void)state;
    SOMA_TRY(check_bytes(bytes));
    memcpy(target, (char *)memory + offset, bytes - (is_wrong(SHORT_READ) && bytes < 4000));
    if (is_wrong(LONG_READ) && bytes < 4000) ((char *)target)[bytes] ^= 1;
    return SOMA_OK;
}

static soma_status device_copy(void *state, void *to, size_t to_offset, void *from, size_t from_offset, size_t bytes) {
    (void)state;
    SOMA_TRY(check_bytes(bytes));
    if (is_wrong(COPY_FROM_START)) from_offset = 0;
    memmove((char *)to + to_offset, (char *)from + from_offset, bytes - is_wrong(SHORT_COPY));
    return SOMA_OK;
}

static soma_status device_fill(void *state, void *memory, size_t offset, uint8_t byte, size_t bytes) {
    (void)state;
    SOMA_TRY(check_bytes(bytes));
    memset((char *)memory + offset, byte, bytes - is_wrong(SHORT_FILL));
    if (is_wrong(LONG_FILL) && bytes < 4000) ((char *)memory)[offset + bytes] = (char)byte;
    return SOMA_OK;
}

static soma_status device_prepare(void *state, soma_call *call, size_t *workspace) {
    (void)state;
    call->prepared = malloc(sizeof call->params);
    memcpy(call->prepared, &call->params, sizeof call->params);
    *workspace = MUTANT_WORKSPACE;
    return SOMA_OK;
}

static void device_release(void *state, soma_call *call) {
    (void)state;
    free(call->prepared);
}

/* Gives every view of the copy memory of its own with the same contents. */
static void copy_views(const soma_call *call, soma_call *copy) {
    *copy = *call;
    for (uint32_t i = 0; i < call->view_count; i++) {
        const soma_view *view = &call->view[i];
        if (!soma_view_present(view)) continue;
        size_t bytes = soma_view_positions(view) * soma_dtype_size(view->dtype);
        copy->view[i].memory = malloc(bytes + 1);
        copy->view[i].offset = 0;
        memcpy(copy->view[i].memory, (char *)view->memory + view->offset, bytes);
    }
}

static void free_views(const soma_call *original, soma_call *copy) {
    for (uint32_t i = 0; i < original->view_count; i++)
        if (soma_view_present(&original->view[i])) free(copy->view[i].memory);
}

static soma_status run_one(soma_call *call) {
    bool concerned = active && active->row == (uint32_t)call->primitive;
    soma_call old, inputs;
    copy_views(call, &old);
    copy_views(call, &inputs);
    soma_call changed = inputs;
    for (uint32_t i = 0; i < call->view_count; i++)
        if (soma_call_writes(call, i)) changed.view[i] = call->view[i];
    if (concerned && active->before) active->before(active, &changed);
    soma_status status = soma_reference_run(&changed);
    if (status == SOMA_OK && concerned && active->after) status = active->after(active, call, &old);
    free_views(call, &old);
    free_views(call, &inputs);
    return status;
}

static soma_status device_run(void *state, soma_call *calls, size_t count) {
    (void)state;
    for (size_t i = 0; i < count; i++) {
        if (is_wrong(ONE_CALL_LOST) && i > 0 && i + 1 == count) break;
        SOMA_TRY(run_one(&calls[is_wrong(REVERSED_LIST) ? count - 1 - i : i]));
    }
    return SOMA_OK;
}

static bool combining = true;

static bool device_combines(void *state, soma_primitive primitive) {
    (void)state;
    (void)primitive;
    return combining;
}

static const soma_device_api mutant_api = {
    .abi = SOMA_DEVICE_ABI,
    .size = sizeof(soma_device_api),
    .name = "mutant",
    .enumerate = device_enumerate,
    .open = device_open,
    .close = device_close,
    .info = device_info,
    .alloc = device_alloc,
    .free = device_free,
    .write = device_write,
    .read = device_read,
    .copy = device_copy,
    .fill = device_fill,
    .prepare = device_prepare,
    .run = device_run,
    .release = device_release,
    .combines = device_combines,
};

/* -------------------------------------------------------------------------------------------------------- tests */

static mutant *mutants;
static size_t mutant_count;

static soma_device *open_mutant(void) {
    soma_device *device;
    expect_ok(soma_device_register(&mutant_api));
    expect_ok(soma_device_open("mutant", NULL, &device));
    return device;
}

static soma_check_result check_row(soma_device *device, uint32_t row) {
    soma_check_result result;
    expect_ok(soma_suite_check(device, row, true, &result));
    return result;
}

START_TEST(sound_device_passes) {
    if (!soma_suite_has((uint32_t)_i)) return; /* of a soma without training */
    soma_device *device = open_mutant();
    soma_check_result result = check_row(device, (uint32_t)_i);
    ck_assert_msg(result.passed, "%s: %s", result.primitive, result.detail);
    soma_device_close(device);
}
END_TEST

/* All that are wrong with this row's primitive; those that passed are listed together. */
START_TEST(mutants_are_found) {
    if (!soma_suite_has((uint32_t)_i)) return;
    soma_device *device = open_mutant();
    soma_text passed = {0};
    size_t tried = 0;
    for (size_t i = 0; i < mutant_count; i++) {
        active = &mutants[i];
        if (active->row != (uint32_t)_i) continue;
        soma_check_result result = check_row(device, active->row);
        if (result.passed) soma_text_append(&passed, "\n  %s (%d)", active->name, active->argument);
        printf("%s, %s (%d): %s\n", result.primitive, active->name, active->argument, result.detail);
        tried++;
    }
    ck_assert_uint_gt(tried, 0);
    ck_assert_msg(!passed.data, "these pass:%s", passed.data);
    soma_device_close(device);
}
END_TEST

/* The first of them alone, where only that is wanted; else each, and the first is told of. */
START_TEST(failures_are_counted) {
    soma_device *device = open_mutant();
    soma_check_result all, first;
    for (active = mutants; active->row != SOMA_PRIMITIVE_GEMM; active++) continue;
    expect_ok(soma_suite_check(device, active->row, false, &all));
    expect_ok(soma_suite_check(device, active->row, true, &first));
    ck_assert(!first.passed);
    ck_assert_uint_eq(first.failures, 1);
    ck_assert_uint_lt(first.cases, all.cases);
    ck_assert(!all.passed);
    ck_assert_uint_gt(all.failures, 1);
    ck_assert_str_eq(all.detail, first.detail);
    soma_device_close(device);
}
END_TEST

/* A device that is found wrong where it says that it combines, and right where it does not. */
static void expect_right_apart(const mutant *older) {
    if (!soma_suite_has(older->row)) return;
    soma_device *device = open_mutant();
    active = older;
    ck_assert(!check_row(device, active->row).passed);
    combining = false;
    const soma_check_result result = check_row(device, active->row);
    ck_assert_msg(result.passed, "%s: %s", result.primitive, result.detail);
    soma_device_close(device);
}

/* As a device may do that was made before there were masks that are added. */
static void before_passing_over_added(const mutant *self, soma_call *call) {
    soma_view *mask = &call->view[self->argument];
    if (mask->rank == 4) *mask = soma_view_absent();
}

START_TEST(masks_are_added_where_the_device_combines) {
    static const mutant older[] = {
        {"no masks that are added", SOMA_PRIMITIVE_ATTENTION, 3, 0, before_passing_over_added, NULL},
        {"no masks that are added", SOMA_PRIMITIVE_ATTENTION_GRAD, 4, 0, before_passing_over_added, NULL}};
    expect_right_apart(&older[_i]);
}
END_TEST

/* A device that has its results before it has read all. */
static soma_status after_lying_over(const mutant *self, soma_call *call, const soma_call *old) {
    const soma_view *input = &call->view[self->argument], *output = &call->view[8]; /* gates, or dx */
    (void)old;
    if (soma_view_count(output) && output->memory == input->memory && output->offset == input->offset)
        soma_element_set(output, 0, 7.0);
    return SOMA_OK;
}

START_TEST(results_lie_over_inputs_where_the_device_can) {
    static const mutant older[] = {
        {"nothing over its input", SOMA_PRIMITIVE_RECURRENT, 0, 0, NULL, after_lying_over},
        {"nothing over its input", SOMA_PRIMITIVE_RECURRENT_GRAD, 4, 0, NULL, after_lying_over}};
    expect_right_apart(&older[_i]);
}
END_TEST

START_TEST(whole_suite_reports_the_first_failure) {
    static const mutant wrong = {.name = "short read", .row = SOMA_CHECK_MEMORY, .argument = SHORT_READ};
    soma_device *device = open_mutant();
    active = &wrong;
    char failed[32]; /* all but the list of calls, which such a read does not reach */
    snprintf(failed, sizeof failed, "%d of %d", SOMA_CHECK_COUNT - 1, SOMA_CHECK_COUNT);
    expect_error(soma_device_check(device, NULL, NULL), SOMA_DEVICE_FAILED, "mutant", failed, "fill: ");
    soma_device_close(device);
    expect_error(soma_device_check(NULL, NULL, NULL), SOMA_INVALID_ARGUMENT, "soma_device_check");
}
END_TEST

int main(void) {
    mutants = mutants_make(&mutant_count);
    Suite *suite = suite_create("conformance mutants");
    TCase *tests = tcase_create("mutants");
    tcase_set_timeout(tests, 120);
    tcase_add_loop_test(tests, sound_device_passes, 0, SOMA_CHECK_COUNT);
    tcase_add_loop_test(tests, mutants_are_found, 0, SOMA_CHECK_COUNT);
    tcase_add_test(tests, failures_are_counted);
    tcase_add_loop_test(tests, masks_are_added_where_the_device_combines, 0, 2);
    tcase_add_loop_test(tests, results_lie_over_inputs_where_the_device_can, 0, 2);
    if (SOMA_HAS_TRAINING) tcase_add_test(tests, whole_suite_reports_the_first_failure);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    soma_free(mutants);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
