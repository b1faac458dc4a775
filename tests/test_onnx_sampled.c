/* SPDX-License-Identifier: MIT */
/*
 * ONNX's ops of signals and images, with a batch that is open, on a device, and saved as a model of soma's own: values
 * between positions, transforms, losses, blocks. Values by hand.
 *
 * Usage: test_onnx_sampled DEVICE      (exits with 77 where there is no such device)
 */
#include "io/bytes.h"
#include "io/onnx/export.h"
#include "onnx_cases.h"

#include <math.h>
#include <stdio.h>

#define INPUTS(...) ((const char *const[]){__VA_ARGS__, NULL})

static size_t begin(const char *op, const char *out, const char *const *inputs) {
    return soma_onnx_begin_node(&made, op, out, inputs);
}
static void end(size_t one) {
    soma_onnx_end_node(&made, one);
}
static void cast(const char *x, const char *out, int64_t type) {
    size_t one = begin("Cast", out, INPUTS(x));
    soma_onnx_put_attribute_integer(&made, "to", type);
    end(one);
}
static void list(const char *name, const int64_t *numbers, size_t count) {
    integers(name, count, numbers);
}
#define LIST(name, ...)                                                                                                \
    list(name, (const int64_t[]){__VA_ARGS__}, sizeof((const int64_t[]){__VA_ARGS__}) / sizeof(int64_t))

/* Columns of x, from the first of `names` on, so many each, in the shape of the list of that name with an S before. */
static void cut(const char *out, int64_t from, int64_t to, const char *shape) {
    char first[32], last[32], axis[32], part[32];
    snprintf(first, sizeof first, "%s_from", out);
    snprintf(last, sizeof last, "%s_to", out);
    snprintf(axis, sizeof axis, "%s_axis", out);
    snprintf(part, sizeof part, "%s_part", out);
    LIST(first, from);
    LIST(last, to);
    LIST(axis, 1);
    end(begin("Slice", part, INPUTS("x", first, last, axis)));
    node("Reshape", part, shape, out);
}

/* Along no axis: a square, a magnitude or a logarithm is left of each number, and a mean is the number itself. */
static void reductions_of_nothing(void) {
    static const char *const ops[] = {"ReduceSumSquare", "ReduceL1", "ReduceL2", "ReduceMean", "ReduceLogSum"};
    static const char *const outs[] = {"a", "b", "c", "d", "e"};
    for (int i = 0; i < 5; i++) {
        size_t one = begin(ops[i], outs[i], INPUTS(i < 4 ? "x" : "a"));
        soma_onnx_put_attribute_integer(&made, "noop_with_empty_axes", 1);
        end(one);
    }
    size_t one = begin("Concat", "y", INPUTS("a", "b", "c", "d", "e"));
    soma_onnx_put_attribute_integer(&made, "axis", 1);
    end(one);
}

/* ------------------------------------------------------------------------------------------------ between positions */

/* Of x the first four are an image of two times two, the others two places. */
static void sample(const char *mode, const char *padding, int64_t align) {
    LIST("of_image", 0, 1, 2, 2);
    LIST("of_grid", 0, 1, 2, 2);
    cut("image", 0, 4, "of_image");
    cut("grid", 4, 8, "of_grid");
    size_t one = begin("GridSample", "y", INPUTS("image", "grid"));
    soma_onnx_put_attribute_text(&made, "mode", mode);
    soma_onnx_put_attribute_text(&made, "padding_mode", padding);
    soma_onnx_put_attribute_integer(&made, "align_corners", align);
    end(one);
}
static void linear(void) {
    sample("linear", "zeros", 0);
}
static void linear_to_corners(void) {
    sample("linear", "zeros", 1);
}
static void linear_to_border(void) {
    sample("linear", "border", 0);
}
static void linear_reflected(void) {
    sample("linear", "reflection", 0);
}
static void nearest(void) {
    sample("nearest", "zeros", 1);
}
static void nearest_reflected(void) {
    sample("nearest", "reflection", 1);
}
static void nearest_to_border(void) {
    sample("nearest", "border", 1);
}
static void cubic(void) {
    sample("cubic", "border", 0);
}

/* The places of an affine map, at which an image of 1, 2, 3, 4 is taken. */
static void mapped(void) {
    LIST("of_theta", 0, 2, 3);
    LIST("of_image", 0, 1, 2, 2);
    LIST("size", 1, 1, 2, 2);
    cut("theta", 0, 6, "of_theta");
    cut("image", 6, 10, "of_image");
    end(begin("AffineGrid", "grid", INPUTS("theta", "size")));
    end(begin("GridSample", "y", INPUTS("image", "grid")));
}

/* Three steps, and how many of them are a sequence. */
static void reversed(void) {
    LIST("of_steps", 0, 3);
    LIST("of_length", 0);
    cut("steps", 0, 3, "of_steps");
    cut("length", 3, 4, "of_length");
    cast("length", "whole", ONNX_INT64);
    size_t one = begin("ReverseSequence", "y", INPUTS("steps", "whole"));
    soma_onnx_put_attribute_integer(&made, "batch_axis", 0);
    soma_onnx_put_attribute_integer(&made, "time_axis", 1);
    end(one);
}

/* The same with the time in front, which is what the op takes where nothing is said. */
static void reversed_in_front(void) {
    LIST("of_steps", 0, 3);
    LIST("of_length", 0);
    cut("steps", 0, 3, "of_steps");
    cut("length", 3, 4, "of_length");
    cast("length", "whole", ONNX_INT64);
    end(begin("Transpose", "turned", INPUTS("steps")));
    end(begin("ReverseSequence", "back", INPUTS("turned", "whole")));
    end(begin("Transpose", "y", INPUTS("back")));
}

/* Lengths that the file knows, of a batch that it fixes. */
static void reversed_by_constants(void) {
    LIST("lengths", 2, 3);
    size_t one = begin("ReverseSequence", "y", INPUTS("x", "lengths"));
    soma_onnx_put_attribute_integer(&made, "batch_axis", 0);
    soma_onnx_put_attribute_integer(&made, "time_axis", 1);
    end(one);
}
static void reversed_in_front_by_constants(void) {
    LIST("lengths", 2, 1, 7);
    end(begin("ReverseSequence", "y", INPUTS("x", "lengths")));
}

/* ----------------------------------------------------------------------------------------------------------- losses */

/* Of x the first three are logarithms, or scores, the last is the class. */
static void loss(const char *op, bool weighted) {
    LIST("of_scores", 0, 3);
    LIST("of_class", 0);
    floats("weight", SHAPE(3), (const float[]){1, 10, 100});
    cut("scores", 0, 3, "of_scores");
    cut("class", 3, 4, "of_class");
    cast("class", "whole", ONNX_INT64);
    size_t one = begin(op, "y", weighted ? INPUTS("scores", "whole", "weight") : INPUTS("scores", "whole"));
    soma_onnx_put_attribute_text(&made, "reduction", "none");
    if (weighted) soma_onnx_put_attribute_integer(&made, "ignore_index", 1);
    end(one);
}
static void likelihood(void) {
    loss("NegativeLogLikelihoodLoss", true);
}
static void cross_entropy(void) {
    loss("SoftmaxCrossEntropyLoss", false);
}

/* ---------------------------------------------------------------------------------------------------------- signals */

static void transform(bool inverse) {
    LIST("of_signal", 0, inverse ? 3 : 4, inverse ? 2 : 1);
    LIST("length", 4);
    LIST("axis", 1);
    node("Reshape", "x", "of_signal", "signal");
    size_t one = begin("DFT", "y", INPUTS("signal", "length", "axis"));
    soma_onnx_put_attribute_integer(&made, "onesided", 1);
    if (inverse) soma_onnx_put_attribute_integer(&made, "inverse", 1);
    end(one);
}
static void half_of_a_transform(void) {
    transform(false);
}
static void back_from_a_half(void) {
    transform(true);
}

/* Whole: of (1 + 2i, 3 + 4i). */
static void whole_transform(void) {
    LIST("of_signal", 0, 2, 2);
    node("Reshape", "x", "of_signal", "signal");
    end(begin("DFT", "y", INPUTS("signal")));
}

/* Frames of four from every second sample on, by a window that takes the last of them away. */
static void frames(void) {
    floats("window", SHAPE(4), (const float[]){1, 1, 1, 0});
    LIST("of_signal", 0, 6, 1);
    LIST("step", 2);
    LIST("length", 4);
    node("Reshape", "x", "of_signal", "signal");
    end(begin("STFT", "y", INPUTS("signal", "step", "window", "length")));
}

static void windows(void) {
    static const char *const ops[] = {"HannWindow", "HammingWindow", "BlackmanWindow"};
    LIST("size", 3);
    end(begin("Identity", "s0", INPUTS("x")));
    for (int i = 0; i < 3; i++) {
        char window[16], before[16], after[16];
        snprintf(window, sizeof window, "w%d", i);
        snprintf(before, sizeof before, "s%d", i);
        snprintf(after, sizeof after, "s%d", i + 1);
        size_t one = begin(ops[i], window, INPUTS("size"));
        soma_onnx_put_attribute_integer(&made, "periodic", 0);
        end(one);
        node("Add", before, window, i == 2 ? "y" : after);
    }
}

/* ----------------------------------------------------------------------------------------------- blocks and windows */

static void blocks(void) {
    LIST("image", 4);
    LIST("block", 2);
    end(begin("Col2Im", "y", INPUTS("x", "image", "block")));
}

static void center(int64_t size) {
    LIST("size", size);
    size_t one = begin("CenterCropPad", "y", INPUTS("x", "size"));
    soma_onnx_put_attribute_integers(&made, "axes", (const int64_t[]){1}, 1);
    end(one);
}
static void cropped(void) {
    center(2);
}
static void padded(void) {
    center(6);
}

static void lengths_of_windows(void) {
    size_t one = begin("LpPool", "y", INPUTS("x"));
    soma_onnx_put_attribute_integers(&made, "kernel_shape", (const int64_t[]){2}, 1);
    soma_onnx_put_attribute_integers(&made, "strides", (const int64_t[]){2}, 1);
    soma_onnx_put_attribute_integer(&made, "ceil_mode", 1);
    end(one);
}
/* By the largest power that there is: what is less than 1 is 0 then. */
static void largest_power(void) {
    size_t one = begin("GlobalLpPool", "y", INPUTS("x"));
    soma_onnx_put_attribute_integer(&made, "p", INT32_MAX);
    end(one);
}
static void sum_of_sizes(void) {
    size_t one = begin("GlobalLpPool", "y", INPUTS("x"));
    soma_onnx_put_attribute_integer(&made, "p", 1);
    end(one);
}

/* ---------------------------------------------------------------------------------------------- places that move */

/* A kernel of one tap, times two, whose places move: of x four are an image, then come offsets of rows and of columns.
 */
static void moved_taps(void) {
    LIST("of_image", 0, 1, 2, 2);
    LIST("of_offset", 0, 2, 2, 2);
    floats("weight", SHAPE(1, 1, 1, 1), (const float[]){2});
    cut("image", 0, 4, "of_image");
    cut("offset", 4, 12, "of_offset");
    end(begin("DeformConv", "y", INPUTS("image", "weight", "offset")));
}

/* The largest of each row, by its number, which counts from the end; and the axis from either. */
static void largest_along(int64_t axis) {
    LIST("four", 4);
    size_t one = begin("ArgMax", "place", INPUTS("x"));
    soma_onnx_put_attribute_integer(&made, "axis", 1);
    end(one);
    node("Sub", "place", "four", "from_end");
    one = begin("GatherElements", "y", INPUTS("x", "from_end"));
    soma_onnx_put_attribute_integer(&made, "axis", axis);
    end(one);
}
static void largest(void) {
    largest_along(1);
}
static void largest_from_the_end(void) {
    largest_along(-1);
}

/* Of two times two numbers along the last axis, by numbers some of which are none of it, though of all four. */
static void beyond_an_axis(void) {
    LIST("square", 0, 2, 2);
    cut("data", 0, 4, "square");
    cut("number", 4, 8, "square");
    cast("number", "whole", ONNX_INT64);
    size_t one = begin("GatherElements", "y", INPUTS("data", "whole"));
    soma_onnx_put_attribute_integer(&made, "axis", 2);
    end(one);
}

/* ------------------------------------------------------------------------------------------------------- in pieces */

static void products_so_far(void) {
    LIST("axis", 1);
    size_t one = begin("CumProd", "y", INPUTS("x", "axis"));
    soma_onnx_put_attribute_integer(&made, "exclusive", 1);
    soma_onnx_put_attribute_integer(&made, "reverse", 1);
    end(one);
}

/* Ten times what was before and what is; and the last, which is left for the next piece. */
static void causal(void) {
    floats("weight", SHAPE(1, 1, 2), (const float[]){10, 1});
    size_t one = begin("CausalConvWithState", "out", INPUTS("x", "weight"));
    soma_protobuf_put_text(W, NODE_OUTPUT, "state");
    end(one);
    one = begin("Concat", "y", INPUTS("out", "state"));
    soma_onnx_put_attribute_integer(&made, "axis", 2);
    end(one);
}

static void gate(void) {
    size_t one = begin("SwiGLU", "y", INPUTS("x", "x"));
    soma_onnx_put_attribute_float(&made, "alpha", 2);
    end(one);
}

static void diagonal(void) {
    floats("like", SHAPE(2, 3), (const float[]){0, 0, 0, 0, 0, 0});
    size_t one = begin("EyeLike", "ones", INPUTS("like"));
    soma_onnx_put_attribute_integer(&made, "k", 1);
    end(one);
    node("Add", "x", "ones", "y");
}

/* ------------------------------------------------------------------------------------------------------------- bits */

/* Digits of four bits, two to a byte, as weights of few bits are packed. */
static void unpacked(void) {
    LIST("packed", 0xA5, 0x3C);
    LIST("four", 4);
    LIST("low", 15);
    cast("packed", "bytes", 2);
    cast("four", "shift", 2);
    cast("low", "mask", 2);
    size_t one = begin("BitShift", "high", INPUTS("bytes", "shift"));
    soma_onnx_put_attribute_text(&made, "direction", "RIGHT");
    end(one);
    node("BitwiseAnd", "bytes", "mask", "rest");
    one = begin("BitShift", "turned", INPUTS("rest", "shift"));
    soma_onnx_put_attribute_text(&made, "direction", "LEFT");
    end(one);
    node("BitwiseOr", "turned", "high", "swapped"); /* 5A, C3 */
    node("BitwiseXor", "swapped", "bytes", "both"); /* FF, FF */
    node("BitwiseNot", "both", NULL, "none");       /* 0, 0 */
    cast("swapped", "a", 1);
    cast("none", "b", 1);
    node("Add", "x", "a", "c");
    node("Add", "c", "b", "y");
}

static void small_number(const char *name, int32_t number) {
    uint8_t raw[4];
    const size_t message = soma_protobuf_open(W, GRAPH_INITIALIZER);
    soma_store_le32(raw, (uint32_t)number);
    soma_protobuf_put_integer(W, TENSOR_DIMS, 1);
    soma_protobuf_put_integer(W, TENSOR_TYPE, 6);
    soma_protobuf_put_text(W, TENSOR_NAME, name);
    soma_protobuf_put_bytes(W, TENSOR_RAW, raw, sizeof raw);
    soma_protobuf_close(W, message);
}

/* The sign alone, which is a number of int32: of all others together, and of what is below 0. */
static void signs(void) {
    small_number("others", INT32_MAX);
    small_number("few", -5);
    node("BitwiseNot", "others", NULL, "sign"); /* -2^31 */
    node("BitwiseAnd", "few", "sign", "same");
    cast("sign", "a", 1);
    cast("same", "b", 1);
    node("Add", "x", "a", "c");
    node("Add", "c", "b", "y");
}

#define IMAGE 1, 2, 3, 4
static const onnx_case cases[] = {
    /* In the middle; so far in the corner that a quarter of it is inside. */
    {"reductions of nothing", reductions_of_nothing, 2, {OPEN, 1}, 1, 5, {-1}, {1, 1, 1, -1, 0}},
    {"linear", linear, 2, {OPEN, 8}, 2, 4, {IMAGE, 0, 0, -1, -1, 4, 8, 12, 16, 0.5f, 0.5f, 9, 0}, {2.5f, 0.25f, 16, 0}},
    {"linear, to corners", linear_to_corners, 2, {OPEN, 8}, 1, 2, {IMAGE, -1, -1, 1, 0}, {1, 3}},
    {"linear, to the border",
     linear_to_border,
     2,
     {OPEN, 8},
     2,
     4,
     {IMAGE, -1, -1, 9, 0, 10, 20, 30, 40, 9, 9, 0, -9},
     {1, 3, 40, 15}},
    /* -1.5 along the width is as far outside as 0.5 is inside. */
    {"linear, reflected", linear_reflected, 2, {OPEN, 8}, 1, 2, {IMAGE, -2, -1, 4.5f, 0}, {1.5f, 3}},
    {"nearest", nearest, 2, {OPEN, 8}, 1, 2, {IMAGE, 0.5f, -0.5f, 1.5f, 9}, {2, 0}},
    {"nearest, reflected", nearest_reflected, 2, {OPEN, 8}, 1, 2, {IMAGE, 3, -1, 1, 5}, {1, 4}},
    {"nearest, NaN", nearest, 2, {OPEN, 8}, 2, 4, {IMAGE, 1, 1, NAN, 0, 5, 6, 7, 8, NAN, NAN, 1, NAN}, {4, 0, 0, 0}},
    {"nearest, NaN, to the border", /* where to it is brought is open, in its own sample it is */
     nearest_to_border,
     2,
     {OPEN, 8},
     2,
     4,
     {IMAGE, 1, 1, 0, 0, 5, 5, 5, 5, NAN, NAN, 1, NAN},
     {4, 1, 0, 0}},
    {"cubic", cubic, 2, {OPEN, 8}, 1, 2, {IMAGE, -0.5f, -0.5f, 0, 0}, {1, 2.5f}},
    {"mapped", mapped, 2, {OPEN, 10}, 1, 4, {-1, 0, 0, 0, 1, 0, IMAGE}, {2, 1, 4, 3}},
    {"reversed", reversed, 2, {OPEN, 4}, 3, 9, {1, 2, 3, 3, 4, 5, 6, 2, 7, 8, 9, 0}, {3, 2, 1, 5, 4, 6, 7, 8, 9}},
    {"reversed, beyond the steps", reversed, 2, {OPEN, 4}, 2, 6, {1, 2, 3, 5, 4, 5, 6, -2}, {3, 2, 1, 4, 5, 6}},
    {"reversed, time in front", reversed_in_front, 2, {OPEN, 4}, 2, 6, {1, 2, 3, 2, 4, 5, 6, 3}, {2, 1, 3, 6, 5, 4}},
    {"reversed by constants", reversed_by_constants, 2, {2, 3}, 1, 6, {1, 2, 3, 4, 5, 6}, {2, 1, 3, 6, 5, 4}},
    {"reversed in front by constants",
     reversed_in_front_by_constants,
     2,
     {2, 3},
     1,
     6,
     {1, 2, 3, 4, 5, 6},
     {4, 2, 6, 1, 5, 3}},
    {"likelihood",
     likelihood,
     2,
     {OPEN, 4},
     3,
     3,
     {-1, -2, -3, 2, -4, -5, -INFINITY, 0, -6, -INFINITY, -8, 1},
     {300, 4, 0}},
    {"cross entropy", cross_entropy, 2, {OPEN, 4}, 1, 1, {-200, 100, -300, 0}, {300}},
    {"half of a transform", half_of_a_transform, 2, {OPEN, 4}, 1, 6, {1, 2, 3, 4}, {10, 0, -2, 2, -2, 0}},
    {"back from a half", back_from_a_half, 2, {OPEN, 6}, 1, 4, {10, 0, -2, 2, -2, 0}, {1, 2, 3, 4}},
    {"whole transform", whole_transform, 2, {OPEN, 4}, 1, 4, {1, 2, 3, 4}, {4, 6, -2, -2}},
    {"frames", frames, 2, {OPEN, 6}, 1, 12, {1, 2, 3, 4, 5, 6}, {6, 0, -2, -2, 2, 0, 12, 0, -2, -4, 4, 0}},
    {"windows", windows, 2, {OPEN, 3}, 1, 3, {0, 0, 0}, {(float)(4. / 46), 3, (float)(4. / 46)}},
    {"blocks", blocks, 3, {OPEN, 2, 3}, 1, 4, {1, 2, 3, 10, 20, 30}, {1, 12, 23, 30}},
    {"cropped", cropped, 2, {OPEN, 5}, 1, 2, {1, 2, 3, 4, 5}, {2, 3}},
    {"padded", padded, 2, {OPEN, 3}, 1, 6, {1, 2, 3}, {0, 1, 2, 3, 0, 0}},
    {"lengths of windows", lengths_of_windows, 3, {OPEN, 1, 5}, 1, 3, {3, -4, 0, 0, -7}, {5, 0, 7}},
    {"largest power", largest_power, 3, {OPEN, 1, 3}, 1, 1, {0.5F, 1, 0}, {1}},
    {"sum of sizes", sum_of_sizes, 3, {OPEN, 1, 3}, 1, 1, {3, -4, 0}, {7}},
    {"moved taps", moved_taps, 2, {OPEN, 12}, 1, 4, {IMAGE, 0.5f, 0, 0, 1}, {4, 4, 6, 0}},
    {"largest", largest, 2, {OPEN, 4}, 3, 3, {1, 5, 3, 2, 7, 0, 0, 9, 4, 3, 2, 1}, {5, 9, 4}},
    {"largest, from the end", largest_from_the_end, 2, {OPEN, 4}, 1, 1, {1, 5, 3, 2}, {5}},
    {"beyond an axis",
     beyond_an_axis,
     2,
     {OPEN, 8},
     2,
     8,
     {1, 2, 3, 4, 0, 2, -3, -1, 5, 6, 7, 8, -4, 1, 0, 9},
     {1, 0, 0, 4, 0, 6, 7, 0}},
    {"products so far", products_so_far, 2, {OPEN, 4}, 1, 4, {1, 2, 3, 4}, {24, 12, 4, 1}},
    {"causal", causal, 3, {OPEN, 1, 3}, 1, 4, {1, 2, 3}, {1, 12, 23, 3}},
    {"gate", gate, 2, {OPEN, 3}, 1, 3, {0, 64, -64}, {0, 4096, 0}},
    {"diagonal", diagonal, 3, {OPEN, 2, 3}, 1, 6, {0}, {0, 1, 0, 0, 0, 1}},
    {"signs", signs, 2, {OPEN, 2}, 1, 2, {0, 0}, {-0x1p32f, -0x1p32f}},
    {"unpacked", unpacked, 2, {OPEN, 2}, 1, 2, {0, 0}, {0x5A, 0xC3}},
};

int main(int argc, char **argv) {
    return onnx_run_cases(argc, argv, "onnx, sampled", 28, cases, sizeof cases / sizeof *cases);
}
