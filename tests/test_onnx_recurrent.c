/* SPDX-License-Identifier: MIT */
/* Recurrent ops of ONNX whose lengths and first states are constants, and cells. Values by hand. */
#include "base/file.h"
#include "expect.h"
#include "io/onnx/export.h"
#include "onnx_model.h"
#include "temporary.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static soma_status load(soma_network **network) {
    const char *path = temporary_path("m.onnx");
    expect_ok(soma_file_write(path, W->data, W->size));
    return soma_load_onnx(path, NULL, network);
}

/* An LSTM of one unit and one feature whose cell takes half of the input's tanh, and keeps half of what it was. Its
 * output is y, or its last cell is. */
static void lstm(int64_t layout, const char *lengths, const char *state, bool cell) {
    floats("w", SHAPE(1, 4, 1), (const float[]){0, 0, 0, 1});
    floats("r", SHAPE(1, 4, 1), (const float[]){0, 0, 0, 0});
    size_t one = soma_onnx_begin_node(&made, "LSTM", cell ? "all" : "y",
                                      (const char *[]){"x", "w", "r", "", lengths, state, NULL});
    if (cell) {
        soma_protobuf_put_text(W, NODE_OUTPUT, "last");
        soma_protobuf_put_text(W, NODE_OUTPUT, "y");
    }
    soma_onnx_put_attribute_integer(&made, "hidden_size", 1);
    soma_onnx_put_attribute_integer(&made, "layout", layout);
    soma_onnx_end_node(&made, one);
}

/* So many equal numbers, which take no memory: whole numbers of 2, or 0. */
static void equal(const char *out, bool whole, size_t rank, const int64_t *shape) {
    integers("shape", rank, shape);
    size_t one = soma_onnx_begin_node(&made, "ConstantOfShape", out, (const char *[]){"shape", NULL});
    if (whole) {
        size_t attribute = soma_protobuf_open(W, NODE_ATTRIBUTE);
        soma_protobuf_put_text(W, 1, "value");
        soma_protobuf_put_integer(W, 20, 4); /* TENSOR */
        size_t value = soma_protobuf_open(W, 5);
        soma_protobuf_put_integer(W, TENSOR_DIMS, 1);
        soma_protobuf_put_integer(W, TENSOR_TYPE, ONNX_INT64);
        soma_protobuf_put_bytes(W, TENSOR_RAW, (const uint8_t[8]){2}, 8);
        soma_protobuf_close(W, value);
        soma_protobuf_close(W, attribute);
    }
    soma_onnx_end_node(&made, one);
}

enum { BATCH = 3, STEPS = 2 };
#define VERY_MANY ((int64_t)1 << 40)

static void right_lengths(void) {
    integers("lengths", BATCH, (const int64_t[]){STEPS, STEPS, STEPS});
    lstm(1, "lengths", NULL, false);
}
static void lengths_of_other_batch(void) {
    integers("lengths", 7, (const int64_t[]){STEPS, STEPS, STEPS, STEPS, STEPS, STEPS, STEPS});
    lstm(1, "lengths", NULL, false);
}
static void long_lengths(void) {
    integers("lengths", BATCH, (const int64_t[]){STEPS + 1, STEPS + 1, STEPS + 1});
    lstm(1, "lengths", NULL, false);
}
static void very_many_lengths(void) {
    equal("lengths", true, SHAPE(VERY_MANY));
    lstm(1, "lengths", NULL, false);
}
static void states_of_other_batch(void) {
    tensor("state", 1, SHAPE(7, 1, 1), 28);
    lstm(1, "", "state", false);
}
static void states_of_open_batch(void) {
    tensor("state", 1, SHAPE(1, 7, 1), 28);
    lstm(0, "", "state", false);
}
static void one_state(void) {
    tensor("state", 1, SHAPE(1, 1, 1), 4);
    lstm(1, "", "state", false);
}
static void very_many_states(void) {
    equal("state", false, SHAPE(VERY_MANY, 1, 1));
    lstm(1, "", "state", false);
}

static const struct {
    void (*body)(void);
    int64_t shape[3];
    soma_status status;
    const char *word;
} cases[] = {
    {right_lengths, {BATCH, STEPS, 1}, SOMA_OK, NULL},
    {right_lengths, {OPEN, STEPS, 1}, SOMA_UNSUPPORTED, "lengths has 3 lengths, and so goes with a batch of that size"},
    {lengths_of_other_batch, {BATCH, STEPS, 1}, SOMA_INVALID_FILE, "lengths has 7 lengths of 3 sequences"},
    {long_lengths, {BATCH, STEPS, 1}, SOMA_INVALID_FILE, "a length of 3 in 2 steps"},
    {very_many_lengths, {VERY_MANY, STEPS, 1}, SOMA_OK, NULL},
    {very_many_lengths, {BATCH, STEPS, 1}, SOMA_INVALID_FILE, "1099511627776 lengths of 3 sequences"},
    {states_of_other_batch, {BATCH, STEPS, 1}, SOMA_INVALID_SHAPE, "dimensions of 7, 1, 1; expected are 3, 1, 1"},
    {states_of_open_batch, {STEPS, OPEN, 1}, SOMA_INVALID_SHAPE, "dimensions of 1, 7, 1; expected are 1, 1, 1"},
    {one_state, {OPEN, STEPS, 1}, SOMA_OK, NULL},
    {very_many_states, {VERY_MANY, STEPS, 1}, SOMA_OK, NULL},
};

START_TEST(lengths_and_states_are_those_of_the_batch) {
    soma_network *network;
    const bool many = cases[_i].body == very_many_lengths || cases[_i].body == very_many_states;
    onnx_make(cases[_i].body, 8, 14, 3, cases[_i].shape);
    if (many && (uint64_t)VERY_MANY > SIZE_MAX) { /* so many have no place on 32 bits */
        expect_error(load(&network), SOMA_INVALID_SHAPE, "than memory has bytes");
    } else if (cases[_i].status == SOMA_OK) {
        expect_ok(load(&network));
        soma_network_destroy(network);
    } else
        expect_error(load(&network), cases[_i].status, cases[_i].word);
}
END_TEST

static void last_cell(void) {
    lstm(1, NULL, NULL, true);
}

START_TEST(the_last_cell_of_one_step_is_written) {
    soma_network *network;
    soma_device *device;
    soma_compile_options options = {.loss = {SOMA_LOSS_NONE}};
    const float x[2] = {1, -2};
    float found[2];
    expect_ok(soma_device_open("cpu", NULL, &device));
    for (int64_t steps = 1; steps <= 2; steps++) {
        onnx_make(last_cell, 8, 14, SHAPE(OPEN, steps, 1));
        expect_ok(load(&network));
        for (int again = 0; again < 2; again++) {
            expect_ok(soma_compile(network, device, &options));
            expect_ok(soma_run(network, x, steps == 1 ? 2 : 1, found));
            const double first = tanh(1) / 2, second = tanh(-2) / 2;
            ck_assert_double_eq_tol((double)found[0], steps == 1 ? first : first / 2 + second, 1e-6);
            if (steps == 1) ck_assert_double_eq_tol((double)found[1], second, 1e-6);
            if (again) break;
            expect_ok(soma_save_onnx(network, temporary_path("again.onnx")));
            soma_network_destroy(network);
            expect_ok(soma_load_onnx(temporary_path("again.onnx"), NULL, &network));
        }
        soma_network_destroy(network);
    }
    soma_device_close(device);
}
END_TEST

/* Without a loss of one's own the network runs; it is training that has no gradient. */
START_TEST(what_has_no_gradient_runs_all_the_same) {
    soma_network *network;
    soma_device *device;
    const float x = 1;
    float found;
    expect_ok(soma_device_open("cpu", NULL, &device));
    onnx_make(last_cell, 8, 14, SHAPE(OPEN, 1, 1));
    expect_ok(load(&network));
    expect_ok(soma_compile(network, device, NULL));
    expect_ok(soma_run(network, &x, 1, &found));
    ck_assert_double_eq_tol((double)found, tanh(1) / 2, 1e-6);
    if (SOMA_HAS_TRAINING) {
        const soma_compile_options squared = {.loss = {SOMA_MEAN_SQUARED_ERROR}};
        double seconds;
        expect_error(soma_bench_steps(network, 1, true, 1, &seconds), SOMA_NO_GRADIENT,
                     "the op second has no gradient");
        expect_error(soma_compile(network, device, &squared), SOMA_NO_GRADIENT, "the op second has no gradient");
    }
    soma_network_destroy(network);
    soma_device_close(device);
}
END_TEST

/* ------------------------------------------------------------------------------------------------ weights made by ops
 */

static void cut(const char *in, const char *out, int64_t start) {
    char from[48], to[48];
    snprintf(from, sizeof from, "%s.from", out);
    snprintf(to, sizeof to, "%s.to", out);
    integers(from, 1, &start);
    integers(to, 1, (const int64_t[]){start + 1});
    size_t one = soma_onnx_begin_node(&made, "Slice", out, (const char *[]){in, from, to, NULL});
    soma_onnx_end_node(&made, one);
}

/* A matrix of exporters' order of gates, i f c o, put into ONNX's, i o f c, as PyTorch's exporter does for a cell. */
static void turn(const char *in, const char *out) {
    const char *const gates[] = {"first", "second", "third", "fourth"};
    const int64_t order[] = {0, 3, 1, 2};
    char name[4][32];
    for (int i = 0; i < 4; i++) {
        snprintf(name[i], sizeof name[i], "%s.%s", in, gates[i]);
        cut(in, name[i], order[i]);
    }
    char joined[32];
    snprintf(joined, sizeof joined, "%s.joined", in);
    size_t one =
        soma_onnx_begin_node(&made, "Concat", joined, (const char *[]){name[0], name[1], name[2], name[3], NULL});
    soma_onnx_put_attribute_integer(&made, "axis", 0);
    soma_onnx_end_node(&made, one);
    node("Unsqueeze", joined, "axes", out);
}

static void cell_of_turned_weights(void) {
    floats("wi", SHAPE(4, 1), (const float[]){0.5F, -0.25F, 1, 2});
    floats("ri", SHAPE(4, 1), (const float[]){0.1F, 0.2F, -0.3F, 0.4F});
    floats("bi", SHAPE(4, 1), (const float[]){0.3F, 0.6F, -0.1F, 0.2F});
    integers("axes", 1, (const int64_t[]){0});
    turn("wi", "w");
    turn("ri", "r");
    turn("bi", "column");
    integers("row", 2, (const int64_t[]){1, 4});
    node("Reshape", "column", "row", "half");
    size_t both = soma_onnx_begin_node(&made, "Concat", "b", (const char *[]){"half", "half", NULL});
    soma_onnx_put_attribute_integer(&made, "axis", 1);
    soma_onnx_end_node(&made, both);
    size_t one = soma_onnx_begin_node(&made, "LSTM", "all", (const char *[]){"x", "w", "r", "b", NULL});
    soma_protobuf_put_text(W, NODE_OUTPUT, "y");
    soma_onnx_put_attribute_integer(&made, "hidden_size", 1);
    soma_onnx_put_attribute_integer(&made, "layout", 1);
    soma_onnx_end_node(&made, one);
}

static double sigmoid(double x) {
    return 1 / (1 + exp(-x));
}

START_TEST(weights_may_be_made_by_ops) {
    soma_network *network;
    soma_device *device;
    const float x[3] = {1, -2, 0.5F};
    float found;
    double h = 0, c = 0;
    for (int i = 0; i < 3; i++) {
        const double input = sigmoid(0.5 * (double)x[i] + 0.1 * h + 0.6);
        const double forget = sigmoid(-0.25 * (double)x[i] + 0.2 * h + 1.2);
        const double candidate = tanh((double)x[i] - 0.3 * h - 0.2);
        const double output = sigmoid(2 * (double)x[i] + 0.4 * h + 0.4);
        c = forget * c + input * candidate;
        h = output * tanh(c);
    }
    expect_ok(soma_device_open("cpu", NULL, &device));
    onnx_make(cell_of_turned_weights, 8, 14, SHAPE(OPEN, 3, 1));
    expect_ok(load(&network));
    expect_ok(soma_compile(network, device, NULL));
    expect_ok(soma_run(network, x, 1, &found));
    ck_assert_double_eq_tol((double)found, h, 1e-6);
    soma_network_destroy(network);
    soma_device_close(device);
}
END_TEST

/* Of one sample the input has the dimensions of weights: of its own gates, of the state's, and as biases. */
static const char *const of_the_input[][4] = {{"x", "x", "w", NULL}, {"x", "w", "x", NULL}, {"x", "w", "w", "b"}};
static int which;

static void cell_of_its_own_input(void) {
    const char *const *from = of_the_input[which];
    integers("row", 2, (const int64_t[]){1, 4});
    floats("w", SHAPE(1, 4, 1), (const float[]){0.5F, -0.25F, 1, 2});
    node("Reshape", "x", "row", "half");
    size_t both = soma_onnx_begin_node(&made, "Concat", "b", (const char *[]){"half", "half", NULL});
    soma_onnx_put_attribute_integer(&made, "axis", 1);
    soma_onnx_end_node(&made, both);
    size_t one = soma_onnx_begin_node(&made, "LSTM", "all", (const char *[]){from[0], from[1], from[2], from[3], NULL});
    soma_protobuf_put_text(W, NODE_OUTPUT, "y");
    soma_onnx_put_attribute_integer(&made, "hidden_size", 1);
    soma_onnx_put_attribute_integer(&made, "layout", 1);
    soma_onnx_end_node(&made, one);
}

START_TEST(weights_that_the_input_makes_are_refused_by_name) {
    soma_network *network;
    which = _i;
    onnx_make(cell_of_its_own_input, 8, 14, SHAPE(1, 4, 1));
    expect_error(load(&network), SOMA_UNSUPPORTED, _i == 2 ? "b must be numbers" : "x must be numbers",
                 "depends on the model's input");
}
END_TEST

/* ------------------------------------------------------------------------------------- several sequences of a sample
 */

enum { MANY = 3, LONG = 4, WIDE = 2, CELLS = 2, WAYS = 2, GATES = 4 }; /* gates: input, output, forget, cell */

static const struct {
    int64_t layout;
    bool cut, stated; /* lengths and first states are given */
    const char *output;
} several[] = {{0, false, false, "y"},   {0, true, true, "y"},     {1, true, true, "y"},
               {0, false, true, "last"}, {1, true, false, "last"}, {0, false, false, "cell"},
               {0, false, true, "cell"}, {1, false, true, "cell"}, {0, true, true, "cell"}};
static int chosen; /* of several */
static const int64_t lengths_of[MANY] = {LONG, 2, 3};

static float number_of(const char *name, size_t i) {
    return (float)((i * 7 + (size_t)name[0] * 3) % 11) / 8.0F - 0.625F;
}

static void put_numbers(const char *name, size_t rank, const int64_t *shape) {
    float values[WAYS * GATES * CELLS * 2];
    size_t count = 1;
    for (size_t i = 0; i < rank; i++) count *= (size_t)shape[i];
    ck_assert_uint_le(count, sizeof values / sizeof *values);
    for (size_t i = 0; i < count; i++) values[i] = number_of(name, i);
    floats(name, rank, shape, values);
}

static void lstm_of_several(void) {
    const bool batchwise = several[chosen].layout;
    const char *output = several[chosen].output;
    if (batchwise) {
        put_value(GRAPH_INPUT, "x", SHAPE(MANY, LONG, WIDE));
        put_numbers("h", SHAPE(MANY, WAYS, CELLS));
        put_numbers("c", SHAPE(MANY, WAYS, CELLS));
    } else {
        put_value(GRAPH_INPUT, "x", SHAPE(LONG, MANY, WIDE));
        put_numbers("h", SHAPE(WAYS, MANY, CELLS));
        put_numbers("c", SHAPE(WAYS, MANY, CELLS));
    }
    put_numbers("w", SHAPE(WAYS, GATES * CELLS, WIDE));
    put_numbers("r", SHAPE(WAYS, GATES * CELLS, CELLS));
    put_numbers("b", SHAPE(WAYS, 2 * GATES * CELLS));
    integers("lengths", MANY, lengths_of);
    size_t one = soma_onnx_begin_node(&made, "LSTM", "y",
                                      (const char *[]){"x", "w", "r", "b", several[chosen].cut ? "lengths" : "",
                                                       several[chosen].stated ? "h" : "",
                                                       several[chosen].stated ? "c" : "", NULL});
    soma_protobuf_put_text(W, NODE_OUTPUT, "last");
    soma_protobuf_put_text(W, NODE_OUTPUT, "cell");
    soma_onnx_put_attribute_integer(&made, "hidden_size", CELLS);
    soma_onnx_put_attribute_integer(&made, "layout", several[chosen].layout);
    soma_onnx_put_attribute_text(&made, "direction", "bidirectional");
    soma_onnx_end_node(&made, one);
    if (strcmp(output, "y") == 0 && batchwise)
        put_value(GRAPH_OUTPUT, output, SHAPE(MANY, LONG, WAYS, CELLS));
    else if (strcmp(output, "y") == 0)
        put_value(GRAPH_OUTPUT, output, SHAPE(LONG, WAYS, MANY, CELLS));
    else if (batchwise)
        put_value(GRAPH_OUTPUT, output, SHAPE(MANY, WAYS, CELLS));
    else
        put_value(GRAPH_OUTPUT, output, SHAPE(WAYS, MANY, CELLS));
}

/* The formula of ONNX's LSTM, of one sequence in one direction. */
static void expect_sequence(size_t way, size_t sequence, double *wanted) {
    const bool batchwise = several[chosen].layout, whole = strcmp(several[chosen].output, "y") == 0;
    const size_t length = several[chosen].cut ? (size_t)lengths_of[sequence] : LONG;
    const size_t state = batchwise ? sequence * WAYS + way : way * MANY + sequence;
    double h[CELLS] = {0}, c[CELLS] = {0};
    for (size_t u = 0; u < CELLS && several[chosen].stated; u++) {
        h[u] = (double)number_of("h", state * CELLS + u);
        c[u] = (double)number_of("c", state * CELLS + u);
    }
    for (size_t round = 0; round < length; round++) {
        const size_t step = way ? length - 1 - round : round;
        const size_t x = (batchwise ? sequence * LONG + step : step * MANY + sequence) * WIDE;
        double sum[GATES][CELLS], next[CELLS];
        for (size_t g = 0; g < GATES; g++)
            for (size_t u = 0; u < CELLS; u++) {
                const size_t row = g * CELLS + u, bias = way * 2 * GATES * CELLS + row;
                sum[g][u] = (double)number_of("b", bias) + (double)number_of("b", bias + GATES * CELLS);
                for (size_t i = 0; i < WIDE; i++)
                    sum[g][u] +=
                        (double)number_of("x", x + i) * (double)number_of("w", (way * GATES * CELLS + row) * WIDE + i);
                for (size_t i = 0; i < CELLS; i++)
                    sum[g][u] += h[i] * (double)number_of("r", (way * GATES * CELLS + row) * CELLS + i);
            }
        for (size_t u = 0; u < CELLS; u++) {
            c[u] = sigmoid(sum[2][u]) * c[u] + sigmoid(sum[0][u]) * tanh(sum[3][u]);
            next[u] = sigmoid(sum[1][u]) * tanh(c[u]);
        }
        const size_t row = batchwise ? (sequence * LONG + step) * WAYS + way : (step * WAYS + way) * MANY + sequence;
        memcpy(h, next, sizeof h);
        if (whole) memcpy(wanted + row * CELLS, h, sizeof h);
    }
    if (!whole) memcpy(wanted + state * CELLS, strcmp(several[chosen].output, "last") == 0 ? h : c, sizeof h);
}

START_TEST(sequences_of_a_sample_are_taken_at_a_time) {
    const soma_onnx_options options = {.batch = SOMA_ONNX_BATCH_NONE};
    double wanted[LONG * WAYS * MANY * CELLS] = {0};
    float x[LONG * MANY * WIDE], found[LONG * WAYS * MANY * CELLS];
    const size_t count = strcmp(several[_i].output, "y") == 0 ? LONG * WAYS * MANY * CELLS : WAYS * MANY * CELLS;
    soma_network *network;
    soma_device *device;
    chosen = _i;
    for (size_t i = 0; i < sizeof x / sizeof *x; i++) x[i] = number_of("x", i);
    for (size_t way = 0; way < WAYS; way++)
        for (size_t sequence = 0; sequence < MANY; sequence++) expect_sequence(way, sequence, wanted);
    onnx_make_graph(lstm_of_several, 8, 14);
    expect_ok(soma_file_write(temporary_path("m.onnx"), W->data, W->size));
    expect_ok(soma_load_onnx(temporary_path("m.onnx"), &options, &network));
    expect_ok(soma_device_open("cpu", NULL, &device));
    for (int again = 0;; again++) {
        uint32_t layers = 0;
        for (uint32_t i = 0; i < network->graph.count; i++) layers += network->graph.tensor[i]->op == SOMA_OP_RECURRENT;
        ck_assert_uint_eq(layers, again == 2 ? WAYS * MANY : WAYS); /* ONNX has one for each sequence of several */
        expect_ok(soma_compile(network, device, &(soma_compile_options){.loss = {SOMA_LOSS_NONE}}));
        expect_ok(soma_run(network, x, 1, found));
        for (size_t i = 0; i < count; i++)
            ck_assert_msg(fabs((double)found[i] - wanted[i]) <= 1e-6, "element %zu is %.9g, expected %.9g", i,
                          (double)found[i], wanted[i]);
        /* Masks, and constants for each sample, have no ONNX form. */
        if (again == 2 || (again && (several[_i].cut || several[_i].stated))) break;
        expect_ok(again ? soma_save_onnx(network, temporary_path("again.onnx"))
                        : soma_save(network, temporary_path("again.safetensors")));
        soma_network_destroy(network);
        expect_ok(again ? soma_load_onnx(temporary_path("again.onnx"), NULL, &network)
                        : soma_load(temporary_path("again.safetensors"), &network));
    }
    soma_network_destroy(network);
    soma_device_close(device);
}
END_TEST

enum { MOST_CUT = 64 }; /* sequences of a sample that may end before others */

typedef enum kind { NO_LENGTHS, FULL_LENGTHS, ONE_LENGTH, LENGTHS_GIVEN } kind;

static const struct {
    size_t sequences;
    kind lengths;
    bool taken;
} amounts[] = {
    {MOST_CUT, NO_LENGTHS, true},         {MOST_CUT, ONE_LENGTH, true},       {MOST_CUT, LENGTHS_GIVEN, true},
    {MOST_CUT + 1, NO_LENGTHS, true},     {MOST_CUT + 1, FULL_LENGTHS, true}, {MOST_CUT + 1, ONE_LENGTH, false},
    {MOST_CUT + 1, LENGTHS_GIVEN, false}, {1 << 20, FULL_LENGTHS, true},      {1 << 20, ONE_LENGTH, false}};

static void rnn_of_many(void) {
    const int64_t sequences = (int64_t)amounts[chosen].sequences;
    const kind lengths = amounts[chosen].lengths;
    put_value(GRAPH_INPUT, "x", SHAPE(STEPS, sequences, 1));
    if (lengths == LENGTHS_GIVEN) put_typed_value(GRAPH_INPUT, "lengths", 6, SHAPE(sequences));
    if (lengths == FULL_LENGTHS || lengths == ONE_LENGTH) {
        integers("count", 1, &sequences);
        integers("length", 1, &(int64_t){lengths == FULL_LENGTHS ? STEPS : STEPS - 1});
        node("Expand", "length", "count", "lengths");
    }
    floats("w", SHAPE(1, 1, 1), &(float){1});
    floats("r", SHAPE(1, 1, 1), &(float){1});
    const size_t one = soma_onnx_begin_node(
        &made, "RNN", "y", (const char *[]){"x", "w", "r", "", lengths == NO_LENGTHS ? "" : "lengths", NULL});
    soma_onnx_put_attribute_integer(&made, "hidden_size", 1);
    soma_onnx_end_node(&made, one);
    put_value(GRAPH_OUTPUT, "y", SHAPE(STEPS, 1, sequences, 1));
}

START_TEST(each_end_of_a_sequence_is_made_by_ops_and_they_are_not_many) {
    const soma_onnx_options options = {.batch = SOMA_ONNX_BATCH_NONE};
    soma_network *network;
    chosen = _i;
    onnx_make_graph(rnn_of_many, 8, 14);
    expect_ok(soma_file_write(temporary_path("m.onnx"), W->data, W->size));
    if (amounts[_i].taken) {
        expect_ok(soma_load_onnx(temporary_path("m.onnx"), &options, &network));
        ck_assert_uint_lt(network->graph.count, 6 * MOST_CUT);
        soma_network_destroy(network);
    } else
        expect_error(soma_load_onnx(temporary_path("m.onnx"), &options, &network), SOMA_UNSUPPORTED,
                     "lengths has lengths of");
}
END_TEST

/* Written is a node for each, and one that joins them, which takes so many. */
START_TEST(as_many_sequences_are_written_as_are_read) {
    const soma_onnx_options options = {.batch = SOMA_ONNX_BATCH_NONE};
    soma_network *network, *again;
    for (chosen = 0; amounts[chosen].lengths != NO_LENGTHS || amounts[chosen].sequences != MOST_CUT + (size_t)_i;)
        chosen++;
    onnx_make_graph(rnn_of_many, 8, 14);
    expect_ok(soma_file_write(temporary_path("m.onnx"), W->data, W->size));
    expect_ok(soma_load_onnx(temporary_path("m.onnx"), &options, &network));
    const char *path = temporary_path("again.onnx");
    if (_i == 0) {
        expect_ok(soma_save_onnx(network, path));
        expect_ok(soma_load_onnx(path, NULL, &again));
        soma_network_destroy(again);
    } else {
        expect_error(soma_save_onnx(network, path), SOMA_UNSUPPORTED, "65 sequences of a sample", "at most 64");
        ck_assert_int_ne(access(path, F_OK), 0);
    }
    soma_network_destroy(network);
}
END_TEST

int main(void) {
    TCase *all = tcase_create("onnx, recurrent");
    tcase_add_checked_fixture(all, temporary_create, temporary_destroy);
    tcase_add_loop_test(all, lengths_and_states_are_those_of_the_batch, 0, sizeof cases / sizeof *cases);
    tcase_add_test(all, the_last_cell_of_one_step_is_written);
    tcase_add_test(all, what_has_no_gradient_runs_all_the_same);
    tcase_add_test(all, weights_may_be_made_by_ops);
    tcase_add_loop_test(all, weights_that_the_input_makes_are_refused_by_name, 0, 3);
    tcase_add_loop_test(all, sequences_of_a_sample_are_taken_at_a_time, 0, sizeof several / sizeof *several);
    tcase_add_loop_test(all, each_end_of_a_sequence_is_made_by_ops_and_they_are_not_many, 0,
                        sizeof amounts / sizeof *amounts);
    tcase_add_loop_test(all, as_many_sequences_are_written_as_are_read, 0, 2);
    Suite *suite = suite_create("onnx, recurrent");
    suite_add_tcase(suite, all);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}
