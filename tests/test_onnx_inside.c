/* SPDX-License-Identifier: MIT */
/* What stands inside of nodes: functions that a model defines, and the bodies of Loop and Scan. */
#include "base/base.h"
#include "base/file.h"
#include "expect.h"
#include "onnx_model.h"
#include "temporary.h"

#include <soma/onnx.h>
#include <soma/soma.h>
#include <stdio.h>

enum { FLOAT = 1, INT64 = 7, BOOL = 9, MOST = 512 };
/* Fields of messages. */
enum { MODEL_FUNCTION = 25, FUNCTION_NAME = 1, FUNCTION_INPUT = 4, FUNCTION_OUTPUT = 5, FUNCTION_NODE = 7 };
enum { FUNCTION_OPSET = 9, FUNCTION_DOMAIN = 10, FUNCTION_DEFAULT = 11, NODE_DOMAIN = 7, NODE_ATTRIBUTES = 5 };
enum { ATTRIBUTE_NAME = 1, ATTRIBUTE_NUMBER = 2, ATTRIBUTE_GRAPH = 6, ATTRIBUTE_TYPE = 20, ATTRIBUTE_REFERENCE = 21 };
#define DOMAIN_OWN "own"

static soma_device *device;

/* ------------------------------------------------------------------------------------------------- writing messages */

static size_t begin(unsigned field, const char *op, const char *domain, const char *const *inputs,
                    const char *const *outputs) {
    size_t one = soma_protobuf_open(W, field);
    for (; *inputs; inputs++) soma_protobuf_put_text(W, NODE_INPUT, *inputs);
    for (; *outputs; outputs++) soma_protobuf_put_text(W, NODE_OUTPUT, *outputs);
    soma_protobuf_put_text(W, NODE_OP, op);
    if (domain) soma_protobuf_put_text(W, NODE_DOMAIN, domain);
    return one;
}

static void end(size_t opened) {
    soma_protobuf_close(W, opened);
}

#define NAMES(...)                                                                                                     \
    (const char *[]) {                                                                                                 \
        __VA_ARGS__, NULL                                                                                              \
    }

static void op_in(unsigned field, const char *op, const char *const *inputs, const char *output) {
    end(begin(field, op, NULL, inputs, NAMES(output)));
}

/* An attribute that is the call's under this name; that is a number. */
static void put_reference(const char *name, const char *reference, int64_t type) {
    size_t attribute = soma_protobuf_open(W, NODE_ATTRIBUTES);
    soma_protobuf_put_text(W, ATTRIBUTE_NAME, name);
    soma_protobuf_put_integer(W, ATTRIBUTE_TYPE, type);
    soma_protobuf_put_text(W, ATTRIBUTE_REFERENCE, reference);
    end(attribute);
}

static void put_number(unsigned field, const char *name, float number) {
    size_t attribute = soma_protobuf_open(W, field);
    soma_protobuf_put_text(W, ATTRIBUTE_NAME, name);
    soma_protobuf_put_integer(W, ATTRIBUTE_TYPE, 1);
    soma_protobuf_put_float(W, ATTRIBUTE_NUMBER, number);
    end(attribute);
}

static void call(const char *function, const char *const *inputs, const char *const *outputs) {
    end(begin(GRAPH_NODE, function, DOMAIN_OWN, inputs, outputs));
}

static void call_with_number(const char *function, const char *x, const char *y, const char *name, float number) {
    size_t one = begin(GRAPH_NODE, function, DOMAIN_OWN, NAMES(x), NAMES(y));
    put_number(NODE_ATTRIBUTES, name, number);
    end(one);
}

static int64_t function_opset = 18;

static size_t begin_function(const char *name, const char *const *inputs, const char *const *outputs) {
    size_t function = soma_protobuf_open(W, MODEL_FUNCTION);
    soma_protobuf_put_text(W, FUNCTION_NAME, name);
    for (; *inputs; inputs++) soma_protobuf_put_text(W, FUNCTION_INPUT, *inputs);
    for (; *outputs; outputs++) soma_protobuf_put_text(W, FUNCTION_OUTPUT, *outputs);
    soma_protobuf_put_text(W, FUNCTION_DOMAIN, DOMAIN_OWN);
    size_t opset = soma_protobuf_open(W, FUNCTION_OPSET);
    soma_protobuf_put_integer(W, 2, function_opset);
    end(opset);
    return function;
}

static size_t begin_body(const char *name) {
    size_t attribute = soma_protobuf_open(W, NODE_ATTRIBUTES);
    soma_protobuf_put_text(W, ATTRIBUTE_NAME, name);
    soma_protobuf_put_integer(W, ATTRIBUTE_TYPE, 5);
    return attribute;
}

static void put_attribute(const char *name, int64_t value) {
    soma_onnx_put_attribute_integer(&made, name, value);
}

/* An initializer of one float, of rank 0. */
static void number(const char *name, float value) {
    soma_onnx_put_tensor(&made, GRAPH_INITIALIZER, name, 0, NULL, &value);
}

static void x_and_y(void) {
    put_value(GRAPH_INPUT, "x", SHAPE(OPEN, 3));
    put_value(GRAPH_OUTPUT, "y", SHAPE(OPEN, 3));
}

/* ----------------------------------------------------------------------------------------------------- running models
 */

static soma_status load(void (*graph)(void), void (*functions)(void), soma_network **network) {
    const char *path = temporary_path("m.onnx");
    onnx_make_graph(graph, 8, 18);
    if (functions) functions();
    expect_ok(soma_file_write(path, W->data, W->size));
    return soma_load_onnx(path, NULL, network);
}

static soma_session *open_session(soma_network *network) {
    soma_session *session;
    expect_ok(soma_compile(network, device, &(soma_compile_options){.loss = {SOMA_LOSS_NONE}}));
    expect_ok(soma_session_create(network, NULL, &session));
    return session;
}

/* x [2, 3] of the numbers, and one output as it comes. */
static void expect_numbers(soma_network *network, const float *x, uint32_t rank, const size_t *shape, const float *y,
                           size_t count) {
    float found[MOST];
    soma_session *session = open_session(network);
    soma_array array = {.data = x, .dtype = SOMA_F32, .rank = rank};
    memcpy(array.shape, shape, rank * sizeof *shape);
    expect_ok(soma_session_run_arrays(session, &array, (void *[]){found}));
    for (size_t i = 0; i < count; i++)
        ck_assert_msg(found[i] == y[i], "number %zu is %.9g, expected %.9g", i, (double)found[i], (double)y[i]);
    soma_session_destroy(session);
    soma_network_destroy(network);
}

static const float six[] = {1, -2, 3, -4, 5, -6};
static const size_t two_three[] = {2, 3};

/* --------------------------------------------------------------------------------------------------------- functions
 */

/* scaled(x; factor, 2 if not given) = factor x, twice, of names that the graph has, too; clipped(x, low, high). */
static void some_functions(void) {
    size_t function = begin_function("scaled", NAMES("y"), NAMES("x"));
    size_t constant = begin(FUNCTION_NODE, "Constant", NULL, (const char *[]){NULL}, NAMES("hidden"));
    put_reference("value_float", "factor", 1);
    end(constant);
    op_in(FUNCTION_NODE, "Mul", NAMES("y", "hidden"), "x");
    put_number(FUNCTION_DEFAULT, "factor", 2);
    end(function);
    function = begin_function("twice", NAMES("x"), NAMES("y"));
    size_t inner = begin(FUNCTION_NODE, "scaled", DOMAIN_OWN, NAMES("x"), NAMES("hidden"));
    put_reference("factor", "first", 1);
    end(inner);
    end(begin(FUNCTION_NODE, "scaled", DOMAIN_OWN, NAMES("hidden"), NAMES("y")));
    end(function);
    function = begin_function("clipped", NAMES("x", "low", "high"), NAMES("y", "untouched"));
    op_in(FUNCTION_NODE, "Clip", NAMES("x", "low", "high"), "y");
    op_in(FUNCTION_NODE, "Identity", NAMES("x"), "untouched");
    end(function);
}

static void of_functions(void) {
    x_and_y();
    number("low", -10);
    call_with_number("scaled", "x", "a", "factor", 3);              /* 3 x */
    call("scaled", NAMES("a"), NAMES("b"));                         /* 6 x */
    call_with_number("twice", "b", "c", "first", 0.5f);             /* 6 x */
    call("clipped", NAMES("c", "low"), NAMES("d"));                 /* from -10 */
    call("clipped", NAMES("d", "", "three"), NAMES("hidden", "e")); /* untouched */
    op_in(GRAPH_NODE, "Add", NAMES("hidden", "e"), "y");
    number("three", 3);
}

START_TEST(functions_are_written_out_with_their_attributes) {
    soma_network *network;
    expect_ok(load(of_functions, some_functions, &network));
    /* 6 x from -10 on, and that again up to 3 */
    expect_numbers(network, six, 2, two_three, (const float[]){9, -20, 21, -20, 33, -20}, 6);
}
END_TEST

static void of_one_weight(void) {
    x_and_y();
    floats("w", SHAPE(3), (const float[]){1, 2, 3});
    call("added", NAMES("x", "w"), NAMES("a"));
    call("added", NAMES("a", "w"), NAMES("y"));
}
static void added(void) {
    size_t function = begin_function("added", NAMES("p", "q"), NAMES("r"));
    op_in(FUNCTION_NODE, "Add", NAMES("p", "q"), "r");
    end(function);
}

START_TEST(a_weight_that_two_calls_take_is_one) {
    soma_network *network;
    expect_ok(load(of_one_weight, added, &network));
    ck_assert_uint_eq(soma_network_parameter_count(network), 1);
    expect_numbers(network, six, 2, two_three, (const float[]){3, 2, 9, -2, 9, 0}, 6);
}
END_TEST

/* Of opset 11, where axes are attributes and Softmax is over all that comes from axis 1 on: x as [n, 2, 1] has one for
 * both there; later it is over the last axis, of one number each, which is 1. */
static void of_an_older_opset(void) {
    function_opset = 11;
    size_t function = begin_function("shares", NAMES("p"), NAMES("q"));
    size_t one = begin(FUNCTION_NODE, "Unsqueeze", NULL, NAMES("p"), NAMES("a"));
    soma_onnx_put_attribute_integers(&made, "axes", (const int64_t[]){2}, 1);
    end(one);
    op_in(FUNCTION_NODE, "Softmax", NAMES("a"), "b");
    one = begin(FUNCTION_NODE, "Squeeze", NULL, NAMES("b"), NAMES("q"));
    soma_onnx_put_attribute_integers(&made, "axes", (const int64_t[]){2}, 1);
    end(one);
    end(function);
    function_opset = 18;
}
/* Softmax of the model's own opset comes before and after. */
static void with_an_older_function(void) {
    put_value(GRAPH_INPUT, "x", SHAPE(OPEN, 2));
    put_value(GRAPH_OUTPUT, "y", SHAPE(OPEN, 2));
    op_in(GRAPH_NODE, "Softmax", NAMES("x"), "a");
    call("shares", NAMES("a"), NAMES("b"));
    op_in(GRAPH_NODE, "Softmax", NAMES("b"), "y");
}
/* HardSwish is there since opset 14. */
static void of_what_came_later(void) {
    function_opset = 11;
    size_t function = begin_function("f0", NAMES("p"), NAMES("q"));
    op_in(FUNCTION_NODE, "HardSwish", NAMES("p"), "q");
    end(function);
    function_opset = 18;
}

START_TEST(functions_are_of_their_own_opset) {
    static const float equal[] = {3, 3, 3, 3}, halves[] = {0.5f, 0.5f, 0.5f, 0.5f};
    soma_network *network;
    expect_ok(load(with_an_older_function, of_an_older_opset, &network));
    expect_numbers(network, equal, 2, (const size_t[]){2, 2}, halves, 4);
}
END_TEST

static void of_first(void) {
    x_and_y();
    call("f0", NAMES("x"), NAMES("y"));
}
static void of_itself(void) {
    for (int i = 0; i < 2; i++) {
        char name[16], other[16];
        snprintf(name, sizeof name, "f%d", i);
        snprintf(other, sizeof other, "f%d", 1 - i);
        size_t function = begin_function(name, NAMES("p"), NAMES("q"));
        end(begin(FUNCTION_NODE, other, DOMAIN_OWN, NAMES("p"), NAMES("q")));
        end(function);
    }
}
/* Each calls the next twice: 2^25 nodes. */
static void doubling(void) {
    for (int i = 0; i < 26; i++) {
        char name[16], next[16];
        snprintf(name, sizeof name, "f%d", i);
        snprintf(next, sizeof next, "f%d", i + 1);
        size_t function = begin_function(name, NAMES("p"), NAMES("q"));
        const char *op = i < 25 ? next : "Neg", *domain = i < 25 ? DOMAIN_OWN : NULL;
        end(begin(FUNCTION_NODE, op, domain, NAMES("p"), NAMES("h")));
        end(begin(FUNCTION_NODE, op, domain, NAMES("h"), NAMES("q")));
        end(function);
    }
}
static void in_a_row(void) {
    for (int i = 0; i < 40; i++) {
        char name[16], next[16];
        snprintf(name, sizeof name, "f%d", i);
        snprintf(next, sizeof next, "f%d", i + 1);
        size_t function = begin_function(name, NAMES("p"), NAMES("q"));
        end(begin(FUNCTION_NODE, i < 39 ? next : "Neg", i < 39 ? DOMAIN_OWN : NULL, NAMES("p"), NAMES("q")));
        end(function);
    }
}
static void of_what_is_not_there(void) {
    size_t function = begin_function("f0", NAMES("p"), NAMES("q"));
    op_in(FUNCTION_NODE, "Frobnicate", NAMES("p"), "q");
    end(function);
}
static void with_a_wrong_output(void) {
    size_t function = begin_function("f0", NAMES("p"), NAMES("nowhere"));
    op_in(FUNCTION_NODE, "Neg", NAMES("p"), "q");
    end(function);
}
/* What is outside of a function is no value inside. */
static void with_a_look_outside(void) {
    size_t function = begin_function("f0", NAMES("p"), NAMES("q"));
    op_in(FUNCTION_NODE, "Neg", NAMES("x"), "q");
    end(function);
}
static void twice_there(void) {
    of_what_is_not_there();
    of_what_is_not_there();
}
static void without_an_input(void) {
    size_t function = begin_function("f0", (const char *[]){NULL}, NAMES("q"));
    op_in(FUNCTION_NODE, "Neg", NAMES("q"), "q");
    end(function);
}

START_TEST(functions_that_cannot_be_are_refused) {
    static const struct {
        void (*functions)(void);
        soma_status status;
        const char *word, *other;
    } bad[] = {
        {of_itself, SOMA_INVALID_FILE, "f0", "calls itself"},
        {doubling, SOMA_INVALID_FILE, "", ""}, /* more than such a file may take */
        {in_a_row, SOMA_UNSUPPORTED, "inside of 32 others", "f32"},
        {of_what_is_not_there, SOMA_UNSUPPORTED, "Frobnicate", "1 node"},
        {with_a_wrong_output, SOMA_INVALID_FILE, "nowhere", "f0"},
        {with_a_look_outside, SOMA_INVALID_FILE, "\"x\"", "f0"},
        {twice_there, SOMA_UNSUPPORTED, "functions 0 and 1", "f0"},
        {of_what_came_later, SOMA_UNSUPPORTED, "HardSwish", "since opset 14, but it is of opset 11 there"},
        {without_an_input, SOMA_INVALID_FILE, "1 inputs", "f0"},
    };
    soma_network *network = NULL;
    expect_error(load(of_first, bad[_i].functions, &network), bad[_i].status, bad[_i].word, bad[_i].other);
    ck_assert_ptr_null(network);
}
END_TEST

static void without_an_op(void) {
    x_and_y();
    size_t one = soma_protobuf_open(W, GRAPH_NODE);
    soma_protobuf_put_text(W, NODE_INPUT, "x");
    soma_protobuf_put_text(W, NODE_OUTPUT, "y");
    end(one);
}

/* Which is then no function's name either. */
START_TEST(nodes_without_an_op_are_refused) {
    soma_network *network;
    expect_error(load(without_an_op, _i ? some_functions : NULL, &network), SOMA_UNSUPPORTED, "\"(no op)\": 1 node");
}
END_TEST

/* ------------------------------------------------------------------------------------------------------------- loops
 */

/* state' = state + x, and i state' as a piece, for turns while i < 3 and i < `turns`. */
static int64_t turns = 10;
static void with_a_loop(void) {
    put_value(GRAPH_INPUT, "x", SHAPE(OPEN, 3));
    put_value(GRAPH_OUTPUT, "last", SHAPE(OPEN, 3));
    put_value(GRAPH_OUTPUT, "pieces", SHAPE(OPEN, OPEN, 3));
    integers("turns", 1, &turns);
    integers("limit", 1, (const int64_t[]){2});
    size_t one = begin(GRAPH_NODE, "Loop", NULL, NAMES("turns", "", "x"), NAMES("last", "pieces"));
    size_t attribute = begin_body("body"), body = soma_protobuf_open(W, ATTRIBUTE_GRAPH);
    put_typed_value(GRAPH_INPUT, "i", INT64, 0, NULL);
    put_typed_value(GRAPH_INPUT, "more", BOOL, 0, NULL);
    put_value(GRAPH_INPUT, "state", SHAPE(OPEN, 3));
    op_in(GRAPH_NODE, "Add", NAMES("state", "x"), "next");
    size_t cast = begin(GRAPH_NODE, "Cast", NULL, NAMES("i"), NAMES("f"));
    put_attribute("to", FLOAT);
    end(cast);
    op_in(GRAPH_NODE, "Mul", NAMES("next", "f"), "piece");
    op_in(GRAPH_NODE, "Less", NAMES("i", "limit"), "again");
    put_typed_value(GRAPH_OUTPUT, "again", BOOL, 0, NULL);
    put_value(GRAPH_OUTPUT, "next", SHAPE(OPEN, 3));
    put_value(GRAPH_OUTPUT, "piece", SHAPE(OPEN, 3));
    end(body);
    end(attribute);
    end(one);
}

/* The pieces are [turns, batch, 3]; what the turns give of x: 2 x, 3 x, 4 x, times 0, 1 and 2. */
START_TEST(loops_of_known_length_are_written_out) {
    static const float x[] = {1, -2, 3, -4, 5, -6};
    soma_network *network;
    soma_value_info info;
    float last[6], pieces[18];
    /* The last as converters of "while" write it: the condition alone ends it. */
    static const int64_t given[] = {10, 2, INT64_MAX};
    turns = given[_i];
    const size_t count = turns == 2 ? 2 : 3;
    expect_ok(load(with_a_loop, NULL, &network));
    soma_session *session = open_session(network);
    expect_ok(soma_network_output_info(network, 1, &info));
    ck_assert(info.rank == 3 && soma_tensor_count(soma_network_output(network, 1)) == count * 3);
    expect_ok(soma_session_run_arrays(session, &(soma_array){x, SOMA_F32, 2, {2, 3}}, (void *[]){last, pieces}));
    for (size_t i = 0; i < 6; i++) ck_assert_float_eq(last[i], (float)(count + 1) * x[i]);
    for (size_t turn = 0; turn < count; turn++)
        for (size_t sample = 0; sample < 2; sample++)
            for (size_t i = 0; i < 3; i++) {
                const size_t at = info.batch_axis == 1 ? (turn * 2 + sample) * 3 + i : (sample * count + turn) * 3 + i;
                ck_assert_float_eq(pieces[at], (float)(turn * (turn + 2)) * x[sample * 3 + i]);
            }
    soma_session_destroy(session);
    soma_network_destroy(network);
}
END_TEST

/* Of (a, b) each turn makes (b, a + b), where the condition holds: from (x, 0) after three (x, 2 x). */
static const char *condition, *second = "zeros";
static void of_two_states(void) {
    x_and_y();
    integers("turns", 1, &turns);
    op_in(GRAPH_NODE, "Sub", NAMES("x", "x"), "zeros");
    op_in(GRAPH_NODE, "Less", NAMES("turns", "turns"), "never");
    op_in(GRAPH_NODE, "Equal", NAMES("turns", "turns"), "always");
    op_in(GRAPH_NODE, "Less", NAMES("x", "zeros"), "open");
    size_t one = begin(GRAPH_NODE, "Loop", NULL, NAMES("turns", condition, "x", second), NAMES("", "y"));
    size_t attribute = begin_body("body"), body = soma_protobuf_open(W, ATTRIBUTE_GRAPH);
    put_typed_value(GRAPH_INPUT, "i", INT64, 0, NULL);
    put_typed_value(GRAPH_INPUT, "more", BOOL, 0, NULL);
    put_value(GRAPH_INPUT, "a", SHAPE(OPEN, 3));
    put_value(GRAPH_INPUT, "b", SHAPE(OPEN, 3));
    op_in(GRAPH_NODE, "Add", NAMES("a", "b"), "sum");
    put_typed_value(GRAPH_OUTPUT, "more", BOOL, 0, NULL);
    put_value(GRAPH_OUTPUT, "b", SHAPE(OPEN, 3));
    put_value(GRAPH_OUTPUT, "sum", SHAPE(OPEN, 3));
    end(body);
    end(attribute);
    end(one);
}

START_TEST(loops_of_several_states_begin_where_their_condition_holds) {
    static const char *const conditions[] = {"", "always", "never"};
    soma_network *network;
    float y[6];
    turns = 3;
    for (size_t i = 0; i < SOMA_COUNT_OF(conditions); i++) {
        condition = conditions[i];
        for (size_t j = 0; j < 6; j++) y[j] = i < 2 ? 2 * six[j] : 0;
        expect_ok(load(of_two_states, NULL, &network));
        expect_numbers(network, six, 2, two_three, y, 6);
    }
    network = NULL;
    condition = "open";
    expect_error(load(of_two_states, NULL, &network), SOMA_UNSUPPORTED, "another turn", "open");
    condition = second = "";
    expect_error(load(of_two_states, NULL, &network), SOMA_INVALID_FILE, "input 3", "left out");
    second = "zeros";
    turns = 0;
    expect_error(load(with_a_loop, NULL, &network), SOMA_UNSUPPORTED, "pieces", "no turns");
    ck_assert_ptr_null(network);
}
END_TEST

/* Of each row of x the distance to the row of the table that stands beside it: no state, both are scanned. */
static void of_rows_beside(void) {
    put_value(GRAPH_INPUT, "x", SHAPE(4, 3));
    put_value(GRAPH_OUTPUT, "y", SHAPE(4));
    floats("rows", SHAPE(4, 3), (const float[]){1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12});
    size_t scan = begin(GRAPH_NODE, "Scan", NULL, NAMES("x", "rows"), NAMES("same", "y"));
    put_attribute("num_scan_inputs", 2);
    size_t attribute = begin_body("body"), body = soma_protobuf_open(W, ATTRIBUTE_GRAPH);
    put_value(GRAPH_INPUT, "one", SHAPE(3));
    put_value(GRAPH_INPUT, "row", SHAPE(3));
    op_in(GRAPH_NODE, "Identity", NAMES("one"), "next");
    op_in(GRAPH_NODE, "Sub", NAMES("one", "row"), "difference");
    size_t sum = begin(GRAPH_NODE, "ReduceSumSquare", NULL, NAMES("difference"), NAMES("piece"));
    soma_onnx_put_attribute_integers(&made, "axes", (const int64_t[]){-1}, 1);
    put_attribute("keepdims", 0);
    end(sum);
    put_value(GRAPH_OUTPUT, "next", SHAPE(3));
    put_value(GRAPH_OUTPUT, "piece", 0, NULL);
    end(body);
    end(attribute);
    end(scan);
}

START_TEST(distances_of_pairs_of_rows_are_a_scan) {
    static const float x[4 * 3] = {1, 2, 4, 4, 5, 8, 10, 8, 9, 10, 15, 16}, expected[] = {1, 4, 9, 32};
    const char *path = temporary_path("m.onnx");
    soma_onnx_session *session;
    soma_array given = {x, SOMA_F32, 2, {4, 3}}, y;
    onnx_make_graph(of_rows_beside, 8, 17);
    expect_ok(soma_file_write(path, W->data, W->size));
    expect_ok(soma_onnx_session_create(path, NULL, device, &session));
    expect_ok(soma_onnx_session_run(session, &given, &y));
    ck_assert_uint_eq(y.rank, 1);
    for (size_t i = 0; i < 4; i++) ck_assert_float_eq(((const float *)y.data)[i], expected[i]);
    soma_onnx_session_destroy(session);
}
END_TEST

/* Squared distances of x to each of more rows than a loop has turns, as skl2onnx writes them. */
enum { ROWS = 1500, MOST_FEATURES = 40 };
static size_t features;
/* Ways to write them: which comes first, and from where the sums' axis is: an attribute, an initializer that has its
 * number as such or as bytes. And what is written like them and is something else: by other ops. */
enum axis_from { ATTRIBUTE, NUMBER, BYTES };
typedef struct distance_form {
    enum axis_from from;
    int64_t axis;
    const char *first, *second, *difference, *next, *piece;
    const char *list; /* an attribute of one 1 that says how rows are read or distances written; NULL: none */
} distance_form;
#define DISTANCES(from, axis, first, second)                                                                           \
    { from, axis, first, second, "Sub", "Identity", "Identity", NULL }
#define USUAL_DISTANCES DISTANCES(ATTRIBUTE, 1, "state", "row")
static distance_form distance = USUAL_DISTANCES;
static bool known_sample; /* of 0s, to whose distances x [n, 1] is added */
static float row_element(size_t row, size_t feature) {
    return (float)((row * features + feature) % 7) - (float)(row % 5);
}
static void put_sum_of_squares(void) {
    const char *axes = distance.from == ATTRIBUTE ? NULL : "axes";
    if (distance.from == BYTES) integers(axes, 1, &distance.axis);
    if (distance.from == NUMBER) {
        const size_t initializer = soma_protobuf_open(W, GRAPH_INITIALIZER);
        soma_protobuf_put_integer(W, TENSOR_DIMS, 1);
        soma_protobuf_put_integer(W, TENSOR_TYPE, INT64);
        soma_protobuf_put_integer(W, 7, distance.axis); /* of int64_data */
        soma_protobuf_put_text(W, TENSOR_NAME, axes);
        end(initializer);
    }
    const size_t sum = begin(GRAPH_NODE, "ReduceSumSquare", NULL, NAMES("difference", axes), NAMES("sum"));
    if (!axes) soma_onnx_put_attribute_integers(&made, "axes", &distance.axis, 1);
    put_attribute("keepdims", 0);
    end(sum);
}

static void with_distances(void) {
    static float rows[ROWS * MOST_FEATURES];
    const int64_t width = (int64_t)features;
    for (size_t i = 0; i < ROWS * features; i++) rows[i] = row_element(i / features, i % features);
    put_value(GRAPH_INPUT, "x", SHAPE(OPEN, known_sample ? 1 : width));
    put_value(GRAPH_OUTPUT, "y", SHAPE(OPEN, ROWS));
    floats("rows", SHAPE(ROWS, width), rows);
    if (known_sample) floats("known", SHAPE(1, width), (const float[MOST_FEATURES]){0});
    size_t scan = begin(GRAPH_NODE, "Scan", NULL, NAMES(known_sample ? "known" : "x", "rows"), NAMES("same", "across"));
    put_attribute("num_scan_inputs", 1);
    if (distance.list) soma_onnx_put_attribute_integers(&made, distance.list, (const int64_t[]){1}, 1);
    size_t attribute = begin_body("body"), body = soma_protobuf_open(W, ATTRIBUTE_GRAPH);
    put_value(GRAPH_INPUT, "state", SHAPE(OPEN, width));
    put_value(GRAPH_INPUT, "row", SHAPE(width));
    op_in(GRAPH_NODE, distance.next, NAMES("state"), "next");
    op_in(GRAPH_NODE, distance.difference, NAMES(distance.first, distance.second), "difference");
    put_sum_of_squares();
    op_in(GRAPH_NODE, distance.piece, NAMES("sum"), "piece");
    put_value(GRAPH_OUTPUT, "next", SHAPE(OPEN, width));
    put_value(GRAPH_OUTPUT, "piece", SHAPE(OPEN));
    end(body);
    end(attribute);
    end(scan);
    op_in(GRAPH_NODE, "Transpose", NAMES("across"), known_sample ? "distances" : "y");
    if (known_sample) op_in(GRAPH_NODE, "Add", NAMES("x", "distances"), "y");
}

static void expect_distances(size_t samples) {
    static float x[64 * MOST_FEATURES], y[64 * ROWS];
    const char *path = temporary_path("m.onnx");
    soma_compile_options options = {.loss = {SOMA_LOSS_NONE}};
    soma_network *network;
    soma_device_memory before, after;
    onnx_make_graph(with_distances, 8, distance.from == ATTRIBUTE ? 17 : 18);
    expect_ok(soma_file_write(path, W->data, W->size));
    for (size_t i = 0; i < samples * features; i++) x[i] = 0.5F * (float)(i % 11) - 2;
    soma_device_get_memory(device, &before);
    expect_ok(soma_load_onnx(path, NULL, &network));
    expect_ok(soma_compile(network, device, &options));
    expect_ok(soma_run(network, x, samples, y));
    soma_device_get_memory(device, &after);
    for (size_t sample = 0; sample < samples; sample++)
        for (size_t row = 0; row < ROWS; row++) {
            float sum = 0; /* of quarters: exact */
            for (size_t i = 0; i < features; i++) {
                const float d = x[sample * features + i] - row_element(row, i);
                sum += d * d;
            }
            ck_assert_float_eq(y[sample * ROWS + row], sum);
        }
    /* Of a sample: differences and squares of a block, and some times the distances. */
    ck_assert_uint_le(after.allocated - before.allocated, samples * (2 * 16384 + 6 * ROWS) * sizeof(float) + (1 << 20));
    soma_network_destroy(network);
}

START_TEST(distances_to_any_number_of_rows_are_computed) {
    features = 4;
    expect_distances(3);
}
END_TEST

START_TEST(distances_are_known_however_they_are_written) {
    static const distance_form forms[] = {
        DISTANCES(ATTRIBUTE, 1, "row", "state"), DISTANCES(ATTRIBUTE, -1, "state", "row"),
        DISTANCES(NUMBER, 1, "state", "row"),    DISTANCES(NUMBER, -1, "state", "row"),
        DISTANCES(BYTES, 1, "row", "state"),     DISTANCES(BYTES, -1, "state", "row")};
    features = 3;
    distance = forms[_i];
    expect_distances(2);
    distance = (distance_form)USUAL_DISTANCES;
}
END_TEST

/* There are more rows than a loop has turns: what is not known for distances is refused. */
START_TEST(what_is_written_like_distances_is_something_else) {
    static const distance_form forms[] = {
        DISTANCES(ATTRIBUTE, 0, "state", "row"),
        DISTANCES(NUMBER, 0, "state", "row"),
        DISTANCES(BYTES, 0, "state", "row"),
        DISTANCES(BYTES, 256, "state", "row"),
        DISTANCES(BYTES, 257, "state", "row"),
        DISTANCES(BYTES, -2, "state", "row"),
        DISTANCES(ATTRIBUTE, 1, "state", "state"),
        DISTANCES(ATTRIBUTE, 1, "row", "row"),
        {ATTRIBUTE, 1, "state", "row", "Add", "Identity", "Identity", NULL},
        {ATTRIBUTE, 1, "state", "row", "Sub", "Neg", "Identity", NULL},
        {ATTRIBUTE, 1, "state", "row", "Sub", "Identity", "Neg", NULL},
        {ATTRIBUTE, 1, "state", "row", "Sub", "Identity", "Identity", "scan_input_directions"},
        {ATTRIBUTE, 1, "state", "row", "Sub", "Identity", "Identity", "scan_output_directions"},
        {ATTRIBUTE, 1, "state", "row", "Sub", "Identity", "Identity", "scan_output_axes"},
    };
    const char *path = temporary_path("m.onnx");
    soma_network *network;
    features = 3;
    distance = forms[_i];
    onnx_make_graph(with_distances, 8, distance.from == ATTRIBUTE ? 17 : 18);
    distance = (distance_form)USUAL_DISTANCES;
    expect_ok(soma_file_write(path, W->data, W->size));
    expect_error(soma_load_onnx(path, NULL, &network), SOMA_UNSUPPORTED, "1024");
}
END_TEST

/* As behind what the host computes. */
START_TEST(distances_of_what_is_known_are_computed_too) {
    static float y[2 * ROWS];
    const char *path = temporary_path("m.onnx");
    soma_compile_options options = {.loss = {SOMA_LOSS_NONE}};
    soma_network *network;
    features = 30; /* more blocks than one */
    known_sample = true;
    onnx_make_graph(with_distances, 8, 17);
    known_sample = false;
    expect_ok(soma_file_write(path, W->data, W->size));
    expect_ok(soma_load_onnx(path, NULL, &network));
    expect_ok(soma_compile(network, device, &options));
    expect_ok(soma_run(network, (const float[]){0.5F, -3}, 2, y));
    for (size_t row = 0; row < ROWS; row++) {
        float sum = 0;
        for (size_t i = 0; i < features; i++) sum += row_element(row, i) * row_element(row, i);
        ck_assert_float_eq(y[row], sum + 0.5F);
        ck_assert_float_eq(y[ROWS + row], sum - 3);
    }
    soma_network_destroy(network);
}
END_TEST

/* All differences of 64 samples would be 15 MiB, and as much their squares. */
START_TEST(distances_take_the_memory_of_a_block_of_rows) {
    features = MOST_FEATURES;
    expect_distances(64);
}
END_TEST

/* Sums along axis 1 of x [n, length], forwards or backwards, each put where it ends. */
typedef struct scan_form {
    int64_t in_axis, out_axis, direction, inputs, directions;
    size_t length, second; /* elements of x, and of another input where that is not 0 */
    const char *state, *x;
    bool short_body; /* takes an input less */
    const char *y;   /* what comes of it; NULL: "y" */
    float times;     /* by an initializer of the body; 0: there is none */
} scan_form;
#define SCAN(in, out, given, listed, size, first, from)                                                                \
    .in_axis = (in), .out_axis = (out), .inputs = (given), .directions = (listed), .length = (size), .state = (first), \
    .x = (from)
#define USUAL_SCAN SCAN(-1, 1, 1, 1, 4, "zero", "x")
static scan_form form = {USUAL_SCAN};
static void put_scan(unsigned field) {
    const int64_t axes[2] = {form.in_axis, form.in_axis}, directions[2] = {form.direction, form.direction};
    const size_t inputs = form.second ? 2 : 1;
    const char *const *inputs_there = NAMES(form.state, form.x, form.second ? "x2" : NULL);
    size_t one = begin(field, "Scan", NULL, inputs_there, NAMES("", form.y ? form.y : "y"));
    put_attribute("num_scan_inputs", form.inputs);
    soma_onnx_put_attribute_integers(&made, "scan_input_axes", axes, inputs);
    soma_onnx_put_attribute_integers(&made, "scan_output_axes", &form.out_axis, 1);
    soma_onnx_put_attribute_integers(&made, "scan_input_directions", directions, (size_t)form.directions);
    soma_onnx_put_attribute_integers(&made, "scan_output_directions", directions, 1);
    size_t attribute = begin_body("body"), body = soma_protobuf_open(W, ATTRIBUTE_GRAPH);
    put_value(GRAPH_INPUT, "sum", SHAPE(OPEN));
    if (!form.short_body) put_value(GRAPH_INPUT, "one", SHAPE(OPEN));
    if (form.second) put_value(GRAPH_INPUT, "other", SHAPE(OPEN));
    op_in(GRAPH_NODE, "Add", NAMES("sum", "one"), "next");
    if (form.times != 0) {
        number("times", form.times);
        op_in(GRAPH_NODE, "Mul", NAMES("next", "times"), "piece");
    } else
        op_in(GRAPH_NODE, "Identity", NAMES("next"), "piece");
    put_value(GRAPH_OUTPUT, "next", SHAPE(OPEN));
    put_value(GRAPH_OUTPUT, "piece", SHAPE(OPEN));
    end(body);
    end(attribute);
    end(one);
}
static void begin_scan(void) {
    const int64_t length = (int64_t)form.length;
    put_value(GRAPH_INPUT, "x", SHAPE(OPEN, length));
    if (form.second) put_value(GRAPH_INPUT, "x2", SHAPE(OPEN, (int64_t)form.second));
    put_value(GRAPH_OUTPUT, "y", SHAPE(OPEN, length));
    op_in(GRAPH_NODE, "Sub", NAMES("x", "x"), "zeros");
    size_t sum = begin(GRAPH_NODE, "ReduceSum", NULL, NAMES("zeros", "axis"), NAMES("zero"));
    put_attribute("keepdims", 0);
    end(sum);
    integers("axis", 1, (const int64_t[]){1});
}
static void with_a_scan(void) {
    begin_scan();
    put_scan(GRAPH_NODE);
}
/* The same by a function of an opset in which Unsqueeze, which joins the pieces, is another one. */
static void with_a_scan_inside(void) {
    begin_scan();
    call("sums", NAMES("zero", "x"), NAMES("y"));
}
static void sums(void) {
    function_opset = 11;
    size_t function = begin_function("sums", NAMES("zero", "x"), NAMES("y"));
    put_scan(FUNCTION_NODE);
    end(function);
    function_opset = 18;
}

START_TEST(scans_go_along_an_axis_in_both_directions) {
    static const float x[] = {1, 2, 3, 4, 10, 20, 30, 40};
    static const float expected[2][8] = {{1, 3, 6, 10, 10, 30, 60, 100}, {10, 9, 7, 4, 100, 90, 70, 40}};
    soma_network *network;
    form = (scan_form){USUAL_SCAN, .direction = _i};
    expect_ok(load(with_a_scan, NULL, &network));
    expect_numbers(network, x, 2, (const size_t[]){2, 4}, expected[_i], 8);
    expect_ok(load(with_a_scan_inside, sums, &network));
    expect_numbers(network, x, 2, (const size_t[]){2, 4}, expected[_i], 8);
}
END_TEST

/* More pieces than an op takes inputs (64) are joined in several steps, of which the last may be of one. */
START_TEST(scans_may_be_longer_than_an_op_takes_inputs) {
    static const size_t lengths[] = {1, 2, 63, 64, 65, 127, 129, 200};
    float x[400], sums[400];
    soma_network *network;
    form = (scan_form){SCAN(1, 1, 1, 1, lengths[_i], "zero", "x")};
    for (size_t i = 0; i < 2 * form.length; i++) {
        x[i] = (float)(i % 7) - 3;
        sums[i] = x[i] + (i % form.length ? sums[i - 1] : 0);
    }
    expect_ok(load(with_a_scan, NULL, &network));
    expect_numbers(network, x, 2, (const size_t[]){2, form.length}, sums, 2 * form.length);
}
END_TEST

/* Axes count from the end, too: of x [n, 4] as of what is made, [n, 4]. */
START_TEST(axes_of_scans_are_those_of_their_values) {
    static const float x[] = {1, 2, 3, 4, 10, 20, 30, 40}, sums[] = {1, 3, 6, 10, 10, 30, 60, 100};
    soma_network *network;
    form = (scan_form){SCAN(_i ? 1 : -1, _i ? -1 : 1, 1, 1, 4, "zero", "x")};
    expect_ok(load(with_a_scan, NULL, &network));
    expect_numbers(network, x, 2, (const size_t[]){2, 4}, sums, 8);
}
END_TEST

/* A name inside of a body is none outside of it: the next may have it for another number. */
static void with_two_scans(void) {
    begin_scan();
    form.times = 2, form.y = "first";
    put_scan(GRAPH_NODE);
    form.times = 3, form.y = NULL, form.x = "first";
    put_scan(GRAPH_NODE);
}
static void with_two_loops(void) {
    x_and_y();
    integers("turns", 1, &turns);
    for (int i = 0; i < 2; i++) {
        size_t one = begin(GRAPH_NODE, "Loop", NULL, NAMES("turns", "", i ? "h" : "x"), NAMES(i ? "y" : "h"));
        size_t attribute = begin_body("body"), body = soma_protobuf_open(W, ATTRIBUTE_GRAPH);
        number("times", i ? 3 : 2);
        put_typed_value(GRAPH_INPUT, "i", INT64, 0, NULL);
        put_typed_value(GRAPH_INPUT, "more", BOOL, 0, NULL);
        put_value(GRAPH_INPUT, "state", SHAPE(OPEN, 3));
        op_in(GRAPH_NODE, "Mul", NAMES("state", "times"), "next");
        put_typed_value(GRAPH_OUTPUT, "more", BOOL, 0, NULL);
        put_value(GRAPH_OUTPUT, "next", SHAPE(OPEN, 3));
        end(body);
        end(attribute);
        end(one);
    }
}

/* Sums of 2 x (1 3 6 10), times 3; and x times 2 x 2 x 3 x 3. */
START_TEST(names_inside_are_free_outside) {
    static const float x[] = {1, 2, 3, 4}, y[] = {6, 24, 60, 120}, y_of_loops[] = {36, -72, 108, -144, 180, -216};
    soma_network *network;
    form = (scan_form){USUAL_SCAN};
    expect_ok(load(with_two_scans, NULL, &network));
    expect_numbers(network, x, 2, (const size_t[]){1, 4}, y, 4);
    turns = 2;
    expect_ok(load(with_two_loops, NULL, &network));
    expect_numbers(network, six, 2, two_three, y_of_loops, 6);
}
END_TEST

START_TEST(scans_that_cannot_be_are_refused) {
    const struct {
        scan_form form;
        soma_status status;
        const char *word, *other;
    } bad[] = {
        {{SCAN(2, 1, 1, 1, 4, "zero", "x")}, SOMA_INVALID_FILE, "axis 2 of", "2 dimensions"},
        {{SCAN(-3, 1, 1, 1, 4, "zero", "x")}, SOMA_INVALID_FILE, "axis -3 of", "2 dimensions"},
        {{SCAN(0, 1, 1, 1, 4, "zero", "x")}, SOMA_UNSUPPORTED, "dimension 0 of", "not fixed"},
        {{SCAN(-2, 1, 1, 1, 4, "zero", "x")}, SOMA_UNSUPPORTED, "dimension 0 of", "not fixed"},
        {{SCAN(1, 2, 1, 1, 4, "zero", "x")}, SOMA_INVALID_FILE, "axis 2 of an output", "2 dimensions"},
        {{SCAN(1, -3, 1, 1, 4, "zero", "x")}, SOMA_INVALID_FILE, "axis -3 of an output", "2 dimensions"},
        {{SCAN(1, 1, 1, 1, 4, "", "x")}, SOMA_INVALID_FILE, "input 0", "left out"},
        {{SCAN(1, 1, 1, 1, 4, "zero", "")}, SOMA_INVALID_FILE, "input 1", "left out"},
        {{SCAN(1, 1, 0, 1, 4, "zero", "x")}, SOMA_INVALID_FILE, "num_scan_inputs is 0", "of 2 inputs"},
        {{SCAN(1, 1, 3, 1, 4, "zero", "x")}, SOMA_INVALID_FILE, "num_scan_inputs is 3", "of 2 inputs"},
        {{SCAN(1, 1, 2, 2, 4, "zero", "x"), .second = 3}, SOMA_INVALID_SHAPE, "of 4 and of 3 turns", ""},
        {{SCAN(1, 1, 1, 2, 4, "zero", "x")}, SOMA_INVALID_FILE, "scan_input_directions", "2 numbers for 1"},
        {{SCAN(1, 1, 1, 1, 1025, "zero", "x")}, SOMA_UNSUPPORTED, "an input has more than 1024 turns", ""},
        {{USUAL_SCAN, .short_body = true}, SOMA_INVALID_FILE, "2 inputs and 2 outputs", "1 and 2"},
    };
    soma_network *network = NULL;
    for (size_t i = 0; i < SOMA_COUNT_OF(bad); i++) {
        form = bad[i].form;
        expect_error(load(with_a_scan, NULL, &network), bad[i].status, bad[i].word, bad[i].other);
        ck_assert_ptr_null(network);
    }
}
END_TEST

/* Turns times nodes: with one more for each body, 16384 are written out, and not one more. */
static int64_t nodes;
static void of_many_nodes(void) {
    static const float zeros[1 << 19]; /* a large file may take more memory */
    x_and_y();
    soma_onnx_put_tensor(&made, GRAPH_INITIALIZER, "zeros", 1, (const size_t[]){SOMA_COUNT_OF(zeros)}, zeros);
    integers("turns", 1, &turns);
    size_t one = begin(GRAPH_NODE, "Loop", NULL, NAMES("turns", "", "x"), NAMES("y"));
    size_t attribute = begin_body("body"), body = soma_protobuf_open(W, ATTRIBUTE_GRAPH);
    put_typed_value(GRAPH_INPUT, "i", INT64, 0, NULL);
    put_typed_value(GRAPH_INPUT, "more", BOOL, 0, NULL);
    put_value(GRAPH_INPUT, "n0", SHAPE(OPEN, 3));
    for (int64_t node = 0; node < nodes; node++) {
        char from[32], to[32];
        snprintf(from, sizeof from, "n%lld", (long long)node);
        snprintf(to, sizeof to, "n%lld", (long long)node + 1);
        op_in(GRAPH_NODE, "Identity", NAMES(from), to);
    }
    char last[32];
    snprintf(last, sizeof last, "n%lld", (long long)nodes);
    put_typed_value(GRAPH_OUTPUT, "more", BOOL, 0, NULL);
    put_value(GRAPH_OUTPUT, last, SHAPE(OPEN, 3));
    end(body);
    end(attribute);
    end(one);
}

START_TEST(so_many_nodes_are_written_out) {
    soma_network *network = NULL;
    turns = 127, nodes = 128; /* 127 x (128 + 1) + 1 for the body's initializers = 16384 */
    expect_ok(load(of_many_nodes, NULL, &network));
    expect_numbers(network, six, 2, two_three, six, 6);
    network = NULL;
    turns = 128, nodes = 127; /* 16385 */
    expect_error(load(of_many_nodes, NULL, &network), SOMA_UNSUPPORTED, "more than 16384 nodes");
    ck_assert_ptr_null(network);
}
END_TEST

/* A loop of many turns with a loop of as many turns inside, and so on, that do nothing. */
static void put_empty_loop(unsigned depth) {
    size_t one = begin(GRAPH_NODE, "Loop", NULL, NAMES("turns", "", "x"), NAMES(depth ? "inner" : "y"));
    size_t attribute = begin_body("body"), body = soma_protobuf_open(W, ATTRIBUTE_GRAPH);
    char i[8], more[8], state[8];
    snprintf(i, sizeof i, "i%u", depth);
    snprintf(more, sizeof more, "m%u", depth);
    snprintf(state, sizeof state, "s%u", depth);
    put_typed_value(GRAPH_INPUT, i, INT64, 0, NULL);
    put_typed_value(GRAPH_INPUT, more, BOOL, 0, NULL);
    put_value(GRAPH_INPUT, state, SHAPE(OPEN, 3));
    if (depth < 4) put_empty_loop(depth + 1);
    put_typed_value(GRAPH_OUTPUT, more, BOOL, 0, NULL);
    put_value(GRAPH_OUTPUT, state, SHAPE(OPEN, 3));
    end(body);
    end(attribute);
    end(one);
}
static void of_loops(void) {
    x_and_y();
    integers("turns", 1, &turns);
    put_empty_loop(0);
}
static void of_a_length_that_comes(void) {
    put_value(GRAPH_INPUT, "x", SHAPE(OPEN, 3));
    put_typed_value(GRAPH_INPUT, "turns", INT64, SHAPE(OPEN, 1));
    put_value(GRAPH_OUTPUT, "y", SHAPE(OPEN, 3));
    put_empty_loop(4);
    op_in(GRAPH_NODE, "Neg", NAMES("inner"), "y");
}

START_TEST(loops_that_are_too_long_or_not_known_are_refused) {
    soma_network *network = NULL;
    turns = 1025;
    expect_error(load(of_loops, NULL, &network), SOMA_UNSUPPORTED, "1024 turns");
    turns = 1024;
    ck_assert_int_ne(load(of_loops, NULL, &network), SOMA_OK);
    turns = INT64_MAX;
    expect_error(load(of_loops, NULL, &network), SOMA_UNSUPPORTED, "1024 turns");
    expect_error(load(of_a_length_that_comes, NULL, &network), SOMA_UNSUPPORTED, "turns",
                 "known only when the model runs", "accepted");
    ck_assert_ptr_null(network);
}
END_TEST

int main(int argc, char **argv) {
    if (argc != 2) return 2;
    if (soma_device_open(argv[1], NULL, &device) != SOMA_OK) return printf("skipped: %s\n", soma_last_error()), 77;
    TCase *all = tcase_create("onnx, inside");
    tcase_set_timeout(all, 120);
    tcase_add_unchecked_fixture(all, temporary_create, temporary_destroy);
    tcase_add_test(all, functions_are_written_out_with_their_attributes);
    tcase_add_test(all, functions_are_of_their_own_opset);
    tcase_add_test(all, a_weight_that_two_calls_take_is_one);
    tcase_add_loop_test(all, nodes_without_an_op_are_refused, 0, 2);
    tcase_add_loop_test(all, functions_that_cannot_be_are_refused, 0, 9);
    tcase_add_loop_test(all, loops_of_known_length_are_written_out, 0, 3);
    tcase_add_test(all, loops_of_several_states_begin_where_their_condition_holds);
    tcase_add_loop_test(all, scans_go_along_an_axis_in_both_directions, 0, 2);
    tcase_add_loop_test(all, scans_may_be_longer_than_an_op_takes_inputs, 0, 8);
    tcase_add_loop_test(all, axes_of_scans_are_those_of_their_values, 0, 2);
    tcase_add_test(all, names_inside_are_free_outside);
    tcase_add_test(all, scans_that_cannot_be_are_refused);
    tcase_add_test(all, so_many_nodes_are_written_out);
    tcase_add_test(all, loops_that_are_too_long_or_not_known_are_refused);
    tcase_add_test(all, distances_to_any_number_of_rows_are_computed);
    tcase_add_loop_test(all, distances_are_known_however_they_are_written, 0, 6);
    tcase_add_loop_test(all, what_is_written_like_distances_is_something_else, 0, 14);
    tcase_add_test(all, distances_of_what_is_known_are_computed_too);
    tcase_add_test(all, distances_take_the_memory_of_a_block_of_rows);
    tcase_add_test(all, distances_of_pairs_of_rows_are_a_scan);
    Suite *suite = suite_create("onnx, inside");
    suite_add_tcase(suite, all);
    SRunner *runner = srunner_create(suite);
    srunner_set_fork_status(runner, CK_NOFORK); /* the device's threads do not survive a fork */
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    soma_device_close(device);
    return failed ? 1 : 0;
}
