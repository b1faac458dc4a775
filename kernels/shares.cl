/* SPDX-License-Identifier: MIT */
/* What shares of a sum's terms gave, put together in their order: result = alpha sum of the shares + beta result. */
#include "opencl.h"

KERNEL(GROUP, 1)
void add_shares(ulong count, ulong chunk, uint shares, float alpha, float beta, const global float *from, global float *result) {
    FOR_EACH_VECTOR(i, part, count, chunk) {
        real total = R(0.0);
        for (uint share = 0; share < shares; share++) total += load_part(from + share * count + i, part, 0.0f);
        total *= alpha;
        if (beta != 0.0f) total += beta * load_part(result + i, part, 0.0f);
        store_part(total, result + i, part);
    }
}
