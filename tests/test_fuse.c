/* SPDX-License-Identifier: MIT */
/*
 * Rewrites: each gives what the plain graph does, with fewer calls, and leaves alone what it must not touch. On the
 * float64 device; sums may be taken in another order, so results agree to 1e-12.
 */
#include "expect.h"
#include "graph/rewrites.h"
#include "host_device.h"
#include "host_network.h"
#include "suite.h"

#include <math.h>
#include <stdlib.h>

enum { BATCH = 7, PARAMETERS = 128 };

static void expect_within(const double *a, const double *b, size_t count, double tolerance, const char *what) {
    for (size_t i = 0; i < count; i++)
        ck_assert_msg(fabs(a[i] - b[i]) <= tolerance * (1 + fabs(b[i])), "%s: element %zu is %.17g, and %.17g without",
                      what, i, a[i], b[i]);
}

static void expect_near(const double *a, const double *b, size_t count, const char *what) {
    expect_within(a, b, count, 1e-12, what);
}

/* ---------------------------------------------------------------------------------------------------------- graphs */

/* Builds a graph and marks what is kept. */
typedef void build_function(soma_graph *graph);

static soma_tensor *product(soma_graph *graph, bool bias) {
    soma_tensor *x = add_input(graph, "[batch, 4]"), *w = add_input(graph, "[4, 3]"), *out;
    soma_tensor *b = bias ? add_input(graph, "[3]") : NULL;
    expect_ok(soma_graph_gemm(graph, x, w, b, false, false, &out));
    return out;
}

static soma_tensor *keep(soma_tensor *tensor) {
    tensor->kept = true;
    return tensor;
}

static void function_of_product(soma_graph *graph) {
    keep(add_unary(graph, product(graph, true), SOMA_TANH));
}

static void function_of_convolution(soma_graph *graph) {
    soma_tensor *input[] = {add_input(graph, "[batch, 5, 4, 2]"), add_input(graph, "[3, 2, 2, 3]"),
                            add_input(graph, "[3]")};
    soma_tensor_spec spec = {.op = SOMA_OP_CONV, .input_count = 3, .input = input};
    spec.attributes.conv.params =
        (soma_conv_params){.stride = {1, 2, 1}, .dilation = {1, 1, 1}, .before = {0, 1, 0}, .groups = 1};
    soma_tensor *y;
    expect_ok(soma_graph_add(graph, &spec, &y));
    keep(add_unary(graph, y, SOMA_LEAKY_RELU));
}

static void function_of_transposed_convolution(soma_graph *graph) {
    soma_tensor *input[] = {add_input(graph, "[batch, 2, 2, 3]"), add_input(graph, "[3, 2, 2, 3]"),
                            add_input(graph, "[2]")};
    soma_tensor_spec spec = {.op = SOMA_OP_CONV_TRANSPOSE, .input_count = 3, .input = input};
    spec.attributes.conv.params = (soma_conv_params){.stride = {1, 2, 1}, .dilation = {1, 1, 1}, .groups = 1};
    soma_tensor *y;
    expect_ok(soma_graph_add(graph, &spec, &y));
    keep(add_unary(graph, y, SOMA_TANH));
}

static void function_with_parameters(soma_graph *graph) {
    keep(add_unary(graph, product(graph, false), SOMA_LEAKY_RELU));
}

static void function_of_function(soma_graph *graph) {
    keep(add_unary(graph, add_unary(graph, product(graph, true), SOMA_SIGMOID), SOMA_EXP));
}

static void product_used_twice(soma_graph *graph) {
    soma_tensor *c = product(graph, true), *sum;
    expect_ok(soma_graph_binary(graph, add_unary(graph, c, SOMA_TANH), c, SOMA_BINARY_ADD, &sum));
    keep(sum);
}

static void two_functions_of_a_product(soma_graph *graph) {
    soma_tensor *c = product(graph, true);
    keep(add_unary(graph, c, SOMA_TANH));
    keep(add_unary(graph, c, SOMA_EXP));
}

static void product_kept(soma_graph *graph) {
    keep(add_unary(graph, keep(product(graph, true)), SOMA_TANH));
}

static void function_not_of_a_product(soma_graph *graph) {
    keep(add_unary(graph, add_input(graph, "[batch, 4]"), SOMA_TANH));
}

static soma_tensor *normalized(soma_graph *graph) {
    soma_tensor *x = add_input(graph, "[batch, 4]"), *out;
    soma_tensor_spec spec = {.op = SOMA_OP_NORMALIZE,
                             .input_count = 1,
                             .input = &x,
                             .attributes = {.normalize = {.params = {.epsilon = 0.1f, .centered = true}, .groups = 4}}};
    expect_ok(soma_graph_add(graph, &spec, &out));
    return out;
}

/* With the figures that a gradient needs. */
static void function_of_normalized(soma_graph *graph) {
    soma_tensor *y = normalized(graph), *figures;
    keep(add_unary(graph, y, SOMA_RELU));
    for (int i = 0; i < 2; i++) {
        soma_tensor_spec spec = {.op = i ? SOMA_OP_THIRD : SOMA_OP_SECOND, .input_count = 1, .input = &y};
        expect_ok(soma_graph_add(graph, &spec, &figures));
        keep(figures);
    }
}

static void normalized_used_twice(soma_graph *graph) {
    soma_tensor *y = normalized(graph), *sum;
    expect_ok(soma_graph_binary(graph, add_unary(graph, y, SOMA_TANH), y, SOMA_BINARY_ADD, &sum));
    keep(sum);
}

/* A parameter in the flat buffer from `offset` on. */
static soma_tensor *add_parameter(soma_graph *graph, uint32_t rank, const size_t *shape, size_t offset) {
    soma_tensor_spec spec = {.op = SOMA_OP_PARAMETER, .rank = rank};
    soma_tensor *parameter;
    memcpy(spec.shape, shape, rank * sizeof *shape);
    expect_ok(soma_graph_add(graph, &spec, &parameter));
    parameter->place = SOMA_PLACE_PARAMETER;
    parameter->offset = offset;
    return parameter;
}

/* By figures that are given, if at all. */
static soma_tensor *normalized_of_channels(soma_graph *graph, soma_tensor *x, size_t channels, bool given, bool scaled,
                                           bool shifted) {
    soma_tensor *input[5] = {x}, *out;
    uint32_t count = 1;
    for (uint32_t i = 0; i < 4; i++)
        if (i > 1 || (i ? shifted : scaled)) input[count++] = add_parameter(graph, 1, &channels, 64 + 8 * i);
    soma_tensor_spec spec = {.op = SOMA_OP_NORMALIZE,
                             .input_count = count,
                             .input = input,
                             .attributes = {.normalize = {.params = {.epsilon = 0.1f, .centered = true, .given = given},
                                                          .groups = (uint32_t)channels,
                                                          .running = true,
                                                          .scaled = scaled,
                                                          .shifted = shifted}}};
    expect_ok(soma_graph_add(graph, &spec, &out));
    return out;
}

static soma_tensor *normalized_of(soma_graph *graph, soma_tensor *x, bool given, bool scaled, bool shifted) {
    return normalized_of_channels(graph, x, 3, given, scaled, shifted);
}

static soma_tensor *product_of_parameters(soma_graph *graph, bool transposed, bool bias) {
    soma_tensor *x = add_input(graph, "[batch, 4]"), *out,
                *w = add_parameter(graph, 2, transposed ? (size_t[]){3, 4} : (size_t[]){4, 3}, 0),
                *b = bias ? add_parameter(graph, 1, (size_t[]){3}, 48) : NULL;
    expect_ok(soma_graph_gemm(graph, x, w, b, false, transposed, &out));
    return out;
}

static void normalized_product(soma_graph *graph) {
    keep(
        add_unary(graph, normalized_of(graph, product_of_parameters(graph, false, true), true, true, true), SOMA_TANH));
}

static void normalized_transposed_product(soma_graph *graph) {
    keep(normalized_of(graph, product_of_parameters(graph, true, false), true, true, false));
}

/* Three groups of two channels, one filter each. */
static void normalized_convolution(soma_graph *graph) {
    soma_tensor *input[] = {add_input(graph, "[batch, 5, 4, 6]"), add_parameter(graph, 4, (size_t[]){3, 2, 2, 3}, 0)};
    soma_tensor_spec spec = {.op = SOMA_OP_CONV, .input_count = 2, .input = input};
    spec.attributes.conv.params =
        (soma_conv_params){.stride = {1, 2, 1}, .dilation = {1, 1, 1}, .before = {0, 1, 0}, .groups = 3};
    soma_tensor *y;
    expect_ok(soma_graph_add(graph, &spec, &y));
    keep(add_unary(graph, normalized_of(graph, y, true, false, true), SOMA_RELU));
}

/* Two groups of two channels, of three filters each. */
static void normalized_transposed_convolution(soma_graph *graph) {
    soma_tensor *input[] = {add_input(graph, "[batch, 3, 2, 6]"), add_parameter(graph, 4, (size_t[]){1, 2, 2, 6}, 0)};
    soma_tensor_spec spec = {.op = SOMA_OP_CONV_TRANSPOSE, .input_count = 2, .input = input};
    spec.attributes.conv.params = (soma_conv_params){.stride = {1, 1, 2}, .dilation = {1, 1, 1}, .groups = 2};
    soma_tensor *y;
    expect_ok(soma_graph_add(graph, &spec, &y));
    keep(normalized_of_channels(graph, y, 4, true, true, true));
}

static void normalized_twice(soma_graph *graph) {
    soma_tensor *y = normalized_of(graph, product_of_parameters(graph, false, true), true, true, true);
    keep(normalized_of(graph, y, true, false, false));
}

static void normalized_by_the_batch(soma_graph *graph) {
    keep(normalized_of(graph, product_of_parameters(graph, false, true), false, true, true));
}

static void normalized_function(soma_graph *graph) {
    soma_tensor *y = add_unary(graph, product_of_parameters(graph, false, true), SOMA_RELU);
    keep(normalized_of(graph, y, true, true, true));
}

static void normalized_product_used_twice(soma_graph *graph) {
    soma_tensor *y = keep(product_of_parameters(graph, false, true));
    keep(normalized_of(graph, y, true, true, true));
}

/* The weights come anew in each run. */
static void normalized_product_of_inputs(soma_graph *graph) {
    keep(normalized_of(graph, product(graph, true), true, true, true));
}

/* Of 5 x 4 places to as many, by filters of 3 x 3 places or one. */
static soma_tensor *convolution(soma_graph *graph, soma_tensor *x, bool bias, bool pointwise) {
    soma_tensor *input[] = {x, add_input(graph, pointwise ? "[1, 1, 2, 2]" : "[3, 3, 2, 2]"),
                            bias ? add_input(graph, "[2]") : NULL},
                *y;
    soma_tensor_spec spec = {.op = SOMA_OP_CONV, .input_count = 2 + bias, .input = input};
    int32_t *after = spec.attributes.conv.after;
    spec.attributes.conv.params = (soma_conv_params){
        .stride = {1, 1, 1}, .dilation = {1, 1, 1}, .before = {0, !pointwise, !pointwise}, .groups = 1};
    after[1] = after[2] = !pointwise;
    expect_ok(soma_graph_add(graph, &spec, &y));
    return y;
}

static soma_tensor *joined(soma_graph *graph, soma_tensor *a, soma_tensor *b, soma_binary op) {
    soma_tensor *y;
    expect_ok(soma_graph_binary(graph, a, b, op, &y));
    return keep(y);
}

static void addition_behind(soma_graph *graph, bool bias, bool first, soma_binary op) {
    soma_tensor *x = add_input(graph, "[batch, 5, 4, 2]"), *y = convolution(graph, x, bias, false);
    joined(graph, first ? y : x, first ? x : y, op);
}

static void addition_to_a_convolution(soma_graph *graph) {
    addition_behind(graph, true, true, SOMA_BINARY_ADD);
}

static void addition_of_a_convolution(soma_graph *graph) {
    addition_behind(graph, false, false, SOMA_BINARY_ADD);
}

static void subtraction_of_a_convolution(soma_graph *graph) {
    addition_behind(graph, true, false, SOMA_BINARY_SUBTRACT);
}

static void addition_of_two_convolutions(soma_graph *graph) {
    soma_tensor *x = add_input(graph, "[batch, 5, 4, 2]"), *first = convolution(graph, x, true, false);
    joined(graph, first, convolution(graph, x, false, false), SOMA_BINARY_ADD);
}

static void addition_of_a_convolution_to_itself(soma_graph *graph) {
    soma_tensor *y = convolution(graph, add_input(graph, "[batch, 5, 4, 2]"), true, false);
    joined(graph, y, y, SOMA_BINARY_ADD);
}

static void addition_to_a_convolution_used_twice(soma_graph *graph) {
    soma_tensor *x = add_input(graph, "[batch, 5, 4, 2]"), *y = keep(convolution(graph, x, true, false));
    joined(graph, y, x, SOMA_BINARY_ADD);
}

static void addition_to_a_product(soma_graph *graph) {
    soma_tensor *x = add_input(graph, "[batch, 5, 4, 2]");
    joined(graph, convolution(graph, x, true, true), x, SOMA_BINARY_ADD);
}

static void addition_to_a_function(soma_graph *graph) {
    soma_tensor *x = add_input(graph, "[batch, 5, 4, 2]"), *y = convolution(graph, x, true, false), *sum;
    y->attributes.conv.params.function = SOMA_RELU;
    sum = joined(graph, y, x, SOMA_BINARY_ADD);
    keep(add_unary(graph, sum, SOMA_TANH));
}

static void addition_for_each_channel(soma_graph *graph) {
    soma_tensor *y = convolution(graph, add_input(graph, "[batch, 5, 4, 2]"), false, false);
    joined(graph, y, add_input(graph, "[2]"), SOMA_BINARY_ADD);
}

/* What is added is there later than the convolution. */
static void addition_of_something_later(soma_graph *graph) {
    soma_tensor *x = add_input(graph, "[batch, 5, 4, 2]"), *y = convolution(graph, x, true, false);
    joined(graph, y, add_unary(graph, x, SOMA_TANH), SOMA_BINARY_ADD);
}

static soma_tensor *turned(soma_graph *graph, soma_tensor *x, const uint32_t *axis) {
    soma_tensor *out;
    expect_ok(soma_graph_transpose(graph, x, axis, &out));
    return out;
}

static soma_tensor *reshaped(soma_graph *graph, soma_tensor *x, soma_tensor like) {
    soma_tensor *out;
    like.batched = x->batched;
    expect_ok(soma_graph_reshape(graph, x, &like, &out));
    return out;
}

static soma_tensor *matrices(soma_graph *graph, soma_tensor *a, soma_tensor *b) {
    soma_tensor *out;
    expect_ok(soma_graph_matmul(graph, a, b, &out));
    return out;
}

static soma_tensor *times(soma_graph *graph, soma_tensor *x, float number, soma_binary op) {
    soma_tensor *fill, *out;
    soma_tensor_spec spec = {.op = SOMA_OP_FILL, .attributes = {.fill = {number, false}}, .rank = 1, .shape = {1}};
    expect_ok(soma_graph_add(graph, &spec, &fill));
    expect_ok(soma_graph_binary(graph, x, fill, op, &out));
    return out;
}

/* As exporters write attention, but for the softmax: heads come before steps, keys behind their numbers. */
static void attention_by_matrices(soma_graph *graph) {
    const soma_tensor like = {.rank = 3, .shape = {5, 2, 3}}, back = {.rank = 2, .shape = {5, 6}};
    static const uint32_t heads[] = {0, 2, 1, 3}, keys[] = {0, 2, 3, 1};
    soma_tensor *x = reshaped(graph, add_input(graph, "[batch, 5, 6]"), like), *scores;
    scores = matrices(graph, turned(graph, x, heads), turned(graph, x, keys));
    keep(reshaped(graph, turned(graph, matrices(graph, scores, turned(graph, x, heads)), heads), back));
}

/* Dimensions that were exchanged as one, and are divided behind that. */
static void matrices_of_divided_copies(soma_graph *graph) {
    static const uint32_t exchanged[] = {0, 2, 1};
    const soma_tensor like = {.rank = 3, .shape = {2, 3, 5}};
    soma_tensor *x = add_input(graph, "[batch, 5, 6]"), *q = add_input(graph, "[batch, 2, 5, 3]");
    keep(matrices(graph, q, reshaped(graph, turned(graph, x, exchanged), like)));
}

/* One matrix for all, and one for each head, without a batch. */
static void matrices_of_a_constant(soma_graph *graph) {
    static const uint32_t exchanged[] = {0, 1, 3, 2}, batch_last[] = {0, 2, 1, 3};
    soma_tensor *x = add_input(graph, "[batch, 2, 5, 3]");
    keep(matrices(graph, x, turned(graph, add_input(graph, "[1, 2, 4, 3]"), exchanged)));
    keep(matrices(graph, x, turned(graph, add_input(graph, "[1, 3, 1, 4]"), batch_last)));
}

static void matrices_without_lines(soma_graph *graph) {
    static const uint32_t axis[] = {0, 3, 1, 2};
    keep(matrices(graph, turned(graph, add_input(graph, "[batch, 2, 3, 4]"), axis),
                  add_input(graph, "[batch, 4, 3, 2]")));
}

static void matrices_turned_into_columns(soma_graph *graph) {
    static const uint32_t axis[] = {0, 1, 3, 2};
    keep(turned(graph, matrices(graph, add_input(graph, "[batch, 2, 3, 4]"), add_input(graph, "[batch, 2, 4, 5]")),
                axis));
}

/* An order of an order: only the first is the product's. */
static void matrices_turned_twice(soma_graph *graph) {
    static const uint32_t axis[] = {0, 2, 1, 3};
    soma_tensor *y = matrices(graph, add_input(graph, "[batch, 2, 3, 4]"), add_input(graph, "[batch, 2, 4, 5]"));
    keep(turned(graph, turned(graph, y, axis), axis));
}

static void matrices_turned_and_kept(soma_graph *graph) {
    static const uint32_t axis[] = {0, 2, 1, 3};
    soma_tensor *y = matrices(graph, add_input(graph, "[batch, 2, 3, 4]"), add_input(graph, "[batch, 2, 4, 5]"));
    keep(turned(graph, keep(y), axis));
}

static void scaled_matrices(soma_graph *graph) {
    soma_tensor *a = add_input(graph, "[batch, 2, 3, 4]"), *b = add_input(graph, "[batch, 1, 4, 5]");
    keep(times(graph, matrices(graph, a, b), 0.375f, SOMA_BINARY_MULTIPLY));
}

static void matrices_of_scaled_ones(soma_graph *graph) {
    soma_tensor *a = add_input(graph, "[batch, 2, 3, 4]"), *b = add_input(graph, "[batch, 2, 4, 5]");
    keep(matrices(graph, times(graph, a, 0.75f, SOMA_BINARY_MULTIPLY), times(graph, b, 4, SOMA_BINARY_DIVIDE)));
}

static void matrices_with_a_difference(soma_graph *graph) {
    soma_tensor *a = add_input(graph, "[batch, 2, 3, 4]"), *b = add_input(graph, "[batch, 2, 4, 5]");
    keep(times(graph, matrices(graph, a, b), 0.375f, SOMA_BINARY_SUBTRACT));
    keep(times(graph, matrices(graph, a, b), 1e-39f, SOMA_BINARY_DIVIDE)); /* whose inverse is no number */
}

/* x times something, in either order. */
static void times_itself(soma_graph *graph, soma_tensor *x, soma_tensor *y, float factor) {
    soma_tensor *out;
    expect_ok(soma_graph_binary(graph, x, y, SOMA_BINARY_MULTIPLY, &out));
    keep(factor == 1 ? out : times(graph, out, factor, SOMA_BINARY_MULTIPLY));
}

static void silu_written_out(soma_graph *graph) {
    soma_tensor *x = product(graph, true);
    times_itself(graph, x, add_unary(graph, x, SOMA_SIGMOID), 1);
}

static void silu_of_another(soma_graph *graph) {
    soma_tensor *x = add_input(graph, "[batch, 4]");
    times_itself(graph, x, add_unary(graph, add_input(graph, "[batch, 4]"), SOMA_SIGMOID), 1);
}

static void sigmoid_used_twice(soma_graph *graph) {
    soma_tensor *x = add_input(graph, "[batch, 4]");
    times_itself(graph, x, keep(add_unary(graph, x, SOMA_SIGMOID)), 1);
}

static void mish_written_out(soma_graph *graph) {
    soma_tensor *x = add_input(graph, "[batch, 4]");
    times_itself(graph, add_unary(graph, add_unary(graph, x, SOMA_SOFTPLUS), SOMA_TANH), x, 1);
}

/* The divisor is rounded, the factor of one half is the last. */
static void gelu_written_out(soma_graph *graph) {
    soma_tensor *x = add_input(graph, "[batch, 4]");
    soma_tensor *erf = add_unary(graph, times(graph, x, 1.41421354f, SOMA_BINARY_DIVIDE), SOMA_ERF);
    times_itself(graph, x, times(graph, erf, 1, SOMA_BINARY_ADD), 0.5f);
}

static void gelu_of_halves(soma_graph *graph) {
    soma_tensor *x = add_input(graph, "[batch, 4]");
    soma_tensor *erf = add_unary(graph, times(graph, x, 0.70710677f, SOMA_BINARY_MULTIPLY), SOMA_ERF);
    times_itself(graph, times(graph, x, 0.5f, SOMA_BINARY_MULTIPLY), times(graph, erf, 1, SOMA_BINARY_ADD), 1);
}

static void gelu_with_another_slope(soma_graph *graph) {
    soma_tensor *x = add_input(graph, "[batch, 4]");
    soma_tensor *erf = add_unary(graph, times(graph, x, 0.7071f, SOMA_BINARY_MULTIPLY), SOMA_ERF);
    times_itself(graph, x, times(graph, erf, 1, SOMA_BINARY_ADD), 0.5f);
}

static void times_a_ramp(soma_graph *graph, float slope, float offset) {
    soma_tensor *x = add_input(graph, "[batch, 4]"), *ramp;
    expect_ok(soma_graph_unary(graph, x, (soma_unary_params){SOMA_HARD_SIGMOID, slope, offset}, &ramp));
    times_itself(graph, x, ramp, 1);
}

static void hard_swish_by_its_sigmoid(soma_graph *graph) {
    times_a_ramp(graph, 1.0f / 6, 0.5f);
}

/* Either makes another function. */
static void ramps_of_another_form(soma_graph *graph) {
    times_a_ramp(graph, 0.2f, 0.5f);
    times_a_ramp(graph, 1.0f / 6, 0.25f);
}

static void hard_swish_written_out(soma_graph *graph) {
    soma_tensor *x = times(graph, add_input(graph, "[batch, 4]"), 4, SOMA_BINARY_MULTIPLY);
    soma_tensor *ramp = times(graph, times(graph, x, 3, SOMA_BINARY_ADD), 0, SOMA_BINARY_MAXIMUM);
    ramp = times(graph, ramp, 6, SOMA_BINARY_MINIMUM);
    soma_tensor *out;
    expect_ok(soma_graph_binary(graph, add_unary(graph, x, SOMA_TANH), ramp, SOMA_BINARY_MULTIPLY, &out));
    keep(out); /* not of x itself */
    x = add_unary(graph, x, SOMA_SQUARE);
    ramp =
        times(graph, times(graph, times(graph, x, 3, SOMA_BINARY_ADD), 0, SOMA_BINARY_MAXIMUM), 6, SOMA_BINARY_MINIMUM);
    expect_ok(soma_graph_binary(graph, x, ramp, SOMA_BINARY_MULTIPLY, &out));
    keep(times(graph, out, 6, SOMA_BINARY_DIVIDE));
}

static void bias_of_a_product(soma_graph *graph) {
    soma_tensor *out;
    expect_ok(soma_graph_binary(graph, product(graph, false), add_input(graph, "[3]"), SOMA_BINARY_ADD, &out));
    keep(add_unary(graph, out, SOMA_TANH));
}

static void second_bias_of_a_product(soma_graph *graph) {
    soma_tensor *out;
    expect_ok(soma_graph_binary(graph, product(graph, true), add_input(graph, "[3]"), SOMA_BINARY_ADD, &out));
    keep(out);
}

static void number_added_to_a_product(soma_graph *graph) {
    keep(times(graph, product(graph, false), 2, SOMA_BINARY_ADD));
}

/* As files may have it. */
static void number_without_dimensions_added(soma_graph *graph) {
    soma_tensor *fill, *out;
    soma_tensor_spec spec = {.op = SOMA_OP_FILL, .attributes = {.fill = {2, false}}};
    expect_ok(soma_graph_add(graph, &spec, &fill));
    expect_ok(soma_graph_binary(graph, product(graph, false), fill, SOMA_BINARY_ADD, &out));
    keep(out);
}

static void bias_of_a_convolution(soma_graph *graph) {
    soma_tensor *y = convolution(graph, add_input(graph, "[batch, 5, 4, 2]"), false, false), *out;
    expect_ok(soma_graph_binary(graph, y, add_input(graph, "[1, 1, 2]"), SOMA_BINARY_ADD, &out));
    keep(out);
}

/* The function of the sum joins, too. */
static void function_of_an_addition(soma_graph *graph) {
    soma_tensor *input[] = {add_input(graph, "[batch, 5, 4, 2]"), add_input(graph, "[3, 2, 2, 3]"),
                            add_input(graph, "[batch, 3, 3, 3]"), add_input(graph, "[3]")},
                *y;
    soma_tensor_spec spec = {.op = SOMA_OP_CONV_ADD, .input_count = 4, .input = input};
    spec.attributes.conv.params = (soma_conv_params){.stride = {1, 1, 1}, .dilation = {1, 1, 1}, .groups = 1};
    expect_ok(soma_graph_add(graph, &spec, &y));
    keep(add_unary(graph, y, SOMA_TANH));
}

/* dy f'(y), and a sum of it. */
static void reduced_axes(soma_graph *graph, const char *shape, soma_reduction op, uint32_t axis, uint32_t count,
                         bool keep_gradient) {
    soma_tensor *input[] = {add_input(graph, shape), add_input(graph, shape)}, *gradient, *sum;
    soma_tensor_spec spec = {.op = SOMA_OP_UNARY_GRAD,
                             .input_count = 2,
                             .input = input,
                             .attributes = {.unary = {.function = SOMA_SIGMOID}}};
    expect_ok(soma_graph_add(graph, &spec, &gradient));
    expect_ok(soma_graph_reduce_axes(graph, gradient, op, axis, count, &sum));
    keep(sum);
    gradient->kept = keep_gradient;
}

static void reduced(soma_graph *graph, const char *shape, soma_reduction op, uint32_t axis, bool keep_gradient) {
    reduced_axes(graph, shape, op, axis, 1, keep_gradient);
}

static void bias_gradient(soma_graph *graph) {
    reduced(graph, "[batch, 5]", SOMA_REDUCE_SUM, 0, true);
}

static void bias_gradient_of_images(soma_graph *graph) {
    reduced(graph, "[batch, 2, 3]", SOMA_REDUCE_SUM, 0, true);
}

static void bias_gradient_alone(soma_graph *graph) {
    reduced(graph, "[batch, 5]", SOMA_REDUCE_SUM, 0, false);
}

static void bias_gradient_over_positions(soma_graph *graph) {
    reduced_axes(graph, "[batch, 2, 5, 3]", SOMA_REDUCE_SUM, 0, 3, true);
}

static void bias_gradient_over_rows(soma_graph *graph) {
    reduced_axes(graph, "[batch, 2, 5, 3]", SOMA_REDUCE_SUM, 0, 2, true);
}

static void sum_of_everything(soma_graph *graph) {
    reduced_axes(graph, "[batch, 2, 3]", SOMA_REDUCE_SUM, 0, 3, true);
}

static void sum_over_positions(soma_graph *graph) {
    reduced_axes(graph, "[batch, 2, 5, 3]", SOMA_REDUCE_SUM, 1, 2, true);
}

static void sum_along_the_sample(soma_graph *graph) {
    reduced(graph, "[batch, 5]", SOMA_REDUCE_SUM, 1, true);
}

static void mean_over_the_batch(soma_graph *graph) {
    reduced(graph, "[batch, 5]", SOMA_REDUCE_MEAN, 0, true);
}

static void sum_without_a_batch(soma_graph *graph) {
    reduced(graph, "[4, 5]", SOMA_REDUCE_SUM, 0, true);
}

/* One gradient, summed for two biases: a second result is there only once. */
static void two_bias_gradients(soma_graph *graph) {
    bias_gradient(graph);
    soma_tensor *gradient = graph->tensor[2], *sum;
    expect_ok(soma_graph_reduce(graph, gradient, SOMA_REDUCE_SUM, 0, &sum));
    keep(sum);
}

/* A loss that is used before its gradient is there, as metrics do; the gradient's factor is a constant or not. */
static void with_gradient(soma_graph *graph, soma_loss_kind kind, bool constant) {
    soma_tensor *input[] = {add_input(graph, "[batch, 5]"), add_input(graph, "[batch, 5]"), NULL}, *loss, *gradient;
    if (!constant) input[2] = add_input(graph, "[batch]");
    soma_tensor_spec spec = {
        .op = SOMA_OP_LOSS, .input_count = 2, .input = input, .attributes = {.loss = {.params = {.kind = kind}}}};
    expect_ok(soma_graph_add(graph, &spec, &loss));
    keep(add_unary(graph, loss, SOMA_TANH));
    soma_tensor_spec fill = {.op = SOMA_OP_FILL, .attributes = {.fill = {2, true}}, .batched = true};
    if (constant) expect_ok(soma_graph_add(graph, &fill, &input[2]));
    spec.op = SOMA_OP_LOSS_GRAD;
    spec.input_count = 3;
    expect_ok(soma_graph_add(graph, &spec, &gradient));
    keep(add_unary(graph, gradient, SOMA_TANH));
}

static void loss_of_logits(soma_graph *graph) {
    with_gradient(graph, SOMA_LOSS_CATEGORICAL_CROSSENTROPY_LOGITS, true);
}

static void loss_with_a_factor(soma_graph *graph) {
    with_gradient(graph, SOMA_LOSS_CATEGORICAL_CROSSENTROPY_LOGITS, false);
}

static void loss_of_another_kind(soma_graph *graph) {
    with_gradient(graph, SOMA_LOSS_MEAN_SQUARED_ERROR, true);
}

static void two_losses(soma_graph *graph) {
    loss_of_logits(graph);
    loss_of_logits(graph);
}

/* One constant for both gradients, which stand behind both losses. */
static void two_losses_with_one_factor(soma_graph *graph) {
    soma_tensor *input[2][3], *loss, *gradient, *factor;
    soma_tensor_spec spec = {.attributes = {.loss = {.params = {.kind = SOMA_LOSS_CATEGORICAL_CROSSENTROPY_LOGITS}}}};
    for (int i = 0; i < 2; i++) {
        for (int j = 0; j < 2; j++) input[i][j] = add_input(graph, "[batch, 5]");
        spec.op = SOMA_OP_LOSS;
        spec.input_count = 2;
        spec.input = input[i];
        expect_ok(soma_graph_add(graph, &spec, &loss));
        keep(add_unary(graph, loss, SOMA_TANH));
    }
    soma_tensor_spec fill = {.op = SOMA_OP_FILL, .attributes = {.fill = {2, true}}, .batched = true};
    expect_ok(soma_graph_add(graph, &fill, &factor));
    for (int i = 0; i < 2; i++) {
        input[i][2] = factor;
        spec.op = SOMA_OP_LOSS_GRAD;
        spec.input_count = 3;
        spec.input = input[i];
        expect_ok(soma_graph_add(graph, &spec, &gradient));
        keep(add_unary(graph, gradient, SOMA_TANH));
    }
}

/* Twice the weights, turned: two calls, and the product. */
static void product_of_turned_weights(soma_graph *graph) {
    soma_tensor *w = times(graph, add_parameter(graph, 2, (size_t[]){4, 3}, 0), 2, SOMA_BINARY_MULTIPLY), *out;
    w = turned(graph, w, (const uint32_t[]){1, 0});
    expect_ok(soma_graph_gemm(graph, add_input(graph, "[batch, 4]"), w, NULL, false, true, &out));
    keep(out);
}

/* In another shape, too: somebody wants it of each run. */
static void weights_that_are_kept(soma_graph *graph) {
    const soma_tensor line = {.rank = 1, .shape = {12}};
    soma_tensor *w = add_parameter(graph, 2, (size_t[]){4, 3}, 0);
    keep(times(graph, w, 2, SOMA_BINARY_MULTIPLY));
    keep(reshaped(graph, times(graph, w, 3, SOMA_BINARY_MULTIPLY), line));
}

static void weights_of_an_input(soma_graph *graph) {
    soma_tensor *w = times(graph, add_input(graph, "[4, 3]"), 2, SOMA_BINARY_MULTIPLY), *out;
    expect_ok(soma_graph_gemm(graph, add_input(graph, "[batch, 4]"), w, NULL, false, false, &out));
    keep(out);
}

static void weights_by_the_batch(soma_graph *graph) {
    soma_tensor *w = add_parameter(graph, 1, (size_t[]){4}, 0), *fill, *scaled, *out;
    soma_tensor_spec spec = {.op = SOMA_OP_FILL, .attributes = {.fill = {1, true}}, .rank = 1, .shape = {1}};
    expect_ok(soma_graph_add(graph, &spec, &fill));
    expect_ok(soma_graph_binary(graph, w, fill, SOMA_BINARY_MULTIPLY, &scaled));
    expect_ok(soma_graph_binary(graph, add_input(graph, "[batch, 4]"), scaled, SOMA_BINARY_ADD, &out));
    keep(out);
}

static soma_tensor *repeated(soma_graph *graph, soma_tensor *x, uint32_t rank, const size_t *dimensions) {
    soma_tensor like = {.rank = rank}, *out;
    memcpy(like.shape, dimensions, rank * sizeof *dimensions);
    expect_ok(soma_graph_copy(graph, x, &like, 1, &out));
    return out;
}

static void add_to_batch(soma_graph *graph, soma_tensor *weights) {
    soma_tensor *sum;
    expect_ok(soma_graph_binary(graph, add_input(graph, "[batch, 4, 3]"), weights, SOMA_BINARY_ADD, &sum));
    keep(sum);
}

/* More than it is made of. */
static void repeated_weights(soma_graph *graph) {
    add_to_batch(graph, add_parameter(graph, 2, (size_t[]){4, 3}, 20));
    add_to_batch(graph, repeated(graph, add_parameter(graph, 1, (size_t[]){3}, 0), 2, (size_t[]){4, 3}));
}

/* What nothing else reads may be more. */
static void weights_times_repeated_weights(soma_graph *graph) {
    soma_tensor *w = add_parameter(graph, 2, (size_t[]){4, 3}, 20), *product;
    soma_tensor *more = repeated(graph, add_parameter(graph, 1, (size_t[]){3}, 0), 2, (size_t[]){4, 3});
    expect_ok(soma_graph_binary(graph, w, more, SOMA_BINARY_MULTIPLY, &product));
    add_to_batch(graph, product);
}

/* What does not stay takes what is made of it along. */
static void repeated_weights_that_are_read(soma_graph *graph) {
    soma_tensor *w = add_parameter(graph, 2, (size_t[]){4, 3}, 20), *product;
    soma_tensor *more = repeated(graph, add_parameter(graph, 1, (size_t[]){3}, 0), 2, (size_t[]){4, 3});
    expect_ok(soma_graph_binary(graph, w, more, SOMA_BINARY_MULTIPLY, &product));
    add_to_batch(graph, product);
    add_to_batch(graph, more);
}

/* Two copies of all parameters: one stays. */
static void weights_in_two_ways(soma_graph *graph) {
    soma_tensor *w = add_parameter(graph, 2, (size_t[]){4, 3}, 0);
    add_to_batch(graph, times(graph, w, 2, SOMA_BINARY_MULTIPLY));
    add_to_batch(graph, times(graph, w, 3, SOMA_BINARY_MULTIPLY));
}

/* [batch, 4] numbers from -5 to 5, and the rows of a table that they name: of -1 and less, and of 5 where the table has
 * 5 rows, there is none. */
static soma_tensor *rows_of_table(soma_graph *graph, soma_tensor *table) {
    soma_tensor *x = add_input(graph, "[batch, 4]"), *index, *rows;
    expect_ok(
        soma_graph_unary(graph, add_unary(graph, x, SOMA_TANH), (soma_unary_params){SOMA_LINEAR, 7.0f, 0.0f}, &x));
    soma_tensor_spec spec = {.op = SOMA_OP_INDEX, .input_count = 1, .input = &x};
    expect_ok(soma_graph_add(graph, &spec, &index));
    spec = (soma_tensor_spec){.op = SOMA_OP_GATHER, .input_count = 2, .input = (soma_tensor *[]){table, index}};
    expect_ok(soma_graph_add(graph, &spec, &rows));
    return rows;
}

static soma_tensor *product_with_rows(soma_graph *graph, soma_tensor *weight, soma_tensor *bias, bool transposed) {
    soma_tensor *table = add_parameter(graph, 2, (size_t[]){5, 3}, 0), *out;
    expect_ok(soma_graph_gemm(graph, rows_of_table(graph, table), weight, bias, false, transposed, &out));
    return out;
}

static void product_of_rows(soma_graph *graph) {
    keep(product_with_rows(graph, add_parameter(graph, 2, (size_t[]){3, 2}, 20), NULL, false));
}

static void transposed_product_of_rows(soma_graph *graph) {
    keep(product_with_rows(graph, add_parameter(graph, 2, (size_t[]){2, 3}, 20), NULL, true));
}

/* Where a number names no row, the bias is left. */
static void product_of_rows_with_a_bias(soma_graph *graph) {
    keep(product_with_rows(graph, add_parameter(graph, 2, (size_t[]){3, 2}, 20),
                           add_parameter(graph, 1, (size_t[]){2}, 40), false));
}

static void function_of_a_product_of_rows(soma_graph *graph) {
    keep(add_unary(graph, product_with_rows(graph, add_parameter(graph, 2, (size_t[]){3, 2}, 20), NULL, false),
                   SOMA_TANH));
}

/* And what a function makes of 0. */
static void sigmoid_of_a_product_of_rows(soma_graph *graph) {
    keep(add_unary(graph, product_with_rows(graph, add_parameter(graph, 2, (size_t[]){3, 2}, 20), NULL, false),
                   SOMA_SIGMOID));
}

/* A layer of one unit. */
static void recurrence_of_rows(soma_graph *graph, soma_recurrent_kind kind, size_t gates, bool biased) {
    soma_tensor *bias = add_parameter(graph, 1, (size_t[]){gates}, 40), *y,
                *x = product_with_rows(graph, add_parameter(graph, 2, (size_t[]){3, gates}, 20), bias, false);
    soma_tensor *input[] = {x, add_parameter(graph, 2, (size_t[]){1, gates}, 50),
                            biased ? add_parameter(graph, 1, (size_t[]){gates}, 60) : NULL};
    soma_tensor_spec spec = {.op = SOMA_OP_RECURRENT, .input_count = 2 + biased, .input = input};
    spec.attributes.recurrent.params = (soma_recurrent_params){.kind = kind, .function = SOMA_TANH};
    spec.attributes.recurrent.biased = biased;
    expect_ok(soma_graph_add(graph, &spec, &y));
    keep(y);
}

static void lstm_of_rows(soma_graph *graph) {
    recurrence_of_rows(graph, SOMA_RECURRENT_LSTM, 4, false);
}

static void lstm_of_rows_with_a_bias(soma_graph *graph) {
    recurrence_of_rows(graph, SOMA_RECURRENT_LSTM, 4, true);
}

/* Its bias is behind the reset gate. */
static void gru_of_rows(soma_graph *graph) {
    recurrence_of_rows(graph, SOMA_RECURRENT_GRU, 3, false);
}

/* The table is multiplied in each run, and has fewer rows than two samples name. */
static void product_of_rows_with_an_input(soma_graph *graph) {
    keep(product_with_rows(graph, add_input(graph, "[3, 2]"), NULL, false));
}

/* Nine rows are more than that; so if they stay, too, where weights may change before each run. */
static void product_of_few_rows(soma_graph *graph) {
    soma_tensor *table = add_parameter(graph, 2, (size_t[]){9, 3}, 0), *out,
                *weight = add_parameter(graph, 2, (size_t[]){3, 2}, 30);
    expect_ok(soma_graph_gemm(graph, rows_of_table(graph, table), weight, NULL, false, false, &out));
    keep(out);
}

static void product_of_few_rows_with_an_input(soma_graph *graph) {
    soma_tensor *table = add_parameter(graph, 2, (size_t[]){9, 3}, 0), *out;
    expect_ok(
        soma_graph_gemm(graph, rows_of_table(graph, table), add_input(graph, "[3, 2]"), NULL, false, false, &out));
    keep(out);
}

static void rows_and_their_product(soma_graph *graph) {
    soma_tensor *table = add_parameter(graph, 2, (size_t[]){5, 3}, 0), *rows = keep(rows_of_table(graph, table)), *out;
    expect_ok(soma_graph_gemm(graph, rows, add_parameter(graph, 2, (size_t[]){3, 2}, 20), NULL, false, false, &out));
    keep(out);
}

/* Not settled in a run of its own. */
static void rows_left_alone(soma_graph *graph) {
    product_of_rows(graph);
}

/* What is left of an op after the rewrite. */
static const struct {
    const char *name;
    build_function *build;
    unsigned rewrite;
    soma_op op;
    uint32_t before, after;
} graphs[] = {
    {"function of a product", function_of_product, SOMA_FUSE_GEMM_FUNCTION, SOMA_OP_UNARY, 1, 0},
    {"function with parameters", function_with_parameters, SOMA_FUSE_GEMM_FUNCTION, SOMA_OP_UNARY, 1, 0},
    {"function of a convolution", function_of_convolution, SOMA_FUSE_GEMM_FUNCTION, SOMA_OP_UNARY, 1, 0},
    {"function of a transposed convolution", function_of_transposed_convolution, SOMA_FUSE_GEMM_FUNCTION, SOMA_OP_UNARY,
     1, 0},
    {"function of a function", function_of_function, SOMA_FUSE_GEMM_FUNCTION, SOMA_OP_UNARY, 2, 1},
    {"product used twice", product_used_twice, SOMA_FUSE_GEMM_FUNCTION, SOMA_OP_UNARY, 1, 1},
    {"two functions of a product", two_functions_of_a_product, SOMA_FUSE_GEMM_FUNCTION, SOMA_OP_UNARY, 2, 2},
    {"product kept", product_kept, SOMA_FUSE_GEMM_FUNCTION, SOMA_OP_UNARY, 1, 1},
    {"function of an input", function_not_of_a_product, SOMA_FUSE_GEMM_FUNCTION, SOMA_OP_UNARY, 1, 1},
    {"function of what is normalised", function_of_normalized, SOMA_FUSE_NORMALIZE_FUNCTION, SOMA_OP_UNARY, 1, 0},
    {"normalised, used twice", normalized_used_twice, SOMA_FUSE_NORMALIZE_FUNCTION, SOMA_OP_UNARY, 1, 1},
    {"normalised product", normalized_product, SOMA_FUSE_FOLD, SOMA_OP_NORMALIZE, 1, 0},
    {"normalised product, transposed", normalized_transposed_product, SOMA_FUSE_FOLD, SOMA_OP_NORMALIZE, 1, 0},
    {"normalised convolution", normalized_convolution, SOMA_FUSE_FOLD, SOMA_OP_NORMALIZE, 1, 0},
    {"normalised transposed convolution", normalized_transposed_convolution, SOMA_FUSE_FOLD, SOMA_OP_NORMALIZE, 1, 0},
    {"normalised twice", normalized_twice, SOMA_FUSE_FOLD, SOMA_OP_NORMALIZE, 2, 0},
    {"normalised by the batch", normalized_by_the_batch, SOMA_FUSE_FOLD, SOMA_OP_NORMALIZE, 1, 1},
    {"normalised function", normalized_function, SOMA_FUSE_FOLD, SOMA_OP_NORMALIZE, 1, 1},
    {"normalised product, used twice", normalized_product_used_twice, SOMA_FUSE_FOLD, SOMA_OP_NORMALIZE, 1, 1},
    {"normalised product of inputs", normalized_product_of_inputs, SOMA_FUSE_FOLD, SOMA_OP_NORMALIZE, 1, 1},
    {"folding switched off", normalized_product,
     SOMA_FUSE_ALL & ~SOMA_FUSE_FOLD & ~SOMA_FUSE_GEMM_FUNCTION & ~SOMA_FUSE_NORMALIZE_FUNCTION, SOMA_OP_NORMALIZE, 1,
     1},
    {"normalised, switched off", function_of_normalized, SOMA_FUSE_GEMM_FUNCTION, SOMA_OP_UNARY, 1, 1},
    {"switched off", function_of_product, SOMA_FUSE_BIAS_GRADIENT, SOMA_OP_UNARY, 1, 1},
    {"addition to a convolution", addition_to_a_convolution, SOMA_FUSE_ADDITION, SOMA_OP_BINARY, 1, 0},
    {"addition of a convolution", addition_of_a_convolution, SOMA_FUSE_ADDITION, SOMA_OP_BINARY, 1, 0},
    {"addition of two convolutions", addition_of_two_convolutions, SOMA_FUSE_ADDITION, SOMA_OP_BINARY, 1, 0},
    {"function of an addition", function_of_an_addition, SOMA_FUSE_GEMM_FUNCTION, SOMA_OP_UNARY, 1, 0},
    {"subtraction", subtraction_of_a_convolution, SOMA_FUSE_ADDITION, SOMA_OP_BINARY, 1, 1},
    {"addition to itself", addition_of_a_convolution_to_itself, SOMA_FUSE_ADDITION, SOMA_OP_BINARY, 1, 1},
    {"addition, used twice", addition_to_a_convolution_used_twice, SOMA_FUSE_ADDITION, SOMA_OP_BINARY, 1, 1},
    {"addition to a product", addition_to_a_product, SOMA_FUSE_ADDITION, SOMA_OP_BINARY, 1, 1},
    {"addition to a function", addition_to_a_function, SOMA_FUSE_ADDITION, SOMA_OP_BINARY, 1, 1},
    {"addition for each channel", addition_for_each_channel, SOMA_FUSE_ADDITION, SOMA_OP_BINARY, 1, 1},
    {"addition of something later", addition_of_something_later, SOMA_FUSE_ADDITION, SOMA_OP_BINARY, 1, 1},
    {"addition switched off", addition_to_a_convolution, SOMA_FUSE_ALL & ~SOMA_FUSE_ADDITION, SOMA_OP_BINARY, 1, 1},
    {"attention by matrices", attention_by_matrices, SOMA_FUSE_MATMUL, SOMA_OP_TRANSPOSE, 4, 0},
    {"matrices of divided copies", matrices_of_divided_copies, SOMA_FUSE_MATMUL, SOMA_OP_TRANSPOSE, 1, 0},
    {"matrices of a constant", matrices_of_a_constant, SOMA_FUSE_MATMUL, SOMA_OP_TRANSPOSE, 2, 0},
    {"matrices whose rows and columns are apart", matrices_without_lines, SOMA_FUSE_MATMUL, SOMA_OP_TRANSPOSE, 1, 1},
    {"matrices turned into columns", matrices_turned_into_columns, SOMA_FUSE_MATMUL, SOMA_OP_TRANSPOSE, 1, 1},
    {"matrices turned twice", matrices_turned_twice, SOMA_FUSE_MATMUL, SOMA_OP_TRANSPOSE, 2, 1},
    {"matrices turned, and kept", matrices_turned_and_kept, SOMA_FUSE_MATMUL, SOMA_OP_TRANSPOSE, 1, 1},
    {"scaled matrices", scaled_matrices, SOMA_FUSE_MATMUL, SOMA_OP_BINARY, 1, 0},
    {"matrices of scaled ones", matrices_of_scaled_ones, SOMA_FUSE_MATMUL, SOMA_OP_BINARY, 2, 0},
    {"matrices with a difference", matrices_with_a_difference, SOMA_FUSE_MATMUL, SOMA_OP_BINARY, 2, 2},
    {"matrices, switched off", attention_by_matrices, SOMA_FUSE_ALL & ~SOMA_FUSE_MATMUL, SOMA_OP_TRANSPOSE, 4, 4},
    {"silu", silu_written_out, SOMA_FUSE_FORMULA, SOMA_OP_BINARY, 1, 0},
    {"silu of another", silu_of_another, SOMA_FUSE_FORMULA, SOMA_OP_BINARY, 1, 1},
    {"sigmoid used twice", sigmoid_used_twice, SOMA_FUSE_FORMULA, SOMA_OP_BINARY, 1, 1},
    {"mish", mish_written_out, SOMA_FUSE_FORMULA, SOMA_OP_UNARY, 2, 1},
    {"gelu", gelu_written_out, SOMA_FUSE_FORMULA, SOMA_OP_BINARY, 4, 0},
    {"gelu of halves", gelu_of_halves, SOMA_FUSE_FORMULA, SOMA_OP_BINARY, 4, 0},
    {"gelu with another slope", gelu_with_another_slope, SOMA_FUSE_FORMULA, SOMA_OP_BINARY, 4, 4},
    {"hard swish by its sigmoid", hard_swish_by_its_sigmoid, SOMA_FUSE_FORMULA, SOMA_OP_BINARY, 1, 0},
    {"ramps of another form", ramps_of_another_form, SOMA_FUSE_FORMULA, SOMA_OP_BINARY, 2, 2},
    {"hard swish", hard_swish_written_out, SOMA_FUSE_FORMULA, SOMA_OP_BINARY, 10, 5},
    {"silu, switched off", silu_written_out, SOMA_FUSE_ALL & ~SOMA_FUSE_FORMULA, SOMA_OP_BINARY, 1, 1},
    {"bias of a product", bias_of_a_product, SOMA_FUSE_BIAS, SOMA_OP_BINARY, 1, 0},
    {"second bias of a product", second_bias_of_a_product, SOMA_FUSE_BIAS, SOMA_OP_BINARY, 1, 1},
    {"number added to a product", number_added_to_a_product, SOMA_FUSE_BIAS, SOMA_OP_BINARY, 1, 1},
    {"number without dimensions", number_without_dimensions_added, SOMA_FUSE_BIAS, SOMA_OP_BINARY, 1, 1},
    {"bias of a convolution", bias_of_a_convolution, SOMA_FUSE_BIAS, SOMA_OP_BINARY, 1, 0},
    {"bias, switched off", bias_of_a_product,
     SOMA_FUSE_ALL & ~SOMA_FUSE_BIAS & ~SOMA_FUSE_ADDITION & ~SOMA_FUSE_GEMM_FUNCTION, SOMA_OP_BINARY, 1, 1},
    {"made of weights", product_of_turned_weights, SOMA_FUSE_SETTLED, SOMA_OP_BINARY, 1, 1},
    {"made of weights, kept", weights_that_are_kept, SOMA_FUSE_SETTLED, SOMA_OP_BINARY, 2, 2},
    {"made of weights and the batch", weights_by_the_batch, SOMA_FUSE_SETTLED, SOMA_OP_BINARY, 2, 2},
    {"made of an input", weights_of_an_input, SOMA_FUSE_SETTLED, SOMA_OP_BINARY, 1, 1},
    {"made of weights, but more", repeated_weights, SOMA_FUSE_SETTLED, SOMA_OP_COPY, 1, 1},
    {"made of more weights", weights_times_repeated_weights, SOMA_FUSE_SETTLED, SOMA_OP_COPY, 1, 1},
    {"made of what does not stay", repeated_weights_that_are_read, SOMA_FUSE_SETTLED, SOMA_OP_COPY, 1, 1},
    {"made of the same weights", weights_in_two_ways, SOMA_FUSE_SETTLED, SOMA_OP_BINARY, 4, 4},
    {"product of rows", product_of_rows, SOMA_FUSE_GATHER, SOMA_OP_GATHER, 1, 1},
    {"transposed product of rows", transposed_product_of_rows, SOMA_FUSE_GATHER, SOMA_OP_GATHER, 1, 1},
    {"function of a product of rows", function_of_a_product_of_rows, SOMA_FUSE_GATHER | SOMA_FUSE_GEMM_FUNCTION,
     SOMA_OP_UNARY, 3, 2},
    {"sigmoid of a product of rows", sigmoid_of_a_product_of_rows, SOMA_FUSE_GATHER | SOMA_FUSE_GEMM_FUNCTION,
     SOMA_OP_UNARY, 3, 2},
    {"product of rows with a bias", product_of_rows_with_a_bias, SOMA_FUSE_GATHER, SOMA_OP_GATHER, 1, 1},
    {"lstm of rows", lstm_of_rows, SOMA_FUSE_GATHER, SOMA_OP_GATHER, 1, 1},
    {"lstm of rows with a bias", lstm_of_rows_with_a_bias, SOMA_FUSE_GATHER, SOMA_OP_GATHER, 1, 1},
    {"gru of rows", gru_of_rows, SOMA_FUSE_GATHER, SOMA_OP_GATHER, 1, 1},
    {"product of few rows", product_of_few_rows, SOMA_FUSE_GATHER, SOMA_OP_GATHER, 1, 1},
    {"product of rows with an input", product_of_rows_with_an_input, SOMA_FUSE_GATHER, SOMA_OP_GATHER, 1, 1},
    {"product of few rows with an input", product_of_few_rows_with_an_input, SOMA_FUSE_GATHER, SOMA_OP_GATHER, 1, 1},
    {"rows and their product", rows_and_their_product, SOMA_FUSE_GATHER, SOMA_OP_GATHER, 1, 2},
    {"product of rows, switched off", rows_left_alone, SOMA_FUSE_ALL & ~SOMA_FUSE_GATHER, SOMA_OP_GATHER, 1, 1},
    /* Those that need training. */
    {"bias gradient", bias_gradient, SOMA_FUSE_BIAS_GRADIENT, SOMA_OP_REDUCE, 1, 0},
    {"bias gradient of images", bias_gradient_of_images, SOMA_FUSE_BIAS_GRADIENT, SOMA_OP_REDUCE, 1, 0},
    {"bias gradient alone", bias_gradient_alone, SOMA_FUSE_BIAS_GRADIENT, SOMA_OP_REDUCE, 1, 0},
    {"bias gradient over positions", bias_gradient_over_positions, SOMA_FUSE_BIAS_GRADIENT, SOMA_OP_REDUCE, 1, 0},
    {"bias gradient over rows", bias_gradient_over_rows, SOMA_FUSE_BIAS_GRADIENT, SOMA_OP_REDUCE, 1, 0},
    {"sum of everything", sum_of_everything, SOMA_FUSE_BIAS_GRADIENT, SOMA_OP_REDUCE, 1, 0},
    {"sum over positions", sum_over_positions, SOMA_FUSE_BIAS_GRADIENT, SOMA_OP_REDUCE, 1, 1},
    {"two bias gradients", two_bias_gradients, SOMA_FUSE_BIAS_GRADIENT, SOMA_OP_REDUCE, 2, 1},
    {"sum along the sample", sum_along_the_sample, SOMA_FUSE_BIAS_GRADIENT, SOMA_OP_REDUCE, 1, 1},
    {"mean over the batch", mean_over_the_batch, SOMA_FUSE_BIAS_GRADIENT, SOMA_OP_REDUCE, 1, 1},
    {"sum without a batch", sum_without_a_batch, SOMA_FUSE_BIAS_GRADIENT, SOMA_OP_REDUCE, 1, 1},
    {"switched off", bias_gradient, SOMA_FUSE_GEMM_FUNCTION, SOMA_OP_REDUCE, 1, 1},
    {"loss of logits", loss_of_logits, SOMA_FUSE_LOSS, SOMA_OP_LOSS, 1, 0},
    {"two losses", two_losses, SOMA_FUSE_LOSS, SOMA_OP_LOSS, 2, 0},
    {"two losses with one factor", two_losses_with_one_factor, SOMA_FUSE_LOSS, SOMA_OP_LOSS, 2, 0},
    {"loss with a factor", loss_with_a_factor, SOMA_FUSE_LOSS, SOMA_OP_LOSS, 1, 1},
    {"loss of another kind", loss_of_another_kind, SOMA_FUSE_LOSS, SOMA_OP_LOSS, 1, 1},
    {"switched off", loss_of_logits, SOMA_FUSE_BIAS_GRADIENT, SOMA_OP_LOSS, 1, 1},
};

/* All before the first that needs training. */
static int forward_graphs(void) {
    int count = 0;
    while (graphs[count].build != bias_gradient) count++;
    return count;
}

/* Runs the graph; the kept values one after the other. Returns how many. */
static size_t kept_values(soma_graph *graph, double *values, uint32_t *calls) {
    soma_device device;
    soma_executor *executor;
    soma_plan *plan;
    soma_step_values step = {0};
    soma_plan_figures figures;
    size_t count = 0;
    host_device_open(&device);
    expect_ok(soma_executor_create(&device, SOMA_F64, PARAMETERS, 0, &executor));
    double *parameters = executor->parameters; /* host memory */
    fill_random(77, parameters, PARAMETERS);
    for (size_t i = 0; i < PARAMETERS; i++) parameters[i] += 1.25; /* variances, too */
    expect_ok(soma_plan_create(executor, graph, BATCH, SOMA_SGD, &plan));
    write_random_inputs(plan, graph);
    expect_ok(soma_plan_run(plan, &step));
    for (uint32_t i = 0; i < graph->count; i++) {
        if (!graph->tensor[i]->kept) continue;
        read_double(plan, graph->tensor[i], values + count);
        count += soma_tensor_full_count(graph->tensor[i], BATCH);
    }
    soma_plan_get_figures(plan, &figures);
    *calls = figures.calls;
    soma_plan_destroy(plan);
    soma_executor_destroy(executor);
    return count;
}

/* Calls of other ops that are gone as well, or have come. */
static int more_calls(build_function *build) {
    if (build == product_of_turned_weights || build == weights_times_repeated_weights)
        return 2; /* made once, beside the runs */
    const bool settles = build == weights_in_two_ways || build == lstm_of_rows || build == product_of_rows ||
                         build == transposed_product_of_rows || build == function_of_a_product_of_rows ||
                         build == rows_and_their_product;
    return build == mish_written_out || settles ? 1 : build == hard_swish_written_out ? -1 : 0;
}

/* The root of 2 is rounded to float32 in graphs, by up to 2^-24 of it: what that makes of x Phi(x) is x^2 phi(x) 2^-24
 * at most, less than 2e-8. So is 1/6, which makes x^2 / 6 2^-24 at most, for |x| <= 1. */
static double tolerance_of(build_function *build) {
    return build == gelu_written_out || build == gelu_of_halves || build == hard_swish_by_its_sigmoid ? 2e-8 : 1e-12;
}

START_TEST(rewritten_graphs_compute_the_same) {
    soma_graph graph;
    double plain[1024], fused[1024];
    uint32_t plain_calls, fused_calls;
    soma_graph_init(&graph);
    graphs[_i].build(&graph);
    ck_assert_uint_eq(count_op(&graph, graphs[_i].op), graphs[_i].before);
    size_t count = kept_values(&graph, plain, &plain_calls);
    expect_ok(soma_graph_fuse(&graph, graphs[_i].rewrite));
    ck_assert_msg(count_op(&graph, graphs[_i].op) == graphs[_i].after, "%s: %u left, expected %u", graphs[_i].name,
                  count_op(&graph, graphs[_i].op), graphs[_i].after);
    ck_assert_uint_eq(kept_values(&graph, fused, &fused_calls), count);
    expect_within(fused, plain, count, tolerance_of(graphs[_i].build), graphs[_i].name);
    ck_assert_int_eq((int)fused_calls,
                     (int)plain_calls - (int)(graphs[_i].before - graphs[_i].after) - more_calls(graphs[_i].build));
    soma_graph_clear(&graph);
}
END_TEST

/* -------------------------------------------------------------------------------------------------------- networks */

static soma_tensor *build_two_into_one(soma_tensor *x) { /* two dense layers, one activation: two bias gradients */
    return soma_dense(
        soma_activation(soma_add(soma_dense(x, 5, SOMA_IDENTITY), soma_dense(x, 5, SOMA_IDENTITY)), SOMA_TANH, NULL), 3,
        SOMA_SOFTMAX);
}

static soma_tensor *build_shared_bias(soma_tensor *x) {
    soma_tensor *h = soma_dense(x, 4, SOMA_TANH);
    soma_tensor *bias = soma_network_tensor(x->graph->owner, "dense_1.bias");
    return soma_dense(soma_add(h, bias), 3, SOMA_SOFTMAX);
}

/* The weights are used as numbers too, so that their gradient is a sum. */
static soma_tensor *build_shared_weights(soma_tensor *x) {
    soma_tensor *h = soma_dense(x, 4, SOMA_TANH);
    soma_tensor *weights = soma_network_tensor(x->graph->owner, "dense_1.weight");
    return soma_dense(soma_add(h, soma_reduce(weights, SOMA_REDUCE_SUM, 0)), 3, SOMA_SOFTMAX);
}

/* The products of an embedding's rows with the weights behind it. */
static soma_tensor *build_embedded(soma_tensor *x) {
    const soma_activation_options five = {.a = 5.0f};
    soma_tensor *numbers = soma_activation(soma_activation(x, SOMA_SIGMOID, NULL), SOMA_LINEAR, &five);
    soma_tensor *rows = soma_embedding(numbers, 5, 4, NULL);
    soma_tensor *last = soma_lstm(rows, 3, &(soma_recurrent_options){.last = 1});
    return soma_dense(soma_add(last, soma_dense(x, 3, SOMA_IDENTITY)), 3, SOMA_SOFTMAX);
}

typedef struct network_case {
    const char *name, *text;
    soma_tensor *(*build)(soma_tensor *x);
    soma_optimizer optimizer;
    bool in_products; /* weights are updated by the products that make their gradients */
} network_case;

static const network_case networks[] = {
    {"plain descent", "dense 6 relu; dense 5 tanh; dense 3 softmax", NULL, {.kind = SOMA_SGD}, true},
    {"no biases", "dense 6 relu nobias; dense 3 softmax nobias", NULL, {.kind = SOMA_SGD}, true},
    {"one layer", "dense 3 softmax", NULL, {.kind = SOMA_SGD}, true},
    {"gradients from inputs", "dense 6 leaky_relu; dense 6 gelu; dense 3 sigmoid", NULL, {.kind = SOMA_SGD}, true},
    {"dropout", "dense 6 relu; dropout 0.5; dense 3 softmax", NULL, {.kind = SOMA_SGD}, true},
    {"clipping by norm", "dense 6 relu; dense 3 softmax", NULL, {.clip_norm = 0.01f}, false},
    {"clipping by value", "dense 6 relu; dense 3 softmax", NULL, {.clip_value = 0.001f}, false},
    {"l2", "dense 6 relu; dense 3 softmax", NULL, {.l2 = 0.1f}, false},
    {"l1", "dense 6 relu; dense 3 softmax", NULL, {.l1 = 0.1f}, false},
    {"momentum", "dense 6 relu; dense 3 softmax", NULL, {.kind = SOMA_MOMENTUM}, false},
    {"adam", "dense 6 relu; dense 3 softmax", NULL, {.kind = SOMA_ADAM}, false},
    {"batchnorm", "dense 6 nobias; batchnorm; relu; dense 3 softmax", NULL, {.kind = SOMA_SGD}, true},
    {"layernorm, adam", "dense 6; layernorm; tanh; dense 3 softmax", NULL, {.kind = SOMA_ADAM}, false},
    {"two layers, one activation", NULL, build_two_into_one, {.kind = SOMA_SGD}, true},
    {"a bias used twice", NULL, build_shared_bias, {.kind = SOMA_SGD}, true},
    {"convolutions",
     "reshape 2 2 1; conv 3 2x2 pad 1 relu; depthwise 2x2 stride 2 tanh; conv 3 1x1; dense 3 softmax",
     NULL,
     {.kind = SOMA_SGD},
     true},
    {"transposed convolution",
     "reshape 2 2 1; convtranspose 3 2x2 stride 2 relu; dense 3 softmax",
     NULL,
     {.kind = SOMA_SGD},
     true},
    {"convolutions, adam",
     "reshape 2 2 1; conv 3 2x2 pad 1 relu; conv 3 1x1; dense 3 softmax",
     NULL,
     {.kind = SOMA_ADAM},
     false},
    {"rows of a table", NULL, build_embedded, {.kind = SOMA_SGD}, false},
    {"rows of a table, adam", NULL, build_embedded, {.kind = SOMA_ADAM}, false},
    {"weights used twice", NULL, build_shared_weights, {.kind = SOMA_SGD}, false},
};

static soma_network *make(const network_case *test, soma_device *device, bool no_fusion) {
    size_t width = 4;
    soma_network *network;
    if (test->text)
        network = network_of_text(width, test->text);
    else {
        expect_ok(soma_network_create(&network));
        soma_network_set_seed(network, 5);
        test->build(soma_input(network, "x", 1, &width));
    }
    soma_compile_options options = {.optimizer = test->optimizer, .no_fusion = no_fusion};
    expect_ok(soma_compile_as(network, device, &options, SOMA_F64));
    return network;
}

/* Everything in a flat buffer of the executor. */
static double *buffer_of(const soma_network *network, void *buffer) {
    (void)network;
    return buffer; /* host memory */
}

static size_t flat_count(const soma_network *network) {
    return network->compiled->executor->parameter_count;
}

START_TEST(networks_train_the_same) {
    const network_case *test = &networks[_i];
    soma_device device;
    host_device_open(&device);
    soma_network *fused = make(test, &device, false), *plain = make(test, &device, true);
    size_t count = flat_count(plain);
    for (int i = 0; i < 3; i++) {
        soma_step *steps[] = {step_of(fused, SOMA_MODE_TRAIN), step_of(plain, SOMA_MODE_TRAIN)};
        run_step(fused, steps[0], plan_of(fused, steps[0], BATCH));
        run_step(plain, steps[1], plan_of(plain, steps[1], BATCH));
        fused->compiled->step++;
        plain->compiled->step++;
        expect_near(buffer_of(fused, fused->compiled->executor->parameters),
                    buffer_of(plain, plain->compiled->executor->parameters), count, test->name);
        double losses[2][SOMA_ACCUMULATOR_SLOTS];
        expect_ok(soma_executor_read_accumulators(fused->compiled->executor, losses[0]));
        expect_ok(soma_executor_read_accumulators(plain->compiled->executor, losses[1]));
        expect_near(losses[0], losses[1], SOMA_ACCUMULATOR_SLOTS, test->name);
    }
    /* An update in the product has the parameter's place, and the optimizer begins behind the weights. */
    uint32_t updated = 0;
    const soma_graph *graph = &step_of(fused, SOMA_MODE_TRAIN)->graph;
    for (uint32_t i = 0; i < graph->count; i++)
        updated += graph->tensor[i]->op != SOMA_OP_PARAMETER && graph->tensor[i]->place == SOMA_PLACE_PARAMETER;
    ck_assert_msg((updated > 0) == test->in_products, "%s: %u updates in products", test->name, updated);
    soma_network_destroy(fused);
    soma_network_destroy(plain);
}
END_TEST

START_TEST(networks_give_the_same_gradients_and_outputs) {
    const network_case *test = &networks[_i];
    soma_device device;
    host_device_open(&device);
    soma_network *network[] = {make(test, &device, false), make(test, &device, true)};
    size_t count = network[0]->compiled->executor->trained_count; /* of the others there are no gradients */
    double *gradient[2], outputs[2][BATCH * 3], input[2][BATCH * 4];
    uint32_t calls[2] = {0, 0};
    for (int i = 0; i < 2; i++) {
        soma_plan_figures figures;
        soma_step *backward = step_of(network[i], SOMA_MODE_BACKWARD),
                  *predict = step_of(network[i], SOMA_MODE_PREDICT);
        soma_plan *plan = plan_of(network[i], backward, BATCH);
        run_step(network[i], backward, plan);
        read_double(plan, backward->input_gradient[0], input[i]);
        gradient[i] = malloc(count * sizeof(double));
        memcpy(gradient[i], buffer_of(network[i], network[i]->compiled->executor->gradients), count * sizeof(double));
        soma_plan_get_figures(plan, &figures);
        calls[i] += figures.calls;
        plan = plan_of(network[i], predict, BATCH);
        run_step(network[i], predict, plan);
        read_double(plan, predict->output[0], outputs[i]);
        soma_plan_get_figures(plan, &figures);
        calls[i] += figures.calls;
    }
    expect_near(gradient[0], gradient[1], count, test->name);
    expect_near(input[0], input[1], BATCH * 4, test->name);
    expect_near(outputs[0], outputs[1], BATCH * 3, test->name);
    ck_assert_uint_le(calls[0], calls[1]);
    if (test->text && strchr(test->text, ';')) ck_assert_uint_lt(calls[0], calls[1]); /* it has an inner activation */
    for (int i = 0; i < 2; i++) {
        free(gradient[i]);
        soma_network_destroy(network[i]);
    }
}
END_TEST

static void add_tests(TCase *cases) {
    tcase_add_loop_test(cases, rewritten_graphs_compute_the_same, 0,
                        SOMA_HAS_TRAINING ? (int)SOMA_COUNT_OF(graphs) : forward_graphs());
    if (SOMA_HAS_TRAINING) {
        tcase_add_loop_test(cases, networks_train_the_same, 0, SOMA_COUNT_OF(networks));
        tcase_add_loop_test(cases, networks_give_the_same_gradients_and_outputs, 0, SOMA_COUNT_OF(networks));
    }
}

int main(void) {
    return run_suite("fuse", add_tests);
}
