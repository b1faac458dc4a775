/* SPDX-License-Identifier: MIT */
/* Outputs, classes, and figures over a data set, against the forward pass in float64. */
#include "base/base.h"
#include "temporary.h"
#include "trainer.h"

#include <math.h>
#include <string.h>

enum { ROWS = 13, WIDTH = 4, CLASSES = 3 };

static float x[ROWS * WIDTH];
static int32_t labels[ROWS];
static const model_shape shape = {WIDTH, 6, CLASSES, true};

static void make_data(void) {
    fill_uniform(1, x, ROWS * WIDTH);
    fill_classes(2, labels, ROWS, CLASSES);
}

static soma_network *compiled(void) {
    soma_network *network = network_of(shape, 3);
    expect_ok(soma_compile(network, test_device, NULL));
    return network;
}

/* Batches of one, of some with a short last one, of all, and of more than all. */
static const size_t batch_sizes[] = {1, 4, ROWS, 100, 0};

static size_t largest(const double *y, size_t count) {
    size_t best = 0;
    for (size_t j = 1; j < count; j++)
        if (y[j] > y[best]) best = j;
    return best;
}

START_TEST(predict_gives_the_outputs_of_every_sample) {
    make_data();
    soma_network *network = compiled();
    soma_dataset *dataset;
    soma_array inputs = array_f32(x, ROWS, WIDTH);
    expect_ok(soma_dataset_from_arrays(&inputs, 1, NULL, 0, &dataset)); /* no targets needed */
    model m;
    float y[ROWS * CLASSES + 1];
    int32_t classes[ROWS];
    model_from(&m, shape, network);
    y[ROWS * CLASSES] = 77;
    expect_ok(soma_predict(network, dataset, 0, batch_sizes[_i], y));
    expect_ok(soma_predict_classes(network, dataset, batch_sizes[_i], classes));
    for (size_t i = 0; i < ROWS; i++) {
        double expected[CLASSES];
        model_predict(&m, x + i * WIDTH, expected);
        for (size_t j = 0; j < CLASSES; j++) ck_assert_double_eq_tol((double)y[i * CLASSES + j], expected[j], 1e-6);
        ck_assert_int_eq(classes[i], (int32_t)largest(expected, CLASSES));
    }
    ck_assert(y[ROWS * CLASSES] == 77); /* not a value more */
    soma_network_destroy(network);
    soma_dataset_destroy(dataset);
}
END_TEST

START_TEST(evaluate_is_the_mean_over_the_samples) {
    make_data();
    soma_network *network = compiled();
    soma_dataset *dataset = dataset_of(array_f32(x, ROWS, WIDTH), array_i32(labels, ROWS));
    model m;
    double loss = 0, right = 0;
    soma_metrics metrics;
    model_from(&m, shape, network);
    for (size_t i = 0; i < ROWS; i++) {
        double y[CLASSES];
        model_predict(&m, x + i * WIDTH, y);
        right += largest(y, CLASSES) == (size_t)labels[i];
        loss += model_loss(&m, &(sample){x + i * WIDTH, NULL, labels[i], 1.0});
    }
    expect_ok(soma_evaluate(network, dataset, batch_sizes[_i], &metrics));
    ck_assert_double_eq_tol(metrics.loss, loss / ROWS, 2e-6);
    ck_assert_double_eq_tol(metrics.metric[0], right / ROWS, 1e-6);
    soma_network_destroy(network);
    soma_dataset_destroy(dataset);
}
END_TEST

START_TEST(a_split_is_predicted_in_its_own_order) {
    make_data();
    soma_network *network = compiled();
    soma_dataset *dataset = dataset_of(array_f32(x, ROWS, WIDTH), array_i32(labels, ROWS)), *parts[2];
    model m;
    model_from(&m, shape, network);
    expect_ok(soma_dataset_split(dataset, 0.4, 5, &parts[0], &parts[1]));
    for (int part = 0; part < 2; part++) {
        soma_dataset_info info;
        float y[ROWS * CLASSES], seen[WIDTH];
        soma_dataset_get_info(parts[part], &info);
        expect_ok(soma_predict(network, parts[part], 0, 3, y));
        for (size_t i = 0; i < info.samples; i++) {
            double expected[CLASSES];
            expect_ok(soma_dataset_read_input(parts[part], 0, i, 1, seen));
            model_predict(&m, seen, expected);
            for (size_t j = 0; j < CLASSES; j++) ck_assert_double_eq_tol((double)y[i * CLASSES + j], expected[j], 1e-6);
        }
        soma_dataset_destroy(parts[part]);
    }
    soma_network_destroy(network);
    soma_dataset_destroy(dataset);
}
END_TEST

START_TEST(bytes_are_scaled) {
    make_data();
    soma_network *network = compiled();
    uint8_t bytes[ROWS * WIDTH];
    float scaled[ROWS * WIDTH], from_bytes[ROWS * CLASSES], from_floats[ROWS * CLASSES];
    for (size_t i = 0; i < ROWS * WIDTH; i++) {
        bytes[i] = (uint8_t)(i * 37);
        scaled[i] = (float)bytes[i] * (1.0f / 255.0f);
    }
    soma_array arrays[2] = {array_u8(bytes, ROWS, WIDTH), array_f32(scaled, ROWS, WIDTH)};
    float *outputs[2] = {from_bytes, from_floats};
    for (int i = 0; i < 2; i++) {
        soma_dataset *dataset;
        expect_ok(soma_dataset_from_arrays(&arrays[i], 1, NULL, 0, &dataset));
        expect_ok(soma_predict(network, dataset, 0, 5, outputs[i]));
        soma_dataset_destroy(dataset);
    }
    ck_assert_mem_eq(from_bytes, from_floats, sizeof from_bytes);
    soma_network_destroy(network);
}
END_TEST

START_TEST(run_goes_straight_from_and_to_memory) {
    make_data();
    soma_network *network = compiled();
    model m;
    model_from(&m, shape, network);
    for (size_t batch = 1; batch <= ROWS; batch += 4)
        for (int again = 0; again < 2; again++) { /* the second time with the plan of the first */
            float y[ROWS * CLASSES];
            expect_ok(soma_run(network, x, batch, y));
            for (size_t i = 0; i < batch; i++) {
                double expected[CLASSES];
                model_predict(&m, x + i * WIDTH, expected);
                for (size_t j = 0; j < CLASSES; j++)
                    ck_assert_double_eq_tol((double)y[i * CLASSES + j], expected[j], 1e-6);
            }
        }
    /* A plan that was fed from a data set takes its input from memory again. */
    soma_dataset *dataset = dataset_of(array_f32(x, ROWS, WIDTH), array_i32(labels, ROWS));
    float y[ROWS * CLASSES], again[5 * CLASSES];
    expect_ok(soma_predict(network, dataset, 0, 5, y));
    expect_ok(soma_run(network, x + 3 * WIDTH, 5, again));
    for (size_t i = 0; i < 5 * CLASSES; i++)
        ck_assert_double_eq_tol((double)again[i], (double)y[3 * CLASSES + i], 1e-6);
    soma_dataset_destroy(dataset);
    soma_network_destroy(network);
}
END_TEST

/* ------------------------------------------------------------------------------------------------- single units */

/* y = f(x), one unit. */
static soma_network *one_unit(soma_function activation, const soma_compile_options *options) {
    soma_network *network;
    const size_t one = 1;
    expect_ok(soma_network_create(&network));
    soma_dense_with(
        soma_input(network, NULL, 1, &one), 1,
        &(soma_dense_options){
            .activation = activation, .no_bias = true, .weight_initializer = SOMA_INIT_CONSTANT, .weight_scale = 1});
    expect_ok(soma_compile(network, test_device, options));
    return network;
}

static void expect_classes(soma_network *network, const int32_t *expected) {
    static const float values[5] = {-1, 0.25f, 0.5f, 0.75f, 2};
    soma_array inputs = array_f32(values, 5, 1);
    soma_dataset *dataset;
    int32_t classes[5];
    expect_ok(soma_dataset_from_arrays(&inputs, 1, NULL, 0, &dataset));
    expect_ok(soma_predict_classes(network, dataset, 2, classes));
    for (int i = 0; i < 5; i++) ck_assert_int_eq(classes[i], expected[i]);
    soma_dataset_destroy(dataset);
    soma_network_destroy(network);
}

START_TEST(a_single_unit_tells_two_classes_apart) {
    const soma_compile_options logits = {.loss = {SOMA_BINARY_CROSSENTROPY_LOGITS}};
    expect_classes(one_unit(SOMA_IDENTITY, NULL), (const int32_t[]){0, 0, 0, 1, 1});
    expect_classes(one_unit(SOMA_SIGMOID, NULL), (const int32_t[]){0, 1, 1, 1, 1}); /* sigmoid(x) > 1/2 for x > 0 */
    expect_classes(one_unit(SOMA_IDENTITY, &logits), (const int32_t[]){0, 1, 1, 1, 1});
}
END_TEST

START_TEST(the_first_of_equals_is_the_class) {
    soma_network *network;
    const size_t three = 3;
    expect_ok(soma_network_create(&network));
    soma_activation(soma_input(network, NULL, 1, &three), SOMA_IDENTITY, NULL);
    expect_ok(soma_compile(network, test_device, NULL));
    const float rows[] = {1, 1, 0, 0, 2, 2, NAN, 1, 0, NAN, NAN, NAN};
    const int32_t expected[] = {0, 1, 1, 0};
    int32_t classes[4];
    soma_array inputs = array_f32(rows, 4, 3);
    soma_dataset *dataset;
    expect_ok(soma_dataset_from_arrays(&inputs, 1, NULL, 0, &dataset));
    expect_ok(soma_predict_classes(network, dataset, 0, classes));
    for (int i = 0; i < 4; i++) ck_assert_int_eq(classes[i], expected[i]);
    soma_dataset_destroy(dataset);
    soma_network_destroy(network);
}
END_TEST

/* ------------------------------------------------------------------------------------- several inputs and outputs */

START_TEST(every_output_can_be_had) {
    soma_network *network;
    const size_t two = 2, three = 3;
    const float a[] = {1, 2, 3, 4, 5, 6}, b[] = {1, 0, 1, 0, 1, 0, 2, 2, 2};
    expect_ok(soma_network_create(&network));
    soma_tensor *left = soma_input(network, "left", 1, &two), *right = soma_input(network, "right", 1, &three);
    soma_output(soma_activation(left, SOMA_LINEAR, &(soma_activation_options){true, 2, 0}));
    soma_output(soma_concat((soma_tensor *const[]){left, right}, 2, 0));
    expect_ok(soma_network_status(network));
    const soma_compile_options options = {.loss = {SOMA_LOSS_NONE, SOMA_LOSS_NONE}};
    expect_ok(soma_compile(network, test_device, &options));
    soma_array inputs[2] = {array_f32(a, 3, 2), array_f32(b, 3, 3)};
    soma_dataset *dataset;
    expect_ok(soma_dataset_from_arrays(inputs, 2, NULL, 0, &dataset));
    float doubled[6], joined[15];
    const float expected[] = {1, 2, 1, 0, 1, 3, 4, 0, 1, 0, 5, 6, 2, 2, 2};
    expect_ok(soma_predict(network, dataset, 0, 2, doubled));
    expect_ok(soma_predict(network, dataset, 1, 2, joined));
    for (int i = 0; i < 6; i++) ck_assert(doubled[i] == 2 * a[i]);
    ck_assert_mem_eq(joined, expected, sizeof expected);
    expect_error(soma_predict(network, dataset, 2, 2, doubled), SOMA_INVALID_ARGUMENT, "output 2", "has 2");
    expect_error(soma_run(network, a, 3, doubled), SOMA_INVALID_STATE, "2 inputs", "soma_predict");
    soma_dataset_destroy(dataset);
    soma_network_destroy(network);
}
END_TEST

/* ------------------------------------------------------------------------------------------------------- outcomes */

/* One pass gives what two gave, to the bit. */
START_TEST(outcomes_are_predictions_and_figures) {
    make_data();
    soma_network *network = compiled();
    soma_dataset *dataset = dataset_of(array_f32(x, ROWS, WIDTH), array_i32(labels, ROWS)), *first, *second;
    float weights[ROWS], y[ROWS * CLASSES];
    for (size_t i = 0; i < ROWS; i++) weights[i] = (float)(i % 3);
    expect_ok(soma_dataset_set_weights(dataset, weights, ROWS));
    expect_ok(soma_dataset_split(dataset, 0.3, 4, &first, &second));
    soma_metrics plain, metrics;
    soma_outcomes outcomes;
    soma_dataset_info info;
    int32_t classes[ROWS];
    expect_ok(soma_evaluate(network, first, batch_sizes[_i], &plain));
    expect_ok(soma_predict(network, first, 0, batch_sizes[_i], y));
    expect_ok(soma_evaluate_outcomes(network, first, batch_sizes[_i], &metrics, &outcomes));
    soma_dataset_get_info(first, &info);
    expect_ok(soma_dataset_read_classes(first, 0, info.samples, classes));
    ck_assert_uint_eq(outcomes.samples, info.samples);
    ck_assert_uint_eq(outcomes.units, CLASSES);
    ck_assert_int_eq(outcomes.task, SOMA_TASK_CLASSES);
    ck_assert(memcmp(&plain.loss, &metrics.loss, sizeof plain.loss) == 0);
    ck_assert(memcmp(outcomes.predictions, y, info.samples * CLASSES * sizeof *y) == 0);
    ck_assert(memcmp(outcomes.classes, classes, info.samples * sizeof *classes) == 0);
    ck_assert_ptr_nonnull(outcomes.weights);
    ck_assert_ptr_null(outcomes.targets);
    soma_report report;
    expect_ok(soma_report_make(&outcomes, &report));
    double sum = 0, right = 0;
    for (size_t i = 0; i < info.samples; i++) {
        sum += (double)outcomes.weights[i];
        right += soma_outcomes_class(&outcomes, i) == (size_t)classes[i] ? (double)outcomes.weights[i] : 0;
    }
    ck_assert_double_eq_tol(report.score[SOMA_SCORE_ACCURACY], right / sum, 1e-12);
    soma_report_clear(&report);
    soma_outcomes_clear(&outcomes);
    expect_ok(soma_evaluate_outcomes(network, first, 0, NULL, &outcomes));
    soma_outcomes_clear(&outcomes);
    soma_dataset_destroy(first);
    soma_dataset_destroy(second);
    soma_dataset_destroy(dataset);
    soma_network_destroy(network);
}
END_TEST

/* A network whose outputs are its inputs: y = sigmoid(x), or x where the loss takes logits. */
static soma_network *identity(size_t width, const char *layers, soma_loss loss) {
    soma_network *network;
    expect_ok(soma_network_create(&network));
    soma_layers(soma_input(network, NULL, 1, &width), layers);
    float weights[9] = {0};
    for (size_t i = 0; i < width; i++) weights[i * width + i] = 1;
    expect_ok(soma_set_parameter(network, soma_network_tensor(network, "dense_1.weight"), weights, width * width));
    expect_ok(soma_compile(network, test_device, &(soma_compile_options){.loss = {loss}}));
    return network;
}

static const float label_x[] = {2, 1, 3, -2, -1, -3, 1, -1, -1, 3, -2, 1}; /* all hold, none, the first, two */
static const float label_y[] = {1, 1, 1, 0, 0, 0, 1, 0, 1, 1, 0, 1};
static const char *const label_layers[] = {"dense 3 sigmoid", "dense 3", "dense 3 sigmoid", "dense 3"};
static const soma_loss label_losses[] = {SOMA_LOSS_DEFAULT, SOMA_BINARY_CROSSENTROPY_LOGITS, SOMA_BINARY_FOCAL,
                                         SOMA_BINARY_FOCAL_LOGITS};

START_TEST(labels_are_those_that_hold) {
    soma_network *network = identity(3, label_layers[_i], label_losses[_i]);
    soma_dataset *dataset = dataset_of(array_f32(label_x, 4, 3), array_f32(label_y, 4, 3));
    const uint8_t half[] = {1, 1, 1, 0, 0, 0, 1, 0, 0, 1, 0, 1};
    uint8_t labels_found[12];
    int32_t classes[4];
    expect_ok(soma_predict_labels(network, dataset, 3, labels_found));
    ck_assert(memcmp(labels_found, half, sizeof half) == 0);
    expect_error(soma_predict_classes(network, dataset, 0, classes), SOMA_INVALID_STATE, "3 units",
                 "soma_predict_labels");
    soma_outcomes outcomes;
    soma_report report;
    expect_ok(soma_evaluate_outcomes(network, dataset, 3, NULL, &outcomes));
    ck_assert_int_eq(outcomes.task, SOMA_TASK_LABELS);
    for (size_t i = 0; i < 12; i++)
        ck_assert_double_eq_tol((double)outcomes.predictions[i], 1 / (1 + exp(-(double)label_x[i])), 1e-6);
    ck_assert(memcmp(outcomes.targets, label_y, sizeof label_y) == 0);
    expect_ok(soma_report_make(&outcomes, &report));
    ck_assert_double_eq_tol(report.score[SOMA_SCORE_SUBSET_ACCURACY], 3. / 4, 1e-12);
    ck_assert_double_eq_tol(report.score[SOMA_SCORE_HAMMING_LOSS], 1. / 12, 1e-12);
    soma_report_clear(&report);
    soma_outcomes_clear(&outcomes);
    soma_dataset_destroy(dataset);
    soma_network_destroy(network);
}
END_TEST

/* sigmoid(1) is .731, sigmoid(-1) .269: the first label of sample 2 no longer holds, the last one does. */
START_TEST(thresholds_decide) {
    soma_network *network = identity(3, label_layers[_i], label_losses[_i]);
    soma_dataset *dataset = dataset_of(array_f32(label_x, 4, 3), array_f32(label_y, 4, 3));
    const float thresholds[] = {.74f, .5f, .26f};
    const uint8_t expected[] = {1, 1, 1, 0, 0, 0, 0, 0, 1, 1, 0, 1};
    uint8_t labels_found[12];
    soma_outcomes outcomes;
    expect_ok(soma_network_set_thresholds(network, thresholds, 3));
    expect_ok(soma_predict_labels(network, dataset, 0, labels_found));
    ck_assert(memcmp(labels_found, expected, sizeof expected) == 0);
    expect_ok(soma_evaluate_outcomes(network, dataset, 0, NULL, &outcomes));
    ck_assert(memcmp(outcomes.thresholds, thresholds, sizeof thresholds) == 0);
    soma_outcomes_clear(&outcomes);
    const char *path = temporary_path("thresholds");
    expect_ok(soma_save(network, path));
    soma_network *loaded;
    expect_ok(soma_load(path, &loaded));
    ck_assert(memcmp(soma_network_thresholds(loaded), thresholds, sizeof thresholds) == 0);
    soma_network_destroy(loaded);
    expect_error(soma_network_set_thresholds(network, thresholds, 2), SOMA_INVALID_SHAPE, "2 thresholds", "3 units");
    const float above[] = {.5f, 1.5f, .5f};
    expect_error(soma_network_set_thresholds(network, above, 3), SOMA_INVALID_ARGUMENT, "threshold 1", "1.5");
    ck_assert(memcmp(soma_network_thresholds(network), thresholds, sizeof thresholds) == 0);
    expect_ok(soma_network_set_thresholds(network, NULL, 0));
    ck_assert_ptr_null(soma_network_thresholds(network));
    soma_dataset_destroy(dataset);
    soma_network_destroy(network);
}
END_TEST

/* Also the accuracy of soma_evaluate(), before and after it was first made: one number under one name. */
START_TEST(a_threshold_of_two_classes) {
    soma_network *network = identity(1, _i % 2 ? "dense 1" : "dense 1 sigmoid", label_losses[_i]);
    const float values[] = {-2, -.5f, .5f, 2};
    const int32_t classes[] = {0, 1, 1, 1};
    int32_t found[4];
    soma_dataset *dataset = dataset_of(array_f32(values, 4, 1), array_i32(classes, 4));
    soma_metrics metrics;
    expect_ok(soma_evaluate(network, dataset, 0, &metrics));
    ck_assert_double_eq_tol(metrics.metric[0], 3. / 4, 1e-12);
    const float threshold = .3f; /* sigmoid(-.5) is .378 */
    expect_ok(soma_network_set_thresholds(network, &threshold, 1));
    expect_ok(soma_evaluate(network, dataset, 0, &metrics));
    ck_assert_double_eq_tol(metrics.metric[0], 1, 1e-12);
    expect_ok(soma_predict_classes(network, dataset, 0, found));
    ck_assert(memcmp(found, classes, sizeof classes) == 0);
    soma_outcomes outcomes;
    float best;
    expect_ok(soma_evaluate_outcomes(network, dataset, 0, NULL, &outcomes));
    ck_assert_int_eq(outcomes.task, SOMA_TASK_CLASSES);
    expect_ok(soma_best_thresholds(&outcomes, &best)); /* between sigmoid(-2) and sigmoid(-.5) */
    ck_assert_double_eq_tol((double)best, (1 / (1 + exp(2)) + 1 / (1 + exp(.5))) / 2, 1e-6);
    soma_outcomes_clear(&outcomes);
    soma_dataset_destroy(dataset);
    soma_network_destroy(network);
}
END_TEST

/* A session that is open goes on, with a batch that it has met and one that it hasn't, and one can be opened: what a
 * threshold changes are metrics. sigmoid(1) is .731. */
START_TEST(sessions_outlive_thresholds) {
    soma_network *network = identity(1, "dense 1 sigmoid", SOMA_BINARY_CROSSENTROPY);
    const float ones[] = {1, 1, 1}, *const in[] = {ones}, thresholds[] = {.9f, .2f};
    const int32_t classes[] = {1, 1, 1};
    soma_dataset *dataset = dataset_of(array_f32(ones, 3, 1), array_i32(classes, 3));
    soma_metrics metrics;
    soma_session *before, *after;
    float y[3];
    expect_ok(soma_session_create(network, NULL, &before));
    expect_ok(soma_session_run(before, 1, in, (float *const[]){y}));
    expect_ok(soma_evaluate(network, dataset, 0, &metrics));
    for (size_t i = 0; i < SOMA_COUNT_OF(thresholds); i++) {
        expect_ok(soma_network_set_thresholds(network, &thresholds[i], 1));
        expect_ok(soma_session_create(network, NULL, &after));
        for (size_t batch = 1; batch <= 2 + i; batch++)
            for (size_t which = 0; which < 2; which++) {
                memset(y, 0, sizeof y);
                expect_ok(soma_session_run(which ? after : before, batch, in, (float *const[]){y}));
                for (size_t j = 0; j < batch; j++) ck_assert_double_eq_tol((double)y[j], 1 / (1 + exp(-1)), 1e-6);
            }
        soma_session_destroy(after);
        expect_ok(soma_evaluate(network, dataset, 0, &metrics));
        ck_assert_double_eq_tol(metrics.metric[0], (double)i, 1e-12);
    }
    soma_session_destroy(before);
    soma_dataset_destroy(dataset);
    soma_network_destroy(network);
}
END_TEST

/* Of logits, too, what is told are probabilities: e^x over the row's sum. */
START_TEST(outcomes_of_class_logits) {
    static const soma_loss losses[] = {SOMA_CATEGORICAL_CROSSENTROPY_LOGITS, SOMA_CATEGORICAL_FOCAL_LOGITS};
    soma_network *network = identity(3, "dense 3", losses[_i]);
    const int32_t classes[] = {0, 2, 1, 0};
    soma_dataset *dataset = dataset_of(array_f32(label_x, 4, 3), array_i32(classes, 4));
    soma_outcomes outcomes;
    expect_ok(soma_evaluate_outcomes(network, dataset, 0, NULL, &outcomes));
    for (size_t i = 0; i < 4; i++) {
        const float *row = label_x + 3 * i;
        double sum = 0;
        for (size_t j = 0; j < 3; j++) sum += exp((double)row[j]);
        for (size_t j = 0; j < 3; j++)
            ck_assert_double_eq_tol((double)outcomes.predictions[3 * i + j], exp((double)row[j]) / sum, 1e-6);
    }
    soma_outcomes_clear(&outcomes);
    soma_dataset_destroy(dataset);
    soma_network_destroy(network);
}
END_TEST

START_TEST(outcomes_of_rows_and_numbers) {
    soma_network *network = identity(3, "dense 3 softmax", SOMA_LOSS_DEFAULT);
    float rows[] = {1, 0, 0, 0, 0, 1, 0, 1, 0, 1, 0, 0};
    soma_dataset *dataset = dataset_of(array_f32(label_x, 4, 3), array_f32(rows, 4, 3));
    const int32_t classes[] = {0, 2, 1, 0};
    soma_outcomes outcomes;
    uint8_t none[12];
    expect_ok(soma_evaluate_outcomes(network, dataset, 0, NULL, &outcomes));
    ck_assert(memcmp(outcomes.classes, classes, sizeof classes) == 0);
    soma_outcomes_clear(&outcomes);
    rows[3] = .5f;
    expect_error(soma_evaluate_outcomes(network, dataset, 0, NULL, &outcomes), SOMA_INVALID_ARGUMENT, "sample 1",
                 "class");
    ck_assert_ptr_null(outcomes.predictions);
    expect_error(soma_predict_labels(network, dataset, 0, none), SOMA_INVALID_STATE, "categorical_crossentropy");
    soma_dataset_destroy(dataset);
    soma_network_destroy(network);
    network = identity(3, "dense 3", SOMA_LOSS_DEFAULT);
    dataset = dataset_of(array_f32(label_x, 4, 3), array_f32(label_y, 4, 3));
    expect_ok(soma_evaluate_outcomes(network, dataset, 0, NULL, &outcomes));
    ck_assert_int_eq(outcomes.task, SOMA_TASK_NUMBERS);
    ck_assert(memcmp(outcomes.predictions, label_x, sizeof label_x) == 0);
    ck_assert(memcmp(outcomes.targets, label_y, sizeof label_y) == 0);
    soma_outcomes_clear(&outcomes);
    float target;
    expect_error(soma_dataset_read_target(dataset, 1, 0, 1, &target), SOMA_INVALID_ARGUMENT, "target 1", "has 1");
    expect_error(soma_dataset_read_target(dataset, 0, 4, 1, &target), SOMA_INVALID_ARGUMENT, "has 4");
    expect_error(soma_evaluate_outcomes(network, dataset, 0, NULL, NULL), SOMA_INVALID_ARGUMENT, "outcomes");
    soma_dataset_destroy(dataset);
    soma_network_destroy(network);
}
END_TEST

/* A row has one 1 and else 0; of a single unit it is 0 or 1. */
START_TEST(rows_that_are_no_class_are_refused) {
    static const float several[][3] = {{1, 1, 0}, {0, 0, 0}, {1, 2, 0}}, single[] = {0, 1, .5f};
    soma_network *network = identity(3, "dense 3 softmax", SOMA_LOSS_DEFAULT);
    soma_outcomes outcomes;
    for (size_t i = 0; i < SOMA_COUNT_OF(several); i++) {
        float rows[] = {0, 1, 0, 0, 0, 0, 0, 0, 1};
        memcpy(rows + 3, several[i], sizeof several[i]);
        soma_dataset *dataset = dataset_of(array_f32(label_x, 3, 3), array_f32(rows, 3, 3));
        expect_error(soma_evaluate_outcomes(network, dataset, 0, NULL, &outcomes), SOMA_INVALID_ARGUMENT, "sample 1",
                     "a row of one 1");
        soma_dataset_destroy(dataset);
    }
    soma_network_destroy(network);
    network = identity(1, "dense 1 sigmoid", SOMA_BINARY_CROSSENTROPY);
    for (size_t count = 2; count <= 3; count++) {
        soma_dataset *dataset = dataset_of(array_f32(label_x, count, 1), array_f32(single, count, 1));
        if (count == 3)
            expect_error(soma_evaluate_outcomes(network, dataset, 0, NULL, &outcomes), SOMA_INVALID_ARGUMENT,
                         "sample 2", "no class");
        else {
            expect_ok(soma_evaluate_outcomes(network, dataset, 0, NULL, &outcomes));
            ck_assert(outcomes.classes[0] == 0 && outcomes.classes[1] == 1);
            ck_assert_ptr_null(outcomes.targets);
            soma_outcomes_clear(&outcomes);
        }
        soma_dataset_destroy(dataset);
    }
    soma_network_destroy(network);
}
END_TEST

START_TEST(bad_calls_are_refused) {
    make_data();
    soma_network *network = network_of(shape, 3);
    soma_dataset *dataset = dataset_of(array_f32(x, ROWS, WIDTH), array_i32(labels, ROWS));
    soma_dataset *narrow = dataset_of(array_f32(x, ROWS, WIDTH - 1), array_i32(labels, ROWS));
    soma_metrics metrics;
    float y[ROWS * CLASSES];
    int32_t classes[ROWS];
    expect_error(soma_predict(network, dataset, 0, 0, y), SOMA_INVALID_STATE, "soma_predict", "soma_compile");
    expect_error(soma_evaluate(network, dataset, 0, &metrics), SOMA_INVALID_STATE, "soma_evaluate");
    expect_error(soma_predict_classes(network, dataset, 0, classes), SOMA_INVALID_STATE, "soma_predict_classes");
    expect_error(soma_run(network, x, 1, y), SOMA_INVALID_STATE, "soma_run");
    expect_ok(soma_compile(network, test_device, NULL));
    expect_error(soma_predict(network, dataset, 0, 0, NULL), SOMA_INVALID_ARGUMENT, "values");
    expect_error(soma_predict(network, NULL, 0, 0, y), SOMA_INVALID_ARGUMENT, "data set");
    expect_error(soma_predict(network, narrow, 0, 0, y), SOMA_INVALID_SHAPE, "[batch, 4]", "[samples, 3]");
    expect_error(soma_evaluate(network, narrow, 0, &metrics), SOMA_INVALID_SHAPE, "[batch, 4]", "[samples, 3]");
    expect_error(soma_evaluate(network, dataset, 0, NULL), SOMA_INVALID_ARGUMENT, "metrics");
    expect_error(soma_predict_classes(network, dataset, 0, NULL), SOMA_INVALID_ARGUMENT, "classes");
    expect_error(soma_run(network, x, 0, y), SOMA_INVALID_ARGUMENT, "0 samples");
    expect_error(soma_run(network, NULL, 1, y), SOMA_INVALID_ARGUMENT, "NULL");
    soma_dataset_destroy(narrow);
    soma_dataset_destroy(dataset);
    soma_network_destroy(network);
}
END_TEST

static void add_tests(TCase *cases) {
    tcase_add_loop_test(cases, predict_gives_the_outputs_of_every_sample, 0, 5);
    tcase_add_loop_test(cases, evaluate_is_the_mean_over_the_samples, 0, 5);
    tcase_add_test(cases, a_split_is_predicted_in_its_own_order);
    tcase_add_test(cases, bytes_are_scaled);
    tcase_add_test(cases, run_goes_straight_from_and_to_memory);
    tcase_add_test(cases, a_single_unit_tells_two_classes_apart);
    tcase_add_test(cases, the_first_of_equals_is_the_class);
    tcase_add_test(cases, every_output_can_be_had);
    tcase_add_loop_test(cases, outcomes_are_predictions_and_figures, 0, 5);
    tcase_add_loop_test(cases, labels_are_those_that_hold, 0, (int)SOMA_COUNT_OF(label_losses));
    tcase_add_loop_test(cases, thresholds_decide, 0, (int)SOMA_COUNT_OF(label_losses));
    tcase_add_loop_test(cases, a_threshold_of_two_classes, 0, (int)SOMA_COUNT_OF(label_losses));
    tcase_add_test(cases, sessions_outlive_thresholds);
    tcase_add_loop_test(cases, outcomes_of_class_logits, 0, 2);
    tcase_add_test(cases, outcomes_of_rows_and_numbers);
    tcase_add_test(cases, rows_that_are_no_class_are_refused);
    tcase_add_test(cases, bad_calls_are_refused);
}

int main(int argc, char **argv) {
    return run_trainer_tests(argc, argv, "predict", add_tests);
}
