/* SPDX-License-Identifier: MIT */
/* Models whose results' shapes depend on numbers: soma_onnx_session_run(). Expected values are worked out by hand, and
 * those of NonMaxSuppression are the examples of ONNX's text. */
#include "base/file.h"
#include "expect_array.h"
#include "onnx_model.h"
#include "temporary.h"

#include <math.h>
#include <soma/onnx.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* Of ONNX's elements. */
enum { FLOAT = 1, INT64 = 7, BOOL = 9 };

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

static soma_status open_with(void (*body)(void), const soma_onnx_options *options, soma_onnx_session **session) {
    const char *path = temporary_path("m.onnx");
    onnx_make_graph(body, 8, 13);
    expect_ok(soma_file_write(path, W->data, W->size));
    return soma_onnx_session_create(path, options, device, session);
}

static soma_onnx_session *open_model(void (*body)(void)) {
    soma_onnx_session *session;
    expect_ok(open_with(body, NULL, &session));
    return session;
}

static void expect_integers(const soma_array *found, size_t rank, const int64_t *shape, const int64_t *values) {
    size_t count = 1;
    expect_shape(found, SOMA_I64, rank, shape);
    for (size_t i = 0; i < rank; i++) count *= (size_t)shape[i];
    for (size_t i = 0; i < count; i++) ck_assert_int_eq(((const int64_t *)found->data)[i], values[i]);
}

#define VALUES(...) __VA_ARGS__

/* --------------------------------------------------------------------------------------------------------- detectors
 */

enum { BOXES = 6 };
static const float corners[BOXES * 4] = {0, 0,  1, 1,  0, 0.1F,  1, 1.1F,  0, -0.1F, 1, 0.9F,
                                         0, 10, 1, 11, 0, 10.1F, 1, 11.1F, 0, 100,   1, 101};
static const float scores[BOXES] = {0.9F, 0.75F, 0.6F, 0.95F, 0.5F, 0.3F};

static void put_boxes(void) {
    put_value(GRAPH_INPUT, "boxes", SHAPE(1, OPEN, 4));
    put_value(GRAPH_INPUT, "scores", SHAPE(1, 1, OPEN));
    integers("most", 1, (const int64_t[]){3});
    floats("overlap", SHAPE(1), (const float[]){0.5F});
}

static void put_kept(float threshold) {
    put_boxes();
    floats("threshold", SHAPE(1), &threshold);
    put("NonMaxSuppression", INPUTS("boxes", "scores", "most", "overlap", "threshold"), "y", NULL, 0);
    put_typed_value(GRAPH_OUTPUT, "y", INT64, SHAPE(OPEN, 3));
}

static void kept(void) {
    put_kept(0);
}

static void kept_above(void) {
    put_kept(0.4F);
}

static void kept_above_all(void) {
    put_kept(1);
}

static void expect_kept(void (*body)(void), size_t count, const int64_t *expected) {
    soma_onnx_session *session = open_model(body);
    const soma_array inputs[] = {{corners, SOMA_F32, 3, {1, BOXES, 4}}, {scores, SOMA_F32, 3, {1, 1, BOXES}}};
    soma_array y;
    expect_ok(soma_onnx_session_run(session, inputs, &y));
    expect_integers(&y, 2, (const int64_t[]){(int64_t)count, 3}, expected);
    soma_onnx_session_destroy(session);
}

START_TEST(boxes_are_kept_by_score_where_they_do_not_overlap) {
    expect_kept(kept, 3, (const int64_t[]){0, 0, 3, 0, 0, 0, 0, 0, 5});
    expect_kept(kept_above, 2, (const int64_t[]){0, 0, 3, 0, 0, 0});
    expect_kept(kept_above_all, 0, NULL);
}
END_TEST

static void equal_boxes(void) {
    put_boxes();
    put("NonMaxSuppression", INPUTS("boxes", "scores", "most", "overlap"), "y", "center_point_box", 1);
    put_typed_value(GRAPH_OUTPUT, "y", INT64, SHAPE(OPEN, 3));
}

/* As a language model is fed word by word: what each layer has kept goes in, and comes out with a step more. */
enum { CACHES = 24 };
static void caches(void) {
    static char names[4][CACHES][16];
    put_value(GRAPH_INPUT, "x", SHAPE(OPEN, 1, 2));
    for (int i = 0; i < CACHES; i++) {
        for (int k = 0; k < 3; k++)
            snprintf(names[k][i], sizeof names[k][i], "%s%d", (const char *[]){"w", "p", "n"}[k], i);
        put_value(GRAPH_INPUT, names[1][i], SHAPE(OPEN, OPEN, 2));
        floats(names[0][i], SHAPE(1), (const float[]){(float)i + 1});
        snprintf(names[3][i], sizeof names[3][i], "x%d", i);
        put("Mul", INPUTS("x", names[0][i]), names[3][i], NULL, 0);
        put("Concat", INPUTS(names[1][i], names[3][i]), names[2][i], "axis", 1);
        put_value(GRAPH_OUTPUT, names[2][i], SHAPE(OPEN, OPEN, 2));
    }
}

START_TEST(many_values_go_in_and_come_out) {
    soma_onnx_session *session = open_model(caches);
    const float x[] = {1, -2};
    float past[CACHES][4];
    soma_array inputs[1 + CACHES] = {{x, SOMA_F32, 3, {1, 1, 2}}}, y[CACHES];
    for (int steps = 1; steps < 3; steps++) {
        for (int i = 0; i < CACHES; i++) {
            for (int k = 0; k < 4; k++) past[i][k] = (float)(100 * i + k);
            inputs[1 + i] = (soma_array){past[i], SOMA_F32, 3, {1, (size_t)steps, 2}};
        }
        expect_ok(soma_onnx_session_run(session, inputs, y));
        for (int i = 0; i < CACHES; i++) {
            float expected[6];
            memcpy(expected, past[i], (size_t)steps * 2 * sizeof(float));
            for (int k = 0; k < 2; k++) expected[2 * steps + k] = ((float)i + 1) * x[k];
            expect_floats(&y[i], SHAPE(1, steps + 1, 2), expected);
        }
    }
    soma_onnx_session_destroy(session);
}
END_TEST

/* Of equal boxes with equal scores the first; those of no area, which overlap nothing, all. */
START_TEST(of_equal_boxes_the_first_is_kept) {
    soma_onnx_session *session = open_model(equal_boxes);
    const float boxes[] = {1, 1, 2, 2, 1, 1, 2, 2, 1, 1, 0, 0, 1, 1, 0, 0}, all[] = {0.5F, 0.5F, 0.25F, 0.25F};
    const soma_array inputs[] = {{boxes, SOMA_F32, 3, {1, 4, 4}}, {all, SOMA_F32, 3, {1, 1, 4}}};
    soma_array y;
    expect_ok(soma_onnx_session_run(session, inputs, &y));
    expect_integers(&y, SHAPE(3, 3), (const int64_t[]){0, 0, 0, 0, 0, 2, 0, 0, 3});
    soma_onnx_session_destroy(session);
}
END_TEST

/* As exporters write a detector: what the network makes, the boxes that are left of it, and their own scores. */
static void detector(void) {
    put_boxes();
    floats("one", SHAPE(1), (const float[]){1});
    integers("places", 1, (const int64_t[]){2});
    integers("last", 1, (const int64_t[]){-1});
    put("Add", INPUTS("boxes", "one"), "moved", NULL, 0);
    put("NonMaxSuppression", INPUTS("moved", "scores", "most", "overlap"), "kept", NULL, 0);
    put("Gather", INPUTS("kept", "places"), "columns", "axis", 1);
    put("Reshape", INPUTS("columns", "last"), "which", NULL, 0);
    put("Gather", INPUTS("moved", "which"), "y", "axis", 1);
    put("Gather", INPUTS("scores", "which"), "s", "axis", 2);
    put("Sqrt", INPUTS("s"), "root", NULL, 0);
    put("Shape", INPUTS("which"), "count", NULL, 0);
    put_value(GRAPH_OUTPUT, "y", SHAPE(1, OPEN, 4));
    put_value(GRAPH_OUTPUT, "root", SHAPE(1, 1, OPEN));
    put_typed_value(GRAPH_OUTPUT, "count", INT64, SHAPE(1));
}

START_TEST(what_is_behind_goes_by_what_is_left) {
    soma_onnx_session *session = open_model(detector);
    const float few[] = {0, 0, 1, 1, 0, 0, 1, 1}, both[] = {0.25F, 1};
    const soma_array inputs[] = {{few, SOMA_F32, 3, {1, 2, 4}}, {both, SOMA_F32, 3, {1, 1, 2}}};
    const soma_array more[] = {{corners, SOMA_F32, 3, {1, BOXES, 4}}, {scores, SOMA_F32, 3, {1, 1, BOXES}}};
    soma_array y[3];
    for (unsigned again = 0; again < 2; again++) {
        expect_ok(soma_onnx_session_run(session, inputs, y));
        expect_floats(&y[0], SHAPE(1, 1, 4), (const float[]){1, 1, 2, 2});
        expect_floats(&y[1], SHAPE(1, 1, 1), (const float[]){1});
        expect_integers(&y[2], SHAPE(1), (const int64_t[]){1});
        expect_ok(soma_onnx_session_run(session, more, y));
        expect_floats(&y[0], SHAPE(1, 3, 4), (const float[]){1, 11, 2, 12, 1, 1, 2, 2, 1, 101, 2, 102});
        expect_integers(&y[2], SHAPE(1), (const int64_t[]){3});
    }
    soma_onnx_session_destroy(session);
}
END_TEST

/* What is computed of weights alone, beside what is left. */
static void beside_weights(void) {
    put_value(GRAPH_INPUT, "x", SHAPE(OPEN, 2));
    put_typed_value(GRAPH_INPUT, "c", BOOL, SHAPE(OPEN));
    floats("w", SHAPE(2, 2), (const float[]){1, 2, 3, 4});
    put("MatMul", INPUTS("w", "w"), "ww", NULL, 0);
    put("Compress", INPUTS("x", "c"), "rows", "axis", 0);
    put("Concat", INPUTS("rows", "ww"), "y", "axis", 0);
    put_value(GRAPH_OUTPUT, "y", SHAPE(OPEN, 2));
}

START_TEST(what_depends_on_weights_alone_can_be_needed_behind) {
    soma_onnx_session *session = open_model(beside_weights);
    const float x[] = {NAN, 1, 2, 2, 1, 5};
    const uint8_t c[] = {0, 0, 1};
    const soma_array inputs[] = {{x, SOMA_F32, 2, {3, 2}}, {c, SOMA_BOOL, 1, {3}}};
    soma_array y;
    expect_ok(soma_onnx_session_run(session, inputs, &y));
    expect_floats(&y, SHAPE(3, 2), (const float[]){1, 5, 7, 10, 15, 22});
    const soma_array one[] = {{x, SOMA_F32, 2, {1, 2}}, {c, SOMA_BOOL, 1, {1}}};
    expect_ok(soma_onnx_session_run(session, one, &y));
    expect_floats(&y, SHAPE(2, 2), (const float[]){7, 10, 15, 22});
    soma_onnx_session_destroy(session);
}
END_TEST

/* Rows 2 and 0 of [[1, 2], [3, 4], [5, 6]] / 2, and ten times [1, 0] / 2 more, all of them quantized: it is the network
 * that takes rows, so that no more goes to the host than their sum, of which the places of those above 2.75 are wanted.
 */
static void quantized_rows(void) {
    char name[32], sum[32] = "rows";
    put_typed_value(GRAPH_INPUT, "ids", INT64, SHAPE(1, 2));
    bytes("q", 3, SHAPE(3, 2), (const int8_t[]){1, 2, 3, 4, 5, 6});
    bytes("p", 3, SHAPE(2), (const int8_t[]){1, 0});
    floats("half", SHAPE(1), (const float[]){0.5F});
    floats("bound", SHAPE(1), (const float[]){2.75F});
    put("Cast", INPUTS("q"), "f", "to", FLOAT);
    put("Mul", INPUTS("f", "half"), "table", NULL, 0);
    put("Gather", INPUTS("table", "ids"), "rows", NULL, 0);
    for (int i = 0; i < 10; i++) {
        char cast[32], before[32];
        snprintf(cast, sizeof cast, "cast %d", i);
        snprintf(name, sizeof name, "more %d", i);
        snprintf(before, sizeof before, "%s", sum);
        snprintf(sum, sizeof sum, "sum %d", i);
        put("Cast", INPUTS("p"), cast, "to", FLOAT);
        put("Mul", INPUTS(cast, "half"), name, NULL, 0);
        put("Add", INPUTS(before, name), sum, NULL, 0);
    }
    put("Greater", INPUTS(sum, "bound"), "large", NULL, 0);
    put("NonZero", INPUTS("large"), "y", NULL, 0);
    put_typed_value(GRAPH_OUTPUT, "y", INT64, SHAPE(3, OPEN));
}

START_TEST(rows_of_a_table_that_is_computed_are_taken_on_the_device) {
    soma_onnx_session *session = open_model(quantized_rows);
    const int64_t ids[] = {2, 0};
    const soma_array input = {ids, SOMA_I64, 2, {1, 2}};
    soma_array y;
    expect_ok(soma_onnx_session_run(session, &input, &y)); /* 7.5 3; 5.5 1 */
    expect_integers(&y, SHAPE(3, 3), (const int64_t[]){0, 0, 0, 0, 0, 1, 0, 1, 0});
    soma_onnx_session_destroy(session);
}
END_TEST

/* ----------------------------------------------------------------------------------------------------------- choices
 */

static void nonzero(void) {
    put_value(GRAPH_INPUT, "x", SHAPE(OPEN, OPEN));
    put("Relu", INPUTS("x"), "r", NULL, 0);
    put("NonZero", INPUTS("r"), "y", NULL, 0);
    put("Transpose", INPUTS("y"), "t", NULL, 0);
    put("GatherND", INPUTS("r", "t"), "values", NULL, 0);
    put_typed_value(GRAPH_OUTPUT, "y", INT64, SHAPE(2, OPEN));
    put_value(GRAPH_OUTPUT, "values", SHAPE(OPEN));
    put_value(GRAPH_OUTPUT, "r", SHAPE(OPEN, OPEN));
}

START_TEST(places_of_what_is_not_0_have_any_number) {
    soma_onnx_session *session = open_model(nonzero);
    const float x[] = {-1, 2, 3, -4, 0, 6};
    soma_array y[3];
    expect_ok(soma_onnx_session_run(session, &(soma_array){x, SOMA_F32, 2, {2, 3}}, y));
    expect_integers(&y[0], SHAPE(2, 3), (const int64_t[]){0, 0, 1, 1, 2, 2});
    expect_floats(&y[1], SHAPE(3), (const float[]){2, 3, 6});
    expect_floats(&y[2], SHAPE(2, 3), (const float[]){0, 2, 3, 0, 0, 6});
    expect_ok(soma_onnx_session_run(session, &(soma_array){x, SOMA_F32, 2, {3, 1}}, y));
    expect_integers(&y[0], SHAPE(2, 2), (const int64_t[]){1, 2, 0, 0});
    expect_ok(soma_onnx_session_run(session, &(soma_array){x, SOMA_F32, 2, {1, 1}}, y));
    expect_shape(&y[0], SOMA_I64, SHAPE(2, 0));
    expect_shape(&y[1], SOMA_F32, SHAPE(0));
    soma_onnx_session_destroy(session);
}
END_TEST

static void choices(void) {
    put_value(GRAPH_INPUT, "x", SHAPE(OPEN, 2));
    put_typed_value(GRAPH_INPUT, "c", BOOL, SHAPE(OPEN));
    integers("top", 1, (const int64_t[]){2});
    put("Compress", INPUTS("x", "c"), "rows", "axis", 0);
    put("Compress", INPUTS("x", "c"), "flat", NULL, 0);
    put("Unique", INPUTS("rows"), "values", NULL, 0);
    size_t one = soma_onnx_begin_node(&made, "Unique", "u", INPUTS("rows"));
    soma_protobuf_put_text(W, 2, "first");
    soma_protobuf_put_text(W, 2, "inverse");
    soma_protobuf_put_text(W, 2, "counts");
    soma_onnx_put_attribute_integer(&made, "sorted", 0);
    soma_onnx_end_node(&made, one);
    one = soma_onnx_begin_node(&made, "TopK", "most", INPUTS("values", "top"));
    soma_protobuf_put_text(W, 2, "where");
    soma_onnx_end_node(&made, one);
    one = soma_onnx_begin_node(&made, "TopK", "upper", INPUTS("rows", "top"));
    soma_protobuf_put_text(W, 2, "at");
    soma_onnx_put_attribute_integer(&made, "axis", 0);
    soma_onnx_end_node(&made, one);
    put_value(GRAPH_OUTPUT, "rows", SHAPE(OPEN, 2));
    put_value(GRAPH_OUTPUT, "flat", SHAPE(OPEN));
    put_value(GRAPH_OUTPUT, "values", SHAPE(OPEN));
    put_value(GRAPH_OUTPUT, "u", SHAPE(OPEN));
    put_typed_value(GRAPH_OUTPUT, "first", INT64, SHAPE(OPEN));
    put_typed_value(GRAPH_OUTPUT, "inverse", INT64, SHAPE(OPEN));
    put_typed_value(GRAPH_OUTPUT, "counts", INT64, SHAPE(OPEN));
    put_value(GRAPH_OUTPUT, "most", SHAPE(2));
    put_typed_value(GRAPH_OUTPUT, "where", INT64, SHAPE(2));
    put_value(GRAPH_OUTPUT, "upper", SHAPE(2, 2));
    put_typed_value(GRAPH_OUTPUT, "at", INT64, SHAPE(2, 2));
}

START_TEST(rows_are_chosen_and_values_are_told_apart) {
    soma_onnx_session *session = open_model(choices);
    const float x[] = {5, 1, 2, 2, 1, 5};
    const uint8_t c[] = {1, 0, 1};
    const soma_array inputs[] = {{x, SOMA_F32, 2, {3, 2}}, {c, SOMA_BOOL, 1, {3}}};
    soma_array y[11];
    expect_ok(soma_onnx_session_run(session, inputs, y));
    expect_floats(&y[0], SHAPE(2, 2), (const float[]){5, 1, 1, 5});
    expect_floats(&y[1], SHAPE(2), (const float[]){5, 2});
    expect_floats(&y[2], SHAPE(2), (const float[]){1, 5});
    expect_floats(&y[3], SHAPE(2), (const float[]){5, 1});
    expect_integers(&y[4], SHAPE(2), (const int64_t[]){0, 1});
    expect_integers(&y[5], SHAPE(4), (const int64_t[]){0, 1, 1, 0});
    expect_integers(&y[6], SHAPE(2), (const int64_t[]){2, 2});
    expect_floats(&y[7], SHAPE(2), (const float[]){5, 1});
    expect_integers(&y[8], SHAPE(2), (const int64_t[]){1, 0});
    expect_floats(&y[9], SHAPE(2, 2), (const float[]){5, 5, 1, 1});
    expect_integers(&y[10], SHAPE(2, 2), (const int64_t[]){0, 1, 1, 0});
    soma_onnx_session_destroy(session);
}
END_TEST

/* More rows than there is time to look at, of no columns: none of each is taken. */
static void rows_of_nothing(void) {
    put_value(GRAPH_INPUT, "x", SHAPE(OPEN, 2));
    put_typed_value(GRAPH_INPUT, "c", BOOL, SHAPE(2));
    integers("top", 1, (const int64_t[]){0});
    tensor("many", ONNX_FLOAT, SHAPE(BY_WIDTH((int64_t)1 << 40, (int64_t)1 << 30), 0), 0);
    put("Compress", INPUTS("x", "c"), "none", "axis", 1);
    put("Concat", INPUTS("many", "none"), "rows", "axis", 0);
    size_t one = soma_onnx_begin_node(&made, "TopK", "most", INPUTS("rows", "top"));
    soma_protobuf_put_text(W, 2, "where");
    soma_onnx_put_attribute_integer(&made, "axis", 1);
    soma_onnx_end_node(&made, one);
    put_value(GRAPH_OUTPUT, "most", SHAPE(OPEN, OPEN));
    put_typed_value(GRAPH_OUTPUT, "where", INT64, SHAPE(OPEN, OPEN));
}

START_TEST(of_many_rows_of_nothing_nothing_is_taken) {
    soma_onnx_session *session = open_model(rows_of_nothing);
    const int64_t many = BY_WIDTH((int64_t)1 << 40, (int64_t)1 << 30);
    const float x[] = {1, 2, 3, 4, 5, 6};
    const uint8_t c[] = {0, 0};
    const soma_array inputs[] = {{x, SOMA_F32, 2, {3, 2}}, {c, SOMA_BOOL, 1, {2}}};
    soma_array y[2];
    expect_ok(soma_onnx_session_run(session, inputs, y));
    expect_shape(&y[0], SOMA_F32, SHAPE(many + 3, 0));
    expect_shape(&y[1], SOMA_I64, SHAPE(many + 3, 0));
    soma_onnx_session_destroy(session);
}
END_TEST

/* Behind what is chosen in a run, and so on the host: a and b, the columns of the rows chosen. */
static void compared(void) {
    put_value(GRAPH_INPUT, "a", SHAPE(OPEN));
    put_value(GRAPH_INPUT, "b", SHAPE(OPEN));
    put_typed_value(GRAPH_INPUT, "c", BOOL, SHAPE(OPEN));
    floats("two", SHAPE(1), (const float[]){2});
    floats("one", SHAPE(1), (const float[]){1});
    put("Compress", INPUTS("a", "c"), "p", "axis", 0);
    put("Compress", INPUTS("b", "c"), "q", "axis", 0);
    put("Max", INPUTS("p", "q"), "larger", NULL, 0);
    put("Min", INPUTS("p", "q"), "smaller", NULL, 0);
    put("Max", INPUTS("p", "two", "q"), "largest", NULL, 0);
    put("Min", INPUTS("p", "two", "q"), "smallest", NULL, 0);
    put("Max", INPUTS("p"), "only", NULL, 0);
    put("Clip", INPUTS("p", "one", "two"), "between", NULL, 0);
    put("Clip", INPUTS("p", "two", "one"), "crossed", NULL, 0);
    put("Clip", INPUTS("p", "two"), "above", NULL, 0);
    put("Clip", INPUTS("p", "", "two"), "below", NULL, 0);
    static const char *const out[] = {"larger",  "smaller", "largest", "smallest", "only",
                                      "between", "crossed", "above",   "below"};
    for (size_t i = 0; i < 9; i++) put_value(GRAPH_OUTPUT, out[i], SHAPE(OPEN));
}

/* As numpy.maximum, numpy.minimum and numpy.clip have them, which ONNX's text is written by: NaN stays, of bounds that
 * are crossed the upper one counts. */
START_TEST(of_numbers_the_larger_and_the_smaller_are_taken) {
    soma_onnx_session *session = open_model(compared);
    const float a[] = {1, 5, NAN, 2.5F, 9, -INFINITY}, b[] = {3, 1.5F, 1, NAN, 9, INFINITY};
    const uint8_t c[] = {1, 1, 1, 1, 0, 1};
    const soma_array inputs[] = {{a, SOMA_F32, 1, {6}}, {b, SOMA_F32, 1, {6}}, {c, SOMA_BOOL, 1, {6}}};
    static const float expected[][5] = {{3, 5, NAN, NAN, INFINITY},
                                        {1, 1.5F, NAN, NAN, -INFINITY},
                                        {3, 5, NAN, NAN, INFINITY},
                                        {1, 1.5F, NAN, NAN, -INFINITY},
                                        {1, 5, NAN, 2.5F, -INFINITY},
                                        {1, 2, NAN, 2, 1},
                                        {1, 1, NAN, 1, 1},
                                        {2, 5, NAN, 2.5F, 2},
                                        {1, 2, NAN, 2, -INFINITY}};
    soma_array y[9];
    expect_ok(soma_onnx_session_run(session, inputs, y));
    for (size_t i = 0; i < 9; i++) {
        expect_shape(&y[i], SOMA_F32, SHAPE(5));
        for (size_t j = 0; j < 5; j++) {
            const float found = ((const float *)y[i].data)[j], right = expected[i][j];
            ck_assert_msg(isnan(right) ? isnan(found) != 0 : found == right, "output %zu: value %zu is %g, expected %g",
                          i, j, (double)found, (double)right);
        }
    }
    soma_onnx_session_destroy(session);
}
END_TEST

static void whole(void) {
    put_typed_value(GRAPH_INPUT, "x", INT64, SHAPE(OPEN));
    put_typed_value(GRAPH_INPUT, "c", BOOL, SHAPE(OPEN));
    floats("half", SHAPE(1), (const float[]){0.5F});
    put("Compress", INPUTS("x", "c"), "w", "axis", 0);
    put("Abs", INPUTS("w"), "size", NULL, 0);
    put("Pow", INPUTS("size", "half"), "root", NULL, 0);
    put("Cast", INPUTS("root"), "roots", "to", FLOAT);
    put("ReduceMean", INPUTS("w"), "middle", "keepdims", 0);
    put("Cast", INPUTS("middle"), "mean", "to", FLOAT);
    put_value(GRAPH_OUTPUT, "roots", SHAPE(OPEN));
    put_value(GRAPH_OUTPUT, "mean", 0, NULL);
}

/* As a quotient of theirs does, towards 0. */
START_TEST(powers_and_means_of_whole_numbers_are_whole) {
    soma_onnx_session *session = open_model(whole);
    const int64_t x[] = {-1, 9, -2, -8};
    const uint8_t c[] = {1, 0, 1, 1};
    const soma_array inputs[] = {{x, SOMA_I64, 1, {4}}, {c, SOMA_BOOL, 1, {4}}};
    soma_array y[2];
    expect_ok(soma_onnx_session_run(session, inputs, y));
    expect_floats(&y[0], SHAPE(3), (const float[]){1, 1, 2});
    expect_floats(&y[1], 0, NULL, (const float[]){-3});
    soma_onnx_session_destroy(session);
}
END_TEST

static void distinct(void) {
    put_value(GRAPH_INPUT, "x", SHAPE(OPEN));
    size_t one = soma_onnx_begin_node(&made, "Unique", "u", INPUTS("x"));
    soma_protobuf_put_text(W, 2, "first");
    soma_protobuf_put_text(W, 2, "inverse");
    soma_protobuf_put_text(W, 2, "counts");
    soma_onnx_end_node(&made, one);
    put_value(GRAPH_OUTPUT, "u", SHAPE(OPEN));
    put_typed_value(GRAPH_OUTPUT, "first", INT64, SHAPE(OPEN));
    put_typed_value(GRAPH_OUTPUT, "inverse", INT64, SHAPE(OPEN));
    put_typed_value(GRAPH_OUTPUT, "counts", INT64, SHAPE(OPEN));
}

START_TEST(a_nan_is_one_value_behind_all_others) {
    soma_onnx_session *session = open_model(distinct);
    const float x[] = {2, NAN, 1, NAN, -INFINITY, 1, INFINITY, 2};
    soma_array y[4];
    expect_ok(soma_onnx_session_run(session, &(soma_array){x, SOMA_F32, 1, {8}}, y));
    expect_shape(&y[0], SOMA_F32, SHAPE(5));
    const float *u = y[0].data;
    ck_assert(u[0] == -INFINITY && u[1] == 1 && u[2] == 2 && u[3] == INFINITY && isnan(u[4]));
    expect_integers(&y[1], SHAPE(5), (const int64_t[]){4, 2, 0, 6, 1});
    expect_integers(&y[2], SHAPE(8), (const int64_t[]){2, 4, 1, 4, 0, 1, 3, 2});
    expect_integers(&y[3], SHAPE(5), (const int64_t[]){1, 2, 2, 1, 2});
    soma_onnx_session_destroy(session);
}
END_TEST

/* A detector that finds nothing: rows of which none is left, and what is made of them. */
static void reduced(void) {
    put_value(GRAPH_INPUT, "x", SHAPE(OPEN, 2));
    put_typed_value(GRAPH_INPUT, "c", BOOL, SHAPE(OPEN));
    integers("axes", 1, (const int64_t[]){1});
    put("Compress", INPUTS("x", "c"), "rows", "axis", 0);
    put("ReduceSum", INPUTS("rows", "axes"), "sums", "keepdims", 0);
    put("ReduceSum", INPUTS("rows"), "sum", "keepdims", 0);
    put("ReduceMax", INPUTS("rows"), "most", "keepdims", 0);
    size_t one = soma_onnx_begin_node(&made, "ReduceMean", "means", INPUTS("rows"));
    soma_onnx_put_attribute_integers(&made, "axes", (const int64_t[]){1}, 1);
    soma_onnx_end_node(&made, one);
    put("ReduceMean", INPUTS("rows"), "mean", "keepdims", 0);
    put_value(GRAPH_OUTPUT, "sums", SHAPE(OPEN));
    put_value(GRAPH_OUTPUT, "sum", 0, NULL);
    put_value(GRAPH_OUTPUT, "most", 0, NULL);
    put_value(GRAPH_OUTPUT, "means", SHAPE(OPEN, 1));
    put_value(GRAPH_OUTPUT, "mean", 0, NULL);
}

/* Of nothing the mean is not defined: 0, as onnxruntime has it. */
START_TEST(what_is_nothing_is_reduced_all_the_same) {
    soma_onnx_session *session = open_model(reduced);
    const float x[] = {5, 1, 2, 2, 1, 5};
    uint8_t c[] = {0, 0, 0};
    const soma_array inputs[] = {{x, SOMA_F32, 2, {3, 2}}, {c, SOMA_BOOL, 1, {3}}};
    soma_array y[5];
    expect_ok(soma_onnx_session_run(session, inputs, y));
    expect_floats(&y[0], SHAPE(0), NULL);
    expect_floats(&y[1], 0, NULL, (const float[]){0});
    expect_floats(&y[2], 0, NULL, (const float[]){-INFINITY});
    expect_floats(&y[3], SHAPE(0, 1), NULL);
    expect_floats(&y[4], 0, NULL, (const float[]){0});
    c[0] = 1;
    expect_ok(soma_onnx_session_run(session, inputs, y));
    expect_floats(&y[0], SHAPE(1), (const float[]){6});
    expect_floats(&y[2], 0, NULL, (const float[]){5});
    expect_floats(&y[3], SHAPE(1, 1), (const float[]){3});
    soma_onnx_session_destroy(session);
}
END_TEST

/* ------------------------------------------------------------------------------------------------ branches, on numbers
 */

static void put_branch(const char *name, const char *op, const char *a, const char *b) {
    size_t attribute = soma_protobuf_open(W, 5); /* of the node */
    soma_protobuf_put_text(W, 1, name);
    size_t graph = soma_protobuf_open(W, 6);
    node(op, a, b, "b");
    put_value(GRAPH_OUTPUT, "b", SHAPE(OPEN));
    soma_protobuf_close(W, graph);
    soma_protobuf_put_integer(W, 20, 5); /* a graph */
    soma_protobuf_close(W, attribute);
}

static void branches(void) {
    put_value(GRAPH_INPUT, "x", SHAPE(OPEN));
    put_typed_value(GRAPH_INPUT, "c", BOOL, SHAPE(1));
    put("Relu", INPUTS("x"), "r", NULL, 0);
    size_t one = soma_onnx_begin_node(&made, "If", "y", INPUTS("c"));
    put_branch("then_branch", "Neg", "r", NULL);
    put_branch("else_branch", "NonZero", "r", NULL);
    soma_onnx_end_node(&made, one);
    put_value(GRAPH_OUTPUT, "y", 0, NULL);
}

START_TEST(the_branch_is_that_of_the_run) {
    soma_onnx_session *session = open_model(branches);
    const float x[] = {-1, 2};
    uint8_t c = 1;
    const soma_array inputs[] = {{x, SOMA_F32, 1, {2}}, {&c, SOMA_BOOL, 1, {1}}};
    soma_array y;
    expect_ok(soma_onnx_session_run(session, inputs, &y));
    expect_floats(&y, SHAPE(2), (const float[]){0, -2});
    c = 0;
    expect_ok(soma_onnx_session_run(session, inputs, &y));
    ck_assert_uint_eq(y.rank, 2);
    ck_assert_uint_eq(y.shape[1], 1);
    soma_onnx_session_destroy(session);
}
END_TEST

/* ------------------------------------------------------------------------------------------------ large whole numbers
 */

static const char *large_op;

/* Whole numbers as they come in, and one that is on the host. */
static void large(void) {
    put_typed_value(GRAPH_INPUT, "x", INT64, SHAPE(OPEN));
    put_typed_value(GRAPH_INPUT, "k", INT64, SHAPE(1));
    put_typed_value(GRAPH_INPUT, "c", BOOL, SHAPE(1));
    put("Compress", INPUTS("k", "c"), "w", "axis", 0);
    put(large_op, INPUTS("x", "w"), "y", NULL, 0);
    put_typed_value(GRAPH_OUTPUT, "y", *large_op == 'L' ? BOOL : INT64, 0, NULL);
}

static void large_distinct(void) {
    put_typed_value(GRAPH_INPUT, "x", INT64, SHAPE(OPEN));
    size_t one = soma_onnx_begin_node(&made, "Unique", "", INPUTS("x"));
    soma_protobuf_put_text(W, 2, "");
    soma_protobuf_put_text(W, 2, "");
    soma_protobuf_put_text(W, 2, "counts");
    soma_onnx_end_node(&made, one);
    put_typed_value(GRAPH_OUTPUT, "counts", INT64, SHAPE(OPEN));
}

static void large_compared(void) {
    put_typed_value(GRAPH_INPUT, "x", INT64, SHAPE(1));
    put_typed_value(GRAPH_INPUT, "k", INT64, SHAPE(1));
    put_typed_value(GRAPH_INPUT, "c", BOOL, SHAPE(1));
    size_t one = soma_onnx_begin_node(&made, "If", "y", INPUTS("c"));
    put_branch("then_branch", "Equal", "x", "k");
    put_branch("else_branch", "Min", "x", "k");
    soma_onnx_end_node(&made, one);
    put_typed_value(GRAPH_OUTPUT, "y", INT64, 0, NULL);
}

static const int64_t most = ((int64_t)1 << 53) - 1; /* float64 tells all up to here apart from their neighbours */

static void expect_large(const char *op, int64_t a, int64_t k, soma_status status, int64_t expected) {
    const int64_t x[] = {a, -3};
    const soma_array inputs[] = {{x, SOMA_I64, 1, {2}}, {&k, SOMA_I64, 1, {1}}, {(uint8_t[]){1}, SOMA_BOOL, 1, {1}}};
    soma_array y;
    large_op = op;
    soma_onnx_session *session = open_model(large);
    if (status == SOMA_OK) {
        expect_ok(soma_onnx_session_run(session, inputs, &y));
        ck_assert_int_eq(y.dtype == SOMA_BOOL ? ((const uint8_t *)y.data)[0] : ((const int64_t *)y.data)[0], expected);
    } else
        expect_error(soma_onnx_session_run(session, inputs, &y), status, op, "element 0, is 9007199254740992");
    soma_onnx_session_destroy(session);
}

START_TEST(whole_numbers_that_float64_confuses_are_refused) {
    expect_large("Sub", most, 1, SOMA_OK, most - 1);
    expect_large("Sub", most + 2, 1, SOMA_UNSUPPORTED, 0);
    expect_large("Add", most, 1, SOMA_UNSUPPORTED, 0);
    expect_large("Mod", most + 2, 2, SOMA_UNSUPPORTED, 0);
    expect_large("ReduceSum", most, 0, SOMA_OK, most - 3);
    expect_large("ReduceSum", most + 2, 0, SOMA_UNSUPPORTED, 0);
    expect_large("Less", INT64_MAX, 2, SOMA_OK, 0);
    expect_large("Min", INT64_MAX, 2, SOMA_OK, 2);
    expect_large("Compress", most, 1, SOMA_OK, most);
    expect_large("Compress", most + 1, 1, SOMA_UNSUPPORTED, 0);
    const int64_t x[] = {most + 2, most + 1};
    soma_array y, inputs[] = {{x, SOMA_I64, 1, {2}}, {x + 1, SOMA_I64, 1, {1}}, {NULL, SOMA_BOOL, 1, {1}}};
    soma_onnx_session *session = open_model(large_distinct);
    expect_error(soma_onnx_session_run(session, inputs, &y), SOMA_UNSUPPORTED, "x, element 0, is", "2^53");
    soma_onnx_session_destroy(session);
    session = open_model(large_compared);
    inputs[0].shape[0] = 1;
    for (uint8_t c = 0; c < 2; c++) {
        inputs[2].data = &c;
        expect_error(soma_onnx_session_run(session, inputs, &y), SOMA_UNSUPPORTED, c ? "Equal" : "Min", "2^53");
    }
    soma_onnx_session_destroy(session);
}
END_TEST

/* ---------------------------------------------------------------------------------------------------------- refusals
 */

static void behind(void) {
    put_value(GRAPH_INPUT, "x", SHAPE(OPEN, 2));
    put("NonZero", INPUTS("x"), "n", NULL, 0);
    put("Cast", INPUTS("n"), "f", "to", FLOAT);
    floats("w", SHAPE(2), (const float[]){1, 2});
    size_t one = soma_onnx_begin_node(&made, "BatchNormalization", "y", INPUTS("f", "w", "w", "w", "w"));
    soma_protobuf_put_text(W, NODE_OUTPUT, "mean"); /* as training has it */
    soma_onnx_end_node(&made, one);
    put_value(GRAPH_OUTPUT, "y", SHAPE(2, 2));
}

static void expanded(void) {
    put_value(GRAPH_INPUT, "x", SHAPE(OPEN));
    integers("large", 1, (const int64_t[]){1 << 20});
    put("NonZero", INPUTS("x"), "n", NULL, 0);
    put("Tile", INPUTS("n", "times"), "y", NULL, 0);
    integers("times", 2, (const int64_t[]){1, 1 << 20});
    put_typed_value(GRAPH_OUTPUT, "y", INT64, SHAPE(1, OPEN));
}

static void out_of_range(void) {
    put_value(GRAPH_INPUT, "x", SHAPE(OPEN));
    put_typed_value(GRAPH_INPUT, "i", INT64, SHAPE(OPEN));
    put("Relu", INPUTS("x"), "r", NULL, 0);
    put("Gather", INPUTS("r", "i"), "y", NULL, 0);
    put_value(GRAPH_OUTPUT, "y", SHAPE(OPEN));
}

START_TEST(what_cannot_be_is_said_by_name) {
    soma_onnx_session *session = open_model(behind);
    const float x[] = {1, 2, 3};
    const int64_t places[] = {2, -1, 3};
    soma_array y, inputs[] = {{x, SOMA_F32, 2, {1, 2}}, {places, SOMA_I64, 1, {2}}};
    expect_error(soma_onnx_session_run(session, inputs, &y), SOMA_UNSUPPORTED, "BatchNormalization",
                 "figures of the batch");
    inputs[0].rank = 1;
    expect_error(soma_onnx_session_run(session, inputs, &y), SOMA_INVALID_ARGUMENT, "input 0, x", "float32 [?, 2]");
    inputs[0].data = NULL;
    expect_error(soma_onnx_session_run(session, inputs, &y), SOMA_INVALID_ARGUMENT, "input 0, x", "no data");
    soma_onnx_session_destroy(session);
    expect_ok(open_with(expanded, &(soma_onnx_options){.memory_limit = 1 << 20}, &session));
    inputs[0] = (soma_array){x, SOMA_F32, 1, {3}};
    expect_error(soma_onnx_session_run(session, inputs, &y), SOMA_UNSUPPORTED, "Tile", "1048576");
    soma_onnx_session_destroy(session);
    session = open_model(out_of_range);
    expect_ok(soma_onnx_session_run(session, inputs, &y));
    expect_floats(&y, SHAPE(2), (const float[]){3, 3});
    inputs[1].shape[0] = 3;
    expect_error(soma_onnx_session_run(session, inputs, &y), SOMA_INVALID_FILE, "Gather", "index 2 is 3");
    soma_onnx_session_destroy(session);
}
END_TEST

START_TEST(a_network_refuses_them_and_says_who_does_not) {
    soma_network *network;
    const char *path = temporary_path("m.onnx");
    onnx_make_graph(nonzero, 8, 13);
    expect_ok(soma_file_write(path, W->data, W->size));
    const soma_onnx_input input = {.name = "x", .rank = 2, .shape = (const size_t[]){2, 3}};
    expect_error(soma_load_onnx(path, &(soma_onnx_options){.inputs = &input, .input_count = 1}, &network),
                 SOMA_UNSUPPORTED, "NonZero", "soma/onnx.h");
}
END_TEST

/* More shapes than networks are kept for: what was there first comes out right again. */
START_TEST(any_number_of_shapes_comes_one_after_the_other) {
    soma_onnx_session *session = open_model(nonzero);
    float x[16];
    soma_array y[3];
    for (size_t i = 0; i < 16; i++) x[i] = (float)i;
    for (unsigned turn = 0; turn < 2; turn++)
        for (size_t n = 1; n <= 6; n++) {
            expect_ok(soma_onnx_session_run(session, &(soma_array){x, SOMA_F32, 2, {n, 2}}, y));
            expect_shape(&y[1], SOMA_F32, 1, (const int64_t[]){(int64_t)(2 * n - 1)});
            ck_assert_float_eq(((const float *)y[1].data)[2 * n - 2], (float)(2 * n - 1));
        }
    soma_onnx_session_destroy(session);
}
END_TEST

static void of_two_columns(void) {
    put_value(GRAPH_INPUT, "x", SHAPE(OPEN, OPEN));
    floats("w", SHAPE(2, 1), (const float[]){1, 10});
    put("MatMul", INPUTS("x", "w"), "y", NULL, 0);
    put_value(GRAPH_OUTPUT, "y", SHAPE(OPEN, 1));
}

/* Nothing is left of a shape that no network could be made for, and others come out right before and after. */
START_TEST(a_shape_that_does_not_fit_leaves_nothing_behind) {
    soma_onnx_session *session = open_model(of_two_columns);
    const float x[] = {1, 2, 3, 4, 5, 6};
    soma_array y;
    for (int turn = 0; turn < 6; turn++) {
        const soma_array bad = {x, SOMA_F32, 2, {2, 3}}, good = {x, SOMA_F32, 2, {3, 2}};
        ck_assert_int_ne(soma_onnx_session_run(session, &bad, &y), SOMA_OK);
        if (turn % 3 == 2) continue;
        expect_ok(soma_onnx_session_run(session, &good, &y));
        expect_floats(&y, SHAPE(3, 1), (const float[]){21, 43, 65});
    }
    soma_onnx_session_destroy(session);
}
END_TEST

enum { FACTORS = 2048 }; /* more bytes than are left in a file that is opened for a while */

static void scaled(void) {
    float factors[FACTORS];
    for (size_t i = 0; i < FACTORS; i++) factors[i] = (float)i;
    put_value(GRAPH_INPUT, "x", SHAPE(OPEN, 1));
    floats("factors", SHAPE(FACTORS), factors);
    put("Mul", INPUTS("x", "factors"), "y", NULL, 0);
    put_value(GRAPH_OUTPUT, "y", SHAPE(OPEN, FACTORS));
}

/* Weights are wanted again for each new shape. */
START_TEST(a_session_has_no_need_of_the_file) {
    soma_onnx_session *session = open_model(scaled);
    const float x[] = {2, 3};
    soma_array y;
    ck_assert_int_eq(truncate(temporary_path("m.onnx"), 0), 0);
    for (size_t n = 1; n <= 2; n++) {
        expect_ok(soma_onnx_session_run(session, &(soma_array){x, SOMA_F32, 2, {n, 1}}, &y));
        expect_shape(&y, SOMA_F32, SHAPE((int64_t)n, FACTORS));
        ck_assert_float_eq(((const float *)y.data)[n * FACTORS - 1], x[n - 1] * (FACTORS - 1));
    }
    soma_onnx_session_destroy(session);
}
END_TEST

START_TEST(the_file_says_what_goes_in_and_out) {
    soma_onnx_session *session = open_model(detector);
    soma_value_info info;
    ck_assert_uint_eq(soma_onnx_session_input_count(session), 2);
    ck_assert_uint_eq(soma_onnx_session_output_count(session), 3);
    expect_ok(soma_onnx_session_input_info(session, 1, &info));
    ck_assert_str_eq(info.name, "scores");
    ck_assert_uint_eq(info.rank, 3);
    ck_assert_uint_eq(info.shape[2], 0);
    expect_ok(soma_onnx_session_output_info(session, 2, &info));
    ck_assert_str_eq(info.name, "count");
    ck_assert_uint_eq(info.dtype, SOMA_I64);
    expect_error(soma_onnx_session_input_info(session, 2, &info), SOMA_INVALID_ARGUMENT, "number 2 of 2", "");
    soma_onnx_session_destroy(session);
    soma_onnx_session_destroy(NULL);
}
END_TEST

static int64_t along;
static void elements(void) {
    put_value(GRAPH_INPUT, "x", SHAPE(OPEN, OPEN));
    put_typed_value(GRAPH_INPUT, "i", INT64, SHAPE(OPEN, OPEN));
    put("GatherElements", INPUTS("x", "i"), "y", "axis", along);
    put_value(GRAPH_OUTPUT, "y", SHAPE(OPEN, OPEN));
}

/* The columns of x, in which the batch lies behind. */
static void elements_of_columns(void) {
    put_value(GRAPH_INPUT, "x", SHAPE(OPEN, OPEN));
    put_typed_value(GRAPH_INPUT, "i", INT64, SHAPE(OPEN, OPEN));
    put("Transpose", INPUTS("x"), "columns", NULL, 0);
    put("Transpose", INPUTS("i"), "places", NULL, 0);
    put("GatherElements", INPUTS("columns", "places"), "y", "axis", along);
    put_value(GRAPH_OUTPUT, "y", SHAPE(OPEN, OPEN));
}

/* More than a network counts: on the host. */
START_TEST(elements_that_no_network_takes_are_taken_on_the_host) {
    const size_t many = ((size_t)1 << 24) + 8;
    float *x = calloc(many, sizeof *x);
    const int64_t i[] = {1, -1, 5};
    soma_onnx_session *session;
    soma_array y;
    ck_assert_ptr_nonnull(x);
    x[0] = 1, x[1] = 2, x[2] = 3, x[3] = 4, x[5] = 6, x[many - 1] = 7;
    along = 1;
    session = open_model(elements);
    expect_ok(soma_onnx_session_run(
        session, (const soma_array[]){{x, SOMA_F32, 2, {1, (int64_t)many}}, {i, SOMA_I64, 2, {1, 3}}}, &y));
    expect_floats(&y, SHAPE(1, 3), (const float[]){2, 7, 6});
    soma_onnx_session_destroy(session);
    free(x);
}
END_TEST

/* Across the batch, which is the first dimension, or the second: axes that count from either end. */
START_TEST(elements_of_other_samples_are_taken_on_the_host) {
    static const struct {
        void (*model)(void);
        int64_t axis;
        float expected[4];
    } ways[] = {{elements, 0, {3, 2, 1, 4}},
                {elements, -2, {3, 2, 1, 4}},
                {elements_of_columns, 1, {3, 1, 2, 4}},
                {elements_of_columns, -1, {3, 1, 2, 4}}};
    const float x[] = {1, 2, 3, 4};
    const int64_t i[] = {1, 0, 0, 1};
    const soma_onnx_options options = {.batch = SOMA_ONNX_BATCH_FIRST};
    soma_onnx_session *session;
    soma_array y;
    along = ways[_i].axis;
    expect_ok(open_with(ways[_i].model, &options, &session));
    expect_ok(
        soma_onnx_session_run(session, (const soma_array[]){{x, SOMA_F32, 2, {2, 2}}, {i, SOMA_I64, 2, {2, 2}}}, &y));
    expect_floats(&y, SHAPE(2, 2), ways[_i].expected);
    soma_onnx_session_destroy(session);
}
END_TEST

/* ------------------------------------------------------------------------------------------- support vector machines
 */

static size_t probabilities_of_pairs;

static void put_floats(const char *name, size_t count, const float *values) {
    size_t one = soma_protobuf_open(W, NODE_ATTRIBUTE);
    soma_protobuf_put_text(W, 1, name);
    for (size_t i = 0; i < count; i++) soma_protobuf_put_float(W, 7, values[i]);
    soma_protobuf_put_integer(W, 20, 6);
    soma_protobuf_close(W, one);
}

static const char *kernel_type = "LINEAR", *post_transform = "NONE";
static void put_text(const char *name, const char *text) {
    size_t one = soma_protobuf_open(W, 5);
    soma_protobuf_put_text(W, 1, name);
    soma_protobuf_put_text(W, 4, text);
    soma_protobuf_put_integer(W, 20, 3);
    soma_protobuf_close(W, one);
}

enum { STRING = 8 };
static const char *const *names_of_classes; /* NULL: the numbers */

/* Three classes 5, 7 and 9 with a vector each, of one feature. */
static void machine(void) {
    static const int64_t labels[] = {5, 7, 9}, each[] = {1, 1, 1};
    put_value(GRAPH_INPUT, "x", SHAPE(OPEN, 1));
    size_t one = soma_protobuf_open(W, GRAPH_NODE);
    soma_protobuf_put_text(W, NODE_INPUT, "x");
    soma_protobuf_put_text(W, NODE_OUTPUT, "label");
    soma_protobuf_put_text(W, NODE_OUTPUT, "probabilities");
    soma_protobuf_put_text(W, NODE_OP, "SVMClassifier");
    soma_protobuf_put_text(W, 7, "ai.onnx.ml");
    if (names_of_classes)
        soma_onnx_put_attribute_texts(&made, "classlabels_strings", names_of_classes, 3);
    else
        soma_onnx_put_attribute_integers(&made, "classlabels_ints", labels, 3);
    soma_onnx_put_attribute_integers(&made, "vectors_per_class", each, 3);
    put_text("kernel_type", kernel_type);
    put_text("post_transform", post_transform);
    put_floats("support_vectors", 3, (const float[]){1, -1, 2});
    put_floats("coefficients", 6, (const float[]){1, -1, 0.5F, 0.5F, 0.25F, -1});
    put_floats("rho", 3, (const float[]){0.25F, -0.5F, 0.125F});
    put_floats("prob_a", 3, (const float[]){-1, -2, -0.5F});
    put_floats("prob_b", probabilities_of_pairs, (const float[]){0.5F, 0, -0.25F});
    soma_protobuf_close(W, one);
    put_typed_value(GRAPH_OUTPUT, "label", names_of_classes ? STRING : INT64, SHAPE(OPEN));
    put_value(GRAPH_OUTPUT, "probabilities", SHAPE(OPEN, 3));
}

static soma_onnx_session *open_machine(void) {
    const char *path = temporary_path("m.onnx");
    soma_onnx_session *session;
    onnx_make_graph(machine, 8, 13);
    import_domain("ai.onnx.ml", 1);
    expect_ok(soma_file_write(path, W->data, W->size));
    expect_ok(soma_onnx_session_create(path, NULL, device, &session));
    return session;
}

/* The numbers are onnxruntime's (1.32), which computes in float32 what stops after a number of turns. */
START_TEST(probabilities_of_pairs_become_those_of_classes) {
    static const float x[] = {0, 1, -2, 0.5F};
    static const double expected[] = {0.2147839516401291,   0.41232529282569885, 0.3728908598423004,
                                      0.7733833193778992,   0.10513695329427719, 0.12147964537143707,
                                      0.006217246875166893, 0.9225393533706665,  0.0712432861328125,
                                      0.48122185468673706,  0.22702427208423615, 0.29175376892089844};
    const char *wanted[] = {"label"};
    const soma_onnx_options labels = {.outputs = wanted, .output_count = 1};
    const soma_array given = {x, SOMA_F32, 2, {4, 1}};
    soma_onnx_session *session;
    soma_network *network;
    soma_array y[2];
    probabilities_of_pairs = 3;
    session = open_machine();
    expect_ok(soma_onnx_session_run(session, &given, y));
    expect_integers(&y[0], SHAPE(4), (const int64_t[]){5, 5, 7, 5});
    expect_shape(&y[1], SOMA_F32, SHAPE(4, 3));
    for (size_t i = 0; i < 12; i++)
        ck_assert_double_le(fabs((double)((const float *)y[1].data)[i] - expected[i]), 1e-6);
    soma_onnx_session_destroy(session);
    expect_error(soma_load_onnx(temporary_path("m.onnx"), NULL, &network), SOMA_UNSUPPORTED, "computed on the host",
                 "soma predict --raw");
    expect_ok(soma_load_onnx(temporary_path("m.onnx"), &labels, &network));
    soma_network_destroy(network);
    probabilities_of_pairs = 2;
    session = open_machine();
    expect_error(soma_onnx_session_run(session, &given, y), SOMA_INVALID_FILE, "prob_b", "3, 2, 3 and 6 numbers");
    soma_onnx_session_destroy(session);
    probabilities_of_pairs = 3;
}
END_TEST

START_TEST(a_kernel_that_is_none_is_refused) {
    const char *wanted[] = {"label"};
    const soma_onnx_options labels = {.outputs = wanted, .output_count = 1};
    const soma_array given = {(const float[]){0}, SOMA_F32, 2, {1, 1}};
    soma_onnx_session *session;
    soma_network *network;
    soma_array y[2];
    kernel_type = "COSINE";
    session = open_machine();
    kernel_type = "LINEAR";
    expect_error(soma_onnx_session_run(session, &given, y), SOMA_INVALID_FILE, "kernel_type is COSINE", "RBF");
    soma_onnx_session_destroy(session);
    expect_error(soma_load_onnx(temporary_path("m.onnx"), &labels, &network), SOMA_INVALID_FILE,
                 "kernel_type is COSINE", "RBF");
}
END_TEST

/* ------------------------------------------------------------------------------------------------------------ words
 */

static soma_status open_learned(void (*body)(void), const soma_onnx_options *options, soma_onnx_session **session) {
    const char *path = temporary_path("m.onnx");
    onnx_make_graph(body, 8, 13);
    import_domain("ai.onnx.ml", 2);
    expect_ok(soma_file_write(path, W->data, W->size));
    return soma_onnx_session_create(path, options, device, session);
}

static void put_learned(const char *op, const char *input, const char *out, const char *list, const char *const *words,
                        size_t count, const int64_t *values) {
    size_t one = soma_onnx_begin_node(&made, op, out, INPUTS(input));
    soma_protobuf_put_text(W, 7, "ai.onnx.ml"); /* NodeProto.domain */
    soma_onnx_put_attribute_texts(&made, list, words, count);
    if (values) soma_onnx_put_attribute_integers(&made, "values_int64s", values, count);
    soma_onnx_end_node(&made, one);
}

/* As skl2onnx writes a ColumnTransformer of words, which are divided into columns, and numbers. */
static void words_and_numbers(void) {
    put_typed_value(GRAPH_INPUT, "x", STRING, SHAPE(OPEN, 2));
    put_value(GRAPH_INPUT, "age", SHAPE(OPEN, 1));
    integers("first", 1, (const int64_t[]){0});
    integers("second", 1, (const int64_t[]){1});
    integers("flat", 2, (const int64_t[]){-1, 2});
    put("Gather", INPUTS("x", "first"), "city", "axis", 1);
    put("Gather", INPUTS("x", "second"), "kind", "axis", 1);
    put_learned("OneHotEncoder", "city", "cities", "cats_strings",
                (const char *const[]){"Oslo", "\xC5\x81\xC3\xB3z\xC5\xBA"}, 2, NULL);
    put_learned("LabelEncoder", "kind", "kinds", "keys_strings", (const char *const[]){"", "Oslo", "b"}, 3,
                (const int64_t[]){7, 8, 9});
    put("Reshape", INPUTS("cities", "flat"), "columns", NULL, 0);
    put("Cast", INPUTS("kinds"), "numbers", "to", FLOAT);
    put("Concat", INPUTS("columns", "numbers", "age"), "y", "axis", 1);
    put_value(GRAPH_OUTPUT, "y", SHAPE(OPEN, 4));
}

START_TEST(words_are_encoded) {
    soma_onnx_session *session;
    expect_ok(open_learned(words_and_numbers, NULL, &session));
    const char *const x[] = {"Oslo", "b", "Rome", "Oslo", "\xC5\x81\xC3\xB3z\xC5\xBA", "", "osl", "Rome"};
    const char *broken[2] = {"Oslo", "a\xFF"};
    const float age[] = {1, 2, 3, 4};
    soma_network *network;
    soma_value_info info;
    soma_array y;
    expect_ok(soma_onnx_session_input_info(session, 0, &info));
    ck_assert_str_eq(soma_dtype_name(info.dtype), "str");
    expect_ok(soma_onnx_session_run(session,
                                    (const soma_array[]){{x, SOMA_STRING, 2, {4, 2}}, {age, SOMA_F32, 2, {4, 1}}}, &y));
    expect_floats(&y, SHAPE(4, 4), (const float[]){1, 0, 9, 1, 0, 0, 8, 2, 0, 1, 7, 3, 0, 0, -1, 4});
    const soma_array bad[] = {{broken, SOMA_STRING, 2, {1, 2}}, {age, SOMA_F32, 2, {1, 1}}};
    expect_error(soma_onnx_session_run(session, bad, &y), SOMA_INVALID_ARGUMENT, "input 0, x", "element 1", "\\xff",
                 "UTF-8");
    broken[1] = NULL;
    expect_error(soma_onnx_session_run(session, bad, &y), SOMA_INVALID_ARGUMENT, "input 0, x", "element 1", "NULL");
    const soma_array numbers[] = {{age, SOMA_F32, 2, {2, 2}}, {age, SOMA_F32, 2, {2, 1}}};
    expect_error(soma_onnx_session_run(session, numbers, &y), SOMA_INVALID_ARGUMENT, "takes str [?, 2], got float32");
    soma_onnx_session_destroy(session);
    expect_error(soma_load_onnx(temporary_path("m.onnx"), NULL, &network), SOMA_UNSUPPORTED, "string (element type 8)",
                 "soma.onnx.Session");
    expect_error(open_learned(words_and_numbers, &(soma_onnx_options){.memory_limit = 100}, &session), SOMA_UNSUPPORTED,
                 "different words", "100 bytes", "memory_limit");
}
END_TEST

static void words_named_twice(void) {
    put_typed_value(GRAPH_INPUT, "x", STRING, SHAPE(OPEN, 1));
    integers("flat", 2, (const int64_t[]){-1, 3});
    put_learned("OneHotEncoder", "x", "wide", "cats_strings", (const char *const[]){"a", "a", "b"}, 3, NULL);
    put_learned("LabelEncoder", "x", "labels", "keys_strings", (const char *const[]){"a", "a", "b"}, 3,
                (const int64_t[]){1, 2, 5});
    put("Reshape", INPUTS("wide", "flat"), "columns", NULL, 0);
    put("Cast", INPUTS("labels"), "numbers", "to", FLOAT);
    put("Concat", INPUTS("columns", "numbers"), "y", "axis", 1);
    put_value(GRAPH_OUTPUT, "y", SHAPE(OPEN, 4));
}

/* The last of equal categories and the first of equal keys, as onnxruntime has it, of which the specification says
 * nothing. */
START_TEST(a_word_that_is_named_twice_is_one) {
    const char *const x[] = {"a", "b", "c"};
    soma_onnx_session *session;
    soma_array y;
    expect_ok(open_learned(words_named_twice, NULL, &session));
    expect_ok(soma_onnx_session_run(session, &(soma_array){x, SOMA_STRING, 2, {3, 1}}, &y));
    expect_floats(&y, SHAPE(3, 4), (const float[]){0, 1, 0, 1, 0, 0, 1, 5, 0, 0, 0, -1});
    soma_onnx_session_destroy(session);
}
END_TEST

static bool many_times;

static void one_word(void) {
    static const char *const words[] = {"a", "a", "a", "a"};
    put_typed_value(GRAPH_INPUT, "x", STRING, SHAPE(OPEN, 1));
    put_learned("OneHotEncoder", "x", "y", "cats_strings", words, many_times ? 4 : 1, NULL);
    put_value(GRAPH_OUTPUT, "y", SHAPE(OPEN, 1, many_times ? 4 : 1));
}

static bool has_room(size_t limit) {
    soma_onnx_session *session;
    if (open_learned(one_word, &(soma_onnx_options){.memory_limit = limit}, &session) == SOMA_OK) {
        soma_onnx_session_destroy(session);
        return true;
    }
    return !strstr(soma_last_error(), "different words");
}

START_TEST(a_word_takes_memory_once) {
    size_t limit = 1;
    many_times = false;
    while (!has_room(limit)) limit++;
    many_times = true;
    ck_assert(has_room(limit) && !has_room(limit - 1));
}
END_TEST

static const char *misused;

static void computed_with(void) {
    put_typed_value(GRAPH_INPUT, "x", STRING, SHAPE(OPEN, 1));
    if (!strcmp(misused, "Cast"))
        put("Cast", INPUTS("x"), "y", "to", FLOAT);
    else if (!strcmp(misused, "OneHotEncoder"))
        put_learned(misused, "x", "y", "cats_words", (const char *const[]){"a"}, 1, NULL);
    else
        put(misused, INPUTS("x", "x"), "y", NULL, 0);
    put_typed_value(GRAPH_OUTPUT, "y", FLOAT, SHAPE(OPEN, 1));
}

/* The numbers that stand for words are none to the model: nothing is computed with them. */
START_TEST(words_are_no_numbers) {
    static const struct {
        const char *op, *says;
    } ops[] = {{"Equal", "OneHotEncoder and LabelEncoder"},
               {"Add", "OneHotEncoder and LabelEncoder"},
               {"Max", "OneHotEncoder and LabelEncoder"},
               {"Cast", "cast from words"},
               {"OneHotEncoder", "cats_"}};
    const char *const x[] = {"a", "b"};
    soma_array y;
    for (size_t i = 0; i < SOMA_COUNT_OF(ops); i++) {
        soma_onnx_session *session;
        misused = ops[i].op;
        soma_status status = open_learned(computed_with, NULL, &session);
        if (status == SOMA_OK) {
            status = soma_onnx_session_run(session, &(soma_array){x, SOMA_STRING, 2, {2, 1}}, &y);
            expect_error(status, SOMA_UNSUPPORTED, ops[i].says);
            soma_onnx_session_destroy(session);
        } else
            expect_error(status, SOMA_UNSUPPORTED, ops[i].says);
    }
}
END_TEST

/* The op behind the labels; or "list": they are looked up, as skl2onnx does. */
static const char *through;
static const char *const classes[] = {"no", "yes", "per\xC3\xB2"};

static void put_classes(void) {
    size_t one = soma_protobuf_open(W, 5); /* GraphProto.initializer */
    soma_protobuf_put_integer(W, 1, SOMA_COUNT_OF(classes));
    soma_protobuf_put_integer(W, 2, STRING);
    for (size_t i = 0; i < SOMA_COUNT_OF(classes); i++) soma_protobuf_put_text(W, 6, classes[i]);
    soma_protobuf_put_text(W, 8, "classes");
    soma_protobuf_close(W, one);
}

static void named_classes(void) {
    const bool list = !strcmp(through, "list"), number = !strcmp(through, "Cast") || !strcmp(through, "Equal");
    put_typed_value(GRAPH_INPUT, "x", STRING, SHAPE(OPEN, 1));
    put_learned("OneHotEncoder", "x", "wide", "cats_strings", (const char *const[]){"a", "b"}, 2, NULL);
    integers("flat", 2, (const int64_t[]){-1, 2});
    integers("row", 1, (const int64_t[]){-1});
    put("Reshape", INPUTS("wide", "flat"), "columns", NULL, 0);
    if (list) {
        put_classes();
        put_learned("LabelEncoder", "x", "place", "keys_strings", (const char *const[]){"a", "b", "c"}, 3,
                    (const int64_t[]){1, 0, 2});
        size_t one = soma_onnx_begin_node(&made, "ArrayFeatureExtractor", "found", INPUTS("classes", "place"));
        soma_protobuf_put_text(W, 7, "ai.onnx.ml");
        soma_onnx_end_node(&made, one);
    } else {
        size_t one = soma_onnx_begin_node(&made, "LinearClassifier", "found", INPUTS("columns"));
        soma_protobuf_put_text(W, 7, "ai.onnx.ml");
        soma_onnx_put_attribute_texts(&made, "classlabels_strings", classes, SOMA_COUNT_OF(classes));
        put_floats("coefficients", 6, (const float[]){0, 1, 1, 0, 0, 0});
        put_floats("intercepts", 3, (const float[]){0, 0, 0.5F});
        soma_onnx_end_node(&made, one);
    }
    if (!strcmp(through, "Cast"))
        put("Cast", INPUTS("found"), "label", "to", FLOAT);
    else if (!strcmp(through, "Equal"))
        put("Equal", INPUTS("found", "found"), "label", NULL, 0);
    else
        put("Reshape", INPUTS("found", "row"), "label", NULL, 0);
    put_typed_value(GRAPH_OUTPUT, "label", number ? FLOAT : STRING, SHAPE(OPEN));
}

START_TEST(labels_that_are_words_come_out_as_words) {
    static const char *const ways[] = {"Reshape", "list"};
    for (size_t way = 0; way < SOMA_COUNT_OF(ways); way++) {
        soma_onnx_session *session;
        through = ways[way];
        expect_ok(open_learned(named_classes, NULL, &session));
        const char *const x[] = {"b", "a", "c"};
        soma_array y;
        expect_ok(soma_onnx_session_run(session, &(soma_array){x, SOMA_STRING, 2, {3, 1}}, &y));
        expect_shape(&y, SOMA_STRING, SHAPE(3));
        for (size_t i = 0; i < 3; i++) ck_assert_str_eq(((const char *const *)y.data)[i], classes[i]);
        soma_onnx_session_destroy(session);
    }
}
END_TEST

/* Places in a list are no numbers to the model. */
START_TEST(labels_that_are_words_are_no_numbers) {
    static const char *const ways[] = {"Cast", "Equal"}, *const says[] = {"cast from words", "holds labels"};
    const char *const x[] = {"b"};
    for (size_t way = 0; way < SOMA_COUNT_OF(ways); way++) {
        soma_onnx_session *session;
        soma_array y;
        through = ways[way];
        soma_status status = open_learned(named_classes, NULL, &session);
        if (status == SOMA_OK) {
            status = soma_onnx_session_run(session, &(soma_array){x, SOMA_STRING, 2, {1, 1}}, &y);
            expect_error(status, SOMA_UNSUPPORTED, says[way]);
            soma_onnx_session_destroy(session);
        } else
            expect_error(status, SOMA_UNSUPPORTED, says[way]);
    }
}
END_TEST

/* Labels that the host finds are words, too. */
START_TEST(labels_beside_probabilities_are_words) {
    const float x[] = {0, 1, -2, 0.5F};
    static const char *const labels[] = {"five", "five", "seven", "five"};
    soma_array y[2];
    names_of_classes = (const char *const[]){"five", "seven", "nine"};
    soma_onnx_session *session = open_machine();
    names_of_classes = NULL;
    expect_ok(soma_onnx_session_run(session, &(soma_array){x, SOMA_F32, 2, {4, 1}}, y));
    expect_shape(&y[0], SOMA_STRING, SHAPE(4));
    for (size_t i = 0; i < 4; i++) ck_assert_str_eq(((const char *const *)y[0].data)[i], labels[i]);
    soma_onnx_session_destroy(session);
}
END_TEST

START_TEST(probabilities_of_nan_are_nan) {
    const float x[] = {0, NAN, 1};
    const soma_array given = {x, SOMA_F32, 2, {3, 1}};
    soma_onnx_session *session = open_machine();
    soma_array y[2];
    expect_ok(soma_onnx_session_run(session, &given, y));
    for (size_t i = 0; i < 9; i++) ck_assert_int_eq(isnan(((const float *)y[1].data)[i]) != 0, i / 3 == 1);
    soma_onnx_session_destroy(session);
}
END_TEST

/* Of a list [1, 1, 3] the element where x is largest. */
static void looked_up(void) {
    put_value(GRAPH_INPUT, "x", SHAPE(OPEN, 3));
    put_value(GRAPH_OUTPUT, "y", SHAPE(1, 1, OPEN));
    floats("list", SHAPE(1, 1, 3), (const float[]){10, 20, 30});
    size_t one = soma_protobuf_open(W, GRAPH_NODE);
    soma_protobuf_put_text(W, NODE_INPUT, "x");
    soma_protobuf_put_text(W, NODE_OUTPUT, "place");
    soma_protobuf_put_text(W, NODE_OP, "ArgMax");
    soma_onnx_put_attribute_integer(&made, "axis", 1);
    soma_onnx_put_attribute_integer(&made, "keepdims", 0);
    soma_protobuf_close(W, one);
    one = soma_protobuf_open(W, GRAPH_NODE);
    soma_protobuf_put_text(W, NODE_INPUT, "list");
    soma_protobuf_put_text(W, NODE_INPUT, "place");
    soma_protobuf_put_text(W, NODE_OUTPUT, "y");
    soma_protobuf_put_text(W, NODE_OP, "ArrayFeatureExtractor");
    soma_protobuf_put_text(W, 7, "ai.onnx.ml");
    soma_protobuf_close(W, one);
}

START_TEST(what_is_looked_up_has_the_dimensions_of_its_list) {
    static const float x[] = {1, 2, 3, 3, 2, 1}, expected[] = {30, 10};
    const char *path = temporary_path("m.onnx");
    const soma_array given = {x, SOMA_F32, 2, {2, 3}};
    soma_onnx_session *session;
    soma_array y;
    onnx_make_graph(looked_up, 8, 17);
    import_domain("ai.onnx.ml", 1);
    expect_ok(soma_file_write(path, W->data, W->size));
    expect_ok(soma_onnx_session_create(path, NULL, device, &session));
    expect_ok(soma_onnx_session_run(session, &given, &y));
    expect_shape(&y, SOMA_F32, SHAPE(1, 1, 2));
    for (size_t i = 0; i < 2; i++) ck_assert(((const float *)y.data)[i] == expected[i]);
    soma_onnx_session_destroy(session);
}
END_TEST

int main(int argc, char **argv) {
    if (argc != 2) return 2;
    if (soma_device_open(argv[1], NULL, &device) != SOMA_OK) return printf("skipped: %s\n", soma_last_error()), 77;
    TCase *all = tcase_create("onnx_session");
    tcase_set_timeout(all, 120);
    tcase_add_unchecked_fixture(all, temporary_create, temporary_destroy);
    tcase_add_test(all, boxes_are_kept_by_score_where_they_do_not_overlap);
    tcase_add_test(all, of_equal_boxes_the_first_is_kept);
    tcase_add_test(all, many_values_go_in_and_come_out);
    tcase_add_test(all, what_is_behind_goes_by_what_is_left);
    tcase_add_test(all, what_depends_on_weights_alone_can_be_needed_behind);
    tcase_add_test(all, rows_of_a_table_that_is_computed_are_taken_on_the_device);
    tcase_add_test(all, places_of_what_is_not_0_have_any_number);
    tcase_add_test(all, of_numbers_the_larger_and_the_smaller_are_taken);
    tcase_add_test(all, rows_are_chosen_and_values_are_told_apart);
    tcase_add_test(all, of_many_rows_of_nothing_nothing_is_taken);
    tcase_add_test(all, powers_and_means_of_whole_numbers_are_whole);
    tcase_add_test(all, a_nan_is_one_value_behind_all_others);
    tcase_add_test(all, what_is_nothing_is_reduced_all_the_same);
    tcase_add_test(all, the_branch_is_that_of_the_run);
    tcase_add_test(all, whole_numbers_that_float64_confuses_are_refused);
    tcase_add_test(all, what_cannot_be_is_said_by_name);
    tcase_add_test(all, a_network_refuses_them_and_says_who_does_not);
    tcase_add_test(all, any_number_of_shapes_comes_one_after_the_other);
    tcase_add_test(all, a_shape_that_does_not_fit_leaves_nothing_behind);
    tcase_add_test(all, a_session_has_no_need_of_the_file);
    tcase_add_test(all, the_file_says_what_goes_in_and_out);
    tcase_add_test(all, elements_that_no_network_takes_are_taken_on_the_host);
    tcase_add_loop_test(all, elements_of_other_samples_are_taken_on_the_host, 0, 4);
    tcase_add_test(all, probabilities_of_pairs_become_those_of_classes);
    tcase_add_test(all, words_are_encoded);
    tcase_add_test(all, a_word_that_is_named_twice_is_one);
    tcase_add_test(all, a_word_takes_memory_once);
    tcase_add_test(all, words_are_no_numbers);
    tcase_add_test(all, labels_that_are_words_come_out_as_words);
    tcase_add_test(all, labels_that_are_words_are_no_numbers);
    tcase_add_test(all, labels_beside_probabilities_are_words);
    tcase_add_test(all, a_kernel_that_is_none_is_refused);
    tcase_add_test(all, probabilities_of_nan_are_nan);
    tcase_add_test(all, what_is_looked_up_has_the_dimensions_of_its_list);
    Suite *suite = suite_create("onnx_session");
    suite_add_tcase(suite, all);
    SRunner *runner = srunner_create(suite);
    srunner_set_fork_status(runner, CK_NOFORK); /* the device's threads do not survive a fork */
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    soma_device_close(device);
    return failed ? 1 : 0;
}
