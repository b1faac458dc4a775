/* SPDX-License-Identifier: MIT */
/* What a network keeps of its training data: standardisation and class names. */
#include "expect.h"
#include "host_network.h"
#include "suite.h"

#include <math.h>

static const float rows[4][2] = {{1, 7}, {2, 7}, {3, 7}, {6, 7}};
static const int32_t classes[4] = {0, 1, 0, 1};

static soma_dataset *dataset_of(size_t width) {
    soma_array inputs = {rows, SOMA_F32, 2, {8 / width, width}}, targets = {classes, SOMA_I32, 1, {8 / width}};
    soma_dataset *dataset;
    expect_ok(soma_dataset_from_arrays(&inputs, 1, width == 2 ? &targets : NULL, width == 2, &dataset));
    return dataset;
}

START_TEST(features_get_mean_0_and_deviation_1) {
    soma_network *network = network_of_text(2, "dense 2 softmax");
    soma_dataset *dataset = dataset_of(2);
    float seen[8];
    expect_ok(soma_network_apply_preprocessing(network, dataset)); /* nothing was learned: nothing is done */
    expect_ok(soma_dataset_read_input(dataset, 0, 0, 4, seen));
    ck_assert_mem_eq(seen, rows, sizeof rows);
    expect_ok(soma_network_fit_preprocessing(network, dataset, true));
    ck_assert(network->preprocessing.mean[0] == 3 && network->preprocessing.mean[1] == 7);
    expect_ok(soma_network_apply_preprocessing(network, dataset));
    expect_ok(soma_dataset_read_input(dataset, 0, 0, 4, seen));
    double deviation = sqrt((4 + 1 + 0 + 9) / 4.0);
    for (int i = 0; i < 4; i++) {
        ck_assert(fabs((double)seen[2 * i] - ((double)rows[i][0] - 3) / deviation) < 1e-6);
        ck_assert(seen[2 * i + 1] == 0); /* a constant feature */
    }
    soma_dataset_destroy(dataset);
    soma_network_destroy(network);
}
END_TEST

START_TEST(without_standardisation_nothing_is_changed) {
    soma_network *network = network_of_text(2, "dense 2 softmax");
    soma_dataset *dataset = dataset_of(2);
    float seen[8];
    expect_ok(soma_network_fit_preprocessing(network, dataset, true));
    expect_ok(soma_network_fit_preprocessing(network, dataset, false)); /* learned anew: forgotten */
    ck_assert_ptr_null(network->preprocessing.mean);
    ck_assert_uint_eq(soma_network_class_count(network), 0); /* numbers without names */
    expect_ok(soma_network_apply_preprocessing(network, dataset));
    expect_ok(soma_dataset_read_input(dataset, 0, 0, 4, seen));
    ck_assert_mem_eq(seen, rows, sizeof rows);
    soma_dataset_destroy(dataset);
    soma_network_destroy(network);
}
END_TEST

START_TEST(what_does_not_fit_is_refused) {
    soma_network *network = network_of_text(2, "dense 2 softmax");
    soma_dataset *good = dataset_of(2), *wide = dataset_of(4);
    expect_error(soma_network_fit_preprocessing(network, wide, true), SOMA_INVALID_SHAPE, "2 values", "data set 4");
    ck_assert_ptr_null(network->preprocessing.mean);
    expect_ok(soma_network_fit_preprocessing(network, good, true));
    expect_error(soma_network_fit_preprocessing(network, wide, true), SOMA_INVALID_SHAPE, "2 values");
    ck_assert(network->preprocessing.mean[0] == 3); /* what was learned before stays */
    expect_error(soma_network_apply_preprocessing(network, wide), SOMA_INVALID_SHAPE, "2 features", "4");
    expect_error(soma_network_fit_preprocessing(NULL, good, true), SOMA_INVALID_ARGUMENT, "a network and a data set");
    expect_error(soma_network_fit_preprocessing(network, NULL, true), SOMA_INVALID_ARGUMENT,
                 "a network and a data set");
    expect_error(soma_network_apply_preprocessing(NULL, good), SOMA_INVALID_ARGUMENT, "a network and a data set");
    expect_error(soma_network_apply_preprocessing(network, NULL), SOMA_INVALID_ARGUMENT, "a network and a data set");
    soma_dataset_destroy(good);
    soma_dataset_destroy(wide);
    soma_network_destroy(network);
}
END_TEST

static void add_tests(TCase *cases) {
    tcase_add_test(cases, features_get_mean_0_and_deviation_1);
    tcase_add_test(cases, without_standardisation_nothing_is_changed);
    tcase_add_test(cases, what_does_not_fit_is_refused);
}

int main(void) {
    return run_suite("network, preprocessing", add_tests);
}
