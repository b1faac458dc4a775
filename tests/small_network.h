/* SPDX-License-Identifier: MIT */
/* A small network made of text, samples for it, and its parameters by name. */
#ifndef SOMA_TESTS_SMALL_NETWORK_H
#define SOMA_TESTS_SMALL_NETWORK_H

#include "trainer.h"

enum { ROWS = 24, WIDTH = 4, BATCH = 8 };

static float x[ROWS * WIDTH], target[ROWS];

static inline soma_network *of_text(const char *text) {
    const size_t width = WIDTH;
    soma_network *network;
    expect_ok(soma_network_create(&network));
    soma_network_set_seed(network, 5);
    soma_layers(soma_input(network, "x", 1, &width), text);
    expect_ok(soma_network_status(network));
    return network;
}

static inline soma_dataset *data(void) {
    fill_uniform(1, x, ROWS * WIDTH);
    fill_uniform(2, target, ROWS);
    return dataset_of(array_f32(x, ROWS, WIDTH), array_f32(target, ROWS, 1));
}

static inline void compile_with(soma_network *network, soma_optimizer optimizer) {
    expect_ok(soma_compile(network, test_device, &(soma_compile_options){.optimizer = optimizer}));
}

static inline const soma_tensor *named(soma_network *network, const char *name) {
    const soma_tensor *tensor = soma_network_tensor(network, name);
    ck_assert_msg(tensor != NULL, "%s", name);
    return tensor;
}

/* Into room for MODEL_MOST; how many. */
static inline size_t values_of(soma_network *network, const char *name, float *values) {
    const soma_tensor *tensor = named(network, name);
    ck_assert_uint_le(soma_tensor_count(tensor), MODEL_MOST);
    expect_ok(soma_get_parameter(network, tensor, values, soma_tensor_count(tensor)));
    return soma_tensor_count(tensor);
}

#endif
