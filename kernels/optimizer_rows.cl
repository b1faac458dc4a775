/* SPDX-License-Identifier: MIT */
/*
 * One step of an optimizer on the rows of a table that positions name, each once, by the sum of dy over those that name it, in their order: the
 * rules that leave a row without a gradient as it is.
 */
#include "opencl.h"
#include "optimizer_rule.h"

static real clipped(real g, float most) {
    return most > 0.0f ? (g > most ? (real)(most) : (g < -most ? (real)(-most) : g)) : g;
}

/* Numbers of a row, of which the gradient has been added up; it is 0 afterwards. */
static void update_part(uint rule, global float *parameter, global float *gradient, global float *state1, real g, ulong part, rates with,
                        float clip_value) {
    const bool stated = states_of(RULE) > 0;
    real w = load_part(parameter, part, 0.0f), m = R(0.0), v = R(0.0);
    if (stated) m = load_part(state1, part, 0.0f);
    update_vector(RULE, &w, clipped(g, clip_value), &m, &v, with, R(0.0));
    store_part(w, parameter, part);
    if (stated) store_part(m, state1, part);
    store_part(R(0.0), gradient, part);
}

#if GROUP > 1
/* A group for each position; of several that name a row the first has it. As many positions at once are looked at as the group has work-items, and gone
 * through one by one where some are of its row. */
KERNEL(GROUP, 1)
void optimizer_rows(ARGUMENTS(ulong rows, ulong rows_per_group, ulong width, ulong positions, ulong skip, uint rule, float learning_rate,
                              float epsilon, float clip_value, const global float *dy, const global int *index, global float *parameter,
                              global float *gradient, global float *state1)) {
    local uint found;
    const rates with = {learning_rate, 0.0f, 0.0f, epsilon, 1.0f, 1.0f};
    const ulong position = GROUP_ID(0), row = (ulong)(long)index[position];
    if (row >= rows || row == skip) return;
    if (get_local_id(0) == 0) found = 0;
    barrier(CLK_LOCAL_MEM_FENCE);
    for (ulong i = get_local_id(0); i < position; i += GROUP)
        if ((ulong)(long)index[i] == row) found = 1;
    barrier(CLK_LOCAL_MEM_FENCE);
    if (found) return;
    for (ulong first_column = 0; first_column < width; first_column += GROUP) {
        const ulong column = first_column + get_local_id(0);
        real g = R(0.0);
        for (ulong first = position; first < positions; first += GROUP) {
            const ulong own = first + get_local_id(0), end = min(positions, first + GROUP);
            barrier(CLK_LOCAL_MEM_FENCE);
            if (get_local_id(0) == 0) found = 0;
            barrier(CLK_LOCAL_MEM_FENCE);
            if (own < positions && (ulong)(long)index[own] == row) found = 1;
            barrier(CLK_LOCAL_MEM_FENCE);
            for (ulong i = first; found && column < width && i < end; i++)
                if ((ulong)(long)index[i] == row) g += dy[i * width + column];
        }
        if (column < width)
            update_part(rule, parameter + row * width + column, gradient + row * width + column, state1 + row * width + column, g, 1, with,
                        clip_value);
    }
}
#else
/* A work-item owns some rows. What is named again is at 0 then, which changes nothing. */
KERNEL(GROUP, 1)
void optimizer_rows(ARGUMENTS(ulong rows, ulong rows_per_group, ulong width, ulong positions, ulong skip, uint rule, float learning_rate,
                              float epsilon, float clip_value, const global float *dy, const global int *index, global float *parameter,
                              global float *gradient, global float *state1)) {
    const rates with = {learning_rate, 0.0f, 0.0f, epsilon, 1.0f, 1.0f};
    const ulong begin = GROUP_ID(0) * rows_per_group, end = min(rows, begin + rows_per_group);
    for (uint pass = 0; pass < 3; pass++)
        for (ulong i = 0; i < positions; i++) {
            const ulong row = (ulong)(long)index[i]; /* a negative number becomes one past every table */
            if (row < begin || row >= end || row == skip) continue;
            for (ulong j = 0; j < width; j += WIDTH) {
                const ulong part = min((ulong)WIDTH, width - j), at = row * width + j;
                const real g = pass > 0 ? load_part(gradient + at, part, 0.0f) : R(0.0);
                if (pass == 0) store_part(g, gradient + at, part);
                if (pass == 1) store_part(g + load_part(dy + i * width + j, part, 0.0f), gradient + at, part);
                if (pass == 2) update_part(rule, parameter + at, gradient + at, state1 + at, g, part, with, clip_value);
            }
        }
}
#endif
