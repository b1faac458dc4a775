/* SPDX-License-Identifier: MIT */
/*
 * Checkpoints that cannot be written: training ends there with good weights and says so. The directory of the file goes
 * away under way, which stands in for a full disk, for root as for anybody else.
 */
#include "base/file.h"
#include "temporary.h"
#include "trainer.h"

#include <sys/stat.h>

enum { SAMPLES = 40, INPUTS = 5, CLASSES = 3, BATCH = 8, EPOCHS = 4, BATCHES = SAMPLES / BATCH };

static float features[SAMPLES * INPUTS];
static int32_t classes[SAMPLES];
static soma_dataset *data;

static soma_network *compiled_network(void) {
    const size_t width = INPUTS;
    const soma_compile_options options = {.optimizer = {.kind = SOMA_ADAM, .learning_rate = 0.02f}};
    soma_network *network;
    expect_ok(soma_network_create(&network));
    soma_layers(soma_input(network, NULL, 1, &width), "dense 6 tanh; dropout 0.2; dense 3 softmax");
    expect_ok(soma_compile(network, test_device, &options));
    return network;
}

/* What happens after so many batches: the directory of checkpoints goes, or training is to stop. */
typedef struct incident {
    size_t after, seen;
    bool stop;
} incident;

static soma_status happen(void *context, soma_network *network, const soma_progress *progress) {
    incident *at = context;
    (void)network, (void)progress;
    if (++at->seen != at->after) return SOMA_OK;
    if (at->stop) return SOMA_STOPPED;
    remove(temporary_path("sub/checkpoint"));
    ck_assert_int_eq(rmdir(temporary_path("sub")), 0);
    return SOMA_OK;
}

static soma_fit_options options_with(incident *at) {
    return (soma_fit_options){.epochs = EPOCHS, .batch_size = BATCH, .on_batch = happen, .context = at};
}

/* The weights are those of a training that was stopped after the same step by a callback. */
static void expect_stopped_weights(soma_network *network, const soma_fit_options *fit, uint64_t steps) {
    incident at = {.after = steps, .stop = true};
    soma_fit_options options = *fit;
    soma_network *stopped = compiled_network();
    options.checkpoint = options.resume = NULL;
    options.context = &at;
    soma_status status = soma_fit(stopped, data, &options, NULL);
    ck_assert(status == SOMA_STOPPED || (status == SOMA_OK && steps == BATCHES * EPOCHS));
    expect_same_parameters(network, stopped);
    soma_network_destroy(stopped);
}

/* A training whose directory goes after `lost` batches ends after `steps` steps and `epochs` epochs. */
static void expect_end(uint64_t every, size_t lost, uint64_t steps, uint32_t epochs, bool restore_best) {
    incident at = {.after = lost};
    soma_history history;
    soma_fit_options options = options_with(&at);
    soma_network *network = compiled_network();
    ck_assert_int_eq(mkdir(temporary_path("sub"), 0700), 0);
    options.checkpoint = temporary_path("sub/checkpoint");
    options.checkpoint_every = every;
    options.restore_best = restore_best;
    expect_error(soma_fit(network, data, &options, &history), SOMA_IO, "sub/checkpoint", "No such file");
    ck_assert_uint_eq(history.checkpoint_failed, 1);
    ck_assert_uint_eq(history.steps, steps);
    ck_assert_uint_eq(history.count, epochs);
    ck_assert_uint_eq(history.restored, restore_best && epochs > 0);
    expect_stopped_weights(network, &options, steps);
    soma_history_clear(&history);
    soma_network_destroy(network);
}

START_TEST(training_ends_with_the_weights_of_that_step) {
    for (int best = 0; best < 2; best++) {
        expect_end(3, 1, 3, 0, best);                                       /* within the first epoch */
        expect_end(3, 4, 6, 1, best);                                       /* within the second */
        expect_end(0, 1, BATCHES, 1, best);                                 /* after an epoch */
        expect_end(1000, BATCHES * EPOCHS, BATCHES * EPOCHS, EPOCHS, best); /* at the very end */
    }
}
END_TEST

START_TEST(a_resumed_training_ends_so_too) {
    incident at = {.after = BATCHES + 2, .stop = true};
    soma_history history;
    soma_buffer before, after;
    soma_fit_options options = options_with(&at);
    soma_network *network = compiled_network();
    const char *path = temporary_path("first");
    options.checkpoint = path;
    ck_assert_int_eq(soma_fit(network, data, &options, &history), SOMA_STOPPED);
    ck_assert_uint_eq(history.checkpoint_failed, 0);
    soma_history_clear(&history);
    soma_network_destroy(network);
    expect_ok(soma_file_read(path, 1 << 20, &before));

    at = (incident){.after = 2};
    ck_assert_int_eq(mkdir(temporary_path("sub"), 0700), 0);
    options.resume = path;
    options.checkpoint = temporary_path("sub/checkpoint");
    network = compiled_network();
    expect_error(soma_fit(network, data, &options, &history), SOMA_IO, "sub/checkpoint", "No such file");
    ck_assert_uint_eq(history.checkpoint_failed, 1);
    ck_assert_uint_eq(history.steps, (uint64_t)2 * BATCHES);
    ck_assert_uint_eq(history.count, 2);
    expect_stopped_weights(network, &options, (uint64_t)2 * BATCHES);
    expect_ok(soma_file_read(path, 1 << 20, &after));
    ck_assert_uint_eq(before.size, after.size);
    ck_assert_mem_eq(before.data, after.data, before.size);
    soma_free(before.data);
    soma_free(after.data);
    soma_history_clear(&history);
    soma_network_destroy(network);
}
END_TEST

/* A checkpoint that is to be read, a failing callback, and what is refused at once: only the last is of the kind. */
START_TEST(other_errors_are_told_from_it) {
    incident at = {0};
    soma_history history;
    soma_fit_options options = options_with(&at);
    soma_network *network = compiled_network();
    options.resume = temporary_path("absent");
    expect_error(soma_fit(network, data, &options, &history), SOMA_IO, "/absent", "No such file");
    ck_assert_uint_eq(history.checkpoint_failed, 0);
    options.checkpoint = temporary_path("no/such/place");
    expect_error(soma_fit(network, data, &options, &history), SOMA_IO, "no/such/place", "No such file");
    ck_assert_uint_eq(history.checkpoint_failed, 1);
    ck_assert_uint_eq(history.steps, 0);
    soma_network_destroy(network);
}
END_TEST

static void set_up(void) {
    temporary_create();
    fill_uniform(21, features, SAMPLES * INPUTS);
    fill_classes(22, classes, SAMPLES, CLASSES);
    data = dataset_of(array_f32(features, SAMPLES, INPUTS), array_i32(classes, SAMPLES));
}

static void tear_down(void) {
    soma_dataset_destroy(data);
    temporary_destroy();
}

static void add_tests(TCase *cases) {
    tcase_add_checked_fixture(cases, set_up, tear_down);
    tcase_add_test(cases, training_ends_with_the_weights_of_that_step);
    tcase_add_test(cases, a_resumed_training_ends_so_too);
    tcase_add_test(cases, other_errors_are_told_from_it);
}

int main(int argc, char **argv) {
    return run_trainer_tests(argc, argv, "checkpoint_failure", add_tests);
}
