/* SPDX-License-Identifier: MIT */
/* Parameters that are not trained, and learning rates of their own. */
#include "small_network.h"
#include "temporary.h"
#include "trainer.h"

#include "train/step.h"

#include <math.h>
#include <string.h>

static void fit(soma_network *network, uint32_t epochs) {
    soma_dataset *dataset = data();
    expect_ok(soma_fit(network, dataset, &(soma_fit_options){.epochs = epochs, .batch_size = BATCH}, NULL));
    soma_dataset_destroy(dataset);
}

static bool same_values(soma_network *a, soma_network *b, const char *name) {
    float left[MODEL_MOST], right[MODEL_MOST];
    size_t count = values_of(a, name, left);
    values_of(b, name, right);
    return memcmp(left, right, count * sizeof *left) == 0;
}

/* Clipping by the norm, decay and momentum included: whatever the rule, what is frozen keeps its bits, and the rest
 * moves.
 */
START_TEST(frozen_parameters_stay_whatever_the_optimizer) {
    soma_optimizer optimizer = {.kind = (soma_optimizer_kind)_i, .learning_rate = 0.05f};
    if (_i % 2) optimizer.l2 = 0.1f, optimizer.clip_norm = 0.5f;
    soma_network *network = of_text("dense 5 tanh; dense 4 tanh; dense 1"),
                 *before = of_text("dense 5 tanh; dense 4 tanh; dense 1");
    expect_ok(soma_network_set_frozen(network, "dense_2", true));
    expect_ok(soma_network_set_frozen(network, "dense_1.bias", true));
    compile_with(network, optimizer);
    compile_with(before, optimizer);
    fit(network, 3);
    ck_assert(same_values(network, before, "dense_2.weight") && same_values(network, before, "dense_2.bias"));
    ck_assert(same_values(network, before, "dense_1.bias"));
    ck_assert(!same_values(network, before, "dense_1.weight") && !same_values(network, before, "dense_3.weight"));
    ck_assert(!same_values(network, before, "dense_3.bias"));
    soma_network_destroy(network);
    soma_network_destroy(before);
}
END_TEST

/* Behind what is frozen all learns as if the rest were data: the second network is given what the first one makes of
 * them. */
START_TEST(the_rest_learns_as_a_network_of_its_own) {
    const soma_optimizer adam = {.kind = SOMA_ADAM, .learning_rate = 0.05f};
    soma_network *whole = of_text("dense 4 tanh; dense 1"), *front = of_text("dense 4 tanh"),
                 *rest = of_text("dense 1");
    float hidden[ROWS * 4], weight[16], bias[4];
    expect_ok(soma_network_set_frozen(whole, "dense_1", true));
    values_of(whole, "dense_1.weight", weight);
    values_of(whole, "dense_1.bias", bias);
    expect_ok(soma_set_parameter(front, soma_network_tensor(front, "dense_1.weight"), weight, 16));
    expect_ok(soma_set_parameter(front, soma_network_tensor(front, "dense_1.bias"), bias, 4));
    values_of(whole, "dense_2.weight", weight);
    expect_ok(soma_set_parameter(rest, soma_network_tensor(rest, "dense_1.weight"), weight, 4));
    compile_with(whole, adam);
    compile_with(front, adam);
    compile_with(rest, adam);
    soma_dataset *dataset = data();
    expect_ok(soma_predict(front, dataset, 0, 0, hidden));
    soma_dataset *made = dataset_of(array_f32(hidden, ROWS, 4), array_f32(target, ROWS, 1));
    const soma_fit_options options = {.epochs = 4, .batch_size = BATCH};
    expect_ok(soma_fit(whole, dataset, &options, NULL));
    expect_ok(soma_fit(rest, made, &options, NULL));
    float a[4], b[4];
    values_of(whole, "dense_2.weight", a);
    values_of(rest, "dense_1.weight", b);
    for (int i = 0; i < 4; i++) ck_assert_double_eq_tol((double)a[i], (double)b[i], 1e-5);
    soma_dataset_destroy(made);
    soma_dataset_destroy(dataset);
    soma_network_destroy(whole);
    soma_network_destroy(front);
    soma_network_destroy(rest);
}
END_TEST

/* [4, 5] and [5, 6] frozen in front of [6, 1]: the step makes the products forward, and one for the gradient of the
 * last weights, and has gradients and states for those alone. Frozen in between, the gradient still has to come
 * through. */
START_TEST(no_work_is_done_for_what_is_frozen) {
    const char *text = "dense 5 relu; dense 6 relu; dense 1";
    const double first = 2.0 * BATCH * 4 * 5, second = 2.0 * BATCH * 5 * 6, third = 2.0 * BATCH * 6;
    const soma_optimizer adam = {.kind = SOMA_ADAM};
    soma_network_figures all, front, middle;
    soma_network *network = of_text(text);
    compile_with(network, adam);
    expect_ok(soma_network_get_figures(network, BATCH, &all));
    ck_assert(all.flops_per_step == 2 * first + 3 * second + 3 * third);
    ck_assert_uint_eq(all.frozen, 0);
    expect_ok(soma_network_set_frozen(network, "dense_1", true));
    expect_ok(soma_network_set_frozen(network, "dense_2", true));
    compile_with(network, adam);
    expect_ok(soma_network_get_figures(network, BATCH, &front));
    ck_assert(front.flops_per_step == first + second + 2 * third);
    ck_assert_uint_eq(front.frozen, 4 * 5 + 5 + 5 * 6 + 6);
    ck_assert_uint_lt(front.gradient_bytes, all.gradient_bytes);
    ck_assert_uint_eq(front.optimizer_bytes, 2 * front.gradient_bytes);
    ck_assert_uint_eq(front.parameter_bytes, all.parameter_bytes);
    ck_assert_uint_lt(front.calls_per_step, all.calls_per_step);
    ck_assert_uint_lt(front.activation_bytes, all.activation_bytes);
    expect_ok(soma_network_set_frozen(network, "*", false));
    expect_ok(soma_network_set_frozen(network, "dense_2", true));
    compile_with(network, adam);
    expect_ok(soma_network_get_figures(network, BATCH, &middle));
    ck_assert(middle.flops_per_step == 2 * first + 2 * second + 3 * third);
    soma_network_destroy(network);
}
END_TEST

/* What the device has in use for a network that has made a step. */
static uint64_t memory_of(const char *frozen, soma_network_figures *figures) {
    soma_device_memory before, after;
    soma_device_get_memory(test_device, &before);
    soma_network *network = of_text("dense 512 relu; dense 300 relu; dense 1");
    if (frozen) expect_ok(soma_network_set_frozen(network, frozen, true));
    compile_with(network, (soma_optimizer){.kind = SOMA_ADAM});
    soma_array inputs = array_f32(x, BATCH, WIDTH), targets = array_f32(target, BATCH, 1);
    expect_ok(soma_train_on_batch(network, &inputs, &targets, NULL));
    expect_ok(soma_synchronize(network));
    soma_device_get_memory(test_device, &after);
    expect_ok(soma_network_get_figures(network, BATCH, figures));
    soma_network_destroy(network);
    return after.allocated - before.allocated;
}

/* Gradient and two states for each of 512 * 300 weights: that much less at least. */
START_TEST(no_memory_is_taken_for_what_is_frozen) {
    soma_network_figures figures[2];
    soma_dataset_destroy(data());
    uint64_t all = memory_of(NULL, &figures[0]), few = memory_of("dense_2", &figures[1]);
    ck_assert_uint_ge(all, few + 3 * sizeof(float) * 512 * 300);
    ck_assert_uint_ge(figures[0].total_bytes, figures[1].total_bytes + 3 * sizeof(float) * 512 * 300);
}
END_TEST

/* --------------------------------------------------------------------------------------------------- running figures
 */

START_TEST(frozen_running_figures_stay_and_are_gone_by) {
    const char *text = "dense 4; batchnorm; tanh; dense 1";
    soma_network *network = of_text(text), *before = of_text(text);
    float mean[4] = {0.5f, -0.25f, 0, 1}, variance[4] = {0.25f, 2, 1, 4};
    for (int i = 0; i < 2; i++) {
        soma_network *each = i ? before : network;
        expect_ok(soma_set_parameter(each, soma_network_tensor(each, "batchnorm_1.running_mean"), mean, 4));
        expect_ok(soma_set_parameter(each, soma_network_tensor(each, "batchnorm_1.running_var"), variance, 4));
    }
    expect_ok(soma_network_set_frozen(network, "batchnorm_1", true));
    compile_with(network, (soma_optimizer){.kind = SOMA_SGD});
    compile_with(before, (soma_optimizer){.kind = SOMA_SGD});
    /* In training the loss is that of inference: no batch is normalised by its own figures. */
    soma_dataset *dataset = data();
    soma_metrics trained, evaluated;
    soma_array inputs = array_f32(x, BATCH, WIDTH), targets = array_f32(target, BATCH, 1);
    soma_dataset *first = dataset_of(inputs, targets);
    expect_ok(soma_evaluate(network, first, 0, &evaluated));
    expect_ok(soma_backward(network, &inputs, &targets, &trained));
    ck_assert_double_eq_tol(trained.loss, evaluated.loss, 1e-6);
    expect_ok(soma_backward(before, &inputs, &targets, &trained));
    ck_assert(fabs(trained.loss - evaluated.loss) > 1e-3);
    fit(network, 2);
    float kept[4];
    values_of(network, "batchnorm_1.running_mean", kept);
    ck_assert(memcmp(kept, mean, sizeof mean) == 0);
    values_of(network, "batchnorm_1.running_var", kept);
    ck_assert(memcmp(kept, variance, sizeof variance) == 0);
    ck_assert(same_values(network, before, "batchnorm_1.weight"));
    ck_assert(!same_values(network, before, "dense_1.weight"));
    /* Batches of one sample normalise nothing. */
    expect_ok(soma_fit(network, dataset, &(soma_fit_options){.epochs = 1, .batch_size = 1}, NULL));
    soma_dataset_destroy(first);
    soma_dataset_destroy(dataset);
    soma_network_destroy(network);
    soma_network_destroy(before);
}
END_TEST

/* ------------------------------------------------------------------------------------------------------ own rates */

/* A step of plain descent is rate times gradient, and the first of two steps of a warm-up half of that. Decay is for
 * weights alone. */
START_TEST(own_rates_take_the_place_of_the_optimizers) {
    enum { COUNT = 20 };
    float gradient[COUNT], before[COUNT], after[COUNT];
    static const struct {
        const char *name;
        double rate;
    } rows[] = {{"dense_1.weight", 0.5}, {"dense_1.bias", 0.5}, {"dense_2.weight", 0.125}, {"dense_2.bias", 0.03125}};
    const soma_optimizer optimizer = {
        .kind = SOMA_SGD, .learning_rate = 0.125f, .schedule = {.warmup = 2}, .l2 = _i ? 0.25f : 0};
    soma_dataset_destroy(data());
    soma_array inputs = array_f32(x, BATCH, WIDTH), targets = array_f32(target, BATCH, 1);
    for (size_t row = 0; row < sizeof rows / sizeof *rows; row++) {
        soma_network *each = of_text("dense 5 tanh; dense 1");
        expect_ok(soma_network_set_rate_of(each, "dense_1", 0.5f));
        expect_ok(soma_network_set_rate_of(each, "dense_2.bias", 0.03125f));
        compile_with(each, optimizer);
        const soma_tensor *tensor = named(each, rows[row].name);
        size_t count = values_of(each, rows[row].name, before);
        expect_ok(soma_backward(each, &inputs, &targets, NULL));
        expect_ok(soma_get_gradient(each, tensor, gradient, count));
        if (row % 2) /* by the gradients that are there, or in one go */
            expect_ok(soma_apply_gradients(each));
        else
            expect_ok(soma_train_on_batch(each, &inputs, &targets, NULL));
        values_of(each, rows[row].name, after);
        for (size_t i = 0; i < count; i++) {
            double decay = row % 2 ? 0 : (double)optimizer.l2 * (double)before[i];
            double expected = (double)before[i] - 0.5 * rows[row].rate * ((double)gradient[i] + decay);
            ck_assert_double_eq_tol((double)after[i], expected, 1e-6);
        }
        soma_network_destroy(each);
    }
}
END_TEST

/* All at one rate, by whichever way it is said, is the same to the bit; so is each optimizer. */
START_TEST(a_rate_that_all_have_is_the_optimizers) {
    const char *text = "dense 5 tanh; dense 1";
    soma_network *common = of_text(text), *own = of_text(text);
    soma_optimizer optimizer = {
        .kind = (soma_optimizer_kind)_i, .learning_rate = 0.0625f, .l2 = 0.01f, .schedule = {.warmup = 3}};
    compile_with(common, optimizer);
    expect_ok(soma_network_set_rate_of(own, "*", 0.0625f));
    optimizer.learning_rate = 0.25f;
    compile_with(own, optimizer);
    fit(common, 2);
    fit(own, 2);
    float a[MODEL_MOST], b[MODEL_MOST];
    size_t count = read_parameters(common, a);
    read_parameters(own, b);
    for (size_t i = 0; i < count; i++) ck_assert_double_eq_tol((double)a[i], (double)b[i], 1e-6);
    soma_network_destroy(common);
    soma_network_destroy(own);
}
END_TEST

/* ----------------------------------------------------------------------------------------------- files and refusals */

START_TEST(files_keep_what_is_frozen_and_how_fast_the_rest_is) {
    const char *path = temporary_path("frozen.safetensors");
    soma_network *network = of_text("dense 5 tanh; batchnorm; dense 1"), *loaded;
    expect_ok(soma_network_set_frozen(network, "batchnorm_*", true));
    expect_ok(soma_network_set_rate_of(network, "dense_2", 0.3f));
    compile_with(network, (soma_optimizer){.kind = SOMA_ADAM});
    expect_ok(soma_save(network, path));
    expect_ok(soma_load(path, &loaded));
    ck_assert(soma_parameter_is_frozen(loaded, soma_network_tensor(loaded, "batchnorm_1.running_var")));
    ck_assert(soma_parameter_is_frozen(loaded, soma_network_tensor(loaded, "batchnorm_1.weight")));
    ck_assert(!soma_parameter_is_frozen(loaded, soma_network_tensor(loaded, "dense_1.weight")));
    ck_assert(soma_parameter_rate(loaded, soma_network_tensor(loaded, "dense_2.bias")) == 0.3f);
    ck_assert(soma_parameter_rate(loaded, soma_network_tensor(loaded, "dense_1.bias")) == 0);
    soma_layer_info info;
    expect_ok(soma_network_layer(loaded, 2, &info));
    ck_assert_str_eq(info.name, "batchnorm_1");
    ck_assert_uint_eq(info.frozen, 20);
    expect_ok(soma_network_layer(loaded, 3, &info));
    ck_assert(info.frozen == 0 && info.learning_rate == 0.3f);
    char *text;
    expect_ok(soma_summary(loaded, 8, &text));
    ck_assert_msg(strstr(text, " 20  frozen\n") && strstr(text, "  learning rate 0.3\n"), "%s", text);
    ck_assert_msg(strstr(text, "of which 10 are running figures, 10 are frozen and 31 are trained\n"), "%s", text);
    soma_free(text);
    soma_network_destroy(network);
    soma_network_destroy(loaded);
}
END_TEST

/* Four epochs in one go, and two and two: the same bits. Another network than the checkpoint's is refused. */
START_TEST(training_is_resumed_to_the_same_bits) {
    const char *path = temporary_path("frozen.ckpt");
    soma_network *network[3];
    soma_dataset *dataset = data();
    for (int i = 0; i < 3; i++) {
        network[i] = of_text("dense 5 tanh; dense 4 tanh; dense 1");
        expect_ok(soma_network_set_frozen(network[i], "dense_1", true));
        expect_ok(soma_network_set_rate_of(network[i], "dense_3", 0.01f));
        compile_with(network[i], (soma_optimizer){.kind = SOMA_ADAM, .learning_rate = 0.05f});
    }
    expect_ok(soma_fit(network[0], dataset, &(soma_fit_options){.epochs = 4, .batch_size = BATCH}, NULL));
    expect_ok(soma_fit(network[1], dataset,
                       &(soma_fit_options){.epochs = 2, .batch_size = BATCH, .checkpoint = path, .restore_best = false},
                       NULL));
    const soma_fit_options resume = {.epochs = 4, .batch_size = BATCH, .resume = path};
    expect_ok(soma_fit(network[2], dataset, &resume, NULL));
    expect_same_parameters(network[0], network[2]);
    expect_ok(soma_network_set_frozen(network[1], "*", false));
    compile_with(network[1], (soma_optimizer){.kind = SOMA_ADAM, .learning_rate = 0.05f});
    expect_error(soma_fit(network[1], dataset, &resume, NULL), SOMA_INVALID_ARGUMENT, "frozen");
    for (int i = 0; i < 3; i++) soma_network_destroy(network[i]);
    soma_dataset_destroy(dataset);
}
END_TEST

START_TEST(what_is_wrong_is_said) {
    soma_network *network = of_text("dense 5 tanh; dense 1");
    float values[20];
    expect_error(soma_network_set_frozen(network, "conv_*", true), SOMA_INVALID_ARGUMENT, "\"conv_*\"",
                 "dense_1.weight", "dense_2.bias");
    expect_error(soma_network_set_frozen(network, "x", true), SOMA_INVALID_ARGUMENT, "\"x\"", "dense_1.weight");
    expect_error(soma_network_set_rate_of(network, "dense_", 1), SOMA_INVALID_ARGUMENT, "\"dense_\"", "dense_1.weight");
    expect_error(soma_network_set_rate_of(network, "*", -1), SOMA_INVALID_ARGUMENT, "-1", "at least 0");
    expect_error(soma_network_set_rate_of(network, "*", NAN), SOMA_INVALID_ARGUMENT, "finite");
    expect_ok(soma_network_set_frozen(network, "dense_?", true));
    compile_with(network, (soma_optimizer){.kind = SOMA_SGD});
    soma_dataset *dataset = data();
    expect_error(soma_fit(network, dataset, NULL, NULL), SOMA_INVALID_STATE, "all parameters are frozen");
    soma_array inputs = array_f32(x, BATCH, WIDTH), targets = array_f32(target, BATCH, 1);
    expect_error(soma_train_on_batch(network, &inputs, &targets, NULL), SOMA_INVALID_STATE,
                 "all parameters are frozen");
    /* Gradients of inputs there are all the same. */
    float slope[BATCH * WIDTH];
    expect_ok(soma_backward(network, &inputs, &targets, NULL));
    expect_ok(soma_get_gradient(network, soma_network_input(network, 0), slope, BATCH * WIDTH));
    expect_error(soma_get_gradient(network, named(network, "dense_1.weight"), values, 20), SOMA_INVALID_ARGUMENT,
                 "dense_1.weight is frozen");
    /* The weights come along, and the network has to be compiled again. */
    values_of(network, "dense_1.weight", values);
    expect_ok(soma_network_set_frozen(network, "*1*", false));
    expect_error(soma_fit(network, dataset, NULL, NULL), SOMA_INVALID_STATE, "soma_compile");
    float kept[20];
    values_of(network, "dense_1.weight", kept);
    ck_assert(memcmp(kept, values, sizeof kept) == 0);
    ck_assert(soma_parameter_is_frozen(network, named(network, "dense_2.bias")));
    soma_dataset_destroy(dataset);
    soma_network_destroy(network);
}
END_TEST

static void add(TCase *cases) {
    tcase_add_checked_fixture(cases, temporary_create, temporary_destroy);
    tcase_add_loop_test(cases, frozen_parameters_stay_whatever_the_optimizer, 0, SOMA_OPTIMIZER_COUNT);
    tcase_add_test(cases, the_rest_learns_as_a_network_of_its_own);
    tcase_add_test(cases, no_work_is_done_for_what_is_frozen);
    tcase_add_test(cases, no_memory_is_taken_for_what_is_frozen);
    tcase_add_test(cases, frozen_running_figures_stay_and_are_gone_by);
    tcase_add_loop_test(cases, own_rates_take_the_place_of_the_optimizers, 0, 2);
    tcase_add_loop_test(cases, a_rate_that_all_have_is_the_optimizers, 0, SOMA_OPTIMIZER_COUNT);
    tcase_add_test(cases, files_keep_what_is_frozen_and_how_fast_the_rest_is);
    tcase_add_test(cases, training_is_resumed_to_the_same_bits);
    tcase_add_test(cases, what_is_wrong_is_said);
}

int main(int argc, char **argv) {
    return run_trainer_tests(argc, argv, "frozen", add);
}
