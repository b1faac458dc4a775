/* SPDX-License-Identifier: MIT */
/*
 * Quantised ops of onnxruntime's own: what its tools write for Add, Gemm, pools and functions, and what its optimiser
 * puts in the place of products of whole numbers. Each is computed of the floats that its values stand for, and
 * quantised again; products without a scale of their result are exact, see quantize_products.c.
 */
#include "io/onnx/compose.h"
#include "io/onnx/quantize.h"

#include <string.h>

#define TYPE(name)          SOMA__ONNX__TENSOR_PROTO__DATA_TYPE__##name
#define MICROSOFT(op, ...)  SOMA_ONNX_OP(op, 1, __VA_ARGS__, .place = SOMA_ONNX_ANYWHERE, .domain = SOMA_ONNX_MICROSOFT)
#define PAIR(op, x, y, out) SOMA_TRY(SOMA_ONNX_COMPOSE(node, op, NULL, out, x, y))

/* ---------------------------------------------------------------------------------------------------------- import */

/* Inputs from number `first` on: a value, its scale and its zero point, which may be left out: as floats. Scales of
 * more than one number go along this axis. */
static soma_status dequantise_along(soma_onnx_node *node, uint32_t first, int64_t axis, soma_onnx_value *x) {
    soma_onnx_value *given[] = {soma_onnx_optional(node, first), soma_onnx_optional(node, first + 1),
                                soma_onnx_optional(node, first + 2)};
    soma_onnx_made made;
    if (!given[0] || !given[1]) return soma_error(SOMA_INVALID_FILE, "input %u or its scale is left out", first);
    if (!given[0]->integer) return soma_error(SOMA_INVALID_FILE, "%s must be of whole numbers", given[0]->name);
    soma_onnx_begin_made(&made);
    soma_onnx_made_integer(&made, "axis", axis);
    SOMA_TRY(soma_onnx_compose(node, &soma_onnx_row_DequantizeLinear, &made, given, given[2] ? 3 : 2, x));
    x->trained = false;
    return SOMA_OK;
}

static soma_status dequantise(soma_onnx_node *node, uint32_t first, soma_onnx_value *x) {
    return dequantise_along(node, first, 0, x);
}

/* The result is y by the scale that is this input, and the zero point behind it; of the type of that, or of this. */
static soma_status quantise(soma_onnx_node *node, soma_onnx_value *y, uint32_t scale, int32_t type) {
    const soma_onnx_value *of = soma_onnx_optional(node, scale), *zero = soma_onnx_optional(node, scale + 1);
    soma_tensor *tensor;
    if (!of) return soma_error(SOMA_INVALID_FILE, "the result's scale is left out");
    SOMA_TRY(soma_onnx_tensor_as_it_lies(node, y, &tensor));
    y->tensor = tensor;
    SOMA_TRY(soma_onnx_apply_along(node, y, of, 0, SOMA_BINARY_DIVIDE));
    return soma_onnx_give_quantised(node, y, zero, 0, zero ? zero->elements.type : type);
}

/* a, its scale and zero point, the same of b, and of the result. */
static soma_status import_pair(soma_onnx_node *node) {
    soma_onnx_value a, b, y;
    SOMA_TRY(dequantise(node, 0, &a));
    SOMA_TRY(dequantise(node, 3, &b));
    if (node->row->parameter)
        PAIR(Mul, &a, &b, &y);
    else
        PAIR(Add, &a, &b, &y);
    return quantise(node, &y, 6, node->input[0]->elements.type);
}

MICROSOFT(QLinearAdd, 7, 8, "", import_pair, false);
MICROSOFT(QLinearMul, 7, 8, "", import_pair, true);

typedef enum single { SIGMOID, LEAKY_RELU, AVERAGE, GLOBAL_AVERAGE } single;

static soma_status compute(soma_onnx_node *node, soma_onnx_value *x, soma_onnx_value *y) {
    soma_onnx_made made;
    float slope;
    soma_onnx_begin_made(&made);
    switch ((single)node->row->parameter) {
    case SIGMOID:
        return soma_onnx_compose(node, &soma_onnx_functions[SOMA_SIGMOID], &made, &x, 1, y);
    case LEAKY_RELU:
        SOMA_TRY(soma_onnx_get_float(node, "alpha", 0.01F, &slope));
        soma_onnx_made_float(&made, "alpha", slope);
        return soma_onnx_compose(node, &soma_onnx_functions[SOMA_LEAKY_RELU], &made, &x, 1, y);
    case AVERAGE:
        return SOMA_ONNX_COMPOSE(node, AveragePool, NULL, y, x);
    default:
        return SOMA_ONNX_COMPOSE(node, GlobalAveragePool, &made, y, x);
    }
}

/* x, its scale and zero point, and those of the result. */
static soma_status import_single(soma_onnx_node *node) {
    soma_onnx_value x, y;
    int64_t last;
    SOMA_TRY(soma_onnx_get_integer(node, "channels_last", 0, &last));
    if (last) return soma_error(SOMA_UNSUPPORTED, "attribute channels_last; channels come before positions");
    SOMA_TRY(dequantise(node, 0, &x));
    SOMA_TRY(compute(node, &x, &y));
    return quantise(node, &y, 3, node->input[0]->elements.type);
}

MICROSOFT(QLinearAveragePool, 4, 5, "auto_pad ceil_mode channels_last count_include_pad kernel_shape pads strides",
          import_single, AVERAGE);
MICROSOFT(QLinearGlobalAveragePool, 4, 5, "channels_last", import_single, GLOBAL_AVERAGE);
MICROSOFT(QLinearLeakyRelu, 4, 5, "alpha", import_single, LEAKY_RELU);
MICROSOFT(QLinearSigmoid, 4, 5, "", import_single, SIGMOID);

/* Before opset 13 over all dimensions from the axis on. */
static soma_status import_softmax(soma_onnx_node *node) {
    const uint32_t rank = node->input[0]->shape.rank;
    soma_onnx_value x, y;
    soma_onnx_made made;
    int64_t axis, opset;
    uint32_t at;
    SOMA_TRY(soma_onnx_get_integer(node, "opset", 13, &opset));
    SOMA_TRY(soma_onnx_get_integer(node, "axis", opset < 13 ? 1 : -1, &axis));
    SOMA_TRY(soma_onnx_axis(node, axis, rank, &at));
    if (opset < 13 && at + 1 != rank)
        return soma_error(SOMA_UNSUPPORTED, "axis %u of %u in opset %lld; the last one is possible", at, rank,
                          (long long)opset);
    soma_onnx_begin_made(&made);
    soma_onnx_made_integer(&made, "axis", (int64_t)at);
    SOMA_TRY(dequantise(node, 0, &x));
    SOMA_TRY(SOMA_ONNX_COMPOSE(node, Softmax, &made, &y, &x));
    return quantise(node, &y, 3, node->input[0]->elements.type);
}

MICROSOFT(QLinearSoftmax, 5, 5, "axis opset", import_softmax, 0);

/* Scale and zero point of the result, and three inputs for each part. */
static soma_status import_concat(soma_onnx_node *node) {
    soma_onnx_value part[SOMA_MAX_INPUTS / 3], *parts[SOMA_MAX_INPUTS / 3], y;
    const uint32_t count = (node->input_count - 2) / 3;
    if (node->input_count != 2 + 3 * count || count == 0)
        return soma_error(SOMA_INVALID_FILE, "%u inputs; two, and three for each part, are taken", node->input_count);
    for (uint32_t i = 0; i < count; i++) {
        SOMA_TRY(dequantise(node, 2 + 3 * i, &part[i]));
        parts[i] = &part[i];
    }
    SOMA_TRY(soma_onnx_compose(node, &soma_onnx_row_Concat, NULL, parts, count, &y));
    return quantise(node, &y, 0, TYPE(UINT8));
}

MICROSOFT(QLinearConcat, 5, SOMA_MAX_INPUTS - 2, "axis", import_concat, 0);

/* ------------------------------------------------------------------------------------------------------- products */

/* y times a scale, of one number or of each column. */
static soma_status scale_by(soma_onnx_node *node, soma_onnx_value *y, uint32_t input) {
    const soma_onnx_value *scale = soma_onnx_optional(node, input);
    if (!scale) return soma_error(SOMA_INVALID_FILE, "input %u is left out", input);
    return soma_onnx_apply_along(node, y, scale, y->shape.rank - 1, SOMA_BINARY_MULTIPLY);
}

/* a b + c, c being whole numbers by the product of both scales. */
static soma_status import_gemm(soma_onnx_node *node) {
    soma_onnx_value a, b, c, y, *bias = soma_onnx_optional(node, 6);
    soma_onnx_made made;
    int64_t transpose_a, transpose_b;
    float alpha;
    SOMA_TRY(soma_onnx_get_integer(node, "transA", 0, &transpose_a));
    SOMA_TRY(soma_onnx_get_integer(node, "transB", 0, &transpose_b));
    SOMA_TRY(soma_onnx_get_float(node, "alpha", 1, &alpha));
    SOMA_TRY(dequantise(node, 0, &a));
    SOMA_TRY(dequantise_along(node, 3, transpose_b ? 0 : 1, &b));
    soma_onnx_begin_made(&made);
    soma_onnx_made_integer(&made, "transA", transpose_a);
    soma_onnx_made_integer(&made, "transB", transpose_b);
    soma_onnx_made_float(&made, "alpha", alpha);
    SOMA_TRY(SOMA_ONNX_COMPOSE(node, Gemm, &made, &y, &a, &b));
    if (bias) {
        soma_tensor *unused;
        c = soma_onnx_as_floats(bias);
        SOMA_TRY(soma_onnx_tensor_of_any(node, &c, &unused));
        SOMA_TRY(soma_onnx_apply_along(node, &c, node->input[1], 0, SOMA_BINARY_MULTIPLY));
        SOMA_TRY(scale_by(node, &c, 4));
        SOMA_TRY(soma_onnx_function(node, c.tensor, SOMA_LINEAR, alpha, 0, &c.tensor));
        SOMA_TRY(soma_onnx_combine(node, &y, &y.shape, &c, &c.shape, SOMA_BINARY_ADD, &y));
    }
    return soma_onnx_optional(node, 7) ? quantise(node, &y, 7, node->input[0]->elements.type)
                                       : soma_onnx_pass(node, &y);
}

MICROSOFT(QGemm, 6, 9, "alpha transA transB", import_gemm, 0);

/* x, its scale and its zero point. */
static soma_status quantise_dynamically(soma_onnx_node *node, soma_onnx_value *x, soma_onnx_value *of) {
    soma_onnx_made made;
    soma_onnx_begin_made(&made);
    soma_onnx_node one = {.importer = node->importer,
                          .row = &soma_onnx_row_DynamicQuantizeLinear,
                          .proto = &made.node,
                          .opset = soma_onnx_row_DynamicQuantizeLinear.since,
                          .input_count = 1,
                          .input = {x}};
    for (one.number = 0; one.number < 3; one.number++) {
        one.output = (soma_onnx_value){.name = node->output.name};
        SOMA_TRY(soma_onnx_apply_row(&one));
        of[one.number] = one.output;
    }
    return SOMA_OK;
}

/* y = a b of whole numbers, each less its zero point, which may be left out. */
static soma_status multiply(soma_onnx_node *node, soma_onnx_value *a, soma_onnx_value *a_zero, soma_onnx_value *b_zero,
                            soma_onnx_value *y) {
    soma_onnx_value *const given[] = {a, node->input[1], a_zero, b_zero};
    soma_onnx_made made;
    soma_onnx_begin_made(&made);
    SOMA_TRY(soma_onnx_compose(node, &soma_onnx_row_MatMulInteger, &made, given, 4, y));
    *y = soma_onnx_as_floats(y);
    return SOMA_OK;
}

static soma_status add_bias(soma_onnx_node *node, soma_onnx_value *y, uint32_t input) {
    soma_onnx_value *bias = soma_onnx_optional(node, input);
    if (bias) PAIR(Add, y, bias, y);
    return soma_onnx_pass(node, y);
}

/* a, b, scale and zero point of b, bias. */
static soma_status import_dynamic(soma_onnx_node *node) {
    soma_onnx_value of[3], y;
    SOMA_TRY(quantise_dynamically(node, node->input[0], of));
    SOMA_TRY(multiply(node, &of[0], &of[2], soma_onnx_optional(node, 3), &y));
    SOMA_TRY(soma_onnx_apply_along(node, &y, &of[1], 0, SOMA_BINARY_MULTIPLY));
    SOMA_TRY(scale_by(node, &y, 2));
    return add_bias(node, &y, 4);
}

MICROSOFT(DynamicQuantizeMatMul, 3, 5, "", import_dynamic, 0);

/* a, b, their scales, their zero points, bias. */
static soma_status import_to_float(soma_onnx_node *node) {
    soma_onnx_value y;
    SOMA_TRY(multiply(node, node->input[0], soma_onnx_optional(node, 4), soma_onnx_optional(node, 5), &y));
    SOMA_TRY(soma_onnx_apply_along(node, &y, node->input[2], 0, SOMA_BINARY_MULTIPLY));
    SOMA_TRY(scale_by(node, &y, 3));
    return add_bias(node, &y, 6);
}

MICROSOFT(MatMulIntegerToFloat, 4, 7, "", import_to_float, 0);
