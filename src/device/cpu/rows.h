/* SPDX-License-Identifier: MIT */
/* Sums and such over a row of numbers, vectorised, in one order for every instruction set. */
#ifndef SOMA_DEVICE_CPU_ROWS_H
#define SOMA_DEVICE_CPU_ROWS_H

#include "device/cpu/kernels.h"

/* Defines name(arguments, count): SOMA_PARTIALS interleaved sums of `term`, an expression in i, joined pairwise. */
#define SOMA_ROW_SUM(name, arguments, term)                                                                            \
    __attribute__((unused)) static float name(arguments, size_t count) {                                               \
        float part[SOMA_PARTIALS] = {0};                                                                               \
        size_t whole = count / SOMA_PARTIALS * SOMA_PARTIALS;                                                          \
        for (size_t at = 0; at < whole; at += SOMA_PARTIALS)                                                           \
            for (size_t l = 0; l < SOMA_PARTIALS; l++) {                                                               \
                size_t i = at + l;                                                                                     \
                part[l] += term;                                                                                       \
            }                                                                                                          \
        for (size_t l = 0; whole + l < count; l++) {                                                                   \
            size_t i = whole + l;                                                                                      \
            part[l] += term;                                                                                           \
        }                                                                                                              \
        for (size_t half = SOMA_PARTIALS / 2; half; half /= 2)                                                         \
            for (size_t l = 0; l < half; l++) part[l] += part[l + half];                                               \
        return part[0];                                                                                                \
    }
#define SOMA_ARGUMENTS(...) __VA_ARGS__

SOMA_ROW_SUM(soma_row_sum, const float *x, x[i])
SOMA_ROW_SUM(soma_row_exp_sum, const float *x, EXP(x[i]))
SOMA_ROW_SUM(soma_row_dot, SOMA_ARGUMENTS(const float *x, const float *y), x[i] * y[i])

/* NaN where there is one, -infinity for an empty row. */
__attribute__((unused)) static float soma_row_max(const float *x, size_t count) {
    float part[SOMA_PARTIALS], max = -__builtin_inff();
    size_t i = 0;
    if (count >= SOMA_PARTIALS) {
        memcpy(part, x, sizeof part);
        for (i = SOMA_PARTIALS; i + SOMA_PARTIALS <= count; i += SOMA_PARTIALS)
            for (size_t l = 0; l < SOMA_PARTIALS; l++)
                part[l] = x[i + l] > part[l] || x[i + l] != x[i + l] ? x[i + l] : part[l];
        for (size_t l = 0; l < SOMA_PARTIALS; l++) max = part[l] > max || part[l] != part[l] ? part[l] : max;
    }
    for (; i < count; i++) max = x[i] > max || x[i] != x[i] ? x[i] : max;
    return max;
}

__attribute__((unused)) static void soma_row_add(const float *x, float value, float *out, size_t count) {
    SOMA_INDEPENDENT
    for (size_t i = 0; i < count; i++) out[i] = x[i] + value;
}

__attribute__((unused)) static void soma_row_divide(float *x, float divisor, size_t count) {
    for (size_t i = 0; i < count; i++) x[i] /= divisor;
}

__attribute__((unused)) static void soma_row_exp(const float *x, float *out, size_t count) {
    SOMA_INDEPENDENT
    for (size_t i = 0; i < count; i++) out[i] = EXP(x[i]);
}

#endif
