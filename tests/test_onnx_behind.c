/* SPDX-License-Identifier: MIT */
/*
 * Ops behind what is known only when the model runs, which are networks of their own there: rows that are chosen go
 * into products, convolutions, normalisations and recurrent layers. Values by hand.
 *
 * Usage: test_onnx_behind DEVICE      (exits with 77 where there is no such device)
 */
#include "base/file.h"
#include "expect_array.h"
#include "onnx_model.h"
#include "temporary.h"

#include <soma/onnx.h>
#include <stdio.h>

enum { INT8 = 3, INT32 = 6, INT64 = 7, BOOL = 9 };

static soma_device *device;

static void put(const char *op, const char *const *inputs, const char *out, const char *attribute, int64_t value) {
    size_t one = soma_onnx_begin_node(&made, op, out, inputs);
    if (attribute) soma_onnx_put_attribute_integer(&made, attribute, value);
    soma_onnx_end_node(&made, one);
}
#define INPUTS(...)                                                                                                    \
    (const char *[]) {                                                                                                 \
        __VA_ARGS__, NULL                                                                                              \
    }

static soma_onnx_session *open_model(void (*body)(void)) {
    const char *path = temporary_path("m.onnx");
    soma_onnx_session *session;
    onnx_make_graph(body, 8, 17);
    expect_ok(soma_file_write(path, W->data, W->size));
    expect_ok(soma_onnx_session_create(path, NULL, device, &session));
    return session;
}

/* Those rows of x of which c is true. */
static void put_rows(size_t rank, const int64_t *shape) {
    put_value(GRAPH_INPUT, "x", rank, shape);
    put_typed_value(GRAPH_INPUT, "c", BOOL, SHAPE(OPEN));
    put("Compress", INPUTS("x", "c"), "rows", "axis", 0);
}

static const float six[] = {1, 2, 3, 4, 5, 6};

/* x [3, 2], or [3, ..] of the same, with so many numbers as true. */
static void run(soma_onnx_session *session, size_t rank, const float *x, const uint8_t *c, soma_array *y) {
    soma_array inputs[] = {{x, SOMA_F32, 2, {3, 2}}, {c, SOMA_BOOL, 1, {3}}};
    if (rank == 4) inputs[0] = (soma_array){x, SOMA_F32, 4, {3, 1, 1, 2}};
    expect_ok(soma_onnx_session_run(session, inputs, y));
}

static void products(void) {
    put_rows(SHAPE(OPEN, 2));
    floats("w", SHAPE(2, 3), (const float[]){1, 0, 1, 0, 1, 1});
    floats("b", SHAPE(3), (const float[]){10, 20, 30});
    put("Gemm", INPUTS("rows", "w", "b"), "g", NULL, 0);
    put("MatMul", INPUTS("rows", "w"), "m", NULL, 0);
    put_value(GRAPH_OUTPUT, "g", SHAPE(OPEN, 3));
    put_value(GRAPH_OUTPUT, "m", SHAPE(OPEN, 3));
}

/* Of two rows, of one, of none, and of two others. */
START_TEST(products_of_rows_that_are_left) {
    soma_onnx_session *session = open_model(products);
    soma_array y[2];
    run(session, 2, six, (const uint8_t[]){1, 0, 1}, y);
    expect_floats(&y[0], SHAPE(2, 3), (const float[]){11, 22, 33, 15, 26, 41});
    expect_floats(&y[1], SHAPE(2, 3), (const float[]){1, 2, 3, 5, 6, 11});
    run(session, 2, six, (const uint8_t[]){0, 1, 0}, y);
    expect_floats(&y[0], SHAPE(1, 3), (const float[]){13, 24, 37});
    run(session, 2, six, (const uint8_t[]){0, 0, 0}, y);
    expect_shape(&y[0], SOMA_F32, SHAPE(0, 3));
    expect_shape(&y[1], SOMA_F32, SHAPE(0, 3));
    run(session, 2, six, (const uint8_t[]){1, 1, 0}, y);
    expect_floats(&y[1], SHAPE(2, 3), (const float[]){1, 2, 3, 3, 4, 7});
    soma_onnx_session_destroy(session);
}
END_TEST

/* r r' of the rows r, whose sum over the second r's rows goes on to what the host has: 1 is added. */
static void products_of_both(void) {
    put_rows(SHAPE(OPEN, 2));
    floats("one", SHAPE(1), (const float[]){1});
    put("Transpose", INPUTS("rows"), "turned", NULL, 0);
    put("MatMul", INPUTS("rows", "turned"), "m", NULL, 0);
    put("Add", INPUTS("m", "one"), "y", NULL, 0);
    put_value(GRAPH_OUTPUT, "y", SHAPE(OPEN, OPEN));
}

START_TEST(products_of_what_is_left_with_itself) {
    soma_onnx_session *session = open_model(products_of_both);
    soma_array y;
    run(session, 2, six, (const uint8_t[]){1, 0, 1}, &y);
    expect_floats(&y, SHAPE(2, 2), (const float[]){6, 18, 18, 62});
    run(session, 2, six, (const uint8_t[]){0, 1, 0}, &y);
    expect_floats(&y, SHAPE(1, 1), (const float[]){26});
    run(session, 2, six, (const uint8_t[]){1, 1, 1}, &y);
    expect_floats(&y, SHAPE(3, 3), (const float[]){6, 12, 18, 12, 26, 40, 18, 40, 62});
    soma_onnx_session_destroy(session);
}
END_TEST

/* Images of one row, by two filters of width 2, and their largest. */
static void images(void) {
    put_rows(SHAPE(OPEN, 1, 1, 2));
    floats("w", SHAPE(2, 1, 1, 2), (const float[]){1, 1, 1, -1});
    floats("b", SHAPE(2), (const float[]){0, 100});
    put("Conv", INPUTS("rows", "w", "b"), "y", NULL, 0);
    put("GlobalMaxPool", INPUTS("rows"), "z", NULL, 0);
    put_value(GRAPH_OUTPUT, "y", SHAPE(OPEN, 2, 1, 1));
    put_value(GRAPH_OUTPUT, "z", SHAPE(OPEN, 1, 1, 1));
}

START_TEST(images_that_are_left_are_convolved) {
    soma_onnx_session *session = open_model(images);
    soma_array y[2];
    run(session, 4, six, (const uint8_t[]){0, 1, 1}, y);
    expect_floats(&y[0], SHAPE(2, 2, 1, 1), (const float[]){7, 99, 11, 99});
    expect_floats(&y[1], SHAPE(2, 1, 1, 1), (const float[]){4, 6});
    run(session, 4, six, (const uint8_t[]){0, 0, 0}, y);
    expect_shape(&y[0], SOMA_F32, SHAPE(0, 2, 1, 1));
    soma_onnx_session_destroy(session);
}
END_TEST

/* Whole numbers of a run go in as such: (rows - 1) w, and which of three each is. */
static void whole_numbers(void) {
    put_rows(SHAPE(OPEN, 2));
    bytes("w", INT8, SHAPE(2, 1), (const int8_t[]){1, 2});
    bytes("one", INT8, 0, NULL, (const int8_t[]){1});
    integers("three", 1, (const int64_t[]){3});
    floats("off_on", SHAPE(2), (const float[]){0, 1});
    put("Cast", INPUTS("rows"), "small", "to", INT8);
    put("Cast", INPUTS("rows"), "places", "to", INT64);
    put("MatMulInteger", INPUTS("small", "w", "one"), "y", NULL, 0);
    put("OneHot", INPUTS("places", "three", "off_on"), "h", NULL, 0);
    put_typed_value(GRAPH_OUTPUT, "y", INT32, SHAPE(OPEN, 1));
    put_value(GRAPH_OUTPUT, "h", SHAPE(OPEN, 2, 3));
}

START_TEST(whole_numbers_that_are_left_go_in) {
    soma_onnx_session *session = open_model(whole_numbers);
    soma_array y[2];
    for (int again = 0; again < 2; again++) {
        run(session, 2, six, (const uint8_t[]){1, 0, 1}, y);
        expect_shape(&y[0], SOMA_I32, SHAPE(2, 1));
        ck_assert_int_eq(((const int32_t *)y[0].data)[0], 2);
        ck_assert_int_eq(((const int32_t *)y[0].data)[1], 14);
        expect_floats(&y[1], SHAPE(2, 2, 3), (const float[]){0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0});
        run(session, 2, six, (const uint8_t[]){0, 1, 0}, y);
        expect_shape(&y[0], SOMA_I32, SHAPE(1, 1));
        ck_assert_int_eq(((const int32_t *)y[0].data)[0], 8);
    }
    run(session, 2, six, (const uint8_t[]){0, 0, 0}, y);
    expect_shape(&y[0], SOMA_I32, SHAPE(0, 1));
    soma_onnx_session_destroy(session);
}
END_TEST

/* An image that the file has, by filters of a run. */
static void filters_of_a_run(void) {
    put_rows(SHAPE(OPEN, 2));
    floats("image", SHAPE(1, 1, 1, 4), (const float[]){1, 2, 3, 4});
    integers("filters", 4, (const int64_t[]){-1, 1, 1, 2});
    put("Reshape", INPUTS("rows", "filters"), "w", NULL, 0);
    put("Conv", INPUTS("image", "w"), "y", NULL, 0);
    put_value(GRAPH_OUTPUT, "y", SHAPE(1, OPEN, 1, 3));
}

START_TEST(an_image_of_the_file_is_convolved_by_what_is_left) {
    soma_onnx_session *session = open_model(filters_of_a_run);
    soma_array y;
    run(session, 2, six, (const uint8_t[]){1, 1, 0}, &y);
    expect_floats(&y, SHAPE(1, 2, 1, 3), (const float[]){5, 8, 11, 11, 18, 25});
    run(session, 2, six, (const uint8_t[]){0, 0, 1}, &y);
    expect_floats(&y, SHAPE(1, 1, 1, 3), (const float[]){17, 28, 39});
    soma_onnx_session_destroy(session);
}
END_TEST

/* (x - mean) / deviation of two numbers is -1 and 1, and softmax of equal numbers a half each; over the rows, along the
 * first axis, of all that are left. */
static void normalised(void) {
    put_rows(SHAPE(OPEN, 2));
    floats("scale", SHAPE(2), (const float[]){2, 3});
    floats("zeros", SHAPE(1), (const float[]){0});
    size_t one = soma_onnx_begin_node(&made, "LayerNormalization", "n", INPUTS("rows", "scale"));
    soma_onnx_put_attribute_float(&made, "epsilon", 0);
    soma_onnx_end_node(&made, one);
    put("Mul", INPUTS("rows", "zeros"), "same", NULL, 0);
    put("Softmax", INPUTS("same"), "s", "axis", 0);
    put_value(GRAPH_OUTPUT, "n", SHAPE(OPEN, 2));
    put_value(GRAPH_OUTPUT, "s", SHAPE(OPEN, 2));
}

START_TEST(rows_that_are_left_are_normalised) {
    soma_onnx_session *session = open_model(normalised);
    soma_array y[2];
    run(session, 2, six, (const uint8_t[]){0, 1, 1}, y);
    expect_shape(&y[0], SOMA_F32, SHAPE(2, 2));
    for (size_t i = 0; i < 4; i++) ck_assert_float_eq_tol(((const float *)y[0].data)[i], i % 2 ? 3.0f : -2.0f, 1e-6f);
    expect_floats(&y[1], SHAPE(2, 2), (const float[]){0.5f, 0.5f, 0.5f, 0.5f});
    run(session, 2, six, (const uint8_t[]){0, 1, 0}, y);
    expect_floats(&y[1], SHAPE(1, 2), (const float[]){1, 1});
    soma_onnx_session_destroy(session);
}
END_TEST

/* Steps that are left, of one sequence; a cell whose gates and whose state are all of a product with 0 but the output's
 * input: what stays is relu(x + h) summed, as RNN has it. */
static void recurrent(void) {
    put_rows(SHAPE(OPEN, 2));
    integers("second", 1, (const int64_t[]){1});
    put("Unsqueeze", INPUTS("rows", "second"), "steps", NULL, 0);
    floats("w", SHAPE(1, 1, 2), (const float[]){1, 0});
    floats("r", SHAPE(1, 1, 1), (const float[]){1});
    size_t one = soma_onnx_begin_node(&made, "RNN", "h", INPUTS("steps", "w", "r"));
    soma_protobuf_put_text(W, 2, "last");
    soma_onnx_put_attribute_integer(&made, "hidden_size", 1);
    soma_onnx_put_attribute_texts(&made, "activations", (const char *[]){"Relu"}, 1);
    soma_onnx_end_node(&made, one);
    put_value(GRAPH_OUTPUT, "h", SHAPE(OPEN, 1, 1, 1));
    put_value(GRAPH_OUTPUT, "last", SHAPE(1, 1, 1));
}

START_TEST(steps_that_are_left_follow_each_other) {
    soma_onnx_session *session = open_model(recurrent);
    soma_array y[2];
    run(session, 2, six, (const uint8_t[]){1, 0, 1}, y);
    expect_floats(&y[0], SHAPE(2, 1, 1, 1), (const float[]){1, 6});
    expect_floats(&y[1], SHAPE(1, 1, 1), (const float[]){6});
    run(session, 2, six, (const uint8_t[]){1, 1, 1}, y);
    expect_floats(&y[0], SHAPE(3, 1, 1, 1), (const float[]){1, 4, 9});
    soma_onnx_session_destroy(session);
}
END_TEST

/* A filter that is left: numbers of the run where only a constant can be. */
static void filtered(void) {
    put_rows(SHAPE(OPEN, 1, 1, 2));
    put_value(GRAPH_INPUT, "image", SHAPE(1, 1, 1, 3));
    put("Conv", INPUTS("image", "rows"), "y", NULL, 0);
    put_value(GRAPH_OUTPUT, "y", SHAPE(1, OPEN, 1, 2));
}

START_TEST(filters_that_are_left_are_those_of_the_run) {
    soma_onnx_session *session = open_model(filtered);
    const float image[] = {1, 0, 2}, other[] = {6, 5, 4, 3, 2, 1};
    const uint8_t c[] = {1, 0, 1};
    soma_array inputs[] = {{six, SOMA_F32, 4, {3, 1, 1, 2}},
                           {c, SOMA_BOOL, 1, {3}},
                           {image, SOMA_F32, 4, {1, 1, 1, 3}}},
               y;
    for (size_t again = 0; again < 2; again++) {
        inputs[0].data = six;
        expect_ok(soma_onnx_session_run(session, inputs, &y));
        expect_floats(&y, SHAPE(1, 2, 1, 2), (const float[]){1, 4, 5, 12});
        inputs[0].data = other;
        expect_ok(soma_onnx_session_run(session, inputs, &y));
        expect_floats(&y, SHAPE(1, 2, 1, 2), (const float[]){6, 10, 2, 2});
    }
    soma_onnx_session_destroy(session);
}
END_TEST

/* Filters and figures that are inputs: each image's channel, less the mean, by the root of the variance. */
static void weighted(void) {
    put_value(GRAPH_INPUT, "x", SHAPE(2, 1, 1, 2));
    put_value(GRAPH_INPUT, "w", SHAPE(2, 1, 1, 2));
    put("Conv", INPUTS("x", "w"), "y", NULL, 0);
    put("ConvTranspose", INPUTS("y", "w"), "t", NULL, 0);
    put_value(GRAPH_OUTPUT, "y", SHAPE(2, 2, 1, 1));
    put_value(GRAPH_OUTPUT, "t", SHAPE(2, 1, 1, 2));
}

START_TEST(filters_may_be_inputs) {
    soma_onnx_session *session = open_model(weighted);
    const float w[] = {1, 1, 1, -1}, v[] = {0, 1, 2, 0};
    soma_array y[2], inputs[] = {{six, SOMA_F32, 4, {2, 1, 1, 2}}, {w, SOMA_F32, 4, {2, 1, 1, 2}}};
    expect_ok(soma_onnx_session_run(session, inputs, y));
    expect_floats(&y[0], SHAPE(2, 2, 1, 1), (const float[]){3, -1, 7, -1});
    expect_floats(&y[1], SHAPE(2, 1, 1, 2), (const float[]){2, 4, 6, 8});
    inputs[1].data = v;
    expect_ok(soma_onnx_session_run(session, inputs, y));
    expect_floats(&y[0], SHAPE(2, 2, 1, 1), (const float[]){2, 2, 4, 6});
    expect_floats(&y[1], SHAPE(2, 1, 1, 2), (const float[]){4, 2, 12, 4});
    soma_onnx_session_destroy(session);
}
END_TEST

static void figured(void) {
    put_value(GRAPH_INPUT, "x", SHAPE(3, 2));
    put_value(GRAPH_INPUT, "mean", SHAPE(2));
    floats("one", SHAPE(2), (const float[]){1, 1});
    floats("four", SHAPE(2), (const float[]){4, 16});
    floats("none", SHAPE(2), (const float[]){0, 100});
    size_t node = soma_onnx_begin_node(&made, "BatchNormalization", "y", INPUTS("x", "one", "none", "mean", "four"));
    soma_onnx_put_attribute_float(&made, "epsilon", 0);
    soma_onnx_end_node(&made, node);
    put_value(GRAPH_OUTPUT, "y", SHAPE(3, 2));
}

START_TEST(figures_may_be_inputs) {
    soma_onnx_session *session = open_model(figured);
    const float mean[] = {1, 2};
    soma_array y, inputs[] = {{six, SOMA_F32, 2, {3, 2}}, {mean, SOMA_F32, 1, {2}}};
    expect_ok(soma_onnx_session_run(session, inputs, &y));
    expect_floats(&y, SHAPE(3, 2), (const float[]){0, 100, 1, 100.5f, 2, 101});
    soma_onnx_session_destroy(session);
}
END_TEST

/* A function of the model's own, scale r r' by `alpha`, which each call gives another value. */
static void put_scaled(const char *x, const char *out, float alpha) {
    size_t one = soma_protobuf_open(W, GRAPH_NODE);
    soma_protobuf_put_text(W, NODE_INPUT, x);
    soma_protobuf_put_text(W, NODE_OUTPUT, out);
    soma_protobuf_put_text(W, NODE_OP, "Scaled");
    soma_protobuf_put_text(W, 7, "own");
    soma_onnx_put_attribute_float(&made, "scale", alpha);
    soma_onnx_end_node(&made, one);
}

static void called(void) {
    put_rows(SHAPE(OPEN, 2));
    put_scaled("rows", "y", 1);
    put_scaled("rows", "z", 2);
    put_value(GRAPH_OUTPUT, "y", SHAPE(OPEN, OPEN));
    put_value(GRAPH_OUTPUT, "z", SHAPE(OPEN, OPEN));
}

/* Behind the graph of a model: its functions, of the domain "own". */
static void put_function(void) {
    enum {
        MODEL_FUNCTION = 25,
        NAME = 1,
        INPUT = 4,
        OUTPUT = 5,
        NAME_OF_ATTRIBUTE = 6,
        NODE = 7,
        IMPORT = 9,
        DOMAIN = 10
    };
    size_t function = soma_protobuf_open(W, MODEL_FUNCTION), opset, one, attribute;
    soma_protobuf_put_text(W, NAME, "Scaled");
    soma_protobuf_put_text(W, INPUT, "r");
    soma_protobuf_put_text(W, OUTPUT, "s");
    soma_protobuf_put_text(W, NAME_OF_ATTRIBUTE, "scale");
    one = soma_protobuf_open(W, NODE);
    soma_protobuf_put_text(W, NODE_INPUT, "r");
    soma_protobuf_put_text(W, NODE_INPUT, "r");
    soma_protobuf_put_text(W, NODE_OUTPUT, "s");
    soma_protobuf_put_text(W, NODE_OP, "Gemm");
    soma_onnx_put_attribute_integer(&made, "transB", 1);
    attribute = soma_protobuf_open(W, NODE_ATTRIBUTE);
    soma_protobuf_put_text(W, 1, "alpha");
    soma_protobuf_put_integer(W, 20, 1);    /* FLOAT, */
    soma_protobuf_put_text(W, 21, "scale"); /* that of the call */
    soma_protobuf_close(W, attribute);
    soma_protobuf_close(W, one);
    opset = soma_protobuf_open(W, IMPORT);
    soma_protobuf_put_integer(W, 2, 17);
    soma_protobuf_close(W, opset);
    soma_protobuf_put_text(W, DOMAIN, "own");
    soma_protobuf_close(W, function);
}

START_TEST(calls_of_functions_are_told_apart) {
    const char *path = temporary_path("m.onnx");
    soma_onnx_session *session;
    soma_array y[2];
    onnx_make_graph(called, 8, 17);
    import_domain("own", 1);
    put_function();
    expect_ok(soma_file_write(path, W->data, W->size));
    expect_ok(soma_onnx_session_create(path, NULL, device, &session));
    for (size_t again = 0; again < 4; again++) {
        run(session, 2, six, (const uint8_t[]){1, 0, 1}, y);
        expect_floats(&y[0], SHAPE(2, 2), (const float[]){5, 17, 17, 61});
        expect_floats(&y[1], SHAPE(2, 2), (const float[]){10, 34, 34, 122});
    }
    soma_onnx_session_destroy(session);
}
END_TEST

/* Of two values, each of which may have a batch of its own: a network with one for both serves only while they agree.
 */
static void two_batches(void) {
    put_rows(SHAPE(OPEN, 1, 2));
    put_value(GRAPH_INPUT, "s", SHAPE(1, 2, 1));
    put("MatMul", INPUTS("rows", "s"), "y", NULL, 0);
    put_value(GRAPH_OUTPUT, "y", SHAPE(OPEN, 1, 1));
}

START_TEST(batches_that_agreed_need_not_later) {
    soma_onnx_session *session = open_model(two_batches);
    const float ones[] = {1, 1};
    const uint8_t one[] = {1, 0, 0}, all[] = {1, 1, 1}, two[] = {1, 0, 1};
    soma_array y, inputs[] = {{six, SOMA_F32, 3, {3, 1, 2}}, {one, SOMA_BOOL, 1, {3}}, {ones, SOMA_F32, 3, {1, 2, 1}}};
    expect_ok(soma_onnx_session_run(session, inputs, &y));
    expect_floats(&y, SHAPE(1, 1, 1), (const float[]){3});
    inputs[1].data = all;
    expect_ok(soma_onnx_session_run(session, inputs, &y));
    expect_floats(&y, SHAPE(3, 1, 1), (const float[]){3, 7, 11});
    inputs[1].data = two;
    expect_ok(soma_onnx_session_run(session, inputs, &y));
    expect_floats(&y, SHAPE(2, 1, 1), (const float[]){3, 11});
    soma_onnx_session_destroy(session);
}
END_TEST

/* From 0 to 255 by steps of 1: there and back nothing is lost. The rule keeps what it has made of the input for its
 * other outputs, which is of a network that nobody runs where the node gets one of its own. */
static void quantised(void) {
    put_rows(SHAPE(OPEN, 2));
    size_t one = soma_onnx_begin_node(&made, "DynamicQuantizeLinear", "q", INPUTS("rows"));
    soma_protobuf_put_text(W, NODE_OUTPUT, "scale");
    soma_protobuf_put_text(W, NODE_OUTPUT, "zero");
    soma_onnx_end_node(&made, one);
    put("DequantizeLinear", INPUTS("q", "scale", "zero"), "y", NULL, 0);
    put_value(GRAPH_OUTPUT, "y", SHAPE(OPEN, 2));
}

START_TEST(several_outputs_of_rows_that_are_left) {
    soma_onnx_session *session = open_model(quantised);
    const float x[] = {0, 17, 3, 4, 255, 200};
    soma_array y;
    for (size_t again = 0; again < 2; again++) {
        run(session, 2, x, (const uint8_t[]){1, 0, 1}, &y);
        expect_floats(&y, SHAPE(2, 2), (const float[]){0, 17, 255, 200});
    }
    soma_onnx_session_destroy(session);
}
END_TEST

/* Results of more dimensions than an array has, though what is made of them has fewer. */
static void many_dimensions(void) {
    put_rows(SHAPE(OPEN, 2));
    floats("w", SHAPE(1, 1, 1, 1, 2, 1), (const float[]){1, 1});
    put("MatMul", INPUTS("rows", "w"), "m", NULL, 0);
    put("Flatten", INPUTS("m"), "y", "axis", 0);
    put_value(GRAPH_OUTPUT, "y", SHAPE(1, OPEN));
}

START_TEST(more_dimensions_than_an_array_has_are_refused) {
    soma_onnx_session *session = open_model(many_dimensions);
    const uint8_t c[] = {1, 0, 1};
    soma_array y, inputs[] = {{six, SOMA_F32, 2, {3, 2}}, {c, SOMA_BOOL, 1, {3}}};
    expect_error(soma_onnx_session_run(session, inputs, &y), SOMA_UNSUPPORTED, "node 1", "MatMul",
                 "more than 5 dimensions");
    soma_onnx_session_destroy(session);
}
END_TEST

/* Numbers of 8 bits that are added up where the model says when it runs. */
static void narrow(void) {
    put_typed_value(GRAPH_INPUT, "x", INT8, SHAPE(4));
    put_typed_value(GRAPH_INPUT, "i", INT64, SHAPE(4));
    size_t one = soma_onnx_begin_node(&made, "ScatterElements", "y", INPUTS("x", "i", "x")),
           attribute = soma_protobuf_open(W, NODE_ATTRIBUTE);
    soma_protobuf_put_text(W, 1, "reduction");
    soma_protobuf_put_text(W, 4, "add");
    soma_protobuf_put_integer(W, 20, 3); /* STRING */
    soma_protobuf_close(W, attribute);
    soma_onnx_end_node(&made, one);
    put_typed_value(GRAPH_OUTPUT, "y", INT8, SHAPE(4));
}

START_TEST(sums_that_wrap_are_refused) {
    const char *path = temporary_path("m.onnx");
    soma_onnx_session *session;
    onnx_make_graph(narrow, 8, 17);
    expect_ok(soma_file_write(path, W->data, W->size));
    expect_error(soma_onnx_session_create(path, NULL, device, &session), SOMA_UNSUPPORTED, "ScatterElements",
                 "add of int8 at places", "int32");
}
END_TEST

int main(int argc, char **argv) {
    if (argc != 2) return 2;
    if (soma_device_open(argv[1], NULL, &device) != SOMA_OK) return printf("skipped: %s\n", soma_last_error()), 77;
    TCase *all = tcase_create("onnx_behind");
    tcase_set_timeout(all, 120);
    tcase_add_unchecked_fixture(all, temporary_create, temporary_destroy);
    tcase_add_test(all, products_of_rows_that_are_left);
    tcase_add_test(all, products_of_what_is_left_with_itself);
    tcase_add_test(all, images_that_are_left_are_convolved);
    tcase_add_test(all, rows_that_are_left_are_normalised);
    tcase_add_test(all, steps_that_are_left_follow_each_other);
    tcase_add_test(all, filters_that_are_left_are_those_of_the_run);
    tcase_add_test(all, filters_may_be_inputs);
    tcase_add_test(all, figures_may_be_inputs);
    tcase_add_test(all, calls_of_functions_are_told_apart);
    tcase_add_test(all, batches_that_agreed_need_not_later);
    tcase_add_test(all, several_outputs_of_rows_that_are_left);
    tcase_add_test(all, whole_numbers_that_are_left_go_in);
    tcase_add_test(all, an_image_of_the_file_is_convolved_by_what_is_left);
    tcase_add_test(all, more_dimensions_than_an_array_has_are_refused);
    tcase_add_test(all, sums_that_wrap_are_refused);
    Suite *suite = suite_create("onnx_behind");
    suite_add_tcase(suite, all);
    SRunner *runner = srunner_create(suite);
    srunner_set_fork_status(runner, CK_NOFORK);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    soma_device_close(device);
    return failed == 0 ? 0 : 1;
}
