/* SPDX-License-Identifier: MIT */
/* Training that runs into infinity or NaN: what is said of it, and what is left. */
#include "trainer.h"

#include <math.h>
#include <string.h>

enum { ROWS = 10, WIDTH = 3 };

static soma_network *hidden_network(soma_optimizer optimizer) {
    soma_network *network = network_of((model_shape){WIDTH, 4, 1, false}, 2);
    const soma_compile_options options = {.optimizer = optimizer};
    expect_ok(soma_compile(network, test_device, &options));
    return network;
}

static void fill_data(float *x, float *target) {
    fill_uniform(1, x, ROWS * WIDTH);
    fill_uniform(2, target, ROWS);
}

/* ---------------------------------------------------------------------------------------------------- bad data */

START_TEST(a_nan_in_the_input_is_named_with_its_row) {
    static const soma_optimizer adam = {.kind = SOMA_ADAM};
    float x[ROWS * WIDTH], target[ROWS], before[64];
    fill_data(x, target);
    x[7 * WIDTH + 2] = NAN;
    soma_dataset *dataset = dataset_of(array_f32(x, ROWS, WIDTH), array_f32(target, ROWS, 1));
    for (int shuffle = 0; shuffle < 2; shuffle++) {
        soma_network *network = hidden_network(adam);
        size_t count = read_parameters(network, before);
        soma_history history;
        const soma_fit_options fit = {.epochs = 3, .batch_size = 4, .no_shuffle = !shuffle};
        expect_error(soma_fit(network, dataset, &fit, &history), SOMA_NOT_FINITE, "epoch 1", "batch", "of 3", "input_1",
                     "nan", "row 7", "element 2", "before the training");
        if (!shuffle) ck_assert_ptr_nonnull(strstr(soma_last_error(), "batch 2 of 3"));
        ck_assert_uint_eq(history.count, 0);
        ck_assert_uint_eq(history.steps, 0);
        expect_parameters(network, before, count);
        soma_history_clear(&history);
        soma_network_destroy(network);
    }
    soma_dataset_destroy(dataset);
}
END_TEST

START_TEST(rows_are_those_of_the_data_behind_a_split) {
    static const soma_optimizer sgd = {.kind = SOMA_SGD};
    float x[ROWS * WIDTH], target[ROWS];
    fill_data(x, target);
    x[7 * WIDTH] = INFINITY;
    soma_dataset *dataset = dataset_of(array_f32(x, ROWS, WIDTH), array_f32(target, ROWS, 1));
    soma_network *network = hidden_network(sgd);
    soma_dataset *first, *second;
    expect_ok(soma_dataset_split(dataset, 0.5, 3, &first, &second));
    /* The row is in one of the parts: there it is found, the other one trains. */
    const soma_fit_options fit = {.epochs = 2, .batch_size = 2};
    soma_status status = soma_fit(network, first, &fit, NULL);
    soma_dataset *other = status == SOMA_OK ? second : first;
    expect_error(soma_fit(network, other, &fit, NULL), SOMA_NOT_FINITE, "row 7", "element 0", "inf");
    /* Batches from the host are taken apart as well. */
    soma_dataset_destroy(first);
    soma_dataset_destroy(second);
    soma_network_destroy(network);
    soma_dataset_destroy(dataset);
}
END_TEST

START_TEST(a_bad_target_is_named) {
    static const soma_optimizer sgd = {.kind = SOMA_SGD};
    float x[ROWS * WIDTH], target[ROWS];
    fill_data(x, target);
    target[3] = -INFINITY;
    soma_dataset *dataset = dataset_of(array_f32(x, ROWS, WIDTH), array_f32(target, ROWS, 1));
    soma_network *network = hidden_network(sgd);
    expect_error(soma_fit(network, dataset, NULL, NULL), SOMA_NOT_FINITE, "target", "row 3", "inf", "batch 1 of 1");
    soma_network_destroy(network);
    soma_dataset_destroy(dataset);
}
END_TEST

START_TEST(bad_validation_data_are_named_and_the_epoch_taken_back) {
    static const soma_optimizer adam = {.kind = SOMA_ADAM};
    float x[ROWS * WIDTH], target[ROWS], bad[ROWS * WIDTH], before[64];
    fill_data(x, target);
    memcpy(bad, x, sizeof bad);
    bad[5 * WIDTH + 1] = NAN;
    soma_dataset *dataset = dataset_of(array_f32(x, ROWS, WIDTH), array_f32(target, ROWS, 1));
    soma_dataset *validation = dataset_of(array_f32(bad, ROWS, WIDTH), array_f32(target, ROWS, 1));
    soma_network *network = hidden_network(adam);
    size_t count = read_parameters(network, before);
    const soma_fit_options fit = {.epochs = 3, .batch_size = 4, .validation = validation};
    expect_error(soma_fit(network, dataset, &fit, NULL), SOMA_NOT_FINITE, "epoch 1", "validation", "input_1", "row 5",
                 "element 1");
    expect_parameters(network, before, count);
    /* The network is in order: it trains on. */
    expect_ok(soma_fit(network, dataset, NULL, NULL));
    soma_network_destroy(network);
    soma_dataset_destroy(dataset);
    soma_dataset_destroy(validation);
}
END_TEST

/* ------------------------------------------------------------------------------------------------ a rate too high */

/* One weight from 0 towards 1: the error is multiplied by 1 - 2 rate in each step, so the loss by its square. */
static soma_network *one_weight(float rate, soma_optimizer_kind kind) {
    soma_network *network;
    size_t shape = 1;
    expect_ok(soma_network_create(&network));
    soma_dense_with(soma_input(network, NULL, 1, &shape), 1,
                    &(soma_dense_options){.name = "only", .no_bias = true, .weight_initializer = SOMA_INIT_ZEROS});
    const soma_compile_options options = {.optimizer = {.kind = kind, .learning_rate = rate}};
    expect_ok(soma_compile(network, test_device, &options));
    return network;
}

static soma_dataset *ones(size_t count) {
    static const float one[8] = {1, 1, 1, 1, 1, 1, 1, 1};
    return dataset_of(array_f32(one, count, 1), array_f32(one, count, 1));
}

START_TEST(the_loss_overflows_and_the_last_good_epoch_is_kept) {
    /* Rate 1000: losses 1, 4e6, 1.6e13, 6.4e19, 2.6e26, 1.0e33, and the seventh, 4e39, is beyond float32. */
    soma_network *network = one_weight(1000, SOMA_SGD), *twin = one_weight(1000, SOMA_SGD);
    soma_dataset *dataset = ones(1);
    soma_history history;
    expect_error(soma_fit(network, dataset, &(soma_fit_options){.epochs = 20}, &history), SOMA_NOT_FINITE, "epoch 7",
                 "batch 1 of 1", "loss", "end of epoch 6", "learning rate below 1000");
    ck_assert_uint_eq(history.count, 6);
    ck_assert_uint_eq(history.steps, 6);
    expect_ok(soma_fit(twin, dataset, &(soma_fit_options){.epochs = 6}, NULL));
    expect_same_parameters(network, twin);
    soma_history_clear(&history);
    soma_network_destroy(network);
    soma_network_destroy(twin);
    soma_dataset_destroy(dataset);
}
END_TEST

START_TEST(within_an_epoch_the_batch_is_found) {
    /* As before, but the seven steps are batches of one epoch; momentum's state must come back as well. */
    soma_network *network = one_weight(1000, SOMA_MOMENTUM), *twin = one_weight(1000, SOMA_MOMENTUM);
    soma_dataset *dataset = ones(8), *two = ones(2);
    soma_fit_options fit = {.batch_size = 1};
    expect_ok(soma_fit(network, two, &fit, NULL));
    expect_ok(soma_fit(twin, two, &fit, NULL));
    expect_error(soma_fit(network, dataset, &fit, NULL), SOMA_NOT_FINITE, "epoch 1", "of 8", "before the training");
    expect_same_parameters(network, twin);
    expect_ok(soma_set_learning_rate(network, 0.1f));
    expect_ok(soma_set_learning_rate(twin, 0.1f));
    expect_ok(soma_fit(network, two, &fit, NULL));
    expect_ok(soma_fit(twin, two, &fit, NULL));
    expect_same_parameters(network, twin);
    soma_network_destroy(network);
    soma_network_destroy(twin);
    soma_dataset_destroy(dataset);
    soma_dataset_destroy(two);
}
END_TEST

START_TEST(a_step_that_spoils_the_weights_is_found_though_no_loss_follows) {
    /* Rate 3e38: the gradient is -2, so the weight becomes 6e38, beyond float32, in the only step of the only epoch. */
    soma_network *network = one_weight(3e38f, SOMA_SGD);
    soma_dataset *dataset = ones(1);
    expect_error(soma_fit(network, dataset, NULL, NULL), SOMA_NOT_FINITE, "epoch 1", "after the step of batch 1 of 1",
                 "inf", "only.weight", "layer \"only\"");
    float w;
    read_parameters(network, &w);
    ck_assert(w == 0.0f);
    soma_network_destroy(network);
    soma_dataset_destroy(dataset);
}
END_TEST

START_TEST(the_layer_is_named) {
    /* e^x overflows above 88.7: the second layer's outputs are 200 times a positive number. */
    soma_network *network;
    size_t shape = 1;
    expect_ok(soma_network_create(&network));
    soma_tensor *x = soma_dense_with(
        soma_input(network, NULL, 1, &shape), 1,
        &(soma_dense_options){
            .name = "calm", .no_bias = true, .weight_initializer = SOMA_INIT_CONSTANT, .weight_scale = 1});
    x = soma_dense_with(x, 2,
                        &(soma_dense_options){.name = "steep",
                                              .activation = SOMA_EXP,
                                              .no_bias = true,
                                              .weight_initializer = SOMA_INIT_CONSTANT,
                                              .weight_scale = 200});
    soma_dense_with(x, 1, &(soma_dense_options){.name = "last"});
    expect_ok(soma_compile(network, test_device, NULL));
    soma_dataset *dataset = ones(2);
    expect_error(soma_fit(network, dataset, NULL, NULL), SOMA_NOT_FINITE, "activation", "layer \"steep\"", "inf");
    soma_network_destroy(network);
    soma_dataset_destroy(dataset);
}
END_TEST

START_TEST(a_gradient_is_named_with_its_layer) {
    /* sqrt has an infinite slope at 0: output and loss are finite, the gradient is not. */
    soma_network *network;
    size_t shape = 1;
    expect_ok(soma_network_create(&network));
    soma_dense_with(
        soma_input(network, NULL, 1, &shape), 1,
        &(soma_dense_options){.name = "root", .activation = SOMA_SQRT, .weight_initializer = SOMA_INIT_ZEROS});
    expect_ok(soma_compile(network, test_device, NULL));
    soma_dataset *dataset = ones(2);
    expect_error(soma_fit(network, dataset, NULL, NULL), SOMA_NOT_FINITE, "gradient", "layer \"root\"", "inf");
    soma_network_destroy(network);
    soma_dataset_destroy(dataset);
}
END_TEST

/* Two samples of ones, of class `number` each. */
static soma_dataset *ones_of_class(int32_t number) {
    static float x[2] = {1, 1};
    static int32_t classes[2];
    classes[0] = classes[1] = number;
    return dataset_of(array_f32(x, 2, 1), array_i32(classes, 2));
}

/* Where a loss and its gradient are made in one pass, what follows is still told from what comes before. */
START_TEST(a_gradient_before_a_softmax_is_named_with_its_layer) {
    soma_network *network;
    size_t shape = 1;
    expect_ok(soma_network_create(&network));
    soma_tensor *x = soma_dense_with(
        soma_input(network, NULL, 1, &shape), 1,
        &(soma_dense_options){.name = "root", .activation = SOMA_SQRT, .weight_initializer = SOMA_INIT_ZEROS});
    soma_dense(x, 2, SOMA_SOFTMAX);
    expect_ok(soma_compile(network, test_device, NULL));
    soma_dataset *dataset = ones_of_class(1);
    expect_error(soma_fit(network, dataset, NULL, NULL), SOMA_NOT_FINITE, "a gradient", "layer \"root\"", "inf");
    soma_network_destroy(network);
    soma_dataset_destroy(dataset);
}
END_TEST

/* The logits are 3e38 and -3e38: their difference, the loss of the second class, is too large. */
START_TEST(an_infinite_loss_of_finite_logits_is_named) {
    const soma_optimizer adam = {.kind = SOMA_ADAM};
    const float weights[2] = {3e38f, -3e38f};
    soma_network *network = network_of((model_shape){1, 0, 2, true}, 2);
    expect_ok(soma_compile(network, test_device, &(soma_compile_options){.optimizer = adam}));
    expect_ok(soma_set_parameter(network, soma_network_parameter(network, 0), weights, 2));
    soma_dataset *dataset = ones_of_class(1);
    expect_error(soma_fit(network, dataset, NULL, NULL), SOMA_NOT_FINITE, "inf in the loss itself");
    soma_network_destroy(network);
    soma_dataset_destroy(dataset);
}
END_TEST

START_TEST(bad_weights_are_named) {
    soma_network *network = one_weight(0.1f, SOMA_SGD);
    soma_dataset *dataset = ones(1);
    const float nan = copysignf(NAN, -1); /* as processors make them */
    expect_ok(soma_set_parameter(network, soma_network_parameter(network, 0), &nan, 1));
    expect_error(soma_fit(network, dataset, NULL, NULL), SOMA_NOT_FINITE, " nan in", "parameter", "only.weight");
    soma_network_destroy(network);
    soma_dataset_destroy(dataset);
}
END_TEST

/* ------------------------------------------------------------------------------------------------ while it runs */

static soma_status read_figures(void *context, soma_network *network, const soma_progress *progress) {
    soma_metrics metrics;
    size_t *batches = context;
    *batches = progress->batch;
    expect_ok(soma_fit_metrics(network, &metrics));
    return SOMA_OK;
}

static soma_status stop_at_the_end(void *context, soma_network *network, const soma_progress *progress) {
    (void)context;
    (void)network;
    return progress->batch == 7 ? SOMA_STOPPED : SOMA_OK;
}

START_TEST(figures_that_are_read_end_the_epoch_early) {
    soma_network *network = one_weight(1000, SOMA_SGD);
    soma_dataset *dataset = ones(8);
    size_t batches = 0;
    soma_fit_options fit = {.batch_size = 1, .on_batch = read_figures, .context = &batches};
    expect_error(soma_fit(network, dataset, &fit, NULL), SOMA_NOT_FINITE, "batch 7 of 8");
    ck_assert_uint_eq(batches, 7);
    /* A stop does not hide it. */
    fit.on_batch = stop_at_the_end;
    expect_error(soma_fit(network, dataset, &fit, NULL), SOMA_NOT_FINITE, "batch 7 of 8");
    float w;
    read_parameters(network, &w);
    ck_assert(w == 0.0f);
    soma_network_destroy(network);
    soma_dataset_destroy(dataset);
}
END_TEST

static soma_status raise_rate(void *context, soma_network *network, const soma_progress *progress) {
    (void)context;
    if (progress->batch == 2) expect_ok(soma_set_learning_rate(network, 1e20f));
    return SOMA_OK;
}

START_TEST(a_rate_that_a_callback_changed_is_replayed) {
    /* Batch 3 multiplies the error by 2e20 and its loss, in batch 4, is 4e40. */
    soma_network *network = one_weight(0.25f, SOMA_SGD);
    soma_dataset *dataset = ones(8);
    const soma_fit_options fit = {.batch_size = 1, .on_batch = raise_rate};
    expect_error(soma_fit(network, dataset, &fit, NULL), SOMA_NOT_FINITE, "batch 4 of 8", "below 1e+20");
    ck_assert(soma_get_learning_rate(network) == 0.25f); /* as at the beginning of the epoch */
    soma_dataset *one = ones(1);
    float w;
    expect_ok(soma_fit(network, one, NULL, NULL));
    read_parameters(network, &w);
    ck_assert(w == 0.5f); /* and so the next step is made at it */
    soma_dataset_destroy(one);
    soma_network_destroy(network);
    soma_dataset_destroy(dataset);
}
END_TEST

START_TEST(batches_from_the_host_are_taken_apart_too) {
    enum { MANY = 400, WIDE = 100 };
    static float x[MANY * WIDE], target[MANY];
    fill_uniform(1, x, MANY * WIDE);
    x[333 * WIDE + 44] = NAN;
    soma_dataset *dataset = dataset_of(array_f32(x, MANY, WIDE), array_f32(target, MANY, 1));
    soma_device *device = open_copying_device(NULL);
    for (int narrow = 0; narrow < 2; narrow++) {
        soma_device_memory memory;
        soma_network *network = network_of((model_shape){WIDE, 0, 1, false}, 1);
        expect_ok(soma_compile(network, device, NULL));
        expect_error(soma_fit(network, dataset, NULL, NULL), SOMA_NOT_FINITE, "row 333", "element 44", "of 13");
        soma_device_get_memory(device, &memory);
        soma_network_destroy(network);
        soma_device_close(device);
        device = open_copying_device(&(soma_device_options){.memory_limit = memory.peak - sizeof x / 2});
    }
    soma_device_close(device);
    soma_dataset_destroy(dataset);
}
END_TEST

static void add_tests(TCase *cases) {
    tcase_add_test(cases, a_nan_in_the_input_is_named_with_its_row);
    tcase_add_test(cases, rows_are_those_of_the_data_behind_a_split);
    tcase_add_test(cases, a_bad_target_is_named);
    tcase_add_test(cases, bad_validation_data_are_named_and_the_epoch_taken_back);
    tcase_add_test(cases, the_loss_overflows_and_the_last_good_epoch_is_kept);
    tcase_add_test(cases, within_an_epoch_the_batch_is_found);
    tcase_add_test(cases, a_step_that_spoils_the_weights_is_found_though_no_loss_follows);
    tcase_add_test(cases, the_layer_is_named);
    tcase_add_test(cases, a_gradient_is_named_with_its_layer);
    tcase_add_test(cases, a_gradient_before_a_softmax_is_named_with_its_layer);
    tcase_add_test(cases, an_infinite_loss_of_finite_logits_is_named);
    tcase_add_test(cases, bad_weights_are_named);
    tcase_add_test(cases, figures_that_are_read_end_the_epoch_early);
    tcase_add_test(cases, a_rate_that_a_callback_changed_is_replayed);
    tcase_add_test(cases, batches_from_the_host_are_taken_apart_too);
}

int main(int argc, char **argv) {
    return run_trainer_tests(argc, argv, "not_finite", add_tests);
}
