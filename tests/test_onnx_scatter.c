/* SPDX-License-Identifier: MIT */
/*
 * ScatterElements and ScatterND by indices that the model computes, on a device. Values by hand.
 *
 * Usage: test_onnx_scatter DEVICE      (exits with 77 where there is no such device)
 */
#include "io/onnx/export.h"
#include "onnx_cases.h"

#define INPUTS(...) ((const char *const[]){__VA_ARGS__, NULL})

static void put(const char *op, const char *out, const char *const *inputs, const char *name, int64_t value,
                const char *reduction) {
    size_t one = soma_onnx_begin_node(&made, op, out, inputs);
    if (name) soma_onnx_put_attribute_integer(&made, name, value);
    if (reduction) {
        size_t attribute = soma_protobuf_open(W, NODE_ATTRIBUTE);
        soma_protobuf_put_text(W, 1, "reduction");
        soma_protobuf_put_text(W, 4, reduction);
        soma_protobuf_put_integer(W, 20, 3); /* STRING */
        soma_protobuf_close(W, attribute);
    }
    soma_onnx_end_node(&made, one);
}

/* x [batch, 6]: the first three are places among the last three, which are a table; what comes is 10 times these. */
static void divide(void) {
    integers("zero", 1, (const int64_t[]){0});
    integers("three", 1, (const int64_t[]){3});
    integers("six", 1, (const int64_t[]){6});
    integers("one", 1, (const int64_t[]){1});
    put("Slice", "first", INPUTS("x", "zero", "three", "one"), NULL, 0, NULL);
    put("Slice", "table", INPUTS("x", "three", "six", "one"), NULL, 0, NULL);
    put("Cast", "where", INPUTS("first"), "to", 7, NULL);
    floats("ten", SHAPE(1), (const float[]){10});
    node("Mul", "table", "ten", "values");
}

static void replaced(void) {
    divide();
    put("ScatterElements", "y", INPUTS("table", "where", "values"), "axis", 1, NULL);
}

static void added(void) {
    divide();
    put("ScatterElements", "y", INPUTS("table", "where", "values"), "axis", 1, "add");
}

static void multiplied(void) {
    divide();
    put("ScatterElements", "y", INPUTS("table", "where", "values"), "axis", 1, "mul");
}

static void largest(void) {
    divide();
    put("ScatterElements", "y", INPUTS("table", "where", "values"), "axis", 1, "max");
}

static void smallest(void) {
    divide();
    put("ScatterElements", "y", INPUTS("table", "where", "values"), "axis", 1, "min");
}

/* x [2, 2] of whole numbers: rows and columns of a table of 2 x 2. */
static void tuples(void) {
    floats("table", SHAPE(2, 2), (const float[]){1, 2, 3, 4});
    floats("values", SHAPE(2), (const float[]){10, 20});
    put("Cast", "where", INPUTS("x"), "to", 7, NULL);
    put("ScatterND", "y", INPUTS("table", "where", "values"), NULL, 0, "add");
}

/* x [2, 1]: rows of a table. */
static void slices(void) {
    floats("table", SHAPE(3, 2), (const float[]){1, 2, 3, 4, 5, 6});
    floats("values", SHAPE(2, 2), (const float[]){10, 20, 30, 40});
    put("Cast", "where", INPUTS("x"), "to", 7, NULL);
    put("ScatterND", "y", INPUTS("table", "where", "values"), NULL, 0, NULL);
}

static const onnx_case cases[] = {
    /* the last of place 0 counts, and -1 is the last place */
    {"replaced", replaced, 2, {OPEN, 6}, 2, 6, {0, 0, -1, 1, 2, 3, 2, 0, 1, 4, 5, 6}, {20, 2, 30, 50, 60, 40}},
    {"added", added, 2, {OPEN, 6}, 2, 6, {0, 0, -1, 1, 2, 3, 2, 0, 1, 4, 5, 6}, {31, 2, 33, 54, 65, 46}},
    {"multiplied", multiplied, 2, {OPEN, 6}, 2, 6, {0, 0, -1, 1, 2, 3, 2, 0, 1, 4, 5, 6}, {200, 2, 90, 200, 300, 240}},
    {"the largest", largest, 2, {OPEN, 6}, 2, 6, {0, 0, 2, -1, 2, 3, 2, 2, 1, 4, 5, -6}, {20, 2, 30, 4, 5, 50}},
    {"the smallest", smallest, 2, {OPEN, 6}, 2, 6, {0, 0, 2, -1, 2, 3, 2, 2, 1, 4, 5, -6}, {-10, 2, 3, 4, -60, -6}},
    {"tuples", tuples, 2, {2, 2}, 1, 4, {0, 1, -1, 0}, {1, 12, 23, 4}},
    {"slices", slices, 2, {2, 1}, 1, 6, {2, 2}, {1, 2, 3, 4, 30, 40}},
};

int main(int argc, char **argv) {
    return onnx_run_cases(argc, argv, "onnx, scatter", 16, cases, sizeof cases / sizeof *cases);
}
