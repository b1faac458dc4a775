/* SPDX-License-Identifier: MIT */
/*
 * Places and the largest of whole numbers, and sums so far of constants, on a device. Values by hand.
 *
 * Usage: test_onnx_counted DEVICE      (exits with 77 where there is no such device)
 */
#include "io/onnx/export.h"
#include "onnx_cases.h"

#define INPUTS(...) ((const char *const[]){__VA_ARGS__, NULL})

static void put(const char *op, const char *out, const char *const *inputs, const char *name, int64_t value) {
    size_t one = soma_onnx_begin_node(&made, op, out, inputs);
    if (name) soma_onnx_put_attribute_integer(&made, name, value);
    soma_onnx_end_node(&made, one);
}

static void whole(void) {
    put("Cast", "n", INPUTS("x"), "to", 7);
}

static void largest(void) {
    whole();
    put("ArgMax", "at", INPUTS("n"), "axis", 1);
    put("Cast", "y", INPUTS("at"), "to", 1);
}

static void smallest(void) {
    whole();
    put("ArgMin", "at", INPUTS("n"), "axis", 1);
    put("Cast", "y", INPUTS("at"), "to", 1);
}

/* The two largest and, ten times, their places. */
static void top(void) {
    whole();
    integers("two", 1, (const int64_t[]){2});
    integers("ten", 1, (const int64_t[]){10});
    size_t one = soma_onnx_begin_node(&made, "TopK", "most", INPUTS("n", "two"));
    soma_protobuf_put_text(W, 2, "places");
    soma_onnx_put_attribute_integer(&made, "axis", 1);
    soma_onnx_end_node(&made, one);
    put("Mul", "tens", INPUTS("places", "ten"), NULL, 0);
    put("Concat", "both", INPUTS("most", "tens"), "axis", 1);
    put("Cast", "y", INPUTS("both"), "to", 1);
}

/* x + the sums so far of [1, 2, 3], as whole numbers. */
static void put_sums(const char *name) {
    integers("numbers", 3, (const int64_t[]){1, 2, 3});
    integers("axis", 1, (const int64_t[]){0});
    put("CumSum", "sums", INPUTS("numbers", "axis"), name, 1);
    put("Cast", "added", INPUTS("sums"), "to", 1);
    put("Add", "y", INPUTS("x", "added"), NULL, 0);
}

static void sums(void) {
    put_sums(NULL);
}

static void sums_before(void) {
    put_sums("exclusive");
}

static void sums_back(void) {
    put_sums("reverse");
}

static const onnx_case cases[] = {
    {"the largest", largest, 2, {OPEN, 3}, 2, 2, {1, 3, 3, -5, -7, -6}, {1, 0}},
    {"the smallest", smallest, 2, {OPEN, 3}, 2, 2, {1, 3, 3, -5, -7, -6}, {0, 1}},
    {"the two largest", top, 2, {OPEN, 3}, 2, 8, {1, 3, 2, -5, -7, -6}, {3, 2, 10, 20, -5, -6, 0, 20}},
    {"sums", sums, 2, {OPEN, 3}, 2, 6, {0, 0, 0, 10, 20, 30}, {1, 3, 6, 11, 23, 36}},
    {"sums before", sums_before, 2, {OPEN, 3}, 2, 6, {0, 0, 0, 10, 20, 30}, {0, 1, 3, 10, 21, 33}},
    {"sums from the end", sums_back, 2, {OPEN, 3}, 2, 6, {0, 0, 0, 10, 20, 30}, {6, 5, 3, 16, 25, 33}},
};

int main(int argc, char **argv) {
    return onnx_run_cases(argc, argv, "onnx, counted", 16, cases, sizeof cases / sizeof *cases);
}
