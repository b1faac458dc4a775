/* SPDX-License-Identifier: MIT */
/* What convolutions become: matrix products where they are that, and how many operations they count. */
#include "expect.h"
#include "graph/plan_internal.h"
#include "host_device.h"
#include "host_network.h"
#include "suite.h"

enum { BATCH = 3 };

static const struct {
    const char *text;
    uint32_t gemms, convolutions; /* in a step of training: forward, and the gradients of weights and input */
    double flops;                 /* of inference, for a sample */
} nets[] = {
    {"conv 4 3x3", 0, 3, 2.0 * 4 * 3 * 4 * 9 * 2},
    {"conv 4 1x1", 3, 0, 2.0 * 6 * 5 * 4 * 2},
    {"conv 4 1x1 stride 2", 0, 3, 2.0 * 3 * 3 * 4 * 2},
    {"conv 4 1x1 pad 1", 0, 3, 2.0 * 8 * 7 * 4 * 2},
    {"conv 4 1x1 pad 0,1,0,0", 0, 3, 2.0 * 7 * 5 * 4 * 2},
    {"conv 4 1x1 groups 2", 0, 3, 2.0 * 6 * 5 * 4 * 1},
    {"conv 4 6x5", 3, 0, 2.0 * 4 * 30 * 2},
    {"conv 4 6x5 stride 3", 3, 0, 2.0 * 4 * 30 * 2},
    {"conv 4 6x5 pad 1,0,0,0 stride 3", 0, 3, 2.0 * 4 * 30 * 2},
    {"conv 4 6x5 dilation 2 pad 0,5,0,4", 0, 3, 2.0 * 4 * 30 * 2},
    {"conv 4 6x4", 0, 3, 2.0 * 2 * 4 * 24 * 2},
    {"conv 4 3x5 dilation 2x1", 0, 3, 2.0 * 2 * 4 * 15 * 2},
    {"conv 4 1x5 dilation 7x1 stride 6x1", 0, 3, 2.0 * 4 * 5 * 2},
    {"convtranspose 4 1x1", 3, 0, 2.0 * 6 * 5 * 4 * 2},
    {"convtranspose 4 2x2 stride 2", 0, 3, 2.0 * 12 * 10 * 4 / 4 * 2 * 4},
    {"separable 4 3x3", 3, 3, 2.0 * 4 * 3 * 2 * 9 + 2.0 * 4 * 3 * 4 * 2},
};

static soma_network *network_of(const char *text) {
    static const size_t shape[] = {6, 5, 2};
    soma_network *network;
    expect_ok(soma_network_create(&network));
    soma_tensor *x = soma_layers(soma_input(network, "x", 3, shape), "linear(2)");
    soma_layers(x, text);
    expect_ok(soma_network_status(network));
    return network;
}

static uint32_t count(const soma_plan *plan, soma_primitive first, soma_primitive last) {
    uint32_t found = 0;
    for (size_t i = 0; i < plan->count; i++)
        found += plan->calls[i].primitive >= first && plan->calls[i].primitive <= last;
    return found;
}

START_TEST(convolutions_that_are_products_become_products) {
    soma_device device;
    host_device_open(&device);
    soma_network *network = network_of(nets[_i].text);
    soma_compile_options options = {.loss = {SOMA_MEAN_SQUARED_ERROR}};
    expect_ok(soma_compile(network, &device, &options));
    soma_plan_figures figures;
    const soma_plan *plan = plan_of(network, step_of(network, SOMA_MODE_PREDICT), BATCH);
    soma_plan_get_figures(plan, &figures);
    ck_assert_msg(figures.product_flops == BATCH * nets[_i].flops, "%s: %g operations, not %g", nets[_i].text,
                  figures.product_flops, BATCH * nets[_i].flops);
    if (SOMA_HAS_TRAINING) {
        plan = plan_of(network, step_of(network, SOMA_MODE_BACKWARD), BATCH);
        ck_assert_uint_eq(count(plan, SOMA_PRIMITIVE_GEMM, SOMA_PRIMITIVE_GEMM), nets[_i].gemms);
        ck_assert_uint_eq(count(plan, SOMA_PRIMITIVE_CONV, SOMA_PRIMITIVE_CONV_WEIGHT_GRAD), nets[_i].convolutions);
        /* The bias has one sum over batch and positions. */
        ck_assert_uint_eq(count(plan, SOMA_PRIMITIVE_REDUCE, SOMA_PRIMITIVE_REDUCE), 1);
    }
    soma_network_destroy(network);
}
END_TEST

/* In inference the product with the channels' mask is gone, as dropout is; in training there is one for each. */
START_TEST(spatial_dropout_costs_nothing_in_inference) {
    soma_device device;
    host_device_open(&device);
    soma_network *network = network_of("spatialdropout 0.5; spatialdropout 0.25; tanh; spatialdropout 0.5");
    expect_ok(soma_compile(network, &device, &(soma_compile_options){.loss = {SOMA_MEAN_SQUARED_ERROR}}));
    const soma_plan *plan = plan_of(network, step_of(network, SOMA_MODE_PREDICT), BATCH);
    ck_assert_uint_eq(count(plan, SOMA_PRIMITIVE_BINARY, SOMA_PRIMITIVE_BINARY), 0);
    ck_assert_uint_eq(count(plan, SOMA_PRIMITIVE_DROPOUT, SOMA_PRIMITIVE_DROPOUT), 0);
    ck_assert_uint_eq(plan->constant_count, 0);
    if (SOMA_HAS_TRAINING) {
        plan = plan_of(network, step_of(network, SOMA_MODE_BACKWARD), BATCH);
        ck_assert_uint_eq(count(plan, SOMA_PRIMITIVE_DROPOUT, SOMA_PRIMITIVE_DROPOUT), 3);
    }
    soma_network_destroy(network);
}
END_TEST

static void add_tests(TCase *cases) {
    tcase_add_loop_test(cases, convolutions_that_are_products_become_products, 0, SOMA_COUNT_OF(nets));
    tcase_add_test(cases, spatial_dropout_costs_nothing_in_inference);
}

int main(void) {
    return run_suite("conv_plan", add_tests);
}
