/* SPDX-License-Identifier: MIT */
/*
 * Decision trees: a work-item goes through all of them for one sample and up to four of its outputs, one tree after the other, so that sums
 * repeat.
 */
#include "opencl.h"

/* A whole number of a table: the nearest that there can be, the least for NaN. */
static int within(float value, float least, float most) {
    const float some = value > least ? value : least;
    return (int)(some < most ? some : most);
}

KERNEL(GROUP, 1)
void trees(ARGUMENTS(ulong items, ulong items_per_group, ulong features, ulong nodes, ulong leaves, ulong outputs, ulong trees_in_all, uint depth,
                     const global float *x, const global float *node, const global float *leaf, const global float *root, global float *out)) {
    const ulong end = min(items, (GROUP_ID(0) + 1) * items_per_group), pieces = (outputs + 3) / 4;
    const float least = -(float)leaves, most = (float)nodes - 1.0f, last_feature = (float)(features - 1);
    for (ulong item = GROUP_ID(0) * items_per_group + get_local_id(0); item < end; item += GROUP) {
        const ulong sample = item / pieces, first = item % pieces * 4, part = min((ulong)4, outputs - first);
        const global float *own = x + sample * features;
        float4 sum = 0.0f;
        for (ulong tree = 0; tree < trees_in_all; tree++) {
            int at = within(root[tree], least, most);
            for (uint i = 0; at >= 0 && i < depth; i++) {
                const float4 asked = vload4(at, node);
                const bool missing = asked.x < 0.0f;
                const float value = own[within(missing ? -1.0f - asked.x : asked.x, 0.0f, last_feature)];
                const bool yes = value <= asked.y || (missing && isnan(value));
                at = within(yes ? asked.z : asked.w, least, most);
            }
            const global float *row = leaf + (at >= 0 ? 0 : (ulong)(-1 - at)) * outputs + first;
            sum.x += row[0];
            if (part > 1) sum.y += row[1];
            if (part > 2) sum.z += row[2];
            if (part > 3) sum.w += row[3];
        }
        global float *to = out + sample * outputs + first;
        to[0] = sum.x;
        if (part > 1) to[1] = sum.y;
        if (part > 2) to[2] = sum.z;
        if (part > 3) to[3] = sum.w;
    }
}
