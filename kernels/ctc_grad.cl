/* SPDX-License-Identifier: MIT */
/*
 * CTC_GRAD: by the probability of each state at each step. scratch: for each sample two rows of states on the way back, then the
 * rows of all steps. No two work-items add to one number: a class is that of the one that has its first label.
 */
#include "ctc.h"

/* The states of step t from those of the step behind it, `next_step`; `first`: there is none. */
static void go_back(ctc_sample s, bool first, ulong next_step, const global float *next, global float *beta) {
    const global float *row = s.prediction + next_step * s.classes;
    for (ulong i = get_local_id(0); i < s.states; i += GROUP) {
        float stay = i + 2 >= s.states ? 0.0f : CTC_NONE, one = CTC_NONE, two = CTC_NONE;
        if (!first) {
            stay = ctc_at_least_none(next[i] + row[ctc_class(s, i)]);
            if (i + 1 < s.states) one = ctc_at_least_none(next[i + 1] + row[ctc_class(s, i + 1)]);
            if (i + 2 < s.states && ctc_may_skip_to(s, i + 2))
                two = ctc_at_least_none(next[i + 2] + row[ctc_class(s, i + 2)]);
            stay = ctc_at_least_none(ctc_log_add(stay, one, two));
        }
        beta[i] = stay;
    }
}

/* Probabilities in the place of alpha. */
static void find_shares(ctc_sample s, global float *alpha, const global float *beta, float total) {
    for (ulong i = get_local_id(0); i < s.states; i += GROUP) alpha[i] = ctc_power(alpha[i] + beta[i] - total);
}

static void set_row(ctc_sample s, float dloss, const global float *share, global float *out) {
    for (ulong i = get_local_id(0); i <= s.labels; i += GROUP) { /* one more than labels: the blank */
        const ulong first = i < s.labels ? 2 * i + 1 : 0, class = ctc_class(s, first);
        float sum = 0.0f;
        bool is_first = true;
        for (ulong j = first % 2; j < s.states; j += 2) {
            if (ctc_class(s, j) != class) continue;
            if (j < first) is_first = false;
            sum += share[j];
        }
        if (is_first) out[class] = -dloss * sum;
    }
}

KERNEL(GROUP, 1)
void ctc_grad(ARGUMENTS(CTC_ARGUMENTS, const global float *dloss, global float *scratch, global float *out)) {
    const ulong i = GROUP_ID(0), count = steps * classes;
    const ctc_sample s = ctc_sample_of(i, steps, classes, most, blank, masked, prediction, target, mask);
    global float *rows = scratch + i * (steps + 2) * (2 * most + 1), *alpha = rows + 2 * s.states;
    const float factor = dloss[i];
    for (ulong j = get_local_id(0); j < count; j += GROUP) out[i * count + j] = s.bad ? NAN : 0.0f;
    if (s.bad || factor == 0.0f) return;
    CTC_WAIT;
    bool first = true;
    ulong last = 0;
    for (ulong t = 0; t < steps; t++) {
        if (!ctc_is_there(s, t)) continue;
        ctc_step(s, t, first, alpha + last * s.states, alpha + t * s.states);
        last = t;
        first = false;
        CTC_WAIT;
    }
    const float total = ctc_total(s, first, alpha + last * s.states);
    if (total <= 0.5f * CTC_NONE) return;
    CTC_WAIT;
    first = true;
    for (ulong left = steps, now = 0, next_step = 0; left > 0; left--) {
        const ulong t = left - 1;
        if (!ctc_is_there(s, t)) continue;
        go_back(s, first, next_step, rows + (1 - now) * s.states, rows + now * s.states);
        find_shares(s, alpha + t * s.states, rows + now * s.states, total);
        CTC_WAIT;
        set_row(s, factor, alpha + t * s.states, out + (i * steps + t) * classes);
        next_step = t;
        now = 1 - now;
        first = false;
    }
}
