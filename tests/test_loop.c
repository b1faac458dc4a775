/* SPDX-License-Identifier: MIT */
/* Loops of one's own: steps on batches, gradients without a step, the learning rate. */
#include "base/base.h"
#include "trainer.h"

#include <math.h>
#include <string.h>

enum { ROWS = 14, WIDTH = 4, CLASSES = 3, BATCH = 4 }; /* batches of 4, 4, 4 and 2 */

static float x[ROWS * WIDTH];
static int32_t labels[ROWS];
static sample samples[ROWS];
static const model_shape shape = {WIDTH, 5, CLASSES, true};

static void make_data(void) {
    fill_uniform(1, x, ROWS * WIDTH);
    fill_classes(2, labels, ROWS, CLASSES);
    for (size_t i = 0; i < ROWS; i++) samples[i] = (sample){x + i * WIDTH, NULL, labels[i], 1.0};
}

static soma_network *compiled(const soma_compile_options *options) {
    soma_network *network = network_of(shape, 3);
    expect_ok(soma_compile(network, test_device, options));
    return network;
}

static size_t batch_at(size_t start, soma_array *inputs, soma_array *targets) {
    size_t count = start + BATCH <= ROWS ? BATCH : ROWS - start;
    *inputs = array_f32(x + start * WIDTH, count, WIDTH);
    *targets = array_i32(labels + start, count);
    return count;
}

/* One epoch of batches in order, with or without reading the figures. */
static void train_by_batches(soma_network *network, soma_metrics *metrics) {
    soma_array inputs, targets;
    for (size_t start = 0; start < ROWS; start += BATCH) {
        batch_at(start, &inputs, &targets);
        expect_ok(soma_train_on_batch(network, &inputs, &targets, metrics));
    }
}

static const soma_compile_options adam = {.optimizer = {.kind = SOMA_ADAM, .learning_rate = 0.02f}};

START_TEST(a_loop_of_steps_is_a_fit) {
    make_data();
    soma_network *by_fit = compiled(&adam), *by_hand = compiled(&adam);
    soma_dataset *dataset = dataset_of(array_f32(x, ROWS, WIDTH), array_i32(labels, ROWS));
    expect_ok(
        soma_fit(by_fit, dataset, &(soma_fit_options){.epochs = 3, .batch_size = BATCH, .no_shuffle = true}, NULL));
    for (int e = 0; e < 3; e++) train_by_batches(by_hand, NULL);
    expect_ok(soma_synchronize(by_hand));
    expect_same_parameters(by_fit, by_hand);
    soma_network_destroy(by_fit);
    soma_network_destroy(by_hand);
    soma_dataset_destroy(dataset);
}
END_TEST

static float told[WIDTH * 5];

static soma_status take_gradient(void *context, soma_network *network, const soma_epoch *epoch) {
    (void)context, (void)epoch;
    const soma_tensor *weight = soma_network_parameter(network, 0);
    return soma_get_gradient(network, weight, told, soma_tensor_count(weight));
}

/* Of the only step of the first epoch, from the same weights; plain gradient descent has none to tell where it is put
 * into the products. */
START_TEST(callbacks_of_a_fit_see_the_gradient) {
    make_data();
    soma_network *by_fit = compiled(&adam), *by_hand = compiled(&adam);
    soma_dataset *dataset = dataset_of(array_f32(x, ROWS, WIDTH), array_i32(labels, ROWS));
    soma_fit_options options = {.batch_size = ROWS, .no_shuffle = true, .on_epoch = take_gradient};
    expect_ok(soma_fit(by_fit, dataset, &options, NULL));
    const soma_array inputs = array_f32(x, ROWS, WIDTH), targets = array_i32(labels, ROWS);
    expect_ok(soma_backward(by_hand, &inputs, &targets, NULL));
    float expected[WIDTH * 5];
    const soma_tensor *weight = soma_network_parameter(by_hand, 0);
    ck_assert_uint_eq(soma_tensor_count(weight), WIDTH * 5);
    expect_ok(soma_get_gradient(by_hand, weight, expected, WIDTH * 5));
    for (size_t i = 0; i < WIDTH * 5; i++) ck_assert_float_eq_tol(told[i], expected[i], 1e-6f);
    ck_assert_float_gt(fabsf(told[0]), 1e-5f);
    expect_error(soma_get_gradient(by_fit, soma_network_parameter(by_fit, 0), told, WIDTH * 5), SOMA_INVALID_STATE,
                 "after soma_backward()");
    soma_network *plain = compiled(&(soma_compile_options){.optimizer = {.kind = SOMA_SGD, .learning_rate = 0.1f}});
    if (soma_fast_paths())
        expect_error(soma_fit(plain, dataset, &options, NULL), SOMA_INVALID_STATE, "unless the optimizer is plain sgd");
    else
        expect_ok(soma_fit(plain, dataset, &options, NULL));
    soma_network_destroy(plain);
    soma_network_destroy(by_fit);
    soma_network_destroy(by_hand);
    soma_dataset_destroy(dataset);
}
END_TEST

START_TEST(figures_are_those_of_the_batch) {
    make_data();
    soma_network *network = compiled(&adam);
    for (size_t start = 0; start < ROWS; start += BATCH) {
        soma_array inputs, targets;
        soma_metrics metrics;
        model m;
        double loss = 0, right = 0;
        size_t count = batch_at(start, &inputs, &targets);
        model_from(&m, shape, network); /* the figures are those before the step */
        for (size_t i = start; i < start + count; i++) {
            double y[CLASSES];
            size_t best = 0;
            model_predict(&m, samples[i].x, y);
            for (size_t j = 1; j < CLASSES; j++)
                if (y[j] > y[best]) best = j;
            right += (size_t)labels[i] == best;
            loss += model_loss(&m, &samples[i]);
        }
        expect_ok(soma_train_on_batch(network, &inputs, &targets, &metrics));
        ck_assert_double_eq_tol(metrics.loss, loss / (double)count, 1e-5);
        ck_assert_uint_eq(metrics.metric_count, 1);
        ck_assert_str_eq(metrics.metric_name[0], "accuracy");
        ck_assert_double_eq_tol(metrics.metric[0], right / (double)count, 1e-6);
    }
    soma_network_destroy(network);
}
END_TEST

/* ------------------------------------------------------------------------------------------------------ gradients */

START_TEST(backward_gives_the_gradients_and_apply_makes_the_step) {
    make_data();
    const soma_optimizer plain = {.kind = SOMA_ADAM,
                                  .learning_rate = 0.02f,
                                  .beta1 = 0.9f,
                                  .beta2 = 0.999f,
                                  .epsilon = 1e-3f,
                                  .l2 = 0.01f,
                                  .clip_norm = 0.3f};
    const soma_compile_options options = {.optimizer = plain};
    soma_network *network = compiled(&options);
    model m;
    model_from(&m, shape, network);
    for (size_t start = 0; start < ROWS; start += BATCH) {
        soma_array inputs, targets;
        soma_metrics metrics;
        float before[MODEL_MOST], gradient[MODEL_MOST];
        size_t count = batch_at(start, &inputs, &targets), total = 0;
        size_t parameters = read_parameters(network, before);
        expect_ok(soma_backward(network, &inputs, &targets, &metrics));
        ck_assert_double_eq_tol(metrics.loss, model_backward(&m, samples + start, count) / (double)count, 1e-5);
        expect_parameters(network, before, parameters); /* nothing has moved yet */
        for (size_t i = 0; i < soma_network_parameter_count(network); i++) {
            const soma_tensor *parameter = soma_network_parameter(network, i);
            expect_ok(soma_get_gradient(network, parameter, gradient + total, soma_tensor_count(parameter)));
            total += soma_tensor_count(parameter);
        }
        for (size_t i = 0; i < total; i++) ck_assert_double_eq_tol((double)gradient[i], m.gradient[i], 2e-6);
        expect_ok(soma_apply_gradients(network));
        model_step(&m, &plain, 0.02);
        ck_assert_double_le(parameter_difference(network, &m), 1e-4);
    }
    soma_network_destroy(network);
}
END_TEST

START_TEST(gradients_of_inputs_agree_with_differences) {
    make_data();
    soma_network *network = compiled(NULL);
    soma_array inputs, targets;
    float gradient[BATCH * WIDTH];
    model m;
    model_from(&m, shape, network);
    batch_at(0, &inputs, &targets);
    expect_ok(soma_backward(network, &inputs, &targets, NULL));
    expect_ok(soma_get_gradient(network, soma_network_input(network, 0), gradient, BATCH * WIDTH));
    for (size_t i = 0; i < BATCH; i++)
        for (size_t j = 0; j < WIDTH; j++) {
            /* x is float32: the step that is really made is the difference of two of its values. */
            float row[WIDTH];
            sample moved = {row, NULL, labels[i], 1.0};
            memcpy(row, x + i * WIDTH, sizeof row);
            float middle = row[j], up = row[j] = middle + 0x1p-10f;
            double high = model_loss(&m, &moved);
            float down = row[j] = middle - 0x1p-10f;
            double low = model_loss(&m, &moved);
            double expected = (high - low) / ((double)up - (double)down) / BATCH;
            ck_assert_double_eq_tol((double)gradient[i * WIDTH + j], expected, 2e-6);
        }
    /* Other work uses the same memory. */
    float y[BATCH * CLASSES];
    expect_ok(soma_run(network, x, BATCH, y));
    expect_error(soma_get_gradient(network, soma_network_input(network, 0), gradient, BATCH * WIDTH),
                 SOMA_INVALID_STATE, "input_1", "soma_backward");
    soma_dataset *dataset = dataset_of(array_f32(x, ROWS, WIDTH), array_i32(labels, ROWS));
    soma_metrics metrics;
    expect_ok(soma_backward(network, &inputs, &targets, NULL));
    expect_ok(soma_evaluate(network, dataset, 0, &metrics));
    expect_error(soma_get_gradient(network, soma_network_input(network, 0), gradient, BATCH * WIDTH),
                 SOMA_INVALID_STATE, "input_1", "soma_backward");
    soma_dataset_destroy(dataset);
    soma_network_destroy(network);
}
END_TEST

START_TEST(backward_and_apply_are_a_step) {
    make_data();
    soma_network *at_once = compiled(&adam), *in_two = compiled(&adam);
    for (int e = 0; e < 3; e++) {
        train_by_batches(at_once, NULL);
        for (size_t start = 0; start < ROWS; start += BATCH) {
            soma_array inputs, targets;
            batch_at(start, &inputs, &targets);
            expect_ok(soma_backward(in_two, &inputs, &targets, NULL));
            expect_ok(soma_apply_gradients(in_two));
        }
    }
    expect_same_parameters(at_once, in_two);
    soma_network_destroy(at_once);
    soma_network_destroy(in_two);
}
END_TEST

/* ------------------------------------------------------------------------------------------------- learning rate */

START_TEST(the_learning_rate_can_be_set_between_steps) {
    make_data();
    const soma_compile_options sgd = {.optimizer = {.learning_rate = 0.1f}};
    soma_network *network = compiled(&sgd);
    model m;
    soma_array inputs, targets;
    model_from(&m, shape, network);
    ck_assert(soma_get_learning_rate(network) == 0.1f);
    size_t count = batch_at(0, &inputs, &targets);
    const float rates[] = {0.1f, 0.3f, 0.0f, 0.05f};
    for (int i = 0; i < 4; i++) {
        expect_ok(soma_set_learning_rate(network, rates[i]));
        ck_assert(soma_get_learning_rate(network) == rates[i]);
        expect_ok(soma_train_on_batch(network, &inputs, &targets, NULL));
        model_backward(&m, samples, count);
        model_step(&m, &(soma_optimizer){.kind = SOMA_SGD}, (double)rates[i]);
    }
    ck_assert_double_le(parameter_difference(network, &m), 5e-6);
    expect_error(soma_set_learning_rate(network, -1), SOMA_INVALID_ARGUMENT, "-1");
    expect_error(soma_set_learning_rate(network, NAN), SOMA_INVALID_ARGUMENT, "nan");
    expect_error(soma_set_learning_rate(network, INFINITY), SOMA_INVALID_ARGUMENT, "inf");
    soma_network_destroy(network);
}
END_TEST

START_TEST(schedules_work_in_a_loop) {
    make_data();
    const soma_compile_options options = {
        .optimizer = {.learning_rate = 0.2f,
                      .schedule = {.kind = SOMA_SCHEDULE_EXPONENTIAL, .period = 2, .factor = 0.25f, .warmup = 2}}};
    const float expected[] = {0.1f, 0.2f, 0.2f, 0.1f, 0.05f, 0.025f};
    soma_network *network = compiled(&options);
    soma_array inputs, targets;
    batch_at(0, &inputs, &targets);
    for (int t = 0; t < 6; t++) {
        if (t % 2)
            expect_ok(soma_train_on_batch(network, &inputs, &targets, NULL));
        else {
            expect_ok(soma_backward(network, &inputs, &targets, NULL));
            expect_ok(soma_apply_gradients(network));
        }
        ck_assert_float_eq_tol(soma_get_learning_rate(network), expected[t], 1e-7f);
    }
    soma_network_destroy(network);
}
END_TEST

/* -------------------------------------------------------------------------------------------------------- errors */

START_TEST(bad_calls_are_refused) {
    make_data();
    soma_network *network = network_of(shape, 3);
    soma_array inputs, targets;
    batch_at(0, &inputs, &targets);
    ck_assert(soma_get_learning_rate(network) == 0.0f);
    expect_error(soma_train_on_batch(network, &inputs, &targets, NULL), SOMA_INVALID_STATE, "soma_train_on_batch",
                 "soma_compile");
    expect_error(soma_backward(network, &inputs, &targets, NULL), SOMA_INVALID_STATE, "soma_backward");
    expect_error(soma_apply_gradients(network), SOMA_INVALID_STATE, "soma_apply_gradients");
    expect_error(soma_set_learning_rate(network, 1), SOMA_INVALID_STATE, "soma_set_learning_rate");
    expect_error(soma_synchronize(network), SOMA_INVALID_STATE, "soma_synchronize");
    expect_ok(soma_compile(network, test_device, NULL));
    expect_error(soma_apply_gradients(network), SOMA_INVALID_STATE, "soma_backward");
    /* A fit uses the memory of the gradients. */
    soma_dataset *dataset = dataset_of(array_f32(x, ROWS, WIDTH), array_i32(labels, ROWS));
    expect_ok(soma_backward(network, &inputs, &targets, NULL));
    expect_ok(soma_fit(network, dataset, NULL, NULL));
    expect_error(soma_apply_gradients(network), SOMA_INVALID_STATE, "soma_backward");
    soma_dataset_destroy(dataset);
    expect_error(soma_train_on_batch(network, NULL, &targets, NULL), SOMA_INVALID_ARGUMENT, "inputs");
    expect_error(soma_train_on_batch(network, &inputs, NULL, NULL), SOMA_INVALID_ARGUMENT, "targets");
    const int32_t too_large[BATCH] = {0, 1, CLASSES, 1}, negative[BATCH] = {0, 1, -1, 1};
    soma_array bad = array_i32(too_large, BATCH);
    expect_error(soma_train_on_batch(network, &inputs, &bad, NULL), SOMA_INVALID_SHAPE, "3 units", "4 classes");
    bad = array_i32(negative, BATCH);
    expect_error(soma_train_on_batch(network, &inputs, &bad, NULL), SOMA_INVALID_ARGUMENT, "-1");
    bad = array_f32(x, BATCH, WIDTH + 1);
    expect_error(soma_train_on_batch(network, &bad, &targets, NULL), SOMA_INVALID_SHAPE, "[batch, 4]", "[samples, 5]");
    bad = array_i32(labels, BATCH + 1);
    expect_error(soma_train_on_batch(network, &inputs, &bad, NULL), SOMA_INVALID_SHAPE, "5 samples", "4");
    /* None of that has broken anything. */
    expect_ok(soma_train_on_batch(network, &inputs, &targets, NULL));
    soma_network_destroy(network);
}
END_TEST

static void add_tests(TCase *cases) {
    tcase_add_test(cases, a_loop_of_steps_is_a_fit);
    tcase_add_test(cases, callbacks_of_a_fit_see_the_gradient);
    tcase_add_test(cases, figures_are_those_of_the_batch);
    tcase_add_test(cases, backward_gives_the_gradients_and_apply_makes_the_step);
    tcase_add_test(cases, gradients_of_inputs_agree_with_differences);
    tcase_add_test(cases, backward_and_apply_are_a_step);
    tcase_add_test(cases, the_learning_rate_can_be_set_between_steps);
    tcase_add_test(cases, schedules_work_in_a_loop);
    tcase_add_test(cases, bad_calls_are_refused);
}

int main(int argc, char **argv) {
    return run_trainer_tests(argc, argv, "loop", add_tests);
}
