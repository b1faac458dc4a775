/* SPDX-License-Identifier: MIT */
/* Softmax over an axis and its gradient, or of its logarithm. out may be the input. */
#include "rows.h"

/* inner = 1: a row is the axis. */
KERNEL(LANES, ROWS)
void softmax_rows(ARGUMENTS(ulong rows, ulong rows_per_group, ulong axis, uint logarithm, const global float *x, global float *out)) {
    SHARED(shared);
    FOR_EACH_ROW(row, rows, rows_per_group) {
        const global float *from = x + row * axis;
        global float *to = out + row * axis;
        real largest = (real)(-INFINITY);
        FOR_EACH_IN_ROW(j, part, axis) {
            const real value = load_row(from + j, part, -INFINITY);
            largest = fmax(largest, value);
        }
        const float top = ROW_MAX(largest, shared);
        real total = R(0.0);
        FOR_EACH_IN_ROW(j, part, axis) {
            const real power = exp(load_row(from + j, part, 0.0f) - top);
            total += keep_part(power, part, 0.0f);
            if (!logarithm) store_row(power, to + j, part);
        }
        const float sum = ROW_SUM(total, shared);
        FOR_EACH_IN_ROW(j, part, axis) {
            if (logarithm) store_row(load_row(from + j, part, 0.0f) - top - log(sum), to + j, part);
            else store_row(load_row(to + j, part, 0.0f) / sum, to + j, part);
        }
    }
}

#ifdef TRAINING
KERNEL(LANES, ROWS)
void softmax_grad_rows(ARGUMENTS(ulong rows, ulong rows_per_group, ulong axis, uint logarithm, const global float *dy, const global float *y,
                       global float *out)) {
    SHARED(shared);
    FOR_EACH_ROW(row, rows, rows_per_group) {
        const ulong start = row * axis;
        real total = R(0.0);
        FOR_EACH_IN_ROW(j, part, axis) {
            const real slope = load_row(dy + start + j, part, 0.0f);
            total += logarithm ? slope : slope * load_row(y + start + j, part, 0.0f);
        }
        const float sum = ROW_SUM(total, shared);
        FOR_EACH_IN_ROW(j, part, axis) {
            const real gradient = load_row(dy + start + j, part, 0.0f), value = load_row(y + start + j, part, 0.0f);
            if (logarithm) store_row(gradient - exp(value) * sum, out + start + j, part);
            else store_row(value * (gradient - sum), out + start + j, part);
        }
    }
}
#endif /* TRAINING */

/* Any inner: a work-item handles WIDTH neighbouring columns of one outer element. */
#define COLUMNS()                                                                                                      \
    const ulong column = (ulong)ITEM_ID * WIDTH;                                                              \
    if (column >= inner) return;                                                                                       \
    const ulong part = min((ulong)WIDTH, inner - column), first = GROUP_ID(1) * axis * inner + column;             \
    const ulong end = first + axis * inner

KERNEL(GROUP, 1) void softmax_columns(ARGUMENTS(ulong inner, ulong axis, uint logarithm, const global float *x, global float *out)) {
    COLUMNS();
    real top = (real)(-INFINITY), sum = R(0.0);
    for (ulong i = first; i < end; i += inner) {
        const real value = load_part(x + i, part, 0.0f);
        top = fmax(top, value);
    }
    for (ulong i = first; i < end; i += inner) {
        const real power = exp(load_part(x + i, part, 0.0f) - top);
        sum += power;
        if (!logarithm) store_part(power, out + i, part);
    }
    for (ulong i = first; i < end; i += inner) {
        if (logarithm) store_part(load_part(x + i, part, 0.0f) - top - log(sum), out + i, part);
        else store_part(load_part(out + i, part, 0.0f) / sum, out + i, part);
    }
}

#ifdef TRAINING
KERNEL(GROUP, 1)
void softmax_grad_columns(ARGUMENTS(ulong inner, ulong axis, uint logarithm, const global float *dy, const global float *y, global float *out)) {
    COLUMNS();
    real sum = R(0.0);
    for (ulong i = first; i < end; i += inner) {
        const real slope = load_part(dy + i, part, 0.0f);
        sum += logarithm ? slope : slope * load_part(y + i, part, 0.0f);
    }
    for (ulong i = first; i < end; i += inner) {
        const real gradient = load_part(dy + i, part, 0.0f), value = load_part(y + i, part, 0.0f);
        if (logarithm) store_part(gradient - exp(value) * sum, out + i, part);
        else store_part(value * (gradient - sum), out + i, part);
    }
}
#endif /* TRAINING */
