/* SPDX-License-Identifier: MIT */
/* ONNX files that are wrong: each is refused with the place and the reason. */
#include "base/file.h"
#include "expect.h"
#include "io/onnx/import.h"
#include "onnx_model.h"
#include "peak_memory.h"
#include "temporary.h"

#include <math.h>
#include <sys/stat.h>

static soma_status load_bytes(const uint8_t *data, size_t size) {
    soma_onnx_file *file;
    soma_network *network = NULL;
    peak_memory_start();
    soma_status status = soma_onnx_parse("m.onnx", data, size, &file);
    if (status == SOMA_OK) status = soma_onnx_import(file, NULL, &network);
    ck_assert(status == SOMA_OK || network == NULL);
    expect_little_memory(size, soma_last_error());
    soma_network_destroy(network);
    soma_onnx_close(file);
    return status;
}

/* ------------------------------------------------------------------------------------------------------------- graphs
 */

static void good(void) {
    node("Relu", "x", NULL, "y");
}
static void missing_ops(void) {
    node("MaxRoiPool", "x", "w", "c");
    node("Relu", "c", NULL, "r");
    size_t other = soma_onnx_begin_node(&made, "Attention", "y", (const char *[]){"r", NULL});
    soma_protobuf_put_text(W, 7, "com.example");
    soma_onnx_end_node(&made, other);
}
static void not_there(void) {
    node("Relu", "z", NULL, "y");
}
static void in_a_circle(void) {
    node("Add", "x", "b", "a");
    node("Relu", "a", NULL, "b");
}
static void twice(void) {
    node("Relu", "x", NULL, "y");
    node("Tanh", "x", NULL, "y");
}
static void over_the_input(void) {
    node("Relu", "x", NULL, "x");
}
static void too_many_inputs(void) {
    node("Relu", "x", "x", "y");
}
static void too_few_inputs(void) {
    node("Add", "x", NULL, "y");
}
/* Weights of few bits: their bytes, scales and zero points, of these types. */
static void blocks(int64_t type, int64_t of_scales, int64_t of_zeros) {
    tensor("w", type, SHAPE(1, 1, 4), type == 6 ? 16 : 4);
    tensor("s", of_scales, SHAPE(1, 1), of_scales == 1 ? 4 : 1);
    tensor("z", of_zeros, SHAPE(1, 1), 1);
    size_t one = soma_onnx_begin_node(&made, "MatMulNBits", "y", (const char *[]){"x", "w", "s", "z", NULL});
    soma_protobuf_put_text(W, 7, "com.microsoft");
    soma_onnx_put_attribute_integer(&made, "K", 4);
    soma_onnx_put_attribute_integer(&made, "N", 1);
    soma_onnx_put_attribute_integer(&made, "bits", 8);
    soma_onnx_put_attribute_integer(&made, "block_size", 4);
    soma_onnx_end_node(&made, one);
}
static void blocks_of_words(void) {
    blocks(6, 1, 2); /* INT32, FLOAT, UINT8 */
}
static void blocks_of_signed_bytes(void) {
    blocks(3, 1, 2); /* INT8 */
}
static void blocks_with_bytes_as_scales(void) {
    blocks(2, 2, 2);
}
static void blocks_with_signed_zero_points(void) {
    blocks(2, 1, 3);
}
static void no_output(void) {
    node("Relu", "x", NULL, "z");
}
static void unnamed(void) {
    node("Relu", "x", NULL, "");
}
static void strange_attribute(void) {
    size_t one = soma_onnx_begin_node(&made, "Relu", "y", (const char *[]){"x", NULL});
    soma_onnx_put_attribute_integer(&made, "slope", 1);
    soma_onnx_end_node(&made, one);
}
static void wrong_attribute(void) {
    size_t one = soma_onnx_begin_node(&made, "Elu", "y", (const char *[]){"x", NULL});
    soma_onnx_put_attribute_integer(&made, "alpha", 1);
    soma_onnx_end_node(&made, one);
}
static void softmax_axis(void) {
    size_t one = soma_onnx_begin_node(&made, "Softmax", "y", (const char *[]){"x", NULL});
    soma_onnx_put_attribute_integer(&made, "axis", 7);
    soma_onnx_end_node(&made, one);
}
static void mixed_samples(void) {
    node("Transpose", "x", NULL, "t");
    node("Flatten", "t", NULL, "y");
}
static void few_bytes(void) {
    tensor("w", 1, SHAPE(4, 4), 60);
    node("MatMul", "x", "w", "y");
}
static void negative_dimension(void) {
    tensor("w", 1, SHAPE(-4, 4), 64);
    node("MatMul", "x", "w", "y");
}
static void huge(void) {
    tensor("w", 1, SHAPE(INT64_MAX, INT64_MAX), 64);
    node("MatMul", "x", "w", "y");
}
static void strings(void) {
    tensor("w", 8, SHAPE(4), 16);
    node("Add", "x", "w", "y");
}
static void put_words(void) {
    size_t message = soma_protobuf_open(W, GRAPH_INITIALIZER);
    soma_protobuf_put_integer(W, TENSOR_DIMS, 2);
    soma_protobuf_put_integer(W, TENSOR_TYPE, 8);
    soma_protobuf_put_text(W, 6, "red");
    soma_protobuf_put_text(W, 6, "blue");
    soma_protobuf_put_text(W, TENSOR_NAME, "w");
    soma_protobuf_close(W, message);
}
static void words_added(void) {
    put_words();
    node("Add", "x", "w", "y");
}
static void words_joined(void) {
    put_words();
    node("Concat", "w", "w", "y");
}
static void words_transposed(void) {
    put_words();
    node("Transpose", "w", NULL, "y");
}
static void beyond_float(void) {
    doubles("w", 4, (const double[]){1, 2, -1e39, 4});
    node("Add", "x", "w", "y");
}
static void whole_numbers(void) {
    tensor("w", 7, SHAPE(4), 32);
    node("Add", "x", "w", "y");
}
static void not_to_be_multiplied(void) {
    tensor("w", 1, SHAPE(3, 4), 48);
    node("MatMul", "x", "w", "y");
}
static void other_size(void) {
    tensor("w", 1, SHAPE(3), 12);
    node("Add", "x", "w", "y");
}
static void squeezed(void) {
    integers("axes", 1, (const int64_t[]){1});
    node("Squeeze", "x", "axes", "y");
}
static void open_dimension(void) {
    put_value(GRAPH_INPUT, "z", SHAPE(OPEN, OPEN));
    node("Add", "x", "z", "y");
}
static void very_many(void) {
    char from[16] = "x", to[16];
    for (int i = 0; i < 16384; i++) {
        snprintf(to, sizeof to, "t%d", i);
        node("Relu", from, NULL, to);
        strcpy(from, to);
    }
    node("Relu", from, NULL, "y");
}
static void reshaped_to_zeros(void) {
    tensor("s", 7, SHAPE(2), 16); /* 0, 0 */
    node("Reshape", "x", "s", "t");
    tensor("u", 7, SHAPE(9), 72);
    node("Reshape", "t", "u", "y");
}

static const struct {
    const char *name;
    void (*body)(void);
    int64_t ir, opset;
    soma_status status;
    const char *word[3];
} graphs[] = {
    {"a good one", good, 8, 17, SOMA_OK, {NULL}},
    {"old IR", good, 1, 17, SOMA_INVALID_FILE, {"IR version 1"}},
    {"opset 0", good, 8, 0, SOMA_INVALID_FILE, {"version is 0"}},
    {"opset 99", good, 8, 99, SOMA_UNSUPPORTED, {"opset 99", "up to 28"}},
    {"missing ops",
     missing_ops,
     8,
     17,
     SOMA_UNSUPPORTED,
     {"2 of 3 nodes", "\"MaxRoiPool\": 1 node, \"c\", node 0", "\"com.example.Attention\": 1 node, \"y\", node 2"}},
    {"no such input", not_there, 8, 17, SOMA_INVALID_FILE, {"node 0, \"y\"", "Relu", "\"z\" is no value"}},
    {"a circle", in_a_circle, 8, 17, SOMA_INVALID_FILE, {"node 0, \"a\"", "\"b\" is no value"}},
    {"defined twice", twice, 8, 17, SOMA_INVALID_FILE, {"node 1", "\"y\" is defined twice"}},
    {"an input again", over_the_input, 8, 17, SOMA_INVALID_FILE, {"node 0", "\"x\" is defined twice"}},
    {"too many inputs", too_many_inputs, 8, 17, SOMA_INVALID_FILE, {"node 0", "2 inputs; it takes 1 to 1"}},
    {"too few inputs", too_few_inputs, 8, 17, SOMA_INVALID_FILE, {"node 0", "1 inputs; it takes 2 to 2"}},
    {"blocks of words", blocks_of_words, 8, 17, SOMA_UNSUPPORTED, {"node 0", "w is of int32", "uint8"}},
    {"signed blocks", blocks_of_signed_bytes, 8, 17, SOMA_UNSUPPORTED, {"node 0", "w is of int8", "uint8"}},
    {"bytes as scales", blocks_with_bytes_as_scales, 8, 17, SOMA_UNSUPPORTED, {"s is of uint8", "not whole"}},
    {"signed zero points", blocks_with_signed_zero_points, 8, 17, SOMA_UNSUPPORTED, {"z is of int8", "uint8"}},
    {"no output", no_output, 8, 17, SOMA_INVALID_FILE, {"output 0, \"y\"", "is no value"}},
    {"no name", unnamed, 8, 17, SOMA_INVALID_FILE, {"node 0", "its output has no name"}},
    {"strange attribute", strange_attribute, 8, 17, SOMA_UNSUPPORTED, {"node 0", "\"slope\" is not known"}},
    {"wrong attribute",
     wrong_attribute,
     8,
     17,
     SOMA_INVALID_FILE,
     {"node 0", "alpha must be a float", "INT (attribute type 2)"}},
    {"axis", softmax_axis, 8, 17, SOMA_INVALID_FILE, {"node 0", "axis 7 of 2"}},
    {"mixed samples", mixed_samples, 8, 17, SOMA_UNSUPPORTED, {"node 1", "Flatten", "dimension 1, which is the batch"}},
    {"few bytes", few_bytes, 8, 17, SOMA_INVALID_FILE, {"tensor w", "16 elements", "holds 15"}},
    {"negative", negative_dimension, 8, 17, SOMA_INVALID_FILE, {"tensor w", "dimension 0 is -4"}},
    {"huge", huge, 8, 17, SOMA_INVALID_FILE, {"tensor w", "more elements than memory"}},
    {"words added", words_added, 8, 17, SOMA_UNSUPPORTED, {"input 1, \"w\", holds words", "numbers"}},
    {"words joined", words_joined, 8, 17, SOMA_UNSUPPORTED, {"input 0, \"w\", holds words", "numbers"}},
    {"words transposed", words_transposed, 8, 17, SOMA_UNSUPPORTED, {"input 0, \"w\", holds words", "numbers"}},
    {"strings", strings, 8, 17, SOMA_INVALID_FILE, {"tensor w", "make 4 elements", "holds 0"}},
    {"beyond float32", beyond_float, 8, 17, SOMA_INVALID_FILE, {"tensor w: element 2 is -1e+39", "float32"}},
    {"whole numbers",
     whole_numbers,
     8,
     17,
     SOMA_UNSUPPORTED,
     {"node 0", "w holds whole numbers, int64 (element type 7)"}},
    {"no product", not_to_be_multiplied, 8, 17, SOMA_INVALID_SHAPE, {"node 0", "4 columns by 3 rows"}},
    {"other size", other_size, 8, 17, SOMA_INVALID_SHAPE, {"node 0", "4 and 3 cannot be broadcast"}},
    {"squeezed", squeezed, 8, 17, SOMA_INVALID_SHAPE, {"node 0", "dimension 1 is 4", "only those of 1"}},
    {"open dimension", open_dimension, 8, 17, SOMA_UNSUPPORTED, {"input 1, \"z\"", "dimensions 0 and 1 are not fixed"}},
    {"very many nodes", very_many, 8, 17, SOMA_UNSUPPORTED, {"16387 nodes and tensors", "at most 16384"}},
    {"nine dimensions", reshaped_to_zeros, 8, 17, SOMA_INVALID_FILE, {"node 1", "at most 8"}},
};

/* A message that names its file twice has been put together of two that both did. */
static void expect_named_once(const char *file) {
    const char *said = soma_last_error(), *first = strstr(said, file);
    ck_assert_msg(first && !strstr(first + 1, file), "names %s not once: %s", file, said);
}

START_TEST(a_bad_graph_is_refused_by_node_and_reason) {
    make(graphs[_i].body, graphs[_i].ir, graphs[_i].opset);
    const char *words[] = {"", NULL, NULL, NULL, NULL};
    for (size_t i = 0; i < 3; i++) words[i + 1] = graphs[_i].word[i];
    if (graphs[_i].status != SOMA_OK) words[0] = "m.onnx: ";
    expect_error_words(load_bytes(W->data, W->size), graphs[_i].status, words, graphs[_i].name);
    if (graphs[_i].status != SOMA_OK) expect_named_once("m.onnx: ");
}
END_TEST

START_TEST(a_domain_has_one_version) {
    const struct {
        const char *domain;
        int64_t version;
        soma_status status;
        const char *word;
    } again[] = {{NULL, 17, SOMA_OK, ""},
                 {"", 17, SOMA_OK, ""},
                 {"ai.onnx", 17, SOMA_OK, ""},
                 {"ai.onnx", 16, SOMA_INVALID_FILE, "\"ai.onnx\" with version 17 and with version 16"},
                 {NULL, 18, SOMA_INVALID_FILE, "\"ai.onnx\" with version 17 and with version 18"},
                 {"com.example", 2, SOMA_OK, ""},
                 {"com.example", 3, SOMA_INVALID_FILE, "\"com.example\" with version 2 and with version 3"}};
    for (size_t i = 0; i < sizeof again / sizeof *again; i++) {
        make(good, 8, 17);
        import_domain("com.example", 2);
        import_domain(again[i].domain, again[i].version);
        const char *words[] = {again[i].word, NULL};
        expect_error_words(load_bytes(W->data, W->size), again[i].status, words, "a domain");
    }
}
END_TEST

static int64_t strange_type;
static void strange_input(void) {
    put_typed_value(GRAPH_INPUT, "ids", strange_type, SHAPE(OPEN, 4));
    node("Add", "x", "ids", "y");
}
/* An input of another kind: the field of its type's message is the kind's number. */
static void strange_kind(void) {
    size_t value = soma_protobuf_open(W, GRAPH_INPUT);
    soma_protobuf_put_text(W, 1, "s");
    size_t type = soma_protobuf_open(W, 2);
    soma_protobuf_close(W, soma_protobuf_open(W, (unsigned)strange_type));
    soma_protobuf_close(W, type);
    soma_protobuf_close(W, value);
    node("Add", "x", "s", "y");
}

START_TEST(a_type_that_is_refused_is_named) {
    const struct {
        int64_t elements;
        const char *word;
    } types[] = {{8, "string (element type 8)"},         {14, "complex64 (element type 14)"},
                 {17, "float8e4m3fn (element type 17)"}, {20, "float8e5m2fnuz (element type 20)"},
                 {22, "int4 (element type 22)"},         {23, "float4e2m1 (element type 23)"},
                 {99, "unknown (element type 99)"},      {-1, "unknown (element type -1)"},
                 {0, "undefined (element type 0)"}};
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        strange_type = types[i].elements;
        make(strange_input, 8, 17);
        expect_error(load_bytes(W->data, W->size), SOMA_UNSUPPORTED, "input 1, \"ids\"", types[i].word);
    }
    const struct {
        int64_t number;
        const char *word;
    } kinds[] = {
        {4, "type sequence (value type 4)"}, {5, "type map (value type 5)"}, {9, "type optional value (value type 9)"}};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        strange_type = kinds[i].number;
        make(strange_kind, 8, 17);
        expect_error(load_bytes(W->data, W->size), SOMA_UNSUPPORTED, "input 1, \"s\"", kinds[i].word,
                     "a tensor (value type 1)");
    }
}
END_TEST

enum { UINT8 = 2, INT8 = 3 };

/* An LSTM of one unit whose weights are bytes, with their zero point, and of which the scale is in question. */
typedef struct byte_lstm {
    const char *w; /* its name */
    int64_t w_type, r_type, zero_type;
    size_t scale_rank;
    int64_t scale_shape[2];
    double scale;
    soma_status status;
    const char *word[2];
} byte_lstm;
static const byte_lstm *chosen_lstm;

static void put_byte_lstm(void) {
    const byte_lstm *c = chosen_lstm;
    const float scale = (float)c->scale;
    tensor("w", c->w_type, SHAPE(1, 4, 4), 16);
    tensor("empty", c->w_type, SHAPE(1, 0, 4), 0);
    tensor("r", c->r_type, SHAPE(1, 1, 4), 4);
    tensor("z", c->zero_type, SHAPE(1), 1);
    tensor("rz", c->r_type, SHAPE(1), 1);
    if (c->scale > 1e30)
        doubles("s", 1, &c->scale);
    else
        floats("s", c->scale_rank, c->scale_shape, (const float[]){scale, scale, scale, scale});
    floats("rs", SHAPE(1, 4), (const float[]){1, 1, 1, 1});
    integers("axes", 1, (const int64_t[]){0});
    node("Unsqueeze", "x", "axes", "sequence");
    size_t one =
        soma_onnx_begin_node(&made, "DynamicQuantizeLSTM", "y",
                             (const char *[]){"sequence", c->w, "r", "", "", "", "", "", "s", "z", "rs", "rz", NULL});
    soma_protobuf_put_text(W, 7, "com.microsoft");
    soma_onnx_put_attribute_integer(&made, "hidden_size", 1);
    soma_onnx_end_node(&made, one);
}

START_TEST(weights_of_bytes_have_one_type_and_scales_that_fit) {
    static const byte_lstm cases[] = {
        {"w", INT8, INT8, INT8, 1, {1}, 0.5, SOMA_OK, {NULL}},
        {"w", UINT8, UINT8, UINT8, 2, {1, 4}, 0.5, SOMA_OK, {NULL}},
        {"w", INT8, INT8, UINT8, 1, {1}, 0.5, SOMA_INVALID_FILE, {"w and z are of different types, int8", "uint8"}},
        {"w", UINT8, INT8, UINT8, 1, {1}, 0.5, SOMA_INVALID_FILE, {"w and r are of different types, uint8", "int8"}},
        {"w", INT8, INT8, INT8, 0, {0}, 0.5, SOMA_INVALID_SHAPE, {"s has 0 dimensions", "expected are [1] or [1, 4]"}},
        {"w", INT8, INT8, INT8, 1, {4}, 0.5, SOMA_INVALID_SHAPE, {"s has 1 dimensions and 4", "[1] or [1, 4]"}},
        {"w", INT8, INT8, INT8, 2, {4, 1}, 0.5, SOMA_INVALID_SHAPE, {"s has 2 dimensions and 4", "[1] or [1, 4]"}},
        {"w", INT8, INT8, INT8, 1, {1}, 1e300, SOMA_INVALID_FILE, {"s, element 0, is 1e+300", "float32"}},
        {"w", INT8, INT8, INT8, 1, {1}, HUGE_VAL, SOMA_INVALID_FILE, {"s, element 0, is inf", "must be finite"}},
        {"empty", INT8, INT8, INT8, 1, {1}, 0.5, SOMA_INVALID_SHAPE, {"empty has 3 dimensions and 0 elements", "some"}},
        {"sequence", INT8, INT8, INT8, 1, {1}, 0.5, SOMA_UNSUPPORTED, {"sequence must be a constant of int8", "uint8"}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *words[] = {"", cases[i].word[0], cases[i].word[1], NULL};
        chosen_lstm = &cases[i];
        make(put_byte_lstm, 8, 17);
        expect_error_words(load_bytes(W->data, W->size), cases[i].status, words, "an LSTM of bytes");
    }
}
END_TEST

static double strange_scale;
static void put_dequantised(void) {
    tensor("w", INT8, SHAPE(4), 4);
    doubles("s", 1, &strange_scale);
    node("DequantizeLinear", "w", "s", "d");
    node("Add", "x", "d", "y");
}

START_TEST(a_scale_is_a_finite_float32) {
    strange_scale = 1e300;
    make(put_dequantised, 8, 17);
    expect_error(load_bytes(W->data, W->size), SOMA_INVALID_FILE, "node 0", "s, element 0, is 1e+300", "float32");
    strange_scale = HUGE_VAL;
    make(put_dequantised, 8, 17);
    expect_error(load_bytes(W->data, W->size), SOMA_INVALID_FILE, "node 0", "s, element 0, is inf", "must be finite");
    strange_scale = 1e30;
    make(put_dequantised, 8, 17);
    expect_ok(load_bytes(W->data, W->size));
}
END_TEST

/* -------------------------------------------------------------------------------------------------------------- bytes
 */

#define BYTES(...) (const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__})

START_TEST(bad_bytes_are_refused_by_offset) {
    expect_error(load_bytes((const uint8_t *)"", 0), SOMA_INVALID_FILE, "m.onnx: ", "no graph", "empty");
    expect_error(load_bytes(BYTES(0x80)), SOMA_INVALID_FILE, "offset 0: ", "tag that does not end");
    expect_error(load_bytes(BYTES(0x08, 0x08, 0x00)), SOMA_INVALID_FILE, "offset 2: ", "field number");
    expect_error(load_bytes(BYTES(0x08, 0x80, 0x80)), SOMA_INVALID_FILE, "offset 0: ", "number that does not end");
    expect_error(load_bytes(BYTES(0x08, 0x08, 0x3A, 0x05, 0x0A)), SOMA_INVALID_FILE, "offset 3: ", "5 bytes",
                 "has 1 left");
    expect_error(load_bytes(BYTES(0x38, 0x01)), SOMA_INVALID_FILE, "offset 0: ", "field of another type");
    expect_error(load_bytes(BYTES(0x0B)), SOMA_INVALID_FILE, "offset 0: ", "type");
    expect_error(load_bytes(BYTES(0x12, 0x02, 'a', 0xFF)), SOMA_INVALID_FILE, "offset 3: ", "UTF-8");
    expect_error(load_bytes(BYTES(0x12, 0x02, 'a', 0x00)), SOMA_INVALID_FILE, "offset 3: ", "zero byte");
    expect_error(load_bytes(BYTES(0x3A, 0x04, 0x2A, 0x02, 0x25, 0x00)), SOMA_INVALID_FILE, "offset 4: ", "TensorProto");
    expect_error(load_bytes((const uint8_t *)"\x89PNG\r\n\x1a\n", 8), SOMA_INVALID_FILE, "offset ");
}
END_TEST

/* Cut short anywhere, a model is refused, or has lost nothing but its end. */
START_TEST(no_cut_does_harm) {
    make(few_bytes, 8, 17);
    for (size_t size = 0; size < W->size; size++) {
        uint8_t *copy = malloc(size ? size : 1); /* just so large, that a sanitizer sees what reads past the end */
        memcpy(copy, W->data, size);
        ck_assert_int_ne(load_bytes(copy, size), SOMA_OK);
        free(copy);
    }
}
END_TEST

START_TEST(messages_nested_deep_or_empty_take_no_memory) {
    soma_protobuf writer = {.data = NULL};
    size_t opened[3000];
    for (int i = 0; i < 3000; i++)
        opened[i] = soma_protobuf_open(&writer, i == 0 ? 7 : i % 3 == 1 ? 1 : i % 3 == 2 ? 5 : 6);
    for (int i = 3000; i-- > 0;) soma_protobuf_close(&writer, opened[i]);
    expect_error(load_bytes(writer.data, writer.size), SOMA_INVALID_FILE, "offset ", "nested too deep");
    writer.size = 0;
    size_t graph = soma_protobuf_open(&writer, 7);
    for (int i = 0; i < 100000; i++) soma_protobuf_put_bytes(&writer, GRAPH_NODE, "", 0);
    soma_protobuf_close(&writer, graph);
    expect_error(load_bytes(writer.data, writer.size), SOMA_INVALID_FILE, "16 times its 200");
    soma_free(writer.data);
}
END_TEST

/* Merging many would take minutes. */
START_TEST(a_message_that_comes_twice_where_one_belongs_is_refused) {
    soma_protobuf writer = {.data = NULL};
    for (int i = 0; i < 100000; i++) {
        size_t graph = soma_protobuf_open(&writer, 7), node = soma_protobuf_open(&writer, GRAPH_NODE);
        soma_protobuf_put_text(&writer, 4, "Relu");
        soma_protobuf_close(&writer, node);
        soma_protobuf_close(&writer, graph);
    }
    char place[64];
    size_t each = writer.size / 100000;
    snprintf(place, sizeof place, "offset %zu: a second graph in a ModelProto", each + 1);
    expect_error(load_bytes(writer.data, writer.size), SOMA_INVALID_FILE, place);
    soma_free(writer.data);
}
END_TEST

/* ------------------------------------------------------------------------------------------------------ external data
 */

static const char *external_location, *external_offset, *external_length;

static void pair(const char *key, const char *value) {
    if (!value) return;
    size_t entry = soma_protobuf_open(W, 13);
    soma_protobuf_put_text(W, 1, key);
    soma_protobuf_put_text(W, 2, value);
    soma_protobuf_close(W, entry);
}

static void external(void) {
    size_t message = soma_protobuf_open(W, GRAPH_INITIALIZER);
    soma_protobuf_put_integer(W, TENSOR_DIMS, 4);
    soma_protobuf_put_integer(W, TENSOR_TYPE, 1);
    soma_protobuf_put_text(W, TENSOR_NAME, "w");
    pair("location", external_location);
    pair("offset", external_offset);
    pair("length", external_length);
    soma_protobuf_put_integer(W, 14, 1);
    soma_protobuf_close(W, message);
    node("Add", "x", "w", "y");
}

static soma_status load_external(const char *location, const char *offset, const char *length) {
    const char *path = temporary_path("model.onnx");
    soma_network *network;
    external_location = location;
    external_offset = offset;
    external_length = length;
    make(external, 8, 17);
    expect_ok(soma_file_write(path, W->data, W->size));
    soma_status status = soma_load_onnx(path, NULL, &network);
    float values[4] = {0};
    if (status == SOMA_OK) {
        expect_ok(soma_get_parameter(network, soma_network_parameter(network, 0), values, 4));
        ck_assert_float_eq(values[0], offset ? 2 : 1);
    }
    soma_network_destroy(network);
    if (status != SOMA_OK) expect_named_once("model.onnx: ");
    return status;
}

START_TEST(external_data_is_read_from_beside_the_model_alone) {
    /* 1, 2, 3, 4, 5, 6 in float32, little-endian. */
    static const uint8_t numbers[24] = {0, 0, 0x80, 0x3f, 0, 0, 0,    0x40, 0, 0, 0x40, 0x40,
                                        0, 0, 0x80, 0x40, 0, 0, 0xa0, 0x40, 0, 0, 0xc0, 0x40};
    expect_ok(soma_file_write(temporary_path("data"), numbers, sizeof numbers));
    expect_ok(load_external("data", NULL, NULL));
    expect_ok(load_external("data", "4", "16"));
    expect_error(load_external("data", "12", NULL), SOMA_INVALID_FILE, "tensor w",
                 "16 bytes at offset 12 of a file of 24");
    expect_error(load_external("data", "18446744073709551615", NULL), SOMA_INVALID_FILE, "tensor w", "offset");
    expect_error(load_external("data", "-4", NULL), SOMA_INVALID_FILE, "tensor w", "number of bytes");
    expect_error(load_external("data", NULL, "20"), SOMA_INVALID_FILE, "tensor w", "20 bytes; its dimensions make 16");
    expect_error(load_external(NULL, NULL, NULL), SOMA_INVALID_FILE, "tensor w", "no \"location\"");
    expect_error(load_external("nothing", NULL, NULL), SOMA_IO, "tensor w", "\"nothing\"");
    expect_error(load_external("/etc/passwd", NULL, NULL), SOMA_INVALID_FILE, "leads out");
    expect_error(load_external("../data", NULL, NULL), SOMA_INVALID_FILE, "leads out");
    expect_error(load_external("a/../../data", NULL, NULL), SOMA_IO, "cannot open");
    ck_assert_int_eq(symlink("data", temporary_path("soft")), 0);
    expect_error(load_external("soft", NULL, NULL), SOMA_INVALID_FILE, "symbolic link");
    ck_assert_int_eq(symlink(".", temporary_path("around")), 0);
    expect_error(load_external("around/data", NULL, NULL), SOMA_INVALID_FILE, "symbolic link");
    ck_assert_int_eq(mkfifo(temporary_path("pipe"), 0600), 0);
    expect_error(load_external("pipe", NULL, NULL), SOMA_INVALID_FILE, "no ordinary file");
    ck_assert_int_eq(link(temporary_path("data"), temporary_path("hard")), 0);
    expect_error(load_external("hard", NULL, NULL), SOMA_INVALID_FILE, "hard link");
}
END_TEST

int main(void) {
    TCase *cases = tcase_create("onnx, bad files");
    tcase_add_checked_fixture(cases, temporary_create, temporary_destroy);
    tcase_add_loop_test(cases, a_bad_graph_is_refused_by_node_and_reason, 0, sizeof graphs / sizeof graphs[0]);
    tcase_add_test(cases, a_domain_has_one_version);
    tcase_add_test(cases, a_type_that_is_refused_is_named);
    tcase_add_test(cases, weights_of_bytes_have_one_type_and_scales_that_fit);
    tcase_add_test(cases, a_scale_is_a_finite_float32);
    tcase_add_test(cases, bad_bytes_are_refused_by_offset);
    tcase_add_test(cases, no_cut_does_harm);
    tcase_add_test(cases, messages_nested_deep_or_empty_take_no_memory);
    tcase_add_test(cases, a_message_that_comes_twice_where_one_belongs_is_refused);
    tcase_add_test(cases, external_data_is_read_from_beside_the_model_alone);
    Suite *suite = suite_create("onnx, bad files");
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}
