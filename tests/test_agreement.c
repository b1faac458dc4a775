/* SPDX-License-Identifier: MIT */
/*
 * Devices train alike: the loss of each of the first 100 steps on the digits, against training in float64.
 *
 * The bound: a device rounds every number that goes into a weight, at most ROUNDINGS times on the way through a step
 * (the longest sums: 64 inputs, 128 units, 32 samples, and the update). So it differs from float64 no more than float64
 * training differs from itself after its first weights were disturbed by a half ulp, times ROUNDINGS. How fast a
 * disturbance grows is measured, not guessed: by that second float64 run.
 */
#include "device/device.h"
#include "expect.h"
#include "host_device.h"
#include "train/step.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define STEPS     100
#define BATCH     32
#define PIXELS    64
#define HALF_ULP  0x1p-24
#define ROUNDINGS (64 + 128 + 32 + 32)

static const char *device_name;
static float pixels[BATCH * PIXELS * 40];
static int32_t labels[BATCH * 40];

static void load_digits(void) {
    soma_dataset *train, *test;
    expect_ok(soma_dataset_digits(&train, &test));
    expect_ok(soma_dataset_read_input(train, 0, 0, BATCH * 40, pixels));
    expect_ok(soma_dataset_read_classes(train, 0, BATCH * 40, labels));
    soma_dataset_destroy(train);
    soma_dataset_destroy(test);
}

/* Moves each weight by a half ulp, up or down in turn. In float64 the difference survives. */
static void disturb(soma_network *network) {
    soma_executor *executor = network->compiled->executor;
    double *weights = calloc(executor->parameter_count, sizeof *weights);
    size_t bytes = executor->parameter_count * sizeof *weights;
    expect_ok(soma_device_read(executor->device, executor->parameters, 0, weights, bytes));
    for (size_t i = 0; i < executor->parameter_count; i++) weights[i] *= 1 + (i % 2 ? HALF_ULP : -HALF_ULP);
    expect_ok(soma_device_write(executor->device, executor->parameters, 0, weights, bytes));
    free(weights);
}

static void train(soma_device *device, soma_dtype real, bool disturbed, soma_optimizer_kind optimizer, double *losses) {
    soma_network *network;
    size_t size = PIXELS;
    expect_ok(soma_network_create(&network));
    soma_network_set_seed(network, 1);
    soma_layers(soma_input(network, NULL, 1, &size), "dense 128 relu; dropout 0.2; dense 10 softmax");
    expect_ok(soma_compile_as(network, device, &(soma_compile_options){.optimizer = {.kind = optimizer}}, real));
    if (disturbed) disturb(network);
    for (int step = 0; step < STEPS; step++) {
        size_t first = (size_t)(step % 40) * BATCH;
        soma_array x = {pixels + first * PIXELS, SOMA_F32, 2, {BATCH, PIXELS}};
        soma_array y = {labels + first, SOMA_I32, 1, {BATCH}};
        soma_metrics metrics;
        expect_ok(soma_train_on_batch(network, &x, &y, &metrics));
        losses[step] = metrics.loss;
    }
    soma_network_destroy(network);
}

START_TEST(losses_agree_with_float64) {
    static const soma_optimizer_kind optimizers[] = {SOMA_SGD, SOMA_NESTEROV, SOMA_ADAM};
    double exact[STEPS], disturbed[STEPS], tested[STEPS], growth = 0, worst = 0;
    soma_device host, *device = NULL;
    load_digits();
    host_device_open(&host);
    train(&host, SOMA_F64, false, optimizers[_i], exact);
    train(&host, SOMA_F64, true, optimizers[_i], disturbed);
    expect_ok(soma_device_open(device_name, NULL, &device));
    train(device, SOMA_F32, false, optimizers[_i], tested);
    soma_device_close(device);
    for (int step = 0; step < STEPS; step++) {
        growth = fmax(growth, fmax(fabs(disturbed[step] - exact[step]), HALF_ULP * exact[step]));
        double error = fabs(tested[step] - exact[step]);
        worst = fmax(worst, error / growth);
        ck_assert_msg(error <= ROUNDINGS * growth,
                      "%s, step %d: loss %.9g, in float64 %.9g: they differ by %.2g, bound %.2g",
                      soma_name(SOMA_NAMES_OPTIMIZER, (int)optimizers[_i]), step, tested[step], exact[step], error,
                      ROUNDINGS * growth);
    }
    ck_assert_msg(exact[STEPS - 1] < 0.9 * exact[0], "it did not learn: loss %g, at first %g", exact[STEPS - 1],
                  exact[0]);
    printf("%s: at most %.1f of %d half ulps' growth; last loss %.6f, in float64 %.6f\n",
           soma_name(SOMA_NAMES_OPTIMIZER, (int)optimizers[_i]), worst, ROUNDINGS, tested[STEPS - 1], exact[STEPS - 1]);
}
END_TEST

int main(int argc, char **argv) {
    soma_device *device;
    device_name = argc > 1 ? argv[1] : "cpu";
    if (soma_device_open(device_name, NULL, &device) != SOMA_OK) {
        printf("skipped: there is no device \"%s\" here: %s\n", device_name, soma_last_error());
        return 77;
    }
    soma_device_close(device);
    TCase *tcase = tcase_create("agreement");
    tcase_set_timeout(tcase, 300);
    tcase_add_loop_test(tcase, losses_agree_with_float64, 0, 3);
    Suite *suite = suite_create("agreement");
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_set_fork_status(runner, CK_NOFORK); /* OpenCL does not survive a fork */
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}
