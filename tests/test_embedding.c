/* SPDX-License-Identifier: MIT */
/* The layer embedding: its values, what it begins with and learns, which numbers it refuses. Usage: test_embedding
 * DEVICE */
#include "device/device.h"
#include "graph/rewrites.h"
#include "train/step.h"
#include "trainer.h"

#include <math.h>
#include <string.h>

enum { ROWS = 3, STEPS = 4, VOCABULARY = 6, WIDTH = 5 };

static const float ids[ROWS * STEPS] = {0, 5, 2, 2, 1, 0, 5, 3, 2, 2, 2, 0};

static soma_network *network_of_text(const char *text) {
    soma_network *network;
    size_t shape = STEPS;
    expect_ok(soma_network_create(&network));
    if (!soma_layers(soma_input(network, "tokens", 1, &shape), text)) ck_abort_msg("%s", soma_last_error());
    return network;
}

static void read_table(soma_network *network, float *table) {
    expect_ok(
        soma_get_parameter(network, soma_network_tensor(network, "embedding_1.weight"), table, VOCABULARY * WIDTH));
}

static void expect_rows(const float *table, const float *y) {
    for (size_t i = 0; i < ROWS * STEPS; i++)
        ck_assert_mem_eq(y + i * WIDTH, table + (size_t)ids[i] * WIDTH, WIDTH * sizeof *y);
}

/* Of floats, of bytes, which are not divided by 255, and straight from memory. */
START_TEST(each_number_gives_its_row) {
    soma_network *network = network_of_text("embedding 6 5");
    soma_dataset *dataset;
    uint8_t bytes[ROWS * STEPS];
    float table[VOCABULARY * WIDTH], y[ROWS * STEPS * WIDTH];
    for (size_t i = 0; i < ROWS * STEPS; i++) bytes[i] = (uint8_t)ids[i];
    expect_ok(soma_compile(network, test_device, &(soma_compile_options){.loss = {SOMA_LOSS_NONE}}));
    read_table(network, table);
    soma_array inputs[2] = {array_f32(ids, ROWS, STEPS), array_u8(bytes, ROWS, STEPS)};
    for (size_t i = 0; i < 2; i++) {
        expect_ok(soma_dataset_from_arrays(&inputs[i], 1, NULL, 0, &dataset));
        memset(y, 0, sizeof y);
        expect_ok(soma_predict(network, dataset, 0, 2, y));
        expect_rows(table, y);
        soma_dataset_destroy(dataset);
    }
    memset(y, 0, sizeof y);
    expect_ok(soma_run(network, ids, ROWS, y));
    expect_rows(table, y);
    soma_network_destroy(network);
}
END_TEST

/* Normally distributed with deviation 1; a row that is padding is zeros. */
START_TEST(rows_begin_as_they_are_told) {
    float table[VOCABULARY * WIDTH];
    double squares = 0;
    soma_network *network = network_of_text("embedding 6 5 padding 2");
    read_table(network, table);
    for (size_t i = 0; i < VOCABULARY * WIDTH; i++) {
        squares += (double)table[i] * (double)table[i];
        ck_assert(i / WIDTH == 2 ? table[i] == 0 : table[i] != 0);
    }
    ck_assert_msg(squares / 25 > 0.4 && squares / 25 < 2, "mean of squares %g", squares / 25);
    soma_network_destroy(network);
    network = network_of_text("embedding 6 5 constant(0.25)");
    read_table(network, table);
    for (size_t i = 0; i < VOCABULARY * WIDTH; i++) ck_assert(table[i] == 0.25f);
    soma_network_destroy(network);
}
END_TEST

static const float bad_numbers[] = {6, -1, 1.5f, NAN, INFINITY, 3e9f};

/* Nothing outside the table is read, and nobody gets an answer. */
START_TEST(numbers_without_a_row_are_refused) {
    soma_network *network = network_of_text("embedding 6 5");
    soma_dataset *dataset;
    float x[ROWS * STEPS], y[ROWS * STEPS * WIDTH];
    memcpy(x, ids, sizeof x);
    x[2 * STEPS + 1] = bad_numbers[_i];
    expect_ok(soma_compile(network, test_device, &(soma_compile_options){.loss = {SOMA_LOSS_NONE}}));
    expect_error(soma_run(network, x, ROWS, y), SOMA_INVALID_ARGUMENT, "\"tokens\", sample 2, number 1", "which has 6",
                 "0 to 5");
    soma_array inputs = array_f32(x, ROWS, STEPS);
    expect_ok(soma_dataset_from_arrays(&inputs, 1, NULL, 0, &dataset));
    expect_error(soma_predict(network, dataset, 0, 0, y), SOMA_INVALID_ARGUMENT, "\"tokens\", sample 2, number 1",
                 "embedding_1.weight", "0 to 5");
    soma_dataset_destroy(dataset);
    soma_session *session;
    const float *pointers[] = {x};
    float *results[] = {y};
    expect_ok(soma_session_create(network, NULL, &session));
    expect_error(soma_session_run(session, ROWS, pointers, results), SOMA_INVALID_ARGUMENT, "sample 2, number 1",
                 "0 to 5");
    soma_session_destroy(session);
    soma_network_destroy(network);
}
END_TEST

START_TEST(bytes_without_a_row_are_refused) {
    soma_network *network = network_of_text("embedding 6 5");
    soma_dataset *dataset;
    uint8_t bytes[ROWS * STEPS] = {0};
    float y[ROWS * STEPS * WIDTH];
    bytes[STEPS + 3] = 6;
    expect_ok(soma_compile(network, test_device, &(soma_compile_options){.loss = {SOMA_LOSS_NONE}}));
    soma_array inputs = array_u8(bytes, ROWS, STEPS);
    expect_ok(soma_dataset_from_arrays(&inputs, 1, NULL, 0, &dataset));
    expect_error(soma_predict(network, dataset, 0, 0, y), SOMA_INVALID_ARGUMENT, "sample 1, number 3: 6 is no row",
                 "0 to 5");
    soma_dataset_destroy(dataset);
    soma_network_destroy(network);
}
END_TEST

/* Plain gradient descent moves the rows that were seen, and of them not the padding's. */
START_TEST(rows_that_were_seen_are_learnt) {
    static const float targets[ROWS] = {3, 3, 3};
    soma_network *network = network_of_text("embedding 6 5 padding 2; flatten; dense 1");
    soma_compile_options options = {.loss = {SOMA_MEAN_SQUARED_ERROR},
                                    .optimizer = {.kind = SOMA_SGD, .learning_rate = 0.01f}};
    float before[VOCABULARY * WIDTH], after[VOCABULARY * WIDTH];
    expect_ok(soma_compile(network, test_device, &options));
    read_table(network, before);
    soma_dataset *dataset = dataset_of(array_f32(ids, ROWS, STEPS), array_f32(targets, ROWS, 1));
    expect_ok(soma_fit(network, dataset, &(soma_fit_options){.epochs = 2, .batch_size = ROWS}, NULL));
    read_table(network, after);
    for (size_t i = 0; i < VOCABULARY * WIDTH; i++) {
        bool seen = i / WIDTH != 2 && i / WIDTH != 4;
        ck_assert_msg((before[i] != after[i]) == seen, "row %zu: %g, then %g", i / WIDTH, (double)before[i],
                      (double)after[i]);
    }
    soma_dataset_destroy(dataset);
    soma_network_destroy(network);
}
END_TEST

/* -------------------------------------------------------------------------------------------------- classes of steps
 */

static const int32_t classes[ROWS * STEPS] = {1, 0, 2, 3, 5, 4, 1, 1, 0, 3, 2, 5};

/* Mean cross-entropy, and how often a step's class is the likeliest or among the two likeliest, over all steps, of the
 * network's own probabilities. */
static void expect_figures(soma_network *network, const soma_metrics *found) {
    float p[ROWS * STEPS * VOCABULARY];
    double loss = 0, right = 0, among_two = 0;
    expect_ok(soma_run(network, ids, ROWS, p));
    for (size_t i = 0; i < ROWS * STEPS; i++) {
        const float *row = p + i * VOCABULARY;
        size_t best = 0, likelier = 0;
        for (size_t j = 1; j < VOCABULARY; j++)
            if (row[j] > row[best]) best = j;
        for (size_t j = 0; j < VOCABULARY; j++) likelier += row[j] > row[classes[i]];
        among_two += (double)(likelier < 2) / (ROWS * STEPS);
        loss -= log((double)row[classes[i]]) / (ROWS * STEPS);
        right += (double)(best == (size_t)classes[i]) / (ROWS * STEPS);
    }
    ck_assert_uint_eq(found->metric_count, 3);
    ck_assert_msg(fabs(found->loss - loss) < 1e-5, "loss %g, expected %g", found->loss, loss);
    ck_assert_msg(fabs(found->metric[0] - right) < 1e-6, "accuracy %g, expected %g", found->metric[0], right);
    ck_assert_msg(fabs(found->metric[1] - exp(loss)) < 1e-4, "perplexity %g, expected %g", found->metric[1], exp(loss));
    ck_assert_msg(fabs(found->metric[2] - among_two) < 1e-6, "top 2 %g, expected %g", found->metric[2], among_two);
    ck_assert_str_eq(found->metric_name[2], "top_2_accuracy");
    ck_assert_str_eq(found->metric_name[0], "accuracy");
    ck_assert_str_eq(found->metric_name[1], "perplexity");
}

static const soma_compile_options of_steps = {.metrics = {SOMA_ACCURACY, SOMA_PERPLEXITY, SOMA_TOP_K},
                                              .top_k = 2,
                                              .optimizer = {.kind = SOMA_ADAM, .learning_rate = 0.1f}};

/* As int32, as bytes, as floats. */
START_TEST(each_step_has_a_class) {
    static const size_t shape[] = {ROWS, STEPS};
    soma_network *network = network_of_text("embedding 6 5; dense 6 softmax");
    float floats[ROWS * STEPS];
    uint8_t bytes[ROWS * STEPS];
    soma_array targets = {.dtype = SOMA_I32, .rank = 2, .shape = {shape[0], shape[1]}, .data = classes};
    soma_metrics found;
    for (size_t i = 0; i < ROWS * STEPS; i++) floats[i] = (float)classes[i], bytes[i] = (uint8_t)classes[i];
    expect_ok(soma_compile(network, test_device, &of_steps));
    for (int form = 0; form < 3; form++) {
        if (form == 1) targets = array_u8(bytes, ROWS, STEPS);
        if (form == 2) targets = array_f32(floats, ROWS, STEPS);
        soma_dataset *dataset = dataset_of(array_f32(ids, ROWS, STEPS), targets);
        expect_ok(soma_evaluate(network, dataset, 2, &found));
        expect_figures(network, &found);
        if (form == 2) { /* every number is seen with some classes: those are learnt */
            double before = found.loss;
            expect_ok(soma_fit(network, dataset, &(soma_fit_options){.epochs = 40, .batch_size = 2}, NULL));
            expect_ok(soma_evaluate(network, dataset, 0, &found));
            expect_figures(network, &found);
            ck_assert_msg(found.loss < 0.75 * before, "loss %g, then %g", before, found.loss);
        }
        soma_dataset_destroy(dataset);
    }
    soma_network_destroy(network);
}
END_TEST

/* A sample counts as much as its weight says, all its steps alike; one of weight 0 not at all. */
START_TEST(weights_are_of_samples) {
    static const float weights[ROWS] = {0, 2, 0};
    soma_network *network = network_of_text("embedding 6 5; dense 6 softmax");
    soma_metrics alone, weighted;
    expect_ok(soma_compile(network, test_device, &of_steps));
    soma_array target = {.dtype = SOMA_I32, .rank = 2, .shape = {1, STEPS}, .data = classes + STEPS},
               targets = {.dtype = SOMA_I32, .rank = 2, .shape = {ROWS, STEPS}, .data = classes};
    soma_dataset *one = dataset_of(array_f32(ids + STEPS, 1, STEPS), target),
                 *all = dataset_of(array_f32(ids, ROWS, STEPS), targets);
    expect_ok(soma_dataset_set_weights(all, weights, ROWS));
    expect_ok(soma_evaluate(network, one, 0, &alone));
    expect_ok(soma_evaluate(network, all, 0, &weighted));
    ck_assert_msg(fabs(weighted.loss - 2 * alone.loss / ROWS) < 1e-5, "%g, of one %g", weighted.loss, alone.loss);
    soma_dataset_destroy(one);
    soma_dataset_destroy(all);
    soma_network_destroy(network);
}
END_TEST

START_TEST(classes_without_a_unit_are_refused) {
    soma_network *network = network_of_text("embedding 6 5; dense 5 softmax");
    soma_metrics found;
    expect_ok(soma_compile(network, test_device, &of_steps));
    soma_array targets = {.dtype = SOMA_I32, .rank = 2, .shape = {ROWS, STEPS}, .data = classes};
    soma_dataset *dataset = dataset_of(array_f32(ids, ROWS, STEPS), targets);
    expect_error(soma_evaluate(network, dataset, 0, &found), SOMA_INVALID_ARGUMENT, "sample 1, step 0 is 5", "5 units",
                 "0 to 4");
    soma_outcomes outcomes;
    expect_error(soma_evaluate_outcomes(network, dataset, 0, &found, &outcomes), SOMA_UNSUPPORTED, "each step");
    soma_dataset_destroy(dataset);
    soma_network_destroy(network);
}
END_TEST

/* ---------------------------------------------------------------------------------------------------------- positions
 */

/* sin 1, cos 1, sin 0.01, cos 0.01; of 2 and of 3 likewise. */
START_TEST(positions_are_added) {
    static const float waves[STEPS * 4] = {0,           1,
                                           0,           1,
                                           0.84147098f, 0.54030231f,
                                           0.00999983f, 0.99995000f,
                                           0.90929743f, -0.41614684f,
                                           0.01999867f, 0.99980001f,
                                           0.14112001f, -0.98999250f,
                                           0.02999550f, 0.99955003f};
    soma_network *network =
        network_of_text(_i ? "embedding 6 4 zeros; positions sinusoidal" : "embedding 6 4 zeros; positions");
    float table[STEPS * 4], y[ROWS * STEPS * 4];
    expect_ok(soma_compile(network, test_device, &(soma_compile_options){.loss = {SOMA_LOSS_NONE}}));
    expect_ok(soma_get_parameter(network, soma_network_tensor(network, "positions_1.weight"), table, STEPS * 4));
    expect_ok(soma_run(network, ids, ROWS, y));
    for (size_t i = 0; i < ROWS * STEPS * 4; i++) {
        ck_assert_msg(y[i] == table[i % (STEPS * 4)], "%zu: %g", i, (double)y[i]);
        if (_i) ck_assert_msg(fabsf(y[i] - waves[i % (STEPS * 4)]) < 1e-6f, "%zu: %g", i, (double)y[i]);
        ck_assert(_i || (y[i] != 0 && fabsf(y[i]) < 0.1f));
    }
    soma_network_destroy(network);
}
END_TEST

/* Learnt ones are, sines and cosines are not. */
START_TEST(positions_learn_or_stay) {
    static const float targets[ROWS] = {3, 3, 3};
    soma_network *network = network_of_text("embedding 6 4; positions; positions sinusoidal; flatten; dense 1");
    soma_compile_options options = {.loss = {SOMA_MEAN_SQUARED_ERROR}};
    float before[2][STEPS * 4], after[2][STEPS * 4];
    soma_tensor *tables[] = {soma_network_tensor(network, "positions_1.weight"),
                             soma_network_tensor(network, "positions_2.weight")};
    expect_ok(soma_compile(network, test_device, &options));
    for (size_t i = 0; i < 2; i++) expect_ok(soma_get_parameter(network, tables[i], before[i], STEPS * 4));
    soma_dataset *dataset = dataset_of(array_f32(ids, ROWS, STEPS), array_f32(targets, ROWS, 1));
    expect_ok(soma_fit(network, dataset, &(soma_fit_options){.epochs = 2, .batch_size = ROWS}, NULL));
    for (size_t i = 0; i < 2; i++) {
        expect_ok(soma_get_parameter(network, tables[i], after[i], STEPS * 4));
        ck_assert((memcmp(before[i], after[i], sizeof before[i]) == 0) == (i == 1));
    }
    soma_dataset_destroy(dataset);
    soma_network_destroy(network);
}
END_TEST

/* -------------------------------------------------------------------------------------- rows that were seen alone */

enum { SAMPLES = 19, LARGE = 401, NARROW = 3, FEW = 2, MANY = 32 };

static soma_device_api plain_api;

static bool combines_all_but_rows(void *state, soma_primitive primitive) {
    return primitive != SOMA_PRIMITIVE_OPTIMIZER_ROWS && plain_api.combines(state, primitive);
}

static const struct {
    const char *name, *layers;
    soma_optimizer optimizer;
    bool rows; /* those that were seen are moved alone */
} updates[] = {
    {"sgd", "embedding 400 3; flatten; dense 2", {.kind = SOMA_SGD, .learning_rate = 0.5f}, true},
    {"sgd, padded", "embedding 400 3 padding 7; flatten; dense 2", {.kind = SOMA_SGD, .learning_rate = 0.5f}, true},
    {"sgd, clipped",
     "embedding 400 3; lstm 2 last; dense 2",
     {.kind = SOMA_SGD, .learning_rate = 0.5f, .clip_value = 0.01f},
     true},
    {"adagrad", "embedding 400 3 padding 3; flatten; dense 2", {.kind = SOMA_ADAGRAD, .learning_rate = 0.5f}, true},
    /* The table ends where no device lets a view begin, and the last bias where one could end. */
    {"an odd count", "embedding 401 3; flatten; dense 32", {.kind = SOMA_SGD, .learning_rate = 0.5f}, true},
    {"a norm of all", "embedding 400 3; flatten; dense 2", {.kind = SOMA_SGD, .clip_norm = 0.1f}, false},
    {"decay", "embedding 400 3; flatten; dense 2", {.kind = SOMA_SGD, .l2 = 0.1f}, false},
    {"momentum", "embedding 400 3; flatten; dense 2", {.kind = SOMA_MOMENTUM}, false},
    {"adam", "embedding 400 3; flatten; dense 2", {.kind = SOMA_ADAM}, false},
    {"few rows", "embedding 7 3; flatten; dense 2", {.kind = SOMA_SGD, .learning_rate = 0.5f}, false},
};

/* Without fast paths all are moved. */
static bool should_move_rows(size_t number) {
    return updates[number].rows && soma_fast_paths();
}

static bool moves_rows(const soma_network *network) {
    for (const soma_step *step = network->compiled->steps; step; step = step->next)
        if (step->signature.mode == SOMA_MODE_TRAIN &&
            soma_graph_updates_rows_at(&step->graph, network->parameters[0].tensor->offset))
            return true;
    return false;
}

static soma_status look_at_gradients(void *context, soma_network *network, const soma_progress *progress) {
    float gradient[LARGE * NARROW];
    const soma_tensor *table = network->parameters[0].tensor, *bias = network->parameters[2].tensor;
    (void)context, (void)progress;
    expect_error(soma_get_gradient(network, table, gradient, soma_tensor_count(table)), SOMA_INVALID_STATE,
                 "rows of a table");
    const soma_status others = soma_get_gradient(network, bias, gradient, soma_tensor_count(bias));
    ck_assert_int_eq(others, network->compiled->optimizer.kind == SOMA_SGD ? SOMA_INVALID_STATE : SOMA_OK);
    return SOMA_OK;
}

static size_t units_of(size_t number) {
    return strstr(updates[number].layers, "dense 32") ? MANY : FEW;
}

/* What an earlier gradient has left is no part of the steps. */
static soma_network *train_on_words(size_t number, const float *words, const float *targets) {
    const soma_array input = array_f32(words, SAMPLES, STEPS), target = array_f32(targets, SAMPLES, units_of(number));
    soma_dataset *dataset = dataset_of(input, target);
    const soma_compile_options options = {.optimizer = updates[number].optimizer, .loss = {SOMA_MEAN_SQUARED_ERROR}};
    soma_network *network = network_of_text(updates[number].layers);
    soma_fit_options fit = {.epochs = 3, .batch_size = 8}; /* the last batch of an epoch is of 3 */
    soma_network_set_seed(network, 5);
    expect_ok(soma_compile(network, test_device, &options));
    if (test_device->api->combines != combines_all_but_rows && should_move_rows(number) &&
        updates[number].optimizer.clip_value == 0)
        fit.on_batch = look_at_gradients;
    expect_ok(soma_backward(network, &input, &target, NULL));
    expect_ok(soma_fit(network, dataset, &fit, NULL));
    soma_dataset_destroy(dataset);
    return network;
}

/* To the bit what moving all rows gives, of which one without a gradient stays as it is; where others would move, too,
 * all are moved. Numbers come more than once in a batch. */
START_TEST(moving_rows_that_were_seen_is_moving_all) {
    float words[SAMPLES * STEPS], targets[SAMPLES * MANY];
    const float most = updates[_i].layers[10] == '7' ? 7 : 400;
    fill_uniform(1, words, SAMPLES * STEPS);
    fill_uniform(2, targets, SAMPLES * MANY);
    for (size_t i = 0; i < SAMPLES * STEPS; i++)
        words[i] = i % 3 ? floorf((words[i] + 1) * 3.5f) : floorf((words[i] + 1) / 2 * most);
    const soma_device_api *device_api = test_device->api;
    plain_api = *device_api;
    soma_device_api api = plain_api;
    api.combines = combines_all_but_rows;
    soma_network *rows = train_on_words((size_t)_i, words, targets);
    test_device->api = &api;
    soma_network *all = train_on_words((size_t)_i, words, targets);
    test_device->api = device_api;
    ck_assert_msg(moves_rows(rows) == should_move_rows((size_t)_i), "%s", updates[_i].name);
    ck_assert(!moves_rows(all));
    expect_same_parameters(rows, all);
    soma_network_destroy(rows);
    soma_network_destroy(all);
}
END_TEST

static void add_tests(TCase *cases) {
    tcase_add_loop_test(cases, moving_rows_that_were_seen_is_moving_all, 0, SOMA_COUNT_OF(updates));
    tcase_add_loop_test(cases, positions_are_added, 0, 2);
    tcase_add_test(cases, positions_learn_or_stay);
    tcase_add_test(cases, each_step_has_a_class);
    tcase_add_test(cases, weights_are_of_samples);
    tcase_add_test(cases, classes_without_a_unit_are_refused);
    tcase_add_test(cases, each_number_gives_its_row);
    tcase_add_test(cases, rows_begin_as_they_are_told);
    tcase_add_loop_test(cases, numbers_without_a_row_are_refused, 0, SOMA_COUNT_OF(bad_numbers));
    tcase_add_test(cases, bytes_without_a_row_are_refused);
    tcase_add_test(cases, rows_that_were_seen_are_learnt);
}

int main(int argc, char **argv) {
    return run_trainer_tests(argc, argv, "embedding", add_tests);
}
