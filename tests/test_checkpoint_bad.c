/* SPDX-License-Identifier: MIT */
/*
 * Bad checkpoints: each is a good one whose header is changed in one place. They are refused with a reason, the network
 * keeps its weights, and reading them takes little memory.
 */
#include "base/file.h"
#include "expect.h"
#include "io/bytes.h"
#include "peak_memory.h"
#include "suite.h"
#include "temporary.h"

#include "device/device.h"

enum { SAMPLES = 20, BATCH = 8, HEADER = 8 };

static float features[SAMPLES * 2];
static int32_t classes[SAMPLES];
static soma_device *device;
static soma_dataset *dataset;
static soma_buffer good;

static soma_network *make_network(void) {
    const soma_compile_options options = {.optimizer.kind = SOMA_ADAM};
    const size_t width = 2;
    soma_network *network;
    expect_ok(soma_network_create(&network));
    soma_layers(soma_input(network, NULL, 1, &width), "dense 3 tanh; dense 2 softmax");
    expect_ok(soma_compile(network, device, &options));
    return network;
}

static soma_fit_options options_for(uint32_t epochs) {
    return (soma_fit_options){.epochs = epochs, .batch_size = BATCH, .restore_best = true};
}

static void set_up(void) {
    temporary_create();
    for (int i = 0; i < SAMPLES; i++) {
        features[2 * i] = (float)(i % 5);
        features[2 * i + 1] = (float)(i % 3);
        classes[i] = i % 2;
    }
    const soma_array x = {features, SOMA_F32, 2, {SAMPLES, 2}}, y = {classes, SOMA_I32, 1, {SAMPLES}};
    expect_ok(soma_device_open("cpu", NULL, &device));
    expect_ok(soma_dataset_from_arrays(&x, 1, &y, 1, &dataset));
    soma_network *network = make_network();
    soma_fit_options options = options_for(2);
    options.checkpoint = temporary_path("good");
    expect_ok(soma_fit(network, dataset, &options, NULL));
    soma_network_destroy(network);
    expect_ok(soma_file_read(temporary_path("good"), 1 << 20, &good));
}

static void tear_down(void) {
    soma_free(good.data);
    soma_dataset_destroy(dataset);
    soma_device_close(device);
    temporary_destroy();
}

/* ------------------------------------------------------------------------------------------------------ bad files */

/* The good file with a piece of its header replaced, and the header's length set to match. */
static size_t replace(const char *old, const char *new, uint8_t *file) {
    size_t header = (size_t)soma_load_le64(good.data), before = strlen(old), after = strlen(new);
    char *text = (char *)good.data + HEADER;
    const char *at = memmem(text, header, old, before);
    ck_assert_msg(at != NULL, "%s is not in the header", old);
    size_t start = HEADER + (size_t)(at - text);
    memcpy(file, good.data, start);
    memcpy(file + start, new, after);
    memcpy(file + start + after, good.data + start + before, good.size - start - before);
    soma_store_le64(file, header + after - before);
    return good.size + after - before;
}

static void expect_refused(const void *file, size_t size, soma_status status, const char *const *words,
                           const char *what) {
    soma_network *network = make_network(), *untouched = make_network();
    soma_fit_options options = options_for(3);
    float a[6], b[6];
    options.resume = temporary_file("bad", file, size);
    peak_memory_start();
    soma_status found = soma_fit(network, dataset, &options, NULL);
#ifdef SOMA_COUNT_MEMORY
    ck_assert_uint_gt(peak_memory(), 0); /* so it is counted indeed */
#endif
    expect_little_memory(size, what); /* the fit's own plans and copies of these few weights are within the 1 MiB */
    expect_error_words(found, status, words, what);
    expect_ok(soma_get_parameter(network, soma_network_tensor(network, "dense_1.weight"), a, 6));
    expect_ok(soma_get_parameter(untouched, soma_network_tensor(untouched, "dense_1.weight"), b, 6));
    ck_assert_mem_eq(a, b, sizeof a);
    soma_network_destroy(network);
    soma_network_destroy(untouched);
}

#define Q "\\\"" /* a quote within the metadata's text */

static const struct {
    const char *old, *new;
    soma_status status;
    const char *words[3];
} changes[] = {
    {"\"soma.checkpoint\"", "\"some.checkpoint\"", SOMA_INVALID_FILE, {"/bad: is no checkpoint", "it is a model"}},
    {"\"soma.network\"", "\"some.network\"", SOMA_INVALID_FILE, {"/bad: is no checkpoint", "soma.network"}},
    {"{" Q "format" Q ":1," Q "run", "{" Q "format" Q ":2," Q "run", SOMA_INVALID_FILE, {"format 2", "reads format 1"}},
    {"{" Q "format" Q ":1," Q "run", "{" Q "run", SOMA_INVALID_FILE, {"\"format\" must be a number"}},
    {"{" Q "format" Q ":1," Q "run", "[" Q "format" Q ":1," Q "run", SOMA_INVALID_FILE, {"not valid JSON", "at byte"}},
    {Q "run" Q ":{", Q "ran" Q ":{", SOMA_INVALID_FILE, {"\"run\" must be an object"}},
    {Q "batch_size" Q ":8", Q "batch_size" Q ":9", SOMA_INVALID_ARGUMENT, {"batch_size is 8 here, 9 in the file"}},
    {Q "batch_size" Q ":8,", "", SOMA_INVALID_ARGUMENT, {"batch_size is 8 here, missing in the file"}},
    {Q "shuffle" Q ":true", Q "shuffle" Q ":true," Q "more" Q ":1", SOMA_INVALID_ARGUMENT, {"missing here, 1 in the"}},
    {Q "step" Q ":6", Q "step" Q ":5", SOMA_INVALID_FILE, {"5 steps were made", "2 epochs of 3 batches and 0"}},
    {Q "step" Q ":6", Q "step" Q ":-6", SOMA_INVALID_FILE, {"\"step\" must be a whole number"}},
    {Q "step" Q ":6", Q "step" Q ":" Q "6" Q, SOMA_INVALID_FILE, {"\"step\" must be a whole number"}},
    {Q "first_step" Q ":0", Q "first_step" Q ":7", SOMA_INVALID_FILE, {"fewer steps than it began with"}},
    {Q "batches" Q ":0", Q "batches" Q ":4", SOMA_INVALID_FILE, {"more batches than its epoch has"}},
    {Q "best_epoch" Q ":", Q "best_epoch" Q ":9", SOMA_INVALID_FILE, {"the best epoch is not in the history"}},
    {Q "base_rate" Q ":", Q "base_rate" Q ":-", SOMA_INVALID_FILE, {"a learning rate is negative"}},
    {Q "plateau_factor" Q ":1.0", Q "plateau_factor" Q ":1e99", SOMA_INVALID_FILE, {"fits float32"}},
    {Q "watch" Q ":{" Q "started" Q ":true", Q "watch" Q ":{" Q "started" Q ":1", SOMA_INVALID_FILE, {"true or false"}},
    {Q "watch" Q ":{" Q "started" Q ":true",
     Q "watch" Q ":{" Q "started" Q ":false",
     SOMA_INVALID_FILE,
     {"tensors; a checkpoint"}},
    {Q "waited" Q ":", Q "waited" Q ":99999999999", SOMA_INVALID_FILE, {"\"waited\" must be a whole number"}},
    {Q "history" Q ":[", Q "history" Q ":[1,", SOMA_INVALID_FILE, {"3 epochs of 3 batches"}},
    {Q "history" Q ":[{" Q "train" Q ":[",
     Q "history" Q ":[{" Q "train" Q ":[1,",
     SOMA_INVALID_FILE,
     {"must be 2 numbers"}},
    {Q "history" Q ":[{" Q "train" Q ":[",
     Q "history" Q ":[{" Q "taint" Q ":[",
     SOMA_INVALID_FILE,
     {"\"train\" of an epoch"}},
    {"\"checkpoint/state_1/dense_1.bias\"",
     "\"checkpoint/state_3/dense_1.bias\"",
     SOMA_INVALID_FILE,
     {"tensor checkpoint/state_1/dense_1.bias is missing"}},
    {"\"shape\":[16,2]", "\"shape\":[2,16]", SOMA_INVALID_FILE, {"tensor checkpoint/accumulators has 32 elements"}},
    {"\"shape\":[16,2]", "\"shape\":[16,3]", SOMA_INVALID_FILE, {"checkpoint/accumulators", "needs 192"}},
};

START_TEST(changed_headers_are_refused) {
    static uint8_t file[1 << 16];
    ck_assert_uint_lt(good.size + 64, sizeof file);
    size_t size = replace(changes[_i].old, changes[_i].new, file);
    expect_refused(file, size, changes[_i].status, changes[_i].words, changes[_i].new);
}
END_TEST

START_TEST(cut_checkpoints_are_refused) {
    for (size_t size = 0; size < good.size; size += 1 + good.size / 40)
        expect_refused(good.data, size, SOMA_INVALID_FILE, (const char *[]){"/bad", NULL}, "cut");
}
END_TEST

static void add_tests(TCase *cases) {
    tcase_add_checked_fixture(cases, set_up, tear_down);
    tcase_add_loop_test(cases, changed_headers_are_refused, 0, (int)SOMA_COUNT_OF(changes));
    tcase_add_test(cases, cut_checkpoints_are_refused);
}

int main(void) {
    return run_suite("checkpoint, bad files", add_tests);
}
