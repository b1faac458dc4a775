/* SPDX-License-Identifier: MIT */
/* The layer dense on every step of a sequence: its values, and that a model keeps it. Usage: test_dense DEVICE */
#include "nn/network.h"
#include "temporary.h"
#include "trainer.h"

#define SAMPLES 2
#define STEPS   3
#define WIDTH   2
#define UNITS   4

static const float x[SAMPLES * STEPS * WIDTH] = {1, 2, 0, -1, 3, 0.5f, -2, 4, 1, 1, 0, 0};
static const float weight[WIDTH * UNITS] = {1, 0, -2, 0.5f, 3, 1, 0, -1}, bias[UNITS] = {0.25f, 0, -1, 2};

/* Numbers like these have exact sums. */
static float expected(size_t step, size_t unit) {
    return x[step * WIDTH] * weight[unit] + x[step * WIDTH + 1] * weight[UNITS + unit] + bias[unit];
}

/* Of [STEPS, WIDTH], or of [1, STEPS, WIDTH]. */
static soma_network *network_of_steps(uint32_t rank) {
    soma_network *network;
    size_t shape[3] = {1, STEPS, WIDTH};
    expect_ok(soma_network_create(&network));
    soma_tensor *y = soma_dense_with(soma_input(network, NULL, rank, shape + 3 - rank), UNITS,
                                     &(soma_dense_options){.every_step = 1});
    if (!y) ck_abort_msg("%s", soma_last_error());
    ck_assert_uint_eq(y->rank, rank);
    ck_assert_uint_eq(y->shape[rank - 2], STEPS);
    ck_assert_uint_eq(y->shape[rank - 1], UNITS);
    expect_ok(soma_set_parameter(network, soma_network_tensor(network, "dense_1.weight"), weight, WIDTH * UNITS));
    expect_ok(soma_set_parameter(network, soma_network_tensor(network, "dense_1.bias"), bias, UNITS));
    return network;
}

static void expect_values(soma_network *network, uint32_t rank) {
    float y[SAMPLES * STEPS * UNITS];
    soma_dataset *dataset;
    soma_array inputs = {.data = x, .dtype = SOMA_F32, .rank = rank + 1, .shape = {SAMPLES, STEPS, WIDTH}};
    if (rank == 3) inputs.shape[1] = 1, inputs.shape[2] = STEPS, inputs.shape[3] = WIDTH;
    expect_ok(soma_compile(network, test_device, NULL));
    expect_ok(soma_dataset_from_arrays(&inputs, 1, NULL, 0, &dataset));
    expect_ok(soma_predict(network, dataset, 0, SAMPLES, y));
    for (size_t i = 0; i < SAMPLES * STEPS * UNITS; i++)
        ck_assert_msg(y[i] == expected(i / UNITS, i % UNITS), "%zu: %g, not %g", i, (double)y[i],
                      (double)expected(i / UNITS, i % UNITS));
    soma_dataset_destroy(dataset);
    soma_network_destroy(network);
}

START_TEST(each_step_is_multiplied_by_itself) {
    expect_values(network_of_steps((uint32_t)_i), (uint32_t)_i);
}
END_TEST

START_TEST(a_model_keeps_it) {
    const char *path = temporary_path("steps.soma");
    soma_network *network = network_of_steps((uint32_t)_i), *again;
    expect_ok(soma_save(network, path));
    expect_ok(soma_load(path, &again));
    expect_values(again, (uint32_t)_i);
    soma_network_destroy(network);
}
END_TEST

static void add_tests(TCase *cases) {
    tcase_add_loop_test(cases, each_step_is_multiplied_by_itself, 2, 4);
    tcase_add_loop_test(cases, a_model_keeps_it, 2, 4);
}

int main(int argc, char **argv) {
    return run_trainer_tests(argc, argv, "dense", add_tests);
}
