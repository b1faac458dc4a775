/* SPDX-License-Identifier: MIT */
/*
 * A device that is made of several: how it is named and opened, and that training on it makes what ranks with a
 * communicator make, which the threads of thread_team.c are here; what callbacks change, and how a failing one ends.
 */
#include "thread_team.h"
#include "trainer.h"

#include "base/threads.h"
#include "device/device.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* Batches of 12, 12 and 3. */
enum { ROWS = 27, SIDE = 4, CHANNELS = 2, WIDTH = SIDE * SIDE * CHANNELS, CLASSES = 3, BATCH = 12, EPOCHS = 3 };
enum { WEIGHTS = 1024, MOST_DEVICES = 4 };

static float x[ROWS * WIDTH];
static int32_t labels[ROWS];

/* What callbacks do, and how often they were called. */
typedef struct callbacks {
    bool slower;   /* another rate after the fourth batch */
    bool moved;    /* other weights after the first epoch */
    bool infinite; /* weights that are none after the second batch */
    soma_status batch_status, epoch_status;
    size_t batches, epochs;
    bool infinite_seen;
} callbacks;

/* A fit, and what came of it. */
typedef struct job {
    soma_fit_options options;
    callbacks callbacks;
    soma_status status;
    char message[1024];
    float weights[WEIGHTS];
    size_t count;
    soma_history history;
} job;

static job begin(void) {
    fill_uniform(3, x, ROWS * WIDTH);
    fill_classes(4, labels, ROWS, CLASSES);
    return (job){.options = {.batch_size = BATCH, .epochs = EPOCHS}};
}

static soma_network *make_network(void) {
    soma_network *network;
    expect_ok(soma_network_create(&network));
    soma_network_set_seed(network, 5);
    soma_tensor *t = soma_batchnorm(soma_input(network, NULL, 3, (size_t[]){SIDE, SIDE, CHANNELS}), NULL);
    t = soma_conv(t, 3, &(soma_conv_options){.kernel = {3, 3}, .activation = SOMA_TANH});
    soma_dense(soma_flatten(soma_dropout(t, 0.25f)), CLASSES, SOMA_SOFTMAX);
    expect_ok(soma_network_set_augmentation(network, "shift 1; brightness 0.2"));
    return network;
}

static soma_status move_weights(soma_network *network, float value) {
    soma_tensor *tensor = (soma_tensor *)soma_network_parameter(network, 0);
    float values[WEIGHTS];
    const size_t count = soma_tensor_count(tensor);
    for (size_t i = 0; i < count; i++) values[i] = value;
    return soma_set_parameter(network, tensor, values, count);
}

static soma_status after_batch(void *context, soma_network *network, const soma_progress *progress) {
    callbacks *c = context;
    c->batches++;
    const size_t made = (progress->epoch - 1) * progress->batches + progress->batch;
    if (c->slower && made == 4 && soma_set_learning_rate(network, 0.01f) != SOMA_OK) return SOMA_INTERNAL;
    if (c->infinite && made == 2) return move_weights(network, INFINITY);
    if (made < 5 || c->batch_status == SOMA_OK) return SOMA_OK;
    return c->batch_status == SOMA_STOPPED ? SOMA_STOPPED : soma_error(c->batch_status, "as the batch wants it");
}

static soma_status after_epoch(void *context, soma_network *network, const soma_epoch *epoch) {
    callbacks *c = context;
    c->epochs++;
    if (c->moved && epoch->epoch == 1) return move_weights(network, 0.5f);
    if (epoch->epoch < 2 || c->epoch_status == SOMA_OK) return SOMA_OK;
    return soma_error(c->epoch_status, "as the epoch wants it");
}

/* Asserts nothing where it may be a thread of its own. */
static void fit_on(soma_device *device, job *j) {
    soma_array inputs = {x, SOMA_F32, 4, {ROWS, SIDE, SIDE, CHANNELS}}, targets = array_i32(labels, ROWS);
    soma_network *network = make_network();
    soma_dataset *dataset = NULL;
    j->options.on_batch = after_batch;
    j->options.on_epoch = after_epoch;
    j->options.context = &j->callbacks;
    j->status = soma_dataset_from_arrays(&inputs, 1, &targets, 1, &dataset);
    if (j->status == SOMA_OK)
        j->status = soma_compile(network, device,
                                 &(soma_compile_options){.optimizer = {.kind = SOMA_ADAM, .learning_rate = 0.03f},
                                                         .class_weight = (const float[]){1, 2, 0.5f},
                                                         .class_weight_count = CLASSES,
                                                         .metrics = {SOMA_ACCURACY}});
    if (j->status == SOMA_OK) j->status = soma_fit(network, dataset, &j->options, &j->history);
    snprintf(j->message, sizeof j->message, "%s", j->status == SOMA_OK ? "" : soma_last_error());
    j->count = read_parameters(network, j->weights);
    soma_network_destroy(network);
    soma_dataset_destroy(dataset);
}

/* "cpu,cpu", or as many OpenCL devices. */
static soma_device *open_several(uint32_t count) {
    char name[256] = "";
    for (uint32_t i = 0; i < count; i++) {
        const size_t length = strlen(name);
        const char *comma = i ? "," : "";
        if (strcmp(test_device_name, "cpu") == 0)
            snprintf(name + length, sizeof name - length, "%scpu", comma);
        else
            snprintf(name + length, sizeof name - length, "%sopencl:%u", comma, i);
    }
    soma_device *device;
    if (soma_device_open(name, NULL, &device) != SOMA_OK) ck_abort_msg("%s: %s", name, soma_last_error());
    return device;
}

/* Of OpenCL there are two here. */
static uint32_t most_devices(void) {
    return strcmp(test_device_name, "cpu") == 0 ? MOST_DEVICES : 2;
}

static void fit_on_several(uint32_t count, job *j) {
    soma_device *device = open_several(count);
    fit_on(device, j);
    soma_device_memory memory;
    for (uint32_t i = 0; i < count; i++) {
        soma_device_get_memory(soma_device_part(device, i), &memory);
        ck_assert_msg(memory.peak > 0 && memory.allocated == 0, "device %u has %llu bytes, had %llu", i,
                      (unsigned long long)memory.allocated, (unsigned long long)memory.peak);
    }
    soma_device_close(device);
}

/* One of a team that has the test's single device together. */
static void fit_as_rank(void *context, const soma_communicator *communicator) {
    job *own = (job *)context + communicator->rank;
    own->options.communicator = communicator;
    fit_on(test_device, own);
}

static void fit_by_ranks(uint32_t ranks, const job *like, job *first) {
    job members[MOST_DEVICES];
    thread_team team = {.ranks = 0};
    for (uint32_t i = 0; i < ranks; i++) members[i] = *like;
    run_team(&team, ranks, fit_as_rank, members);
    *first = members[0];
    for (uint32_t i = 1; i < ranks; i++) soma_history_clear(&members[i].history);
}

static void expect_same(const job *a, const job *b) {
    ck_assert_msg(a->status == b->status, "%s and %s", a->message, b->message);
    ck_assert(a->count == b->count && a->count > 0);
    ck_assert(memcmp(a->weights, b->weights, a->count * sizeof *a->weights) == 0);
    ck_assert_uint_eq(a->history.count, b->history.count);
    for (uint32_t i = 0; i < a->history.count; i++) {
        const soma_epoch *e = &a->history.epochs[i], *f = &b->history.epochs[i];
        ck_assert(e->train.loss == f->train.loss && e->train.metric[0] == f->train.metric[0]);
        ck_assert(e->validation.loss == f->validation.loss && e->learning_rate == f->learning_rate);
    }
}

static void end(job *j) {
    soma_history_clear(&j->history);
}

/* That so many devices make what as many ranks do. */
static void compare_with_ranks(const job *like, uint32_t count) {
    job several = *like, ranks;
    fit_by_ranks(count, like, &ranks);
    fit_on_several(count, &several);
    expect_same(&several, &ranks);
    end(&several);
    end(&ranks);
}

/* --------------------------------------------------------------------------------------------------------- training */

START_TEST(devices_make_what_ranks_make) {
    for (uint32_t count = 2; count <= most_devices(); count++) {
        job like = begin();
        compare_with_ranks(&like, count);
        like.options.validation_split = 0.2;
        like.options.sync_batchnorm = 1;
        like.options.bucket_bytes = 64;
        compare_with_ranks(&like, count);
        like.options.wire = SOMA_WIRE_BF16;
        compare_with_ranks(&like, count);
    }
}
END_TEST

START_TEST(repeatable_bits_are_those_of_any_number_of_devices) {
    job one = begin();
    one.options.shards = 4;
    one.options.validation_split = 0.2;
    job like = one;
    fit_on(test_device, &one);
    ck_assert_msg(one.status == SOMA_OK, "%s", one.message);
    for (uint32_t count = 2; count <= most_devices(); count *= 2) {
        job several = like;
        fit_on_several(count, &several);
        expect_same(&several, &one);
        end(&several);
    }
    end(&one);
}
END_TEST

/* In batches of one all but one device have nothing, and some never have. */
START_TEST(devices_without_a_sample_go_along) {
    job like = begin();
    like.options.batch_size = 1;
    like.options.epochs = 1;
    like.options.sync_batchnorm = 1;
    compare_with_ranks(&like, 2);
}
END_TEST

/* -------------------------------------------------------------------------------------------------------- callbacks */

START_TEST(callbacks_are_called_once_and_all_follow) {
    job like = begin(), several, plain;
    like.callbacks.slower = like.callbacks.moved = true;
    compare_with_ranks(&like, 2);
    several = like;
    fit_on_several(2, &several);
    ck_assert_uint_eq(several.callbacks.batches, EPOCHS * 3);
    ck_assert_uint_eq(several.callbacks.epochs, EPOCHS);
    plain = begin();
    fit_on_several(2, &plain);
    ck_assert(memcmp(plain.weights, several.weights, plain.count * sizeof *plain.weights) != 0);
    end(&several);
    end(&plain);
}
END_TEST

START_TEST(a_callback_ends_the_training_of_all) {
    job stopped = begin(), failed = begin(), refused = begin();
    stopped.callbacks.batch_status = SOMA_STOPPED;
    compare_with_ranks(&stopped, 2);
    failed.callbacks.batch_status = SOMA_IO;
    fit_on_several(2, &failed);
    ck_assert_int_eq(failed.status, SOMA_IO);
    ck_assert_str_eq(failed.message, "as the batch wants it");
    ck_assert_uint_eq(failed.callbacks.batches, 5);
    refused.callbacks.epoch_status = SOMA_UNSUPPORTED;
    fit_on_several(2, &refused);
    ck_assert_int_eq(refused.status, SOMA_UNSUPPORTED);
    ck_assert_str_eq(refused.message, "as the epoch wants it");
    end(&stopped);
    end(&failed);
    end(&refused);
}
END_TEST

START_TEST(what_is_not_finite_is_told) {
    job j = begin();
    j.callbacks.infinite = true;
    fit_on_several(2, &j);
    ck_assert_msg(j.status == SOMA_NOT_FINITE, "%s: %s", soma_status_name(j.status), j.message);
    end(&j);
}
END_TEST

/* ------------------------------------------------------------------------------------------------------------ faults
 */

/* A cpu device whose list of calls number `fails_at` fails, from 1; 0: none does. What lies in its memory is aligned
 * otherwise than on the cpu device, as it is on that of another maker. */
static size_t runs, fails_at;

static soma_status failing_run(void *state, soma_call *calls, size_t count) {
    if (++runs == fails_at) return soma_error(SOMA_DEVICE_FAILED, "it caught fire");
    return soma_cpu_api.run(state, calls, count);
}

static void failing_info(void *state, soma_device_info *info) {
    soma_cpu_api.info(state, info);
    info->alignment *= 4;
}

static soma_device *open_failing(const char *name) {
    static soma_device_api api;
    if (!api.abi) {
        api = soma_cpu_api;
        api.name = "failing";
        api.run = failing_run;
        api.info = failing_info;
        expect_ok(soma_device_register(&api));
    }
    soma_device *device;
    runs = fails_at = 0;
    expect_ok(soma_device_open(name, &(soma_device_options){.threads = 1}, &device));
    return device;
}

START_TEST(a_device_that_fails_ends_the_training_by_its_name) {
    static const char *const names[] = {"cpu,failing,cpu", "failing,cpu"};
    for (size_t i = 0; i < 2; i++) {
        soma_device *device = open_failing(names[i]);
        job whole = begin();
        fit_on(device, &whole);
        ck_assert_msg(whole.status == SOMA_OK, "%s", whole.message);
        const size_t all = runs;
        ck_assert_uint_gt(all, 20);
        end(&whole);
        soma_device_close(device);
        for (size_t at = 1; at <= all; at += 1 + all / 12) {
            device = open_failing(names[i]);
            fails_at = at;
            job j = begin();
            fit_on(device, &j);
            ck_assert_msg(j.status == SOMA_DEVICE_FAILED, "run %zu of %zu: %s: %s", at, all, soma_status_name(j.status),
                          j.message);
            ck_assert_msg(strstr(j.message, "it caught fire") != NULL, "%s", j.message);
            ck_assert_msg(i == 1 || strncmp(j.message, "failing: ", 9) == 0, "%s", j.message);
            end(&j);
            soma_device_close(device); /* which has nothing left in use */
        }
    }
}
END_TEST

START_TEST(several_processes_have_one_device_each) {
    soma_device *device = open_several(2);
    soma_communicator communicator = {.abi = SOMA_COMMUNICATOR_ABI};
    job j = begin();
    j.options.communicator = &communicator;
    fit_on(device, &j);
    ck_assert_int_eq(j.status, SOMA_UNSUPPORTED);
    ck_assert_msg(strstr(j.message, soma_device_selector(device)) != NULL, "%s", j.message);
    end(&j);
    soma_device_close(device);
}
END_TEST

/* ------------------------------------------------------------------------------------------------------------- names
 */

static void expect_parts(const char *name, const char *selector, uint32_t count) {
    soma_device *device;
    soma_device_info info;
    expect_ok(soma_device_open(name, NULL, &device));
    ck_assert_str_eq(soma_device_selector(device), selector);
    ck_assert(soma_device_part(device, 0) == device);
    for (uint32_t i = 1; i < count; i++)
        ck_assert(soma_device_part(device, i) && soma_device_part(device, i) != device);
    ck_assert(!soma_device_part(device, count));
    for (uint32_t i = 0; count > 1 && i < count && strcmp(test_device_name, "cpu") == 0; i++) {
        soma_device_get_info(soma_device_part(device, i), &info);
        ck_assert_uint_le(info.compute_units * count, SOMA_MAX(count, soma_threads_available()));
    }
    soma_device_close(device);
}

START_TEST(lists_are_of_selectors) {
    soma_device *device = NULL;
    if (strcmp(test_device_name, "cpu") == 0) {
        expect_parts("cpu,cpu", "cpu,cpu", 2);
        expect_parts(" CPU:0 ,\tcpu , cpu", "cpu,cpu,cpu", 3);
        expect_parts("cpu*", "cpu", 1);
        expect_parts("cpu*,cpu", "cpu,cpu", 2);
    } else {
        expect_parts("opencl:1,opencl:0", "opencl:1,opencl:0", 2);
        expect_parts("cpu,opencl:1", "cpu,opencl:1", 2);
        expect_error(soma_device_open("opencl:1,cpu,opencl:1", NULL, &device), SOMA_INVALID_ARGUMENT, "opencl:1",
                     "twice");
        expect_error(soma_device_open("opencl*,opencl:0", NULL, &device), SOMA_INVALID_ARGUMENT, "opencl:0", "twice");
    }
    ck_assert(!device);
    static const char *const not_lists[] = {"cpu,",      ",cpu",      "cpu,,cpu", "cpu,auto",
                                            "cpu,intel", "cpu:x,cpu", "*",        "auto*"};
    for (size_t i = 0; i < sizeof not_lists / sizeof *not_lists; i++)
        expect_error(soma_device_open(not_lists[i], NULL, &device), SOMA_NO_DEVICE, not_lists[i]);
    expect_error(soma_device_open("cpu,cpu:7", NULL, &device), SOMA_NO_DEVICE, "\"cpu:7\"");
    ck_assert(!device);
}
END_TEST

static void add(TCase *cases) {
    tcase_add_test(cases, lists_are_of_selectors);
    tcase_add_test(cases, devices_make_what_ranks_make);
    tcase_add_test(cases, repeatable_bits_are_those_of_any_number_of_devices);
    tcase_add_test(cases, devices_without_a_sample_go_along);
    tcase_add_test(cases, callbacks_are_called_once_and_all_follow);
    tcase_add_test(cases, a_callback_ends_the_training_of_all);
    tcase_add_test(cases, what_is_not_finite_is_told);
    tcase_add_test(cases, several_processes_have_one_device_each);
    if (strcmp(test_device_name, "cpu") == 0) tcase_add_test(cases, a_device_that_fails_ends_the_training_by_its_name);
}

/* Two OpenCL devices of one sort are there where the test's environment makes PoCL have them. */
static bool has_two(const char *name) {
    soma_device *device;
    soma_device_info first, second;
    if (strcmp(name, "cpu") == 0) return true;
    if (soma_device_open("opencl:0,opencl:1", NULL, &device) != SOMA_OK) return false;
    soma_device_get_info(device, &first);
    soma_device_get_info(soma_device_part(device, 1), &second);
    soma_device_close(device);
    return strcmp(first.name, second.name) == 0;
}

int main(int argc, char **argv) {
    if (!has_two(argc > 1 ? argv[1] : "cpu")) {
        printf("skipped: there are no two OpenCL devices of one sort here\n");
        return 77;
    }
    return run_trainer_tests(argc, argv, "several devices", add);
}
