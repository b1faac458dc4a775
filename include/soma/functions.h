/* SPDX-License-Identifier: MIT */
/*
 * soma/functions.h - functions of one number: activations and a few more, each a row of one table.
 *
 * A row is all that soma knows of a function. The devices compile the formulas (C in float32, the reference in float64,
 * OpenCL C), so a plugin can compile this table, too; enumeration, names, defaults, ONNX ops, what a network as text
 * may say, and the error bounds of `soma check` come from here. Formulas for people, with ranges: docs/networks.md,
 * which a test compares with this table.
 *
 * X(NAME, name, from_output, f, derivative, kinks, parameters, a, b, needs, initializer, words, onnx)
 *
 *   f            expression in x and the parameters a and b
 *   derivative   expression in v, a and b; v is the function's output y where from_output is 1, its input x where it is
 *                0
 *   kinks        where f has no derivative, or one that depends on the side: SOMA_SMOOTH, SOMA_KINK(x),
 *                SOMA_KINKS(x, x)
 *   parameters   how many there are to choose; a, b: their defaults
 *   needs        a condition on a and b; 1: none
 *   initializer  the initial weights that suit a layer with this activation: SOMA_INIT_...
 *   words        other names that people type, separated by blanks
 *   onnx         (op, the opset since which there is this op, the attributes that hold a and b); "" for no op or
 *                attribute of its own
 *
 * Who compiles formulas defines `real` (the number type), R(literal), and of it EXP, EXPM1, LOG, LOG1P, TANH, ERF,
 * SQRT, ABS, FLOOR, CEIL, ROUND (half to even), SIN, COS, TAN, ASIN, ACOS, ATAN, SINH, COSH, ASINH, ACOSH, ATANH.
 * Comparisons are written so that a NaN takes the branch that gives NaN: it comes out as NaN everywhere but in
 * derivatives that are 0 all over, those of SOMA_FLAT_FUNCTIONS. New rows are added at the end: their order is that of
 * soma_function's values.
 */
#ifndef SOMA_FUNCTIONS_H
#define SOMA_FUNCTIONS_H

/* Klambauer et al. 2017, "Self-Normalizing Neural Networks". */
#define SOMA_SELU_SCALE     R(1.0507009873554805)
#define SOMA_SELU_ALPHA     R(1.6732632423543772)
#define SOMA_SQRT_HALF      R(0.7071067811865476)
#define SOMA_INV_SQRT_2PI   R(0.3989422804014327)
#define SOMA_TWO_BY_SQRT_PI R(1.1283791670955126)

/* s + x s (1 - s), with s = sigmoid(x). */
#define SOMA_SILU_GRAD(s, x) ((s) + (x) * (s) * (R(1.0) - (s)))

/* tanh(ln(1 + e^x)) = ((1 + e^x)^2 - 1) / ((1 + e^x)^2 + 1), and its derivative, by u = e^-|x|, so that nothing
   overflows or cancels (Misra 2019, "Mish"). */
#define SOMA_MISH_DOWN(u) (R(2.0) + u * (R(2.0) + u))
#define SOMA_MISH_UP(u)   (R(1.0) + R(2.0) * u * (R(1.0) + u))
#define SOMA_MISH_TANH(u, x)                                                                                           \
    ((x) > R(0.0) ? (R(1.0) + R(2.0) * u) / SOMA_MISH_UP(u) : u * (R(2.0) + u) / SOMA_MISH_DOWN(u))
#define SOMA_MISH_SLOPE(u, x)                                                                                          \
    ((x) > R(0.0) ? R(4.0) * u * u * (R(1.0) + u) / (SOMA_MISH_UP(u) * SOMA_MISH_UP(u))                                \
                  : R(4.0) * u * (R(1.0) + u) / (SOMA_MISH_DOWN(u) * SOMA_MISH_DOWN(u)))

/* Constant by pieces: the derivative is 0 all over. */
#define SOMA_FLAT_FUNCTIONS(X) X(STEP) X(SIGN) X(FLOOR) X(CEIL) X(ROUND)

/* clang-format off */
#define SOMA_FUNCTION_TABLE(X) \
    X(IDENTITY, identity, 1,                                                                                                 \
      x,                                                                                                                     \
      R(1.0),                                                                                                                \
      SOMA_SMOOTH, 0, 0, 0, 1, GLOROT_UNIFORM, "", ("Identity", 1, "", ""))                                                  \
    X(LINEAR, linear, 1,                                                                                                     \
      a * x,                                                                                                                 \
      a,                                                                                                                     \
      SOMA_SMOOTH, 1, 1, 0, 1, GLOROT_UNIFORM, "", ("", 0, "", ""))                                                          \
    X(SIGMOID, sigmoid, 1,                                                                                                   \
      R(1.0) / (R(1.0) + EXP(-x)),                                                                                           \
      v * (R(1.0) - v),                                                                                                      \
      SOMA_SMOOTH, 0, 0, 0, 1, GLOROT_UNIFORM, "logistic", ("Sigmoid", 6, "", ""))                                           \
    X(TANH, tanh, 1,                                                                                                         \
      TANH(x),                                                                                                               \
      R(1.0) - v * v,                                                                                                        \
      SOMA_SMOOTH, 0, 0, 0, 1, GLOROT_UNIFORM, "", ("Tanh", 6, "", ""))                                                      \
    X(STEP, step, 1,                                                                                                         \
      x < R(0.0) ? R(0.0) : (x >= R(0.0) ? R(1.0) : x),                                                                      \
      R(0.0),                                                                                                                \
      SOMA_KINK(0.0), 0, 0, 0, 1, GLOROT_UNIFORM, "heaviside binary_step", ("", 0, "", ""))                                  \
    X(RELU, relu, 1,                                                                                                         \
      x < R(0.0) ? R(0.0) : x,                                                                                               \
      v > R(0.0) ? R(1.0) : (v <= R(0.0) ? R(0.0) : v),                                                                      \
      SOMA_KINK(0.0), 0, 0, 0, 1, HE_UNIFORM, "", ("Relu", 6, "", ""))                                                       \
    X(LEAKY_RELU, leaky_relu, 0,                                                                                             \
      x > R(0.0) ? a * x : b * x,                                                                                            \
      v > R(0.0) ? a : (v <= R(0.0) ? b : v),                                                                                \
      SOMA_KINK(0.0), 2, 1, 0.01f, b < a, HE_UNIFORM, "leakyrelu lrelu", ("LeakyRelu", 6, "", "alpha"))                      \
    X(ELU, elu, 1,                                                                                                           \
      x > R(0.0) ? x : a * EXPM1(x),                                                                                         \
      v > R(0.0) ? R(1.0) : v + a,                                                                                           \
      SOMA_KINK(0.0), 1, 1, 0, a >= 0, HE_UNIFORM, "", ("Elu", 6, "alpha", ""))                                              \
    X(SELU, selu, 1,                                                                                                         \
      x > R(0.0) ? SOMA_SELU_SCALE * x : SOMA_SELU_SCALE * SOMA_SELU_ALPHA * EXPM1(x),                                       \
      v > R(0.0) ? SOMA_SELU_SCALE : v + SOMA_SELU_SCALE * SOMA_SELU_ALPHA,                                                  \
      SOMA_KINK(0.0), 0, 0, 0, 1, LECUN_NORMAL, "", ("Selu", 6, "", ""))                                                     \
    X(SOFTPLUS, softplus, 1,                                                                                                 \
      (x < R(0.0) ? R(0.0) : x) + LOG1P(EXP(-ABS(x))),                                                                       \
      -EXPM1(-v),                                                                                                            \
      SOMA_SMOOTH, 0, 0, 0, 1, GLOROT_UNIFORM, "", ("Softplus", 1, "", ""))                                                  \
    X(GELU, gelu, 0,                                                                                                         \
      R(0.5) * x * (R(1.0) + ERF(x * SOMA_SQRT_HALF)),                                                                       \
      R(0.5) * (R(1.0) + ERF(v * SOMA_SQRT_HALF)) + v * SOMA_INV_SQRT_2PI * EXP(R(-0.5) * v * v),                            \
      SOMA_SMOOTH, 0, 0, 0, 1, HE_UNIFORM, "", ("Gelu", 20, "", ""))                                                         \
    X(SILU, silu, 0,                                                                                                         \
      x / (R(1.0) + EXP(-x)),                                                                                                \
      SOMA_SILU_GRAD(R(1.0) / (R(1.0) + EXP(-v)), v),                                                                        \
      SOMA_SMOOTH, 0, 0, 0, 1, HE_UNIFORM, "swish", ("", 0, "", ""))                                                         \
    X(HARD_SIGMOID, hard_sigmoid, 1,                                                                                         \
      a * x + b < R(0.0) ? R(0.0) : (a * x + b > R(1.0) ? R(1.0) : a * x + b),                                               \
      v <= R(0.0) || v >= R(1.0) ? R(0.0) : (v == v ? a : v),                                                                \
      SOMA_KINKS(-b / a, (1 - b) / a), 2, 0.2f, 0.5f, 1, GLOROT_UNIFORM, "hardsigmoid", ("HardSigmoid", 6, "alpha", "beta")) \
    X(EXP, exp, 1,                                                                                                           \
      EXP(x),                                                                                                                \
      v,                                                                                                                     \
      SOMA_SMOOTH, 0, 0, 0, 1, GLOROT_UNIFORM, "exponential", ("Exp", 6, "", ""))                                            \
    X(LOG, log, 0,                                                                                                           \
      LOG(x),                                                                                                                \
      R(1.0) / v,                                                                                                            \
      SOMA_KINK(0.0), 0, 0, 0, 1, GLOROT_UNIFORM, "", ("Log", 6, "", ""))                                                    \
    X(SQRT, sqrt, 1,                                                                                                         \
      SQRT(x),                                                                                                               \
      R(0.5) / v,                                                                                                            \
      SOMA_KINK(0.0), 0, 0, 0, 1, GLOROT_UNIFORM, "", ("Sqrt", 6, "", ""))                                                   \
    X(ABS, abs, 0,                                                                                                           \
      ABS(x),                                                                                                                \
      v > R(0.0) ? R(1.0) : (v < R(0.0) ? R(-1.0) : v),                                                                      \
      SOMA_KINK(0.0), 0, 0, 0, 1, GLOROT_UNIFORM, "", ("Abs", 6, "", ""))                                                    \
    X(SQUARE, square, 0,                                                                                                     \
      x * x,                                                                                                                 \
      R(2.0) * v,                                                                                                            \
      SOMA_SMOOTH, 0, 0, 0, 1, GLOROT_UNIFORM, "", ("", 0, "", ""))                                                          \
    X(MISH, mish, 0,                                                                                                         \
      x * SOMA_MISH_TANH(EXP(-ABS(x)), x),                                                                                   \
      SOMA_MISH_TANH(EXP(-ABS(v)), v) + v * SOMA_MISH_SLOPE(EXP(-ABS(v)), v),                                                \
      SOMA_SMOOTH, 0, 0, 0, 1, HE_UNIFORM, "", ("Mish", 18, "", ""))                                                         \
    X(HARD_SWISH, hard_swish, 0,                                                                                             \
      x > R(3.0) ? x : x * (x < R(-3.0) ? R(0.0) : x + R(3.0)) / R(6.0),                                                     \
      v < R(-3.0) ? R(0.0) : (v > R(3.0) ? R(1.0) : (R(2.0) * v + R(3.0)) / R(6.0)),                                         \
      SOMA_KINKS(-3.0, 3.0), 0, 0, 0, 1, HE_UNIFORM, "hardswish hard_silu hardsilu", ("HardSwish", 14, "", ""))              \
    X(RELU6, relu6, 1,                                                                                                       \
      x < R(0.0) ? R(0.0) : (x > R(6.0) ? R(6.0) : x),                                                                       \
      v <= R(0.0) || v >= R(6.0) ? R(0.0) : (v == v ? R(1.0) : v),                                                           \
      SOMA_KINKS(0.0, 6.0), 0, 0, 0, 1, HE_UNIFORM, "", ("", 0, "", ""))                                                     \
    X(SOFTSIGN, softsign, 0,                                                                                                 \
      x / (R(1.0) + ABS(x)),                                                                                                 \
      R(1.0) / ((R(1.0) + ABS(v)) * (R(1.0) + ABS(v))),                                                                      \
      SOMA_SMOOTH, 0, 0, 0, 1, GLOROT_UNIFORM, "", ("Softsign", 1, "", ""))                                                  \
    X(CELU, celu, 1,                                                                                                         \
      x > R(0.0) ? x : a * EXPM1(x / a),                                                                                     \
      v > R(0.0) ? R(1.0) : v / a + R(1.0),                                                                                  \
      SOMA_SMOOTH, 1, 1, 0, a > 0, HE_UNIFORM, "", ("Celu", 12, "alpha", ""))                                                \
    X(ERF, erf, 0,                                                                                                           \
      ERF(x),                                                                                                                \
      SOMA_TWO_BY_SQRT_PI * EXP(-v *v),                                                                                      \
      SOMA_SMOOTH, 0, 0, 0, 1, GLOROT_UNIFORM, "", ("Erf", 9, "", ""))                                                       \
    X(RECIPROCAL, reciprocal, 1,                                                                                             \
      R(1.0) / x,                                                                                                            \
      -v * v,                                                                                                                \
      SOMA_KINK(0.0), 0, 0, 0, 1, GLOROT_UNIFORM, "inverse", ("Reciprocal", 6, "", ""))                                       \
    X(SIGN, sign, 0,                                                                                                          \
      x > R(0.0) ? R(1.0) : (x < R(0.0) ? R(-1.0) : x),                                                                       \
      R(0.0),                                                                                                                 \
      SOMA_KINK(0.0), 0, 0, 0, 1, GLOROT_UNIFORM, "signum", ("Sign", 9, "", ""))                                              \
    X(FLOOR, floor, 0,                                                                                                        \
      FLOOR(x),                                                                                                               \
      R(0.0),                                                                                                                 \
      SOMA_KINK(0.0), 0, 0, 0, 1, GLOROT_UNIFORM, "", ("Floor", 6, "", ""))                                                   \
    X(CEIL, ceil, 0,                                                                                                          \
      CEIL(x),                                                                                                                \
      R(0.0),                                                                                                                 \
      SOMA_KINK(0.0), 0, 0, 0, 1, GLOROT_UNIFORM, "ceiling", ("Ceil", 6, "", ""))                                             \
    X(ROUND, round, 0,                                                                                                        \
      ROUND(x),                                                                                                               \
      R(0.0),                                                                                                                 \
      SOMA_KINK(0.5), 0, 0, 0, 1, GLOROT_UNIFORM, "rint", ("Round", 11, "", ""))                                              \
    X(SIN, sin, 0,                                                                                                            \
      SIN(x),                                                                                                                 \
      COS(v),                                                                                                                 \
      SOMA_SMOOTH, 0, 0, 0, 1, GLOROT_UNIFORM, "", ("Sin", 7, "", ""))                                                        \
    X(COS, cos, 0,                                                                                                            \
      COS(x),                                                                                                                 \
      -SIN(v),                                                                                                                \
      SOMA_SMOOTH, 0, 0, 0, 1, GLOROT_UNIFORM, "", ("Cos", 7, "", ""))                                                        \
    X(TAN, tan, 1,                                                                                                            \
      TAN(x),                                                                                                                 \
      R(1.0) + v * v,                                                                                                         \
      SOMA_SMOOTH, 0, 0, 0, 1, GLOROT_UNIFORM, "", ("Tan", 7, "", ""))                                                        \
    X(ASIN, asin, 0,                                                                                                          \
      ASIN(x),                                                                                                                \
      R(1.0) / SQRT((R(1.0) - v) * (R(1.0) + v)),                                                                             \
      SOMA_KINKS(-1.0, 1.0), 0, 0, 0, 1, GLOROT_UNIFORM, "arcsin", ("Asin", 7, "", ""))                                       \
    X(ACOS, acos, 0,                                                                                                          \
      ACOS(x),                                                                                                                \
      R(-1.0) / SQRT((R(1.0) - v) * (R(1.0) + v)),                                                                            \
      SOMA_KINKS(-1.0, 1.0), 0, 0, 0, 1, GLOROT_UNIFORM, "arccos", ("Acos", 7, "", ""))                                       \
    X(ATAN, atan, 0,                                                                                                          \
      ATAN(x),                                                                                                                \
      R(1.0) / (R(1.0) + v * v),                                                                                              \
      SOMA_SMOOTH, 0, 0, 0, 1, GLOROT_UNIFORM, "arctan", ("Atan", 7, "", ""))                                                 \
    X(SINH, sinh, 0,                                                                                                          \
      SINH(x),                                                                                                                \
      COSH(v),                                                                                                                \
      SOMA_SMOOTH, 0, 0, 0, 1, GLOROT_UNIFORM, "", ("Sinh", 9, "", ""))                                                       \
    X(COSH, cosh, 0,                                                                                                          \
      COSH(x),                                                                                                                \
      SINH(v),                                                                                                                \
      SOMA_SMOOTH, 0, 0, 0, 1, GLOROT_UNIFORM, "", ("Cosh", 9, "", ""))                                                       \
    X(ASINH, asinh, 0,                                                                                                        \
      ASINH(x),                                                                                                               \
      ABS(v) > R(4096.0) ? R(1.0) / ABS(v) : R(1.0) / SQRT(R(1.0) + v * v),                                                   \
      SOMA_SMOOTH, 0, 0, 0, 1, GLOROT_UNIFORM, "arcsinh arsinh", ("Asinh", 9, "", ""))                                        \
    X(ACOSH, acosh, 0,                                                                                                        \
      ACOSH(x),                                                                                                               \
      R(1.0) / (SQRT(v - R(1.0)) * SQRT(v + R(1.0))),                                                                         \
      SOMA_KINK(1.0), 0, 0, 0, 1, GLOROT_UNIFORM, "arccosh arcosh", ("Acosh", 9, "", ""))                                     \
    X(ATANH, atanh, 0,                                                                                                        \
      ATANH(x),                                                                                                               \
      R(1.0) / ((R(1.0) - v) * (R(1.0) + v)),                                                                                 \
      SOMA_KINKS(-1.0, 1.0), 0, 0, 0, 1, GLOROT_UNIFORM, "arctanh artanh", ("Atanh", 9, "", ""))                              \
    X(THRESHOLDED_RELU, thresholded_relu, 0,                                                                                  \
      x > a ? x : (x <= a ? R(0.0) : x),                                                                                      \
      v > a ? R(1.0) : (v <= a ? R(0.0) : v),                                                                                 \
      SOMA_KINK(a), 1, 1, 0, 1, GLOROT_UNIFORM, "thresholdedrelu", ("ThresholdedRelu", 10, "alpha", ""))                      \
    X(SHRINK, shrink, 0,                                                                                                      \
      x < -a ? x + b : (x > a ? x - b : (x == x ? R(0.0) : x)),                                                               \
      v < -a || v > a ? R(1.0) : (v == v ? R(0.0) : v),                                                                       \
      SOMA_KINKS(-a, a), 2, 0.5f, 0, a >= 0, GLOROT_UNIFORM, "hardshrink hard_shrink", ("Shrink", 9, "lambd", "bias"))
/* clang-format on */

#endif
