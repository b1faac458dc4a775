/* SPDX-License-Identifier: MIT */
/*
 * What soma says of a network's memory is what a step takes: dense and convolutional networks, training and inference.
 * Usage: test_planned_memory DEVICE
 */
#include "base/base.h"
#include "trainer.h"

#include <math.h>
#include <stdlib.h>

/* ResNet-20: a stage of three blocks, the first of which may narrow the picture. */
#define BLOCK(filters)                                                                                                 \
    "residual(conv " filters " 3x3 pad 1 nobias; batchnorm; relu; conv " filters " 3x3 pad 1 nobias; batchnorm); "     \
    "relu; "
#define NARROWING(filters)                                                                                             \
    "residual(conv " filters " 3x3 stride 2 pad 1 nobias; batchnorm; relu; conv " filters                              \
    " 3x3 pad 1 nobias; batchnorm | conv " filters " 1x1 stride 2 nobias; batchnorm); relu; "
#define SEPARABLE(filters, stride)                                                                                     \
    "depthwise 3x3 stride " stride " pad 1 nobias; batchnorm; relu; conv " filters " 1x1 nobias; batchnorm; relu; "
#define WIDE "dense 200 relu; dropout 0.2; dense 100 tanh; dense 10 softmax"

static const struct network_case {
    const char *name, *layers;
    uint32_t rank;
    size_t shape[3], batch;
    soma_optimizer_kind optimizer;
} networks[] = {
    {"dense", WIDE, 1, {300}, 64, SOMA_SGD},
    {"dense, with a state", WIDE, 1, {300}, 64, SOMA_MOMENTUM},
    {"dense, with two", WIDE, 1, {300}, 64, SOMA_ADAM},
    /* Nearly all parameters. */
    {"large", "dense 2048 relu; dense 1000 softmax", 1, {300}, 2, SOMA_SGD},
    {"large, with two states", "dense 2048 relu; dense 1000 softmax", 1, {300}, 2, SOMA_ADAM},
    {"LeNet-5",
     "conv 6 5x5 pad 2 relu; maxpool 2; conv 16 5x5 relu; maxpool 2; flatten; dense 120 relu; dense 84 relu; dense 10 "
     "softmax",
     3,
     {28, 28, 1},
     64,
     SOMA_SGD},
    {"two convolutions",
     "conv 32 3x3 relu; conv 64 3x3 relu; maxpool 2; dropout 0.25; flatten; dense 128 relu; dropout 0.5; dense 10 "
     "softmax",
     3,
     {28, 28, 1},
     64,
     SOMA_ADAM},
    {"ResNet-20",
     "conv 16 3x3 pad 1 nobias; batchnorm; relu; " BLOCK("16") BLOCK("16") BLOCK("16") NARROWING("32") BLOCK("32")
         BLOCK("32") NARROWING("64") BLOCK("64") BLOCK("64") "globalavgpool; dense 10 softmax",
     3,
     {32, 32, 3},
     64,
     SOMA_MOMENTUM},
    {"depthwise-separable",
     "conv 16 3x3 pad 1 nobias; batchnorm; relu; " SEPARABLE("32", "1") SEPARABLE("64", "2") SEPARABLE("64", "1")
         SEPARABLE("128", "2") SEPARABLE("128", "1") "globalavgpool; dense 10 softmax",
     3,
     {32, 32, 3},
     64,
     SOMA_SGD},
};
enum { NETWORKS = SOMA_COUNT_OF(networks) };

/* The most that a device of its own had in use at a time; figures, if not NULL, are what was foretold. */
static size_t measure(const struct network_case *c, bool training, soma_network_figures *figures) {
    soma_network *network;
    soma_device *device;
    soma_device_memory memory;
    size_t width = c->shape[0] * (c->rank > 1 ? c->shape[1] * c->shape[2] : 1);
    float *x = calloc(c->batch * width, sizeof *x), *y = calloc(c->batch * 1000, sizeof *y);
    int32_t *classes = calloc(c->batch, sizeof *classes);
    soma_array target = array_i32(classes, c->batch), input = {x, SOMA_F32, c->rank + 1, {c->batch}};
    ck_assert(x && y && classes);
    memcpy(input.shape + 1, c->shape, c->rank * sizeof *c->shape);
    fill_uniform(1, x, c->batch * width);
    expect_ok(soma_device_open(test_device_name, NULL, &device));
    expect_ok(soma_network_create(&network));
    soma_layers(soma_input(network, NULL, c->rank, c->shape), c->layers);
    soma_compile_options options = {.optimizer = {.kind = c->optimizer}};
    if (!training) options.loss[0] = SOMA_LOSS_NONE;
    expect_ok(soma_compile(network, device, &options));
    if (figures) expect_ok(soma_network_get_figures(network, c->batch, figures));
    if (training)
        expect_ok(soma_train_on_batch(network, &input, &target, NULL));
    else
        expect_ok(soma_run(network, x, c->batch, y));
    expect_ok(soma_synchronize(network));
    soma_device_get_memory(device, &memory);
    soma_network_destroy(network);
    soma_device_close(device);
    free(classes);
    free(y);
    free(x);
    return memory.peak;
}

/* Within 5 %; and to ask takes none of it. */
static void expect_planned(const struct network_case *c, bool training) {
    soma_network_figures figures;
    const double peak = (double)measure(c, training, &figures), planned = (double)figures.total_bytes;
    const char *what = training ? "training" : "inference";
    ck_assert_msg(fabs(planned - peak) <= 0.05 * peak, "%s of %s: %.0f bytes planned, %.0f in use", what, c->name,
                  planned, peak);
    const size_t unasked = measure(c, training, NULL);
    ck_assert_msg((double)unasked == peak, "%s of %s: %zu bytes, %.0f where somebody asked before", what, c->name,
                  unasked, peak);
}

START_TEST(training_takes_what_is_planned) {
    expect_planned(&networks[_i], true);
}
END_TEST

START_TEST(inference_takes_what_is_planned) {
    expect_planned(&networks[_i], false);
}
END_TEST

static void add_tests(TCase *cases) {
    if (SOMA_HAS_TRAINING) tcase_add_loop_test(cases, training_takes_what_is_planned, 0, NETWORKS);
    tcase_add_loop_test(cases, inference_takes_what_is_planned, 0, NETWORKS);
}

int main(int argc, char **argv) {
    return run_trainer_tests(argc, argv, "planned_memory", add_tests);
}
