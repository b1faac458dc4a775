/* SPDX-License-Identifier: MIT */
/*
 * NORMALIZE of x [outer, inner, groups, c]. Where inner is 1, each (outer, group) is a row of c numbers, and one kernel does it all. Else each
 * outer is a matrix [inner, columns], columns = groups c, whose rows are cut into `pieces` of `length`: the mean and the sum of squares about it
 * of each column of each piece; from those the figures of each (outer, group); and then the numbers.
 */
#include "apply.h"
#include "columns.h"
#include "normalize.h"
#include "rows.h"

/* NaN stays. */
static real not_negative(real v) { return v < R(0.0) ? R(0.0) : v; }

/* The place of neighbouring columns of one piece of one outer. */
#define NORMALIZE_PIECE()                                                                                              \
    const ulong column = (ulong)ITEM_ID * WIDTH * VECTORS, piece = GROUP_ID(1);                                        \
    if (column >= columns) return;                                                                                     \
    const ulong part = COLUMN_PART(columns, column), outer = piece / pieces, start = piece % pieces * length;          \
    const ulong count = start < inner ? min(length, inner - start) : 0;                                                \
    const ulong place = (outer * inner + start) * columns + column

static __attribute__((always_inline)) void sum_piece(uint vectors, ulong part, ulong columns, ulong count, bool centered, const global float *x,
                                                     global float *out) {
    real first[VECTORS], sum[VECTORS], squares[VECTORS];
    FOR_VECTORS(v, vectors) {
        first[v] = centered ? load_part(x + v * WIDTH, part, 0.0f) : R(0.0);
        sum[v] = squares[v] = R(0.0);
    }
    for (ulong i = 0; i < count; i++, x += columns)
        FOR_VECTORS(v, vectors) {
            const real off = load_part(x + v * WIDTH, part, 0.0f) - first[v];
            sum[v] += off;
            squares[v] = MULTIPLY_ADD(off, off, squares[v]);
        }
    FOR_VECTORS(v, vectors) {
        const real off = centered ? sum[v] / (float)count : R(0.0), taken = centered ? sum[v] * off : R(0.0); /* the sum may be infinite */
        store_part(first[v] + off, out + v * WIDTH, part);
        store_part(not_negative(squares[v] - taken), out + columns + v * WIDTH, part);
    }
}

/* Of differences to the piece's first row, in one pass; where not centered, of the numbers. out [outer pieces, 2, columns]. */
KERNEL(GROUP, 1)
void normalize_pieces(ARGUMENTS(ulong columns, ulong inner, ulong pieces, ulong length, uint flags, const global float *x, global float *out)) {
    NORMALIZE_PIECE();
    const bool centered = flags & NORMALIZE_CENTERED && count > 0;
#define SUM_PIECE(vectors, part) sum_piece(vectors, part, columns, count, centered, x + place + at, out + 2 * piece * columns + column + at)
    BY_VECTORS(at, part, SUM_PIECE);
}

/*
 * A row is one (outer, group): of all its columns in all pieces. out [outer, 2, columns] gets the mean, and what the difference to it is
 * multiplied by. `correction` makes the running variance.
 */
KERNEL(LANES, ROWS)
void normalize_join(ARGUMENTS(ulong rows, ulong rows_per_group, ulong groups, ulong c, ulong inner, ulong pieces, ulong length, uint flags,
                              float epsilon, float momentum, float correction, const global float *figures, const global float *scale,
                              global float *running_mean, global float *running_variance, global float *mean, global float *inverse,
                              global float *out)) {
    SHARED(shared);
    FOR_EACH_ROW(row, rows, rows_per_group) {
        const ulong columns = groups * c, group = row % groups, outer = row / groups, count = pieces * c;
        const global float *from = figures + 2 * outer * pieces * columns + group * c;
        const float elements = (float)(inner * c), about = c > 0 ? *from : 0.0f;
        float off = 0.0f, total = 0.0f;
        for (ulong k = get_local_id(0); k < count; k += LANES) {
            const ulong piece = piece_number(k, c);
            const float share = (float)min(length, inner - min(inner, piece * length));
            off += share * (from[2 * piece * columns + column_number(k, c)] - about);
        }
        off = LANE_SUM(off, shared);
        const float middle = flags & NORMALIZE_CENTERED && elements > 0.0f ? about + off / elements : 0.0f;
        for (ulong k = get_local_id(0); k < count; k += LANES) {
            const ulong piece = piece_number(k, c), at = 2 * piece * columns + column_number(k, c);
            const float share = (float)min(length, inner - min(inner, piece * length)), distance = from[at] - middle;
            total += from[at + columns] + share * distance * distance;
        }
        total = LANE_SUM(total, shared);
        const float variance = elements > 0.0f ? total / elements : 0.0f, factor = 1.0f / sqrt(variance + epsilon);
        for (ulong j = get_local_id(0); j < c; j += LANES) {
            const ulong column = group * c + j;
            out[2 * outer * columns + column] = middle;
            out[(2 * outer + 1) * columns + column] = flags & NORMALIZE_SCALE ? factor * scale[column] : factor;
        }
        if (get_local_id(0) == 0) {
            if (flags & NORMALIZE_KEEP_MEAN) mean[row] = middle;
            if (flags & NORMALIZE_KEEP_INVERSE) inverse[row] = factor;
            if (flags & NORMALIZE_RUNNING) {
                running_mean[row] = momentum * running_mean[row] + (1.0f - momentum) * middle;
                running_variance[row] = momentum * running_variance[row] + (1.0f - momentum) * (variance * correction);
            }
        }
    }
}

static __attribute__((always_inline)) void normalize_rows_of(uint vectors, ulong part, ulong columns, ulong count, uint function, float a, float b,
                                                             const global float *x, const real *middle, const real *factor, const real *offset,
                                                             global float *y) {
    for (ulong i = 0; i < count; i++, x += columns, y += columns)
        FOR_VECTORS(v, vectors) {
            const real value = MULTIPLY_ADD(load_part(x + v * WIDTH, part, 0.0f) - middle[v], factor[v], offset[v]);
            store_part(apply(FUNCTION, value, (real)(a), (real)(b)), y + v * WIDTH, part);
        }
}

/* On processors the usual functions are told apart before the loop. */
static __attribute__((always_inline)) void normalize_piece(uint vectors, ulong part, ulong columns, ulong count, uint function, float a, float b,
                                                           const global float *x, const real *middle, const real *factor, const real *offset,
                                                           global float *y) {
#ifndef FIXED_FUNCTION
    if (function == FUNCTION_IDENTITY) {
        normalize_rows_of(vectors, part, columns, count, FUNCTION_IDENTITY, a, b, x, middle, factor, offset, y);
        return;
    }
    if (function == FUNCTION_RELU) {
        normalize_rows_of(vectors, part, columns, count, FUNCTION_RELU, a, b, x, middle, factor, offset, y);
        return;
    }
    /* Of others the functions take the time. */
    FOR_VECTORS(v, vectors)
    for (ulong i = 0; i < count; i++) {
        const real value = MULTIPLY_ADD(load_part(x + i * columns + v * WIDTH, part, 0.0f) - middle[v], factor[v], offset[v]);
        store_part(apply(function, value, (real)(a), (real)(b)), y + i * columns + v * WIDTH, part);
    }
#else
    normalize_rows_of(vectors, part, columns, count, function, a, b, x, middle, factor, offset, y);
#endif
}

static __attribute__((always_inline)) void apply_piece(uint vectors, ulong part, ulong columns, ulong count, uint function, float a, float b,
                                                       uint flags, const global float *x, const global float *figures, const global float *offset,
                                                       global float *y) {
    real middle[VECTORS], factor[VECTORS], shift[VECTORS];
    FOR_VECTORS(v, vectors) {
        middle[v] = load_part(figures + v * WIDTH, part, 0.0f);
        factor[v] = load_part(figures + columns + v * WIDTH, part, 0.0f);
        shift[v] = flags & NORMALIZE_OFFSET ? load_part(offset + v * WIDTH, part, 0.0f) : R(0.0);
    }
    normalize_piece(vectors, part, columns, count, function, a, b, x, middle, factor, shift, y);
}

KERNEL(GROUP, 1)
void normalize_apply(ARGUMENTS(ulong columns, ulong inner, ulong pieces, ulong length, uint function, float a, float b, uint flags,
                               const global float *x, const global float *figures, const global float *offset, global float *y)) {
    NORMALIZE_PIECE();
    const global float *own = figures + 2 * outer * columns + column;
#define APPLY_PIECE(vectors, part)                                                                                     \
    apply_piece(vectors, part, columns, count, function, a, b, flags, x + place + at, own + at, offset + column + at, y + place + at)
    BY_VECTORS(at, part, APPLY_PIECE);
}

static __attribute__((always_inline)) void give_piece(uint vectors, ulong part, ulong columns, ulong column, ulong count, uint function, float a,
                                                      float b, uint flags, float epsilon, const global float *x, const global float *scale,
                                                      const global float *offset, const global float *given_mean,
                                                      const global float *given_variance, global float *y, global float *mean,
                                                      global float *inverse) {
    real middle[VECTORS], factor[VECTORS], shift[VECTORS];
    FOR_VECTORS(v, vectors) {
        const ulong at = column + v * WIDTH;
        const real kept = R(1.0) / sqrt(load_part(given_variance + at, part, 1.0f) + epsilon);
        middle[v] = load_part(given_mean + at, part, 0.0f);
        factor[v] = flags & NORMALIZE_SCALE ? kept * load_part(scale + at, part, 0.0f) : kept;
        shift[v] = flags & NORMALIZE_OFFSET ? load_part(offset + at, part, 0.0f) : R(0.0);
        if (flags & NORMALIZE_KEEP_MEAN) store_part(middle[v], mean + at, part);
        if (flags & NORMALIZE_KEEP_INVERSE) store_part(kept, inverse + at, part);
    }
    normalize_piece(vectors, part, columns, count, function, a, b, x, middle, factor, shift, y);
}

/* With figures that are given, for each column of the one outer. */
KERNEL(GROUP, 1)
void normalize_given(ARGUMENTS(ulong columns, ulong inner, ulong pieces, ulong length, uint function, float a, float b, uint flags, float epsilon,
                               const global float *x, const global float *scale, const global float *offset, const global float *given_mean,
                               const global float *given_variance, global float *y, global float *mean, global float *inverse)) {
    NORMALIZE_PIECE();
    const uint first = piece == 0 ? flags : flags & ~(uint)(NORMALIZE_KEEP_MEAN | NORMALIZE_KEEP_INVERSE);
#define GIVE_PIECE(vectors, part)                                                                                      \
    give_piece(vectors, part, columns, column + at, count, function, a, b, first, epsilon, x + place + at, scale, offset, given_mean,                \
               given_variance, y + place + at, mean, inverse)
    BY_VECTORS(at, part, GIVE_PIECE);
}

/* A row's mean is found about its first number, and then its variance about that mean, which that corrects. */
KERNEL(LANES, ROWS)
void normalize_rows(ARGUMENTS(ulong rows, ulong rows_per_group, ulong groups, ulong c, uint function, float a, float b, uint flags, float epsilon,
                              const global float *x, const global float *scale, const global float *offset, global float *y, global float *mean,
                              global float *inverse)) {
    SHARED(shared);
    FOR_EACH_ROW(row, rows, rows_per_group) {
        const global float *from = x + row * c;
        const ulong channel = row % groups * c;
        const float count = (float)c;
        const bool centered = flags & NORMALIZE_CENTERED;
        float about = 0.0f;
        if (centered) {
            const float first = *from;
            real off = R(0.0);
            FOR_EACH_IN_ROW(j, part, c) off += keep_part(load_row(from + j, part, 0.0f) - first, part, 0.0f);
            about = first + ROW_SUM(off, shared) / count;
        }
        real sum = R(0.0), squares = R(0.0);
        FOR_EACH_IN_ROW(j, part, c) {
            const real off = keep_part(load_row(from + j, part, 0.0f) - about, part, 0.0f);
            sum += off;
            squares = MULTIPLY_ADD(off, off, squares);
        }
        const float rest = centered ? ROW_SUM(sum, shared) / count : 0.0f, total = ROW_SUM(squares, shared) / count - rest * rest;
        const float middle = about + rest, factor = 1.0f / sqrt((total < 0.0f ? 0.0f : total) + epsilon);
        FOR_EACH_IN_ROW(j, part, c) {
            real value = (load_row(from + j, part, 0.0f) - middle) * factor;
            if (flags & NORMALIZE_SCALE) value *= load_row(scale + channel + j, part, 0.0f);
            if (flags & NORMALIZE_OFFSET) value += load_row(offset + channel + j, part, 0.0f);
            store_row(apply(FUNCTION, value, (real)(a), (real)(b)), y + row * c + j, part);
        }
        if (get_local_id(0) == 0) {
            if (flags & NORMALIZE_KEEP_MEAN) mean[row] = middle;
            if (flags & NORMALIZE_KEEP_INVERSE) inverse[row] = factor;
        }
    }
}
