/* SPDX-License-Identifier: MIT */
/*
 * What is compiled on processors: by a driver that compiles the kernels of a program as they are launched, one large
 * program; by one that compiles all of them at once, programs of what is used alone. Both compute the same.
 */
#include "opencl_devices.h"
#include "suite.h"
#include "trainer.h"

#include "device/device.h"
#include "device/opencl/driver/program.h"

enum { ROWS = 24, SIDE = 5, CHANNELS = 3, WIDTH = SIDE * SIDE * CHANNELS, CLASSES = 4, STEPS = 150 };

static float x[ROWS * WIDTH];
static int32_t labels[ROWS];

/* How many programs were built whose source has this name. */
static size_t count_programs(const soma_cl_device *device, const char *source) {
    size_t count = 0;
    for (const soma_cl_program *program = device->programs; program; program = program->next)
        count += strncmp(program->key, source, strlen(source)) == 0;
    return count;
}

static soma_network *make_network(void) {
    soma_network *network;
    expect_ok(soma_network_create(&network));
    soma_network_set_seed(network, 9);
    soma_tensor *t = soma_input(network, NULL, 3, (size_t[]){SIDE, SIDE, CHANNELS});
    t = soma_layers(t, "conv 20 3x3 relu; batchnorm; maxpool 2; dropout 0.2; flatten; dense 17 tanh");
    soma_dense(t, CLASSES, SOMA_SOFTMAX);
    return network;
}

/* So many steps that small calls become lists, where there are lists. */
static size_t train_on(soma_device *device, float *weights) {
    const soma_array inputs = {x, SOMA_F32, 4, {ROWS, SIDE, SIDE, CHANNELS}};
    soma_dataset *dataset = dataset_of(inputs, array_i32(labels, ROWS));
    soma_network *network = make_network();
    expect_ok(soma_compile(network, device,
                           &(soma_compile_options){.optimizer = {.kind = SOMA_SGD, .learning_rate = 0.002f}}));
    expect_ok(soma_fit(network, dataset, &(soma_fit_options){.batch_size = ROWS, .epochs = STEPS}, NULL));
    const size_t count = read_parameters(network, weights);
    soma_network_destroy(network);
    soma_dataset_destroy(dataset);
    return count;
}

/* PoCL 6.0 has LLVM check what it need not: some kernels, each compiled for itself, end the process with "Instruction
 * Combining did not reach a fixpoint" (docs/devices.md). */
static bool ends_processes(soma_device *device) {
    soma_device_info info;
    soma_device_get_info(device, &info);
    return strncmp(info.driver, "6.0", 3) == 0;
}

static soma_device *open_processor(void) {
    soma_device *device = NULL;
    if (soma_device_open("pocl", NULL, &device) != SOMA_OK) return NULL;
    const soma_cl_device *state = soma_device_state(device, &soma_opencl_api);
    if (state && soma_cl_works_on_vectors(state)) return device;
    soma_device_close(device);
    return NULL;
}

/* The sums of both are of the same numbers, in orders of their own: of 150 steps by rates of 0.002. */
START_TEST(what_is_not_used_is_not_compiled) {
    static float together[4096], apart[4096];
    soma_device *device = open_processor();
    soma_cl_device *state = soma_device_state(device, &soma_opencl_api);
    ck_assert(state->compiles_on_use);
    const size_t count = train_on(device, together);
    ck_assert_uint_gt(count_programs(state, "vector.cl"), 0);
    soma_device_close(device);

    device = open_processor();
    state = soma_device_state(device, &soma_opencl_api);
    state->compiles_on_use = state->lists[0] = state->lists[1] = false;
    ck_assert_uint_eq(train_on(device, apart), count);
    ck_assert_uint_eq(count_programs(state, "vector.cl") + count_programs(state, "list.cl"), 0);
    ck_assert_uint_gt(count_programs(state, "gemm_vector.cl"), 0);
    ck_assert_uint_gt(count_programs(state, "conv_vector.cl"), 0);
    ck_assert_uint_eq(count_programs(state, "attention"), 0);
    soma_device_close(device);
    for (size_t i = 0; i < count; i++) ck_assert_float_eq_tol(together[i], apart[i], 1e-5f);
}
END_TEST

static void add_tests(TCase *cases) {
    fill_uniform(5, x, ROWS * WIDTH);
    fill_classes(6, labels, ROWS, CLASSES);
    tcase_add_test(cases, what_is_not_used_is_not_compiled);
}

int main(void) {
    soma_device *device = open_processor();
    if (!device) {
        printf("skipped: there is no PoCL here that works on vectors\n");
        return 77;
    }
    const bool ends = ends_processes(device);
    soma_device_close(device);
    if (ends) {
        printf("skipped: PoCL 6.0 ends the process where some kernels are compiled by themselves\n");
        return 77;
    }
    return run_suite("opencl_compiling", add_tests);
}
