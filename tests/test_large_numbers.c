/* SPDX-License-Identifier: MIT */
/* Training near the ends of float32, with figures worked out by hand. */
#include "trainer.h"

#include <math.h>

/* --------------------------------------------------------------------------------------------------- clipping */

enum { ROWS = 4, WIDTH = 4 };

/*
 * One unit, weights that are 0, and inputs and targets of such a size that the squares of the gradient overflow or
 * vanish: -2/n sum_i t_i x_i for the weights, -2/n sum_i t_i for the bias.
 */
static void expect_clipped_step(float size, float clip_norm) {
    float x[ROWS * WIDTH], target[ROWS], zero[WIDTH + 1] = {0}, found[WIDTH + 1];
    double gradient[WIDTH + 1] = {0}, norm = 0, length = 0;
    fill_uniform(1, x, ROWS * WIDTH);
    fill_uniform(2, target, ROWS);
    for (size_t i = 0; i < ROWS; i++) {
        target[i] *= size;
        for (size_t j = 0; j < WIDTH; j++) {
            x[i * WIDTH + j] *= size;
            gradient[j] -= 2.0 / ROWS * (double)target[i] * (double)x[i * WIDTH + j];
        }
        gradient[WIDTH] -= 2.0 / ROWS * (double)target[i];
    }
    for (size_t j = 0; j <= WIDTH; j++) norm += gradient[j] * gradient[j];
    norm = sqrt(norm);

    soma_network *network = network_of((model_shape){WIDTH, 0, 1, false}, 1);
    const soma_compile_options options = {.optimizer = {.learning_rate = 0.5f, .clip_norm = clip_norm}};
    expect_ok(soma_compile(network, test_device, &options));
    for (size_t i = 0; i < soma_network_parameter_count(network); i++) {
        soma_tensor *parameter = soma_network_parameter(network, i);
        expect_ok(soma_set_parameter(network, parameter, zero, soma_tensor_count(parameter)));
    }
    soma_array inputs = array_f32(x, ROWS, WIDTH), targets = array_f32(target, ROWS, 1);
    expect_ok(soma_train_on_batch(network, &inputs, &targets, NULL));
    read_parameters(network, found);
    double limit = (double)clip_norm;
    for (size_t j = 0; j <= WIDTH; j++) {
        double step = (double)found[j] / limit;
        length += step * step;
        ck_assert_double_eq_tol(step, -0.5 * gradient[j] / norm, 1e-6);
    }
    ck_assert_double_eq_tol(sqrt(length), 0.5, 1e-6);
    soma_network_destroy(network);
}

START_TEST(a_long_gradient_is_clipped_to_its_limit) {
    expect_clipped_step(10.0f, 1.0f);
    expect_clipped_step(2e10f, 1.0f); /* gradients of 1e20, whose squares overflow */
    expect_clipped_step(1e19f, 1.0f); /* gradients of 1e38, whose sums come near to overflowing too */
    expect_clipped_step(1e19f, 1e-9f);
}
END_TEST

START_TEST(a_short_gradient_is_clipped_to_a_shorter_limit) {
    expect_clipped_step(1e-25f, 1e-29f); /* gradients of 1e-25, whose squares vanish */
}
END_TEST

/* ------------------------------------------------------------------------------------------------ what overflows */

/* A layer of these weights on inputs that are all 1, no bias; evaluated on `classes` or `target` in batches of 2. */
static double evaluated_loss(const float *weights, size_t outputs, const int32_t *classes, const float *target,
                             const float *sample_weights, size_t rows) {
    const float one[] = {1, 1, 1, 1, 1, 1}, zero[] = {0, 0, 0};
    soma_network *network = network_of((model_shape){1, 0, outputs, outputs > 1}, 1);
    expect_ok(soma_compile(network, test_device, NULL));
    expect_ok(soma_set_parameter(network, soma_network_parameter(network, 0), weights, outputs));
    expect_ok(soma_set_parameter(network, soma_network_parameter(network, 1), zero, outputs));
    soma_dataset *dataset =
        dataset_of(array_f32(one, rows, 1), classes ? array_i32(classes, rows) : array_f32(target, rows, outputs));
    if (sample_weights) expect_ok(soma_dataset_set_weights(dataset, sample_weights, rows));
    soma_metrics metrics;
    expect_ok(soma_evaluate(network, dataset, 2, &metrics));
    soma_dataset_destroy(dataset);
    soma_network_destroy(network);
    return metrics.loss;
}

START_TEST(a_loss_that_overflows_is_infinite) {
    const float weight = 3e38f, target[6] = {0};
    const double loss = evaluated_loss(&weight, 1, NULL, target, NULL, 6);
    ck_assert_msg(isinf(loss) && loss > 0, "the loss is %g", loss);
}
END_TEST

START_TEST(cross_entropies_of_far_logits_are_numbers) {
    const float logits[] = {3e38f, -3e38f, 3e38f};
    const int32_t largest[] = {0, 2, 0, 2, 2}, others[] = {0, 2, 0, 1, 2};
    const float rows[] = {1, 0, 0, 0.5f, 0, 0.5f, 0, 0, 1}, counted[] = {1, 1, 1, 0, 1};
    ck_assert_double_eq_tol(evaluated_loss(logits, 3, largest, NULL, NULL, 5), log(2), 1e-6);
    ck_assert_double_eq_tol(evaluated_loss(logits, 3, others, NULL, counted, 5), 0.8 * log(2), 1e-6);
    ck_assert_double_eq_tol(evaluated_loss(logits, 3, NULL, rows, NULL, 3), log(2), 1e-6);
    const double loss = evaluated_loss(logits, 3, others, NULL, NULL, 5);
    ck_assert_msg(isinf(loss) && loss > 0, "the loss is %g", loss);
}
END_TEST

static void add_tests(TCase *cases) {
    tcase_add_test(cases, a_long_gradient_is_clipped_to_its_limit);
    tcase_add_test(cases, a_short_gradient_is_clipped_to_a_shorter_limit);
    tcase_add_test(cases, a_loss_that_overflows_is_infinite);
    tcase_add_test(cases, cross_entropies_of_far_logits_are_numbers);
}

int main(int argc, char **argv) {
    return run_trainer_tests(argc, argv, "large numbers", add_tests);
}
