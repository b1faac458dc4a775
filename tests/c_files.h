/* SPDX-License-Identifier: MIT */
/* What the tests of C files have in common: networks that are not as they begin, inputs, and the compiler. */
#ifndef TESTS_C_FILES_H
#define TESTS_C_FILES_H

#include "nn/network.h"

#define WARNINGS "-Wall -Wextra -pedantic -Werror"

/* Runs a command, as printf() writes it; its exit status. */
int shell(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* A network of one input, with weights from a seed. */
soma_network *network_of(uint32_t rank, const size_t *shape, const char *text);
/* Weights that are not those that a network begins with: biases that are not 0, figures that normalise by something. */
void change_parameters(soma_network *network);
/* Within 1e-6 of the largest; what is no finite number is the same. */
void expect_like(const float *expected, const float *found, size_t count, const char *text);

#endif
