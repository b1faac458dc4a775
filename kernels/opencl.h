/* SPDX-License-Identifier: MIT */
/*
 * What every OpenCL kernel stands on: the number type, and how work is shared out.
 *
 * The build options choose between two styles. Processors (WIDTH 4 to 16, GROUP 1) get work-items that walk over a long piece
 * with explicit vectors; everything else (WIDTH 1, GROUP 64 or more) gets neighbouring work-items on neighbouring elements. Both
 * are the same source: a `real` is WIDTH floats, and a group of GROUP work-items shares a piece of `chunk` elements.
 */
#ifndef SOMA_KERNELS_OPENCL_H
#define SOMA_KERNELS_OPENCL_H

#define PASTE_(a, b) a##b
#define PASTE(a, b) PASTE_(a, b)

#if WIDTH == 1
typedef float real;
typedef int integers;
#else
typedef PASTE(float, WIDTH) real;
typedef PASTE(int, WIDTH) integers;
#endif

/* The mathematics that the shared tables are written in. */
#define R(literal) ((real)(literal##f))
#define EXP(x) exp(x)
#define EXPM1(x) expm1(x)
#define LOG(x) log(x)
#define LOG1P(x) log1p(x)
#define TANH(x) tanh(x)
#if WIDTH == 1
#define ERF(x) erf(x)
#else
#define ERF(x) vector_erf(x)
#endif
#define SQRT(x) sqrt(x)
#define ABS(x) fabs(x)
#define FLOOR(x) floor(x)
#define CEIL(x) ceil(x)
#define ROUND(x) rint(x)
#define SIN(x) sin(x)
#define COS(x) cos(x)
#define TAN(x) tan(x)
#define ASIN(x) asin(x)
#define ACOS(x) acos(x)
#define ATAN(x) atan(x)
#define SINH(x) sinh(x)
#define COSH(x) cosh(x)
#define ASINH(x) asinh(x)
#define ACOSH(x) acosh(x)
#define ATANH(x) atanh(x)

#if WIDTH > 1
#include "erf.h"
/* PoCL's own takes the elements of a vector one by one. */
static real vector_erf(real x) {
    const real size = fabs(x), bounded = size > (real)(SOMA_ERF_END) ? (real)(SOMA_ERF_END) : size;
    const real near = SOMA_ERF_NEAR(bounded * bounded) * bounded, far = R(1.0) - exp(SOMA_ERF_FAR(bounded));
    return copysign(size < R(1.0) ? near : far, x);
}
#endif

/* a b + c, fused where the hardware does that. */
#ifdef HAVE_FMA
#define MULTIPLY_ADD(a, b, c) fma(a, b, c)
#else
#define MULTIPLY_ADD(a, b, c) ((a) * (b) + (c))
#endif

/*
 * Vectors in memory, at any element: LOAD(global, p), STORE(local, p, value). vload16 and vstore16 would do, but PoCL takes a vstore16
 * apart into four stores.
 */
typedef real unaligned_real __attribute__((aligned(4)));
#define LOAD(space, p) (*(const space unaligned_real *)(p))
#define STORE(space, p, value) (*(space unaligned_real *)(p) = (value))

/* Asks for what lies at p, which is read soon: where the hardware does not see it coming, and the compiler is one that can say so.
 * oclgrind has no such instruction. */
#if WIDTH > 1 && !defined(SIMULATED) && defined(__has_builtin)
#if __has_builtin(__builtin_prefetch)
#define FETCH_AHEAD(p) __builtin_prefetch((const void *)(ulong)(p))
#endif
#endif
#ifndef FETCH_AHEAD
#define FETCH_AHEAD(p) ((void)(p))
#endif

/* Copies fewer elements than a vector has, in pieces as large as possible; none is larger than a register. */
#define COPY_PIECE(size, to, from)                                                                                     \
    if (part & size) {                                                                                                 \
        PASTE(vstore, size)(PASTE(vload, size)(0, (from) + at), 0, (to) + at);                                         \
        at += size;                                                                                                    \
    }
#if WIDTH > 8
#define COPY_8(to, from) COPY_PIECE(8, to, from)
#else
#define COPY_8(to, from)
#endif
#if WIDTH > 4
#define COPY_4(to, from) COPY_PIECE(4, to, from)
#else
#define COPY_4(to, from)
#endif
#define COPY_PIECES(to, from)                                                                                          \
    uint at = 0;                                                                                                       \
    COPY_8(to, from)                                                                                                   \
    COPY_4(to, from)                                                                                                   \
    COPY_PIECE(2, to, from)                                                                                            \
    if (part & 1) (to)[at] = (from)[at]

/* The first `part` elements at p (all WIDTH of them if there are as many), the others `rest`. */
static real load_part(const global float *p, ulong part, float rest) {
#if WIDTH == 1
    return *p;
#else
    if (part >= WIDTH) return LOAD(global, p);
    float element[WIDTH];
    STORE(private, element, (real)(rest));
    COPY_PIECES(element, p);
    return LOAD(private, element);
#endif
}

static void store_part(real value, global float *p, ulong part) {
#if WIDTH == 1
    *p = value;
#else
    if (part >= WIDTH) {
        STORE(global, p, value);
        return;
    }
    float element[WIDTH];
    STORE(private, element, value);
    COPY_PIECES(p, element);
#endif
}

/* 0, 1, 2, ... in the elements of a vector, and the first element. */
#if WIDTH == 1
#define ELEMENT_NUMBERS 0
#define FIRST_ELEMENT(v) (v)
#elif WIDTH == 4
#define ELEMENT_NUMBERS ((integers)(0, 1, 2, 3))
#elif WIDTH == 8
#define ELEMENT_NUMBERS ((integers)(0, 1, 2, 3, 4, 5, 6, 7))
#else
#define ELEMENT_NUMBERS ((integers)(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15))
#endif
#if WIDTH > 1
#define FIRST_ELEMENT(v) ((v).s0)
#endif

/*
 * The positions i, WIDTH elements apart, at which this work-item handles the `part` elements from i on, in its group's chunk of
 * `count` elements. chunk is a multiple of WIDTH.
 */
#define FOR_EACH_VECTOR(i, part, count, chunk)                                                                         \
    for (ulong i##_end = min((ulong)(count), ((ulong)GROUP_ID(0) + 1) * (chunk)),                                  \
               i = (ulong)GROUP_ID(0) * (chunk) + get_local_id(0) * WIDTH, part;                                   \
         i < i##_end && (part = min((ulong)WIDTH, i##_end - i), 1); i += GROUP * WIDTH)

/*
 * Each kernel is compiled in two ways: as what it is, and in kernels/list.cl (IN_LIST) as a function that one kernel calls for one group after
 * the other. There it is told the number of its group, and gets the local memory that it needs.
 */
#ifndef IN_LIST
#define KERNEL(local0, local1) kernel __attribute__((reqd_work_group_size(local0, local1, 1)))
#define ARGUMENTS(...) __VA_ARGS__
#define GROUP_ID(dimension) get_group_id(dimension)
#define LOCAL_ARRAY_OF(type, name, size, offset) local type name[size]
#else
#define KERNEL(local0, local1) static
#define KERNEL_OF_LIST kernel __attribute__((reqd_work_group_size(1, 1, 1)))
#define ARGUMENTS(...) const ulong *group_id, local float *local_memory, __VA_ARGS__
#define GROUP_ID(dimension) group_id[dimension]
#define LOCAL_ARRAY_OF(type, name, size, offset) local type *name = (local type *)(local_memory + (offset))
#endif
#define LOCAL_ARRAY(name, size, offset) LOCAL_ARRAY_OF(float, name, size, offset)
/* A function that is handed a kernel's local arrays: where clang puts in what it knows of an argument, but not the function into the kernel,
 * PoCL does not find the array. */
#define ON_LOCAL_ARRAYS static __attribute__((always_inline))
#define ITEM_ID (GROUP_ID(0) * GROUP + get_local_id(0))

#endif
