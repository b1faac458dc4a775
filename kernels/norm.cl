/* SPDX-License-Identifier: MIT */
/*
 * NORM. Which of the factors of norm.h is right is known when all numbers have been seen. So the squares are summed up with each of them, in
 * one pass over the numbers: a sum that overflows, or loses what is too small, is one that is not taken.
 */
#include "rows.h"
#include "norm.h"

/* x is cut into pieces of `length`. out [4, pieces]: the largest of each (NaN is passed over: the sums have it), and a sum for each factor. */
KERNEL(LANES, ROWS)
void norm_pieces(ARGUMENTS(ulong pieces, ulong pieces_per_group, ulong count, ulong length, const global float *x, global float *out)) {
    SHARED(shared);
    FOR_EACH_ROW(piece, pieces, pieces_per_group) {
        const ulong start = piece * length, own = min(length, count - start);
        real largest = R(0.0), enlarged = R(0.0), plain = R(0.0), reduced = R(0.0);
        FOR_EACH_IN_ROW(j, part, own) {
            const real value = load_part(x + start + j, part, 0.0f);
            const real more = value * SOMA_NORM_ENLARGED, less = value * SOMA_NORM_REDUCED;
            largest = fmax(largest, fabs(value));
            enlarged = MULTIPLY_ADD(more, more, enlarged);
            plain = MULTIPLY_ADD(value, value, plain);
            reduced = MULTIPLY_ADD(less, less, reduced);
        }
        const float top = ROW_MAX(largest, shared), sum0 = ROW_SUM(enlarged, shared), sum1 = ROW_SUM(plain, shared),
                    sum2 = ROW_SUM(reduced, shared);
        if (get_local_id(0) == 0) {
            out[piece] = top;
            out[pieces + piece] = sum0;
            out[2 * pieces + piece] = sum1;
            out[3 * pieces + piece] = sum2;
        }
    }
}

static real column_sum(const global float *values, ulong count) {
    real total = R(0.0);
    FOR_EACH_IN_ROW(j, part, count) total += load_part(values + j, part, 0.0f);
    return total;
}

/* One group makes the norm of all pieces. */
KERNEL(LANES, ROWS) void norm_join(ARGUMENTS(ulong pieces, const global float *figures, global float *norm)) {
    SHARED(shared);
    real largest = R(0.0);
    FOR_EACH_IN_ROW(j, part, pieces) {
        const real value = load_part(figures + j, part, 0.0f);
        largest = fmax(largest, value);
    }
    const float top = ROW_MAX(largest, shared), sum0 = ROW_SUM(column_sum(figures + pieces, pieces), shared),
                sum1 = ROW_SUM(column_sum(figures + 2 * pieces, pieces), shared),
                sum2 = ROW_SUM(column_sum(figures + 3 * pieces, pieces), shared);
    if (get_local_id(0) == 0) {
        const float factor = FIRST_ELEMENT(SOMA_NORM_FACTOR((real)(top)));
        norm[0] = sqrt(factor > 1.0f ? sum0 : factor < 1.0f ? sum2 : sum1);
        norm[1] = factor;
    }
}
