/* SPDX-License-Identifier: MIT */
/*
 * For the files that are compiled once per instruction set: the name of the set, vectors, and float arithmetic for the
 * tables in kernels/. Whatever such a file defines is static, but for the planners, which carry the name of the set:
 * code for AVX-512 must never be linked in where another file expects plain code.
 */
#ifndef SOMA_DEVICE_CPU_KERNELS_H
#define SOMA_DEVICE_CPU_KERNELS_H

#include "device/cpu/cpu.h"
#include "device/cpu/elementary.h"

#include <math.h>

#define SOMA_JOIN_(a, b) a##_##b
#define SOMA_JOIN(a, b)  SOMA_JOIN_(a, b)
/* SOMA_FOR_ISA(soma_cpu_plan_gemm) is soma_cpu_plan_gemm_avx512 in the AVX-512 build. */
#define SOMA_FOR_ISA(name) SOMA_JOIN(name, SOMA_ISA)

/* Floats in a vector register, and how many such registers there are. */
#if defined(__AVX512F__)
#define SOMA_LANES     16
#define SOMA_REGISTERS 32
#elif defined(__AVX2__)
#define SOMA_LANES     8
#define SOMA_REGISTERS 16
#elif defined(__aarch64__)
#define SOMA_LANES     4
#define SOMA_REGISTERS 32
#else
#define SOMA_LANES     4
#define SOMA_REGISTERS 16
#endif

/* A vector that may lie at any address. */
typedef float soma_vector __attribute__((vector_size(SOMA_LANES * 4), aligned(4), may_alias));

#if defined(__ARM_NEON)
#include <arm_neon.h>
#endif

/* The first `count` lanes, 0 < count <= SOMA_LANES, the others 0; nothing past them is read or written. */
#if defined(__AVX512F__)
#include <immintrin.h>
#define SOMA_FIRST_LANES(count) ((__mmask16)(0xffffu >> (SOMA_LANES - (count))))
static inline __attribute__((always_inline)) soma_vector soma_load_lanes(const float *from, size_t count) {
    if (__builtin_constant_p(count) && count == SOMA_LANES) return *(const soma_vector *)from;
    return (soma_vector)_mm512_maskz_loadu_ps(SOMA_FIRST_LANES(count), from);
}
static inline __attribute__((always_inline)) void soma_store_lanes(float *to, soma_vector value, size_t count) {
    if (__builtin_constant_p(count) && count == SOMA_LANES)
        *(soma_vector *)to = value;
    else
        _mm512_mask_storeu_ps(to, SOMA_FIRST_LANES(count), (__m512)value);
}
#elif defined(__AVX2__)
#include <immintrin.h>
static inline __attribute__((always_inline)) soma_vector soma_load_lanes(const float *from, size_t count) {
    static const int32_t first[2 * SOMA_LANES] = {-1, -1, -1, -1, -1, -1, -1, -1};
    if (count == SOMA_LANES) return *(const soma_vector *)from;
    __m256i mask = _mm256_loadu_si256((const __m256i *)(first + SOMA_LANES - count));
    return (soma_vector)_mm256_maskload_ps(from, mask);
}
/* In pieces: a masked store takes some processors longer than all of them. */
static inline __attribute__((always_inline)) void soma_store_lanes(float *to, soma_vector value, size_t count) {
    if (count == SOMA_LANES) {
        *(soma_vector *)to = value;
        return;
    }
    __m128 piece = _mm256_castps256_ps128((__m256)value);
    if (count & 4) {
        _mm_storeu_ps(to, piece);
        piece = _mm256_extractf128_ps((__m256)value, 1);
        to += 4;
    }
    if (count & 2) {
        _mm_storel_pi((__m64 *)to, piece);
        piece = _mm_movehl_ps(piece, piece);
        to += 2;
    }
    if (count & 1) _mm_store_ss(to, piece);
}
#else
static inline __attribute__((always_inline)) soma_vector soma_load_lanes(const float *from, size_t count) {
    if (count == SOMA_LANES) return *(const soma_vector *)from;
    soma_vector value = {0};
    for (size_t i = 0; i < count; i++) value[i] = from[i];
    return value;
}
static inline __attribute__((always_inline)) void soma_store_lanes(float *to, soma_vector value, size_t count) {
    if (count == SOMA_LANES)
        *(soma_vector *)to = value;
    else
        for (size_t i = 0; i < count; i++) to[i] = value[i];
}
#endif

/*
 * x y + z, rounded once where the instruction set has that, else twice. Left to itself the compiler makes one of a
 * product and a sum if it happens to find both in one block, here so and there otherwise: where the same element may
 * come from several loops, as tiles of other heights, their results would differ.
 */
static inline __attribute__((always_inline)) soma_vector soma_multiply_add(float x, soma_vector y, soma_vector z) {
#if defined(__AVX512F__)
    return (soma_vector)_mm512_fmadd_ps(_mm512_set1_ps(x), (__m512)y, (__m512)z);
#elif defined(__AVX2__) && defined(__FMA__)
    return (soma_vector)_mm256_fmadd_ps(_mm256_set1_ps(x), (__m256)y, (__m256)z);
#elif defined(__ARM_NEON) && (defined(__aarch64__) || defined(__ARM_FEATURE_FMA))
    return (soma_vector)vfmaq_f32((float32x4_t)z, vdupq_n_f32(x), (float32x4_t)y);
#else
    soma_vector result = z; /* of which the loop writes every lane */
    for (int i = 0; i < SOMA_LANES; i++) {
#if defined(FP_FAST_FMAF)
        result[i] = fmaf(x, y[i], z[i]);
#else
        result[i] = x * y[i] + z[i];
#endif
    }
    return result;
#endif
}

/*
 * Before a loop whose iterations depend on nothing but their own elements: outputs may be the very inputs (in place),
 * but never overlap them with a shift. Without it the compiler takes a slow loop for work in place.
 */
#if defined(__clang__)
#define SOMA_INDEPENDENT _Pragma("clang loop vectorize(assume_safety)")
#elif defined(__GNUC__)
#define SOMA_INDEPENDENT _Pragma("GCC ivdep")
#else
#define SOMA_INDEPENDENT
#endif

/* Before loops whose bounds are constants after inlining: arrays of vectors are in registers only if no loop is left.
 */
#if defined(__clang__)
#define SOMA_UNROLL _Pragma("clang loop unroll(full)")
#else
#define SOMA_UNROLL _Pragma("GCC unroll 16")
#endif

/* Partial sums of a reduction: enough for two vectors of the widest kind; the order of summation is the same for every
 * instruction set. */
#define SOMA_PARTIALS 32

/* What the tables in kernels/ need. */
typedef float real;
#define R(literal) (literal##f)
#define EXP        soma_expf
#define EXPM1      soma_expm1f
#define LOG        soma_logf
#define LOG1P      soma_log1pf
#define TANH       soma_tanhf
#define ERF        soma_erff
#define SQRT       sqrtf
#define ABS        soma_absf
#define FLOOR      floorf
#define CEIL       ceilf
#define ROUND      rintf
#define SIN        sinf
#define COS        cosf
#define TAN        tanf
#define ASIN       asinf
#define ACOS       acosf
#define ATAN       atanf
#define SINH       sinhf
#define COSH       coshf
#define ASINH      asinhf
#define ACOSH      acoshf
#define ATANH      atanhf

/* NULL for a value that is no function. */
soma_cpu_function *SOMA_FOR_ISA(soma_cpu_get_function)(soma_function function);

double SOMA_FOR_ISA(soma_cpu_multiply_add)(size_t rounds, float *result);

#define SOMA_CPU_PLANNER(name)                                                                                         \
    soma_status SOMA_FOR_ISA(soma_cpu_plan_##name)(const soma_call *call, soma_cpu_plan *plan)
#define X(NAME, name, ...) SOMA_CPU_PLANNER(name);
SOMA_PRIMITIVE_LIST(X)
#undef X

#endif
