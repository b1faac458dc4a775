/* SPDX-License-Identifier: MIT */
/* What soma says about a network: figures worked out by hand. */
#include "expect.h"
#include "host_device.h"
#include "host_network.h"
#include "suite.h"

#include <math.h>
#include <stdlib.h>

START_TEST(figures_before_compiling_are_of_the_network) {
    soma_network_figures figures;
    soma_network *network = network_of_text(4, "dense 8 relu; dropout 0.5; dense 3 softmax");
    expect_ok(soma_network_get_figures(network, 32, &figures));
    ck_assert_uint_eq(figures.layers, 4); /* with the input */
    ck_assert_uint_eq(figures.parameters, 4 * 8 + 8 + 8 * 3 + 3);
    ck_assert(figures.parameter_bytes == 0 && figures.total_bytes == 0 && figures.calls_per_step == 0);
    expect_error(soma_network_get_figures(network, 0, &figures), SOMA_INVALID_ARGUMENT, "batch size is 0");
    soma_dropout(soma_network_output(network, 0), 2);
    expect_error(soma_network_get_figures(network, 32, &figures), SOMA_INVALID_ARGUMENT, "layer dropout_2");
    soma_network_destroy(network);
}
END_TEST

/* Each tensor begins at a multiple of the device's 64 bytes: 16 floats. */
START_TEST(figures_of_a_step_are_as_counted_by_hand) {
    enum { BATCH = 32, PARAMETERS = 32 + 16 + 32 + 16 }; /* [4, 8], [8] -> 16, [8, 3] -> 32, [3] -> 16 */
    soma_network_figures figures;
    soma_device device;
    host_device_open(&device);
    soma_network *network = network_of_text(4, "dense 8 relu; dense 3 softmax");
    expect_ok(soma_compile(network, &device, &(soma_compile_options){.optimizer = {.kind = SOMA_ADAM}}));
    expect_ok(soma_network_get_figures(network, BATCH, &figures));
    ck_assert_uint_eq(figures.parameter_bytes, PARAMETERS * sizeof(float));
    ck_assert_uint_eq(figures.gradient_bytes, PARAMETERS * sizeof(float));
    ck_assert_uint_eq(figures.optimizer_bytes, 2 * PARAMETERS * sizeof(float));
    ck_assert_uint_eq(figures.total_bytes, figures.parameter_bytes + figures.gradient_bytes + figures.optimizer_bytes +
                                               figures.activation_bytes + figures.workspace_bytes);
    /* Forward: x W and h V; backward: dW, dV and dh, but no dx. Multiplied and added. */
    double forward = 2.0 * BATCH * (4 * 8 + 8 * 3), backward = forward + 2.0 * BATCH * 8 * 3;
    ck_assert(figures.flops_per_inference == forward);
    ck_assert(figures.flops_per_step == forward + backward);
    /* Products with relu, with bias; softmax. */
    ck_assert_uint_eq(figures.calls_per_inference, 3 + 1); /* and a gather */
    /* Two gathers, two products, the loss with its gradient, sum of the loss, accuracy, sum of the gradient (bias), dV,
     * dh, relu's gradient with its sum, dW, optimizer. */
    ck_assert_uint_eq(figures.calls_per_step, 13);
    expect_ok(soma_compile(network, &device, &(soma_compile_options){.loss = {SOMA_LOSS_NONE}}));
    expect_ok(soma_network_get_figures(network, BATCH, &figures));
    ck_assert(figures.gradient_bytes == 0 && figures.optimizer_bytes == 0 && figures.flops_per_step == 0);
    ck_assert(figures.calls_per_step == 0 && figures.flops_per_inference == forward);
    expect_error(soma_network_get_figures(network, SIZE_MAX / 2, &figures), SOMA_OUT_OF_DEVICE_MEMORY, "batch of");
    soma_network_destroy(network);
}
END_TEST

START_TEST(a_summary_shows_layers_and_memory) {
    soma_device device;
    char *text;
    host_device_open(&device);
    soma_network *network = network_of_text(4, "dense 8 relu; dense 3 softmax");
    expect_ok(soma_summary(network, 32, &text));
    static const char *const always[] = {"layer", "x ",      "input",      "[batch, 4]", "dense_1",       "[batch, 8]",
                                         "40",    "dense_2", "[batch, 3]", "27",         "parameters: 67"};
    for (size_t i = 0; i < SOMA_COUNT_OF(always); i++)
        ck_assert_msg(strstr(text, always[i]) != NULL, "%s\n%s", always[i], text);
    ck_assert_ptr_null(strstr(text, "memory"));
    soma_free(text);
    expect_ok(soma_compile(network, &device, NULL));
    expect_ok(soma_summary(network, 32, &text));
    static const char *const compiled[] = {
        "memory planned on host float64", "batch of 32", "gradients", "activations", "total", "KiB"};
    for (size_t i = 0; i < SOMA_COUNT_OF(compiled); i++)
        ck_assert_msg(strstr(text, compiled[i]) != NULL, "%s\n%s", compiled[i], text);
    soma_free(text);
    expect_error(soma_summary(network, 0, &text), SOMA_INVALID_ARGUMENT, "batch size");
    ck_assert_ptr_null(text);
    soma_network_destroy(network);
}
END_TEST

static void add_tests(TCase *cases) {
    tcase_add_test(cases, figures_before_compiling_are_of_the_network);
    tcase_add_test(cases, a_summary_shows_layers_and_memory);
    if (SOMA_HAS_TRAINING) {
        tcase_add_test(cases, figures_of_a_step_are_as_counted_by_hand);
    }
}

int main(void) {
    return run_suite("summary", add_tests);
}
