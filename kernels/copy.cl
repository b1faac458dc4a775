/* SPDX-License-Identifier: MIT */
/*
 * Strided copies between element types: out = scale in + shift. The build options give IN and OUT, the element types; EXACT says that
 * the values go over as they are, without a detour through float. The skews are the views' first elements in their buffers.
 */
#include "strided.h"

#ifdef EXACT
#define CONVERTED(value) ((OUT)(value))
#else
#define CONVERTED(value) ((OUT)(MULTIPLY_ADD(scale, (float)(value), shift)))
#endif

/* A group copies runs of the innermost dimension where both views have them, which the compiler turns into vector code. */
KERNEL(GROUP, 1)
void copy(ulong count, ulong chunk, SHAPE_ARGUMENTS, STRIDE_ARGUMENTS(from), STRIDE_ARGUMENTS(to), ulong in_skew,
          ulong out_skew, float scale, float shift, const global IN *in, global OUT *out) {
    const ulong end = min(count, ((ulong)get_group_id(0) + 1) * chunk);
#if GROUP > 1
    for (ulong i = (ulong)get_group_id(0) * chunk + get_local_id(0); i < end; i += GROUP) {
        COORDINATES(i);
        out[out_skew + OFFSET(to)] = CONVERTED(in[in_skew + OFFSET(from)]);
    }
#else
    for (ulong i = (ulong)get_group_id(0) * chunk; i < end;) {
        COORDINATES(i);
        const ulong run = min(shape4 - c4, end - i);
        const global IN *source = in + in_skew + OFFSET(from);
        global OUT *target = out + out_skew + OFFSET(to);
        if (from4 == 1 && to4 == 1)
            for (ulong e = 0; e < run; e++) target[e] = CONVERTED(source[e]);
        else
            for (ulong e = 0; e < run; e++) target[e * to4] = CONVERTED(source[e * from4]);
        i += run;
    }
#endif
}
