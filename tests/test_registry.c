/* SPDX-License-Identifier: MIT */
/* Which devices there are: registration, plugins, and what a name opens. */
#include "base/process.h"
#include "device/device.h"

#include "expect.h"
#include "fake_device.h"
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

/* Each test runs in a process of its own, so what one registers does not show in another. */

/* ----------------------------------------------------------------------------------------------------- registration */

START_TEST(register_refuses_another_abi) {
    soma_device_api api = fake_api;
    /* An older plugin is told both numbers; so is a newer one. */
    api.abi = 1;
    expect_error(soma_device_register(&api), SOMA_ABI_MISMATCH, "built for version 1");
    expect_error(soma_device_register(&api), SOMA_ABI_MISMATCH, "this library has version 2");
    api.abi = SOMA_DEVICE_ABI + 1;
    expect_error(soma_device_register(&api), SOMA_ABI_MISMATCH, "version 3");
    api = fake_api;
    api.size = SOMA_DEVICE_API_LEAST_SIZE - 8;
    expect_error(soma_device_register(&api), SOMA_ABI_MISMATCH, "bytes");
    expect_error(soma_device_register(NULL), SOMA_INVALID_ARGUMENT, "no soma_device_api");
}
END_TEST

/* A state that an application has made itself comes with an interface, too, that nobody has registered. */
START_TEST(adopting_refuses_what_registering_does) {
    int state = 0;
    soma_device_api api = fake_api;
    soma_device *device = (soma_device *)&state;
    api.abi = SOMA_DEVICE_ABI + 1;
    expect_error(soma_device_adopt(&api, &state, 0, NULL, &device), SOMA_ABI_MISMATCH, "built for version 3");
    ck_assert_ptr_null(device);
    api = fake_api;
    api.size = SOMA_DEVICE_API_LEAST_SIZE - 8;
    expect_error(soma_device_adopt(&api, &state, 0, NULL, &device), SOMA_ABI_MISMATCH, "bytes");
    api = fake_api;
    api.name = "gpu";
    expect_error(soma_device_adopt(&api, &state, 0, NULL, &device), SOMA_INVALID_ARGUMENT, "\"gpu\"");
    expect_error(soma_device_adopt(NULL, &state, 0, NULL, &device), SOMA_INVALID_ARGUMENT, "no soma_device_api");
    expect_error(soma_device_adopt(&fake_api, &state, 0, NULL, NULL), SOMA_INVALID_ARGUMENT, "no place");
}
END_TEST

/* ---------------------------------------------------------------------------------------------------- several threads
 */

static soma_device_api first_api, second_api;
static pthread_t second_thread;
static bool second_began;
static atomic_bool second_is_done;

static void *register_second(void *unused) {
    (void)unused;
    expect_ok(soma_device_register(&second_api));
    atomic_store(&second_is_done, true);
    return NULL;
}

/* The list of devices grows: here a second thread wants that, too, and has to wait until the first one has finished. */
static void meanwhile(void) {
    if (second_began) return;
    second_began = true;
    ck_assert_int_eq(pthread_create(&second_thread, NULL, register_second, NULL), 0);
    nanosleep(&(struct timespec){.tv_nsec = 100000000}, NULL);
    ck_assert(!atomic_load(&second_is_done));
}

static void *take(void *context, size_t bytes) {
    (void)context;
    meanwhile();
    return malloc(bytes);
}

static void *grow(void *context, void *memory, size_t bytes) {
    (void)context;
    meanwhile();
    return realloc(memory, bytes);
}

static void give(void *context, void *memory) {
    (void)context;
    free(memory);
}

static void *take_aligned(void *context, size_t alignment, size_t bytes) {
    (void)context;
    return aligned_alloc(alignment, (bytes + alignment - 1) / alignment * alignment);
}

START_TEST(one_thread_registers_at_a_time) {
    const soma_allocator allocator = {NULL, take, grow, give, take_aligned, give, {0}};
    soma_device *device;
    first_api = second_api = fake_api;
    first_api.name = "first";
    second_api.name = "second";
    expect_ok(soma_set_allocator(&allocator));
    expect_ok(soma_device_register(&first_api));
    ck_assert(second_began);
    ck_assert_int_eq(pthread_join(second_thread, NULL), 0);
    ck_assert(atomic_load(&second_is_done));
    for (int i = 0; i < 2; i++) {
        expect_ok(soma_device_open(i ? "second" : "first", NULL, &device));
        soma_device_close(device);
    }
}
END_TEST

static void remember_nothing(void *context, const char *selector, const soma_device_info *info, bool usable,
                             const char *reason) {
    (void)context, (void)selector, (void)info, (void)usable, (void)reason;
}

static void *register_and_list(void *context) {
    const soma_device_api *api = context;
    soma_device *device;
    expect_ok(soma_device_list(remember_nothing, NULL));
    expect_ok(soma_device_register(api));
    expect_ok(soma_device_open(api->name, NULL, &device));
    soma_device_close(device);
    expect_ok(soma_device_open("cpu", NULL, &device));
    expect_ok(soma_device_list(remember_nothing, NULL));
    soma_device_close(device);
    return NULL;
}

/* What they share is locked, which the thread sanitizer sees. */
START_TEST(threads_register_list_and_open_at_a_time) {
    enum { THREADS = 4 };
    static const char *const names[THREADS] = {"one", "two", "three", "four"};
    soma_device_api apis[THREADS];
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++) {
        apis[i] = fake_api;
        apis[i].name = names[i];
    }
    for (int i = 0; i < THREADS; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, register_and_list, &apis[i]), 0);
    for (int i = 0; i < THREADS; i++) ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
}
END_TEST

static void *watch_for_forks(void *unused) {
    (void)unused;
    expect_ok(soma_process_watch());
    return NULL;
}

/* Nothing else that these do comes before or after anything of each other: so only the lock itself orders them. */
START_TEST(threads_watch_for_forks_at_a_time) {
    pthread_t threads[2];
    for (int i = 0; i < 2; i++) ck_assert_int_eq(pthread_create(&threads[i], NULL, watch_for_forks, NULL), 0);
    for (int i = 0; i < 2; i++) ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
}
END_TEST

/* -------------------------------------------------------------------------------------------------- an older struct */

static soma_status no_peak(void *state, double *gflops) {
    (void)state;
    *gflops = 1e9;
    return SOMA_OK;
}

/* A device built before a slot was appended: what lies past its struct is not read. */
START_TEST(register_takes_an_older_struct) {
    soma_device_api api = fake_api;
    api.size = SOMA_DEVICE_API_LEAST_SIZE;
    api.peak = no_peak;
    soma_device *device;
    double gflops;
    expect_ok(soma_device_register(&api));
    expect_ok(soma_device_open(api.name, NULL, &device));
    expect_error(soma_device_peak(device, &gflops), SOMA_UNSUPPORTED, "does not measure its peak");
    expect_error(soma_device_peak(device, NULL), SOMA_INVALID_ARGUMENT, "gflops is NULL");
    expect_error(soma_device_peak(NULL, &gflops), SOMA_INVALID_ARGUMENT, "device is NULL");
    soma_device_close(device);
}
END_TEST

/* ---------------------------------------------------------------------------------------------------------- tuning */

static soma_status take_tune_options(void *state, const soma_tune_options *options) {
    (void)state;
    return soma_error(SOMA_IO, "%zu sizes", options->size_count);
}

static void tell_tuning(void *state, soma_tuning *tuning) {
    (void)state;
    tuning->default_kernel = "the only one";
}

static soma_status forget_nothing(void *state, bool *removed) {
    (void)state;
    *removed = true;
    return SOMA_OK;
}

/* Device number i lacks slot i of the three. */
START_TEST(tuning_needs_its_slots) {
    soma_device_api apis[] = {fake_api, fake_api, fake_api};
    static const char *const names[] = {"without-tune", "without-tuning", "without-forget"};
    for (size_t i = 0; i < SOMA_COUNT_OF(apis); i++) {
        soma_device *device;
        soma_tuning tuning;
        bool removed = true;
        apis[i].name = names[i];
        apis[i].tune = i == 0 ? NULL : take_tune_options;
        apis[i].tuning = i == 1 ? NULL : tell_tuning;
        apis[i].forget_tuning = i == 2 ? NULL : forget_nothing;
        expect_ok(soma_device_register(&apis[i]));
        expect_ok(soma_device_open(names[i], NULL, &device));
        expect_error(soma_device_tune(device, NULL), SOMA_UNSUPPORTED, "nothing to tune");
        expect_error(soma_device_get_tuning(device, &tuning), SOMA_UNSUPPORTED, "nothing to tune");
        expect_error(soma_device_forget_tuning(device, &removed), SOMA_UNSUPPORTED, "nothing to tune");
        ck_assert(!removed);
        expect_error(soma_device_get_tuning(device, NULL), SOMA_INVALID_ARGUMENT, "tuning is NULL");
        soma_device_close(device);
    }
    soma_tuning tuning;
    expect_error(soma_device_tune(NULL, NULL), SOMA_INVALID_ARGUMENT, "device is NULL");
    expect_error(soma_device_get_tuning(NULL, &tuning), SOMA_INVALID_ARGUMENT, "device is NULL");
    expect_error(soma_device_forget_tuning(NULL, NULL), SOMA_INVALID_ARGUMENT, "device is NULL");
}
END_TEST

START_TEST(tuning_checks_its_options) {
    static const size_t sizes[] = {1, SOMA_TUNE_MAX_SIZE, 3, 4, 5, 6, 7}, zero[] = {32, 0}, large[] = {65537};
    soma_device_api api = fake_api;
    soma_device *device;
    soma_tuning tuning;
    bool removed = false;
    api.tune = take_tune_options;
    api.tuning = tell_tuning;
    api.forget_tuning = forget_nothing;
    expect_ok(soma_device_register(&api));
    expect_ok(soma_device_open(api.name, NULL, &device));
    const soma_tune_options good = {.sizes = sizes, .size_count = 6}, many = {.sizes = sizes, .size_count = 7},
                            none = {.sizes = sizes}, nowhere = {.size_count = 1},
                            with_zero = {.sizes = zero, .size_count = 2}, too_large = {.sizes = large, .size_count = 1},
                            later = {.reserved = {0, 1}};
    expect_error(soma_device_tune(device, &good), SOMA_IO, "6 sizes");
    expect_error(soma_device_tune(device, NULL), SOMA_IO, "0 sizes");
    expect_error(soma_device_tune(device, &many), SOMA_INVALID_ARGUMENT, "7 sizes", "1 to 6");
    expect_error(soma_device_tune(device, &none), SOMA_INVALID_ARGUMENT, "0 sizes at an array");
    expect_error(soma_device_tune(device, &nowhere), SOMA_INVALID_ARGUMENT, "1 sizes at NULL");
    expect_error(soma_device_tune(device, &with_zero), SOMA_INVALID_ARGUMENT, "size 1 is 0", "1 to 65536");
    expect_error(soma_device_tune(device, &too_large), SOMA_INVALID_ARGUMENT, "size 0 is 65537");
    expect_error(soma_device_tune(device, &later), SOMA_INVALID_ARGUMENT, "soma_tune_options");
    expect_ok(soma_device_get_tuning(device, &tuning));
    ck_assert_str_eq(tuning.default_kernel, "the only one");
    ck_assert_uint_eq(tuning.count, 0);
    expect_ok(soma_device_forget_tuning(device, &removed));
    ck_assert(removed);
    expect_ok(soma_device_forget_tuning(device, NULL));
    soma_device_close(device);
}
END_TEST

#define FOR_EACH_MANDATORY_SLOT(X)                                                                                     \
    X(enumerate) X(open) X(close) X(info) X(alloc) X(free) X(write) X(read) X(copy) X(fill)

START_TEST(register_names_a_missing_slot){
#define X(slot)                                                                                                        \
    {                                                                                                                  \
        soma_device_api api = fake_api;                                                                                \
        api.slot = NULL;                                                                                               \
        expect_error(soma_device_register(&api), SOMA_INVALID_ARGUMENT, "slot " #slot);                                \
    }
    FOR_EACH_MANDATORY_SLOT(X)
#undef X
} END_TEST

    static soma_status fake_prepare(void *state, soma_call *call, size_t *workspace) {
    (void)state;
    (void)call;
    (void)workspace;
    return SOMA_UNSUPPORTED;
}

START_TEST(register_wants_run_beside_prepare) {
    soma_device_api api = fake_api;
    api.prepare = fake_prepare;
    expect_error(soma_device_register(&api), SOMA_INVALID_ARGUMENT, "slot run");
}
END_TEST

START_TEST(register_refuses_names_that_cannot_select) {
    const char *const bad[] = {NULL, "", "a:b", "a,b", "a*", "gpu", "GPU", "auto"};
    for (size_t i = 0; i < SOMA_COUNT_OF(bad); i++) {
        soma_device_api api = fake_api;
        api.name = bad[i];
        expect_error(soma_device_register(&api), SOMA_INVALID_ARGUMENT, "name");
    }
}
END_TEST

START_TEST(register_refuses_a_taken_name) {
    expect_ok(soma_device_register(&fake_api));
    expect_ok(soma_device_register(&fake_api)); /* the same struct again changes nothing */
    soma_device_api other = fake_api;
    other.name = "FAKE";
    expect_error(soma_device_register(&other), SOMA_INVALID_ARGUMENT, "taken");
    other.name = "cpu";
    const soma_device_api *first = soma_registry_get(0);
    if (strcmp(first->name, "cpu") == 0) expect_error(soma_device_register(&other), SOMA_INVALID_ARGUMENT, "taken");
}
END_TEST

START_TEST(load_refuses_what_is_no_plugin) {
    expect_error(soma_device_load(NULL), SOMA_INVALID_ARGUMENT, "no path");
    expect_error(soma_device_load(""), SOMA_INVALID_ARGUMENT, "no path");
    expect_error(soma_device_load("/nowhere/device.so"), SOMA_NO_DEVICE, "/nowhere/device.so");
    expect_error(soma_device_load("/proc/self/status"), SOMA_NO_DEVICE, "/proc/self/status");
    expect_error(soma_device_load("libm.so.6"), SOMA_NO_DEVICE, "soma_device_plugin");
}
END_TEST

START_TEST(load_makes_a_plugin_known) {
    load_plugin("SOMA_REFERENCE_PLUGIN");
    load_plugin("SOMA_REFERENCE_PLUGIN");
    soma_device *device;
    expect_ok(soma_device_open("reference", NULL, &device));
    ck_assert_str_eq(soma_device_selector(device), "reference");
    soma_device_info info;
    soma_device_get_info(device, &info);
    ck_assert_str_eq(info.platform, "plugin");
    soma_device_close(device);
    soma_device_close(NULL);
}
END_TEST

/* ------------------------------------------------------------------------------------------------------------ names */

static void assert_opens(const char *name, const char *selector) {
    soma_device *device;
    soma_status status = soma_device_open(name, NULL, &device);
    ck_assert_msg(status == SOMA_OK, "\"%s\": %s", name ? name : "NULL", soma_last_error());
    ck_assert_msg(strcmp(soma_device_selector(device), selector) == 0, "\"%s\" opened %s instead of %s",
                  name ? name : "NULL", soma_device_selector(device), selector);
    soma_device_close(device);
}

START_TEST(open_finds_kinds_numbers_and_pieces) {
    expect_ok(soma_device_register(&fake_api));
    unsetenv("SOMA_DEVICE");
    assert_opens("fake", "fake:0");
    assert_opens("FAKE:1", "fake:1");
    assert_opens("fake:4", "fake:4");
    assert_opens("small graph", "fake:1");
    assert_opens("fake accelerator", "fake:4");
    assert_opens("PAPER", "fake:2"); /* the best of several */
    assert_opens("gpu", "fake:2");
    assert_opens("GPU", "fake:2");
    assert_opens("auto", "fake:2");
    assert_opens(NULL, "fake:2");
    setenv("SOMA_DEVICE", "fake:1", 1);
    assert_opens(NULL, "fake:1");
    assert_opens("auto", "fake:1");
    assert_opens("fake:0", "fake:0");
    setenv("SOMA_DEVICE", "Auto", 1);
    assert_opens(NULL, "fake:2");
}
END_TEST

START_TEST(open_gpu_takes_what_is_nearest_and_says_so) {
    expect_ok(soma_device_register(&fake_api));
    soma_log_set(keep_log, NULL, SOMA_LOG_INFO);
    fake_is_hidden[1] = fake_is_hidden[2] = true;
    assert_opens("gpu", "fake:4");
    expect_contains(log_lines, "no GPU found; using the accelerator fake:4 (Fake Accelerator, Paper)");
    log_lines[0] = 0;
    fake_is_hidden[4] = true;
    assert_opens("gpu", "fake:0");
    expect_contains(log_lines, "no GPU found; using OpenCL on the processor fake:0");
    ck_assert_uint_eq(count_in(log_lines, "\n"), 1);
}
END_TEST

START_TEST(open_lists_the_devices_where_a_name_fits_none) {
    expect_ok(soma_device_register(&fake_api));
    const char *const bad[] = {"granite",   "",        "fake:5",           "fake:3",        "fake:",
                               "fake:-1",   "fake:1x", "fake:99999999999", "torn graphics", "broken graphics",
                               "granite:0", "cpu:77"};
    for (size_t i = 0; i < SOMA_COUNT_OF(bad); i++) {
        soma_device *device = (soma_device *)&fake_api;
        expect_error(soma_device_open(bad[i], NULL, &device), SOMA_NO_DEVICE, bad[i]);
        ck_assert_ptr_null(device);
        expect_contains(soma_last_error(), "fake:2     Fake Large Graphics (Paper)");
        expect_contains(soma_last_error(), "Fake Broken Graphics (Cardboard): it is torn");
    }
    soma_device *device;
    expect_error(soma_device_open("fake:3", NULL, &device), SOMA_NO_DEVICE, "\"fake:3\": it is torn");
    expect_error(soma_device_open("cpu", NULL, NULL), SOMA_INVALID_ARGUMENT, "soma_device_open");
    expect_error(soma_device_list(NULL, NULL), SOMA_INVALID_ARGUMENT, "soma_device_list");
}
END_TEST

static soma_status failing_enumerate(soma_device_visitor *visitor, void *context) {
    (void)visitor;
    (void)context;
    return soma_error(SOMA_DEVICE_FAILED, "no driver answers");
}

START_TEST(open_survives_a_kind_that_cannot_list) {
    fake_api.enumerate = failing_enumerate;
    expect_ok(soma_device_register(&fake_api));
    soma_device *device;
    expect_error(soma_device_open("granite", NULL, &device), SOMA_NO_DEVICE, "fake: no driver answers");
    expect_error(soma_device_open("fake", NULL, &device), SOMA_NO_DEVICE, "\"fake\": no driver answers");
}
END_TEST

int main(void) {
    /* No OpenCL driver is found there: what the machine has must not mix with the made-up devices. */
    setenv("OCL_ICD_VENDORS", "/nowhere", 1);
    unsetenv("OCL_ICD_FILENAMES");
    Suite *suite = suite_create("registry");
    TCase *tests = tcase_create("registry");
    tcase_add_test(tests, register_refuses_another_abi);
    tcase_add_test(tests, adopting_refuses_what_registering_does);
    tcase_add_test(tests, one_thread_registers_at_a_time);
    tcase_add_test(tests, threads_register_list_and_open_at_a_time);
    tcase_add_test(tests, threads_watch_for_forks_at_a_time);
    tcase_add_test(tests, register_takes_an_older_struct);
    tcase_add_test(tests, tuning_needs_its_slots);
    tcase_add_test(tests, tuning_checks_its_options);
    tcase_add_test(tests, register_names_a_missing_slot);
    tcase_add_test(tests, register_wants_run_beside_prepare);
    tcase_add_test(tests, register_refuses_names_that_cannot_select);
    tcase_add_test(tests, register_refuses_a_taken_name);
    tcase_add_test(tests, load_refuses_what_is_no_plugin);
    tcase_add_test(tests, load_makes_a_plugin_known);
    tcase_add_test(tests, open_finds_kinds_numbers_and_pieces);
    tcase_add_test(tests, open_gpu_takes_what_is_nearest_and_says_so);
    tcase_add_test(tests, open_lists_the_devices_where_a_name_fits_none);
    tcase_add_test(tests, open_survives_a_kind_that_cannot_list);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
