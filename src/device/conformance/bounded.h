/* SPDX-License-Identifier: MIT */
/*
 * Numbers with a bound on their error: running error analysis (Higham, "Accuracy and Stability of Numerical
 * Algorithms", 2002, ch. 3).
 *
 * `value` is the exact result in float64, `error` bounds how far a float32 computation of the same formula may be from
 * it. An operation carries the errors of its operands over by its derivative and adds its own rounding:
 *
 *   + - *         1/2 ulp (IEEE 754)
 *   /             3 ulp: OpenCL 1.2 (table 7.1, full profile) allows 2.5, a product with the reciprocal half an ulp
 * more sqrt exp expm1 log   3 ulp,  log1p 2,  tanh 5,  erf 16,  pow 16 (the same table)
 *   sin cos asin acos sinh cosh asinh acosh 4 ulp,  tan atan atanh 5 (the same table);  floor ceil rint fmod 0
 *
 * One ulp of x is at most 2^-23 |x|. A result below the smallest normal float32 may be flushed to 0 and so is off by up
 * to that number. The sum of n terms, in any order: gamma_n = n u / (1 - n u) times the sum of the absolute terms, u =
 * 2^-24 (Higham, ch. 4).
 */
#ifndef SOMA_DEVICE_CONFORMANCE_BOUNDED_H
#define SOMA_DEVICE_CONFORMANCE_BOUNDED_H

#include <float.h>
#include <math.h>
#include <stdbool.h>
#include <stddef.h>

#define SOMA_ULP           0x1p-23
#define SOMA_UNIT_ROUNDOFF 0x1p-24

#define SOMA_ULPS_ROUNDING 0.5
#define SOMA_ULPS_DIVIDE   3.0
#define SOMA_ULPS_SQRT     3.0
#define SOMA_ULPS_EXP      3.0
#define SOMA_ULPS_LOG      3.0
#define SOMA_ULPS_LOG1P    2.0
#define SOMA_ULPS_TANH     5.0
#define SOMA_ULPS_ERF      16.0
#define SOMA_ULPS_POWER    16.0
#define SOMA_ULPS_SIN      4.0 /* and cos, asin, acos, and their hyperbolic kin but tanh and atanh */
#define SOMA_ULPS_TAN      5.0 /* and atan, atanh */

typedef struct soma_bounded {
    double value, error;
} soma_bounded;

/* A number that float32 holds as it is. */
static inline soma_bounded soma_exact(double value) {
    return (soma_bounded){value, 0.0};
}

static inline double soma_gamma(size_t n) {
    double nu = (double)n * SOMA_UNIT_ROUNDOFF;
    return nu / (1.0 - nu);
}

/* An operation's result: what its operands carry over, and its own rounding. An infinity or NaN is what it is, without
 * error. */
static inline soma_bounded soma_rounded(double value, double carried, double ulps) {
    if (!isfinite(value)) return soma_exact(value);
    double error = carried;
    if (ulps > 0.0) error += ulps * SOMA_ULP * (fabs(value) + carried);
    if (value != 0.0 && fabs(value) < (double)FLT_MIN) error += (double)FLT_MIN;
    if (fabs(value) + error > (double)FLT_MAX) error = INFINITY; /* float32 may have it as infinite */
    return (soma_bounded){value, error};
}

/* A constant that float32 holds rounded. */
static inline soma_bounded soma_constant(double value) {
    return soma_rounded(value, 0.0, SOMA_ULPS_ROUNDING);
}

static inline soma_bounded soma_bounded_negate(soma_bounded x) {
    return (soma_bounded){-x.value, x.error};
}

static inline soma_bounded soma_bounded_add(soma_bounded x, soma_bounded y) {
    bool trivial = (x.value == 0.0 && x.error == 0.0) || (y.value == 0.0 && y.error == 0.0);
    return soma_rounded(x.value + y.value, x.error + y.error, trivial ? 0.0 : SOMA_ULPS_ROUNDING);
}

static inline soma_bounded soma_bounded_subtract(soma_bounded x, soma_bounded y) {
    return soma_bounded_add(x, soma_bounded_negate(y));
}

static inline soma_bounded soma_bounded_multiply(soma_bounded x, soma_bounded y) {
    double carried = 0.0;
    if (x.error > 0.0) carried += x.error * (fabs(y.value) + y.error);
    if (y.error > 0.0) carried += y.error * fabs(x.value);
    bool trivial = (fabs(x.value) == 1.0 && x.error == 0.0) || (fabs(y.value) == 1.0 && y.error == 0.0);
    return soma_rounded(x.value * y.value, carried, trivial ? 0.0 : SOMA_ULPS_ROUNDING);
}

static inline soma_bounded soma_bounded_divide(soma_bounded x, soma_bounded y) {
    double value = x.value / y.value, size = fabs(y.value), carried = 0.0;
    if (isinf(y.value)) return soma_exact(value);
    if (isinf(y.error))
        carried = fabs(value); /* the divisor may be infinite: the quotient is somewhere down to 0 */
    else if (y.error > 0.0 || x.error > 0.0)
        carried = y.error < size ? (x.error + fabs(value) * y.error) / (size - y.error) : INFINITY;
    return soma_rounded(value, carried, SOMA_ULPS_DIVIDE);
}

static inline soma_bounded soma_bounded_sqrt(soma_bounded x) {
    double value = sqrt(x.value);
    return soma_rounded(value, x.error > 0.0 ? value - sqrt(fmax(0.0, x.value - x.error)) : 0.0, SOMA_ULPS_SQRT);
}

static inline soma_bounded soma_bounded_exp(soma_bounded x) {
    if (isinf(x.error) && x.value < -0.5 * (double)FLT_MAX) return soma_exact(0.0); /* of -infinity, or nearly so */
    double value = exp(x.value);
    /* e^(x + d) - e^x; where e^x is 0 in float64, the first form would be 0 times infinity. */
    double carried = value > 0.0 ? value * expm1(x.error) : exp(x.value + x.error);
    return soma_rounded(value, x.error > 0.0 ? carried : 0.0, SOMA_ULPS_EXP);
}

static inline soma_bounded soma_bounded_expm1(soma_bounded x) {
    double carried = x.error > 0.0 ? exp(x.value) * expm1(x.error) : 0.0;
    return soma_rounded(expm1(x.value), carried, SOMA_ULPS_EXP);
}

static inline soma_bounded soma_bounded_log(soma_bounded x) {
    double carried = x.error > 0.0 ? (x.error < x.value ? -log1p(-x.error / x.value) : INFINITY) : 0.0;
    return soma_rounded(log(x.value), carried, SOMA_ULPS_LOG);
}

static inline soma_bounded soma_bounded_log1p(soma_bounded x) {
    double size = 1.0 + x.value;
    double carried = x.error > 0.0 ? (x.error < size ? -log1p(-x.error / size) : INFINITY) : 0.0;
    return soma_rounded(log1p(x.value), carried, SOMA_ULPS_LOG1P);
}

static inline soma_bounded soma_bounded_tanh(soma_bounded x) {
    double nearest = tanh(fmax(0.0, fabs(x.value) - x.error)); /* where the slope is greatest */
    return soma_rounded(tanh(x.value), x.error * (1.0 - nearest * nearest), SOMA_ULPS_TANH);
}

static inline soma_bounded soma_bounded_erf(soma_bounded x) {
    double nearest = fmax(0.0, fabs(x.value) - x.error);
    double slope = M_2_SQRTPI * exp(-nearest * nearest);
    return soma_rounded(erf(x.value), x.error * slope, SOMA_ULPS_ERF);
}

/* A function that rises or falls from one end of the interval to the other. Past the edge of where it is defined a
 * device may have NaN. */
static inline soma_bounded soma_bounded_monotone(double (*f)(double), soma_bounded x, double ulps) {
    double value = f(x.value), carried = 0.0;
    if (x.error > 0.0) carried = fmax(fabs(f(x.value + x.error) - value), fabs(f(x.value - x.error) - value));
    if (isnan(f(x.value + x.error)) || isnan(f(x.value - x.error))) carried = INFINITY;
    return soma_rounded(value, carried, ulps);
}

/* sin or cos */
static inline soma_bounded soma_bounded_wave(double (*f)(double), soma_bounded x) {
    return soma_rounded(f(x.value), isinf(x.error) ? INFINITY : fmin(x.error, 2.0), SOMA_ULPS_SIN);
}

/* Between two poles it rises; across one it may be anything. */
static inline soma_bounded soma_bounded_tan(soma_bounded x) {
    double before = floor((x.value - x.error) / M_PI + 0.5), after = floor((x.value + x.error) / M_PI + 0.5);
    soma_bounded result = soma_bounded_monotone(tan, x, SOMA_ULPS_TAN);
    if (x.error > 0.0 && before != after) result.error = INFINITY;
    return result;
}

/* The hyperbolic cosine falls and rises. */
static inline soma_bounded soma_bounded_cosh(soma_bounded x) {
    return soma_bounded_monotone(cosh, (soma_bounded){fabs(x.value), x.error}, SOMA_ULPS_SIN);
}

static inline soma_bounded soma_bounded_abs(soma_bounded x) {
    return (soma_bounded){fabs(x.value), x.error};
}

/* min(x, limit) and max(x, limit), without rounding; nothing is left of an error that lies beyond the limit. NaN stays
 * NaN. */
static inline soma_bounded soma_bounded_at_most(soma_bounded x, double limit) {
    if (x.value > limit) return (soma_bounded){limit, fmax(0.0, limit - (x.value - x.error))};
    return x;
}
static inline soma_bounded soma_bounded_at_least(soma_bounded x, double limit) {
    if (x.value < limit) return (soma_bounded){limit, fmax(0.0, x.value + x.error - limit)};
    return x;
}

/* A sum in any order: add the terms, then take the result. */
typedef struct soma_bounded_sum {
    double value, absolute, error;
    size_t count;
} soma_bounded_sum;

static inline void soma_bounded_sum_add(soma_bounded_sum *sum, soma_bounded term) {
    sum->value += term.value;
    sum->absolute += fabs(term.value);
    sum->error += term.error;
    sum->count++;
}

static inline soma_bounded soma_bounded_sum_result(const soma_bounded_sum *sum) {
    double carried = sum->count > 1 ? sum->error + soma_gamma(sum->count) * (sum->absolute + sum->error) : sum->error;
    return soma_rounded(sum->value, carried, 0.0);
}

#endif
