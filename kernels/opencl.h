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
#define ERF(x) erf(x)
#define SQRT(x) sqrt(x)
#define ABS(x) fabs(x)

/* a b + c, fused where the hardware does that. */
#ifdef HAVE_FMA
#define MULTIPLY_ADD(a, b, c) fma(a, b, c)
#else
#define MULTIPLY_ADD(a, b, c) ((a) * (b) + (c))
#endif

/* The first `part` elements at p (all WIDTH of them if there are as many), the others `rest`. */
static real load_part(const global float *p, ulong part, float rest) {
#if WIDTH == 1
    return *p;
#else
    if (part >= WIDTH) return PASTE(vload, WIDTH)(0, p);
    float element[WIDTH];
    for (uint i = 0; i < WIDTH; i++) element[i] = i < part ? p[i] : rest;
    return PASTE(vload, WIDTH)(0, element);
#endif
}

static void store_part(real value, global float *p, ulong part) {
#if WIDTH == 1
    *p = value;
#else
    if (part >= WIDTH) {
        PASTE(vstore, WIDTH)(value, 0, p);
        return;
    }
    float element[WIDTH];
    PASTE(vstore, WIDTH)(value, 0, element);
    for (uint i = 0; i < part; i++) p[i] = element[i];
#endif
}

/* 0, 1, 2, ... in the elements of a vector. */
static integers element_numbers(void) {
#if WIDTH == 1
    return 0;
#else
    int number[WIDTH];
    for (int i = 0; i < WIDTH; i++) number[i] = i;
    return PASTE(vload, WIDTH)(0, number);
#endif
}

/*
 * The positions i, WIDTH elements apart, at which this work-item handles the `part` elements from i on, in its group's chunk of
 * `count` elements. chunk is a multiple of WIDTH.
 */
#define FOR_EACH_VECTOR(i, part, count, chunk)                                                                         \
    for (ulong i##_end = min((ulong)(count), ((ulong)get_group_id(0) + 1) * (chunk)),                                  \
               i = (ulong)get_group_id(0) * (chunk) + get_local_id(0) * WIDTH, part;                                   \
         i < i##_end && (part = min((ulong)WIDTH, i##_end - i), 1); i += GROUP * WIDTH)

#define KERNEL(local0, local1) kernel __attribute__((reqd_work_group_size(local0, local1, 1)))

#endif
