/* SPDX-License-Identifier: MIT */
/*
 * Devices that an application lends, joined to train together: sub-devices of OpenCL in one context of its own. Any
 * number of them makes the same weights to the bit where the sums are repeatable, since each has as many units as the
 * one alone.
 */
#include "opencl_devices.h"
#include "suite.h"
#include "trainer.h"
#include <soma/opencl.h>

#include <math.h>

/* Batches of 16, 16 and 8. */
enum { ROWS = 40, SIDE = 4, CHANNELS = 2, WIDTH = SIDE * SIDE * CHANNELS, CLASSES = 3, BATCH = 16, EPOCHS = 3 };
enum { MOST = 4, SHARDS = 4, WEIGHTS = 1024 };

static float x[ROWS * WIDTH];
static int32_t labels[ROWS];

typedef struct trained {
    float weights[WEIGHTS];
    size_t count;
    double loss;
} trained;

/* What an application has of a device that it divides. */
typedef struct application {
    cl_device_id id[MOST];
    cl_context context;
    soma_device *device[MOST];
} application;

/* --------------------------------------------------------------------------------------------------- sub-devices */

/* The device that is divided: the first whose driver does that, and is not known to end the process when asked. */
static cl_device_id find_divisible(void) {
    const found_devices found = find_devices();
    cl_device_id id = NULL;
    for (size_t i = 0; !id && i < found.count; i++) {
        const char *platform = found.entry[i].info.platform;
        if (!is_tested(&found.entry[i]) || (!strstr(platform, "Portable") && !strstr(platform, "Intel"))) continue;
        soma_cl_device *state = open_device(found.entry[i].index);
        cl_uint most = 0;
        if (clGetDeviceInfo(state->id, CL_DEVICE_PARTITION_MAX_SUB_DEVICES, sizeof most, &most, NULL) == CL_SUCCESS &&
            most > 0)
            id = state->id;
        soma_opencl_api.close(state);
    }
    return id;
}

/* Four of one unit each, where there are as many units; else some have the same. */
static void divide(application *app) {
    cl_device_id whole = find_divisible();
    const cl_uint units = (cl_uint)soma_cl_device_number(whole, CL_DEVICE_MAX_COMPUTE_UNITS);
    for (cl_uint at = 0, count; at < MOST; at += count) {
        cl_device_partition_property parts[MOST + 2] = {CL_DEVICE_PARTITION_BY_COUNTS};
        count = SOMA_MIN(units, MOST - at);
        for (cl_uint i = 0; i < count; i++) parts[1 + i] = 1;
        ck_assert_int_eq(clCreateSubDevices(whole, parts, count, app->id + at, NULL), CL_SUCCESS);
    }
}

/* Joins `count` of them, in one context; the application keeps neither context nor sub-devices for itself. */
static soma_device *lend(application *app, uint32_t count) {
    cl_int code;
    divide(app);
    app->context = clCreateContext(NULL, MOST, app->id, NULL, NULL, &code);
    ck_assert_int_eq(code, CL_SUCCESS);
    for (uint32_t i = 0; i < count; i++)
        expect_ok(soma_opencl_open(app->context, app->id[i], NULL, NULL, &app->device[i]));
    clReleaseContext(app->context);
    for (uint32_t i = 0; i < MOST; i++) clReleaseDevice(app->id[i]);
    soma_device *joined = NULL;
    expect_ok(soma_device_join(app->device, count, &joined));
    ck_assert(joined == app->device[0]);
    for (uint32_t i = 0; i < count; i++) ck_assert(soma_device_part(joined, i) == app->device[i]);
    ck_assert(!soma_device_part(joined, count));
    return joined;
}

/* ------------------------------------------------------------------------------------------------------ training */

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

static trained train_on(soma_device *device, uint32_t shards) {
    const soma_array inputs = {x, SOMA_F32, 4, {ROWS, SIDE, SIDE, CHANNELS}};
    soma_dataset *dataset = dataset_of(inputs, array_i32(labels, ROWS));
    soma_network *network = make_network();
    soma_history history = {0};
    trained result;
    expect_ok(soma_compile(network, device,
                           &(soma_compile_options){.optimizer = {.kind = SOMA_SGD, .learning_rate = 0.05f}}));
    expect_ok(soma_fit(network, dataset, &(soma_fit_options){.batch_size = BATCH, .epochs = EPOCHS, .shards = shards},
                       &history));
    result.count = read_parameters(network, result.weights);
    result.loss = history.epochs[history.count - 1].train.loss;
    soma_history_clear(&history);
    soma_network_destroy(network);
    soma_dataset_destroy(dataset);
    return result;
}

static void expect_same(const trained *a, const trained *b) {
    ck_assert(a->count == b->count && a->count > 0 && isfinite(a->loss));
    ck_assert(memcmp(a->weights, b->weights, a->count * sizeof *a->weights) == 0);
    ck_assert(a->loss == b->loss);
}

START_TEST(any_number_of_sub_devices_makes_the_same_bits) {
    trained alone;
    for (uint32_t count = 1; count <= MOST; count *= 2) {
        application app = {0};
        soma_device *joined = lend(&app, count);
        const trained together = train_on(joined, SHARDS);
        if (count == 1) alone = together;
        expect_same(&alone, &together);
        soma_device_memory memory;
        for (uint32_t i = 0; i < count; i++) {
            soma_device_get_memory(app.device[i], &memory);
            ck_assert_msg(memory.peak > 0 && memory.allocated == 0, "of part %u", i);
        }
        soma_device_close(joined);
    }
}
END_TEST

/* Each share normalised by itself, and sums of shares of another order: what the cpu device makes of as many shards
 * differs by rounding alone, of some hundred operations to a number and a step, in 9 steps of 0.05. */
START_TEST(they_train_as_the_cpu_device_does) {
    application app = {0};
    soma_device *joined = lend(&app, 2), *cpu;
    expect_ok(soma_device_open("cpu", NULL, &cpu));
    const trained found = train_on(joined, SHARDS), expected = train_on(cpu, SHARDS);
    ck_assert_uint_eq(found.count, expected.count);
    for (size_t i = 0; i < found.count; i++) ck_assert_float_eq_tol(found.weights[i], expected.weights[i], 1e-4f);
    soma_device_close(joined);
    soma_device_close(cpu);
}
END_TEST

/* ------------------------------------------------------------------------------------------------- what is refused */

START_TEST(what_can_not_be_joined_is_refused) {
    soma_device *one, *other, *pair, *joined = NULL;
    expect_ok(soma_device_open("cpu", &(soma_device_options){.threads = 1}, &one));
    expect_ok(soma_device_open("cpu", &(soma_device_options){.threads = 1}, &other));
    expect_ok(soma_device_open("cpu,cpu", &(soma_device_options){.threads = 1}, &pair));
    expect_error(soma_device_join((soma_device *[]){one}, 0, &joined), SOMA_INVALID_ARGUMENT, "at least one");
    expect_error(soma_device_join(NULL, 2, &joined), SOMA_INVALID_ARGUMENT, "at least one");
    expect_error(soma_device_join((soma_device *[]){one, NULL}, 2, &joined), SOMA_INVALID_ARGUMENT, "device 1", "NULL");
    expect_error(soma_device_join((soma_device *[]){one, other, one}, 3, &joined), SOMA_INVALID_ARGUMENT, "0 and 2");
    expect_error(soma_device_join((soma_device *[]){one, other}, 2, NULL), SOMA_INVALID_ARGUMENT, "no place");
    expect_error(soma_device_join((soma_device *[]){one, pair}, 2, &joined), SOMA_INVALID_STATE, "device 1",
                 "made of several");
    expect_error(soma_device_join((soma_device *[]){soma_device_part(pair, 1), one}, 2, &joined), SOMA_INVALID_STATE,
                 "device 0", "a part of another");
    soma_memory *memory;
    expect_ok(soma_memory_create(other, 256, &memory));
    expect_error(soma_device_join((soma_device *[]){one, other}, 2, &joined), SOMA_INVALID_STATE, "device 1", "in use");
    soma_memory_destroy(memory);
    ck_assert(!joined && !soma_device_part(one, 1));
    expect_ok(soma_device_join((soma_device *[]){one, other}, 2, &joined));
    ck_assert_str_eq(soma_device_selector(joined), "cpu,cpu");
    expect_error(soma_device_join((soma_device *[]){other}, 1, &one), SOMA_INVALID_STATE, "a part of another");
    soma_device_close(joined);
    soma_device_close(pair);
}
END_TEST

static void add_tests(TCase *cases) {
    fill_uniform(3, x, ROWS * WIDTH);
    fill_classes(4, labels, ROWS, CLASSES);
    tcase_add_test(cases, what_can_not_be_joined_is_refused);
    if (!find_divisible()) return;
    tcase_add_test(cases, any_number_of_sub_devices_makes_the_same_bits);
    tcase_add_test(cases, they_train_as_the_cpu_device_does);
}

int main(void) {
    return run_suite("sub-devices", add_tests);
}
