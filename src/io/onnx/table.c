/* SPDX-License-Identifier: MIT */
/* The ONNX ops that are known. A new one is a row here, and a rule where there is none yet. */
#include "io/onnx/import.h"

#include <string.h>

/* clang-format off */
static const soma_onnx_row rows[] = {
    /* op           since inputs          attributes                          rule                  parameter */
    {"Abs",            1, 1, 1,                "consumed_inputs",                 soma_onnx_unary,      SOMA_ABS},
    {"Add",            1, 2, 2,                "axis broadcast consumed_inputs",  soma_onnx_binary,     SOMA_BINARY_ADD},
    {"Cast",           1, 1, 1,                "to saturate round_mode",          soma_onnx_cast,       0},
    {"Clip",           1, 1, 3,                "min max consumed_inputs",         soma_onnx_clip,       0},
    {"Concat",         1, 1, SOMA_MAX_INPUTS,  "axis",                            soma_onnx_concat,     0},
    {"Constant",       1, 0, 0,                "value value_float value_floats value_int value_ints", soma_onnx_literal, 0},
    {"Div",            1, 2, 2,                "axis broadcast consumed_inputs",  soma_onnx_binary,     SOMA_BINARY_DIVIDE},
    {"Dropout",        1, 1, 3,                "ratio is_test seed consumed_inputs", soma_onnx_dropout, 0},
    {"Elu",            1, 1, 1,                "alpha consumed_inputs",           soma_onnx_unary,      SOMA_ELU},
    {"Exp",            1, 1, 1,                "consumed_inputs",                 soma_onnx_unary,      SOMA_EXP},
    {"Flatten",        1, 1, 1,                "axis",                            soma_onnx_flatten,    0},
    {"Gelu",          20, 1, 1,                "approximate",                     soma_onnx_gelu,       0},
    {"Gemm",           1, 2, 3,                "alpha beta transA transB broadcast", soma_onnx_gemm,    0},
    {"Greater",        1, 2, 2,                "axis broadcast",                  soma_onnx_binary,     SOMA_BINARY_GREATER},
    {"GreaterOrEqual", 12, 2, 2,               "",                                soma_onnx_binary,     SOMA_BINARY_GREATER_EQUAL},
    {"HardSigmoid",    1, 1, 1,                "alpha beta consumed_inputs",      soma_onnx_unary,      SOMA_HARD_SIGMOID},
    {"Identity",       1, 1, 1,                "",                                soma_onnx_identity,   0},
    {"LeakyRelu",      1, 1, 1,                "alpha consumed_inputs",           soma_onnx_unary,      SOMA_LEAKY_RELU},
    {"Log",            1, 1, 1,                "consumed_inputs",                 soma_onnx_unary,      SOMA_LOG},
    {"LogSoftmax",     1, 1, 1,                "axis",                            soma_onnx_softmax,    true},
    {"MatMul",         1, 2, 2,                "",                                soma_onnx_matmul,     0},
    {"Max",            1, 1, SOMA_MAX_INPUTS,  "consumed_inputs",                 soma_onnx_fold,       SOMA_BINARY_MAXIMUM},
    {"Min",            1, 1, SOMA_MAX_INPUTS,  "consumed_inputs",                 soma_onnx_fold,       SOMA_BINARY_MINIMUM},
    {"Mul",            1, 2, 2,                "axis broadcast consumed_inputs",  soma_onnx_binary,     SOMA_BINARY_MULTIPLY},
    {"Neg",            1, 1, 1,                "consumed_inputs",                 soma_onnx_unary,      SOMA_LINEAR},
    {"Pow",            1, 2, 2,                "axis broadcast",                  soma_onnx_pow,        0},
    {"ReduceMax",      1, 1, 2,                "axes keepdims noop_with_empty_axes", soma_onnx_reduce,  SOMA_REDUCE_MAX},
    {"ReduceMean",     1, 1, 2,                "axes keepdims noop_with_empty_axes", soma_onnx_reduce,  SOMA_REDUCE_MEAN},
    {"ReduceMin",      1, 1, 2,                "axes keepdims noop_with_empty_axes", soma_onnx_reduce,  SOMA_REDUCE_MIN},
    {"ReduceSum",      1, 1, 2,                "axes keepdims noop_with_empty_axes", soma_onnx_reduce,  SOMA_REDUCE_SUM},
    {"Relu",           1, 1, 1,                "consumed_inputs",                 soma_onnx_unary,      SOMA_RELU},
    {"Reshape",        1, 1, 2,                "shape allowzero consumed_inputs", soma_onnx_reshape,    0},
    {"Selu",           1, 1, 1,                "alpha gamma consumed_inputs",     soma_onnx_selu,       0},
    {"Sigmoid",        1, 1, 1,                "consumed_inputs",                 soma_onnx_unary,      SOMA_SIGMOID},
    {"Softmax",        1, 1, 1,                "axis",                            soma_onnx_softmax,    false},
    {"Softplus",       1, 1, 1,                "",                                soma_onnx_unary,      SOMA_SOFTPLUS},
    {"Sqrt",           1, 1, 1,                "consumed_inputs",                 soma_onnx_unary,      SOMA_SQRT},
    {"Squeeze",        1, 1, 2,                "axes",                            soma_onnx_squeeze,    0},
    {"Sub",            1, 2, 2,                "axis broadcast consumed_inputs",  soma_onnx_binary,     SOMA_BINARY_SUBTRACT},
    {"Sum",            1, 1, SOMA_MAX_INPUTS,  "consumed_inputs",                 soma_onnx_fold,       SOMA_BINARY_ADD},
    {"Tanh",           1, 1, 1,                "consumed_inputs",                 soma_onnx_unary,      SOMA_TANH},
    {"Transpose",      1, 1, 1,                "perm",                            soma_onnx_transpose,  0},
    {"Unsqueeze",      1, 1, 2,                "axes",                            soma_onnx_unsqueeze,  0},
};
/* clang-format on */

const soma_onnx_row *soma_onnx_find_row(const char *name) {
    for (size_t i = 0; i < SOMA_COUNT_OF(rows); i++)
        if (strcmp(rows[i].name, name) == 0) return &rows[i];
    return NULL;
}
