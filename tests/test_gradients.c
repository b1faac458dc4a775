/* SPDX-License-Identifier: MIT */
/*
 * Gradient checks: for every op, layer and loss, the gradients of parameters and inputs on a device against central
 * differences of the loss in float64.
 *
 * The numerical gradient is Richardson's extrapolation of central differences with steps h and h/2; |D(h/2) - D(h)|
 * bounds its truncation error. A float32 device adds rounding: at most ROUNDINGS half ulps of the largest gradient, the
 * length of the longest chain of operations in these networks.
 */
#include "device/device.h"
#include "expect.h"
#include "gradient_cases.h"
#include "host_device.h"
#include "train/step.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define BATCH     5
#define STEP      0x1p-12 /* short, so that hardly ever a kink lies inside it */
#define ROUNDINGS 512

/* Held against the same differences, which take longest: the float64 device in float32, and those that arguments name.
 */
enum { MOST_TESTED = 4 };
typedef struct tested_device {
    const char *name;
    soma_device *device;
} tested_device;
static tested_device tested[MOST_TESTED] = {{"the float64 device", NULL}};
static int tested_count = 1;

/* ------------------------------------------------------------------------------------------------------- one execution
 */

typedef struct execution {
    soma_network *network;
    soma_step *step;
    soma_plan *plan;
    float *inputs[SOMA_MAX_OUTPUTS];
} execution;

static float uniform(unsigned *state) {
    *state = *state * 1664525u + 1013904223u;
    return (float)(*state >> 8) * 0x1p-24f;
}

static size_t classes_of(soma_network *network) {
    size_t shape[SOMA_MAX_RANK];
    uint32_t rank = soma_tensor_shape(soma_network_output(network, 0), shape);
    return shape[rank - 1];
}

/* Up to two of each sample, of all units but the blank. */
enum { LABELS = 2 };
static void write_labels(execution *run, size_t number) {
    const int32_t units = (int32_t)classes_of(run->network) - 1;
    int32_t labels[BATCH * LABELS];
    for (int32_t i = 0; i < BATCH; i++) {
        labels[i * LABELS] = i % units;
        labels[i * LABELS + 1] = i % 3 ? (i + 1) % units : -1; /* another one: there are but two steps */
    }
    expect_ok(soma_plan_write_input(run->plan, number, labels, SOMA_I32, 1, 0));
}

static void write_data(execution *run, const gradient_case *test) {
    unsigned state = 7;
    size_t number = 0;
    float targets[BATCH * 8], weights[BATCH];
    int32_t classes[BATCH * 8];
    for (size_t i = 0; i < soma_network_input_count(run->network); i++)
        expect_ok(soma_plan_write_input(run->plan, number++, run->inputs[i], SOMA_F32, 1, 0));
    size_t units = soma_tensor_count(soma_network_output(run->network, 0));
    for (size_t i = 0; i < BATCH * units; i++) targets[i] = uniform(&state);
    for (size_t i = 0; i < BATCH * units / classes_of(run->network); i++)
        classes[i] = (int32_t)((i + i / 2) % classes_of(run->network));
    for (size_t i = 0; i < BATCH; i++) weights[i] = 0.5f + uniform(&state);
    if (test->options.loss[0] == SOMA_CTC)
        write_labels(run, number++);
    else if (test->classes)
        expect_ok(soma_plan_write_input(run->plan, number++, classes, SOMA_I32, 1, 0));
    else
        expect_ok(soma_plan_write_input(run->plan, number++, targets, SOMA_F32, 1, 0));
    if (test->weighted) expect_ok(soma_plan_write_input(run->plan, number, weights, SOMA_F32, 1, 0));
}

static void start(execution *run, const gradient_case *test, int variant, soma_device *device, soma_dtype real) {
    expect_ok(soma_network_create(&run->network));
    soma_network_set_seed(run->network, 3);
    test->build(run->network, variant);
    expect_ok(soma_compile_as(run->network, device, &test->options, real));
    soma_signature signature = {.mode = SOMA_MODE_BACKWARD,
                                .weighted = test->weighted,
                                .target = {test->classes ? SOMA_I32 : SOMA_F32},
                                .labels = {LABELS},
                                .label_mean = 1};
    expect_ok(soma_step_get(run->network, &signature, &run->step));
    expect_ok(soma_step_plan(run->network, run->step, BATCH, &run->plan));
    unsigned state = 11;
    for (size_t i = 0; i < soma_network_input_count(run->network); i++) {
        size_t count = BATCH * soma_tensor_count(soma_network_input(run->network, i));
        run->inputs[i] = calloc(count, sizeof(float));
        for (size_t j = 0; j < count; j++) run->inputs[i][j] = 2 * uniform(&state) - 1;
    }
    write_data(run, test);
}

static void finish(execution *run) {
    for (size_t i = 0; i < soma_network_input_count(run->network); i++) free(run->inputs[i]);
    soma_network_destroy(run->network);
}

/* Runs and returns the loss. */
static double loss_of(execution *run, const gradient_case *test) {
    soma_step_values values = soma_step_values_now(run->network, 0);
    soma_metrics metrics;
    write_data(run, test);
    expect_ok(soma_executor_clear_accumulators(run->network->compiled->executor));
    expect_ok(soma_plan_run(run->plan, &values));
    expect_ok(soma_step_read_metrics(run->network, &run->step->signature, BATCH, &metrics));
    return metrics.loss;
}

/* What the loss depends on: parameters count from 0, the inputs -1, -2, ... */
static const soma_tensor *tensor_of(const execution *run, int number) {
    return number < 0 ? soma_network_input(run->network, (size_t)(-1 - number))
                      : soma_network_parameter(run->network, (size_t)number);
}

static float get_value(execution *run, int number, size_t i) {
    if (number < 0) return run->inputs[-1 - number][i];
    soma_executor *executor = run->network->compiled->executor;
    float value;
    expect_ok(soma_executor_read(executor, executor->parameters, tensor_of(run, number)->offset + i, &value, 1));
    return value;
}

static void set_value(execution *run, int number, size_t i, float value) {
    if (number < 0) {
        run->inputs[-1 - number][i] = value;
        return;
    }
    soma_executor *executor = run->network->compiled->executor;
    expect_ok(soma_executor_write(executor, executor->parameters, tensor_of(run, number)->offset + i, &value, 1));
}

static double central_difference(execution *run, const gradient_case *test, int number, size_t i, float h) {
    float value = get_value(run, number, i), up = value + h, down = value - h;
    set_value(run, number, i, up);
    double above = loss_of(run, test);
    set_value(run, number, i, down);
    double below = loss_of(run, test);
    set_value(run, number, i, value);
    return (above - below) / ((double)up - (double)down); /* as float32 has rounded the step */
}

/* ---------------------------------------------------------------------------------------------------------- the check
 */

static void read_gradient(execution *run, int number, float *values, size_t count) {
    run->network->compiled->last_backward = run->step;
    run->network->compiled->last_plan = run->plan;
    expect_ok(soma_get_gradient(run->network, tensor_of(run, number), values, count));
}

/* One parameter or input; returns its largest gradient. */
static double check_tensor(const gradient_case *test, int variant, execution *exact, execution *runs, int number) {
    size_t count = soma_tensor_count(tensor_of(exact, number)) * (number < 0 ? BATCH : 1);
    float *analytic = calloc(count, sizeof *analytic), *device[MOST_TESTED];
    loss_of(exact, test);
    read_gradient(exact, number, analytic, count);
    for (int d = 0; d < tested_count; d++) {
        device[d] = calloc(count, sizeof *device[d]);
        loss_of(&runs[d], test);
        read_gradient(&runs[d], number, device[d], count);
    }
    double largest = 0;
    /* Not fmax(): GCC 12 for aarch64 ends in an internal error where it makes vectors of such a loop. */
    for (size_t i = 0; i < count; i++)
        if (fabs((double)analytic[i]) > largest) largest = fabs((double)analytic[i]);
    for (size_t i = 0; i < count; i++) {
        double coarse = central_difference(exact, test, number, i, (float)STEP);
        double fine = central_difference(exact, test, number, i, (float)STEP / 2);
        double expected = (4 * fine - coarse) / 3, truncation = fabs(fine - coarse) + 1e-7;
        double rounding = ROUNDINGS * 0x1p-24 * (largest + 0.01);
        ck_assert_msg(fabs((double)analytic[i] - expected) <= truncation + 0x1p-23 * largest,
                      "%s %d: tensor %d, element %zu: analytic %.9g, numerical %.9g +- %.2g", test->name, variant,
                      number, i, (double)analytic[i], expected, truncation);
        for (int d = 0; d < tested_count; d++)
            ck_assert_msg(fabs((double)device[d][i] - expected) <= truncation + rounding,
                          "%s %d on %s: tensor %d, element %zu: %.9g, numerical %.9g +- %.2g", test->name, variant,
                          tested[d].name, number, i, (double)device[d][i], expected, truncation + rounding);
    }
    free(analytic);
    for (int d = 0; d < tested_count; d++) free(device[d]);
    return largest;
}

START_TEST(gradients_agree_with_central_differences) {
    const gradient_case *test = &gradient_cases[_i];
    soma_device host;
    host_device_open(&host);
    tested[0].device = &host;
    for (int variant = 0; variant < test->variants; variant++) {
        execution exact, runs[MOST_TESTED];
        start(&exact, test, variant, &host, SOMA_F64);
        for (int d = 0; d < tested_count; d++) start(&runs[d], test, variant, tested[d].device, SOMA_F32);
        double largest = 0;
        int first = -(int)soma_network_input_count(exact.network),
            end = (int)soma_network_parameter_count(exact.network);
        for (int i = first; i < end; i++)
            if (i < 0 || soma_parameter_is_trained(&exact.network->parameters[i]))
                largest = fmax(largest, check_tensor(test, variant, &exact, runs, i));
        ck_assert_msg(largest > 1e-6, "%s %d: all gradients are 0", test->name, variant);
        finish(&exact);
        for (int d = 0; d < tested_count; d++) finish(&runs[d]);
    }
}
END_TEST

/* Opens those that arguments name; says which are not there, and returns how many these are. */
static int open_devices(int count, char **names) {
    int absent = 0;
    for (int i = 0; i < count; i++) {
        tested_device *opened = &tested[tested_count];
        opened->name = names[i];
        if (soma_device_open(opened->name, NULL, &opened->device) == SOMA_OK)
            tested_count++;
        else {
            absent++;
            printf("skipped: there is no device \"%s\" here: %s\n", opened->name, soma_last_error());
        }
    }
    return absent;
}

/*
 * Arguments: devices. Exit status 77 where none of them is there. Where one of several is, it is held to the
 * differences, and so are these themselves: reported as a skip, what passed would count as if nothing had been held to
 * anything. That a device is not there is said here, and is among the skips of the tests that name it alone, as its
 * conformance does.
 */
int main(int argc, char **argv) {
    if (argc - 1 > MOST_TESTED - 1) {
        printf("%d devices, at most %d can be held to the same differences\n", argc - 1, MOST_TESTED - 1);
        return 1;
    }
    const int absent = open_devices(argc - 1, argv + 1);
    if (absent && tested_count == 1) return 77;
    TCase *tcase = tcase_create("gradients");
    tcase_set_timeout(tcase, 300);
    tcase_add_loop_test(tcase, gradients_agree_with_central_differences, 0, (int)gradient_case_count);
    Suite *suite = suite_create("gradients");
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_set_fork_status(runner, CK_NOFORK); /* OpenCL does not survive a fork */
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    for (int d = 1; d < tested_count; d++) soma_device_close(tested[d].device);
    return failed ? 1 : 0;
}
