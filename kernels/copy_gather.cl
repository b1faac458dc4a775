/* SPDX-License-Identifier: MIT */
/*
 * Rows of a table, picked by index: out[i, :] = scale table[row, :] + shift. `exact`: the values go over as they are, without a detour through
 * float. A row outside the table gives 0. The build options IN and OUT make the kernel for these types alone.
 */
#include "opencl.h"

/* The row that sample i takes; without an index the i-th. What is no row becomes a number past every table. */
static ulong row_of(uint indexed, const global int *index, ulong index_count, ulong i) {
    if (!indexed) return i;
    return i < index_count ? (ulong)(long)index[i] : ~(ulong)0;
}

#ifdef IN
#include "copy_gather.h"
#else
#define IN float
#define OUT float
#include "copy_gather.h"
#define IN float
#define OUT int
#include "copy_gather.h"
#define IN uchar
#define OUT float
#include "copy_gather.h"
#define IN uchar
#define OUT int
#include "copy_gather.h"
#define IN int
#define OUT float
#include "copy_gather.h"
#define IN int
#define OUT int
#include "copy_gather.h"
#endif
