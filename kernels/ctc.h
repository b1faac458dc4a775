/* SPDX-License-Identifier: MIT */
/*
 * A sample of CTC: its steps, its labels, and one step of the way through its states, in logarithms. States are the blank before,
 * between and behind the labels, and those. A group of work-items shares a sample, each has every GROUP-th state.
 */
#ifndef SOMA_KERNELS_CTC_H
#define SOMA_KERNELS_CTC_H

#include "opencl.h"

/* The logarithm of no probability at all: finite, so that differences are numbers. */
#define CTC_NONE -1e30f

#if GROUP > 1
#define CTC_WAIT barrier(CLK_GLOBAL_MEM_FENCE)
#else
#define CTC_WAIT
#endif

#define CTC_ARGUMENTS                                                                                                  \
    ulong samples, ulong steps, ulong classes, ulong most, uint blank, uint masked, const global float *prediction,    \
        const global int *target, const global float *mask

typedef struct ctc_sample {
    const global float *prediction, *mask;
    const global int *target;
    ulong steps, classes, labels, states;
    uint blank, masked, bad; /* bad: a label is none */
} ctc_sample;

static ctc_sample ctc_sample_of(ulong i, ulong steps, ulong classes, ulong most, uint blank, uint masked,
                                const global float *prediction, const global int *target, const global float *mask) {
    ctc_sample s = {prediction + i * steps * classes, mask, target + i * most, steps, classes, 0, 0, blank, masked, 0};
    if (masked) s.mask += i * steps;
    for (; s.labels < most && s.target[s.labels] >= 0; s.labels++)
        s.bad |= (ulong)s.target[s.labels] >= classes || (uint)s.target[s.labels] == blank;
    s.states = 2 * s.labels + 1;
    return s;
}

static bool ctc_is_there(ctc_sample s, ulong step) { return !s.masked || s.mask[step] != 0.0f; }

static ulong ctc_class(ctc_sample s, ulong state) { return state % 2 ? (ulong)s.target[state / 2] : (ulong)s.blank; }

static bool ctc_may_skip_to(ctc_sample s, ulong state) {
    return state % 2 && state > 1 && s.target[state / 2] != s.target[state / 2 - 1];
}

static float ctc_power(float x) { return x < -87.0f ? 0.0f : exp(x); }

static float ctc_log_add(float a, float b, float c) {
    float top = a > b ? a : b;
    top = c > top ? c : top;
    return top + log(ctc_power(a - top) + ctc_power(b - top) + ctc_power(c - top));
}

static float ctc_at_least_none(float x) { return x < CTC_NONE ? CTC_NONE : x; }

/* One step on, from `before`, which `first` says there is not yet. */
static void ctc_step(ctc_sample s, ulong step, bool first, const global float *before, global float *now) {
    const global float *row = s.prediction + step * s.classes;
    for (ulong i = get_local_id(0); i < s.states; i += GROUP) {
        float sum = i < 2 ? 0.0f : CTC_NONE;
        if (!first)
            sum = ctc_log_add(before[i], i > 0 ? before[i - 1] : CTC_NONE, ctc_may_skip_to(s, i) ? before[i - 2] : CTC_NONE);
        now[i] = ctc_at_least_none(sum + row[ctc_class(s, i)]);
    }
}

/* Of the states behind the last step; `first`: there was none. Not more than half of CTC_NONE: the labels have no room. */
static float ctc_total(ctc_sample s, bool first, const global float *last) {
    if (first) return s.labels ? CTC_NONE : 0.0f;
    return s.labels ? ctc_log_add(last[s.states - 1], last[s.states - 2], CTC_NONE) : last[0];
}

#endif
