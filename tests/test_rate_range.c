/* SPDX-License-Identifier: MIT */
/* Finding a learning rate: the sweep against one made by hand in float64, and that it leaves no trace. */
#include "trainer.h"

#include <math.h>
#include <string.h>

enum { ROWS = 32, WIDTH = 3, STEPS = 40 };

static float x[ROWS * WIDTH], target[ROWS];
static sample samples[ROWS];
static const model_shape shape = {WIDTH, 0, 1, false};

static soma_dataset *data(void) {
    fill_uniform(1, x, ROWS * WIDTH);
    for (size_t i = 0; i < ROWS; i++) {
        target[i] = 3 * x[i * WIDTH] - 2 * x[i * WIDTH + 1] + 1;
        samples[i] = (sample){x + i * WIDTH, target + i, 0, 1.0};
    }
    return dataset_of(array_f32(x, ROWS, WIDTH), array_f32(target, ROWS, 1));
}

static soma_network *compiled(soma_optimizer optimizer) {
    soma_network *network = network_of(shape, 3);
    expect_ok(soma_compile(network, test_device, &(soma_compile_options){.optimizer = optimizer}));
    return network;
}

/* One batch is all the data, so that its order does not matter: loss and step of plain descent at each rate. */
START_TEST(the_sweep_is_as_made_by_hand) {
    const soma_optimizer plain = {.kind = SOMA_SGD};
    soma_dataset *dataset = data();
    soma_network *network = compiled(plain);
    model m;
    model_from(&m, shape, network);
    soma_rate_range range;
    const soma_rate_range_options options = {
        .from = 1e-4f, .to = 0.1f, .steps = STEPS, .batch_size = ROWS, .smoothing = 0.5f};
    expect_ok(soma_find_learning_rate(network, dataset, &options, &range));
    ck_assert_uint_eq(range.count, STEPS);
    ck_assert(!range.diverged);
    double mean = 0, weight = 0, steepest = 0;
    for (int i = 0; i < STEPS; i++) {
        double rate = 1e-4 * pow(1000, (double)i / (STEPS - 1)), loss = model_backward(&m, samples, ROWS) / ROWS;
        model_step(&m, &plain, rate);
        mean = 0.5 * mean + 0.5 * loss;
        weight = 0.5 * weight + 0.5;
        ck_assert_double_eq_tol(range.points[i].learning_rate, rate, 1e-6 * rate);
        ck_assert_double_eq_tol(range.points[i].loss, loss, 1e-5);
        ck_assert_double_eq_tol(range.points[i].smoothed, mean / weight, 1e-5);
    }
    /* No other point falls more steeply. */
    for (int i = 2; i + 2 < STEPS; i++) {
        double slope = range.points[i + 2].smoothed - range.points[i - 2].smoothed;
        if (range.points[i].learning_rate == range.suggestion) steepest = slope;
    }
    for (int i = 2; i + 2 < STEPS; i++)
        ck_assert(range.points[i + 2].smoothed - range.points[i - 2].smoothed >= steepest);
    ck_assert(steepest < 0);
    soma_rate_range_clear(&range);
    ck_assert(range.points == NULL && range.count == 0);
    soma_network_destroy(network);
    soma_dataset_destroy(dataset);
}
END_TEST

/* With an optimizer that has states, in the middle of training: what follows is the same to the bit. */
START_TEST(it_leaves_no_trace) {
    const soma_optimizer adam = {.kind = SOMA_ADAM, .learning_rate = 0.01f};
    soma_dataset *dataset = data();
    soma_network *looked = compiled(adam), *other = compiled(adam);
    const soma_fit_options fit = {.epochs = 2, .batch_size = 8};
    soma_rate_range range;
    expect_ok(soma_fit(looked, dataset, &fit, NULL));
    expect_ok(soma_fit(other, dataset, &fit, NULL));
    float before[MODEL_MOST];
    size_t count = read_parameters(looked, before);
    expect_ok(soma_find_learning_rate(looked, dataset, NULL, &range));
    ck_assert(range.suggestion > 1e-7 && range.suggestion < 10);
    soma_rate_range_clear(&range);
    expect_parameters(looked, before, count);
    ck_assert(soma_get_learning_rate(looked) == soma_get_learning_rate(other));
    expect_ok(soma_fit(looked, dataset, &fit, NULL));
    expect_ok(soma_fit(other, dataset, &fit, NULL));
    expect_same_parameters(looked, other);
    soma_network_destroy(looked);
    soma_network_destroy(other);
    soma_dataset_destroy(dataset);
}
END_TEST

/* Descent at rates past 2 / curvature grows without bound; the points end where the loss does. */
START_TEST(it_ends_where_the_loss_explodes) {
    soma_dataset *dataset = data();
    soma_network *network = compiled((soma_optimizer){.kind = SOMA_SGD});
    soma_rate_range range;
    const soma_rate_range_options options = {.to = 1e6f, .smoothing = -1};
    expect_ok(soma_find_learning_rate(network, dataset, &options, &range));
    ck_assert(range.diverged && range.count > 10 && range.count < 100);
    ck_assert(range.points[3].smoothed == range.points[3].loss);
    ck_assert(range.suggestion < 10);
    soma_rate_range_clear(&range);
    soma_network_destroy(network);
    soma_dataset_destroy(dataset);
}
END_TEST

START_TEST(what_is_wrong_is_said) {
    soma_dataset *dataset = data();
    soma_network *network = network_of(shape, 3);
    soma_rate_range range;
    expect_error(soma_find_learning_rate(network, dataset, NULL, &range), SOMA_INVALID_STATE, "soma_compile");
    expect_ok(soma_compile(network, test_device, NULL));
    static const struct {
        soma_rate_range_options options;
        const char *word;
    } rows[] = {{{.from = 1, .to = 0.5f}, "from 1 to 0.5"},
                {{.from = -1}, "from -1"},
                {{.to = INFINITY}, "inf"},
                {{.steps = 9}, "9 steps"},
                {{.smoothing = 1}, "smoothing"}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        expect_error(soma_find_learning_rate(network, dataset, &rows[i].options, &range), SOMA_INVALID_ARGUMENT,
                     rows[i].word);
        ck_assert(range.points == NULL);
    }
    expect_error(soma_find_learning_rate(network, dataset, NULL, NULL), SOMA_INVALID_ARGUMENT, "no place");
    soma_network_destroy(network);
    soma_dataset_destroy(dataset);
}
END_TEST

static void add(TCase *cases) {
    tcase_add_test(cases, the_sweep_is_as_made_by_hand);
    tcase_add_test(cases, it_leaves_no_trace);
    tcase_add_test(cases, it_ends_where_the_loss_explodes);
    tcase_add_test(cases, what_is_wrong_is_said);
}

int main(int argc, char **argv) {
    return run_trainer_tests(argc, argv, "range", add);
}
