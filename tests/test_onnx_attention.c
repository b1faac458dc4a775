/* SPDX-License-Identifier: MIT */
/* Attention and RotaryEmbedding of ONNX: values by hand, and what is refused of them. */
#include "base/file.h"
#include "expect.h"
#include "io/onnx/again.h"
#include "io/onnx/export.h"
#include "onnx_model.h"
#include "temporary.h"

#include <math.h>

static soma_status load(soma_network **network) {
    const char *path = temporary_path("m.onnx");
    expect_ok(soma_file_write(path, W->data, W->size));
    return soma_load_onnx(path, NULL, network);
}

static void run(const float *x, size_t samples, float *y) {
    soma_network *network;
    soma_device *device;
    expect_ok(soma_device_open("cpu", NULL, &device));
    expect_ok(load(&network));
    expect_ok(soma_compile(network, device, &(soma_compile_options){.loss = {SOMA_LOSS_NONE}}));
    expect_ok(soma_run(network, x, samples, y));
    soma_network_destroy(network);
    soma_device_close(device);
}

/* ------------------------------------------------------------------------------------------------------- attention */

/* Queries, keys and values are x; the scale is 1. */
static void attention(const char *mask, bool causal, float softcap) {
    size_t one = soma_onnx_begin_node(&made, "Attention", "y", (const char *[]){"x", "x", "x", mask, NULL});
    soma_onnx_put_attribute_integer(&made, "q_num_heads", 1);
    soma_onnx_put_attribute_integer(&made, "kv_num_heads", 1);
    soma_onnx_put_attribute_integer(&made, "is_causal", causal);
    soma_onnx_put_attribute_float(&made, "scale", 1);
    if (softcap != 0) soma_onnx_put_attribute_float(&made, "softcap", softcap);
    soma_onnx_end_node(&made, one);
}

static void plain(void) {
    attention(NULL, false, 0);
}
static void causal(void) {
    attention(NULL, true, 0);
}
static void causal_by_mask(void) {
    floats("mask", SHAPE(2, 2), (const float[]){0, -INFINITY, 0, 0});
    attention("mask", false, 0);
}
static void hides_nothing(void) {
    floats("mask", SHAPE(2, 2), (const float[]){0, 0, 0, 0});
    attention("mask", false, 0);
}
/* Of each sample the second key is seen where its number is above 2. */
static void of_samples(void) {
    floats("two", SHAPE(1), (const float[]){-2});
    floats("both", SHAPE(1, 2, 1), (const float[]){10, 0});
    node("Add", "x", "both", "raised");
    node("Greater", "raised", "two", "seen");
    integers("shape", 4, (const int64_t[]){0, 1, 1, 2});
    node("Reshape", "seen", "shape", "mask");
    attention("mask", false, 0);
}
/* The same, of two dimensions: aligned from the right these are queries and keys. */
static void of_queries(void) {
    floats("two", SHAPE(1), (const float[]){-2});
    floats("both", SHAPE(1, 2, 1), (const float[]){10, 0});
    node("Add", "x", "both", "raised");
    node("Greater", "raised", "two", "seen");
    integers("shape", 2, (const int64_t[]){0, 2});
    node("Reshape", "seen", "shape", "mask");
    attention("mask", false, 0);
}
static void upper(void) {
    floats("mask", SHAPE(2, 2), (const float[]){0, 0, -INFINITY, 0});
    attention("mask", false, 0);
}
static void biased(void) {
    floats("mask", SHAPE(2, 2), (const float[]){0, -1, 0, 0});
    attention("mask", false, 0);
}
/* As many numbers as queries and keys have together, but of two samples. */
static void of_two_samples(void) {
    floats("mask", SHAPE(2, 1, 1, 2), (const float[]){0, -INFINITY, 0, 0});
    attention("mask", false, 0);
}
static void wide_mask(void) {
    floats("mask", SHAPE(2, 3), (const float[]){0, 0, 0, 0, 0, 0});
    attention("mask", false, 0);
}
static void capped(void) {
    attention(NULL, false, 2);
}
/* Neither of the first query's keys is seen. */
static void hides_all(void) {
    bytes("mask", 9, SHAPE(2, 2), (const int8_t[]){0, 0, 1, 1});
    attention("mask", false, 0);
}
/* Truth that depends on the sample, for each query. */
static void of_samples_and_queries(void) {
    floats("two", SHAPE(1), (const float[]){-2});
    floats("both", SHAPE(1, 2, 1), (const float[]){10, 0});
    node("Add", "x", "both", "raised");
    node("Greater", "raised", "two", "seen");
    integers("shape", 4, (const int64_t[]){0, 1, 1, 2});
    node("Reshape", "seen", "shape", "row");
    integers("rows", 4, (const int64_t[]){1, 1, 2, 1});
    node("Expand", "row", "rows", "mask");
    attention("mask", false, 0);
}
/* No key behind a query, nor any before it. */
static void by_window(void) {
    size_t one = soma_onnx_begin_node(&made, "Attention", "y", (const char *[]){"x", "x", "x", NULL});
    soma_onnx_put_attribute_integer(&made, "q_num_heads", 1);
    soma_onnx_put_attribute_integer(&made, "kv_num_heads", 1);
    soma_onnx_put_attribute_integer(&made, "left_window_size", 1);
    soma_onnx_put_attribute_integer(&made, "right_window_size", 0);
    soma_onnx_put_attribute_float(&made, "scale", 1);
    soma_onnx_end_node(&made, one);
}
/* onnxruntime's, whose queries, keys and values are one product: here x beside itself. */
static float filter; /* 0: none */
static void of_microsoft(const char *op, const char *const *inputs, bool unidirectional) {
    size_t one = soma_onnx_begin_node(&made, op, "y", inputs);
    soma_protobuf_put_text(W, 7, "com.microsoft"); /* its domain */
    soma_onnx_put_attribute_integer(&made, "num_heads", 1);
    soma_onnx_put_attribute_integer(&made, "unidirectional", unidirectional);
    if (filter != 0) soma_onnx_put_attribute_float(&made, "mask_filter_value", filter);
    soma_onnx_end_node(&made, one);
}
static void packed(void) {
    floats("weights", SHAPE(1, 3), (const float[]){1, 1, 1});
    floats("bias", SHAPE(3), (const float[]){0, 0, 0});
    of_microsoft("Attention", (const char *[]){"x", "weights", "bias", NULL}, true);
}
/* Which keys a sample has, as whole numbers. */
static void packed_with_keys(void) {
    floats("weights", SHAPE(1, 3), (const float[]){1, 1, 1});
    floats("bias", SHAPE(3), (const float[]){0, 0, 0});
    floats("two", SHAPE(1), (const float[]){-2});
    floats("both", SHAPE(1, 2, 1), (const float[]){10, 0});
    node("Add", "x", "both", "raised");
    node("Greater", "raised", "two", "seen");
    integers("shape", 2, (const int64_t[]){0, 2});
    node("Reshape", "seen", "shape", "keys");
    size_t one = soma_onnx_begin_node(&made, "Cast", "whole", (const char *[]){"keys", NULL});
    soma_onnx_put_attribute_integer(&made, "to", 6);
    soma_onnx_end_node(&made, one);
    of_microsoft("Attention", (const char *[]){"x", "weights", "bias", "whole", NULL}, false);
}
/* A mask of these numbers for all samples: what is not above 0 is not there. */
static void packed_with_mask(const int64_t *numbers) {
    floats("weights", SHAPE(1, 3), (const float[]){1, 1, 1});
    floats("bias", SHAPE(3), (const float[]){0, 0, 0});
    integers("flat", 2, numbers);
    integers("shape", 2, (const int64_t[]){1, 2});
    floats("zero", SHAPE(1), (const float[]){0});
    size_t one = soma_onnx_begin_node(&made, "Cast", "f", (const char *[]){"flat", NULL});
    soma_onnx_put_attribute_integer(&made, "to", 1);
    soma_onnx_end_node(&made, one);
    node("Mul", "x", "zero", "nothing");
    integers("rows", 2, (const int64_t[]){0, 2});
    node("Reshape", "nothing", "rows", "none");
    node("Add", "none", "f", "keys");
    one = soma_onnx_begin_node(&made, "Cast", "whole", (const char *[]){"keys", NULL});
    soma_onnx_put_attribute_integer(&made, "to", 6);
    soma_onnx_end_node(&made, one);
    of_microsoft("Attention", (const char *[]){"x", "weights", "bias", "whole", NULL}, false);
}
static void packed_with_few_hidden(void) {
    filter = -1;
    packed_with_mask((const int64_t[]){2, -1});
    filter = 0;
}
static void packed_with_none(void) {
    packed_with_mask((const int64_t[]){0, 0});
}
static void apart(void) {
    floats("bias", SHAPE(3), (const float[]){0, 0, 0});
    of_microsoft("MultiHeadAttention", (const char *[]){"x", "x", "x", "bias", NULL}, true);
}

static const struct {
    void (*body)(void);
    bool hides_behind, hides_low; /* keys behind a query; a second key of at most -2 */
    bool hides_before, hides_all; /* the first key from the second query; all from the first */
    double bias, cap;             /* added where the first query meets the second key; 0: none */
    double always;                /* the same where the second one does */
} forms[] = {{plain, false, false, false, false, 0, 0, 0},
             {causal, true, false, false, false, 0, 0, 0},
             {causal_by_mask, true, false, false, false, 0, 0, 0},
             {hides_nothing, false, false, false, false, 0, 0, 0},
             {of_samples, false, true, false, false, 0, 0, 0},
             {upper, false, false, true, false, 0, 0, 0},
             {biased, false, false, false, false, -1, 0, 0},
             {capped, false, false, false, false, 0, 2, 0},
             {hides_all, false, false, false, true, 0, 0, 0},
             {of_samples_and_queries, false, true, false, false, 0, 0, 0},
             {by_window, true, false, false, false, 0, 0, 0},
             {packed, true, false, false, false, 0, 0, 0},
             {packed_with_keys, false, true, false, false, 0, 0, 0},
             {apart, true, false, false, false, 0, 0, 0},
             {packed_with_few_hidden, false, false, false, false, -1, 0, -1},
             {packed_with_none, false, false, false, false, 0, 0, 0}};

static double score(double query, double key, double cap) {
    return cap > 0 ? cap * tanh(query * key / cap) : query * key;
}

START_TEST(attention_is_a_mean_by_likeness) {
    const float x[2][2] = {{1, -0.5f}, {0.25f, -3}};
    float y[2][2];
    onnx_make(forms[_i].body, 11, 23, SHAPE(OPEN, 2, 1));
    run(x[0], 2, y[0]);
    for (size_t i = 0; i < 2; i++)
        for (size_t step = 0; step < 2; step++) {
            const double a = (double)x[i][0], b = (double)x[i][1], query = (double)x[i][step];
            const bool hidden = (forms[_i].hides_behind && step == 0) || (forms[_i].hides_low && b <= -2);
            const double bias = step == 0 ? forms[_i].bias : forms[_i].always, cap = forms[_i].cap;
            const double of_b = hidden ? 0 : exp(score(query, b, cap) + bias);
            const double of_a = forms[_i].hides_before && step == 1 ? 0 : exp(score(query, a, cap));
            const bool nothing = forms[_i].hides_all && step == 0;
            const double expected = nothing ? 0 : (of_a * a + of_b * b) / (of_a + of_b);
            ck_assert_double_eq_tol((double)y[i][step], expected, 1e-6);
        }
}
END_TEST

/* ---------------------------------------------------------------------------------------------------------- rotary */

enum { ROTARY_FORMS = 6 };

static void rotary(const char *positions, int64_t heads) {
    size_t one =
        soma_onnx_begin_node(&made, "RotaryEmbedding", "y", (const char *[]){"x", "cosines", "sines", positions, NULL});
    soma_onnx_put_attribute_integer(&made, "num_heads", heads);
    soma_onnx_end_node(&made, one);
}

static void by_steps(void) {
    floats("cosines", SHAPE(1, 2, 1), (const float[]){0.5f, 2});
    floats("sines", SHAPE(1, 2, 1), (const float[]){3, -1});
    rotary(NULL, 2);
}
static void by_positions(void) {
    floats("cosines", SHAPE(3, 1), (const float[]){2, 7, 0.5f});
    floats("sines", SHAPE(3, 1), (const float[]){-1, 7, 3});
    integers("positions", 2, (const int64_t[]){2, 0});
    rotary("positions", 2);
}
static void behind_the_table(void) {
    floats("cosines", SHAPE(3, 1), (const float[]){2, 7, 0.5f});
    floats("sines", SHAPE(3, 1), (const float[]){-1, 7, 3});
    integers("positions", 2, (const int64_t[]){0, 3});
    rotary("positions", 2);
}
static void of_other_samples(void) {
    floats("cosines", SHAPE(2, 2, 1), (const float[]){1, 2, 1, 3});
    floats("sines", SHAPE(2, 2, 1), (const float[]){1, 2, 1, 2});
    rotary(NULL, 2);
}
static void odd(void) {
    floats("cosines", SHAPE(1, 2, 1), (const float[]){0.5f, 2});
    floats("sines", SHAPE(1, 2, 1), (const float[]){3, -1});
    rotary(NULL, 4);
}

/* Tables that are no constants: weights, added up. */
static void by_computed_tables(void) {
    floats("a", SHAPE(1, 2, 1), (const float[]){0.25f, 1});
    floats("b", SHAPE(1, 2, 1), (const float[]){2, 1});
    floats("c", SHAPE(1, 2, 1), (const float[]){1, -2});
    node("Add", "a", "a", "cosines");
    node("Add", "b", "c", "sines");
    rotary(NULL, 2);
}
/* The first number of each step says its position. */
static void put_computed_positions(void) {
    integers("from", 1, (const int64_t[]){0});
    integers("to", 1, (const int64_t[]){1});
    integers("axis", 1, (const int64_t[]){2});
    soma_onnx_end_node(
        &made, soma_onnx_begin_node(&made, "Slice", "first", (const char *[]){"x", "from", "to", "axis", NULL}));
    node("Squeeze", "first", "axis", "one");
    size_t one = soma_onnx_begin_node(&made, "Cast", "positions", (const char *[]){"one", NULL});
    soma_onnx_put_attribute_integer(&made, "to", 7);
    soma_onnx_end_node(&made, one);
    floats("cosines", SHAPE(3, 1), (const float[]){2, 7, 0.5f});
    floats("sines", SHAPE(3, 1), (const float[]){-1, 7, 3});
}
static void by_computed_positions(void) {
    put_computed_positions();
    rotary("positions", 2);
}
/* Of onnxruntime's own op, whose heads are as wide as the table says. */
static void microsoft_rotary(const char *positions) {
    size_t one =
        soma_onnx_begin_node(&made, "RotaryEmbedding", "y", (const char *[]){"x", positions, "cosines", "sines", NULL});
    soma_protobuf_put_text(W, 7, "com.microsoft"); /* its domain */
    soma_onnx_end_node(&made, one);
}
static void by_positions_of_microsoft(void) {
    put_computed_positions();
    microsoft_rotary("positions");
}
/* From the second row on. */
static void by_offset_of_microsoft(void) {
    floats("cosines", SHAPE(3, 1), (const float[]){7, 0.5f, 2});
    floats("sines", SHAPE(3, 1), (const float[]){7, 3, -1});
    integers("offset", 1, (const int64_t[]){1});
    microsoft_rotary("offset");
}

START_TEST(pairs_are_turned_by_tables) {
    void (*const turns[])(void) = {by_steps,
                                   by_positions,
                                   by_computed_tables,
                                   by_computed_positions,
                                   by_positions_of_microsoft,
                                   by_offset_of_microsoft};
    const float x[8] = {2, 2, -3, 4, 0, -6, 7, 8}, cosines[2] = {0.5f, 2}, sines[2] = {3, -1};
    float y[8];
    ck_assert_uint_eq(SOMA_COUNT_OF(turns), ROTARY_FORMS);
    onnx_make(turns[_i], 11, 23, SHAPE(OPEN, 2, 4));
    run(x, 1, y);
    for (size_t pair = 0; pair < 4; pair++) { /* two heads at each of two steps; all numbers are exact */
        const float a = x[2 * pair], b = x[2 * pair + 1], c = cosines[pair / 2], s = sines[pair / 2];
        ck_assert_float_eq(y[2 * pair], a * c - b * s);
        ck_assert_float_eq(y[2 * pair + 1], a * s + b * c);
    }
}
END_TEST

/* ------------------------------------------------------------------------------------------------------ older opsets
 */

enum { SAMPLES = 4, STEPS = 3, WIDTH = 8 };

static soma_network *masked_network(bool causal) {
    soma_network *network;
    expect_ok(soma_network_create(&network));
    soma_tensor *x = soma_input(network, "x", 2, (const size_t[]){STEPS, WIDTH});
    soma_tensor *mask = soma_input(network, "mask", 1, (const size_t[]){STEPS});
    soma_layers(soma_mask(x, mask), causal ? "attention heads 4 kvheads 2 causal" : "attention heads 2");
    expect_ok(soma_network_status(network));
    return network;
}

static void run_masked(soma_network *network, soma_device *device, const float *x, const float *mask, float *y) {
    soma_session *session;
    expect_ok(soma_compile(network, device, &(soma_compile_options){.loss = {SOMA_LOSS_NONE}}));
    expect_ok(soma_session_create(network, NULL, &session));
    expect_ok(soma_session_run(session, SAMPLES, (const float *[]){x, mask}, (float *[]){y}));
    soma_session_destroy(session);
}

/* As products and a softmax: keys that are not there have no weight, and a query that sees none has a mean of 0. */
START_TEST(masks_hold_in_older_opsets) {
    static const float mask[SAMPLES * STEPS] = {1, 1, 1, 1, 0, 1, 0, 1, 1, 0, 0, 0};
    const char *path = temporary_path("old.onnx");
    float x[SAMPLES * STEPS * WIDTH], expected[SAMPLES * STEPS * WIDTH], found[SAMPLES * STEPS * WIDTH];
    for (size_t i = 0; i < SOMA_COUNT_OF(x); i++) x[i] = (float)((int)(i * 7 % 11) - 5) / 4;
    soma_network *network = masked_network(_i == 1), *again;
    soma_device *device;
    expect_ok(soma_device_open("cpu", NULL, &device));
    run_masked(network, device, x, mask, expected);
    expect_ok(soma_save_onnx_with(network, path, &(soma_onnx_save_options){.opset = 13}));
    expect_ok(soma_load_onnx(path, NULL, &again));
    run_masked(again, device, x, mask, found);
    for (size_t i = 0; i < SOMA_COUNT_OF(x); i++) ck_assert_float_eq_tol(found[i], expected[i], 1e-5f);
    soma_network_destroy(again);
    expect_error(soma_save_onnx_with(network, path, &(soma_onnx_save_options){.opset = 6}), SOMA_INVALID_ARGUMENT,
                 "opset 6", "7 and later", "whichever");
    soma_network_destroy(network);
    soma_device_close(device);
}
END_TEST

/* Of what attention is written as for older opsets, read again, nothing is left but attention: of each kind. */
static const struct {
    const char *layers;
    bool masked, causal;
} again[] = {
    {"attention heads 4", false, false},
    {"attention heads 4 causal", false, true},
    {"attention heads 4 kvheads 2 causal", false, true},
    {"attention heads 4 kvheads 1 width 3", false, false},
    {"attention heads 2 causal rotary", false, true},
    {"attention heads 2", true, false},
    {"attention heads 4 kvheads 2", true, false},
    {"attention heads 4 kvheads 2 causal", true, true},
    {"transformer heads 2 causal; transformer heads 4 causal", false, true},
};

static uint32_t count_of(const soma_network *network, soma_op op) {
    uint32_t count = 0;
    for (uint32_t i = 0; i < network->graph.count; i++) count += network->graph.tensor[i]->op == op;
    return count;
}

static void expect_attention(const soma_network *network, const soma_network *source, bool masked, bool causal) {
    const soma_op parts[] = {SOMA_OP_SOFTMAX, SOMA_OP_MATMUL};
    for (size_t i = 0; i < SOMA_COUNT_OF(parts); i++) ck_assert_uint_eq(count_of(network, parts[i]), 0);
    ck_assert_uint_eq(count_of(network, SOMA_OP_ATTENTION), count_of(source, SOMA_OP_ATTENTION));
    for (uint32_t i = 0; i < network->graph.count; i++) {
        const soma_tensor *tensor = network->graph.tensor[i];
        if (tensor->op != SOMA_OP_ATTENTION) continue;
        ck_assert(tensor->attributes.attention.params.causal == causal);
        ck_assert(tensor->attributes.attention.masked == masked);
    }
}

static soma_network *network_of(const char *layers, bool masked) {
    soma_network *network;
    expect_ok(soma_network_create(&network));
    soma_network_set_seed(network, 2);
    soma_tensor *x = soma_input(network, "x", 2, (const size_t[]){STEPS, WIDTH});
    if (masked) x = soma_mask(x, soma_input(network, "mask", 1, (const size_t[]){STEPS}));
    soma_layers(x, layers);
    expect_ok(soma_network_status(network));
    return network;
}

START_TEST(what_was_written_for_older_opsets_is_attention_again) {
    static const float mask[SAMPLES * STEPS] = {1, 1, 1, 1, 0, 1, 0, 1, 1, 0, 0, 0};
    const char *path = temporary_path("old.onnx"), *new = temporary_path("new.onnx");
    float x[SAMPLES * STEPS * WIDTH], expected[SAMPLES * STEPS * WIDTH], found[SAMPLES * STEPS * WIDTH];
    for (size_t i = 0; i < SOMA_COUNT_OF(x); i++) x[i] = (float)((int)(i * 7 % 11) - 5) / 4;
    soma_network *network = network_of(again[_i].layers, again[_i].masked), *read, *newer;
    soma_device *device;
    expect_ok(soma_device_open("cpu", NULL, &device));
    run_masked(network, device, x, mask, expected);
    expect_ok(soma_save_onnx_with(network, path, &(soma_onnx_save_options){.opset = 17}));
    expect_ok(soma_load_onnx(path, NULL, &read));
    expect_attention(read, network, again[_i].masked, again[_i].causal);
    ck_assert_uint_eq(soma_network_parameter_count(read), soma_network_parameter_count(network));
    run_masked(read, device, x, mask, found);
    for (size_t i = 0; i < SOMA_COUNT_OF(x); i++) ck_assert_float_eq_tol(found[i], expected[i], 1e-5f);
    expect_ok(soma_save_onnx(read, new)); /* as attention */
    expect_ok(soma_load_onnx(new, NULL, &newer));
    expect_attention(newer, network, again[_i].masked, again[_i].causal);
    soma_network_destroy(newer);
    soma_network_destroy(read);
    soma_network_destroy(network);
    soma_device_close(device);
}
END_TEST

/* A number that should be looked at is in a file that isn't there. */
static void shape_elsewhere(void) {
    size_t message = soma_protobuf_open(W, GRAPH_INITIALIZER), entry;
    soma_protobuf_put_integer(W, TENSOR_DIMS, 3);
    soma_protobuf_put_integer(W, TENSOR_TYPE, 7); /* INT64 */
    soma_protobuf_put_text(W, TENSOR_NAME, "s");
    entry = soma_protobuf_open(W, 13);
    soma_protobuf_put_text(W, 1, "location");
    soma_protobuf_put_text(W, 2, "missing");
    soma_protobuf_close(W, entry);
    soma_protobuf_put_integer(W, 14, 1); /* EXTERNAL */
    soma_protobuf_close(W, message);
    node("Softmax", "x", NULL, "p");
    node("Reshape", "p", "s", "y");
}

START_TEST(what_cannot_be_read_is_not_taken_for_another_form) {
    const char *path = temporary_path("elsewhere.onnx");
    soma_onnx_file *file;
    soma_onnx_attentions found;
    make(shape_elsewhere, 8, 17);
    expect_ok(soma_file_write(path, W->data, W->size));
    expect_ok(soma_onnx_open(path, &file));
    expect_error(soma_onnx_find_attentions(file, &found), SOMA_IO, "tensor s", "missing");
    soma_onnx_attentions_clear(&found);
    soma_onnx_close(file);
}
END_TEST

/* --------------------------------------------------------------------------------------------------------- refusals */

/* A rewrite makes them where a network is run; of such a graph neither kind of file would be the same network. */
START_TEST(masks_that_are_added_are_not_written) {
    soma_network *network = masked_network(false);
    soma_tensor *mask = soma_network_input(network, 1);
    mask->rank = 3;
    memcpy(mask->shape, (size_t[]){1, 1, STEPS}, 3 * sizeof *mask->shape);
    expect_error(soma_save_onnx(network, temporary_path("no.onnx")), SOMA_UNSUPPORTED, "added to the scores");
    expect_error(soma_save_onnx_with(network, temporary_path("no.onnx"), &(soma_onnx_save_options){.opset = 13}),
                 SOMA_UNSUPPORTED, "added to the scores");
    expect_error(soma_save_c(network, temporary_path("no.c"), NULL, NULL), SOMA_UNSUPPORTED, "added to the scores");
    soma_network_destroy(network);
}
END_TEST

static const struct {
    void (*body)(void);
    int64_t width;
    soma_status status;
    const char *word;
} refusals[] = {
    {wide_mask, 1, SOMA_INVALID_SHAPE, "mask is a mask of more keys than the 2 that there are"},
    {of_queries, 1, SOMA_UNSUPPORTED, "works across the first dimension"},
    {of_two_samples, 1, SOMA_UNSUPPORTED, "works across the first dimension"},
    {behind_the_table, 4, SOMA_INVALID_FILE, "positions from 0 to 3 of a table of 3"},
    {of_other_samples, 4, SOMA_UNSUPPORTED, "cosines is not the same for all samples"},
    {odd, 4, SOMA_INVALID_FILE, "an even number of them is needed"},
};

START_TEST(the_rest_is_refused) {
    soma_network *network;
    onnx_make(refusals[_i].body, 11, 23, SHAPE(OPEN, 2, refusals[_i].width));
    expect_error(load(&network), refusals[_i].status, refusals[_i].word);
}
END_TEST

int main(void) {
    TCase *all = tcase_create("onnx, attention");
    tcase_add_checked_fixture(all, temporary_create, temporary_destroy);
    tcase_add_loop_test(all, attention_is_a_mean_by_likeness, 0, sizeof forms / sizeof *forms);
    tcase_add_loop_test(all, pairs_are_turned_by_tables, 0, ROTARY_FORMS);
    tcase_add_loop_test(all, masks_hold_in_older_opsets, 0, 2);
    tcase_add_test(all, what_cannot_be_read_is_not_taken_for_another_form);
    tcase_add_loop_test(all, what_was_written_for_older_opsets_is_attention_again, 0, sizeof again / sizeof *again);
    tcase_add_test(all, masks_that_are_added_are_not_written);
    tcase_add_loop_test(all, the_rest_is_refused, 0, sizeof refusals / sizeof *refusals);
    Suite *suite = suite_create("onnx, attention");
    suite_add_tcase(suite, all);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failures = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failures != 0;
}
