/* SPDX-License-Identifier: MIT */
/*
 * mixup: what is drawn, by the figures of its distribution; and steps of training on mixed samples against a trainer in
 * float64 that is given the mixed samples. Usage: test_mixup DEVICE
 */
#include "nn/network.h"
#include "temporary.h"
#include "trainer.h"

#include <math.h>
#include <stdio.h>

enum { ROWS = 7, WIDTH = 4, OUTPUTS = 3, STEPS = 4 };
#define SEED UINT64_C(0x123456789)

static float x[ROWS * WIDTH], rows[ROWS * OUTPUTS], weights[ROWS];
static int32_t classes[ROWS];

/* ------------------------------------------------------------------------------------------------- what is drawn */

enum { DRAWS = 40000 };

/* Beta(a, a) has the mean 1/2, the variance 1 / (4 (2 a + 1)), and the fourth central moment 3 / (16 (2 a + 1)(2 a +
 * 3)); means of so many are off by six standard deviations in one of 10^9 tests. */
START_TEST(shares_have_the_distribution) {
    static const float alphas[] = {0.05f, 0.2f, 1, 4, 32};
    const double a = (double)alphas[_i], variance = 1 / (4 * (2 * a + 1)),
                 fourth = 3 / (16 * (2 * a + 1) * (2 * a + 3));
    soma_network *network;
    char text[32];
    double sum = 0, squares = 0;
    expect_ok(soma_network_create(&network));
    soma_network_set_seed(network, SEED);
    snprintf(text, sizeof text, "mixup %g", a);
    expect_ok(soma_network_set_augmentation(network, text));
    for (uint64_t step = 0; step < DRAWS; step++) {
        const double share = (double)soma_network_mix_at(network, step).share;
        ck_assert(share >= 0 && share <= 1);
        sum += share - 0.5;
        squares += (share - 0.5) * (share - 0.5);
    }
    ck_assert_double_lt(fabs(sum / DRAWS), 6 * sqrt(variance / DRAWS));
    ck_assert_double_lt(fabs(squares / DRAWS - variance), 6 * sqrt((fourth - variance * variance) / DRAWS));
    soma_network_destroy(network);
}
END_TEST

/* Any sample, itself too, with the same chance: a count is off by six standard deviations. The step alone decides. */
START_TEST(partners_are_any) {
    soma_network *network;
    size_t count[ROWS] = {0};
    expect_ok(soma_network_create(&network));
    expect_ok(soma_network_set_augmentation(network, "mixup 1"));
    for (uint64_t step = 0; step < DRAWS; step++) {
        const soma_mix_params drawn = soma_network_mix_at(network, step), again = soma_network_mix_at(network, step);
        ck_assert(drawn.ahead == again.ahead && drawn.share == again.share);
        count[drawn.ahead % ROWS]++;
    }
    const double chance = 1.0 / ROWS, expected = chance * DRAWS, deviation = sqrt(expected * (1 - chance));
    for (size_t i = 0; i < ROWS; i++) ck_assert_double_lt(fabs((double)count[i] - expected), 6 * deviation);
    expect_ok(soma_network_set_augmentation(network, "none"));
    ck_assert(soma_network_mix_at(network, 3).share == 1);
    soma_network_destroy(network);
}
END_TEST

/* ------------------------------------------------------------------------------------------- steps on mixed samples */

static const struct mixup_case {
    bool by_class, weighted, class_weighted, plain; /* plain: no rewrites come after the mixing */
    soma_optimizer_kind optimizer;
    size_t hidden;
    const char *augmentation;
} mixup_cases[] = {
    {.by_class = true, .augmentation = "mixup 1"},
    {.by_class = true, .weighted = true, .class_weighted = true, .augmentation = "mixup 0.4"},
    {.by_class = true, .hidden = 5, .optimizer = SOMA_MOMENTUM, .augmentation = "mixup 2"},
    {.augmentation = "mixup 1"},
    {.weighted = true, .hidden = 5, .augmentation = "mixup 0.2"},
    {.by_class = true, .hidden = 5, .plain = true, .augmentation = "mixup 1"},
};
static const float class_weights[OUTPUTS] = {0.5f, 2, 1};

/* The cross-entropy is linear in the target: that of a mixed one is a sum of two samples' with the same input. So is
 * the other loss, of one target twice. */
typedef struct mixture {
    float x[WIDTH], target[OUTPUTS];
    sample own, other;
} mixture;

/* What the class or the row of a sample says of output j. */
static double target_of(const struct mixup_case *c, size_t row, size_t j) {
    return c->by_class ? classes[row] == (int32_t)j : (double)rows[row * OUTPUTS + j];
}

static void mix_sample(const struct mixup_case *c, soma_mix_params drawn, size_t i, mixture *out) {
    const size_t other = (i + (size_t)(drawn.ahead % ROWS)) % ROWS;
    const double share = (double)drawn.share, rest = 1 - share;
    double weight = c->weighted ? share * (double)weights[i] + rest * (double)weights[other] : 1, of_class = 0;
    for (size_t j = 0; j < WIDTH; j++)
        out->x[j] = (float)(share * (double)x[i * WIDTH + j] + rest * (double)x[other * WIDTH + j]);
    for (size_t j = 0; j < OUTPUTS; j++) {
        const double target = share * target_of(c, i, j) + rest * target_of(c, other, j);
        out->target[j] = (float)target;
        of_class += target * (double)class_weights[j];
    }
    if (c->class_weighted) weight *= of_class;
    out->own = (sample){out->x, out->target, classes[i], weight * share};
    out->other = (sample){out->x, out->target, classes[other], weight * rest};
}

static soma_network *network_for(const struct mixup_case *c) {
    soma_network *network = network_of((model_shape){WIDTH, c->hidden, OUTPUTS, c->by_class}, SEED);
    soma_compile_options options = {.optimizer = {.kind = c->optimizer, .learning_rate = 0.25f, .momentum = 0.5f},
                                    .no_fusion = c->plain};
    if (c->class_weighted) {
        options.class_weight = class_weights;
        options.class_weight_count = OUTPUTS;
    }
    expect_ok(soma_network_set_augmentation(network, c->augmentation));
    expect_ok(soma_compile(network, test_device, &options));
    return network;
}

static soma_dataset *data_for(const struct mixup_case *c) {
    fill_uniform(1, x, ROWS * WIDTH);
    fill_uniform(2, rows, ROWS * OUTPUTS);
    fill_classes(3, classes, ROWS, OUTPUTS);
    for (size_t i = 0; i < ROWS; i++) weights[i] = (float)i / 2;
    soma_dataset *data =
        dataset_of(array_f32(x, ROWS, WIDTH), c->by_class ? array_i32(classes, ROWS) : array_f32(rows, ROWS, OUTPUTS));
    if (c->weighted) expect_ok(soma_dataset_set_weights(data, weights, ROWS));
    return data;
}

/* Of predictions for mixed samples, how many have the class of the sample that they are named after. */
static double accuracy_of(const model *m, const mixture *mixtures) {
    double right = 0;
    for (size_t i = 0; i < ROWS; i++) {
        double y[OUTPUTS];
        model_predict(m, mixtures[i].x, y);
        size_t best = 0;
        for (size_t j = 1; j < OUTPUTS; j++) best = y[j] > y[best] ? j : best;
        right += (int32_t)best == classes[i];
    }
    return right / ROWS;
}

START_TEST(steps_are_those_of_mixed_samples) {
    const struct mixup_case *c = &mixup_cases[_i];
    soma_network *network = network_for(c);
    soma_dataset *data = data_for(c);
    const soma_optimizer optimizer = {.kind = c->optimizer, .learning_rate = 0.25f, .momentum = 0.5f};
    double loss[STEPS], accuracy[STEPS];
    soma_history history;
    model m;
    model_from(&m, (model_shape){WIDTH, c->hidden, OUTPUTS, c->by_class}, network);
    for (uint64_t step = 0; step < STEPS; step++) {
        mixture mixtures[ROWS];
        sample samples[2 * ROWS];
        for (size_t i = 0; i < ROWS; i++) {
            mix_sample(c, soma_network_mix_at(network, step), i, &mixtures[i]);
            samples[2 * i] = mixtures[i].own;
            samples[2 * i + 1] = mixtures[i].other;
        }
        accuracy[step] = c->by_class ? accuracy_of(&m, mixtures) : 0;
        loss[step] = model_backward(&m, samples, 2 * ROWS) / ROWS;
        for (size_t i = 0; i < m.count; i++) m.gradient[i] *= 2; /* a mean over half as many */
        model_step(&m, &optimizer, 0.25);
    }
    const soma_fit_options options = {.epochs = STEPS, .batch_size = ROWS, .no_shuffle = true};
    expect_ok(soma_fit(network, data, &options, &history));
    for (size_t step = 0; step < STEPS; step++) {
        ck_assert_double_eq_tol(history.epochs[step].train.loss, loss[step], 2e-6);
        if (c->by_class) ck_assert_double_eq_tol(history.epochs[step].train.metric[0], accuracy[step], 1e-6);
    }
    ck_assert_double_lt(parameter_difference(network, &m), 2e-6);
    soma_history_clear(&history);
    soma_dataset_destroy(data);
    soma_network_destroy(network);
}
END_TEST

/* Evaluation sees samples and targets as they are, and so do gradients by hand. */
START_TEST(what_is_evaluated_is_not_mixed) {
    const struct mixup_case *c = &mixup_cases[0];
    soma_network *network = network_for(c);
    soma_dataset *data = data_for(c);
    soma_array inputs = array_f32(x, ROWS, WIDTH), targets = array_i32(classes, ROWS);
    soma_metrics metrics;
    model m;
    double loss = 0;
    model_from(&m, (model_shape){WIDTH, 0, OUTPUTS, true}, network);
    for (size_t i = 0; i < ROWS; i++)
        loss += model_loss(&m, &(sample){.x = x + i * WIDTH, .class_number = classes[i], .weight = 1});
    expect_ok(soma_evaluate(network, data, 3, &metrics));
    ck_assert_double_eq_tol(metrics.loss, loss / ROWS, 2e-6);
    expect_ok(soma_backward(network, &inputs, &targets, &metrics));
    ck_assert_double_eq_tol(metrics.loss, loss / ROWS, 2e-6);
    soma_dataset_destroy(data);
    soma_network_destroy(network);
}
END_TEST

/* Killed in the middle and gone on with: the same bits. */
START_TEST(resumed_steps_mix_the_same) {
    const struct mixup_case *c = &mixup_cases[2];
    soma_network *whole = network_for(c), *first = network_for(c), *second = network_for(c);
    soma_dataset *data = data_for(c);
    soma_fit_options options = {.epochs = 4, .batch_size = 3};
    temporary_create();
    expect_ok(soma_fit(whole, data, &options, NULL));
    options.epochs = 2;
    options.checkpoint = temporary_path("run.ckpt");
    expect_ok(soma_fit(first, data, &options, NULL));
    options = (soma_fit_options){.epochs = 4, .batch_size = 3, .resume = temporary_path("run.ckpt")};
    expect_ok(soma_fit(second, data, &options, NULL));
    expect_same_parameters(whole, second);
    temporary_destroy();
    soma_dataset_destroy(data);
    soma_network_destroy(second);
    soma_network_destroy(first);
    soma_network_destroy(whole);
}
END_TEST

/* One that is left over at the end is trained on as it is. */
START_TEST(batches_of_one_are_refused) {
    const struct mixup_case *c = &mixup_cases[0];
    soma_network *network = network_for(c);
    soma_dataset *data = data_for(c);
    expect_error(soma_fit(network, data, &(soma_fit_options){.epochs = 1, .batch_size = 1}, NULL),
                 SOMA_INVALID_ARGUMENT, "mixup mixes each sample with another", "batches of 2 and more");
    expect_ok(soma_fit(network, data, &(soma_fit_options){.epochs = 1, .batch_size = ROWS - 1}, NULL));
    expect_ok(soma_network_set_augmentation(network, "none"));
    expect_ok(soma_compile(network, test_device, NULL));
    expect_ok(soma_fit(network, data, &(soma_fit_options){.epochs = 1, .batch_size = 1}, NULL));
    soma_dataset_destroy(data);
    soma_network_destroy(network);
}
END_TEST

static void add_tests(TCase *cases) {
    tcase_add_loop_test(cases, shares_have_the_distribution, 0, 5);
    tcase_add_test(cases, partners_are_any);
    tcase_add_loop_test(cases, steps_are_those_of_mixed_samples, 0, SOMA_COUNT_OF(mixup_cases));
    tcase_add_test(cases, what_is_evaluated_is_not_mixed);
    tcase_add_test(cases, resumed_steps_mix_the_same);
    tcase_add_test(cases, batches_of_one_are_refused);
}

int main(int argc, char **argv) {
    return run_trainer_tests(argc, argv, "mixup", add_tests);
}
