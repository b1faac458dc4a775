/* SPDX-License-Identifier: MIT */
/* See c_files.h. */
#include "c_files.h"
#include "expect.h"
#include "host_network.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int shell(const char *format, ...) {
    char command[4096];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(command, sizeof command, format, arguments);
    va_end(arguments);
    return system(command);
}

void change_parameters(soma_network *network) {
    for (size_t i = 0; i < soma_network_parameter_count(network); i++) {
        soma_tensor *parameter = soma_network_parameter(network, i);
        if (!parameter) continue;
        const size_t count = soma_tensor_count(parameter);
        const bool variance = strstr(soma_tensor_name(parameter), "variance") != NULL;
        float *values = malloc(count * sizeof *values);
        double *more = malloc(count * sizeof *more);
        fill_random((unsigned)i + 1, more, count);
        expect_ok(soma_get_parameter(network, parameter, values, count));
        for (size_t j = 0; j < count; j++)
            values[j] = variance ? (float)(1 + 0.5 * more[j]) : values[j] + (float)(0.2 * more[j]);
        expect_ok(soma_set_parameter(network, parameter, values, count));
        free(values);
        free(more);
    }
}

soma_network *network_of(uint32_t rank, const size_t *shape, const char *text) {
    soma_network *network;
    expect_ok(soma_network_create(&network));
    soma_network_set_seed(network, 5);
    soma_layers(soma_input(network, "x", rank, shape), text);
    expect_ok(soma_network_status(network));
    return network;
}

void expect_like(const float *expected, const float *found, size_t count, const char *text) {
    double scale = 0;
    for (size_t i = 0; i < count; i++)
        if (isfinite(expected[i])) scale = fmax(scale, fabs((double)expected[i]));
    for (size_t i = 0; i < count; i++) {
        const bool same = isnan(expected[i])   ? isnan(found[i]) != 0
                          : isinf(expected[i]) ? expected[i] == found[i]
                                               : fabs((double)expected[i] - (double)found[i]) <= 1e-6 * scale;
        ck_assert_msg(same, "%s: number %zu is %.9g, expected %.9g (scale %g)", text, i, (double)found[i],
                      (double)expected[i], scale);
    }
}
