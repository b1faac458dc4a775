/* SPDX-License-Identifier: MIT */
/*
 * Functions of one number, each a row: X(NAME, from_output, f, derivative). Compiled by C (float and double) and by OpenCL C.
 *
 * f is an expression in x; the derivative is an expression in v, which is the function's output y where from_output is 1,
 * its input x where it is 0. Both may use the parameters a and b. Formulas and ranges: soma_function in soma/base.h.
 *
 * Who includes this defines `real` (the number type), R(literal), and EXP, EXPM1, LOG, LOG1P, TANH, ERF, SQRT, ABS of it.
 * Comparisons are written so that a NaN takes the branch that gives NaN.
 */
#ifndef SOMA_KERNELS_FUNCTIONS_H
#define SOMA_KERNELS_FUNCTIONS_H

#define SOMA_SELU_SCALE R(1.0507009873554805)
#define SOMA_SELU_ALPHA R(1.6732632423543772)
#define SOMA_SQRT_HALF R(0.7071067811865476)
#define SOMA_INV_SQRT_2PI R(0.3989422804014327)

#define SOMA_FUNCTION_TABLE(X)                                                                                         \
    X(IDENTITY, 1, x, R(1.0))                                                                                          \
    X(LINEAR, 1, a * x, a)                                                                                             \
    X(SIGMOID, 1, R(1.0) / (R(1.0) + EXP(-x)), v *(R(1.0) - v))                                                        \
    X(TANH, 1, TANH(x), R(1.0) - v * v)                                                                                \
    X(STEP, 1, x < R(0.0) ? R(0.0) : (x >= R(0.0) ? R(1.0) : x), R(0.0))                                               \
    X(RELU, 1, x < R(0.0) ? R(0.0) : x, v > R(0.0) ? R(1.0) : (v <= R(0.0) ? R(0.0) : v))                              \
    X(LEAKY_RELU, 0, x > R(0.0) ? a * x : b * x, v > R(0.0) ? a : (v <= R(0.0) ? b : v))                               \
    X(ELU, 1, x > R(0.0) ? x : a * EXPM1(x), v > R(0.0) ? R(1.0) : v + a)                                              \
    X(SELU, 1, x > R(0.0) ? SOMA_SELU_SCALE * x : SOMA_SELU_SCALE * SOMA_SELU_ALPHA * EXPM1(x),                        \
      v > R(0.0) ? SOMA_SELU_SCALE : v + SOMA_SELU_SCALE * SOMA_SELU_ALPHA)                                            \
    X(SOFTPLUS, 1, (x < R(0.0) ? R(0.0) : x) + LOG1P(EXP(-ABS(x))), -EXPM1(-v))                                        \
    X(GELU, 0, R(0.5) * x * (R(1.0) + ERF(x * SOMA_SQRT_HALF)),                                                        \
      R(0.5) * (R(1.0) + ERF(v * SOMA_SQRT_HALF)) + v * SOMA_INV_SQRT_2PI * EXP(R(-0.5) * v * v))                      \
    X(SILU, 0, x / (R(1.0) + EXP(-x)), SOMA_SILU_GRAD(R(1.0) / (R(1.0) + EXP(-v)), v))                                 \
    X(HARD_SIGMOID, 1, a * x + b < R(0.0) ? R(0.0) : (a * x + b > R(1.0) ? R(1.0) : a * x + b),                        \
      v <= R(0.0) || v >= R(1.0) ? R(0.0) : (v == v ? a : v))                                                          \
    X(EXP, 1, EXP(x), v)                                                                                               \
    X(LOG, 0, LOG(x), R(1.0) / v)                                                                                      \
    X(SQRT, 1, SQRT(x), R(0.5) / v)                                                                                    \
    X(ABS, 0, ABS(x), v > R(0.0) ? R(1.0) : (v < R(0.0) ? R(-1.0) : v))                                                \
    X(SQUARE, 0, x *x, R(2.0) * v)

/* s + x s (1 - s), with s = sigmoid(x). */
#define SOMA_SILU_GRAD(s, x) ((s) + (x) * (s) * (R(1.0) - (s)))

#endif
