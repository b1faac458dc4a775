/* SPDX-License-Identifier: MIT */
/* Choosing the quickest device, and the measurement behind it, with devices made slow or broken for it. */
#include "trainer.h"

#include "device/device.h"
#include "nn/network.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

/* ------------------------------------------------------------------------------------------------ made-up devices */

enum { PAUSE_US = 3000 };

static soma_device_api slow, broken, deaf;
static unsigned slow_runs;
static bool writes_fail; /* of the deaf one, which reads nothing back either */

static void pause_a_while(void) {
    const struct timespec pause = {0, PAUSE_US * 1000};
    nanosleep(&pause, NULL);
}

/* Each list of calls takes a while. A step is one list. */
static soma_status slow_run(void *state, soma_call *calls, size_t count) {
    slow_runs++;
    pause_a_while();
    return soma_cpu_api.run(state, calls, count);
}

static soma_status broken_run(void *state, soma_call *calls, size_t count) {
    (void)state;
    (void)calls;
    (void)count;
    return soma_error(SOMA_DEVICE_FAILED, "this device is broken");
}

/* Weights are written in a piece each; it is the second that fails. */
static soma_status deaf_write(void *state, void *memory, size_t offset, const void *source, size_t bytes) {
    return writes_fail && offset > 0 ? soma_error(SOMA_DEVICE_FAILED, "a write failed")
                                     : soma_cpu_api.write(state, memory, offset, source, bytes);
}

static soma_status deaf_read(void *state, void *memory, size_t offset, void *target, size_t bytes) {
    return writes_fail ? soma_error(SOMA_DEVICE_FAILED, "a read failed")
                       : soma_cpu_api.read(state, memory, offset, target, bytes);
}

static void register_devices(void) {
    if (slow.abi) return;
    slow = broken = deaf = soma_cpu_api;
    slow.name = "slow";
    slow.run = slow_run;
    broken.name = "broken";
    broken.run = broken_run;
    deaf.name = "deaf";
    deaf.write = deaf_write;
    deaf.read = deaf_read;
    expect_ok(soma_device_register(&slow));
    expect_ok(soma_device_register(&broken));
    expect_ok(soma_device_register(&deaf));
}

/* --------------------------------------------------------------------------------------------------------- choice */

static const model_shape shape = {8, 16, 4, true};
static const soma_compile_options adam = {.optimizer = {.kind = SOMA_ADAM}};

typedef struct report {
    size_t count;
    char quickest[64];
    double quickest_us, slow_us, broken_us;
} report;

static void note(void *context, const char *selector, const soma_device_info *info, double step_us) {
    report *noted = context;
    noted->count++;
    ck_assert(info->name[0]);
    if (strncmp(selector, "slow", 4) == 0) noted->slow_us = step_us;
    if (strncmp(selector, "broken", 6) == 0) noted->broken_us = step_us;
    if (step_us < 0 || (noted->quickest[0] && step_us >= noted->quickest_us)) return;
    noted->quickest_us = step_us;
    snprintf(noted->quickest, sizeof noted->quickest, "%s", selector);
}

START_TEST(the_quickest_device_is_chosen) {
    register_devices();
    setenv("SOMA_DEVICE", _i ? "AUTO" : "", 1); /* which name none */
    soma_network *network = network_of(shape, 1);
    soma_device *device;
    report noted = {0};
    expect_ok(soma_choose_device(network, &adam, 8, note, &noted, &device));
    unsetenv("SOMA_DEVICE");
    ck_assert_uint_ge(noted.count, 3);
    ck_assert_str_eq(soma_device_selector(device), noted.quickest);
    ck_assert(noted.broken_us < 0);
    ck_assert(noted.slow_us >= PAUSE_US);
    ck_assert(noted.quickest_us > 0 && noted.quickest_us < noted.slow_us);
    soma_network_destroy(network);
    soma_device_close(device);
}
END_TEST

START_TEST(a_choice_leaves_the_weights_alone) {
    register_devices();
    unsetenv("SOMA_DEVICE");
    float values[512], input[8 * 8], later[512];
    int32_t labels[8];
    fill_uniform(1, input, 64);
    fill_classes(2, labels, 8, 4);
    soma_dataset *dataset = dataset_of(array_f32(input, 8, 8), array_i32(labels, 8));
    soma_network *network = network_of(shape, 1), *twin = network_of(shape, 1);
    soma_device *device, *again;

    /* Before the first compile: the initial weights are those of the seed. */
    expect_ok(soma_choose_device(network, NULL, 8, NULL, NULL, &device));
    soma_compile_options options;
    ck_assert_int_eq(soma_network_get_compile_options(network, &options), SOMA_INVALID_STATE);
    expect_ok(soma_compile(network, device, &adam));
    expect_ok(soma_compile(twin, device, &adam));
    expect_same_parameters(network, twin);

    /* After training: the weights go along, and so do the options. */
    expect_ok(soma_fit(network, dataset, &(soma_fit_options){.epochs = 3}, NULL));
    size_t count = read_parameters(network, values);
    expect_ok(soma_choose_device(network, NULL, 0, NULL, NULL, &again));
    expect_parameters(network, values, count);
    expect_ok(soma_network_get_compile_options(network, &options));
    ck_assert_int_eq(options.optimizer.kind, SOMA_ADAM);
    expect_error(soma_fit(network, dataset, NULL, NULL), SOMA_INVALID_STATE, "soma_compile");
    expect_ok(soma_compile(network, again, &adam));
    ck_assert_uint_eq(read_parameters(network, later), count);
    ck_assert_mem_eq(values, later, count * sizeof *values);

    soma_network_destroy(network);
    soma_network_destroy(twin);
    soma_device_close(device);
    soma_device_close(again);
    soma_dataset_destroy(dataset);
}
END_TEST

/* Weights of which the host gives pages back, where it does that. */
START_TEST(a_device_that_loses_what_it_gets_loses_copies_alone) {
    static const model_shape large = {512, 512, 4, true};
    const size_t count = (size_t)512 * 512;
    float *before = malloc(count * sizeof *before), *after = malloc(count * sizeof *after);
    register_devices();
    unsetenv("SOMA_DEVICE");
    soma_network *network = network_of(large, 1);
    soma_tensor *weight = network->parameters[0].tensor;
    soma_device *device = NULL;
    ck_assert_uint_eq(soma_tensor_count(weight), count);
    if (_i) { /* else its initial ones */
        fill_uniform(3, before, count);
        expect_ok(soma_set_parameter(network, weight, before, count));
    }
    expect_ok(soma_get_parameter(network, weight, before, count));
    writes_fail = true;
    const soma_status status = soma_choose_device(network, &adam, 8, NULL, NULL, &device);
    writes_fail = false;
    expect_ok(status);
    expect_ok(soma_network_status(network));
    expect_ok(soma_compile(network, device, &adam));
    expect_ok(soma_get_parameter(network, weight, after, count));
    ck_assert_mem_eq(before, after, count * sizeof *before);
    soma_network_destroy(network);
    soma_device_close(device);
    free(before);
    free(after);
}
END_TEST

static void not_to_be_called(void *context, const char *selector, const soma_device_info *info, double step_us) {
    (void)context;
    (void)info;
    (void)step_us;
    ck_abort_msg("device %s was tried", selector);
}

START_TEST(the_environment_chooses_first) {
    register_devices();
    soma_network *network = network_of(shape, 1);
    soma_device *device;
    setenv("SOMA_DEVICE", "slow", 1);
    expect_ok(soma_choose_device(network, NULL, 8, not_to_be_called, NULL, &device));
    ck_assert(strncmp(soma_device_selector(device), "slow", 4) == 0);
    soma_device_close(device);
    setenv("SOMA_DEVICE", "no such device", 1);
    ck_assert_int_eq(soma_choose_device(network, NULL, 8, not_to_be_called, NULL, &device), SOMA_NO_DEVICE);
    ck_assert_ptr_null(device);
    unsetenv("SOMA_DEVICE");
    soma_network_destroy(network);
}
END_TEST

START_TEST(what_is_wrong_with_the_network_is_said) {
    register_devices();
    unsetenv("SOMA_DEVICE");
    soma_device *device;
    soma_network *network = network_of(shape, 1);
    const soma_compile_options wrong = {.optimizer = {.learning_rate = -1, .clip_norm = -1, .l2 = -1, .epsilon = -1},
                                        .metrics = {SOMA_MAE}};
    expect_error(soma_choose_device(network, &wrong, 8, NULL, NULL, &device), SOMA_INVALID_ARGUMENT, "dense_2");
    ck_assert_ptr_null(device);
    expect_error(soma_choose_device(NULL, NULL, 8, NULL, NULL, &device), SOMA_INVALID_ARGUMENT, "network");
    expect_error(soma_choose_device(network, NULL, 8, NULL, NULL, NULL), SOMA_INVALID_ARGUMENT, "device");
    soma_dropout(soma_network_output(network, 0), 2.0f);
    expect_error(soma_choose_device(network, NULL, 8, NULL, NULL, &device), SOMA_INVALID_ARGUMENT, "dropout");
    soma_network_destroy(network);
}
END_TEST

static void count_warning(void *context, soma_log_level level, const char *message) {
    (void)message;
    *(unsigned *)context += level == SOMA_LOG_WARNING;
}

/* What no device would take is no device's failure: the first that says so is the last that is asked. */
START_TEST(what_is_wrong_with_the_network_is_no_device_passed_over) {
    register_devices();
    unsetenv("SOMA_DEVICE");
    soma_device *device;
    soma_network *network = network_of(shape, 1);
    unsigned warnings = 0;
    expect_ok(soma_network_set_augmentation(network, "flip"));
    soma_log_set(count_warning, &warnings, SOMA_LOG_WARNING);
    const soma_status status = soma_choose_device(network, &adam, 8, not_to_be_called, NULL, &device);
    soma_log_set(NULL, NULL, SOMA_LOG_WARNING);
    ck_assert_int_eq(status, SOMA_INVALID_SHAPE);
    ck_assert_msg(strstr(soma_last_error(), "augmentation is for pictures"), "%s", soma_last_error());
    ck_assert_msg(!strstr(soma_last_error(), "no device"), "%s", soma_last_error());
    ck_assert_uint_eq(warnings, 0);
    ck_assert_ptr_null(device);
    soma_network_destroy(network);
}
END_TEST

/* ---------------------------------------------------------------------------------------------------- measurement */

START_TEST(a_measured_step_is_the_mean_over_the_steps) {
    register_devices();
    soma_device *device;
    expect_ok(soma_device_open("slow", NULL, &device));
    soma_network *network = network_of(shape, 1);
    expect_ok(soma_compile(network, device, &adam));
    for (int training = 0; training < 2; training++) {
        double step = 0, gemms = 0;
        slow_runs = 0;
        expect_ok(soma_bench_steps(network, 8, training, 40, &step));
        ck_assert_uint_ge(slow_runs, 41); /* one more goes before; and binding a plan may take one */
        ck_assert_uint_le(slow_runs, 43);
        ck_assert(step >= PAUSE_US && step < 20 * PAUSE_US);
        expect_ok(soma_bench_gemms(network, 8, training, 40, &gemms));
        ck_assert(gemms >= PAUSE_US && gemms < 20 * PAUSE_US);
    }
    double first = 0;
    slow_runs = 0;
    expect_ok(soma_bench_steps(network, 8, true, 0, &first)); /* the first step is all */
    ck_assert_uint_ge(slow_runs, 1);
    ck_assert_uint_le(slow_runs, 3);
    ck_assert(first >= PAUSE_US);
    soma_network_destroy(network);
    soma_device_close(device);
}
END_TEST

START_TEST(a_measurement_leaves_weights_and_optimizer_alone) {
    float input[8 * 8];
    int32_t labels[8];
    fill_uniform(1, input, 64);
    fill_classes(2, labels, 8, 4);
    soma_dataset *dataset = dataset_of(array_f32(input, 8, 8), array_i32(labels, 8));
    soma_network *network = network_of(shape, 1), *twin = network_of(shape, 1);
    expect_ok(soma_compile(network, test_device, &adam));
    expect_ok(soma_compile(twin, test_device, &adam));
    const soma_fit_options fit = {.epochs = 3, .batch_size = 3};
    expect_ok(soma_fit(network, dataset, &fit, NULL));
    expect_ok(soma_fit(twin, dataset, &fit, NULL));
    double step, gemms;
    expect_ok(soma_bench_steps(network, 5, true, 7, &step));
    expect_ok(soma_bench_gemms(network, 5, true, 7, &gemms));
    ck_assert(step > 0 && gemms > 0);
    expect_same_parameters(network, twin);
    expect_ok(soma_fit(network, dataset, &fit, NULL));
    expect_ok(soma_fit(twin, dataset, &fit, NULL));
    expect_same_parameters(network, twin); /* momenta, step number and shuffling too */
    soma_network_destroy(network);
    soma_network_destroy(twin);
    soma_dataset_destroy(dataset);
}
END_TEST

START_TEST(a_network_without_products_has_none_to_measure) {
    soma_network *network;
    const size_t size[2] = {3, 2};
    double us = -1;
    expect_ok(soma_network_create(&network));
    soma_activation(soma_input(network, NULL, 2, size), SOMA_TANH, NULL);
    expect_ok(soma_compile(network, test_device, NULL));
    expect_ok(soma_bench_gemms(network, 4, false, 3, &us));
    ck_assert(us == 0);
    expect_error(soma_bench_gemms(network, 4, false, 0, &us), SOMA_INVALID_ARGUMENT, "steps");
    expect_error(soma_bench_steps(network, 0, false, 1, &us), SOMA_INVALID_ARGUMENT, "0 samples");
    expect_error(soma_bench_gemms(network, 4, false, 1, NULL), SOMA_INVALID_ARGUMENT, "microseconds");
    soma_network_destroy(network);
}
END_TEST

static void add_tests(TCase *cases) {
    tcase_add_loop_test(cases, the_quickest_device_is_chosen, 0, 2);
    tcase_add_test(cases, a_choice_leaves_the_weights_alone);
    tcase_add_loop_test(cases, a_device_that_loses_what_it_gets_loses_copies_alone, 0, 2);
    tcase_add_test(cases, the_environment_chooses_first);
    tcase_add_test(cases, what_is_wrong_with_the_network_is_said);
    tcase_add_test(cases, what_is_wrong_with_the_network_is_no_device_passed_over);
    tcase_add_test(cases, a_measured_step_is_the_mean_over_the_steps);
    tcase_add_test(cases, a_measurement_leaves_weights_and_optimizer_alone);
    tcase_add_test(cases, a_network_without_products_has_none_to_measure);
}

int main(int argc, char **argv) {
    return run_trainer_tests(argc, argv, "choose", add_tests);
}
