/* SPDX-License-Identifier: MIT */
/* What ONNX models compute of constants and shapes alone is computed when they are read. Values by hand. */
#include "base/file.h"
#include "expect.h"
#include "io/onnx/export.h"
#include "onnx_model.h"
#include "peak_memory.h"
#include "temporary.h"

#include <math.h>
#include <string.h>

enum { MOST_VALUES = 32 };

static soma_device *device;

static soma_status load(const soma_onnx_options *options, soma_network **network) {
    const char *path = temporary_path("m.onnx");
    expect_ok(soma_file_write(path, W->data, W->size));
    return soma_load_onnx(path, options, network);
}

static void with_integer(const char *op, const char *a, const char *b, const char *out, const char *name,
                         int64_t value) {
    size_t one = soma_onnx_begin_node(&made, op, out, (const char *[]){a, b, NULL});
    soma_onnx_put_attribute_integer(&made, name, value);
    soma_onnx_end_node(&made, one);
}

static void with_inputs(const char *op, const char *out, const char *const *inputs) {
    soma_onnx_end_node(&made, soma_onnx_begin_node(&made, op, out, inputs));
}
#define NODE(op, out, ...) with_inputs(op, out, (const char *const[]){__VA_ARGS__, NULL})

static void cast(const char *x, const char *out, int64_t type) {
    with_integer("Cast", x, NULL, out, "to", type);
}

/* ---------------------------------------------------------------------------------------------------------- shapes */

/* The chain by which exporters flatten: [batch, 4]. */
static void flatten_by_shape(void) {
    tensor("zero", 7, 0, NULL, 8);
    integers("axes", 1, (const int64_t[]){0});
    integers("rest", 1, (const int64_t[]){-1});
    node("Shape", "x", NULL, "s");
    node("Gather", "s", "zero", "batch");
    node("Unsqueeze", "batch", "axes", "b");
    with_integer("Concat", "b", "rest", "target", "axis", 0);
    node("Reshape", "x", "target", "flat");
    node("Neg", "flat", NULL, "y");
}

/* y = x + (2 3 + 7 - 1) / 4 = x + 3, of the sizes 2 and 3 of x; the quotient of whole numbers is one. */
static void arithmetic(void) {
    integers("one", 1, (const int64_t[]){1});
    integers("two", 1, (const int64_t[]){2});
    integers("three", 1, (const int64_t[]){3});
    integers("seven", 1, (const int64_t[]){7});
    integers("four", 1, (const int64_t[]){4});
    node("Shape", "x", NULL, "s");
    NODE("Slice", "a", "s", "one", "two");
    NODE("Slice", "b", "s", "two", "three");
    node("Mul", "a", "b", "p");
    node("Add", "p", "seven", "q");
    node("Sub", "q", "one", "r");
    node("Div", "r", "four", "t");
    cast("t", "f", 1);
    node("Add", "x", "f", "y");
}

/* y = x + [[2, -1, -1], [0, 4, 2]]: -7 / 3 = -2 is truncated, and -1.9 becomes -1. */
static void selection(void) {
    integers("data", 6, (const int64_t[]){0, 1, 2, 3, 4, 5});
    integers("shape", 2, (const int64_t[]){2, 3});
    integers("starts", 2, (const int64_t[]){1, -1});
    integers("ends", 2, (const int64_t[]){INT64_MIN + 1, -100});
    integers("axes", 2, (const int64_t[]){0, 1});
    integers("steps", 2, (const int64_t[]){-1, -2});
    integers("pick", 3, (const int64_t[]){-1, 0, 0});
    integers("seven", 1, (const int64_t[]){-7});
    integers("three", 1, (const int64_t[]){3});
    integers("cells", 1, (const int64_t[]){1});
    node("Reshape", "data", "shape", "d");                      /* 0 1 2; 3 4 5 */
    NODE("Slice", "e", "d", "starts", "ends", "axes", "steps"); /* 5 3; 2 0 */
    with_integer("Gather", "e", "pick", "g", "axis", 1);        /* 3 5 5; 0 2 2 */
    node("Div", "seven", "three", "quotient");                  /* -2 */
    node("Add", "g", "quotient", "h");                          /* 1 3 3; -2 0 0 */
    cast("h", "f", 1);
    const float factor = -1.9f;
    soma_onnx_put_constant(&made, "factor", 1, (const size_t[]){1}, &factor);
    cast("factor", "whole", 7); /* -1 */
    cast("whole", "w", 1);
    node("Mul", "f", "w", "n"); /* -1 -3 -3; 2 0 0 */
    node("Add", "x", "n", "y");
}

/* As many halves as the matrix has elements: y = (x0 + x1 + x2 + x3) / 2, twice. */
static void weights_by_op(void) {
    integers("shape", 2, (const int64_t[]){4, 2});
    size_t one = soma_onnx_begin_node(&made, "ConstantOfShape", "w", (const char *[]){"shape", NULL});
    size_t attribute = soma_protobuf_open(W, NODE_ATTRIBUTE);
    soma_protobuf_put_text(W, 1, "value");
    soma_protobuf_put_integer(W, 20, 4); /* TENSOR */
    soma_onnx_put_tensor(&made, 5, "", 1, (const size_t[]){1}, &(const float){0.5f});
    soma_protobuf_close(W, attribute);
    soma_onnx_end_node(&made, one);
    node("MatMul", "x", "w", "y");
}

/* The sizes of a tensor that is computed, and of a part of it; y = x + 2 - 4 */
static void sizes(void) {
    node("Relu", "x", NULL, "r");
    with_integer("Shape", "r", NULL, "s", "start", -1);
    cast("s", "f", 1);
    node("Size", "weights", NULL, "n");
    cast("n", "m", 1);
    floats("weights", SHAPE(2, 2), (const float[]){1, 2, 3, 4});
    node("Sub", "f", "m", "d");
    node("Add", "x", "d", "y");
}

/* A constant by value: TYPE is the attribute's, FIELD that of its numbers (onnx.proto: AttributeProto). */
static void whole_constant(const char *out, const char *name, const int64_t *values, size_t count) {
    size_t one = soma_onnx_begin_node(&made, "Constant", out, (const char *[]){NULL});
    if (count)
        soma_onnx_put_attribute_integers(&made, name, values, count);
    else
        soma_onnx_put_attribute_integer(&made, name, *values);
    soma_onnx_end_node(&made, one);
}
static void real_constant(const char *out, const char *name, const float *values, size_t count) {
    enum { NAME = 1, FLOATS = 7, TYPE = 20, IS_FLOATS = 6 };
    size_t one = soma_onnx_begin_node(&made, "Constant", out, (const char *[]){NULL});
    if (count) {
        size_t attribute = soma_protobuf_open(W, NODE_ATTRIBUTE);
        soma_protobuf_put_text(W, NAME, name);
        soma_protobuf_put_integer(W, TYPE, IS_FLOATS);
        for (size_t i = 0; i < count; i++) soma_protobuf_put_float(W, FLOATS, values[i]);
        soma_protobuf_close(W, attribute);
    } else
        soma_onnx_put_attribute_float(&made, name, *values);
    soma_onnx_end_node(&made, one);
}

/* y = x + 3 (1, 2) + (2, 3) + 4, each kind of number alone and as a list */
static void constants_by_value(void) {
    real_constant("a", "value_floats", (const float[]){1, 2}, 2);
    real_constant("b", "value_float", (const float[]){3}, 0);
    whole_constant("c", "value_ints", (const int64_t[]){2, 3}, 2);
    whole_constant("d", "value_int", (const int64_t[]){4}, 0);
    node("Mul", "a", "b", "p");
    node("Add", "c", "d", "q");
    cast("q", "r", 1);
    node("Add", "x", "p", "s");
    node("Add", "s", "r", "y");
}

/* One matrix of a sample by three: the dimensions before the matrices' are those of the longer one, 1 gives way. */
static void by_three_matrices(void) {
    floats("w", SHAPE(3, 2, 2), (const float[]){1, 0, 0, 1, 2, 0, 0, 2, 0, 1, 1, 0});
    node("MatMul", "x", "w", "y");
}

/* More dimensions than a tensor has: four rows of two by [[1, 2], [3, 4]], and each row by itself. */
static void rows_in_many_dimensions(void) {
    integers("shape", 6, (const int64_t[]){0, 2, 1, 2, 1, 2});
    integers("back", 2, (const int64_t[]){0, 8});
    floats("w", SHAPE(1, 2, 2), (const float[]){1, 2, 3, 4});
    node("Reshape", "x", "shape", "a");
    node("MatMul", "a", "w", "p");
    node("Reshape", "p", "back", "y");
}
static void squares_in_many_dimensions(void) {
    integers("shape", 6, (const int64_t[]){0, 2, 1, 2, 1, 2});
    integers("turned", 6, (const int64_t[]){0, 2, 1, 2, 2, 1});
    integers("back", 2, (const int64_t[]){0, 4});
    node("Reshape", "x", "shape", "a");
    node("Reshape", "x", "turned", "b");
    node("MatMul", "a", "b", "p");
    node("Reshape", "p", "back", "y");
}

/* Pieces of what is computed: the middle of the last dimension, and one row. */
static void pieces(void) {
    integers("one", 1, (const int64_t[]){1});
    integers("end", 1, (const int64_t[]){-1});
    integers("axis", 1, (const int64_t[]){2});
    tensor("zero", 7, 0, NULL, 8);
    NODE("Slice", "m", "x", "one", "end", "axis");
    with_integer("Gather", "m", "zero", "r", "axis", 1);
    node("Neg", "r", NULL, "y");
}

/* y = x + (1 where the size is less than 3, else 10) + (5 mod 3, -5 mod 3), of [batch, 2]: the batch is no -1, and so
 * what Where takes of the shape is the shape. */
static void choices(void) {
    integers("less", 1, (const int64_t[]){-1});
    integers("three", 1, (const int64_t[]){3});
    integers("ten", 1, (const int64_t[]){10});
    integers("one", 1, (const int64_t[]){1});
    integers("fives", 2, (const int64_t[]){5, -5});
    node("Shape", "x", NULL, "s");
    node("Equal", "s", "less", "unset");
    NODE("Where", "target", "unset", "ten", "s");
    node("Reshape", "x", "target", "r");
    NODE("Slice", "t", "s", "one", "three"); /* 2 */
    node("Less", "t", "three", "a");
    node("GreaterOrEqual", "t", "three", "b");
    node("Xor", "a", "b", "c");
    node("And", "a", "c", "d");
    NODE("Where", "n", "d", "one", "ten");
    node("Mod", "fives", "three", "m"); /* 2 1 */
    node("Add", "n", "m", "k");
    cast("k", "f", 1);
    node("Add", "r", "f", "y");
}

static void batch_as_a_shape(void) {
    node("Shape", "x", NULL, "s");
    node("ConstantOfShape", "s", NULL, "w");
    node("Add", "x", "w", "y");
}
static void all_of_a_batch(void) {
    integers("starts", 2, (const int64_t[]){0, 1});
    integers("ends", 2, (const int64_t[]){1000000000, 1000000000});
    size_t opened = soma_onnx_begin_node(&made, "Slice", "y", (const char *[]){"x", "starts", "ends", NULL});
    soma_onnx_end_node(&made, opened);
}
/* [3, batch, 2] of 0 to 2 for each of the first, the last two of which are summed, and added to x. */
static void batch_in_the_middle(void) {
    integers("two", 1, (const int64_t[]){2});
    integers("three", 1, (const int64_t[]){3});
    integers("one", 1, (const int64_t[]){1});
    integers("zero", 1, (const int64_t[]){0});
    floats("numbers", 3, (const int64_t[]){3, 1, 2}, (const float[]){0, 0, 1, 3, 4, 4});
    node("Shape", "x", NULL, "s");
    size_t opened = soma_onnx_begin_node(&made, "Gather", "n", (const char *[]){"s", "zero", NULL});
    soma_onnx_end_node(&made, opened);
    opened = soma_onnx_begin_node(&made, "Concat", "shape", (const char *[]){"three", "n", "two", NULL});
    soma_onnx_put_attribute_integer(&made, "axis", 0);
    soma_onnx_end_node(&made, opened);
    node("Expand", "numbers", "shape", "many");
    opened = soma_onnx_begin_node(&made, "Slice", "last", (const char *[]){"many", "one", "three", "zero", NULL});
    soma_onnx_end_node(&made, opened);
    opened = soma_onnx_begin_node(&made, "ReduceSum", "sum", (const char *[]){"last", "zero", NULL});
    soma_onnx_put_attribute_integer(&made, "keepdims", 0);
    soma_onnx_end_node(&made, opened);
    node("Add", "x", "sum", "y");
}

/* Rows of x turned, [2, batch], by a list of lists and by a number: the batch comes to stand behind two dimensions, and
 * behind none. y is the sum of both, turned back. */
static void taken_before_the_batch(void) {
    integers("places", 4, (const int64_t[]){1, 0, 1, 1});
    integers("square", 2, (const int64_t[]){2, 2});
    tensor("zero", 7, 0, NULL, 8);
    node("Reshape", "places", "square", "lists");
    node("Transpose", "x", NULL, "turned");
    with_integer("Gather", "turned", "lists", "many", "axis", 0);
    with_integer("Gather", "turned", "zero", "first", "axis", 0);
    node("Add", "many", "first", "sum");
    size_t one = soma_onnx_begin_node(&made, "Transpose", "y", (const char *[]){"sum", NULL});
    soma_onnx_put_attribute_integers(&made, "perm", (const int64_t[]){2, 0, 1}, 3);
    soma_onnx_end_node(&made, one);
}

/* y = x + [-2, 0, 3], the negative of whole numbers. */
static void negated(void) {
    integers("whole", 3, (const int64_t[]){2, 0, -3});
    node("Neg", "whole", NULL, "n");
    cast("n", "f", 1);
    node("Add", "x", "f", "y");
}

/* Four numbers of one type, and below the op's result of them as floats, added to x. */
static void put_whole(const char *name, int32_t type, const int64_t *numbers) {
    static const size_t widths[] = {[2] = 1, [3] = 1, [4] = 2, [6] = 4, [7] = 8, [12] = 4, [13] = 8};
    const size_t message = soma_protobuf_open(W, GRAPH_INITIALIZER), width = widths[type];
    uint8_t raw[32];
    for (size_t i = 0; i < 4 * width; i++) raw[i] = (uint8_t)((uint64_t)numbers[i / width] >> i % width * 8);
    soma_protobuf_put_integer(W, TENSOR_DIMS, 4);
    soma_protobuf_put_integer(W, TENSOR_TYPE, type);
    soma_protobuf_put_text(W, TENSOR_NAME, name);
    soma_protobuf_put_bytes(W, TENSOR_RAW, raw, 4 * width);
    soma_protobuf_close(W, message);
}
static void add_whole(const char *op, int32_t type, const int64_t *numbers) {
    put_whole("a", type, numbers);
    node(op, "a", NULL, "whole");
    cast("whole", "f", 1);
    node("Add", "x", "f", "y");
}

/* The size of whole numbers, their sign, and what is above 0 of them. int8 and int32 have no opposite of their least
 * number, which stays what it is. */
static void sizes_of_int64(void) {
    add_whole("Abs", 7, (const int64_t[]){-3, 0, 7, 1 - ((int64_t)1 << 53)});
}
static void sizes_of_int32(void) {
    add_whole("Abs", 6, (const int64_t[]){-3, 0, 1 << 24, INT32_MIN});
}
static void sizes_of_int8(void) {
    add_whole("Abs", 3, (const int64_t[]){-127, 5, -128, 127});
}
static void sizes_of_uint8(void) {
    add_whole("Abs", 2, (const int64_t[]){0, 1, 128, 255});
}
static void negative_int32(void) {
    add_whole("Neg", 6, (const int64_t[]){-3, 0, 1 << 24, INT32_MIN});
}
static void negative_int8(void) {
    add_whole("Neg", 3, (const int64_t[]){-127, 5, -128, 127});
}
static void signs(void) {
    add_whole("Sign", 7, (const int64_t[]){INT64_MIN, 0, 9, INT64_MAX});
}
static void above_zero(void) {
    add_whole("Relu", 6, (const int64_t[]){INT32_MIN, -1, 0, 1 << 24});
}

static void add_pairs(const char *op, int32_t type, const int64_t *a, const int64_t *b) {
    put_whole("a", type, a);
    put_whole("b", type, b);
    node(op, "a", "b", "whole");
    cast("whole", "f", 1);
    node("Add", "x", "f", "y");
}
static void powers(void) {
    add_pairs("Pow", 7, (const int64_t[]){2, -3, 5, 1}, (const int64_t[]){10, 3, 0, 9});
}
static void equal_numbers(void) {
    add_pairs("Equal", 7, (const int64_t[]){2, 3, -1, 0}, (const int64_t[]){2, 2, -1, 1});
}
static void sums_of_int8(void) {
    add_pairs("Add", 3, (const int64_t[]){127, -128, 100, -4}, (const int64_t[]){1, -1, 28, 3});
}
static void products_of_uint8(void) {
    add_pairs("Mul", 2, (const int64_t[]){255, 16, 16, 3}, (const int64_t[]){255, 16, 15, 5});
}
static void differences_of_uint16(void) {
    add_pairs("Sub", 4, (const int64_t[]){0, 5, 65535, 3}, (const int64_t[]){1, 5, 65535, 65535});
}
static void differences_of_uint32(void) {
    add_pairs("Sub", 12, (const int64_t[]){0, 5, (int64_t)1 << 31, 3},
              (const int64_t[]){(int64_t)1 << 31, 5, 1 << 30, 2});
}
static void sums_of_uint64(void) {
    add_pairs("Add", 13, (const int64_t[]){0, 5, (int64_t)1 << 40, 3}, (const int64_t[]){1, 5, (int64_t)1 << 40, 2});
}
static void quotients_of_int8(void) {
    add_pairs("Div", 3, (const int64_t[]){-128, -7, 7, 127}, (const int64_t[]){-1, 2, -2, 4});
}

/* From below 0, as C does it: -2^31 of int64 is 2^31. */
static void cast_to_uint32(void) {
    put_whole("a", 7,
              (const int64_t[]){-((int64_t)1 << 31), 7, (int64_t)1 << 32, ((int64_t)1 << 33) + ((int64_t)1 << 31)});
    cast("a", "b", 12);
    cast("b", "f", 1);
    node("Add", "x", "f", "y");
}

/* Places in a list that the file has: of the first of the largest, of the last of the least; and the two least with
 * theirs, the first of equal ones first. */
static void add_place(const char *op, bool last) {
    put_whole("a", 7, (const int64_t[]){-4, 9, 9, -4});
    size_t one = soma_onnx_begin_node(&made, op, "whole", (const char *[]){"a", NULL});
    soma_onnx_put_attribute_integer(&made, "select_last_index", last);
    soma_onnx_end_node(&made, one);
    cast("whole", "f", 1);
    node("Add", "x", "f", "y");
}
static void largest_place(void) {
    add_place("ArgMax", false);
}
static void last_least_place(void) {
    add_place("ArgMin", true);
}
static void smallest_two(void) {
    put_whole("a", 7, (const int64_t[]){-4, 9, 9, -4});
    integers("two", 1, (const int64_t[]){2});
    size_t one = soma_onnx_begin_node(&made, "TopK", "values", (const char *[]){"a", "two", NULL});
    soma_protobuf_put_text(W, NODE_OUTPUT, "places");
    soma_onnx_put_attribute_integer(&made, "largest", 0);
    soma_onnx_end_node(&made, one);
    integers("three", 1, (const int64_t[]){3});
    node("Sub", "three", "places", "before"); /* 3, 0 */
    node("Add", "values", "before", "whole");
    cast("whole", "f", 1);
    node("Add", "x", "f", "y");
}

/* What is cast to a wider type has left the narrow one, be it of the file, computed, or true:
 * y = x + (a - 255) - a + 300 where a is above 0. */
static void cast_before(void) {
    put_whole("a", 2, (const int64_t[]){0, 1, 128, 255});
    integers("most", 1, (const int64_t[]){255});
    integers("zero", 1, (const int64_t[]){0});
    integers("hundreds", 1, (const int64_t[]){300});
    node("Abs", "a", NULL, "computed");
    cast("a", "b", 7);
    cast("computed", "c", 7);
    node("Sub", "b", "most", "below");
    node("Neg", "c", NULL, "opposite");
    node("Greater", "b", "zero", "truth");
    cast("truth", "t", 7);
    node("Mul", "t", "hundreds", "three");
    node("Add", "below", "opposite", "both");
    node("Add", "both", "three", "whole");
    cast("whole", "f", 1);
    node("Add", "x", "f", "y");
}

/* Rows by numbers that are the same for all samples, as T5 has its biases by distances: y = x + w of rows 2, 0, 2, the
 * roots of 4, 0 and 4. */
static void rows_for_all_samples(void) {
    integers("squares", 3, (const int64_t[]){4, 0, 4});
    floats("w", SHAPE(3, 2), (const float[]){1, 2, 3, 4, 5, 6});
    cast("squares", "f", 1);
    node("Sqrt", "f", NULL, "roots");
    cast("roots", "numbers", 7);
    node("Gather", "w", "numbers", "rows");
    node("Add", "x", "rows", "y");
}

/* From 0 to 4, to 4 alone, whatever is said of the other end. */
static void within(void) {
    integers("a", 4, (const int64_t[]){-3, 0, 4, 99});
    integers("low", 1, (const int64_t[]){0});
    integers("high", 1, (const int64_t[]){4});
    integers("none", 1, (const int64_t[]){INT64_MIN});
    NODE("Clip", "both", "a", "low", "high");
    NODE("Clip", "above", "a", "none", "high");
    NODE("Clip", "last", "a", "", "high");
    node("Add", "both", "above", "two");
    node("Add", "two", "last", "whole");
    cast("whole", "f", 1);
    node("Add", "x", "f", "y");
}

/* y = x + [-1, 1, -128, 0] + [255, 1, 128, 2^16 - 2]: whole numbers modulo 2 to the bits of their type, up to where
 * float64 tells all of them apart. */
static void wrapped(void) {
    integers("whole", 4, (const int64_t[]){((int64_t)1 << 53) - 1, 1 - ((int64_t)1 << 53), 128, -256});
    cast("whole", "narrow", 3);
    cast("narrow", "n", 1);
    integers("others", 4, (const int64_t[]){-1, 257, -128, -2});
    cast("others", "bytes", 2);
    cast("bytes", "b", 1);
    node("Add", "n", "b", "sum");
    node("Add", "x", "sum", "y");
}

/* Columns 2 and 0 of every sample, taken as rows of what has the batch behind them. */
static void columns_at_a_time(void) {
    integers("order", 2, (const int64_t[]){2, 0});
    integers("axes", 1, (const int64_t[]){1});
    node("Unsqueeze", "order", "axes", "indices");
    node("Transpose", "x", NULL, "t");
    node("GatherND", "t", "indices", "g");
    node("Transpose", "g", NULL, "y");
}

/* What an exporter fills up to a size with comes to nothing where the size fits: ConstantOfShape [1, 2 - 2]. */
static void filled_up_by_nothing(void) {
    integers("shape", 2, (const int64_t[]){1, 0});
    node("ConstantOfShape", "shape", NULL, "none");
    with_integer("Concat", "none", "x", "all", "axis", 1);
    with_integer("Concat", "all", "none", "same", "axis", 1);
    node("Neg", "same", NULL, "y");
}

/* Many rows of nothing are nothing, and take no time: joined, told apart, and the first none of each. */
static void many_rows_of_nothing(void) {
    const int64_t many = BY_WIDTH((int64_t)1 << 40, (int64_t)1 << 30);
    integers("nought", 1, (const int64_t[]){0});
    tensor("rows", 7, SHAPE(many, 0), 0);
    tensor("pairs", 7, SHAPE(many, 2, 0), 0);
    with_integer("Concat", "rows", "rows", "joined", "axis", 1);
    with_integer("Unique", "pairs", NULL, "different", "axis", 1);
    node("Neg", "x", NULL, "y");
}

/* Columns side by side: as they lie in the file, computed, and all the same. y = x + [1, 6, 8, 0; 2, 10, 12, 0] */
static void columns_side_by_side(void) {
    integers("square", 2, (const int64_t[]){2, 2});
    integers("column", 2, (const int64_t[]){2, 1});
    size_t one = soma_onnx_begin_node(&made, "Constant", "w", (const char *[]){NULL});
    size_t attribute = soma_protobuf_open(W, NODE_ATTRIBUTE);
    soma_protobuf_put_text(W, 1, "value");
    soma_protobuf_put_integer(W, 20, 4); /* TENSOR */
    soma_onnx_put_tensor(&made, 5, "", 2, (const size_t[]){2, 1}, (const float[]){1, 2});
    soma_protobuf_close(W, attribute);
    soma_onnx_end_node(&made, one);
    real_constant("b", "value_floats", (const float[]){3, 4, 5, 6}, 4);
    node("Add", "b", "b", "c");
    node("Reshape", "c", "square", "d");
    node("ConstantOfShape", "column", NULL, "zeros");
    with_integer("Concat", "w", "d", "left", "axis", 1);
    with_integer("Concat", "left", "zeros", "all", "axis", 1);
    node("Add", "x", "all", "y");
}

/* The largest and the least of three lists of whole numbers, as of positions. */
static void extremes(void) {
    integers("a", 3, (const int64_t[]){1, 9, -4});
    integers("b", 1, (const int64_t[]){3});
    integers("c", 3, (const int64_t[]){2, 2, 7});
    NODE("Max", "most", "a", "b", "c");
    NODE("Min", "least", "a", "b", "c");
    cast("most", "f", 1);
    cast("least", "g", 1);
    node("Add", "x", "f", "s");
    node("Sub", "s", "g", "y");
}

/* Of one list alone it is that. */
static void extreme_of_one(void) {
    integers("a", 3, (const int64_t[]){1, 9, -4});
    NODE("Max", "most", "a");
    NODE("Min", "least", "most");
    cast("least", "f", 1);
    node("Add", "x", "f", "y");
}

/* What is cast to float16 is not rounded, nor is its range bounded: only results of that type are. */
static void through_half(void) {
    cast("x", "h", 10);
    cast("h", "y", 1);
}

static const struct {
    const char *name;
    void (*body)(void);
    size_t rank;
    int64_t shape[4];
    size_t samples, count;
    float x[MOST_VALUES], y[MOST_VALUES];
} cases[] = {
    {"flatten", flatten_by_shape, 3, {OPEN, 2, 2}, 2, 8, {1, 2, 3, 4, 5, 6, 7, 8}, {-1, -2, -3, -4, -5, -6, -7, -8}},
    {"flatten", flatten_by_shape, 3, {1, 2, 2}, 1, 4, {1, 2, 3, 4}, {-1, -2, -3, -4}},
    {"arithmetic", arithmetic, 3, {OPEN, 2, 3}, 1, 6, {0, 0, 0, 0, 0, 9}, {3, 3, 3, 3, 3, 12}},
    {"selection", selection, 3, {OPEN, 2, 3}, 1, 6, {0, 0, 0, 0, 0, 0}, {-1, -3, -3, 2, 0, 0}},
    {"weights", weights_by_op, 2, {OPEN, 4}, 1, 2, {1, 2, 3, 4}, {5, 5}},
    {"sizes", sizes, 3, {OPEN, 3, 2}, 1, 6, {0, 1, 2, 3, 4, 5}, {-2, -1, 0, 1, 2, 3}},
    {"columns", columns_side_by_side, 3, {OPEN, 2, 4}, 1, 8, {0, 0, 0, 0, 100, 0, 0, 0}, {1, 6, 8, 0, 102, 10, 12, 0}},
    {"constants", constants_by_value, 2, {OPEN, 2}, 2, 4, {0, 0, 10, 20}, {9, 13, 19, 33}},
    {"matrices", by_three_matrices, 4, {OPEN, 1, 2, 2}, 1, 12, {1, 2, 3, 4}, {1, 2, 3, 4, 2, 4, 6, 8, 2, 1, 4, 3}},
    {"many dimensions",
     rows_in_many_dimensions,
     2,
     {OPEN, 8},
     2,
     16,
     {1, 0, 0, 1, 1, 1, 2, -1, 3, 0, 0, 3, 3, 3, 6, -3},
     {1, 2, 3, 4, 4, 6, -1, 0, 3, 6, 9, 12, 12, 18, -3, 0}},
    {"many dimensions of both",
     squares_in_many_dimensions,
     2,
     {OPEN, 8},
     2,
     8,
     {1, 2, 3, 4, 5, 6, 7, 8, 1, 0, 0, 1, 1, 1, 2, -1},
     {5, 25, 61, 113, 1, 1, 2, 5}},
    {"choices", choices, 2, {OPEN, 2}, 2, 4, {0, 0, 10, 20}, {3, 2, 13, 22}},
    {"as a shape", batch_as_a_shape, 2, {OPEN, 2}, 2, 4, {1, 2, 3, 4}, {1, 2, 3, 4}},
    {"all of a batch", all_of_a_batch, 2, {OPEN, 2}, 2, 2, {1, 2, 3, 4}, {2, 4}},
    {"in the middle", batch_in_the_middle, 2, {OPEN, 2}, 2, 4, {1, 2, 3, 4}, {6, 9, 8, 11}},
    {"before the batch", taken_before_the_batch, 2, {OPEN, 2}, 2, 8, {1, 2, 3, 4}, {3, 2, 3, 3, 7, 6, 7, 7}},
    {"extremes", extremes, 2, {OPEN, 3}, 1, 3, {10, 20, 30}, {12, 27, 41}},
    {"extreme of one", extreme_of_one, 2, {OPEN, 3}, 1, 3, {10, 20, 30}, {11, 29, 26}},
    {"through half", through_half, 2, {OPEN, 2}, 1, 2, {1.0009765625F, -70000}, {1.0009765625F, -70000}},
    {"negated", negated, 2, {OPEN, 3}, 1, 3, {1, 1, 1}, {-1, 1, 4}},
    {"Abs, int64", sizes_of_int64, 2, {OPEN, 4}, 1, 4, {0}, {3, 0, 7, 0x1p53F}},
    {"Abs, int32", sizes_of_int32, 2, {OPEN, 4}, 1, 4, {0}, {3, 0, 0x1p24F, -0x1p31F}},
    {"Abs, int8", sizes_of_int8, 2, {OPEN, 4}, 1, 4, {0}, {127, 5, -128, 127}},
    {"Abs, uint8", sizes_of_uint8, 2, {OPEN, 4}, 1, 4, {0}, {0, 1, 128, 255}},
    {"Neg, int32", negative_int32, 2, {OPEN, 4}, 1, 4, {0}, {3, 0, -0x1p24F, -0x1p31F}},
    {"Neg, int8", negative_int8, 2, {OPEN, 4}, 1, 4, {0}, {127, -5, -128, -127}},
    {"Sign", signs, 2, {OPEN, 4}, 1, 4, {0}, {-1, 0, 1, 1}},
    {"Relu", above_zero, 2, {OPEN, 4}, 1, 4, {0}, {0, 0, 0, 0x1p24F}},
    {"Pow", powers, 2, {OPEN, 4}, 1, 4, {0}, {1024, -27, 1, 1}},
    {"Equal", equal_numbers, 2, {OPEN, 4}, 1, 4, {0}, {1, 0, 1, 0}},
    {"Add, int8", sums_of_int8, 2, {OPEN, 4}, 1, 4, {0}, {-128, 127, -128, -1}},
    {"Mul, uint8", products_of_uint8, 2, {OPEN, 4}, 1, 4, {0}, {1, 0, 240, 15}},
    {"Sub, uint16", differences_of_uint16, 2, {OPEN, 4}, 1, 4, {0}, {65535, 0, 0, 4}},
    {"Sub, uint32", differences_of_uint32, 2, {OPEN, 4}, 1, 4, {0}, {0x1p31F, 0, 0x1p30F, 1}},
    {"Add, uint64", sums_of_uint64, 2, {OPEN, 4}, 1, 4, {0}, {1, 10, 0x1p41F, 5}},
    {"Cast, uint32", cast_to_uint32, 2, {OPEN, 4}, 1, 4, {0}, {0x1p31F, 7, 0, 0x1p31F}},
    {"ArgMax, int64", largest_place, 2, {OPEN, 4}, 1, 4, {0}, {1, 1, 1, 1}},
    {"ArgMin, int64", last_least_place, 2, {OPEN, 4}, 1, 4, {0}, {3, 3, 3, 3}},
    {"TopK, int64", smallest_two, 2, {OPEN, 2}, 1, 2, {0}, {-4 + 3, -4 + 0}},
    {"Div, int8", quotients_of_int8, 2, {OPEN, 4}, 1, 4, {0}, {-128, -3, -3, 31}},
    {"Cast before", cast_before, 2, {OPEN, 4}, 1, 4, {0}, {-255, 45, 45, 45}},
    {"rows for all",
     rows_for_all_samples,
     3,
     {OPEN, 3, 2},
     2,
     12,
     {0, 0, 0, 0, 0, 0, 10, 10, 10, 10, 10, 10},
     {5, 6, 1, 2, 5, 6, 15, 16, 11, 12, 15, 16}},
    {"Clip", within, 2, {OPEN, 4}, 1, 4, {0}, {0 - 3 - 3, 0, 12, 12}},
    {"wrapped", wrapped, 2, {OPEN, 4}, 1, 4, {0, 0, 0, 0}, {-1 + 255, 1 + 1, -128 + 128, 0 + 254}},
    {"columns", columns_at_a_time, 2, {OPEN, 3}, 2, 4, {1, 2, 3, 4, 5, 6}, {3, 1, 6, 4}},
    {"by nothing", filled_up_by_nothing, 2, {1, 2}, 1, 2, {1, 2}, {-1, -2}},
    {"rows of nothing", many_rows_of_nothing, 2, {OPEN, 2}, 1, 2, {1, 2}, {-1, -2}},
    {"pieces", pieces, 3, {OPEN, 2, 4}, 1, 2, {1, 2, 3, 4, 5, 6, 7, 8}, {-2, -3}},
};

START_TEST(what_is_computed_of_constants_is_known) {
    soma_network *network;
    float found[MOST_VALUES];
    soma_compile_options options = {.loss = {SOMA_LOSS_NONE}};
    onnx_make(cases[_i].body, 8, 15, cases[_i].rank, cases[_i].shape);
    expect_ok(load(NULL, &network));
    expect_ok(soma_compile(network, device, &options));
    ck_assert_uint_eq(cases[_i].samples * soma_tensor_count(soma_network_output(network, 0)), cases[_i].count);
    expect_ok(soma_run(network, cases[_i].x, cases[_i].samples, found));
    for (size_t i = 0; i < cases[_i].count; i++)
        ck_assert_msg(found[i] == cases[_i].y[i], "%s: value %zu is %.9g, expected %.9g", cases[_i].name, i,
                      (double)found[i], (double)cases[_i].y[i]);
    soma_network_destroy(network);
}
END_TEST

/* Of the mean of 12 squares of 6 k, k = 1 ... 12 as they lie in y: dL / dy = k, and row 2 is taken twice by each of two
 * samples. */
START_TEST(rows_for_all_samples_have_gradients) {
    const float expected[] = {3 + 9, 4 + 10, 0, 0, 1 + 5 + 7 + 11, 2 + 6 + 8 + 12};
    const soma_compile_options options = {.loss = {SOMA_MEAN_SQUARED_ERROR}};
    const float y[] = {5, 6, 1, 2, 5, 6}, zeros[12] = {0};
    float targets[12], found[6];
    soma_network *network;
    for (int i = 0; i < 12; i++) targets[i] = y[i % 6] - 6 * (float)(i + 1);
    onnx_make(rows_for_all_samples, 8, 15, SHAPE(OPEN, 3, 2));
    expect_ok(load(NULL, &network));
    expect_ok(soma_compile(network, device, &options));
    const soma_array x = {zeros, SOMA_F32, 3, {2, 3, 2}}, t = {targets, SOMA_F32, 3, {2, 3, 2}};
    expect_ok(soma_backward(network, &x, &t, NULL));
    expect_ok(soma_get_gradient(network, soma_network_tensor(network, "w"), found, 6));
    for (int i = 0; i < 6; i++) ck_assert_float_eq_tol(found[i], expected[i], 2e-5F); /* 12 roundings of 28 */
    soma_network_destroy(network);
}
END_TEST

/* ------------------------------------------------------------------------------------------------------- refusals */

/* Twice the batch is no number that is known. */
static void batch_doubled(void) {
    integers("two", 1, (const int64_t[]){2});
    integers("zero", 1, (const int64_t[]){0});
    node("Shape", "x", NULL, "s");
    node("Gather", "s", "zero", "b");
    node("Mul", "b", "two", "d");
    node("Reshape", "x", "d", "y");
}
static void batch_in_a_sum(void) {
    node("Shape", "x", NULL, "s");
    cast("s", "f", 1);
    node("Add", "x", "f", "y");
}
static void by_zero(void) {
    tensor("zero", 7, 0, NULL, 8);
    integers("one", 1, (const int64_t[]){1});
    node("Div", "one", "zero", "d");
    node("Reshape", "x", "d", "y");
}
static void batch_compared(void) {
    integers("two", 1, (const int64_t[]){2});
    node("Shape", "x", NULL, "s");
    node("Greater", "s", "two", "d");
    cast("d", "f", 1);
    node("Add", "x", "f", "y");
}
static void outside(void) {
    integers("data", 2, (const int64_t[]){1, 2});
    integers("two", 1, (const int64_t[]){2});
    node("Gather", "data", "two", "d");
    node("Reshape", "x", "d", "y");
}
static void too_large(void) {
    integers("n", 1, (const int64_t[]){(int64_t)1 << 40});
    node("Mul", "n", "n", "d");
    node("Reshape", "x", "d", "y");
}
static void part_of_a_batch(void) {
    integers("start", 1, (const int64_t[]){0});
    integers("end", 1, (const int64_t[]){1});
    NODE("Slice", "y", "x", "start", "end");
}

/* 2^53 is where float64 begins to take two whole numbers for one. */
static void wrapped_too_large(void) {
    integers("whole", 2, (const int64_t[]){7, (int64_t)1 << 53});
    cast("whole", "narrow", 3);
    cast("narrow", "f", 1);
    node("Add", "x", "f", "y");
}
static void wrapped_too_small(void) {
    integers("whole", 2, (const int64_t[]){7, -((int64_t)1 << 53)});
    cast("whole", "narrow", 2);
    cast("narrow", "f", 1);
    node("Add", "x", "f", "y");
}
/* Six numbers in a shape that has not as many. */
static void below_uint64(void) {
    add_pairs("Sub", 13, (const int64_t[]){0, 1, 1, 1}, (const int64_t[]){1, 1, 1, 1});
}

static void numbers_in_shape(size_t rank, const int64_t *shape) {
    floats("numbers", SHAPE(6), (const float[]){1, 2, 3, 4, 5, 6});
    integers("shape", rank, shape);
    node("Reshape", "numbers", "shape", "w");
    node("MatMul", "x", "w", "y");
}
static void four_rows_of_some(void) {
    numbers_in_shape(SHAPE(4, -1));
}
static void four_rows_of_two(void) {
    numbers_in_shape(SHAPE(4, 2));
}
static void four_rows_of_one(void) {
    numbers_in_shape(SHAPE(4, 1));
}
static void two_unknown_sizes(void) {
    numbers_in_shape(SHAPE(-1, -1));
}
static void size_below_zero(void) {
    numbers_in_shape(SHAPE(4, -2));
}
/* ONNX would make [2, 2, 2] of them. */
static void many_dimensions_that_differ(void) {
    integers("shape", 6, (const int64_t[]){0, 2, 1, 1, 1, 2});
    tensor("w", 1, SHAPE(2, 1, 2, 2), 32);
    node("Reshape", "x", "shape", "a");
    node("MatMul", "a", "w", "y");
}

static const struct {
    void (*body)(void);
    soma_status status;
    const char *words[2];
} refused[] = {
    {wrapped_too_large, SOMA_UNSUPPORTED, {"whole, element 1, is 9007199254740992", "2^53"}},
    {wrapped_too_small, SOMA_UNSUPPORTED, {"whole, element 1, is -9007199254740992", "2^53"}},
    {below_uint64, SOMA_UNSUPPORTED, {"whole, element 0, is -1", "as uint64 beyond 2^53"}},
    {four_rows_of_some, SOMA_INVALID_SHAPE, {"node 0", "another number of elements than the 1 dimensions"}},
    {four_rows_of_two, SOMA_INVALID_SHAPE, {"node 0", "another number of elements than the 1 dimensions"}},
    {four_rows_of_one, SOMA_INVALID_SHAPE, {"node 0", "another number of elements than the 1 dimensions"}},
    {two_unknown_sizes, SOMA_INVALID_FILE, {"node 0", "dimension 1 of the new shape is -1"}},
    {size_below_zero, SOMA_INVALID_FILE, {"node 0", "dimension 1 of the new shape is -2"}},
    {many_dimensions_that_differ, SOMA_UNSUPPORTED, {"before the matrices' differ", "they must be equal, or 1"}},
    {batch_doubled, SOMA_UNSUPPORTED, {"node 3", "works across the first dimension"}},
    {batch_in_a_sum, SOMA_UNSUPPORTED, {"node 1", "size of the batch"}},
    {batch_compared, SOMA_UNSUPPORTED, {"node 1", "size of the batch"}},
    {by_zero, SOMA_INVALID_FILE, {"node 0", "divided by 0"}},
    {outside, SOMA_INVALID_FILE, {"node 0", "index 0 is 2 in an axis of 2"}},
    {too_large, SOMA_UNSUPPORTED, {"node 0", "too large for int64"}},
    {part_of_a_batch, SOMA_UNSUPPORTED, {"node 0", "which is the batch"}},
};

START_TEST(what_is_not_known_is_refused) {
    soma_network *network;
    onnx_make(refused[_i].body, 8, 15, SHAPE(OPEN, 4));
    expect_error(load(NULL, &network), refused[_i].status, refused[_i].words[0], refused[_i].words[1]);
}
END_TEST

/* A number without dimensions, one in a vector, and an infinite one. */
static float half = 0.5f;
static size_t dimensions;

static void with_a_number(void) {
    floats("half", dimensions, (const int64_t[]){1}, &half);
    node("Mul", "x", "half", "y");
}

START_TEST(numbers_of_formulas_are_no_weights) {
    static const struct {
        float number;
        size_t dimensions, parameters;
    } numbers[] = {{0.5f, 0, 0}, {0.5f, 1, 1}, {INFINITY, 0, 0}};
    for (size_t i = 0; i < 3; i++) {
        soma_network *network;
        half = numbers[i].number;
        dimensions = numbers[i].dimensions;
        make(with_a_number, 8, 15);
        expect_ok(load(NULL, &network));
        ck_assert_uint_eq(soma_network_parameter_count(network), numbers[i].parameters);
        soma_network_destroy(network);
    }
}
END_TEST

/* --------------------------------------------------------------------------------------------------------- memory */

static int64_t rows;

/* A weight of rows x 4, and numbers computed of one of rows x 1 and one of 4. */
static void large_weight(void) {
    integers("shape", 2, (const int64_t[]){4, rows});
    node("ConstantOfShape", "shape", NULL, "w");
    node("MatMul", "x", "w", "p");
    node("Neg", "x", NULL, "y");
}
static void large_numbers(void) {
    integers("shape", 1, (const int64_t[]){rows});
    node("ConstantOfShape", "shape", NULL, "n");
    with_integer("Concat", "n", "n", "m", "axis", 0);
    node("Neg", "x", NULL, "y");
}

START_TEST(memory_that_ops_make_is_bounded_by_the_option) {
    static const struct {
        void (*body)(void);
        uint64_t bytes; /* for a row */
    } bodies[] = {{large_weight, 4 * sizeof(float)}, {large_numbers, 2 * sizeof(double)}};
    rows = 1 << 20; /* more than the file may take */
    for (size_t i = 0; i < 2; i++) {
        soma_network *network;
        soma_onnx_options options = {.memory_limit = bodies[i].bytes * (uint64_t)rows};
        make(bodies[i].body, 8, 15);
        expect_ok(load(&options, &network));
        soma_network_destroy(network);
        expect_ok(load(NULL, &network));
        soma_network_destroy(network);
        options.memory_limit--;
        peak_memory_start();
        expect_error(load(&options, &network), SOMA_UNSUPPORTED, "m.onnx: node 1", "memory_limit", "16777215 bytes");
        ck_assert_uint_lt(peak_memory(), 1 << 20);
    }
    rows = (int64_t)1 << 40; /* beyond the 4 GiB that are there where nothing is said */
    for (size_t i = 0; i < 2; i++) {
        soma_network *network;
        make(bodies[i].body, 8, 15);
        peak_memory_start();
        expect_error(load(NULL, &network), BY_WIDTH(SOMA_UNSUPPORTED, SOMA_INVALID_SHAPE), BY_WIDTH("node 1", "node 0"),
                     BY_WIDTH("memory_limit", "more elements than memory"),
                     BY_WIDTH("4294967296 bytes", "ConstantOfShape"));
        ck_assert_uint_lt(peak_memory(), 1 << 20);
    }
}
END_TEST

int main(void) {
    if (soma_device_open("cpu", NULL, &device) != SOMA_OK) return 1;
    TCase *all = tcase_create("onnx, constants");
    tcase_set_timeout(all, 60);
    tcase_add_unchecked_fixture(all, temporary_create, temporary_destroy);
    tcase_add_loop_test(all, what_is_computed_of_constants_is_known, 0, sizeof cases / sizeof *cases);
    if (SOMA_HAS_TRAINING) tcase_add_test(all, rows_for_all_samples_have_gradients);
    tcase_add_loop_test(all, what_is_not_known_is_refused, 0, sizeof refused / sizeof *refused);
    tcase_add_test(all, numbers_of_formulas_are_no_weights);
    tcase_add_test(all, memory_that_ops_make_is_bounded_by_the_option);
    Suite *suite = suite_create("onnx, constants");
    suite_add_tcase(suite, all);
    SRunner *runner = srunner_create(suite);
    srunner_set_fork_status(runner, CK_NOFORK); /* the device's threads do not survive a fork */
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    soma_device_close(device);
    return failed ? 1 : 0;
}
