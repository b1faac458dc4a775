/* SPDX-License-Identifier: MIT */
/*
 * A soma that was built without training: what trains says so, and what runs models does as ever. Outputs are held
 * against the forward pass in float64, from weights that are a formula: (37 k mod 101 - 50) / 64 for the k-th of all.
 *
 * SOMA_TEST_CHECKPOINT names a file that a soma with training wrote: a checkpoint of "dense 5 tanh; dropout 0.25; dense
 * 3 softmax" on four inputs, after two epochs of Adam at a learning rate of 0, so that its weights are still the
 * formula's.
 */
#include "device/calls.h"
#include "device/device.h"
#include "fronts.h"
#include "host_device.h"
#include "temporary.h"
#include "train/step.h"
#include "trainer.h"

#include <math.h>

enum { ROWS = 13, WIDTH = 4, CLASSES = 3, WEIGHTS = 43 };

static float x[ROWS * WIDTH];
static int32_t labels[ROWS];
static const model_shape shape = {WIDTH, 5, CLASSES, true};

static float formula(size_t k) {
    return (float)((int)(k * 37 % 101) - 50) / 64.0f;
}

/* ------------------------------------------------------------------------------------------- networks and what they do
 */

static soma_network *built(void) {
    soma_network *network = network_of(shape, 1);
    size_t k = 0;
    for (size_t i = 0; i < soma_network_parameter_count(network); i++) {
        soma_tensor *parameter = soma_network_parameter(network, i);
        float values[WEIGHTS];
        size_t count = soma_tensor_count(parameter);
        for (size_t j = 0; j < count; j++) values[j] = formula(k++);
        expect_ok(soma_set_parameter(network, parameter, values, count));
    }
    return network;
}

static soma_network *loaded(void) {
    soma_network *network;
    expect_ok(soma_load(getenv("SOMA_TEST_CHECKPOINT"), &network));
    return network;
}

static soma_network *(*const sources[])(void) = {built, loaded};
enum { SOURCES = 2 };

static soma_network *compiled(int source) {
    soma_network *network = sources[source]();
    fill_uniform(1, x, ROWS * WIDTH);
    fill_classes(2, labels, ROWS, CLASSES);
    expect_ok(soma_compile(network, test_device, NULL));
    return network;
}

static model formula_model(void) {
    model m = {.shape = shape, .count = WEIGHTS};
    for (size_t k = 0; k < WEIGHTS; k++) m.w[k] = (double)formula(k);
    return m;
}

static void expect_outputs(const float *y) {
    model m = formula_model();
    for (size_t i = 0; i < ROWS; i++) {
        double expected[CLASSES];
        model_predict(&m, x + i * WIDTH, expected);
        for (size_t j = 0; j < CLASSES; j++) ck_assert_double_eq_tol((double)y[i * CLASSES + j], expected[j], 1e-6);
    }
}

START_TEST(models_predict_and_run) {
    soma_network *network = compiled(_i);
    soma_dataset *dataset = dataset_of(array_f32(x, ROWS, WIDTH), array_i32(labels, ROWS));
    soma_session *session;
    float y[3][ROWS * CLASSES];
    expect_ok(soma_predict(network, dataset, 0, 5, y[0]));
    expect_ok(soma_run(network, x, ROWS, y[1]));
    expect_ok(soma_session_create(network, NULL, &session));
    expect_ok(soma_session_run(session, ROWS, (const float *const[]){x}, (float *const[]){y[2]}));
    for (size_t i = 0; i < SOMA_COUNT_OF(y); i++) expect_outputs(y[i]);
    soma_session_destroy(session);
    soma_dataset_destroy(dataset);
    soma_network_destroy(network);
}
END_TEST

/* Weights by the formula; variances have to be positive. */
static soma_network *convolutional(void) {
    static const char *const fronts[FRONTS] = FRONTS_OF("2 2 1");
    const size_t width = WIDTH;
    soma_network *network;
    size_t k = 0;
    expect_ok(soma_network_create(&network));
    soma_dense(soma_layers(soma_input(network, NULL, 1, &width), fronts[CONVOLUTIONAL_FRONT]), CLASSES, SOMA_SOFTMAX);
    for (size_t i = 0; i < soma_network_parameter_count(network); i++) {
        soma_tensor *parameter = soma_network_parameter(network, i);
        const bool variance = strstr(soma_tensor_name(parameter), "running_var") != NULL;
        float values[WEIGHTS * CLASSES];
        size_t count = soma_tensor_count(parameter);
        ck_assert_uint_le(count, SOMA_COUNT_OF(values));
        for (size_t j = 0; j < count; j++, k++) values[j] = variance ? 1 + formula(k) / 2 : formula(k);
        expect_ok(soma_set_parameter(network, parameter, values, count));
    }
    return network;
}

/* Convolutions, pools, normalisation by running and other figures, a residual block: as in float64, whichever way they
 * are run. */
START_TEST(convolutional_models_predict_and_run) {
    soma_network *network = convolutional(), *exact = convolutional();
    soma_device host;
    soma_session *session;
    float y[3][ROWS * CLASSES], expected[ROWS * CLASSES];
    fill_uniform(1, x, ROWS * WIDTH);
    fill_classes(2, labels, ROWS, CLASSES);
    host_device_open(&host);
    soma_dataset *dataset = dataset_of(array_f32(x, ROWS, WIDTH), array_i32(labels, ROWS));
    expect_ok(soma_compile(network, test_device, NULL));
    expect_ok(soma_compile_as(exact, &host, NULL, SOMA_F64));
    expect_ok(soma_run(exact, x, ROWS, expected));
    expect_ok(soma_predict(network, dataset, 0, 5, y[0]));
    expect_ok(soma_run(network, x, ROWS, y[1]));
    expect_ok(soma_session_create(network, NULL, &session));
    expect_ok(soma_session_run(session, ROWS, (const float *const[]){x}, (float *const[]){y[2]}));
    for (size_t i = 0; i < SOMA_COUNT_OF(y); i++)
        for (size_t j = 0; j < ROWS * CLASSES; j++) ck_assert_float_eq_tol(y[i][j], expected[j], 1e-4f);
    soma_session_destroy(session);
    soma_dataset_destroy(dataset);
    soma_network_destroy(exact);
    soma_network_destroy(network);
}
END_TEST

START_TEST(models_are_evaluated) {
    soma_network *network = compiled(_i);
    soma_dataset *dataset = dataset_of(array_f32(x, ROWS, WIDTH), array_i32(labels, ROWS));
    model m = formula_model();
    soma_metrics metrics;
    double loss = 0;
    for (size_t i = 0; i < ROWS; i++) loss += model_loss(&m, &(sample){x + i * WIDTH, NULL, labels[i], 1.0});
    expect_ok(soma_evaluate(network, dataset, 4, &metrics));
    ck_assert_double_eq_tol(metrics.loss, loss / ROWS, 2e-6);
    soma_dataset_destroy(dataset);
    soma_network_destroy(network);
}
END_TEST

START_TEST(models_are_saved) {
    soma_network *network = compiled(1), *again;
    temporary_create();
    expect_ok(soma_save(network, temporary_path("model.safetensors")));
    expect_ok(soma_load(temporary_path("model.safetensors"), &again));
    expect_same_parameters(network, again);
    temporary_destroy();
    soma_network_destroy(again);
    soma_network_destroy(network);
}
END_TEST

START_TEST(figures_are_of_inference_alone) {
    soma_network *network = compiled(0);
    soma_network_figures figures;
    expect_ok(soma_network_get_figures(network, 8, &figures));
    ck_assert_uint_gt(figures.calls_per_inference, 0);
    ck_assert(figures.calls_per_step == 0 && figures.flops_per_step == 0);
    ck_assert(figures.gradient_bytes == 0 && figures.optimizer_bytes == 0);
    soma_network_destroy(network);
}
END_TEST

/* --------------------------------------------------------------------------------------------- what is not there */

#define refused(call) expect_error(call, SOMA_UNSUPPORTED, "built without training", "-Dtraining=false")

static void ignore_row(void *context, const soma_profile_row *row) {
    (void)context, (void)row;
}

START_TEST(training_is_refused) {
    soma_network *network = compiled(0);
    soma_dataset *dataset = dataset_of(array_f32(x, ROWS, WIDTH), array_i32(labels, ROWS));
    soma_array inputs = array_f32(x, ROWS, WIDTH), targets = array_i32(labels, ROWS);
    soma_tensor *weight = soma_network_parameter(network, 0);
    soma_history history;
    soma_metrics metrics;
    float values[WEIGHTS];
    refused(soma_fit(network, dataset, NULL, &history));
    ck_assert(history.count == 0 && !history.epochs);
    soma_history_clear(&history);
    refused(soma_fit_metrics(network, &metrics));
    refused(soma_train_on_batch(network, &inputs, &targets, &metrics));
    refused(soma_backward(network, &inputs, &targets, &metrics));
    refused(soma_apply_gradients(network));
    refused(soma_get_gradient(network, weight, values, soma_tensor_count(weight)));
    refused(soma_set_learning_rate(network, 0.1f));
    ck_assert(soma_get_learning_rate(network) == 0);
    expect_ok(soma_run(network, x, ROWS, values)); /* it is as it was */
    expect_ok(soma_synchronize(network));
    soma_dataset_destroy(dataset);
    soma_network_destroy(network);
}
END_TEST

START_TEST(steps_of_training_are_not_timed) {
    soma_network *network = compiled(0);
    soma_device *device = test_device;
    double microseconds;
    refused(soma_bench_steps(network, 8, true, 2, &microseconds));
    refused(soma_bench_gemms(network, 8, true, 2, &microseconds));
    refused(soma_bench_profile(network, 8, true, ignore_row, NULL));
    expect_ok(soma_bench_steps(network, 8, false, 2, &microseconds));
    expect_ok(soma_bench_gemms(network, 8, false, 2, &microseconds));
    refused(soma_choose_device(network, NULL, 8, NULL, NULL, &device));
    ck_assert_ptr_null(device);
    soma_network_destroy(network);
}
END_TEST

#define COUNT_ALWAYS               1
#define COUNT_TRAINING             0
#define X(NAME, name, views, when) +COUNT_##when
enum { PRIMITIVES_ALWAYS = 0 SOMA_PRIMITIVE_LIST(X) };
#undef X

/* Neither the device nor the host does them, and that comes out before anything is run. */
START_TEST(primitives_of_training_are_refused) {
    const size_t flat[] = {6}, matrix[] = {2, 3}, lines[] = {1, 2, 3};
    double memory[9] = {0};
    soma_view v = soma_view_of(memory, 0, SOMA_F64, 1, flat), absent = soma_view_absent();
    soma_view rows = soma_view_of(memory, 0, SOMA_F64, 2, matrix), batch = soma_view_of(memory, 0, SOMA_F64, 1, matrix);
    soma_view axis = soma_view_of(memory, 0, SOMA_F64, 3, lines),
              bias = soma_view_of(memory, 0, SOMA_F64, 1, matrix + 1);
    soma_view picture = soma_view_of(memory, 0, SOMA_F64, 5, (const size_t[]){1, 1, 1, 1, 1});
    soma_view layers = soma_view_of(memory, 0, SOMA_F64, 4, (const size_t[]){2, 1, 1, 3});
    soma_view figures = soma_view_of(memory, 0, SOMA_F64, 2, (const size_t[]){2, 1});
    soma_view flat_picture = soma_view_of(memory, 0, SOMA_F64, 4, (const size_t[]){1, 1, 1, 1});
    const soma_conv_params one = {.stride = {1, 1, 1}, .dilation = {1, 1, 1}, .groups = 1};
    const soma_pool_params window = {.size = {1, 1, 1}, .stride = {1, 1, 1}, .dilation = {1, 1, 1}};
    const soma_unary_params tanh_params = {.function = SOMA_TANH};
    const soma_recurrent_params rnn = {.kind = SOMA_RECURRENT_RNN, .function = SOMA_TANH};
    const soma_recurrent_grad_views steps = {
        .dy = axis, .weight = soma_view_of(memory, 0, SOMA_F64, 2, (const size_t[]){3, 3}), .y = axis, .dx = axis};
    const soma_view one_total = soma_view_of(memory, 0, SOMA_F64, 3, (const size_t[]){1, 1, 2});
    const soma_attention_grad_views heads = {
        .dy = axis, .q = axis, .k = axis, .v = axis, .y = axis, .total = one_total, .dq = axis, .dk = axis, .dv = axis};
    soma_call calls[] = {
        soma_call_attention_grad(&heads, (soma_attention_params){.heads = 1, .key_heads = 1, .scale = 1}),
        soma_call_ctc_grad(axis, soma_view_of(memory, 0, SOMA_I32, 2, (const size_t[]){1, 1}), absent,
                           soma_view_of(memory, 0, SOMA_F64, 1, (const size_t[]){1}), axis, 0),
        soma_call_unary_grad(v, v, v, tanh_params),
        soma_call_bias_unary_grad(rows, rows, rows, bias, tanh_params),
        soma_call_softmax_grad(axis, axis, axis, false),
        soma_call_dropout(v, v, (soma_dropout_params){.rate = 0.5f}),
        soma_call_loss_grad(rows, rows, absent, absent, batch, rows, absent,
                            (soma_loss_params){.kind = SOMA_LOSS_MEAN_SQUARED_ERROR}),
        soma_call_optimizer(v, v, absent, absent, absent, (soma_optimizer_params){.kind = SOMA_SGD}),
        soma_call_optimizer_rows(rows, soma_view_of(memory, 0, SOMA_I32, 1, matrix), rows, rows, absent,
                                 (soma_optimizer_rows_params){{.kind = SOMA_SGD}, -1}),
        soma_call_norm(v, batch),
        soma_call_conv_weight_grad(picture, picture, picture, one),
        soma_call_pool_grad(picture, picture, picture, picture, window),
        soma_call_augment(flat_picture, flat_picture, (soma_augment_params){.flip = true}),
        soma_call_mix(rows, rows, (soma_mix_params){.share = 1}),
        soma_call_gather_grad(rows, soma_view_of(memory, 0, SOMA_I32, 1, matrix), rows, -1),
        soma_call_recurrent_grad(&steps, rnn),
        soma_call_normalize_grad(
            &(soma_normalize_grad_views){.dy = layers, .x = layers, .inverse = figures, .dx = layers}, false),
    };
    ck_assert_int_eq((int)SOMA_COUNT_OF(calls), SOMA_PRIMITIVE_COUNT - PRIMITIVES_ALWAYS);
    for (size_t i = 0; i < SOMA_COUNT_OF(calls); i++) {
        size_t workspace;
        const char *name = soma_primitive_name(calls[i].primitive);
        expect_error(soma_device_prepare(test_device, &calls[i], &workspace), SOMA_UNSUPPORTED, name,
                     "built without training", "-Dtraining=false");
        expect_error(soma_reference_run(&calls[i]), SOMA_UNSUPPORTED, name, "built without training");
    }
}
END_TEST

static void count_row(void *context, const soma_check_result *result) {
    ck_assert_msg(result->passed, "%s: %s", result->primitive, result->detail);
    ++*(int *)context;
}

/* What only training has is not there; memory and lists are checked beside the others. */
START_TEST(devices_are_checked_for_the_rest) {
    int rows = 0;
    expect_ok(soma_device_check(test_device, count_row, &rows));
    ck_assert_int_eq(rows, PRIMITIVES_ALWAYS + 2);
}
END_TEST

static void add_tests(TCase *cases) {
    tcase_add_loop_test(cases, models_predict_and_run, 0, SOURCES);
    tcase_add_test(cases, convolutional_models_predict_and_run);
    tcase_add_loop_test(cases, models_are_evaluated, 0, SOURCES);
    if (SOURCES == 2) tcase_add_test(cases, models_are_saved);
    tcase_add_test(cases, figures_are_of_inference_alone);
    tcase_add_test(cases, training_is_refused);
    tcase_add_test(cases, steps_of_training_are_not_timed);
    tcase_add_test(cases, primitives_of_training_are_refused);
    tcase_add_test(cases, devices_are_checked_for_the_rest);
}

int main(int argc, char **argv) {
    return run_trainer_tests(argc, argv, "inference", add_tests);
}
