/* SPDX-License-Identifier: MIT */
/*
 * Checkpoints: a training that breaks off anywhere and is resumed ends with the same model file, byte for byte, and the
 * same history, as one that was never interrupted; and what does not fit is refused.
 */
#include "base/file.h"
#include "fronts.h"
#include "temporary.h"
#include "trainer.h"

#include "data/fingerprint.h"
#include "device/device.h"
#include "io/idx/idx.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { SAMPLES = 53, INPUTS = 6, CLASSES = 3, BATCH = 8, EPOCHS = 6 };
/* A fifth of the samples is held out: 42 remain, in batches of 8, 8, 8, 8, 8 and 2. */
enum { BATCHES = 6, STEPS = BATCHES * EPOCHS };

static float features[SAMPLES * INPUTS];
static int32_t classes[SAMPLES];
static soma_dataset *data;

typedef struct experiment {
    const char *layers;
    const char *augmentation; /* of the input as a picture of 2 by 3; NULL: none, and the input is a row */
    uint64_t seed;
    soma_compile_options compile;
    soma_fit_options fit;
} experiment;

static experiment experiment_with(soma_optimizer_kind optimizer, soma_schedule_kind schedule) {
    experiment made = {
        .layers = "dense 8 nobias; batchnorm; tanh; dropout 0.3; dense 3 softmax",
        .seed = 7,
        .compile = {.optimizer = {.kind = optimizer, .learning_rate = 0.02f, .l2 = 1e-3f, .clip_norm = 1}},
        .fit = {.epochs = EPOCHS,
                .batch_size = BATCH,
                .validation_split = 0.2,
                .early_stopping = 4,
                .min_delta = 0.01f,
                .restore_best = true},
    };
    /* Patience and period are short, so that something happens within these few steps. */
    made.compile.optimizer.schedule =
        (soma_schedule){.kind = schedule, .warmup = 5, .factor = 0.5f, .patience = 1, .min_delta = 0.05f};
    if (schedule == SOMA_SCHEDULE_STEP || schedule == SOMA_SCHEDULE_EXPONENTIAL)
        made.compile.optimizer.schedule.period = 7;
    return made;
}

static soma_network *network_for(const experiment *e, soma_device *device) {
    const size_t width = INPUTS, picture[] = {2, 3};
    soma_network *network;
    expect_ok(soma_network_create(&network));
    soma_network_set_seed(network, e->seed);
    soma_layers(e->augmentation ? soma_input(network, NULL, 2, picture) : soma_input(network, NULL, 1, &width),
                e->layers);
    expect_ok(soma_network_set_augmentation(network, e->augmentation));
    expect_ok(soma_compile(network, device, &e->compile));
    return network;
}

static soma_buffer model_file(soma_network *network) {
    soma_buffer buffer;
    expect_ok(soma_save(network, temporary_path("model")));
    expect_ok(soma_file_read(temporary_path("model"), 1 << 20, &buffer));
    return buffer;
}

typedef struct outcome {
    soma_buffer model;
    soma_history history;
} outcome;

static void forget(outcome *o) {
    soma_free(o->model.data);
    soma_history_clear(&o->history);
}

static void expect_same_metrics(const soma_metrics *a, const soma_metrics *b) {
    ck_assert_uint_eq(a->metric_count, b->metric_count);
    ck_assert(a->loss == b->loss);
    for (uint32_t i = 0; i < a->metric_count; i++) {
        ck_assert(a->metric[i] == b->metric[i]);
        ck_assert_str_eq(a->metric_name[i], b->metric_name[i]);
    }
}

static void expect_same(const outcome *a, const outcome *b, const char *what) {
    if (a->model.size != b->model.size || memcmp(a->model.data, b->model.data, a->model.size) != 0)
        ck_abort_msg("%s: another model", what);
    ck_assert_uint_eq(a->history.count, b->history.count);
    ck_assert_uint_eq(a->history.best, b->history.best);
    ck_assert_uint_eq(a->history.restored, b->history.restored);
    ck_assert_uint_eq(a->history.steps, b->history.steps);
    for (uint32_t i = 0; i < a->history.count; i++) {
        const soma_epoch *x = &a->history.epochs[i], *y = &b->history.epochs[i];
        ck_assert_uint_eq(x->epoch, y->epoch);
        ck_assert(x->learning_rate == y->learning_rate);
        ck_assert(x->has_validation == y->has_validation);
        expect_same_metrics(&x->train, &y->train);
        if (x->has_validation) expect_same_metrics(&x->validation, &y->validation);
    }
}

/* Breaks a fit off after so many batches, with this status. */
typedef struct breaker {
    size_t after, seen;
    soma_status status;
} breaker;

static soma_status break_off(void *context, soma_network *network, const soma_progress *progress) {
    breaker *b = context;
    (void)network, (void)progress;
    return ++b->seen == b->after ? soma_error(b->status, "broken off") : SOMA_OK;
}

static outcome train_whole(const experiment *e) {
    outcome o;
    soma_network *network = network_for(e, test_device);
    expect_ok(soma_fit(network, data, &e->fit, &o.history));
    o.model = model_file(network);
    /* Names of metrics belong to the network, which goes. */
    for (uint32_t i = 0; i < o.history.count; i++)
        o.history.epochs[i].train.metric_name[0] = o.history.epochs[i].validation.metric_name[0] = "accuracy";
    soma_network_destroy(network);
    return o;
}

/* Trains until it breaks off after `after` batches; SOMA_IO stands for a crash, SOMA_STOPPED for a wish. */
static void train_part(const experiment *e, size_t after, soma_status status, bool resume) {
    breaker b = {.after = after, .status = status};
    soma_fit_options options = e->fit;
    soma_network *network = network_for(e, test_device);
    options.on_batch = break_off;
    options.context = &b;
    options.checkpoint = temporary_path("checkpoint");
    if (resume) options.resume = options.checkpoint;
    ck_assert_int_eq(soma_fit(network, data, &options, NULL), status);
    soma_network_destroy(network);
}

/* The network has other weights before, which must not matter. */
static outcome train_rest(const experiment *e) {
    outcome o;
    soma_fit_options options = e->fit;
    soma_network *network = network_for(e, test_device);
    float other[CLASSES] = {1, 2, 3};
    soma_tensor *bias = soma_network_tensor(network, "dense_2.bias");
    if (!bias) bias = soma_network_tensor(network, "dense_1.bias");
    expect_ok(soma_set_parameter(network, bias, other, CLASSES));
    options.resume = temporary_path("checkpoint");
    expect_ok(soma_fit(network, data, &options, &o.history));
    o.model = model_file(network);
    for (uint32_t i = 0; i < o.history.count; i++)
        o.history.epochs[i].train.metric_name[0] = o.history.epochs[i].validation.metric_name[0] = "accuracy";
    soma_network_destroy(network);
    return o;
}

/* ---------------------------------------------------------------------------------------------------- exact resume */

START_TEST(every_optimizer_with_every_schedule_goes_on_exactly) {
    soma_optimizer_kind optimizer = (soma_optimizer_kind)(_i / (SOMA_SCHEDULE_PLATEAU + 1));
    soma_schedule_kind schedule = (soma_schedule_kind)(_i % (SOMA_SCHEDULE_PLATEAU + 1));
    char what[128];
    experiment e = experiment_with(optimizer, schedule);
    outcome whole = train_whole(&e);
    e.fit.checkpoint_every = 4;
    /* Within the first epoch; just after a checkpoint that lies at the end of an epoch; later. */
    const size_t breaks[] = {5, 12, 21};
    for (size_t i = 0; i < SOMA_COUNT_OF(breaks); i++) {
        snprintf(what, sizeof what, "%s, %s, broken off after %zu steps",
                 soma_name(SOMA_NAMES_OPTIMIZER, (int)optimizer), soma_name(SOMA_NAMES_SCHEDULE, (int)schedule),
                 breaks[i]);
        if (whole.history.steps <= breaks[i]) continue; /* it stopped early */
        train_part(&e, breaks[i], SOMA_IO, false);
        outcome resumed = train_rest(&e);
        expect_same(&whole, &resumed, what);
        forget(&resumed);
    }
    forget(&whole);
}
END_TEST

static uint64_t fingerprint_of(soma_dataset *dataset) {
    const uint64_t fingerprint = soma_fingerprint_dataset(dataset);
    soma_dataset_destroy(dataset);
    return fingerprint;
}

static uint64_t fingerprint_of_idx(const uint8_t *file, size_t size) {
    soma_stream *stream;
    soma_dataset *dataset;
    expect_ok(soma_stream_of_memory("pictures", file, size, &stream));
    expect_ok(soma_idx_read(stream, NULL, 0, &dataset));
    soma_stream_close(stream);
    return fingerprint_of(dataset);
}

/* Earlier versions gave pictures no channel, and arrays have none but their own still: what was trained on the one or
 * the other goes on. */
START_TEST(pictures_are_the_same_data_as_before_they_had_a_channel) {
    static const uint8_t without[] = {0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 1, 2, 3, 4, 5, 6};
    static const uint8_t with[] = {0, 0, 8, 4, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 1, 1, 2, 3, 4, 5, 6};
    for (uint32_t channel = 0; channel < 2; channel++) {
        const soma_array array = {without + sizeof without - 6, SOMA_U8, 3 + channel, {1, 2, 3, 1}};
        soma_dataset *dataset;
        expect_ok(soma_dataset_from_arrays(&array, 1, NULL, 0, &dataset));
        ck_assert_uint_eq(fingerprint_of(dataset), channel ? fingerprint_of_idx(with, sizeof with)
                                                           : fingerprint_of_idx(without, sizeof without));
    }
    ck_assert_uint_ne(fingerprint_of_idx(with, sizeof with), fingerprint_of_idx(without, sizeof without));
}
END_TEST

/* Convolutions, normalisation with running figures, two kinds of dropout, augmentation, mixup. */
START_TEST(networks_of_every_kind_go_on_exactly) {
    static const char *const fronts[FRONTS] = FRONTS_OF("2 3 1");
    static const char *const augmentations[] = {"shift 1; flip; cutout 1; brightness 0.2", "rotate 30; mixup 0.4"};
    char layers[1024], what[128];
    experiment e = experiment_with(SOMA_ADAM, SOMA_SCHEDULE_COSINE);
    snprintf(layers, sizeof layers, "%sdense 3 softmax", fronts[CONVOLUTIONAL_FRONT]);
    e.layers = layers;
    e.augmentation = augmentations[_i];
    soma_dataset_destroy(data);
    data = dataset_of((soma_array){features, SOMA_F32, 3, {SAMPLES, 2, 3}}, array_i32(classes, SAMPLES));
    outcome whole = train_whole(&e);
    e.fit.checkpoint_every = 4;
    for (size_t after = 5; after < whole.history.steps; after += 8) {
        snprintf(what, sizeof what, "%s, broken off after %zu steps", augmentations[_i], after);
        train_part(&e, after, SOMA_IO, false);
        outcome resumed = train_rest(&e);
        expect_same(&whole, &resumed, what);
        forget(&resumed);
    }
    forget(&whole);
}
END_TEST

/* Every step is a checkpoint, and every step ends in a crash. */
START_TEST(a_training_may_break_off_after_every_step) {
    experiment e = experiment_with(SOMA_ADAM, SOMA_SCHEDULE_PLATEAU);
    outcome whole = train_whole(&e);
    e.fit.checkpoint_every = 1;
    train_part(&e, 2, SOMA_IO, false); /* one checkpoint: the break comes before the second is written */
    for (uint64_t step = 1; step + 1 < whole.history.steps; step++) train_part(&e, 2, SOMA_IO, true);
    outcome resumed = train_rest(&e);
    expect_same(&whole, &resumed, "broken off after each step");
    ck_assert_int_eq(temporary_count(), 2); /* the checkpoint and the model */
    forget(&resumed);
    forget(&whole);
}
END_TEST

START_TEST(a_stopped_training_leaves_a_checkpoint_of_its_last_step) {
    experiment e = experiment_with(SOMA_NESTEROV, SOMA_SCHEDULE_COSINE);
    outcome whole = train_whole(&e);
    for (size_t after = BATCHES - 1; after <= BATCHES + 1; after++) {
        train_part(&e, after, SOMA_STOPPED, false);
        outcome resumed = train_rest(&e);
        expect_same(&whole, &resumed, "stopped");
        ck_assert_uint_eq(resumed.history.steps, whole.history.steps);
        forget(&resumed);
    }
    forget(&whole);
}
END_TEST

/* Without validation, shuffling, early stopping or best weights; with the metric as monitor; with weights. */
START_TEST(other_options_go_on_exactly) {
    static const float class_weight[CLASSES] = {1, 0.5f, 2};
    experiment e = experiment_with(SOMA_RMSPROP, SOMA_SCHEDULE_CONSTANT);
    e.compile.class_weight = class_weight;
    e.compile.class_weight_count = CLASSES;
    for (int i = 0; i < 4; i++) {
        if (i == 1) e.fit.validation_split = 0;
        if (i == 2) e.fit.no_shuffle = true;
        if (i == 3) e.fit.early_stopping = 0, e.fit.restore_best = false, e.fit.monitor = SOMA_MONITOR_METRIC;
        outcome whole = train_whole(&e);
        train_part(&e, 2 * 7 + 3, SOMA_IO, false); /* checkpoints after each epoch */
        outcome resumed = train_rest(&e);
        expect_same(&whole, &resumed, "other options");
        forget(&resumed);
        forget(&whole);
    }
}
END_TEST

/* Early stopping waits for as many epochs as it would have. */
START_TEST(early_stopping_goes_on_waiting) {
    experiment e = experiment_with(SOMA_SGD, SOMA_SCHEDULE_CONSTANT);
    e.layers = "dense 8 tanh; dropout 0.3; dense 3 softmax"; /* which changes with its weights alone */
    e.compile.optimizer.learning_rate = 1e-6f;               /* nothing ever improves */
    e.fit.early_stopping = 3;
    outcome whole = train_whole(&e);
    ck_assert_uint_eq(whole.history.count, 4);
    train_part(&e, 3 * BATCHES + 2, SOMA_IO, false);
    outcome resumed = train_rest(&e);
    expect_same(&whole, &resumed, "early stopping");
    forget(&resumed);
    forget(&whole);

    e.compile.optimizer = (soma_optimizer){.kind = SOMA_ADAM}; /* something always does */
    e.fit.early_stopping = 2;
    e.fit.min_delta = 1e-6f;
    whole = train_whole(&e);
    ck_assert_uint_eq(whole.history.count, EPOCHS);
    train_part(&e, BATCHES + 2, SOMA_IO, false);
    resumed = train_rest(&e);
    expect_same(&whole, &resumed, "steady improvement");
    forget(&resumed);
    forget(&whole);
}
END_TEST

START_TEST(a_second_fit_goes_on_exactly) {
    experiment e = experiment_with(SOMA_ADAMW, SOMA_SCHEDULE_COSINE);
    soma_fit_options first = {.epochs = 1, .batch_size = 16};
    soma_network *a = network_for(&e, test_device), *b = network_for(&e, test_device);
    expect_ok(soma_fit(a, data, &first, NULL));
    expect_ok(soma_fit(a, data, &e.fit, NULL));
    soma_network *c = network_for(&e, test_device);
    expect_ok(soma_fit(c, data, &first, NULL));
    breaker at = {.after = 9, .status = SOMA_STOPPED};
    soma_fit_options options = e.fit;
    options.on_batch = break_off;
    options.context = &at;
    options.checkpoint = temporary_path("checkpoint");
    ck_assert_int_eq(soma_fit(c, data, &options, NULL), SOMA_STOPPED);
    options = e.fit;
    options.resume = temporary_path("checkpoint");
    expect_ok(soma_fit(b, data, &options, NULL));
    expect_same_parameters(a, b);
    soma_network_destroy(a);
    soma_network_destroy(b);
    soma_network_destroy(c);
}
END_TEST

static soma_status lower_rate(void *context, soma_network *network, const soma_progress *progress) {
    breaker *b = context;
    if (b->seen == 2) expect_ok(soma_set_learning_rate(network, 0.003f));
    return break_off(context, network, progress);
}

/* Likewise, at the end of an epoch. */
static soma_status lower_rate_of_epoch(void *context, soma_network *network, const soma_epoch *epoch) {
    (void)context;
    if (epoch->epoch == 2) expect_ok(soma_set_learning_rate(network, 0.003f));
    return SOMA_OK;
}

/* The checkpoint that is written after the epoch has the rate: the callback is not called for that epoch again. */
START_TEST(a_learning_rate_changed_between_epochs_goes_on) {
    experiment e = experiment_with(SOMA_MOMENTUM, SOMA_SCHEDULE_CONSTANT);
    e.fit.on_epoch = lower_rate_of_epoch;
    outcome whole = train_whole(&e);
    train_part(&e, 2 * BATCHES + 3, SOMA_IO, false); /* a crash in the third epoch */
    outcome resumed = train_rest(&e);
    expect_same(&whole, &resumed, "a rate changed between epochs");
    forget(&whole);
    forget(&resumed);
}
END_TEST

/* The rate that a callback has set is in force after a resume, too, and not the one that the network was compiled
 * with. */
START_TEST(a_changed_learning_rate_goes_on) {
    const soma_schedule_kind schedules[] = {SOMA_SCHEDULE_CONSTANT, SOMA_SCHEDULE_STEP, SOMA_SCHEDULE_PLATEAU};
    for (size_t i = 0; i < sizeof schedules / sizeof *schedules; i++) {
        experiment e = experiment_with(SOMA_ADAM, schedules[i]);
        soma_network *whole = network_for(&e, test_device), *part = network_for(&e, test_device),
                     *resumed = network_for(&e, test_device);
        breaker at = {.after = SIZE_MAX, .status = SOMA_STOPPED};
        soma_fit_options options = e.fit;
        options.on_batch = lower_rate;
        options.context = &at;
        expect_ok(soma_fit(whole, data, &options, NULL));
        at = (breaker){.after = BATCHES + 3, .status = SOMA_STOPPED};
        options.checkpoint = temporary_path("checkpoint");
        ck_assert_int_eq(soma_fit(part, data, &options, NULL), SOMA_STOPPED);
        options = e.fit;
        options.resume = temporary_path("checkpoint");
        expect_ok(soma_fit(resumed, data, &options, NULL));
        expect_same_parameters(whole, resumed);
        ck_assert(soma_get_learning_rate(whole) == soma_get_learning_rate(resumed));
        soma_network_destroy(whole);
        soma_network_destroy(part);
        soma_network_destroy(resumed);
    }
}
END_TEST

/* More epochs than were planned: as if they had been from the beginning. */
START_TEST(a_finished_training_can_be_made_longer) {
    experiment e = experiment_with(SOMA_ADAM, SOMA_SCHEDULE_STEP);
    e.fit.early_stopping = 0;
    outcome whole = train_whole(&e);
    e.fit.epochs = 3;
    e.fit.checkpoint = temporary_path("checkpoint");
    outcome part = train_whole(&e);
    outcome again = train_rest(&e); /* there is nothing left to do */
    expect_same(&part, &again, "a finished training");
    e.fit.checkpoint = NULL;
    e.fit.epochs = EPOCHS;
    outcome resumed = train_rest(&e);
    expect_same(&whole, &resumed, "more epochs");
    forget(&whole);
    forget(&part);
    forget(&again);
    forget(&resumed);
}
END_TEST

/* Rounding differs there; the run is the same. */
START_TEST(a_checkpoint_can_be_carried_to_another_device) {
    experiment e = experiment_with(SOMA_ADAM, SOMA_SCHEDULE_CONSTANT);
    soma_device *device;
    expect_ok(soma_device_open("cpu", NULL, &device));
    train_part(&e, 10, SOMA_STOPPED, false);
    soma_fit_options options = e.fit;
    options.resume = temporary_path("checkpoint");
    soma_history history;
    soma_network *network = network_for(&e, device);
    expect_ok(soma_fit(network, data, &options, &history));
    ck_assert_uint_ge(history.count, 2);
    soma_history_clear(&history);
    soma_network_destroy(network);
    soma_device_close(device);
}
END_TEST

/* ------------------------------------------------------------------------------------------------------- as a model */

START_TEST(a_checkpoint_is_a_model) {
    experiment e = experiment_with(SOMA_ADAM, SOMA_SCHEDULE_CONSTANT);
    e.fit.restore_best = false;
    e.fit.checkpoint = temporary_path("checkpoint");
    soma_network *network = network_for(&e, test_device), *loaded;
    expect_ok(soma_fit(network, data, &e.fit, NULL));
    expect_ok(soma_load(temporary_path("checkpoint"), &loaded));
    soma_compile_options options;
    expect_ok(soma_network_get_compile_options(loaded, &options));
    expect_ok(soma_compile(loaded, test_device, &options));
    expect_same_parameters(network, loaded);
    soma_network_destroy(network);
    soma_network_destroy(loaded);
}
END_TEST

/* ---------------------------------------------------------------------------------------------------------- refused */

/* The fit is refused with these words, and the network keeps its weights. */
static void expect_refused(const experiment *e, soma_dataset *dataset, soma_status status, const char *const *words) {
    soma_network *network = network_for(e, test_device), *untouched = network_for(e, test_device);
    soma_fit_options options = e->fit;
    options.resume = temporary_path("checkpoint");
    expect_error_words(soma_fit(network, dataset, &options, NULL), status, words, "resuming what does not fit");
    expect_same_parameters(network, untouched);
    soma_network_destroy(network);
    soma_network_destroy(untouched);
}
#define refused(e, dataset, status, ...) expect_refused(e, dataset, status, (const char *const[]){__VA_ARGS__, NULL})

START_TEST(what_does_not_fit_is_refused) {
    const experiment good = experiment_with(SOMA_ADAM, SOMA_SCHEDULE_COSINE);
    train_part(&good, 10, SOMA_STOPPED, false);
    experiment e = good;
    e.seed = 8;
    refused(&e, data, SOMA_INVALID_ARGUMENT, "/checkpoint: does not fit", "network.seed", "\"8\" here", "\"7\" in the");
    e = good;
    e.layers = "dense 9 nobias; batchnorm; tanh; dropout 0.3; dense 3 softmax";
    refused(&e, data, SOMA_INVALID_ARGUMENT, "dense_1.weight", "is 9 here", "8 in the file");
    e = good;
    e.layers = "dense 8 nobias; batchnorm; tanh; dense 3 softmax";
    refused(&e, data, SOMA_INVALID_ARGUMENT, "layers", "\"dense_2\" here", "\"dropout_1\" in the file");
    e = good;
    e.layers = "dense 8 nobias; batchnorm; tanh; dropout 0.4; dense 3 softmax";
    refused(&e, data, SOMA_INVALID_ARGUMENT, "rate is 0.4", "0.3");
    e = good;
    e.compile.optimizer.kind = SOMA_SGD;
    refused(&e, data, SOMA_INVALID_ARGUMENT, "network.training.optimizer.kind", "\"sgd\" here", "\"adam\" in the file");
    e = good;
    e.compile.optimizer.learning_rate = 0.5f;
    refused(&e, data, SOMA_INVALID_ARGUMENT, "learning_rate is 0.5 here", "0.0199999996 in the file");
    e = good;
    e.compile.optimizer.schedule.kind = SOMA_SCHEDULE_CONSTANT;
    refused(&e, data, SOMA_INVALID_ARGUMENT, "schedule is \"constant\" here", "\"cosine\" in the file");
    e = good;
    e.fit.batch_size = 16;
    refused(&e, data, SOMA_INVALID_ARGUMENT, "run.batch_size is 16 here", "8 in the file");
    e = good;
    e.fit.epochs = EPOCHS + 1; /* the cosine is stretched over all of them */
    refused(&e, data, SOMA_INVALID_ARGUMENT, "run.epochs is 7 here", "6 in the file");
    e = good;
    e.fit.no_shuffle = true;
    refused(&e, data, SOMA_INVALID_ARGUMENT, "run.shuffle is false here", "true in the file");
    e = good;
    e.fit.validation_split = 0.25;
    refused(&e, data, SOMA_INVALID_ARGUMENT, "run.samples is 40 here", "42 in the file");
    e = good;
    features[5] += 1;
    refused(&e, data, SOMA_INVALID_ARGUMENT, "run.", "data is");
    features[5] -= 1;
    static const float class_weight[CLASSES] = {1, 1, 2};
    e = good;
    e.compile.class_weight = class_weight;
    e.compile.class_weight_count = CLASSES;
    refused(&e, data, SOMA_INVALID_ARGUMENT, "run.class_weights", "0 in the file");
}
END_TEST

/* One sample's weight is another: the data are not those of the checkpoint. */
START_TEST(weights_of_samples_must_be_the_same) {
    static float weights[SAMPLES];
    const experiment e = experiment_with(SOMA_SGD, SOMA_SCHEDULE_CONSTANT);
    fill_uniform(13, weights, SAMPLES);
    for (size_t i = 0; i < SAMPLES; i++) weights[i] += 2;
    expect_ok(soma_dataset_set_weights(data, weights, SAMPLES));
    outcome whole = train_whole(&e);
    train_part(&e, BATCHES + 2, SOMA_STOPPED, false);
    outcome resumed = train_rest(&e);
    expect_same(&whole, &resumed, "weights of samples");
    for (size_t i = 0; i < SAMPLES; i += SAMPLES - 1) {
        float kept = weights[i];
        weights[i] *= 1.5f;
        expect_ok(soma_dataset_set_weights(data, weights, SAMPLES));
        refused(&e, data, SOMA_INVALID_ARGUMENT, "run.", "data is");
        weights[i] = kept;
    }
    forget(&whole);
    forget(&resumed);
}
END_TEST

START_TEST(fewer_epochs_than_there_were_are_refused) {
    experiment e = experiment_with(SOMA_ADAM, SOMA_SCHEDULE_CONSTANT);
    train_part(&e, BATCHES + 2, SOMA_STOPPED, false);
    e.fit.epochs = 1;
    refused(&e, data, SOMA_INVALID_ARGUMENT, "/checkpoint: is of epoch 2 already", "1 epochs");
}
END_TEST

START_TEST(a_model_and_other_files_are_no_checkpoints) {
    experiment e = experiment_with(SOMA_ADAM, SOMA_SCHEDULE_CONSTANT);
    soma_network *network = network_for(&e, test_device);
    refused(&e, data, SOMA_IO, "/checkpoint: cannot open", "No such file");
    expect_ok(soma_save(network, temporary_path("checkpoint")));
    refused(&e, data, SOMA_INVALID_FILE, "/checkpoint: is no checkpoint", "it is a model");
    temporary_file("checkpoint", "x,y\n1,2\n", 8);
    refused(&e, data, SOMA_INVALID_FILE, "/checkpoint");
    soma_network_destroy(network);
}
END_TEST

START_TEST(a_checkpoint_that_cannot_be_written_is_told_before_training) {
    experiment e = experiment_with(SOMA_ADAM, SOMA_SCHEDULE_CONSTANT);
    soma_network *network = network_for(&e, test_device), *untouched = network_for(&e, test_device);
    e.fit.checkpoint = temporary_path("no/such/place");
    expect_error(soma_fit(network, data, &e.fit, NULL), SOMA_IO, "no/such/place", "No such file");
    e.fit.checkpoint = temporary_directory;
    expect_error(soma_fit(network, data, &e.fit, NULL), SOMA_IO, "is a directory");
    expect_same_parameters(network, untouched);
    soma_network_destroy(network);
    soma_network_destroy(untouched);
}
END_TEST

/* ---------------------------------------------------------------------------------------------------- not finite */

/* The last checkpoint is one of finite weights; a resumed epoch that goes wrong ends with the weights of its
 * checkpoint, and the message counts batches as if it had not been interrupted. */
START_TEST(a_training_that_went_wrong_leaves_its_last_good_checkpoint) {
    experiment e = experiment_with(SOMA_SGD, SOMA_SCHEDULE_CONSTANT);
    e.fit.restore_best = false;
    e.fit.no_shuffle = true;
    e.fit.validation_split = 0;
    e.fit.checkpoint_every = 1;
    e.fit.checkpoint = temporary_path("checkpoint");
    float kept = features[4 * BATCH * INPUTS];
    features[4 * BATCH * INPUTS] = NAN; /* the first row of the fifth batch */
    soma_network *network = network_for(&e, test_device);
    expect_error(soma_fit(network, data, &e.fit, NULL), SOMA_NOT_FINITE, "batch 5 of 7", "before the training");
    soma_network_destroy(network);

    network = network_for(&e, test_device);
    e.fit.resume = e.fit.checkpoint;
    expect_error(soma_fit(network, data, &e.fit, NULL), SOMA_NOT_FINITE, "epoch 1: batch 5 of 7", "element 0 of row 32",
                 "those of the checkpoint");
    soma_network *loaded;
    expect_ok(soma_load(temporary_path("checkpoint"), &loaded));
    expect_ok(soma_compile(loaded, test_device, NULL));
    expect_same_parameters(network, loaded);
    soma_network_destroy(network);
    soma_network_destroy(loaded);
    features[4 * BATCH * INPUTS] = kept;
}
END_TEST

static soma_status spoil_weights(void *context, soma_network *network, const soma_epoch *epoch) {
    float bad[CLASSES] = {0, NAN, 0};
    (void)context;
    if (epoch->epoch == 1)
        expect_ok(soma_set_parameter(network, soma_network_tensor(network, "dense_2.bias"), bad, CLASSES));
    return SOMA_OK;
}

/* No checkpoint has them, and the next epoch says which they are. */
START_TEST(weights_that_a_callback_spoils_are_named) {
    experiment e = experiment_with(SOMA_SGD, SOMA_SCHEDULE_CONSTANT);
    e.fit.on_epoch = spoil_weights;
    e.fit.checkpoint = temporary_path("checkpoint");
    soma_network *network = network_for(&e, test_device);
    expect_error(soma_fit(network, data, &e.fit, NULL), SOMA_NOT_FINITE, "epoch 2: batch 1 of 6", "dense_2.bias");
    ck_assert_int_eq(temporary_count(), 0);
    soma_network_destroy(network);
}
END_TEST

/* ------------------------------------------------------------------------------------------------------------- main */

static void set_up(void) {
    temporary_create();
    fill_uniform(11, features, SAMPLES * INPUTS);
    fill_classes(12, classes, SAMPLES, CLASSES);
    data = dataset_of(array_f32(features, SAMPLES, INPUTS), array_i32(classes, SAMPLES));
}

static void tear_down(void) {
    soma_dataset_destroy(data);
    temporary_destroy();
}

static void add_tests(TCase *cases) {
    tcase_add_checked_fixture(cases, set_up, tear_down);
    tcase_add_loop_test(cases, every_optimizer_with_every_schedule_goes_on_exactly, 0,
                        SOMA_OPTIMIZER_COUNT * (SOMA_SCHEDULE_PLATEAU + 1));
    tcase_add_test(cases, pictures_are_the_same_data_as_before_they_had_a_channel);
    tcase_add_loop_test(cases, networks_of_every_kind_go_on_exactly, 0, 2);
    tcase_add_test(cases, a_training_may_break_off_after_every_step);
    tcase_add_test(cases, a_stopped_training_leaves_a_checkpoint_of_its_last_step);
    tcase_add_test(cases, other_options_go_on_exactly);
    tcase_add_test(cases, early_stopping_goes_on_waiting);
    tcase_add_test(cases, a_second_fit_goes_on_exactly);
    tcase_add_test(cases, a_changed_learning_rate_goes_on);
    tcase_add_test(cases, a_learning_rate_changed_between_epochs_goes_on);
    tcase_add_test(cases, a_finished_training_can_be_made_longer);
    tcase_add_test(cases, a_checkpoint_can_be_carried_to_another_device);
    tcase_add_test(cases, a_checkpoint_is_a_model);
    tcase_add_test(cases, what_does_not_fit_is_refused);
    tcase_add_test(cases, weights_of_samples_must_be_the_same);
    tcase_add_test(cases, fewer_epochs_than_there_were_are_refused);
    tcase_add_test(cases, a_model_and_other_files_are_no_checkpoints);
    tcase_add_test(cases, a_checkpoint_that_cannot_be_written_is_told_before_training);
    tcase_add_test(cases, a_training_that_went_wrong_leaves_its_last_good_checkpoint);
    tcase_add_test(cases, weights_that_a_callback_spoils_are_named);
}

int main(int argc, char **argv) {
    return run_trainer_tests(argc, argv, "checkpoint", add_tests);
}
