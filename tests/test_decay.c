/* SPDX-License-Identifier: MIT */
/* Weight decay that differs from parameter to parameter. */
#include "small_network.h"
#include "temporary.h"
#include "trainer.h"

#include <math.h>
#include <string.h>

static const char layers[] = "dense 5 tanh; dense 4 tanh; dense 1";

static void step(soma_network *network) {
    soma_array inputs = array_f32(x, BATCH, WIDTH), targets = array_f32(target, BATCH, 1);
    soma_dataset_destroy(data());
    expect_ok(soma_train_on_batch(network, &inputs, &targets, NULL));
}

/* What is given to a network of `layers` in these tests. */
static void give_decay(soma_network *network) {
    expect_ok(soma_network_set_l2_of(network, "dense_1", 0.5f));
    expect_ok(soma_network_set_l1_of(network, "dense_2", 0.125f));
    expect_ok(soma_network_set_l2_of(network, "dense_2.bias", 0.75f));
    expect_ok(soma_network_set_l2_of(network, "dense_3", 0));
    expect_ok(soma_network_set_l1_of(network, "dense_3.bias", 0.25f));
}

/* By which each parameter then decays, beside an optimizer of l2 and l1. */
static const struct decay {
    const char *name;
    double l2, l1;         /* -1: the optimizer's, of what decays by it */
    bool by_the_optimizer; /* whether it does */
} decays[] = {{"dense_1.weight", 0.5, -1, true}, {"dense_1.bias", 0, 0, false},   {"dense_2.weight", -1, 0.125, true},
              {"dense_2.bias", 0.75, 0, false},  {"dense_3.weight", 0, -1, true}, {"dense_3.bias", 0, 0.25, false}};

static double sign(double value) {
    return (double)((value > 0) - (value < 0));
}

/* A step of plain descent: w - rate (g + l2 w + l1 sign w), by the gradients that are there, or in one go. */
START_TEST(each_parameter_decays_by_its_own) {
    const soma_optimizer optimizer = {.kind = SOMA_SGD,
                                      .learning_rate = 0.125f,
                                      .l2 = _i % 2 ? 0.0625f : 0,
                                      .l1 = _i % 2 ? 0.03125f : 0,
                                      .clip_norm = _i / 4 ? 100 : 0};
    soma_array inputs = array_f32(x, BATCH, WIDTH), targets = array_f32(target, BATCH, 1);
    soma_dataset_destroy(data());
    for (size_t row = 0; row < sizeof decays / sizeof *decays; row++) {
        float gradient[MODEL_MOST], before[MODEL_MOST], after[MODEL_MOST];
        soma_network *network = of_text(layers);
        give_decay(network);
        compile_with(network, optimizer);
        for (size_t i = 0; i < soma_network_parameter_count(network); i++) {
            const float bias[] = {0.5f, -0.25f, 0, 1, -2}; /* biases begin as 0, which no decay moves */
            soma_tensor *tensor = soma_network_parameter(network, i);
            if (strstr(soma_tensor_name(tensor), "bias"))
                expect_ok(soma_set_parameter(network, tensor, bias, soma_tensor_count(tensor)));
        }
        const size_t count = values_of(network, decays[row].name, before);
        expect_ok(soma_backward(network, &inputs, &targets, NULL));
        expect_ok(soma_get_gradient(network, named(network, decays[row].name), gradient, count));
        if (_i / 2 % 2)
            expect_ok(soma_apply_gradients(network));
        else
            step(network);
        values_of(network, decays[row].name, after);
        const double l2 = decays[row].l2 < 0 ? (double)optimizer.l2 : decays[row].l2;
        const double l1 = decays[row].l1 < 0 ? (double)optimizer.l1 : decays[row].l1;
        for (size_t i = 0; i < count; i++) {
            const double w = (double)before[i];
            const double expected = w - 0.125 * ((double)gradient[i] + l2 * w + l1 * sign(w));
            ck_assert_msg(fabs((double)after[i] - expected) < 1e-6, "%s[%zu]: %g, expected %g", decays[row].name, i,
                          (double)after[i], expected);
        }
        soma_network_destroy(network);
    }
}
END_TEST

/* Whatever the rule: after a step from the same weights each parameter is where it is in a network that decays by the
 * same everywhere. Biases with decay of their own have adamw's decoupled one no more than others. */
START_TEST(a_step_is_that_of_a_common_decay) {
    static const struct {
        const char *name;
        float l2; /* of all, in the network that is compared with */
    } rows[] = {{"dense_1.weight", 0.5f},
                {"dense_2.weight", 0.0625f},
                {"dense_3.weight", 0},
                {"dense_1.bias", 0.5f},
                {"dense_3.bias", 0}};
    const soma_optimizer optimizer = {.kind = (soma_optimizer_kind)_i, .learning_rate = 0.05f, .l2 = 0.0625f};
    soma_network *own = of_text(layers);
    expect_ok(soma_network_set_l2_of(own, "dense_1", 0.5f));
    expect_ok(soma_network_set_l2_of(own, "dense_3", 0));
    expect_ok(soma_network_set_l2_of(own, "dense_3.bias", 0));
    compile_with(own, optimizer);
    const float bias[] = {0.75f};
    expect_ok(soma_set_parameter(own, soma_network_tensor(own, "dense_3.bias"), bias, 1));
    step(own);
    for (size_t row = 0; row < sizeof rows / sizeof *rows; row++) {
        float a[MODEL_MOST], b[MODEL_MOST];
        soma_optimizer with = optimizer;
        with.l2 = rows[row].l2;
        soma_network *common = of_text(layers);
        compile_with(common, with);
        expect_ok(soma_set_parameter(common, soma_network_tensor(common, "dense_3.bias"), bias, 1));
        step(common);
        const size_t count = values_of(own, rows[row].name, a);
        values_of(common, rows[row].name, b);
        /* Quotients of a gradient by its own size magnify what the last bits of sums differ by. */
        for (size_t i = 0; i < count; i++)
            ck_assert_msg(fabs((double)a[i] - (double)b[i]) < 1e-5, "%s[%zu]: %g and %g", rows[row].name, i,
                          (double)a[i], (double)b[i]);
        soma_network_destroy(common);
    }
    soma_network_destroy(own);
}
END_TEST

/* Rows of a table that no batch names stay, unless the table decays; what else decays is none of its business. */
START_TEST(a_table_that_decays_moves_whole) {
    enum { WORDS = 30, NUMBERS = 2 };
    const size_t width = 2;
    const float words[] = {3, 7}, zero = 0;
    const soma_array inputs = {.data = words, .dtype = SOMA_F32, .rank = 2, .shape = {1, 2}};
    const soma_array targets = array_f32(&zero, 1, 1);
    float before[WORDS * NUMBERS], after[WORDS * NUMBERS];
    soma_network *network;
    expect_ok(soma_network_create(&network));
    soma_layers(soma_input(network, "x", 1, &width), "embedding 30 2; flatten; dense 1 l2(0.5)");
    if (_i) expect_ok(soma_network_set_l2_of(network, "embedding_1", 0.25f));
    compile_with(network, (soma_optimizer){.kind = SOMA_SGD, .learning_rate = 0.5f});
    values_of(network, "embedding_1.weight", before);
    expect_ok(soma_train_on_batch(network, &inputs, &targets, NULL));
    values_of(network, "embedding_1.weight", after);
    for (size_t i = 0; i < WORDS * NUMBERS; i++) {
        if (i / NUMBERS == 3 || i / NUMBERS == 7) continue;
        const double expected = (double)before[i] * (_i ? 1 - 0.5 * 0.25 : 1);
        ck_assert(fabs((double)after[i] - expected) <= (_i ? 1e-7 : 0));
    }
    soma_network_destroy(network);
}
END_TEST

/* ---------------------------------------------------------------------------------------------- how it is said, files
 */

static void expect_decay(soma_network *network, const char *name, float l2, float l1) {
    ck_assert_msg(soma_parameter_l2(network, named(network, name)) == l2 &&
                      soma_parameter_l1(network, named(network, name)) == l1,
                  "%s: %g and %g", name, (double)soma_parameter_l2(network, named(network, name)),
                  (double)soma_parameter_l1(network, named(network, name)));
}

START_TEST(a_text_says_it_of_its_layers) {
    soma_network *network =
        of_text("dense 5 l2(0.5) tanh; residual(dense 5 l1(0.25); dense 5 | dense 5 l2( 0 )) l2(0.125); reshape 5 1; "
                "lstm 3 l2(1e-3) l1(2e-3) last; batchnorm; dense 1");
    expect_decay(network, "dense_1.weight", 0.5f, -1);
    expect_decay(network, "dense_1.bias", -1, -1);
    expect_decay(network, "dense_2.weight", 0.125f, 0.25f);
    expect_decay(network, "dense_3.weight", 0.125f, -1);
    expect_decay(network, "dense_4.weight", 0, -1);
    expect_decay(network, "lstm_1.weight", 1e-3f, 2e-3f);
    expect_decay(network, "lstm_1.recurrent_weight", 1e-3f, 2e-3f);
    expect_decay(network, "lstm_1.bias", -1, -1);
    expect_decay(network, "batchnorm_1.weight", -1, -1);
    expect_decay(network, "dense_5.weight", -1, -1);
    soma_network_destroy(network);
}
END_TEST

/* Kept with its sign it would be another number in the file of the model, and so another network to other ranks. */
START_TEST(a_decay_of_minus_0_is_0) {
    soma_network *network = of_text("dense 5 l2(-0) l1(0e-60)");
    ck_assert(!signbit(soma_parameter_l2(network, soma_network_parameter(network, 0))));
    expect_decay(network, "dense_1.weight", 0, 0);
    expect_ok(soma_network_set_l2_of(network, "dense_1.bias", -0.0f));
    ck_assert(!signbit(soma_parameter_l2(network, soma_network_parameter(network, 1))));
    expect_decay(network, "dense_1.bias", 0, -1);
    soma_network_destroy(network);
}
END_TEST

START_TEST(patterns_are_of_weights_unless_they_name_biases) {
    soma_network *network = of_text(layers);
    expect_ok(soma_network_set_l2_of(network, "*", 0.5f));
    expect_decay(network, "dense_3.weight", 0.5f, -1);
    expect_decay(network, "dense_3.bias", -1, -1);
    expect_ok(soma_network_set_l2_of(network, "*.bias", 0.25f));
    expect_decay(network, "dense_1.weight", 0.5f, -1);
    expect_decay(network, "dense_1.bias", 0.25f, -1);
    expect_ok(soma_network_set_l2_of(network, "*", -1));
    expect_decay(network, "dense_1.weight", -1, -1);
    expect_decay(network, "dense_1.bias", -1, -1);
    expect_error(soma_network_set_l2_of(network, "dense_", 1), SOMA_INVALID_ARGUMENT, "\"dense_\"", "dense_1.weight");
    expect_error(soma_network_set_l1_of(network, "*", NAN), SOMA_INVALID_ARGUMENT, "l1", "finite");
    expect_error(soma_network_set_l2_of(network, "*", INFINITY), SOMA_INVALID_ARGUMENT, "l2", "finite");
    expect_error(soma_network_set_l2_of(NULL, "*", 1), SOMA_INVALID_ARGUMENT, "no network");
    ck_assert(soma_parameter_l2(network, NULL) == -1 && soma_parameter_l1(NULL, NULL) == -1);
    soma_network_destroy(network);
    network = of_text("batchnorm; dense 1");
    expect_error(soma_network_set_l2_of(network, "batchnorm_1", 1), SOMA_INVALID_ARGUMENT, "no weights that decay",
                 "dense_1.bias");
    expect_ok(soma_network_set_l2_of(network, "batchnorm_1.weight", 1));
    soma_network_destroy(network);
}
END_TEST

START_TEST(files_keep_it) {
    const char *path = temporary_path("decay.safetensors");
    soma_network *network = of_text(layers), *loaded;
    give_decay(network);
    compile_with(network, (soma_optimizer){.kind = SOMA_ADAM});
    expect_ok(soma_save(network, path));
    expect_ok(soma_load(path, &loaded));
    for (size_t row = 0; row < sizeof decays / sizeof *decays; row++)
        expect_decay(loaded, decays[row].name, soma_parameter_l2(network, named(network, decays[row].name)),
                     soma_parameter_l1(network, named(network, decays[row].name)));
    expect_decay(loaded, "dense_1.weight", 0.5f, -1);
    expect_decay(loaded, "dense_3.weight", 0, -1);
    soma_layer_info info;
    expect_ok(soma_network_layer(loaded, 3, &info));
    ck_assert(info.has_l2 && info.l2 == 0 && info.has_l1 && info.l1 == 0.25f);
    char *text;
    expect_ok(soma_summary(loaded, 8, &text));
    ck_assert_msg(strstr(text, " 25  l2 0.5\n") && strstr(text, " 5  l2 0  l1 0.25\n"), "%s", text);
    soma_free(text);
    soma_network_destroy(network);
    soma_network_destroy(loaded);
}
END_TEST

/* Four epochs in one go, and two and two: the same bits, in shards, too. A network that decays otherwise is refused. */
START_TEST(training_is_resumed_to_the_same_bits) {
    const char *path = temporary_path("decay.ckpt");
    soma_network *network[3];
    soma_dataset *dataset = data();
    const soma_optimizer optimizer = {.kind = SOMA_ADAM, .learning_rate = 0.05f};
    for (int i = 0; i < 3; i++) {
        network[i] = of_text(layers);
        give_decay(network[i]);
        compile_with(network[i], optimizer);
    }
    soma_fit_options options = {.epochs = 4, .batch_size = BATCH, .shards = _i ? 4 : 0};
    expect_ok(soma_fit(network[0], dataset, &options, NULL));
    options.epochs = 2;
    options.checkpoint = path;
    expect_ok(soma_fit(network[1], dataset, &options, NULL));
    options.epochs = 4;
    options.checkpoint = NULL;
    options.resume = path;
    expect_ok(soma_fit(network[2], dataset, &options, NULL));
    expect_same_parameters(network[0], network[2]);
    expect_ok(soma_network_set_l2_of(network[1], "dense_1", 0.25f));
    compile_with(network[1], optimizer);
    expect_error(soma_fit(network[1], dataset, &options, NULL), SOMA_INVALID_ARGUMENT, "l2");
    for (int i = 0; i < 3; i++) soma_network_destroy(network[i]);
    soma_dataset_destroy(dataset);
}
END_TEST

static void add(TCase *cases) {
    tcase_add_checked_fixture(cases, temporary_create, temporary_destroy);
    tcase_add_loop_test(cases, each_parameter_decays_by_its_own, 0, 8);
    tcase_add_loop_test(cases, a_step_is_that_of_a_common_decay, 0, SOMA_OPTIMIZER_COUNT);
    tcase_add_loop_test(cases, a_table_that_decays_moves_whole, 0, 2);
    tcase_add_test(cases, a_text_says_it_of_its_layers);
    tcase_add_test(cases, a_decay_of_minus_0_is_0);
    tcase_add_test(cases, patterns_are_of_weights_unless_they_name_biases);
    tcase_add_test(cases, files_keep_it);
    tcase_add_loop_test(cases, training_is_resumed_to_the_same_bits, 0, 2);
}

int main(int argc, char **argv) {
    return run_trainer_tests(argc, argv, "decay", add);
}
