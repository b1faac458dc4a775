/* SPDX-License-Identifier: MIT */
/*
 * The layers that normalise: their values, and batchnorm's running figures through training, inference and files.
 * Usage: test_normalize DEVICE
 */
#include "nn/network.h"
#include "temporary.h"
#include "train/step.h"
#include "trainer.h"

#include <math.h>
#include <string.h>

enum { ROWS = 29, WIDTH = 4 }; /* of a data set */

static soma_network *network_with(uint32_t rank, const size_t *shape, const char *layers) {
    soma_network *network;
    expect_ok(soma_network_create(&network));
    soma_network_set_seed(network, 5);
    if (!soma_layers(soma_input(network, NULL, rank, shape), layers)) {
        expect_ok(soma_network_status(network));
        ck_abort_msg("no network of %s", layers);
    }
    return network;
}

static soma_network *compiled_with(size_t width, const char *layers, const soma_compile_options *options) {
    soma_network *network = network_with(1, &width, layers);
    expect_ok(soma_compile(network, test_device, options));
    return network;
}

static void get(soma_network *network, const char *name, float *values, size_t count) {
    const soma_tensor *tensor = soma_network_tensor(network, name);
    ck_assert_msg(tensor, "no tensor %s", name);
    expect_ok(soma_get_parameter(network, tensor, values, count));
}

static void expect_near(float found, double expected, const char *what) {
    ck_assert_msg(fabs((double)found - expected) <= 2e-6 * fmax(1.0, fabs(expected)), "%s: %.9g, expected %.9g", what,
                  (double)found, expected);
}

static void predict(soma_network *network, const float *x, size_t rows, size_t width, float *y) {
    soma_array inputs = array_f32(x, rows, width);
    soma_dataset *dataset;
    expect_ok(soma_dataset_from_arrays(&inputs, 1, NULL, 0, &dataset));
    expect_ok(soma_predict(network, dataset, 0, rows, y));
    soma_dataset_destroy(dataset);
}

/* ---------------------------------------------------------------------------------------------------------- values */

enum { SAMPLES = 5, POSITIONS = 3, CHANNELS = 4, WHOLE = POSITIONS * CHANNELS };

/* Each normalises over those elements of a sample whose keys are equal. */
static int key_of_layer(size_t position, size_t channel) {
    (void)channel;
    return (int)position;
}
static int key_of_group(size_t position, size_t channel) {
    (void)position;
    return (int)channel / 2;
}
static int key_of_instance(size_t position, size_t channel) {
    (void)position;
    return (int)channel;
}

static const struct {
    const char *layers, *scale, *offset; /* names of their parameters; NULL: there are none */
    int (*key)(size_t position, size_t channel);
    bool centered;
    double epsilon;
} value_cases[] = {
    {"layernorm", "layernorm_1.weight", "layernorm_1.bias", key_of_layer, true, 1e-5},
    {"layernorm(0.5) noscale nooffset", NULL, NULL, key_of_layer, true, 0.5},
    {"groupnorm 2", "groupnorm_1.weight", "groupnorm_1.bias", key_of_group, true, 1e-5},
    {"groupnorm(0.1) 2 nooffset", "groupnorm_1.weight", NULL, key_of_group, true, 0.1},
    {"groupnorm 4 noscale", NULL, "groupnorm_1.bias", key_of_instance, true, 1e-5},
    {"instancenorm", "instancenorm_1.weight", "instancenorm_1.bias", key_of_instance, true, 1e-5},
    {"rmsnorm", "rmsnorm_1.weight", NULL, key_of_layer, false, 1e-5},
    {"rmsnorm(0.25) noscale", NULL, NULL, key_of_layer, false, 0.25},
};

static void normalize(int number, const float *x, const float *scale, const float *offset, double *y) {
    for (int key = 0; key < CHANNELS; key++) {
        double sum = 0, squares = 0, n = 0;
        for (size_t i = 0; i < WHOLE; i++)
            if (value_cases[number].key(i / CHANNELS, i % CHANNELS) == key) sum += (double)x[i], n++;
        double mean = value_cases[number].centered ? sum / n : 0;
        for (size_t i = 0; i < WHOLE; i++)
            if (value_cases[number].key(i / CHANNELS, i % CHANNELS) == key)
                squares += ((double)x[i] - mean) * ((double)x[i] - mean);
        double inverse = 1 / sqrt(squares / n + value_cases[number].epsilon);
        for (size_t i = 0; i < WHOLE; i++)
            if (value_cases[number].key(i / CHANNELS, i % CHANNELS) == key)
                y[i] = ((double)x[i] - mean) * inverse * (double)scale[i % CHANNELS] + (double)offset[i % CHANNELS];
    }
}

static void set_channels(soma_network *network, const char *name, float *values, unsigned seed) {
    if (!name) return;
    fill_uniform(seed, values, CHANNELS);
    expect_ok(soma_set_parameter(network, soma_network_tensor(network, name), values, CHANNELS));
}

START_TEST(layers_have_their_values) {
    float x[SAMPLES * WHOLE], y[SAMPLES * WHOLE], scale[CHANNELS] = {1, 1, 1, 1}, offset[CHANNELS] = {0};
    fill_uniform(3, x, SAMPLES * WHOLE);
    soma_network *network = network_with(2, (const size_t[]){POSITIONS, CHANNELS}, value_cases[_i].layers);
    size_t expected_count = (value_cases[_i].scale != NULL) + (value_cases[_i].offset != NULL);
    ck_assert_uint_eq(soma_network_parameter_count(network), expected_count);
    set_channels(network, value_cases[_i].scale, scale, 1);
    set_channels(network, value_cases[_i].offset, offset, 2);
    expect_ok(soma_compile(network, test_device, NULL));
    soma_array inputs = {x, SOMA_F32, 3, {SAMPLES, POSITIONS, CHANNELS}};
    soma_dataset *dataset;
    expect_ok(soma_dataset_from_arrays(&inputs, 1, NULL, 0, &dataset));
    expect_ok(soma_predict(network, dataset, 0, 2, y));
    for (size_t i = 0; i < SAMPLES; i++) {
        double expected[WHOLE];
        normalize(_i, x + i * WHOLE, scale, offset, expected);
        for (size_t j = 0; j < WHOLE; j++) expect_near(y[i * WHOLE + j], expected[j], value_cases[_i].layers);
    }
    soma_dataset_destroy(dataset);
    soma_network_destroy(network);
}
END_TEST

/* ------------------------------------------------------------------------------------------------ running figures */

/* Means 2 and 20; variances 1 and 100, of samples 2 and 200. */
static const float batch[] = {1, 10, 3, 30};
static const float zeros[] = {0, 0, 0, 0};

static soma_metrics run_backward(soma_network *network) {
    soma_array inputs = array_f32(batch, 2, 2), targets = array_f32(zeros, 2, 2);
    soma_metrics metrics;
    expect_ok(soma_backward(network, &inputs, &targets, &metrics));
    return metrics;
}

static void expect_running(soma_network *network, double mean0, double mean1, double variance0, double variance1) {
    float mean[2], variance[2];
    get(network, "batchnorm_1.running_mean", mean, 2);
    get(network, "batchnorm_1.running_var", variance, 2);
    expect_near(mean[0], mean0, "the first mean");
    expect_near(mean[1], mean1, "the second mean");
    expect_near(variance[0], variance0, "the first variance");
    expect_near(variance[1], variance1, "the second variance");
}

START_TEST(training_moves_the_running_figures) {
    soma_network *network = compiled_with(2, "batchnorm", NULL);
    expect_running(network, 0, 0, 1, 1);
    soma_metrics metrics = run_backward(network);
    /* The batch itself is normalised: mean squared error of -1 and 1, but for epsilon. */
    expect_near((float)metrics.loss, 0.5 * (1 / (1 + 1e-5) + 100 / (100 + 1e-5)), "the loss of training");
    expect_running(network, 0.2, 2, 0.9 + 0.2, 0.9 + 20);
    run_backward(network);
    expect_running(network, 0.38, 3.8, 0.99 + 0.2, 18.81 + 20);
    soma_network_destroy(network);
}
END_TEST

START_TEST(options_move_them_otherwise) {
    soma_network *network = compiled_with(2, "batchnorm(0.75) population", NULL);
    run_backward(network);
    expect_running(network, 0.5, 5, 1, 25.75);
    soma_network_destroy(network);
    network = compiled_with(2, "batchnorm(1,0.5) noscale nooffset", NULL);
    ck_assert_uint_eq(soma_network_parameter_count(network), 2);
    soma_metrics metrics = run_backward(network);
    expect_near((float)metrics.loss, 0.5 * (1 / 1.5 + 100 / 100.5), "epsilon");
    expect_running(network, 0, 0, 1, 1);
    soma_network_destroy(network);
}
END_TEST

START_TEST(inference_takes_the_running_figures) {
    float y[4];
    soma_network *network = compiled_with(2, "batchnorm", NULL);
    predict(network, batch, 2, 2, y);
    for (int i = 0; i < 4; i++) expect_near(y[i], (double)batch[i] / sqrt(1 + 1e-5), "before training");
    run_backward(network);
    predict(network, batch, 2, 2, y);
    for (int i = 0; i < 4; i++) {
        double mean = i % 2 ? 2 : 0.2, variance = i % 2 ? 20.9 : 1.1;
        expect_near(y[i], ((double)batch[i] - mean) / sqrt(variance + 1e-5), "after a batch");
    }
    soma_dataset *dataset = dataset_of(array_f32(batch, 2, 2), array_f32(zeros, 2, 2));
    soma_metrics metrics;
    expect_ok(soma_evaluate(network, dataset, 0, &metrics));
    double sum = 0;
    for (int i = 0; i < 4; i++) sum += (double)y[i] * (double)y[i];
    expect_near((float)metrics.loss, sum / 4, "the loss of inference");
    expect_running(network, 0.2, 2, 1.1, 20.9); /* as they were */
    soma_dataset_destroy(dataset);

    soma_session *session;
    float again[4];
    expect_ok(soma_session_create(network, NULL, &session));
    expect_ok(soma_session_run(session, 2, (const float *const[]){batch}, (float *const[]){again}));
    ck_assert(memcmp(y, again, sizeof y) == 0);
    run_backward(network); /* a session sees what the network has now */
    predict(network, batch, 2, 2, y);
    expect_ok(soma_session_run(session, 2, (const float *const[]){batch}, (float *const[]){again}));
    ck_assert(memcmp(y, again, sizeof y) == 0);
    soma_session_destroy(session);
    soma_network_destroy(network);
}
END_TEST

/* One number of each channel is its mean: the result is the offset, exactly, nothing below has a gradient, and the
 * running figures learn nothing of it. */
START_TEST(one_number_becomes_0) {
    soma_network *network = compiled_with(2, _i ? "batchnorm population" : "batchnorm", NULL);
    const float offset[2] = {0.5f, -2};
    expect_ok(soma_set_parameter(network, soma_network_tensor(network, "batchnorm_1.bias"), offset, 2));
    soma_array inputs = array_f32(batch, 1, 2), targets = array_f32(zeros, 1, 2);
    soma_metrics metrics;
    float gradient[2];
    expect_ok(soma_backward(network, &inputs, &targets, &metrics));
    ck_assert_double_eq(metrics.loss, (0.25 + 4) / 2);
    expect_ok(soma_get_gradient(network, soma_network_input(network, 0), gradient, 2));
    ck_assert(gradient[0] == 0 && gradient[1] == 0);
    expect_ok(soma_get_gradient(network, soma_network_tensor(network, "batchnorm_1.weight"), gradient, 2));
    ck_assert(gradient[0] == 0 && gradient[1] == 0);
    expect_ok(soma_get_gradient(network, soma_network_tensor(network, "batchnorm_1.bias"), gradient, 2));
    expect_near(gradient[0], 0.5, "the offset's gradient");
    expect_running(network, 0, 0, 1, 1);
    soma_network_destroy(network);
}
END_TEST

/* One sample of two positions is a batch like another. */
START_TEST(positions_count_like_samples) {
    soma_network *network = network_with(2, (const size_t[]){2, 2}, "batchnorm; flatten; dense 2");
    expect_ok(soma_compile(network, test_device, NULL));
    soma_array inputs = {batch, SOMA_F32, 3, {1, 2, 2}}, targets = array_f32(zeros, 1, 2);
    expect_ok(soma_train_on_batch(network, &inputs, &targets, NULL));
    expect_running(network, 0.2, 2, 0.9 + 0.1 * 2, 0.9 + 0.1 * 200);
    soma_network_destroy(network);
}
END_TEST

static soma_status fit_samples(soma_network *network, size_t samples, size_t batch_size) {
    const float x[] = {1, 10, 3, 30, 100, -100}, t[6] = {0};
    soma_dataset *dataset = dataset_of(array_f32(x, samples, 2), array_f32(t, samples, 2));
    const soma_fit_options options = {.epochs = 1, .batch_size = batch_size, .no_shuffle = true};
    soma_status status = soma_fit(network, dataset, &options, NULL);
    soma_dataset_destroy(dataset);
    return status;
}

/* Batches of one sample cannot be trained on; that one is left over at the end does no harm. */
START_TEST(batches_of_one_are_refused) {
    soma_network *network = compiled_with(2, "batchnorm; dense 2", NULL);
    expect_error(fit_samples(network, 3, 1), SOMA_INVALID_ARGUMENT,
                 "batchnorm_1 normalises each channel over the batch", "batches of 2 and more");
    expect_error(fit_samples(network, 1, 32), SOMA_INVALID_ARGUMENT, "batchnorm_1", "batches of 1");
    expect_running(network, 0, 0, 1, 1);
    expect_ok(fit_samples(network, 3, 2));
    expect_running(network, 0.2, 2, 0.9 + 0.1 * 2, 0.9 + 0.1 * 200);
    soma_network_destroy(network);
    network = network_with(2, (const size_t[]){2, 1}, "batchnorm; flatten; dense 2");
    expect_ok(soma_compile(network, test_device, NULL));
    const soma_fit_options options = {.epochs = 1, .batch_size = 1};
    soma_dataset *dataset = dataset_of((soma_array){batch, SOMA_F32, 3, {2, 2, 1}}, array_f32(zeros, 2, 2));
    expect_ok(soma_fit(network, dataset, &options, NULL));
    soma_dataset_destroy(dataset);
    soma_network_destroy(network);
}
END_TEST

/* Of what is known to be one number, mean and variance leave nothing. */
START_TEST(normalisations_of_one_number_are_refused) {
    static const struct {
        const char *layer;
        uint32_t rank;
        size_t shape[2];
        bool good;
    } layers[] = {{"layernorm", 1, {1}, false},       {"layernorm", 2, {4, 1}, false},
                  {"layernorm", 2, {1, 4}, true},     {"groupnorm 4", 1, {4}, false},
                  {"groupnorm 2", 1, {4}, true},      {"groupnorm 4", 2, {2, 4}, true},
                  {"instancenorm", 2, {1, 4}, false}, {"instancenorm", 2, {2, 1}, true},
                  {"batchnorm", 1, {1}, true},        {"rmsnorm", 1, {1}, true}};
    for (size_t i = 0; i < SOMA_COUNT_OF(layers); i++) {
        soma_network *network;
        expect_ok(soma_network_create(&network));
        soma_layers(soma_input(network, NULL, layers[i].rank, layers[i].shape), layers[i].layer);
        soma_status status = soma_network_status(network);
        ck_assert_msg((status == SOMA_OK) == layers[i].good, "%s, number %zu", layers[i].layer, i);
        if (!layers[i].good)
            expect_error(status, SOMA_INVALID_SHAPE, "mean and variance of one number", "at least two are needed");
        soma_network_destroy(network);
    }
}
END_TEST

/* Clipping, decay and momentum are for what is trained. The data are normalised first, so that the figures do not
 * depend on any weight. */
START_TEST(the_optimizer_leaves_them_alone) {
    enum { STEPS = 7, FEW = 6 };
    static const soma_optimizer_kind kinds[] = {SOMA_SGD, SOMA_MOMENTUM, SOMA_ADAMW};
    const soma_optimizer optimizer = {
        .kind = kinds[_i], .learning_rate = 0.1f, .l2 = 0.5f, .l1 = 0.25f, .decay = 0.25f, .clip_norm = 0.5f};
    const soma_optimizer plain = {.kind = kinds[_i], .learning_rate = 0.1f};
    double mean[2] = {0, 0}, variance[2] = {1, 1};
    float x[FEW * 2], target[FEW * 2];
    soma_network *network = compiled_with(2, "batchnorm; dense 2", &(soma_compile_options){.optimizer = optimizer});
    soma_network *other = compiled_with(2, "batchnorm; dense 2", &(soma_compile_options){.optimizer = plain});
    for (unsigned step = 0; step < STEPS; step++) {
        fill_uniform(step, x, FEW * 2);
        fill_uniform(100 + step, target, FEW * 2);
        soma_array inputs = array_f32(x, FEW, 2), targets = array_f32(target, FEW, 2);
        expect_ok(soma_train_on_batch(network, &inputs, &targets, NULL));
        expect_ok(soma_train_on_batch(other, &inputs, &targets, NULL));
        for (int j = 0; j < 2; j++) {
            double sum = 0, squares = 0;
            for (int i = 0; i < FEW; i++) sum += (double)x[2 * i + j];
            for (int i = 0; i < FEW; i++) squares += pow((double)x[2 * i + j] - sum / FEW, 2);
            mean[j] = 0.9 * mean[j] + 0.1 * sum / FEW;
            variance[j] = 0.9 * variance[j] + 0.1 * squares / (FEW - 1);
        }
    }
    expect_running(network, mean[0], mean[1], variance[0], variance[1]);
    expect_running(other, mean[0], mean[1], variance[0], variance[1]);
    float weight[2];
    get(network, "batchnorm_1.weight", weight, 2);
    ck_assert(weight[0] != 1 && weight[1] != 1); /* that is trained */
    soma_network_destroy(network);
    soma_network_destroy(other);
}
END_TEST

/* The optimizer and the norm of the gradient end where the running figures begin. */
START_TEST(steps_work_on_what_is_trained) {
    soma_network *network = compiled_with(WIDTH, "dense 5 nobias; batchnorm; dense 1",
                                          &(soma_compile_options){.optimizer = {.kind = SOMA_ADAM, .clip_norm = 1}});
    soma_signature signature = soma_default_signature(network, SOMA_MODE_TRAIN);
    soma_step *step;
    soma_plan *plan;
    size_t count, seen = 0, first = soma_network_tensor(network, "batchnorm_1.running_mean")->offset;
    expect_ok(soma_step_get(network, &signature, &step));
    expect_ok(soma_step_plan(network, step, 4, &plan));
    const soma_call *calls = soma_plan_calls(plan, &count);
    for (size_t i = 0; i < count; i++) {
        if (calls[i].primitive != SOMA_PRIMITIVE_OPTIMIZER && calls[i].primitive != SOMA_PRIMITIVE_NORM) continue;
        ck_assert_uint_eq(calls[i].view[0].shape[0], first);
        seen++;
    }
    ck_assert_uint_eq(seen, 2);
    soma_network_destroy(network);
}
END_TEST

START_TEST(they_have_no_gradient) {
    float values[2];
    soma_network *network = compiled_with(2, "batchnorm", NULL);
    run_backward(network);
    expect_error(soma_get_gradient(network, soma_network_tensor(network, "batchnorm_1.running_var"), values, 2),
                 SOMA_INVALID_ARGUMENT, "batchnorm_1.running_var is a running figure", "not trained");
    expect_ok(soma_get_gradient(network, soma_network_tensor(network, "batchnorm_1.weight"), values, 2));
    soma_network_destroy(network);
}
END_TEST

START_TEST(the_summary_tells_them_apart) {
    soma_network *network = compiled_with(3, "dense 4; batchnorm; dense 2", NULL);
    soma_network_figures figures;
    char *text;
    expect_ok(soma_network_get_figures(network, 8, &figures));
    ck_assert_uint_eq(figures.parameters, 3 * 4 + 4 + 4 * 4 + 4 * 2 + 2);
    ck_assert_uint_eq(figures.running, 2 * 4);
    expect_ok(soma_summary(network, 8, &text));
    ck_assert_msg(strstr(text, "parameters: 42, of which 8 are running figures and 34 are trained\n"), "%s", text);
    soma_free(text);
    soma_network_destroy(network);
}
END_TEST

/* ------------------------------------------------------------------------------------------------------------ fits */

static soma_dataset *some_data(unsigned seed) {
    static float x[ROWS * WIDTH], target[ROWS];
    fill_uniform(seed, x, ROWS * WIDTH);
    fill_uniform(seed + 1, target, ROWS);
    return dataset_of(array_f32(x, ROWS, WIDTH), array_f32(target, ROWS, 1));
}

START_TEST(validation_takes_the_figures_of_its_moment) {
    soma_network *network = compiled_with(WIDTH, "dense 5 nobias; batchnorm; relu; dense 1", NULL);
    soma_dataset *dataset = some_data(1);
    /* Batches of 8, 8, 8 and 5. */
    const soma_fit_options options = {.epochs = 1, .batch_size = 8, .validation = dataset};
    for (int i = 0; i < 3; i++) {
        soma_history history;
        soma_metrics now;
        expect_ok(soma_fit(network, dataset, &options, &history));
        expect_ok(soma_evaluate(network, dataset, 0, &now));
        ck_assert(history.epochs[0].validation.loss == now.loss);
        soma_history_clear(&history);
    }
    soma_dataset_destroy(dataset);
    soma_network_destroy(network);
}
END_TEST

START_TEST(best_weights_have_their_figures) {
    soma_network *network =
        compiled_with(WIDTH, "dense 5 nobias; batchnorm; relu; dense 1",
                      &(soma_compile_options){
                          .optimizer = {.kind = SOMA_MOMENTUM, .learning_rate = 0.5f}}); /* that goes up and down */
    soma_dataset *dataset = some_data(1), *other = some_data(7);
    soma_history history;
    soma_metrics now;
    const soma_fit_options options = {.epochs = 9, .batch_size = 8, .validation = other, .restore_best = true};
    expect_ok(soma_fit(network, dataset, &options, &history));
    expect_ok(soma_evaluate(network, other, 0, &now));
    ck_assert(history.restored && history.best < 8);
    ck_assert(history.epochs[history.best].validation.loss == now.loss);
    soma_history_clear(&history);
    soma_dataset_destroy(dataset);
    soma_dataset_destroy(other);
    soma_network_destroy(network);
}
END_TEST

/* With images, whose positions count with the batch, and a last batch that is smaller. */
START_TEST(training_repeats_its_bits) {
    enum { IMAGES = 21, SIDE = 6 };
    static float x[IMAGES * SIDE * SIDE], target[IMAGES];
    fill_uniform(3, x, IMAGES * SIDE * SIDE);
    fill_uniform(4, target, IMAGES);
    soma_network *network[2];
    for (int i = 0; i < 2; i++) {
        network[i] =
            network_with(3, (const size_t[]){SIDE, SIDE, 1},
                         "conv 5 3x3 nobias; batchnorm; relu; conv 4 3x3; groupnorm 2; globalavgpool; dense 1");
        expect_ok(soma_compile(network[i], test_device, NULL));
        soma_array inputs = {x, SOMA_F32, 4, {IMAGES, SIDE, SIDE, 1}};
        soma_dataset *dataset = dataset_of(inputs, array_f32(target, IMAGES, 1));
        expect_ok(soma_fit(network[i], dataset, &(soma_fit_options){.epochs = 3, .batch_size = 8}, NULL));
        soma_dataset_destroy(dataset);
    }
    expect_same_parameters(network[0], network[1]);
    soma_network_destroy(network[0]);
    soma_network_destroy(network[1]);
}
END_TEST

/* Written, read, and trained on: the same bits as without that. */
START_TEST(files_have_them) {
    const soma_compile_options adam = {.optimizer = {.kind = SOMA_SGD, .learning_rate = 0.05f, .l2 = 0.1f}};
    soma_network *network = compiled_with(WIDTH, "dense 5 nobias; batchnorm; relu; dense 1", &adam), *loaded;
    soma_dataset *dataset = some_data(1);
    const soma_fit_options options = {.epochs = 2, .batch_size = 8};
    expect_ok(soma_fit(network, dataset, &options, NULL));
    expect_ok(soma_save(network, temporary_path("model")));
    expect_ok(soma_load(temporary_path("model"), &loaded));
    soma_network_set_seed(loaded, 5);
    expect_ok(soma_compile(loaded, test_device, &adam));
    expect_ok(soma_compile(network, test_device, &adam)); /* both begin with step 0 */
    expect_same_parameters(network, loaded);
    expect_ok(soma_fit(network, dataset, &options, NULL));
    expect_ok(soma_fit(loaded, dataset, &options, NULL));
    expect_same_parameters(network, loaded);
    soma_dataset_destroy(dataset);
    soma_network_destroy(network);
    soma_network_destroy(loaded);
}
END_TEST

/* ------------------------------------------------------------------------------------------------------------ text */

static const struct {
    const char *layers, *words[3];
} bad_texts[] = {
    {"batchnorm(1.5)", {"layer 1", "the momentum must be above 0 and at most 1", "1.5"}},
    {"batchnorm(0.9,-1)", {"epsilon must be at least 1.18e-38", "-1", ""}},
    {"batchnorm(0)", {"the momentum must be above 0 and at most 1, got 0", "", ""}},
    {"layernorm(1e-50)", {"\"layernorm(1e-50)\"", "epsilon must be at least 1.18e-38", "1e-05 is usual"}},
    {"rmsnorm(1e-40)", {"epsilon must be at least 1.18e-38", "", ""}}, /* a subnormal number */
    {"batchnorm(0.9,1,2)", {"at most two parameters", "", ""}},
    {"batchnorm noscale noscale", {"\"noscale\"", "a second time", ""}},
    {"batchnorm relu", {"\"relu\"", "expected noscale, nooffset, population", "is a ';' missing before it?"}},
    {"layernorm population", {"\"population\"", "expected noscale, nooffset", ""}},
    {"layernorm(1e-3,1)", {"layernorm takes 1 parameter, got 2", "", ""}},
    {"rmsnorm nooffset", {"\"nooffset\"", "expected noscale", ""}},
    {"groupnorm", {"how many groups?", "groupnorm 8", ""}},
    {"groupnorm 0", {"the number of groups", "", ""}},
    {"groupnorm 3", {"layer groupnorm_1", "3 groups do not divide the 4 channels", "[batch, 4]; accepted: 1, 2, 4"}},
    {"instancenorm", {"layer instancenorm_1", "positions and channels", "[batch, 4]"}},
};

/* Words that people know from elsewhere. */
START_TEST(other_words) {
    soma_network *network = network_with(
        1, (const size_t[]){WIDTH},
        "BatchNorm1d NoScale; batch_normalization(0.5) no_offset Population; LayerNormalization; RMSNorm; GroupNorm 2");
    static const char *const kinds[] = {"batchnorm", "batchnorm", "layernorm", "rmsnorm", "groupnorm"};
    for (size_t i = 0; i < SOMA_COUNT_OF(kinds); i++) {
        soma_layer_info info;
        expect_ok(soma_network_layer(network, 1 + i, &info));
        ck_assert_str_eq(info.kind, kinds[i]);
    }
    soma_network_destroy(network);
}
END_TEST

START_TEST(texts_that_do_not_fit) {
    soma_network *network;
    size_t width = WIDTH;
    expect_ok(soma_network_create(&network));
    ck_assert_ptr_null(soma_layers(soma_input(network, NULL, 1, &width), bad_texts[_i].layers));
    soma_status status = soma_network_status(network);
    ck_assert_int_ne(status, SOMA_OK);
    for (int i = 0; i < 3; i++)
        ck_assert_msg(strstr(soma_last_error(), bad_texts[_i].words[i]), "%s: %s", bad_texts[_i].layers,
                      soma_last_error());
    soma_network_destroy(network);
}
END_TEST

static void add_tests(TCase *cases) {
    tcase_add_checked_fixture(cases, temporary_create, temporary_destroy);
    tcase_add_loop_test(cases, layers_have_their_values, 0, (int)SOMA_COUNT_OF(value_cases));
    tcase_add_test(cases, training_moves_the_running_figures);
    tcase_add_test(cases, options_move_them_otherwise);
    tcase_add_test(cases, inference_takes_the_running_figures);
    tcase_add_loop_test(cases, one_number_becomes_0, 0, 2);
    tcase_add_test(cases, positions_count_like_samples);
    tcase_add_test(cases, batches_of_one_are_refused);
    tcase_add_test(cases, normalisations_of_one_number_are_refused);
    tcase_add_loop_test(cases, the_optimizer_leaves_them_alone, 0, 3);
    tcase_add_test(cases, steps_work_on_what_is_trained);
    tcase_add_test(cases, they_have_no_gradient);
    tcase_add_test(cases, the_summary_tells_them_apart);
    tcase_add_test(cases, validation_takes_the_figures_of_its_moment);
    tcase_add_test(cases, best_weights_have_their_figures);
    tcase_add_test(cases, training_repeats_its_bits);
    tcase_add_test(cases, files_have_them);
    tcase_add_test(cases, other_words);
    tcase_add_loop_test(cases, texts_that_do_not_fit, 0, (int)SOMA_COUNT_OF(bad_texts));
}

int main(int argc, char **argv) {
    return run_trainer_tests(argc, argv, "normalize", add_tests);
}
