/* SPDX-License-Identifier: MIT */
/* Numbers by chance for what a network has learnt: first weights leave out biases, scales and running figures. */
#ifndef TESTS_NETWORK_NUMBERS_H
#define TESTS_NETWORK_NUMBERS_H

#include "nn/network.h"

#include <stdlib.h>

/* In [-1, 1). */
static inline float next_number(unsigned *state) {
    *state = *state * 1664525u + 1013904223u;
    return (float)(*state >> 8) * 0x1p-23f - 1;
}

/* Weights in [-1/2, 1/2), vectors in [1/2, 3/2): a scale, an offset, a mean, a variance. */
static inline soma_status set_numbers(soma_network *network, unsigned state) {
    soma_status status = SOMA_OK;
    for (size_t i = 0; status == SOMA_OK && i < soma_network_parameter_count(network); i++) {
        soma_tensor *parameter = soma_network_parameter(network, i);
        size_t count = soma_tensor_count(parameter);
        float *values = malloc(count * sizeof *values);
        if (!values) abort();
        for (size_t j = 0; j < count; j++) values[j] = next_number(&state) / 2 + (parameter->rank == 1 ? 1.0f : 0.0f);
        status = soma_set_parameter(network, parameter, values, count);
        free(values);
    }
    return status;
}

#endif
