/* SPDX-License-Identifier: MIT */
/*
 * Tokens that follow others: which, how they are drawn, and what is refused. Usage: test_generator DEVICE; skipped (77)
 * if it is not there.
 */
#include "expect.h"
#include "nn/network.h"
#include "suite.h"

#include <math.h>
#include <soma/stream.h>
#include <string.h>

enum { STEPS = 7, TOKENS = 5 };

static const char *device_name;
static soma_device *device;

static void set(soma_network *network, const char *name, const float *values) {
    soma_tensor *parameter = soma_network_tensor(network, name);
    ck_assert_msg(parameter != NULL, "there is no %s", name);
    expect_ok(soma_set_parameter(network, parameter, values, soma_tensor_count(parameter)));
}

static soma_network *network_of_loss(const char *text, soma_loss loss) {
    const size_t steps = STEPS;
    soma_network *network;
    expect_ok(soma_network_create(&network));
    if (!soma_layers(soma_input(network, "text", 1, &steps), text)) ck_abort_msg("%s: %s", text, soma_last_error());
    expect_ok(soma_compile(network, device, &(soma_compile_options){.loss = {loss}}));
    return network;
}

static soma_network *network_of(const char *text) {
    return network_of_loss(text, SOMA_LOSS_DEFAULT);
}

/* Behind each token comes the next, for certain, and behind the last the first. */
static soma_network *counting_network(const char *text) {
    float table[TOKENS * TOKENS] = {0}, weight[TOKENS * TOKENS] = {0}, bias[TOKENS] = {0};
    soma_network *network = network_of(text);
    for (int i = 0; i < TOKENS; i++) {
        table[i * TOKENS + i] = 1;
        weight[i * TOKENS + (i + 1) % TOKENS] = 50;
    }
    set(network, "embedding_1.weight", table);
    set(network, "dense_1.weight", weight);
    set(network, "dense_1.bias", bias);
    if (soma_network_tensor(network, "positions_1.weight")) {
        const float none[STEPS * TOKENS] = {0};
        set(network, "positions_1.weight", none);
    }
    return network;
}

/* Whatever came before, token i comes with the probability (i + 1) / 15. */
static soma_network *dice(const char *text, soma_loss loss) {
    const float none[TOKENS * TOKENS] = {0};
    float bias[TOKENS];
    soma_network *network = network_of_loss(text, loss);
    for (int i = 0; i < TOKENS; i++) bias[i] = logf((float)(i + 1));
    set(network, "embedding_1.weight", none);
    set(network, "dense_1.weight", none);
    set(network, "dense_1.bias", bias);
    return network;
}

static void draw(soma_network *network, const soma_generation_options *options, int32_t first, size_t count,
                 int32_t *tokens) {
    soma_generator *generator;
    expect_ok(soma_generator_create(network, &first, 1, options, &generator));
    for (size_t i = 0; i < count; i++) expect_ok(soma_generator_next(generator, &tokens[i]));
    soma_generator_destroy(generator);
}

/* Step by step without end; up to its number of steps, then by windows; by windows from the beginning. */
static const char *const counting[] = {"embedding 5 5; dense 5 softmax", "embedding 5 5; dense 5",
                                       "embedding 5 5; positions; dense 5 softmax",
                                       "embedding 5 5; residual(attention heads 1 zeros nobias); dense 5 softmax"};

START_TEST(what_follows_is_what_the_network_says) {
    enum { COUNT = 4 * STEPS };
    const soma_generation_options greedy = {.greedy = true};
    soma_network *network = counting_network(counting[_i]);
    int32_t tokens[COUNT];
    for (int draws = 0; draws < 2; draws++) {
        draw(network, draws ? NULL : &greedy, 3, COUNT, tokens);
        for (int i = 0; i < COUNT; i++) ck_assert_int_eq(tokens[i], (4 + i) % TOKENS);
    }
    soma_network_destroy(network);
}
END_TEST

/* Each within five standard deviations of what is expected of so many draws. */
static void expect_shares(const int32_t *tokens, size_t count, const double *share) {
    size_t found[TOKENS] = {0};
    for (size_t i = 0; i < count; i++) found[tokens[i]]++;
    for (int i = 0; i < TOKENS; i++) {
        const double expected = (double)count * share[i], deviation = sqrt(expected * (1 - share[i]));
        ck_assert_msg(fabs((double)found[i] - expected) <= 5 * deviation,
                      "token %d came %zu times of %zu, expected %.0f", i, found[i], count, expected);
    }
}

START_TEST(tokens_are_drawn_by_their_probabilities) {
    enum { COUNT = 3000 };
    static int32_t tokens[COUNT], again[COUNT];
    soma_network *network = dice(_i ? "embedding 5 5; dense 5" : "embedding 5 5; dense 5 softmax", SOMA_LOSS_DEFAULT);
    draw(network, NULL, 0, COUNT, tokens);
    expect_shares(tokens, COUNT, (const double[]){1.0 / 15, 2.0 / 15, 3.0 / 15, 4.0 / 15, 5.0 / 15});
    draw(network, NULL, 0, COUNT, again);
    ck_assert_mem_eq(tokens, again, sizeof tokens);
    draw(network, &(soma_generation_options){.seed = 1}, 0, COUNT, again);
    ck_assert_mem_ne(tokens, again, sizeof tokens);
    draw(network, &(soma_generation_options){.temperature = 0.5}, 0, COUNT, tokens); /* squares */
    expect_shares(tokens, COUNT, (const double[]){1.0 / 55, 4.0 / 55, 9.0 / 55, 16.0 / 55, 25.0 / 55});
    draw(network, &(soma_generation_options){.top_k = 2}, 0, COUNT, tokens);
    expect_shares(tokens, COUNT, (const double[]){0, 0, 0, 4.0 / 9, 5.0 / 9});
    draw(network, &(soma_generation_options){.top_p = 1}, 0, COUNT, tokens); /* the most that it may be: all */
    expect_shares(tokens, COUNT, (const double[]){1.0 / 15, 2.0 / 15, 3.0 / 15, 4.0 / 15, 5.0 / 15});
    draw(network, &(soma_generation_options){.top_p = 0.61}, 0, COUNT, tokens); /* 9 / 15 are not enough */
    expect_shares(tokens, COUNT, (const double[]){0, 0, 3.0 / 12, 4.0 / 12, 5.0 / 12});
    soma_network_destroy(network);
}
END_TEST

/* Whether it says probabilities or logits is told by the loss, and else by the network: what comes before dropout. */
static const struct {
    const char *text;
    soma_loss loss;
    double weight[TOKENS];
} said[] = {
    {"embedding 5 5; dense 5 softmax; dropout 0.1", SOMA_LOSS_DEFAULT, {1, 2, 3, 4, 5}},
    {"embedding 5 5; dense 5 softmax", SOMA_LOSS_NONE, {1, 2, 3, 4, 5}},
    {"embedding 5 5; dense 5 softmax", SOMA_MEAN_SQUARED_ERROR, {1, 2, 3, 4, 5}},
    {"embedding 5 5; dense 5; dropout 0.1", SOMA_CATEGORICAL_CROSSENTROPY_LOGITS, {1, 2, 3, 4, 5}},
    {"embedding 5 5; dense 5 softmax", /* e^(1/15) and so on */
     SOMA_CATEGORICAL_CROSSENTROPY_LOGITS,
     {1.06894, 1.14263, 1.22140, 1.30561, 1.39561}},
    {"embedding 5 5; dense 5 relu", /* the logarithms of 1 and so on */
     SOMA_CATEGORICAL_CROSSENTROPY,
     {0, 0.693147, 1.098612, 1.386294, 1.609438}},
};

START_TEST(what_is_said_goes_by_the_loss) {
    enum { COUNT = 3000 };
    static int32_t tokens[COUNT];
    double share[TOKENS], sum = 0;
    soma_network *network = dice(said[_i].text, said[_i].loss);
    draw(network, NULL, 0, COUNT, tokens);
    for (int i = 0; i < TOKENS; i++) sum += said[_i].weight[i];
    for (int i = 0; i < TOKENS; i++) share[i] = said[_i].weight[i] / sum;
    expect_shares(tokens, COUNT, share);
    soma_network_destroy(network);
}
END_TEST

/* Step by step it has no session of the network; behind the last step it needs it again. */
START_TEST(generators_outlive_their_network) {
    soma_network *network = counting_network(counting[_i]);
    soma_generator *generator;
    expect_ok(soma_generator_create(network, (const int32_t[]){3}, 1, NULL, &generator));
    for (int i = 0; i < 3 * STEPS; i++) {
        int32_t token;
        expect_ok(soma_generator_next(generator, &token));
        ck_assert_int_eq(token, (4 + i) % TOKENS);
        if (i > 0) continue;
        ck_assert_int_eq(soma_compile(network, device, NULL), SOMA_INVALID_STATE);
        ck_assert_msg(strstr(soma_last_error(), "1 session or generator on") != NULL, "%s", soma_last_error());
        soma_network_destroy(network); /* the generator frees it */
    }
    soma_generator_destroy(generator);
}
END_TEST

/* Two generators of one network do not know of each other. */
START_TEST(generators_go_side_by_side) {
    soma_network *network = counting_network(counting[2]);
    soma_generator *generator[2];
    expect_ok(soma_generator_create(network, (const int32_t[]){0, 1, 2}, 3, NULL, &generator[0]));
    expect_ok(soma_generator_create(network, (const int32_t[]){4}, 1, NULL, &generator[1]));
    for (int i = 0; i < 2 * STEPS; i++)
        for (int j = 0; j < 2; j++) {
            int32_t token;
            expect_ok(soma_generator_next(generator[j], &token));
            ck_assert_int_eq(token, ((j ? 0 : 3) + i) % TOKENS);
        }
    soma_network_destroy(network); /* the last generator frees it */
    for (int j = 0; j < 2; j++) soma_generator_destroy(generator[j]);
    soma_generator_destroy(NULL);
}
END_TEST

static void expect_refused(soma_network *network, const int32_t *tokens, size_t count,
                           const soma_generation_options *options, soma_status status, const char *words) {
    soma_generator *generator = (soma_generator *)&generator;
    ck_assert_int_eq(soma_generator_create(network, tokens, count, options, &generator), status);
    ck_assert_ptr_null(generator);
    ck_assert_msg(strstr(soma_last_error(), words) != NULL, "\"%s\" is not in: %s", words, soma_last_error());
}

START_TEST(what_does_not_go_is_refused) {
    const int32_t tokens[] = {0, 7};
    const size_t steps = STEPS;
    soma_network *network = counting_network(counting[0]), *other;
    expect_refused(network, NULL, 0, NULL, SOMA_INVALID_ARGUMENT, "one at least");
    expect_refused(network, tokens, 2, NULL, SOMA_INVALID_ARGUMENT,
                   "token number 1 is 7; those of the network are 0 to 4");
    expect_refused(network, tokens, 1, &(soma_generation_options){.temperature = -1}, SOMA_INVALID_ARGUMENT,
                   "the temperature is -1");
    expect_refused(network, tokens, 1, &(soma_generation_options){.top_p = 1.5}, SOMA_INVALID_ARGUMENT, "top_p is 1.5");
    expect_refused(network, tokens, 1, &(soma_generation_options){.reserved = {1}}, SOMA_INVALID_ARGUMENT, "reserved");
    ck_assert_int_eq(soma_generator_create(network, tokens, 1, NULL, NULL), SOMA_INVALID_ARGUMENT);
    ck_assert_int_eq(soma_generator_next(NULL, NULL), SOMA_INVALID_ARGUMENT);
    soma_network_destroy(network);
    network = network_of("dense 3 softmax");
    expect_refused(network, tokens, 1, NULL, SOMA_INVALID_SHAPE, "gives [batch, 3]; what generates");
    soma_network_destroy(network);
    expect_ok(soma_network_create(&other));
    soma_layers(soma_input(other, NULL, 1, &steps), counting[0]);
    expect_refused(other, tokens, 1, NULL, SOMA_INVALID_STATE, "compile");
    soma_network_destroy(other);
}
END_TEST

/* Logits that are no numbers, at the step that they belong to. */
START_TEST(what_is_not_finite_is_refused) {
    const float bad[] = {NAN, INFINITY};
    float bias[TOKENS] = {0, 0, bad[_i]};
    soma_network *network = dice("embedding 5 5; dense 5", SOMA_LOSS_DEFAULT);
    soma_generator *generator;
    int32_t token = 77;
    set(network, "dense_1.bias", bias);
    expect_ok(soma_generator_create(network, (const int32_t[]){0, 1, 2}, 3, NULL, &generator));
    ck_assert_int_eq(soma_generator_next(generator, &token), SOMA_NOT_FINITE);
    ck_assert_msg(strstr(soma_last_error(), "step 2: the logits of the next token") != NULL, "%s", soma_last_error());
    ck_assert_int_eq(token, 77);
    soma_generator_destroy(generator);
    soma_network_destroy(network);
}
END_TEST

static void add_tests(TCase *cases) {
    tcase_add_loop_test(cases, what_follows_is_what_the_network_says, 0, SOMA_COUNT_OF(counting));
    tcase_add_loop_test(cases, tokens_are_drawn_by_their_probabilities, 0, 2);
    tcase_add_loop_test(cases, what_is_said_goes_by_the_loss, 0, SOMA_COUNT_OF(said));
    tcase_add_loop_test(cases, generators_outlive_their_network, 0, SOMA_COUNT_OF(counting));
    tcase_add_test(cases, generators_go_side_by_side);
    tcase_add_loop_test(cases, what_is_not_finite_is_refused, 0, 2);
    tcase_add_test(cases, what_does_not_go_is_refused);
}

int main(int argc, char **argv) {
    device_name = argc > 1 ? argv[1] : "cpu";
    if (soma_device_open(device_name, NULL, &device) != SOMA_OK) return 77;
    const int status = run_suite("generator", add_tests);
    soma_device_close(device);
    return status;
}
