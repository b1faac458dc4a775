/* SPDX-License-Identifier: MIT */
/* The kernel of copy_gather.cl for one pair of element types, IN and OUT. Included once for each pair; undefines both. */
KERNEL(GROUP, 1)
void PASTE(PASTE(gather_, IN), PASTE(_, OUT))(ARGUMENTS(ulong count, ulong chunk, ulong start, ulong rows, ulong width, float scale,
                                              float shift, uint exact, uint indexed, ulong index_count, const global int *index,
                                              const global IN *table, global OUT *out)) {
    const ulong end = min(count, ((ulong)GROUP_ID(0) + 1) * chunk);
#if GROUP > 1
    for (ulong i = (ulong)GROUP_ID(0) * chunk + get_local_id(0); i < end; i += GROUP) {
        const ulong row = row_of(indexed, index, index_count, start + i / width);
        OUT value = 0;
        if (row < rows) {
            const IN stored = table[row * width + i % width];
            value = exact ? (OUT)stored : (OUT)MULTIPLY_ADD(scale, (float)stored, shift);
        }
        out[i] = value;
    }
#else
    for (ulong i = (ulong)GROUP_ID(0) * chunk; i < end;) {
        const ulong column = i % width, run = min(width - column, end - i);
        const ulong row = row_of(indexed, index, index_count, start + i / width);
        const global IN *source = table + row * width + column;
        global OUT *target = out + i;
        if (row >= rows)
            for (ulong e = 0; e < run; e++) target[e] = 0;
        else if (exact)
            for (ulong e = 0; e < run; e++) target[e] = (OUT)source[e];
        else
            for (ulong e = 0; e < run; e++) target[e] = (OUT)MULTIPLY_ADD(scale, (float)source[e], shift);
        i += run;
    }
#endif
}
#undef IN
#undef OUT
