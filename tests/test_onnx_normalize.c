/* SPDX-License-Identifier: MIT */
/* ONNX's ops that normalise, channels before positions, against values by hand. What is trained on afterwards keeps
 * its running figures. */
#include "base/file.h"
#include "expect.h"
#include "nn/network.h"
#include "onnx_model.h"
#include "temporary.h"

#include <math.h>

static soma_device *device;

static size_t begin(const char *op, const char *const *inputs) {
    size_t opened = soma_onnx_begin_node(&made, op, "y", inputs);
    soma_onnx_put_attribute_float(&made, "epsilon", 0);
    return opened;
}

/* ---------------------------------------------------------------------------------------------------------- values */

static void groups(const float *scale, const float *offset, int64_t count) {
    floats("scale", SHAPE(count), scale);
    floats("offset", SHAPE(count), offset);
    size_t one = begin("GroupNormalization", (const char *[]){"x", "scale", "offset", NULL});
    soma_onnx_put_attribute_integer(&made, "num_groups", 2);
    soma_onnx_end_node(&made, one);
}
static void groups_by_channel(void) {
    groups((const float[]){1, 2, 1, 2}, (const float[]){0, 0, 1, 1}, 4);
}
static void groups_by_group(void) {
    groups((const float[]){2, 4}, (const float[]){0, 1}, 2);
}
static void instances(void) {
    floats("scale", SHAPE(2), (const float[]){1, 2});
    floats("offset", SHAPE(2), (const float[]){0, 1});
    soma_onnx_end_node(&made, begin("InstanceNormalization", (const char *[]){"x", "scale", "offset", NULL}));
}
static void layers(void) {
    floats("scale", SHAPE(2), (const float[]){2, 3});
    soma_onnx_end_node(&made, begin("LayerNormalization", (const char *[]){"x", "scale", NULL}));
}
/* Over positions and channels, with a number for each of both: no op of ONNX's has an axis before the last in soma. */
static void several_dimensions(void) {
    floats("scale", SHAPE(2, 2), (const float[]){1, 2, 1, 2});
    floats("offset", SHAPE(2, 2), (const float[]){0, 0, 1, 1});
    size_t one = begin("LayerNormalization", (const char *[]){"x", "scale", "offset", NULL});
    soma_onnx_put_attribute_integer(&made, "axis", 2);
    soma_onnx_end_node(&made, one);
}
static void root_mean_square(void) {
    floats("scale", SHAPE(2), (const float[]){1, 2});
    soma_onnx_end_node(&made, begin("RMSNormalization", (const char *[]){"x", "scale", NULL}));
}
static void simplified(void) {
    floats("scale", SHAPE(2), (const float[]){1, 2});
    soma_onnx_end_node(&made, begin("SimplifiedLayerNormalization", (const char *[]){"x", "scale", NULL}));
}
static void batch(void) {
    floats("scale", SHAPE(2), (const float[]){1, 2});
    floats("offset", SHAPE(2), (const float[]){0, 1});
    floats("mean", SHAPE(2), (const float[]){1, 10});
    floats("variance", SHAPE(2), (const float[]){4, 25});
    size_t one = begin("BatchNormalization", (const char *[]){"x", "scale", "offset", "mean", "variance", NULL});
    soma_onnx_put_attribute_float(&made, "momentum", 0.75f);
    soma_onnx_end_node(&made, one);
}

#define A 0.44721359549995794 /* 1 / sqrt(5) */
#define B 0.08944271909999159 /* 1 / sqrt(125) */

static const struct {
    const char *name;
    void (*body)(void);
    int64_t opset, shape[4];
    size_t count;
    float x[8];
    double y[8];
} cases[] = {
    /* Channels 1, 3 and 5, 7 have the mean 4 and the variance 5; 10, 30 and 20, 40 have 25 and 125. */
    {"groups, by channel",
     groups_by_channel,
     21,
     {OPEN, 4, 1, 2},
     8,
     {1, 3, 5, 7, 10, 30, 20, 40},
     {-3 * A, -A, 2 * A, 6 * A, 1 - 15 * B, 1 + 5 * B, 1 - 10 * B, 1 + 30 * B}},
    {"groups, by group",
     groups_by_group,
     18,
     {OPEN, 4, 1, 2},
     8,
     {1, 3, 5, 7, 10, 30, 20, 40},
     {-6 * A, -2 * A, 2 * A, 6 * A, 1 - 60 * B, 1 + 20 * B, 1 - 20 * B, 1 + 60 * B}},
    {"instances", instances, 6, {OPEN, 2, 1, 2}, 4, {1, 3, 10, 30}, {-1, 1, -1, 3}},
    {"layers", layers, 17, {OPEN, 1, 2, 2}, 4, {1, 3, 30, 10}, {-2, 3, 2, -3}},
    {"root mean square", root_mean_square, 23, {OPEN, 1, 1, 2}, 2, {1, 7}, {0.2, 2.8}},
    {"a batch", batch, 14, {OPEN, 2, 1, 2}, 4, {1, 3, 10, 30}, {0, 1, 1, 9}},
    {"rows of a batch", batch, 14, {OPEN, 2, OPEN, OPEN}, 2, {3, 30}, {1, 9}},
    {"several dimensions",
     several_dimensions,
     17,
     {OPEN, 2, 2, 2},
     8,
     {1, 3, 5, 7, 10, 30, 20, 40},
     {-3 * A, -2 * A, 1 + A, 1 + 6 * A, -15 * B, 10 * B, 1 - 5 * B, 1 + 30 * B}},
    {"root mean square of onnxruntime", simplified, 13, {OPEN, 1, 1, 2}, 2, {1, 7}, {0.2, 2.8}},
};

static soma_network *load(int number) {
    const char *path = temporary_path("m.onnx");
    soma_network *network;
    uint32_t rank = cases[number].shape[2] == OPEN ? 2 : 4;
    onnx_make(cases[number].body, 8, cases[number].opset, rank, cases[number].shape);
    expect_ok(soma_file_write(path, W->data, W->size));
    expect_ok(soma_load_onnx(path, NULL, &network));
    return network;
}

static soma_array array_of(int number, const float *values) {
    soma_array array = {.data = values, .dtype = SOMA_F32, .rank = 1, .shape = {1}};
    for (int i = 1; i < 4 && cases[number].shape[i] != OPEN; i++)
        array.shape[array.rank++] = (size_t)cases[number].shape[i];
    return array;
}

static uint32_t count_op(const soma_network *network, soma_op op) {
    uint32_t count = 0;
    for (uint32_t i = 0; i < network->graph.count; i++) count += network->graph.tensor[i]->op == op;
    return count;
}

static void expect_case(soma_network *network, int number, const char *when) {
    float y[8];
    soma_dataset *dataset;
    soma_array inputs = array_of(number, cases[number].x);
    expect_ok(soma_compile(network, device, &(soma_compile_options){.loss = {SOMA_LOSS_NONE}}));
    expect_ok(soma_dataset_from_arrays(&inputs, 1, NULL, 0, &dataset));
    expect_ok(soma_predict(network, dataset, 0, 1, y));
    for (size_t i = 0; i < cases[number].count; i++)
        ck_assert_msg(fabs((double)y[i] - cases[number].y[i]) <= 1e-5, "%s, %s: element %zu is %.9g, expected %.9g",
                      cases[number].name, when, i, (double)y[i], cases[number].y[i]);
    soma_dataset_destroy(dataset);
}

START_TEST(values_are_those_of_onnx) {
    soma_network *network = load(_i), *again;
    ck_assert_uint_eq(count_op(network, SOMA_OP_NORMALIZE), 1);
    expect_case(network, _i, "read");
    const char *path = temporary_path("again.onnx");
    expect_ok(soma_save_onnx(network, path));
    expect_ok(soma_load_onnx(path, NULL, &again));
    expect_case(again, _i, "written and read");
    soma_network_destroy(network);
    soma_network_destroy(again);
}
END_TEST

/* ------------------------------------------------------------------------------------------------ running figures */

/* The batch has the means 2 and 20 and the variances 1 and 100; a quarter of them counts. */
START_TEST(batches_can_be_trained_on) {
    static const float zeros[4];
    const int number = 5;
    soma_network *network = load(number);
    soma_network_figures figures;
    float mean[2], variance[2];
    expect_ok(soma_compile(network, device, &(soma_compile_options){.loss = {SOMA_MEAN_SQUARED_ERROR}}));
    expect_ok(soma_network_get_figures(network, 1, &figures));
    ck_assert_uint_eq(figures.parameters, 8);
    ck_assert_uint_eq(figures.running, 4);
    soma_array inputs = array_of(number, cases[number].x), targets = array_of(number, zeros);
    expect_ok(soma_backward(network, &inputs, &targets, NULL));
    expect_ok(soma_get_parameter(network, soma_network_tensor(network, "mean"), mean, 2));
    expect_ok(soma_get_parameter(network, soma_network_tensor(network, "variance"), variance, 2));
    ck_assert_float_eq_tol(mean[0], 1.25f, 1e-5f);
    ck_assert_float_eq_tol(mean[1], 12.5f, 1e-4f);
    ck_assert_float_eq_tol(variance[0], 3.25f, 1e-5f);
    ck_assert_float_eq_tol(variance[1], 43.75f, 1e-3f);
    soma_network_destroy(network);
}
END_TEST

/* In its mode of training the op takes the figures of the batch: said by is_test before opset 7, by outputs before 14.
 */
static const struct {
    int64_t opset, is_test, training_mode; /* -1: not given */
    const char *more;
    bool taken;
} modes[] = {{6, 0, -1, NULL, false},   {6, 1, -1, NULL, true},   {6, -1, -1, NULL, false},
             {6, 1, -1, "seen", false}, {9, -1, -1, NULL, true},  {9, -1, -1, "seen", false},
             {15, -1, 0, NULL, true},   {15, -1, 1, NULL, false}, {15, -1, 1, "seen", false}};

static int mode;

static void batch_in_mode(void) {
    floats("scale", SHAPE(2), (const float[]){1, 2});
    floats("offset", SHAPE(2), (const float[]){0, 1});
    floats("mean", SHAPE(2), (const float[]){1, 10});
    floats("variance", SHAPE(2), (const float[]){4, 25});
    size_t one = begin("BatchNormalization", (const char *[]){"x", "scale", "offset", "mean", "variance", NULL});
    if (modes[mode].more) soma_protobuf_put_text(W, NODE_OUTPUT, modes[mode].more);
    if (modes[mode].is_test >= 0) soma_onnx_put_attribute_integer(&made, "is_test", modes[mode].is_test);
    if (modes[mode].training_mode >= 0)
        soma_onnx_put_attribute_integer(&made, "training_mode", modes[mode].training_mode);
    soma_onnx_end_node(&made, one);
}

START_TEST(figures_of_the_batch_are_refused) {
    const char *path = temporary_path("m.onnx");
    soma_network *network;
    mode = _i;
    onnx_make(batch_in_mode, 8, modes[_i].opset, SHAPE(OPEN, 2, 1, 1));
    expect_ok(soma_file_write(path, W->data, W->size));
    if (modes[_i].taken) {
        expect_ok(soma_load_onnx(path, NULL, &network));
        soma_network_destroy(network);
    } else
        expect_error(soma_load_onnx(path, NULL, &network), SOMA_UNSUPPORTED, "BatchNormalization",
                     "figures of the batch");
}
END_TEST

START_TEST(groups_must_divide) {
    const char *path = temporary_path("m.onnx");
    soma_network *network;
    onnx_make(groups_by_group, 8, 18, 4, (const int64_t[]){OPEN, 3, 1, 2});
    expect_ok(soma_file_write(path, W->data, W->size));
    soma_status status = soma_load_onnx(path, NULL, &network);
    ck_assert_int_ne(status, SOMA_OK);
    ck_assert_msg(strstr(soma_last_error(), "2 groups do not divide 3 channels"), "%s", soma_last_error());
}
END_TEST

static void set_up(void) {
    temporary_create();
    expect_ok(soma_device_open("cpu", NULL, &device));
}

static void tear_down(void) {
    soma_device_close(device);
    temporary_destroy();
}

int main(void) {
    Suite *suite = suite_create("onnx, normalising");
    TCase *tests = tcase_create("normalize");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_loop_test(tests, values_are_those_of_onnx, 0, (int)SOMA_COUNT_OF(cases));
    if (SOMA_HAS_TRAINING) tcase_add_test(tests, batches_can_be_trained_on);
    tcase_add_loop_test(tests, figures_of_the_batch_are_refused, 0, (int)SOMA_COUNT_OF(modes));
    tcase_add_test(tests, groups_must_divide);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
