/* SPDX-License-Identifier: MIT */
/*
 * NORMALIZE_GRAD, as normalize.cl sees x. dx = inverse (g - mean g - h mean(g h)) is made as factor dy - constant - slope (x - mean), each
 * number one per column of an outer: factor = inverse scale, constant = inverse mean g, slope = inverse^2 mean(g h).
 */
#include "columns.h"
#include "normalize.h"
#include "rows.h"

/* The figure of each column's group, of those [groups] of one outer. */
static real load_figures(const global float *figures, ulong column, ulong part, ulong c) {
    const ulong first = column / c;
    if (c == 1) return load_part(figures + column, part, 0.0f);
#if WIDTH > 1
    if (first != (column + part - 1) / c) {
        float element[WIDTH];
        for (ulong i = 0; i < WIDTH; i++) element[i] = figures[(column + min(i, part - 1)) / c];
        return LOAD(private, element);
    }
#endif
    return (real)(figures[first]);
}

static real load_mean(uint flags, const global float *mean, ulong column, ulong part, ulong c) {
    return flags & NORMALIZE_KEEP_MEAN ? load_figures(mean, column, part, c) : R(0.0);
}

static __attribute__((always_inline)) void sum_grad_piece(uint vectors, ulong part, ulong columns, ulong column, ulong groups, ulong c, ulong inner,
                                                          ulong start, ulong end, uint flags, const global float *dy, const global float *x,
                                                          const global float *mean, const global float *inverse, global float *out) {
    real offset[VECTORS], slope[VECTORS], middle[VECTORS], factor[VECTORS];
    FOR_VECTORS(v, vectors) offset[v] = slope[v] = middle[v] = factor[v] = R(0.0);
    for (ulong i = start; i < end; i++)
        FOR_VECTORS(v, vectors) {
            const ulong own = column + v * WIDTH;
            if (inner == 1 || i == start) {
                const ulong figures = i / inner * groups;
                middle[v] = load_mean(flags, mean + figures, own, part, c);
                factor[v] = load_figures(inverse + figures, own, part, c);
            }
            const real gradient = load_part(dy + i * columns + own, part, 0.0f);
            const real h = (load_part(x + i * columns + own, part, 0.0f) - middle[v]) * factor[v];
            offset[v] += gradient;
            slope[v] = MULTIPLY_ADD(gradient, h, slope[v]);
        }
    FOR_VECTORS(v, vectors) {
        store_part(offset[v], out + v * WIDTH, part);
        store_part(slope[v], out + columns + v * WIDTH, part);
    }
}

/*
 * Sums of dy and dy h. All rows, of every outer, are cut into stretches of `span` rows, and these into `pieces` of `length`: a span is one
 * outer, or all of them where inner is 1. out [stretches pieces, 2, columns].
 */
KERNEL(GROUP, 1)
void normalize_grad_pieces(ARGUMENTS(ulong columns, ulong groups, ulong c, ulong inner, ulong span, ulong pieces, ulong length, uint flags,
                                     const global float *dy, const global float *x, const global float *mean, const global float *inverse,
                                     global float *out)) {
    const ulong column = (ulong)ITEM_ID * WIDTH * VECTORS, piece = GROUP_ID(1);
    if (column >= columns) return;
    const ulong part = COLUMN_PART(columns, column), begin = piece % pieces * length;
    const ulong start = piece / pieces * span + begin, end = start + (begin < span ? min(length, span - begin) : 0);
#define SUM_GRAD_PIECE(vectors, part)                                                                                  \
    sum_grad_piece(vectors, part, columns, column + at, groups, c, inner, start, end, flags, dy, x, mean, inverse,                                   \
                   out + 2 * piece * columns + column + at)
    BY_VECTORS(at, part, SUM_GRAD_PIECE);
}

/* dscale and doffset: the sums of all pieces. */
KERNEL(GROUP, 1)
void normalize_grad_channels(ARGUMENTS(ulong columns, ulong pieces, uint flags, const global float *sums, global float *dscale, global float *doffset)) {
    const ulong column = (ulong)ITEM_ID * WIDTH;
    if (column >= columns) return;
    const ulong part = min((ulong)WIDTH, columns - column);
    real offset = R(0.0), slope = R(0.0);
    for (ulong i = 0; i < pieces; i++) {
        offset += load_part(sums + 2 * i * columns + column, part, 0.0f);
        slope += load_part(sums + (2 * i + 1) * columns + column, part, 0.0f);
    }
    if (flags & NORMALIZE_DSCALE) store_part(slope, dscale + column, part);
    if (flags & NORMALIZE_DOFFSET) store_part(offset, doffset + column, part);
}

/* A row is one (outer, group). out [outer, 2, columns]: constant and slope. */
KERNEL(LANES, ROWS)
void normalize_grad_join(ARGUMENTS(ulong rows, ulong rows_per_group, ulong groups, ulong c, ulong inner, ulong pieces, uint flags,
                                   const global float *sums, const global float *scale, const global float *inverse, global float *out)) {
    SHARED(shared);
    FOR_EACH_ROW(row, rows, rows_per_group) {
        const ulong columns = groups * c, group = row % groups, outer = row / groups, count = pieces * c;
        const global float *from = sums + 2 * outer * pieces * columns + group * c;
        float g = 0.0f, gh = 0.0f;
        for (ulong k = get_local_id(0); k < count; k += LANES) {
            const ulong at = 2 * piece_number(k, c) * columns + column_number(k, c);
            const float factor = flags & NORMALIZE_SCALE ? scale[group * c + column_number(k, c)] : 1.0f;
            g += factor * from[at];
            gh += factor * from[at + columns];
        }
        g = LANE_SUM(g, shared);
        gh = LANE_SUM(gh, shared);
        const float elements = (float)(inner * c), own = inverse[row];
        const float constant_ = flags & NORMALIZE_CENTERED ? own * (g / elements) : 0.0f, slope = own * own * (gh / elements);
        for (ulong j = get_local_id(0); j < c; j += LANES) {
            out[2 * outer * columns + group * c + j] = constant_;
            out[(2 * outer + 1) * columns + group * c + j] = slope;
        }
    }
}

static __attribute__((always_inline)) void apply_grad_piece(uint vectors, ulong part, ulong columns, ulong column, ulong groups, ulong c, ulong count,
                                                            uint flags, ulong place, const global float *dy, const global float *x,
                                                            const global float *scale, const global float *mean, const global float *inverse,
                                                            const global float *figures, global float *dx) {
    real middle[VECTORS], constant_[VECTORS], slope[VECTORS], factor[VECTORS];
    FOR_VECTORS(v, vectors) {
        const ulong own = column + v * WIDTH;
        middle[v] = load_mean(flags, mean, own, part, c);
        constant_[v] = load_part(figures + own, part, 0.0f);
        slope[v] = load_part(figures + columns + own, part, 0.0f);
        factor[v] = load_figures(inverse, own, part, c);
        if (flags & NORMALIZE_SCALE) factor[v] *= load_part(scale + own, part, 0.0f);
    }
    for (ulong i = 0; i < count; i++)
        FOR_VECTORS(v, vectors) {
            const ulong at = place + i * columns + v * WIDTH;
            const real off = load_part(x + at, part, 0.0f) - middle[v];
            store_part((factor[v] * load_part(dy + at, part, 0.0f) - constant_[v]) - slope[v] * off, dx + at, part);
        }
}

KERNEL(GROUP, 1)
void normalize_grad_apply(ARGUMENTS(ulong columns, ulong groups, ulong c, ulong inner, ulong pieces, ulong length, uint flags,
                                    const global float *dy, const global float *x, const global float *scale, const global float *mean,
                                    const global float *inverse, const global float *figures, global float *dx)) {
    const ulong column = (ulong)ITEM_ID * WIDTH * VECTORS, piece = GROUP_ID(1);
    if (column >= columns) return;
    const ulong part = COLUMN_PART(columns, column), outer = piece / pieces, start = piece % pieces * length;
    const ulong count = start < inner ? min(length, inner - start) : 0, place = (outer * inner + start) * columns + column;
#define APPLY_GRAD_PIECE(vectors, part)                                                                                \
    apply_grad_piece(vectors, part, columns, column + at, groups, c, count, flags, place + at, dy, x, scale, mean + outer * groups,                  \
                     inverse + outer * groups, figures + 2 * outer * columns, dx)
    BY_VECTORS(at, part, APPLY_GRAD_PIECE);
}

KERNEL(LANES, ROWS)
void normalize_grad_rows(ARGUMENTS(ulong rows, ulong rows_per_group, ulong groups, ulong c, uint flags, const global float *dy,
                                   const global float *x, const global float *scale, const global float *mean, const global float *inverse,
                                   global float *dx)) {
    SHARED(shared);
    FOR_EACH_ROW(row, rows, rows_per_group) {
        const ulong place = row * c, channel = row % groups * c;
        const float middle = flags & NORMALIZE_KEEP_MEAN ? mean[row] : 0.0f, factor = inverse[row], count = (float)c;
        real g_sum = R(0.0), gh_sum = R(0.0);
        FOR_EACH_IN_ROW(j, part, c) {
            real g = load_row(dy + place + j, part, 0.0f);
            if (flags & NORMALIZE_SCALE) g *= load_row(scale + channel + j, part, 0.0f);
            g_sum += g;
            gh_sum += keep_part(g * ((load_row(x + place + j, part, 0.0f) - middle) * factor), part, 0.0f);
        }
        const float g_mean = flags & NORMALIZE_CENTERED ? ROW_SUM(g_sum, shared) / count : 0.0f;
        const float gh_mean = ROW_SUM(gh_sum, shared) / count;
        FOR_EACH_IN_ROW(j, part, c) {
            real g = load_row(dy + place + j, part, 0.0f);
            if (flags & NORMALIZE_SCALE) g *= load_row(scale + channel + j, part, 0.0f);
            const real h = (load_row(x + place + j, part, 0.0f) - middle) * factor;
            store_row(((g - g_mean) - h * gh_mean) * factor, dx + place + j, part);
        }
    }
}
