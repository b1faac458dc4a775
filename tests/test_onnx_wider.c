/* SPDX-License-Identifier: MIT */
/*
 * ONNX's ops that put elements back where a pool found them, with a batch that is open. Values by hand.
 *
 * Usage: test_onnx_wider DEVICE      (exits with 77 where there is no such device)
 */
#include "io/onnx/export.h"
#include "onnx_cases.h"

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

static const onnx_case cases[] = {
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
