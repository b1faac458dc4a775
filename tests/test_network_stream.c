/* SPDX-License-Identifier: MIT */
/* A network for one step at a time says what the network says of all steps at once. Usage: test_network_stream DEVICE
 */
#include "expect.h"
#include "nn/network.h"
#include "suite.h"

#include <math.h>
#include <soma/stream.h>

enum { STEPS = 7, TOKENS = 9, LARGEST = 16 };

static const char *device_name;

static soma_network *network_of(const char *text, soma_device *device) {
    const size_t steps = STEPS;
    soma_network *network;
    expect_ok(soma_network_create(&network));
    ck_assert_ptr_nonnull(soma_layers(soma_input(network, "text", 1, &steps), text));
    expect_ok(soma_network_status(network));
    if (device) expect_ok(soma_compile(network, device, NULL));
    return network;
}

/* Step after step, with the states of the one before: said[STEPS][TOKENS]. */
static void run_stream(soma_network *stream, soma_device *device, const float *tokens, float *said) {
    soma_session *session;
    float states[2][8][LARGEST] = {{{0}}};
    soma_compile_options options = {.loss = {SOMA_LOSS_NONE}};
    for (size_t i = 0; i < SOMA_MAX_OUTPUTS; i++) options.loss[i] = SOMA_LOSS_NONE;
    expect_ok(soma_compile(stream, device, &options));
    expect_ok(soma_session_create(stream, NULL, &session));
    const size_t count = soma_network_input_count(stream);
    ck_assert_uint_eq(soma_network_output_count(stream), count);
    for (size_t step = 0; step < STEPS; step++) {
        const float *inputs[9] = {tokens + step};
        float *outputs[9] = {said + step * TOKENS};
        for (size_t i = 1; i < count; i++) {
            inputs[i] = states[step % 2][i - 1];
            outputs[i] = states[(step + 1) % 2][i - 1];
        }
        expect_ok(soma_session_run(session, 1, inputs, outputs));
    }
    soma_session_destroy(session);
}

static const struct {
    const char *text;
    size_t states;
} streams[] = {
    {"embedding 9 5; dense 9 softmax", 0},
    {"embedding 9 5; rnn 6 relu; dense 9", 1},
    {"embedding 12 5; layernorm; lstm 6; dropout 0.3; dense 4 tanh; dense 9 softmax", 2},
    {"embedding 9 6; lstm 6 layers 2; gru 5; residual(dense 5 gelu); gru 4 reset before; dense 9 softmax", 6},
    {"embedding 9 5; lstm 4 layers 3; gru 4; dense 9 softmax", 7},
};

/* Sums are of a dozen numbers of about 1, and states go through seven steps: 1e-5 is a hundred roundings. */
START_TEST(steps_say_what_all_say_at_once) {
    static const float tokens[STEPS] = {3, 0, 8, 8, 1, 5, 2};
    float at_once[STEPS * TOKENS], said[STEPS * TOKENS];
    soma_device *device;
    soma_network *stream;
    expect_ok(soma_device_open(device_name, NULL, &device));
    soma_network *network = network_of(streams[_i].text, device);
    expect_ok(soma_run(network, tokens, 1, at_once));
    expect_ok(soma_network_stream(network, &stream));
    ck_assert_uint_eq(soma_network_input_count(stream), 1 + streams[_i].states);
    run_stream(stream, device, tokens, said);
    for (size_t i = 0; i < STEPS * TOKENS; i++)
        ck_assert_msg(fabsf(said[i] - at_once[i]) < 1e-5f, "%zu: %g for %g", i, (double)said[i], (double)at_once[i]);
    soma_network_destroy(stream);
    soma_network_destroy(network);
    soma_device_close(device);
}
END_TEST

/* A network that is not compiled has its weights too. */
START_TEST(weights_are_a_copy) {
    soma_network *network = network_of("embedding 9 5; gru 3; dense 9", NULL), *stream;
    expect_ok(soma_network_stream(network, &stream));
    ck_assert_uint_eq(soma_network_parameter_count(stream), soma_network_parameter_count(network));
    const soma_tensor *table = soma_network_tensor(stream, "embedding_1.weight"),
                      *original = soma_network_tensor(network, "embedding_1.weight");
    float copied[45], there[45];
    expect_ok(soma_get_parameter(stream, table, copied, 45));
    expect_ok(soma_get_parameter(network, original, there, 45));
    ck_assert_mem_eq(copied, there, sizeof there);
    soma_network_destroy(network);
    soma_network_destroy(stream);
}
END_TEST

static const struct {
    const char *text, *label;
} refused[] = {
    {"embedding 9 5; lstm 6 bidirectional; dense 9", "lstm_1"},
    {"embedding 9 5; gru 6 last; dense 9", "gru_1"},
    {"embedding 9 5; gru 6 reverse; dense 9", "gru_1"},
    {"embedding 9 5; positions; dense 9", "positions_1"},
    {"embedding 9 5; conv 4 3; lstm 4", "conv_1"},
    {"embedding 9 5; flatten; dense 9", "flatten_1"},
    {"embedding 9 5; batchnorm; dense 9", "batchnorm_1"},
    {"embedding 9 5; globalavgpool; dense 9", NULL},
};

START_TEST(what_looks_at_several_steps_is_refused) {
    soma_network *network = network_of(refused[_i].text, NULL), *stream;
    expect_error(soma_network_stream(network, &stream), SOMA_UNSUPPORTED, "several steps at once", refused[_i].label);
    ck_assert_ptr_null(stream);
    soma_network_destroy(network);
}
END_TEST

static void add_tests(TCase *cases) {
    tcase_add_loop_test(cases, steps_say_what_all_say_at_once, 0, SOMA_COUNT_OF(streams));
    tcase_add_test(cases, weights_are_a_copy);
    tcase_add_loop_test(cases, what_looks_at_several_steps_is_refused, 0, SOMA_COUNT_OF(refused));
}

int main(int count, char **arguments) {
    device_name = count > 1 ? arguments[1] : "cpu";
    return run_suite("network_stream", add_tests);
}
