/* SPDX-License-Identifier: MIT */
/* For tests of builders: a network of the test's own, and short forms. */
#ifndef TESTS_ONE_NETWORK_H
#define TESTS_ONE_NETWORK_H

#include "expect.h"
#include "nn/network.h"
#include "suite.h"

static soma_network *network; /* of the test at hand */

static inline void setup(void) {
    expect_ok(soma_network_create(&network));
}

static inline void teardown(void) {
    soma_network_destroy(network);
}

/* Rank and shape, as two arguments. */
#define SHAPE(...)                                                                                                     \
    (sizeof((size_t[]){__VA_ARGS__}) / sizeof(size_t)), (size_t[]) {                                                   \
        __VA_ARGS__                                                                                                    \
    }

static inline soma_tensor *input(uint32_t rank, const size_t *shape) {
    return soma_input(network, NULL, rank, shape);
}

#endif
