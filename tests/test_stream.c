/* SPDX-License-Identifier: MIT */
/* Data that do not lie on the device are streamed there, to the bits that they give where they do. Usage: test_stream
 * DEVICE */
#include "base/base.h"
#include "device/device.h"
#include "temporary.h"
#include "trainer.h"

#include <math.h>
#include <string.h>

/* Pictures as bytes, classes, weights: 75 of them are 4 batches of 17 and one of 7. */
enum { PICTURES = 75, HEIGHT = 6, WIDTH = 5, SIZE = HEIGHT * WIDTH, CLASSES = 3, BATCH = 17, EPOCHS = 3 };
/* Of these an even smaller set to validate on. */
enum { VALIDATING = 11, BATCHES = (PICTURES + BATCH - 1) / BATCH };

static uint8_t pictures[PICTURES * SIZE];
static int32_t labels[PICTURES];
static float weights[PICTURES];

static soma_dataset *some_pictures(size_t count) {
    fill_classes(5, labels, PICTURES, CLASSES);
    fill_uniform(6, weights, PICTURES);
    for (size_t i = 0; i < PICTURES; i++) weights[i] += 1.5f;
    for (size_t i = 0; i < PICTURES * SIZE; i++)
        pictures[i] = (uint8_t)(i * 37 + i / SIZE * 11 + (size_t)labels[i / SIZE] * (i % SIZE) * 5);
    soma_dataset *dataset =
        dataset_of((soma_array){pictures, SOMA_U8, 4, {count, HEIGHT, WIDTH, 1}}, array_i32(labels, count));
    expect_ok(soma_dataset_set_weights(dataset, weights, count));
    return dataset;
}

/* Everything that is drawn by chance is in it, and figures that are kept from step to step. */
static soma_network *network_changed_by(soma_device *device, const char *augmentation) {
    static const size_t shape[] = {HEIGHT, WIDTH, 1};
    static const float class_weights[CLASSES] = {0.5f, 1.0f, 2.0f};
    soma_network *network;
    expect_ok(soma_network_create(&network));
    soma_network_set_seed(network, 3);
    soma_layers(soma_input(network, "x", 3, shape), "conv 4 3x3 nobias; batchnorm; relu; maxpool 2; flatten; "
                                                    "dense 12 tanh; dropout 0.3; dense 3 softmax");
    expect_ok(soma_network_set_augmentation(network, augmentation));
    const soma_compile_options options = {.optimizer = {.kind = SOMA_ADAM, .learning_rate = 0.01f},
                                          .metrics = {SOMA_ACCURACY},
                                          .class_weight = class_weights,
                                          .class_weight_count = CLASSES};
    expect_ok(soma_compile(network, device, &options));
    return network;
}

static soma_network *network_on(soma_device *device) {
    return network_changed_by(device, "shift 1; flip; cutout 2; mixup 0.4");
}

/* The device under test once more. */
static soma_device *device_with(const soma_device_options *options) {
    soma_device *device;
    expect_ok(soma_device_open(soma_device_selector(test_device), options, &device));
    return device;
}

static soma_device *streaming_device(void) {
    return device_with(&(soma_device_options){.data_memory = 1});
}

/* -------------------------------------------------------------------------------------------------- the same bits */

typedef struct outcome {
    soma_history history;
    soma_metrics metrics;
    float outputs[PICTURES * CLASSES];
    soma_network *network;
    bool streamed;
} outcome;

/* Asks the device to do other things in between, which it must not mix up with what is on its way. */
static soma_status look_on(void *context, soma_network *network, const soma_progress *progress) {
    outcome *o = context;
    soma_dataset *dataset = some_pictures(PICTURES);
    soma_metrics metrics;
    o->streamed = progress->streamed;
    if (progress->batch == 2) expect_ok(soma_evaluate(network, dataset, 10, &metrics));
    soma_dataset_destroy(dataset);
    return SOMA_OK;
}

static void train(soma_device *device, soma_fit_options fit, outcome *o) {
    soma_dataset *dataset = some_pictures(PICTURES), *held_out = some_pictures(VALIDATING);
    memset(o, 0, sizeof *o);
    /* In batches of 1 there is no other sample to mix with. */
    o->network = fit.batch_size == 1 ? network_changed_by(device, "shift 1; flip; cutout 2") : network_on(device);
    fit.epochs = EPOCHS;
    fit.batch_size = fit.batch_size ? fit.batch_size : BATCH;
    fit.on_batch = look_on;
    fit.context = o;
    if (fit.validation_split == 0) fit.validation = held_out;
    expect_ok(soma_fit(o->network, dataset, &fit, &o->history));
    expect_ok(soma_evaluate(o->network, dataset, 13, &o->metrics));
    expect_ok(soma_predict(o->network, dataset, 0, 14, o->outputs));
    soma_dataset_destroy(dataset);
    soma_dataset_destroy(held_out);
}

static void expect_same(const outcome *a, const outcome *b) {
    expect_same_parameters(a->network, b->network);
    ck_assert_uint_eq(a->history.count, EPOCHS);
    ck_assert_uint_eq(b->history.count, EPOCHS);
    for (uint32_t i = 0; i < EPOCHS; i++) {
        const soma_epoch *x = &a->history.epochs[i], *y = &b->history.epochs[i];
        ck_assert(x->train.loss == y->train.loss && x->train.metric[0] == y->train.metric[0]);
        ck_assert(x->validation.loss == y->validation.loss && x->validation.metric[0] == y->validation.metric[0]);
    }
    ck_assert(a->metrics.loss == b->metrics.loss && a->metrics.metric[0] == b->metrics.metric[0]);
    ck_assert_mem_eq(a->outputs, b->outputs, sizeof a->outputs);
}

static void forget(outcome *o) {
    soma_history_clear(&o->history);
    soma_network_destroy(o->network);
}

static const soma_fit_options fits[] = {
    {.no_shuffle = false},
    {.no_shuffle = true},
    {.validation_split = 0.2},
    {.validation_split = 0.2, .no_shuffle = true, .batch_size = 5},
    {.batch_size = PICTURES + 1},
    {.batch_size = PICTURES, .no_shuffle = true, .restore_best = true},
    {.batch_size = 1},
};

START_TEST(streamed_data_give_the_bits_of_resident_ones) {
    for (size_t i = 0; i < SOMA_COUNT_OF(fits); i++) {
        soma_device *device = streaming_device();
        outcome resident, streamed;
        train(test_device, fits[i], &resident);
        train(device, fits[i], &streamed);
        ck_assert(!resident.streamed);
        ck_assert(streamed.streamed);
        expect_same(&resident, &streamed);
        forget(&resident);
        forget(&streamed);
        soma_device_close(device);
    }
}
END_TEST

/* So many bytes suffice, and one less does not: of pixels, class numbers, weights and the order. Those of the
 * validation come to them. */
START_TEST(the_limit_counts_what_lies_on_the_device) {
    enum { ROW = SIZE + sizeof(int32_t) + sizeof(float), TRAINING = PICTURES * (ROW + sizeof(int32_t)) };
    enum { ALL = TRAINING + VALIDATING * ROW };
    outcome first;
    train(test_device, fits[0], &first);
    for (int i = 0; i < 3; i++) {
        const uint64_t limits[] = {TRAINING - 1, TRAINING, ALL};
        soma_device *device = device_with(&(soma_device_options){.data_memory = limits[i]});
        outcome o;
        train(device, fits[0], &o);
        ck_assert(o.streamed == (i == 0));
        expect_same(&first, &o);
        forget(&o);
        soma_device_close(device);
    }
    forget(&first);
}
END_TEST

static size_t written;

static void count_written(void *context, soma_log_level level, const char *message) {
    (void)context, (void)level;
    written += strstr(message, "each is sent before its step") != NULL;
}

/* Where room is short even for the batches on their way. */
START_TEST(without_room_for_batches_on_their_way_each_is_written) {
    outcome expected, streamed, o;
    soma_device_memory memory;
    soma_device *device = open_copying_device(&(soma_device_options){.data_memory = 1});
    train(test_device, fits[0], &expected);
    train(device, fits[0], &streamed);
    soma_device_get_memory(device, &memory);
    expect_same(&expected, &streamed);
    forget(&streamed);
    soma_device_close(device);

    device = open_copying_device(&(soma_device_options){.data_memory = 1, .memory_limit = memory.peak - 1});
    written = 0;
    soma_log_set(count_written, NULL, SOMA_LOG_INFO);
    train(device, fits[0], &o);
    soma_log_set(NULL, NULL, SOMA_LOG_INFO);
    ck_assert_uint_ge(written, 2); /* of the training and the validation at least */
    ck_assert(o.streamed);
    expect_same(&expected, &o);
    forget(&o);
    soma_device_close(device);
    forget(&expected);
}
END_TEST

/* ---------------------------------------------------------------------------------------------------- checkpoints */

static soma_status break_off(void *context, soma_network *network, const soma_progress *progress) {
    size_t *left = context;
    (void)network, (void)progress;
    return --*left == 0 ? soma_error(SOMA_IO, "broken off") : SOMA_OK;
}

/* Begun the one way, broken off after any of its steps, and ended the other way. */
START_TEST(a_training_goes_on_in_the_other_way) {
    soma_device *streaming = streaming_device(), *devices[] = {test_device, streaming};
    soma_dataset *dataset = some_pictures(PICTURES);
    soma_fit_options fit = {.epochs = 2, .batch_size = BATCH, .checkpoint = temporary_path("checkpoint")};
    fit.checkpoint_every = 1;
    soma_network *whole = network_on(test_device);
    soma_history expected;
    expect_ok(soma_fit(whole, dataset, &fit, &expected));
    for (size_t after = 1; after < (size_t)2 * BATCHES; after++)
        for (int from = 0; from < 2; from++) {
            size_t left = after + 1;
            soma_fit_options part = fit;
            part.on_batch = break_off;
            part.context = &left;
            soma_network *begun = network_on(devices[from]), *ended = network_on(devices[!from]);
            soma_history history;
            expect_error(soma_fit(begun, dataset, &part, NULL), SOMA_IO, "broken off");
            part = fit;
            part.resume = fit.checkpoint;
            expect_ok(soma_fit(ended, dataset, &part, &history));
            expect_same_parameters(whole, ended);
            for (uint32_t e = 0; e < 2; e++) ck_assert(history.epochs[e].train.loss == expected.epochs[e].train.loss);
            soma_history_clear(&history);
            soma_network_destroy(begun);
            soma_network_destroy(ended);
        }
    soma_history_clear(&expected);
    soma_network_destroy(whole);
    soma_dataset_destroy(dataset);
    soma_device_close(streaming);
}
END_TEST

/* -------------------------------------------------------------------------------------------------- what goes bad */

START_TEST(what_is_not_finite_is_named_with_its_row) {
    enum { MANY = 400, WIDE = 20 };
    static float x[MANY * WIDE], target[MANY];
    fill_uniform(1, x, MANY * WIDE);
    soma_device *device = streaming_device();
    for (int validating = 0; validating < 2; validating++) {
        x[333 * WIDE + 4] = validating ? 0 : NAN;
        static float other[MANY * WIDE];
        fill_uniform(2, other, MANY * WIDE);
        other[222 * WIDE + 3] = NAN;
        soma_dataset *dataset = dataset_of(array_f32(x, MANY, WIDE), array_f32(target, MANY, 1));
        soma_dataset *validation = dataset_of(array_f32(other, MANY, WIDE), array_f32(target, MANY, 1));
        soma_network *network = network_of((model_shape){WIDE, 0, 1, false}, 1);
        expect_ok(soma_compile(network, device, NULL));
        soma_status status = soma_fit(network, dataset, &(soma_fit_options){.validation = validation}, NULL);
        if (validating)
            expect_error(status, SOMA_NOT_FINITE, "validation batch", "row 222", "element 3");
        else
            expect_error(status, SOMA_NOT_FINITE, "row 333", "element 4", "of 13");
        soma_network_destroy(network);
        soma_dataset_destroy(dataset);
        soma_dataset_destroy(validation);
    }
    soma_device_close(device);
}
END_TEST

/* ------------------------------------------------------------------------------------------------ ahead of the step */

/*
 * The device under test with stages of the test's own, which keeps a record: b that a stage may be written again, s
 * that it was sent, R a run, r a read.
 */
enum { MOST_EVENTS = 256 };
static struct {
    soma_device_api api;
    char events[MOST_EVENTS];
    size_t count;
    int stages;      /* that there are */
    int failing;     /* the sending that fails, from 1; 0: none */
    size_t sendings; /* so far */
    size_t lost;     /* the sending that fails on its way, from 1, which is told by waiting for its stage; 0: none */
} spy;

typedef struct spy_stage {
    size_t bytes;
    char *host;
} spy_stage;

static void note(char event) {
    if (spy.count + 1 < MOST_EVENTS) spy.events[spy.count++] = event;
}

static soma_status spy_make(void *state, size_t bytes, void **stage, void **host) {
    spy_stage *made = malloc(sizeof *made);
    (void)state;
    *made = (spy_stage){bytes, malloc(bytes)};
    spy.stages++;
    *stage = made;
    *host = made->host;
    return SOMA_OK;
}

static soma_status spy_send(void *state, void *stage, void *memory, size_t bytes) {
    if (++spy.sendings == (size_t)spy.failing) return soma_error(SOMA_DEVICE_FAILED, "sending fails");
    note('s');
    return test_device->api->write(state, memory, 0, ((spy_stage *)stage)->host, bytes);
}

/* There are two stages, in turn. As by a driver's event, what went wrong is told once. */
static soma_status spy_await(void *state, void *stage) {
    (void)state, (void)stage;
    note('b');
    if (!spy.lost || spy.sendings != spy.lost + 1) return SOMA_OK;
    spy.lost = 0;
    return soma_error(SOMA_DEVICE_FAILED, "it was lost");
}

static void spy_free(void *state, void *stage) {
    (void)state;
    free(((spy_stage *)stage)->host);
    free(stage);
    spy.stages--;
}

static soma_status spy_run(void *state, soma_call *calls, size_t count) {
    note('R');
    return test_device->api->run(state, calls, count);
}

static soma_status spy_read(void *state, void *memory, size_t offset, void *target, size_t bytes) {
    note('r');
    return test_device->api->read(state, memory, offset, target, bytes);
}

static soma_device *spied_device(const soma_device_options *options) {
    if (!spy.api.abi) {
        spy.api = *test_device->api;
        spy.api.name = "spied";
        spy.api.wrap = NULL;
        spy.api.run = spy_run;
        spy.api.read = spy_read;
        spy.api.stage = spy_make;
        spy.api.send = spy_send;
        spy.api.await = spy_await;
        spy.api.unstage = spy_free;
        expect_ok(soma_device_register(&spy.api));
    }
    const char *number = strchr(soma_device_selector(test_device), ':');
    char selector[64];
    snprintf(selector, sizeof selector, "spied%s", number ? number : "");
    soma_device *device;
    expect_ok(soma_device_open(selector, options, &device));
    spy.failing = 0;
    spy.lost = 0;
    return device;
}

START_TEST(a_batch_is_sent_before_the_one_before_it_is_waited_for) {
    soma_device *device = spied_device(&(soma_device_options){.data_memory = 1});
    soma_dataset *dataset = some_pictures(PICTURES);
    soma_network *network = network_on(device);
    float outputs[PICTURES * CLASSES];
    expect_ok(soma_predict(network, dataset, 0, 30, outputs)); /* 30, 30, 15: makes all ready */
    spy.count = spy.sendings = 0;
    expect_ok(soma_predict(network, dataset, 0, 30, outputs));
    spy.events[spy.count] = 0;
    ck_assert_str_eq(spy.events, "bsRbsrRbsrRr");
    ck_assert_int_eq(spy.stages, 0);
    soma_network_destroy(network);
    soma_dataset_destroy(dataset);
    soma_device_close(device);
}
END_TEST

START_TEST(batches_on_their_way_count_in_the_memory_of_the_device) {
    uint64_t peak[3];
    for (int i = 0; i < 3; i++) {
        /* Room for all; none for data; none but for one batch, and without stages. */
        const soma_device_options options = {.data_memory = i > 0};
        soma_device *device = spied_device(&options);
        if (i == 2) spy.api.stage = NULL;
        soma_dataset *dataset = some_pictures(PICTURES);
        soma_network *network = network_on(device);
        float outputs[PICTURES * CLASSES];
        soma_device_memory memory;
        expect_ok(soma_predict(network, dataset, 0, 30, outputs));
        soma_device_get_memory(device, &memory);
        peak[i] = memory.peak;
        soma_network_destroy(network);
        soma_dataset_destroy(dataset);
        soma_device_close(device);
    }
    spy.api.stage = spy_make;
    const uint64_t window = soma_round_up(30 * SIZE, test_device->info.alignment);
    ck_assert_uint_eq(peak[0] - PICTURES * SIZE, peak[1] - 3 * window);
    ck_assert_uint_eq(peak[2] - window, peak[1] - 3 * window);
}
END_TEST

/* What is sent ahead and fails is sent again when its turn comes; what fails then is told. */
START_TEST(sending_may_fail_once) {
    soma_dataset *dataset = some_pictures(PICTURES);
    float expected[PICTURES * CLASSES], outputs[PICTURES * CLASSES];
    for (int failing = 0; failing <= 3; failing++) {
        soma_device *device = spied_device(&(soma_device_options){.data_memory = 1});
        soma_network *network = network_on(device);
        spy.sendings = 0;
        spy.failing = failing;
        soma_status status = soma_predict(network, dataset, 0, 30, failing ? outputs : expected);
        if (failing == 1)
            expect_error(status, SOMA_DEVICE_FAILED, "sending fails");
        else
            expect_ok(status);
        if (failing > 1) ck_assert_mem_eq(outputs, expected, sizeof outputs);
        ck_assert_int_eq(spy.stages, 0);
        soma_network_destroy(network);
        soma_device_close(device);
    }
    soma_dataset_destroy(dataset);
}
END_TEST

/* It is told though it comes out when others are sent ahead, which could be sent again. */
START_TEST(what_is_lost_on_its_way_is_told) {
    soma_dataset *dataset = some_pictures(PICTURES);
    float outputs[PICTURES * CLASSES];
    for (size_t lost = 0; lost <= 2; lost++) {
        soma_device *device = spied_device(&(soma_device_options){.data_memory = 1});
        soma_network *network = network_on(device);
        spy.sendings = 0;
        spy.lost = lost;
        soma_status status = soma_predict(network, dataset, 0, 20, outputs); /* 20, 20, 20, 15 */
        if (lost)
            expect_error(status, SOMA_DEVICE_FAILED, "it was lost");
        else
            expect_ok(status);
        ck_assert_int_eq(spy.stages, 0);
        soma_network_destroy(network);
        soma_device_close(device);
    }
    soma_dataset_destroy(dataset);
}
END_TEST

static void add_tests(TCase *cases) {
    tcase_add_checked_fixture(cases, temporary_create, temporary_destroy);
    tcase_add_test(cases, streamed_data_give_the_bits_of_resident_ones);
    tcase_add_test(cases, the_limit_counts_what_lies_on_the_device);
    tcase_add_test(cases, without_room_for_batches_on_their_way_each_is_written);
    tcase_add_test(cases, a_training_goes_on_in_the_other_way);
    tcase_add_test(cases, what_is_not_finite_is_named_with_its_row);
    tcase_add_test(cases, a_batch_is_sent_before_the_one_before_it_is_waited_for);
    tcase_add_test(cases, batches_on_their_way_count_in_the_memory_of_the_device);
    tcase_add_test(cases, sending_may_fail_once);
    tcase_add_test(cases, what_is_lost_on_its_way_is_told);
}

int main(int argc, char **argv) {
    return run_trainer_tests(argc, argv, "stream", add_tests);
}
