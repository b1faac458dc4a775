/* SPDX-License-Identifier: MIT */
/* What a network is trained for: which loss and metrics are chosen, what does not fit, and what weights do. */
#include "expect.h"
#include "host_device.h"
#include "host_network.h"
#include "suite.h"

#include <math.h>

/* ---------------------------------------------------------------------------------------------------- what is chosen
 */

static const struct {
    const char *text; /* over 4 inputs */
    soma_loss loss;
    soma_loss_kind kind;
    bool from_input; /* computed before the output's own softmax or sigmoid */
    const char *metric;
    soma_metric_kind metric_kind;
    float threshold;
} choices[] = {
    {"dense 3 softmax", SOMA_LOSS_DEFAULT, SOMA_LOSS_CATEGORICAL_CROSSENTROPY_LOGITS, true, "accuracy",
     SOMA_METRIC_CATEGORICAL_ACCURACY, 0.5f},
    {"dense 3; softmax", SOMA_LOSS_DEFAULT, SOMA_LOSS_CATEGORICAL_CROSSENTROPY_LOGITS, true, "accuracy",
     SOMA_METRIC_CATEGORICAL_ACCURACY, 0.5f},
    {"dense 3 sigmoid", SOMA_LOSS_DEFAULT, SOMA_LOSS_BINARY_CROSSENTROPY_LOGITS, true, "accuracy",
     SOMA_METRIC_BINARY_ACCURACY, 0},
    {"dense 3", SOMA_LOSS_DEFAULT, SOMA_LOSS_MEAN_SQUARED_ERROR, false, "mean_absolute_error",
     SOMA_METRIC_ABSOLUTE_ERROR, 0.5f},
    {"dense 3 softmax; dropout 0.5", SOMA_LOSS_DEFAULT, SOMA_LOSS_MEAN_SQUARED_ERROR, false, "mean_absolute_error",
     SOMA_METRIC_ABSOLUTE_ERROR, 0.5f},
    {"dense 3 sigmoid", SOMA_CATEGORICAL_CROSSENTROPY, SOMA_LOSS_CATEGORICAL_CROSSENTROPY, false, "accuracy",
     SOMA_METRIC_CATEGORICAL_ACCURACY, 0.5f},
    {"dense 3 softmax", SOMA_BINARY_CROSSENTROPY, SOMA_LOSS_BINARY_CROSSENTROPY, false, "accuracy",
     SOMA_METRIC_BINARY_ACCURACY, 0.5f},
    {"dense 3", SOMA_CATEGORICAL_CROSSENTROPY_LOGITS, SOMA_LOSS_CATEGORICAL_CROSSENTROPY_LOGITS, false, "accuracy",
     SOMA_METRIC_CATEGORICAL_ACCURACY, 0.5f},
    {"dense 1", SOMA_BINARY_CROSSENTROPY_LOGITS, SOMA_LOSS_BINARY_CROSSENTROPY_LOGITS, false, "accuracy",
     SOMA_METRIC_BINARY_ACCURACY, 0},
    {"dense 3 softmax", SOMA_MEAN_SQUARED_ERROR, SOMA_LOSS_MEAN_SQUARED_ERROR, false, "mean_absolute_error",
     SOMA_METRIC_ABSOLUTE_ERROR, 0.5f},
    {"dense 3", SOMA_MEAN_ABSOLUTE_ERROR, SOMA_LOSS_MEAN_ABSOLUTE_ERROR, false, "mean_absolute_error",
     SOMA_METRIC_ABSOLUTE_ERROR, 0.5f},
    {"dense 3", SOMA_QUANTILE, SOMA_LOSS_QUANTILE, false, "mean_absolute_error", SOMA_METRIC_ABSOLUTE_ERROR, 0.5f},
    {"dense 3 softmax", SOMA_FOCAL, SOMA_LOSS_CATEGORICAL_FOCAL, true, "accuracy", SOMA_METRIC_CATEGORICAL_ACCURACY,
     0.5f},
    {"dense 3", SOMA_CATEGORICAL_FOCAL_LOGITS, SOMA_LOSS_CATEGORICAL_FOCAL, false, "accuracy",
     SOMA_METRIC_CATEGORICAL_ACCURACY, 0.5f},
    {"dense 1 sigmoid", SOMA_FOCAL, SOMA_LOSS_BINARY_FOCAL, true, "accuracy", SOMA_METRIC_BINARY_ACCURACY, 0},
    {"dense 2", SOMA_BINARY_FOCAL_LOGITS, SOMA_LOSS_BINARY_FOCAL, false, "accuracy", SOMA_METRIC_BINARY_ACCURACY, 0},
    {"dense 3", SOMA_HUBER, SOMA_LOSS_HUBER, false, "mean_absolute_error", SOMA_METRIC_ABSOLUTE_ERROR, 0.5f},
};

START_TEST(losses_and_metrics_suit_the_output) {
    soma_device device;
    host_device_open(&device);
    soma_network *network = network_of_text(4, choices[_i].text);
    soma_compile_options options = {.loss = {choices[_i].loss}}, kept;
    expect_ok(soma_compile(network, &device, &options));
    const soma_compiled *compiled = network->compiled;
    ck_assert(compiled->trained_on[0]);
    ck_assert_int_eq(compiled->loss[0], choices[_i].kind);
    ck_assert_int_eq(compiled->from_input[0], choices[_i].from_input);
    ck_assert_uint_eq(compiled->metric_count, 1);
    ck_assert_str_eq(compiled->metric_name[0], choices[_i].metric);
    ck_assert_int_eq(compiled->metric[0].kind, choices[_i].metric_kind);
    ck_assert(compiled->metric[0].threshold == choices[_i].threshold);
    ck_assert(compiled->loss_weight[0] == 1 && compiled->huber_delta == 1);
    expect_ok(soma_network_get_compile_options(network, &kept));
    ck_assert_int_ne(kept.loss[0], SOMA_LOSS_DEFAULT); /* what was meant, not what was said */
    if (choices[_i].loss != SOMA_LOSS_DEFAULT && choices[_i].loss != SOMA_FOCAL)
        ck_assert_int_eq(kept.loss[0], choices[_i].loss);
    soma_network_destroy(network);
}
END_TEST

START_TEST(metrics_are_those_asked_for) {
    soma_device device;
    host_device_open(&device);
    soma_network *network = network_of_text(4, "dense 12 softmax");
    soma_compile_options options = {.metrics = {SOMA_METRIC_NONE, SOMA_TOP_K, SOMA_METRIC_DEFAULT, SOMA_ACCURACY}};
    expect_ok(soma_compile(network, &device, &options));
    const soma_compiled *compiled = network->compiled;
    ck_assert_uint_eq(compiled->metric_count, 2);
    ck_assert_str_eq(compiled->metric_name[0], "top_5_accuracy");
    ck_assert_uint_eq(compiled->metric[0].k, 5);
    ck_assert_str_eq(compiled->metric_name[1], "accuracy");
    ck_assert_uint_ne(compiled->metric[0].slot, compiled->metric[1].slot);
    options.top_k = 3;
    expect_ok(soma_compile(network, &device, &options));
    ck_assert_str_eq(network->compiled->metric_name[0], "top_3_accuracy");
    options = (soma_compile_options){.metrics = {SOMA_METRIC_NONE}};
    expect_ok(soma_compile(network, &device, &options));
    ck_assert_uint_eq(network->compiled->metric_count, 0);
    soma_network_destroy(network);
}
END_TEST

/* --------------------------------------------------------------------------------------------------- what does not fit
 */

static const float weights[] = {1, 2, 0.5f}, negative[] = {1, -1, 1}, infinite[] = {1, INFINITY, 1},
                   no_number[] = {NAN, 1, 1};
static const float nothing[3] = {0};

static const struct {
    const char *text;
    soma_compile_options options;
    soma_status status;
    const char *words[3];
} refusals[] = {
    {"dense 3 relu", {.loss = {(soma_loss)99}}, SOMA_INVALID_ARGUMENT, {"output dense_1", "no loss number 99"}},
    {"dense 3 relu", {.loss = {(soma_loss)-1}}, SOMA_INVALID_ARGUMENT, {"no loss number -1"}},
    {"dense 1 softmax",
     {.loss = {SOMA_CATEGORICAL_CROSSENTROPY}},
     SOMA_INVALID_SHAPE,
     {"[batch, 1]", "sigmoid and binary"}},
    {"reshape 2 2 1; softmax",
     {.loss = {SOMA_CATEGORICAL_CROSSENTROPY}},
     SOMA_INVALID_SHAPE,
     {"last dimension", "[batch, 2, 2, 1]"}},
    {"dense 1", {.loss = {SOMA_CATEGORICAL_CROSSENTROPY_LOGITS}}, SOMA_INVALID_SHAPE, {"at least 2"}},
    {"dense 3", {.loss_weight = {NAN}}, SOMA_INVALID_ARGUMENT, {"loss weight is nan"}},
    {"dense 3", {.loss_weight = {INFINITY}}, SOMA_INVALID_ARGUMENT, {"loss weight is inf"}},
    {"dense 3", {.loss = {SOMA_HUBER}, .huber_delta = -1}, SOMA_INVALID_ARGUMENT, {"huber_delta is -1"}},
    {"dense 3", {.loss = {SOMA_HUBER}, .huber_delta = NAN}, SOMA_INVALID_ARGUMENT, {"huber_delta is nan"}},
    {"dense 3", {.loss = {SOMA_FOCAL}}, SOMA_INVALID_ARGUMENT, {"focal", "softmax", "categorical_focal_logits"}},
    {"dense 3", {.loss = {SOMA_CATEGORICAL_FOCAL}}, SOMA_INVALID_ARGUMENT, {"a softmax", "categorical_focal_logits"}},
    {"dense 3 softmax", {.loss = {SOMA_BINARY_FOCAL}}, SOMA_INVALID_ARGUMENT, {"a sigmoid", "binary_focal_logits"}},
    {"dense 3 sigmoid",
     {.loss = {SOMA_CATEGORICAL_CROSSENTROPY}, .label_smoothing = 0.1f},
     SOMA_INVALID_ARGUMENT,
     {"label smoothing", "categorical_crossentropy_logits"}},
    {"dense 3", {.label_smoothing = 0.1f}, SOMA_INVALID_ARGUMENT, {"label smoothing goes with cross-entropies"}},
    {"dense 3 softmax", {.label_smoothing = 1}, SOMA_INVALID_ARGUMENT, {"label_smoothing is 1"}},
    {"dense 3 softmax", {.label_smoothing = NAN}, SOMA_INVALID_ARGUMENT, {"label_smoothing is nan"}},
    {"dense 3 softmax", {.focal_gamma = 2}, SOMA_INVALID_ARGUMENT, {"focal_gamma goes with focal losses"}},
    {"dense 3 softmax", {.loss = {SOMA_FOCAL}, .focal_gamma = INFINITY}, SOMA_INVALID_ARGUMENT, {"focal_gamma is inf"}},
    {"dense 3 softmax",
     {.loss = {SOMA_FOCAL}, .focal_alpha = 0.5f},
     SOMA_INVALID_ARGUMENT,
     {"focal_alpha", "class weights"}},
    {"dense 1 sigmoid", {.loss = {SOMA_FOCAL}, .focal_alpha = 1}, SOMA_INVALID_ARGUMENT, {"focal_alpha is 1"}},
    {"dense 3", {.quantiles = {0.5f}}, SOMA_INVALID_ARGUMENT, {"quantiles go with the loss quantile"}},
    {"dense 3", {.loss = {SOMA_QUANTILE}, .quantiles = {0.5f, 1.5f}}, SOMA_INVALID_ARGUMENT, {"quantile 1 is 1.5"}},
    {"dense 3",
     {.loss = {SOMA_QUANTILE}, .quantiles = {0.5f, 0, 0.9f}},
     SOMA_INVALID_ARGUMENT,
     {"quantile 2 follows a 0"}},
    {"dense 3",
     {.loss = {SOMA_QUANTILE}, .quantiles = {0.1f, 0.9f}},
     SOMA_INVALID_SHAPE,
     {"[batch, 3]", "2 quantiles", "last dimension"}},
    {"dense 3", {.class_weight = weights, .class_weight_count = 3}, SOMA_INVALID_ARGUMENT, {"go with a cross-entropy"}},
    {"dense 3 softmax",
     {.class_weight = weights, .class_weight_count = 2},
     SOMA_INVALID_ARGUMENT,
     {"3 classes, got 2"}},
    {"dense 3 softmax", {.class_weight = weights}, SOMA_INVALID_ARGUMENT, {"3 classes, got 0"}},
    {"dense 3 sigmoid",
     {.class_weight = weights, .class_weight_count = 3},
     SOMA_INVALID_ARGUMENT,
     {"2 classes, got 3"}},
    {"dense 3 softmax",
     {.class_weight = negative, .class_weight_count = 3},
     SOMA_INVALID_ARGUMENT,
     {"class weight 1 is -1"}},
    {"dense 3 softmax", {.class_weight = nothing, .class_weight_count = 3}, SOMA_INVALID_ARGUMENT, {"all 0"}},
    {"dense 3 softmax",
     {.class_weight = infinite, .class_weight_count = 3},
     SOMA_INVALID_ARGUMENT,
     {"class weight 1 is inf"}},
    {"dense 3 softmax",
     {.class_weight = no_number, .class_weight_count = 3},
     SOMA_INVALID_ARGUMENT,
     {"class weight 0 is nan"}},
    {"dense 3 softmax",
     {.loss = {SOMA_LOSS_NONE}, .class_weight = weights, .class_weight_count = 3},
     SOMA_INVALID_ARGUMENT,
     {"go with a cross-entropy"}},
    {"dense 3", {.metrics = {SOMA_TOP_K}}, SOMA_INVALID_ARGUMENT, {"top-k", "output dense_1"}},
    {"dense 3 softmax", {.metrics = {SOMA_MAE}}, SOMA_INVALID_ARGUMENT, {"classes as targets"}},
    {"dense 3 softmax", {.metrics = {SOMA_BINARY_ACCURACY}}, SOMA_INVALID_ARGUMENT, {"classes as targets"}},
    {"dense 3", {.metrics = {(soma_metric)99}}, SOMA_INVALID_ARGUMENT, {"no metric number 99"}},
    {"dense 3", {.metrics = {SOMA_METRIC_DEFAULT, (soma_metric)-1}}, SOMA_INVALID_ARGUMENT, {"no metric number -1"}},
    {"dense 3", {.optimizer = {.learning_rate = NAN}}, SOMA_INVALID_ARGUMENT, {"optimizer: the learning rate is nan"}},
};

START_TEST(what_does_not_fit_is_refused) {
    soma_device device;
    host_device_open(&device);
    soma_network *network = network_of_text(4, refusals[_i].text);
    const char *words[] = {refusals[_i].words[0], refusals[_i].words[1], refusals[_i].words[2], NULL};
    expect_error_words(soma_compile(network, &device, &refusals[_i].options), refusals[_i].status, words,
                       refusals[_i].text);
    ck_assert_ptr_null(network->compiled);
    ck_assert_uint_eq(device.memory.allocated, 0);
    expect_ok(soma_compile(network, &device, &(soma_compile_options){.loss = {SOMA_MEAN_SQUARED_ERROR}}));
    soma_network_destroy(network);
}
END_TEST

/* ----------------------------------------------------------------------------------------------------- what weights do
 */

/* A network whose output is its input, for losses by hand: one dense layer with the identity as weights. */
static soma_network *identity_network(size_t width, soma_function activation) {
    soma_network *network;
    expect_ok(soma_network_create(&network));
    soma_tensor *x =
        soma_dense_with(soma_input(network, NULL, 1, &width), width, &(soma_dense_options){.no_bias = true});
    soma_activation(x, activation, NULL);
    float one[16] = {0};
    for (size_t i = 0; i < width; i++) one[i * width + i] = 1;
    expect_ok(soma_set_parameter(network, soma_network_parameter(network, 0), one, width * width));
    return network;
}

static double loss_of(soma_network *network, soma_array x, soma_array target) {
    soma_metrics metrics;
    expect_ok(soma_backward(network, &x, &target, &metrics));
    return metrics.loss;
}

/* With logits (0, 0, 0) each class has the probability 1/3, so that a sample's loss is w_c ln 3. */
START_TEST(class_weights_weigh_classes) {
    static const float zeros[4][3] = {{0}}, rows[4][3] = {{1, 0, 0}, {0, 1, 0}, {0, 0, 1}, {0.5f, 0.5f, 0}};
    static const int32_t classes[4] = {0, 1, 2, 1};
    soma_device device;
    host_device_open(&device);
    soma_network *network = identity_network(3, SOMA_SOFTMAX);
    soma_compile_options options = {.class_weight = weights, .class_weight_count = 3};
    expect_ok(soma_compile_as(network, &device, &options, SOMA_F64));
    soma_array x = {zeros, SOMA_F32, 2, {4, 3}};
    double expected = (1 + 2 + 0.5 + 2) * log(3) / 4;
    ck_assert(fabs(loss_of(network, x, (soma_array){classes, SOMA_I32, 1, {4}}) - expected) < 1e-12);
    expected = (1 + 2 + 0.5 + (1 + 2) / 2.0) * log(3) / 4; /* a mixed row has the mixed weight */
    ck_assert(fabs(loss_of(network, x, (soma_array){rows, SOMA_F32, 2, {4, 3}}) - expected) < 1e-12);
    float gradient[12];
    expect_ok(soma_get_gradient(network, soma_network_input(network, 0), gradient, 12));
    ck_assert(fabs((double)gradient[1 * 3 + 1] - 2 * (1.0 / 3 - 1) / 4) < 1e-7); /* w_1 (p - 1) / batch */
    ck_assert(fabs((double)gradient[1 * 3 + 0] - 2 * (1.0 / 3) / 4) < 1e-7);
    expect_ok(soma_network_get_compile_options(network, &options));
    ck_assert(options.class_weight == NULL && options.class_weight_count == 0);
    soma_network_destroy(network);
}
END_TEST

/* In training they count, in evaluation they do not: there a loss is the same for every choice of weights. */
START_TEST(class_weights_are_for_training_alone) {
    static const float zeros[4][3] = {{0}}, tens[3] = {10, 10, 10}, of_samples[4] = {1, 0, 3, 0};
    static const int32_t classes[4] = {0, 1, 2, 1};
    soma_device device;
    host_device_open(&device);
    soma_network *network = identity_network(3, SOMA_SOFTMAX);
    expect_ok(soma_compile_as(network, &device, &(soma_compile_options){.class_weight = tens, .class_weight_count = 3},
                              SOMA_F64));
    soma_array x = {zeros, SOMA_F32, 2, {4, 3}}, target = {classes, SOMA_I32, 1, {4}};
    soma_metrics metrics;
    expect_ok(soma_backward(network, &x, &target, &metrics));
    ck_assert(fabs(metrics.loss - 10 * log(3)) < 1e-12 && metrics.weighted);
    soma_dataset *dataset;
    expect_ok(soma_dataset_from_arrays(&x, 1, &target, 1, &dataset));
    expect_ok(soma_evaluate(network, dataset, 0, &metrics));
    ck_assert(fabs(metrics.loss - log(3)) < 1e-12 && !metrics.weighted);
    expect_ok(soma_dataset_set_weights(dataset, of_samples, 4));
    expect_ok(soma_evaluate(network, dataset, 0, &metrics)); /* divided by the samples, not by their weights */
    ck_assert(fabs(metrics.loss - (1 + 3) * log(3) / 4) < 1e-12 && metrics.weighted);
    soma_dataset_destroy(dataset);
    soma_network_destroy(network);
}
END_TEST

/* A logit of 0 is the probability 1/2: the loss is ln 2 times the mean of the elements' weights. */
START_TEST(class_weights_of_two_classes) {
    static const float zeros[2][2] = {{0}}, rows[2][2] = {{1, 0}, {1, 1}};
    static const float binary[2] = {3, 5};
    soma_device device;
    host_device_open(&device);
    soma_network *network = identity_network(2, SOMA_SIGMOID);
    soma_compile_options options = {.class_weight = binary, .class_weight_count = 2};
    expect_ok(soma_compile_as(network, &device, &options, SOMA_F64));
    soma_array x = {zeros, SOMA_F32, 2, {2, 2}}, target = {rows, SOMA_F32, 2, {2, 2}};
    ck_assert(fabs(loss_of(network, x, target) - log(2) * ((5 + 3) / 2.0 + 5) / 2) < 1e-12);
    soma_network_destroy(network);
}
END_TEST

/* The same of labels that have two each, by the definition: a mean over samples and labels of w l; the gradient of a
 * logit z is w (s(z) - t), divided by their number. Samples may have weights besides. */
START_TEST(class_weights_of_labels) {
    static const float logits[3][3] = {{0.5f, -1, 2}, {-2, 0.25f, 1}, {1.5f, 0, -0.5f}};
    static const float rows[3][3] = {{1, 0, 1}, {1, 1, 0}, {0, 0, 1}}, of_samples[3] = {1, 3, 0.5f};
    static const float pairs[6] = {1, 4, 0.5f, 3, 2, 0};
    soma_device device;
    host_device_open(&device);
    soma_network *network = identity_network(3, SOMA_SIGMOID);
    soma_compile_options options = {.class_weight = pairs, .class_weight_count = 6};
    expect_ok(soma_compile_as(network, &device, &options, SOMA_F64));
    soma_array x = {logits, SOMA_F32, 2, {3, 3}}, target = {rows, SOMA_F32, 2, {3, 3}};
    double loss = 0, plain = 0, of_weighted_samples = 0, slope[9];
    for (size_t i = 0; i < 9; i++) {
        double z = (double)logits[i / 3][i % 3], t = (double)rows[i / 3][i % 3], s = 1 / (1 + exp(-z));
        double w = (double)pairs[2 * (i % 3) + (t > 0)], l = -t * log(s) - (1 - t) * log(1 - s);
        loss += w * l / 9;
        plain += l / 9;
        of_weighted_samples += w * l / 9 * (double)of_samples[i / 3];
        slope[i] = w * (s - t) / 9;
    }
    ck_assert(fabs(loss_of(network, x, target) - loss) < 1e-7);
    float gradient[9];
    expect_ok(soma_get_gradient(network, soma_network_input(network, 0), gradient, 9));
    for (size_t i = 0; i < 9; i++) ck_assert(fabs((double)gradient[i] - slope[i]) < 1e-7);
    soma_dataset *dataset;
    soma_metrics metrics;
    expect_ok(soma_dataset_from_arrays(&x, 1, &target, 1, &dataset));
    expect_ok(soma_evaluate(network, dataset, 0, &metrics));
    ck_assert(fabs(metrics.loss - plain) < 1e-7 && !metrics.weighted);
    expect_ok(soma_dataset_set_weights(dataset, of_samples, 3));
    soma_fit_options fit = {.epochs = 1, .batch_size = 3, .no_shuffle = true};
    soma_history history;
    expect_ok(soma_fit(network, dataset, &fit, &history));
    ck_assert(fabs(history.epochs[0].train.loss / of_weighted_samples - 1) < 1e-7); /* the share 1/3 is a float32 */
    ck_assert(history.epochs[0].train.weighted);
    soma_history_clear(&history);
    soma_dataset_destroy(dataset);
    soma_network_destroy(network);
}
END_TEST

/* Two outputs over shared weights: everything is linear in the loss weights. (Of four samples, so that the factor 1 / 4
 * is exact.) */
static soma_network *two_outputs(soma_device *device, float first, float second) {
    soma_network *network;
    size_t width = 3;
    expect_ok(soma_network_create(&network));
    soma_tensor *shared = soma_dense(soma_input(network, NULL, 1, &width), 4, SOMA_TANH);
    soma_output(soma_dense(shared, 2, SOMA_SOFTMAX));
    soma_output(soma_dense(shared, 1, SOMA_IDENTITY));
    soma_compile_options options = {
        .loss = {first != 0 ? SOMA_LOSS_DEFAULT : SOMA_LOSS_NONE, second != 0 ? SOMA_LOSS_DEFAULT : SOMA_LOSS_NONE},
        .loss_weight = {first, second}};
    expect_ok(soma_compile_as(network, device, &options, SOMA_F64));
    return network;
}

static double shared_gradient(soma_network *network, bool first, bool second, double *gradient) {
    static const float x[4][3] = {{1, 2, 3}, {-1, 0, 1}, {0.5f, -0.5f, 2}, {0, 0, -1}}, y[4] = {1, -1, 0, 2};
    static const int32_t classes[4] = {0, 1, 1, 0};
    soma_array input = {x, SOMA_F32, 2, {4, 3}}, targets[2];
    size_t count = 0;
    if (first) targets[count++] = (soma_array){classes, SOMA_I32, 1, {4}};
    if (second) targets[count++] = (soma_array){y, SOMA_F32, 2, {4, 1}};
    soma_metrics metrics;
    expect_ok(soma_backward(network, &input, targets, &metrics));
    const soma_executor *executor = network->compiled->executor;
    memcpy(gradient, (const double *)executor->gradients + network->parameters[0].tensor->offset,
           12 * sizeof *gradient);
    return metrics.loss;
}

START_TEST(loss_weights_add_up) {
    soma_device device;
    host_device_open(&device);
    soma_network *only_first = two_outputs(&device, 1, 0), *only_second = two_outputs(&device, 0, 1),
                 *both = two_outputs(&device, 2, 3);
    double g1[12], g2[12], g[12];
    double l1 = shared_gradient(only_first, true, false, g1), l2 = shared_gradient(only_second, false, true, g2);
    ck_assert(l1 > 0 && l2 > 0);
    ck_assert(fabs(shared_gradient(both, true, true, g) - (2 * l1 + 3 * l2)) < 1e-12);
    for (int i = 0; i < 12; i++)
        ck_assert_msg(fabs(g[i] - (2 * g1[i] + 3 * g2[i])) < 1e-12, "element %d: %.17g, %.17g and %.17g alone", i, g[i],
                      g1[i], g2[i]);
    ck_assert_uint_eq(only_second->compiled->metric_count, 0); /* metrics are of the first output */
    soma_network_destroy(only_first);
    soma_network_destroy(only_second);
    soma_network_destroy(both);
}
END_TEST

START_TEST(a_network_without_losses_can_predict_only) {
    static const float x[3] = {1, 2, 3};
    float y[2];
    soma_device device;
    host_device_open(&device);
    soma_network *network = network_of_text(3, "dense 2 softmax");
    expect_ok(soma_compile(network, &device, &(soma_compile_options){.loss = {SOMA_LOSS_NONE}}));
    expect_ok(soma_run(network, x, 1, y));
    ck_assert(fabs((double)y[0] + (double)y[1] - 1) < 1e-6);
    soma_array input = {x, SOMA_F32, 2, {1, 3}};
    soma_status status = soma_train_on_batch(network, &input, NULL, NULL);
    expect_error(status, SOMA_INVALID_STATE, "loss");
    soma_network_destroy(network);
}
END_TEST

/* No cross-entropy goes with these outputs: they predict, and ask for a loss where one is needed. */
START_TEST(an_output_without_a_loss_of_its_own_predicts) {
    static const char *const texts[] = {"dense 1 softmax", "reshape 2 2 1; softmax"};
    static const float x[4] = {1, 1, 1, 1};
    static const int32_t class_number = 0;
    float y[4];
    soma_device device;
    soma_metrics metrics;
    soma_compile_options options;
    host_device_open(&device);
    soma_network *network = network_of_text(4, texts[_i]);
    expect_ok(soma_compile(network, &device, NULL));
    expect_ok(soma_run(network, x, 1, y));
    ck_assert(fabs((double)y[0] - 1) < 1e-6);
    soma_network_figures figures;
    expect_ok(soma_network_get_figures(network, 1, &figures));
    ck_assert_uint_eq(figures.calls_per_step, 0);
    expect_ok(soma_network_get_compile_options(network, &options));
    ck_assert_int_eq(options.loss[0], SOMA_LOSS_NONE);
    soma_array input = {x, SOMA_F32, 2, {1, 4}}, target = {&class_number, SOMA_I32, 1, {1}};
    soma_dataset *dataset;
    expect_ok(soma_dataset_from_arrays(&input, 1, &target, 1, &dataset));
    expect_error(soma_evaluate(network, dataset, 0, &metrics), SOMA_INVALID_SHAPE, "cross-entropy", "unit per class");
    if (SOMA_HAS_TRAINING)
        expect_error(soma_fit(network, dataset, NULL, NULL), SOMA_INVALID_SHAPE, "cross-entropy", "unit per class");
    soma_dataset_destroy(dataset);
    soma_network_destroy(network);
}
END_TEST

/* Of two equal values the first has all of the gradient, of equal extremes along an axis each has its share. */
START_TEST(ties_share_the_gradient_as_documented) {
    static const float values[2][3] = {{1, 2, 1}, {2, 1, 2}}, target[3] = {0};
    const bool maximum = _i & 1, along_axis = _i & 2;
    const float *x = values[maximum];
    const uint32_t rank = along_axis ? 2 : 1; /* something must be left of a sample */
    const size_t columns[2] = {3, 1};
    float gradient[2][3] = {{0}};
    soma_device device;
    soma_network *network;
    soma_metrics metrics;
    host_device_open(&device);
    expect_ok(soma_network_create(&network));
    soma_tensor *a = soma_input(network, NULL, rank, columns),
                *b = along_axis ? NULL : soma_input(network, NULL, rank, columns);
    if (along_axis)
        soma_output(soma_reduce(a, maximum ? SOMA_REDUCE_MAX : SOMA_REDUCE_MIN, 0));
    else
        soma_output(maximum ? soma_maximum(a, b) : soma_minimum(a, b));
    expect_ok(soma_compile_as(network, &device, &(soma_compile_options){.loss = {SOMA_MEAN_SQUARED_ERROR}}, SOMA_F64));
    soma_array inputs[] = {{x, SOMA_F32, rank + 1, {1, 3, 1}}, {x, SOMA_F32, rank + 1, {1, 3, 1}}};
    soma_array wanted = {target, SOMA_F32, 2, {1, along_axis ? 1 : 3}};
    expect_ok(soma_backward(network, inputs, &wanted, &metrics));
    expect_ok(soma_get_gradient(network, soma_network_input(network, 0), gradient[0], 3));
    if (!along_axis) expect_ok(soma_get_gradient(network, soma_network_input(network, 1), gradient[1], 3));
    for (size_t j = 0; j < 3; j++) {
        /* of mean_j y_j^2 to y_j; of y^2 to each of the two equal elements */
        double extreme = maximum ? 2 : 1, elementwise = 2 * (double)x[j] / 3,
               shared = (double)x[j] == extreme ? 2 * extreme / 2 : 0;
        ck_assert(fabs((double)gradient[0][j] - (along_axis ? shared : elementwise)) < 1e-6);
        ck_assert(gradient[1][j] == 0);
    }
    soma_network_destroy(network);
}
END_TEST

static void add_tests(TCase *cases) {
    tcase_add_loop_test(cases, losses_and_metrics_suit_the_output, 0, SOMA_COUNT_OF(choices));
    tcase_add_test(cases, metrics_are_those_asked_for);
    tcase_add_loop_test(cases, what_does_not_fit_is_refused, 0, SOMA_COUNT_OF(refusals));
    tcase_add_loop_test(cases, an_output_without_a_loss_of_its_own_predicts, 0, 2);
    if (SOMA_HAS_TRAINING) {
        tcase_add_test(cases, class_weights_weigh_classes);
        tcase_add_test(cases, class_weights_are_for_training_alone);
        tcase_add_test(cases, class_weights_of_two_classes);
        tcase_add_test(cases, class_weights_of_labels);
        tcase_add_loop_test(cases, ties_share_the_gradient_as_documented, 0, 4);
        tcase_add_test(cases, loss_weights_add_up);
        tcase_add_test(cases, a_network_without_losses_can_predict_only);
    }
}

int main(void) {
    return run_suite("objective", add_tests);
}
