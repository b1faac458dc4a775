/* SPDX-License-Identifier: MIT */
/* Attention: what becomes of scores, a row for each query of a block. The products are in attention_vector.cl and attention_tile.cl. */
#include "rows.h"

#define HAS_ATTENTION_MASK 1
#define HAS_TOTAL 2
#define IS_CAUSAL 4
#define IS_ADDED 8 /* the mask, to the scores */

/* What every kernel takes first, and what it makes of that for a row. */
#define ATTENTION_ROWS                                                                                                 \
    ulong samples, ulong steps, ulong keys, ulong heads, ulong share, ulong block, ulong blocks, ulong round, ulong rows_per_group, uint has,    \
        ulong mask_sample, ulong mask_head, ulong mask_query
#define FIRST_QUERY                                                                                                    \
    const ulong first = (uint)round % (uint)blocks * block, count = first < steps ? min(block, steps - first) : 0;      \
    const ulong first_sample = (uint)round / (uint)blocks * share, rows = min(share, samples - first_sample) * heads * count;
#define OWN_QUERY                                                                                                      \
    const ulong place = row / count, number = first_sample * heads + place, query = first + row % count;               \
    const ulong at = (place * block + row % count) * keys;                                                             \
    const ulong seen = has & IS_CAUSAL ? min(keys, query + 1) : keys;                                                 \
    const ulong hidden = number / heads * mask_sample + number % heads * mask_head + query * mask_query;

/* The mask is added, or where it is 0 a score is as low as can be. */
static real hide(real score, const global float *mask, ulong part, uint has) {
    if (!(has & HAS_ATTENTION_MASK)) return score;
    if (has & IS_ADDED) return score + load_row(mask, part, 0.0f);
    return load_row(mask, part, 1.0f) == R(0.0) ? (real)(-INFINITY) : score;
}

static void clear_unseen(global float *numbers, ulong seen, ulong keys) {
    for (ulong j = seen + get_local_id(0) * WIDTH; j < keys; j += LANES * WIDTH)
        store_row(R(0.0), numbers + j, min((ulong)WIDTH, keys - j));
}

/* Scores become weights. */
KERNEL(LANES, ROWS)
void attention_weigh(ARGUMENTS(ATTENTION_ROWS, const global float *mask, global float *scores, global float *total)) {
    SHARED(shared);
    FIRST_QUERY
    FOR_EACH_ROW(row, rows, rows_per_group) {
        OWN_QUERY
        real largest = (real)(-INFINITY), sum = R(0.0);
        FOR_EACH_IN_ROW(j, part, seen)
            largest = fmax(largest, hide(load_row(scores + at + j, part, -INFINITY), mask + hidden + j, part, has));
        const float top = ROW_MAX(largest, shared), base = top == -INFINITY ? 0.0f : top;
        FOR_EACH_IN_ROW(j, part, seen) {
            const real power = exp(hide(load_row(scores + at + j, part, -INFINITY), mask + hidden + j, part, has) - base);
            sum += power;
            store_row(power, scores + at + j, part);
        }
        const float whole = ROW_SUM(sum, shared);
        FOR_EACH_IN_ROW(j, part, seen)
            store_row(whole == 0.0f ? R(0.0) : load_row(scores + at + j, part, 0.0f) / whole, scores + at + j, part);
        clear_unseen(scores + at, seen, keys);
        if (has & HAS_TOTAL && get_local_id(0) == 0)
            total[number * steps + query] = whole == 0.0f ? INFINITY : base + log(whole);
    }
}

#ifdef TRAINING
/* Scores become weights again, and dy v^T what comes back to the scores, times scale. */
KERNEL(LANES, ROWS)
void attention_slopes(ARGUMENTS(ATTENTION_ROWS, ulong width, float scale, const global float *dy, const global float *y,
                                const global float *mask, const global float *total, global float *scores, global float *slopes)) {
    SHARED(shared);
    FIRST_QUERY
    FOR_EACH_ROW(row, rows, rows_per_group) {
        OWN_QUERY
        const ulong own = ((number / heads * steps + query) * heads + number % heads) * width;
        const float all = total[number * steps + query];
        real product = R(0.0);
        FOR_EACH_IN_ROW(j, part, width) product += load_row(dy + own + j, part, 0.0f) * load_row(y + own + j, part, 0.0f);
        const float with_y = ROW_SUM(product, shared);
        FOR_EACH_IN_ROW(j, part, seen) {
            const real weight = exp(hide(load_row(scores + at + j, part, 0.0f), mask + hidden + j, part, has) - all);
            store_row(weight, scores + at + j, part);
            store_row(weight * (load_row(slopes + at + j, part, 0.0f) - with_y) * scale, slopes + at + j, part);
        }
        clear_unseen(scores + at, seen, keys);
        clear_unseen(slopes + at, seen, keys);
    }
}
#endif /* TRAINING */
