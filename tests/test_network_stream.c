/* SPDX-License-Identifier: MIT */
/*
 * A network for one step at a time says what the network says of all steps at once. Usage: test_network_stream DEVICE;
 * skipped (77) if it is not there.
 */
#include "expect.h"
#include "nn/network.h"
#include "suite.h"
#include "temporary.h"

#include <math.h>
#include <soma/stream.h>
#include <string.h>

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

static void compile_stream(soma_network *stream, soma_device *device) {
    soma_compile_options options = {.loss = {SOMA_LOSS_NONE}};
    for (size_t i = 0; i < SOMA_MAX_OUTPUTS; i++) options.loss[i] = SOMA_LOSS_NONE;
    expect_ok(soma_compile(stream, device, &options));
}

/* Sequences beside each other, and the states before the step. */
typedef struct sequences {
    soma_session *session;
    size_t batch, count, step;
    float states[2][8][2 * LARGEST];
} sequences;

static void begin(sequences *run, soma_network *stream, size_t batch) {
    *run = (sequences){.batch = batch, .count = soma_network_input_count(stream)};
    ck_assert_uint_eq(soma_network_output_count(stream), run->count);
    expect_ok(soma_session_create(stream, NULL, &run->session));
}

/* A token of each of them, of which said [batch, TOKENS] comes. */
static soma_status step(sequences *run, const float *tokens, float *said) {
    const float *inputs[9] = {tokens};
    float *outputs[9] = {said};
    for (size_t i = 1; i < run->count; i++) {
        inputs[i] = run->states[run->step % 2][i - 1];
        outputs[i] = run->states[(run->step + 1) % 2][i - 1];
    }
    run->step++;
    return soma_session_run(run->session, run->batch, inputs, outputs);
}

static void rewind_states(sequences *run) {
    memset(run->states, 0, sizeof run->states);
}

/* Step after step, with the states of the one before: said[STEPS][TOKENS]. */
static void run_stream(soma_network *stream, soma_device *device, const float *tokens, float *said) {
    sequences run;
    compile_stream(stream, device);
    begin(&run, stream, 1);
    for (size_t i = 0; i < STEPS; i++) expect_ok(step(&run, tokens + i, said + i * TOKENS));
    soma_session_destroy(run.session);
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
    {"embedding 9 5; positions; dense 9", 1},
    {"embedding 9 6; positions; gru 4; positions sinusoidal; dense 9 softmax", 2},
    {"embedding 9 6; positions; attention heads 2 causal; dense 9 softmax", 1},
    {"embedding 9 8; attention heads 4 kvheads 2 width 6 causal rotary; lstm 5; dense 9", 3},
    {"embedding 9 6; positions sinusoidal; transformer heads 3 causal dropout 0.2; "
     "transformer heads 3 kvheads 1 causal swiglu; layernorm; dense 9 softmax",
     1},
    {"embedding 9 8; transformer heads 2 causal rotary rmsnorm; transformer heads 4 kvheads 2 causal postnorm; dense 9",
     1},
};

enum { FIRST_WITH_STEP = 5 };

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

#define CAUSAL_TEXT                                                                                                    \
    "embedding 9 8; positions; transformer heads 4 kvheads 2 causal; transformer heads 2 rotary causal; layernorm; "   \
    "dense 9 softmax"

/* A causal network, its stream, and what it says of two texts at once. */
typedef struct two_texts {
    soma_device *device;
    soma_network *network, *stream;
    float said[2][STEPS * TOKENS];
} two_texts;

static const float texts[2][STEPS] = {{3, 0, 8, 8, 1, 5, 2}, {6, 6, 1, 0, 4, 7, 3}};

static void open_two_texts(two_texts *two) {
    expect_ok(soma_device_open(device_name, NULL, &two->device));
    two->network = network_of(CAUSAL_TEXT, two->device);
    expect_ok(soma_run(two->network, texts[0], 2, two->said[0]));
    expect_ok(soma_network_stream(two->network, &two->stream));
    compile_stream(two->stream, two->device);
}

static void close_two_texts(two_texts *two) {
    soma_network_destroy(two->stream);
    soma_network_destroy(two->network);
    soma_device_close(two->device);
}

static void expect_said(const two_texts *two, size_t text, size_t at, const float *said) {
    for (size_t i = 0; i < TOKENS; i++) {
        const float wanted = two->said[text][at * TOKENS + i];
        ck_assert_msg(fabsf(said[i] - wanted) < 1e-5f, "text %zu, step %zu: %g for %g", text, at, (double)said[i],
                      (double)wanted);
    }
}

/* Each session has caches of its own, also where they take turns. */
START_TEST(sessions_have_their_own_steps) {
    two_texts two;
    sequences run[2];
    float said[TOKENS];
    open_two_texts(&two);
    for (size_t i = 0; i < 2; i++) begin(&run[i], two.stream, 1);
    for (size_t at = 0; at < STEPS; at++)
        for (size_t i = 0; i < 2; i++) {
            if (i == 1 && at == 0) continue; /* one step behind */
            const size_t place = i ? at - 1 : at;
            expect_ok(step(&run[i], &texts[i][place], said));
            expect_said(&two, i, place, said);
        }
    for (size_t i = 0; i < 2; i++) soma_session_destroy(run[i].session);
    close_two_texts(&two);
}
END_TEST

/* Samples of a batch are sequences beside each other. */
START_TEST(a_batch_is_several_sequences) {
    two_texts two;
    sequences run;
    float said[2 * TOKENS];
    open_two_texts(&two);
    begin(&run, two.stream, 2);
    for (size_t at = 0; at < STEPS; at++) {
        const float tokens[2] = {texts[0][at], texts[1][at]};
        expect_ok(step(&run, tokens, said));
        for (size_t i = 0; i < 2; i++) expect_said(&two, i, at, said + i * TOKENS);
    }
    soma_session_destroy(run.session);
    close_two_texts(&two);
}
END_TEST

/* From step 0 on, what is in the caches of another text does not count; nor does what came after a step that is taken
 * again. Runs of another number of samples come between. */
START_TEST(a_session_begins_anew) {
    two_texts two;
    sequences run;
    float said[3 * TOKENS];
    open_two_texts(&two);
    begin(&run, two.stream, 1);
    for (size_t at = 0; at < STEPS; at++) expect_ok(step(&run, &texts[0][at], said));
    rewind_states(&run);
    for (size_t at = 0; at < STEPS; at++) {
        sequences other = {.session = run.session, .batch = 3, .count = run.count};
        const float tokens[3] = {texts[0][at], 1, 2};
        expect_ok(step(&run, &texts[1][at], said));
        expect_said(&two, 1, at, said);
        expect_ok(step(&other, tokens, said));
    }
    for (size_t i = 0; i < 2; i++) run.states[run.step % 2][0][0] = STEPS - 3;
    for (size_t at = STEPS - 3; at < STEPS; at++) {
        expect_ok(step(&run, &texts[1][at], said));
        expect_said(&two, 1, at, said);
    }
    soma_session_destroy(run.session);
    close_two_texts(&two);
}
END_TEST

/* Positions and caches are for so many steps. */
START_TEST(no_step_is_behind_the_last) {
    two_texts two;
    sequences run;
    float said[TOKENS];
    open_two_texts(&two);
    ck_assert_str_eq(soma_tensor_name(soma_network_input(two.stream, 1)), "step");
    ck_assert_str_eq(soma_tensor_name(soma_network_output(two.stream, 1)), "next_step");
    begin(&run, two.stream, 1);
    for (size_t at = 0; at < STEPS; at++) expect_ok(step(&run, &texts[0][at], said));
    ck_assert(run.states[run.step % 2][0][0] == (float)STEPS);
    expect_error(step(&run, &texts[0][0], said), SOMA_INVALID_ARGUMENT,
                 "input \"step\", sample 0, number 0: 7 is no row", "whole numbers from 0 to 6");
    soma_session_destroy(run.session);
    close_two_texts(&two);
}
END_TEST

/* The network's input may have a state's name. */
START_TEST(names_of_states_are_its_own) {
    static const struct {
        const char *input, *text;
        soma_status status;
    } cases[] = {{"step", CAUSAL_TEXT, SOMA_UNSUPPORTED},
                 {"next_step", CAUSAL_TEXT, SOMA_UNSUPPORTED},
                 {"numbers_of_steps", CAUSAL_TEXT, SOMA_UNSUPPORTED},
                 {"state_2", "embedding 9 5; lstm 3; dense 9", SOMA_UNSUPPORTED},
                 {"after_1", "embedding 9 5; gru 3; dense 9", SOMA_UNSUPPORTED},
                 {"state_2", "embedding 9 5; gru 3; dense 9", SOMA_OK},
                 {"step", "embedding 9 5; gru 3; dense 9", SOMA_OK}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const size_t steps = STEPS;
        soma_network *network, *stream;
        expect_ok(soma_network_create(&network));
        ck_assert_ptr_nonnull(soma_layers(soma_input(network, cases[i].input, 1, &steps), cases[i].text));
        const soma_status status = soma_network_stream(network, &stream);
        if (cases[i].status == SOMA_OK)
            expect_ok(status);
        else
            expect_error(status, cases[i].status, cases[i].input, "an input", "another name is wanted");
        soma_network_destroy(stream);
        soma_network_destroy(network);
    }
}
END_TEST

/* What lies in caches is of a session, not of the network. */
START_TEST(caches_are_not_saved) {
    soma_network *network = network_of(CAUSAL_TEXT, NULL), *stream;
    expect_ok(soma_network_stream(network, &stream));
    expect_error(soma_save(stream, temporary_path("stream.safetensors")), SOMA_UNSUPPORTED,
                 ".cached_keys from run to run", "save the network");
    ck_assert_int_eq(temporary_count(), 0);
    soma_network_destroy(stream);
    soma_network_destroy(network);
}
END_TEST

/* One of states alone can be: what it is made of are layers. */
START_TEST(states_are_saved) {
    soma_network *network = network_of("embedding 9 5; positions; lstm 3; gru 2; dense 9", NULL), *stream, *again;
    const char *path = temporary_path("stream.safetensors");
    char *summary;
    expect_ok(soma_network_stream(network, &stream));
    expect_ok(soma_summary(stream, 1, &summary));
    soma_free(summary);
    expect_ok(soma_save(stream, path));
    expect_ok(soma_load(path, &again));
    ck_assert_uint_eq(soma_network_input_count(again), 5);
    ck_assert_uint_eq(soma_network_output_count(again), 5);
    ck_assert_str_eq(soma_tensor_name(soma_network_input(again, 1)), "step");
    soma_network_destroy(again);
    soma_network_destroy(stream);
    soma_network_destroy(network);
}
END_TEST

/* Without positions it is the caches that say so. */
START_TEST(caches_end_where_there_are_no_positions) {
    soma_network *network = network_of("embedding 9 6; attention heads 2 causal; dense 9", NULL), *stream;
    soma_device *device;
    sequences run;
    float said[TOKENS];
    const float token = 4;
    expect_ok(soma_device_open(device_name, NULL, &device));
    expect_ok(soma_network_stream(network, &stream));
    compile_stream(stream, device);
    begin(&run, stream, 1);
    for (size_t at = 0; at < STEPS; at++) expect_ok(step(&run, &token, said));
    expect_error(step(&run, &token, said), SOMA_INVALID_ARGUMENT, "7 is no row of attention_1.cached_keys, which has 7",
                 "whole numbers from 0 to 6");
    soma_session_destroy(run.session);
    soma_network_destroy(stream);
    soma_network_destroy(network);
    soma_device_close(device);
}
END_TEST

/* One step from and to the device's memory. */
static void step_in_memory(sequences *run, soma_device *device, float token, float number, float *said) {
    const float given[2] = {token, number};
    const size_t bytes[2] = {TOKENS * sizeof *said, sizeof *said};
    soma_memory *inputs[2], *outputs[2];
    for (size_t i = 0; i < 2; i++) {
        expect_ok(soma_memory_create(device, sizeof *given, &inputs[i]));
        expect_ok(soma_memory_write(inputs[i], 0, &given[i], sizeof *given));
        expect_ok(soma_memory_create(device, bytes[i], &outputs[i]));
    }
    expect_ok(soma_session_run_memory(run->session, 1, inputs, outputs));
    expect_ok(soma_memory_read(outputs[0], 0, said, bytes[0]));
    for (size_t i = 0; i < 2; i++) {
        soma_memory_destroy(inputs[i]);
        soma_memory_destroy(outputs[i]);
    }
}

/* Numbers on the device are not looked at. Behind the last step attention sees all that were, and keeps nothing: token
 * 1 sees tokens 1 to 7 then, as it does as the last of them in whichever order, since nothing says where they are. */
START_TEST(a_step_on_the_device_that_is_not_there_keeps_nothing) {
    soma_network *network = network_of("embedding 9 6; attention heads 2 causal; dense 9", NULL), *stream;
    soma_device *device;
    sequences run;
    static const float other[STEPS] = {7, 2, 3, 4, 5, 6, 1};
    float said[2][TOKENS];
    expect_ok(soma_device_open(device_name, NULL, &device));
    expect_ok(soma_network_stream(network, &stream));
    compile_stream(stream, device);
    begin(&run, stream, 1);
    for (size_t at = 0; at < STEPS; at++) step_in_memory(&run, device, other[at], (float)at, said[0]);
    for (size_t at = 0; at < STEPS; at++) step_in_memory(&run, device, (float)(at + 1), (float)at, said[1]);
    step_in_memory(&run, device, 8, -1, said[1]);
    for (size_t i = 0; i < 2; i++) {
        step_in_memory(&run, device, 1, i ? 1000 : STEPS, said[1]);
        for (size_t j = 0; j < TOKENS; j++)
            ck_assert_msg(fabsf(said[1][j] - said[0][j]) < 1e-5f, "%g for %g", (double)said[1][j], (double)said[0][j]);
    }
    soma_session_destroy(run.session);
    soma_network_destroy(stream);
    soma_network_destroy(network);
    soma_device_close(device);
}
END_TEST

static uint64_t activations(soma_network *stream, size_t batch) {
    soma_network_figures figures;
    expect_ok(soma_network_get_figures(stream, batch, &figures));
    return figures.activation_bytes;
}

/* Keys and values of 2 heads 4 wide for 1,000 steps more, which summaries count; of each sample. */
START_TEST(memory_of_caches_is_told) {
    const size_t steps[2] = {1000, 2000};
    uint64_t bytes[2][2];
    soma_device *device;
    expect_ok(soma_device_open(device_name, NULL, &device));
    for (size_t i = 0; i < 2; i++) {
        soma_network *network, *stream;
        expect_ok(soma_network_create(&network));
        ck_assert_ptr_nonnull(soma_layers(soma_input(network, "text", 1, &steps[i]),
                                          "embedding 9 16; attention heads 4 kvheads 2 causal; dense 9"));
        expect_ok(soma_network_stream(network, &stream));
        compile_stream(stream, device);
        for (size_t batch = 1; batch <= 2; batch++) bytes[i][batch - 1] = activations(stream, batch);
        soma_network_destroy(stream);
        soma_network_destroy(network);
    }
    for (size_t batch = 1; batch <= 2; batch++) {
        const uint64_t more = bytes[1][batch - 1] - bytes[0][batch - 1], caches = 1000 * 2 * 2 * 4 * 4 * batch;
        /* Beside the caches it is what tells which steps are seen, twice at most. */
        ck_assert_msg(more >= caches && more <= caches + 2 * 1000 * 4 * batch + 4096, "%llu bytes more, %llu of caches",
                      (unsigned long long)more, (unsigned long long)caches);
    }
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
    {"embedding 9 6; attention heads 2; dense 9", "attention_1"},
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
    /* Recurrent layers alone are the same calls as elsewhere, and OpenCL's compilers take their time. */
    const int first = strcmp(device_name, "cpu") == 0 ? 0 : FIRST_WITH_STEP;
    tcase_add_unchecked_fixture(cases, temporary_create, temporary_destroy);
    tcase_add_loop_test(cases, steps_say_what_all_say_at_once, first, SOMA_COUNT_OF(streams));
    tcase_add_test(cases, sessions_have_their_own_steps);
    tcase_add_test(cases, a_batch_is_several_sequences);
    tcase_add_test(cases, a_session_begins_anew);
    tcase_add_test(cases, no_step_is_behind_the_last);
    tcase_add_test(cases, names_of_states_are_its_own);
    tcase_add_test(cases, caches_are_not_saved);
    tcase_add_test(cases, states_are_saved);
    tcase_add_test(cases, caches_end_where_there_are_no_positions);
    tcase_add_test(cases, a_step_on_the_device_that_is_not_there_keeps_nothing);
    tcase_add_test(cases, memory_of_caches_is_told);
    tcase_add_test(cases, weights_are_a_copy);
    tcase_add_loop_test(cases, what_looks_at_several_steps_is_refused, 0, SOMA_COUNT_OF(refused));
}

int main(int count, char **arguments) {
    soma_device *device;
    device_name = count > 1 ? arguments[1] : "cpu";
    if (soma_device_open(device_name, NULL, &device) != SOMA_OK) return 77;
    soma_device_close(device);
    return run_suite("network_stream", add_tests);
}
