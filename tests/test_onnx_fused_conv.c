/* SPDX-License-Identifier: MIT */
/*
 * FusedConv, as onnxruntime's optimiser writes it: a convolution, what is added to it, and a function of that, on a
 * device and saved as a model of soma's own. Values by hand.
 *
 * Usage: test_onnx_fused_conv DEVICE      (exits with 77 where there is no such device)
 */
#include "base/file.h"
#include "expect.h"
#include "io/onnx/export.h"
#include "onnx_cases.h"
#include "suite.h"
#include "temporary.h"

#define INPUTS(...) ((const char *const[]){__VA_ARGS__, NULL})

/* `out` of twice the inputs, plus 1 where there is a bias; `function` and `params` may be NULL. */
static void fused_as(const char *out, const char *const *inputs, const char *function, const float *params,
                     size_t count, int64_t stride) {
    floats("w", SHAPE(1, 1, 1, 1), (const float[]){2});
    floats("b", SHAPE(1), (const float[]){1});
    size_t one = soma_onnx_begin_node(&made, "FusedConv", out, inputs);
    soma_protobuf_put_text(W, 7, "com.microsoft"); /* its domain */
    if (function) soma_onnx_put_attribute_text(&made, "activation", function);
    if (stride > 1) soma_onnx_put_attribute_integers(&made, "strides", (const int64_t[]){1, stride}, 2);
    if (count) {
        size_t attribute = soma_protobuf_open(W, NODE_ATTRIBUTE);
        soma_protobuf_put_text(W, 1, "activation_params");
        for (size_t i = 0; i < count; i++) soma_protobuf_put_float(W, 7, params[i]);
        soma_protobuf_put_integer(W, 20, 6); /* FLOATS */
        soma_protobuf_close(W, attribute);
    }
    soma_onnx_end_node(&made, one);
}
#define FUSED(name, ...)                                                                                               \
    static void name(void) {                                                                                           \
        fused_as("y", __VA_ARGS__);                                                                                    \
    }

FUSED(bare, INPUTS("x", "w", "b"), NULL, NULL, 0, 1)
FUSED(strided, INPUTS("x", "w", "b"), NULL, NULL, 0, 2)
FUSED(relu, INPUTS("x", "w", "b"), "Relu", NULL, 0, 1)
FUSED(sigmoid, INPUTS("x", "w", "b"), "Sigmoid", NULL, 0, 1)
FUSED(leaky, INPUTS("x", "w", "b"), "LeakyRelu", ((const float[]){0.5f}), 1, 1)
FUSED(hard, INPUTS("x", "w", "b"), "HardSigmoid", ((const float[]){0.25f, 0.5f}), 2, 1)
FUSED(clip, INPUTS("x", "w", "b"), "Clip", ((const float[]){-1, 2}), 2, 1)
FUSED(added, INPUTS("x", "w", "b", "x"), "Relu", NULL, 0, 1)
FUSED(added_alone, INPUTS("x", "w", "", "x"), NULL, NULL, 0, 1)
FUSED(without_bias, INPUTS("x", "w"), "Relu", NULL, 0, 1)

/* Devices come as near to 1 as their functions do. */
static void hyperbolic(void) {
    fused_as("t", INPUTS("x", "w", "b"), "Tanh", NULL, 0, 1);
    node("Round", "t", NULL, "y");
}

#define ROW 4, {OPEN, 1, 1, 3}, 1
static const onnx_case cases[] = {
    {"no function", bare, ROW, 3, {-2, 0, 1}, {-3, 1, 3}},
    {"strides", strided, ROW, 2, {-2, 0, 1}, {-3, 3}},
    {"relu", relu, ROW, 3, {-2, 0, 1}, {0, 1, 3}},
    {"sigmoid", sigmoid, ROW, 3, {-100, -0.5f, 100}, {0, 0.5f, 1}},
    {"tanh", hyperbolic, ROW, 3, {-100, -0.5f, 100}, {-1, 0, 1}},
    {"leaky relu", leaky, ROW, 3, {-2, 0, 1}, {-1.5f, 1, 3}},
    {"hard sigmoid", hard, ROW, 3, {-2, 0, 1}, {0, 0.75f, 1}},
    {"clip", clip, ROW, 3, {-2, 0, 1}, {-1, 1, 2}},
    {"something added", added, ROW, 3, {-2, 0, 1}, {0, 1, 4}},
    {"something added, no bias", added_alone, ROW, 3, {-2, 0, 1}, {-6, 0, 3}},
    {"no bias", without_bias, ROW, 3, {-2, 0, 1}, {0, 0, 2}},
};

FUSED(unknown, INPUTS("x", "w"), "Mish", NULL, 0, 1)
FUSED(too_few, INPUTS("x", "w"), "Clip", ((const float[]){1}), 1, 1)
FUSED(too_many, INPUTS("x", "w"), "Relu", ((const float[]){1}), 1, 1)
FUSED(steep, INPUTS("x", "w"), "LeakyRelu", ((const float[]){1}), 1, 1)

static const struct {
    void (*body)(void);
    soma_status status;
    const char *words;
} refused[] = {
    {unknown, SOMA_UNSUPPORTED, "activation is none of Relu, Sigmoid, Tanh, LeakyRelu, HardSigmoid and Clip"},
    {too_few, SOMA_INVALID_FILE, "activation_params has 1 numbers; Clip takes 2"},
    {too_many, SOMA_INVALID_FILE, "activation_params has 1 numbers; Relu takes 0"},
    {steep, SOMA_UNSUPPORTED, "a LeakyRelu with a slope of 1; below 1 is known"},
};

START_TEST(what_makes_no_sense_is_refused) {
    soma_network *network;
    const int64_t shape[] = {OPEN, 1, 1, 3};
    onnx_make(refused[_i].body, 8, 16, 4, shape);
    expect_ok(soma_file_write(temporary_path("m.onnx"), W->data, W->size));
    expect_error(soma_load_onnx(temporary_path("m.onnx"), NULL, &network), refused[_i].status, "FusedConv",
                 refused[_i].words);
}
END_TEST

static void add_refusals(TCase *tests) {
    tcase_add_unchecked_fixture(tests, temporary_create, temporary_destroy);
    tcase_add_loop_test(tests, what_makes_no_sense_is_refused, 0, (int)SOMA_COUNT_OF(refused));
}

int main(int argc, char **argv) {
    const int result = onnx_run_cases(argc, argv, "onnx, FusedConv", 16, cases, SOMA_COUNT_OF(cases));
    return result ? result : run_suite("onnx, FusedConv, refused", add_refusals);
}
