/* SPDX-License-Identifier: MIT */
/* The layers rnn, lstm and gru: their values, ends, states and initial weights; sequences in pieces; what is kept in a
 * file; that they learn. Usage: test_recurrent DEVICE */
#include "nn/network.h"
#include "trainer.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { UNITS = 2, STEPS = 3 };
#define TOLERANCE 2e-6

static void expect_near(const float *found, const double *expected, size_t count, const char *what) {
    for (size_t i = 0; i < count; i++)
        ck_assert_msg(fabs((double)found[i] - expected[i]) <= TOLERANCE, "%s: element %zu is %.9g, expected %.9g", what,
                      i, (double)found[i], expected[i]);
}

static void set(soma_network *network, const char *name, const float *values) {
    soma_tensor *parameter = soma_network_tensor(network, name);
    ck_assert_msg(parameter != NULL, "there is no %s", name);
    expect_ok(soma_set_parameter(network, parameter, values, soma_tensor_count(parameter)));
}

static void compile(soma_network *network) {
    expect_ok(soma_compile(network, test_device,
                           &(soma_compile_options){.loss = {SOMA_LOSS_NONE, SOMA_LOSS_NONE, SOMA_LOSS_NONE}}));
}

/* --------------------------------------------------------------------------------------------------------- values */

typedef soma_tensor *layer_function(soma_tensor *x, size_t units, const soma_recurrent_options *options);

static const struct {
    const char *name;
    layer_function *add;
    size_t gates;
    double y[STEPS * UNITS]; /* PyTorch 2.15, in float64: see tests/test_reference_recurrent.c */
} kinds[] = {
    {"rnn",
     soma_rnn,
     1,
     {-0.94137553849728739, -0.27406158896076638, 0.37552893840872781, 0.86529795091991168, -0.81554947934680355,
      0.60241486362692975}},
    {"lstm",
     soma_lstm,
     4,
     {-0.097414550588831486, 0.18071218237816408, 0.15807226512016748, -0.080963244859390729, 0.082988159617039384,
      0.14510091721637292}},
    {"gru",
     soma_gru,
     3,
     {-0.11807654058684065, 0.18144086758157435, 0.35605091432567554, 0.055423081527666729, 0.19132942508537659,
      0.32075944215670471}},
};

/* The features of a step are the gates' sums: the weights are the identity. */
static void set_weights(soma_network *network, size_t kind) {
    const size_t columns = kinds[kind].gates * UNITS;
    float identity[64] = {0}, weight[16], bias[8], zeros[8] = {0};
    char name[64];
    for (size_t j = 0; j < columns; j++) {
        identity[j * columns + j] = 1;
        for (size_t i = 0; i < UNITS; i++) weight[i * columns + j] = ((float)((i * 7 + j * 3) % 11) - 5.0f) / 8.0f;
        bias[j] = ((float)(j * 5 % 7) - 3.0f) / 8.0f;
    }
    snprintf(name, sizeof name, "%s_1.weight", kinds[kind].name);
    set(network, name, identity);
    snprintf(name, sizeof name, "%s_1.recurrent_weight", kinds[kind].name);
    set(network, name, weight);
    const bool two = soma_network_parameter_count(network) > 3; /* the bias of the products with the state alone */
    snprintf(name, sizeof name, "%s_1.%s", kinds[kind].name, two ? "recurrent_bias" : "bias");
    set(network, name, bias);
    snprintf(name, sizeof name, "%s_1.bias", kinds[kind].name);
    if (two) set(network, name, zeros);
}

START_TEST(values_are_those_of_other_frameworks) {
    const size_t columns = kinds[_i].gates * UNITS, shape[2] = {STEPS, columns}, units = UNITS;
    const bool lstm = kinds[_i].add == soma_lstm;
    static const float state[UNITS] = {0.5f, -0.25f}, cell[UNITS] = {-0.5f, 0.75f};
    soma_network *network;
    soma_tensor *final = NULL;
    expect_ok(soma_network_create(&network));
    soma_tensor *x = soma_input(network, "x", 2, shape), *h = soma_input(network, "h", 1, &units);
    soma_recurrent_options options = {
        .state = h, .cell = lstm ? soma_input(network, "c", 1, &units) : NULL, .final_state = &final};
    soma_tensor *y = kinds[_i].add(x, UNITS, &options);
    if (!y) ck_abort_msg("%s", soma_last_error());
    ck_assert(soma_output(y) && soma_output(final));
    compile(network);
    set_weights(network, (size_t)_i);
    float inputs[STEPS * 8], found[STEPS * UNITS], end[UNITS];
    for (size_t t = 0; t < STEPS; t++)
        for (size_t j = 0; j < columns; j++) inputs[t * columns + j] = ((float)((t * 5 + j * 3) % 9) - 4.0f) / 4.0f;
    const soma_array arrays[3] = {
        {inputs, SOMA_F32, 3, {1, STEPS, columns}}, array_f32(state, 1, UNITS), array_f32(cell, 1, UNITS)};
    soma_dataset *dataset;
    expect_ok(soma_dataset_from_arrays(arrays, lstm ? 3 : 2, NULL, 0, &dataset));
    expect_ok(soma_predict(network, dataset, 0, 0, found));
    expect_ok(soma_predict(network, dataset, 1, 0, end));
    expect_near(found, kinds[_i].y, STEPS * UNITS, kinds[_i].name);
    expect_near(end, kinds[_i].y + (STEPS - 1) * UNITS, UNITS, "the state after the last step");
    soma_dataset_destroy(dataset);
    soma_network_destroy(network);
}
END_TEST

/* ------------------------------------------------------------------------------------------------------ in pieces */

enum { LONG = 5, FEATURES = 3, CELLS = 4 };

/* An lstm over so many steps, from a state on and to a state. */
static soma_network *piece_of(size_t steps) {
    const size_t shape[2] = {steps, FEATURES}, units = CELLS;
    soma_network *network;
    soma_tensor *h, *c;
    expect_ok(soma_network_create(&network));
    soma_network_set_seed(network, 3);
    soma_tensor *x = soma_input(network, "x", 2, shape);
    soma_recurrent_options options = {.state = soma_input(network, "h", 1, &units),
                                      .cell = soma_input(network, "c", 1, &units),
                                      .final_state = &h,
                                      .final_cell = &c};
    soma_tensor *y = soma_lstm(x, CELLS, &options);
    if (!y || !soma_output(y) || !soma_output(h) || !soma_output(c)) ck_abort_msg("%s", soma_last_error());
    compile(network);
    return network;
}

static void run_piece(soma_network *network, const float *x, size_t steps, float *y, float *h, float *c) {
    const soma_array arrays[3] = {
        {x, SOMA_F32, 3, {1, steps, FEATURES}}, array_f32(h, 1, CELLS), array_f32(c, 1, CELLS)};
    soma_dataset *dataset;
    expect_ok(soma_dataset_from_arrays(arrays, 3, NULL, 0, &dataset));
    float next[2][CELLS];
    expect_ok(soma_predict(network, dataset, 0, 0, y));
    expect_ok(soma_predict(network, dataset, 1, 0, next[0]));
    expect_ok(soma_predict(network, dataset, 2, 0, next[1]));
    memcpy(h, next[0], sizeof next[0]);
    memcpy(c, next[1], sizeof next[1]);
    soma_dataset_destroy(dataset);
}

START_TEST(a_stream_in_pieces_is_the_stream) {
    soma_network *whole = piece_of(LONG), *first = piece_of(2), *rest = piece_of(LONG - 2);
    float x[LONG * FEATURES], at_once[LONG * CELLS], pieces[LONG * CELLS];
    float h[2][CELLS] = {{0}}, c[2][CELLS] = {{0}};
    fill_uniform(1, x, LONG * FEATURES);
    run_piece(whole, x, LONG, at_once, h[0], c[0]);
    run_piece(first, x, 2, pieces, h[1], c[1]);
    run_piece(rest, x + 2 * FEATURES, LONG - 2, pieces + 2 * CELLS, h[1], c[1]);
    for (size_t i = 0; i < LONG * CELLS; i++)
        ck_assert_msg(fabsf(at_once[i] - pieces[i]) <= 1e-6f, "%zu: %g, in pieces %g", i, (double)at_once[i],
                      (double)pieces[i]);
    for (size_t i = 0; i < CELLS; i++)
        ck_assert(fabsf(h[0][i] - h[1][i]) <= 1e-6f && fabsf(c[0][i] - c[1][i]) <= 1e-6f);
    soma_network_destroy(whole);
    soma_network_destroy(first);
    soma_network_destroy(rest);
}
END_TEST

/* ----------------------------------------------------------------------------------------------------- as a network
 */

static soma_network *network_of_text(const char *text, size_t steps, size_t features) {
    const size_t shape[2] = {steps, features};
    soma_network *network;
    expect_ok(soma_network_create(&network));
    soma_network_set_seed(network, 1);
    if (!soma_layers(soma_input(network, NULL, 2, shape), text)) ck_abort_msg("%s: %s", text, soma_last_error());
    return network;
}

/* Behind each other: the units of the way there, at each step or at its end, and of the way back. */
START_TEST(both_ways_are_two_layers) {
    enum { ROWS = 2, T = 4, F = 3, U = 2 };
    float x[ROWS * T * F], both[ROWS * T * 2 * U], ends[ROWS * 2 * U], there[ROWS * T * U], back[ROWS * T * U];
    static const char *const layers[] = {"gru 2 bidirectional", "gru 2 bidirectional last", "gru 2", "gru 2 reverse"};
    float *const results[] = {both, ends, there, back};
    float values[4][64];
    fill_uniform(2, x, ROWS * T * F);
    for (size_t i = 0; i < 4; i++) {
        soma_network *network = network_of_text(layers[i], T, F);
        compile(network);
        for (size_t j = 0; i >= 2 && j < 4; j++) /* those of the first network */
            set(network, soma_tensor_name(soma_network_parameter(network, j)), values[j]);
        if (i < 2) {
            for (size_t j = 0; j < 8; j++) {
                soma_tensor *parameter = soma_network_parameter(network, j);
                const size_t count = soma_tensor_count(parameter);
                fill_uniform(10 + (unsigned)j % 4, values[j % 4], count); /* the way back has the same weights */
                expect_ok(soma_set_parameter(network, parameter, values[j % 4], count));
            }
        }
        expect_ok(soma_run(network, x, ROWS, results[i]));
        soma_network_destroy(network);
    }
    for (size_t n = 0; n < ROWS; n++)
        for (size_t t = 0; t < T; t++)
            for (size_t u = 0; u < U; u++) {
                const size_t row = n * T + t;
                ck_assert_float_eq_tol(both[row * 2 * U + u], there[row * U + u], 1e-6f);
                ck_assert_float_eq_tol(both[row * 2 * U + U + u], back[row * U + u], 1e-6f);
                if (t == T - 1) ck_assert_float_eq_tol(ends[n * 2 * U + u], there[row * U + u], 1e-6f);
                if (t == 0) ck_assert_float_eq_tol(ends[n * 2 * U + U + u], back[row * U + u], 1e-6f);
            }
}
END_TEST

/* Of an LSTM the forget gate begins open; other biases are 0. */
START_TEST(biases_begin_as_they_should) {
    soma_network *network = network_of_text("lstm 3; gru 2", 2, 4);
    float bias[12];
    expect_ok(soma_get_parameter(network, soma_network_tensor(network, "lstm_1.bias"), bias, 12));
    for (size_t i = 0; i < 12; i++) ck_assert_msg(bias[i] == (i / 3 == 1 ? 1.0f : 0.0f), "%zu", i);
    expect_ok(soma_get_parameter(network, soma_network_tensor(network, "gru_1.recurrent_bias"), bias, 6));
    for (size_t i = 0; i < 6; i++) ck_assert(bias[i] == 0);
    soma_network_destroy(network);
}
END_TEST

static void expect_same_truncation(const soma_network *a, const soma_network *b) {
    ck_assert_uint_eq(a->graph.count, b->graph.count);
    for (uint32_t i = 0; i < a->graph.count; i++)
        if (a->graph.tensor[i]->op == SOMA_OP_RECURRENT) {
            ck_assert_uint_eq(a->graph.tensor[i]->attributes.recurrent.truncate,
                              b->graph.tensor[i]->attributes.recurrent.truncate);
            ck_assert_uint_eq(a->graph.tensor[i]->attributes.recurrent.truncate_last,
                              b->graph.tensor[i]->attributes.recurrent.truncate_last);
        }
}

START_TEST(files_keep_them) {
    static const char *const layers[] = {"lstm 3 truncate 2 last", "lstm 3 truncate 2",
                                         "gru 2 bidirectional; rnn 2 relu reverse", "gru 3 reset before last"};
    char path[] = "/tmp/soma-recurrent-XXXXXX";
    const int file = mkstemp(path);
    ck_assert_int_ge(file, 0);
    close(file);
    for (size_t i = 0; i < SOMA_COUNT_OF(layers); i++) {
        soma_network *network = network_of_text(layers[i], 4, 2), *again;
        float x[2 * 4 * 2], y[64] = {0}, z[64] = {0};
        fill_uniform(4, x, SOMA_COUNT_OF(x));
        compile(network);
        expect_ok(soma_save(network, path));
        expect_ok(soma_load(path, &again));
        compile(again);
        expect_ok(soma_run(network, x, 2, y));
        expect_ok(soma_run(again, x, 2, z));
        ck_assert_mem_eq(y, z, sizeof y);
        expect_same_truncation(network, again);
        soma_network_destroy(network);
        soma_network_destroy(again);
    }
    remove(path);
}
END_TEST

#ifdef SOMA_HAVE_TRAINING
/* ------------------------------------------------------------------------------------------------------- truncated */

enum { PIECE = 2, MOST_WEIGHTS = 256 };

/* Over so many steps from a state on, trained on the results of all steps. */
static soma_network *trained_over(size_t kind, bool reverse, size_t steps, size_t truncate) {
    const size_t shape[2] = {steps, FEATURES}, units = CELLS;
    const bool lstm = kinds[kind].add == soma_lstm;
    soma_network *network;
    soma_tensor *c = NULL;
    expect_ok(soma_network_create(&network));
    soma_network_set_seed(network, 3);
    soma_tensor *x = soma_input(network, "x", 2, shape);
    soma_recurrent_options options = {.reverse = reverse, .truncate = truncate};
    options.state = soma_input(network, "h", 1, &units);
    if (lstm) options.cell = soma_input(network, "c", 1, &units);
    if (lstm) options.final_cell = &c;
    soma_tensor *y = kinds[kind].add(x, CELLS, &options);
    if (!y || !soma_output(y) || (c && !soma_output(c))) ck_abort_msg("%s", soma_last_error());
    expect_ok(
        soma_compile(network, test_device, &(soma_compile_options){.loss = {SOMA_MEAN_SQUARED_ERROR, SOMA_LOSS_NONE}}));
    return network;
}

/* Adds share times the gradients of all weights to sum; *h and *c: what the state is at the end. */
static void add_gradients(soma_network *network, const float *x, const float *targets, size_t steps, bool reverse,
                          float *h, float *c, double share, double *sum) {
    const soma_array inputs[3] = {
        {x, SOMA_F32, 3, {1, steps, FEATURES}}, array_f32(h, 1, CELLS), array_f32(c, 1, CELLS)};
    const soma_array target = {targets, SOMA_F32, 3, {1, steps, CELLS}};
    const bool lstm = soma_network_output(network, 1) != NULL;
    float y[LONG * CELLS], gradient[MOST_WEIGHTS], next[CELLS];
    soma_dataset *dataset;
    expect_ok(soma_backward(network, inputs, &target, NULL));
    for (size_t i = 0, done = 0; i < soma_network_parameter_count(network); i++) {
        soma_tensor *parameter = soma_network_parameter(network, i);
        const size_t count = soma_tensor_count(parameter);
        ck_assert_uint_le(done + count, MOST_WEIGHTS);
        expect_ok(soma_get_gradient(network, parameter, gradient, count));
        for (size_t j = 0; j < count; j++) sum[done++] += share * (double)gradient[j];
    }
    expect_ok(soma_dataset_from_arrays(inputs, lstm ? 3 : 2, NULL, 0, &dataset));
    expect_ok(soma_predict(network, dataset, 0, 0, y));
    if (lstm) expect_ok(soma_predict(network, dataset, 1, 0, next));
    memcpy(h, y + (reverse ? 0 : steps - 1) * CELLS, CELLS * sizeof *h);
    if (lstm) memcpy(c, next, sizeof next);
    soma_dataset_destroy(dataset);
}

/* The loss is a mean over the steps: a piece's has its share of them. */
static void add_pieces(size_t kind, bool reverse, const float *x, const float *targets, double *sum) {
    float h[CELLS], c[CELLS];
    fill_uniform(8, h, CELLS);
    fill_uniform(9, c, CELLS);
    for (size_t done = 0; done < LONG; done += PIECE) {
        const size_t steps = LONG - done < PIECE ? LONG - done : PIECE, at = reverse ? LONG - done - steps : done;
        soma_network *piece = trained_over(kind, reverse, steps, 0);
        add_gradients(piece, x + at * FEATURES, targets + at * CELLS, steps, reverse, h, c,
                      (double)steps / (double)LONG, sum);
        soma_network_destroy(piece);
    }
}

static void add_whole(size_t kind, bool reverse, size_t truncate, const float *x, const float *targets, double *sum) {
    float h[CELLS], c[CELLS];
    fill_uniform(8, h, CELLS);
    fill_uniform(9, c, CELLS);
    soma_network *whole = trained_over(kind, reverse, LONG, truncate);
    add_gradients(whole, x, targets, LONG, reverse, h, c, 1, sum);
    soma_network_destroy(whole);
}

/* Each piece of steps by itself, from the state that the one before it has left: the last piece is shorter. */
START_TEST(a_truncated_gradient_is_that_of_pieces) {
    const size_t kind = (size_t)_i / 2;
    const bool reverse = _i % 2;
    float x[LONG * FEATURES], targets[LONG * CELLS];
    double found[MOST_WEIGHTS] = {0}, expected[MOST_WEIGHTS] = {0}, all[MOST_WEIGHTS] = {0}, differs = 0;
    fill_uniform(5, x, LONG * FEATURES);
    fill_uniform(6, targets, LONG * CELLS);
    add_whole(kind, reverse, PIECE, x, targets, found);
    add_pieces(kind, reverse, x, targets, expected);
    add_whole(kind, reverse, LONG, x, targets, all); /* as many as there are: nothing is truncated */
    for (size_t i = 0; i < MOST_WEIGHTS; i++) {
        ck_assert_msg(fabs(found[i] - expected[i]) <= 1e-6, "%s: gradient %zu is %.9g, of the pieces %.9g",
                      kinds[kind].name, i, found[i], expected[i]);
        differs = fmax(differs, fabs(found[i] - all[i]));
    }
    ck_assert_double_gt(differs, 1e-3);
}
END_TEST

enum { LAST, LAST_REVERSE, FINAL, BOTH, WAYS };

/* The gradients of the mean square of what a layer ends with, which is to be 1, of the first MOST_WEIGHTS weights. */
static void end_gradients(size_t kind, size_t way, const float *x, size_t steps, size_t truncate, const float *h,
                          const float *c, float *gradient) {
    const size_t shape[2] = {steps, FEATURES}, units = CELLS;
    soma_recurrent_options options = {
        .truncate = truncate, .last = way != FINAL, .reverse = way == LAST_REVERSE, .bidirectional = way == BOTH};
    soma_network *network;
    soma_tensor *final = NULL;
    float ones[2 * CELLS];
    for (size_t i = 0; i < 2 * CELLS; i++) ones[i] = 1;
    expect_ok(soma_network_create(&network));
    soma_network_set_seed(network, 3);
    soma_tensor *x_input = soma_input(network, "x", 2, shape);
    if (way == FINAL) options.final_state = &final;
    if (h) options.state = soma_input(network, "h", 1, &units);
    if (h && kinds[kind].add == soma_lstm) options.cell = soma_input(network, "c", 1, &units);
    soma_tensor *y = kinds[kind].add(x_input, CELLS, &options);
    if (!y || !soma_output(final ? final : y)) ck_abort_msg("%s", soma_last_error());
    expect_ok(soma_compile(network, test_device, &(soma_compile_options){.loss = {SOMA_MEAN_SQUARED_ERROR}}));
    const soma_array inputs[3] = {
        {x, SOMA_F32, 3, {1, steps, FEATURES}}, array_f32(h, 1, CELLS), array_f32(c, 1, CELLS)};
    const soma_array target = array_f32(ones, 1, way == BOTH ? 2 * CELLS : CELLS);
    expect_ok(soma_backward(network, inputs, &target, NULL));
    const size_t parameters = soma_network_parameter_count(network) / (way == BOTH ? 2 : 1);
    for (size_t i = 0, done = 0; i < parameters; i++) {
        soma_tensor *parameter = soma_network_parameter(network, i);
        const size_t count = soma_tensor_count(parameter);
        ck_assert_uint_le(done + count, MOST_WEIGHTS);
        expect_ok(soma_get_gradient(network, parameter, gradient + done, count));
        done += count;
    }
    soma_network_destroy(network);
}

/* Of five steps the last four are a piece, from the state that the first one has left; the loss of both directions is
 * a mean over twice as many units. */
START_TEST(a_truncated_gradient_of_the_end_reaches_back) {
    const size_t kind = (size_t)_i / WAYS, way = (size_t)_i % WAYS;
    const bool reverse = way == LAST_REVERSE;
    const float share = way == BOTH ? 0.5f : 1;
    float x[LONG * FEATURES], targets[CELLS] = {0}, h[CELLS] = {0}, c[CELLS] = {0};
    float found[MOST_WEIGHTS] = {0}, expected[MOST_WEIGHTS] = {0};
    double unused[MOST_WEIGHTS];
    fill_uniform(5, x, LONG * FEATURES);
    memset(unused, 0, sizeof unused);
    soma_network *first = trained_over(kind, reverse, 1, 0);
    add_gradients(first, x + (reverse ? LONG - 1 : 0) * FEATURES, targets, 1, reverse, h, c, 0, unused);
    soma_network_destroy(first);
    end_gradients(kind, way, x, LONG, LONG - 1, NULL, NULL, found);
    end_gradients(kind, way == BOTH ? LAST : way, x + (reverse ? 0 : FEATURES), LONG - 1, 0, h, c, expected);
    for (size_t i = 0; i < MOST_WEIGHTS; i++)
        ck_assert_msg(fabsf(found[i] - share * expected[i]) <= 1e-6f, "%s: gradient %zu is %.9g, of the piece %.9g",
                      kinds[kind].name, i, (double)found[i], (double)(share * expected[i]));
}
END_TEST

/* ------------------------------------------------------------------------------------------ one place for three */

static soma_device_api plain_api;

static bool combines_all_but_gates(void *state, soma_primitive primitive) {
    return primitive != SOMA_PRIMITIVE_RECURRENT && primitive != SOMA_PRIMITIVE_RECURRENT_GRAD &&
           plain_api.combines(state, primitive);
}

static const char *const placed[] = {"lstm 8; lstm 8 last; dense 2", "lstm 8 bidirectional truncate 5; dense 2",
                                     "gru 8; rnn 8; dense 2"};
enum { PLACED_SAMPLES = 8, PLACED_STEPS = 16, PLACED_FEATURES = 5 };

/* Trained; *bytes: of its activations. */
static soma_network *train_placed(size_t number, const float *x, const float *y, uint64_t *bytes) {
    const bool last = number == 0;
    soma_network *network = network_of_text(placed[number], PLACED_STEPS, PLACED_FEATURES);
    soma_network_figures figures;
    const soma_array input = {x, SOMA_F32, 3, {PLACED_SAMPLES, PLACED_STEPS, PLACED_FEATURES}};
    const soma_array target = {y, SOMA_F32, last ? 2 : 3, {PLACED_SAMPLES, last ? 2 : PLACED_STEPS, 2}};
    soma_dataset *dataset = dataset_of(input, target);
    expect_ok(
        soma_compile(network, test_device, &(soma_compile_options){.loss = {SOMA_MEAN_SQUARED_ERROR, SOMA_LOSS_NONE}}));
    expect_ok(soma_network_get_figures(network, PLACED_SAMPLES, &figures));
    expect_ok(soma_fit(network, dataset, &(soma_fit_options){.epochs = 3, .batch_size = PLACED_SAMPLES}, NULL));
    soma_dataset_destroy(dataset);
    *bytes = figures.activation_bytes;
    return network;
}

/* What is kept of an LSTM's gates lies where x was, and dx where that was: to the bit what it is with places of their
 * own, in less memory. Other recurrent layers keep other sizes. */
START_TEST(gates_take_the_place_of_x) {
    static float x[PLACED_SAMPLES * PLACED_STEPS * PLACED_FEATURES], y[PLACED_SAMPLES * PLACED_STEPS * 2];
    const soma_device_api *device_api = test_device->api;
    uint64_t together, apart;
    fill_uniform(1, x, SOMA_COUNT_OF(x));
    fill_uniform(2, y, SOMA_COUNT_OF(y));
    plain_api = *device_api;
    soma_device_api api = plain_api;
    api.combines = combines_all_but_gates;
    soma_network *one = train_placed((size_t)_i, x, y, &together);
    test_device->api = &api;
    soma_network *own = train_placed((size_t)_i, x, y, &apart);
    test_device->api = device_api;
    expect_same_parameters(one, own);
    if (strstr(placed[_i], "lstm"))
        ck_assert_uint_lt(together, apart);
    else
        ck_assert_uint_eq(together, apart);
    soma_network_destroy(one);
    soma_network_destroy(own);
}
END_TEST

/* The class is what the first of six steps said; what comes after it is noise. */
START_TEST(they_remember_what_was_long_ago) {
    enum { ROWS = 64, T = 6 };
    static const char *const layers[] = {"lstm 6 last; dense 2 softmax", "gru 6 last; dense 2 softmax"};
    float x[ROWS * T];
    int32_t classes[ROWS];
    fill_uniform(7, x, ROWS * T);
    for (size_t i = 0; i < ROWS; i++) {
        classes[i] = i % 2;
        x[i * T] = i % 2 ? 1 : -1;
    }
    for (size_t i = 0; i < SOMA_COUNT_OF(layers); i++) {
        soma_network *network = network_of_text(layers[i], T, 1);
        soma_compile_options options = {.optimizer = {.kind = SOMA_ADAM, .learning_rate = 0.05f}};
        const soma_array inputs = {x, SOMA_F32, 3, {ROWS, T, 1}}, targets = array_i32(classes, ROWS);
        soma_dataset *dataset = dataset_of(inputs, targets);
        int32_t found[ROWS];
        expect_ok(soma_compile(network, test_device, &options));
        expect_ok(soma_fit(network, dataset, &(soma_fit_options){.epochs = 30, .batch_size = 16}, NULL));
        expect_ok(soma_predict_classes(network, dataset, 0, found));
        ck_assert_mem_eq(found, classes, sizeof classes);
        soma_dataset_destroy(dataset);
        soma_network_destroy(network);
    }
}
END_TEST
#endif

static void add_tests(TCase *cases) {
    tcase_add_loop_test(cases, values_are_those_of_other_frameworks, 0, (int)SOMA_COUNT_OF(kinds));
    tcase_add_test(cases, a_stream_in_pieces_is_the_stream);
    tcase_add_test(cases, both_ways_are_two_layers);
    tcase_add_test(cases, biases_begin_as_they_should);
    tcase_add_test(cases, files_keep_them);
#ifdef SOMA_HAVE_TRAINING
    tcase_add_loop_test(cases, a_truncated_gradient_of_the_end_reaches_back, 0, WAYS * (int)SOMA_COUNT_OF(kinds));
    tcase_add_loop_test(cases, a_truncated_gradient_is_that_of_pieces, 0, 2 * (int)SOMA_COUNT_OF(kinds));
    tcase_add_loop_test(cases, gates_take_the_place_of_x, 0, SOMA_COUNT_OF(placed));
    tcase_add_test(cases, they_remember_what_was_long_ago);
#endif
}

int main(int argc, char **argv) {
    return run_trainer_tests(argc, argv, "recurrent", add_tests);
}
