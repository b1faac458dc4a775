/* SPDX-License-Identifier: MIT */
/* The errors of the cpu device's elementary functions, over all floats, against the C library in float64. */
#include "cpu_elementary_loops.h"
#include "device/cpu/isa.h"

#include "expect.h"

#include <float.h>
#include <math.h>
#include <stdio.h>

extern const elementary_loops loops_generic;
#ifdef __x86_64__
extern const elementary_loops loops_avx2, loops_avx512;
static const elementary_loops *const all_loops[] = {&loops_generic, &loops_avx2, &loops_avx512};
#else
static const elementary_loops *const all_loops[] = {&loops_generic};
#endif

static double sigmoid(double x) {
    return 1.0 / (1.0 + exp(-x));
}

/* In units of the last place of the result; the bounds are those that the header promises. */
static const struct function {
    const char *name;
    size_t loop;
    double (*exact)(double);
    double bound;
    bool small_is_0; /* what is no normal number is the like, or 0 */
} functions[] = {
    {"exp", offsetof(elementary_loops, exp), exp, 1.0, false},
    {"expm1", offsetof(elementary_loops, expm1), expm1, 1.5, false},
    {"log", offsetof(elementary_loops, log), log, 1.0, false},
    {"log1p", offsetof(elementary_loops, log1p), log1p, 1.5, false},
    {"tanh", offsetof(elementary_loops, tanh), tanh, 3.0, false},
    {"erf", offsetof(elementary_loops, erf), erf, 2.5, false},
    {"sigmoid of vectors", offsetof(elementary_loops, vector_sigmoid), sigmoid, 2.5, true},
    {"tanh of vectors", offsetof(elementary_loops, vector_tanh), tanh, 3.0, false},
};

static elementary_loop *loop_of(const elementary_loops *loops, const struct function *function) {
    return *(elementary_loop *const *)((const char *)loops + function->loop);
}

/* The distance of two neighbours at x, as wide as that of subnormal numbers at least. */
static double unit(double x) {
    int exponent;
    frexp(x, &exponent);
    return ldexp(1.0, exponent < FLT_MIN_EXP ? FLT_MIN_EXP - FLT_MANT_DIG : exponent - FLT_MANT_DIG);
}

/* Infinite where one of the two is not finite and the other is not the same. */
static double error_of(float found, double exact) {
    if (isnan(exact)) return isnan(found) ? 0.0 : INFINITY;
    /* What rounds to infinity may also be the largest number, or infinity a little too early, but by an error within
     * the bound. */
    double limited = fmin(fmax(exact, -0x1p128), 0x1p128),
           value = isinf(found) ? copysign(0x1p128, found) : (double)found;
    return isnan(found) ? INFINITY
                        : fabs(value - limited) / unit(fmin(fmax(limited, -(double)FLT_MAX), (double)FLT_MAX));
}

static double error_in(const struct function *function, float found, double exact) {
    if (function->small_is_0 && fabs(exact) < (double)FLT_MIN) return fabsf(found) <= FLT_MIN ? 0.0 : INFINITY;
    return error_of(found, exact);
}

#define BATCH 4096
/* Every 2^32 / STRIDE-th float, of both signs, in no particular order: the stride is a prime. */
#define STRIDE 2003u

static void check_function(const char *isa, const struct function *function, elementary_loop *loop) {
    static float x[BATCH], y[BATCH];
    double worst = 0.0;
    float where = 0.0f;
    uint32_t bits = 0;
    for (size_t done = 0; done < UINT32_MAX / STRIDE; done += BATCH) {
        for (size_t i = 0; i < BATCH; i++, bits += STRIDE) memcpy(&x[i], &bits, sizeof bits);
        loop(x, y, BATCH);
        for (size_t i = 0; i < BATCH; i++) {
            double error = error_in(function, y[i], function->exact((double)x[i]));
            if (error > worst) worst = error, where = x[i];
        }
    }
    printf("%s %s: at most %.3f units, at %.9g\n", isa, function->name, worst, where);
    if (!(worst <= function->bound)) ck_abort_msg("%s: %s(%.9g) is %.3f units off", isa, function->name, where, worst);
}

START_TEST(test_errors) {
    const soma_cpu_isa *isa;
    for (size_t i = 0; (isa = soma_cpu_isa_get(i)); i++)
        for (size_t f = 0; f < SOMA_COUNT_OF(functions); f++)
            check_function(isa->name, &functions[f], loop_of(all_loops[i], &functions[f]));
}
END_TEST

START_TEST(test_special_values) {
    static const float x[] = {INFINITY,     -INFINITY, NAN,      0.0f,        -0.0f,       -1.0f,        1.0f,  FLT_MIN,
                              FLT_TRUE_MIN, FLT_MAX,   -FLT_MAX, 88.7228394f, 88.7228470f, -103.972084f, -87.5f};
    float y[SOMA_COUNT_OF(x)];
    const soma_cpu_isa *isa;
    for (size_t i = 0; (isa = soma_cpu_isa_get(i)); i++)
        for (size_t f = 0; f < SOMA_COUNT_OF(functions); f++) {
            loop_of(all_loops[i], &functions[f])(x, y, SOMA_COUNT_OF(x));
            for (size_t j = 0; j < SOMA_COUNT_OF(x); j++) {
                double exact = functions[f].exact((double)x[j]), error = error_in(&functions[f], y[j], exact);
                if (!(error <= functions[f].bound))
                    ck_abort_msg("%s: %s(%g) is %g, expected %g", isa->name, functions[f].name, x[j], y[j], exact);
            }
        }
}
END_TEST

int main(void) {
    Suite *suite = suite_create("cpu elementary functions");
    TCase *tests = tcase_create("all");
    tcase_set_timeout(tests, 120);
    tcase_add_test(tests, test_errors);
    tcase_add_test(tests, test_special_values);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
