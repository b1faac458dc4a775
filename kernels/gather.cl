/* SPDX-License-Identifier: MIT */
/*
 * Rows of a table, picked by index: out[i, :] = scale table[row, :] + shift. The build options give IN and OUT, the element types, INDEXED,
 * and EXACT as in copy.cl. A row outside the table gives 0.
 */
#include "opencl.h"

#ifdef EXACT
#define CONVERTED(value) ((OUT)(value))
#else
#define CONVERTED(value) ((OUT)(MULTIPLY_ADD(scale, (float)(value), shift)))
#endif

#ifdef INDEXED
#define INDEX_ARGUMENTS const global int *index, ulong index_count,
/* A negative index becomes a number past every table. */
#define ROW_OF(i) (start + (i) < index_count ? (ulong)(long)index[start + (i)] : ~(ulong)0)
#else
#define INDEX_ARGUMENTS
#define ROW_OF(i) (start + (i))
#endif

KERNEL(GROUP, 1)
void gather(ulong count, ulong chunk, ulong start, ulong rows, ulong width, float scale, float shift, INDEX_ARGUMENTS
            const global IN *table, global OUT *out) {
    const ulong end = min(count, ((ulong)get_group_id(0) + 1) * chunk);
#if GROUP > 1
    for (ulong i = (ulong)get_group_id(0) * chunk + get_local_id(0); i < end; i += GROUP) {
        const ulong row = ROW_OF(i / width);
        out[i] = row < rows ? CONVERTED(table[row * width + i % width]) : (OUT)(0);
    }
#else
    for (ulong i = (ulong)get_group_id(0) * chunk; i < end;) {
        const ulong column = i % width, run = min(width - column, end - i), row = ROW_OF(i / width);
        const global IN *source = table + row * width + column;
        global OUT *target = out + i;
        if (row < rows)
            for (ulong e = 0; e < run; e++) target[e] = CONVERTED(source[e]);
        else
            for (ulong e = 0; e < run; e++) target[e] = (OUT)(0);
        i += run;
    }
#endif
}
