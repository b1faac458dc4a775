/* SPDX-License-Identifier: MIT */
/* Which of its optional views a call of NORMALIZE or its gradient has, and how it counts: for kernels, as one number. */
#ifndef SOMA_KERNELS_NORMALIZE_H
#define SOMA_KERNELS_NORMALIZE_H

#define NORMALIZE_CENTERED     1
#define NORMALIZE_SCALE        2
#define NORMALIZE_OFFSET       4
#define NORMALIZE_RUNNING      8
#define NORMALIZE_KEEP_MEAN    16 /* in the gradient: there is a mean */
#define NORMALIZE_KEEP_INVERSE 32
#define NORMALIZE_DSCALE       64
#define NORMALIZE_DOFFSET      128

#ifdef __OPENCL_C_VERSION__
/* Which piece, and which of a group's c columns, number k of all is: on processors without a division where there is but one. */
static ulong piece_number(ulong k, ulong c) { return WIDTH > 1 && c == 1 ? k : k / c; }
static ulong column_number(ulong k, ulong c) { return WIDTH > 1 && c == 1 ? 0 : k % c; }
#endif

#endif
