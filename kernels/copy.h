/* SPDX-License-Identifier: MIT */
/* The kernel of copy.cl for one pair of element types, IN and OUT. Included once for each pair; undefines both. */
#define CONVERTED(value) ((OUT)(MULTIPLY_ADD(scale, (float)(value), shift)))

/* A group copies runs of the innermost dimension where both views have them, which the compiler turns into vector code. */
KERNEL(GROUP, 1)
void PASTE(PASTE(copy_, IN), PASTE(_, OUT))(ARGUMENTS(ulong count, ulong chunk, SHAPE_ARGUMENTS, STRIDE_ARGUMENTS(from), STRIDE_ARGUMENTS(to),
                                                      ulong in_skew, ulong out_skew, float scale, float shift, uint exact,
                                                      const global IN *in, global OUT *out)) {
    const ulong end = min(count, ((ulong)GROUP_ID(0) + 1) * chunk);
#if GROUP > 1
    for (ulong i = (ulong)GROUP_ID(0) * chunk + get_local_id(0); i < end; i += GROUP) {
        COORDINATES(i);
        const IN value = in[in_skew + ELEMENT_OFFSET(from)];
        out[out_skew + ELEMENT_OFFSET(to)] = IS_EXACT ? (OUT)value : CONVERTED(value);
    }
#else
    for (ulong i = (ulong)GROUP_ID(0) * chunk; i < end;) {
        COORDINATES(i);
        const ulong run = min(shape4 - c4, end - i);
        const global IN *source = in + in_skew + ELEMENT_OFFSET(from);
        global OUT *target = out + out_skew + ELEMENT_OFFSET(to);
        if (!IS_EXACT)
            for (ulong e = 0; e < run; e++) target[e * to4] = CONVERTED(source[e * from4]);
        else if (from4 == 1 && to4 == 1)
            for (ulong e = 0; e < run; e++) target[e] = (OUT)source[e];
        else
            for (ulong e = 0; e < run; e++) target[e * to4] = (OUT)source[e * from4];
        i += run;
    }
#endif
}
#undef CONVERTED
#undef IN
#undef OUT
