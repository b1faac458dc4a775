/* SPDX-License-Identifier: MIT */
/* Pictures changed by chance: in training alone, as the reference draws it for this seed and step. Usage: test_augment
 * DEVICE */
#include "base/base.h"
#include "base/random.h"
#include "device/calls.h"
#include "temporary.h"
#include "trainer.h"

#include <math.h>

#define PICTURES 5
#define HEIGHT   4
#define WIDTH    3
#define SIZE     (HEIGHT * WIDTH)
#define SEED     UINT64_C(0x123456789)

static float pictures[PICTURES * SIZE];

/* A network that gives its picture back, so that the loss against pictures says what it was given. */
static soma_network *mirror(uint32_t rank, const char *augmentation) {
    const size_t shape[3] = {HEIGHT, WIDTH, 1};
    soma_network *network;
    float identity[SIZE * SIZE] = {0};
    for (size_t i = 0; i < SIZE; i++) identity[i * (SIZE + 1)] = 1;
    fill_uniform(3, pictures, PICTURES * SIZE);
    expect_ok(soma_network_create(&network));
    soma_network_set_seed(network, SEED);
    soma_layers(soma_input(network, NULL, rank, shape), "flatten; dense 12 nobias");
    expect_ok(soma_network_set_augmentation(network, augmentation));
    soma_compile_options options = {.loss = {SOMA_MEAN_SQUARED_ERROR},
                                    .optimizer = {.kind = SOMA_SGD, .learning_rate = 1e-30f}};
    expect_ok(soma_compile(network, test_device, &options));
    expect_ok(soma_set_parameter(network, soma_network_tensor(network, "dense_1.weight"), identity, SIZE * SIZE));
    return network;
}

/* What the mean squared error of changed pictures against themselves is, in float64. */
static double expected_loss(soma_augment_params params, uint64_t step) {
    double x[PICTURES * SIZE], out[PICTURES * SIZE], sum = 0;
    const size_t shape[4] = {PICTURES, HEIGHT, WIDTH, 1};
    for (size_t i = 0; i < PICTURES * SIZE; i++) x[i] = (double)pictures[i];
    params.stream = SOMA_STREAM_AUGMENT;
    params.seed = SEED;
    params.step = step;
    soma_call call =
        soma_call_augment(soma_view_of(x, 0, SOMA_F64, 4, shape), soma_view_of(out, 0, SOMA_F64, 4, shape), params);
    expect_ok(soma_reference_run(&call));
    for (size_t i = 0; i < PICTURES * SIZE; i++) sum += (out[i] - x[i]) * (out[i] - x[i]);
    return sum / (PICTURES * SIZE);
}

static soma_array picture_array(uint32_t rank) {
    return (soma_array){pictures, SOMA_F32, rank + 1, {PICTURES, HEIGHT, WIDTH, 1}};
}

static const struct {
    const char *text;
    soma_augment_params params;
} changes[] = {
    {"shift 1", {.shift = {1, 1}}},
    {"translate 2 1;", {.shift = {2, 1}}},
    {"SHIFT 1; Cut-Out 2; FLIP Vertical", {.shift = {1, 1}, .cutout = 2, .flip_vertical = true}},
    {"flip", {.flip = true}},
    {"flip vertical; flip", {.flip = true, .flip_vertical = true}},
    {"rotate 90", {.rotate = 1.57079632679f}},
    {"brightness 0.5", {.brightness = 0.5f}},
    {"cutout 2", {.cutout = 2}},
    {" shift 1 ; flip;rotate 20; brightness 0.1; cutout 1 ",
     {.shift = {1, 1}, .flip = true, .rotate = 0.34906585039f, .brightness = 0.1f, .cutout = 1}},
};

START_TEST(every_step_has_its_own_changes) {
    uint32_t rank = 2 + (uint32_t)_i % 2;
    soma_network *network = mirror(rank, changes[_i].text);
    soma_array x = picture_array(rank), t = array_f32(pictures, PICTURES, SIZE);
    for (uint64_t step = 0; step < 4; step++) {
        soma_metrics metrics;
        expect_ok(soma_train_on_batch(network, &x, &t, &metrics));
        double expected = expected_loss(changes[_i].params, step);
        ck_assert_msg(fabs(metrics.loss - expected) <= 1e-5 * (expected + 1), "step %d: %g, expected %g", (int)step,
                      metrics.loss, expected);
    }
    soma_network_destroy(network);
}
END_TEST

START_TEST(what_is_evaluated_stays_as_it_is) {
    soma_network *network = mirror(2, "shift 2; flip; cutout 2; brightness 1");
    soma_array x = picture_array(2), t = array_f32(pictures, PICTURES, SIZE);
    soma_dataset *dataset;
    soma_metrics metrics;
    float y[PICTURES * SIZE];
    expect_ok(soma_dataset_from_arrays(&x, 1, &t, 1, &dataset));
    expect_ok(soma_train_on_batch(network, &x, &t, &metrics));
    ck_assert(metrics.loss > 0.01);
    expect_ok(soma_evaluate(network, dataset, PICTURES, &metrics));
    ck_assert(metrics.loss < 1e-12);
    expect_ok(soma_predict(network, dataset, 0, PICTURES, y));
    for (size_t i = 0; i < PICTURES * SIZE; i++) ck_assert(fabsf(y[i] - pictures[i]) < 1e-6f);
    soma_dataset_destroy(dataset);
    soma_network_destroy(network);
}
END_TEST

START_TEST(it_is_saved_with_the_network) {
    temporary_create();
    soma_network *network = mirror(2, "shift 2; flip"), *again;
    expect_ok(soma_save(network, temporary_path("m.soma")));
    expect_ok(soma_load(temporary_path("m.soma"), &again));
    ck_assert_str_eq(soma_network_augmentation(again), "shift 2; flip");
    expect_ok(soma_network_set_augmentation(again, ""));
    ck_assert_ptr_null(soma_network_augmentation(again));
    expect_ok(soma_network_set_augmentation(again, "flip"));
    expect_ok(soma_network_set_augmentation(again, "none"));
    ck_assert_ptr_null(soma_network_augmentation(again));
    expect_ok(soma_network_set_augmentation(again, "shift 0")); /* which is nothing */
    ck_assert_ptr_null(soma_network_augmentation(again));
    soma_network_destroy(network);
    soma_network_destroy(again);
    temporary_destroy();
}
END_TEST

/* Of pictures of which nothing would be left, 4 high and 3 wide; one pixel less is accepted. */
START_TEST(what_leaves_nothing_is_refused) {
    static const char *const texts[][3] = {
        {"shift 4 0", "up to 4 down and 0 right", "4 x 3"},
        {"shift 0 3", "up to 0 down and 3 right", "4 x 3"},
        {"shift 99", "up to 99 down", "less than that"},
        {"cutout 4", "a cutout of 4 pixels", "4 x 3"},
    };
    soma_network *network = mirror(2, "shift 3 2; cutout 3");
    for (size_t i = 0; i < SOMA_COUNT_OF(texts); i++) {
        expect_ok(soma_network_set_augmentation(network, texts[i][0]));
        expect_error(soma_compile(network, test_device, NULL), SOMA_INVALID_SHAPE, texts[i][1], texts[i][2]);
    }
    soma_network_destroy(network);
}
END_TEST

START_TEST(words_that_are_none_are_refused) {
    static const char *const texts[][3] = {
        {"shift", "\"shift\"", "shift PIXELS"},
        {"shift -1", "\"shift -1\"", "shift PIXELS"},
        {"shift 65536", "65535", "shift PIXELS"},
        {"shift 1 2 3", "two numbers", "shift 1 2"},
        {"flip sideways", "\"flip sideways\"", "flip vertical"},
        {"rotate 181", "\"rotate 181\"", "180"},
        {"brightness 1.5", "brightness SHARE", "up to 1"},
        {"brightness nan", "brightness SHARE", "up to 1"},
        {"cutout 1.5", "cutout PIXELS", "65535"},
        {"mixup", "\"mixup\"", "mixup ALPHA"},
        {"mixup -0.1", "mixup ALPHA", "up to 100"},
        {"flip; cutmix 0.2", "\"cutmix 0.2\"", "shift, flip, rotate, brightness, cutout, mixup"},
    };
    soma_network *network = mirror(2, "flip");
    for (size_t i = 0; i < SOMA_COUNT_OF(texts); i++)
        expect_error(soma_network_set_augmentation(network, texts[i][0]), SOMA_INVALID_ARGUMENT, texts[i][1],
                     texts[i][2]);
    ck_assert_str_eq(soma_network_augmentation(network), "flip"); /* as before */
    expect_error(soma_network_set_augmentation(NULL, "flip"), SOMA_INVALID_ARGUMENT, "NULL");
    soma_network_destroy(network);
    const size_t flat = 12;
    expect_ok(soma_network_create(&network));
    soma_layers(soma_input(network, NULL, 1, &flat), "dense 2");
    expect_ok(soma_network_set_augmentation(network, "flip"));
    expect_error(soma_compile(network, test_device, NULL), SOMA_INVALID_SHAPE, "augmentation is for pictures",
                 "[batch, 12]");
    soma_network_destroy(network);
}
END_TEST

static void add_tests(TCase *cases) {
    tcase_add_loop_test(cases, every_step_has_its_own_changes, 0, SOMA_COUNT_OF(changes));
    tcase_add_test(cases, what_is_evaluated_stays_as_it_is);
    tcase_add_test(cases, it_is_saved_with_the_network);
    tcase_add_test(cases, what_leaves_nothing_is_refused);
    tcase_add_test(cases, words_that_are_none_are_refused);
}

int main(int argc, char **argv) {
    return run_trainer_tests(argc, argv, "augment", add_tests);
}
