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
#include "host_device.h"
#include "train/step.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define BATCH     5
#define STEP      0x1p-12 /* short, so that hardly ever a kink lies inside it */
#define ROUNDINGS 512

static const char *device_name; /* NULL: the float64 device alone */

/* ------------------------------------------------------------------------------------------------- the networks
 * checked */

typedef struct network_case {
    const char *name;
    soma_tensor *(*build)(soma_network *network, int variant);
    int variants;
    soma_compile_options options;
    bool classes;  /* targets are class numbers */
    bool weighted; /* sample weights */
} network_case;

static soma_tensor *vector(soma_network *network, size_t size) {
    return soma_input(network, NULL, 1, &size);
}

static soma_tensor *build_activation(soma_network *network, int function) {
    soma_tensor *x = soma_dense(vector(network, 4), 6, SOMA_IDENTITY);
    if (function == SOMA_LOG || function == SOMA_SQRT) x = soma_activation(x, SOMA_EXP, NULL); /* their domain */
    return soma_dense(soma_activation(x, (soma_function)function, NULL), 3, SOMA_IDENTITY);
}

static soma_tensor *build_fused(soma_network *network, int function) {
    soma_tensor *x = vector(network, 4);
    if (function == SOMA_LOG || function == SOMA_SQRT) return soma_dense(x, 3, SOMA_IDENTITY);
    return soma_dense(soma_dense(x, 6, (soma_function)function), 3, SOMA_TANH);
}

static soma_tensor *build_leaky(soma_network *network, int variant) {
    static const float slopes[][2] = {{1, 0.01f}, {2, -0.5f}, {-0.5f, -2}};
    soma_activation_options options = {true, slopes[variant][0], slopes[variant][1]};
    soma_dense_options dense = {.activation = SOMA_LEAKY_RELU, .function = options, .no_bias = variant == 1};
    return soma_dense(soma_dense_with(vector(network, 4), 6, &dense), 3, SOMA_IDENTITY);
}

static soma_tensor *build_softmax(soma_network *network, int variant) {
    size_t shape[3] = {2, 3, 2};
    soma_tensor *x = soma_reshape(soma_dense(vector(network, 4), 12, SOMA_IDENTITY), 3, shape);
    x = variant < 3 ? soma_softmax(x, (uint32_t)variant) : soma_log_softmax(x, (uint32_t)variant - 3);
    return soma_dense(soma_flatten(x), 3, SOMA_IDENTITY);
}

static soma_tensor *build_reduce(soma_network *network, int variant) {
    size_t shape[3] = {2, 3, 2};
    soma_tensor *x = soma_reshape(soma_dense(vector(network, 4), 12, SOMA_IDENTITY), 3, shape);
    x = soma_reduce(x, (soma_reduction)(variant / 3), (uint32_t)(variant % 3));
    return soma_dense(soma_flatten(x), 3, SOMA_IDENTITY);
}

typedef soma_tensor *join_function(soma_tensor *x, soma_tensor *y);

static soma_tensor *build_join(soma_network *network, int variant) {
    static join_function *const joins[] = {soma_add,    soma_subtract, soma_multiply,
                                           soma_divide, soma_maximum,  soma_minimum};
    size_t full[2] = {3, 2}, row[2] = {1, 2}, column[2] = {3, 1};
    soma_tensor *x = vector(network, 4);
    soma_tensor *a = soma_reshape(soma_dense(x, 6, SOMA_TANH), 2, full), *b;
    switch (variant % 4) {
    case 0:
        b = soma_reshape(soma_dense(x, 6, SOMA_EXP), 2, full);
        break;
    case 1:
        b = soma_reshape(soma_dense(x, 2, SOMA_EXP), 2, row);
        break;
    case 2:
        b = soma_reshape(soma_dense(x, 3, SOMA_EXP), 2, column);
        break;
    default:
        b = soma_dense(x, 2, SOMA_EXP);
        break; /* one dimension less */
    }
    bool swapped = (variant / 4) % 2;
    join_function *join = joins[variant / 8];
    if (join == soma_divide && swapped) a = soma_activation(a, SOMA_EXP, NULL); /* away from a pole */
    return soma_dense(soma_flatten(swapped ? join(b, a) : join(a, b)), 3, SOMA_IDENTITY);
}

static soma_tensor *build_branches(soma_network *network, int variant) {
    soma_tensor *x = vector(network, 4), *y = vector(network, 3);
    soma_tensor *left = soma_dense(x, 5, SOMA_TANH), *right = soma_dense(y, 5, SOMA_SIGMOID);
    soma_tensor *parts[3] = {soma_add(left, right), soma_multiply(left, right), soma_dense(left, 2, SOMA_SOFTPLUS)};
    soma_tensor *z = soma_concat(parts, 3, 0);
    if (variant == 1) z = soma_add(soma_dense(z, 12, SOMA_TANH), z); /* a residual connection */
    return soma_dense(z, 3, SOMA_IDENTITY);
}

static soma_tensor *build_concat_axis(soma_network *network, int axis) {
    size_t shape[3] = {2, 3, 2};
    soma_tensor *x = vector(network, 4), *parts[2];
    for (int i = 0; i < 2; i++) parts[i] = soma_reshape(soma_dense(x, 12, SOMA_TANH), 3, shape);
    return soma_dense(soma_flatten(soma_concat(parts, 2, (uint32_t)axis)), 3, SOMA_IDENTITY);
}

static soma_tensor *build_dropout(soma_network *network, int variant) {
    soma_tensor *x = soma_dense(vector(network, 4), 16, SOMA_TANH);
    return soma_dense(soma_dropout(x, variant ? 0.5f : 0), 3, SOMA_IDENTITY);
}

static soma_tensor *build_image(soma_network *network, int variant) {
    size_t shape[4] = {2, 1, 3, 2};
    (void)variant;
    return soma_dense(soma_flatten(soma_input(network, "image", 4, shape)), 3, SOMA_IDENTITY);
}

static soma_tensor *build_softmax_output(soma_network *network, int variant) {
    (void)variant;
    return soma_dense(soma_dense(vector(network, 4), 5, SOMA_TANH), 3, SOMA_SOFTMAX);
}

/* Probabilities that are not the output of a softmax layer, so that the loss works on them as they are. */
static soma_tensor *build_probabilities(soma_network *network, int variant) {
    soma_tensor *x = soma_dense(vector(network, 4), 3, SOMA_SIGMOID);
    return soma_activation(x, variant ? SOMA_LINEAR : SOMA_IDENTITY, &(soma_activation_options){true, 0.9f, 0});
}

static soma_tensor *build_sigmoid_output(soma_network *network, int variant) {
    (void)variant;
    return soma_dense(soma_dense(vector(network, 4), 5, SOMA_TANH), 2, SOMA_SIGMOID);
}

static soma_tensor *build_plain(soma_network *network, int variant) {
    (void)variant;
    return soma_dense(soma_dense(vector(network, 4), 5, SOMA_TANH), 3, SOMA_IDENTITY);
}

static const float class_weights[3] = {0.5f, 2, 1.25f};

#define LOSS(kind)                                                                                                     \
    {                                                                                                                  \
        .loss = { kind }                                                                                               \
    }
static const network_case cases[] = {
    {"activation", build_activation, SOMA_FUNCTION_COUNT, {.loss = {0}}, false, false},
    {"dense with activation", build_fused, SOMA_FUNCTION_COUNT, {.loss = {0}}, false, false},
    {"dense with activation, no fusion", build_fused, SOMA_FUNCTION_COUNT, {.no_fusion = true}, false, false},
    {"leaky relu", build_leaky, 3, {.loss = {0}}, false, false},
    {"softmax", build_softmax, 6, {.loss = {0}}, false, false},
    {"reduce", build_reduce, 3 * SOMA_REDUCTION_COUNT, {.loss = {0}}, false, false},
    {"join", build_join, 48, {.loss = {0}}, false, false},
    {"branches", build_branches, 2, {.loss = {0}}, false, false},
    {"concat", build_concat_axis, 3, {.loss = {0}}, false, false},
    {"dropout", build_dropout, 2, {.loss = {0}}, false, false},
    {"image", build_image, 1, {.loss = {0}}, false, false},
    {"categorical, classes", build_softmax_output, 1, {.loss = {0}}, true, false},
    {"categorical, rows", build_softmax_output, 1, {.loss = {0}}, false, false},
    {"categorical, weighted",
     build_softmax_output,
     1,
     {.class_weight = class_weights, .class_weight_count = 3},
     true,
     true},
    {"categorical, rows, weighted",
     build_softmax_output,
     1,
     {.class_weight = class_weights, .class_weight_count = 3},
     false,
     true},
    {"categorical from logits", build_plain, 1, LOSS(SOMA_CATEGORICAL_CROSSENTROPY_LOGITS), true, false},
    {"categorical from probabilities", build_probabilities, 2, LOSS(SOMA_CATEGORICAL_CROSSENTROPY), true, true},
    {"categorical from probabilities, rows", build_probabilities, 2, LOSS(SOMA_CATEGORICAL_CROSSENTROPY), false, false},
    {"binary", build_sigmoid_output, 1, {.loss = {0}}, false, false},
    {"binary, weighted",
     build_sigmoid_output,
     1,
     {.class_weight = class_weights, .class_weight_count = 2},
     false,
     true},
    {"binary from logits", build_plain, 1, LOSS(SOMA_BINARY_CROSSENTROPY_LOGITS), false, false},
    {"binary from probabilities", build_probabilities, 2, LOSS(SOMA_BINARY_CROSSENTROPY), false, false},
    {"mean squared error", build_plain, 1, LOSS(SOMA_MEAN_SQUARED_ERROR), false, true},
    {"mean absolute error", build_plain, 1, LOSS(SOMA_MEAN_ABSOLUTE_ERROR), false, false},
    {"huber", build_plain, 1, {.loss = {SOMA_HUBER}, .huber_delta = 0.5f}, false, false},
};

/* ------------------------------------------------------------------------------------------------------- one execution
 */

typedef struct execution {
    soma_network *network;
    soma_step *step;
    soma_plan *plan;
    size_t input_size; /* values of all inputs, per batch */
    float *inputs;
} execution;

static float uniform(unsigned *state) {
    *state = *state * 1664525u + 1013904223u;
    return (float)(*state >> 8) * 0x1p-24f;
}

static void write_data(execution *run, const network_case *test) {
    unsigned state = 7;
    size_t number = 0;
    float targets[BATCH * 8], weights[BATCH];
    int32_t classes[BATCH];
    for (size_t i = 0; i < soma_network_input_count(run->network); i++)
        expect_ok(soma_plan_write_input(run->plan, number++, run->inputs, SOMA_F32, 1, 0));
    size_t units = soma_tensor_count(soma_network_output(run->network, 0));
    for (size_t i = 0; i < BATCH * units; i++) targets[i] = uniform(&state);
    for (size_t i = 0; i < BATCH; i++) classes[i] = (int32_t)(i % units), weights[i] = 0.5f + uniform(&state);
    if (test->classes)
        expect_ok(soma_plan_write_input(run->plan, number++, classes, SOMA_I32, 1, 0));
    else
        expect_ok(soma_plan_write_input(run->plan, number++, targets, SOMA_F32, 1, 0));
    if (test->weighted) expect_ok(soma_plan_write_input(run->plan, number, weights, SOMA_F32, 1, 0));
}

static void start(execution *run, const network_case *test, int variant, soma_device *device, soma_dtype real) {
    expect_ok(soma_network_create(&run->network));
    soma_network_set_seed(run->network, 3);
    test->build(run->network, variant);
    expect_ok(soma_compile_as(run->network, device, &test->options, real));
    soma_signature signature = {
        .mode = SOMA_MODE_BACKWARD, .weighted = test->weighted, .target = {test->classes ? SOMA_I32 : SOMA_F32}};
    expect_ok(soma_step_get(run->network, &signature, &run->step));
    expect_ok(soma_step_plan(run->network, run->step, BATCH, &run->plan));
    run->input_size = 0;
    for (size_t i = 0; i < soma_network_input_count(run->network); i++)
        run->input_size = SOMA_MAX(run->input_size, BATCH * soma_tensor_count(soma_network_input(run->network, i)));
    run->inputs = calloc(run->input_size, sizeof(float));
    unsigned state = 11;
    for (size_t i = 0; i < run->input_size; i++) run->inputs[i] = 2 * uniform(&state) - 1;
    write_data(run, test);
}

static void finish(execution *run) {
    soma_network_destroy(run->network);
    free(run->inputs);
}

/* Runs and returns the loss. */
static double loss_of(execution *run, const network_case *test) {
    soma_step_values values = soma_step_values_now(run->network, 0);
    soma_metrics metrics;
    write_data(run, test);
    expect_ok(soma_executor_clear_accumulators(run->network->compiled->executor));
    expect_ok(soma_plan_run(run->plan, &values));
    expect_ok(soma_step_read_metrics(run->network, BATCH, &metrics));
    return metrics.loss;
}

/* A number that the loss depends on: one element of a parameter, or of the inputs (parameter -1). */
static float get_value(execution *run, int parameter, size_t i) {
    if (parameter < 0) return run->inputs[i];
    soma_executor *executor = run->network->compiled->executor;
    float value;
    expect_ok(soma_executor_read(executor, executor->parameters,
                                 soma_network_parameter(run->network, (size_t)parameter)->offset + i, &value, 1));
    return value;
}

static void set_value(execution *run, int parameter, size_t i, float value) {
    if (parameter < 0) {
        run->inputs[i] = value;
        return;
    }
    soma_executor *executor = run->network->compiled->executor;
    expect_ok(soma_executor_write(executor, executor->parameters,
                                  soma_network_parameter(run->network, (size_t)parameter)->offset + i, &value, 1));
}

static double central_difference(execution *run, const network_case *test, int parameter, size_t i, float h) {
    float value = get_value(run, parameter, i), up = value + h, down = value - h;
    set_value(run, parameter, i, up);
    double above = loss_of(run, test);
    set_value(run, parameter, i, down);
    double below = loss_of(run, test);
    set_value(run, parameter, i, value);
    return (above - below) / ((double)up - (double)down); /* as float32 has rounded the step */
}

/* ---------------------------------------------------------------------------------------------------------- the check
 */

static void read_gradient(execution *run, int parameter, float *values, size_t count) {
    run->network->compiled->last_backward = run->step;
    run->network->compiled->last_plan = run->plan;
    if (parameter >= 0) {
        expect_ok(
            soma_get_gradient(run->network, soma_network_parameter(run->network, (size_t)parameter), values, count));
        return;
    }
    expect_ok(soma_get_gradient(run->network, soma_network_input(run->network, 0), values, count));
}

static bool second_input_shares_values(const execution *run) {
    return soma_network_input_count(run->network) > 1;
}

/* One tensor: parameter number, or -1 for the first input. */
static void check_tensor(const network_case *test, int variant, execution *exact, execution *tested, int parameter) {
    if (parameter < 0 && second_input_shares_values(exact)) return; /* both inputs are fed the same numbers here */
    size_t count = parameter < 0 ? BATCH * soma_tensor_count(soma_network_input(exact->network, 0))
                                 : soma_tensor_count(soma_network_parameter(exact->network, (size_t)parameter));
    float *analytic = calloc(count, sizeof *analytic), *device = calloc(count, sizeof *device);
    loss_of(exact, test);
    read_gradient(exact, parameter, analytic, count);
    loss_of(tested, test);
    read_gradient(tested, parameter, device, count);
    double largest = 0;
    for (size_t i = 0; i < count; i++) largest = fmax(largest, fabs((double)analytic[i]));
    for (size_t i = 0; i < count; i++) {
        double coarse = central_difference(exact, test, parameter, i, (float)STEP);
        double fine = central_difference(exact, test, parameter, i, (float)STEP / 2);
        double expected = (4 * fine - coarse) / 3, truncation = fabs(fine - coarse) + 1e-7;
        double rounding = ROUNDINGS * 0x1p-24 * (largest + 0.01);
        ck_assert_msg(fabs((double)analytic[i] - expected) <= truncation + 0x1p-23 * largest,
                      "%s %d: tensor %d, element %zu: analytic %.9g, numerical %.9g +- %.2g", test->name, variant,
                      parameter, i, (double)analytic[i], expected, truncation);
        ck_assert_msg(fabs((double)device[i] - expected) <= truncation + rounding,
                      "%s %d on %s: tensor %d, element %zu: %.9g, numerical %.9g +- %.2g", test->name, variant,
                      device_name, parameter, i, (double)device[i], expected, truncation + rounding);
    }
    free(analytic);
    free(device);
}

START_TEST(gradients_agree_with_central_differences) {
    const network_case *test = &cases[_i];
    soma_device host, *device = &host;
    host_device_open(&host);
    if (device_name) expect_ok(soma_device_open(device_name, NULL, &device));
    for (int variant = 0; variant < test->variants; variant++) {
        execution exact, tested;
        start(&exact, test, variant, &host, SOMA_F64);
        start(&tested, test, variant, device, SOMA_F32);
        for (int i = -1; i < (int)soma_network_parameter_count(exact.network); i++)
            check_tensor(test, variant, &exact, &tested, i);
        finish(&exact);
        finish(&tested);
    }
    if (device_name) soma_device_close(device);
}
END_TEST

int main(int argc, char **argv) {
    device_name = argc > 1 ? argv[1] : NULL;
    soma_device *device = NULL;
    if (device_name) {
        if (soma_device_open(device_name, NULL, &device) != SOMA_OK) {
            printf("skipped: there is no device \"%s\" here: %s\n", device_name, soma_last_error());
            return 77;
        }
        soma_device_close(device);
    }
    TCase *tcase = tcase_create("gradients");
    tcase_set_timeout(tcase, 300);
    tcase_add_loop_test(tcase, gradients_agree_with_central_differences, 0, SOMA_COUNT_OF(cases));
    Suite *suite = suite_create("gradients");
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_set_fork_status(runner, CK_NOFORK); /* OpenCL does not survive a fork */
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}
