/* SPDX-License-Identifier: MIT */
/*
 * ONNX's ops of sequences, whose lengths the model fixes. Values by hand.
 *
 * Usage: test_onnx_sequence DEVICE      (exits with 77 where there is no such device)
 */
#include "io/onnx/export.h"
#include "onnx_cases.h"

#include "base/file.h"
#include "expect_array.h"
#include "temporary.h"

#include <soma/onnx.h>

enum { FLOAT = 1, INT64 = 7, BOOL = 9 };
/* Fields of messages. */
enum { NODE_ATTRIBUTES = 5, ATTRIBUTE_NAME = 1, ATTRIBUTE_GRAPH = 6, ATTRIBUTE_TYPE = 20, ATTRIBUTE_IS_GRAPH = 5 };

#define INPUTS(...) ((const char *const[]){__VA_ARGS__, NULL})

static size_t begin(const char *op, const char *out, const char *const *inputs) {
    return soma_onnx_begin_node(&made, op, out, inputs);
}

static void op(const char *name, const char *out, const char *const *inputs) {
    soma_onnx_end_node(&made, begin(name, out, inputs));
}

/* ------------------------------------------------------------------------------------------------------- with a batch
 */

/* y = the sequence's tensors, joined along this axis. */
static void join(const char *sequence, int64_t axis, int64_t anew) {
    size_t one = begin("ConcatFromSequence", "y", INPUTS(sequence));
    soma_onnx_put_attribute_integer(&made, "axis", axis);
    if (anew) soma_onnx_put_attribute_integer(&made, "new_axis", anew);
    soma_onnx_end_node(&made, one);
}

static void cut(const char *lengths, int64_t axis, bool keep) {
    size_t one = begin("SplitToSequence", "s", lengths ? INPUTS("x", lengths) : INPUTS("x"));
    soma_onnx_put_attribute_integer(&made, "axis", axis);
    if (!keep) soma_onnx_put_attribute_integer(&made, "keepdims", 0);
    soma_onnx_end_node(&made, one);
}

/* Of four columns in pieces of 3: the last has one. */
static void pieces_of_three(void) {
    size_t one = begin("Constant", "three", INPUTS(NULL));
    soma_onnx_put_attribute_integer(&made, "value_int", 3);
    soma_onnx_end_node(&made, one);
    integers("last", 1, (const int64_t[]){-1});
    cut("three", 1, true);
    op("SequenceAt", "y", INPUTS("s", "last"));
}

/* [1, 2, 1], of which the first comes last. */
static void pieces_by_a_list(void) {
    integers("lengths", 3, (const int64_t[]){1, 2, 1});
    integers("first", 1, (const int64_t[]){0});
    cut("lengths", -1, true);
    op("SequenceAt", "a", INPUTS("s", "first"));
    op("SequenceErase", "rest", INPUTS("s", "first"));
    op("SequenceInsert", "all", INPUTS("rest", "a"));
    join("all", 1, 0);
}

/* Columns without their axis, the last of them left out, x in front of the one that was second, joined to a new axis.
 */
static void columns_without_axis(void) {
    integers("one", 1, (const int64_t[]){1});
    integers("last", 1, (const int64_t[]){2});
    cut(NULL, 2, false);
    op("SequenceErase", "few", INPUTS("s"));
    op("SequenceAt", "third", INPUTS("s", "last"));
    op("SequenceInsert", "more", INPUTS("few", "third", "one"));
    op("Identity", "same", INPUTS("more"));
    join("same", -1, 1);
}

/* Pieces of one keep their axis, whatever keepdims says beside a length: x again, turned, as what is put in behind the
 * last stands there. */
static void pieces_of_one(void) {
    size_t one = begin("Constant", "one", INPUTS(NULL));
    soma_onnx_put_attribute_integer(&made, "value_int", 1);
    soma_onnx_end_node(&made, one);
    integers("first", 1, (const int64_t[]){0});
    integers("second", 1, (const int64_t[]){1});
    cut("one", 1, false);
    op("SequenceAt", "a", INPUTS("s", "first"));
    op("SequenceErase", "rest", INPUTS("s", "first"));
    op("SequenceInsert", "all", INPUTS("rest", "a", "second"));
    join("all", 1, 0);
}

/* x times as many as there are tensors. */
static void counted(void) {
    size_t one;
    op("Neg", "n", INPUTS("x"));
    op("SequenceConstruct", "s", INPUTS("x", "n", "x"));
    op("SequenceLength", "count", INPUTS("s"));
    one = begin("Cast", "times", INPUTS("count"));
    soma_onnx_put_attribute_integer(&made, "to", FLOAT);
    soma_onnx_end_node(&made, one);
    op("Mul", "y", INPUTS("n", "times"));
}

static const onnx_case cases[] = {
    {"pieces of three", pieces_of_three, 2, {OPEN, 4}, 2, 2, {1, 2, 3, 4, 5, 6, 7, 8}, {4, 8}},
    {"pieces by a list", pieces_by_a_list, 2, {OPEN, 4}, 2, 8, {1, 2, 3, 4, 5, 6, 7, 8}, {2, 3, 4, 1, 6, 7, 8, 5}},
    {"columns without axis", columns_without_axis, 3, {OPEN, 2, 3}, 1, 6, {1, 2, 3, 4, 5, 6}, {1, 3, 2, 4, 6, 5}},
    {"pieces of one", pieces_of_one, 2, {OPEN, 2}, 2, 4, {1, 2, 3, 4}, {2, 1, 4, 3}},
    {"counted", counted, 2, {OPEN, 2}, 2, 4, {1, 2, 3, -4}, {-3, -6, -9, 12}},
};

/* ---------------------------------------------------------------------------------------------------------- sessions
 */

static soma_device *device;

static soma_status open_model(void (*body)(void), soma_onnx_session **session) {
    const char *path = temporary_path("m.onnx");
    onnx_make_graph(body, 8, 18);
    expect_ok(soma_file_write(path, W->data, W->size));
    return soma_onnx_session_create(path, NULL, device, session);
}

/* y = the rows of x for which c is true, each a tensor, stacked in another order: the last one first. */
static void rows_of_a_run(void) {
    put_value(GRAPH_INPUT, "x", SHAPE(OPEN, 2));
    put_typed_value(GRAPH_INPUT, "c", BOOL, SHAPE(OPEN));
    size_t one = begin("Compress", "rows", INPUTS("x", "c"));
    soma_onnx_put_attribute_integer(&made, "axis", 0);
    soma_onnx_end_node(&made, one);
    one = begin("SplitToSequence", "s", INPUTS("rows"));
    soma_onnx_put_attribute_integer(&made, "keepdims", 0);
    soma_onnx_end_node(&made, one);
    integers("last", 1, (const int64_t[]){-1});
    integers("first", 1, (const int64_t[]){0});
    op("SequenceAt", "end", INPUTS("s", "last"));
    op("SequenceErase", "others", INPUTS("s"));
    op("SequenceInsert", "turned", INPUTS("others", "end", "first"));
    op("SequenceLength", "count", INPUTS("turned"));
    join("turned", 0, 1);
    put_value(GRAPH_OUTPUT, "y", SHAPE(OPEN, 2));
    put_typed_value(GRAPH_OUTPUT, "count", INT64, 0, NULL);
}

START_TEST(a_sequence_of_what_a_run_chooses) {
    const float x[] = {1, 2, 3, 4, 5, 6};
    const bool c[] = {true, false, true};
    const soma_array inputs[] = {{x, SOMA_F32, 2, {3, 2}}, {c, SOMA_BOOL, 1, {3}}};
    soma_onnx_session *session;
    soma_array y[2];
    expect_ok(open_model(rows_of_a_run, &session));
    expect_ok(soma_onnx_session_run(session, inputs, y));
    expect_floats(&y[0], SHAPE(2, 2), (const float[]){5, 6, 1, 2});
    expect_shape(&y[1], SOMA_I64, 0, NULL);
    ck_assert_int_eq(*(const int64_t *)y[1].data, 2);
    soma_onnx_session_destroy(session);
}
END_TEST

/* A node with a graph inside, which is written next. */
typedef struct body_places {
    size_t node, attribute, graph;
} body_places;

static body_places begin_with_body(const char *name, const char *out, const char *const *inputs) {
    body_places at = {.node = begin(name, out, inputs)};
    at.attribute = soma_protobuf_open(W, NODE_ATTRIBUTES);
    soma_protobuf_put_text(W, ATTRIBUTE_NAME, "body");
    soma_protobuf_put_integer(W, ATTRIBUTE_TYPE, ATTRIBUTE_IS_GRAPH);
    at.graph = soma_protobuf_open(W, ATTRIBUTE_GRAPH);
    soma_protobuf_put_text(W, GRAPH_NAME, "each");
    return at;
}

static void end_with_body(const body_places *at) {
    soma_protobuf_close(W, at->graph);
    soma_protobuf_close(W, at->attribute);
    soma_onnx_end_node(&made, at->node);
}

/* As PyTorch writes EmbeddingBag: the sums of the pieces of x that begin and end at places of a run, in a sequence that
 * is empty at first. How many there are is known, and how long they are is not: the loop is the host's. */
static void pieces_of_a_run(void) {
    put_value(GRAPH_INPUT, "x", SHAPE(OPEN));
    put_typed_value(GRAPH_INPUT, "places", INT64, SHAPE(OPEN));
    integers("turns", 1, (const int64_t[]){2});
    integers("one", 1, (const int64_t[]){1});
    bytes("true", BOOL, SHAPE(1), (const int8_t[]){1});
    op("Neg", "n", INPUTS("x")); /* on the device */
    op("SequenceEmpty", "none", (const char *const[]){NULL});
    const body_places body = begin_with_body("Loop", "all", INPUTS("turns", "true", "none"));
    op("Reshape", "turn", INPUTS("i", "one"));
    op("Add", "next", INPUTS("turn", "one"));
    op("Gather", "start", INPUTS("places", "turn"));
    op("Gather", "end", INPUTS("places", "next"));
    op("Slice", "piece", INPUTS("n", "start", "end"));
    op("ReduceSum", "sum", INPUTS("piece"));
    op("SequenceInsert", "more", INPUTS("before", "sum"));
    op("Identity", "on", INPUTS("c"));
    put_typed_value(GRAPH_INPUT, "i", INT64, 0, NULL);
    put_typed_value(GRAPH_INPUT, "c", BOOL, SHAPE(1));
    put_value(GRAPH_INPUT, "before", 0, NULL);
    put_typed_value(GRAPH_OUTPUT, "on", BOOL, SHAPE(1));
    put_value(GRAPH_OUTPUT, "more", 0, NULL);
    end_with_body(&body);
    join("all", 0, 0);
    put_value(GRAPH_OUTPUT, "y", SHAPE(OPEN));
}

START_TEST(a_loop_over_pieces_of_a_run) {
    const float x[] = {1, 2, 3, 4, 5};
    soma_onnx_session *session;
    soma_array y;
    expect_ok(open_model(pieces_of_a_run, &session));
    for (int64_t cut_at = 1; cut_at < 5; cut_at++) {
        const int64_t places[] = {0, cut_at, 5};
        const float first = (float)(cut_at * (cut_at + 1) / 2);
        const soma_array inputs[] = {{x, SOMA_F32, 1, {5}}, {places, SOMA_I64, 1, {3}}};
        expect_ok(soma_onnx_session_run(session, inputs, &y));
        expect_floats(&y, SHAPE(2), (const float[]){-first, first - 15});
    }
    soma_onnx_session_destroy(session);
}
END_TEST

/* y = for each of the two columns of x, itself times w, plus the whole of x's first column: w is no sequence. */
static void mapped(void) {
    put_value(GRAPH_INPUT, "x", SHAPE(3, 2));
    floats("w", SHAPE(1), (const float[]){10});
    cut(NULL, 1, true);
    const body_places body = begin_with_body("SequenceMap", "t", INPUTS("s", "w"));
    op("Mul", "product", INPUTS("column", "factor"));
    put_value(GRAPH_INPUT, "column", SHAPE(3, 1));
    put_value(GRAPH_INPUT, "factor", SHAPE(1));
    put_value(GRAPH_OUTPUT, "product", SHAPE(3, 1));
    end_with_body(&body);
    integers("first", 1, (const int64_t[]){0});
    op("SequenceErase", "rest", INPUTS("t", "first"));
    op("SequenceAt", "column0", INPUTS("s", "first"));
    op("SequenceInsert", "all", INPUTS("rest", "column0"));
    join("all", 1, 0);
    put_value(GRAPH_OUTPUT, "y", SHAPE(3, 2));
}

START_TEST(each_of_a_sequence_goes_through_a_body) {
    const float x[] = {1, 2, 3, 4, 5, 6};
    soma_onnx_session *session;
    soma_array y;
    expect_ok(open_model(mapped, &session));
    expect_ok(soma_onnx_session_run(session, &(soma_array){x, SOMA_F32, 2, {3, 2}}, &y));
    expect_floats(&y, SHAPE(3, 2), (const float[]){20, 1, 40, 3, 60, 5});
    soma_onnx_session_destroy(session);
}
END_TEST

/* ------------------------------------------------------------------------------------------------------- what is wrong
 */

static const char *wrong_op, *second;
static int64_t place;

static void wrong(void) {
    put_value(GRAPH_INPUT, "x", SHAPE(2, 3));
    integers("place", 1, &place);
    integers("lengths", 2, (const int64_t[]){1, 1});
    op("SequenceConstruct", "s", INPUTS("x", "x"));
    op("SequenceEmpty", "none", (const char *const[]){NULL});
    size_t one = begin(wrong_op, "y", second ? INPUTS(second, "place") : INPUTS("s", "place"));
    if (strcmp(wrong_op, "ConcatFromSequence") == 0) soma_onnx_put_attribute_integer(&made, "axis", place);
    soma_onnx_end_node(&made, one);
    put_value(GRAPH_OUTPUT, "y", SHAPE(2, 3));
}

static void expect_wrong(const char *name, const char *first, int64_t at, const char *said) {
    soma_onnx_session *session = NULL;
    wrong_op = name;
    second = first;
    place = at;
    const soma_status status = open_model(wrong, &session);
    ck_assert_msg(status != SOMA_OK && strstr(soma_last_error(), said), "%s of %s at %d: %s", name, first ? first : "s",
                  (int)at, status == SOMA_OK ? "no error" : soma_last_error());
    ck_assert_ptr_null(session);
}

START_TEST(what_a_sequence_does_not_have_is_refused) {
    expect_wrong("SequenceAt", NULL, 2, "a place that a sequence of 2 tensors does not have");
    expect_wrong("SequenceAt", NULL, -3, "a place that a sequence of 2 tensors does not have");
    expect_wrong("SequenceErase", NULL, 2, "a place that a sequence of 2 tensors does not have");
    expect_wrong("SequenceAt", "none", 0, "a sequence that has none");
    expect_wrong("SequenceErase", "none", 0, "nothing is left of a sequence");
    expect_wrong("SequenceAt", "x", 0, "\"x\" is a tensor; a sequence is taken");
    expect_wrong("Add", NULL, 0, "\"s\" is a sequence of 2 tensors; a tensor is taken");
    expect_wrong("Add", "none", 0, "\"none\" is a sequence of 0 tensors; a tensor is taken");
    expect_wrong("SequenceErase", NULL, 1, "output 0, \"y\": \"y\" is a sequence of 1 tensors; a tensor is taken");
}
END_TEST

/* A cut along what no file says the size of; a place that an input says; parts that are more or less than the whole. */
static void along_the_batch(void) {
    put_value(GRAPH_INPUT, "x", SHAPE(OPEN, 3));
    cut(NULL, 0, true);
    join("s", 1, 0);
    put_value(GRAPH_OUTPUT, "y", SHAPE(1, OPEN));
}
static void at_a_place_of_an_input(void) {
    put_value(GRAPH_INPUT, "x", SHAPE(2, 3));
    put_typed_value(GRAPH_INPUT, "i", INT64, SHAPE(1));
    op("SequenceConstruct", "s", INPUTS("x", "x"));
    op("SequenceAt", "y", INPUTS("s", "i"));
    put_value(GRAPH_OUTPUT, "y", SHAPE(2, 3));
}
static int64_t parts[2];
static void in_parts(void) {
    put_value(GRAPH_INPUT, "x", SHAPE(2, 3));
    integers("parts", 2, parts);
    cut("parts", 1, true);
    join("s", 1, 0);
    put_value(GRAPH_OUTPUT, "y", SHAPE(2, 3));
}

START_TEST(what_is_not_known_beforehand_is_refused) {
    soma_onnx_session *session = NULL;
    soma_network *network;
    onnx_make_graph(along_the_batch, 8, 18);
    expect_ok(soma_file_write(temporary_path("m.onnx"), W->data, W->size));
    expect_error(soma_load_onnx(temporary_path("m.onnx"), NULL, &network), SOMA_UNSUPPORTED,
                 "dimension 0 of \"x\" is how many tensors");
    expect_error(open_model(at_a_place_of_an_input, &session), SOMA_UNSUPPORTED,
                 "\"i\" says which tensor of a sequence");
    parts[0] = 2, parts[1] = 2;
    expect_error(open_model(in_parts, &session), SOMA_INVALID_FILE, "a part of 2 elements, where 1 are left");
    parts[0] = 1, parts[1] = 1;
    expect_error(open_model(in_parts, &session), SOMA_INVALID_FILE, "1 elements of the axis are in no part");
    parts[0] = 4, parts[1] = -1;
    expect_error(open_model(in_parts, &session), SOMA_INVALID_FILE, "a part of 4 elements, where 3 are left");
    ck_assert_ptr_null(session);
}
END_TEST

int main(int argc, char **argv) {
    const int status = onnx_run_cases(argc, argv, "onnx, sequences", 18, cases, sizeof cases / sizeof *cases);
    if (status != 0) return status;
    if (soma_device_open(argv[1], NULL, &device) != SOMA_OK) return 1;
    TCase *all = tcase_create("sessions");
    tcase_add_unchecked_fixture(all, temporary_create, temporary_destroy);
    tcase_add_test(all, a_sequence_of_what_a_run_chooses);
    tcase_add_test(all, each_of_a_sequence_goes_through_a_body);
    tcase_add_test(all, a_loop_over_pieces_of_a_run);
    tcase_add_test(all, what_a_sequence_does_not_have_is_refused);
    tcase_add_test(all, what_is_not_known_beforehand_is_refused);
    Suite *suite = suite_create("onnx, sequences of sessions");
    suite_add_tcase(suite, all);
    SRunner *runner = srunner_create(suite);
    srunner_set_fork_status(runner, CK_NOFORK); /* the device's threads do not survive a fork */
    srunner_run_all(runner, CK_NORMAL);
    const int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    soma_device_close(device);
    return failed ? 1 : 0;
}
