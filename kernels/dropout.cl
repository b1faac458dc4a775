/* SPDX-License-Identifier: MIT */
/* Dropout from a counter-based generator: one block of four random words for each four elements. */
#include "opencl.h"

#define soma_u32 uint
#define SOMA_MULHI(a, b) mul_hi((uint)(a), (uint)(b))
#include "random.h"

/* chunk is a multiple of 4; each work-item handles four elements at a time. */
KERNEL(GROUP, 1)
void dropout(ulong count, ulong chunk, uint threshold, float scale, uint stream, uint seed_low, uint seed_high, ulong step,
             const global float *x, global float *out) {
    const ulong end = min(count, ((ulong)get_group_id(0) + 1) * chunk);
    for (ulong i = (ulong)get_group_id(0) * chunk + get_local_id(0) * 4; i < end; i += GROUP * 4) {
        uint word[4] = {(uint)(i / 4), (uint)step, (uint)(step >> 32), stream};
        soma_philox(word, seed_low, seed_high);
        for (uint e = 0; e < 4 && i + e < end; e++) out[i + e] = word[e] >= threshold ? x[i + e] * scale : 0.0f;
    }
}
