/* SPDX-License-Identifier: MIT */
/* The network as an object: names of layers and tensors, look-ups. */
#include "one_network.h"

#include <stdio.h>

START_TEST(names_count_the_layers_of_a_kind) {
    soma_tensor *x = input(SHAPE(3));
    x = soma_dense(x, 3, SOMA_RELU);
    x = soma_activation(x, SOMA_RELU, NULL);
    x = soma_dense(x, 3, SOMA_IDENTITY);
    ck_assert_str_eq(soma_tensor_name(x), "dense_2");
    x = soma_dense_with(x, 3, &(soma_dense_options){.name = "dense_3"});
    x = soma_dense(x, 3, SOMA_IDENTITY); /* dense_3 is taken, it would be the fourth anyway */
    ck_assert_str_eq(soma_tensor_name(x), "dense_4");
    x = soma_dense_with(x, 3, &(soma_dense_options){.name = "dense_6"});
    x = soma_dense(x, 3, SOMA_IDENTITY); /* the sixth, but that name is taken */
    ck_assert_str_eq(soma_tensor_name(x), "dense_7");
    soma_named(x, "dense_8");
    x = soma_dense(x, 3, SOMA_IDENTITY); /* a tensor has the name, though no layer */
    ck_assert_str_eq(soma_tensor_name(x), "dense_9");
    expect_ok(soma_network_status(network));
    ck_assert_ptr_nonnull(soma_network_tensor(network, "dense_7.weight")); /* the layer is still called so */
}
END_TEST

START_TEST(long_names_are_not_cut) {
    char name[1000], weight[1100];
    memset(name, 'n', sizeof name - 1);
    name[sizeof name - 1] = 0;
    soma_tensor *x = soma_dense_with(input(SHAPE(3)), 2, &(soma_dense_options){.name = name});
    expect_ok(soma_network_status(network));
    ck_assert_str_eq(soma_tensor_name(x), name);
    snprintf(weight, sizeof weight, "%s.weight", name);
    ck_assert_str_eq(soma_tensor_name(soma_network_parameter(network, 0)), weight);
}
END_TEST

START_TEST(everything_can_be_looked_up) {
    soma_tensor *x = input(SHAPE(3)), *y = input(SHAPE(2));
    soma_tensor *h = soma_output(soma_dense(x, 4, SOMA_TANH)), *g = soma_output(soma_dense(y, 2, SOMA_TANH));
    size_t shape[SOMA_MAX_RANK];
    ck_assert_uint_eq(soma_network_input_count(network), 2);
    ck_assert_uint_eq(soma_network_output_count(network), 2);
    ck_assert_uint_eq(soma_network_parameter_count(network), 4);
    ck_assert(soma_network_input(network, 0) == x && soma_network_input(network, 1) == y);
    ck_assert(soma_network_output(network, 0) == h && soma_network_output(network, 1) == g);
    ck_assert_ptr_null(soma_network_input(network, 2));
    ck_assert_ptr_null(soma_network_output(network, 2));
    ck_assert_ptr_null(soma_network_parameter(network, 4));
    ck_assert_ptr_null(soma_network_tensor(network, "nobody"));
    const soma_tensor *weight = soma_network_tensor(network, "dense_1.weight");
    ck_assert_ptr_eq(weight, soma_network_parameter(network, 0));
    ck_assert_uint_eq(soma_tensor_shape(weight, shape), 2);
    ck_assert(shape[0] == 3 && shape[1] == 4 && soma_tensor_count(weight) == 12);
    soma_layer_info info;
    expect_error(soma_network_layer(network, 4, &info), SOMA_INVALID_ARGUMENT, "layer 4 of 4");
}
END_TEST

START_TEST(without_a_network_there_is_an_error) {
    expect_error(soma_network_create(NULL), SOMA_INVALID_ARGUMENT, "a place for the network");
    expect_error(soma_network_status(NULL), SOMA_INVALID_ARGUMENT, "no network");
    soma_network_destroy(NULL);
}
END_TEST

START_TEST(an_empty_network_has_nothing) {
    ck_assert_uint_eq(soma_network_output_count(network), 0);
    ck_assert_ptr_null(soma_network_output(network, 0));
    ck_assert_uint_eq(soma_network_layer_count(network), 0);
    ck_assert_uint_eq(soma_network_class_count(network), 0);
    ck_assert_ptr_null(soma_network_class_name(network, 0));
    expect_ok(soma_network_status(network));
}
END_TEST

static void add_tests(TCase *cases) {
    tcase_add_checked_fixture(cases, setup, teardown);
    tcase_add_test(cases, names_count_the_layers_of_a_kind);
    tcase_add_test(cases, long_names_are_not_cut);
    tcase_add_test(cases, everything_can_be_looked_up);
    tcase_add_test(cases, without_a_network_there_is_an_error);
    tcase_add_test(cases, an_empty_network_has_nothing);
}

int main(void) {
    return run_suite("network", add_tests);
}
