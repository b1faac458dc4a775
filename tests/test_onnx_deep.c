/* SPDX-License-Identifier: MIT */
/* ONNX models in which values have five dimensions, all larger than 1, beside the batch. What is expected is NumPy's.
 */
#include "onnx_cases.h"

static void with(const char *op, const char *a, const char *b, const char *out, const char *attribute, int64_t value) {
    const size_t one = soma_onnx_begin_node(&made, op, out, (const char *[]){a, b, NULL});
    soma_onnx_put_attribute_integer(&made, attribute, value);
    soma_onnx_end_node(&made, one);
}

/* [n, 32] as [n, 2, 2, 2, 2, 2] */
static void deep(void) {
    integers("parts", 6, (const int64_t[]){0, 2, 2, 2, 2, 2});
    node("Reshape", "x", "parts", "deep");
}

static void flat(const char *x, const char *out) {
    with("Flatten", x, NULL, out, "axis", 1);
}

static void turned(const char *x, const char *out) {
    const size_t one = soma_onnx_begin_node(&made, "Transpose", out, (const char *[]){x, NULL});
    soma_onnx_put_attribute_integers(&made, "perm", (const int64_t[]){0, 5, 3, 1, 4, 2}, 6);
    soma_onnx_end_node(&made, one);
}

static void is_turned(void) {
    deep();
    turned("deep", "t");
    flat("t", "y");
}

static void is_summed(void) {
    deep();
    integers("axes", 2, (const int64_t[]){2, -1});
    with("ReduceSum", "deep", "axes", "s", "keepdims", 0);
    flat("s", "y");
}

static void is_cut(void) {
    deep();
    integers("from", 2, (const int64_t[]){1, 0});
    integers("to", 2, (const int64_t[]){2, 1});
    integers("axes", 2, (const int64_t[]){2, 5});
    soma_onnx_end_node(&made,
                       soma_onnx_begin_node(&made, "Slice", "s", (const char *[]){"deep", "from", "to", "axes", NULL}));
    flat("s", "y");
}

static void is_gathered(void) {
    deep();
    integers("at", 2, (const int64_t[]){1, 0});
    with("Gather", "deep", "at", "s", "axis", 3);
    flat("s", "y");
}

static void is_joined(void) {
    deep();
    integers("at", 1, (const int64_t[]){1});
    with("Gather", "deep", "at", "s", "axis", 2);
    with("Gather", "deep", "at", "u", "axis", 2);
    with("Concat", "s", "u", "v", "axis", 4);
    flat("v", "y");
}

static void is_added_to_some(void) {
    deep();
    floats("w", 5, (const int64_t[]){2, 2, 1, 1, 2}, (const float[]){1, 2, 3, 4, 10, 20, 30, 40});
    node("Add", "deep", "w", "s");
    flat("s", "y");
}

static void is_repeated_before(void) {
    integers("from", 1, (const int64_t[]){0});
    integers("to", 1, (const int64_t[]){8});
    integers("axes", 1, (const int64_t[]){1});
    integers("parted", 6, (const int64_t[]){0, 2, 1, 1, 2, 2});
    integers("more", 6, (const int64_t[]){1, 2, 2, 2, 2, 2});
    soma_onnx_end_node(&made,
                       soma_onnx_begin_node(&made, "Slice", "s", (const char *[]){"x", "from", "to", "axes", NULL}));
    node("Reshape", "s", "parted", "p");
    node("Expand", "p", "more", "e");
    flat("e", "y");
}

static const onnx_case cases[] = {
    {"turned",
     is_turned,
     2,
     {OPEN, 32},
     1,
     32,
     {0,  1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11, 12, 13, 14, 15,
      16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31},
     {0, 8, 2, 10, 16, 24, 18, 26, 4, 12, 6, 14, 20, 28, 22, 30,
      1, 9, 3, 11, 17, 25, 19, 27, 5, 13, 7, 15, 21, 29, 23, 31}},
    {"summed",
     is_summed,
     2,
     {OPEN, 32},
     1,
     8,
     {0,  1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11, 12, 13, 14, 15,
      16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31},
     {18, 26, 34, 42, 82, 90, 98, 106}},
    {"cut",
     is_cut,
     2,
     {OPEN, 32},
     1,
     8,
     {0,  1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11, 12, 13, 14, 15,
      16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31},
     {8, 10, 12, 14, 24, 26, 28, 30}},
    {"gathered",
     is_gathered,
     2,
     {OPEN, 32},
     1,
     32,
     {0,  1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11, 12, 13, 14, 15,
      16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31},
     {4,  5,  6,  7,  0,  1,  2,  3,  12, 13, 14, 15, 8,  9,  10, 11,
      20, 21, 22, 23, 16, 17, 18, 19, 28, 29, 30, 31, 24, 25, 26, 27}},
    {"joined",
     is_joined,
     2,
     {OPEN, 32},
     1,
     32,
     {0,  1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11, 12, 13, 14, 15,
      16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31},
     {8,  9,  10, 11, 8,  9,  10, 11, 12, 13, 14, 15, 12, 13, 14, 15,
      24, 25, 26, 27, 24, 25, 26, 27, 28, 29, 30, 31, 28, 29, 30, 31}},
    {"added_to_some",
     is_added_to_some,
     2,
     {OPEN, 32},
     1,
     32,
     {0,  1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11, 12, 13, 14, 15,
      16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31},
     {1,  3,  3,  5,  5,  7,  7,  9,  11, 13, 13, 15, 15, 17, 17, 19,
      26, 37, 28, 39, 30, 41, 32, 43, 54, 65, 56, 67, 58, 69, 60, 71}},
    {"repeated_before",
     is_repeated_before,
     2,
     {OPEN, 32},
     1,
     32,
     {0,  1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11, 12, 13, 14, 15,
      16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31},
     {0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3, 4, 5, 6, 7, 4, 5, 6, 7, 4, 5, 6, 7, 4, 5, 6, 7}},
};

int main(int argc, char **argv) {
    return onnx_run_cases(argc, argv, "onnx_deep", 13, cases, sizeof cases / sizeof *cases);
}
