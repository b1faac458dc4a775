/* SPDX-License-Identifier: MIT */
/*
 * ONNX's ops that put elements back where a pool found them, and of more values than one op has, with a batch that is
 * open. Values by hand.
 *
 * Usage: test_onnx_wider DEVICE      (exits with 77 where there is no such device)
 */
#include "io/onnx/export.h"
#include "onnx_cases.h"

#include <stdio.h>

static size_t begin(const char *op, const char *out, const char *second, const char *const *inputs) {
    size_t one = soma_onnx_begin_node(&made, op, out, inputs);
    if (second) soma_protobuf_put_text(W, NODE_OUTPUT, second);
    return one;
}
#define INPUTS(...) ((const char *const[]){__VA_ARGS__, NULL})

static void put_window(const char *op, const char *out, const char *second, const char *const *inputs, size_t rank,
                       int64_t size, int64_t stride) {
    const int64_t sizes[] = {size, size}, strides[] = {stride, stride};
    size_t one = begin(op, out, second, inputs);
    soma_onnx_put_attribute_integers(&made, "kernel_shape", sizes, rank);
    soma_onnx_put_attribute_integers(&made, "strides", strides, rank);
    soma_onnx_end_node(&made, one);
}

/* 5 is at 1, the first 7 at 6. */
static void put_back(void) {
    put_window("MaxPool", "p", "i", INPUTS("x"), 2, 2, 2);
    node("Neg", "p", NULL, "n");
    put_window("MaxUnpool", "y", NULL, INPUTS("n", "i"), 2, 2, 2);
}

/* The first two of three windows have their largest at 1: the second one's stays there. */
static void put_back_twice(void) {
    floats("more", SHAPE(3), (const float[]){1, 2, 3});
    put_window("MaxPool", "p", "i", INPUTS("x"), 1, 3, 1);
    node("Add", "p", "more", "n");
    put_window("MaxUnpool", "y", NULL, INPUTS("n", "i"), 1, 3, 1);
}

/* A hundred values side by side, x up to the seventieth, -x behind it, each times its number: 2485 - 2565 of them. */
enum { SIDES = 100 };
static void put_sides(const char *behind, const char *out) {
    const char *sides[SIDES + 1] = {NULL};
    for (int i = 0; i < SIDES; i++) sides[i] = i < 70 ? "x" : behind;
    size_t one = begin("Concat", out, NULL, sides);
    soma_onnx_put_attribute_integer(&made, "axis", -1);
    soma_onnx_end_node(&made, one);
}
static void side_by_side(void) {
    float weights[SIDES];
    for (int i = 0; i < SIDES; i++) weights[i] = (float)i + 1;
    floats("w", SHAPE(SIDES, 1), weights);
    node("Neg", "x", NULL, "n");
    put_sides("n", "sides");
    node("MatMul", "sides", "w", "y");
}

/* A hundred pieces of such, of which the ninetieth is 89 x. */
static void cut_apart(void) {
    static char names[SIDES][24];
    float weights[SIDES];
    for (int i = 0; i < SIDES; i++) weights[i] = (float)i;
    floats("w", SHAPE(SIDES), weights);
    put_sides("x", "sides");
    node("Mul", "sides", "w", "all");
    size_t one = begin("Split", "piece0", NULL, INPUTS("all"));
    for (int i = 1; i < SIDES; i++) {
        snprintf(names[i], sizeof names[i], "piece%d", i);
        soma_protobuf_put_text(W, NODE_OUTPUT, names[i]);
    }
    soma_onnx_put_attribute_integer(&made, "axis", 1);
    soma_onnx_end_node(&made, one);
    node("Neg", "piece89", NULL, "y");
}

static const onnx_case cases[] = {
    {"side by side", side_by_side, 2, {OPEN, 1}, 2, 2, {1, -3}, {-80, 240}},
    {"cut apart", cut_apart, 2, {OPEN, 1}, 2, 2, {1, -2}, {-89, 178}},
    {"put back", put_back, 4, {OPEN, 1, 2, 4}, 1, 8, {1, 5, 2, 0, 3, 4, 7, 7}, {0, -5, 0, 0, 0, 0, -7, 0}},
    {"put back twice",
     put_back_twice,
     3,
     {OPEN, 1, 5},
     2,
     10,
     {1, 9, 2, 9, 3, 0, 0, 4, 0, 5},
     {0, 11, 0, 12, 0, 0, 0, 6, 0, 8}},
};

int main(int argc, char **argv) {
    return onnx_run_cases(argc, argv, "onnx, wider", 16, cases, sizeof cases / sizeof *cases);
}
