/* SPDX-License-Identifier: MIT */
/* One value in every element. */
#include "opencl.h"

KERNEL(GROUP, 1) void fill(ARGUMENTS(ulong count, ulong chunk, float value, global float *out)) {
    FOR_EACH_VECTOR(i, part, count, chunk) store_part((real)(value), out + i, part);
}
