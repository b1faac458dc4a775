/* SPDX-License-Identifier: MIT */
/* soma_fit against training by hand in float64, and against closed forms. */
#include "fronts.h"
#include "trainer.h"

#include "device/device.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* --------------------------------------------------------------------------------------- against float64, by hand */

enum { SAMPLES = 23, INPUTS = 5, OUTPUTS = 3, BATCH = 8, EPOCHS = 3 }; /* batches of 8, 8 and 7 */

static const float class_weights[OUTPUTS] = {0.5f, 2.0f, 1.25f};
static const double class_weights64[OUTPUTS] = {0.5, 2.0, 1.25};

typedef struct problem {
    float x[SAMPLES * INPUTS], target[SAMPLES * OUTPUTS], weight[SAMPLES];
    int32_t class_number[SAMPLES];
    sample samples[SAMPLES];
} problem;

static void make_problem(problem *p, bool weighted) {
    fill_uniform(1, p->x, SAMPLES * INPUTS);
    fill_uniform(2, p->target, SAMPLES * OUTPUTS);
    fill_uniform(3, p->weight, SAMPLES);
    fill_classes(4, p->class_number, SAMPLES, OUTPUTS);
    for (size_t i = 0; i < SAMPLES; i++) {
        p->weight[i] = weighted ? 1.5f + p->weight[i] : 1.0f;
        p->samples[i] = (sample){p->x + i * INPUTS, p->target + i * OUTPUTS, p->class_number[i], (double)p->weight[i]};
    }
}

static soma_dataset *dataset_for(const problem *p, bool softmax, bool weighted) {
    soma_dataset *dataset =
        dataset_of(array_f32(p->x, SAMPLES, INPUTS),
                   softmax ? array_i32(p->class_number, SAMPLES) : array_f32(p->target, SAMPLES, OUTPUTS));
    if (weighted) expect_ok(soma_dataset_set_weights(dataset, p->weight, SAMPLES));
    return dataset;
}

/* One epoch by hand, in order; returns the mean loss. */
static double epoch_by_hand(model *m, const problem *p, const soma_optimizer *optimizer, double rate) {
    double loss = 0;
    for (size_t start = 0; start < SAMPLES; start += BATCH) {
        loss += model_backward(m, p->samples + start, start + BATCH <= SAMPLES ? BATCH : SAMPLES - start);
        model_step(m, optimizer, rate);
    }
    return loss / SAMPLES;
}

/*
 * A bound on the difference to float64, with u = 2^-24. An element of a gradient is a mean over at most 8 samples of
 * products below 2, each of a sum of 6 terms: its error is below (8 + 6 + 3) 2 u = 2e-6. Over 9 steps at rate 0.05,
 * where momentum 0.8 adds each up 5 times, that makes 4.5e-6. The rules that divide by the root of a mean square, which
 * here is above 3e-3, and by epsilon = 1e-3 beside it, make up to 250 times as much of an error, without the
 * momentum: 2.5e-4.
 */
static double bound_of(soma_optimizer_kind kind) {
    return kind == SOMA_SGD || kind == SOMA_MOMENTUM || kind == SOMA_NESTEROV ? 4.5e-6 : 2.5e-4;
}

static void compare_with_hand(const soma_optimizer *optimizer, model_shape shape, bool weighted) {
    problem p;
    make_problem(&p, weighted);
    soma_dataset *dataset = dataset_for(&p, shape.softmax, weighted);
    soma_network *network = network_of(shape, 7);
    soma_compile_options options = {.optimizer = *optimizer};
    if (weighted && shape.softmax) {
        options.class_weight = class_weights;
        options.class_weight_count = OUTPUTS;
    }
    expect_ok(soma_compile(network, test_device, &options));
    model m;
    model_from(&m, shape, network);
    if (options.class_weight) m.class_weight = class_weights64;

    soma_history history;
    const soma_fit_options fit = {.epochs = EPOCHS, .batch_size = BATCH, .no_shuffle = true};
    expect_ok(soma_fit(network, dataset, &fit, &history));
    ck_assert_uint_eq(history.count, EPOCHS);
    ck_assert_uint_eq(history.steps, 3 * EPOCHS);
    for (uint32_t e = 0; e < EPOCHS; e++) {
        double loss = epoch_by_hand(&m, &p, optimizer, (double)optimizer->learning_rate);
        ck_assert_uint_eq(history.epochs[e].epoch, e + 1);
        ck_assert_msg(fabs(history.epochs[e].train.loss - loss) <= 1e-5, "epoch %u: loss %.9g, by hand %.9g", e + 1,
                      history.epochs[e].train.loss, loss);
    }
    double difference = parameter_difference(network, &m);
    ck_assert_msg(difference <= bound_of(optimizer->kind), "parameters differ by %g", difference);
    soma_history_clear(&history);
    soma_network_destroy(network);
    soma_dataset_destroy(dataset);
}

/* Each optimizer bare, with decay, and clipped both ways. Every coefficient is given: the model has no defaults. */
static soma_optimizer variant(int number) {
    soma_optimizer optimizer = {.kind = (soma_optimizer_kind)(number % SOMA_OPTIMIZER_COUNT),
                                .learning_rate = 0.05f,
                                .momentum = 0.8f,
                                .beta1 = 0.85f,
                                .beta2 = 0.95f,
                                .rho = 0.9f,
                                .epsilon = 1e-3f,
                                .decay = 0.02f};
    if (number / SOMA_OPTIMIZER_COUNT == 1) optimizer.l2 = 0.1f, optimizer.l1 = 0.02f;
    if (number / SOMA_OPTIMIZER_COUNT == 2) optimizer.clip_norm = 0.5f, optimizer.clip_value = 0.125f;
    return optimizer;
}

START_TEST(regression_follows_the_update_rules) {
    soma_optimizer optimizer = variant(_i);
    compare_with_hand(&optimizer, (model_shape){INPUTS, 0, OUTPUTS, false}, false);
}
END_TEST

START_TEST(softmax_with_hidden_units_follows_the_update_rules) {
    soma_optimizer optimizer = variant(_i);
    compare_with_hand(&optimizer, (model_shape){INPUTS, 6, OUTPUTS, true}, false);
}
END_TEST

START_TEST(weights_of_samples_and_classes_scale_the_loss) {
    soma_optimizer optimizer = variant(SOMA_SGD);
    compare_with_hand(&optimizer, (model_shape){INPUTS, 0, OUTPUTS, false}, true);
    compare_with_hand(&optimizer, (model_shape){INPUTS, 4, OUTPUTS, true}, true);
}
END_TEST

/* ------------------------------------------------------------------------------------ as much as a network may have */

/* Each input goes through a unit of its own, all zeros, so that the first loss of output i, whose targets are i + 1, is
 * (i + 1)^2 times the mean of the weights. */
START_TEST(as_many_inputs_and_outputs_as_there_may_be_train_with_weights) {
    enum { MOST = SOMA_MAX_OUTPUTS, ROWS = 5 };
    static const float weights[ROWS] = {0.5f, 1, 2, 0, 1.5f};
    static float inputs[MOST][ROWS], targets[MOST][ROWS];
    soma_array input[MOST], target[MOST];
    soma_network *network;
    soma_dataset *dataset;
    const size_t one = 1;
    double expected = 0;
    expect_ok(soma_network_create(&network));
    soma_compile_options options = {0};
    for (int i = 0; i < MOST; i++) {
        for (int row = 0; row < ROWS; row++) inputs[i][row] = (float)row, targets[i][row] = (float)(i + 1);
        input[i] = array_f32(inputs[i], ROWS, 1), target[i] = array_f32(targets[i], ROWS, 1);
        soma_output(soma_dense_with(soma_input(network, NULL, 1, &one), 1,
                                    &(soma_dense_options){.weight_initializer = SOMA_INIT_ZEROS}));
        options.loss[i] = SOMA_MEAN_SQUARED_ERROR;
        expected += (i + 1) * (i + 1);
    }
    expect_ok(soma_compile(network, test_device, &options));
    expect_ok(soma_dataset_from_arrays(input, MOST, target, MOST, &dataset));
    expect_ok(soma_dataset_set_weights(dataset, weights, ROWS));
    soma_history history;
    expect_ok(soma_fit(network, dataset, &(soma_fit_options){.epochs = 1, .batch_size = ROWS}, &history));
    ck_assert_double_eq(history.epochs[0].train.loss,
                        expected); /* the mean of the weights is 1, and all numbers are whole */
    soma_history_clear(&history);
    soma_dataset_destroy(dataset);
    soma_network_destroy(network);
}
END_TEST

/* ------------------------------------------------------------------------------------------- one weight a sample */

/*
 * Sample i is the i-th unit vector with target 1; the network is one linear unit without bias, all zeros. So weight i
 * moves only when sample i is trained on: w <- w + 2 rate (1 - w) / batch.
 */
enum { UNITS = 10 };

static soma_network *unit_network(uint64_t seed, float rate) {
    soma_network *network;
    size_t shape = UNITS;
    expect_ok(soma_network_create(&network));
    soma_network_set_seed(network, seed);
    soma_dense_with(soma_input(network, NULL, 1, &shape), 1,
                    &(soma_dense_options){.no_bias = true, .weight_initializer = SOMA_INIT_ZEROS});
    soma_compile_options options = {.optimizer = {.learning_rate = rate}};
    expect_ok(soma_compile(network, test_device, &options));
    return network;
}

static soma_dataset *unit_dataset(void) {
    static float x[UNITS * UNITS], target[UNITS];
    for (size_t i = 0; i < UNITS; i++) x[i * UNITS + i] = target[i] = 1.0f;
    return dataset_of(array_f32(x, UNITS, UNITS), array_f32(target, UNITS, 1));
}

/* Which samples were in the short batch of an epoch of batches of 4, 4 and 2, as bits; checks that each came once. */
static unsigned short_batch(soma_network *network, soma_dataset *dataset) {
    float before[UNITS], after[UNITS];
    unsigned bits = 0;
    read_parameters(network, before);
    const soma_fit_options fit = {.batch_size = 4};
    expect_ok(soma_fit(network, dataset, &fit, NULL));
    read_parameters(network, after);
    for (size_t i = 0; i < UNITS; i++) {
        float full = before[i] + 0.25f * (1 - before[i]) / 2, last = before[i] + 0.25f * (1 - before[i]);
        if (fabsf(after[i] - last) < 1e-6f)
            bits |= 1u << i;
        else
            ck_assert_msg(fabsf(after[i] - full) < 1e-6f, "weight %zu went from %g to %g", i, (double)before[i],
                          (double)after[i]);
    }
    ck_assert_int_eq(__builtin_popcount(bits), 2);
    return bits;
}

START_TEST(shuffling_visits_each_sample_once_in_ever_new_orders) {
    soma_dataset *dataset = unit_dataset();
    unsigned seen[8], different = 0;
    for (int attempt = 0; attempt < 2; attempt++) {
        soma_network *network = unit_network(3, 0.25f);
        for (int e = 0; e < 8; e++) {
            unsigned bits = short_batch(network, dataset);
            if (attempt == 0)
                seen[e] = bits;
            else
                ck_assert_uint_eq(bits, seen[e]); /* the same seed, the same orders */
        }
        soma_network_destroy(network);
    }
    for (int e = 1; e < 8; e++) different += seen[e] != seen[e - 1];
    ck_assert_uint_ge(different, 6); /* of 45 pairs, two epochs in a row choose the same one with 2 % */
    soma_network *other = unit_network(4, 0.25f);
    unsigned same = 0;
    for (int e = 0; e < 8; e++) same += short_batch(other, dataset) == seen[e];
    ck_assert_uint_le(same, 2);
    soma_network_destroy(other);
    soma_dataset_destroy(dataset);
}
END_TEST

START_TEST(validation_split_holds_samples_out) {
    soma_dataset *dataset = unit_dataset();
    soma_network *network = unit_network(5, 0.5f);
    soma_history history;
    const soma_fit_options fit = {.epochs = 4, .batch_size = 16, .validation_split = 0.3};
    expect_ok(soma_fit(network, dataset, &fit, &history));
    /* 7 samples in one batch: w_k = 1 - (1 - 1/7)^k after k epochs. The 3 others keep the weight 0 and the loss 1. */
    float w[UNITS];
    size_t untouched = 0;
    read_parameters(network, w);
    for (size_t i = 0; i < UNITS; i++) {
        if (w[i] == 0.0f)
            untouched++;
        else
            ck_assert_double_eq_tol((double)w[i], 1 - pow(6.0 / 7, 4), 1e-6);
    }
    ck_assert_uint_eq(untouched, 3);
    for (uint32_t e = 0; e < 4; e++) {
        ck_assert(history.epochs[e].has_validation);
        ck_assert_double_eq_tol(history.epochs[e].validation.loss, 1.0, 1e-6);
        ck_assert_double_eq_tol(history.epochs[e].train.loss, pow(6.0 / 7, 2 * e), 1e-6);
    }
    soma_history_clear(&history);
    soma_network_destroy(network);
    soma_dataset_destroy(dataset);
}
END_TEST

START_TEST(a_split_data_set_trains_on_its_own_rows) {
    soma_dataset *dataset = unit_dataset(), *first, *second;
    expect_ok(soma_dataset_split(dataset, 0.4, 1, &first, &second));
    soma_network *network = unit_network(6, 0.5f);
    expect_ok(soma_fit(network, second, NULL, NULL));
    expect_ok(soma_fit(network, first, &(soma_fit_options){.no_shuffle = true, .batch_size = 2}, NULL));
    float w[UNITS];
    size_t of_first = 0, of_second = 0;
    read_parameters(network, w);
    for (size_t i = 0; i < UNITS; i++) {
        of_second += fabsf(w[i] - 0.25f) < 1e-6f; /* one batch of 4 */
        of_first += fabsf(w[i] - 0.5f) < 1e-6f;   /* batches of 2 */
    }
    ck_assert_uint_eq(of_second, 4);
    ck_assert_uint_eq(of_first, 6);
    soma_network_destroy(network);
    soma_dataset_destroy(first);
    soma_dataset_destroy(second);
    soma_dataset_destroy(dataset);
}
END_TEST

/* ------------------------------------------------------------------------------------------------ the same bits */

static soma_network *compiled_network(int front, soma_device *device, uint64_t seed) {
    static const char *const fronts[FRONTS] = FRONTS_OF("5 1 1");
    const size_t width = INPUTS;
    soma_network *network;
    expect_ok(soma_network_create(&network));
    soma_network_set_seed(network, seed);
    soma_dense(soma_layers(soma_input(network, NULL, 1, &width), fronts[front]), OUTPUTS, SOMA_SOFTMAX);
    soma_compile_options options = {.optimizer = {.kind = SOMA_ADAM, .learning_rate = 0.01f}};
    expect_ok(soma_compile(network, device, &options));
    return network;
}

START_TEST(the_same_seed_gives_the_same_bits) {
    problem p;
    make_problem(&p, false);
    soma_dataset *dataset = dataset_for(&p, true, false);
    soma_network *a = compiled_network(_i, test_device, 1), *b = compiled_network(_i, test_device, 1);
    const soma_fit_options fit = {.epochs = 5, .batch_size = 4};
    expect_ok(soma_fit(a, dataset, &fit, NULL));
    expect_ok(soma_fit(b, dataset, &fit, NULL));
    expect_same_parameters(a, b);
    soma_network_destroy(a);
    soma_network_destroy(b);
    soma_dataset_destroy(dataset);
}
END_TEST

START_TEST(fits_continue_each_other) {
    problem p;
    make_problem(&p, false);
    soma_dataset *dataset = dataset_for(&p, true, false);
    soma_network *a = compiled_network(_i, test_device, 1), *b = compiled_network(_i, test_device, 1);
    expect_ok(soma_fit(a, dataset, &(soma_fit_options){.epochs = 5, .batch_size = 4}, NULL));
    for (int e = 0; e < 5; e++) expect_ok(soma_fit(b, dataset, &(soma_fit_options){.batch_size = 4}, NULL));
    expect_same_parameters(a, b);
    soma_network_destroy(a);
    soma_network_destroy(b);
    soma_dataset_destroy(dataset);
}
END_TEST

static soma_status evaluate_in_between(void *context, soma_network *network, const soma_progress *progress) {
    soma_metrics metrics;
    float outputs[SAMPLES * OUTPUTS];
    (void)progress;
    expect_ok(soma_evaluate(network, context, 5, &metrics));
    expect_ok(soma_predict(network, context, 0, 7, outputs));
    return SOMA_OK;
}

START_TEST(looking_on_does_not_change_training) {
    problem p;
    make_problem(&p, false);
    soma_dataset *dataset = dataset_for(&p, true, false);
    soma_network *a = compiled_network(_i, test_device, 1), *b = compiled_network(_i, test_device, 1);
    soma_history quiet, watched;
    expect_ok(soma_fit(a, dataset, &(soma_fit_options){.epochs = 3, .batch_size = 4}, &quiet));
    expect_ok(soma_fit(
        b, dataset,
        &(soma_fit_options){
            .epochs = 3, .batch_size = 4, .validation = dataset, .on_batch = evaluate_in_between, .context = dataset},
        &watched));
    expect_same_parameters(a, b);
    for (uint32_t e = 0; e < 3; e++) ck_assert(quiet.epochs[e].train.loss == watched.epochs[e].train.loss);
    soma_history_clear(&quiet);
    soma_history_clear(&watched);
    soma_network_destroy(a);
    soma_network_destroy(b);
    soma_dataset_destroy(dataset);
}
END_TEST

/* A data set larger than the device's memory: u8 pixels, in an order of its own, with weights. */
enum { ROWS = 600, PIXELS = 200 };
/* Three batches of 32 to train on and three of all the 120 to validate on, each column rounded up. */
enum { ON_THEIR_WAY = 3 * ((32 + 120) * (PIXELS + 2 * sizeof(float)) + 2 * 3 * 256) };

static soma_dataset *pixel_dataset(void) {
    static uint8_t pixels[ROWS * PIXELS];
    static float weights[ROWS];
    static int32_t labels[ROWS];
    fill_uniform(9, weights, ROWS);
    fill_classes(8, labels, ROWS, 4);
    for (size_t i = 0; i < ROWS; i++) weights[i] += 1.0f;
    for (size_t i = 0; i < ROWS * PIXELS; i++) pixels[i] = (uint8_t)(i * 7 + i / PIXELS * labels[i / PIXELS]);
    soma_dataset *dataset = dataset_of(array_u8(pixels, ROWS, PIXELS), array_i32(labels, ROWS));
    expect_ok(soma_dataset_set_weights(dataset, weights, ROWS));
    return dataset;
}

static soma_status note_way(void *context, soma_network *network, const soma_progress *progress) {
    (void)network;
    *(bool *)context = progress->streamed;
    return SOMA_OK;
}

/* Trains a small network; returns whether its data were streamed, and the most memory that was in use on the device,
 * less what the network itself needs. */
static void train_on_pixels(soma_device *device, soma_dataset *dataset, soma_network **network, soma_history *history,
                            soma_metrics *metrics, bool *streamed, uint64_t *peak) {
    size_t shape = PIXELS;
    soma_device_memory memory;
    expect_ok(soma_network_create(network));
    soma_dense(soma_dense(soma_input(*network, NULL, 1, &shape), 8, SOMA_TANH), 4, SOMA_SOFTMAX);
    expect_ok(soma_compile(*network, device, NULL));
    const soma_fit_options fit = {
        .epochs = 2, .batch_size = 32, .validation_split = 0.2, .on_batch = note_way, .context = streamed};
    expect_ok(soma_fit(*network, dataset, &fit, history));
    expect_ok(soma_evaluate(*network, dataset, 100, metrics));
    soma_device_get_memory(device, &memory);
    *peak = memory.peak;
}

START_TEST(batches_from_the_host_give_the_bits_of_resident_ones) {
    soma_dataset *dataset = pixel_dataset();
    soma_device *devices[4] = {test_device, open_copying_device(NULL)};
    soma_network *networks[4];
    soma_history histories[4];
    soma_metrics metrics[4];
    uint64_t peak[4] = {0};
    bool streamed[4];
    for (int i = 0; i < 4; i++) {
        /* The third device lacks room for half of the pixels; the fourth has room for all, but then for nothing else.
         */
        const uint64_t limits[] = {0, 0, i > 1 ? peak[1] - ROWS * PIXELS / 2 : 0, i > 1 ? peak[1] : 0};
        if (i > 1) devices[i] = open_copying_device(&(soma_device_options){.memory_limit = limits[i]});
        train_on_pixels(devices[i], dataset, &networks[i], &histories[i], &metrics[i], &streamed[i], &peak[i]);
    }
    for (int i = 1; i < 4; i++) {
        expect_same_parameters(networks[0], networks[i]);
        for (uint32_t e = 0; e < 2; e++) {
            ck_assert(histories[i].epochs[e].train.loss == histories[0].epochs[e].train.loss);
            ck_assert(histories[i].epochs[e].validation.loss == histories[0].epochs[e].validation.loss);
        }
        ck_assert(metrics[i].loss == metrics[0].loss);
    }
    /* Both ways were taken: the pixels count in the roomy device's memory, and once, though there are two parts. */
    const bool expected[] = {false, false, true, true};
    ck_assert_mem_eq(streamed, expected, sizeof expected);
    ck_assert_uint_ge(peak[1] + ON_THEIR_WAY, peak[2] + ROWS * PIXELS);
    ck_assert_uint_lt(peak[1], peak[2] + 2 * ROWS * PIXELS);
    ck_assert_uint_lt(peak[3], peak[2] + ON_THEIR_WAY);
    for (int i = 0; i < 4; i++) {
        soma_history_clear(&histories[i]);
        soma_network_destroy(networks[i]);
        if (i > 0) soma_device_close(devices[i]);
    }
    soma_dataset_destroy(dataset);
}
END_TEST

START_TEST(arrays_of_different_length_at_one_place_are_kept_apart) {
    /* Training has the first half of an array, validation all of it: on the device these are two tables. */
    problem p;
    make_problem(&p, false);
    enum { HALF = SAMPLES / 2 };
    soma_dataset *half = dataset_of(array_f32(p.x, HALF, INPUTS), array_f32(p.target, HALF, OUTPUTS));
    soma_dataset *all = dataset_of(array_f32(p.x, SAMPLES, INPUTS), array_f32(p.target, SAMPLES, OUTPUTS));
    soma_device *device = open_copying_device(NULL);
    soma_network *network = network_of((model_shape){INPUTS, 0, OUTPUTS, false}, 1);
    expect_ok(soma_compile(network, device, NULL));
    soma_history history;
    soma_metrics metrics;
    expect_ok(soma_fit(network, half, &(soma_fit_options){.validation = all}, &history));
    expect_ok(soma_evaluate(network, all, 0, &metrics));
    ck_assert(history.epochs[0].validation.loss == metrics.loss);
    soma_history_clear(&history);
    soma_network_destroy(network);
    soma_device_close(device);
    soma_dataset_destroy(half);
    soma_dataset_destroy(all);
}
END_TEST

/* ------------------------------------------------------------------------------------------- stopping and the best */

/*
 * One weight w, one sample x = 1: training pulls w to 1 and validation wants 0. From w = 0 with rate r, after k steps
 * w_k = 1 - (1 - 2r)^k; the training loss of epoch k is (1 - 2r)^(2k - 2), and the validation loss after it w_k^2.
 */
static soma_network *one_weight(const soma_compile_options *options) {
    soma_network *network;
    size_t shape = 1;
    expect_ok(soma_network_create(&network));
    soma_dense_with(soma_input(network, NULL, 1, &shape), 1,
                    &(soma_dense_options){.name = "only", .no_bias = true, .weight_initializer = SOMA_INIT_ZEROS});
    expect_ok(soma_compile(network, test_device, options));
    return network;
}

static soma_dataset *one_sample(float target) {
    static const float one = 1.0f;
    static float targets[8];
    static size_t used;
    float *place = &targets[used++ % 8];
    *place = target;
    return dataset_of(array_f32(&one, 1, 1), array_f32(place, 1, 1));
}

static double the_weight(soma_network *network) {
    float w;
    ck_assert_uint_eq(read_parameters(network, &w), 1);
    return (double)w;
}

static const soma_compile_options quarter_rate = {.optimizer = {.learning_rate = 0.25f}};

START_TEST(early_stopping_counts_epochs_without_improvement) {
    soma_dataset *towards_one = one_sample(1), *towards_zero = one_sample(0);
    for (int restore = 0; restore < 2; restore++) {
        soma_network *network = one_weight(&quarter_rate);
        soma_history history;
        const soma_fit_options fit = {
            .epochs = 50, .validation = towards_zero, .early_stopping = 3, .restore_best = restore};
        expect_ok(soma_fit(network, towards_one, &fit, &history));
        ck_assert_uint_eq(history.count, 4); /* the first is the best, then three worse ones */
        ck_assert_uint_eq(history.best, 0);
        ck_assert_uint_eq(history.restored, restore);
        ck_assert(the_weight(network) == (restore ? 0.5 : 1 - 0.0625));
        ck_assert(history.epochs[2].validation.loss == 0.875 * 0.875);
        soma_history_clear(&history);
        soma_network_destroy(network);
    }
    soma_dataset_destroy(towards_one);
    soma_dataset_destroy(towards_zero);
}
END_TEST

START_TEST(epochs_that_are_not_validated_count_for_nothing) {
    soma_dataset *towards_one = one_sample(1), *towards_zero = one_sample(0);
    static const uint32_t validated[] = {2, 3, 7, 8, 20};
    soma_network *network = one_weight(&quarter_rate);
    soma_history history;
    const soma_fit_options fit = {.epochs = 50,
                                  .validation = towards_zero,
                                  .early_stopping = 2,
                                  .restore_best = true,
                                  .validation_epochs = validated,
                                  .validation_epoch_count = 5};
    expect_ok(soma_fit(network, towards_one, &fit, &history));
    /* After k steps the weight is 1 - 2^-k, and so ever further from zero: the second epoch is the best, 3 and 7 are
     * worse. */
    ck_assert_uint_eq(history.count, 7);
    for (uint32_t i = 0; i < history.count; i++)
        ck_assert(history.epochs[i].has_validation == (i == 1 || i == 2 || i == 6));
    ck_assert_uint_eq(history.best, 1);
    ck_assert_uint_eq(history.restored, 1);
    ck_assert(the_weight(network) == 0.75);
    ck_assert(history.epochs[1].validation.loss == 0.5625 && history.epochs[2].validation.loss == 0.875 * 0.875);
    soma_history_clear(&history);
    soma_network_destroy(network);
    soma_dataset_destroy(towards_one);
    soma_dataset_destroy(towards_zero);
}
END_TEST

/* Nothing is validated, so that no epoch is the best. */
START_TEST(without_a_validated_epoch_nothing_is_put_back) {
    soma_dataset *towards_one = one_sample(1);
    static const uint32_t never[] = {9};
    soma_network *network = one_weight(&quarter_rate);
    soma_history history;
    const soma_fit_options fit = {.epochs = 3,
                                  .validation = towards_one,
                                  .early_stopping = 1,
                                  .restore_best = true,
                                  .validation_epochs = never,
                                  .validation_epoch_count = 1};
    expect_ok(soma_fit(network, towards_one, &fit, &history));
    ck_assert_uint_eq(history.count, 3);
    ck_assert_uint_eq(history.restored, 0);
    ck_assert(the_weight(network) == 0.875);
    soma_history_clear(&history);
    soma_network_destroy(network);
    soma_dataset_destroy(towards_one);
}
END_TEST

START_TEST(min_delta_is_what_counts_as_improvement) {
    /* The losses are 1, 1/4, 1/16, 1/64: the last step gains 3/64, less than 0.05. */
    soma_dataset *dataset = one_sample(1);
    soma_network *network = one_weight(&quarter_rate);
    soma_history history;
    const soma_fit_options fit = {.epochs = 50, .early_stopping = 2, .min_delta = 0.05f};
    expect_ok(soma_fit(network, dataset, &fit, &history));
    /* Epoch 4 waits; epoch 5 has 1/256, and 1/16 - 1/256 = 0.0586 is an improvement on epoch 3. Epochs 6 and 7 wait. */
    ck_assert_uint_eq(history.count, 7);
    ck_assert_uint_eq(history.best, 6); /* it is lower all the same */
    soma_history_clear(&history);
    soma_network_destroy(network);
    soma_dataset_destroy(dataset);
}
END_TEST

START_TEST(a_metric_is_monitored_in_its_own_direction) {
    /* Mean absolute error of the validation rises from the first epoch on: lower is better. */
    soma_dataset *towards_one = one_sample(1), *towards_zero = one_sample(0);
    soma_network *network = one_weight(&quarter_rate);
    soma_history history;
    soma_fit_options fit = {
        .epochs = 50, .validation = towards_zero, .early_stopping = 2, .monitor = SOMA_MONITOR_METRIC};
    expect_ok(soma_fit(network, towards_one, &fit, &history));
    ck_assert_uint_eq(history.count, 3);
    ck_assert_uint_eq(history.best, 0);
    soma_history_clear(&history);
    soma_network_destroy(network);

    /* Accuracy rises: after k steps of 1/8 the output is 1 - (3/4)^k, which exceeds the threshold 1/2 from the third
     * on. */
    const soma_compile_options accuracy = {.optimizer = {.learning_rate = 0.125f}, .metrics = {SOMA_BINARY_ACCURACY}};
    network = one_weight(&accuracy);
    fit.validation = towards_one;
    fit.early_stopping = 3;
    expect_ok(soma_fit(network, towards_one, &fit, &history));
    ck_assert_uint_eq(history.count, 6);
    ck_assert_uint_eq(history.best, 2);
    ck_assert(history.epochs[1].validation.metric[0] == 0);
    ck_assert(history.epochs[2].validation.metric[0] == 1);
    soma_history_clear(&history);
    soma_network_destroy(network);
    soma_dataset_destroy(towards_one);
    soma_dataset_destroy(towards_zero);
}
END_TEST

START_TEST(plateau_lowers_the_rate_when_nothing_improves) {
    /* No fall is as large as min_delta, so every second epoch after the first the rate is halved, down to the floor. */
    const soma_compile_options options = {
        .optimizer = {
            .learning_rate = 0.125f,
            .schedule = {
                .kind = SOMA_SCHEDULE_PLATEAU, .factor = 0.5f, .patience = 2, .min_delta = 10, .floor = 0.2f}}};
    const double expected[] = {1, 1, 1, 0.5, 0.5, 0.25, 0.25, 0.2, 0.2};
    soma_dataset *dataset = one_sample(1);
    soma_network *network = one_weight(&options);
    soma_history history;
    expect_ok(soma_fit(network, dataset, &(soma_fit_options){.epochs = 9}, &history));
    double w = 0;
    for (uint32_t e = 0; e < 9; e++) {
        ck_assert_double_eq_tol(history.epochs[e].learning_rate, 0.125 * expected[e], 1e-8);
        w += 2 * 0.125 * expected[e] * (1 - w);
    }
    ck_assert_double_eq_tol(the_weight(network), w, 1e-6);
    /* What is set is what counts, and the reductions so far are forgotten. */
    expect_ok(soma_set_learning_rate(network, 0.5f));
    ck_assert(soma_get_learning_rate(network) == 0.5f);
    soma_history again;
    expect_ok(soma_fit(network, dataset, NULL, &again));
    ck_assert(again.epochs[0].learning_rate == 0.5);
    soma_history_clear(&again);
    soma_history_clear(&history);
    soma_network_destroy(network);
    soma_dataset_destroy(dataset);
}
END_TEST

/* ----------------------------------------------------------------------------------------------------- schedules */

typedef struct rates {
    float seen[64];
    size_t count;
} rates;

static soma_status note_rate(void *context, soma_network *network, const soma_progress *progress) {
    rates *noted = context;
    (void)progress;
    noted->seen[noted->count++] = soma_get_learning_rate(network);
    return SOMA_OK;
}

/* Fits 2 x `epochs` epochs of 5 steps, in two calls, and returns the rate of each step. */
static rates rates_of(soma_schedule schedule, uint32_t epochs, double *weight) {
    const soma_compile_options options = {.optimizer = {.learning_rate = 0.25f, .schedule = schedule}};
    static float x[5], target[5];
    rates noted = {.count = 0};
    for (size_t i = 0; i < 5; i++) x[i] = target[i] = 1.0f;
    soma_dataset *dataset = dataset_of(array_f32(x, 5, 1), array_f32(target, 5, 1));
    soma_network *network = one_weight(&options);
    const soma_fit_options fit = {.epochs = epochs, .batch_size = 1, .on_batch = note_rate, .context = &noted};
    expect_ok(soma_fit(network, dataset, &fit, NULL));
    expect_ok(soma_fit(network, dataset, &fit, NULL));
    *weight = the_weight(network);
    soma_network_destroy(network);
    soma_dataset_destroy(dataset);
    return noted;
}

static double weight_after(const double *rate, size_t count) {
    double w = 0;
    for (size_t i = 0; i < count; i++) w += 2 * rate[i] * (1 - w);
    return w;
}

START_TEST(step_schedule_goes_on_from_fit_to_fit) {
    double weight, expected[20];
    rates noted =
        rates_of((soma_schedule){.kind = SOMA_SCHEDULE_STEP, .period = 6, .factor = 0.5f, .warmup = 4}, 2, &weight);
    ck_assert_uint_eq(noted.count, 20);
    for (int t = 0; t < 20; t++) {
        expected[t] = t < 4 ? 0.25 * (t + 1) / 4 : 0.25 * pow(0.5, floor((t - 4) / 6.0));
        ck_assert_double_eq_tol((double)noted.seen[t], expected[t], 1e-7);
    }
    ck_assert_double_eq_tol(weight, weight_after(expected, 20), 1e-6);
}
END_TEST

START_TEST(cosine_without_a_period_begins_with_each_fit) {
    double weight, expected[20];
    rates noted = rates_of((soma_schedule){.kind = SOMA_SCHEDULE_COSINE}, 2, &weight);
    ck_assert_uint_eq(noted.count, 20);
    for (int t = 0; t < 20; t++) {
        expected[t] = 0.25 * (1 + cos(acos(-1) * (t % 10) / 10)) / 2;
        ck_assert_double_eq_tol((double)noted.seen[t], expected[t], 1e-7);
    }
    ck_assert_double_eq_tol(weight, weight_after(expected, 20), 1e-6);
}
END_TEST

/* ----------------------------------------------------------------------------------------------------- callbacks */

typedef struct journal {
    char text[512];
    uint32_t stop_epoch; /* at the end of this epoch, or in it after batch stop_batch */
    size_t stop_batch;
    soma_status stop;
    double loss; /* running, after the last batch */
} journal;

static soma_status write_batch(void *context, soma_network *network, const soma_progress *p) {
    journal *j = context;
    soma_metrics metrics;
    expect_ok(soma_fit_metrics(network, &metrics));
    j->loss = metrics.loss;
    ck_assert_uint_eq(p->epochs, 2);
    ck_assert_uint_eq(p->batches, 3);
    ck_assert_uint_eq(p->samples_in_epoch, 5);
    ck_assert(p->seconds >= 0);
    snprintf(j->text + strlen(j->text), sizeof j->text - strlen(j->text), "b%u.%zu:%zu ", p->epoch, p->batch,
             p->samples);
    return p->epoch == j->stop_epoch && p->batch == j->stop_batch ? j->stop : SOMA_OK;
}

static soma_status write_epoch(void *context, soma_network *network, const soma_epoch *epoch) {
    journal *j = context;
    (void)network;
    ck_assert(epoch->train.loss == j->loss); /* what was read after the last batch */
    snprintf(j->text + strlen(j->text), sizeof j->text - strlen(j->text), "e%u ", epoch->epoch);
    return epoch->epoch == j->stop_epoch && j->stop_batch == 0 ? j->stop : SOMA_OK;
}

/* Five samples in batches of two; returns the status, and the history's length, weight and steps. */
static soma_status fit_with_journal(journal *j, uint32_t *epochs, uint64_t *steps, double *weight) {
    static const float x[5] = {1, 1, 1, 1, 1}, target[5] = {1, 1, 1, 1, 1};
    soma_dataset *dataset = dataset_of(array_f32(x, 5, 1), array_f32(target, 5, 1));
    soma_network *network = one_weight(&quarter_rate);
    soma_history history;
    const soma_fit_options fit = {
        .epochs = 2, .batch_size = 2, .on_batch = write_batch, .on_epoch = write_epoch, .context = j};
    soma_status status = soma_fit(network, dataset, &fit, &history);
    *epochs = history.count;
    *steps = history.steps;
    *weight = the_weight(network);
    soma_history_clear(&history);
    ck_assert_ptr_null(history.epochs);
    soma_network_destroy(network);
    soma_dataset_destroy(dataset);
    return status;
}

static void expect_journal(journal j, soma_status status, const char *text, uint32_t epochs, uint64_t steps) {
    uint32_t epoch_count;
    uint64_t step_count;
    double weight;
    ck_assert_int_eq(fit_with_journal(&j, &epoch_count, &step_count, &weight), status);
    ck_assert_str_eq(j.text, text);
    ck_assert_uint_eq(epoch_count, epochs);
    ck_assert_uint_eq(step_count, steps);
    ck_assert_double_eq_tol(weight, 1 - pow(0.5, (double)steps), 1e-7); /* every step made counts */
}

START_TEST(callbacks_come_in_order) {
    expect_journal((journal){.stop_epoch = 0}, SOMA_OK, "b1.1:2 b1.2:4 b1.3:5 e1 b2.1:2 b2.2:4 b2.3:5 e2 ", 2, 6);
}
END_TEST

START_TEST(a_callback_can_stop_training) {
    expect_journal((journal){.stop_epoch = 2, .stop_batch = 1, .stop = SOMA_STOPPED}, SOMA_STOPPED,
                   "b1.1:2 b1.2:4 b1.3:5 e1 b2.1:2 ", 1, 4);
    /* After the last batch of an epoch the epoch is complete, and counts. */
    expect_journal((journal){.stop_epoch = 1, .stop_batch = 3, .stop = SOMA_STOPPED}, SOMA_STOPPED,
                   "b1.1:2 b1.2:4 b1.3:5 e1 ", 1, 3);
    expect_journal((journal){.stop_epoch = 1, .stop = SOMA_STOPPED}, SOMA_STOPPED, "b1.1:2 b1.2:4 b1.3:5 e1 ", 1, 3);
    /* Any other status comes through. */
    expect_journal((journal){.stop_epoch = 1, .stop_batch = 2, .stop = SOMA_IO}, SOMA_IO, "b1.1:2 b1.2:4 ", 0, 2);
    expect_journal((journal){.stop_epoch = 1, .stop = SOMA_IO}, SOMA_IO, "b1.1:2 b1.2:4 b1.3:5 e1 ", 1, 3);
}
END_TEST

static soma_status stop_at_once(void *context, soma_network *network, const soma_progress *progress) {
    (void)context;
    (void)network;
    return progress->epoch == 2 ? SOMA_STOPPED : SOMA_OK;
}

START_TEST(stopping_restores_the_best_where_that_was_asked_for) {
    soma_dataset *towards_one = one_sample(1), *towards_zero = one_sample(0);
    soma_network *network = one_weight(&quarter_rate);
    soma_history history;
    const soma_fit_options fit = {
        .epochs = 5, .validation = towards_zero, .restore_best = true, .on_batch = stop_at_once};
    ck_assert_int_eq(soma_fit(network, towards_one, &fit, &history), SOMA_STOPPED);
    ck_assert_uint_eq(history.count, 2); /* one batch is an epoch here */
    ck_assert_uint_eq(history.restored, 1);
    ck_assert(the_weight(network) == 0.5);
    soma_history_clear(&history);
    soma_network_destroy(network);
    soma_dataset_destroy(towards_one);
    soma_dataset_destroy(towards_zero);
}
END_TEST

/* Everything that would disturb the running fit is refused. */
static soma_status meddle(void *context, soma_network *network, const soma_progress *progress) {
    static const float one = 1.0f;
    soma_array array = array_f32(&one, 1, 1);
    (void)progress;
    expect_error(soma_fit(network, context, NULL, NULL), SOMA_INVALID_STATE, "soma_fit", "callback");
    expect_error(soma_train_on_batch(network, &array, &array, NULL), SOMA_INVALID_STATE, "soma_train_on_batch");
    expect_error(soma_backward(network, &array, &array, NULL), SOMA_INVALID_STATE, "soma_backward");
    expect_error(soma_apply_gradients(network), SOMA_INVALID_STATE, "soma_apply_gradients");
    expect_error(soma_compile(network, test_device, NULL), SOMA_INVALID_STATE, "soma_compile");
    return SOMA_OK;
}

START_TEST(callbacks_cannot_disturb_the_fit) {
    soma_dataset *dataset = one_sample(1);
    soma_network *network = one_weight(&quarter_rate);
    const soma_fit_options fit = {.epochs = 2, .on_batch = meddle, .context = dataset};
    expect_ok(soma_fit(network, dataset, &fit, NULL));
    ck_assert(the_weight(network) == 0.75);
    soma_network_destroy(network);
    soma_dataset_destroy(dataset);
}
END_TEST

/* -------------------------------------------------------------------------------------------------------- errors */

START_TEST(what_does_not_fit_is_named_on_both_sides) {
    static float x[12], rows[12];
    static int32_t labels[4] = {0, 1, 2, 3};
    soma_metrics metrics;
    soma_network *network = network_of((model_shape){3, 0, 2, true}, 0);
    soma_dataset *dataset = dataset_of(array_f32(x, 4, 3), array_i32(labels, 4));
    expect_error(soma_fit(network, dataset, NULL, NULL), SOMA_INVALID_STATE, "soma_fit", "soma_compile");
    expect_ok(soma_compile(network, test_device, NULL));
    expect_error(soma_fit(network, dataset, NULL, NULL), SOMA_INVALID_SHAPE, "2 units", "4 classes");
    expect_error(soma_fit(network, NULL, NULL, NULL), SOMA_INVALID_ARGUMENT, "NULL");
    expect_error(soma_fit_metrics(network, &metrics), SOMA_INVALID_STATE, "callbacks");
    soma_dataset_destroy(dataset);

    dataset = dataset_of(array_f32(x, 3, 4), array_i32(labels, 3));
    expect_error(soma_fit(network, dataset, NULL, NULL), SOMA_INVALID_SHAPE, "input_1", "[batch, 3]",
                 "float32 [samples, 4]");
    soma_dataset_destroy(dataset);
    dataset = dataset_of(array_f32(x, 4, 3), array_f32(rows, 4, 3));
    expect_error(soma_fit(network, dataset, NULL, NULL), SOMA_INVALID_SHAPE, "dense_1", "[batch, 2]",
                 "float32 [samples, 3]");
    soma_dataset_destroy(dataset);

    soma_array inputs[2] = {array_f32(x, 4, 3), array_f32(x, 4, 3)}, target = array_i32(labels, 4);
    expect_ok(soma_dataset_from_arrays(inputs, 2, &target, 1, &dataset));
    expect_error(soma_fit(network, dataset, NULL, NULL), SOMA_INVALID_SHAPE, "1 input", "2");
    soma_dataset_destroy(dataset);
    expect_ok(soma_dataset_from_arrays(inputs, 1, NULL, 0, &dataset));
    expect_error(soma_fit(network, dataset, NULL, NULL), SOMA_INVALID_SHAPE, "target");
    soma_dataset_destroy(dataset);

    soma_dataset *narrow = dataset_of(array_f32(x, 3, 4), array_i32(labels, 3));
    dataset = dataset_of(array_f32(x, 2, 3), array_i32(labels, 2));
    expect_error(soma_fit(network, dataset, &(soma_fit_options){.validation = narrow}, NULL), SOMA_INVALID_SHAPE,
                 "validation", "[samples, 4]");
    const soma_compile_options lossless = {.loss = {SOMA_LOSS_NONE}};
    expect_ok(soma_compile(network, test_device, &lossless));
    expect_error(soma_fit(network, dataset, NULL, NULL), SOMA_INVALID_STATE, "without a loss");
    soma_dataset_destroy(narrow);
    soma_dataset_destroy(dataset);
    soma_network_destroy(network);
}
END_TEST

START_TEST(class_numbers_go_with_losses_that_take_them) {
    static float x[12];
    static int32_t labels[4] = {0, 1, 2, 1}, two[4] = {0, 1, 1, 0};
    soma_network *network = network_of((model_shape){3, 0, 1, false}, 0);
    soma_dataset *classes = dataset_of(array_f32(x, 4, 3), array_i32(labels, 4));
    expect_ok(soma_compile(network, test_device, NULL));
    expect_error(soma_fit(network, classes, NULL, NULL), SOMA_INVALID_ARGUMENT, "the loss mean_squared_error,",
                 "class numbers", "dense_1");
    /* By its name, and the one it was asked for by, not that of what a sigmoid and it are computed as. */
    soma_network *units;
    expect_ok(soma_network_create(&units));
    ck_assert_ptr_nonnull(soma_layers(soma_input(units, NULL, 1, (size_t[]){3}), "dense 3 sigmoid"));
    expect_ok(soma_compile(units, test_device, NULL));
    expect_error(soma_fit(units, classes, NULL, NULL), SOMA_INVALID_ARGUMENT, "the loss binary_crossentropy,");
    soma_network_destroy(units);
    const soma_compile_options binary = {.loss = {SOMA_BINARY_CROSSENTROPY_LOGITS}};
    expect_ok(soma_compile(network, test_device, &binary));
    expect_error(soma_fit(network, classes, NULL, NULL), SOMA_INVALID_SHAPE, "two classes", "3 classes");
    soma_dataset_destroy(classes);
    /* Two classes are the 0 and 1 of a binary cross-entropy. All inputs are 0, so the first loss is ln 2. */
    classes = dataset_of(array_f32(x, 4, 3), array_i32(two, 4));
    soma_history history;
    expect_ok(soma_fit(network, classes, NULL, &history));
    ck_assert_double_eq_tol(history.epochs[0].train.loss, log(2), 1e-6);
    soma_history_clear(&history);
    soma_dataset_destroy(classes);
    soma_network_destroy(network);
}
END_TEST

START_TEST(options_that_make_no_sense_are_refused) {
    soma_dataset *dataset = one_sample(1);
    const soma_compile_options no_metric = {.metrics = {SOMA_METRIC_NONE}};
    soma_network *network = one_weight(&no_metric);
    expect_error(soma_fit(network, dataset, &(soma_fit_options){.validation_split = 1.0}, NULL), SOMA_INVALID_ARGUMENT,
                 "validation_split");
    expect_error(soma_fit(network, dataset, &(soma_fit_options){.validation_split = -0.1}, NULL), SOMA_INVALID_ARGUMENT,
                 "validation_split");
    expect_error(soma_fit(network, dataset, &(soma_fit_options){.validation_split = 0.5}, NULL), SOMA_INVALID_ARGUMENT,
                 "empty");
    expect_error(soma_fit(network, dataset, &(soma_fit_options){.validation_split = 0.5, .validation = dataset}, NULL),
                 SOMA_INVALID_ARGUMENT, "both");
    expect_error(soma_fit(network, dataset, &(soma_fit_options){.min_delta = -1}, NULL), SOMA_INVALID_ARGUMENT,
                 "min_delta");
    expect_error(soma_fit(network, dataset, &(soma_fit_options){.monitor = SOMA_MONITOR_METRIC}, NULL),
                 SOMA_INVALID_STATE, "metric");
    expect_error(soma_fit(network, dataset, &(soma_fit_options){.validation_epoch_count = 2}, NULL),
                 SOMA_INVALID_ARGUMENT, "validation_epochs is NULL");
    static const uint32_t wrong[][2] = {{0, 1}, {2, 2}, {3, 1}};
    for (size_t i = 0; i < 3; i++)
        expect_error(soma_fit(network, dataset,
                              &(soma_fit_options){.validation_epochs = wrong[i], .validation_epoch_count = 2}, NULL),
                     SOMA_INVALID_ARGUMENT, "validation_epochs has", i ? "as number 1" : "has 0 as number 0");
    soma_network_destroy(network);
    soma_dataset_destroy(dataset);
}
END_TEST

START_TEST(a_single_sample_and_a_batch_beyond_the_data_are_fine) {
    soma_dataset *dataset = one_sample(1);
    soma_network *network = one_weight(&quarter_rate);
    expect_ok(soma_fit(network, dataset, &(soma_fit_options){.epochs = 3, .batch_size = 1000}, NULL));
    ck_assert(the_weight(network) == 0.875);
    soma_network_destroy(network);
    soma_dataset_destroy(dataset);
}
END_TEST

/* --------------------------------------------------------------------------------------------- a device that fails */

/* The cpu, but each call counts down; from 0 on, they fail. */
static unsigned calls_left;
static const soma_device_api *const sound = &soma_cpu_api;

static bool fails(void) {
    if (calls_left == 0) return true;
    calls_left--;
    return false;
}

static soma_status failure(void) {
    return soma_error(SOMA_DEVICE_FAILED, "the device was unplugged");
}

static soma_status failing_alloc(void *state, size_t bytes, void **memory) {
    return fails() ? failure() : sound->alloc(state, bytes, memory);
}
static soma_status failing_write(void *state, void *memory, size_t offset, const void *source, size_t bytes) {
    return fails() ? failure() : sound->write(state, memory, offset, source, bytes);
}
static soma_status failing_read(void *state, void *memory, size_t offset, void *target, size_t bytes) {
    return fails() ? failure() : sound->read(state, memory, offset, target, bytes);
}
static soma_status failing_copy(void *state, void *to, size_t to_offset, void *from, size_t from_offset, size_t bytes) {
    return fails() ? failure() : sound->copy(state, to, to_offset, from, from_offset, bytes);
}
static soma_status failing_prepare(void *state, soma_call *call, size_t *workspace) {
    return fails() ? failure() : sound->prepare(state, call, workspace);
}
static soma_status failing_run(void *state, soma_call *calls, size_t count) {
    return fails() ? failure() : sound->run(state, calls, count);
}
static soma_status failing_sync(void *state) {
    return fails() ? failure() : sound->sync(state);
}

static soma_device *open_failing_device(void) {
    static soma_device_api api;
    if (!api.abi) {
        api = *sound;
        api.name = "failing";
        api.wrap = NULL;
        api.alloc = failing_alloc;
        api.write = failing_write;
        api.read = failing_read;
        api.copy = failing_copy;
        api.prepare = failing_prepare;
        api.run = failing_run;
        api.sync = failing_sync;
        expect_ok(soma_device_register(&api));
    }
    soma_device *device;
    expect_ok(soma_device_open("failing", NULL, &device));
    return device;
}

static soma_status use_everything(soma_network *network, soma_device *device, soma_dataset *dataset, const problem *p) {
    const soma_compile_options adam = {.optimizer = {.kind = SOMA_ADAM, .clip_norm = 1}};
    const soma_fit_options fit = {
        .epochs = 2, .batch_size = BATCH, .validation_split = 0.3, .restore_best = true, .early_stopping = 5};
    soma_array inputs = array_f32(p->x, SAMPLES, INPUTS), targets = array_i32(p->class_number, SAMPLES);
    soma_metrics metrics;
    static int32_t classes[SAMPLES];
    double us;
    soma_status status = soma_compile(network, device, &adam);
    if (status == SOMA_OK) status = soma_fit(network, dataset, &fit, NULL);
    if (status == SOMA_OK) status = soma_evaluate(network, dataset, 10, &metrics);
    if (status == SOMA_OK) status = soma_predict_classes(network, dataset, 10, classes);
    if (status == SOMA_OK) status = soma_train_on_batch(network, &inputs, &targets, &metrics);
    if (status == SOMA_OK) status = soma_backward(network, &inputs, &targets, &metrics);
    if (status == SOMA_OK) status = soma_apply_gradients(network);
    if (status == SOMA_OK) status = soma_bench_steps(network, 4, true, 2, &us);
    if (status == SOMA_OK) status = soma_bench_gemms(network, 4, true, 2, &us);
    return status == SOMA_OK ? soma_synchronize(network) : status;
}

START_TEST(a_device_may_fail_at_any_moment) {
    problem p;
    make_problem(&p, true);
    soma_dataset *dataset = dataset_for(&p, true, true);
    soma_status status = SOMA_DEVICE_FAILED;
    unsigned moment = 0;
    for (; status != SOMA_OK; moment++) {
        soma_device_memory memory;
        calls_left = UINT32_MAX;
        soma_device *device = open_failing_device();
        soma_network *network = network_of((model_shape){INPUTS, 4, OUTPUTS, true}, 1);
        calls_left = moment;
        status = use_everything(network, device, dataset, &p);
        if (status != SOMA_OK) {
            ck_assert_msg(status == SOMA_DEVICE_FAILED, "call %u: %s", moment, soma_last_error());
            ck_assert_ptr_nonnull(strstr(soma_last_error(), "unplugged"));
        }
        soma_network_destroy(network);
        soma_device_get_memory(device, &memory);
        ck_assert_msg(memory.allocated == 0, "call %u: %llu bytes are left", moment,
                      (unsigned long long)memory.allocated);
        soma_device_close(device);
    }
    ck_assert_uint_gt(moment, 100);
    soma_dataset_destroy(dataset);
}
END_TEST

static void add_tests(TCase *cases) {
    tcase_add_loop_test(cases, regression_follows_the_update_rules, 0, 3 * SOMA_OPTIMIZER_COUNT);
    tcase_add_loop_test(cases, softmax_with_hidden_units_follows_the_update_rules, 0, 3 * SOMA_OPTIMIZER_COUNT);
    tcase_add_test(cases, weights_of_samples_and_classes_scale_the_loss);
    tcase_add_test(cases, as_many_inputs_and_outputs_as_there_may_be_train_with_weights);
    tcase_add_test(cases, shuffling_visits_each_sample_once_in_ever_new_orders);
    tcase_add_test(cases, validation_split_holds_samples_out);
    tcase_add_test(cases, a_split_data_set_trains_on_its_own_rows);
    tcase_add_loop_test(cases, the_same_seed_gives_the_same_bits, 0, FRONTS);
    tcase_add_loop_test(cases, fits_continue_each_other, 0, FRONTS);
    tcase_add_loop_test(cases, looking_on_does_not_change_training, 0, FRONTS);
    tcase_add_test(cases, batches_from_the_host_give_the_bits_of_resident_ones);
    tcase_add_test(cases, arrays_of_different_length_at_one_place_are_kept_apart);
    tcase_add_test(cases, early_stopping_counts_epochs_without_improvement);
    tcase_add_test(cases, epochs_that_are_not_validated_count_for_nothing);
    tcase_add_test(cases, without_a_validated_epoch_nothing_is_put_back);
    tcase_add_test(cases, min_delta_is_what_counts_as_improvement);
    tcase_add_test(cases, a_metric_is_monitored_in_its_own_direction);
    tcase_add_test(cases, plateau_lowers_the_rate_when_nothing_improves);
    tcase_add_test(cases, step_schedule_goes_on_from_fit_to_fit);
    tcase_add_test(cases, cosine_without_a_period_begins_with_each_fit);
    tcase_add_test(cases, callbacks_come_in_order);
    tcase_add_test(cases, a_callback_can_stop_training);
    tcase_add_test(cases, stopping_restores_the_best_where_that_was_asked_for);
    tcase_add_test(cases, callbacks_cannot_disturb_the_fit);
    tcase_add_test(cases, what_does_not_fit_is_named_on_both_sides);
    tcase_add_test(cases, class_numbers_go_with_losses_that_take_them);
    tcase_add_test(cases, options_that_make_no_sense_are_refused);
    tcase_add_test(cases, a_single_sample_and_a_batch_beyond_the_data_are_fine);
    tcase_add_test(cases, a_device_may_fail_at_any_moment);
}

int main(int argc, char **argv) {
    return run_trainer_tests(argc, argv, "fit", add_tests);
}
