/* SPDX-License-Identifier: MIT */
/* Initial weights, on the host, from counter-based random numbers: the same on every device. Formulas: soma_initializer
 * in soma/network.h. */
#include "base/random.h"
#include "nn/network.h"

#include <math.h>

soma_initializer soma_initializer_for(soma_function activation) {
    static const soma_initializer suited[SOMA_FUNCTION_COUNT] = {
#define X(NAME, name, from_output, f, derivative, kinks, parameters, a, b, needs, initializer, ...)                    \
    [SOMA_##NAME] = SOMA_INIT_##initializer,
        SOMA_FUNCTION_TABLE(X)
#undef X
    };
    return (unsigned)activation < SOMA_FUNCTION_COUNT ? suited[activation] : SOMA_INIT_GLOROT_UNIFORM;
}

static void fill_uniform(soma_random *random, float *values, size_t count, double limit) {
    for (size_t i = 0; i < count; i++) values[i] = (float)(limit * (2.0 * (double)soma_random_uniform(random) - 1.0));
}

static void fill_normal(soma_random *random, float *values, size_t count, double deviation) {
    for (size_t i = 0; i < count; i++) values[i] = (float)(deviation * (double)soma_random_normal(random));
}

/* Takes from a vector what it has of those before it, and makes it as long as 1. */
static void orthogonalize(double *vectors, size_t index, size_t length) {
    double *own = vectors + index * length, square = 0;
    for (size_t i = 0; i < 2 * index; i++) { /* once more: rounding leaves a little */
        const double *other = vectors + i % index * length;
        double product = 0;
        for (size_t j = 0; j < length; j++) product += own[j] * other[j];
        for (size_t j = 0; j < length; j++) own[j] -= product * other[j];
    }
    for (size_t j = 0; j < length; j++) square += own[j] * own[j];
    for (size_t j = 0; j < length; j++) own[j] /= sqrt(square);
}

/* Of normally distributed vectors, so that any orthogonal matrix is as likely as any other. */
static soma_status fill_orthogonal(soma_random *random, float *values, size_t rows, size_t columns) {
    const size_t count = SOMA_MIN(rows, columns), length = SOMA_MAX(rows, columns);
    double *vectors = soma_realloc(NULL, count * length, sizeof *vectors);
    if (!vectors) return soma_out_of_memory(count * length * sizeof *vectors, "orthogonal weights");
    for (size_t i = 0; i < count * length; i++) vectors[i] = (double)soma_random_normal(random);
    for (size_t i = 0; i < count; i++) orthogonalize(vectors, i, length);
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < length; j++)
            values[rows <= columns ? i * columns + j : j * columns + i] = (float)vectors[i * length + j];
    soma_free(vectors);
    return SOMA_OK;
}

static size_t out_width(const soma_parameter *parameter) {
    return parameter->tensor->shape[parameter->tensor->rank - 1];
}

soma_status soma_parameter_initialize(const soma_network *network, size_t index, float *values) {
    const soma_parameter *parameter = &network->parameters[index];
    size_t count = soma_tensor_count(parameter->tensor);
    double in = (double)parameter->fan_in, out = (double)parameter->fan_out;
    double scale = parameter->scale != 0 ? (double)parameter->scale : 0.05;
    soma_random random;
    soma_random_init(&random, network->seed, SOMA_STREAM_PARAMETER + (uint32_t)index);
    switch (parameter->initializer) {
    case SOMA_INIT_CONSTANT:
        for (size_t i = 0; i < count; i++) values[i] = parameter->scale;
        break;
    case SOMA_INIT_UNIFORM:
        fill_uniform(&random, values, count, scale);
        break;
    case SOMA_INIT_NORMAL:
        fill_normal(&random, values, count, scale);
        break;
    case SOMA_INIT_GLOROT_UNIFORM:
        fill_uniform(&random, values, count, sqrt(6 / (in + out)));
        break;
    case SOMA_INIT_GLOROT_NORMAL:
        fill_normal(&random, values, count, sqrt(2 / (in + out)));
        break;
    case SOMA_INIT_HE_UNIFORM:
        fill_uniform(&random, values, count, sqrt(6 / in));
        break;
    case SOMA_INIT_HE_NORMAL:
        fill_normal(&random, values, count, sqrt(2 / in));
        break;
    case SOMA_INIT_LECUN_UNIFORM:
        fill_uniform(&random, values, count, sqrt(3 / in));
        break;
    case SOMA_INIT_LECUN_NORMAL:
        fill_normal(&random, values, count, sqrt(1 / in));
        break;
    case SOMA_INIT_ORTHOGONAL:
        SOMA_TRY(fill_orthogonal(&random, values, count / out_width(parameter), out_width(parameter)));
        break;
    default: /* ZEROS, and DEFAULT of a bias */
        for (size_t i = 0; i < count; i++) values[i] = 0;
    }
    for (size_t i = 0; parameter->zero_row && i < out_width(parameter); i++)
        values[(parameter->zero_row - 1) * out_width(parameter) + i] = 0;
    for (size_t i = 0; i < parameter->ones_count; i++) values[parameter->ones_begin + i] = 1;
    return SOMA_OK;
}
