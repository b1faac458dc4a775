/* SPDX-License-Identifier: MIT */
/*
 * CTC: the loss, and the edits between the labels and what is decoded. scratch: for each sample two rows of states, or a row of edits.
 */
#include "ctc.h"

/* A group for each sample. */
KERNEL(GROUP, 1) void ctc(ARGUMENTS(CTC_ARGUMENTS, global float *scratch, global float *loss)) {
    const ulong i = GROUP_ID(0);
    const ctc_sample s = ctc_sample_of(i, steps, classes, most, blank, masked, prediction, target, mask);
    global float *rows = scratch + i * 2 * (2 * most + 1);
    bool first = true;
    ulong last = 0; /* which of the rows the last step has */
    for (ulong t = 0; t < steps && !s.bad; t++) {
        if (!ctc_is_there(s, t)) continue;
        ctc_step(s, t, first, rows + last * s.states, rows + (1 - last) * s.states);
        last = 1 - last;
        first = false;
        CTC_WAIT;
    }
    if (get_local_id(0) > 0) return;
    const float total = s.bad ? NAN : ctc_total(s, first, rows + last * s.states);
    loss[i] = total <= 0.5f * CTC_NONE ? INFINITY : 0.0f - total;
}

static ulong best_class(const global float *row, ulong classes) {
    ulong best = 0;
    for (ulong k = 1; k < classes; k++)
        if (row[k] > row[best]) best = k;
    return best;
}

/* edits[j]: from what is decoded so far to the first j labels. */
static void add_label(ctc_sample s, ulong label, global float *edits) {
    float diagonal = edits[0];
    edits[0] = diagonal + 1.0f;
    for (ulong j = 1; j <= s.labels; j++) {
        const float other = diagonal + ((ulong)s.target[j - 1] == label ? 0.0f : 1.0f);
        diagonal = edits[j];
        edits[j] = fmin(other, fmin(diagonal, edits[j - 1]) + 1.0f);
    }
}

/* A work-item for each sample. */
KERNEL(GROUP, 1) void ctc_distance(ARGUMENTS(CTC_ARGUMENTS, global float *scratch, global float *out)) {
    const ulong i = GROUP_ID(0) * GROUP + get_local_id(0);
    if (i >= samples) return;
    const ctc_sample s = ctc_sample_of(i, steps, classes, most, blank, masked, prediction, target, mask);
    global float *edits = scratch + i * (most + 1);
    ulong last = blank;
    for (ulong j = 0; j <= s.labels; j++) edits[j] = j;
    for (ulong t = 0; t < steps; t++) {
        if (!ctc_is_there(s, t)) continue;
        const ulong best = best_class(s.prediction + t * classes, classes);
        if (best != last && best != blank) add_label(s, best, edits);
        last = best;
    }
    out[i] = edits[s.labels];
}
