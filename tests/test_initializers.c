/* SPDX-License-Identifier: MIT */
/* Initial weights against their formulas, with bounds from the size of the sample; they are the same on every device.
 */
#include "expect.h"
#include "host_device.h"
#include "nn/network.h"
#include "suite.h"

#include <math.h>
#include <stdlib.h>

enum { IN = 300, OUT = 200, COUNT = IN * OUT };

/* Five standard deviations: exceeded by chance once in 1.7 million. The numbers are fixed, so a test that passes once
 * passes always. */
#define DEVIATIONS 5.0

typedef enum shape { UNIFORM, NORMAL, FIXED } shape;

static const struct {
    soma_initializer initializer;
    float scale;
    shape shape;
    double size; /* the limit of uniform numbers, the deviation of normal ones, the value of fixed ones */
} cases[] = {
    {SOMA_INIT_ZEROS, 0, FIXED, 0},
    {SOMA_INIT_ZEROS, 3, FIXED, 0},
    {SOMA_INIT_CONSTANT, 0.75f, FIXED, 0.75},
    {SOMA_INIT_CONSTANT, -2, FIXED, -2},
    {SOMA_INIT_UNIFORM, 0, UNIFORM, 0.05},
    {SOMA_INIT_UNIFORM, 2, UNIFORM, 2},
    {SOMA_INIT_NORMAL, 0, NORMAL, 0.05},
    {SOMA_INIT_NORMAL, 3, NORMAL, 3},
    {SOMA_INIT_GLOROT_UNIFORM, 0, UNIFORM, 0.10954451150103323}, /* sqrt(6 / 500) */
    {SOMA_INIT_GLOROT_NORMAL, 0, NORMAL, 0.063245553203367587},  /* sqrt(2 / 500) */
    {SOMA_INIT_HE_UNIFORM, 0, UNIFORM, 0.14142135623730951},     /* sqrt(6 / 300) */
    {SOMA_INIT_HE_NORMAL, 0, NORMAL, 0.081649658092772609},      /* sqrt(2 / 300) */
    {SOMA_INIT_LECUN_UNIFORM, 0, UNIFORM, 0.1},                  /* sqrt(3 / 300) */
    {SOMA_INIT_LECUN_NORMAL, 0, NORMAL, 0.057735026918962574},   /* sqrt(1 / 300) */
};

static soma_network *network_with(soma_initializer initializer, float scale, uint64_t seed) {
    soma_network *network;
    size_t in = IN;
    expect_ok(soma_network_create(&network));
    soma_network_set_seed(network, seed);
    soma_tensor *x = soma_input(network, NULL, 1, &in);
    soma_dense_options options = {.weight_initializer = initializer, .weight_scale = scale};
    soma_dense_with(x, OUT, &options);
    soma_dense_with(x, OUT, &options);
    expect_ok(soma_network_status(network));
    return network;
}

static float *weights_of(soma_network *network, size_t parameter) {
    float *values = malloc(COUNT * sizeof *values);
    expect_ok(soma_get_parameter(network, soma_network_parameter(network, parameter), values, COUNT));
    return values;
}

/* The mean of x^power. */
static double moment(const float *values, int power) {
    double sum = 0;
    for (size_t i = 0; i < COUNT; i++) sum += pow((double)values[i], power);
    return sum / COUNT;
}

static void expect_moment(const float *values, int power, double expected, double deviation, const char *name) {
    double found = moment(values, power), bound = DEVIATIONS * deviation / sqrt(COUNT);
    ck_assert_msg(fabs(found - expected) <= bound, "%s: the mean of x^%d is %.9g, expected %.9g +- %.2g", name, power,
                  found, expected, bound);
}

/* E x^2 = L^2 / 3, E x^4 = L^4 / 5, E x^8 = L^8 / 9. */
static void expect_uniform(const float *values, double limit, const char *name) {
    double largest = 0;
    for (size_t i = 0; i < COUNT; i++) {
        ck_assert_msg((double)values[i] >= -limit * (1 + 0x1p-24) && (double)values[i] <= limit * (1 + 0x1p-24),
                      "%s: %.9g is beyond %.9g", name, (double)values[i], limit);
        largest = fmax(largest, fabs((double)values[i]));
    }
    ck_assert(largest > limit * (1 - 20.0 / COUNT)); /* none so near the limit: a chance of e^-20 */
    expect_moment(values, 1, 0, limit / sqrt(3), name);
    expect_moment(values, 2, limit * limit / 3, limit * limit * sqrt(1.0 / 5 - 1.0 / 9), name);
    expect_moment(values, 4, pow(limit, 4) / 5, pow(limit, 4) * sqrt(1.0 / 9 - 1.0 / 25), name);
}

/* E x^2 = s^2, E x^4 = 3 s^4, E x^8 = 105 s^8. */
static void expect_normal(const float *values, double deviation, const char *name) {
    expect_moment(values, 1, 0, deviation, name);
    expect_moment(values, 2, deviation * deviation, deviation * deviation * sqrt(2), name);
    expect_moment(values, 4, 3 * pow(deviation, 4), pow(deviation, 4) * sqrt(96), name);
}

START_TEST(weights_follow_their_distribution) {
    soma_network *network = network_with(cases[_i].initializer, cases[_i].scale, 1);
    const char *name = soma_name(SOMA_NAMES_INITIALIZER, (int)cases[_i].initializer);
    float *values = weights_of(network, 0);
    if (cases[_i].shape == UNIFORM) expect_uniform(values, cases[_i].size, name);
    if (cases[_i].shape == NORMAL) expect_normal(values, cases[_i].size, name);
    for (size_t i = 0; cases[_i].shape == FIXED && i < COUNT; i++) ck_assert((double)values[i] == cases[_i].size);
    free(values);
    soma_network_destroy(network);
}
END_TEST

/* Rows where they are fewer, else columns: products of any two are 0, and of each with itself 1. */
START_TEST(orthogonal_weights) {
    static const size_t sizes[][2] = {{6, 24}, {24, 6}, {9, 9}, {1, 5}};
    const size_t inputs = sizes[_i][0], units = sizes[_i][1], count = inputs < units ? inputs : units;
    soma_network *network;
    soma_dense_options options = {.weight_initializer = SOMA_INIT_ORTHOGONAL};
    float values[144];
    ck_assert(soma_network_create(&network) == SOMA_OK);
    ck_assert_ptr_nonnull(soma_dense_with(soma_input(network, NULL, 1, &inputs), units, &options));
    ck_assert(soma_parameter_initialize(network, 0, values) == SOMA_OK);
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j <= i; j++) {
            double product = 0;
            for (size_t k = 0; k < (inputs < units ? units : inputs); k++)
                product += inputs < units ? (double)values[i * units + k] * (double)values[j * units + k]
                                          : (double)values[k * units + i] * (double)values[k * units + j];
            ck_assert_double_eq_tol(product, i == j, 1e-6);
        }
    soma_network_destroy(network);
}
END_TEST

static double correlation(const float *a, const float *b, double deviation) {
    double sum = 0;
    for (size_t i = 0; i < COUNT; i++) sum += (double)a[i] * (double)b[i];
    return sum / COUNT / (deviation * deviation);
}

START_TEST(parameters_and_seeds_are_independent) {
    soma_network *first = network_with(SOMA_INIT_NORMAL, 1, 1), *second = network_with(SOMA_INIT_NORMAL, 1, 2);
    soma_network *high = network_with(SOMA_INIT_NORMAL, 1, UINT64_C(1) << 40);
    float *a = weights_of(first, 0), *b = weights_of(first, 2), *c = weights_of(second, 0), *d = weights_of(high, 0);
    double bound = DEVIATIONS / sqrt(COUNT);
    ck_assert(fabs(correlation(a, b, 1)) < bound); /* two layers */
    ck_assert(fabs(correlation(a, c, 1)) < bound); /* two seeds */
    ck_assert(fabs(correlation(a, d, 1)) < bound); /* that differ in the high bits alone */
    float *const all[] = {a, b, c, d};
    for (size_t i = 0; i < SOMA_COUNT_OF(all); i++) free(all[i]);
    soma_network_destroy(first);
    soma_network_destroy(second);
    soma_network_destroy(high);
}
END_TEST

START_TEST(biases_follow_theirs) {
    soma_network *network;
    size_t in = 2;
    float bias[3];
    expect_ok(soma_network_create(&network));
    soma_tensor *x = soma_input(network, NULL, 1, &in);
    x = soma_dense(x, 3, SOMA_RELU);
    x = soma_dense_with(x, 3, &(soma_dense_options){.bias_initializer = SOMA_INIT_CONSTANT, .bias_scale = 0.5f});
    soma_dense_with(x, 3, &(soma_dense_options){.bias_initializer = SOMA_INIT_HE_UNIFORM});
    expect_ok(soma_get_parameter(network, soma_network_parameter(network, 1), bias, 3));
    for (int i = 0; i < 3; i++) ck_assert(bias[i] == 0);
    expect_ok(soma_get_parameter(network, soma_network_parameter(network, 3), bias, 3));
    for (int i = 0; i < 3; i++) ck_assert(bias[i] == 0.5f);
    expect_ok(soma_get_parameter(network, soma_network_parameter(network, 5), bias, 3));
    for (int i = 0; i < 3; i++) ck_assert(bias[i] != 0 && fabs((double)bias[i]) <= sqrt(6.0 / 3) * (1 + 0x1p-24));
    soma_network_destroy(network);
}
END_TEST

/* soma_initializer in soma.h. */
START_TEST(the_activation_chooses_the_initializer) {
    for (int function = 0; function <= SOMA_SOFTMAX; function++) {
        if (!soma_function_name((soma_function)function)) continue;
        bool he = function == SOMA_RELU || function == SOMA_LEAKY_RELU || function == SOMA_ELU ||
                  function == SOMA_GELU || function == SOMA_SILU || function == SOMA_MISH ||
                  function == SOMA_HARD_SWISH || function == SOMA_RELU6 || function == SOMA_CELU;
        soma_initializer expected = he                      ? SOMA_INIT_HE_UNIFORM
                                    : function == SOMA_SELU ? SOMA_INIT_LECUN_NORMAL
                                                            : SOMA_INIT_GLOROT_UNIFORM;
        ck_assert_int_eq(soma_initializer_for((soma_function)function), expected);
    }
}
END_TEST

START_TEST(weights_are_the_same_before_compiling_and_on_every_device) {
    soma_device host, *cpu;
    soma_network *plain = network_with(SOMA_INIT_HE_NORMAL, 0, 9), *on_host = network_with(SOMA_INIT_HE_NORMAL, 0, 9),
                 *on_cpu = network_with(SOMA_INIT_HE_NORMAL, 0, 9);
    host_device_open(&host);
    expect_ok(soma_device_open("cpu", NULL, &cpu));
    expect_ok(soma_compile(on_host, &host, NULL));
    expect_ok(soma_compile(on_cpu, cpu, NULL));
    for (size_t i = 0; i < 3; i += 2) {
        float *a = weights_of(plain, i), *b = weights_of(on_host, i), *c = weights_of(on_cpu, i);
        ck_assert_mem_eq(a, b, COUNT * sizeof *a);
        ck_assert_mem_eq(a, c, COUNT * sizeof *a);
        free(a);
        free(b);
        free(c);
    }
    soma_network_destroy(plain);
    soma_network_destroy(on_host);
    soma_network_destroy(on_cpu);
    soma_device_close(cpu);
}
END_TEST

static void add_tests(TCase *suite) {
    tcase_add_loop_test(suite, weights_follow_their_distribution, 0, SOMA_COUNT_OF(cases));
    tcase_add_loop_test(suite, orthogonal_weights, 0, 4);
    tcase_add_test(suite, parameters_and_seeds_are_independent);
    tcase_add_test(suite, biases_follow_theirs);
    tcase_add_test(suite, the_activation_chooses_the_initializer);
    tcase_add_test(suite, weights_are_the_same_before_compiling_and_on_every_device);
}

int main(void) {
    return run_suite("initializers", add_tests);
}
