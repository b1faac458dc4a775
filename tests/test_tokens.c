/* SPDX-License-Identifier: MIT */
/* Text as data: its tokens and their numbers, windows, what is held out, and what a network keeps of them. */
#include "data/dataset.h"
#include "expect.h"
#include "nn/network.h"
#include "temporary.h"

#include <string.h>

static soma_status read_text(const char *bytes, const soma_text_options *options, soma_dataset **parts) {
    const char *path = temporary_file("book.txt", bytes, strlen(bytes));
    return soma_dataset_from_text(path, options, &parts[0], &parts[1], &parts[2]);
}

static void destroy_parts(soma_dataset **parts) {
    for (size_t i = 0; i < 3; i++) soma_dataset_destroy(parts[i]);
}

static void expect_windows(const soma_dataset *dataset, size_t samples, size_t window, const float *inputs,
                           const float *targets) {
    float found[64];
    soma_dataset_info info;
    soma_dataset_get_info(dataset, &info);
    ck_assert_uint_eq(info.samples, samples);
    ck_assert(info.input_rank[0] == 1 && info.input_shape[0][0] == window);
    ck_assert(info.target_rank[0] == 1 && info.target_shape[0][0] == window);
    expect_ok(soma_dataset_read_input(dataset, 0, 0, samples, found));
    for (size_t i = 0; i < samples * window; i++) ck_assert_msg(found[i] == inputs[i], "%zu: %g", i, (double)found[i]);
    expect_ok(soma_dataset_read_target(dataset, 0, 0, samples, found));
    for (size_t i = 0; i < samples * window; i++) ck_assert_msg(found[i] == targets[i], "%zu: %g", i, (double)found[i]);
}

/* Of 20 characters the last 5 are tested on, and of the 15 before them the last 6 watch the training: what is trained
 * on are the first 9, a to c, of which there are windows at 0 and 3; a third would want a tenth character. */
START_TEST(windows_lie_in_their_parts) {
    static const float inputs[] = {0, 1, 2, 0, 1, 2}, targets[] = {1, 2, 0, 1, 2, 0};
    static const float later[] = {3, 3, 3}, after[] = {3, 3, 0}; /* d is none of a, b, c; then comes an a */
    static const float last[] = {1, 0, 3}, end[] = {0, 3, 2};
    soma_dataset *parts[3];
    expect_ok(read_text("abcabcabcddda"
                        "bcbaxcc",
                        &(soma_text_options){.window = 3, .validation = 0.4, .test = 0.25}, parts));
    ck_assert_uint_eq(soma_dataset_token_count(parts[0]), 4);
    expect_windows(parts[0], 2, 3, inputs, targets);
    expect_windows(parts[1], 1, 3, later, after);
    expect_windows(parts[2], 1, 3, last, end);
    destroy_parts(parts);
}
END_TEST

START_TEST(windows_may_overlap) {
    static const float inputs[] = {0, 1, 1, 2, 2, 0}, targets[] = {1, 2, 2, 0, 0, 1};
    soma_dataset *parts[3];
    expect_ok(read_text("abcab", &(soma_text_options){.window = 2, .step = 1}, parts));
    expect_windows(parts[0], 3, 2, inputs, targets);
    ck_assert(!parts[1] && !parts[2]);
    destroy_parts(parts);
}
END_TEST

START_TEST(bytes_are_their_own_numbers) {
    static const float inputs[] = {0xc3, 0xa9}, targets[] = {0xa9, 'x'};
    soma_dataset *parts[3];
    expect_ok(read_text("\xc3\xa9x", &(soma_text_options){.tokens = SOMA_TOKENS_BYTES, .window = 2}, parts));
    ck_assert_uint_eq(soma_dataset_token_count(parts[0]), 256);
    expect_windows(parts[0], 1, 2, inputs, targets);
    destroy_parts(parts);
}
END_TEST

/* A network that keeps the tokens of a text. */
static soma_network *network_of(const char *bytes, soma_tokens kind) {
    soma_network *network;
    soma_dataset *parts[3];
    const size_t window = 2;
    expect_ok(read_text(bytes, &(soma_text_options){.tokens = kind, .window = window}, parts));
    expect_ok(soma_network_create(&network));
    ck_assert_ptr_nonnull(soma_layers(soma_input(network, NULL, 1, &window), "embedding 300 2; dense 300 softmax"));
    expect_ok(soma_network_fit_preprocessing(network, parts[0], false));
    destroy_parts(parts);
    return network;
}

static void expect_back(const soma_network *network, const char *text) {
    int32_t *numbers;
    char piece[SOMA_TOKEN_BYTES], all[128] = "";
    size_t count, length, at = 0;
    expect_ok(soma_network_encode(network, text, strlen(text), &numbers, &count));
    for (size_t i = 0; i < count; i++) {
        expect_ok(soma_network_decode(network, (size_t)numbers[i], i == 0, piece, &length));
        memcpy(all + at, piece, length);
        at += length;
    }
    soma_free(numbers);
    ck_assert_uint_eq(at, strlen(text));
    ck_assert_mem_eq(all, text, at);
}

static const char odd_text[] = "a\xff\xc3 \xe2\x82\xac\xed\xa0\x80\xf0\x9f\x98\x80\xf0\x9f z\xc3\xa9";

/* What is not UTF-8 is kept byte by byte, in a file, too. */
START_TEST(nothing_is_lost) {
    soma_network *network = network_of(odd_text, _i ? SOMA_TOKENS_BYTES : SOMA_TOKENS_CHARACTERS), *again;
    const char *path = temporary_path("model.safetensors");
    /* a, space, z, é, €, the face; ff, c3, ed, a0, 80, f0, 9f; and one for all others */
    ck_assert_uint_eq(soma_network_token_count(network), _i ? 256 : 14);
    expect_back(network, odd_text);
    expect_ok(soma_save(network, path));
    expect_ok(soma_load(path, &again));
    ck_assert_uint_eq(soma_network_token_count(again), _i ? 256 : 14);
    expect_back(again, odd_text);
    int32_t *numbers;
    char text[SOMA_TOKEN_BYTES];
    size_t count;
    expect_ok(soma_network_encode(again, "q", 1, &numbers, &count));
    ck_assert(count == 1 && numbers[0] == (_i ? 'q' : 13));
    soma_free(numbers);
    expect_error(soma_network_decode(again, _i ? 256 : 14, true, text, &count), SOMA_INVALID_ARGUMENT,
                 _i ? "256 of a vocabulary of 256" : "14 of a vocabulary of 14");
    /* Another text in the same tokens, and as many as the network takes. */
    soma_dataset *parts[3];
    static const float inputs[] = {0, 13}, targets[] = {13, 0};
    if (!_i) {
        expect_ok(read_text("aqa", &(soma_text_options){.network = again}, parts));
        float found[2];
        expect_ok(soma_dataset_read_input(parts[0], 0, 0, 1, found));
        ck_assert(found[1] == inputs[1] && found[0] != found[1]);
        expect_ok(soma_dataset_read_target(parts[0], 0, 0, 1, found));
        ck_assert(found[0] == targets[0]);
        destroy_parts(parts);
    }
    soma_network_destroy(network);
    soma_network_destroy(again);
}
END_TEST

START_TEST(what_does_not_fit_is_refused) {
    soma_dataset *parts[3];
    const size_t window = 2;
    soma_network *network;
    expect_error(read_text("", NULL, parts), SOMA_INVALID_FILE, "book.txt: 0 of its 0 characters are to train on",
                 "65");
    expect_error(read_text("abcd", &(soma_text_options){.window = 4}, parts), SOMA_INVALID_FILE,
                 "4 of its 4 characters", "need 5");
    expect_error(read_text("abcdefgh", &(soma_text_options){.window = 2, .test = 0.25}, parts), SOMA_INVALID_FILE,
                 "2 of its 8 characters are held out to test on", "need 3");
    expect_error(read_text("abcd", &(soma_text_options){.test = 1}, parts), SOMA_INVALID_ARGUMENT, "1 to test on",
                 "less than 1");
    expect_error(read_text("abcd", &(soma_text_options){.tokens = (soma_tokens)7}, parts), SOMA_INVALID_ARGUMENT,
                 "number 7");
    expect_ok(soma_network_create(&network));
    ck_assert_ptr_nonnull(soma_layers(soma_input(network, NULL, 1, &window), "embedding 3 2; dense 3 softmax"));
    expect_error(read_text("abcd", &(soma_text_options){.network = network}, parts), SOMA_INVALID_ARGUMENT, "book.txt",
                 "no vocabulary");
    int32_t *numbers;
    size_t count;
    expect_error(soma_network_encode(network, "a", 1, &numbers, &count), SOMA_INVALID_STATE, "no vocabulary");
    expect_ok(read_text("abcd", &(soma_text_options){.window = window}, parts));
    expect_error(soma_network_fit_preprocessing(network, parts[0], false), SOMA_INVALID_SHAPE, "5 tokens",
                 "embedding_1.weight has rows for 3");
    destroy_parts(parts);
    soma_network_destroy(network);
}
END_TEST

int main(void) {
    Suite *suite = suite_create("tokens");
    TCase *cases = tcase_create("tokens");
    tcase_add_checked_fixture(cases, temporary_create, temporary_destroy);
    tcase_add_test(cases, windows_lie_in_their_parts);
    tcase_add_test(cases, windows_may_overlap);
    tcase_add_test(cases, bytes_are_their_own_numbers);
    tcase_add_loop_test(cases, nothing_is_lost, 0, 2);
    tcase_add_test(cases, what_does_not_fit_is_refused);
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
