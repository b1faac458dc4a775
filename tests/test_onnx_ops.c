/* SPDX-License-Identifier: MIT */
/*
 * ONNX's ops of places, choices and repetitions with a batch that is open, on a device, and saved as a model of soma's
 * own. Values by hand.
 *
 * Usage: test_onnx_ops DEVICE      (exits with 77 where there is no such device)
 */
#include "io/onnx/export.h"
#include "onnx_cases.h"

#include <math.h>

static void put(const char *op, const char *out, const char *second, const char *const *inputs, const char *name,
                int64_t value) {
    size_t one = soma_onnx_begin_node(&made, op, out, inputs);
    if (second) soma_protobuf_put_text(W, NODE_OUTPUT, second);
    if (name) soma_onnx_put_attribute_integer(&made, name, value);
    soma_onnx_end_node(&made, one);
}
#define INPUTS(...) ((const char *const[]){__VA_ARGS__, NULL})

static void cast(const char *x, const char *out) {
    put("Cast", out, NULL, INPUTS(x), "to", 1);
}

/* The first of the largest. */
static void places(void) {
    put("ArgMax", "i", NULL, INPUTS("x"), "axis", -1); /* [batch, 2, 1] */
    integers("axes", 1, (const int64_t[]){2});
    node("Squeeze", "i", "axes", "y");
}

/* The two least, and where they are. */
static void least(void) {
    integers("k", 1, (const int64_t[]){2});
    put("TopK", "v", "i", INPUTS("x", "k"), "largest", 0);
    cast("i", "f");
    node("Add", "v", "f", "y");
}

static void sums_so_far(void) {
    integers("axis", 1, (const int64_t[]){1});
    size_t one = soma_onnx_begin_node(&made, "CumSum", "y", INPUTS("x", "axis"));
    soma_onnx_put_attribute_integer(&made, "exclusive", 1);
    soma_onnx_put_attribute_integer(&made, "reverse", 1);
    soma_onnx_end_node(&made, one);
}

static void lower_triangle(void) {
    put("Trilu", "y", NULL, INPUTS("x"), "upper", 0);
}

static void rows_with_a_one(void) {
    integers("depth", 1, (const int64_t[]){3});
    floats("values", SHAPE(2), (const float[]){-1, 2});
    node("Neg", "x", NULL, "n");
    put("OneHot", "y", NULL, INPUTS("n", "depth", "values"), "axis", -1);
}

/* A constant as often as there are samples, and each sample three times. */
static void expanded(void) {
    integers("three", 3, (const int64_t[]){1, 3, 1});
    const float numbers[] = {10, 20};
    soma_onnx_put_constant(&made, "numbers", 3, (const size_t[]){1, 1, 2}, numbers);
    node("Shape", "x", NULL, "s");
    node("Expand", "numbers", "s", "n");
    node("Add", "x", "n", "t");
    node("Expand", "t", "three", "y");
}

static void tiled(void) {
    integers("times", 3, (const int64_t[]){1, 2, 2});
    node("Tile", "x", "times", "y");
}

/* Where x is negative its root is NaN, and is not taken. */
static void roots(void) {
    const float zero = 0, less = -1;
    soma_onnx_put_constant(&made, "zero", 0, NULL, &zero);
    soma_onnx_put_constant(&made, "less", 0, NULL, &less);
    node("GreaterOrEqual", "x", "zero", "c");
    node("Sqrt", "x", NULL, "r");
    put("Where", "y", NULL, INPUTS("c", "r", "less"), NULL, 0);
}

/* Infinite numbers of a formula, and around an image, which model files hold. */
static void infinite(void) {
    const float zero = 0, none = -INFINITY;
    soma_onnx_put_constant(&made, "zero", 0, NULL, &zero);
    soma_onnx_put_constant(&made, "none", 0, NULL, &none);
    integers("around", 4, (const int64_t[]){0, 1, 0, 0});
    node("GreaterOrEqual", "x", "zero", "c");
    put("Where", "w", NULL, INPUTS("c", "x", "none"), NULL, 0);
    put("Pad", "y", NULL, INPUTS("w", "around", "none"), NULL, 0);
}

/* Whole numbers that are known become those of a narrow type, modulo 2 to its bits. */
static void narrowed(void) {
    integers("numbers", 3, (const int64_t[]){300, -1, 7});
    put("Cast", "bytes", NULL, INPUTS("numbers"), "to", 2);
    put("Cast", "floats", NULL, INPUTS("bytes"), "to", 1);
    node("Add", "x", "floats", "y");
}

/* Whole numbers that are known when the model runs: (i / 2 i - 2) summed up, squared modulo 256. */
static void whole(void) {
    integers("two", 1, (const int64_t[]){2});
    integers("axis", 1, (const int64_t[]){1});
    put("Cast", "i", NULL, INPUTS("x"), "to", 7);
    node("Div", "i", "two", "d");
    node("Mul", "d", "i", "m");
    node("Sub", "m", "two", "s");
    node("CumSum", "s", "axis", "c");
    put("Cast", "b", NULL, INPUTS("c"), "to", 2);
    node("Mul", "b", "b", "q");
    cast("q", "y");
}

/* Rows of a table by numbers that are computed, of which one counts from the end. */
static void rows_from_the_end(void) {
    floats("table", SHAPE(3, 1), (const float[]){10, 20, 30});
    put("Cast", "i", NULL, INPUTS("x"), "to", 7);
    node("Gather", "table", "i", "y");
}

/* 3 and -4 over 5, and zeros; over the mean and the deviation, of each sample; and where the largest is. */
static void lengths(void) {
    put("LpNormalization", "a", NULL, INPUTS("x"), "p", 2);
    put("Hardmax", "b", NULL, INPUTS("x"), "axis", -1);
    put("Concat", "y", NULL, INPUTS("a", "b"), "axis", 1);
}
static void deviations(void) {
    size_t one = soma_onnx_begin_node(&made, "MeanVarianceNormalization", "y", INPUTS("x"));
    soma_onnx_put_attribute_integers(&made, "axes", (const int64_t[]){1}, 1);
    soma_onnx_end_node(&made, one);
}

/* To whole numbers as another value has them, and back. */
static void cast_like(void) {
    integers("whole", 1, (const int64_t[]){1});
    node("CastLike", "x", "whole", "i");
    node("CastLike", "i", "x", "y");
}

/* Whole numbers are moved as they are. */
static void moved(void) {
    integers("last", 1, (const int64_t[]){1});
    put("Cast", "i", NULL, INPUTS("x"), "to", 7);
    put("Gather", "l", NULL, INPUTS("i", "last"), "axis", 1);
    put("Concat", "c", NULL, INPUTS("l", "i"), "axis", 1);
    cast("c", "y");
}

/* An op of onnxruntime's own; `flag`, if there is one, is set. */
static void of_microsoft(const char *op, const char *out, const char *const *inputs, const char *flag) {
    size_t one = soma_onnx_begin_node(&made, op, out, inputs);
    soma_protobuf_put_text(W, 7, "com.microsoft"); /* its domain */
    if (flag) soma_onnx_put_attribute_integer(&made, flag, 1);
    soma_onnx_end_node(&made, one);
}

/* Twice x has the mean 4 and the standard deviation 2, or 0 and 8; of which FusedMatMul takes the first number and the
 * sum. */
static void skipped(void) {
    floats("scale", SHAPE(2), (const float[]){2, 3});
    floats("offset", SHAPE(2), (const float[]){10, 20});
    floats("columns", SHAPE(2, 2), (const float[]){1, 0, 1, 1});
    size_t one = soma_onnx_begin_node(&made, "SkipLayerNormalization", "n", INPUTS("x", "x", "scale", "offset"));
    soma_protobuf_put_text(W, 7, "com.microsoft");
    soma_onnx_put_attribute_float(&made, "epsilon", 0);
    soma_onnx_end_node(&made, one);
    of_microsoft("FusedMatMul", "y", INPUTS("n", "columns"), "transB");
}

/* Their epsilon is 1e-12 where the file has none: beside a variance of 2^-12 it is nothing, where ONNX's own 1e-5 is a
 * twenty-fourth of it. */
static void skipped_by_default(void) {
    floats("scale", SHAPE(2), (const float[]){2, 3});
    floats("offset", SHAPE(2), (const float[]){10, 20});
    of_microsoft("SkipLayerNormalization", "n", INPUTS("x", "x", "scale", "offset"), NULL);
    of_microsoft("SkipSimplifiedLayerNormalization", "m", INPUTS("x", "x", "scale"), NULL);
    put("Concat", "y", NULL, INPUTS("n", "m"), "axis", 1);
}

/* The second and the third output are named, and used by nothing. */
/* Weights 9 - 8 and 3 - 8, of 4 bits each, times 2. */
static void blocks(void) {
    bytes("w", 2, SHAPE(1, 1, 1), (const int8_t[]){0x39});
    floats("scale", SHAPE(1), (const float[]){2});
    size_t one = soma_onnx_begin_node(&made, "MatMulNBits", "y", INPUTS("x", "w", "scale"));
    soma_protobuf_put_text(W, 7, "com.microsoft");
    soma_onnx_put_attribute_integer(&made, "K", 2);
    soma_onnx_put_attribute_integer(&made, "N", 1);
    soma_onnx_put_attribute_integer(&made, "bits", 4);
    soma_onnx_put_attribute_integer(&made, "block_size", 2);
    soma_onnx_end_node(&made, one);
}

/* Rows of words, on positions that add nothing or 5 to both, which no normalised row shows. */
static void embedded(void) {
    floats("words", SHAPE(2, 2), (const float[]){1, 3, -4, 4});
    floats("places", SHAPE(2, 2), (const float[]){0, 0, 5, 5});
    floats("scale", SHAPE(2), (const float[]){2, 3});
    floats("offset", SHAPE(2), (const float[]){10, 20});
    put("Cast", "i", NULL, INPUTS("x"), "to", 6);
    of_microsoft("EmbedLayerNormalization", "y", INPUTS("i", "", "words", "places", "", "scale", "offset"), NULL);
}

/* How many keys there are: of which the mask says 1. */
static void embedded_with_mask(void) {
    floats("words", SHAPE(2, 2), (const float[]){1, 3, -4, 4});
    floats("scale", SHAPE(2), (const float[]){2, 3});
    put("Cast", "mask", NULL, INPUTS("x"), "to", 6);
    node("Mul", "x", "zero", "nothing");
    floats("zero", SHAPE(1), (const float[]){0});
    put("Cast", "i", NULL, INPUTS("nothing"), "to", 6);
    size_t one = soma_onnx_begin_node(&made, "EmbedLayerNormalization", "e",
                                      INPUTS("i", "", "words", "words", "", "scale", "scale", "mask"));
    soma_protobuf_put_text(W, NODE_OUTPUT, "count");
    soma_protobuf_put_text(W, 7, "com.microsoft");
    soma_onnx_end_node(&made, one);
    cast("count", "y");
}

static void skipped_with_figures(void) {
    floats("scale", SHAPE(2), (const float[]){2, 3});
    size_t one = soma_onnx_begin_node(&made, "SkipLayerNormalization", "n", INPUTS("x", "x", "scale"));
    soma_protobuf_put_text(W, NODE_OUTPUT, "mean");
    soma_protobuf_put_text(W, NODE_OUTPUT, "deviation");
    soma_protobuf_put_text(W, NODE_OUTPUT, "sum");
    soma_protobuf_put_text(W, 7, "com.microsoft");
    soma_onnx_end_node(&made, one);
    node("Add", "n", "sum", "y");
}

/* A function of 0 is 0, and far above it the number itself. */
static void gates(void) {
    floats("b", SHAPE(3), (const float[]){0, 64, 0});
    of_microsoft("BiasGelu", "p", INPUTS("x", "b"), NULL);
    of_microsoft("FastGelu", "q", INPUTS("x", "b"), NULL);
    of_microsoft("Gelu", "r", INPUTS("q"), NULL);
    of_microsoft("QuickGelu", "s", INPUTS("r"), NULL);
    put("Concat", "y", NULL, INPUTS("p", "q", "s"), "axis", 1);
}

static void reductions(void) {
    static const char *const ops[] = {"ReduceProd", "ReduceL1", "ReduceL2", "ReduceSumSquare"};
    static const char *const outs[] = {"a", "b", "c", "d"};
    for (int i = 0; i < 4; i++) {
        size_t one = soma_onnx_begin_node(&made, ops[i], outs[i], INPUTS("x"));
        soma_onnx_put_attribute_integers(&made, "axes", (const int64_t[]){1}, 1);
        soma_onnx_end_node(&made, one);
    }
    put("Concat", "y", NULL, INPUTS("a", "b", "c", "d"), "axis", 1);
}

/* Over dimensions that do not adjoin. */
static void reductions_apart(void) {
    static const char *const ops[] = {"ReduceSumSquare", "ReduceL2"};
    static const char *const outs[] = {"a", "b"};
    for (int i = 0; i < 2; i++) {
        size_t one = soma_onnx_begin_node(&made, ops[i], outs[i], INPUTS("x"));
        soma_onnx_put_attribute_integers(&made, "axes", (const int64_t[]){-1, 1}, 2);
        soma_onnx_end_node(&made, one);
    }
    put("Concat", "y", NULL, INPUTS("a", "b"), "axis", 1);
}

static void logarithm_of_sum(void) {
    size_t one = soma_onnx_begin_node(&made, "ReduceLogSumExp", "y", INPUTS("x"));
    soma_onnx_put_attribute_integers(&made, "axes", (const int64_t[]){1}, 1);
    soma_onnx_end_node(&made, one);
}

/* The last value of each place stays; and what is there is taken back in another order. */
static void scattered(void) {
    const float values[] = {10, 20, 30};
    soma_onnx_put_constant(&made, "values", 2, (const size_t[]){1, 3}, values);
    integers("list", 3, (const int64_t[]){1, 1, -1});
    integers("shape", 2, (const int64_t[]){1, 3});
    node("Reshape", "list", "shape", "where");
    put("ScatterElements", "s", NULL, INPUTS("x", "where", "values"), "axis", 1); /* 1 20 3 30 */
    integers("back", 4, (const int64_t[]){3, 2, 1, 0});
    integers("wide", 2, (const int64_t[]){1, 4});
    node("Reshape", "back", "wide", "from");
    put("GatherElements", "y", NULL, INPUTS("s", "from"), "axis", 1);
}

static void einsum(const char *equation, const char *out, const char *const *inputs) {
    size_t one = soma_onnx_begin_node(&made, "Einsum", out, inputs);
    size_t attribute = soma_protobuf_open(W, NODE_ATTRIBUTE);
    soma_protobuf_put_text(W, 1, "equation");
    soma_protobuf_put_text(W, 4, equation);
    soma_protobuf_put_integer(W, 20, 3); /* STRING */
    soma_protobuf_close(W, attribute);
    soma_onnx_end_node(&made, one);
}

/* x x^T for each sample; x by a matrix of [2, 1, 2]; and its sums, turned. */
static void products(void) {
    floats("w", SHAPE(2, 1, 2), (const float[]){1, 10, 100, 1000});
    einsum("bik,bjk->bij", "a", INPUTS("x", "x"));            /* [batch, 2, 2] */
    einsum("b i k, k m n -> b i m n", "p", INPUTS("x", "w")); /* [batch, 2, 1, 2] */
    integers("axes", 1, (const int64_t[]){2});
    node("Squeeze", "p", "axes", "q");
    einsum("bij->bji", "t", INPUTS("a"));
    node("Add", "t", "q", "y");
}

static void swap(const char *x, const char *out) {
    size_t one = soma_onnx_begin_node(&made, "Transpose", out, INPUTS(x));
    soma_onnx_put_attribute_integers(&made, "perm", (const int64_t[]){1, 0, 2}, 3);
    soma_onnx_end_node(&made, one);
}

/* The first dimension goes behind the second, and a constant stands before it: what is joined are the samples' rows, or
 * all of one input. The sums say which dimension it was. */
static void joined(int64_t axis) {
    floats("c", SHAPE(2, 1, 2), (const float[]){10, 20, 30, 40});
    integers("axes", 1, (const int64_t[]){1});
    swap("x", "t");
    put("Concat", "j", NULL, INPUTS("c", "t"), "axis", axis);
    swap("j", "b");
    node("ReduceSum", "b", "axes", "y");
}
static void joined_in_front(void) {
    joined(0);
}
static void joined_within(void) {
    joined(1);
}
static void joined_at_the_end(void) {
    joined(-1);
}

/* A dimension before the first, which is repeated. */
static void repeated_in_front(void) {
    integers("axes", 1, (const int64_t[]){0});
    integers("wide", 3, (const int64_t[]){3, 2, 2});
    node("Unsqueeze", "x", "axes", "u");
    node("Expand", "u", "wide", "y");
}

/* As the first state of a loop of convolutions is: it goes by no input, and the file fixes the batch. */
static void convolution_of_a_constant(void) {
    floats("state", SHAPE(2, 1, 2, 2), (const float[]){1, 2, 3, 4, 5, 6, 7, 8});
    floats("w", SHAPE(1, 1, 1, 1), (const float[]){2});
    node("Conv", "state", "w", "doubled");
    node("Add", "x", "doubled", "y");
}

static const onnx_case cases[] = {
    {"a convolution of a constant",
     convolution_of_a_constant,
     4,
     {2, 1, 2, 2},
     1,
     8,
     {1, 0, 0, 0, 0, 0, 0, -1},
     {3, 4, 6, 8, 10, 12, 14, 15}},
    {"places", places, 3, {OPEN, 2, 3}, 2, 4, {1, 5, 5, -1, -3, -2, 0, 0, 0, 1, 2, 3}, {1, 0, 0, 2}},
    {"least", least, 2, {OPEN, 4}, 2, 4, {3, 1, 2, 1, -4, 9, -3, 9}, {2, 4, -4, -1}},
    {"sums so far", sums_so_far, 2, {OPEN, 5}, 1, 5, {1, 2, 3, 4, 5}, {14, 12, 9, 5, 0}},
    {"triangle", lower_triangle, 3, {OPEN, 2, 3}, 1, 6, {1, INFINITY, NAN, 4, 5, 6}, {1, 0, 0, 4, 5, 0}},
    {"rows", rows_with_a_one, 2, {OPEN, 2}, 1, 6, {0, 1}, {2, -1, -1, -1, -1, 2}},
    {"expanded", expanded, 3, {OPEN, 1, 2}, 2, 12, {1, 2, 3, 4}, {11, 22, 11, 22, 11, 22, 13, 24, 13, 24, 13, 24}},
    {"tiled", tiled, 3, {OPEN, 1, 2}, 1, 8, {1, 2}, {1, 2, 1, 2, 1, 2, 1, 2}},
    {"roots", roots, 2, {OPEN, 3}, 1, 3, {4, -4, 9}, {2, -1, 3}},
    {"infinite", infinite, 2, {OPEN, 2}, 2, 6, {1, -1, -2, 3}, {-INFINITY, 1, -INFINITY, -INFINITY, -INFINITY, 3}},
    {"narrowed", narrowed, 2, {OPEN, 3}, 1, 3, {0, 0, 0}, {44, 255, 7}},
    {"whole", whole, 2, {OPEN, 3}, 1, 3, {7, -7, 4}, {105, 164, 144}},
    {"rows from the end", rows_from_the_end, 2, {OPEN, 2}, 1, 2, {-1, 1}, {30, 20}},
    {"lengths", lengths, 2, {OPEN, 2}, 2, 8, {3, -4, 0, 0}, {0.6f, -0.8f, 1, 0, 0, 0, 1, 0}},
    {"deviations", deviations, 2, {OPEN, 2}, 1, 2, {3, -5}, {1, -1}},
    {"cast like", cast_like, 2, {OPEN, 2}, 1, 2, {1.75f, -2.5f}, {1, -2}},
    {"moved", moved, 2, {OPEN, 2}, 2, 6, {1, 2, 3, 4}, {2, 1, 2, 4, 3, 4}},
    {"skipped", skipped, 2, {OPEN, 2}, 2, 4, {3, 1, -4, 4}, {12, 29, 8, 31}},
    {"skipped by default", skipped_by_default, 2, {OPEN, 2}, 1, 4, {-0.0078125F, 0.0078125F}, {8, 23, -2, 3}},
    {"blocks", blocks, 2, {OPEN, 2}, 2, 2, {1, 2, 3, -1}, {-18, 16}},
    {"embedded", embedded, 2, {OPEN, 2}, 1, 4, {0, 1}, {8, 23, 8, 23}},
    {"embedded with a mask", embedded_with_mask, 2, {OPEN, 2}, 2, 2, {1, 2, -1, 1}, {1, 1}},
    {"skipped with figures", skipped_with_figures, 2, {OPEN, 2}, 1, 2, {-4096, 4096}, {-8194, 8195}},
    {"gates", gates, 2, {OPEN, 3}, 1, 9, {0, 0, 0}, {0, 64, 0, 0, 64, 0, 0, 64, 0}},
    {"reductions", reductions, 2, {OPEN, 3}, 1, 4, {2, -3, 6}, {-36, 11, 7, 49}},
    {"reductions apart", reductions_apart, 4, {OPEN, 2, 2, 2}, 1, 4, {1, 1, 2, 4, 1, -1, 5, 6}, {4, 81, 2, 9}},
    {"logarithm",
     logarithm_of_sum,
     2,
     {OPEN, 2},
     3,
     3,
     {INFINITY, 1, -INFINITY, -INFINITY, 100, -100},
     {INFINITY, -INFINITY, 100}},
    {"products", products, 3, {OPEN, 2, 2}, 1, 4, {1, 2, 3, 4}, {206, 2021, 414, 4055}},
    {"joined in front", joined_in_front, 3, {1, 2, 2}, 1, 2, {1, 2, 3, 4}, {44, 66}},
    {"joined within", joined_within, 3, {1, 2, 2}, 1, 4, {1, 2, 3, 4}, {40, 60, 4, 6}},
    {"joined at the end", joined_at_the_end, 3, {1, 2, 2}, 1, 4, {1, 2, 3, 4}, {40, 60, 4, 6}},
    {"repeated in front", repeated_in_front, 2, {2, 1}, 1, 12, {1, 2}, {1, 1, 2, 2, 1, 1, 2, 2, 1, 1, 2, 2}},
    {"scattered", scattered, 2, {1, 4}, 1, 4, {1, 2, 3, 4}, {30, 3, 20, 1}},
};

int main(int argc, char **argv) {
    return onnx_run_cases(argc, argv, "onnx, ops", 16, cases, sizeof cases / sizeof *cases);
}
