/* SPDX-License-Identifier: MIT */
/*
 * Layers over positions: convolutions, and those that are made of other ops, against their definitions in float64,
 * which know nothing of soma. Usage: test_conv DEVICE
 */
#include "nn/network.h"
#include "trainer.h"

#include <math.h>
#include <stdio.h>

enum { BATCH = 3, MOST = 4096 };

static soma_network *network_for(const char *text, uint32_t rank, const size_t *shape) {
    soma_network *network;
    expect_ok(soma_network_create(&network));
    soma_network_set_seed(network, 7);
    soma_layers(soma_input(network, "x", rank, shape), text);
    if (soma_network_status(network) != SOMA_OK) ck_abort_msg("%s: %s", text, soma_last_error());
    expect_ok(soma_compile(network, test_device, &(soma_compile_options){.loss = {SOMA_MEAN_SQUARED_ERROR}}));
    return network;
}

static void predict(soma_network *network, const float *x, float *y) {
    soma_array array = {.data = x, .dtype = SOMA_F32, .rank = 1, .shape = {BATCH}};
    size_t shape[SOMA_MAX_RANK];
    uint32_t rank = soma_tensor_shape(soma_network_input(network, 0), shape);
    for (uint32_t i = 0; i < rank; i++) array.shape[array.rank++] = shape[i];
    soma_dataset *dataset;
    expect_ok(soma_dataset_from_arrays(&array, 1, NULL, 0, &dataset));
    expect_ok(soma_predict(network, dataset, 0, BATCH, y));
    soma_dataset_destroy(dataset);
}

/* ------------------------------------------------------------------------------------------------------ convolution */

/* In three dimensions, of which a case with fewer has the last. */
typedef struct conv_case {
    const char *text;
    uint32_t rank;
    size_t shape[4]; /* of the input, as the network has it */
    size_t input[3], channels, kernel[3], stride[3], dilation[3], groups, filters, output[3];
    int before[3];
    bool transposed, no_bias;
} conv_case;

#define ONE                                                                                                            \
    { 1, 1, 1 }
#define CONV false, false
/* clang-format off: a table */
static const conv_case cases[] = {
    {"conv 5 3x3", 3, {6, 7, 2}, {1, 6, 7}, 2, {1, 3, 3}, ONE, ONE, 1, 5, {1, 4, 5}, {0}, CONV},
    {"conv 4 3x2 stride 2x1 pad 1,0,2,1",
     3,
     {6, 7, 3},
     {1, 6, 7},
     3,
     {1, 3, 2},
     {1, 2, 1},
     ONE,
     1,
     4,
     {1, 3, 9},
     {0, 1, 2},
     CONV},
    {"conv 4 3x3 pad same", 3, {6, 7, 3}, {1, 6, 7}, 3, {1, 3, 3}, ONE, ONE, 1, 4, {1, 6, 7}, {0, 1, 1}, CONV},
    {"conv 4 4x4 stride 2 pad same",
     3,
     {6, 7, 3},
     {1, 6, 7},
     3,
     {1, 4, 4},
     {1, 2, 2},
     ONE,
     1,
     4,
     {1, 3, 4},
     {0, 1, 1},
     CONV},
    {"conv 4 2x4 pad same", 3, {6, 7, 3}, {1, 6, 7}, 3, {1, 2, 4}, ONE, ONE, 1, 4, {1, 6, 7}, {0, 0, 1}, CONV},
    {"conv 4 2x2 stride 3 pad same",
     3,
     {6, 7, 3},
     {1, 6, 7},
     3,
     {1, 2, 2},
     {1, 3, 3},
     ONE,
     1,
     4,
     {1, 2, 3},
     {0, 0, 0},
     CONV},
    {"conv 6 3x3 dilation 2 groups 2 pad 2 nobias",
     3,
     {6, 7, 4},
     {1, 6, 7},
     4,
     {1, 3, 3},
     ONE,
     {1, 2, 2},
     2,
     6,
     {1, 6, 7},
     {0, 2, 2},
     false,
     true},
    {"conv 8 5", 2, {12, 3}, {1, 1, 12}, 3, {1, 1, 5}, ONE, ONE, 1, 8, {1, 1, 8}, {0}, CONV},
    {"conv 3 5 stride 2 pad 1,3", 1, {12}, {1, 1, 12}, 1, {1, 1, 5}, {1, 1, 2}, ONE, 1, 3, {1, 1, 6}, {0, 0, 1}, CONV},
    {"Conv2D 3 3", 2, {6, 7}, {1, 6, 7}, 1, {1, 3, 3}, ONE, ONE, 1, 3, {1, 4, 5}, {0}, CONV},
    {"conv 3 2x3x2 stride 1x2x2", 4, {3, 5, 4, 2}, {3, 5, 4}, 2, {2, 3, 2}, {1, 2, 2}, ONE, 1, 3, {2, 2, 2}, {0}, CONV},
    /* These are matrix products, or nearly. */
    {"conv 7 1x1", 3, {6, 7, 5}, {1, 6, 7}, 5, ONE, ONE, ONE, 1, 7, {1, 6, 7}, {0}, CONV},
    {"conv 7 1x1 stride 2", 3, {6, 7, 5}, {1, 6, 7}, 5, ONE, {1, 2, 2}, ONE, 1, 7, {1, 3, 4}, {0}, CONV},
    {"conv 7 1x1 pad 1", 3, {6, 7, 5}, {1, 6, 7}, 5, ONE, ONE, ONE, 1, 7, {1, 8, 9}, {0, 1, 1}, CONV},
    {"conv 9 6x7", 3, {6, 7, 2}, {1, 6, 7}, 2, {1, 6, 7}, ONE, ONE, 1, 9, {1, 1, 1}, {0}, CONV},
    {"conv 9 6x7 pad 1,0,0,2 stride 3",
     3,
     {6, 7, 2},
     {1, 6, 7},
     2,
     {1, 6, 7},
     {1, 3, 3},
     ONE,
     1,
     9,
     {1, 1, 1},
     {0, 1, 0},
     CONV},
    {"conv 9 6x7 dilation 2 pad 0,5,0,6",
     3,
     {6, 7, 2},
     {1, 6, 7},
     2,
     {1, 6, 7},
     ONE,
     {1, 2, 2},
     1,
     9,
     {1, 1, 1},
     {0},
     CONV},
    {"conv 9 3x4 dilation 2", 3, {5, 7, 2}, {1, 5, 7}, 2, {1, 3, 4}, ONE, {1, 2, 2}, 1, 9, {1, 1, 1}, {0}, CONV},
    {"depthwise 3x3 multiplier 2 pad same",
     3,
     {6, 7, 3},
     {1, 6, 7},
     3,
     {1, 3, 3},
     ONE,
     ONE,
     3,
     6,
     {1, 6, 7},
     {0, 1, 1},
     CONV},
    {"convtranspose 4 3x3 stride 2",
     3,
     {3, 4, 2},
     {1, 3, 4},
     2,
     {1, 3, 3},
     {1, 2, 2},
     ONE,
     1,
     4,
     {1, 7, 9},
     {0},
     true,
     false},
    {"convtranspose 4 4x4 stride 2 pad same",
     3,
     {3, 4, 2},
     {1, 3, 4},
     2,
     {1, 4, 4},
     {1, 2, 2},
     ONE,
     1,
     4,
     {1, 6, 8},
     {0, 1, 1},
     true,
     false},
    {"convtranspose 4 2x2 stride 3 pad same",
     3,
     {3, 4, 2},
     {1, 3, 4},
     2,
     {1, 2, 2},
     {1, 3, 3},
     ONE,
     1,
     4,
     {1, 9, 12},
     {0},
     true,
     false},
    {"convtranspose 4 3x3 stride 2 pad 1 output_padding 1",
     3,
     {3, 4, 2},
     {1, 3, 4},
     2,
     {1, 3, 3},
     {1, 2, 2},
     ONE,
     1,
     4,
     {1, 6, 8},
     {0, 1, 1},
     true,
     false},
    {"convtranspose 4 3 groups 2 dilation 2 nobias",
     2,
     {5, 6},
     {1, 1, 5},
     6,
     {1, 1, 3},
     ONE,
     {1, 1, 2},
     2,
     4,
     {1, 1, 9},
     {0},
     true,
     true},
    {"convtranspose 4 2 dilation 3 output_padding 2",
     2,
     {5, 6},
     {1, 1, 5},
     6,
     {1, 1, 2},
     ONE,
     {1, 1, 3},
     1,
     4,
     {1, 1, 10},
     {0},
     true,
     false},
    {"convtranspose 4 1x1", 3, {3, 4, 5}, {1, 3, 4}, 5, ONE, ONE, ONE, 1, 4, {1, 3, 4}, {0}, true, false},
    {"convtranspose 4 3x2", 3, {1, 1, 5}, {1, 1, 1}, 5, {1, 3, 2}, ONE, ONE, 1, 4, {1, 3, 2}, {0}, true, false},
};
/* clang-format on */

static size_t count3(const size_t *sizes) {
    return sizes[0] * sizes[1] * sizes[2];
}

/* Place number `index` of a box of these sizes. */
static void place_of(size_t index, const size_t *sizes, size_t *place) {
    for (int i = 3; i-- > 0; index /= sizes[i]) place[i] = index % sizes[i];
}

/* Each pair of a place of the smaller side and one of the kernel meets a place of the larger side, or none. */
static bool meet(const conv_case *test, const size_t *small, const size_t *kernel, size_t *large) {
    const size_t *sizes = test->transposed ? test->output : test->input;
    *large = 0;
    for (int i = 0; i < 3; i++) {
        long at = (long)(small[i] * test->stride[i] + kernel[i] * test->dilation[i]) - test->before[i];
        if (at < 0 || (size_t)at >= sizes[i]) return false;
        *large = *large * sizes[i] + (size_t)at;
    }
    return true;
}

/* y [batch, output, filters] and the sum of the terms' sizes, by scattering every product to where it belongs. */
static void convolve(const conv_case *test, const float *x, const float *w, const float *b, double *y, double *size) {
    size_t ins = count3(test->input), outs = count3(test->output), kernels = count3(test->kernel);
    size_t smalls = test->transposed ? ins : outs, k[3], q[3], large;
    size_t in = test->channels / test->groups, out = test->filters / test->groups;
    for (size_t i = 0; i < BATCH * outs * test->filters; i++)
        y[i] = test->no_bias ? 0 : (double)b[i % test->filters], size[i] = fabs(y[i]);
    for (size_t n = 0; n < BATCH; n++)
        for (size_t s = 0; s < smalls; s++)
            for (size_t at = 0; at < kernels; at++) {
                place_of(s, test->transposed ? test->input : test->output, q);
                place_of(at, test->kernel, k);
                if (!meet(test, q, k, &large)) continue;
                size_t from = n * ins + (test->transposed ? s : large), to = n * outs + (test->transposed ? large : s);
                for (size_t g = 0; g < test->groups; g++)
                    for (size_t c = 0; c < in; c++)
                        for (size_t o = 0; o < out; o++) {
                            size_t weight = test->transposed ? (at * out + o) * test->channels + g * in + c
                                                             : (at * in + c) * test->filters + g * out + o;
                            double term = (double)x[from * test->channels + g * in + c] * (double)w[weight];
                            y[to * test->filters + g * out + o] += term;
                            size[to * test->filters + g * out + o] += fabs(term);
                        }
            }
}

START_TEST(convolutions_are_what_they_are_defined_to_be) {
    const conv_case *test = &cases[_i];
    static float x[MOST], w[MOST], b[64], y[MOST];
    static double expected[MOST], size[MOST];
    soma_network *network = network_for(test->text, test->rank, test->shape);
    soma_tensor *weight = soma_network_parameter(network, 0), *bias = soma_network_parameter(network, 1);
    size_t weights = soma_tensor_count(weight), count = BATCH * count3(test->output) * test->filters;
    size_t terms = count3(test->kernel) * test->channels / test->groups + 1;
    ck_assert_uint_eq(weights, count3(test->kernel) * test->channels / test->groups * test->filters);
    ck_assert_uint_eq(BATCH * soma_tensor_count(soma_network_output(network, 0)), count);
    ck_assert((bias == NULL) == test->no_bias);
    fill_uniform(1, x, BATCH * count3(test->input) * test->channels);
    fill_uniform(2, w, weights);
    fill_uniform(3, b, test->filters);
    expect_ok(soma_set_parameter(network, weight, w, weights));
    if (bias) expect_ok(soma_set_parameter(network, bias, b, test->filters));
    convolve(test, x, w, b, expected, size);
    predict(network, x, y);
    for (size_t i = 0; i < count; i++) {
        double bound = ((double)terms + 2) * 0x1p-24 * size[i];
        ck_assert_msg(fabs((double)y[i] - expected[i]) <= bound, "%s: element %zu is %.9g, not %.9g", test->text, i,
                      (double)y[i], expected[i]);
    }
    soma_network_destroy(network);
}
END_TEST

/* One layer of two convolutions is those two, one after the other; a function behind a convolution is applied to it. */
START_TEST(a_separable_convolution_is_a_depthwise_and_a_pointwise_one) {
    static const size_t shape[] = {6, 7, 3};
    static float x[MOST], y[MOST], z[MOST], w[MOST];
    soma_network *one = network_for("separable 5 3x2 stride 2 pad same multiplier 2 tanh", 3, shape);
    soma_network *two = network_for("depthwise 3x2 stride 2 pad same multiplier 2 nobias; conv 5 1x1; tanh", 3, shape);
    ck_assert_uint_eq(soma_network_parameter_count(one), 3);
    ck_assert_ptr_nonnull(soma_network_tensor(one, "separable_1.depthwise"));
    ck_assert_ptr_nonnull(soma_network_tensor(one, "separable_1.pointwise"));
    ck_assert_ptr_nonnull(soma_network_tensor(one, "separable_1.bias"));
    for (size_t i = 0; i < 3; i++) {
        size_t count = soma_tensor_count(soma_network_parameter(one, i));
        fill_uniform((unsigned)i, w, count);
        expect_ok(soma_set_parameter(one, soma_network_parameter(one, i), w, count));
        expect_ok(soma_set_parameter(two, soma_network_parameter(two, i), w, count));
    }
    fill_uniform(9, x, BATCH * 126);
    predict(one, x, y);
    predict(two, x, z);
    ck_assert_uint_eq(soma_tensor_count(soma_network_output(one, 0)), 3 * 4 * 5);
    for (size_t i = 0; i < BATCH * 60; i++) ck_assert(fabsf(y[i] - z[i]) <= 0x1p-20f);
    soma_network_destroy(one);
    soma_network_destroy(two);
}
END_TEST

/* ---------------------------------------------------------------------------------------------- other layers */

/* From an input of [2, 3, 2], whose element number i is i. */
static const struct {
    const char *text;
    size_t count;
    float values[40];
} small[] = {
    {"globalavgpool", 2, {5, 6}},
    {"GlobalAveragePooling2D", 2, {5, 6}},
    {"globalmaxpool", 2, {10, 11}},
    {"crop 0,1,1,0", 4, {2, 3, 4, 5}},
    {"crop 0x1", 4, {2, 3, 8, 9}},
    {"cropping2d 0", 12, {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}},
    {"zeropad 0,1,1,0", 24, {0, 0, 0, 1, 2, 3, 4, 5, 0, 0, 6, 7, 8, 9, 10, 11, 0, 0, 0, 0, 0, 0, 0, 0}},
    {"crop 0,1,0,1; zeropad 1", 24, {[10] = 0, 1, 2, 3}}, /* 3 rows of 4 columns: the first element is number 5 */
    {"crop 0,1,0,0; reflectpad 0,0,2,1", 12, {4, 5, 2, 3, 0, 1, 2, 3, 4, 5, 2, 3}},
    {"reflectpad2d 1,0,0,0; crop 0,1,0,1", 8, {6, 7, 8, 9, 0, 1, 2, 3}},
    {"crop 0,1,0,0; edgepad 0,0,2,1", 12, {0, 1, 0, 1, 0, 1, 2, 3, 4, 5, 4, 5}},
    {"crop 0,1,0,2; edgepad 0,2,1,0", 12, {0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1}},
    {"edgepad 0", 12, {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}},
    {"crop 0,0,1,1; upsample 2", 16, {2, 3, 2, 3, 2, 3, 2, 3, 8, 9, 8, 9, 8, 9, 8, 9}},
    {"crop 0,0,0,1; upsample 1x2", 16, {0, 1, 0, 1, 2, 3, 2, 3, 6, 7, 6, 7, 8, 9, 8, 9}},
    {"crop 0,1,0,1; upsample 2x1 nearest", 8, {0, 1, 2, 3, 0, 1, 2, 3}},
    {"crop 0,1,0,1; upsample 1x2 bilinear", 8, {0, 1, 0.5f, 1.5f, 1.5f, 2.5f, 2, 3}}, /* 0, 2: 0, 1/4, 3/4, 1 of it */
    {"crop 0,0,0,2; upsample 2x1 linear", 8, {0, 1, 1.5f, 2.5f, 4.5f, 5.5f, 6, 7}},
    {"crop 0,1,1,0; upsample 1x4 bilinear",
     16,
     {2, 3, 2, 3, 2.25f, 3.25f, 2.75f, 3.75f, 3.25f, 4.25f, 3.75f, 4.75f, 4, 5, 4, 5}}, /* 1/8, 3/8, 5/8, 7/8 */
    {"crop 0,1,0,2; upsample 1x3 bilinear", 6, {0, 1, 0, 1, 0, 1}},
    {"upsample 1", 12, {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}},
    {"spatialdropout 0.5", 12, {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}}, /* in inference nothing is dropped */
    {"spatialdropout 0.5; linear(2)", 12, {0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22}},
    {"residual(linear(2))", 12, {0, 3, 6, 9, 12, 15, 18, 21, 24, 27, 30, 33}},
    {"residual (linear(2); linear(3) | linear(10))", 12, {0, 16, 32, 48, 64, 80, 96, 112, 128, 144, 160, 176}},
    {"residual(residual(linear(2)); linear(2)|residual(linear(4)|linear(5)))",
     12,
     {0, 15, 30, 45, 60, 75, 90, 105, 120, 135, 150, 165}},
    {"residual(globalavgpool | globalmaxpool)", 2, {15, 17}},
};

START_TEST(small_layers_are_what_they_are_defined_to_be) {
    static const size_t shape[] = {2, 3, 2};
    float x[BATCH * 12], y[BATCH * 40];
    soma_network *network = network_for(small[_i].text, 3, shape);
    size_t count = soma_tensor_count(soma_network_output(network, 0));
    ck_assert_msg(count == small[_i].count, "%s: %zu elements", small[_i].text, count);
    for (size_t i = 0; i < BATCH * 12; i++) x[i] = (float)(i % 12);
    predict(network, x, y);
    for (size_t i = 0; i < BATCH * count; i++)
        ck_assert_msg(y[i] == small[_i].values[i % count], "%s: element %zu is %g, not %g", small[_i].text, i,
                      (double)y[i], (double)small[_i].values[i % count]);
    soma_network_destroy(network);
}
END_TEST

/* Where a channel is dropped its gradient is 0 at all positions, elsewhere it is the scaled one. */
START_TEST(spatial_dropout_drops_whole_channels) {
    enum { POSITIONS = 6, CHANNELS = 16 };
    static const size_t shape[] = {2, 3, CHANNELS};
    static float x[BATCH * POSITIONS * CHANNELS], t[BATCH * POSITIONS * CHANNELS], g[BATCH * POSITIONS * CHANNELS];
    soma_network *network = network_for("spatialdropout 0.5", 3, shape);
    for (size_t i = 0; i < SOMA_COUNT_OF(x); i++) x[i] = 1;
    soma_array inputs = {x, SOMA_F32, 4, {BATCH, 2, 3, CHANNELS}}, targets = {t, SOMA_F32, 4, {BATCH, 2, 3, CHANNELS}};
    expect_ok(soma_backward(network, &inputs, &targets, NULL));
    expect_ok(soma_get_gradient(network, soma_network_input(network, 0), g, SOMA_COUNT_OF(g)));
    for (size_t n = 0; n < BATCH; n++) {
        size_t dropped = 0;
        for (size_t c = 0; c < CHANNELS; c++) {
            const float *first = g + n * POSITIONS * CHANNELS + c;
            dropped += *first == 0;
            for (size_t p = 1; p < POSITIONS; p++) ck_assert(first[p * CHANNELS] == *first);
        }
        ck_assert(dropped > 0 && dropped < CHANNELS); /* of each sample some, and not all at once */
    }
    soma_network_destroy(network);
}
END_TEST

static void add_tests(TCase *tests) {
    tcase_add_loop_test(tests, convolutions_are_what_they_are_defined_to_be, 0, SOMA_COUNT_OF(cases));
    tcase_add_test(tests, a_separable_convolution_is_a_depthwise_and_a_pointwise_one);
    tcase_add_loop_test(tests, small_layers_are_what_they_are_defined_to_be, 0, SOMA_COUNT_OF(small));
    tcase_add_test(tests, spatial_dropout_drops_whole_channels);
}

int main(int argc, char **argv) {
    return run_trainer_tests(argc, argv, "conv", add_tests);
}
