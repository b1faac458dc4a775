/* SPDX-License-Identifier: MIT */
/*
 * Every layer and function that a text may name: what is written as ONNX computes the same when soma reads it. The
 * networks are those of onnx_layers.txt, of which onnx_interop.py asks the same of onnxruntime.
 *
 * Usage: test_onnx_layers DEVICE FILE      (exits with 77 where there is no such device)
 */
#include "expect.h"
#include "network_numbers.h"
#include "nn/layers/layer.h"
#include "temporary.h"
#include "train/ids.h"

#include <math.h>
#include <stdio.h>

enum { SAMPLES = 3, MOST_NETWORKS = 200, LINE = 256 };

static soma_device *device;
static struct { char shape[32], net[LINE]; } networks[MOST_NETWORKS];
static int network_count;

static bool read_networks(const char *path) {
    char line[LINE];
    FILE *file = fopen(path, "r");
    if (!file) return false;
    while (network_count < MOST_NETWORKS && fgets(line, sizeof line, file)) {
        int at = 0;
        line[strcspn(line, "\n")] = 0;
        if (*line == '#' || sscanf(line, "%31s %*s %n", networks[network_count].shape, &at) != 1 || !at) continue;
        snprintf(networks[network_count++].net, LINE, "%s", line + at);
    }
    fclose(file);
    return true;
}

static uint32_t read_shape(const char *text, size_t *shape) {
    uint32_t rank = 0;
    for (char *end; rank < 4; text = end + 1) {
        shape[rank++] = strtoul(text, &end, 10);
        if (*end != 'x') break;
    }
    return rank;
}

/* For a batch of numbers; free it. */
static float *outputs(soma_network *network, size_t *count) {
    soma_compile_options options = {.loss = {SOMA_LOSS_NONE}};
    size_t inputs = SAMPLES * soma_tensor_count(soma_network_input(network, 0));
    unsigned state = 5;
    *count = SAMPLES * soma_tensor_count(soma_network_output(network, 0));
    float *x = calloc(inputs, sizeof *x), *y = calloc(*count, sizeof *y);
    for (size_t i = 0; i < inputs; i++) x[i] = next_number(&state);
    const soma_tensor *table = soma_table_of_input(network, 0);
    for (size_t i = 0; table && i < inputs; i++) x[i] = (float)(i * i % table->shape[0]);
    expect_ok(soma_compile(network, device, &options));
    expect_ok(soma_run(network, x, SAMPLES, y));
    free(x);
    return y;
}

/* To rounding, of numbers as large as the largest: sums may be taken in another order. */
static void expect_same(const char *net, const float *found, const float *expected, size_t count) {
    float largest = 1;
    for (size_t i = 0; i < count; i++) largest = isfinite(expected[i]) ? fmaxf(largest, fabsf(expected[i])) : largest;
    for (size_t i = 0; i < count; i++)
        ck_assert_msg(fabsf(found[i] - expected[i]) <= 1e-5f * largest || found[i] == expected[i] ||
                          (isnan(found[i]) && isnan(expected[i])),
                      "%s: output %zu is %.9g, was %.9g", net, i, (double)found[i], (double)expected[i]);
}

/* In ops of no later opset: soma reads what others would. */
static const int64_t opsets[] = {0, 12, 17};

START_TEST(what_is_written_computes_the_same_when_read) {
    const char *path = temporary_path("network.onnx"), *net = networks[_i / 3].net;
    const soma_onnx_save_options as = {.opset = opsets[_i % 3]};
    soma_network *network, *again;
    size_t shape[4], count, other;
    uint32_t rank = read_shape(networks[_i / 3].shape, shape);
    expect_ok(soma_network_create(&network));
    soma_layers(soma_input(network, "x", rank, shape), net);
    expect_ok(soma_network_status(network));
    expect_ok(set_numbers(network, (unsigned)_i / 3));
    soma_status saved = as.opset ? soma_save_onnx_with(network, path, &as) : soma_save(network, path);
    if (as.opset && saved == SOMA_UNSUPPORTED) {
        ck_assert_ptr_nonnull(strstr(soma_last_error(), "none later than"));
        ck_assert_msg(!strstr(net, "attention") && !strstr(net, "transformer"), "%s: %s", net, soma_last_error());
        soma_network_destroy(network);
        return;
    }
    expect_ok(saved);
    float *expected = outputs(network, &count);
    soma_status status = soma_load(path, &again);
    ck_assert_msg(status == SOMA_OK, "%s: %s", net, soma_last_error());
    float *found = outputs(again, &other);
    ck_assert_uint_eq(count, other);
    expect_same(net, found, expected, count);
    free(expected);
    free(found);
    soma_network_destroy(network);
    soma_network_destroy(again);
}
END_TEST

/* Whether a layer of one of the networks begins with this word. */
static bool is_there(const char *word, size_t length) {
    for (int i = 0; i < network_count; i++)
        for (const char *at = networks[i].net; *at; at += strcspn(at, " ;|()"), at += strspn(at, " ;|()"))
            if (strncmp(at, word, length) == 0 && strchr(" ;|()", at[length])) return true; /* strchr finds the end */
    return false;
}

START_TEST(no_layer_and_no_function_is_missing) {
    char words[1024];
    for (const char *word = soma_layer_words(words, sizeof words); *word;) {
        size_t length = strcspn(word, ", ");
        ck_assert_msg(is_there(word, length), "the layer %.*s is in no network", (int)length, word);
        word += length + strspn(word + length, ", ");
    }
    for (int i = 0; i <= SOMA_SOFTMAX; i++) {
        const char *name = soma_name(SOMA_NAMES_FUNCTION, i);
        ck_assert_msg(!name || is_there(name, strlen(name)), "the function %s is in no network", name);
    }
}
END_TEST

int main(int argc, char **argv) {
    if (argc != 3 || !read_networks(argv[2])) return 2;
    if (soma_device_open(argv[1], NULL, &device) != SOMA_OK) {
        printf("skipped: %s\n", soma_last_error());
        return 77;
    }
    TCase *tcase = tcase_create("onnx-layers");
    tcase_set_timeout(tcase, 600);
    tcase_add_unchecked_fixture(tcase, temporary_create, temporary_destroy);
    tcase_add_test(tcase, no_layer_and_no_function_is_missing);
    tcase_add_loop_test(tcase, what_is_written_computes_the_same_when_read, 0, 3 * network_count);
    Suite *suite = suite_create("onnx-layers");
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_set_fork_status(runner, CK_NOFORK); /* the device's threads do not survive a fork */
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    soma_device_close(device);
    return failed ? 1 : 0;
}
