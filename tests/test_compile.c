/* SPDX-License-Identifier: MIT */
/* Compiling, compiling again, and the values of parameters and gradients. */
#include "base/random.h"
#include "expect.h"
#include "host_device.h"
#include "host_network.h"
#include "suite.h"
#include "temporary.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* ------------------------------------------------------------------------------------------- what cannot be compiled
 */

static void build_nothing(soma_network *network) {
    (void)network;
}
static void build_error(soma_network *network) {
    size_t width = 3;
    soma_dense(soma_input(network, NULL, 1, &width), 0, SOMA_RELU);
}
static void build_constant_output(soma_network *network) { /* the last layer is of the weights alone */
    size_t width = 3;
    soma_dense(soma_input(network, NULL, 1, &width), 2, SOMA_RELU);
    soma_flatten(soma_network_tensor(network, "dense_1.weight"));
}

static const struct {
    void (*build)(soma_network *network);
    soma_status status;
    const char *words[2];
} impossible[] = {
    {build_nothing, SOMA_INVALID_STATE, {"no input", "soma_input"}},
    {build_error, SOMA_INVALID_ARGUMENT, {"layer dense_1: ", "0 units"}},
    {build_constant_output, SOMA_INVALID_STATE, {"flatten_1", "same for every sample"}},
};

START_TEST(impossible_networks_are_refused) {
    soma_device device;
    soma_network *network;
    host_device_open(&device);
    expect_ok(soma_network_create(&network));
    impossible[_i].build(network);
    const char *words[] = {impossible[_i].words[0], impossible[_i].words[1], NULL};
    expect_error_words(soma_compile(network, &device, NULL), impossible[_i].status, words, "soma_compile");
    ck_assert_ptr_null(network->compiled);
    soma_network_destroy(network);
}
END_TEST

START_TEST(what_the_device_has_the_host_does_not_keep) {
    soma_device device;
    host_device_open(&device);
    soma_network *network = network_of_text(3, "dense 2; dense 1");
    expect_ok(soma_compile(network, &device, NULL));
    for (size_t i = 0; i < network->parameter_count; i++) ck_assert_ptr_null(network->parameters[i].values);
    soma_network_destroy(network);
}
END_TEST

static size_t count_steps(const soma_network *network) {
    size_t count = 0;
    for (const soma_step *step = network->compiled->steps; step; step = step->next) count++;
    return count;
}

/* Where no loss is named; and a session has the graph of the network's. */
START_TEST(a_step_of_training_is_made_when_it_is_asked_for) {
    const soma_compile_options named = {.loss = {SOMA_MEAN_SQUARED_ERROR}};
    soma_device device;
    host_device_open(&device);
    soma_network *network = network_of_text(3, "dense 2");
    soma_session *session;
    soma_network_figures figures;
    expect_ok(soma_compile(network, &device, NULL));
    expect_ok(soma_session_create(network, NULL, &session));
    ck_assert_uint_eq(count_steps(network), 1);
    soma_session_destroy(session);
    expect_ok(soma_network_get_figures(network, 1, &figures)); /* of training, too, where there is any */
    ck_assert_uint_eq(count_steps(network), SOMA_HAS_TRAINING ? 2 : 1);
    expect_ok(soma_compile(network, &device, &named));
    ck_assert_uint_eq(count_steps(network), SOMA_HAS_TRAINING ? 2 : 1);
    soma_network_destroy(network);
}
END_TEST

START_TEST(what_is_missing_is_named) {
    soma_device device;
    soma_compile_options options;
    host_device_open(&device);
    soma_network *network = network_of_text(3, "dense 2");
    expect_error(soma_compile(NULL, &device, NULL), SOMA_INVALID_ARGUMENT, "a network and a device");
    expect_error(soma_compile(network, NULL, NULL), SOMA_INVALID_ARGUMENT, "a network and a device");
    expect_error(soma_network_get_compile_options(network, &options), SOMA_INVALID_STATE, "not compiled");
    soma_network_destroy(network);
}
END_TEST

/* A device that is too small: at every size up to what is enough, an error that leaves the network as it was. */
START_TEST(too_little_memory_leaves_the_network_as_it_was) {
    soma_device device;
    host_device_open(&device);
    soma_network *network = network_of_text(3, "dense 40 relu; dense 30 relu; dense 2 softmax");
    float before[120], after[120];
    expect_ok(soma_get_parameter(network, soma_network_parameter(network, 0), before, 120));
    soma_status status = SOMA_OUT_OF_DEVICE_MEMORY;
    int failures = 0;
    for (device.memory_limit = 64; status != SOMA_OK; device.memory_limit *= 2) {
        status = soma_compile(network, &device, NULL);
        if (status == SOMA_OK) break;
        failures++;
        ck_assert_int_eq(status, SOMA_OUT_OF_DEVICE_MEMORY);
        ck_assert_uint_eq(device.memory.allocated, 0);
        expect_ok(soma_get_parameter(network, soma_network_parameter(network, 0), after, 120));
        ck_assert_mem_eq(before, after, sizeof before);
    }
    ck_assert_int_gt(failures, 3);
    soma_network_destroy(network);
    ck_assert_uint_eq(device.memory.allocated, 0);
}
END_TEST

/* ---------------------------------------------------------------------------------------------------- compiling again
 */

static void train_a_step(soma_network *network) {
    static const float x[2][3] = {{1, 2, 3}, {-1, 0.5f, 0}};
    static const int32_t classes[2] = {1, 0};
    soma_array input = {x, SOMA_F32, 2, {2, 3}}, target = {classes, SOMA_I32, 1, {2}};
    expect_ok(soma_train_on_batch(network, &input, &target, NULL));
}

static void read_weights(soma_network *network, float *values) {
    for (size_t i = 0; i < soma_network_parameter_count(network); i++) {
        const soma_tensor *parameter = soma_network_parameter(network, i);
        expect_ok(soma_get_parameter(network, parameter, values, soma_tensor_count(parameter)));
        values += soma_tensor_count(parameter);
    }
}

START_TEST(weights_go_along_to_another_device) {
    enum { COUNT = 3 * 4 + 4 + 4 * 2 + 2 };
    soma_device host, *cpu;
    float initial[COUNT], trained[COUNT], now[COUNT];
    host_device_open(&host);
    expect_ok(soma_device_open("cpu", NULL, &cpu));
    soma_network *network = network_of_text(3, "dense 4 tanh; dense 2 softmax");
    soma_compile_options adam = {.optimizer = {.kind = SOMA_ADAM, .learning_rate = 0.1f}};
    read_weights(network, initial);
    expect_ok(soma_compile(network, cpu, &adam));
    read_weights(network, now);
    ck_assert_mem_eq(now, initial, sizeof now);
    train_a_step(network);
    read_weights(network, trained);
    ck_assert_mem_ne(trained, initial, sizeof now);
    expect_ok(soma_compile(network, &host, &adam));
    read_weights(network, now);
    ck_assert_mem_eq(now, trained, sizeof now);
    ck_assert_uint_eq(network->compiled->step, 0); /* the optimizer begins anew */
    train_a_step(network);
    read_weights(network, trained);
    /* One that fails leaves the weights, and the network not compiled. */
    expect_error(soma_compile(network, cpu, &(soma_compile_options){.loss = {SOMA_CTC + 1}}), SOMA_INVALID_ARGUMENT,
                 "no loss");
    ck_assert_ptr_null(network->compiled);
    ck_assert_uint_eq(host.memory.allocated, 0);
    read_weights(network, now);
    ck_assert_mem_eq(now, trained, sizeof now);
    expect_ok(soma_compile(network, cpu, NULL));
    read_weights(network, now);
    ck_assert_mem_eq(now, trained, sizeof now);
    soma_network_destroy(network);
    soma_device_close(cpu);
}
END_TEST

/* A float64 step by hand is not needed to see that momentum is gone: two first steps from one point are equal. */
START_TEST(compiling_again_forgets_the_optimizer) {
    soma_device device;
    float first[26], again[26], start[26];
    host_device_open(&device);
    soma_compile_options options = {.optimizer = {.kind = SOMA_MOMENTUM, .learning_rate = 0.1f}};
    soma_network *network = network_of_text(3, "dense 4 tanh; dense 2 softmax");
    read_weights(network, start);
    expect_ok(soma_compile(network, &device, &options));
    train_a_step(network);
    read_weights(network, first);
    train_a_step(network);
    expect_ok(soma_compile(network, &device, &options));
    float *values = start;
    for (size_t i = 0; i < soma_network_parameter_count(network); i++) {
        soma_tensor *parameter = soma_network_parameter(network, i);
        expect_ok(soma_set_parameter(network, parameter, values, soma_tensor_count(parameter)));
        values += soma_tensor_count(parameter);
    }
    train_a_step(network);
    read_weights(network, again);
    ck_assert_mem_eq(first, again, sizeof first);
    soma_network_destroy(network);
}
END_TEST

/* Growing a network after it was compiled: the next compile takes what is new along. */
START_TEST(a_compiled_network_can_grow) {
    soma_device device;
    enum { COUNT = 3 * 4 + 4 + 4 * 5 + 5 };
    float y[5], x[3] = {1, 2, 3}, grown[COUNT], whole[COUNT];
    host_device_open(&device);
    soma_network *network = network_of_text(3, "dense 4 tanh"),
                 *other = network_of_text(3, "dense 4 tanh; dense 5 softmax");
    expect_ok(soma_compile(network, &device, NULL));
    soma_dense(soma_network_tensor(network, "dense_1"), 5, SOMA_SOFTMAX);
    /* Until then its plans, and the places of its weights, are those of the smaller network. */
    expect_error(soma_run(network, x, 1, y), SOMA_INVALID_STATE, "soma_run", "further layers");
    expect_error(soma_get_parameter(network, soma_network_parameter(network, 2), whole, 20), SOMA_INVALID_STATE,
                 "soma_get_parameter", "further layers");
    expect_ok(soma_compile(network, &device, NULL));
    read_weights(network, grown);
    read_weights(other, whole);
    ck_assert_mem_eq(grown, whole, sizeof whole);
    expect_ok(soma_run(network, x, 1, y));
    double sum = 0;
    for (int i = 0; i < 5; i++) sum += (double)y[i];
    ck_assert(fabs(sum - 1) < 1e-6);
    soma_output(soma_network_tensor(network, "dense_1"));
    expect_error(soma_run(network, x, 1, y), SOMA_INVALID_STATE, "outputs since it was compiled");
    soma_network_destroy(network);
    soma_network_destroy(other);
}
END_TEST

/* What lies below a binary step does not learn: its gradient is 0 by definition, and no error. */
START_TEST(below_a_binary_step_gradients_are_zero) {
    soma_device device;
    float gradient[12];
    static const float x[2][3] = {{1, 2, 3}, {-1, 0.5f, 0}};
    static const int32_t classes[2] = {1, 0};
    soma_array input = {x, SOMA_F32, 2, {2, 3}}, target = {classes, SOMA_I32, 1, {2}};
    host_device_open(&device);
    soma_network *network = network_of_text(3, "dense 4 step; dense 2 softmax");
    expect_ok(soma_compile(network, &device, NULL));
    expect_ok(soma_backward(network, &input, &target, NULL));
    expect_ok(soma_get_gradient(network, soma_network_tensor(network, "dense_1.weight"), gradient, 12));
    for (int i = 0; i < 12; i++) ck_assert(gradient[i] == 0);
    expect_ok(soma_get_gradient(network, soma_network_input(network, 0), gradient, 6));
    for (int i = 0; i < 6; i++) ck_assert(gradient[i] == 0);
    expect_ok(soma_get_gradient(network, soma_network_tensor(network, "dense_2.bias"), gradient, 2));
    ck_assert(gradient[0] != 0 && fabs((double)gradient[0] + (double)gradient[1]) < 1e-6); /* a softmax's sum to 0 */
    soma_network_destroy(network);
}
END_TEST

/* The same network with dropout in all places, and without. */
static const char *const dropouts[][2] = {
    {"dense 4 tanh; dropout 0.5", "dense 4 tanh"}, /* the output itself */
    {"dropout 0.5; dropout 0.25; dense 4; dropout 0.5; dropout 0.5", "dense 4"},
    {"dropout 0.9", "identity"}, /* of the input */
};

START_TEST(in_inference_nothing_is_dropped) {
    soma_device device;
    static const float x[2][3] = {{1, 2, 3}, {-1, 0.5f, 0}}, zeros[2][4] = {{0}};
    float y[2][8];
    double loss[2];
    host_device_open(&device);
    for (int i = 0; i < 2; i++) {
        soma_network *network = network_of_text(3, dropouts[_i][i]);
        size_t width = soma_tensor_count(soma_network_output(network, 0));
        soma_array input = {x, SOMA_F32, 2, {2, 3}}, target = {zeros, SOMA_F32, 2, {2, width}};
        soma_dataset *dataset;
        soma_metrics metrics;
        expect_ok(soma_compile(network, &device, NULL));
        expect_ok(soma_run(network, &x[0][0], 2, y[i]));
        expect_ok(soma_dataset_from_arrays(&input, 1, &target, 1, &dataset));
        expect_ok(soma_evaluate(network, dataset, 2, &metrics));
        loss[i] = metrics.loss;
        ck_assert(loss[i] > 0);
        soma_dataset_destroy(dataset);
        if (i == 1) ck_assert_mem_eq(y[0], y[1], 2 * width * sizeof(float));
        soma_network_destroy(network);
    }
    ck_assert(loss[0] == loss[1]);
}
END_TEST

/* Shuffling and initial weights draw from the network's seed too: dropout's numbers must not be theirs. */
START_TEST(dropout_draws_from_streams_of_its_own) {
    soma_device device;
    host_device_open(&device);
    soma_network *network = network_of_text(3, "dropout 0.5; dense 4 tanh; dropout 0.25; dense 2 softmax");
    expect_ok(soma_compile(network, &device, NULL));
    soma_step *step = step_of(network, SOMA_MODE_TRAIN);
    soma_plan *plan = plan_of(network, step, 2);
    network->compiled->step = 41;
    run_step(network, step, plan);
    size_t count, found[2] = {0, 0};
    soma_call *calls = soma_plan_calls(plan, &count);
    for (size_t i = 0; i < count; i++) {
        if (calls[i].primitive != SOMA_PRIMITIVE_DROPOUT) continue;
        const soma_dropout_params *params = &calls[i].params.dropout;
        ck_assert(params->stream == SOMA_STREAM_DROPOUT || params->stream == SOMA_STREAM_DROPOUT + 1);
        found[params->stream - SOMA_STREAM_DROPOUT]++;
        ck_assert(params->rate == (params->stream == SOMA_STREAM_DROPOUT ? 0.5f : 0.25f));
        ck_assert(params->seed == network->seed && params->step == 41);
    }
    ck_assert(found[0] == 1 && found[1] == 2); /* the second one's gradient is dropped alike; the input needs none */
    soma_network_destroy(network);
}
END_TEST

/* --------------------------------------------------------------------------------------------- parameters, gradients
 */

START_TEST(parameters_are_read_and_written) {
    soma_device device;
    host_device_open(&device);
    soma_network *network = network_of_text(3, "dense 2");
    soma_tensor *weight = soma_network_parameter(network, 0), *bias = soma_network_parameter(network, 1);
    float values[6] = {1, 2, 3, 4, 5, 6}, out[6], x[3] = {1, 10, 100}, y[2];
    for (int compiled = 0; compiled < 2; compiled++) {
        values[0] += 1;
        if (compiled) expect_ok(soma_compile(network, &device, NULL));
        expect_ok(soma_set_parameter(network, weight, values, 6));
        expect_ok(soma_get_parameter(network, weight, out, 6));
        ck_assert_mem_eq(values, out, sizeof out);
        expect_error(soma_get_parameter(network, weight, out, 5), SOMA_INVALID_SHAPE, "dense_1.weight has 6 values",
                     "room for 5");
        expect_error(soma_set_parameter(network, bias, values, 3), SOMA_INVALID_SHAPE, "dense_1.bias has 2 values");
        expect_error(soma_get_parameter(network, soma_network_input(network, 0), out, 3), SOMA_INVALID_ARGUMENT,
                     "\"x\" is not a parameter");
        expect_error(soma_get_parameter(network, NULL, out, 3), SOMA_INVALID_ARGUMENT, "no tensor");
        expect_error(soma_set_parameter(NULL, weight, values, 6), SOMA_INVALID_ARGUMENT, "no network");
    }
    /* [in, units], row by row: y_j = sum_i x_i w_ij */
    expect_ok(soma_run(network, x, 1, y));
    ck_assert(y[0] == 3 * 1 + 3 * 10 + 5 * 100 && y[1] == 2 * 1 + 4 * 10 + 6 * 100);
    soma_network_destroy(network);
}
END_TEST

START_TEST(gradients_are_there_after_backward) {
    soma_device device;
    static const float x[2][3] = {{1, 2, 3}, {-1, 0.5f, 0}}, target[2][1] = {{0}, {1}};
    float gradient[6], y[2], many[300] = {0}, outputs[100];
    soma_array input = {x, SOMA_F32, 2, {2, 3}}, targets = {target, SOMA_F32, 2, {2, 1}};
    host_device_open(&device);
    soma_network *network = network_of_text(3, "dense 1");
    soma_tensor *weight = soma_network_parameter(network, 0), *source = soma_network_input(network, 0);
    expect_error(soma_get_gradient(network, weight, gradient, 3), SOMA_INVALID_STATE, "soma_get_gradient", "compile");
    expect_ok(soma_compile(network, &device, NULL));
    expect_error(soma_get_gradient(network, weight, gradient, 3), SOMA_INVALID_STATE, "soma_backward");
    expect_error(soma_get_gradient(network, source, gradient, 6), SOMA_INVALID_STATE, "input x", "soma_backward");
    expect_ok(soma_run(network, &x[0][0], 2, y));
    expect_ok(soma_backward(network, &input, &targets, NULL));
    expect_error(soma_get_gradient(network, weight, gradient, 6), SOMA_INVALID_SHAPE, "3 values");
    expect_error(soma_get_gradient(network, source, gradient, 3), SOMA_INVALID_ARGUMENT, "6 values", "batch of 2");
    expect_ok(soma_get_gradient(network, weight, gradient, 3));
    /* The mean of (y - t)^2: dw_j = sum_i 2 (y_i - t_i) x_ij / 2 */
    for (int j = 0; j < 3; j++) {
        double expected =
            (double)(y[0] - target[0][0]) * (double)x[0][j] + (double)(y[1] - target[1][0]) * (double)x[1][j];
        ck_assert(fabs((double)gradient[j] - expected) < 1e-5);
    }
    float w[3];
    expect_ok(soma_get_parameter(network, weight, w, 3));
    expect_ok(soma_get_gradient(network, source, gradient, 6));
    for (int i = 0; i < 2; i++)
        for (int j = 0; j < 3; j++)
            ck_assert(fabs((double)gradient[i * 3 + j] - (double)(y[i] - target[i][0]) * (double)w[j]) < 1e-6);
    /* Other work takes the memory of the input's gradient; that of the weights stays. */
    expect_ok(soma_run(network, many, 100, outputs));
    expect_error(soma_get_gradient(network, source, gradient, 6), SOMA_INVALID_STATE, "input x");
    expect_ok(soma_get_gradient(network, weight, gradient, 3));
    expect_ok(soma_train_on_batch(network, &input, &targets, NULL));
    expect_error(soma_get_gradient(network, weight, gradient, 3), SOMA_INVALID_STATE, "soma_backward");
    soma_network_destroy(network);
}
END_TEST

/* An input that the loss does not depend on, and a parameter. */
START_TEST(what_the_loss_does_not_depend_on_has_no_gradient) {
    soma_device device;
    size_t width = 2;
    soma_network *network;
    static const float x[1][2] = {{1, 2}}, t[1][1] = {{0}};
    float gradient[2] = {7, 7};
    host_device_open(&device);
    expect_ok(soma_network_create(&network));
    soma_tensor *used = soma_input(network, "used", 1, &width), *idle = soma_input(network, "idle", 1, &width);
    soma_dense_with(idle, 1, &(soma_dense_options){.name = "aside"});
    soma_output(soma_dense(used, 1, SOMA_IDENTITY));
    expect_ok(soma_compile(network, &device, NULL));
    soma_array inputs[2] = {{x, SOMA_F32, 2, {1, 2}}, {x, SOMA_F32, 2, {1, 2}}}, target = {t, SOMA_F32, 2, {1, 1}};
    expect_ok(soma_backward(network, inputs, &target, NULL));
    expect_ok(soma_get_gradient(network, idle, gradient, 2));
    ck_assert(gradient[0] == 0 && gradient[1] == 0);
    expect_error(soma_get_gradient(network, idle, gradient, 3), SOMA_INVALID_SHAPE, "input idle has 2 values");
    gradient[0] = 7;
    expect_ok(soma_get_gradient(network, soma_network_tensor(network, "aside.weight"), gradient, 2));
    ck_assert(gradient[0] == 0 && gradient[1] == 0);
    soma_network_destroy(network);
}
END_TEST

/* More outputs than have losses: those behind the eighth are computed, saved and loaded, and nothing is learnt by them.
 */
START_TEST(outputs_behind_those_with_losses_are_computed_alone) {
    enum { ALL = SOMA_MAX_OUTPUTS + 4 };
    soma_device device;
    const size_t width = 1;
    static const float x[1] = {2}, t[SOMA_MAX_OUTPUTS] = {0};
    float y[ALL], gradient, *outputs[ALL];
    soma_array targets[SOMA_MAX_OUTPUTS];
    soma_network *network;
    temporary_create();
    host_device_open(&device);
    expect_ok(soma_network_create(&network));
    soma_tensor *input = soma_input(network, "x", 1, &width);
    for (size_t i = 0; i < ALL; i++) {
        char name[32];
        const float weight = (float)i + 1;
        snprintf(name, sizeof name, "y%zu", i);
        soma_output(soma_dense_with(input, 1, &(soma_dense_options){.name = name}));
        snprintf(name, sizeof name, "y%zu", i);
        strcat(name, ".weight");
        expect_ok(soma_set_parameter(network, soma_network_tensor(network, name), &weight, 1));
        outputs[i] = &y[i];
        if (i < SOMA_MAX_OUTPUTS) targets[i] = (soma_array){&t[i], SOMA_F32, 2, {1, 1}};
    }
    expect_ok(soma_compile(network, &device, NULL));
    for (int again = 0; again < 2; again++) {
        soma_session *session;
        expect_ok(soma_session_create(network, NULL, &session));
        expect_ok(soma_session_run(session, 1, (const float *[]){x}, outputs));
        for (size_t i = 0; i < ALL; i++) ck_assert(y[i] == 2 * ((float)i + 1));
        soma_session_destroy(session);
        if (again) break;
        expect_ok(soma_backward(network, &(soma_array){x, SOMA_F32, 2, {1, 1}}, targets, NULL));
        for (size_t i = 0; i < ALL; i++) { /* of (2 w)^2: 8 w */
            char name[32];
            snprintf(name, sizeof name, "y%zu.weight", i);
            expect_ok(soma_get_gradient(network, soma_network_tensor(network, name), &gradient, 1));
            ck_assert(gradient == (i < SOMA_MAX_OUTPUTS ? 8 * ((float)i + 1) : 0));
        }
        expect_ok(soma_save(network, temporary_path("many.safetensors")));
        soma_network_destroy(network);
        expect_ok(soma_load(temporary_path("many.safetensors"), &network));
        ck_assert_uint_eq(soma_network_output_count(network), ALL);
        expect_ok(soma_compile(network, &device, NULL));
    }
    soma_network_destroy(network);
    temporary_destroy();
}
END_TEST

/* -------------------------------------------------------------------------- a device that fails as it gets the weights
 */

static soma_device_api brittle;
static const soma_device_api *sound;
static int writes_left; /* then one fails */
static bool write_failed;
static bool reads_fail;

static soma_status brittle_write(void *state, void *memory, size_t offset, const void *source, size_t bytes) {
    if (writes_left-- == 0) {
        write_failed = true;
        return soma_error(SOMA_DEVICE_FAILED, "a write failed");
    }
    return sound->write(state, memory, offset, source, bytes);
}
static soma_status brittle_read(void *state, void *memory, size_t offset, void *target, size_t bytes) {
    if (reads_fail) return soma_error(SOMA_DEVICE_FAILED, "a read failed");
    return sound->read(state, memory, offset, target, bytes);
}

/* The first weight, of 4 MB, in two pieces or three, by where large pages end in it; the second; two biases. */
enum { LEAST_WRITES = 2 + 1 + 2, MOST_WRITES = 3 + 1 + 2, MANY_UNITS = 1000 };

/* A large weight, some of which the host has given up, and small ones. */
static soma_network *brittle_network(soma_device *device, int writes, bool fail, float *weights) {
    soma_network *network = network_of_text(MANY_UNITS, "dense 1000; dense 2");
    host_device_open(device);
    sound = device->api;
    brittle = *sound;
    brittle.write = brittle_write;
    brittle.read = brittle_read;
    device->api = &brittle;
    writes_left = writes;
    reads_fail = fail;
    for (size_t i = 0; i < (size_t)MANY_UNITS * MANY_UNITS; i++) weights[i] = (float)(i % 8191) - 4096;
    expect_ok(soma_set_parameter(network, network->parameters[0].tensor, weights, (size_t)MANY_UNITS * MANY_UNITS));
    return network;
}

START_TEST(weights_outlive_a_write_that_fails) {
    const size_t count = (size_t)MANY_UNITS * MANY_UNITS;
    float *weights = malloc(count * sizeof *weights), *found = malloc(count * sizeof *found), after[2];
    soma_device device;
    soma_network *network = brittle_network(&device, _i, false, weights);
    soma_tensor *last = network->parameters[network->parameter_count - 1].tensor;
    expect_ok(soma_set_parameter(network, last, (const float[]){3, -7}, 2));
    write_failed = false;
    const soma_status status = soma_compile(network, &device, NULL);
    ck_assert(write_failed ? _i < MOST_WRITES : _i >= LEAST_WRITES);
    if (write_failed)
        expect_error(status, SOMA_DEVICE_FAILED, "a write failed");
    else
        expect_ok(status);
    for (int again = 0; again < 2; again++) {
        expect_ok(soma_get_parameter(network, network->parameters[0].tensor, found, count));
        expect_ok(soma_get_parameter(network, last, after, 2));
        ck_assert_mem_eq(found, weights, count * sizeof *found);
        ck_assert(after[0] == 3 && after[1] == -7);
        writes_left = -1;
        if (!again) expect_ok(soma_compile(network, &device, NULL));
    }
    soma_network_destroy(network);
    free(weights);
    free(found);
}
END_TEST

START_TEST(weights_that_are_lost_with_the_device_are_not_taken_for_others) {
    float *weights = malloc((size_t)MANY_UNITS * MANY_UNITS * sizeof *weights);
    soma_device device, other;
    soma_network *network = brittle_network(&device, 1, true, weights);
    expect_error(soma_compile(network, &device, NULL), SOMA_DEVICE_FAILED, "the weights are lost with the device");
    host_device_open(&other);
    expect_error(soma_compile(network, &other, NULL), SOMA_DEVICE_FAILED, "the weights are lost with the device");
    expect_error(soma_get_parameter(network, network->parameters[0].tensor, weights, (size_t)MANY_UNITS * MANY_UNITS),
                 SOMA_DEVICE_FAILED, "the weights are lost with the device");
    soma_network_destroy(network);
    free(weights);
}
END_TEST

static void add_tests(TCase *cases) {
    tcase_add_loop_test(cases, weights_outlive_a_write_that_fails, 0, MOST_WRITES + 1);
    tcase_add_test(cases, weights_that_are_lost_with_the_device_are_not_taken_for_others);
    tcase_add_loop_test(cases, impossible_networks_are_refused, 0, SOMA_COUNT_OF(impossible));
    tcase_add_test(cases, what_the_device_has_the_host_does_not_keep);
    tcase_add_test(cases, a_step_of_training_is_made_when_it_is_asked_for);
    tcase_add_test(cases, what_is_missing_is_named);
    tcase_add_test(cases, too_little_memory_leaves_the_network_as_it_was);
    tcase_add_test(cases, a_compiled_network_can_grow);
    tcase_add_loop_test(cases, in_inference_nothing_is_dropped, 0, SOMA_COUNT_OF(dropouts));
    tcase_add_test(cases, parameters_are_read_and_written);
    if (SOMA_HAS_TRAINING) {
        tcase_add_test(cases, weights_go_along_to_another_device);
        tcase_add_test(cases, compiling_again_forgets_the_optimizer);
        tcase_add_test(cases, below_a_binary_step_gradients_are_zero);
        tcase_add_test(cases, dropout_draws_from_streams_of_its_own);
        tcase_add_test(cases, gradients_are_there_after_backward);
        tcase_add_test(cases, what_the_loss_does_not_depend_on_has_no_gradient);
        tcase_add_test(cases, outputs_behind_those_with_losses_are_computed_alone);
    }
}

int main(void) {
    return run_suite("compile", add_tests);
}
