/* SPDX-License-Identifier: MIT */
/* The layer prelu: its values, what it begins with, and that its slopes do not decay. Usage: test_prelu DEVICE */
#include "nn/network.h"
#include "trainer.h"

#define ROWS  3
#define WIDTH 2

static soma_network *small_network(soma_tensor *(*add)(soma_tensor *x)) {
    soma_network *network;
    size_t shape = WIDTH;
    expect_ok(soma_network_create(&network));
    soma_tensor *y = add(soma_input(network, NULL, 1, &shape));
    if (!y) ck_abort_msg("%s", soma_last_error());
    return network;
}

static soma_tensor *add_prelu(soma_tensor *x) {
    return soma_prelu(x, 0.5f);
}
static soma_tensor *add_text(soma_tensor *x) {
    return soma_layers(x, "prelu; prelu(0.125)");
}
static soma_tensor *add_dense(soma_tensor *x) {
    return soma_layers(x, "dense 2 nobias; prelu");
}

START_TEST(a_slope_for_each_column_left_of_zero) {
    static const float x[ROWS * WIDTH] = {1, 2, -1, -2, 0, -0.5f}, slopes[WIDTH] = {0.5f, -3};
    static const float expected[ROWS * WIDTH] = {1, 2, -0.5f, 6, 0, 1.5f}; /* x, or x times the slope */
    soma_network *network = small_network(add_prelu);
    expect_ok(soma_compile(network, test_device, NULL));
    float begun[WIDTH], y[ROWS * WIDTH];
    soma_tensor *slope = (soma_tensor *)soma_network_tensor(network, "prelu_1.slope");
    ck_assert_ptr_nonnull(slope);
    expect_ok(soma_get_parameter(network, slope, begun, WIDTH));
    ck_assert(begun[0] == 0.5f && begun[1] == 0.5f);
    expect_ok(soma_set_parameter(network, slope, slopes, WIDTH));
    soma_dataset *dataset;
    soma_array inputs = array_f32(x, ROWS, WIDTH);
    expect_ok(soma_dataset_from_arrays(&inputs, 1, NULL, 0, &dataset));
    expect_ok(soma_predict(network, dataset, 0, 2, y));
    for (size_t i = 0; i < ROWS * WIDTH; i++) ck_assert_msg(y[i] == expected[i], "%zu: %g", i, (double)y[i]);
    soma_dataset_destroy(dataset);
    soma_network_destroy(network);
}
END_TEST

START_TEST(text_says_where_the_slopes_begin) {
    soma_network *network = small_network(add_text);
    float slope[WIDTH];
    expect_ok(soma_get_parameter(network, soma_network_tensor(network, "prelu_1.slope"), slope, WIDTH));
    ck_assert(slope[0] == 0.25f && slope[1] == 0.25f);
    expect_ok(soma_get_parameter(network, soma_network_tensor(network, "prelu_2.slope"), slope, WIDTH));
    ck_assert(slope[0] == 0.125f && slope[1] == 0.125f);
    soma_network_destroy(network);
}
END_TEST

/* With inputs of 0 nothing has a gradient, so that a step of adamw only decays. */
START_TEST(slopes_do_not_decay) {
    static const float x[ROWS * WIDTH], t[ROWS * WIDTH]; /* zeros */
    soma_network *network = small_network(add_dense);
    soma_compile_options options = {
        .loss = {SOMA_MEAN_SQUARED_ERROR},
        .optimizer = {.kind = SOMA_ADAMW, .learning_rate = 0.5f, .decay = 0.5f},
    };
    expect_ok(soma_compile(network, test_device, &options));
    soma_tensor *slope = soma_network_tensor(network, "prelu_1.slope"),
                *weight = soma_network_tensor(network, "dense_1.weight");
    float before[4], after[4], slopes[WIDTH];
    expect_ok(soma_get_parameter(network, weight, before, 4));
    soma_dataset *dataset;
    soma_array inputs = array_f32(x, ROWS, WIDTH), targets = array_f32(t, ROWS, WIDTH);
    expect_ok(soma_dataset_from_arrays(&inputs, 1, &targets, 1, &dataset));
    expect_ok(soma_fit(network, dataset, &(soma_fit_options){.epochs = 1, .batch_size = ROWS}, NULL));
    expect_ok(soma_get_parameter(network, weight, after, 4));
    expect_ok(soma_get_parameter(network, slope, slopes, WIDTH));
    for (size_t i = 0; i < 4; i++)
        ck_assert_msg(after[i] == before[i] * 0.75f, "%g, %g", (double)before[i], (double)after[i]);
    ck_assert(slopes[0] == 0.25f && slopes[1] == 0.25f);
    soma_dataset_destroy(dataset);
    soma_network_destroy(network);
}
END_TEST

static void add_tests(TCase *cases) {
    tcase_add_test(cases, a_slope_for_each_column_left_of_zero);
    tcase_add_test(cases, text_says_where_the_slopes_begin);
    tcase_add_test(cases, slopes_do_not_decay);
}

int main(int argc, char **argv) {
    return run_trainer_tests(argc, argv, "prelu", add_tests);
}
